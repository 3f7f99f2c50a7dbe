"""Dates and instants in rules: literals, durations, comparisons. The zone is the connection's."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.domain.wallclock import day_start, first_instant, wall_time
from app.rules.values import TimeSpan, ValueProblemError, in_zone

_ELAPSED = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}
_OUTSIDE = "The date would lie outside the calendar."


def today(now: datetime, zone: ZoneInfo) -> date:
    """The calendar day of the instant `now` in `zone`."""
    return wall_time(now, zone).date()


def instant_of(value: date, zone: ZoneInfo) -> datetime:
    """An instant as it is, a calendar day as its beginning in `zone`.

    Where clocks are ahead of UTC the very first day begins before the calendar does, and counts from its beginning.
    """
    if isinstance(value, datetime):
        return value
    try:
        return day_start(value, zone)
    except OverflowError:
        return datetime.combine(value, time(), UTC)


def day_of(value: date, zone: ZoneInfo) -> date:
    """A calendar day as it is, an instant as its day in `zone`."""
    return in_zone(value, zone).date() if isinstance(value, datetime) else value


def literal_instant(text: str, zone: ZoneInfo) -> datetime:
    """The UTC instant of an ISO text; one without an offset is a wall time in `zone`."""
    found = datetime.fromisoformat(text)
    try:
        return found.astimezone(UTC) if found.tzinfo else first_instant(found, zone)
    except OverflowError:
        # Only in the first and the last hours of the calendar: there the literal is read as UTC.
        return found.replace(tzinfo=UTC)


def next_weekday(now: datetime, weekday: int, zone: ZoneInfo) -> datetime:
    """The beginning of the next day after today that is `weekday` (0 is Monday), in `zone`."""
    day = today(now, zone)
    ahead = (weekday - day.weekday() - 1) % 7 + 1
    return day_start(day + timedelta(days=ahead), zone)


def shifted(base: date, duration: TimeSpan, direction: int, zone: ZoneInfo) -> date:
    """`base` moved by `duration`, back when `direction` is -1.

    Days and longer move the calendar date and keep the wall time; a month ends where it ends (31 January plus a month
    is 28 or 29 February). Hours and shorter are elapsed time, and make an instant of a calendar day. Raises
    ValueProblemError when the result lies outside the calendar.
    """
    amount = duration.amount * direction
    try:
        if duration.unit in _ELAPSED:
            # Adding to an instant in a zone would move its wall clock instead.
            return instant_of(base, zone).astimezone(UTC) + _ELAPSED[duration.unit] * amount
        if not isinstance(base, datetime):
            return _moved(base, amount, duration.unit)
        wall = wall_time(base, zone)
        return first_instant(datetime.combine(_moved(wall.date(), amount, duration.unit), wall.time()), zone)
    except (OverflowError, ValueError):
        raise ValueProblemError(_OUTSIDE) from None


def _moved(day: date, amount: int, unit: str) -> date:
    if unit in {"D", "W"}:
        return day + timedelta(days=amount * (7 if unit == "W" else 1))
    months = day.year * 12 + day.month - 1 + amount * (12 if unit == "Y" else 1)
    first = date(months // 12, months % 12 + 1, 1)
    following = first.replace(day=28) + timedelta(days=4)
    return first.replace(day=min(day.day, (following - timedelta(days=following.day)).day))


def time_of(value: datetime | time, zone: ZoneInfo) -> time:
    """The time of day of an instant in `zone`; a time of day as it is."""
    return in_zone(value, zone).time() if isinstance(value, datetime) else value
