"""The demo's data: believable, without collisions, and the same each time."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.connectors.formats.order_files import map_order, orders_csv
from app.connectors.formats.values import Reading
from app.demo import furnish
from app.demo.catalog import Product, products
from app.demo.orders import all_orders, changed, ended, is_new, new_order
from app.demo.places import BUYING, COLD, CONNECTIONS, EAST, ERP, MARKET, WAREHOUSES, WEST, DemoConnection
from app.demo.stories import Story
from app.demo.world import shortened_csv
from app.domain.errors import BadRecord
from app.domain.record import SourceState
from app.rules.engine import Catalogue, check

TODAY = date(2026, 3, 4)
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
ORDERS = all_orders(TODAY)


def test_the_same_day_gives_the_same_orders() -> None:
    assert all_orders(TODAY) == ORDERS


def test_another_day_moves_the_dates_and_nothing_else() -> None:
    later = all_orders(date(2026, 3, 11))
    assert [order.number for order in later] == [order.number for order in ORDERS]
    gaps = {(b.record.due_date - a.record.due_date).days for a, b in zip(ORDERS, later, strict=True)}  # type: ignore[operator]
    assert gaps == {7}
    assert [order.record.lines[0].quantity for order in later] == [order.record.lines[0].quantity for order in ORDERS]


def test_there_are_over_two_hundred_and_every_story_is_told() -> None:
    assert len(ORDERS) == 218
    assert {order.story for order in ORDERS} == set(Story)
    for connection in CONNECTIONS:
        ids = [order.record.external_id for order in ORDERS if order.connection is connection]
        assert len(ids) == len(set(ids)) >= 40


def test_no_order_is_placed_in_the_future() -> None:
    midnight = datetime(2026, 3, 4, tzinfo=UTC)
    assert [
        order.number for order in ORDERS if order.record.ordered_at is None or order.record.ordered_at > midnight
    ] == []


def test_orders_show_what_is_hard_about_orders() -> None:
    shared = [order for order in ORDERS if max(Counter(line.sku for line in order.record.lines).values()) > 1]
    samples = [order for order in ORDERS if any(line.sku == "SAMPLE-CARD" for line in order.record.lines)]
    units = Counter(line.unit_of_measure for order in ORDERS for line in order.record.lines)
    assert len(shared) >= 15
    assert len(samples) >= 8
    assert set(units) == {"EA", "CS", "KG", ""}
    assert sorted(len(order.record.lines) // 10 * 10 for order in ORDERS)[-6:] == [310, 350, 420, 640, 900, 1500]


@pytest.mark.parametrize(
    ("range_name", "count", "first"),
    [
        ("HOME", 221, ("DVT-OAT-TW", "0084120000010", "38.40")),
        ("OUTDOOR", 304, ("JKT-BLK-XS", "4006381000017", "74.50")),
        ("FOOD", 40, ("HUM-ORG", "0071990000011", "19.20")),
    ],
)
def test_products_have_skus_and_barcodes_of_their_own(range_name: str, count: int, first: tuple[str, str, str]) -> None:
    found = products(range_name)
    assert len({product.sku for product in found}) == len({product.barcode for product in found}) == len(found) == count
    assert (found[0].sku, found[0].barcode, str(found[0].cost)) == first


@pytest.mark.parametrize("product", [*products("HOME"), *products("OUTDOOR"), *products("FOOD")][::37])
def test_barcodes_have_a_right_check_digit(product: Product) -> None:
    digits = [int(digit) for digit in product.barcode]
    assert (sum(digits[0::2]) + 3 * sum(digits[1::2])) % 10 == 0


@pytest.mark.parametrize(
    ("number", "new"),
    [
        ("AF-10401", False),
        ("AF-20400", False),
        ("AF-20401", True),
        ("AF-10401-B", False),
        ("4500017801", False),
        ("4500027801", True),
        ("BH-2301", False),
        ("BH-12301", True),
        ("", False),
        ("XX-99999", False),
    ],
)
def test_the_feeds_orders_are_told_from_those_that_were_loaded(number: str, new: bool) -> None:
    assert is_new(number) is new


@pytest.mark.parametrize(("connection", "number"), [(ERP, "AF-20408"), (BUYING, "4500027808"), (MARKET, "BH-12308")])
def test_a_new_order_is_placed_now(connection: DemoConnection, number: str) -> None:
    order = new_order(connection, WEST, 7, NOON)
    assert (order.number, order.record.ordered_at) == (number, NOON)
    assert is_new(order.number)
    assert order.number not in {known.number for known in ORDERS}


def test_a_change_is_the_next_revision_with_more_of_the_first_line() -> None:
    order = ORDERS[0]
    anew = changed(order)
    assert (order.record.revision, anew.revision) == (1, 2)
    assert anew.lines[0].quantity - order.record.lines[0].quantity == Decimal(12)
    assert anew.lines[1:] == order.record.lines[1:]


@pytest.mark.parametrize("state", [SourceState.CANCELED, SourceState.COMPLETED])
def test_an_ended_order_says_so_in_the_next_revision(state: SourceState) -> None:
    anew = ended(ORDERS[0], state)
    assert (anew.state, anew.revision, anew.external_id) == (state, 2, ORDERS[0].record.external_id)


def test_an_order_reads_back_from_its_file_as_it_was() -> None:
    order = next(order for order in ORDERS if order.connection is ERP and len(order.record.lines) > 5)
    read = map_order(orders_csv([order.record]), None, Reading(ZoneInfo(ERP.time_zone)))
    assert read == replace(order.record, source_status="open")


def test_a_spreadsheet_spoils_the_first_order_only() -> None:
    first, second = [order.record for order in ORDERS if order.connection is ERP][:2]
    rows = shortened_csv([first, second]).decode().splitlines(keepends=True)
    spoiled, good = rows[: len(first.lines) + 1], [rows[0], *rows[len(first.lines) + 1 :]]
    with pytest.raises(BadRecord, match="was shortened by a spreadsheet"):
        map_order("".join(spoiled), None, Reading(ZoneInfo("UTC")))
    assert map_order("".join(good), None, Reading(ZoneInfo("UTC"))).number == second.number


@pytest.mark.parametrize("path", sorted(Path(furnish.__file__).with_name("rules").glob("*.rule")), ids=lambda p: p.stem)
def test_rules_have_no_problem(path: Path) -> None:
    known = Catalogue(
        warehouse_codes=frozenset(warehouse.code for warehouse in WAREHOUSES),
        warehouse_numbers=frozenset(warehouse.rule_number for warehouse in WAREHOUSES),
        disabled_codes=frozenset(),
        lookup_tables=frozenset(),
    )
    assert [problem.sentence() for problem in check(path.read_text(encoding="utf-8"), known)] == []


def test_warehouses_differ_in_what_they_accept() -> None:
    assert [(place.code, place.over_receipt_percent, place.partial_receipts) for place in (EAST, WEST, COLD)] == [
        ("EAST", 10, True),
        ("WEST", 0, True),
        ("COLD-1", 2, False),
    ]
