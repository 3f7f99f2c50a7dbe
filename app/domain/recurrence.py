"""When a schedule is due.

Rules stack: a schedule runs whenever one of its rules says so, and rules that name the same minute make one run.
Nothing here walks through minutes: each rule's times on one day are in order, so the next one is computed or found by
bisection.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.domain.recurrence_rules import Daily, Flexible, Hourly, Minutely, Rule
from app.domain.wallclock import day_start, first_instant, last_instant, wall_time

_DAY = timedelta(days=1)

# How many days before and after the local date of `after` a run can belong to. One either side would do, but for the
# zones that turn their clocks at midnight or once skipped a whole day.
_MARGIN = 2


def next_due(rules: Sequence[Rule], zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first run strictly after the aware instant `after`: a whole minute in UTC.

    None for a schedule without rules, and beyond the last year that a date can hold. Raises ValueError for an instant
    without zone.
    """
    if after.tzinfo is None:
        raise ValueError(f"The instant {after} has no zone.")
    after = after.astimezone(UTC)
    return min((due for rule in rules if (due := _next_of(rule, zone, after))), default=None)


def upcoming(rules: Sequence[Rule], zone: ZoneInfo, after: datetime, n: int) -> list[datetime]:
    """The next `n` runs after the aware instant `after`, in order; fewer only where next_due would give None."""
    found: list[datetime] = []
    due = next_due(rules, zone, after)
    while due is not None and len(found) < n:
        found.append(due)
        due = next_due(rules, zone, due)
    return found


def _next_of(rule: Rule, zone: ZoneInfo, after: datetime) -> datetime | None:
    # Each rule by itself: one whose next day lies past the end of the calendar must not silence the rules beside it.
    try:
        match rule:
            case Minutely():
                return _next_elapsed(timedelta(minutes=rule.every), zone, after)
            case Hourly():
                return _next_elapsed(timedelta(hours=rule.every), zone, after)
            case Daily():
                return _next_daily(rule, zone, after)
            case Flexible():
                return _next_flexible(rule, zone, after)
    except OverflowError:
        return None


def _days_around(after: datetime, zone: ZoneInfo, ahead: int) -> Iterator[date]:
    start = wall_time(after, zone).date() - _MARGIN * _DAY
    return (start + n * _DAY for n in range(2 * _MARGIN + ahead + 1))


def _next_elapsed(step: timedelta, zone: ZoneInfo, after: datetime) -> datetime | None:
    for day in _days_around(after, zone, ahead=0):
        start = day_start(day, zone)
        due = start if after < start else start + ((after - start) // step + 1) * step
        if due < day_start(day + _DAY, zone):
            return due
    return None


def _next_daily(rule: Daily, zone: ZoneInfo, after: datetime) -> datetime | None:
    earliest = wall_time(after, zone).date() - _MARGIN * _DAY
    skipped = max(0, -((rule.anchor - earliest).days // rule.every))
    first = rule.anchor + skipped * rule.every * _DAY

    def due(n: int) -> datetime:
        return first_instant(datetime.combine(first + n * rule.every * _DAY, rule.at), zone)

    return _first_after(after, due, 2 * _MARGIN + 1)


def _next_flexible(rule: Flexible, zone: ZoneInfo, after: datetime) -> datetime | None:
    # The windows of two days can interleave in an hour that clocks show twice, so the first window that still has a run
    # is compared with the one after it.
    found: list[datetime] = []
    for day in _days_around(after, zone, ahead=7):
        if day.weekday() not in rule.weekdays:
            continue
        due = _next_in_window(rule, day, zone, after)
        if due is not None:
            found.append(due)
        if len(found) > 1:
            break
    return min(found, default=None)


def _next_in_window(rule: Flexible, day: date, zone: ZoneInfo, after: datetime) -> datetime | None:
    opens = datetime.combine(day, time(rule.first_hour))
    step = timedelta(minutes=rule.every)
    once = _first_after(after, lambda n: first_instant(opens + n * step, zone), rule.runs_per_window)
    again = _first_after(after, lambda n: last_instant(opens + n * step, zone), rule.runs_per_window)
    return min((due for due in (once, again) if due is not None), default=None)


def _first_after(after: datetime, due: Callable[[int], datetime], count: int) -> datetime | None:
    # `due` never falls as n grows: clocks turned back delay all later wall times alike.
    n = bisect_right(range(count), after, key=due)
    return due(n) if n < count else None
