"""Single values of incoming files: text, numbers, dates, instants.

Values come as text (CSV) or typed (JSON). Every function takes the name of the column, returns a clean value and raises
BadField with a sentence when the value cannot be trusted. Nothing is guessed: a value that has two readings is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from app.connectors.formats.formulas import unguarded
from app.domain.errors import InletError
from app.domain.record import DECIMAL_PLACES, LARGEST, plain_number

SHORT = 255
LONG = 10_000
DEEPEST = 8
LARGEST_WHOLE = 2**31 - 1

_SMALLEST_STEP = Decimal(1).scaleb(-DECIMAL_PLACES)
_PLAIN = re.compile(r"[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})", re.ASCII)
_GROUPED = re.compile(
    r"[+-]?(?:(?P<comma>\d{1,3}(?:,\d{3})+\.\d{1,30}|\d{1,3}(?:,\d{3}){2,})"
    r"|(?P<dot>\d{1,3}(?:\.\d{3})+,\d{1,30}|\d{1,3}(?:\.\d{3}){2,}))",
    re.ASCII,
)
_MANGLED = re.compile(r"\d(?:[.,]\d+)?E\+\d{2,}", re.ASCII | re.IGNORECASE)
_EXCEL_TEXT = re.compile(r'="([^"]*)"')
_LOCAL_DATE = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?:[ T](.+))?", re.ASCII)
_YEARS = range(1900, 3000)


class BadField(InletError):
    """One value cannot be used; `column` names it. The reader of the record adds where it stands."""

    def __init__(self, column: str, message: str, remedy: str) -> None:
        super().__init__(message, remedy)
        self.column = column


class DateStyle(StrEnum):
    """How dates are written in a file. It is never guessed, because 03/04 has two readings."""

    ISO = "iso"
    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


@dataclass(frozen=True, slots=True)
class Reading:
    """How local values are read: the zone of instants without an offset, and the way dates are written."""

    zone: ZoneInfo
    dates: DateStyle = DateStyle.ISO


def text(value: Any, column: str, limit: int = SHORT) -> str:
    """A text without space around it; empty for a missing value. A whole JSON number becomes its digits."""
    if type(value) is str:
        value = value.strip()
    elif value is None:
        return ""
    else:
        value = _text_of_number(value, column)
    if len(value) > limit:
        raise BadField(column, f"the text is {len(value)} characters long.", f"Send at most {limit} characters.")
    return str(value)


def needed(value: Any, column: str) -> str:
    """A text that must be there."""
    found = text(value, column)
    if not found:
        raise BadField(column, "nothing is filled in.", "Fill it in and send the record again.")
    return found


def number(value: Any, column: str) -> Decimal | None:
    """A number, rounded to the six places that are stored; None for a missing value."""
    if type(value) is int:
        found = Decimal(value)
    elif type(value) is Decimal:
        found = value
    elif value is None:
        return None
    elif type(value) is str:
        value = value.strip()
        if not value:
            return None
        found = Decimal(value) if _PLAIN.fullmatch(value) else _clear_number(value, column)
    else:
        raise _not_a_number(value, column)
    if not (found.is_finite() and -LARGEST < found < LARGEST):
        raise BadField(column, f"{shown(value)} is not a number that can be used.", "Send a number below 10^12.")
    rounded = found.quantize(_SMALLEST_STEP)
    return found if rounded == found else rounded


def whole(value: Any, column: str) -> int | None:
    """A whole number from 0 to 2,147,483,647; None for a missing value."""
    if type(value) is int and 0 <= value <= LARGEST_WHOLE:
        return value
    found = number(value, column)
    if found is None:
        return None
    if found != (result := int(found)) or not 0 <= result <= LARGEST_WHOLE:
        raise BadField(column, f"{shown(value)} is not a whole number from 0 to 2147483647.", "Send a whole number.")
    return result


def yes(value: Any, column: str) -> bool:
    """A yes or no; a missing value is no."""
    if isinstance(value, bool):
        return value
    word = text(value, column).lower()
    if word in {"", "0", "n", "no", "false", "f"}:
        return False
    if word in {"1", "y", "yes", "true", "t", "x"}:
        return True
    raise BadField(column, f"{shown(value)} is neither yes nor no.", "Write yes or no.")


def day(value: Any, column: str, reading: Reading) -> date | None:
    """A calendar date; an instant becomes the date it has in the reading's zone. None for a missing value."""
    written = text(value, column)
    if not written:
        return None
    moment = _moment(written, column, reading)
    if isinstance(moment, datetime):
        return moment.astimezone(reading.zone).date() if moment.tzinfo else moment.date()
    return moment


def instant(value: Any, column: str, reading: Reading) -> datetime | None:
    """An instant in UTC; without an offset it is read in the reading's zone, a bare date as its midnight there."""
    written = text(value, column)
    if not written:
        return None
    moment = _moment(written, column, reading)
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=reading.zone)
    return (moment if moment.tzinfo else moment.replace(tzinfo=reading.zone)).astimezone(UTC)


def custom(value: Any, column: str) -> dict[str, Any]:
    """The custom values of a record as JSON-able data; a number that no float holds exactly stays text."""
    if value is None or value == "":
        return {}
    if not isinstance(value, Mapping):
        raise BadField(column, f"{shown(value)} is no object with names and values.", 'Send {"name": value, …}.')
    return {text(name, column): _plain(item, column, 1) for name, item in value.items()}


def by_name(values: dict[str, Any]) -> dict[str, Any]:
    """Values in the order of their names: a source that gives them in another order has changed nothing."""
    return dict(sorted(values.items())) if len(values) > 1 else values


def cell(value: str) -> str:
    """The text of a CSV cell: without the apostrophe of a guarded one, without the ="…" that keeps leading zeros."""
    if value.startswith("'"):
        return unguarded(value)
    wrapped = _EXCEL_TEXT.fullmatch(value.strip()) if value.lstrip().startswith("=") else None
    return wrapped.group(1) if wrapped else value


def mangled(value: str) -> bool:
    """Has a spreadsheet shortened a long number to something like 1.23E+11, so that its digits are lost?"""
    return "+" in value and _MANGLED.fullmatch(value.strip()) is not None


def mangled_in(whole_text: str) -> bool:
    """May there be a shortened number anywhere in this text? Quick, and never wrong when it says no."""
    return _MANGLED.search(whole_text) is not None


def shown(value: Any) -> str:
    """A value inside quotes for a sentence, cut to a length that can be read."""
    written = str(value)
    return f"“{written[:60]}…”" if len(written) > 60 else f"“{written}”"


def _text_of_number(value: Any, column: str) -> str:
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        written = Decimal(value)
        if written.is_finite() and written.as_tuple().exponent == 0:
            return plain_number(written)
    raise BadField(column, f"{shown(value)} is not a text.", "Send it as text, in quotes.")


def _clear_number(value: str, column: str) -> Decimal:
    grouped = _GROUPED.fullmatch(value)
    if grouped and grouped.group("comma"):
        return Decimal(value.replace(",", ""))
    if grouped:
        return Decimal(value.replace(".", "").replace(",", "."))
    if mangled(value):
        raise shortened(value, column)
    if re.fullmatch(r"[+-]?\d+,\d+", value, re.ASCII):
        remedy = "Write a decimal point and no thousands separator."
        raise BadField(column, f"{shown(value)} has two readings: the comma may part thousands or decimals.", remedy)
    raise _not_a_number(value, column)


def shortened(value: str, column: str) -> BadField:
    """The error for a value that a spreadsheet has shortened."""
    remedy = "Format the column as text in the spreadsheet, fill in the real value and export it again."
    return BadField(column, f"{shown(value)} was shortened by a spreadsheet, its last digits are lost.", remedy)


def _not_a_number(value: Any, column: str) -> BadField:
    return BadField(column, f"{shown(value)} is not a number.", "Write digits and a decimal point, such as 12.5.")


def _moment(written: str, column: str, reading: Reading) -> date | datetime:
    try:
        found = _parsed(written, reading.dates)
    except ValueError:
        raise BadField(column, _why_no_date(written, reading.dates), _DATE_REMEDY[reading.dates]) from None
    if found.year not in _YEARS:
        raise BadField(column, f"{shown(written)} has a year that cannot be right.", "Send a year from 1900 to 2999.")
    return found


def _parsed(written: str, style: DateStyle) -> date | datetime:
    if style is DateStyle.ISO:
        return date.fromisoformat(written) if len(written) <= 10 else datetime.fromisoformat(written)
    match = _LOCAL_DATE.fullmatch(written)
    if match is None:
        return _parsed(written, DateStyle.ISO)
    first, second, year, time = match.groups()
    month, dom = (second, first) if style is DateStyle.DAY_FIRST else (first, second)
    moment = date(int(year), int(month), int(dom))
    return datetime.fromisoformat(f"{moment.isoformat()}T{time}") if time else moment


def _why_no_date(written: str, style: DateStyle) -> str:
    if style is DateStyle.ISO and _LOCAL_DATE.fullmatch(written):
        return f"{shown(written)} has two readings: the day or the month may come first."
    return f"{shown(written)} is not a date."


_DATE_REMEDY = {
    DateStyle.ISO: "Write it as 2026-11-23, or choose the date format in the settings.",
    DateStyle.DAY_FIRST: "Write it as 23/11/2026 or 2026-11-23.",
    DateStyle.MONTH_FIRST: "Write it as 11/23/2026 or 2026-11-23.",
}


def _plain(value: Any, column: str, depth: int) -> Any:
    if depth > DEEPEST:
        raise BadField(column, f"the values are nested deeper than {DEEPEST} levels.", "Send a flatter object.")
    if isinstance(value, Decimal):
        return _plain_decimal(value, column)
    if isinstance(value, Mapping):
        return by_name({str(name): _plain(item, column, depth + 1) for name, item in value.items()})
    if isinstance(value, list):
        return [_plain(item, column, depth + 1) for item in value]
    return value


def _plain_decimal(value: Decimal, column: str) -> Any:
    if not value.is_finite() or not -LARGEST < value < LARGEST or (value and value.adjusted() < -30):
        raise BadField(column, f"{shown(value)} is not a number that can be used.", "Send a number below 10^12.")
    if value == int(value):
        return int(value)
    return float(value) if Decimal(repr(float(value))) == value else format(value, "f")
