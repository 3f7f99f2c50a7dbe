"""Quantities from one unit of measure to another."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import UnknownUnit
from app.domain.units import convert, each_factor


def number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@pytest.mark.parametrize(
    ("quantity", "from_unit", "from_pack", "to_unit", "to_pack", "converted"),
    [
        ("5", "EA", None, "EA", None, "5"),
        ("5", "ea", None, "EA", None, "5"),
        ("5", None, None, None, None, "5"),
        ("5", None, None, "EA", None, "5"),
        ("5", " each ", None, "", None, "5"),
        ("5", "PCE", None, "EA", None, "5"),
        ("2", "CS", "12", "EA", None, "24"),
        ("2", "cs", "12", None, None, "24"),
        ("24", "EA", None, "CS", "12", "2"),
        ("30", None, None, "CS", "12", "2.5"),
        ("-1", "CS", "12", "EA", None, "-12"),
        ("0", "CS", "12", "EA", None, "0"),
        # A pack size on eaches says how they are wrapped.
        ("5", "EA", "12", "EA", None, "5"),
        ("5", "EA", "12", "CS", "5", "1"),
        # One pack to another, through eaches.
        ("10", "CS", "12", "BX", "4", "30"),
        ("10", "CS", "12", "CS", "10", "12"),
        ("3", "CS", "12", "CS", "12.000000", "3"),
        # A case without a size is the case that the order means.
        ("3", "CS", None, "CS", "12", "3"),
        ("3", "CS", "12", "CS", None, "3"),
        ("3", "CS", None, "cs", None, "3"),
        ("2.5", "KG", None, "KG", None, "2.5"),
        # Bags of 25 kg and of 20 kg are counted in kg all the same.
        ("2.5", "KG", "25", "kg", "20", "2.5"),
    ],
)
def test_known_factors(  # noqa: PLR0917
    quantity: str,
    from_unit: str | None,
    from_pack: str | None,
    to_unit: str | None,
    to_pack: str | None,
    converted: str,
) -> None:
    assert convert(Decimal(quantity), from_unit, number(from_pack), to_unit, number(to_pack)) == Decimal(converted)


@pytest.mark.parametrize(
    ("from_unit", "from_pack", "to_unit", "to_pack", "named"),
    [
        ("CS", None, "EA", None, "in CS and the purchase order line is in EA"),
        ("EA", None, "CS", None, "in EA and the purchase order line is in CS"),
        (None, None, "CS", "0", "in EA and the purchase order line is in CS"),
        ("KG", None, "EA", None, "in KG and the purchase order line is in EA"),
        ("KG", "25", "EA", None, "in KG and the purchase order line is in EA"),
        ("CS", "12.00", "PL", None, "in CS of 12 and the purchase order line is in PL"),
        ("CS", "-1", "PL", "40", "in CS and the purchase order line is in PL of 40"),
    ],
)
def test_unknown_factors_name_both_units(
    from_unit: str | None, from_pack: str | None, to_unit: str, to_pack: str | None, named: str
) -> None:
    with pytest.raises(UnknownUnit) as refused:
        convert(Decimal("7.50"), from_unit, number(from_pack), to_unit, number(to_pack))
    assert refused.value.message == (f"The quantity 7.5 is {named}; how many of one make the other is not known.")
    assert refused.value.remedy == "Give the pack size on the line or on the receipt, or correct the unit."


@pytest.mark.parametrize(
    ("unit", "pack", "factor"),
    [(None, None, "1"), ("EA", "12", "1"), ("CS", "12", "12"), ("CS", None, None), ("LB", "50", None)],
)
def test_eaches_in_one_unit(unit: str | None, pack: str | None, factor: str | None) -> None:
    assert each_factor(unit, number(pack)) == number(factor)


def test_a_sum_in_eaches_comes_out_even_where_its_parts_do_not() -> None:
    parts = [Decimal(4)] * 3
    assert convert(sum(parts, Decimal(0)), "EA", None, "CS", Decimal(12)) == 1
    assert sum(convert(part, "EA", None, "CS", Decimal(12)) for part in parts) != 1


@given(st.decimals(-(10**6), 10**6, places=3), st.integers(1, 500).map(Decimal))
def test_a_pack_goes_to_eaches_and_back(quantity: Decimal, pack: Decimal) -> None:
    eaches = convert(quantity, "CS", pack, "EA", None)
    assert eaches == quantity * pack
    assert convert(eaches, "EA", None, "CS", pack) == quantity
