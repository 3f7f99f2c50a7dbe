"""Sending: one document per order whatever goes wrong, and an answer a person can act on."""

from __future__ import annotations

from typing import Any

import pytest

from app.connectors.sandbox import Ledger, ledger_path
from app.domain.people import SYSTEM
from app.jobs import deliveries, processing, runtime, sending
from app.models import MerchantAtWarehouse
from app.services import delivering, notices, settling
from app.services.actions import perform_orders
from app.services.delivering import Result
from config import Settings
from tests.factories import NOON, Factory
from tests.servers import Database
from tests.services.conftest import build_world
from tests.services.world import World


def temper(db: Database, make: Factory, settings: Settings, **warehouse: Any) -> World:
    """A world whose warehouse behaves badly."""
    return build_world(db, make, settings, **warehouse)


@pytest.fixture
def careless(db: Database, make: Factory, settings: Settings, services: None) -> World:
    """A warehouse that loses every answer after it accepted, and does not know keys again."""
    return temper(db, make, settings, timeout_after_accept_rate=1, idempotent=False)


def actions(world: World) -> list[str]:
    """What the warehouse was asked, without its own reads of receipts."""
    return [call["action"] for call in world.target.calls()]


def attempts(world: World) -> list[tuple[int, str, str]]:
    rows = world.rows("SELECT number, action, outcome FROM delivery_attempt ORDER BY id")
    return [(row["number"], row["action"], row["outcome"]) for row in rows]


def test_a_lost_answer_is_looked_up_and_never_sent_again(careless: World) -> None:
    careless.order("PO-1")
    careless.walk()
    order = careless.po("PO-1")
    assert (order["status"], order["step"]) == ("new", "send")
    assert careless.one("SELECT state FROM document") == {"state": "unknown"}
    careless.due_now()
    deliveries.work()
    assert careless.po("PO-1")["status"] == "open"
    assert attempts(careless) == [(1, "create", "ambiguous"), (2, "look-up", "found")]
    assert len(careless.target.documents()) == 1


def test_a_dead_workers_delivery_is_looked_up_by_the_next(world: World) -> None:
    world.order("PO-1")
    world.run()
    processing.work()
    (claimed,) = delivering.claim("the one that dies")
    (parcel,) = notices.depart([claimed])
    world.run_sql("UPDATE delivery SET lease_until = clock_timestamp() - interval '1 second'")
    deliveries.work()
    assert world.po("PO-1")["status"] == "open"
    assert attempts(world) == [(1, "look-up", "absent"), (1, "create", "accepted")]
    late = settling.settle([delivering.Settlement(parcel.claim, Result.REJECTED, "too late")])
    assert late == 0
    assert world.po("PO-1")["status"] == "open"


def test_a_refusal_puts_the_order_in_error_with_the_reason(
    db: Database, make: Factory, settings: Settings, services: None
) -> None:
    world = temper(db, make, settings, reject_rate=1)
    world.order("PO-1")
    world.walk()
    order = world.po("PO-1")
    assert (order["status"], order["sent_at"]) == ("error", None)
    assert order["status_reason"] != ""
    assert world.one("SELECT state FROM document") == {"state": "planned"}
    assert world.one("SELECT state, attempts FROM delivery") == {"state": "failed", "attempts": 1}


def test_eight_attempts_then_error(db: Database, make: Factory, settings: Settings, services: None) -> None:
    world = temper(db, make, settings, failure_rate=1)
    world.order("PO-1")
    world.walk()
    for attempt in range(1, 9):
        assert world.one("SELECT attempts FROM delivery")["attempts"] == attempt
        assert (world.po("PO-1")["status"] == "error") is (attempt == 8)
        world.due_now()
        deliveries.work()
    assert "All attempts are used up" in world.po("PO-1")["status_reason"]
    assert [number for number, _, _ in attempts(world)] == list(range(1, 9))


def test_pauses_grow_between_attempts(db: Database, make: Factory, settings: Settings, services: None) -> None:
    world = temper(db, make, settings, failure_rate=1)
    world.order("PO-1")
    world.walk()
    pauses = []
    for _ in range(6):
        pauses.append(world.one("SELECT extract(epoch FROM due_at - clock_timestamp())::int AS s FROM delivery")["s"])
        world.due_now()
        deliveries.work()
    assert pauses == sorted(pauses)
    assert pauses[0] > 40
    assert pauses[-1] > 4 * 3600


def test_reprocess_sends_a_refused_order_again_under_the_same_key(
    db: Database, make: Factory, settings: Settings, services: None
) -> None:
    world = temper(db, make, settings, reject_rate=1)
    world.order("PO-1")
    world.walk()
    key = world.one("SELECT key FROM document")["key"]
    world.run_sql("UPDATE warehouse SET settings = settings || '{\"reject_rate\": 0}'")
    (outcome,) = perform_orders("reprocess", [world.po("PO-1")["id"]], SYSTEM)
    assert outcome.result == "done"
    deliveries.work()
    assert world.po("PO-1")["status"] == "open"
    assert [document["key"] for document in world.target.documents()] == [key]


def test_a_disabled_connection_sends_nothing(world: World) -> None:
    world.order("PO-1")
    world.run()
    processing.work()
    world.run_sql("UPDATE connection SET enabled = false")
    deliveries.work()
    assert actions(world) == []
    world.run_sql("UPDATE connection SET enabled = true")
    deliveries.work()
    assert actions(world) == ["create"]


def test_two_workers_claim_different_deliveries(world: World) -> None:
    for number in range(6):
        world.order(f"PO-{number}")
    world.run()
    processing.work()
    first, second = delivering.claim("a", 4), delivering.claim("b", 4)
    assert (len(first), len(second)) == (4, 2)
    assert not {claimed.delivery_id for claimed in first} & {claimed.delivery_id for claimed in second}


def test_a_cancellation_waits_for_the_create_in_flight(world: World) -> None:
    world.order("PO-1")
    world.run()
    processing.work()
    (create,) = delivering.claim("slow")
    (parcel,) = notices.depart([create])
    world.order("PO-1", status="canceled")
    world.run()
    assert delivering.claim("quick") == []
    settling.settle([sending.send_notice(parcel, runtime.warehouse(parcel.binding))])
    assert world.po("PO-1")["status"] == "open"
    deliveries.work()
    assert world.po("PO-1")["status"] == "canceled"
    assert [document["state"] for document in world.target.documents()] == ["canceled"]


def test_reset_of_a_sent_order_updates_the_same_document(world: World) -> None:
    world.order("PO-1")
    world.walk()
    (outcome,) = perform_orders("reset", [world.po("PO-1")["id"]], SYSTEM)
    assert outcome.result == "done"
    assert world.po("PO-1")["status"] == "new"
    processing.work()
    deliveries.work()
    assert world.po("PO-1")["status"] == "open"
    (document,) = world.target.documents()
    assert document["version"] == 2


def test_reset_to_another_warehouse_cancels_the_old_document_first(world: World) -> None:
    west = world.make.warehouse(code="WEST", settings={"name": "west"})
    merchant = world.rows("SELECT merchant_id FROM connection")[0]["merchant_id"]
    world.make.add(MerchantAtWarehouse(merchant_id=merchant, warehouse_id=west.id, account="W"))
    world.order("PO-1")
    world.walk()
    world.rule('rule "west" route purchase_order to warehouse "WEST" end')
    perform_orders("reset", [world.po("PO-1")["id"]], SYSTEM)
    processing.work()
    deliveries.work()
    deliveries.work()
    assert [document["state"] for document in world.target.documents()] == ["canceled"]
    assert [d["state"] for d in Ledger(ledger_path(world.files_root, "west")).documents()] == ["open"]
    order = world.po("PO-1")
    assert (order["status"], order["warehouse_id"]) == ("open", west.id)


def test_a_push_that_fails_is_repeated_and_the_order_keeps_its_status(world: World) -> None:
    world.order("PO-1", (10,))
    world.walk()
    (document,) = world.target.documents()
    world.target.receive(
        document["key"], [{"line_no": 1, "sku": "SKU-1", "qty_good": 10}], receipt_id="R1", received_at=NOON
    )
    world.run_sql("UPDATE store SET settings = settings || '{\"failure_rate\": 1}'")
    world.update_status()
    assert world.po("PO-1")["status"] == "received"
    assert world.one("SELECT state FROM receipt") == {"state": "ready"}
    world.run_sql("UPDATE store SET settings = settings || '{\"failure_rate\": 0}'")
    world.due_now()
    deliveries.work()
    assert world.one("SELECT state FROM receipt") == {"state": "completed"}
    assert world.one("SELECT booked FROM line_item")["booked"] == 10


def test_a_push_refused_for_good_puts_the_receipt_in_error_not_the_order(world: World) -> None:
    world.order("PO-1", (10,))
    world.walk()
    (document,) = world.target.documents()
    world.target.receive(
        document["key"], [{"line_no": 1, "sku": "SKU-1", "qty_good": 10}], receipt_id="R1", received_at=NOON
    )
    world.run_sql("UPDATE store SET settings = settings || '{\"reject_rate\": 1}'")
    world.update_status()
    receipt = world.one("SELECT state, applied_at, state_reason FROM receipt")
    assert receipt["state"] == "error"
    assert receipt["applied_at"] is not None
    assert receipt["state_reason"] != ""
    assert world.po("PO-1")["status"] == "received"
