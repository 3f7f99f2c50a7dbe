"""When a schedule is due: exact times, counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.errors import BadSettings
from app.domain.recurrence import next_due, upcoming
from app.domain.recurrence_rules import Daily, Flexible, Hourly, Minutely, Rule

EVERY_DAY = frozenset(range(7))
BERLIN, LORD_HOWE, APIA, HAVANA = "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "America/Havana"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def daily(every: int, at: str, anchor: str = "2011-01-01") -> Daily:
    return Daily(every, time.fromisoformat(at), date.fromisoformat(anchor))


def hours(first: int, last: int, every: int, weekdays: frozenset[int] = EVERY_DAY) -> Flexible:
    return Flexible(weekdays, first, last, every)


MON, TUE, FRI, SAT, SUN = (frozenset({n}) for n in (0, 1, 4, 5, 6))

# The rules, the zone, the instant after which, and the runs that follow, in UTC.
CASES: list[tuple[str, list[Rule], str, str, list[str]]] = [
    ("on the quarter", [Minutely(15)], "UTC", "2026-03-02 10:07", ["2026-03-02 10:15", "2026-03-02 10:30"]),
    ("strictly after", [Minutely(15)], "UTC", "2026-03-02 10:15", ["2026-03-02 10:30"]),
    ("a moment before", [Minutely(15)], "UTC", "2026-03-02 10:14:59.999999", ["2026-03-02 10:15"]),
    ("anew at midnight", [Minutely(7)], "UTC", "2026-03-02 23:55", ["2026-03-03 00:00", "2026-03-03 00:07"]),
    ("once a day", [Minutely(1440)], "UTC", "2026-03-02 00:00", ["2026-03-03 00:00", "2026-03-04 00:00"]),
    ("every 5 hours", [Hourly(5)], "UTC", "2026-03-02 15:00", ["2026-03-02 20:00", "2026-03-03 00:00"]),
    ("off the hour", [Hourly(6)], "Asia/Kathmandu", "2026-03-02 18:00", ["2026-03-02 18:15", "2026-03-03 00:15"]),
    # 25 October has 25 hours in Berlin, so that the fifth step of 5 hours is the next midnight.
    (
        "25 hours by 5",
        [Hourly(5)],
        BERLIN,
        "2026-10-25 08:00",
        ["2026-10-25 13:00", "2026-10-25 18:00", "2026-10-25 23:00", "2026-10-26 04:00"],
    ),
    (
        "25 hours by 24",
        [Minutely(1440)],
        BERLIN,
        "2026-10-24 21:59",
        ["2026-10-24 22:00", "2026-10-25 22:00", "2026-10-25 23:00"],
    ),
    ("23 hours by 4", [Hourly(4)], BERLIN, "2026-03-29 18:00", ["2026-03-29 19:00", "2026-03-29 22:00"]),
    ("no midnight", [Hourly(4)], HAVANA, "2026-03-08 04:59", ["2026-03-08 05:00", "2026-03-08 09:00"]),
    ("two midnights", [Hourly(4)], HAVANA, "2026-11-01 03:59", ["2026-11-01 04:00", "2026-11-01 08:00"]),
    ("daily", [daily(1, "06:30")], BERLIN, "2026-07-01 04:30", ["2026-07-02 04:30", "2026-07-03 04:30"]),
    ("from the anchor", [daily(3, "06:30", "2026-07-01")], "UTC", "2026-07-01 06:30", ["2026-07-04 06:30"]),
    ("on the anchor", [daily(3, "06:30", "2026-07-01")], "UTC", "2026-07-01 06:29", ["2026-07-01 06:30"]),
    ("not before the anchor", [daily(1, "06:30", "2026-07-05")], "UTC", "2026-07-01 00:00", ["2026-07-05 06:30"]),
    ("far from the anchor", [daily(366, "00:00", "2000-01-01")], "UTC", "2026-03-01 00:00", ["2027-01-21 00:00"]),
    ("summer keeps the clock", [daily(1, "06:30")], BERLIN, "2026-03-28 12:00", ["2026-03-29 04:30"]),
    (
        "no half past two",
        [daily(1, "02:30")],
        BERLIN,
        "2026-03-28 12:00",
        ["2026-03-29 01:00", "2026-03-30 00:30"],
    ),
    (
        "two half past twos",
        [daily(1, "02:30")],
        BERLIN,
        "2026-10-24 12:00",
        ["2026-10-25 00:30", "2026-10-26 01:30"],
    ),
    ("half an hour skipped", [daily(1, "02:10")], LORD_HOWE, "2026-10-03 00:00", ["2026-10-03 15:30"]),
    (
        "a day skipped",
        [daily(1, "06:30")],
        APIA,
        "2011-12-29 20:00",
        ["2011-12-30 10:00", "2011-12-30 16:30", "2011-12-31 16:30"],
    ),
    (
        "office hours",
        [hours(8, 18, 30, frozenset(range(5)))],
        BERLIN,
        "2026-07-03 16:00",
        ["2026-07-03 16:30", "2026-07-06 06:00", "2026-07-06 06:30"],
    ),
    ("the whole day", [hours(0, 23, 720)], "UTC", "2026-07-03 00:00", ["2026-07-03 12:00", "2026-07-04 00:00"]),
    ("starts with the window", [hours(8, 9, 50)], "UTC", "2026-07-03 08:50", ["2026-07-03 09:40", "2026-07-04 08:00"]),
    ("one run a window", [hours(8, 8, 1440)], "UTC", "2026-07-03 08:00", ["2026-07-04 08:00"]),
    (
        "the night belongs to Friday",
        [hours(22, 1, 60, FRI)],
        "UTC",
        "2026-07-03 23:00",
        ["2026-07-04 00:00", "2026-07-04 01:00", "2026-07-10 22:00"],
    ),
    ("the night after Saturday", [hours(23, 0, 90, SAT)], "UTC", "2026-07-04 23:00", ["2026-07-05 00:30"]),
    (
        "a night of 24 hours",
        [hours(12, 11, 480, MON)],
        "UTC",
        "2026-07-06 13:00",
        ["2026-07-06 20:00", "2026-07-07 04:00", "2026-07-13 12:00"],
    ),
    (
        "a window that is skipped",
        [hours(2, 2, 20, SUN)],
        BERLIN,
        "2026-03-28 12:00",
        ["2026-03-29 01:00", "2026-04-05 00:00"],
    ),
    (
        "a window that comes twice",
        [hours(2, 2, 30, SUN)],
        BERLIN,
        "2026-10-24 12:00",
        ["2026-10-25 00:00", "2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:30", "2026-11-01 01:00"],
    ),
    (
        "half an hour that comes twice",
        [hours(1, 2, 20, SUN)],
        LORD_HOWE,
        "2026-04-04 14:20",
        ["2026-04-04 14:40", "2026-04-04 15:10", "2026-04-04 15:30", "2026-04-04 15:50", "2026-04-04 16:10"],
    ),
    # The clocks go from 03:00 back to 01:00, so the window of Saturday night comes again after Sunday's has begun.
    (
        "windows that interleave",
        [hours(2, 1, 60, SAT | SUN)],
        "Antarctica/Troll",
        "2026-10-24 23:00",
        ["2026-10-25 00:00", "2026-10-25 01:00", "2026-10-25 02:00", "2026-10-25 03:00"],
    ),
    (
        "two rules, one minute",
        [Minutely(45), daily(1, "01:30")],
        "UTC",
        "2026-07-01 00:45",
        ["2026-07-01 01:30", "2026-07-01 02:15"],
    ),
    (
        "rules stack",
        [hours(8, 18, 300, TUE), daily(2, "22:00", "2026-07-01")],
        "UTC",
        "2026-07-06 00:00",
        ["2026-07-07 08:00", "2026-07-07 13:00", "2026-07-07 18:00", "2026-07-07 22:00", "2026-07-09 22:00"],
    ),
]


@pytest.mark.parametrize(("rules", "zone", "after", "runs"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_the_next_runs(rules: list[Rule], zone: str, after: str, runs: list[str]) -> None:
    assert upcoming(rules, ZoneInfo(zone), utc(after), len(runs)) == [utc(run) for run in runs]
    assert next_due(rules, ZoneInfo(zone), utc(after)) == utc(runs[0])


@pytest.mark.parametrize(
    ("day", "zone", "runs"),
    [
        ("2026-07-01", BERLIN, 24),
        ("2026-03-29", BERLIN, 23),
        ("2026-10-25", BERLIN, 25),
        ("2026-03-08", "America/New_York", 23),
        ("2026-11-01", "America/New_York", 25),
        # 24 and a half hours: the last full hour leaves half an hour to midnight.
        ("2026-04-05", LORD_HOWE, 25),
        ("2026-10-04", LORD_HOWE, 24),
        ("2026-03-08", HAVANA, 23),
        ("2011-12-30", APIA, 0),
    ],
)
def test_an_hourly_rule_counts_the_hours_of_the_day(day: str, zone: str, runs: int) -> None:
    due = upcoming([Hourly(1)], ZoneInfo(zone), utc(day) - timedelta(days=1), 72)
    assert sum(f"{run.astimezone(ZoneInfo(zone)):%Y-%m-%d}" == day for run in due) == runs


def test_runs_are_in_utc_whatever_zone_the_question_is_in() -> None:
    asked = datetime(2026, 7, 1, 12, 1, tzinfo=ZoneInfo("America/New_York"))
    due = next_due([Minutely(15)], ZoneInfo("Asia/Tokyo"), asked)
    assert due == utc("2026-07-01 16:15")
    assert due is not None
    assert due.tzinfo is UTC


def test_without_rules_nothing_is_due() -> None:
    assert next_due([], ZoneInfo("UTC"), utc("2026-07-01")) is None
    assert upcoming([], ZoneInfo("UTC"), utc("2026-07-01"), 5) == []
    assert upcoming([Hourly(1)], ZoneInfo("UTC"), utc("2026-07-01"), 0) == []


def test_an_instant_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^The instant 2026-07-01 00:00:00 has no zone\.$"):
        next_due([Hourly(1)], ZoneInfo("UTC"), datetime.fromisoformat("2026-07-01"))


@pytest.mark.parametrize("rule", [Minutely(1), Hourly(24), daily(1, "23:59"), hours(22, 2, 1)])
def test_the_end_of_the_calendar_is_no_error(rule: Rule) -> None:
    assert next_due([rule], ZoneInfo(BERLIN), datetime.max.replace(tzinfo=UTC)) is None


def test_a_rule_beyond_the_calendar_leaves_the_others_alone() -> None:
    rules: list[Rule] = [daily(1, "23:59", "9999-12-31"), Hourly(1)]
    assert next_due(rules, ZoneInfo("America/New_York"), utc("2026-07-01 00:30")) == utc("2026-07-01 01:00")


class CountingZone(ZoneInfo):
    """A zone that counts how often it is asked."""

    asked = 0

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        CountingZone.asked += 1
        return super().utcoffset(moment)


@pytest.mark.parametrize(
    "rule",
    [Minutely(1), Hourly(1), daily(366, "02:30"), hours(0, 23, 1), hours(3, 2, 1, MON), hours(2, 2, 1, SUN)],
)
def test_no_rule_walks_through_minutes(rule: Rule) -> None:
    zone = CountingZone.no_cache(BERLIN)
    for after in ("2026-03-28 12:00", "2026-03-29 12:00", "2026-10-24 12:00", "2026-07-01 00:00"):
        CountingZone.asked = 0
        assert next_due([rule], zone, utc(after)) is not None
        assert 0 < CountingZone.asked <= 400


@pytest.mark.parametrize(
    ("make", "field", "message"),
    [
        (lambda: Minutely(0), "every", "The number of minutes is 0."),
        (lambda: Minutely(1441), "every", "The number of minutes is 1441."),
        (lambda: Hourly(25), "every", "The number of hours is 25."),
        (lambda: daily(0, "06:30"), "every", "The number of days is 0."),
        (lambda: daily(367, "06:30"), "every", "The number of days is 367."),
        (lambda: daily(1, "06:30:10"), "at", "The time 06:30:10 is not a whole minute."),
        (lambda: hours(24, 1, 5), "first_hour", "The first hour is 24."),
        (lambda: hours(1, -1, 5), "last_hour", "The last hour is -1."),
        (lambda: hours(1, 2, 0), "every", "The number of minutes is 0."),
        (lambda: hours(1, 2, 5, frozenset()), "weekdays", "No weekday is chosen."),
        (lambda: hours(1, 2, 5, frozenset({7})), "weekdays", "The weekday is 7."),
    ],
)
def test_a_rule_that_cannot_work_is_never_made(make: Callable[[], Rule], field: str, message: str) -> None:
    with pytest.raises(BadSettings) as refused:
        make()
    assert (refused.value.field, refused.value.message) == (field, message)
    assert refused.value.remedy.endswith(".")
