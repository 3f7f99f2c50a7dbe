"""Schedule rules as JSON and as words."""

from __future__ import annotations

import json
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BadSettings
from app.domain.recurrence_json import from_json, to_json
from app.domain.recurrence_rules import Daily, Flexible, Hourly, Minutely, Rule
from app.domain.recurrence_words import in_words

EVERY_DAY = frozenset(range(7))
OFFICE = frozenset(range(5))

STORED: list[tuple[Rule, dict[str, object]]] = [
    (Minutely(15), {"kind": "minutely", "every": 15}),
    (Hourly(4), {"kind": "hourly", "every": 4}),
    (
        Daily(2, time(6, 30), date(2026, 3, 1)),
        {"kind": "daily", "every": 2, "at": "06:30", "anchor": "2026-03-01"},
    ),
    (
        Flexible(frozenset({6, 0}), 22, 2, 30),
        {"kind": "flexible", "weekdays": ["mon", "sun"], "first_hour": 22, "last_hour": 2, "every": 30},
    ),
]


def test_the_stored_form() -> None:
    rules, data = [rule for rule, _ in STORED], [entry for _, entry in STORED]
    assert to_json(rules) == data
    assert from_json(json.loads(json.dumps(data))) == tuple(rules)
    assert from_json([]) == ()


DAILY = {"kind": "daily", "every": 1, "at": "06:30", "anchor": "2026-03-01"}
NIGHTS = {"kind": "flexible", "weekdays": ["mon"], "first_hour": 22, "last_hour": 2, "every": 30}
KINDS = "Choose one of minutely, hourly, daily, flexible."
NAMES = "Choose from mon, tue, wed, thu, fri, sat, sun."


@pytest.mark.parametrize(
    ("entry", "field", "message", "remedy"),
    [
        (7, "1", "It is not an object with a kind.", KINDS),
        ({}, "1.kind", "There is no kind missing.", KINDS),
        ({"kind": "weekly"}, "1.kind", "There is no kind 'weekly'.", KINDS),
        ({"kind": ["daily"]}, "1.kind", "There is no kind ['daily'].", KINDS),
        ({"kind": "hourly"}, "1.every", "every is missing, not a whole number.", "Give a whole number."),
        ({"kind": "hourly", "every": True}, "1.every", "every is True, not a whole number.", "Give a whole number."),
        ({"kind": "hourly", "every": 1.5}, "1.every", "every is 1.5, not a whole number.", "Give a whole number."),
        (
            {"kind": "hourly", "every": 25},
            "1.every",
            "The number of hours is 25.",
            "Choose a whole number from 1 to 24.",
        ),
        ({"kind": "hourly", "every": 1, "at": "x"}, "1", "A hourly rule has no field 'at'.", "Its fields: every."),
        ({**DAILY, "at": "6:30"}, "1.at", "at is '6:30', not a time of day.", "Write it as 06:30."),
        ({**DAILY, "at": "24:00"}, "1.at", "at is '24:00', not a time of day.", "Write it as 06:30."),
        ({**DAILY, "at": None}, "1.at", "at is missing, not a time of day.", "Write it as 06:30."),
        (
            {**DAILY, "anchor": "2026-02-30"},
            "1.anchor",
            "anchor is '2026-02-30', not a date.",
            "Write it as 2026-03-01.",
        ),
        ({**DAILY, "anchor": "20260301"}, "1.anchor", "anchor is '20260301', not a date.", "Write it as 2026-03-01."),
        ({**NIGHTS, "weekdays": "mon"}, "1.weekdays", "weekdays is 'mon', not a list.", NAMES),
        ({**NIGHTS, "weekdays": ["Monday"]}, "1.weekdays", "There is no weekday 'Monday'.", NAMES),
        ({**NIGHTS, "weekdays": [[]]}, "1.weekdays", "There is no weekday [].", NAMES),
        ({**NIGHTS, "weekdays": []}, "1.weekdays", "No weekday is chosen.", "Choose at least one."),
        ({**NIGHTS, "last_hour": 24}, "1.last_hour", "The last hour is 24.", "Choose a whole number from 0 to 23."),
    ],
)
def test_a_mistake_is_told_with_its_place(entry: object, field: str, message: str, remedy: str) -> None:
    with pytest.raises(BadSettings) as refused:
        from_json([{"kind": "minutely", "every": 15}, entry])
    assert refused.value.message == f"Rule 2 of the schedule: {message}"
    assert (refused.value.field, refused.value.remedy) == (field, remedy)


@pytest.mark.parametrize("data", [None, {}, "[]", 5])
def test_a_schedule_is_a_list(data: object) -> None:
    with pytest.raises(BadSettings) as refused:
        from_json(data)
    assert refused.value.message == "A schedule is a list of rules."


WORDS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["daily", "flexible", "mon", "06:30", "2026-03-01", "0000-01-01"]),
)
FIELDS = st.sampled_from(["kind", "every", "at", "anchor", "weekdays", "first_hour", "last_hour", "other"])
ANYTHING = st.recursive(WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=6))


@given(st.one_of(ANYTHING, st.lists(st.dictionaries(FIELDS, ANYTHING, max_size=6), max_size=3)))
def test_whatever_is_stored_is_read_or_refused(data: object) -> None:
    try:
        rules = from_json(data)
    except BadSettings:
        return
    assert from_json(to_json(rules)) == rules


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([], "Never"),
        ([Minutely(15)], "Every 15 minutes"),
        ([Minutely(1)], "Every minute"),
        ([Hourly(1)], "Every hour"),
        ([Hourly(4)], "Every 4 hours"),
        ([Daily(1, time(22), date(2026, 3, 1))], "Daily at 22:00"),
        ([Daily(2, time(6, 30), date(2026, 3, 1))], "Every 2 days at 06:30"),
        ([Flexible(OFFICE, 8, 18, 30)], "Mon-Fri, 8am to 6pm, every 30 minutes"),
        (
            [Flexible(OFFICE, 8, 18, 30), Daily(1, time(22), date(2026, 3, 1))],
            "Mon-Fri, 8am to 6pm, every 30 minutes; and daily at 22:00",
        ),
        ([Hourly(4), Minutely(50), Hourly(7)], "Every 4 hours; every 50 minutes; and every 7 hours"),
        ([Flexible(EVERY_DAY, 0, 23, 60)], "Every day, all day, every 60 minutes"),
        ([Flexible(frozenset({5, 6}), 0, 11, 1)], "Sat and Sun, 12am to 11am, every minute"),
        ([Flexible(frozenset({0, 1, 2, 4}), 12, 12, 5)], "Mon-Wed and Fri, in the hour from 12pm, every 5 minutes"),
        ([Flexible(frozenset({0, 2, 6}), 22, 2, 5)], "Mon, Wed and Sun, 10pm to 2am the next day, every 5 minutes"),
        ([Flexible(frozenset({3}), 13, 23, 5)], "Thu, 1pm to 11pm, every 5 minutes"),
    ],
)
def test_in_words(rules: list[Rule], words: str) -> None:
    assert in_words(rules) == words
