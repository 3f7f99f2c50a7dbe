"""Units of measure: eaches, packs of eaches, and measures that are neither."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from app.domain.errors import UnknownUnit

# The ways in which the field writes "one piece" (X12, UN/ECE and plain words).
_EACHES: Final = frozenset({"", "EA", "EACH", "PC", "PCE", "PCS", "UN", "UNIT", "UNITS", "C62"})

# Weights, lengths and volumes. A pack size beside one says how it is wrapped, not how many eaches it is.
_WEIGHTS: Final = frozenset({"G", "GR", "GRM", "KG", "KGM", "LB", "LBR", "LBS", "OZ", "ONZ"})
_LENGTHS: Final = frozenset({"CM", "CMT", "M", "MTR", "FT", "FOT", "YD", "YRD"})
_VOLUMES: Final = frozenset({"L", "LT", "LTR", "ML", "MLT", "GA", "GLL"})
_MEASURES: Final = _WEIGHTS | _LENGTHS | _VOLUMES


def convert(
    quantity: Decimal, from_unit: str | None, from_pack: Decimal | None, to_unit: str | None, to_pack: Decimal | None
) -> Decimal:
    """`quantity` of one unit as a quantity of another. No unit means eaches; a pack size is the eaches in one unit.

    The same unit stays as it is; a pack and eaches convert by the pack size, as do two packs of known sizes. A result
    that does not come out even (5 eaches in cases of 12) has the precision of the decimal context: sum first, in
    eaches, and convert the sum. Raises UnknownUnit, naming both units, where no factor is known.
    """
    if _same(from_unit, from_pack, to_unit, to_pack):
        return quantity
    factor, divisor = each_factor(from_unit, from_pack), each_factor(to_unit, to_pack)
    if factor is None or divisor is None:
        ours, theirs = _named(to_unit, to_pack), _named(from_unit, from_pack)
        raise UnknownUnit(
            f"The quantity {_plain(quantity)} is in {theirs} and the purchase order line is in {ours}; "
            "how many of one make the other is not known.",
            "Give the pack size on the line or on the receipt, or correct the unit.",
        )
    return quantity * factor / divisor


def each_factor(unit: str | None, pack: Decimal | None) -> Decimal | None:
    """How many eaches one `unit` is: 1 for eaches, the pack size for a pack, None where nobody knows."""
    code = _code(unit)
    if code in _EACHES:
        return Decimal(1)
    if code in _MEASURES or pack is None or pack <= 0:
        return None
    return pack


def _same(unit: str | None, pack: Decimal | None, other_unit: str | None, other_pack: Decimal | None) -> bool:
    # A case of 12 and a case of 10 are two units; a case of unknown size is taken for the case that the order means.
    sizes = each_factor(unit, pack), each_factor(other_unit, other_pack)
    return _code(unit) == _code(other_unit) and (None in sizes or sizes[0] == sizes[1])


def _code(unit: str | None) -> str:
    return (unit or "").strip().upper()


def _named(unit: str | None, pack: Decimal | None) -> str:
    name, factor = _code(unit) or "EA", each_factor(unit, pack)
    return name if factor is None or name in _EACHES else f"{name} of {_plain(factor)}"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
