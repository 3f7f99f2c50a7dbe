"""Edits laid over a snapshot: what they change, what they keep, and that lines keep their keys and ids."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BadRecord
from app.domain.record import LineRecord, PurchaseOrderRecord, check
from app.models import PurchaseOrder
from app.services import restoring
from app.services.restoring import with_edits
from app.services.unit_of_work import unit_of_work
from tests.services.world import World


def record() -> PurchaseOrderRecord:
    lines = [
        LineRecord(1, "A", Decimal(10), unit_cost=Decimal("2.50"), pack_size=Decimal(6)),
        LineRecord(2, "B", Decimal(5), source_line_id="L2"),
    ]
    return check(PurchaseOrderRecord("EXT-1", "PO-1", lines, notes="Dock 3", due_date=date(2026, 3, 20)))


def laid(**edits: Any) -> PurchaseOrderRecord:
    return with_edits(record(), edits)


def test_without_edits_nothing_changes() -> None:
    assert laid() == record()


@pytest.mark.parametrize(
    ("name", "given_value", "value"),
    [
        ("number", "PO-9", "PO-9"),
        ("notes", "", ""),
        ("notes", None, ""),
        ("due_date", "2026-05-01", date(2026, 5, 1)),
        ("due_date", date(2026, 5, 1), date(2026, 5, 1)),
        ("due_date", "", None),
        ("ordered_at", "2026-05-01T08:00:00+00:00", datetime(2026, 5, 1, 8, tzinfo=UTC)),
        ("ordered_at", None, None),
        ("tags", ["rush"], ["rush"]),
    ],
)
def test_the_header_takes_typed_values(name: str, given_value: Any, value: Any) -> None:
    assert getattr(laid(header={name: given_value}), name) == value


@pytest.mark.parametrize(
    ("name", "given_value", "value"),
    [
        ("quantity", "7.5", Decimal("7.5")),
        ("quantity", 7, Decimal(7)),
        ("pack_size", "", None),
        ("unit_cost", None, None),
        ("unit_cost", "0.10", Decimal("0.10")),
        ("expected_date", "2026-05-01", date(2026, 5, 1)),
        ("name", None, ""),
    ],
)
def test_a_line_takes_typed_values_by_its_key(name: str, given_value: Any, value: Any) -> None:
    first, second = laid(lines={"no:1": {name: given_value}}).lines
    assert getattr(first, name) == value
    assert second == record().lines[1]


def test_an_edit_of_a_line_that_the_source_no_longer_has_is_passed_over() -> None:
    assert laid(lines={"no:77": {"quantity": "1"}}, removed=["no:78"]) == record()


def test_a_line_keeps_its_key_though_its_sku_changes() -> None:
    assert [line.key for line in laid(lines={"no:1": {"sku": "Z"}, "id:L2": {"sku": "Z"}}).lines] == ["no:1", "id:L2"]


def test_lines_are_removed_and_added_and_an_added_one_can_be_removed_again() -> None:
    added = [
        {"key": "by hand:1", "line_number": 3, "sku": "C", "quantity": "2", "unit_cost": ""},
        {"key": "by hand:2", "line_number": "4", "sku": "D", "quantity": 1},
    ]
    lines = laid(added=added, removed=["no:1", "by hand:2"]).lines
    assert [(line.key, line.line_number, line.sku, line.quantity, line.unit_cost) for line in lines] == [
        ("id:L2", 2, "B", Decimal(5), None),
        ("by hand:1", 3, "C", Decimal(2), None),
    ]


@pytest.mark.parametrize(
    "edits",
    [
        {"removed": ["no:1", "id:L2"]},
        {"header": {"number": ""}},
        {"lines": {"no:1": {"quantity": "0"}, "id:L2": {"quantity": "0"}}},
        {"lines": {"no:1": {"quantity": "-1"}}},
    ],
    ids=["no lines", "no number", "nothing ordered", "less than nothing"],
)
def test_what_is_no_order_any_more_is_refused(edits: dict[str, Any]) -> None:
    with pytest.raises(BadRecord):
        laid(**edits)


@given(st.lists(st.decimals(min_value="0.000001", max_value=10**6, places=6), min_size=1, max_size=6))
def test_laying_the_same_edits_twice_changes_nothing_more(quantities: list[Decimal]) -> None:
    def ordered() -> PurchaseOrderRecord:
        lines = [LineRecord(n, f"SKU-{n % 2}", Decimal(1)) for n, _ in enumerate(quantities, 1)]
        return check(PurchaseOrderRecord("EXT-1", "PO-1", lines))

    edits = {"lines": {f"no:{n}": {"quantity": str(quantity)} for n, quantity in enumerate(quantities, 1)}}
    once = with_edits(ordered(), edits)
    assert [line.quantity for line in once.lines] == quantities
    assert with_edits(with_edits(ordered(), edits), edits) == once


def changed(world: World, po: PurchaseOrder, change: Callable[[PurchaseOrder], None]) -> None:
    """Change an order's row, then restore it, in one transaction."""
    with unit_of_work("restore") as unit:
        order = unit.session.get_one(PurchaseOrder, po.id)
        change(order)
        restoring.restore(unit, order, ZoneInfo("UTC"))


def lines(world: World) -> list[dict[str, Any]]:
    return world.rows(
        "SELECT id, key, sku, quantity, left_out_by IS NOT NULL AS out FROM line_item ORDER BY position, id"
    )


def test_the_effects_of_rules_are_gone_and_lines_keep_their_ids(world: World) -> None:
    po = world.make.purchase_order(world.connection)
    before = lines(world)
    world.run_sql("UPDATE purchase_order SET notes = 'by a rule', buyer_name = '', tags = '{rush}'")
    world.run_sql("UPDATE line_item SET quantity = 99, sku = 'X', left_out_by = 'a rule' WHERE position = 1")
    changed(world, po, lambda _order: None)
    assert lines(world) == before
    row = world.po(po.number)
    assert (row["notes"], row["buyer_name"], row["tags"]) == ("Dock 3", "Bolt Buyer", [])
    assert (row["lines_count"], row["units_ordered"]) == (2, 20)


def test_edits_are_kept_and_the_sums_follow(world: World) -> None:
    po = world.make.purchase_order(world.connection)
    keys = [line["key"] for line in lines(world)]

    def edit(order: PurchaseOrder) -> None:
        added = [{"key": "by hand:1", "line_number": 9, "sku": "NEW", "quantity": "4"}]
        order.edits = {"lines": {keys[1]: {"quantity": "3"}}, "removed": [keys[0]], "added": added}

    changed(world, po, edit)
    assert [(line["key"], line["quantity"]) for line in lines(world)] == [(keys[1], 3), ("by hand:1", 4)]
    assert (world.po(po.number)["lines_count"], world.po(po.number)["units_ordered"]) == (2, 7)


def test_a_new_due_date_can_be_missed_anew(world: World) -> None:
    po = world.make.purchase_order(world.connection)
    world.run_sql("UPDATE purchase_order SET late_from = clock_timestamp(), late_noticed_at = clock_timestamp()")

    def edit(order: PurchaseOrder) -> None:
        order.edits = {"header": {"due_date": "2026-05-01"}}

    changed(world, po, edit)
    row = world.po(po.number)
    assert (row["due_date"], row["late_noticed_at"]) == (date(2026, 5, 1), None)
    assert row["late_from"].astimezone(UTC) == datetime(2026, 5, 2, tzinfo=UTC)
