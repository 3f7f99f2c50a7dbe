"""Recording receipts: new, known, corrected, refused; what is stored and what it makes of the order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest

from app.connectors.contract import ReceiptDocument
from app.domain.errors import BadRecord, Refused
from app.domain.states import PoStatus, ReceiptState
from app.models import ReceiptOrigin
from app.services import receiving
from app.services.unit_of_work import unit_of_work
from tests.factories import NOON
from tests.services.receiving.dock import Dock, document, line, ordered


def test_a_partial_receipt_is_applied_at_once(dock: Dock):
    po = dock.order()
    recorded = dock.receive(po, "R1", line("A", 4, 1, lot="L7"), line("B", 5))
    assert (recorded.outcome, recorded.state) == ("new", ReceiptState.READY)
    assert dock.sums(po) == [(4, 1), (5, 0)]
    stored = dock.po(po)
    assert stored["status"] == "partially_received"
    assert stored["units_received"] == 9
    assert stored["last_receipt_at"] == dock.receipt(recorded.receipt_id)["created_at"]
    assert dock.statuses_waiting(po) == 1
    assert dock.told(po) == ["receipt", "status"]
    (told,) = dock.rows("SELECT data, actor FROM activity WHERE kind = 'receipt'")
    assert told["actor"] == "East Dock"
    assert told["data"] == {"receipt": "R1", "units": "9", "lines": 2, "lots": ["L7"], "warehouse": "East Dock"}


def test_everything_received_makes_the_order_received(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 4))
    dock.receive(po, "R2", line("A", 6), line("B", 5))
    assert dock.received(po) == [10, 5]
    assert dock.po(po)["status"] == "received"
    assert dock.po(po)["status_reason"] == "Every line was received in full."
    assert dock.statuses_waiting(po) == 1


def test_what_is_stored_is_what_was_received(dock: Dock):
    po = dock.order()
    recorded = dock.receive(
        po,
        "R1",
        line("A", 4, 1, lot="L7", expiry=date(2027, 1, 31), condition="wet", line_number=1, unit_of_measure="EA"),
        number=po.number,
        account="ACC",
        warehouse_ref="W-9",
        text='{"raw": 1}\x00',
    )
    stored = dock.receipt(recorded.receipt_id)
    assert stored["po_reference"] == f"key {po.number}"
    assert stored["references"] == {
        "document_key": f"key {po.number}",
        "warehouse_ref": "W-9",
        "account": "ACC",
        "number": po.number,
    }
    assert stored["text"] == '{"raw": 1}\ufffd'
    assert (stored["origin"], stored["created_by"], stored["received_at"]) == ("pull", "East Dock", NOON)
    assert (stored["merchant_id"], stored["purchase_order_id"]) == (po.merchant_id, po.id)
    assert stored["units"] == 4
    (kept,) = dock.lines(recorded.receipt_id)
    assert (kept["sku"], kept["received"], kept["damaged"], kept["lot"]) == ("A", 4, 1, "L7")
    assert (kept["expiry"], kept["condition"], kept["unit_of_measure"]) == (date(2027, 1, 31), "wet", "EA")
    assert kept["expected"] == 10
    (item,) = dock.rows("SELECT id FROM line_item WHERE purchase_order_id = %s AND sku = 'A'", po.id)
    assert kept["line_item_id"] == item["id"]


def test_the_same_receipt_twice_is_one_receipt(dock: Dock):
    po = dock.order()
    first = dock.receive(po, "R1", line("A", 4), line("B", 1))
    again = dock.receive(po, "R1", line("B", 1), line("A", 4))
    assert (again.receipt_id, again.outcome, again.state) == (first.receipt_id, "known", ReceiptState.READY)
    assert dock.received(po) == [4, 1]
    assert len(dock.rows("SELECT id FROM receipt")) == 1


def test_a_split_line_says_the_same_as_one_line(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 3), line("A", 1), line("B", 0))
    assert dock.receive(po, "R1", line("A", 4)).outcome == "known"


def test_the_same_receipt_by_two_ways_with_two_references_is_one_receipt(dock: Dock):
    po = dock.order()
    first = dock.report(document("R1", line("A", 4), number=po.number), ReceiptOrigin.WEBHOOK)
    again = dock.receive(po, "R1", line("A", 4))
    assert (again.receipt_id, again.outcome) == (first.receipt_id, "known")
    assert dock.receive(po, "R1", line("A", 6)).outcome == "correction"
    assert dock.received(po) == [6, 0]
    stored = dock.rows("SELECT po_reference, correction FROM receipt ORDER BY id")
    assert [(row["po_reference"], row["correction"]) for row in stored] == [(po.number, 0), (po.number, 1)]


def test_other_content_under_the_same_id_is_a_correction(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 10, lot="L1"), line("B", 2))
    assert dock.status(po) == "partially_received"
    recorded = dock.receive(po, "R1", line("A", 7, 1, lot="L1"), line("A", 1, lot="L2"), line("B", 5))
    assert (recorded.outcome, recorded.state) == ("correction", ReceiptState.READY)
    assert [(row["sku"], row["lot"], row["received"], row["damaged"]) for row in dock.lines(recorded.receipt_id)] == [
        ("A", "L1", -3, 1),
        ("A", "L2", 1, 0),
        ("B", "", 3, 0),
    ]
    assert dock.sums(po) == [(8, 1), (5, 0)]
    assert dock.receipt(recorded.receipt_id)["correction"] == 1
    (told,) = dock.rows("SELECT data FROM activity WHERE kind = 'receipt_correction'")
    assert told["data"] == {"receipt": "R1 (correction 1)", "correction": 1, "lines": 3, "units": "1"}


def test_a_correction_takes_a_received_order_back(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 10), line("B", 5))
    assert dock.status(po) == "received"
    dock.receive(po, "R1", line("A", 10))
    assert dock.status(po) == "partially_received"
    dock.receive(po, "R1")
    assert dock.received(po) == [0, 0]
    assert dock.status(po) == "open"
    dock.receive(po, "R1", line("A", 10), line("B", 5))
    assert dock.status(po) == "received"
    assert [row["correction"] for row in dock.rows("SELECT correction FROM receipt ORDER BY id")] == [0, 1, 2, 3]


def test_a_late_replay_of_an_older_report_changes_nothing(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 4))
    dock.receive(po, "R1", line("A", 6), minutes=5)
    assert dock.receive(po, "R1", line("A", 4)).outcome == "known"
    assert dock.received(po) == [6, 0]


def test_a_receipt_that_becomes_final_is_a_correction_without_lines(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 4))
    recorded = dock.receive(po, "R1", line("A", 4), final=True)
    assert recorded.outcome == "correction"
    assert dock.lines(recorded.receipt_id) == []
    assert dock.status(po) == "closed"
    assert dock.receive(po, "R1", line("A", 4)).outcome == "known"


def test_one_receipt_over_several_orders_is_one_row_for_each(dock: Dock):
    first, second = dock.order(), dock.order()
    dock.receive(first, "R1", line("A", 10), line("B", 5))
    dock.receive(second, "R1", line("A", 3))
    assert (dock.status(first), dock.status(second)) == ("received", "partially_received")
    assert len(dock.rows("SELECT id FROM receipt WHERE external_id = 'R1' AND correction = 0")) == 2


def test_zero_is_allowed_and_changes_nothing(dock: Dock):
    po = dock.order()
    recorded = dock.receive(po, "R1", line("A", 0), line("no such SKU", 0))
    assert recorded.state is ReceiptState.READY
    assert dock.received(po) == [0, 0]
    assert dock.status(po) == "open"


def test_an_order_in_error_still_takes_receipts_and_stays_there(dock: Dock):
    po = dock.order(status=PoStatus.ERROR, sent=True)
    assert dock.receive(po, "R1", line("A", 10), line("B", 5)).state is ReceiptState.READY
    assert dock.received(po) == [10, 5]
    assert dock.status(po) == "error"


def test_the_portal_cannot_receive_short_where_the_warehouse_must_receive_in_full(dock: Dock):
    dock.run_sql("UPDATE warehouse SET partial_receipts = false")
    po = dock.order()
    report = document("R1", line("A", 10), document_key=f"key {po.number}")
    with pytest.raises(Refused) as refusal:
        dock.report(report, ReceiptOrigin.PORTAL)
    assert refusal.value.sentence() == (
        "This warehouse receives an order in full or not at all: line 2 (SKU B) lacks 5."
        " Record the receipt when all goods are there."
    )
    assert dock.rows("SELECT id FROM receipt") == []
    full = replace(report, lines=[line("A", 10), line("B", 5)])
    assert dock.report(full, ReceiptOrigin.PORTAL).state is ReceiptState.READY


def test_a_caller_may_bring_its_own_transaction(dock: Dock):
    po = dock.order()
    report = document("R1", line("A", 1), document_key=f"key {po.number}")
    with pytest.raises(ZeroDivisionError), unit_of_work("a test") as unit:
        assert receiving.record(unit, dock.warehouse.id, report, ReceiptOrigin.API, "me").outcome == "new"
        raise ZeroDivisionError
    assert dock.rows("SELECT id FROM receipt") == []


BAD = [
    (document("", line("A", 1)), "Receipt without an id has no id. Send the warehouse's own id with every receipt."),
    (
        document("R", line("A", "NaN")),
        "Receipt R, line 1: the quantity NaN cannot be received. Send a number below 10^12.",
    ),
    (
        document("R", line("A", 1), line("B", "1e12")),
        "Receipt R, line 2: the quantity 1E+12 cannot be received. Send a number below 10^12.",
    ),
    (
        document("R", *[line("A", "9e11")] * 2),
        "Receipt R adds up to more than can be counted. Mend the quantities and send it again.",
    ),
    (
        document("R", line("A", 1, 2)),
        "Receipt R, line 1: 2 damaged is no part of 1 received. Count the damaged goods as received too.",
    ),
    (document("R", line(" ", 1)), "Receipt R, line 1 names neither a SKU nor a line. Send the SKU of every line."),
    (
        document("R", line("A", 1, line_number=-1)),
        "Receipt R, line 1: the line number is out of range. Send the line number of the purchase order.",
    ),
    (
        document("R", line("A", 1, pack_size=Decimal(0))),
        "Receipt R, line 1: a pack of 0 cannot be right. Send a pack size above zero.",
    ),
    (
        document("R", line("A\x00", 1)),
        "Receipt R, line 1 has a character that cannot be stored. Mend the text at the warehouse.",
    ),
    (
        document("R", line("A" * 301, 1)),
        "Receipt R, line 1 has an id or a mark of more than 300 characters. Shorten it.",
    ),
    (
        document("R", line("A", -1), cumulative=True),
        "Receipt R reports a total below zero. Send the total received so far for each line.",
    ),
    (document("R", problem="Row 3 has no quantity."), "Row 3 has no quantity."),
    (
        ReceiptDocument("R", datetime(2026, 3, 4), []),  # noqa: DTZ001 the point of the case
        "Receipt R has a time without a zone. Send the time with its zone.",
    ),
]


@pytest.mark.parametrize(("report", "words"), BAD, ids=lambda value: value[:50] if isinstance(value, str) else "")
def test_what_cannot_be_stored_is_refused_in_words(dock: Dock, report: ReceiptDocument, words: str):
    with pytest.raises(BadRecord) as refusal:
        dock.report(report)
    assert refusal.value.sentence() == words
    assert dock.rows("SELECT id FROM receipt") == []


def test_a_bad_receipt_harms_no_neighbour(dock: Dock):
    po = dock.order()
    key = f"key {po.number}"
    bad = document("R2", line("A", "NaN"), document_key=key)
    page = [
        document("R1", line("A", 1), document_key=key),
        bad,
        document("R1", line("A", 1), document_key=key),
        document("R1", line("A", 2), document_key=key),
        document("R3", line("B", 5), document_key=key),
    ]
    result = receiving.record_page(dock.warehouse.id, page, ReceiptOrigin.FILE, "file.csv")
    assert result.outcomes == {"new": 2, "known": 1, "correction": 1}
    assert result.counts() == {"seen": 5, "new": 2, "changed": 1, "unchanged": 1, "failed": 1}
    assert [(failed.receipt, failed.reason) for failed in result.failed] == [
        (bad, "Receipt R2, line 1: the quantity NaN cannot be received. Send a number below 10^12.")
    ]
    assert dock.received(po) == [2, 5]


def test_a_new_order_takes_the_receipt_as_proof_of_acceptance(dock: Dock):
    po = dock.order(status=PoStatus.NEW, sent=True, document="unknown", accepted_at=None)
    (ledger,) = dock.rows("SELECT id, po_key_id FROM document")
    dock.run_sql(
        "INSERT INTO delivery (kind, connection_id, merchant_id, po_key_id, purchase_order_id, external_id, number,"
        " document_id, state, unknown) VALUES ('create', %s, %s, %s, %s, 'x', 'x', %s, 'due', true)",
        po.connection_id, po.merchant_id, ledger["po_key_id"], po.id, ledger["id"],
    )  # fmt: skip
    dock.receive(po, "R0", line("A", 0))
    assert dock.status(po) == "new"
    dock.receive(po, "R1", line("A", 4), warehouse_ref="W-9")
    stored = dock.po(po)
    assert (stored["status"], stored["warehouse_ref"], stored["step"]) == ("partially_received", "W-9", "wait")
    assert stored["accepted_at"] is not None
    (kept,) = dock.rows("SELECT state, confirmed_version, warehouse_ref FROM document")
    assert kept == {"state": "accepted", "confirmed_version": 1, "warehouse_ref": "W-9"}
    (sent,) = dock.rows("SELECT state, unknown FROM delivery WHERE kind = 'create'")
    assert sent == {"state": "done", "unknown": False}


def test_a_receipt_for_an_order_in_error_proves_that_the_warehouse_has_it(dock: Dock):
    po = dock.order(status=PoStatus.ERROR, sent=True, document="unknown", accepted_at=None)
    dock.receive(po, "R1", line("A", 4))
    assert dock.status(po) == "error"
    assert dock.po(po)["accepted_at"] is not None
    assert dock.rows("SELECT state FROM document") == [{"state": "accepted"}]


def test_an_update_that_waits_still_goes_out_after_the_receipt(dock: Dock):
    po = dock.order(status=PoStatus.NEW, sent=True, document="unknown")
    (ledger,) = dock.rows("SELECT id, po_key_id FROM document")
    dock.run_sql(
        "INSERT INTO delivery (kind, connection_id, merchant_id, po_key_id, purchase_order_id, external_id, number,"
        " document_id, version) VALUES ('update', %s, %s, %s, %s, 'x', 'x', %s, 2)",
        po.connection_id, po.merchant_id, ledger["po_key_id"], po.id, ledger["id"],
    )  # fmt: skip
    dock.receive(po, "R1", line("A", 4))
    assert dock.status(po) == "partially_received"
    assert dock.rows("SELECT state FROM delivery WHERE kind = 'update'") == [{"state": "due"}]


def test_received_before_the_import_counts_as_received(dock: Dock):
    po = dock.order(ordered(1, "A", 10, received_before=Decimal(6)))
    dock.receive(po, "R1", line("A", 4))
    assert dock.received(po) == [4]
    assert dock.status(po) == "received"
