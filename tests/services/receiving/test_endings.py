"""How orders end: the warehouse finishes them, cancels them, and what brings them back."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.people import SYSTEM
from app.domain.states import PoEvent, PoStatus, ReceiptState
from app.models import PurchaseOrder
from app.services import applying, receipt_actions, transitions
from app.services.receiving import Recorded
from app.services.unit_of_work import unit_of_work
from tests.services.receiving.dock import Dock, document, line, ordered


def short(dock: Dock, po: PurchaseOrder) -> list[tuple[Any, ...]]:
    rows = dock.rows(
        "SELECT closed_short_quantity, closed_short_reason FROM line_item WHERE purchase_order_id = %s"
        " ORDER BY position",
        po.id,
    )
    return [tuple(row.values()) for row in rows]


def documents(dock: Dock) -> list[str]:
    return [row["state"] for row in dock.rows("SELECT state FROM document ORDER BY id")]


BY_WAREHOUSE = "finished by the warehouse"

# ------------------------------------------------------------- final receipts


def test_a_final_receipt_closes_short_what_is_missing(dock: Dock):
    po = dock.order()
    recorded = dock.receive(po, "R1", line("A", 4), line("B", 5), final=True)
    assert recorded.state is ReceiptState.READY
    assert dock.status(po) == "closed"
    assert short(dock, po) == [(6, BY_WAREHOUSE), (0, None)]
    assert documents(dock) == ["finished"]
    assert dock.po(po)["status_reason"] == "Nothing more is expected: what is missing was closed short."
    assert dock.receive(po, "R2", line("A", 1)).state is ReceiptState.ERROR


def test_a_final_receipt_of_everything_makes_the_order_received(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 10), line("B", 5), final=True)
    assert dock.status(po) == "received"
    assert short(dock, po) == [(0, None), (0, None)]


def test_a_final_receipt_of_nothing_ends_a_new_order_too(dock: Dock):
    po = dock.order(status=PoStatus.NEW, sent=True, document="unknown")
    dock.receive(po, "R1", line("A", 0), final=True)
    assert dock.status(po) == "closed"
    assert documents(dock) == ["finished"]
    assert short(dock, po) == [(10, BY_WAREHOUSE), (5, BY_WAREHOUSE)]


def test_a_finished_document_withdraws_what_waited_for_it(dock: Dock):
    po = dock.order()
    (ledger,) = dock.rows("SELECT id, po_key_id FROM document")
    dock.run_sql(
        "INSERT INTO delivery (kind, connection_id, merchant_id, po_key_id, purchase_order_id, external_id, number,"
        " document_id, version) VALUES ('update', %s, %s, %s, %s, 'x', 'x', %s, 2)",
        po.connection_id, po.merchant_id, ledger["po_key_id"], po.id, ledger["id"],
    )  # fmt: skip
    dock.receive(po, "R1", line("A", 4), final=True)
    assert dock.rows("SELECT state FROM delivery WHERE kind = 'update'") == [{"state": "superseded"}]


def test_a_late_receipt_that_a_person_accepts_fills_what_was_closed_short(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 4), line("B", 5), final=True)
    late = dock.receive(po, "R2", line("A", 2))
    receipt_actions.accept([late.receipt_id or 0], SYSTEM)
    assert (dock.status(po), short(dock, po)[0]) == ("closed", (4, BY_WAREHOUSE))
    later = dock.receive(po, "R3", line("A", 4))
    receipt_actions.accept([later.receipt_id or 0], SYSTEM)
    assert (dock.status(po), short(dock, po)[0]) == ("received", (0, None))


def test_a_correction_of_a_finished_order_is_closed_short_as_well(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 10), line("B", 5), final=True)
    dock.receive(po, "R1", line("A", 8), line("B", 5))
    assert (dock.status(po), short(dock, po)[0]) == ("closed", (2, BY_WAREHOUSE))


def test_archiving_the_final_receipt_takes_the_ending_back(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 4))
    final = dock.receive(po, "R2", line("A", 6), final=True)
    assert dock.status(po) == "closed"
    receipt_actions.archive([final.receipt_id or 0], SYSTEM)
    assert dock.received(po) == [4, 0]
    assert short(dock, po) == [(0, None), (0, None)]
    assert documents(dock) == ["accepted"]
    assert dock.status(po) == "closed"
    with unit_of_work("resume") as unit:
        assert applying.resume(unit, [po.id], "Dana") == {po.id: PoStatus.PARTIALLY_RECEIVED}
    assert dock.status(po) == "partially_received"


def test_an_order_stays_finished_as_long_as_one_final_receipt_counts(dock: Dock):
    po = dock.order()
    first = dock.receive(po, "R1", line("A", 4), final=True)
    second = dock.receive(po, "R2", line("A", 1), final=True)
    receipt_actions.accept([second.receipt_id or 0], SYSTEM)
    receipt_actions.archive([second.receipt_id or 0], SYSTEM)
    assert (short(dock, po)[0], documents(dock)) == ((6, BY_WAREHOUSE), ["finished"])
    receipt_actions.archive([first.receipt_id or 0], SYSTEM)
    assert (short(dock, po)[0], documents(dock)) == ((0, None), ["accepted"])


def test_a_document_that_is_being_canceled_is_left_to_its_cancellation(dock: Dock):
    po = dock.order(document="canceling")
    dock.receive(po, "R1", line("A", 4), final=True)
    assert (dock.status(po), documents(dock)) == ("closed", ["canceling"])


def test_what_a_person_closed_short_stays_as_it_is(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 4))
    dock.run_sql("UPDATE line_item SET closed_short_quantity = 6, closed_short_reason = 'broken' WHERE sku = 'A'")
    final = dock.receive(po, "R2", line("A", 2), line("B", 1), final=True)
    assert short(dock, po) == [(6, "broken"), (4, BY_WAREHOUSE)]
    receipt_actions.archive([final.receipt_id or 0], SYSTEM)
    assert short(dock, po) == [(6, "broken"), (0, None)]


def test_a_line_that_a_person_reopened_is_not_closed_again_by_the_old_receipt(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 4), line("B", 2), final=True)
    dock.run_sql("UPDATE purchase_order SET reopened_at = clock_timestamp()")
    dock.run_sql("UPDATE line_item SET closed_short_quantity = 0, closed_short_reason = NULL WHERE sku = 'A'")
    with unit_of_work("reopen") as unit:
        assert applying.recompute(unit, [po.id], "Dana", accepted=True) == {po.id: PoStatus.PARTIALLY_RECEIVED}
    assert short(dock, po) == [(0, None), (3, BY_WAREHOUSE)]
    dock.receive(po, "R2", line("A", 6))
    assert dock.status(po) == "closed"
    dock.receive(po, "R3", line("A", 1), final=True)
    assert short(dock, po) == [(0, None), (3, BY_WAREHOUSE)]


def test_a_left_out_line_is_never_closed_short(dock: Dock):
    po = dock.order(ordered(1, "A", 10), ordered(2, "B", 5))
    dock.run_sql("UPDATE line_item SET left_out_by = 'a rule' WHERE sku = 'B'")
    dock.receive(po, "R1", line("A", 4), final=True)
    assert (dock.status(po), short(dock, po)) == ("closed", [(6, BY_WAREHOUSE), (0, None)])


def test_an_order_in_error_resumes_where_its_receipts_say(dock: Dock):
    po = dock.order(status=PoStatus.ERROR, sent=True)
    dock.receive(po, "R1", line("A", 10), line("B", 5))
    with unit_of_work("resume") as unit:
        applying.resume(unit, [po.id], "Dana")
    assert dock.status(po) == "received"
    assert dock.po(po)["status_reason"] == "Resumed by a person."
    assert dock.statuses_waiting(po) == 1


# ------------------------------------------------------------- canceled by the warehouse


def cancel(dock: Dock, po: PurchaseOrder, **values: Any) -> Recorded:
    return dock.report(document("C1", document_key=f"key {po.number}", canceled=True, **values))


@pytest.mark.parametrize("got", [0, 4])
def test_an_order_that_the_warehouse_canceled_is_closed(dock: Dock, got: int):
    po = dock.order()
    dock.receive(po, "R1", line("A", got))
    dock.run_sql("UPDATE delivery SET state = 'done' WHERE kind = 'status'")
    recorded = cancel(dock, po)
    assert recorded == Recorded(None, "new", None)
    assert (dock.status(po), dock.po(po)["status_reason"]) == ("closed", "East Dock canceled it.")
    assert documents(dock) == ["canceled"]
    assert dock.statuses_waiting(po) == 1
    assert dock.told(po)[-2:] == ["warehouse_canceled", "status"]
    assert cancel(dock, po).outcome == "known"


@pytest.mark.parametrize("values", [{"warehouse_ref": "W-9"}, {"number": "PO-7"}])
def test_a_cancellation_may_name_the_order_in_other_ways(dock: Dock, values: dict[str, Any]):
    po = dock.order(number="PO-7")
    dock.run_sql("UPDATE document SET warehouse_ref = 'W-9'")
    assert dock.report(document("C1", canceled=True, **values)).outcome == "new"
    assert dock.status(po) == "closed"


def test_a_new_order_that_the_warehouse_canceled_needs_a_person(dock: Dock):
    po = dock.order(status=PoStatus.NEW, sent=True, document="unknown")
    (ledger,) = dock.rows("SELECT id, po_key_id FROM document")
    dock.run_sql(
        "INSERT INTO delivery (kind, connection_id, merchant_id, po_key_id, purchase_order_id, external_id, number,"
        " document_id) VALUES ('create', %s, %s, %s, %s, 'x', 'x', %s)",
        po.connection_id, po.merchant_id, ledger["po_key_id"], po.id, ledger["id"],
    )  # fmt: skip
    assert cancel(dock, po).outcome == "new"
    stored = dock.po(po)
    assert stored["status"] == "error"
    assert stored["status_reason"] == (
        "East Dock canceled its document. Reprocess to send a new one, or archive the purchase order."
    )
    assert dock.rows("SELECT state FROM delivery WHERE kind = 'create'") == [{"state": "superseded"}]


@pytest.mark.parametrize(
    ("state", "outcome"),
    [("planned", "ignored"), ("canceling", "known"), ("finished", "known"), ("absent", "known"), ("canceled", "known")],
)
def test_a_cancellation_of_what_is_not_there_changes_nothing(dock: Dock, state: str, outcome: str):
    po = dock.order(document=state)
    assert cancel(dock, po).outcome == outcome
    assert (dock.status(po), documents(dock)) == ("open", [state])


@pytest.mark.parametrize("values", [{"number": "PO-7"}, {"warehouse_ref": "W-9"}, {}])
def test_a_cancellation_of_nothing_we_know_is_ignored(dock: Dock, values: dict[str, Any]):
    assert dock.report(document("", canceled=True, **values)) == Recorded(None, "ignored", None)


def test_an_ended_order_keeps_its_status_when_the_warehouse_cancels(dock: Dock):
    po = dock.order()
    with unit_of_work("fail") as unit:
        transitions.move(unit, po.id, PoEvent.FAILED, actor="test", reason="broken")
    assert cancel(dock, po).outcome == "new"
    assert (dock.status(po), documents(dock)) == ("error", ["canceled"])


def test_the_ledger_of_a_deleted_order_hears_the_cancellation(dock: Dock):
    po = dock.order()
    dock.run_sql("UPDATE po_key SET purchase_order_id = NULL")
    dock.run_sql("DELETE FROM purchase_order WHERE id = %s", po.id)
    assert cancel(dock, po).outcome == "new"
    assert documents(dock) == ["canceled"]
