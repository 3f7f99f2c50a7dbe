"""What lines add up to, and the events that follow."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import IllegalTransition
from app.domain.rollup import (
    LineSums,
    Totals,
    delta,
    event_for,
    event_to_resume,
    outstanding,
    rolled_up,
    surplus,
    totals,
    within_tolerance,
)
from app.domain.states import PoStatus, next_status


def line(ordered: str, received: str = "0", before: str = "0", short: str = "0", left_out: bool = False) -> LineSums:
    return LineSums(Decimal(ordered), Decimal(before), Decimal(received), Decimal(short), left_out)


@pytest.mark.parametrize(
    ("sums", "expected", "beyond"),
    [
        (line("10"), "10", "0"),
        (line("10", received="4"), "6", "0"),
        (line("10", received="10"), "0", "0"),
        (line("10", received="12"), "0", "2"),
        (line("10", before="3"), "7", "0"),
        (line("10", received="7", before="3"), "0", "0"),
        (line("10", received="8", before="3"), "0", "1"),
        (line("10", received="8", short="2"), "0", "0"),
        # What came after all counts as received, though it was written off.
        (line("10", received="10", short="2"), "0", "0"),
        (line("10", received="11", short="2"), "0", "1"),
        # A correction after the close brings back only what it took off.
        (line("10", received="7", short="2"), "1", "0"),
        # The source lowered the line below what had come.
        (line("5", received="7"), "0", "2"),
        (line("0"), "0", "0"),
        (line("0.3", received="0.1", before="0.2"), "0", "0"),
    ],
)
def test_outstanding_and_surplus_of_a_line(sums: LineSums, expected: str, beyond: str) -> None:
    assert outstanding(sums) == Decimal(expected)
    assert surplus(sums) == Decimal(beyond)


@pytest.mark.parametrize(
    ("lines", "counted", "status"),
    [
        ([], Totals(0, 0, 0, False), "open"),
        ([line("10")], Totals(1, 0, 0, False), "open"),
        ([line("10", before="4")], Totals(1, 0, 0, False), "open"),
        ([line("10", received="4"), line("5")], Totals(2, 0, 0, True), "partially_received"),
        ([line("10", received="10"), line("5")], Totals(2, 1, 1, True), "partially_received"),
        ([line("10", received="10"), line("5", received="5")], Totals(2, 2, 2, True), "received"),
        # A surplus of five on one line does not fill the other.
        ([line("10", received="15"), line("5")], Totals(2, 1, 1, True), "partially_received"),
        ([line("10", received="8", short="2")], Totals(1, 0, 1, True), "closed"),
        ([line("10", received="10"), line("5", short="5")], Totals(2, 1, 2, True), "closed"),
        ([line("10", short="10")], Totals(1, 0, 1, False), "closed"),
        ([line("10", received="10", short="2")], Totals(1, 1, 1, True), "received"),
        ([line("10", short="10"), line("5")], Totals(2, 0, 1, False), "open"),
        ([line("10", received="10"), line("5", left_out=True)], Totals(1, 1, 1, True), "received"),
        ([line("10"), line("5", received="5", left_out=True)], Totals(1, 0, 0, False), "open"),
        ([line("5", left_out=True)], Totals(0, 0, 0, False), "open"),
    ],
)
def test_lines_roll_up(lines: list[LineSums], counted: Totals, status: str) -> None:
    assert totals(lines) == counted
    assert rolled_up(counted) == status


# From, towards, the event; and with a late receipt that a person accepted. A dash is no event.
EVENTS = """
new                open               -                 -
new                partially_received part_received     part_received
new                received           fully_received    fully_received
new                closed             part_received     part_received
open               open               -                 -
open               partially_received part_received     part_received
open               received           fully_received    fully_received
open               closed             closed            closed
partially_received open               nothing_received  nothing_received
partially_received partially_received -                 -
partially_received received           fully_received    fully_received
partially_received closed             closed            closed
received           open               nothing_received  nothing_received
received           partially_received part_received     part_received
received           received           -                 -
received           closed             part_received     part_received
error              open               -                 -
error              partially_received -                 -
error              received           -                 -
error              closed             -                 -
canceled           open               -                 resumed_open
canceled           partially_received -                 resumed_partial
canceled           received           -                 resumed_received
canceled           closed             -                 resumed_closed
closed             open               -                 reopened_open
closed             partially_received -                 reopened_partial
closed             received           -                 reopened_received
closed             closed             -                 -
archived           open               -                 resumed_open
archived           partially_received -                 resumed_partial
archived           received           -                 resumed_received
archived           closed             -                 resumed_closed
"""
ROWS = [row.split() for row in EVENTS.strip().splitlines()]
SUMS_GIVE = ["open", "partially_received", "received", "closed"]


@pytest.mark.parametrize(("current", "target", "plain", "accepted"), ROWS)
def test_the_event_of_a_receipt(current: str, target: str, plain: str, accepted: str) -> None:
    assert (event_for(PoStatus(current), PoStatus(target)) or "-") == plain
    assert (event_for(PoStatus(current), PoStatus(target), accepted=True) or "-") == accepted


def test_the_table_of_events_is_whole() -> None:
    assert [(current, target) for current, target, *_ in ROWS] == [
        (current, target)
        for current in ["new", "open", "partially_received", "received", "error", "canceled", "closed", "archived"]
        for target in SUMS_GIVE
    ]


@pytest.mark.parametrize(("current", "target", "accepted"), list(product(PoStatus, SUMS_GIVE, [False, True])))
def test_the_events_lead_to_the_target_in_legal_moves(current: PoStatus, target: str, accepted: bool) -> None:
    status, wanted = current, PoStatus(target)
    for _ in range(2):
        event = event_for(status, wanted, accepted=accepted)
        status = next_status(status, event) if event else status
    stays = current in {"error", "canceled", "closed", "archived"} and (not accepted or current == "error")
    waits = (current, target) == ("new", "open")
    assert status == (current if stays or waits else wanted)
    assert event_for(status, wanted, accepted=accepted) is None


@pytest.mark.parametrize("current", PoStatus)
@pytest.mark.parametrize(
    ("target", "event"),
    [
        ("new", "resumed_new"),
        ("open", "resumed_open"),
        ("partially_received", "resumed_partial"),
        ("received", "resumed_received"),
        ("closed", "resumed_closed"),
    ],
)
def test_reprocess_resumes_only_a_halted_order(current: PoStatus, target: str, event: str) -> None:
    halted = current in {"error", "canceled", "closed", "archived"}
    found = event_to_resume(current, PoStatus(target))
    assert found == (event if halted and current != target else None)
    assert found is None or next_status(current, found) == target


@pytest.mark.parametrize("target", ["new", "error", "canceled", "archived"])
def test_receipts_lead_only_where_sums_can(target: str) -> None:
    with pytest.raises(IllegalTransition) as refused:
        event_for(PoStatus.OPEN, PoStatus(target))
    assert refused.value.message == f"Receipts cannot make a purchase order {target.title()}."


@pytest.mark.parametrize("target", ["error", "canceled", "archived"])
def test_reprocess_leads_only_where_facts_can(target: str) -> None:
    with pytest.raises(IllegalTransition) as refused:
        event_to_resume(PoStatus.ERROR, PoStatus(target))
    assert refused.value.message == f"Reprocess cannot make a purchase order {target.title()}."


@pytest.mark.parametrize(
    ("ordered", "received", "percent", "fits"),
    [
        ("100", "100", "0", True),
        ("100", "100.01", "0", False),
        ("100", "105", "5", True),
        ("100", "105.000001", "5", False),
        ("3", "3.1", "3.3", False),
        ("3", "3.099", "3.3", True),
        ("0", "0", "10", True),
        ("0", "1", "10", False),
    ],
)
def test_tolerance(ordered: str, received: str, percent: str, fits: bool) -> None:
    assert within_tolerance(Decimal(ordered), Decimal(received), Decimal(percent)) is fits


@pytest.mark.parametrize(
    ("last", "total", "new"),
    [(None, "5", "5"), ("0", "5", "5"), ("5", "5", "0"), ("5", "8.5", "3.5"), ("8", "6", "-2")],
)
def test_running_totals(last: str | None, total: str, new: str) -> None:
    assert delta(Decimal(last) if last else None, Decimal(total)) == Decimal(new)


QUANTITIES = st.decimals(0, 1000, places=3)
LINES = st.builds(LineSums, QUANTITIES, QUANTITIES, QUANTITIES, QUANTITIES, st.booleans())
ORDERS = st.lists(LINES, max_size=8)


@given(ORDERS, st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(lines: list[LineSums], random: Random) -> None:
    shuffled = list(lines)
    random.shuffle(shuffled)
    assert totals(shuffled) == totals(lines)


@given(LINES)
def test_a_line_is_never_both_short_and_over(sums: LineSums) -> None:
    assert outstanding(sums) >= 0
    assert surplus(sums) >= 0
    assert not (outstanding(sums) and surplus(sums))


@given(ORDERS, QUANTITIES, st.data())
def test_a_surplus_never_covers_another_line(lines: list[LineSums], more: Decimal, data: st.DataObject) -> None:
    lines = [*lines, LineSums(Decimal(10), received=Decimal(10))]
    chosen = data.draw(st.integers(0, len(lines) - 1))
    # Only a line that is full takes the extra units, so no line has less outstanding than before.
    lines[chosen] = replace(lines[chosen], received=lines[chosen].ordered)
    heaped = [replace(x, received=x.received + more) if n == chosen else x for n, x in enumerate(lines)]
    before, after = totals(lines), totals(heaped)
    assert (after.lines, after.full_lines, after.settled_lines) == (
        before.lines,
        before.full_lines,
        before.settled_lines,
    )
    assert after == before or (after.received_any and not before.received_any)


@given(ORDERS)
def test_counts_agree_with_the_lines(lines: list[LineSums]) -> None:
    counted = totals(lines)
    live = [x for x in lines if not x.left_out]
    assert 0 <= counted.full_lines <= counted.settled_lines <= counted.lines == len(live)
    status = rolled_up(counted)
    assert (status == "received") is (bool(live) and all(x.received_before + x.received >= x.ordered for x in live))
    assert (status in {"received", "closed"}) is (bool(live) and not any(outstanding(x) for x in live))
    assert status != "open" or not any(x.received for x in live)


RECEIPTS = st.lists(st.tuples(st.integers(0, 7), st.integers(-20, 20)), max_size=20)


@given(st.lists(st.builds(LineSums, ordered=st.integers(1, 20).map(Decimal)), min_size=1, max_size=8), RECEIPTS)
def test_receipt_by_receipt_ends_where_the_sums_do(lines: list[LineSums], receipts: list[tuple[int, int]]) -> None:
    status = PoStatus.OPEN
    for position, quantity in receipts:
        at = position % len(lines)
        lines[at] = replace(lines[at], received=max(Decimal(0), lines[at].received + quantity))
        status = walked(status, rolled_up(totals(lines)))
        assert status == rolled_up(totals(lines))


@given(ORDERS, st.lists(ORDERS, max_size=6))
def test_any_walk_through_sums_stays_legal(first: list[LineSums], later: list[list[LineSums]]) -> None:
    status = walked(PoStatus.OPEN, rolled_up(totals(first)))
    for lines in later:
        if status is PoStatus.CLOSED:
            break
        status = walked(status, rolled_up(totals(lines)))
        assert status == rolled_up(totals(lines))


def walked(status: PoStatus, target: PoStatus) -> PoStatus:
    while event := event_for(status, target):
        status = next_status(status, event)
    return status
