"""Dates and durations, by a table and against an oracle that counts days one by one."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from app.rules.literals import read_moment
from app.rules.moments import day_of, instant_of, literal_instant, next_weekday, shifted, time_of, today
from app.rules.syntax import MomentKind
from app.rules.values import TimeSpan, ValueProblemError

BERLIN, KOLKATA, SAO_PAULO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata"), ZoneInfo("America/Sao_Paulo")


def utc(*parts: int) -> datetime:
    """An instant in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("base", "amount", "unit", "direction", "expected"),
    [
        (date(2026, 1, 31), 1, "M", 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, "M", 1, date(2024, 2, 29)),
        (date(2026, 3, 31), 1, "M", -1, date(2026, 2, 28)),
        (date(2026, 12, 31), 2, "M", 1, date(2027, 2, 28)),
        (date(2026, 1, 15), 12, "M", -1, date(2025, 1, 15)),
        (date(2024, 2, 29), 1, "Y", 1, date(2025, 2, 28)),
        (date(2024, 2, 29), 4, "Y", 1, date(2028, 2, 29)),
        (date(2026, 1, 1), 1, "D", -1, date(2025, 12, 31)),
        (date(2026, 1, 1), 1, "W", 1, date(2026, 1, 8)),
        (date(2026, 12, 1), 0, "M", 1, date(2026, 12, 1)),
        (date(2026, 1, 1), 90, "m", 1, utc(2026, 1, 1, 0, 30)),
        (utc(2026, 3, 28, 11, 0), 1, "D", 1, utc(2026, 3, 29, 10, 0)),
        (utc(2026, 3, 28, 11, 0), 24, "h", 1, utc(2026, 3, 29, 11, 0)),
        (utc(2026, 10, 24, 10, 0), 1, "D", 1, utc(2026, 10, 25, 11, 0)),
        (utc(2026, 3, 28, 1, 30), 1, "D", 1, utc(2026, 3, 29, 1, 0)),
        (utc(2026, 1, 31, 23, 30), 1, "M", 1, utc(2026, 2, 28, 23, 30)),
        (utc(2026, 1, 15, 12, 0), 30, "s", -1, utc(2026, 1, 15, 11, 59, 30)),
    ],
)
def test_moving_a_date(base: date, amount: int, unit: str, direction: int, expected: date) -> None:
    moved = shifted(base, TimeSpan(amount, unit), direction, BERLIN)
    assert (type(moved), moved) == (type(expected), expected)


@pytest.mark.parametrize(
    ("base", "amount", "unit", "direction"),
    [
        (date(9999, 12, 31), 1, "D", 1),
        (date(9999, 12, 1), 1, "M", 1),
        (date(1, 1, 1), 1, "D", -1),
        (date(1, 1, 1), 1, "Y", -1),
        (utc(9999, 12, 31, 23), 10, "h", 1),
        (utc(9999, 12, 31, 22), 1, "Y", 1),
        (date(1, 1, 1), 1, "h", -1),
    ],
)
def test_a_date_outside_the_calendar_is_told(base: date, amount: int, unit: str, direction: int) -> None:
    with pytest.raises(ValueProblemError, match=r"The date would lie outside the calendar\."):
        shifted(base, TimeSpan(amount, unit), direction, BERLIN)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(some.dates(date(1990, 1, 1), date(2060, 1, 1)), some.integers(0, 400))
def test_months_keep_the_day_or_end_where_the_month_ends(day: date, months: int) -> None:
    moved = shifted(day, TimeSpan(months, "M"), 1, UTC_ZONE)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    if moved.day != day.day:
        assert moved.day < day.day
        assert (moved + timedelta(days=1)).day == 1


UTC_ZONE = ZoneInfo("UTC")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    some.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=some.just(UTC)),  # noqa: DTZ001
    some.integers(0, 6),
    some.sampled_from([BERLIN, KOLKATA, SAO_PAULO]),
)
def test_the_next_weekday_is_the_first_after_today(now: datetime, weekday: int, zone: ZoneInfo) -> None:
    day = now.astimezone(zone).date() + timedelta(days=1)
    while day.weekday() != weekday:
        day += timedelta(days=1)
    found = next_weekday(now, weekday, zone)
    assert found.tzinfo is UTC
    assert found.astimezone(zone).date() == day
    assert (found - timedelta(seconds=1)).astimezone(zone).date() < day


def test_days_and_instants_in_a_zone() -> None:
    late = utc(2026, 1, 15, 20, 0)
    assert (today(late, KOLKATA), today(late, BERLIN)) == (date(2026, 1, 16), date(2026, 1, 15))
    assert day_of(late, KOLKATA) == date(2026, 1, 16)
    assert day_of(date(2026, 1, 1), KOLKATA) == date(2026, 1, 1)
    assert instant_of(date(2026, 1, 16), KOLKATA) == utc(2026, 1, 15, 18, 30)
    assert instant_of(late, KOLKATA) is late
    # Midnight did not exist in São Paulo on that day.
    assert instant_of(date(2018, 11, 4), SAO_PAULO) == utc(2018, 11, 4, 3, 0)
    assert time_of(late, KOLKATA) == time(1, 30)
    assert time_of(time(10), KOLKATA) == time(10)
    assert literal_instant("2026-01-15T10:00:00", BERLIN) == utc(2026, 1, 15, 9)
    assert literal_instant("2026-01-15T10:00:00+05:30", BERLIN) == utc(2026, 1, 15, 4, 30)


@pytest.mark.parametrize(
    ("spelling", "meaning"),
    [
        ("@now", (MomentKind.NOW, 0)),
        ("@today", (MomentKind.DAY, 0)),
        ("@tomorrow", (MomentKind.DAY, 1)),
        ("@yesterday", (MomentKind.DAY, -1)),
        ("@monday", (MomentKind.WEEKDAY, 0)),
        ("@sunday", (MomentKind.WEEKDAY, 6)),
        ("@january", (MomentKind.MONTH, 1)),
        ("@december", (MomentKind.MONTH, 12)),
        ("@2026", (MomentKind.YEAR, 2026)),
        ("@2026-01-15", (MomentKind.DATE, "2026-01-15")),
        ("@2026-01-15T10:30:00+00:00", (MomentKind.INSTANT, "2026-01-15T10:30:00+00:00")),
        ("@2026-01-15T10:30:00Z", (MomentKind.INSTANT, "2026-01-15T10:30:00+00:00")),
        ("@2026-01-15T10:30", (MomentKind.INSTANT, "2026-01-15T10:30:00")),
        ("@T10:30", (MomentKind.TIME, "10:30:00")),
        ("@10:30:15", (MomentKind.TIME, "10:30:15")),
        ("@2026-1-5", None),
        ("@2026-13-01", None),
        ("@2026-02-30", None),
        ("@24:30", None),
        ("@0000", None),
        ("@someday", None),
        ("@Monday", None),
    ],
)
def test_what_a_date_literal_means(spelling: str, meaning: object) -> None:
    assert read_moment(spelling) == meaning
