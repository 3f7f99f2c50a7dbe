"""The outside systems: what they write can be read by the connectors, and what they are sent is understood."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from app.connectors import registry
from app.connectors.contract import (
    ConnectorContext,
    ImportWindow,
    InboundNotice,
    NoticeLine,
    ReceiptDocument,
    SourceConnector,
    WarehouseConnector,
)
from app.demo.arrivals import Truck
from app.demo.dock import FIRST_TRUCK, Dock
from app.demo.orders import all_orders
from app.demo.places import BUYING, COLD, CONNECTIONS, EAST, WAREHOUSES, WEST, DemoConnection, DemoWarehouse
from app.demo.world import World

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
AN_HOUR_AGO = NOW - timedelta(hours=1)
ORDERS = all_orders(NOW.date())


def source(root: Path, connection: DemoConnection) -> SourceConnector:
    """The connector that reads what the store offers."""
    context = ConnectorContext(ZoneInfo(connection.time_zone), root, "", lambda: NOW)
    return registry.source(connection.kind, connection.settings, {}, context)


def connector(root: Path, place: DemoWarehouse, at: datetime = NOW) -> WarehouseConnector:
    """The connector that speaks with the warehouse."""
    context = ConnectorContext(ZoneInfo(place.time_zone), root, "", lambda: at)
    return registry.warehouse(place.kind, place.settings, {}, context)


def announced(number: str = "AF-20401", *, key: str = "key-1", version: int = 1) -> InboundNotice:
    """A notice of two lines."""
    lines = (
        NoticeLine("no:1", 1, "", "TWL-OAT-S", Decimal(24), unit_of_measure="EA"),
        NoticeLine("no:2", 2, "", "MUG-OAT", Decimal(10), unit_of_measure="CS", pack_size=Decimal(12)),
    )
    return InboundNotice(key, version, number, "Alder & Finch Home", "ACC", "", "S", "Supplier", None, "", lines)


def reported(root: Path, place: DemoWarehouse) -> list[ReceiptDocument]:
    """What the connector reads of the warehouse's receipts, with the word that all were taken."""
    found: list[ReceiptDocument] = []
    reader = connector(root, place, NOW + timedelta(days=1))
    for page in reader.receipts(None):
        found += page.receipts
        reader.acknowledge(page, [])
    return found


@pytest.mark.parametrize("connection", CONNECTIONS, ids=lambda connection: connection.merchant)
def test_what_a_store_offers_is_read_as_it_was(tmp_path: Path, connection: DemoConnection) -> None:
    records = [order.record for order in ORDERS if order.connection is connection][:3]
    World(tmp_path).place_orders(connection, records, "orders", AN_HOUR_AGO)
    reader = source(tmp_path, connection)
    (page,) = reader.pages(ImportWindow())
    read = [reader.map_order(document) for document in page.documents]
    assert [one.number for one in read] == [record.number for record in records]
    assert [one.lines for one in read] == [record.lines for record in records]
    assert [(one.due_date, one.tags, one.ship_to) for one in read] == [
        (record.due_date, record.tags, record.ship_to) for record in records
    ]


def test_a_file_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    record = next(order.record for order in ORDERS if order.connection is BUYING)
    World(tmp_path).place_orders(BUYING, [record], "orders", NOW - timedelta(seconds=1))
    assert [document for page in source(tmp_path, BUYING).pages(ImportWindow()) for document in page.documents] == []


@pytest.mark.parametrize("place", WAREHOUSES, ids=lambda place: place.code)
def test_a_notice_reaches_its_warehouse_and_the_receipt_comes_back(tmp_path: Path, place: DemoWarehouse) -> None:
    world = World(tmp_path)
    connector(tmp_path, place).create(announced())
    (notice,) = world.notices(place)
    assert (notice["po_number"], notice["key"], len(notice["lines"])) == ("AF-20401", "key-1", 2)
    truck = Truck(notice, 1, AN_HOUR_AGO)
    world.receive(place, [truck.document(truck.all_of(), final=True)])
    (receipt,) = reported(tmp_path, place)
    assert (receipt.external_id, receipt.final, receipt.received_at) == ("RC-AF-20401-1", True, AN_HOUR_AGO)
    assert [(line.sku, line.received) for line in receipt.lines] == [
        ("TWL-OAT-S", Decimal(24)),
        ("MUG-OAT", Decimal(10)),
    ]


def test_receipts_come_as_csv_and_json(tmp_path: Path) -> None:
    connector(tmp_path, EAST).create(announced())
    world = World(tmp_path)
    trucks = [Truck(world.notices(EAST)[0], number, AN_HOUR_AGO) for number in (1, 2, 3)]
    world.receive(EAST, [truck.document(truck.part_of()) for truck in trucks])
    names = sorted(path.name for path in (tmp_path / "demo" / "east" / "receipts").iterdir())
    assert names == ["RC-AF-20401-1-260304.csv", "RC-AF-20401-2-260304.json", "RC-AF-20401-3-260304.json"]
    keys = {receipt.external_id: (receipt.document_key, receipt.number) for receipt in reported(tmp_path, EAST)}
    assert keys == {
        "RC-AF-20401-1": ("", "AF-20401"),
        "RC-AF-20401-2": ("key-1", "AF-20401"),
        "RC-AF-20401-3": ("key-1", "AF-20401"),
    }


@pytest.mark.parametrize("place", [WEST, COLD], ids=lambda place: place.code)
def test_a_sandbox_books_a_receipt_once(tmp_path: Path, place: DemoWarehouse) -> None:
    connector(tmp_path, place).create(announced())
    world = World(tmp_path)
    truck = Truck(world.notices(place)[0], 1, AN_HOUR_AGO)
    for _ in range(2):
        world.receive(place, [truck.document(truck.part_of())])
    assert [receipt.external_id for receipt in reported(tmp_path, place)] == ["RC-AF-20401-1"]


@pytest.mark.parametrize("place", WAREHOUSES, ids=lambda place: place.code)
def test_a_canceled_notice_is_expected_no_more(tmp_path: Path, place: DemoWarehouse) -> None:
    door = connector(tmp_path, place)
    door.create(announced())
    assert len(World(tmp_path).notices(place)) == 1
    door.cancel(announced(version=2))
    assert World(tmp_path).notices(place) == []


class Chance(Random):
    """Chance that gives these numbers one after the other."""

    def __init__(self, *numbers: float) -> None:
        super().__init__(1)
        self.numbers = list(numbers)

    def random(self) -> float:
        """The next number."""
        return self.numbers.pop(0)

    def getrandbits(self, k: int, /) -> int:
        """Which of several things it is, is nobody's choice."""
        return super().getrandbits(k)


ALL = ["24", "10"]


@pytest.mark.parametrize(
    ("place", "chance", "words", "received"),
    [
        (EAST, (0.4,), "EAST receives a part of AF-20401.", ["12"]),
        (EAST, (0.9, 0.9, 0.9), "EAST receives all of AF-20401.", ALL),
        (EAST, (0.9, 0.1), "EAST receives all of AF-20401, some of it damaged.", ALL),
        (EAST, (0.9, 0.9, 0.01), "EAST receives all of AF-20401, and a little more.", ["25", "10"]),
        (WEST, (0.4,), "WEST receives a part of AF-20401.", ["12"]),
        # The cold store receives in full, so nobody asks whether only a part comes.
        (COLD, (0.9, 0.9), "COLD-1 receives all of AF-20401.", ALL),
    ],
)
def test_a_truck_brings_what_chance_wants(
    tmp_path: Path, place: DemoWarehouse, chance: tuple[float, ...], words: str, received: list[str]
) -> None:
    connector(tmp_path, place).create(announced())
    dock = Dock(World(tmp_path), place)
    assert dock.receive_next(NOW, Chance()) == ""
    assert dock.receive_next(NOW + FIRST_TRUCK - timedelta(seconds=1), Chance()) == ""
    assert dock.receive_next(NOW + FIRST_TRUCK, Chance(*chance)) == words
    (receipt,) = reported(tmp_path, place)
    assert [line.received for line in receipt.lines] == [Decimal(amount) for amount in received]
    assert receipt.final is (len(received) == 2)
    assert any(line.damaged for line in receipt.lines) is ("damaged" in words)


def test_the_second_truck_brings_the_rest_and_no_third_comes(tmp_path: Path) -> None:
    for place in (EAST, WEST):
        connector(tmp_path, place).create(announced())
        dock, later = Dock(World(tmp_path), place), NOW + FIRST_TRUCK
        dock.receive_next(NOW, Chance())
        assert dock.receive_next(later, Chance(0.4)) == f"{place.code} receives a part of AF-20401."
        assert dock.receive_next(later, Chance()) == ""
        # Another dock of the same warehouse, as after a new start, knows what came.
        again = Dock(World(tmp_path), place)
        assert (
            again.receive_next(later + FIRST_TRUCK, Chance(0.9, 0.9)) == f"{place.code} receives the rest of AF-20401."
        )
        assert again.receive_next(later + timedelta(days=1), Chance()) == ""
        first, rest = reported(tmp_path, place)
        # WEST reports what came so far, EAST what just came.
        before = Decimal(12) if place is WEST else Decimal(0)
        assert [line.received for line in first.lines] == [12]
        assert [line.received for line in rest.lines] == [12 + before, 10]
        assert (first.final, rest.final) == (False, True)


def test_orders_that_were_loaded_stay_as_they_are(tmp_path: Path) -> None:
    for place in WAREHOUSES:
        connector(tmp_path, place).create(announced("AF-10401"))
        dock = Dock(World(tmp_path), place)
        assert [dock.receive_next(NOW + timedelta(days=day), Chance()) for day in range(2)] == ["", ""]
