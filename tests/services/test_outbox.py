"""The outbox: what is planted for each state of an order's document, at the same warehouse and at another one."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.states import PoStatus
from app.models import Document, DocumentState, PurchaseOrder, Warehouse
from app.services import outbox
from app.services.order_facts import facts
from app.services.outbox import LiveDocument, Planted
from app.services.unit_of_work import unit_of_work
from tests.services.world import World

LIVE = [DocumentState.PLANNED, DocumentState.UNKNOWN, DocumentState.ACCEPTED, DocumentState.CANCELING]


def order_with(world: World, state: DocumentState | None, warehouse: Warehouse | None = None) -> PurchaseOrder:
    """A routed order whose document, in its second version, is at `warehouse` (by default the order's own)."""
    po = world.make.purchase_order(world.connection)
    if state is not None:
        key = world.one("SELECT id FROM po_key WHERE purchase_order_id = %s", po.id)["id"]
        place = (warehouse or world.warehouse).id
        world.make.add(Document(po_key_id=key, warehouse_id=place, key="the key", state=state, version=2))
    return po


def waiting(world: World, po: PurchaseOrder, state: str = "due", kind: str = "create", version: int = 2) -> int:
    """A message of the order's document that is in the outbox already."""
    row = world.one(
        "INSERT INTO delivery (kind, connection_id, merchant_id, warehouse_id, po_key_id, purchase_order_id,"
        " external_id, number, document_id, version, state)"
        " SELECT %s, %s, %s, d.warehouse_id, k.id, %s, '', '', d.id, %s, %s"
        " FROM po_key k LEFT JOIN document d ON d.po_key_id = k.id WHERE k.purchase_order_id = %s RETURNING id",
        *(kind, po.connection_id, po.merchant_id, po.id, version, state, po.id),
    )
    return int(row["id"])


def messages(world: World) -> list[tuple[Any, ...]]:
    rows = world.rows("SELECT kind, version, state, unknown, warehouse_id FROM delivery ORDER BY id")
    return [tuple(row.values()) for row in rows]


def documents(world: World) -> list[tuple[Any, ...]]:
    rows = world.rows("SELECT state, version, warehouse_id FROM document ORDER BY id")
    return [tuple(row.values()) for row in rows]


def plant(*orders: PurchaseOrder) -> dict[int, Planted]:
    with unit_of_work("plant") as unit:
        return outbox.plant_send(unit, [po.id for po in orders])


@pytest.mark.parametrize("state", [None, DocumentState.ABSENT, DocumentState.CANCELED])
def test_without_a_live_document_a_new_one_is_made_and_created(world: World, state: DocumentState | None) -> None:
    po = order_with(world, state)
    assert plant(po) == {po.id: Planted.NEW}
    here = world.warehouse.id
    assert documents(world)[-1] == ("planned", 1, here)
    assert messages(world) == [("create", 1, "due", False, here)]
    row = world.one("SELECT connection_id, merchant_id, purchase_order_id, external_id, number FROM delivery")
    assert row == {
        "connection_id": po.connection_id,
        "merchant_id": po.merchant_id,
        "purchase_order_id": po.id,
        "external_id": po.external_id,
        "number": po.number,
    }


@pytest.mark.parametrize(
    ("state", "kind", "unknown"),
    [
        (DocumentState.PLANNED, "create", False),
        (DocumentState.UNKNOWN, "update", True),
        (DocumentState.ACCEPTED, "update", False),
    ],
)
def test_a_document_at_the_same_warehouse_gets_its_next_version(
    world: World, state: DocumentState, kind: str, *, unknown: bool
) -> None:
    po = order_with(world, state)
    waiting(world, po)
    assert plant(po) == {po.id: Planted.NEXT_VERSION}
    here = world.warehouse.id
    assert documents(world) == [(state.value, 3, here)]
    assert messages(world) == [("create", 2, "superseded", False, here), (kind, 3, "due", unknown, here)]


@pytest.mark.parametrize("state", [DocumentState.UNKNOWN, DocumentState.ACCEPTED])
def test_a_document_at_another_warehouse_is_canceled_first(world: World, state: DocumentState) -> None:
    west = world.make.warehouse(code="WEST")
    po = order_with(world, state, west)
    waiting(world, po, kind="update")
    assert plant(po) == {po.id: Planted.CANCEL_FIRST}
    assert documents(world) == [("canceling", 3, west.id)]
    assert messages(world) == [("update", 2, "superseded", False, west.id), ("cancel", 3, "due", True, west.id)]


def test_a_document_that_no_warehouse_saw_is_dropped_for_one_at_the_new_warehouse(world: World) -> None:
    west = world.make.warehouse(code="WEST")
    po = order_with(world, DocumentState.PLANNED, west)
    waiting(world, po)
    assert plant(po) == {po.id: Planted.NEW}
    here = world.warehouse.id
    assert documents(world) == [("absent", 2, west.id), ("planned", 1, here)]
    assert messages(world) == [("create", 2, "withdrawn", False, west.id), ("create", 1, "due", False, here)]


@pytest.mark.parametrize("same", [True, False])
def test_a_cancellation_under_way_is_waited_for(world: World, *, same: bool) -> None:
    place = world.warehouse if same else world.make.warehouse(code="WEST")
    po = order_with(world, DocumentState.CANCELING, place)
    assert plant(po) == {po.id: Planted.CANCEL_FIRST}
    assert documents(world) == [("canceling", 2, place.id)]
    assert messages(world) == []


def test_a_message_in_flight_is_not_superseded(world: World) -> None:
    po = order_with(world, DocumentState.UNKNOWN)
    waiting(world, po, "leased")
    plant(po)
    assert [row[:3] for row in messages(world)] == [("create", 2, "leased"), ("update", 3, "due")]


def test_each_order_of_many_gets_what_it_needs_and_one_without_a_warehouse_nothing(world: World) -> None:
    fresh, lost = (world.make.purchase_order(world.connection) for _ in range(2))
    world.run_sql("UPDATE purchase_order SET warehouse_id = NULL WHERE id = %s", lost.id)
    known = order_with(world, DocumentState.ACCEPTED)
    assert plant(known, fresh, lost) == {known.id: Planted.NEXT_VERSION, fresh.id: Planted.NEW}


@pytest.mark.parametrize("state", DocumentState)
def test_only_what_a_warehouse_may_have_can_be_canceled(world: World, state: DocumentState) -> None:
    order_with(world, state)
    with unit_of_work("cancel") as unit:
        planted = outbox.plant_cancel(unit, world.one("SELECT id FROM document")["id"])
    assert planted is (state in (DocumentState.UNKNOWN, DocumentState.ACCEPTED))
    expected = ("canceling", 3) if planted else (state.value, 2)
    assert documents(world) == [(*expected, world.warehouse.id)]
    assert len(messages(world)) == planted


@pytest.mark.parametrize("state", DocumentState)
def test_what_has_not_started_is_forgotten_and_nothing_else(world: World, state: DocumentState) -> None:
    po = order_with(world, state)
    ids = {
        waiting(world, po): "withdrawn",
        waiting(world, po, "leased", version=1): "leased",
        waiting(world, po, kind="cancel"): "due",
        waiting(world, po, kind="status"): "due",
    }
    with unit_of_work("forget") as unit:
        outbox.forget_planned(unit, [po.id])
    assert {row["id"]: row["state"] for row in world.rows("SELECT id, state FROM delivery")} == ids
    gone = state is DocumentState.PLANNED
    assert documents(world)[0][0] == ("absent" if gone else state.value)


@pytest.mark.parametrize("state", DocumentState)
def test_the_live_document_of_an_order(world: World, state: DocumentState) -> None:
    po = order_with(world, state)
    with unit_of_work("look") as unit:
        found = outbox.live_documents(unit, [po.id, 10**9])
    document = world.one("SELECT id FROM document")["id"]
    live = {po.id: LiveDocument(document, po.id, state, world.warehouse.id, "")}
    assert found == (live if state in LIVE else {})


@pytest.mark.parametrize(
    ("state", "kind", "busy"),
    [("leased", "create", True), ("leased", "cancel", True), ("due", "create", False), ("leased", "status", False)],
)
def test_an_order_is_at_work_while_a_message_to_its_warehouse_is_in_flight(
    world: World, state: str, kind: str, *, busy: bool
) -> None:
    po = order_with(world, DocumentState.PLANNED)
    waiting(world, po, state, kind)
    with unit_of_work("look") as unit:
        assert facts(unit.session, po.id).in_flight is busy


def test_one_status_message_waits_per_order_until_the_update_releases_it(world: World) -> None:
    first, second = (world.make.purchase_order(world.connection, status=PoStatus.OPEN) for _ in range(2))
    before = {row["id"]: row["v"] for row in world.rows("SELECT id, status_version AS v FROM purchase_order")}
    with unit_of_work("plant") as unit:
        outbox.plant_status(unit, [first.id, second.id, first.id])
        outbox.plant_status(unit, [first.id])
        outbox.plant_status(unit, [])
    rows = world.rows("SELECT purchase_order_id AS po, version, due_at > clock_timestamp() AS later FROM delivery")
    assert sorted((row["po"], row["version"], row["later"]) for row in rows) == [
        (po.id, before[po.id] + 1, True) for po in (first, second)
    ]
    after = {row["id"]: row["v"] for row in world.rows("SELECT id, status_version AS v FROM purchase_order")}
    assert after == {po_id: version + 1 for po_id, version in before.items()}
    # One that failed before keeps its own time.
    world.run_sql("UPDATE delivery SET attempts = 1 WHERE purchase_order_id = %s", second.id)
    with unit_of_work("release") as unit:
        assert outbox.release_statuses(unit, world.connection.id) == 1
        assert outbox.release_statuses(unit, world.connection.id) == 0
    due = world.rows("SELECT purchase_order_id AS po FROM delivery WHERE due_at <= clock_timestamp()")
    assert [row["po"] for row in due] == [first.id]


def test_while_one_status_is_on_its_way_the_next_may_wait(world: World) -> None:
    po = world.make.purchase_order(world.connection, status=PoStatus.OPEN)
    for state in ("leased", "done"):
        with unit_of_work("plant") as unit:
            outbox.plant_status(unit, [po.id])
        world.run_sql("UPDATE delivery SET state = %s WHERE state = 'due'", state)
    assert [row["version"] for row in world.rows("SELECT version FROM delivery ORDER BY id")] == [1, 2]
