"""Answers that come late, cross each other or are lost: the order of events that a quiet day never shows."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from app.domain.people import SYSTEM
from app.jobs import deliveries, processing, runtime, sending
from app.models import ScheduleKind
from app.services import delivering, housekeeping, notices, pushing, runs, settling
from app.services.actions import perform_orders
from app.services.delivering import Result, Settlement
from config import Settings
from tests.factories import NOON, Factory
from tests.servers import Database
from tests.services.conftest import build_world
from tests.services.world import World

ANOTHER = """
INSERT INTO delivery (kind, connection_id, merchant_id, po_key_id, purchase_order_id, external_id, number, version)
SELECT kind, connection_id, merchant_id, po_key_id, purchase_order_id, external_id, number, version + 1
FROM delivery WHERE kind = 'status'
"""


def sent(world: World, quantities: tuple[int, ...] = (10, 5)) -> int:
    world.order("PO-1", quantities)
    world.walk()
    return int(world.po("PO-1")["id"])


def arrive(world: World, quantity: int, receipt: str) -> None:
    """Goods on line 1, pulled; the status message goes when the store lets it."""
    document = world.target.documents()[-1]
    world.target.receive(
        document["key"], [{"line_no": 1, "sku": "SKU-1", "qty_good": quantity}], receipt_id=receipt, received_at=NOON
    )
    world.update_status()


def temper(world: World, **settings: float) -> None:
    """Change the manners of the source."""
    world.run_sql("UPDATE store SET settings = settings || %s::jsonb", json.dumps(settings))


def told(world: World) -> list[str]:
    """What the source was told of line 1, message by message."""
    return [status["data"]["lines"][0]["qty_received"] for status in world.source.statuses()]


def test_a_failed_push_meets_the_one_that_was_planted_meanwhile(world: World) -> None:
    sent(world)
    temper(world, failure_rate=1)
    arrive(world, 3, "R1")
    (claimed,) = [c for c in _claimed_now(world) if c.purchase_order_id == world.po("PO-1")["id"]]
    world.run_sql(ANOTHER)
    assert pushing.settle([Settlement(claimed, Result.RETRIABLE, "503")]) == 1
    states = world.rows("SELECT state FROM delivery WHERE kind = 'status' ORDER BY id")
    assert [row["state"] for row in states] == ["due", "superseded"]
    temper(world, failure_rate=0)
    world.due_now()
    deliveries.work()
    assert told(world) == ["3"]
    assert world.one("SELECT state FROM receipt") == {"state": "completed"}


def _claimed_now(world: World) -> list[delivering.Claim]:
    world.due_now()
    return delivering.claim("slow")


def test_what_came_after_a_lost_answer_is_told_by_another_message(world: World) -> None:
    sent(world)
    temper(world, timeout_after_accept_rate=1)
    arrive(world, 3, "R1")
    arrive(world, 4, "R2")
    temper(world, timeout_after_accept_rate=0)
    world.due_now()
    deliveries.work()
    assert told(world) == ["3"]
    assert world.one("SELECT booked FROM line_item WHERE line_number = 1")["booked"] == Decimal(3)
    assert [row["state"] for row in world.rows("SELECT state FROM receipt ORDER BY id")] == ["completed", "ready"]
    world.update_status()
    assert told(world) == ["3", "7"]
    assert world.one("SELECT booked FROM line_item WHERE line_number = 1")["booked"] == Decimal(7)
    assert {row["state"] for row in world.rows("SELECT state FROM receipt")} == {"completed"}


def test_a_push_that_never_arrived_is_sent_anew_with_what_is_true_by_then(world: World) -> None:
    sent(world)
    temper(world, failure_rate=1)
    arrive(world, 3, "R1")
    world.run_sql("UPDATE delivery SET unknown = true WHERE kind = 'status'")
    temper(world, failure_rate=0)
    arrive(world, 4, "R2")
    world.due_now()
    deliveries.work()
    world.due_now()
    deliveries.work()
    assert told(world)[-1] == "7"
    assert {row["state"] for row in world.rows("SELECT state FROM receipt")} == {"completed"}


def test_two_status_messages_of_one_order_are_never_in_flight_together(world: World) -> None:
    sent(world)
    arrive(world, 3, "R1")
    world.run_sql("UPDATE delivery SET state = 'leased', lease_until = 'infinity' WHERE kind = 'status'")
    world.run_sql(ANOTHER)
    assert delivering.claim("b") == []


def test_a_source_cancel_during_a_create_that_is_refused_still_cancels(world: World) -> None:
    world.order("PO-1")
    world.run()
    processing.work()
    (claimed,) = delivering.claim("slow")
    notices.depart([claimed])
    world.order("PO-1", status="canceled")
    world.run()
    settling.settle([Settlement(claimed, Result.REJECTED, "422", surely_absent=True)])
    deliveries.work()
    order = world.po("PO-1")
    assert (order["status"], order["cancel_state"]) == ("canceled", "confirmed")
    assert world.target.documents() == []


def test_goods_that_arrive_while_a_cancellation_is_on_its_way_wait_for_a_decision(world: World) -> None:
    sent(world, (10,))
    world.order("PO-1", (10,), status="canceled")
    world.run()
    assert world.po("PO-1")["cancel_state"] == "waiting"
    world.run_sql("UPDATE delivery SET due_at = clock_timestamp() + interval '1 hour' WHERE kind = 'cancel'")
    arrive(world, 4, "R1")
    with world.target.writing() as books:
        books.execute("UPDATE documents SET state = 'canceled'")
    world.due_now()
    deliveries.work()
    assert world.po("PO-1")["status"] == "partially_received"
    assert world.one("SELECT kind FROM pending_change") == {"kind": "cancel"}


def test_one_order_whose_rules_make_impossible_sums_does_not_stop_the_others(world: World) -> None:
    world.rule(
        'rule "big" when purchase_order.number is "PO-2" then for purchase_order_items in purchase_order'
        " set purchase_order_item.quantity to 900000000000 end end end"
    )
    for number in ("PO-1", "PO-2", "PO-3"):
        world.order(number)
    world.walk()
    assert [world.po(number)["status"] for number in ("PO-1", "PO-2", "PO-3")] == ["open", "error", "open"]
    assert "cannot be stored" in world.po("PO-2")["status_reason"]


def test_a_refused_receipt_is_kept_with_its_reason(world: World) -> None:
    sent(world)
    document = world.target.documents()[-1]
    world.target.receive(document["key"], [{"line_no": 1, "qty_good": "many"}], receipt_id="R1", received_at=NOON)
    run = world.update_status()
    assert run["failed"] == 1
    failure = world.one("SELECT run_id, reason, text FROM run_failure")
    assert failure["run_id"] == run["id"]
    assert "many" in failure["text"]


def test_a_document_that_the_warehouse_canceled_meanwhile_is_replaced_by_reprocess(
    db: Database, make: Factory, settings: Settings, services: None
) -> None:
    world = build_world(db, make, settings, timeout_after_accept_rate=1)
    world.order("PO-1")
    world.walk()
    with world.target.writing() as books:
        books.execute("UPDATE documents SET state = 'canceled'")
    world.run_sql("UPDATE warehouse SET settings = settings || '{\"timeout_after_accept_rate\": 0}'")
    world.due_now()
    deliveries.work()
    order = world.po("PO-1")
    assert (order["status"], "canceled this document" in order["status_reason"]) == ("error", True)
    perform_orders("reprocess", [order["id"]], SYSTEM)
    deliveries.work()
    assert world.po("PO-1")["status"] == "open"
    assert [document["state"] for document in world.target.documents()] == ["canceled", "open"]


def test_reopening_what_was_canceled_by_closing_short_sends_it_again(world: World) -> None:
    po_id = sent(world)
    perform_orders("close_short", [po_id], SYSTEM, reason="never shipped")
    deliveries.work()
    assert [document["state"] for document in world.target.documents()] == ["canceled"]
    perform_orders("reopen", [po_id], SYSTEM)
    deliveries.work()
    assert world.po("PO-1")["status"] == "open"
    assert [document["state"] for document in world.target.documents()] == ["canceled", "open"]


def test_a_reset_expects_again_what_was_closed_short(world: World) -> None:
    po_id = sent(world)
    perform_orders("close_short", [po_id], SYSTEM, reason="gone")
    deliveries.work()
    perform_orders("reset", [po_id], SYSTEM)
    processing.work()
    deliveries.work()
    assert world.po("PO-1")["status"] == "open"
    assert [line["qty"] for line in world.target.documents()[-1]["data"]["lines"]] == ["10", "5"]


def test_a_hold_keeps_facility_and_versions(world: World) -> None:
    world.rule(
        'rule "Later" route purchase_order to warehouse "EAST" / "DOCK-B" hold purchase_order until @tomorrow end'
    )
    world.order("PO-1")
    world.walk()
    before = world.po("PO-1")
    assert before["facility"] == "DOCK-B"
    world.run_sql("UPDATE purchase_order SET step_due_at = clock_timestamp()")
    processing.work()
    after = world.po("PO-1")
    assert (after["facility"], after["judged_versions"]) == ("DOCK-B", before["judged_versions"])
    assert after["judged_versions"] != []


def test_an_order_that_a_rule_stopped_keeps_the_versions_that_judged_it(world: World) -> None:
    world.rule('rule "No" reject purchase_order end')
    world.order("PO-1")
    world.walk()
    order = world.po("PO-1")
    assert order["judged_versions"] == [world.one("SELECT id FROM rule_version")["id"]]
    assert order["judgement_id"] is not None


def test_a_queued_run_waits_while_its_connection_is_switched_off(world: World) -> None:
    runs.run_now(world.connection.id, ScheduleKind.IMPORT, SYSTEM)
    world.run_sql("UPDATE connection SET enabled = false")
    assert runs.claim_queued("a") is None
    world.run_sql("UPDATE connection SET enabled = true")
    assert runs.claim_queued("a") is not None


def test_a_chore_that_fails_does_not_stop_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.order("PO-1", expected_date="2026-03-10")
    world.walk()
    monkeypatch.setattr(housekeeping, "_STUCK", "SELECT nonsense")
    done = housekeeping.sweep()
    assert "stuck_sends" not in done
    assert done["late"] == 1


def test_a_lost_answer_of_a_create_is_settled_by_its_late_reply_only_under_the_lease(world: World) -> None:
    world.order("PO-1")
    world.run()
    processing.work()
    (claimed,) = delivering.claim("slow")
    (parcel,) = notices.depart([claimed])
    world.run_sql("UPDATE delivery SET lease_until = clock_timestamp() - interval '1 s'")
    deliveries.work()
    late = sending.send_notice(parcel, runtime.warehouse(parcel.binding))
    assert settling.settle([late]) == 0
    assert world.po("PO-1")["status"] == "open"
    assert world.target.doubles() == []
