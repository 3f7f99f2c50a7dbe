"""People's actions on orders: each effect, each guard with its words, and that a refusal changes nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from app.domain.errors import BadRecord, NotFound, Refused, StaleRecord
from app.domain.people import SYSTEM, Reader, Role
from app.jobs import deliveries, processing
from app.services import delivering, orders
from app.services.actions import ORDER_ACTIONS, perform_orders
from app.services.unit_of_work import unit_of_work
from tests.factories import NOON
from tests.services.world import World

ADMIN = Reader(Role.ADMIN, "ada", 1, None, None)
SUPPORT = Reader(Role.SUPPORT, "sam", 2, None, None)
PARTNER = Reader(Role.PARTNER, "pat", 3, None, frozenset())
MERCHANT = Reader(Role.MERCHANT, "mia", 4, frozenset(), None)


def sent(world: World, quantities: tuple[int, ...] = (10, 5)) -> int:
    """An order that the warehouse accepted."""
    world.order("PO-1", quantities)
    world.walk()
    return int(world.po("PO-1")["id"])


def received(world: World, *quantities: int, final: bool = False, number: str = "R1") -> None:
    """A receipt of these quantities on the first lines, pulled and pushed."""
    (document,) = [d for d in world.target.documents() if d["state"] != "canceled"][-1:]
    lines = [{"line_no": n, "sku": f"SKU-{n}", "qty_good": quantity} for n, quantity in enumerate(quantities, 1)]
    world.target.receive(document["key"], lines, receipt_id=number, received_at=NOON, final=final)
    world.update_status()


def do(action: str, po_id: int, reader: Reader = SUPPORT, **options: Any) -> tuple[str, str]:
    (outcome,) = perform_orders(action, [po_id], reader, **options)
    return outcome.result, outcome.message


def test_archive_withdraws_what_has_not_started(world: World) -> None:
    world.order("PO-1")
    world.run()
    processing.work()
    po_id = world.po("PO-1")["id"]
    assert do("archive", po_id, reason="ordered twice")[0] == "done"
    deliveries.work()
    order = world.po("PO-1")
    assert (order["status"], order["status_reason"], order["step"]) == ("archived", "ordered twice", "none")
    assert world.target.calls() == []


def test_while_the_outcome_is_unknown_archive_reset_delete_and_edit_are_refused(world: World) -> None:
    world.order("PO-1")
    world.run()
    processing.work()
    po_id = world.po("PO-1")["id"]
    delivering.claim("in flight")
    before = world.po("PO-1")
    for action in ("archive", "reset", "delete"):
        result, message = do(action, po_id)
        assert (result, "not known yet" in message) == ("skipped", True)
    with pytest.raises(Refused, match="not known yet"):
        orders.edit_header(po_id, before["version_no"], {"notes": "x"}, SUPPORT, reason="Asked for")
    assert world.po("PO-1") == before


def test_delete_is_refused_once_sent_and_forced_only_by_an_admin(world: World) -> None:
    po_id = sent(world)
    assert do("delete", po_id) == (
        "skipped",
        "It was sent to a warehouse. Archive it instead; an admin may force the deletion.",
    )
    assert do("force_delete", po_id) == ("skipped", "Only an admin may delete a purchase order that was sent.")
    assert world.po("PO-1")["status"] == "open"
    assert do("force_delete", po_id, ADMIN, tombstone=True)[0] == "done"
    assert world.rows("SELECT 1 FROM purchase_order") == []
    assert world.one("SELECT tombstoned_by FROM po_key") == {"tombstoned_by": "ada"}
    assert world.one("SELECT state FROM document") == {"state": "accepted"}
    deleted = world.one("SELECT connection_id, external_id FROM activity WHERE kind = 'deleted'")
    assert deleted == {"connection_id": world.connection.id, "external_id": "PO-1"}


def test_reset_is_refused_once_it_has_a_receipt(world: World) -> None:
    po_id = sent(world)
    received(world, 3)
    result, message = do("reset", po_id)
    assert (result, message.startswith("It has a receipt")) == ("skipped", True)
    assert world.po("PO-1")["status"] == "partially_received"


def test_close_short_needs_a_reason_closes_and_is_told_to_source_and_warehouse(world: World) -> None:
    po_id = sent(world)
    received(world, 10, 2)
    assert do("close_short", po_id)[0] == "skipped"
    assert do("close_short", po_id, reason="supplier is out")[0] == "done"
    assert world.po("PO-1")["status"] == "closed"
    short = world.rows("SELECT closed_short_quantity AS q, closed_short_reason AS r FROM line_item ORDER BY position")
    assert [(row["q"], row["r"]) for row in short] == [(0, None), (3, "supplier is out")]
    deliveries.work()
    world.update_status()
    assert world.source.statuses()[-1]["data"]["lines"][1]["qty_closed_short"] == "3"
    (document,) = world.target.documents()
    assert [line["qty"] for line in document["data"]["lines"]] == ["10", "2"]


def test_closing_short_what_nothing_came_of_cancels_the_warehouses_document(world: World) -> None:
    po_id = sent(world)
    assert do("close_short", po_id, reason="never shipped")[0] == "done"
    deliveries.work()
    assert [document["state"] for document in world.target.documents()] == ["canceled"]
    order = world.po("PO-1")
    assert (order["status"], order["cancel_state"]) == ("closed", "")


def test_one_line_is_closed_short_and_the_order_goes_on(world: World) -> None:
    po_id = sent(world)
    line = world.one("SELECT id FROM line_item WHERE line_number = 2")["id"]
    assert do("close_short", po_id, reason="gone", line_ids=[line])[0] == "done"
    assert world.po("PO-1")["status"] == "open"
    received(world, 10)
    assert world.po("PO-1")["status"] == "closed"


def test_reopen_expects_the_rest_again(world: World) -> None:
    po_id = sent(world)
    received(world, 4)
    do("close_short", po_id, reason="gone")
    assert world.po("PO-1")["status"] == "closed"
    assert do("reopen", po_id)[0] == "done"
    order = world.po("PO-1")
    assert (order["status"], order["step"]) == ("partially_received", "wait")
    assert order["reopened_at"] is not None


def test_reprocess_of_a_timed_out_order_opens_it_for_another_timeout(world: World) -> None:
    po_id = sent(world)
    world.run_sql("UPDATE purchase_order SET status = 'closed', step = 'none'")
    assert do("reprocess", po_id) == ("done", "It is open again for another full timeout.")
    assert world.po("PO-1")["status"] == "open"


def test_reprocess_after_the_warehouse_finished_short_sends_a_new_document_for_the_rest(world: World) -> None:
    po_id = sent(world)
    received(world, 4, 5, final=True)
    assert world.po("PO-1")["status"] == "closed"
    result, message = do("reprocess", po_id)
    assert (result, "new document" in message) == ("done", True)
    deliveries.work()
    documents = world.target.documents()
    assert [[line["qty"] for line in document["data"]["lines"]] for document in documents] == [["10", "5"], ["6"]]
    assert len({document["key"] for document in documents}) == 2
    assert world.po("PO-1")["status"] == "partially_received"


def test_reprocess_where_nothing_failed_says_so(world: World) -> None:
    assert do("reprocess", sent(world)) == ("skipped", "Nothing failed or stalled: it goes on by itself.")


def test_reprocess_of_an_archived_order_resumes_where_it_stood(world: World) -> None:
    po_id = sent(world)
    received(world, 4)
    assert do("archive", po_id)[0] == "done"
    assert do("reprocess", po_id)[0] == "done"
    assert world.po("PO-1")["status"] == "partially_received"


def test_an_edit_before_the_send_is_judged_again_and_reset_drops_it(world: World) -> None:
    world.order("PO-1", (10, 5))
    world.run()
    processing.work()
    order = world.po("PO-1")
    orders.edit_header(
        order["id"], order["version_no"], {"notes": "by hand", "due_date": "2026-05-01"}, SUPPORT, reason="Asked for"
    )
    line = world.one("SELECT id FROM line_item WHERE line_number = 2")["id"]
    orders.edit_line(line, world.po("PO-1")["version_no"], {"quantity": Decimal(8)}, SUPPORT, reason="Asked for")
    order = world.po("PO-1")
    assert (order["notes"], order["edited"], order["step"], order["units_ordered"]) == ("by hand", True, "judge", 18)
    processing.work()
    deliveries.work()
    (document,) = world.target.documents()
    assert [line["qty"] for line in document["data"]["lines"]] == ["10", "8"]
    assert do("reset", order["id"])[0] == "done"
    order = world.po("PO-1")
    assert (order["notes"], order["edited"], order["units_ordered"], order["due_date"]) == ("", False, 15, None)


def test_lines_are_added_and_removed(world: World) -> None:
    world.order("PO-1", (10, 5))
    world.run()
    order = world.po("PO-1")
    orders.add_line(order["id"], order["version_no"], {"sku": "NEW-1", "quantity": "3"}, SUPPORT, reason="Asked for")
    first = world.one("SELECT id FROM line_item WHERE line_number = 1")["id"]
    orders.remove_line(first, world.po("PO-1")["version_no"], SUPPORT, reason="Asked for")
    rows = world.rows("SELECT line_number, sku, quantity FROM line_item ORDER BY line_number")
    assert [(row["line_number"], row["sku"], row["quantity"]) for row in rows] == [(2, "SKU-2", 5), (3, "NEW-1", 3)]
    assert (world.po("PO-1")["lines_count"], world.po("PO-1")["units_ordered"]) == (2, 8)


def test_a_stale_form_is_refused_and_changes_nothing(world: World) -> None:
    world.order("PO-1")
    world.run()
    order = world.po("PO-1")
    orders.edit_header(order["id"], order["version_no"], {"notes": "first"}, SUPPORT, reason="Asked for")
    with pytest.raises(StaleRecord, match="was changed since you opened it"):
        orders.edit_header(order["id"], order["version_no"], {"notes": "second"}, SUPPORT, reason="Asked for")
    assert world.po("PO-1")["notes"] == "first"


def test_an_edit_that_leaves_no_order_is_refused(world: World) -> None:
    world.order("PO-1", (10,))
    world.run()
    order = world.po("PO-1")
    with pytest.raises(BadRecord, match="no lines"):
        orders.remove_line(
            world.one("SELECT id FROM line_item")["id"], order["version_no"], SUPPORT, reason="Asked for"
        )
    assert world.one("SELECT count(*) AS n FROM line_item") == {"n": 1}
    assert world.po("PO-1") == order


def test_editing_a_sent_order_is_refused(world: World) -> None:
    po_id = sent(world)
    before = world.po("PO-1")
    with pytest.raises(Refused, match="was sent to a warehouse"):
        orders.edit_header(po_id, before["version_no"], {"notes": "x"}, SUPPORT, reason="Asked for")
    assert world.po("PO-1") == before


@pytest.mark.parametrize("action", sorted(ORDER_ACTIONS))
@pytest.mark.parametrize("reader", [PARTNER, MERCHANT], ids=["partner", "merchant"])
def test_out_of_scope_looks_like_not_there_and_changes_nothing(world: World, action: str, reader: Reader) -> None:
    po_id = sent(world)
    before, told = world.po("PO-1"), world.kinds("PO-1")
    result, message = do(action, po_id, reader, reason="x", text="x")
    assert (result, message) == ("skipped", "There is no such purchase order. Go back to the list.")
    assert (world.po("PO-1"), world.kinds("PO-1")) == (before, told)


@pytest.mark.parametrize("action", sorted(set(ORDER_ACTIONS) - {"comment"}))
def test_partners_and_merchants_in_scope_may_look_but_not_act(world: World, action: str) -> None:
    po_id = sent(world)
    before = world.po("PO-1")
    for reader in (
        Reader(Role.PARTNER, "pat", 3, None, frozenset({world.warehouse.id})),
        Reader(Role.MERCHANT, "mia", 4, frozenset({world.connection.merchant_id}), None),
    ):
        assert do(action, po_id, reader, reason="x")[0] == "skipped"
    assert world.po("PO-1") == before


def test_comments(world: World) -> None:
    po_id = sent(world)
    partner = Reader(Role.PARTNER, "pat", 3, None, frozenset({world.warehouse.id}))
    assert do("comment", po_id, partner, text="two pallets are wet")[0] == "done"
    told = world.one("SELECT actor, data FROM activity WHERE kind = 'comment'")
    assert (told["actor"], told["data"]) == ("pat", {"text": "two pallets are wet"})
    assert do("comment", po_id, partner, text="  ")[0] == "skipped"
    with pytest.raises(NotFound), unit_of_work("comment") as unit:
        orders.comment(unit, 10**9, "x", SYSTEM)


def test_one_that_fails_never_stops_the_others(world: World) -> None:
    for number in ("PO-1", "PO-2"):
        world.order(number)
    world.walk()
    world.order("PO-3")
    world.run()
    ids = [world.po(number)["id"] for number in ("PO-1", "PO-2", "PO-3")]
    outcomes = perform_orders("delete", [ids[0], 10**9, ids[2]], SUPPORT)
    assert [(o.result, o.label) for o in outcomes] == [("skipped", "PO-1"), ("skipped", str(10**9)), ("done", "PO-3")]
