"""Values at run time: reading them from a document, showing them, turning one kind into another."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.record import plain_number
from app.rules.kinds import Kind

# What a rule may build up in memory: a longer text fails the rule.
LONGEST_TEXT = 100_000
_LONGEST_SHOWN = 200
_NUMBER = re.compile(r"[+-]?(\d{1,24}(\.\d{1,24})?|\.\d{1,24})", re.ASCII)
_TRUE = frozenset({"true", "yes", "1"})
_FALSE = frozenset({"false", "no", "0"})


class ValueProblemError(Exception):
    """A value cannot be used in that way; the text of the error is a sentence that says why."""


class TimeSpan:
    """A duration at run time: an amount and its unit (`s m h D W M Y`)."""

    __slots__ = ("amount", "unit")

    def __init__(self, amount: int, unit: str) -> None:
        self.amount = amount
        self.unit = unit

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"


class Weekday:
    """A weekday at run time: 0 is Monday."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number


_KINDS: dict[type, Kind] = {
    type(None): Kind.BLANK,
    str: Kind.TEXT,
    bool: Kind.BOOLEAN,
    Decimal: Kind.NUMBER,
    int: Kind.NUMBER,
    float: Kind.NUMBER,
    date: Kind.DATE,
    datetime: Kind.DATE,
    time: Kind.TIME,
    TimeSpan: Kind.DURATION,
    Weekday: Kind.WEEKDAY,
}


def kind_of(value: object) -> Kind:
    """The kind of a value at run time; a list or a map of a source document is LIST."""
    return _KINDS.get(value.__class__, Kind.LIST)


def plain(value: Any) -> Any:
    """A value of a document as rules see it: numbers are Decimal, an empty text is blank (None).

    A float is read by its shortest spelling, so 0.1 is exactly one tenth; not-a-number and infinity are blank.
    """
    kind = value.__class__
    if kind is str:
        return value or None
    if kind is int:
        return Decimal(value)
    if kind is float:
        return Decimal(repr(value)) if value - value == 0 else None
    return value


def in_zone(instant: datetime, zone: ZoneInfo) -> datetime:
    """The aware instant on the clocks of `zone`; as it is where they would leave the calendar."""
    try:
        return instant.astimezone(zone)
    except OverflowError:
        return instant


def as_text(value: Any, zone: ZoneInfo) -> str:
    """The text of a value that is not blank: numbers plain, dates ISO (instants in `zone`), booleans true and false."""
    if value.__class__ is str:
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal | int | float):
        # A number of the source's document may still be as JSON gave it.
        return plain_number(Decimal(str(value))) if value else "0"
    if isinstance(value, datetime):
        return in_zone(value, zone).isoformat(timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, TimeSpan):
        return str(value)
    raise ValueProblemError("A list or a group of values has no text.")


def as_number(value: Any) -> Decimal:
    """The number that a text spells, or 1 and 0 for true and false; raises ValueProblemError."""
    if isinstance(value, bool):
        return Decimal(int(value))
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return Decimal(value.strip())
    raise ValueProblemError(f"{show(value)} is not a number.")


def as_boolean(value: Any) -> bool:
    """True or false from `true yes 1`, `false no 0` in any case, or the numbers 1 and 0; raises ValueProblemError."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Decimal) and value in {0, 1}:
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else ""
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueProblemError(f"{show(value)} is neither true nor false.")


def as_date(value: Any, zone: ZoneInfo) -> date:
    """A calendar date or, from a text with a time, an instant; an instant becomes its day in `zone`.

    Raises ValueProblemError.
    """
    if isinstance(value, datetime):
        return in_zone(value, zone).date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        found = _read_date(value.strip(), zone)
        if found is not None:
            return found
    raise ValueProblemError(f"{show(value)} is not a date.")


def _read_date(text: str, zone: ZoneInfo) -> date | None:
    try:
        if len(text) <= 10:
            return date.fromisoformat(text)
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def show(value: Any) -> str:
    """A value for a message or a trace: text in quotes, long ones cut."""
    if value is None:
        return "blank"
    if isinstance(value, str):
        return f'"{cut(value)}"'
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, list | dict):
        return f"a list of {len(value)}" if isinstance(value, list) else "a group of values"
    if isinstance(value, Weekday):
        return "a weekday"
    return cut(as_text(value, _UTC))


def cut(text: str) -> str:
    """A text shortened to what a trace keeps of it."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def to_json(value: Any) -> Any:
    """A value as JSON can hold it: numbers and dates as text, the others as they are, long texts cut."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return cut(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | dict):
        return show(value)
    return show(value)


_UTC = ZoneInfo("UTC")
