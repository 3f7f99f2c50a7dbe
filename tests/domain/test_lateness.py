"""When an order is late, and the instants of wall times that clocks skip or show twice."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.lateness import late_from
from app.domain.wallclock import day_start, first_instant, last_instant, wall_time


@pytest.mark.parametrize(
    ("due", "zone", "instant"),
    [
        ("2026-07-01", "UTC", "2026-07-02 00:00"),
        ("2026-07-01", "Europe/Berlin", "2026-07-01 22:00"),
        ("2026-01-31", "Europe/Berlin", "2026-01-31 23:00"),
        ("2026-12-31", "America/New_York", "2027-01-01 05:00"),
        ("2026-07-01", "Asia/Kathmandu", "2026-07-01 18:15"),
        ("2028-02-28", "UTC", "2028-02-29 00:00"),
        # Clocks in Havana go from 23:59 to 01:00 there, and show the hour from midnight twice in autumn.
        ("2026-03-07", "America/Havana", "2026-03-08 05:00"),
        ("2026-10-31", "America/Havana", "2026-11-01 04:00"),
        # Samoa had no 30 December 2011.
        ("2011-12-29", "Pacific/Apia", "2011-12-30 10:00"),
        ("9999-12-30", "America/New_York", "9999-12-31 05:00"),
    ],
)
def test_late_from_the_day_after(due: str, zone: str, instant: str) -> None:
    assert late_from(date.fromisoformat(due), ZoneInfo(zone)) == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@pytest.mark.parametrize("due", [None, date(9999, 12, 31)])
def test_without_a_due_date_never_late(due: date | None) -> None:
    assert late_from(due, ZoneInfo("Europe/Berlin")) is None


@pytest.mark.parametrize(
    ("wall", "zone", "first", "last"),
    [
        ("2026-07-01 12:00", "Europe/Berlin", "2026-07-01 10:00", "2026-07-01 10:00"),
        ("2026-03-29 01:59", "Europe/Berlin", "2026-03-29 00:59", "2026-03-29 00:59"),
        ("2026-03-29 02:00", "Europe/Berlin", "2026-03-29 01:00", "2026-03-29 01:00"),
        ("2026-03-29 02:59", "Europe/Berlin", "2026-03-29 01:00", "2026-03-29 01:00"),
        ("2026-03-29 03:00", "Europe/Berlin", "2026-03-29 01:00", "2026-03-29 01:00"),
        ("2026-10-25 02:00", "Europe/Berlin", "2026-10-25 00:00", "2026-10-25 01:00"),
        ("2026-10-25 02:59", "Europe/Berlin", "2026-10-25 00:59", "2026-10-25 01:59"),
        ("2026-10-25 03:00", "Europe/Berlin", "2026-10-25 02:00", "2026-10-25 02:00"),
        ("2026-10-04 02:10", "Australia/Lord_Howe", "2026-10-03 15:30", "2026-10-03 15:30"),
        ("2026-04-05 01:45", "Australia/Lord_Howe", "2026-04-04 14:45", "2026-04-04 15:15"),
        ("2011-12-30 13:00", "Pacific/Apia", "2011-12-30 10:00", "2011-12-30 10:00"),
    ],
)
def test_instants_of_a_wall_time(wall: str, zone: str, first: str, last: str) -> None:
    shown = datetime.fromisoformat(wall)
    assert first_instant(shown, ZoneInfo(zone)) == datetime.fromisoformat(first).replace(tzinfo=UTC)
    assert last_instant(shown, ZoneInfo(zone)) == datetime.fromisoformat(last).replace(tzinfo=UTC)


ZONES = ["Europe/Berlin", "America/New_York", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo"]


INSTANTS = st.integers(1_262_304_000, 2_208_988_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(INSTANTS, st.sampled_from(ZONES))
def test_an_instant_is_one_of_those_of_its_wall_time(instant: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    wall = wall_time(instant, zone)
    assert instant in {first_instant(wall, zone), last_instant(wall, zone)}
    assert day_start(wall.date(), zone) <= instant


@given(st.dates(date(2010, 1, 1), date(2040, 1, 1)), st.sampled_from(ZONES))
def test_the_due_day_is_over_when_the_order_is_late(due: date, name: str) -> None:
    late = late_from(due, ZoneInfo(name))
    assert late is not None
    assert wall_time(late, ZoneInfo(name)).date() > due
    assert wall_time(late, ZoneInfo(name)).hour <= 1
