"""The runs of random rules, against a slow oracle that looks at every minute around the changes of the clocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.recurrence import next_due, upcoming
from app.domain.recurrence_rules import Daily, Flexible, Hourly, Minutely, Rule

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

# A day on which clocks change, or an ordinary one, per zone.
AROUND = [
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("Asia/Kathmandu", "2026-03-29"),
    ("UTC", "2026-02-28"),
    # Clocks that change at midnight, by two hours, at one minute past midnight, and by a whole day.
    ("America/Havana", "2026-03-08"),
    ("America/Havana", "2026-11-01"),
    ("Africa/Cairo", "2026-10-30"),
    ("Antarctica/Troll", "2026-10-25"),
    ("America/St_Johns", "2010-11-07"),
    ("Pacific/Apia", "2011-12-30"),
]


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of real time. `walls` are the wall times it shows or has just skipped; `new` those never shown before.

    `elapsed` counts the minutes since the day began.
    """

    at: datetime
    walls: tuple[datetime, ...]
    new: tuple[datetime, ...]
    elapsed: int


@cache
def minutes(zone: str, day: str) -> tuple[Minute, ...]:
    """Every minute from two days before `day` to three days after it, after two more days to warm up."""
    begin = datetime.fromisoformat(day).replace(tzinfo=UTC) - 4 * DAY
    return tuple(_watched(ZoneInfo(zone), begin))[2 * 1440 :]


def _watched(zone: ZoneInfo, begin: datetime) -> Iterator[Minute]:
    seen: set[datetime] = set()
    last = begin.astimezone(zone).replace(tzinfo=None) - MINUTE
    elapsed = 0
    for n in range(7 * 1440):
        at = begin + n * MINUTE
        wall = at.astimezone(zone).replace(tzinfo=None)
        walls = [wall]
        while walls[-1] - last > MINUTE:
            walls.append(walls[-1] - MINUTE)
        new = tuple(w for w in walls if w not in seen)
        seen.update(new)
        elapsed = 0 if any(w.time() == time() for w in new) else elapsed + 1
        yield Minute(at, tuple(walls), new, elapsed)
        last = wall


def fires(rule: Rule, minute: Minute) -> bool:
    """Whether the rule runs in this minute, straight from the words of the contract."""
    match rule:
        case Minutely(every):
            return minute.elapsed % every == 0
        case Hourly(every):
            return minute.elapsed % (60 * every) == 0
        case Daily(every, at, anchor):
            return any(
                wall.time() == at and wall.date() >= anchor and (wall.date() - anchor).days % every == 0
                for wall in minute.new
            )
        case Flexible():
            return any(in_window(rule, wall) for wall in minute.walls)


def in_window(rule: Flexible, wall: datetime) -> bool:
    """Whether a wall time is a run of the window that began on its own day or on the day before."""
    opens, length = rule.first_hour * 60, ((rule.last_hour - rule.first_hour) % 24 + 1) * 60
    for began in (wall.date(), wall.date() - DAY):
        into = (wall - datetime.combine(began, time())) // MINUTE - opens
        if began.weekday() in rule.weekdays and 0 <= into < length and into % rule.every == 0:
            return True
    return False


def expected(rules: list[Rule], zone: str, day: str, after: datetime) -> list[datetime]:
    """Every run after `after` that the oracle sees until its last minute."""
    return [m.at for m in minutes(zone, day) if m.at > after and any(fires(rule, m) for rule in rules)]


EVERY = st.one_of(st.integers(1, 1440), st.sampled_from([1, 7, 10, 15, 30, 45, 60, 90, 120, 480, 1440]))
TIMES = st.one_of(st.times(), st.sampled_from([time(0), time(0, 1), time(1, 30), time(2), time(2, 30), time(23, 59)]))
RULES: st.SearchStrategy[Rule] = st.one_of(
    st.builds(Minutely, EVERY),
    st.builds(Hourly, st.integers(1, 24)),
    st.builds(
        Daily,
        st.integers(1, 4),
        TIMES.map(lambda t: t.replace(second=0, microsecond=0)),
        st.dates(date(2009, 12, 1), date(2026, 11, 5)),
    ),
    st.builds(Flexible, st.frozensets(st.integers(0, 6), min_size=1), st.integers(0, 23), st.integers(0, 23), EVERY),
)


@pytest.mark.parametrize(("zone", "day"), AROUND)
@given(rules=st.lists(RULES, min_size=1, max_size=3), shift=st.integers(-36 * 3600, 60 * 3600))
@settings(deadline=None, max_examples=60)
def test_runs_are_those_that_the_oracle_sees(zone: str, day: str, rules: list[Rule], shift: int) -> None:
    after = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(seconds=shift)
    runs = expected(rules, zone, day, after)[:100]
    found = upcoming(rules, ZoneInfo(zone), after, len(runs) + 1)
    assert found[: len(runs)] == runs
    last = minutes(zone, day)[-1].at
    assert len(runs) == 100 or len(found) == len(runs) or found[-1] > last


@given(
    rules=st.lists(RULES, min_size=1, max_size=4),
    zone=st.sampled_from(sorted({zone for zone, _ in AROUND})).map(ZoneInfo),
    after=st.floats(1.23e9, 2.2e9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)
@settings(deadline=None)
def test_runs_strictly_increase_and_the_stack_is_a_union(rules: list[Rule], zone: ZoneInfo, after: datetime) -> None:
    found = upcoming(rules, zone, after, 12)
    assert found
    assert all(earlier < later for earlier, later in zip([after, *found], found, strict=False))
    assert all(run.tzinfo is UTC and run.second == run.microsecond == 0 for run in found)
    union = {run for rule in rules for run in upcoming([rule], zone, after, 12)}
    assert found == sorted(union)[:12]
    assert next_due(rules, zone, found[-1] - timedelta(microseconds=1)) == found[-1]
