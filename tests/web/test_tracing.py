"""The trace of the rules as people read it, whatever an old or a broken one holds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from app.rules.trace import ConditionText, RuleTrace
from app.web import tracing
from app.web.custody_page import Difference, Ran, Seen


def href(number: int) -> str:
    return f"/rules/show/{number}" if number == 7 else ""


def test_what_a_rule_wrote_is_read_back_whole() -> None:
    trace = RuleTrace(7, 3, "Route the east")
    trace.duration_us = 350
    text = ConditionText(2, "total > 50", ("total", "note"))
    trace.conditions.append((text, True, {}, (Decimal("75.50"), None), ()))
    trace.conditions.append((text, False, {"key": "sku:A"}, (Decimal(1), "x"), ("A blank is never more.",)))
    trace.change(4, "notes", "", "Rush")
    trace.action(5, "route to EAST")
    trace.print(6, "total is 75.50")
    assert tracing.ran(trace.data(), href) == Ran(
        name="Route the east",
        version=3,
        href="/rules/show/7",
        took="0.35 ms",
        seen=(
            Seen(2, "total > 50", True, (("total", "75.5"), ("note", "nothing"))),
            Seen(2, "total > 50", False, (("total", "1"), ("note", "x")), "sku:A", ("A blank is never more.",)),
        ),
        changes=(Difference("notes", "nothing", "Rush", 4),),
        actions=((5, "route to EAST"),),
        printed=((6, "total is 75.50"),),
    )


def test_what_a_trace_had_no_room_for_is_said() -> None:
    trace = RuleTrace(1, 1, "Long", room=0)
    trace.skipped = 12
    for number in range(203):
        trace.change(1, "notes", number, number + 1)
    told = tracing.ran(trace.data(), href)
    assert told.left_out == "The trace had no room for 12 conditions, 3 changes more."
    assert len(told.changes) == 200
    assert told.href == ""


def test_an_error_stands_with_its_rule() -> None:
    trace = RuleTrace(1, 1, "Broken")
    trace.error = "Line 3: “abc” is no number."
    assert tracing.ran(trace.data(), href).error == "Line 3: “abc” is no number."


@pytest.mark.parametrize(
    "trace",
    [None, [], {}, "x", 7, {"rules": None}, {"rules": {}}, {"rules": "abc"}, {"rules": [None, 1, "x", []]}],
)
def test_what_is_no_trace_has_no_rules(trace: Any) -> None:
    assert tracing.rules_of(trace) == []


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"name": None, "version_no": "x", "duration_us": None, "conditions": None, "changes": 7, "actions": "a"},
        {"conditions": [None, 1], "changes": [[]], "actions": [None], "printed": {"a": 1}, "left_out": []},
    ],
)
def test_a_rule_of_an_old_trace_is_shown_as_far_as_it_goes(rule: dict[str, Any]) -> None:
    assert tracing.ran(rule, href) == Ran("A rule", 0, "", "0.00 ms")


def test_a_thin_condition_is_no_error() -> None:
    (seen,) = tracing.ran({"conditions": [{"values": ["x"], "result": "yes"}]}, href).seen
    assert seen == Seen(0, "", False)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (None, "nothing"), ("", "nothing"), ([], "nothing"), ({}, "nothing"), (True, "yes"), (False, "no"),
        (0, "0"), ("0", "0"), ("<b>", "<b>"), (["a", "ß"], '["a", "ß"]'), ({"a": None}, '{"a": null}'),
        ("x" * 300, "x" * 300), ("x" * 301, "x" * 300 + "…"),
    ],
)  # fmt: skip
def test_values_in_words(given: Any, shown: str) -> None:
    assert tracing.value(given) == shown


@pytest.mark.parametrize(
    ("microseconds", "shown"),
    [(0, "0.00 ms"), (7, "0.01 ms"), (999_990, "999.99 ms"), (1_000_000, "1.0 s"), (61_250_000, "61.2 s")],
)
def test_durations_in_words(microseconds: int, shown: str) -> None:
    assert tracing.duration(microseconds) == shown
