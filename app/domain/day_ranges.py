"""Ranges of days that are named relative to today, so that an address or a saved view stays true tomorrow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

# What people choose for days that are over, with its words.
RECENT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "today": "Today",
        "yesterday": "Yesterday",
        "last_7": "Last 7 days",
        "last_30": "Last 30 days",
        "this_month": "This month",
        "last_month": "Last month",
    }
)
# What people choose for days to come. "overdue" and "none" are no ranges: a list says by itself what they mean.
COMING: Final[Mapping[str, str]] = MappingProxyType(
    {
        "overdue": "Overdue",
        "today": "Today",
        "next_7": "Next 7 days",
        "next_14": "Next 14 days",
        "this_week": "This week",
        "next_week": "Next week",
        "none": "No due date",
    }
)


def days_of(name: str, today: date) -> tuple[date, date] | None:
    """The first and the last day of a named range, both inside it; None for a name that is no range.

    Weeks begin on Monday; the last and the next n days include today.
    """
    monday = today - timedelta(days=today.weekday())
    first_of_month = today.replace(day=1)
    before = first_of_month - timedelta(days=1)
    after = (first_of_month + timedelta(days=31)).replace(day=1)
    return {
        "today": (today, today),
        "yesterday": (today - timedelta(days=1), today - timedelta(days=1)),
        "last_7": (today - timedelta(days=6), today),
        "last_30": (today - timedelta(days=29), today),
        "this_month": (first_of_month, after - timedelta(days=1)),
        "last_month": (before.replace(day=1), before),
        "next_7": (today, today + timedelta(days=6)),
        "next_14": (today, today + timedelta(days=13)),
        "this_week": (monday, monday + timedelta(days=6)),
        "next_week": (monday + timedelta(days=7), monday + timedelta(days=13)),
    }.get(name)
