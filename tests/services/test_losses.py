"""What an action takes with it, as its dialog says it, against what is gone when it is done."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.domain.differences import FieldPair, LineFate, LinePair, header_changes, line_changes
from app.domain.record import PurchaseOrderRecord
from app.domain.wording import plain
from app.jobs import processing
from app.models import PurchaseOrder
from app.queries import versions
from app.services import orders, receiving
from app.services.consequences import ASKED, consequences
from app.services.losses import SHOWN, Loss, loss
from app.services.unit_of_work import Database
from tests.services import states
from tests.services.states import ADMIN, SUPPORT, ask, done, said
from tests.services.world import World
from tests.web.counting import statements_of

EDITS = "Edits by hand"
RULES = "Set by the rules, who are asked again"


def today(po_id: int) -> PurchaseOrderRecord:
    """The order as it stands."""
    with Session(Database.engine()) as session:
        return versions.today(session.get_one(PurchaseOrder, po_id), versions.lines_of(session, po_id))


def edit(world: World, **changes: Any) -> None:
    """Change header fields by hand."""
    order = world.po("PO-1")
    orders.edit_header(order["id"], order["version_no"], changes, SUPPORT, reason="Asked for")


def line(world: World, number: int) -> int:
    """A line's id."""
    return int(world.one("SELECT id FROM line_item WHERE line_number = %s", number)["id"])


def version(world: World) -> int:
    """The version that a form would carry now."""
    return int(world.po("PO-1")["version_no"])


def edited(world: World) -> int:
    """Header edited, a line changed, one removed, one added; the rules then set fields, left a line out, held it."""
    world.rule(
        'rule "Mend" set purchase_order.buyer_name to "Halle" set purchase_order.notes to purchase_order.notes & "!"'
        " for purchase_order_items in purchase_order"
        ' when purchase_order_item.sku is "SKU-4" then reject purchase_order_item end'
        ' when purchase_order_item.sku is "SKU-1" then set purchase_order_item.name to "Thing" end end end'
    )
    world.rule('rule "Later" hold purchase_order until @tomorrow end')
    world.order("PO-1", (10, 5, 3, 2), notes="As imported")
    world.run()
    edit(world, notes="By hand", due_date=date(2026, 5, 1), tags=["hot"])
    orders.edit_line(line(world, 1), version(world), {"quantity": Decimal(8)}, SUPPORT, reason="Asked for")
    orders.remove_line(line(world, 3), version(world), SUPPORT, reason="Asked for")
    values = {"sku": "NEW-1", "quantity": Decimal(7), "unit_cost": Decimal("1.50")}
    orders.add_line(world.po("PO-1")["id"], version(world), values, SUPPORT, reason="Asked for")
    processing.work()
    assert world.po("PO-1")["step"] == "hold"
    return int(world.po("PO-1")["id"])


def fields_of(part: Loss) -> dict[str, tuple[str, str]]:
    """The header fields of a loss: as they are, and as they will be."""
    return {pair.label: (pair.before, pair.after) for pair in part.fields}


def test_what_reset_tells_is_what_goes(world: World) -> None:
    po_id = edited(world)
    by_hand, by_rules = ask("reset", po_id).losses
    assert (by_hand.title, by_rules.title) == (EDITS, RULES)
    assert fields_of(by_hand) == {
        "Notes": ("By hand!", "As imported"), "Due": ("1 May 2026", ""), "Tags": ("hot", ""),
    }  # fmt: skip
    fates = {pair.line.sku: pair.fate for pair in by_hand.lines}
    # Seen from today: the added line goes, and the removed one comes back.
    assert fates == {"SKU-1": LineFate.CHANGED, "NEW-1": LineFate.REMOVED, "SKU-3": LineFate.ADDED}
    assert fields_of(by_rules) == {
        "Warehouse": ("EAST", ""),
        "Hold": (f"Later until {world.po('PO-1')['held_until']:%-d %b %Y, %H:%M} UTC", ""),
        "Lines left out": ("1 line", ""),
        "Buyer": ("Halle", ""),
        "Notes": ("By hand!", "By hand"),
    }
    assert [(pair.line.sku, pair.fields) for pair in by_rules.lines] == [("SKU-1", (FieldPair("Name", "Thing", ""),))]
    assert (by_hand.total, by_rules.total, by_hand.more, by_rules.more) == (6, 6, 0, 0)
    before = today(po_id)
    done("reset", po_id)
    after = today(po_id)
    gone = {pair.label: (pair.before, pair.after) for pair in header_changes(before, after)}
    chosen = {"Warehouse", "Hold", "Lines left out"}
    told = {**fields_of(by_rules), **fields_of(by_hand)}
    assert gone == {label: pair for label, pair in told.items() if label not in chosen}
    assert {pair.key for pair in line_changes(before.lines, after.lines)} == {
        pair.key for part in (by_hand, by_rules) for pair in part.lines
    }
    order = world.po("PO-1")
    assert (order["warehouse_id"], order["held_by"], order["edited"], order["edits"]) == (None, "", False, {})
    assert world.rows("SELECT 1 FROM line_item WHERE left_out_by IS NOT NULL") == []
    assert ask("reset", po_id).losses == ()


def test_an_edit_that_a_rule_set_back_is_not_lost(world: World) -> None:
    world.rule('rule "Back" set purchase_order.notes to "As imported" end')
    world.order("PO-1", notes="As imported")
    world.run()
    edit(world, notes="By hand")
    processing.work()
    losses = {part.title: fields_of(part) for part in ask("reset", world.po("PO-1")["id"]).losses}
    assert losses == {RULES: {"Warehouse": ("EAST", ""), "Notes": ("As imported", "By hand")}}


def test_an_order_that_nobody_touched_loses_nothing(world: World) -> None:
    assert ask("reset", states.fresh(world)).losses == ()


def test_many_lines_are_counted_and_the_first_are_named(world: World) -> None:
    world.order("PO-1", (1,) * (SHOWN + 5))
    world.run()
    order = world.po("PO-1")
    ids = [row["id"] for row in world.rows("SELECT id FROM line_item ORDER BY position")]
    edit(world, notes="By hand")
    for line_id in ids[: SHOWN + 2]:
        orders.edit_line(line_id, version(world), {"quantity": Decimal(2)}, SUPPORT, reason="Asked for")
    (part,) = ask("reset", order["id"]).losses
    assert (part.total, len(part.fields), len(part.lines), part.more) == (SHOWN + 3, 1, SHOWN, 2)
    assert [pair.line.line_number for pair in part.lines] == list(range(1, SHOWN + 1))


@pytest.mark.parametrize(("fields", "lines", "more"), [(0, 0, 0), (SHOWN, 0, 0), (SHOWN + 1, 0, 1), (30, 30, 10)])
def test_at_most_so_many_of_each_are_named(fields: int, lines: int, more: int) -> None:
    pairs = [FieldPair(str(n), "a", "b") for n in range(fields)]
    part = loss("Title", pairs, [LinePair(str(n), None, None, ()) for n in range(lines)])
    assert (part.total, part.more) == (fields + lines, more)


def count(world: World, table: str, po_id: int) -> int:
    """The rows of a table that belong to an order."""
    return int(world.one(f"SELECT count(*) AS n FROM {table} WHERE purchase_order_id = %s", po_id)["n"])


def test_what_delete_tells_is_what_goes(world: World) -> None:
    po_id = edited(world)
    told = ask("delete", po_id)
    entries = count(world, "activity", po_id)
    assert plain(told.sentences[0]) == "The purchase order and its 4 lines are removed here."
    assert plain(told.sentences[1]).startswith(f"Its timeline ({entries} entries, comments too) stays")
    (by_hand,) = told.losses
    assert (by_hand.title, by_hand.total) == (EDITS, 6)
    assert count(world, "line_item", po_id) == 4
    done("delete", po_id)
    assert world.rows("SELECT 1 FROM purchase_order") == []
    assert [count(world, table, po_id) for table in ("line_item", "pending_change")] == [0, 0]
    # The timeline stays, with one more that tells of the deletion.
    assert count(world, "activity", po_id) == entries + 1
    # Imported anew, it is as the source has it: the edits are gone.
    world.order("PO-1", (10, 5, 3, 2), notes="As imported", revision=2)
    world.run()
    assert world.po("PO-1")["notes"] == "As imported"
    assert world.po("PO-1")["edited"] is False
    assert ask("reset", world.po("PO-1")["id"]).losses == ()


def test_what_force_delete_tells_of_receipts_is_what_becomes_of_them(world: World) -> None:
    po_id = states.part(world)
    states.receive(world, 2, number="R2")
    world.run_sql("UPDATE receipt SET state = 'notifying' WHERE external_id = 'R2'")
    archived = world.make.receipt(_order(po_id), quantities=[1], external_id="R3")
    world.run_sql("UPDATE receipt SET state = 'archived' WHERE id = %s", archived.id)
    assert "1 receipt of it waits for it to be imported again." in said("force_delete", po_id)
    done("force_delete", po_id)
    rows = world.rows("SELECT external_id, state, purchase_order_id FROM receipt ORDER BY external_id")
    assert [tuple(row.values()) for row in rows] == [
        ("R1", "new", None), ("R2", "notifying", None), ("R3", "archived", None),
    ]  # fmt: skip
    assert world.one("SELECT count(*) AS n FROM allocation WHERE line_item_id IS NOT NULL") == {"n": 0}
    assert world.one("SELECT warehouse_ref, state FROM document") == {"warehouse_ref": "SB-000001", "state": "accepted"}
    # The source offers it again: the document is found there, no second one is made, and the receipt counts.
    world.order("PO-1", revision=2)
    world.walk()
    assert len(world.target.documents()) == 1
    assert receiving.match_waiting() == 1
    assert world.po("PO-1")["units_received"] == 4


def _order(po_id: int) -> PurchaseOrder:
    with Session(Database.engine(), expire_on_commit=False) as session:
        return session.get_one(PurchaseOrder, po_id)


@pytest.mark.parametrize("tombstone", [False, True])
def test_delete_imports_anew_unless_it_is_ruled_out(world: World, tombstone: bool) -> None:
    po_id = states.fresh(world)
    assert "imported anew, unless that is ruled out below" in said("delete", po_id)
    done("delete", po_id, tombstone=tombstone)
    world.order("PO-1", revision=2)
    world.run()
    assert len(world.rows("SELECT 1 FROM purchase_order")) == (0 if tombstone else 1)


def test_what_accepting_a_change_tells_is_what_changes(world: World) -> None:
    po_id = states.planned(world)
    edit(world, notes="By hand", buyer_name="Halle")
    processing.work()
    states.change(world)
    told = ask("accept_change", po_id)
    before = today(po_id)
    assert plain(told.sentences[0]) == "2 fields and 3 lines change."
    (by_hand,) = told.losses
    assert fields_of(by_hand) == {"Notes": ("By hand", ""), "Buyer": ("Halle", "")}
    done("accept_change", po_id)
    after = today(po_id)
    assert {pair.label: pair.after for pair in header_changes(before, after)} == {"Notes": "Changed", "Buyer": ""}
    assert len(line_changes(before.lines, after.lines)) == 3
    assert world.po("PO-1")["edited"] is False


def test_accepting_a_change_expects_again_what_a_rule_left_out_once_goods_came(world: World) -> None:
    rule = world.rule(
        'rule "No samples" for purchase_order_items in purchase_order'
        ' when purchase_order_item.sku is "SKU-2" then reject purchase_order_item end end end'
    )
    assert rule
    po_id = states.part(world)
    world.order("PO-1", (12, 5))
    world.run()
    sentence = "1 line that a rule left out is expected then: the rules are not asked again."
    assert sentence in said("accept_change", po_id)
    done("accept_change", po_id)
    processing.work()
    assert world.rows("SELECT 1 FROM line_item WHERE left_out_by IS NOT NULL") == []
    assert world.po("PO-1")["status"] == "partially_received"


def test_what_was_closed_short_is_expected_again_where_it_starts_over(world: World) -> None:
    po_id = states.sent(world)
    done("close_short", po_id, line_ids=[line(world, 2)])
    states.change(world)
    sentence = "1 line that was closed short is expected again."
    for action in ("reset", "accept_change"):
        assert sentence in said(action, po_id)
    done("reset", po_id)
    assert world.rows("SELECT 1 FROM line_item WHERE closed_short_quantity > 0") == []


@pytest.mark.parametrize("action", ["close_short", "reopen"])
def test_the_units_that_are_told_are_those_that_move(world: World, action: str) -> None:
    po_id = states.part(world) if action == "close_short" else states.short(world)
    assert said(action, po_id).startswith("2 lines with 11 units are ")
    done(action, po_id)
    moved = world.one("SELECT sum(closed_short_quantity) AS n FROM line_item")["n"]
    assert moved == (11 if action == "close_short" else 0)


def test_reprocess_of_what_waits_names_the_attempt_that_it_brings_forward(world: World) -> None:
    po_id = states.planned(world)
    world.run_sql("UPDATE delivery SET due_at = '2027-01-02 03:04:00+00'")
    assert said("reprocess", po_id) == (
        "The next attempt to reach EAST is made now, instead of at 2 Jan 2027, 03:04 UTC."
    )
    done("reprocess", po_id)
    assert world.rows("SELECT 1 FROM delivery WHERE due_at > clock_timestamp()") == []


def test_reprocess_of_a_held_order_lifts_the_hold(world: World) -> None:
    po_id = states.held(world)
    until = f"{world.po('PO-1')['held_until']:%-d %b %Y, %H:%M} UTC"
    assert said("reprocess", po_id) == f"The hold by rule “Later” until {until} is lifted, and it is sent to EAST now."
    done("reprocess", po_id)
    order = world.po("PO-1")
    assert (order["step"], order["held_by"], order["held_until"]) == ("send", "", None)
    assert len(world.rows("SELECT 1 FROM delivery WHERE state = 'due'")) == 1


@pytest.mark.parametrize("action", sorted(ASKED))
@pytest.mark.parametrize("lines", [3, 2_000])
def test_it_costs_at_most_four_statements(world: World, action: str, lines: int) -> None:
    po = world.make.purchase_order(world.connection, lines=lines)
    with Session(Database.engine()) as session, statements_of(Database.engine()) as sent:
        consequences(session, action, po.id, ADMIN)
    assert len(sent) <= 4
