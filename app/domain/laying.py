"""Laying received goods on the lines of a purchase order: units, shared SKUs, and the running sums of each line.

All sums are in the unit of the line, with the six decimal places that are stored. Five eaches and then seven are one
case of twelve, and not 0.999999 of one: an uneven amount is laid so that the sum of the line comes out right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.domain.errors import UnknownUnit
from app.domain.record import DECIMAL_PLACES, LARGEST, ZERO
from app.domain.rollup import LineSums, outstanding
from app.domain.units import convert, each_factor

# A sum of stored parts may be off by half of the last place for each; this many parts are still recognised.
_ROUNDINGS = Decimal("0.00002")


_Share = tuple[Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Goods:
    """One reported amount. `ref` is whatever the caller calls it by; `damaged` is a part of `received`.

    A correction carries signs. Empty references mean "not told"; `unit` and `pack` are as in `app.domain.units`.
    """

    ref: int
    sku: str
    received: Decimal
    damaged: Decimal = ZERO
    line_key: str = ""
    source_line_id: str = ""
    line_number: int | None = None
    unit: str = ""
    pack: Decimal | None = None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line as it stands: `received` and `damaged` are the sums of what is applied, in the line's unit."""

    id: int
    key: str
    line_number: int
    sku: str
    ordered: Decimal
    source_line_id: str = ""
    other_names: frozenset[str] = frozenset()
    received_before: Decimal = ZERO
    received: Decimal = ZERO
    damaged: Decimal = ZERO
    closed_short: Decimal = ZERO
    left_out: bool = False
    unit: str = ""
    pack: Decimal | None = None

    @property
    def wanted(self) -> Decimal:
        """What may come: a line that a rule left out was never announced."""
        return ZERO if self.left_out else self.ordered

    @property
    def names(self) -> frozenset[str]:
        """The SKU, and whatever else a warehouse may call the goods (barcode, the supplier's SKU)."""
        return self.other_names | {self.sku}


@dataclass(frozen=True, slots=True)
class Allocation:
    """What one reported amount brings to one line, in the line's unit.

    `expected` is what was outstanding on the line before, in the unit of the goods; None where it has no such unit.
    """

    ref: int
    line_id: int
    quantity: Decimal
    damaged: Decimal
    expected: Decimal | None = None


class Stack:
    """The sums of each line while goods are laid on them."""

    def __init__(self, lines: Sequence[OrderLine]) -> None:
        self._received = {line.id: line.received for line in lines}
        self._damaged = {line.id: line.damaged for line in lines}
        self._touched: dict[int, OrderLine] = {}
        self.allocations: list[Allocation] = []

    def received(self, line: OrderLine) -> Decimal:
        """What lies on the line now."""
        return self._received[line.id]

    def damaged(self, line: OrderLine) -> Decimal:
        """The damaged part of it."""
        return self._damaged[line.id]

    def total(self, line: OrderLine) -> Decimal:
        """What lies there, with what was received before the import."""
        return line.received_before + self._received[line.id]

    def outstanding(self, line: OrderLine) -> Decimal:
        """What is still expected on the line."""
        return outstanding(LineSums(line.wanted, line.received_before, self._received[line.id], line.closed_short))

    def touched(self) -> list[OrderLine]:
        """The lines that something was laid on, in that order."""
        return list(self._touched.values())

    def lay(self, item: Goods, lines: Sequence[OrderLine]) -> None:
        """Lay goods on their line, or spread them over the lines that share their SKU.

        Spreading fills each line up to what is outstanding and leaves the rest on the last; what is taken off comes
        off in the opposite direction. Raises UnknownUnit where no factor is known.
        """
        for line in lines:
            convert(item.received, item.unit, item.pack, line.unit, line.pack)
        if len(lines) == 1:
            self._put(item, lines[0], item.received, item.damaged)
            return
        filling = 0 <= item.damaged <= item.received
        shares = self._filled(item, lines) if filling else self._shifted(item, lines)
        for line, (share, bad) in zip(lines, shares, strict=True):
            if share or bad:
                self._put(item, line, share, bad)

    def _put(self, item: Goods, line: OrderLine, amount: Decimal, damaged: Decimal) -> None:
        """Lay `amount` of the goods, in their unit, on one line."""
        expected = _theirs(self.outstanding(line), line, item)
        quantity = _ours(amount, item, line, self._received[line.id])
        bad = quantity if damaged == amount else _ours(damaged, item, line, self._damaged[line.id])
        self._received[line.id] += quantity
        self._damaged[line.id] += bad
        self._touched[line.id] = line
        if abs(self._received[line.id]) >= LARGEST:
            raise UnknownUnit(
                f"Its sum would be {self._received[line.id]:.0f}, which is more than can be counted.",
                "Ask the warehouse for the right quantity, unit and pack size.",
            )
        told = expected if expected < LARGEST else None
        self.allocations.append(Allocation(item.ref, line.id, quantity, bad, told))

    def _filled(self, item: Goods, lines: Sequence[OrderLine]) -> list[_Share]:
        """New goods fill the lines in order; the damaged part lies within the shares."""
        shares = self._moved(item, lines)
        return list(zip(shares, poured(item.damaged, shares), strict=True))

    def _shifted(self, item: Goods, lines: Sequence[OrderLine]) -> list[_Share]:
        """A correction takes goods off the last line first. Damage stays where it lies, as far as goods still lie
        there; what is left of it finds its place on the others."""
        shares = self._moved(item, lines)
        lying = [
            _theirs(self._received[line.id], line, item) + share for line, share in zip(lines, shares, strict=True)
        ]
        before = [_theirs(self._damaged[line.id], line, item) for line in lines]
        kept = [min(bad, max(ZERO, there)) for bad, there in zip(before, lying, strict=True)]
        left = item.damaged + sum(before) - sum(kept)
        if left > 0:
            placed = poured(left, [there - bad for there, bad in zip(lying, kept, strict=True)])
        else:
            placed = poured(left, kept[::-1])[::-1]
        spoiled = [bad + more - old for bad, more, old in zip(kept, placed, before, strict=True)]
        return list(zip(shares, spoiled, strict=True))

    def _moved(self, item: Goods, lines: Sequence[OrderLine]) -> list[Decimal]:
        if item.received > 0:
            return poured(item.received, [_theirs(self.outstanding(line), line, item) for line in lines])
        return poured(item.received, [_theirs(self._received[line.id], line, item) for line in lines[::-1]])[::-1]


def poured(amount: Decimal, room: Sequence[Decimal]) -> list[Decimal]:
    """Pour a signed amount into vessels one after the other; what is left over goes to the last one."""
    sign = -1 if amount < 0 else 1
    left = abs(amount)
    poured = []
    for size in room:
        share = min(left, max(ZERO, size))
        poured.append(share * sign)
        left -= share
    poured[-1] += left * sign
    return poured


def _ours(amount: Decimal, item: Goods, line: OrderLine, sum_there: Decimal) -> Decimal:
    """An amount of the goods in the unit of the line, rounded so that the sum on the line comes out right."""
    exact = convert(amount, item.unit, item.pack, line.unit, line.pack)
    rounded = _rounded(exact)
    factor = each_factor(line.unit, line.pack)
    if exact == rounded or factor is None:
        return rounded
    pieces = _whole(sum_there * factor, factor) + exact * factor
    return _rounded(_whole(pieces, factor) / factor) - sum_there


def _theirs(amount: Decimal, line: OrderLine, item: Goods) -> Decimal:
    """An amount on the line in the unit of the goods."""
    exact = convert(amount, line.unit, line.pack, item.unit, item.pack)
    ours, theirs = each_factor(line.unit, line.pack), each_factor(item.unit, item.pack)
    if exact == amount or ours is None or theirs is None:
        return amount
    return _rounded(_whole(amount * ours, ours) / theirs)


def _rounded(amount: Decimal) -> Decimal:
    """Rounded to the places that are stored; an amount too large to be stored stays as it is, and is refused later."""
    return round(amount, DECIMAL_PLACES) if abs(amount) < LARGEST else amount


def _whole(pieces: Decimal, factor: Decimal) -> Decimal:
    """Pieces that are whole but for the rounding of stored parts."""
    nearest = Decimal(round(pieces))
    return nearest if abs(pieces - nearest) <= _ROUNDINGS * factor else pieces
