"""Senders of running totals: deltas against what that sender reported, per line, whatever became of its receipts."""

from __future__ import annotations

from typing import Any

import pytest

from app.connectors.contract import ReceivedLine
from app.domain.people import SYSTEM
from app.domain.states import ReceiptState
from app.models import PurchaseOrder
from app.services import receipt_actions, receiving
from app.services.receiving import Recorded
from tests.services.receiving.dock import Dock, document, line, ordered


def total(dock: Dock, po: PurchaseOrder, minutes: int, *lines: ReceivedLine, **values: Any) -> Recorded:
    """A report of running totals, under one id for all of them."""
    return dock.receive(po, "T1", *lines, minutes=minutes, cumulative=True, **values)


def stored(dock: Dock, recorded: Recorded) -> list[tuple[Any, ...]]:
    return [(row["sku"], row["received"], row["damaged"]) for row in dock.lines(recorded.receipt_id)]


def test_the_delta_against_the_last_total_is_stored_and_applied(dock: Dock):
    po = dock.order()
    first = total(dock, po, 0, line("A", 4), line("B", 0), text="totals 4 and 0")
    second = total(dock, po, 1, line("A", 7, 1), line("B", 5))
    assert (first.outcome, second.outcome) == ("new", "correction")
    assert stored(dock, first) == [("A", 4, 0)]
    assert stored(dock, second) == [("A", 3, 1), ("B", 5, 0)]
    assert dock.sums(po) == [(7, 1), (5, 0)]
    assert dock.receipt(first.receipt_id)["text"] == "totals 4 and 0"
    assert dock.rows("SELECT line_reference, total, damaged FROM reported_total ORDER BY 1") == [
        {"line_reference": "sku:A", "total": 7, "damaged": 1},
        {"line_reference": "sku:B", "total": 5, "damaged": 0},
    ]


def test_each_report_may_have_an_id_of_its_own(dock: Dock):
    po = dock.order()
    dock.receive(po, "T1", line("A", 4), cumulative=True)
    recorded = dock.receive(po, "T2", line("A", 9), cumulative=True, minutes=1)
    assert recorded.outcome == "new"
    assert dock.received(po) == [9, 0]


def test_the_same_totals_again_are_nothing_new(dock: Dock):
    po = dock.order()
    first = total(dock, po, 0, line("A", 4))
    again = total(dock, po, 1, line("A", 4))
    assert (again.outcome, again.receipt_id) == ("known", first.receipt_id)
    other = dock.receive(po, "T9", line("A", 4), cumulative=True, minutes=2)
    assert (other.outcome, other.receipt_id) == ("known", None)
    assert dock.received(po) == [4, 0]


def test_an_older_total_is_ignored_line_by_line(dock: Dock):
    po = dock.order()
    total(dock, po, 5, line("A", 7))
    assert total(dock, po, 3, line("A", 4)).outcome == "ignored"
    mixed = total(dock, po, 4, line("A", 5), line("B", 2))
    assert stored(dock, mixed) == [("B", 2, 0)]
    assert dock.received(po) == [7, 2]


def test_a_confirmed_total_makes_older_ones_old(dock: Dock):
    po = dock.order()
    total(dock, po, 1, line("A", 7))
    assert total(dock, po, 9, line("A", 7)).outcome == "known"
    assert total(dock, po, 5, line("A", 4)).outcome == "ignored"
    assert dock.received(po) == [7, 0]


def test_a_sender_may_correct_itself(dock: Dock):
    po = dock.order()
    total(dock, po, 0, line("A", 7))
    recorded = total(dock, po, 1, line("A", 5))
    assert stored(dock, recorded) == [("A", -2, 0)]
    assert dock.received(po) == [5, 0]


def test_a_line_that_is_not_mentioned_stays_as_it_was(dock: Dock):
    po = dock.order()
    total(dock, po, 0, line("A", 4), line("B", 1))
    total(dock, po, 1, line("B", 2))
    assert dock.received(po) == [4, 2]


def test_lots_of_one_line_are_one_total_and_the_newest_lot_takes_the_delta(dock: Dock):
    po = dock.order()
    total(dock, po, 0, line("A", 3, lot="L1"))
    second = total(dock, po, 1, line("A", 3, lot="L1"), line("A", 4, lot="L2"))
    assert [(row["lot"], row["received"]) for row in dock.lines(second.receipt_id)] == [("L2", 4)]
    third = total(dock, po, 2, line("A", 3, lot="L1"), line("A", 5, lot="L2"))
    assert [(row["lot"], row["received"]) for row in dock.lines(third.receipt_id)] == [("L2", 1)]
    assert dock.received(po) == [8, 0]


def test_two_lines_of_one_sku_have_totals_of_their_own(dock: Dock):
    po = dock.order(ordered(1, "A", 10), ordered(2, "A", 5))
    total(dock, po, 0, line("A", 4, line_number=1), line("A", 1, line_number=2))
    total(dock, po, 1, line("A", 4, line_number=1), line("A", 3, line_number=2))
    assert dock.received(po) == [4, 3]


def test_the_delta_is_not_taken_against_applied_receipts(dock: Dock):
    po = dock.order()
    held = total(dock, po, 0, line("A", 12))
    assert held.state is ReceiptState.ERROR
    receipt_actions.archive([held.receipt_id or 0], SYSTEM)
    recorded = dock.receive(po, "T2", line("A", 13), cumulative=True, minutes=1)
    assert stored(dock, recorded) == [("A", 1, 0)]
    assert dock.received(po) == [1, 0]


def test_an_archived_delta_does_not_stop_the_next_ones(dock: Dock):
    po = dock.order()
    first = total(dock, po, 0, line("A", 4))
    receipt_actions.archive([first.receipt_id or 0], SYSTEM)
    assert total(dock, po, 1, line("A", 6)).state is ReceiptState.READY
    assert dock.received(po) == [2, 0]


def test_a_total_that_was_too_high_is_judged_together_with_its_correction(dock: Dock):
    po = dock.order()
    assert total(dock, po, 0, line("A", 12)).state is ReceiptState.ERROR
    assert total(dock, po, 1, line("A", 10)).state is ReceiptState.READY
    assert dock.received(po) == [10, 0]
    assert [row["state"] for row in dock.rows("SELECT state FROM receipt ORDER BY id")] == ["ready", "ready"]


def test_totals_of_another_order_are_another_matter(dock: Dock):
    first, second = dock.order(), dock.order()
    total(dock, first, 0, line("A", 4))
    total(dock, second, 0, line("A", 6))
    assert (dock.received(first), dock.received(second)) == ([4, 0], [6, 0])


def test_totals_of_an_order_that_is_gone_are_forgotten(dock: Dock):
    po = dock.order(number="PO-7")
    dock.report(document("T1", line("A", 4), number="PO-7", cumulative=True))
    dock.run_sql("UPDATE po_key SET purchase_order_id = NULL, external_id = 'old'")
    dock.run_sql("DELETE FROM purchase_order WHERE id = %s", po.id)
    again = dock.order(number="PO-7", document=None)
    dock.report(document("T2", line("A", 6), number="PO-7", cumulative=True, minutes=1))
    assert dock.received(again) == [6, 0]


def test_totals_that_finish_the_order_without_a_delta_are_stored_once(dock: Dock):
    po = dock.order()
    total(dock, po, 0, line("A", 4))
    finished = total(dock, po, 1, line("A", 4), final=True)
    assert finished.outcome == "correction"
    assert dock.status(po) == "closed"
    assert total(dock, po, 2, line("A", 4), final=True).outcome == "known"


def test_totals_that_finish_an_order_that_is_not_here_yet_are_stored_once(dock: Dock):
    def report(minutes: int) -> Recorded:
        values: dict[str, Any] = {"number": "PO-7", "cumulative": True, "final": True}
        return dock.report(document("T1", line("A", 4), minutes=minutes, **values))

    first = report(0)
    assert (first.outcome, first.state) == ("new", ReceiptState.NEW)
    assert report(1) == Recorded(first.receipt_id, "known", ReceiptState.NEW)
    po = dock.order(number="PO-7")
    assert report(2) == Recorded(first.receipt_id, "known", ReceiptState.READY)
    assert (dock.received(po), dock.status(po)) == ([4, 0], "closed")


def test_a_first_total_of_zero_is_a_receipt_that_changes_nothing(dock: Dock):
    po = dock.order()
    assert total(dock, po, 0, line("A", 0)).outcome == "new"
    assert dock.status(po) == "open"


@pytest.mark.parametrize("matched_first", [True, False])
def test_totals_before_their_order_add_up_when_it_comes(dock: Dock, matched_first: bool):
    for minutes, quantity in enumerate((4, 6)):
        report = document(f"T{minutes}", line("A", quantity), number="PO-7", cumulative=True, minutes=minutes)
        assert dock.report(report).state is ReceiptState.NEW
    assert [row["received"] for row in dock.rows("SELECT received FROM receipt_line ORDER BY id")] == [4, 2]
    po = dock.order(number="PO-7")
    if matched_first:
        receiving.match_waiting()
        assert dock.received(po) == [6, 0]
    dock.report(document("T9", line("A", 9), number="PO-7", cumulative=True, minutes=9))
    receiving.match_waiting()
    assert dock.received(po) == [9, 0]
    late = document("T5", line("A", 7), number="PO-7", cumulative=True, minutes=5)
    assert dock.report(late).outcome == "ignored"
    assert dock.report(document("T9", line("A", 9), number="PO-7", cumulative=True, minutes=10)).outcome == "known"
    (kept,) = dock.rows("SELECT total FROM reported_total")
    assert kept["total"] == 9
