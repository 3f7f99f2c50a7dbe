"""One purchase order, source to source: imported, judged, sent, received, pushed back."""

from __future__ import annotations

from decimal import Decimal

from tests.factories import NOON
from tests.services.world import World


def test_an_order_walks_from_source_to_warehouse_to_receipt_to_status(world: World) -> None:
    world.order("PO-1", (10, 5))
    world.walk()

    order = world.po("PO-1")
    assert (order["status"], order["step"]) == ("open", "wait")
    (document,) = world.target.documents()
    assert (document["number"], document["version"], document["state"]) == ("PO-1", 1, "open")
    assert order["warehouse_ref"] == document["warehouse_ref"]

    world.target.receive(
        document["key"], [{"line_no": 1, "sku": "SKU-1", "qty_good": 4}], receipt_id="R1", received_at=NOON
    )
    world.update_status()
    assert world.po("PO-1")["status"] == "partially_received"
    (status,) = world.source.statuses()
    assert [line["qty_received"] for line in status["data"]["lines"]] == ["4", "0"]

    world.target.receive(
        document["key"],
        [{"line_no": 1, "sku": "SKU-1", "qty_good": 6}, {"line_no": 2, "sku": "SKU-2", "qty_good": 5}],
        receipt_id="R2",
        received_at=NOON,
    )
    world.update_status()

    order = world.po("PO-1")
    assert (order["status"], order["step"], order["units_received"]) == ("received", "none", Decimal(15))
    assert {row["state"] for row in world.rows("SELECT state FROM receipt")} == {"completed"}
    assert [row["booked"] for row in world.rows("SELECT booked FROM line_item ORDER BY position")] == [10, 5]
    assert world.source.statuses()[-1]["data"]["status"] == "received"
    assert world.kinds("PO-1") == [
        "imported", "judged", "accepted", "status",
        "receipt", "status", "receipt_state", "pushed",
        "receipt", "status", "receipt_state", "pushed",
    ]  # fmt: skip


def test_walking_twice_sends_nothing_twice(world: World) -> None:
    world.order("PO-1")
    world.walk()
    world.walk()
    world.update_status()
    world.update_status()
    assert [call["action"] for call in world.target.calls() if call["action"] == "create"] == ["create"]
    assert world.target.doubles() == []
    assert world.source.statuses() == []
