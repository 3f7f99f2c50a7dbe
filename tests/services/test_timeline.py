"""The timeline: entries in their order, complete by themselves, and in the transaction of what they tell."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.domain.errors import Refused
from app.domain.states import PoStatus
from app.services.timeline import Entry, tell
from app.services.unit_of_work import unit_of_work
from tests.factories import NOON
from tests.services.world import World

SQL = "SELECT kind, purchase_order_id, receipt_id, connection_id, external_id, actor, data FROM activity ORDER BY id"


def test_an_entry_takes_connection_and_external_id_from_its_order(world: World) -> None:
    po = world.make.purchase_order(world.connection, status=PoStatus.OPEN)
    receipt = world.make.receipt(po)
    with unit_of_work("tell") as unit:
        tell(unit, [Entry("comment", po.id, receipt.id, actor="ada", data={"text": "“wet” 🚚"})])
    assert world.one(SQL) == {
        "kind": "comment",
        "purchase_order_id": po.id,
        "receipt_id": receipt.id,
        "connection_id": po.connection_id,
        "external_id": po.external_id,
        "actor": "ada",
        "data": {"text": "“wet” 🚚"},
    }


def test_what_is_given_comes_before_the_orders_own(world: World) -> None:
    po = world.make.purchase_order(world.connection)
    other = world.make.connection()
    with unit_of_work("tell") as unit:
        tell(unit, [Entry("deleted", po.id, connection_id=other.id, external_id="given")])
    row = world.one(SQL)
    assert (row["connection_id"], row["external_id"]) == (other.id, "given")


def test_an_entry_without_an_order_or_with_one_that_is_gone_is_kept(world: World) -> None:
    with unit_of_work("tell") as unit:
        tell(unit, [Entry("deleted", None, connection_id=world.connection.id, external_id="EXT-9"), Entry("late", 77)])
    assert [(row["purchase_order_id"], row["connection_id"], row["external_id"]) for row in world.rows(SQL)] == [
        (None, world.connection.id, "EXT-9"),
        (77, None, ""),
    ]


def test_many_entries_keep_their_order(world: World) -> None:
    orders = [world.make.purchase_order(world.connection) for _ in range(3)]
    wanted = [(po.id, n) for n in range(10) for po in reversed(orders)]
    with unit_of_work("tell") as unit:
        tell(unit, [Entry("comment", po_id, data={"n": n}) for po_id, n in wanted])
        tell(unit, [])
    assert [(row["purchase_order_id"], row["data"]["n"]) for row in world.rows(SQL)] == wanted


def test_quantities_and_moments_are_told_as_text(world: World) -> None:
    with unit_of_work("tell") as unit:
        tell(unit, [Entry("receipt", data={"units": Decimal("1.50"), "at": NOON})])
    assert world.one(SQL)["data"] == {"units": "1.50", "at": "2026-03-04 12:00:00+00:00"}


def test_what_did_not_happen_is_not_told(world: World) -> None:
    with pytest.raises(Refused), unit_of_work("tell") as unit:
        tell(unit, [Entry("comment")])
        raise Refused("no")
    assert world.rows(SQL) == []
