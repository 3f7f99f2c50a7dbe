"""What warehouses report: receipts made from the inbound notices that they were sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from functools import cache
from random import Random
from typing import Any, Final

from app.connectors.contract import ReceiptDocument, ReceivedLine
from app.demo.catalog import Product, products
from app.domain.record import ZERO

Notice = Mapping[str, Any]
ONE: Final = Decimal(1)
_HALF_KILO: Final = Decimal("0.5")
_BROKEN: Final = ("crushed carton", "wet", "torn packaging")


@dataclass(frozen=True, slots=True)
class Truck:
    """One arrival of goods for a notice; `number` counts the trucks of an order and gives the receipt its id."""

    notice: Notice
    number: int
    at: datetime

    @property
    def rng(self) -> Random:
        """Chance, the same for the same truck each time."""
        return Random(f"truck {self.number} of {self.notice['po_number']}")  # noqa: S311 (data to look at)

    def document(
        self, lines: Sequence[ReceivedLine], *, final: bool = False, canceled: bool = False
    ) -> ReceiptDocument:
        """The receipt of this truck."""
        number = str(self.notice["po_number"])
        return ReceiptDocument(
            external_id=f"RC-{number}-{self.number}",
            received_at=self.at,
            lines=lines,
            document_key=str(self.notice["key"]),
            account=str(self.notice["account"]),
            number=number,
            final=final,
            canceled=canceled,
        )

    def all_of(self, already: Iterable[ReceivedLine] = ()) -> list[ReceivedLine]:
        """Everything that was announced and is not among `already`."""
        came: dict[str, Decimal] = {}
        for line in already:
            came[line.line_key] = came.get(line.line_key, ZERO) + line.received
        rest = [(line, Decimal(line["qty"]) - came.get(line["line_key"], ZERO)) for line in self.notice["lines"]]
        return [received for line, quantity in rest if quantity > 0 for received in self._lots(line, quantity)]

    def part_of(self) -> list[ReceivedLine]:
        """Some of it: about half of the lines, the first of them only in part."""
        lines = self.notice["lines"]
        chosen = lines[: max(1, len(lines) // 2)]
        halves = [(line, _half(line) if at == 0 else Decimal(line["qty"])) for at, line in enumerate(chosen)]
        return [received for line, quantity in halves if quantity > 0 for received in self._lots(line, quantity)]

    def _lots(self, line: Mapping[str, Any], quantity: Decimal) -> list[ReceivedLine]:
        """Goods that keep for a while only come with a lot and an expiry date, a larger amount in two lots."""
        received = _received(line, quantity)
        product = _known().get(str(line["sku"]))
        if product is None or not product.shelf_days:
            return [received]
        share = (quantity / 3).quantize(ONE, ROUND_DOWN)
        amounts = [share, quantity - share] if share >= 5 else [quantity]
        return [
            replace(
                received,
                received=amount,
                lot=f"L{self.at:%y%j}{'AB'[at]}",
                expiry=(self.at + timedelta(days=product.shelf_days - 20 * at)).date(),
            )
            for at, amount in enumerate(amounts)
        ]


def broken(lines: Sequence[ReceivedLine], rng: Random) -> list[ReceivedLine]:
    """The same goods, a few of them damaged."""
    unlucky = set(rng.sample(range(len(lines)), min(2, len(lines))))
    return [
        replace(line, damaged=min(line.received, Decimal(rng.randint(1, 4))), condition=rng.choice(_BROKEN))
        if at in unlucky
        else line
        for at, line in enumerate(lines)
    ]


def more(lines: Sequence[ReceivedLine], percent: int) -> list[ReceivedLine]:
    """The same goods, and of the largest line `percent` more, at least one."""
    largest = max(range(len(lines)), key=lambda at: lines[at].received)
    extra = max(ONE, (lines[largest].received * percent / 100).quantize(ONE, ROUND_DOWN))
    return [replace(line, received=line.received + extra) if at == largest else line for at, line in enumerate(lines)]


def fewer(lines: Sequence[ReceivedLine]) -> list[ReceivedLine]:
    """The same goods, miscounted: two less of the first line."""
    return [replace(lines[0], received=max(ONE, lines[0].received - 2)), *lines[1:]]


def in_pieces(line: ReceivedLine) -> ReceivedLine:
    """A line that was counted in single pieces instead of packs."""
    if line.pack_size is None:
        return line
    pack = line.pack_size
    return replace(
        line, received=line.received * pack, damaged=line.damaged * pack, unit_of_measure="EA", pack_size=None
    )


def stranger(sku: str, quantity: int) -> ReceivedLine:
    """Goods that are on no order."""
    return ReceivedLine(sku=sku, received=Decimal(quantity), unit_of_measure="EA")


def without_line(line: ReceivedLine) -> ReceivedLine:
    """A line that tells the SKU alone."""
    return replace(line, line_key="", line_number=None, source_line_id="")


def _half(line: Mapping[str, Any]) -> Decimal:
    quantity = Decimal(line["qty"])
    step = _HALF_KILO if quantity % 1 else ONE
    return max(min(step, quantity), (quantity / 2 // step) * step)


def _received(line: Mapping[str, Any], quantity: Decimal) -> ReceivedLine:
    return ReceivedLine(
        sku=str(line["sku"]),
        received=quantity,
        line_key=str(line["line_key"]),
        line_number=int(line["line_no"]),
        source_line_id=str(line["source_line_id"]),
        unit_of_measure=str(line["uom"]),
        pack_size=Decimal(line["pack_size"]) if line["pack_size"] else None,
    )


@cache
def _known() -> Mapping[str, Product]:
    return {product.sku: product for range_name in ("HOME", "OUTDOOR", "FOOD") for product in products(range_name)}
