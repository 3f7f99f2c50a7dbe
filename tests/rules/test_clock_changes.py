"""Dates in rules on the days when the clocks change, in zones with different habits."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from app.rules.moments import day_of, instant_of, shifted, today
from app.rules.values import TimeSpan
from tests.rules.sample import judged, printed, sample

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
LORD_HOWE, KATHMANDU = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu")
ZONES = (BERLIN, NEW_YORK, LORD_HOWE, KATHMANDU)


def shown(expression: str, now: str, zone: ZoneInfo = BERLIN) -> str:
    """What a rule prints at an instant, in a zone."""
    instant = datetime.fromisoformat(now)
    judgement = judged(f'rule "A" print ({expression}) end', now=instant, imported_at=instant, zone=zone)
    (line,) = printed(judgement)
    return line


@pytest.mark.parametrize(
    ("expression", "now", "zone", "expected"),
    [
        # Berlin springs forward on 2026-03-29 at 01:00 UTC.
        ("@now", "2026-03-29T00:59:59+00:00", BERLIN, "2026-03-29T01:59:59+01:00"),
        ("@now", "2026-03-29T01:00:00+00:00", BERLIN, "2026-03-29T03:00:00+02:00"),
        ("@2026-03-29T02:30", "2026-01-01T00:00:00+00:00", BERLIN, "2026-03-29T03:00:00+02:00"),
        ("1h after @2026-03-29T01:30", "2026-01-01T00:00:00+00:00", BERLIN, "2026-03-29T03:30:00+02:00"),
        ("1D after @2026-03-28T01:30", "2026-01-01T00:00:00+00:00", BERLIN, "2026-03-29T01:30:00+01:00"),
        ("1W before @2026-04-05T02:30", "2026-01-01T00:00:00+00:00", BERLIN, "2026-03-29T03:00:00+02:00"),
        ("1M after @2026-02-28T02:30", "2026-01-01T00:00:00+00:00", BERLIN, "2026-03-28T02:30:00+01:00"),
        ("24h after @2026-03-29", "2026-01-01T00:00:00+00:00", BERLIN, "2026-03-30T01:00:00+02:00"),
        # It falls back on 2026-10-25; of an hour that comes twice the first counts.
        ("@2026-10-25T02:30", "2026-01-01T00:00:00+00:00", BERLIN, "2026-10-25T02:30:00+02:00"),
        ("1h after @2026-10-25T02:30", "2026-01-01T00:00:00+00:00", BERLIN, "2026-10-25T02:30:00+01:00"),
        ("24h after @2026-10-25", "2026-01-01T00:00:00+00:00", BERLIN, "2026-10-25T23:00:00+01:00"),
        ("1Y before @2027-10-25T02:30", "2026-01-01T00:00:00+00:00", BERLIN, "2026-10-25T02:30:00+02:00"),
        # The day of an instant depends on the zone.
        ("@today", "2026-03-08T04:59:59+00:00", NEW_YORK, "2026-03-07"),
        ("@today", "2026-03-09T03:59:59+00:00", NEW_YORK, "2026-03-08"),
        ("@today", "2026-03-09T04:00:00+00:00", NEW_YORK, "2026-03-09"),
        ("@tomorrow", "2026-10-25T22:59:00+00:00", BERLIN, "2026-10-26"),
        ("@tomorrow", "2026-10-25T23:00:00+00:00", BERLIN, "2026-10-27"),
        ("@now is_on @sunday", "2026-10-25T22:59:00+00:00", BERLIN, "true"),
        ("@now is_on @monday", "2026-10-25T23:00:00+00:00", BERLIN, "true"),
        ("@now is_in @2026", "2025-12-31T22:59:59+00:00", BERLIN, "false"),
        ("@now is_in @2026", "2025-12-31T23:00:00+00:00", BERLIN, "true"),
        ("@now is_in @january", "2026-01-31T22:59:59+00:00", BERLIN, "true"),
        ("@now is_in @january", "2026-01-31T23:00:00+00:00", BERLIN, "false"),
        ("@now is_in @january", "2026-01-31T23:00:00+00:00", NEW_YORK, "true"),
        # A time of day is what the clocks show.
        ("@now < @03:00", "2026-03-29T00:59:59+00:00", BERLIN, "true"),
        ("@now < @03:00", "2026-03-29T01:00:00+00:00", BERLIN, "false"),
        ("@now = @02:30", "2026-10-25T00:30:00+00:00", BERLIN, "true"),
        ("@now = @02:30", "2026-10-25T01:30:00+00:00", BERLIN, "true"),
        # Lord Howe moves by half an hour, Kathmandu stands at 5:45.
        ("@2026-10-04T02:15", "2026-01-01T00:00:00+00:00", LORD_HOWE, "2026-10-04T02:30:00+11:00"),
        ("1D after @2026-10-03T12:00", "2026-01-01T00:00:00+00:00", LORD_HOWE, "2026-10-04T12:00:00+11:00"),
        ("@2026-01-01T00:00", "2026-01-01T00:00:00+00:00", KATHMANDU, "2026-01-01T00:00:00+05:45"),
    ],
)
def test_a_date_around_a_change_of_the_clocks(expression: str, now: str, zone: ZoneInfo, expected: str) -> None:
    assert shown(expression, now, zone) == expected


@pytest.mark.parametrize(
    ("until", "now", "zone", "expected"),
    [
        ("until @sunday", "2026-03-28T12:00:00+00:00", BERLIN, "2026-03-28T23:00:00+00:00"),
        ("until @monday", "2026-03-28T12:00:00+00:00", BERLIN, "2026-03-29T22:00:00+00:00"),
        ("until @sunday", "2026-03-29T12:00:00+00:00", BERLIN, "2026-04-04T22:00:00+00:00"),
        ("until 6h after @sunday", "2026-03-28T12:00:00+00:00", BERLIN, "2026-03-29T05:00:00+00:00"),
        ("for 1D", "2026-03-28T12:00:00+00:00", BERLIN, "2026-03-29T11:00:00+00:00"),
        ("for 24h", "2026-03-28T12:00:00+00:00", BERLIN, "2026-03-29T12:00:00+00:00"),
        ("for 1D", "2026-10-24T12:00:00+00:00", BERLIN, "2026-10-25T13:00:00+00:00"),
        ("for 1M", "2026-10-24T12:00:00+00:00", BERLIN, "2026-11-24T13:00:00+00:00"),
        ("for 1D", "2026-03-07T12:00:00+00:00", NEW_YORK, "2026-03-08T11:00:00+00:00"),
        ("until @tomorrow", "2026-03-08T04:30:00+00:00", NEW_YORK, "2026-03-08T05:00:00+00:00"),
    ],
)
def test_a_hold_over_a_change_of_the_clocks(until: str, now: str, zone: ZoneInfo, expected: str) -> None:
    instant = datetime.fromisoformat(now)
    held = judged(f'rule "H" hold purchase_order {until} end', now=instant, imported_at=instant, zone=zone)
    assert held.hold_until is not None
    assert held.hold_until.isoformat() == expected


def test_a_day_of_the_order_is_compared_from_its_beginning() -> None:
    rule = 'rule "A" print (purchase_order.due_date <= @now) end'
    for now, expected in (("2026-03-28T22:59:59+00:00", "false"), ("2026-03-28T23:00:00+00:00", "true")):
        judgement = judged(rule, document=sample(due_date=date(2026, 3, 29)), now=datetime.fromisoformat(now))
        assert printed(judgement) == [expected]


instants = some.datetimes(
    datetime(1990, 1, 1),  # noqa: DTZ001
    datetime(2060, 1, 1),  # noqa: DTZ001
    timezones=some.just(UTC),
)
COMMON = settings(max_examples=150, deadline=None, derandomize=True)


@COMMON
@given(instants, some.sampled_from(ZONES), some.integers(0, 10_000), some.sampled_from("smh"))
def test_short_durations_are_elapsed_and_can_be_taken_back(
    base: datetime, zone: ZoneInfo, amount: int, unit: str
) -> None:
    there = shifted(base, TimeSpan(amount, unit), 1, zone)
    assert isinstance(there, datetime)
    assert there - base == timedelta(seconds=amount * {"s": 1, "m": 60, "h": 3600}[unit])
    assert shifted(there, TimeSpan(amount, unit), -1, zone) == base


@COMMON
@given(instants, some.sampled_from(ZONES), some.integers(-400, 400))
def test_days_move_the_calendar_and_keep_the_wall_time_where_it_exists(
    base: datetime, zone: ZoneInfo, days: int
) -> None:
    moved = shifted(base, TimeSpan(abs(days), "D"), 1 if days >= 0 else -1, zone)
    assert isinstance(moved, datetime)
    before, after = base.astimezone(zone), moved.astimezone(zone)
    assert after.date() - before.date() == timedelta(days=days)
    # Only an hour that the clocks jump over moves on, and by less than the jump.
    gap = timedelta(hours=after.hour - before.hour, minutes=after.minute - before.minute)
    assert timedelta(0) <= gap <= timedelta(hours=1)


@COMMON
@given(some.dates(date(1990, 1, 1), date(2060, 1, 1)), some.sampled_from(ZONES))
def test_a_day_begins_with_the_first_instant_of_its_date(day: date, zone: ZoneInfo) -> None:
    start = instant_of(day, zone)
    assert day_of(start, zone) == day
    assert day_of(start - timedelta(seconds=1), zone) == day - timedelta(days=1)
    assert today(start, zone) == day
    assert start.astimezone(zone).time() == time(0)
