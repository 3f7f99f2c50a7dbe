"""What a trace holds, where it stops holding, and that every rule has its own."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.rules.engine import Document
from app.rules.trace import MOST_ACTIONS, MOST_CHANGES, MOST_CONDITIONS, MOST_NOTES, MOST_PRINTED, RuleTrace
from tests.rules.sample import header, item, judged, sample

LOOP = "for purchase_order_items in purchase_order {} end"


def many(count: int, **fields: Any) -> Document:
    """A purchase order with so many lines."""
    return Document(header(**fields), [item(number, f"SKU-{number}", 1) for number in range(1, count + 1)])


def only(*texts: str, document: Document | None = None) -> dict[str, Any]:
    """The trace of the last of some rules."""
    trace: dict[str, Any] = judged(*texts, document=document).trace["rules"][-1]
    return trace


@pytest.mark.parametrize(
    ("kind", "statement", "most"),
    [
        ("conditions", "when purchase_order_item.quantity > 5 then print 1 end", MOST_CONDITIONS),
        ("changes", "set purchase_order_item.custom.n to 1", MOST_CHANGES),
        ("actions", "accept purchase_order_item", MOST_ACTIONS),
        ("printed", "print purchase_order_item.sku", MOST_PRINTED),
    ],
)
def test_a_list_of_the_trace_is_full_at_its_limit_and_counts_from_there(kind: str, statement: str, most: int) -> None:
    rule = f'rule "Many" {LOOP.format(statement)} end'
    for lines, left_out in ((most, {}), (most + 1, {kind: 1}), (most + 7, {kind: 7})):
        trace = only(rule, document=many(lines))
        assert (len(trace[kind]), trace["left_out"]) == (most, left_out)


def test_the_first_are_kept() -> None:
    trace = only(f'rule "Many" {LOOP.format("print purchase_order_item.line_number")} end', document=many(150))
    assert [line["text"] for line in trace["printed"]] == [str(number) for number in range(1, 101)]


def test_each_rule_has_room_of_its_own() -> None:
    rule = f'rule "Many" {LOOP.format("print 1")} end'
    judgement = judged(rule, rule, document=many(90))
    assert [(len(trace["printed"]), trace["left_out"]) for trace in judgement.trace["rules"]] == [(90, {}), (90, {})]


def test_a_condition_beyond_the_room_is_still_decided() -> None:
    test = 'when purchase_order_item.line_number > 200 then set purchase_order_item.name to "late" end'
    judgement = judged(f'rule "Many" {LOOP.format(test)} end', document=many(205))
    assert list(judgement.item_changes) == [f"no:{number}" for number in range(201, 206)]
    assert {seen["result"] for seen in judgement.trace["rules"][0]["conditions"]} == {False}


def test_of_the_notes_of_one_condition_the_first_few_are_kept() -> None:
    wrong = " or ".join(f"purchase_order.custom.channel > {number}" for number in range(MOST_NOTES + 3))
    (seen,) = only(f'rule "Notes" when {wrong} then print 1 end end')["conditions"]
    assert len(seen["notes"]) == MOST_NOTES
    assert seen["notes"][-1].startswith(f'Line 1: "web" is a text and {MOST_NOTES - 1} is a number')


def test_a_note_belongs_to_the_condition_that_made_it() -> None:
    seen = only(
        'rule "Notes" set purchase_order.custom.c to (purchase_order.custom.channel > 1) when 1 > 2 then end end'
    )
    assert [condition.get("notes") for condition in seen["conditions"]] == [
        ['Line 1: "web" is a text and 1 is a number; they do not compare, so the comparison is false.']
    ]


def condition(text: str, **fields: Any) -> dict[str, Any]:
    """A condition as it was seen."""
    (seen,) = only(f'rule "C" set $v to 7 when {text} then end end', document=sample(**fields))["conditions"]
    found: dict[str, Any] = seen
    return found


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("true", {}),
        ('purchase_order.notes is "x"', {"purchase_order.notes": None}),
        ("$v > 5", {"$v": "7"}),
        ("purchase_order.custom.gift", {"purchase_order.custom.gift": False}),
        ("purchase_order.custom.nobody?", {"purchase_order.custom.nobody": None}),
        ('purchase_order.custom["channel"] is "web"', {'purchase_order.custom["channel"]': "web"}),
        ("round(purchase_order.total_cost / 2) > 5", {"purchase_order.total_cost": "55"}),
        ("purchase_order.total_cost > 5 and purchase_order.total_cost < 60", {"purchase_order.total_cost": "55"}),
        ("purchase_order.currency matches /E/", {"purchase_order.currency": "EUR"}),
        ('upper(purchase_order.ship_to.city) is "X"', {"purchase_order.ship_to.city": "Hamburg"}),
        ("3D before purchase_order.due_date > @now", {"purchase_order.due_date": "2026-01-31"}),
        # Computed keys and the lines inside `has` belong to no single value.
        ('purchase_order.custom["chan" & "nel"] is "web"', {}),
        ("purchase_order.source.lines[0].weight > 1", {}),
        ("purchase_order has any purchase_order_items with (purchase_order_item.quantity > 1)", {}),
    ],
)
def test_a_condition_shows_the_values_that_it_looked_at(text: str, values: dict[str, Any]) -> None:
    assert condition(text)["values"] == values


def test_values_stand_in_the_order_of_the_text() -> None:
    text = 'purchase_order.tags contains "a" or purchase_order.revision > 5 or purchase_order.currency is "X"'
    assert list(condition(text)["values"]) == [
        "purchase_order.tags",
        "purchase_order.revision",
        "purchase_order.currency",
    ]


def test_a_condition_with_many_fields_shows_the_first_twelve() -> None:
    text = " or ".join(f"purchase_order.custom.f{number} = 1" for number in range(20))
    assert list(condition(text)["values"]) == [f"purchase_order.custom.f{number}" for number in range(12)]


def test_a_condition_is_shown_on_one_line_and_cut() -> None:
    assert condition("1\n   <\n\n  2")["text"] == "1 < 2"
    shown = condition(" or ".join(["purchase_order.revision = 1"] * 20))["text"]
    assert (len(shown), shown[-1]) == (200, "…")


def test_outside_a_loop_a_condition_names_no_line() -> None:
    text = f'rule "L" {LOOP.format("when true then end")} when true then end end'
    assert [seen.get("item") for seen in only(text)["conditions"]] == ["no:1", "no:2", None]


def test_the_line_at_hand_comes_back_after_a_has() -> None:
    inner = "purchase_order has any purchase_order_items with (purchase_order_item.line_number = 2)"
    text = f'rule "L" {LOOP.format(f"when {inner} then print purchase_order_item.sku end")} end'
    trace = only(text)
    assert [line["text"] for line in trace["printed"]] == ["A-1", "B-2"]
    assert [seen["item"] for seen in trace["conditions"]] == ["no:1", "no:2"]


@pytest.mark.parametrize(
    ("statement", "action"),
    [
        ("accept purchase_order", "accept purchase_order"),
        ("reject purchase_order", "reject purchase_order"),
        ("default reject purchase_order_item", "default reject purchase_order_item"),
        ("route purchase_order to warehouse 4", "route purchase_order to warehouse 4"),
        ('route purchase_order to warehouse "EAST" / 7', 'route purchase_order to warehouse "EAST" / 7'),
        ("hold purchase_order for 1h", "hold purchase_order until 2026-01-15T13:00:00+01:00"),
        ("hold purchase_order until @monday", "hold purchase_order until 2026-01-19T00:00:00+01:00"),
        ("hold purchase_order until @2020-01-01", "hold purchase_order until 2020-01-01T00:00:00+01:00"),
        ("archive purchase_order", "archive purchase_order"),
        ('fail purchase_order with "no \\"x\\""', 'fail purchase_order with "no "x""'),
        (
            'add 1 item to purchase_order_items in purchase_order set item.sku to "N" set item.quantity to 1 end',
            "add item rule:1: N",
        ),
    ],
)
def test_every_action_is_told(statement: str, action: str) -> None:
    assert only(f'rule "A"\n{statement} end')["actions"] == [{"line": 2, "text": action}]


@pytest.mark.parametrize(
    "statement", ["hold purchase_order until blank", "hold purchase_order for purchase_order.custom.x"]
)
def test_a_hold_until_blank_is_no_action(statement: str) -> None:
    assert only(f'rule "A" {statement} end')["actions"] == []


@pytest.mark.parametrize(
    ("statement", "path", "before", "after"),
    [
        ('set purchase_order.notes to "x"', "purchase_order.notes", "", "x"),
        ("set purchase_order.currency to blank", "purchase_order.currency", "EUR", ""),
        ("set purchase_order.due_date to @2026-02-01", "purchase_order.due_date", "2026-01-31", "2026-02-01"),
        ("set purchase_order.due_date to blank", "purchase_order.due_date", "2026-01-31", None),
        ("set purchase_order.custom.priority to 3.50", "purchase_order.custom.priority", "2", "3.5"),
        ("set purchase_order.custom.gift to true", "purchase_order.custom.gift", False, True),
        ('set purchase_order.custom["a b"] to 1', "purchase_order.custom.a b", None, "1"),
        (
            "set purchase_order.ordered_at to @2026-01-01T10:00",
            "purchase_order.ordered_at",
            "2026-01-14T23:30:00+00:00",
            "2026-01-01T09:00:00+00:00",
        ),
    ],
)
def test_every_change_is_told_with_what_stood_there(statement: str, path: str, before: Any, after: Any) -> None:
    assert only(f'rule "A" {statement} end')["changes"] == [{"line": 1, "path": path, "before": before, "after": after}]


def test_writing_twice_is_two_changes_in_the_trace_and_one_in_the_judgement() -> None:
    judgement = judged(
        'rule "A" set purchase_order.notes to "x" set purchase_order.notes to "y" end',
        'rule "B" set purchase_order.notes to "z" end',
    )
    first, second = judgement.trace["rules"]
    assert [(seen["before"], seen["after"]) for seen in first["changes"] + second["changes"]] == [
        ("", "x"),
        ("x", "y"),
        ("y", "z"),
    ]
    assert judgement.header_changes == {"notes": ("", "z")}


def test_a_write_of_the_same_value_leaves_no_trace() -> None:
    same = 'set purchase_order.currency to "EUR" set purchase_order.custom.priority to 2 set purchase_order.notes to ""'
    assert only(f'rule "A" {same} end')["changes"] == []


def test_a_printed_line_is_cut() -> None:
    trace = only('rule "A" print purchase_order.notes end', document=sample(notes="n" * 201))
    assert trace["printed"] == [{"line": 1, "text": "n" * 199 + "…"}]


def test_a_trace_is_written_anew_each_time() -> None:
    judgement = judged('rule "A" print 1 end')
    first = judgement.trace
    first["rules"][0]["printed"].clear()
    first["rules"][0]["left_out"]["printed"] = 5
    assert judgement.trace["rules"][0]["printed"] == [{"line": 1, "text": "1"}]
    assert judgement.trace["rules"][0]["left_out"] == {}


def test_a_rule_that_did_nothing_has_an_empty_trace() -> None:
    trace = RuleTrace(5, 2, "Quiet")
    assert trace.data() == {
        "rule_id": 5,
        "version_no": 2,
        "name": "Quiet",
        "duration_us": 0,
        "conditions": [],
        "changes": [],
        "actions": [],
        "printed": [],
        "error": None,
        "left_out": {},
    }


def test_values_of_a_change_are_written_as_json() -> None:
    trace = RuleTrace(1, 1, "A")
    trace.change(3, "purchase_order.due_date", None, date(2026, 1, 5))
    trace.change(4, "purchase_order.custom.n", [1, 2], Decimal("1.50"))
    assert trace.data()["changes"] == [
        {"line": 3, "path": "purchase_order.due_date", "before": None, "after": "2026-01-05"},
        {"line": 4, "path": "purchase_order.custom.n", "before": "a list of 2", "after": "1.5"},
    ]


def test_the_route_of_a_failed_judgement_is_not_in_the_trace_but_its_action_is() -> None:
    judgement = judged('rule "A" route purchase_order to warehouse 4 fail purchase_order with "no" end')
    assert judgement.trace["route"] is None
    assert [action["text"] for action in judgement.trace["rules"][0]["actions"]] == [
        "route purchase_order to warehouse 4",
        'fail purchase_order with "no"',
    ]
