"""Judging: the trace, who decided, the budgets, and that the caller's document stays as it was."""

from __future__ import annotations

import json
import time
from copy import deepcopy
from datetime import UTC, date, datetime
from decimal import ROUND_UP, Decimal, getcontext, localcontext
from typing import Any

import pytest

from app.rules.engine import Document, RuleError, compile_rule, judge, split_rules
from tests.rules.sample import active, context, header, item, judged, printed, sample


def rules_of(trace: dict[str, Any]) -> list[dict[str, Any]]:
    """The traces of the rules, without what differs from run to run."""
    return [{name: value for name, value in rule.items() if name != "duration_us"} for rule in trace["rules"]]


def test_the_trace_tells_what_each_rule_did() -> None:
    judgement = judged(
        """rule "Tag"
  when purchase_order.currency is "EUR"
       and purchase_order.custom.priority > 1 then
    set purchase_order.custom.tag to "high"
    print "tagged"
    route purchase_order to warehouse "EAST" / "F1"
  end
end"""
    )
    assert rules_of(judgement.trace) == [
        {
            "rule_id": 1,
            "version_no": 7,
            "name": "Tag",
            "conditions": [
                {
                    "line": 2,
                    "text": 'purchase_order.currency is "EUR" and purchase_order.custom.priority > 1',
                    "values": {"purchase_order.currency": "EUR", "purchase_order.custom.priority": "2"},
                    "result": True,
                }
            ],
            "changes": [{"line": 4, "path": "purchase_order.custom.tag", "before": None, "after": "high"}],
            "actions": [{"line": 6, "text": 'route purchase_order to warehouse "EAST" / F1'}],
            "printed": [{"line": 5, "text": "tagged"}],
            "error": None,
            "left_out": {},
        }
    ]


def test_the_trace_names_the_line_that_a_condition_looked_at() -> None:
    judgement = judged(
        """rule "Lines"
  for purchase_order_items in purchase_order
    when purchase_order_item.quantity > 10 then set purchase_order_item.name to "many" end
  end
end"""
    )
    (rule,) = judgement.trace["rules"]
    assert [(seen["item"], seen["values"], seen["result"]) for seen in rule["conditions"]] == [
        ("no:1", {"purchase_order_item.quantity": "10"}, False),
        ("no:2", {"purchase_order_item.quantity": "12"}, True),
    ]
    assert rule["changes"] == [
        {"line": 3, "path": "purchase_order_item.name of no:2", "before": "Thing 2", "after": "many"}
    ]


def test_every_branch_that_was_asked_is_in_the_trace() -> None:
    judgement = judged(
        'rule "B" when 1 > 2 then print 1 otherwise_when 2 > 1 then print 2 otherwise_when 3 > 1 then print 3 end end'
    )
    assert [(seen["text"], seen["result"]) for seen in judgement.trace["rules"][0]["conditions"]] == [
        ("1 > 2", False),
        ("2 > 1", True),
    ]


@pytest.mark.parametrize(
    ("condition", "note"),
    [
        (
            "purchase_order.custom.channel > 5",
            'Line 1: "web" is a text and 5 is a number; they do not compare, so the comparison is false.',
        ),
        (
            'purchase_order.custom.priority is "2"',
            'Line 1: 2 is a number and "2" is a text; they do not compare, so the comparison is false.',
        ),
        ("purchase_order.custom.priority matches /2/", "Line 1: 2 is a number, so it does not match."),
        (
            "purchase_order.custom.channel is_in @2026",
            'Line 1: "web" is a text and 0001-01-01 is a date; they do not compare, so the comparison is false.',
        ),
    ],
)
def test_a_wrong_type_in_a_comparison_is_told_in_the_trace(condition: str, note: str) -> None:
    judgement = judged(f'rule "Types" when {condition} then print 1 end when true then print 2 end end')
    first, second = judgement.trace["rules"][0]["conditions"]
    assert (first["result"], first["notes"]) == (False, [note])
    assert "notes" not in second


def test_the_trace_names_the_rule_and_line_that_decided_the_route() -> None:
    judgement = judged(
        'rule "A" route purchase_order to warehouse 5 end', 'rule "B"\nroute purchase_order to warehouse 4 end'
    )
    assert judgement.trace["route"] == {
        "warehouse_code": None,
        "warehouse_number": 4,
        "facility": None,
        "rule_id": 2,
        "rule_name": "B",
        "version_no": 7,
        "line": 2,
    }
    assert judged('rule "A" print 1 end').trace["route"] is None


def test_a_trace_is_capped_and_counts_the_rest() -> None:
    lines = [item(number, f"SKU-{number}", 1) for number in range(1, 301)]
    judgement = judged(
        """rule "Many"
  for purchase_order_items in purchase_order
    when purchase_order_item.quantity > 0 then set purchase_order_item.custom.seen to true end
    print purchase_order_item.sku
    accept purchase_order_item
  end
end""",
        document=Document(header(), lines),
    )
    (rule,) = judgement.trace["rules"]
    assert {name: len(rule[name]) for name in ("conditions", "changes", "actions", "printed")} == {
        "conditions": 200,
        "changes": 200,
        "actions": 200,
        "printed": 100,
    }
    assert rule["left_out"] == {"conditions": 100, "changes": 100, "actions": 100, "printed": 200}
    assert len(judgement.item_changes) == 300


def test_long_values_are_cut_in_the_trace_but_not_in_the_field() -> None:
    judgement = judged(
        'rule "Long" set purchase_order.notes to purchase_order.custom.text end',
        document=sample(custom={"text": "x" * 5_000}),
    )
    assert judgement.header_changes == {"notes": ("", "x" * 5_000)}
    assert judgement.trace["rules"][0]["changes"][0]["after"] == "x" * 199 + "…"


def test_the_trace_can_be_stored_as_json() -> None:
    judgement = judged(
        """rule "All kinds"
  set purchase_order.due_date to @today
  set purchase_order.ordered_at to @now
  set purchase_order.custom.a to 1.5
  set purchase_order.custom.b to true
  when purchase_order.source.flags?
       and purchase_order.ordered_at > purchase_order.due_date
       and purchase_order.source.lines contains "x" then
    print 1
  end
end"""
    )
    written = json.loads(json.dumps(judgement.trace))
    assert written["rules"][0]["conditions"][0]["values"] == {
        "purchase_order.source.flags": "a list of 2",
        "purchase_order.ordered_at": "2026-01-15T12:00:00+00:00",
        "purchase_order.due_date": "2026-01-15",
        "purchase_order.source.lines": "a list of 1",
    }
    assert written["duration_us"] >= written["rules"][0]["duration_us"] >= 0


def test_the_trace_keeps_what_ran_before_a_failure() -> None:
    judgement = judged(
        'rule "First" print "one" end',
        'rule "Second"\nprint "two"\nprint 1 / (purchase_order.revision - 3)\nend',
        'rule "Third" print "three" end',
    )
    assert printed(judgement) == ["one", "two"]
    assert [rule["error"] for rule in judgement.trace["rules"]] == [None, judgement.message]
    assert judgement.decided_by == (2, 7, "Second", 3)


def test_it_is_known_which_rule_and_line_decided() -> None:
    assert judged('rule "A" print 1 end', 'rule "B"\nreject purchase_order\nend').decided_by == (2, 7, "B", 2)
    assert judged('rule "A"\n\narchive purchase_order end').decided_by == (1, 7, "A", 3)
    assert judged('rule "A" fail purchase_order with "x" end').decided_by == (1, 7, "A", 1)
    assert judged('rule "A" print 1 end').decided_by is None
    route = judged('rule "A" print 1 end', 'rule "B"\n\nroute purchase_order to warehouse 4 end').route
    assert route is not None
    assert (route.rule_id, route.rule_name, route.version_no, route.line) == (2, "B", 7, 3)
    held = judged('rule "Short" hold purchase_order for 2h end', 'rule "Long" hold purchase_order for 2D end')
    assert held.hold_by == "Long"


def test_both_routes_are_in_the_trace() -> None:
    judgement = judged('rule "A" route purchase_order to warehouse 4 route purchase_order to warehouse "EAST" end')
    assert [action["text"] for action in judgement.trace["rules"][0]["actions"]] == [
        "route purchase_order to warehouse 4",
        'route purchase_order to warehouse "EAST"',
    ]


def test_the_document_is_never_written() -> None:
    document = sample([item(1, "A", 1, custom={"k": 1}), item(2, "B", 2)])
    before = deepcopy(document)
    judgement = judged(
        """rule "Write everything"
  set purchase_order.notes to "x"
  set purchase_order.custom.tag to "x"
  for purchase_order_items in purchase_order
    set purchase_order_item.sku to "x"
    set purchase_order_item.custom.k to 2
    add 1 item to purchase_order_items in purchase_order set item.sku to "N" set item.quantity to 1 end
  end
end""",
        document=document,
    )
    assert document == before
    assert judgement.header_changes == {"notes": ("", "x"), "custom.tag": (None, "x")}
    assert judgement.item_changes == {
        "no:1": {"sku": ("A", "x"), "custom.k": (1, Decimal(2))},
        "no:2": {"sku": ("B", "x"), "custom.k": (None, Decimal(2))},
    }
    assert [line["key"] for line in judgement.added_items] == ["rule:1", "rule:2"]


def test_judging_twice_gives_the_same() -> None:
    rules = active('rule "A" set $n to 1 set purchase_order.custom.tag to "x" & $n as text end')
    first, second = (judge(sample(), rules, context()) for _ in range(2))
    assert first.header_changes == second.header_changes == {"custom.tag": (None, "x1")}


def test_added_lines_get_keys_that_no_line_has() -> None:
    lines = [item(1, "A", 1), item(9, "B", 1, key="rule:4"), item(3, "C", 1, key="rule:x")]
    add = 'add 2 items to purchase_order_items in purchase_order set item.sku to "N" set item.quantity to 1 end'
    judgement = judged(f'rule "Add" {add} end', document=Document(header(), lines))
    assert [(line["key"], line["line_number"]) for line in judgement.added_items] == [("rule:5", 10), ("rule:6", 11)]


def test_values_come_back_in_the_types_that_are_stored() -> None:
    judgement = judged(
        """rule "Types"
  set purchase_order.due_date to purchase_order.ordered_at
  set purchase_order.ordered_at to @2026-02-01
  set purchase_order.custom.n to 100
  for purchase_order_items in purchase_order
    set purchase_order_item.quantity to 100 / 1
    set purchase_order_item.expected_date to @now
  end
end""",
        document=sample([item(1, "A", 1)]),
    )
    assert judgement.header_changes == {
        "due_date": (date(2026, 1, 31), date(2026, 1, 15)),
        "ordered_at": (datetime(2026, 1, 14, 23, 30, tzinfo=UTC), datetime(2026, 1, 31, 23, 0, tzinfo=UTC)),
        "custom.n": (None, Decimal(100)),
    }
    assert str(judgement.item_changes["no:1"]["quantity"][1]) == "100"
    assert type(judgement.item_changes["no:1"]["expected_date"][1]) is date


def test_numbers_may_come_as_integers_and_floats() -> None:
    document = Document(header(revision=4, total_cost=1.1), [{**item(1, "A", 1), "quantity": 3, "unit_cost": 0.1}])
    judgement = judged(
        """rule "Plain"
  print purchase_order.revision + purchase_order.total_cost
  accumulate purchase_order_items in purchase_order
    t: sum purchase_order_item.quantity * purchase_order_item.unit_cost
  end
  print t
end""",
        document=document,
    )
    assert printed(judgement) == ["5.1", "0.3"]


def test_missing_fields_are_blank() -> None:
    judgement = judged(
        """rule "Bare"
  print purchase_order.notes
  print purchase_order.ship_to.city
  print purchase_order.custom.x
  print purchase_order.source.x
  for purchase_order_items in purchase_order
    print purchase_order_item.name
    print purchase_order_item.custom.x
  end
  set purchase_order.custom.x to 1
end""",
        document=Document({}, [{"key": "k"}]),
    )
    assert printed(judgement) == ["blank"] * 6
    assert judgement.header_changes == {"custom.x": (None, Decimal(1))}


def test_the_callers_decimal_context_does_not_matter() -> None:
    with localcontext() as mine:
        mine.prec, mine.rounding = 3, ROUND_UP
        judgement = judged('rule "A" print 1 / 3 end')
        assert (getcontext().prec, getcontext().rounding) == (3, ROUND_UP)
    assert printed(judgement) == ["0.3333333333333333333333333333"]


def test_lookups_go_to_the_caller() -> None:
    asked: list[tuple[str, str]] = []

    def lookup(table: str, key: str) -> str | None:
        asked.append((table, key))
        return "found"

    judgement = judged('rule "A" print lookup("units", purchase_order.currency) end', lookup=lookup)
    assert (asked, printed(judgement)) == ([("units", "EUR")], ["found"])


def test_too_many_steps_stop_the_rule() -> None:
    lines = [item(number, "A", 1) for number in range(1, 201)]
    nested = """rule "Nested"
  for purchase_order_items in purchase_order
    for purchase_order_items in purchase_order
      set purchase_order_item.custom.n to 1
    end
  end
end"""
    judgement = judged(nested, document=Document(header(), lines), step_budget=10_000)
    assert judgement.message == (
        'Rule "Nested" (version 7) stopped in line 3: the rule took more than 10000 steps on this purchase order. '
        "Loop once over the lines instead of a loop inside a loop."
    )
    assert judgement.item_changes == {}
    assert judged(nested, document=Document(header(), lines)).outcome == "proceed"


@pytest.mark.parametrize(
    "loop",
    [
        "for purchase_order_items in purchase_order print 1 end",
        "accumulate purchase_order_items in purchase_order n: count purchase_order_item.sku end",
        "when purchase_order has all purchase_order_items with (purchase_order_item.quantity > 0) then print 1 end",
        "for /a/ in purchase_order.notes print 1 end",
        'add 200 items to purchase_order_items in purchase_order set item.sku to "A" set item.quantity to 1 end',
    ],
)
def test_every_kind_of_loop_takes_steps(loop: str) -> None:
    lines = [item(number, "A", 1) for number in range(1, 201)]
    document = Document(header(notes="a" * 200), lines)
    judgement = judged(f'rule "Loop" {loop} end', document=document, step_budget=150)
    assert judgement.message is not None
    assert "the rule took more than 150 steps" in judgement.message


def test_the_budget_is_for_each_rule() -> None:
    lines = [item(number, "A", 1) for number in range(1, 101)]
    loop = 'rule "Loop" for purchase_order_items in purchase_order print 1 end end'
    assert judged(loop, loop, loop, document=Document(header(), lines), step_budget=150).outcome == "proceed"


def test_too_much_time_stops_the_rule() -> None:
    lines = [item(number, "A", 1) for number in range(1, 1_001)]
    nested = """rule "Slow"
  for purchase_order_items in purchase_order
    for purchase_order_items in purchase_order
      set $n to purchase_order_item.quantity * 2
    end
  end
end"""
    begun = time.perf_counter()
    judgement = judged(nested, document=Document(header(), lines), step_budget=10**9, time_budget_s=0.02)
    assert time.perf_counter() - begun < 5
    assert judgement.message == (
        'Rule "Slow" (version 7) stopped in line 3: the rule ran for more than 0.02 seconds. '
        "Make it simpler, or cut it in two rules."
    )


def test_the_clock_is_looked_at_after_a_long_text() -> None:
    rule = 'rule "A" when purchase_order.notes matches /x/ then print 1 end end'
    slow = judged(rule, document=sample(notes="x" * 501), time_budget_s=0.0)
    assert slow.message is not None
    assert "the rule ran for more than 0 seconds" in slow.message
    assert judged(rule, document=sample(notes="x" * 500), time_budget_s=0.0).outcome == "proceed"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            """set $x to "0123456789"
  for purchase_order_items in purchase_order
    set $x to $x & $x
  end""",
            "line 4: the joined text has more than 100000 characters",
        ),
        (
            """set $x to 10
  for purchase_order_items in purchase_order
    set $x to $x * $x
  end""",
            "line 4: the result of the calculation is too large",
        ),
        (
            """accumulate purchase_order_items in purchase_order
    all: join purchase_order.custom.long, "-"
  end""",
            "line 3: the joined text has more than 100000 characters",
        ),
        (
            "set purchase_order.custom.y to purchase_order.custom.long & purchase_order.custom.long",
            "line 2: the text has 30000 characters, at most 20000 fit in a custom field",
        ),
        (
            "set purchase_order.supplier_code to substring(purchase_order.custom.long, 0, 301)",
            "line 2: the text for `supplier_code` has 301 characters, at most 300 fit",
        ),
        (
            'set purchase_order.notes to replace /x/ with "1234567890" in purchase_order.custom.long',
            "line 2: the replaced text could become too long",
        ),
        (
            "when purchase_order.custom.long matches /^(x*)(x*)y/ then print 1 end",
            "line 2: The pattern /^(x*)(x*)y/ takes at most 10000 characters; this text has 15000",
        ),
        (
            """for purchase_order_items in purchase_order
    add 200 items to purchase_order_items in purchase_order set item.sku to "A" set item.quantity to 1 end
  end""",
            "line 3: the rules add more than 1000 items",
        ),
    ],
)
def test_nothing_grows_without_bounds(body: str, reason: str) -> None:
    lines = [item(number, "A", 1) for number in range(1, 31)]
    document = Document(header(custom={"long": "x" * 15_000}), lines)
    judgement = judged(f'rule "Grow"\n  {body}\nend', document=document)
    assert judgement.outcome == "failed"
    assert judgement.message is not None
    assert judgement.message.startswith(f'Rule "Grow" (version 7) stopped in {reason}')


def test_an_export_file_is_cut_into_its_rules() -> None:
    first, second = 'rule "A"\n  print 1 # one\nend', 'rule "B" inactive\n  print 2\nend'
    assert split_rules(f"# kept apart\n{first}\n\n{second}\n") == [first, second]
    assert [compile_rule(text).inactive for text in (first, second)] == [False, True]
    with pytest.raises(RuleError):
        split_rules("")


def test_a_program_keeps_its_text_and_name() -> None:
    text = 'rule "Name \\"quoted\\"" print 1 end'
    program = compile_rule(text)
    assert (program.text, program.name, program.inactive) == (text, 'Name "quoted"', False)


def test_a_program_knows_whether_it_reads_the_source_document() -> None:
    assert compile_rule('rule "A" when purchase_order . source["x"] is "y" then print 1 end end').reads_source
    assert not compile_rule('rule "A" print purchase_order.custom.source end').reads_source


def test_all_over_nothing_is_true() -> None:
    body = " ".join(
        f"print (purchase_order has {word} purchase_order_items with (true))" for word in ("any", "all", "none", "no")
    )
    empty = Document(header(), [])
    assert printed(judged(f'rule "A" {body} end', document=empty)) == ["false", "true", "true", "true"]
    rejected = 'rule "R" for purchase_order_items in purchase_order reject purchase_order_item end end'
    judgement = judged(rejected, f'rule "A" {body} end')
    assert printed(judgement) == ["false", "true", "true", "true"]


def test_an_order_without_lines_is_no_order_with_all_lines_rejected() -> None:
    assert (
        judged('rule "A" default reject purchase_order_item end', document=Document(header(), [])).outcome == "proceed"
    )


def test_without_rules_nothing_happens() -> None:
    judgement = judge(sample(), [], context())
    assert (judgement.outcome, judgement.header_changes, judgement.trace["rules"]) == ("proceed", {}, [])
