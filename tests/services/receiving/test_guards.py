"""What holds a receipt, in which words, and what a person may accept."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from app.connectors.contract import ReceivedLine
from app.domain.people import SYSTEM, Reader, Role
from app.domain.record import LineRecord
from app.domain.states import PoStatus, ReceiptState
from app.models import SharedSku
from app.services import receipt_actions
from tests.services.receiving.dock import Dock, line, ordered

DANA = Reader(Role.ADMIN, "Dana", 1, None, None)


@dataclass(frozen=True)
class Case:
    """A receipt for an order, and why it is held."""

    name: str
    kind: str
    words: str
    goods: tuple[ReceivedLine, ...]
    lines: tuple[LineRecord, ...] = ()
    order: dict[str, Any] = field(default_factory=dict)
    warehouse: str = ""
    accepted: tuple[str, list[int]] | None = None
    """The order's status and its lines' sums once a person has accepted; None if nothing can be accepted."""


CASES = [
    Case(
        "after close",
        "after_close",
        "Purchase order PO-1 is Closed. Accept the receipt to count it and move the order by its sums, or archive the"
        " receipt.",
        (line("A", 4),),
        order={"status": PoStatus.CLOSED},
        accepted=("partially_received", [4, 0]),
    ),
    Case(
        "after cancel",
        "after_close",
        "Purchase order PO-1 is Canceled. Accept the receipt to count it and move the order by its sums, or archive"
        " the receipt.",
        (line("A", 10), line("B", 5)),
        order={"status": PoStatus.CANCELED},
        accepted=("received", [10, 5]),
    ),
    Case(
        "after archive",
        "after_close",
        "Purchase order PO-1 is Archived. Accept the receipt to count it and move the order by its sums, or archive"
        " the receipt.",
        (line("A", 4),),
        order={"status": PoStatus.ARCHIVED},
        accepted=("partially_received", [4, 0]),
    ),
    Case(
        "never sent",
        "never_sent",
        "Purchase order PO-1 was never sent to a warehouse. Accept the receipt if the goods are there, or send the"
        " order and reprocess the receipt.",
        (line("A", 4),),
        order={"status": PoStatus.NEW, "document": "planned"},
        accepted=("partially_received", [4, 0]),
    ),
    Case(
        "over the tolerance",
        "over",
        "More arrived than ordered: line 1 (SKU A) 12 of 10, line 2 (SKU B) 6 of 5 (tolerance 10 %)."
        " Accept it as surplus, or ask the warehouse to correct it.",
        (line("A", 12), line("B", 6)),
        warehouse="over_receipt_percent = 10",
        accepted=("received", [12, 6]),
    ),
    Case(
        "over counts what came before the import",
        "over",
        "More arrived than ordered: line 1 (SKU A) 11 of 10 (tolerance 0 %)."
        " Accept it as surplus, or ask the warehouse to correct it.",
        (line("A", 5),),
        lines=(ordered(1, "A", 10, received_before=Decimal(6)),),
        accepted=("received", [5]),
    ),
    Case(
        "short where partial receipts are not allowed",
        "short",
        "This warehouse receives an order in full or not at all: line 1 (SKU A) lacks 6, line 2 (SKU B) lacks 5."
        " Receive the rest with it, or let a person accept it as it is.",
        (line("A", 4),),
        warehouse="partial_receipts = false",
        accepted=("partially_received", [4, 0]),
    ),
    Case(
        "unknown SKU",
        "unknown_sku",
        "SKU C: not on any line of the purchase order. Ask the warehouse for the right SKU or line, or the source to"
        " add the line, then reprocess the receipt.",
        (line("A", 4), line("C", 1)),
    ),
    Case(
        "unknown unit",
        "unknown_unit",
        "On line 1 (SKU A): The quantity 4 is in KG and the purchase order line is in EA; how many of one make the"
        " other is not known. Give the pack size on the line or on the receipt, or correct the unit.",
        (line("A", 4, unit_of_measure="KG"),),
    ),
    Case(
        "a shared SKU, and the store wants to be asked",
        "shared_sku",
        "SKU A is on lines 1, 2, and the receipt does not say which of them it is for. Ask the warehouse for the line,"
        " or let the store fill lines in order; then reprocess the receipt.",
        (line("A", 4),),
        lines=(ordered(1, "A", 10), ordered(2, "A", 5)),
        order={"ask": True},
    ),
    Case(
        "more taken off than there is",
        "negative",
        "It takes 4 off line 1 (SKU A), where 0 were received. Ask the warehouse for the right quantity; if it"
        " corrects a receipt in Error, settle that one first.",
        (line("A", -4),),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_held_and_accepted(dock: Dock, case: Case):
    values = dict(case.order)
    if values.pop("ask", False):
        dock.run_sql("UPDATE store SET shared_sku = %s", SharedSku.ASK.value)
    if case.warehouse:
        dock.run_sql(f"UPDATE warehouse SET {case.warehouse}")
    po = dock.order(*case.lines, number="PO-1", **values)
    before = dock.po(po)
    recorded = dock.receive(po, "R1", *case.goods)
    assert (recorded.outcome, recorded.state) == ("new", ReceiptState.ERROR)
    assert dock.held(recorded.receipt_id) == (case.kind, case.words)
    assert dock.po(po) == before
    assert dock.told(po) == ["receipt_state", "receipt_held"]
    assert dock.statuses_waiting(po) == 0
    (outcome,) = receipt_actions.accept([recorded.receipt_id or 0], DANA)
    if case.accepted is None:
        assert (outcome.result, outcome.message) == ("skipped", "Nothing of it can be accepted as it is.")
        assert dock.held(recorded.receipt_id)[0] == case.kind
        return
    status, sums = case.accepted
    assert outcome.result == "done"
    assert (dock.status(po), dock.received(po)) == (status, sums)
    stored = dock.receipt(recorded.receipt_id)
    assert (stored["state"], stored["discrepancy"], stored["state_reason"]) == ("ready", "", "")
    assert stored["accepted_by"] == "Dana"
    assert dock.statuses_waiting(po) == 1
    assert dock.rows("SELECT actor FROM activity WHERE kind = 'receipt'") == [{"actor": "Dana"}]


def test_accepting_a_receipt_for_an_order_that_was_never_sent_settles_its_send(dock: Dock):
    po = dock.order(status=PoStatus.NEW, document="planned")
    (ledger,) = dock.rows("UPDATE document SET version = 3 RETURNING id, po_key_id")
    dock.run_sql(
        "INSERT INTO delivery (kind, connection_id, merchant_id, po_key_id, purchase_order_id, external_id, number,"
        " document_id, version) VALUES ('create', %s, %s, %s, %s, 'x', 'x', %s, 3)",
        po.connection_id, po.merchant_id, ledger["po_key_id"], po.id, ledger["id"],
    )  # fmt: skip
    recorded = dock.receive(po, "R1", line("A", 4))
    receipt_actions.accept([recorded.receipt_id or 0], DANA)
    assert dock.rows("SELECT state, confirmed_version FROM document") == [{"state": "accepted", "confirmed_version": 3}]
    assert dock.rows("SELECT state FROM delivery WHERE kind = 'create'") == [{"state": "done"}]
    assert dock.po(po)["sent_at"] is not None
    assert dock.receive(po, "R2", line("A", 1)).state is ReceiptState.READY


def test_inside_the_tolerance_is_accepted_and_shown_as_surplus(dock: Dock):
    dock.run_sql("UPDATE warehouse SET over_receipt_percent = 10")
    po = dock.order()
    assert dock.receive(po, "R1", line("A", 11), line("B", 5)).state is ReceiptState.READY
    assert dock.status(po) == "received"
    (told,) = dock.rows("SELECT data ->> 'over' AS over FROM activity WHERE kind = 'receipt'")
    assert told["over"] == "1"


def test_over_is_judged_by_line_and_not_by_sku(dock: Dock):
    po = dock.order(ordered(1, "A", 10), ordered(2, "A", 5))
    assert dock.receive(po, "R1", line("A", 9, line_number=2)).state is ReceiptState.ERROR


def test_over_is_judged_over_all_receipts(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 6))
    assert dock.receive(po, "R2", line("A", 6)).state is ReceiptState.ERROR
    assert dock.receive(po, "R3", line("A", 4)).state is ReceiptState.READY


def test_what_is_not_applied_does_not_count_for_the_guards(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 6))
    dock.run_sql("UPDATE receipt SET applied_at = NULL, state = 'error'")
    assert dock.receive(po, "R2", line("A", 10)).state is ReceiptState.READY
    assert dock.received(po) == [10, 0]


def test_a_line_lowered_below_what_was_received_leaves_done_receipts_alone(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 8))
    dock.run_sql("UPDATE line_item SET quantity = 5 WHERE sku = 'A'")
    assert dock.receive(po, "R2", line("A", 0), line("B", 5)).state is ReceiptState.READY
    assert dock.received(po) == [8, 5]
    assert dock.status(po) == "received"
    assert dock.receive(po, "R3", line("A", 1)).state is ReceiptState.ERROR


def test_a_left_out_line_is_found_by_its_own_reference_only(dock: Dock):
    po = dock.order(ordered(1, "A", 10), ordered(2, "A", 5))
    dock.run_sql("UPDATE line_item SET left_out_by = 'a rule' WHERE line_number = 1")
    assert dock.receive(po, "R1", line("A", 5)).state is ReceiptState.READY
    assert dock.received(po) == [0, 5]
    assert dock.status(po) == "received"
    recorded = dock.receive(po, "R2", line("A", 1, line_number=1))
    assert dock.held(recorded.receipt_id)[1] == (
        "More arrived than ordered: line 1 (SKU A) 1 of 0 (tolerance 0 %). A rule left that line out of the order."
        " Accept it as surplus, or ask the warehouse to correct it."
    )


def test_a_correction_of_a_held_receipt_is_judged_together_with_it(dock: Dock):
    po = dock.order()
    assert dock.receive(po, "R1", line("A", 12)).state is ReceiptState.ERROR
    corrected = dock.receive(po, "R1", line("A", 10))
    assert (corrected.outcome, corrected.state) == ("correction", ReceiptState.READY)
    assert dock.received(po) == [10, 0]
    rows = dock.rows("SELECT state, discrepancy, units FROM receipt ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [("ready", "", 12), ("ready", "", -2)]


def test_a_correction_of_an_archived_receipt_needs_a_person(dock: Dock):
    po = dock.order()
    first = dock.receive(po, "R1", line("A", 8))
    receipt_actions.archive([first.receipt_id or 0], DANA)
    assert dock.receive(po, "R1", line("A", 8)).state is ReceiptState.ARCHIVED
    corrected = dock.receive(po, "R1", line("A", 9))
    assert dock.held(corrected.receipt_id) == (
        "archived",
        "It corrects receipt R1, which was archived. Archive the correction too, or reset both receipts.",
    )
    receipt_actions.reset([first.receipt_id or 0, corrected.receipt_id or 0], SYSTEM)
    assert dock.received(po) == [9, 0]


def test_a_correction_that_makes_a_sum_negative_is_held(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 8), line("B", 2))
    first = dock.rows("SELECT id FROM receipt")[0]["id"]
    receipt_actions.archive([first], DANA)
    recorded = dock.receive(po, "R2", line("A", 1), line("B", -2))
    assert dock.held(recorded.receipt_id)[0] == "negative"
    assert dock.received(po) == [0, 0]
