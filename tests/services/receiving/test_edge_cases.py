"""The cases of the field that must be right, each by its name, through the whole service."""

from __future__ import annotations

from decimal import Decimal

from app.domain.people import SYSTEM
from app.domain.states import PoStatus, ReceiptState
from app.models import ReceiptOrigin
from app.services import receipt_actions, receiving
from app.services.receiving_waiting import let_go
from app.services.unit_of_work import unit_of_work
from tests.services.receiving.dock import Dock, document, line, ordered


def test_the_same_sku_on_two_lines_by_line_number(dock: Dock):
    po = dock.order(ordered(1, "A", 10), ordered(2, "A", 5))
    recorded = dock.receive(po, "R1", line("A", 2, line_number=2), line("A", 3, line_number=1))
    assert dock.received(po) == [3, 2]
    items = dock.rows("SELECT id FROM line_item WHERE purchase_order_id = %s ORDER BY position", po.id)
    matched = [row["line_item_id"] for row in dock.lines(recorded.receipt_id)]
    assert matched == [items[1]["id"], items[0]["id"]]


def test_the_same_sku_on_two_lines_by_the_sources_line_id(dock: Dock):
    po = dock.order(ordered(1, "A", 10, source_line_id="x1"), ordered(2, "A", 5, source_line_id="x2"))
    dock.receive(po, "R1", line("A", 2, source_line_id="x2"))
    assert dock.received(po) == [0, 2]


def test_the_same_sku_on_two_lines_fills_them_in_order_where_the_line_is_not_told(dock: Dock):
    po = dock.order(ordered(1, "A", 10), ordered(2, "A", 5))
    recorded = dock.receive(po, "R1", line("A", 12, 11))
    assert dock.sums(po) == [(10, 10), (2, 1)]
    (kept,) = dock.lines(recorded.receipt_id)
    assert (kept["line_item_id"], kept["expected"]) == (None, None)
    dock.receive(po, "R1", line("A", 9, 1))
    assert dock.sums(po) == [(9, 1), (0, 0)]
    dock.receive(po, "R2", line("A", 6))
    assert dock.status(po) == "received"


def test_the_same_lot_on_two_lines(dock: Dock):
    po = dock.order(ordered(1, "A", 10), ordered(2, "B", 5))
    recorded = dock.receive(po, "R1", line("A", 10, lot="L1"), line("B", 5, lot="L1"))
    assert recorded.state is ReceiptState.READY
    assert dock.received(po) == [10, 5]
    assert dock.rows("SELECT data -> 'lots' AS lots FROM activity WHERE kind = 'receipt'") == [{"lots": ["L1"]}]


def test_a_lot_split(dock: Dock):
    po = dock.order()
    recorded = dock.receive(po, "R1", line("A", 4, lot="L1"), line("A", 6, lot="L2"), line("B", 5))
    assert dock.received(po) == [10, 5]
    assert [(row["lot"], row["received"]) for row in dock.lines(recorded.receipt_id)] == [
        ("L1", 4),
        ("L2", 6),
        ("", 5),
    ]
    assert len(dock.rows("SELECT id FROM allocation")) == 3


def test_a_split_of_one_lot_over_two_rows_that_look_alike(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 4, lot="L1"), line("A", 6, lot="L1"))
    assert dock.received(po) == [10, 0]


def test_packs_against_eaches(dock: Dock):
    po = dock.order(
        ordered(1, "A", 48, unit_of_measure="EA"), ordered(2, "B", 2, unit_of_measure="CS", pack_size=Decimal(12))
    )
    recorded = dock.receive(
        po, "R1", line("A", 4, unit_of_measure="CS", pack_size=Decimal(12)), line("B", 23, unit_of_measure="EA")
    )
    assert dock.received(po) == [48, Decimal("1.916667")]
    assert [row["expected"] for row in dock.lines(recorded.receipt_id)] == [4, 24]
    assert dock.status(po) == "partially_received"
    dock.receive(po, "R2", line("B", 1, unit_of_measure="EA"))
    assert dock.received(po) == [48, 2]
    assert dock.status(po) == "received"


def test_a_receipt_spanning_several_orders_holds_only_the_part_that_is_wrong(dock: Dock):
    first, second, third = dock.order(), dock.order(), "PO that is not here yet"
    page = [
        document("R1", line("A", 10), document_key=f"key {first.number}"),
        document("R1", line("Z", 1), document_key=f"key {second.number}"),
        document("R1", line("A", 1), number=third),
    ]
    result = receiving.record_page(dock.warehouse.id, page, ReceiptOrigin.PULL, "East Dock")
    assert result.outcomes == {"new": 3}
    rows = dock.rows("SELECT state, purchase_order_id FROM receipt ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [("ready", first.id), ("error", second.id), ("new", None)]
    assert (dock.received(first), dock.received(second)) == ([10, 0], [0, 0])


def test_damaged_goods_are_a_part_of_those_received(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 10, 10), line("B", 5, 1))
    assert dock.sums(po) == [(10, 10), (5, 1)]
    assert dock.status(po) == "received"


def test_the_sums_are_those_of_applied_receipts_only(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 4))
    dock.receive(po, "R2", line("A", 40))
    dock.receive(po, "R3", line("Z", 4))
    archived = dock.receive(po, "R4", line("B", 1))
    receipt_actions.archive([archived.receipt_id or 0], SYSTEM)
    assert dock.received(po) == [4, 0]
    assert dock.po(po)["units_received"] == 4


def test_a_surplus_on_one_line_never_covers_another(dock: Dock):
    dock.run_sql("UPDATE warehouse SET over_receipt_percent = 100")
    po = dock.order(ordered(1, "A", 10), ordered(2, "B", 10))
    dock.receive(po, "R1", line("A", 20))
    assert dock.po(po)["units_received"] == dock.po(po)["units_ordered"]
    assert dock.status(po) == "partially_received"


def test_a_receipt_for_a_received_order_is_over(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 10), line("B", 5))
    extra = dock.receive(po, "R2", line("B", 1))
    assert dock.held(extra.receipt_id)[0] == "over"
    assert dock.status(po) == "received"
    receipt_actions.accept([extra.receipt_id or 0], SYSTEM)
    assert (dock.received(po), dock.status(po)) == ([10, 6], "received")


def test_a_short_receipt_is_held_and_the_rest_may_come_with_it(dock: Dock):
    dock.run_sql("UPDATE warehouse SET partial_receipts = false")
    po = dock.order()
    first = dock.receive(po, "R1", line("A", 10))
    assert dock.held(first.receipt_id)[0] == "short"
    assert dock.receive(po, "R1", line("A", 10), line("B", 5)).state is ReceiptState.READY
    assert dock.status(po) == "received"
    assert dock.receipt(first.receipt_id)["state"] == "ready"


def test_an_order_is_reported_by_the_wrong_warehouse(dock: Dock):
    po = dock.order()
    stranger = dock.make.warehouse()
    report = document("R1", line("A", 10), document_key=f"key {po.number}")
    recorded = receiving.record(None, stranger.id, report, ReceiptOrigin.API, "stranger")
    assert recorded.state is ReceiptState.NEW
    assert dock.received(po) == [0, 0]


def test_every_move_of_an_order_names_who_made_it(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 4))
    dock.receive(po, "R2", line("A", 6), line("B", 5))
    rows = dock.rows("SELECT actor, data FROM activity WHERE kind = 'status' ORDER BY id")
    assert [(row["actor"], row["data"]["from"], row["data"]["to"], row["data"]["cause"]) for row in rows] == [
        ("East Dock", "open", "partially_received", "part_received"),
        ("East Dock", "partially_received", "received", "fully_received"),
    ]


# ------------------------------------------------------------- an order that is deleted and comes back


def test_the_receipts_of_a_deleted_order_wait_for_its_return(dock: Dock):
    po = dock.order(number="PO-7")
    report = document("R1", line("A", 4), number="PO-7")
    totals = document("T1", line("B", 2), number="PO-7", cumulative=True)
    kept = [dock.report(report).receipt_id, dock.report(totals).receipt_id]
    archived = dock.report(document("R2", line("A", 1), number="PO-7")).receipt_id
    receipt_actions.archive([archived or 0], SYSTEM)
    with unit_of_work("delete") as unit:
        assert let_go(unit, po.id, by="Dana") == 2
        unit.run("UPDATE po_key SET purchase_order_id = NULL, external_id = 'old'")
        unit.run("DELETE FROM purchase_order WHERE id = :id", id=po.id)
    assert dock.rows("SELECT id FROM reported_total") == []
    for receipt_id in kept:
        stored = dock.receipt(receipt_id)
        assert (stored["state"], stored["applied_at"], stored["purchase_order_id"]) == ("new", None, None)
        assert stored["state_reason"] == "Waiting for its purchase order."
    again = dock.order(number="PO-7", document=None)
    assert dock.report(report).outcome == "known"
    assert dock.received(again) == [4, 0]
    assert receiving.match_waiting() == 1
    assert dock.received(again) == [4, 2]
    more = document("T2", line("B", 5), number="PO-7", cumulative=True, minutes=1)
    dock.report(more)
    assert dock.received(again) == [4, 5]
    assert dock.receipt(archived)["state"] == "archived"


def test_a_receipt_on_its_way_stays_when_its_order_is_deleted(dock: Dock):
    po = dock.order(status=PoStatus.OPEN)
    recorded = dock.receive(po, "R1", line("A", 4))
    dock.run_sql("UPDATE receipt SET state = 'notifying'")
    with unit_of_work("delete") as unit:
        assert let_go(unit, po.id, by="Dana") == 0
    assert dock.receipt(recorded.receipt_id)["applied_at"] is not None
