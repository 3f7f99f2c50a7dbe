"""Raw texts: staff read those of the orders in their scope, and nobody reads another order's by its number."""

from __future__ import annotations

import pytest

from app.domain.errors import NotFound
from app.domain.people import NOBODY, Reader, Role
from app.models import PurchaseOrder, SourceDocument
from app.services.source_documents import raw_text
from tests.services.world import World

ADMIN = Reader(Role.ADMIN, "Ada", 1, None, None)
TEXT = "number;sku\nPO-1;Käse <b>\t🚚\r\n"


@pytest.fixture
def order(world: World) -> PurchaseOrder:
    """An order of the world."""
    return world.make.purchase_order(world.connection)


def document(world: World, order: PurchaseOrder, text: str = TEXT) -> int:
    """A stored text of an order."""
    about = {"connection_id": order.connection_id, "external_id": order.external_id}
    return world.make.add(SourceDocument(text=text, reference="a.csv", **about)).id


def test_staff_read_it_exactly_as_it_came(world: World, order: PurchaseOrder) -> None:
    number = document(world, order)
    for reader in (
        ADMIN,
        Reader(Role.SUPPORT, "Sue", 2, None, None),
        Reader(Role.SUPPORT, "Sue", 2, frozenset({order.merchant_id}), None),
    ):
        found = raw_text(order.id, number, reader)
        assert (found.text, found.reference, found.length, found.cut) == (TEXT, "a.csv", len(TEXT), False)


def test_nobody_else_reads_it(world: World, order: PurchaseOrder) -> None:
    number = document(world, order)
    assert order.warehouse_id is not None
    for reader in (
        Reader(Role.MERCHANT, "Max", 3, frozenset({order.merchant_id}), None),
        Reader(Role.PARTNER, "Pat", 4, None, frozenset({order.warehouse_id})),
        Reader(Role.SUPPORT, "Sue", 2, frozenset({order.merchant_id + 1}), None),
        Reader(Role.SUPPORT, "Sue", 2, frozenset(), None),
        NOBODY,
    ):
        with pytest.raises(NotFound):
            raw_text(order.id, number, reader)


def test_a_text_of_another_order_is_not_there(world: World, order: PurchaseOrder) -> None:
    other = world.make.purchase_order(world.connection)
    namesake = world.make.purchase_order(world.make.connection(), external_id=order.external_id)
    number = document(world, order)
    for wrong in (other, namesake):
        with pytest.raises(NotFound):
            raw_text(wrong.id, number, ADMIN)
    for missing in (0, -1, number + 1_000, 2**63 - 1):
        with pytest.raises(NotFound):
            raw_text(order.id, missing, ADMIN)


@pytest.mark.parametrize(("most", "cut"), [(0, True), (5, True), (10, False), (11, False), (None, False)])
def test_a_long_text_is_cut_and_says_so(world: World, order: PurchaseOrder, most: int | None, cut: bool) -> None:
    number = document(world, order, "äöüß🚚12345")
    found = raw_text(order.id, number, ADMIN, most)
    assert found.text == "äöüß🚚12345"[:most]
    assert (found.length, found.cut) == (10, cut)


def test_an_import_tells_which_text_the_order_came_from(world: World) -> None:
    world.order("PO-77")
    world.run()
    row = world.one("SELECT id, source_document_id FROM purchase_order WHERE number = 'PO-77'")
    told = world.one("SELECT data FROM activity WHERE kind = 'imported' AND purchase_order_id = %s", row["id"])
    assert told["data"]["document"] == row["source_document_id"]
    assert "PO-77" in raw_text(row["id"], told["data"]["document"], ADMIN).text


def test_a_change_tells_which_text_it_came_from(world: World) -> None:
    world.order("PO-77")
    world.run()
    world.order("PO-77", quantities=(7, 5), revision=2)
    world.run()
    row = world.one("SELECT id, source_document_id FROM purchase_order WHERE number = 'PO-77'")
    told = world.one("SELECT data FROM activity WHERE kind = 'changed' AND purchase_order_id = %s", row["id"])
    assert told["data"]["document"] == row["source_document_id"]
    assert raw_text(row["id"], told["data"]["document"], ADMIN).length > 0
