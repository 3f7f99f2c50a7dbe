"""What differs between two versions of an order: fields as text, lines by key, and values as people read them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.differences import (
    HEADER_LABELS,
    LINE_LABELS,
    FieldPair,
    LineFate,
    custom_pairs,
    header_changes,
    header_pairs,
    line_changes,
    line_pairs,
    text_of,
)
from app.domain.record import LineRecord, PurchaseOrderRecord, ShipTo, check

ORDERED = datetime(2026, 3, 4, 9, 5, tzinfo=UTC)


def line(number: int, **values: Any) -> LineRecord:
    """A line of ten."""
    return LineRecord(**{"line_number": number, "sku": f"SKU-{number}", "quantity": Decimal(10), **values})


def record(*lines: LineRecord, **values: Any) -> PurchaseOrderRecord:
    """An order of these lines, or of one; its lines have their keys."""
    given = {"external_id": "EXT", "number": "PO-1", "lines": list(lines) or [line(1)], **values}
    return check(PurchaseOrderRecord(**given))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", ""),
        ("  as it is ", "  as it is "),
        (0, "0"),
        (7, "7"),
        (Decimal("10.500000"), "10.5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.000"), "0"),
        (date(2026, 3, 4), "4 Mar 2026"),
        (ORDERED, "4 Mar 2026, 09:05 UTC"),
        (True, "Yes"),
        (False, "No"),
        ([], ""),
        (["a", "b"], "a, b"),
        ((Decimal("2.0"), None, True), "2, , Yes"),
        ({"a": 1, "b": ["x", Decimal("1.50")]}, "a: 1, b: x, 1.5"),
        ({}, ""),
    ],
)
def test_values_as_people_read_them(value: Any, text: str) -> None:
    assert text_of(value) == text


CHANGES: list[tuple[dict[str, Any], list[tuple[str, str, str]]]] = [
    ({}, []),
    ({"number": "PO-2"}, [("Number", "PO-1", "PO-2")]),
    ({"buyer_name": "Bea"}, [("Buyer", "", "Bea")]),
    ({"supplier_code": "007", "supplier_name": "Acme"}, [("Supplier code", "", "007"), ("Supplier", "", "Acme")]),
    ({"ordered_at": ORDERED}, [("Ordered", "", "4 Mar 2026, 09:05 UTC")]),
    ({"due_date": date(2026, 12, 24)}, [("Due", "", "24 Dec 2026")]),
    ({"currency": "EUR", "notes": "Wet"}, [("Currency", "", "EUR"), ("Notes", "", "Wet")]),
    ({"tags": ["hot", "big"]}, [("Tags", "", "hot, big")]),
    ({"location": "L1"}, [("Location", "", "L1")]),
    ({"ship_to": ShipTo(city="Bonn")}, [("Ship to, city", "", "Bonn")]),
    ({"custom": {"vip": True}}, [("Custom, vip", "", "Yes")]),
    # A number that counts up with every version is no change to decide about, nor is the source's own clock.
    ({"revision": 7}, []),
    ({"updated_at": ORDERED, "source_status": "reopened"}, []),
    # A custom field by the name of one of ours is not taken for ours.
    ({"custom": {"Revision": 2}}, [("Custom, Revision", "", "2")]),
]


@pytest.mark.parametrize(("values", "pairs"), CHANGES)
def test_the_header_fields_that_differ(values: dict[str, Any], pairs: list[tuple[str, str, str]]) -> None:
    before, after = record(), record(**values)
    assert [(pair.label, pair.before, pair.after) for pair in header_changes(before, after)] == pairs
    turned = [(label, new, old) for label, old, new in pairs]
    assert [(pair.label, pair.before, pair.after) for pair in header_changes(after, before)] == turned


def test_all_header_fields_stand_side_by_side() -> None:
    before, after = record(revision=1, custom={"a": 1}), record(revision=2, custom={"b": 2})
    pairs = header_pairs(before, after)
    ship_to = [f"Ship to, {name}" for name in ("code", "name", "city", "region", "country")]
    assert [pair.label for pair in pairs] == [*HEADER_LABELS.values(), *ship_to, "Custom, a", "Custom, b"]
    assert [pair for pair in pairs if pair.differs] == [
        FieldPair("Revision", "1", "2"), FieldPair("Custom, a", "1", ""), FieldPair("Custom, b", "", "2"),
    ]  # fmt: skip


def test_custom_fields_keep_the_order_of_the_first_version() -> None:
    pairs = custom_pairs({"z": 1, "a": None}, {"a": "x", "m": 2})
    assert pairs == [FieldPair("Custom, z", "1", ""), FieldPair("Custom, a", "", "x"), FieldPair("Custom, m", "", "2")]


LINES: list[tuple[dict[str, Any], list[tuple[str, str, str]]]] = [
    ({}, []),
    ({"sku": "NEW"}, [("SKU", "SKU-1", "NEW")]),
    ({"quantity": Decimal("12.50")}, [("Quantity", "10", "12.5")]),
    # The same number, written otherwise.
    ({"quantity": Decimal("10.000000")}, []),
    ({"received_before": Decimal(2)}, [("Received before import", "0", "2")]),
    ({"name": "Thing", "unit_of_measure": "CS"}, [("Name", "", "Thing"), ("Unit of measure", "", "CS")]),
    ({"pack_size": Decimal(6)}, [("Pack size", "", "6")]),
    ({"unit_cost": Decimal("2.50")}, [("Unit cost", "", "2.5")]),
    ({"unit_cost": Decimal(0)}, [("Unit cost", "", "0")]),
    ({"expected_date": date(2026, 4, 1)}, [("Expected", "", "1 Apr 2026")]),
    ({"supplier_sku": "S", "barcode": "0401"}, [("Supplier SKU", "", "S"), ("Barcode", "", "0401")]),
    ({"line_number": 9}, [("Line number", "1", "9")]),
    ({"custom": {"lot": 7}}, [("Custom, lot", "", "7")]),
    # What reads the same is the same.
    ({"custom": {"lot": None}}, []),
]


@pytest.mark.parametrize(("values", "pairs"), LINES)
def test_the_fields_of_a_line_that_differ(values: dict[str, Any], pairs: list[tuple[str, str, str]]) -> None:
    before = record(line(1, source_line_id="L1"))
    after = record(line(1, source_line_id="L1"))
    after.lines = [replace(after.lines[0], **values)]
    (pair,) = line_pairs(before.lines, after.lines)
    assert [(field.label, field.before, field.after) for field in pair.fields] == pairs
    assert pair.fate is (LineFate.CHANGED if pairs else LineFate.SAME)
    assert pair.line == after.lines[0]
    assert line_changes(before.lines, after.lines) == ([pair] if pairs else [])


def test_lines_are_paired_by_key_and_never_by_sku() -> None:
    before = record(*(line(n, sku="A", source_line_id=f"L{n}") for n in (1, 2, 3)))
    after = record(
        line(1, sku="A", source_line_id="L3"),
        line(2, sku="A", source_line_id="L9"),
        line(3, sku="A", source_line_id="L1", quantity=Decimal(4)),
    )
    pairs = line_pairs(before.lines, after.lines)
    assert [(pair.key, pair.fate) for pair in pairs] == [
        ("id:L3", LineFate.CHANGED),
        ("id:L9", LineFate.ADDED),
        ("id:L1", LineFate.CHANGED),
        # Those that are gone come last, in their old order.
        ("id:L2", LineFate.REMOVED),
    ]
    assert pairs[0].fields == (FieldPair("Line number", "3", "1"),)
    assert pairs[2].fields == (FieldPair("Line number", "1", "3"), FieldPair("Quantity", "10", "4"))
    assert (pairs[1].before, pairs[3].after) == (None, None)
    assert (pairs[1].fields, pairs[3].fields) == ((), ())
    assert (pairs[1].line, pairs[3].line) == (after.lines[1], before.lines[1])


@pytest.mark.parametrize("labels", [HEADER_LABELS, LINE_LABELS])
def test_every_label_is_given_once(labels: dict[str, str]) -> None:
    assert len(set(labels.values())) == len(labels)


def test_every_field_of_a_line_is_compared() -> None:
    told_apart = {"key", "source_line_id", "custom"}
    assert set(LINE_LABELS) == set(LineRecord.__dataclass_fields__) - told_apart


def test_every_field_of_the_header_is_compared() -> None:
    apart = {"external_id", "lines", "state", "source_status", "updated_at", "ship_to", "custom"}
    assert set(HEADER_LABELS) == set(PurchaseOrderRecord.__dataclass_fields__) - apart


AMOUNTS = st.lists(st.integers(1, 9), min_size=1, max_size=6)


@given(AMOUNTS, AMOUNTS)
def test_the_changes_lead_from_one_version_to_the_other(old: list[int], new: list[int]) -> None:
    before = record(*(line(n, quantity=Decimal(amount)) for n, amount in enumerate(old, 1)))
    after = record(*(line(n, quantity=Decimal(amount)) for n, amount in enumerate(new, 1)))
    lines = {item.key: item for item in deepcopy(before.lines)}
    for pair in line_changes(before.lines, after.lines):
        if pair.after is None:
            del lines[pair.key]
        else:
            lines[pair.key] = pair.after
    assert list(lines.values()) == after.lines
    assert line_changes(after.lines, after.lines) == []
