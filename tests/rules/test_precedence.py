"""Which decision counts: accept, reject and default in every combination, and what archive, fail, route and hold do."""

from __future__ import annotations

from itertools import product

import pytest

from app.rules.engine import Judgement, judge
from tests.rules.sample import active, context, item, judged, printed, sample

WORDS = ("", "accept", "reject")


def one_line(decision: str, sku: str = "A-1") -> str:
    """A decision on the lines with one SKU; nothing for an empty word."""
    inner = f'when purchase_order_item.sku is "{sku}" then {decision} purchase_order_item end'
    return f"for purchase_order_items in purchase_order {inner} end" if decision else ""


def statement(prefix: str, decision: str, record: str) -> str:
    """`default reject purchase_order`, or nothing for an empty word."""
    return f"{prefix}{decision} {record}" if decision else ""


def body(order: str, order_default: str, line: str, line_default: str) -> str:
    """A rule with up to four decisions; `line` is about the first of two lines."""
    return "\n".join(
        (
            'rule "A" print 1',
            statement("default ", order_default, "purchase_order"),
            statement("default ", line_default, "purchase_order_item"),
            one_line(line),
            statement("", order, "purchase_order"),
            "end",
        )
    )


def lines_left_out(order: str, line: str, line_default: str) -> set[str]:
    """Which of the two lines the language leaves out, told as its page does."""
    # A line's own decision beats the order's; a rejected order is archived whole; a default is for what is undecided.
    rest = "accept" if order else line_default
    decisions = {"no:1": line or rest, "no:2": rest}
    return {key for key, decision in decisions.items() if decision == "reject"}


@pytest.mark.parametrize(("order", "order_default", "line", "line_default"), list(product(WORDS, repeat=4)))
def test_every_combination_of_decisions(order: str, order_default: str, line: str, line_default: str) -> None:
    judgement = judged(body(order, order_default, line, line_default))
    left_out = lines_left_out(order, line, line_default)
    rejected = (order or order_default) == "reject"
    if rejected:
        assert (judgement.outcome, set(judgement.left_out)) == ("rejected", left_out)
    elif len(left_out) == 2:
        assert (judgement.outcome, set(judgement.left_out)) == ("failed", left_out)
        assert judgement.message is not None
        assert judgement.message.startswith("No line of the purchase order is left: the rules rejected all 2 of them.")
    else:
        assert (judgement.outcome, judgement.message, set(judgement.left_out)) == ("proceed", None, left_out)


@pytest.mark.parametrize(
    ("rules", "outcome", "decider"),
    [
        (["accept", "reject"], "rejected", "R2"),
        (["reject", "accept"], "proceed", None),
        (["reject", "accept", "reject"], "rejected", "R3"),
        (["reject", "reject"], "rejected", "R2"),
        (["default reject"], "rejected", "R1"),
        (["default reject", "default reject"], "rejected", "R2"),
        (["default accept", "default reject"], "rejected", "R2"),
        (["default reject", "default accept"], "proceed", None),
        (["reject", "default accept"], "rejected", "R1"),
        (["default reject", "accept"], "proceed", None),
        (["accept", "default reject"], "proceed", None),
        (["default reject", "reject"], "rejected", "R2"),
        (["reject", "default reject"], "rejected", "R1"),
    ],
)
def test_the_last_decision_in_rule_order_wins_and_is_named(rules: list[str], outcome: str, decider: str | None) -> None:
    judgement = judged(*(f'rule "R{n}" {word} purchase_order end' for n, word in enumerate(rules, 1)))
    assert judgement.outcome == outcome
    assert (judgement.decided_by and judgement.decided_by[2]) == decider


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("reject", 'Rejected by rule "No" (version 7, line 2).'),
        ("default reject", 'Rejected by default by rule "No" (version 7, line 2).'),
        ("archive", 'Archived by rule "No" (version 7, line 2).'),
    ],
)
def test_the_message_says_how_and_where_it_was_decided(word: str, message: str) -> None:
    judgement = judged(f'rule "No"\n{word} purchase_order end')
    assert (judgement.message, judgement.decided_by) == (message, (1, 7, "No", 2))


@pytest.mark.parametrize(
    ("rules", "left_out"),
    [
        (["reject"], {"no:1": "R1"}),
        (["reject", "reject"], {"no:1": "R1"}),
        (["accept", "reject"], {"no:1": "R2"}),
    ],
)
def test_a_line_names_the_rule_that_left_it_out(rules: list[str], left_out: dict[str, str]) -> None:
    judgement = judged(*(f'rule "R{n}" {one_line(word)} end' for n, word in enumerate(rules, 1)))
    assert judgement.left_out == left_out


def test_a_line_that_was_left_out_is_not_seen_again_and_so_cannot_be_taken_back_later() -> None:
    judgement = judged(f'rule "Out" {one_line("reject")} end', f'rule "Back" {one_line("accept")} end')
    assert judgement.left_out == {"no:1": "Out"}
    assert judgement.trace["rules"][1]["actions"] == []


def test_a_line_by_default_names_the_rule_of_the_last_default() -> None:
    judgement = judged(
        'rule "First" default reject purchase_order_item end',
        f'rule "Known" {one_line("accept")} end',
        'rule "Last" default reject purchase_order_item end',
    )
    assert judgement.left_out == {"no:2": "Last"}


def test_a_line_left_out_by_default_is_still_seen_by_every_rule() -> None:
    count = "accumulate purchase_order_items in purchase_order n: count purchase_order_item.sku end print n"
    judgement = judged(
        'rule "Default" default reject purchase_order_item end',
        f'rule "Count" {count} {one_line("accept")} end',
    )
    assert (printed(judgement), judgement.left_out) == (["2"], {"no:2": "Default"})


def test_the_last_line_rejected_is_told_when_none_is_left() -> None:
    judgement = judged(f'rule "One"\n{one_line("reject")} end', f'rule "Two"\n\n{one_line("reject", "B-2")} end')
    assert judgement.message == (
        "No line of the purchase order is left: the rules rejected all 2 of them. "
        'Look at rule "Two", line 3; reject the whole purchase order if that is meant.'
    )
    assert judgement.decided_by == (2, 7, "Two", 3)
    assert judgement.left_out == {"no:1": "One", "no:2": "Two"}


EFFECTS = """set purchase_order.custom.tag to "x"
  route purchase_order to warehouse 4
  hold purchase_order for 2D"""


def effects(judgement: Judgement) -> tuple[bool, bool, bool]:
    """Whether a judgement has changes, a route, a hold."""
    return bool(judgement.header_changes), judgement.route is not None, judgement.hold_until is not None


@pytest.mark.parametrize(
    ("last", "outcome", "kept"),
    [
        ("accept purchase_order", "proceed", (True, True, True)),
        ("reject purchase_order", "rejected", (True, True, True)),
        ("archive purchase_order", "archived", (True, True, True)),
        ('fail purchase_order with "no"', "failed", (False, False, False)),
        ("print 1 / (purchase_order.revision - 3)", "failed", (False, False, False)),
        ("default reject purchase_order_item", "failed", (False, False, False)),
    ],
)
def test_only_a_failure_undoes_what_was_done_before(last: str, outcome: str, kept: tuple[bool, bool, bool]) -> None:
    judgement = judged(f'rule "Effects" {EFFECTS} end', f'rule "Last" {last} end')
    assert (judgement.outcome, effects(judgement)) == (outcome, kept)


@pytest.mark.parametrize(
    ("first", "second", "outcome", "seen"),
    [
        ("archive purchase_order", 'fail purchase_order with "no"', "archived", 1),
        ('fail purchase_order with "no"', "archive purchase_order", "failed", 1),
        ("reject purchase_order", 'fail purchase_order with "no"', "failed", 2),
        ("reject purchase_order", "archive purchase_order", "archived", 2),
        ("archive purchase_order", "accept purchase_order", "archived", 1),
        ("accept purchase_order", "reject purchase_order", "rejected", 2),
    ],
)
def test_archive_and_fail_end_the_run_and_decisions_do_not(first: str, second: str, outcome: str, seen: int) -> None:
    judgement = judged(f'rule "A" {first} end', f'rule "B" {second} end')
    assert (judgement.outcome, len(judgement.trace["rules"])) == (outcome, seen)


@pytest.mark.parametrize(
    ("holds", "until", "holder"),
    [
        (["for 4h"], "2026-01-15T15:00:00+00:00", "H1"),
        (["for 1h"], None, None),
        (["for 61m"], "2026-01-15T12:01:00+00:00", "H1"),
        (["for 4h", "for 2h"], "2026-01-15T15:00:00+00:00", "H1"),
        (["for 2h", "until @2026-01-15T16:00"], "2026-01-15T15:00:00+00:00", "H2"),
        (["until @today", "for 2h"], "2026-01-15T13:00:00+00:00", "H2"),
        (["until @now"], None, None),
        (["until @tomorrow", "until @2026-01-16"], "2026-01-15T23:00:00+00:00", "H1"),
        (["until blank", "for 1D"], "2026-01-16T11:00:00+00:00", "H2"),
        (["until @thursday"], "2026-01-21T23:00:00+00:00", "H1"),
        (["for 1M"], "2026-02-15T11:00:00+00:00", "H1"),
    ],
)
def test_the_latest_hold_counts_and_one_that_is_over_is_none(
    holds: list[str], until: str | None, holder: str | None
) -> None:
    judgement = judged(*(f'rule "H{n}" hold purchase_order {hold} end' for n, hold in enumerate(holds, 1)))
    assert (judgement.hold_until and judgement.hold_until.isoformat(), judgement.hold_by) == (until, holder)


@pytest.mark.parametrize(
    ("target", "code", "number", "facility"),
    [
        ('"EAST"', "EAST", None, None),
        ("4", None, 4, None),
        ("4.0", None, 4, None),
        ('"4"', "4", None, None),
        ("0", None, 0, None),
        ("2147483647", None, 2147483647, None),
        ('"EAST" / "F1"', "EAST", None, "F1"),
        ('"EAST" / 7', "EAST", None, "7"),
        ('"EAST" / 7.50', "EAST", None, "7.5"),
        ('"EAST" / blank', "EAST", None, None),
        ("(8 / 2)", None, 4, None),
        ("purchase_order.custom.channel", "web", None, None),
        ("purchase_order.custom.priority", None, 2, None),
    ],
)
def test_where_a_route_leads(target: str, code: str | None, number: int | None, facility: str | None) -> None:
    route = judged(f'rule "R" route purchase_order to warehouse {target} end').route
    assert route is not None
    assert (route.warehouse_code, route.warehouse_number, route.facility) == (code, number, facility)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("2147483648", "2147483648 is no rule number of a warehouse. Use the whole number of the warehouse."),
        ("(0 - 1)", "-1 is no rule number of a warehouse. Use the whole number of the warehouse."),
        ("purchase_order.notes", "the warehouse to route to is blank. Name the warehouse's code or its rule number."),
        (
            "purchase_order.custom.gift",
            "the warehouse to route to is false. Name the warehouse's code or its rule number.",
        ),
        ("4 / purchase_order.source.flags", "the facility is a list. Use a text or a number."),
    ],
)
def test_a_route_to_nowhere_fails(target: str, reason: str) -> None:
    judgement = judged(f'rule "R" route purchase_order to warehouse {target} end')
    assert judgement.message == f'Rule "R" (version 7) stopped in line 1: {reason}'
    assert judgement.route is None


def test_the_judge_does_not_look_at_the_word_inactive() -> None:
    rules = active('rule "Off" inactive reject purchase_order end')
    assert judge(sample(), rules, context()).outcome == "rejected"


def test_two_lines_with_one_sku_are_decided_by_their_keys() -> None:
    lines = [item(1, "A-1", 1), item(2, "A-1", 2)]
    only = "when purchase_order_item.line_number = 2 then reject purchase_order_item end"
    judgement = judged(
        f'rule "Second" for purchase_order_items in purchase_order {only} end end', document=sample(lines)
    )
    assert judgement.left_out == {"no:2": "Second"}
