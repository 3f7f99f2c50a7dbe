"""Status messages to sources of every kind: those that take none, those that add, those that cannot take back."""

from __future__ import annotations

from decimal import Decimal

from app.connectors.contract import SourceCapabilities
from app.domain.people import SYSTEM
from app.services import delivering, pushing
from app.services.actions import perform_receipts
from app.services.pushing import Push
from tests.factories import NOON
from tests.services.world import World

DELTA = SourceCapabilities(push_status=True, takes_receipts=True, books="delta", can_unreceive=False)


def arrived(world: World, quantity: int) -> None:
    """An open order of 10 with goods on its line, and its status message due."""
    world.order("PO-1", (10,))
    world.walk()
    (document,) = world.target.documents()
    line = {"line_no": 1, "sku": "SKU-1", "qty_good": quantity}
    world.target.receive(document["key"], [line], receipt_id="R1", received_at=NOON)
    world.run_sql("UPDATE store SET settings = settings || '{\"failure_rate\": 1}'")
    world.update_status()
    world.run_sql("UPDATE store SET settings = settings || '{\"failure_rate\": 0}'")
    world.run_sql("UPDATE delivery SET attempts = 0, unknown = false WHERE kind = 'status'")
    world.due_now()


def depart(world: World, can: SourceCapabilities) -> list[Push]:
    return pushing.depart(delivering.claim("me"), {"sandbox": can})


def test_a_source_that_takes_no_status_completes_its_receipts_with_that_note(world: World) -> None:
    arrived(world, 4)
    assert depart(world, SourceCapabilities(push_status=False)) == []
    receipt = world.one("SELECT state, state_reason FROM receipt")
    assert receipt["state"] == "completed"
    assert "takes no status messages" in receipt["state_reason"]
    assert world.one("SELECT state FROM delivery WHERE kind = 'status'") == {"state": "done"}
    assert world.source.statuses() == []


def test_a_source_that_adds_is_told_the_difference_to_what_it_booked(world: World) -> None:
    arrived(world, 7)
    world.run_sql("UPDATE line_item SET booked = 3")
    (push,) = depart(world, DELTA)
    (line,) = push.message.lines
    assert (line.received, line.booked, line.to_book) == (Decimal(7), Decimal(3), Decimal(4))
    assert [receipt.external_id for receipt in push.message.receipts] == ["R1"]


def test_a_source_that_cannot_take_back_leaves_a_negative_difference_to_a_person(world: World) -> None:
    arrived(world, 4)
    world.run_sql("UPDATE line_item SET booked = 9")
    assert depart(world, DELTA) == []
    receipt = world.one("SELECT state, state_reason, applied_at FROM receipt")
    assert receipt["state"] == "error"
    assert "cannot take receipts back" in receipt["state_reason"]
    assert receipt["applied_at"] is not None
    assert world.po("PO-1")["status"] == "partially_received"
    assert world.one("SELECT booked FROM line_item")["booked"] == 9
    assert world.source.statuses() == []


def test_a_source_of_absolute_quantities_hears_that_goods_came_off(world: World) -> None:
    arrived(world, 4)
    world.update_status()
    receipt = world.one("SELECT id, state FROM receipt")
    assert receipt["state"] == "completed"
    (outcome,) = perform_receipts("archive", [receipt["id"]], SYSTEM)
    assert outcome.result == "done"
    world.update_status()
    assert [status["data"]["lines"][0]["qty_received"] for status in world.source.statuses()] == ["4", "0"]
    assert world.one("SELECT booked FROM line_item")["booked"] == 0
    assert world.po("PO-1")["status"] == "open"


def test_many_causes_make_one_waiting_message(world: World) -> None:
    arrived(world, 4)
    receipt = world.one("SELECT id FROM receipt")["id"]
    for _ in range(3):
        perform_receipts("reset", [receipt], SYSTEM)
    assert world.one("SELECT count(*) AS n FROM delivery WHERE kind = 'status' AND state = 'due'") == {"n": 1}
