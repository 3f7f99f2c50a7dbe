"""Which purchase order a receipt is for, and receipts that come before it."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from rq import Queue

from app.domain.people import SYSTEM
from app.domain.states import PoStatus, ReceiptState
from app.jobs import receipts
from app.models import Connection, PurchaseOrder
from app.services import receipt_actions, receiving
from app.wakeups import QUEUE, Bell
from tests.services.receiving.dock import Dock, document, line, ordered


def account_of(dock: Dock, connection: Connection | None = None) -> str:
    merchant_id = (connection or dock.connection).merchant_id
    (row,) = dock.rows("SELECT account FROM merchant_at_warehouse WHERE merchant_id = %s", merchant_id)
    return str(row["account"])


def second_merchant(dock: Dock) -> Connection:
    """Another merchant at the same warehouse."""
    return dock.make.connection(warehouse=dock.warehouse)


def order_of(dock: Dock, connection: Connection, number: str) -> PurchaseOrder:
    return dock.make.purchase_order(connection, lines=[ordered(1, "A", 10)], status=PoStatus.OPEN, number=number)


def applied_to(dock: Dock, receipt_id: int | None) -> int | None:
    row = dock.receipt(receipt_id)
    assert (row["applied_at"] is None) == (row["purchase_order_id"] is None)
    found: int | None = row["purchase_order_id"]
    return found


def test_our_document_reference_wins_over_everything(dock: Dock):
    po, other = dock.order(), dock.order()
    dock.run_sql("UPDATE document SET warehouse_ref = 'W-9' WHERE key = %s", f"key {other.number}")
    report = document("R1", line("A", 1), document_key=f"key {po.number}", warehouse_ref="W-9", number=other.number)
    assert applied_to(dock, dock.report(report).receipt_id) == po.id


def test_the_warehouses_own_id_wins_over_the_number(dock: Dock):
    po, other = dock.order(), dock.order()
    dock.run_sql("UPDATE document SET warehouse_ref = 'W-9' WHERE key = %s", f"key {po.number}")
    report = document("R1", line("A", 1), document_key="unknown", warehouse_ref="W-9", number=other.number)
    assert applied_to(dock, dock.report(report).receipt_id) == po.id


def test_the_warehouses_own_id_may_be_known_to_the_order_alone(dock: Dock):
    po = dock.order(document=None, warehouse_ref="W-9")
    assert applied_to(dock, dock.report(document("R1", line("A", 1), warehouse_ref="W-9")).receipt_id) == po.id


def test_the_number_is_enough_if_one_order_fits(dock: Dock):
    po = dock.order()
    assert applied_to(dock, dock.report(document("R1", line("A", 1), number=po.number)).receipt_id) == po.id


def test_a_key_is_believed_only_from_the_warehouse_it_was_sent_to(dock: Dock):
    po = dock.order()
    stranger = dock.make.warehouse()
    dock.run_sql("UPDATE document SET warehouse_id = %s", stranger.id)
    recorded = dock.receive(po, "R1", line("A", 1))
    assert recorded.state is ReceiptState.NEW
    assert dock.received(po) == [0, 0]


def test_the_account_tells_orders_of_one_number_apart(dock: Dock):
    mine, theirs = dock.connection, second_merchant(dock)
    first, second = order_of(dock, mine, "PO-7"), order_of(dock, theirs, "PO-7")
    for connection, po, receipt in ((mine, first, "R1"), (theirs, second, "R2")):
        report = document(receipt, line("A", 1), number="PO-7", account=account_of(dock, connection))
        assert applied_to(dock, dock.report(report).receipt_id) == po.id


def test_several_orders_of_one_number_need_a_person(dock: Dock):
    order_of(dock, dock.connection, "PO-7")
    second = order_of(dock, second_merchant(dock), "PO-7")
    recorded = dock.report(document("R1", line("A", 1), number="PO-7"))
    assert dock.held(recorded.receipt_id) == (
        "which_po",
        (
            "Which PO? 2 purchase orders fit its reference PO-7 (PO-7). Ask the warehouse for our document reference,"
            " or archive what is not meant, then reprocess the receipt."
        ),
    )
    dock.run_sql("DELETE FROM purchase_order WHERE id = %s", second.id)
    (outcome,) = receipt_actions.reprocess([recorded.receipt_id or 0], SYSTEM)
    assert outcome.result == "done"
    assert dock.receipt(recorded.receipt_id)["state"] == "ready"


def test_an_order_at_this_warehouse_wins_over_one_elsewhere(dock: Dock):
    here = order_of(dock, dock.connection, "PO-7")
    elsewhere = order_of(dock, dock.connection, "PO-7")
    dock.run_sql("UPDATE purchase_order SET warehouse_id = %s WHERE id = %s", dock.make.warehouse().id, elsewhere.id)
    assert applied_to(dock, dock.report(document("R1", line("A", 1), number="PO-7")).receipt_id) == here.id


def test_an_order_at_another_warehouse_is_held_and_can_be_accepted(dock: Dock):
    po = dock.order()
    dock.run_sql("UPDATE purchase_order SET warehouse_id = %s", dock.make.warehouse().id)
    recorded = dock.receive(po, "R1", line("A", 1))
    assert dock.held(recorded.receipt_id) == (
        "other_warehouse",
        (
            f"Purchase order {po.number} is not expected at this warehouse."
            " Accept the receipt if the goods came here, or archive it."
        ),
    )
    assert receipt_actions.accept([recorded.receipt_id or 0], SYSTEM)[0].result == "done"
    assert dock.received(po) == [1, 0]


def test_a_receipt_without_any_reference_needs_a_person(dock: Dock):
    recorded = dock.report(document("R1", line("A", 1)))
    kind, words = dock.held(recorded.receipt_id)
    assert kind == "which_po"
    assert words.startswith("It names no purchase order.")


# ------------------------------------------------------------- before its order


def test_a_receipt_before_its_order_waits_and_is_matched_after_the_import(dock: Dock):
    account = account_of(dock)
    second_merchant(dock)
    recorded = dock.report(document("R1", line("A", 4), number="PO-7", account=account))
    stored = dock.receipt(recorded.receipt_id)
    assert (recorded.outcome, recorded.state) == ("new", ReceiptState.NEW)
    assert stored["state_reason"] == "Waiting for its purchase order."
    assert stored["merchant_id"] == dock.connection.merchant_id
    assert receipts.work() == 0
    po = dock.order(number="PO-7")
    assert receipts.work() == 1
    assert dock.received(po) == [4, 0]
    assert dock.receipt(recorded.receipt_id)["state"] == "ready"
    assert dock.status(po) == "partially_received"
    kinds = dock.rows("SELECT kind FROM activity WHERE receipt_id = %s ORDER BY id", recorded.receipt_id)
    assert [row["kind"] for row in kinds] == ["receipt_waiting", "receipt"]
    assert receipts.work() == 0


def test_the_same_report_again_finds_the_order_by_itself(dock: Dock):
    report = document("R1", line("A", 4), number="PO-7")
    waiting = dock.report(report)
    po = dock.order(number="PO-7")
    again = dock.report(report)
    assert (again.receipt_id, again.outcome, again.state) == (waiting.receipt_id, "known", ReceiptState.READY)
    assert dock.received(po) == [4, 0]


def test_a_correction_waits_with_its_receipt(dock: Dock):
    dock.report(document("R1", line("A", 12), number="PO-7"))
    assert dock.report(document("R1", line("A", 10), number="PO-7")).outcome == "correction"
    po = dock.order(number="PO-7")
    assert receiving.match_waiting() == 1
    assert dock.received(po) == [10, 0]
    assert [row["state"] for row in dock.rows("SELECT state FROM receipt ORDER BY id")] == ["ready", "ready"]
    assert dock.rows("SELECT id FROM reported_total") == []


def test_what_ends_an_order_is_matched_last(dock: Dock):
    dock.report(document("R2", line("A", 1), number="PO-7", final=True, minutes=-5))
    dock.report(document("R1", line("A", 4), number="PO-7"))
    po = dock.order(number="PO-7")
    assert receiving.match_waiting() == 2
    assert dock.received(po) == [5, 0]
    assert dock.status(po) == "closed"


def test_one_receipt_under_two_references_counts_once(dock: Dock):
    dock.report(document("R1", line("A", 4), number="PO-7"))
    dock.report(document("R1", line("A", 4), document_key="key PO-7"))
    po = dock.order(number="PO-7")
    receiving.match_waiting()
    assert dock.received(po) == [4, 0]
    rows = dock.rows("SELECT id, state, discrepancy FROM receipt ORDER BY id")
    assert [(row["state"], row["discrepancy"]) for row in rows] == [("ready", ""), ("error", "duplicate")]
    words = (
        "Receipt R1 counts already for this purchase order, under the reference PO-7."
        " Archive this one; or archive the other one, if this is right, and reprocess it."
    )
    assert dock.held(rows[1]["id"]) == ("duplicate", words)
    assert [outcome.message for outcome in receipt_actions.reprocess([rows[1]["id"]], SYSTEM)] == [words]
    assert dock.received(po) == [4, 0]


def test_a_duplicate_counts_once_the_other_one_was_archived(dock: Dock):
    first = dock.report(document("R1", line("A", 4), number="PO-7"))
    second = dock.report(document("R1", line("A", 4), document_key="key PO-7"))
    po = dock.order(number="PO-7")
    receiving.match_waiting()
    receipt_actions.archive([first.receipt_id or 0], SYSTEM)
    assert dock.received(po) == [0, 0]
    assert receipt_actions.reprocess([second.receipt_id or 0], SYSTEM)[0].result == "done"
    assert dock.received(po) == [4, 0]
    receipt_actions.reset([first.receipt_id or 0], SYSTEM)
    assert dock.held(first.receipt_id)[0] == "duplicate"
    assert dock.received(po) == [4, 0]


def test_a_held_duplicate_does_not_count_when_its_receipt_is_corrected(dock: Dock):
    dock.report(document("R1", line("A", 4), number="PO-7"))
    dock.report(document("R1", line("A", 4), document_key="key PO-7"))
    po = dock.order(number="PO-7")
    receiving.match_waiting()
    reports: list[dict[str, Any]] = [{"number": "PO-7"}, {"document_key": "key PO-7"}]
    for report in reports:
        assert dock.report(document("R1", line("A", 4), **report)).outcome == "known"
    corrected = dock.report(document("R1", line("A", 6), document_key="key PO-7"))
    assert (corrected.outcome, corrected.state) == ("correction", ReceiptState.READY)
    assert dock.received(po) == [6, 0]
    assert [row["state"] for row in dock.rows("SELECT state FROM receipt ORDER BY id")] == ["ready", "error", "ready"]


def test_a_receipt_is_given_up_after_seven_days(dock: Dock):
    old = dock.report(document("R1", line("A", 4), number="PO-7"))
    young = dock.report(document("R2", line("A", 4), number="PO-7"))
    assert receiving.give_up_waiting() == 0
    dock.run_sql("UPDATE receipt SET created_at = created_at - interval '7 days' WHERE id = %s", old.receipt_id)
    assert receiving.give_up_waiting() == 1
    assert dock.held(old.receipt_id) == (
        "no_po",
        (
            "No purchase order for it was imported within 7 days."
            " Import the order and reprocess the receipt, or archive it."
        ),
    )
    assert dock.receipt(young.receipt_id)["state"] == "new"
    po = dock.order(number="PO-7")
    assert [outcome.result for outcome in receipt_actions.reprocess([old.receipt_id or 0], SYSTEM)] == ["done"]
    assert dock.received(po) == [4, 0]


def test_reprocessing_a_waiting_receipt_says_that_it_waits(dock: Dock):
    recorded = dock.report(document("R1", line("A", 4), number="PO-7"))
    (outcome,) = receipt_actions.reprocess([recorded.receipt_id or 0], SYSTEM)
    assert (outcome.result, outcome.label) == ("skipped", "R1")
    assert outcome.message == "Its purchase order has not been imported yet; it waits for it."


@pytest.mark.parametrize("count", [450])
def test_many_waiting_receipts_are_matched_in_batches(dock: Dock, count: int):
    for number in range(count):
        dock.report(document(f"R{number}", line("A", 1), number="PO-7" if number % 90 == 0 else f"stray {number}"))
    po = dock.order(number="PO-7")
    assert receiving.match_waiting() == 5
    assert dock.received(po) == [5, 0]


def test_a_waiting_receipt_rings_so_that_an_import_that_just_ended_is_not_missed(
    dock: Dock, redis_url: str, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Bell, "_redis", None)
    Bell.hang(redis_url)
    dock.report(document("R1", line("A", 4), number="PO-7"))
    (job,) = Queue(QUEUE, connection=redis_client).get_jobs()
    assert job.func_name == "app.jobs.receipts.work"
    po = dock.order(number="PO-7")
    assert job.perform() == 1
    assert dock.received(po) == [4, 0]
    dock.receive(po, "R2", line("A", 1))
    assert len(Queue(QUEUE, connection=redis_client).get_jobs()) == 1
