"""Literals: from their spelling in a rule to what they mean, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time

from app.rules.syntax import MomentKind

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
DAYS: Mapping[str, int] = {"yesterday": -1, "today": 0, "tomorrow": 1}
# About three centuries in any unit: beyond it a date leaves the calendar.
DURATION_LIMITS: Mapping[str, int] = {
    "s": 10_000_000_000,
    "m": 150_000_000,
    "h": 2_500_000,
    "D": 100_000,
    "W": 15_000,
    "M": 3_600,
    "Y": 300,
}

_ESCAPED = re.compile(r'\\(["\\])')


def read_text(spelling: str) -> str:
    r"""The text of a literal in double quotes; `\"` is a quote, `\\` a backslash, any other backslash is itself."""
    return _ESCAPED.sub(r"\1", spelling[1:-1])


def write_text(value: str) -> str:
    """The literal that `read_text` reads as `value`."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def read_moment(spelling: str) -> tuple[MomentKind, str | int] | None:
    """What `@…` stands for, as its kind and value (see `Moment`); None when there is no such date, time or word."""
    body = spelling[1:]
    if body.isalpha():
        return _word(body)
    if len(body) == 4 and body.isdigit():
        return (MomentKind.YEAR, int(body)) if int(body) > 0 else None
    try:
        return _stamp(body)
    except ValueError:
        return None


def _word(word: str) -> tuple[MomentKind, str | int] | None:
    if word == "now":
        return MomentKind.NOW, 0
    if word in DAYS:
        return MomentKind.DAY, DAYS[word]
    if word in WEEKDAYS:
        return MomentKind.WEEKDAY, WEEKDAYS.index(word)
    if word in MONTHS:
        return MomentKind.MONTH, MONTHS.index(word) + 1
    return None


def _stamp(body: str) -> tuple[MomentKind, str | int]:
    if "-" not in body.split("T", 1)[0] and ":" in body:
        return MomentKind.TIME, time.fromisoformat(body.removeprefix("T")).isoformat()
    if "T" in body:
        return MomentKind.INSTANT, datetime.fromisoformat(body).isoformat()
    return MomentKind.DATE, date.fromisoformat(body).isoformat()
