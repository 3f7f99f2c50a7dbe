"""The demo's purchase orders as their sources know them: believable, different from each other, and always the same.

Everything is drawn from a generator that is seeded with the order's number, so that a loading that was interrupted
writes the same orders again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from app.demo.catalog import SUPPLIERS, Product, products
from app.demo.places import BUYING, COLD, EAST, ERP, MARKET, WEST, DemoConnection, DemoWarehouse, merchant_of
from app.demo.stories import CHAPTERS, Chapter, Story
from app.domain.record import LineRecord, PurchaseOrderRecord, ShipTo, SourceState, check

BUYERS: Final = {
    ERP.name: ("Marta Olsen", "Dev Anand", "Priya Raman"),
    BUYING.name: ("Jonas Weber", "Élodie Martin", "Søren Lund"),
    MARKET.name: ("Ines Caldwell", "Tom Okafor"),
}
_PREFIX: Final = {ERP.name: "AF-", BUYING.name: "", MARKET.name: "BH-"}
_FIRST_NUMBER: Final = {ERP.name: 10401, BUYING.name: 4500017801, MARKET.name: 2301}
_NEW_FROM: Final = 10_000
"""Orders of the feed are numbered so much higher than those that were loaded."""
_NOTES: Final = (
    "", "", "", "Call before delivery.", "Pallets no higher than 1.6 m.", "Dock 4, mornings only.",
    "Second half of the spring order.", "Replaces the order that was lost in transit.",
)  # fmt: skip
_INCOTERMS: Final = ("FOB", "FCA", "DAP", "EXW")
_DEFAULT: Final = {ERP.name: EAST.code, BUYING.name: WEST.code, MARKET.name: WEST.code}
_WAVE_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Order:
    """One purchase order of the demo: where it comes from, where it is received, and what happens to it."""

    story: Story
    connection: DemoConnection
    warehouse: DemoWarehouse
    record: PurchaseOrderRecord

    @property
    def number(self) -> str:
        """The number that people call it by."""
        return self.record.number


def all_orders(today: date) -> list[Order]:
    """Every order of the demo, seen from `today`."""
    numbers = dict(_FIRST_NUMBER)
    orders = []
    for chapter in CHAPTERS:
        for _ in range(chapter.count):
            name = chapter.connection.name
            orders.append(_order(chapter, numbers[name], today))
            numbers[name] += 1
    return orders


def new_order(connection: DemoConnection, warehouse: DemoWarehouse, serial: int, now: datetime) -> Order:
    """An order that is placed `now`, for the feed. `serial` counts from 0 and gives it its number."""
    chapter = Chapter(Story.OPEN, connection, warehouse, 1, (0, 0), (5, 30), (1, 10))
    order = _order(chapter, _FIRST_NUMBER[connection.name] + _NEW_FROM + serial, now.date())
    return replace(order, record=replace(order.record, ordered_at=now, updated_at=now))


def is_new(number: str) -> bool:
    """Whether this is the number of an order that `new_order` made."""
    for name, prefix in _PREFIX.items():
        digits = number.removeprefix(prefix)
        if number.startswith(prefix) and digits.isdigit():
            return int(digits) >= _FIRST_NUMBER[name] + _NEW_FROM
    return False


def changed(order: Order) -> PurchaseOrderRecord:
    """The order as its source says it anew: the next revision, with a quantity and the due date changed."""
    record = order.record
    lines = [replace(line) for line in record.lines]
    lines[0].quantity += 12
    due = record.due_date + timedelta(days=4) if record.due_date else None
    return replace(record, revision=(record.revision or 1) + 1, due_date=due, lines=lines)


def ended(order: Order, state: SourceState) -> PurchaseOrderRecord:
    """The order as its source says it anew: canceled or completed."""
    return replace(order.record, state=state, revision=(order.record.revision or 1) + 1)


def _order(chapter: Chapter, serial: int, today: date) -> Order:
    rng = Random(f"order {serial}")  # noqa: S311 (data to look at, no secret)
    number, external_id = _names(chapter.connection, serial, rng)
    merchant = merchant_of(chapter.connection)
    ordered_at = _morning(today - timedelta(days=_drawn(rng, chapter.ordered)), merchant.time_zone, rng)
    due = today + timedelta(days=_drawn(rng, chapter.due))
    supplier = rng.choice(SUPPLIERS[merchant.products])
    nameless = chapter.story is Story.NO_SUPPLIER
    record = PurchaseOrderRecord(
        external_id=external_id,
        number=number,
        lines=_lines(chapter, rng, due),
        revision=1,
        buyer_name=rng.choice(BUYERS[chapter.connection.name]),
        supplier_code="" if nameless else supplier.code,
        supplier_name="" if nameless else supplier.name,
        ordered_at=ordered_at,
        due_date=due,
        currency=merchant.currency,
        notes="TEST ORDER, please ignore" if chapter.story is Story.REJECTED else rng.choice(_NOTES),
        tags=_tags(chapter, rng),
        location=_location(chapter, serial),
        ship_to=_ship_to(chapter, serial),
        custom={"incoterm": rng.choice(_INCOTERMS), "season": f"{due.year}-{'SS' if due.month < 7 else 'AW'}"},
        updated_at=ordered_at,
    )
    return Order(chapter.story, chapter.connection, chapter.warehouse, check(record))


def _names(connection: DemoConnection, serial: int, rng: Random) -> tuple[str, str]:
    """The number, and the source's own id, which only one of the stores has."""
    number = f"{_PREFIX[connection.name]}{serial}"
    return number, f"kb-{rng.getrandbits(40):010x}" if connection is BUYING else number


def _drawn(rng: Random, bounds: tuple[int, int]) -> int:
    return rng.randint(*bounds)


def _morning(day: date, zone: str, rng: Random) -> datetime:
    """Some time of the working day."""
    at = time(rng.randint(8, 16), rng.randrange(60))
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


def _tags(chapter: Chapter, rng: Random) -> list[str]:
    held = chapter.story in (Story.HELD, Story.CANCELED_UNSENT)
    return ["next-season"] if held else rng.choice(([], [], ["replenishment"], ["promotion"]))


def _location(chapter: Chapter, serial: int) -> str:
    """Some orders of the ERP name only the port, which the connection's location map turns into a warehouse."""
    return "PORT" if chapter.connection is ERP and chapter.warehouse is WEST and serial % 2 else ""


def _ship_to(chapter: Chapter, serial: int) -> ShipTo:
    place = chapter.warehouse
    if _location(chapter, serial) or (place is COLD and chapter.connection is MARKET):
        return ShipTo()
    named = place.code != _DEFAULT[chapter.connection.name]
    return ShipTo(place.code if named else "", place.name, place.city, place.region, place.country)


def _lines(chapter: Chapter, rng: Random, due: date) -> list[LineRecord]:
    assortment = _assortment(chapter)
    count = _drawn(rng, chapter.lines)
    chosen: list[tuple[Product, int]] = []
    # A long order names each product once per wave of deliveries, so its SKUs are on several lines.
    for wave in range(-(-count // len(assortment))):
        left = min(len(assortment), count - len(chosen))
        chosen += [(product, wave) for product in rng.sample(assortment, left)]
    if chapter.story is Story.WHICH_LINE or rng.random() < 0.12:
        chosen.append((chosen[0][0], 1))
    lines = [_line(chapter, rng, due, at, named) for at, named in enumerate(chosen, start=1)]
    if rng.random() < 0.08:
        lines.append(LineRecord(len(lines) + 1, "SAMPLE-CARD", Decimal(1), _line_id(chapter, len(lines) + 1)))
    return lines


def _assortment(chapter: Chapter) -> Sequence[Product]:
    """Frozen goods only for the cold store: there the whole order is routed by them."""
    every = products(merchant_of(chapter.connection).products)
    if chapter.connection is not MARKET:
        return every
    return [product for product in every if product.sku.startswith("FRZ-") == (chapter.warehouse is COLD)]


def _line(chapter: Chapter, rng: Random, due: date, number: int, chosen: tuple[Product, int]) -> LineRecord:
    product, wave = chosen
    later = timedelta(days=_WAVE_DAYS * wave)
    return LineRecord(
        line_number=number,
        sku=product.sku,
        quantity=_quantity(rng, product),
        source_line_id=_line_id(chapter, number),
        supplier_sku=product.supplier_sku,
        barcode=product.barcode,
        name=product.name,
        unit_of_measure=product.unit,
        pack_size=product.pack,
        unit_cost=product.cost,
        expected_date=due + later if wave else None,
    )


def _line_id(chapter: Chapter, number: int) -> str:
    """The ERP numbers its lines only; the others have ids for them."""
    return "" if chapter.connection is ERP else f"{number * 10:05}"


def _quantity(rng: Random, product: Product) -> Decimal:
    if product.unit == "KG":
        return Decimal(rng.randrange(80, 900)) / 2
    return Decimal(rng.randint(4, 40) if product.pack else rng.randint(2, 20) * 12)
