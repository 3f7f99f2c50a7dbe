"""From a wall clock to an instant, right through both changes of the clocks.

A wall time that the clocks jump over has no instant, one that they show twice has two. Both are answered here, once.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


def first_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first UTC instant at which clocks in `zone` show `wall` (without zone), or jump past it."""
    return _instant(wall, zone, fold=0)


def last_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """As first_instant, but the second of the two where clocks show `wall` twice."""
    return _instant(wall, zone, fold=1)


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The UTC instant at which `day` begins in `zone`: midnight, or the first valid instant after a skipped one."""
    return first_instant(datetime.combine(day, time()), zone)


def wall_time(instant: datetime, zone: ZoneInfo) -> datetime:
    """What clocks in `zone` show at the aware `instant`, without zone."""
    return instant.astimezone(zone).replace(tzinfo=None)


def _instant(wall: datetime, zone: ZoneInfo, fold: int) -> datetime:
    instant = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if wall_time(instant, zone) == wall:
        return instant
    return _end_of_gap(wall, zone)


def _end_of_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    # In a gap the offset before the jump gives an instant after it, and the offset after it one before.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    seconds = range(int((after - before).total_seconds()) + 1)
    jump = bisect_left(seconds, True, key=lambda n: wall_time(before + n * _SECOND, zone) >= wall)
    return before + jump * _SECOND
