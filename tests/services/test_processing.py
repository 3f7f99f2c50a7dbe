"""Judging: what rules decide becomes rows, and nothing of it when they fail."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

import pytest

from app.domain.people import SYSTEM
from app.jobs import deliveries, processing
from app.services import processing as judging
from app.services import routing, rulebook
from app.services.actions import perform_orders
from tests.services.world import World


def second_warehouse(world: World, **values: object) -> int:
    """A warehouse WEST with an account of the merchant."""
    west = world.make.warehouse(**{"code": "WEST", "rule_number": 7, "settings": {"name": "west"}, **values})
    world.run_sql(
        "INSERT INTO merchant_at_warehouse (merchant_id, warehouse_id, account, facility)"
        " SELECT merchant_id, %s, 'W1', 'dock 4' FROM connection",
        west.id,
    )
    return west.id


def test_without_a_rule_the_connections_default_warehouse_is_used(world: World) -> None:
    world.order("PO-1")
    world.run()
    processing.work()
    order = world.po("PO-1")
    assert (order["warehouse_id"], order["step"]) == (world.warehouse.id, "send")
    assert world.rows("SELECT 1 FROM judgement") == []


def test_a_rule_routes_by_code_and_its_trace_is_kept(world: World) -> None:
    west = second_warehouse(world)
    world.rule(
        'rule "Route west" when purchase_order.notes contains "west" then'
        ' route purchase_order to warehouse "WEST" end end'
    )
    world.order("PO-1", notes="go west")
    world.order("PO-2", notes="stay")
    world.run()
    processing.work()
    first, second = world.po("PO-1"), world.po("PO-2")
    assert (first["warehouse_id"], first["facility"], second["warehouse_id"]) == (west, "dock 4", world.warehouse.id)
    judgement = world.one("SELECT * FROM judgement WHERE id = %s", first["judgement_id"])
    assert judgement["outcome"] == "proceed"
    assert judgement["trace"]["rules"][0]["name"] == "Route west"
    version = world.one("SELECT id FROM rule_version")["id"]
    assert first["judged_versions"] == second["judged_versions"] == [version]
    told = world.one("SELECT data FROM activity WHERE kind = 'judged' AND purchase_order_id = %s", first["id"])["data"]
    assert (told["rule"], told["version"], told["warehouse"]) == ("Route west", 1, "WEST")


def test_the_location_map_routes_where_no_rule_does(world: World) -> None:
    west = second_warehouse(world)
    world.run_sql('UPDATE connection SET location_map = \'{"HAM": {"warehouse": "WEST", "facility": "north"}}\'')
    world.order("PO-1", warehouse_code="HAM")
    world.run()
    processing.work()
    order = world.po("PO-1")
    assert (order["warehouse_id"], order["facility"]) == (west, "north")


def test_a_route_to_a_warehouse_without_an_account_is_an_error_that_says_so(world: World) -> None:
    world.make.warehouse(code="NORTH", settings={"name": "north"})
    world.rule('rule "north" route purchase_order to warehouse "NORTH" end')
    world.order("PO-1")
    world.run()
    processing.work()
    order = world.po("PO-1")
    assert order["status"] == "error"
    assert "Merchant Northwind has no account at warehouse NORTH" in order["status_reason"]
    assert world.rows("SELECT 1 FROM delivery") == []


def test_rules_change_header_and_lines_and_the_sums_follow(world: World) -> None:
    world.rule(
        'rule "mend" set purchase_order.custom.tag to "high" set purchase_order.buyer_name to "Halle"'
        " for purchase_order_items in purchase_order"
        ' when purchase_order_item.sku is "SKU-2" then set purchase_order_item.quantity to 7 end end end'
    )
    world.order("PO-1", (10, 5))
    world.run()
    processing.work()
    order = world.po("PO-1")
    assert (order["custom"], order["buyer_name"]) == ({"tag": "high"}, "Halle")
    assert (order["units_ordered"], order["total_cost"]) == (Decimal(17), Decimal("42.5"))
    assert order["snapshot"]["buyer_name"] == ""


def test_a_rejected_line_is_left_out_of_the_notice(world: World) -> None:
    world.rule(
        'rule "no samples" for purchase_order_items in purchase_order'
        ' when purchase_order_item.sku starts_with "SKU-1" then reject purchase_order_item end end end'
    )
    world.order("PO-1", (10, 5))
    world.walk()
    assert [row["left_out_by"] for row in world.rows("SELECT left_out_by FROM line_item ORDER BY position")] == [
        "no samples",
        None,
    ]
    assert (world.po("PO-1")["lines_count"], world.po("PO-1")["units_ordered"]) == (1, 5)
    (document,) = world.target.documents()
    assert [line["sku"] for line in document["data"]["lines"]] == ["SKU-2"]


def test_a_rejected_order_is_archived_with_the_rule_as_the_reason_and_reprocess_sends_it(world: World) -> None:
    world.rule('rule "No tests" when purchase_order.notes contains "TEST" then reject purchase_order end end')
    world.order("PO-1", notes="TEST only")
    world.run()
    processing.work()
    order = world.po("PO-1")
    assert (order["status"], order["rejected"]) == ("archived", True)
    assert "No tests" in order["status_reason"]
    perform_orders("reprocess", [order["id"]], SYSTEM)
    deliveries.work()
    assert world.po("PO-1")["status"] == "open"


def test_a_failing_rule_stores_nothing_but_status_message_and_trace(world: World) -> None:
    world.rule(
        'rule "Check" set purchase_order.notes to "touched"'
        ' when purchase_order.supplier_code is blank then fail purchase_order with "No supplier." end end'
    )
    world.order("PO-1", notes="as it was")
    world.run()
    processing.work()
    order = world.po("PO-1")
    assert (order["status"], order["notes"], order["warehouse_id"]) == ("error", "as it was", None)
    assert "No supplier." in order["status_reason"]
    assert world.one("SELECT outcome FROM judgement") == {"outcome": "failed"}


def test_a_held_order_waits_and_reprocess_sends_it_now(world: World) -> None:
    world.rule('rule "Later" hold purchase_order until @tomorrow end')
    world.order("PO-1")
    world.walk()
    order = world.po("PO-1")
    assert (order["status"], order["step"], order["held_by"]) == ("new", "hold", "Later")
    assert order["step_due_at"] == order["held_until"]
    perform_orders("reprocess", [order["id"]], SYSTEM)
    deliveries.work()
    assert world.po("PO-1")["status"] == "open"


def test_a_hold_that_passed_sends_without_judging_again(world: World) -> None:
    world.rule('rule "Later" hold purchase_order until @tomorrow end')
    world.order("PO-1")
    world.run()
    processing.work()
    world.run_sql("UPDATE purchase_order SET step_due_at = clock_timestamp()")
    processing.work()
    deliveries.work()
    assert world.po("PO-1")["status"] == "open"
    assert world.one("SELECT count(*) AS n FROM judgement") == {"n": 1}


def test_every_judgement_starts_from_the_snapshot(world: World) -> None:
    rule = world.rule('rule "note" set purchase_order.notes to purchase_order.notes & "+" end')
    world.order("PO-1", notes="a")
    world.run()
    processing.work()
    assert world.po("PO-1")["notes"] == "a+"
    perform_orders("reset", [world.po("PO-1")["id"]], SYSTEM)
    processing.work()
    assert world.po("PO-1")["notes"] == "a+"
    assert rule > 0


def test_rules_for_all_stores_run_first_then_the_stores_own(world: World) -> None:
    second_warehouse(world)
    world.rule('rule "own" route purchase_order to warehouse "EAST" end', store_id=world.store.id)
    world.rule('rule "all" route purchase_order to warehouse "WEST" end')
    world.order("PO-1")
    world.run()
    processing.work()
    assert world.po("PO-1")["warehouse_id"] == world.warehouse.id


def test_an_inactive_rule_judges_nothing(world: World) -> None:
    rulebook.save(None, {"name": "off", "text": 'rule "off" archive purchase_order end', "state": "inactive"}, SYSTEM)
    world.order("PO-1")
    world.walk()
    assert world.po("PO-1")["status"] == "open"


def test_what_was_reset_meanwhile_is_not_stored(world: World) -> None:
    world.order("PO-1")
    world.run()
    work = judging.claim("slow")
    assert work is not None
    decisions = judging.decide(work)
    world.run_sql("UPDATE purchase_order SET lease_no = lease_no + 1")
    assert judging.store(decisions) == 0
    assert world.po("PO-1")["warehouse_id"] is None
    assert world.rows("SELECT 1 FROM delivery") == []


def test_two_workers_never_claim_the_same_order(world: World) -> None:
    for number in range(30):
        world.order(f"PO-{number}")
    world.run()
    claimed: list[int] = []
    barrier = threading.Barrier(3)

    def work(name: str) -> None:
        barrier.wait()
        while (found := judging.claim(name, 4)) is not None:
            claimed.extend(order.id for order in found.orders)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 30


def test_a_rule_that_can_no_longer_be_read_stops_its_orders_with_a_sentence(world: World) -> None:
    world.rule('rule "Old" print "fine" end')
    world.run_sql('UPDATE rule_version SET text = \'rule "Old" frobnicate "x" end\'')
    world.order("PO-1")
    world.run()
    processing.work()
    order = world.po("PO-1")
    assert order["status"] == "error"
    assert "Rule Old cannot be read any more" in order["status_reason"]


def test_a_fault_of_ours_on_one_order_does_not_hold_up_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = routing.without_rules

    def faulty(book: Any, order: Any) -> Any:
        if order.number == "PO-1":
            raise ZeroDivisionError
        return real(book, order)

    monkeypatch.setattr(routing, "without_rules", faulty)
    world.order("PO-1")
    world.order("PO-2")
    world.run()
    processing.work()
    assert (world.po("PO-1")["status"], world.po("PO-2")["step"]) == ("error", "send")
    assert "internal fault" in world.po("PO-1")["status_reason"]


def test_a_number_in_a_custom_field_stays_a_number_for_later_rules(world: World) -> None:
    world.rule('rule "a" set purchase_order.custom.score to 12.5 set purchase_order.custom.count to 3 end', position=1)
    world.rule(
        'rule "b" when purchase_order.custom.score > 5 then set purchase_order.notes to "high" end end', position=2
    )
    world.order("PO-1")
    world.run()
    processing.work()
    order = world.po("PO-1")
    assert (order["custom"], order["notes"]) == ({"score": 12.5, "count": 3}, "high")


def test_a_rule_that_looks_into_the_source_document_gets_it(world: World) -> None:
    world.rule(
        'rule "s" when purchase_order.source.buyer_name is "Halle" then set purchase_order.notes to "seen" end end'
    )
    world.order("PO-1", buyer_name="Halle")
    world.run()
    processing.work()
    assert world.po("PO-1")["notes"] == "seen"


def test_rules_add_lines_that_are_sent_too(world: World) -> None:
    world.rule(
        'rule "kit" add 1 item to purchase_order_items in purchase_order'
        ' set item.sku to "KIT-A" set item.quantity to 2 end end'
    )
    world.order("PO-1", (10,))
    world.walk()
    (document,) = world.target.documents()
    assert [(line["sku"], line["qty"]) for line in document["data"]["lines"]] == [("SKU-1", "10"), ("KIT-A", "2")]
    assert (world.po("PO-1")["lines_count"], world.po("PO-1")["units_ordered"]) == (2, 12)
