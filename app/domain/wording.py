"""Small words for sentences about orders: how long ago, how many, which instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant in a sentence: the page writes it in the reader's zone, the day only where it is not today."""

    at: datetime


Part = str | Moment | date
"""A piece of a sentence: words, an instant, or a calendar date, which has no zone."""

Words = tuple[Part, ...]


def plain(words: Sequence[Part]) -> str:
    """The sentence as text, its instants in UTC."""
    return "".join(_plain(part) for part in words)


def _plain(part: Part) -> str:
    if isinstance(part, Moment):
        return f"{part.at:%-d %b %Y, %H:%M} UTC"
    return part if isinstance(part, str) else f"{part:%-d %b %Y}"


def span(length: timedelta) -> str:
    """A length of time in its largest unit, at least a minute: "1 minute", "3 hours", "12 days"."""
    length = abs(length)
    if length < timedelta(hours=1):
        return counted(max(int(length / timedelta(minutes=1)), 1), "minute")
    if length < 2 * _DAY:
        return counted(int(length / timedelta(hours=1)), "hour")
    return counted(int(length / _DAY), "day")


def ago(then: datetime, now: datetime) -> str:
    """How long ago: "just now", "5 minutes ago"."""
    return "just now" if now - then < timedelta(minutes=1) else f"{span(now - then)} ago"


def ahead(then: datetime, now: datetime) -> str:
    """How far ahead: "now", "in 7 days"."""
    return "now" if then - now < timedelta(minutes=1) else f"in {span(then - now)}"


def overdue(late_from: datetime, now: datetime) -> str:
    """When the due day was, seen from an instant at or after its end: "yesterday", "3 days ago"."""
    days = (now - late_from) // _DAY + 1
    return "yesterday" if days == 1 else f"{days} days ago"


def until_due(late_from: datetime, now: datetime) -> str:
    """When the due day is, seen from an instant before its end: "today", "tomorrow", "in 19 days"."""
    days = (late_from - now) // _DAY
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")


def number(value: Decimal | int) -> str:
    """A figure with thousands apart and without needless zeros."""
    return f"{value.normalize():,f}" if isinstance(value, Decimal) else f"{value:,}"


def counted(count: Decimal | int, thing: str) -> str:
    """A count with its noun: "1 line", "3 lines"."""
    return f"{number(count)} {thing}{'' if count == 1 else 's'}"


def opening(name: str) -> str:
    """A name as the first word of a sentence: "the warehouse" becomes "The warehouse", and names stay as they are."""
    return f"The{name[3:]}" if name.startswith("the ") else name


def closing(sentence: str) -> str:
    """A sentence with a mark at its end: what people write as a reason often has none."""
    ended = sentence.rstrip()
    return ended if not ended or ended[-1] in ".!?…" else f"{ended}."
