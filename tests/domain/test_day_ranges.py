"""Ranges of days by name: what each is on a given day, to the day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.day_ranges import COMING, RECENT, days_of

RANGES = [name for name in (*RECENT, *COMING) if name not in {"overdue", "none"}]


@pytest.mark.parametrize(
    ("name", "today", "first", "last"),
    [
        ("today", "2026-03-04", "2026-03-04", "2026-03-04"),
        ("yesterday", "2026-03-01", "2026-02-28", "2026-02-28"),
        ("yesterday", "2026-01-01", "2025-12-31", "2025-12-31"),
        ("last_7", "2026-03-04", "2026-02-26", "2026-03-04"),
        ("last_30", "2026-03-04", "2026-02-03", "2026-03-04"),
        ("this_month", "2026-03-01", "2026-03-01", "2026-03-31"),
        ("this_month", "2028-02-29", "2028-02-01", "2028-02-29"),
        ("this_month", "2026-12-31", "2026-12-01", "2026-12-31"),
        ("last_month", "2026-03-31", "2026-02-01", "2026-02-28"),
        ("last_month", "2026-01-15", "2025-12-01", "2025-12-31"),
        ("next_7", "2026-03-04", "2026-03-04", "2026-03-10"),
        ("next_14", "2026-03-04", "2026-03-04", "2026-03-17"),
        # The fourth of March 2026 is a Wednesday.
        ("this_week", "2026-03-04", "2026-03-02", "2026-03-08"),
        ("this_week", "2026-03-02", "2026-03-02", "2026-03-08"),
        ("this_week", "2026-03-08", "2026-03-02", "2026-03-08"),
        ("next_week", "2026-03-08", "2026-03-09", "2026-03-15"),
        ("next_week", "2026-12-30", "2027-01-04", "2027-01-10"),
    ],
)
def test_a_range_is_these_days(name: str, today: str, first: str, last: str) -> None:
    assert days_of(name, date.fromisoformat(today)) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize("name", ["overdue", "none", "", "TODAY", "last_8", "today "])
def test_what_is_no_range_has_no_days(name: str) -> None:
    assert days_of(name, date(2026, 3, 4)) is None


@given(today=st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_ranges_of_any_day_fit_together(today: date) -> None:
    found = {name: days_of(name, today) for name in RANGES}
    assert all(days is not None and days[0] <= days[1] for days in found.values())
    assert found["last_month"][1] + timedelta(days=1) == found["this_month"][0]  # type: ignore[index]
    assert found["this_week"][1] + timedelta(days=1) == found["next_week"][0]  # type: ignore[index]
    for name in ("today", "last_7", "last_30", "this_month", "next_7", "next_14", "this_week"):
        first, last = found[name]  # type: ignore[misc]
        assert first <= today <= last, name
