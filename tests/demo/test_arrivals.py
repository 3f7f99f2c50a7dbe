"""Receipts as the demo's warehouses write them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from app.connectors.contract import ReceivedLine
from app.demo.arrivals import Truck, broken, fewer, in_pieces, more, stranger, without_line
from app.demo.orders import all_orders
from app.demo.stories import Story
from app.demo.trucks import receipts_of

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
TODAY = date(2026, 3, 4)


def noted(sku: str, quantity: str, number: int, unit: str = "EA", pack: str | None = None) -> dict[str, Any]:
    """A line of an inbound notice."""
    return {
        "line_key": f"no:{number}",
        "line_no": number,
        "source_line_id": "",
        "sku": sku,
        "qty": quantity,
        "uom": unit,
        "pack_size": pack,
    }


NOTICE = {
    "key": "k-1",
    "po_number": "AF-1",
    "account": "AF-100",
    "lines": [
        noted("TWL-OAT-S", "25", 1),
        noted("HUM-ORG", "30", 2, "CS", "12"),
        noted("FRZ-SHR-ORG", "40.5", 3, "KG"),
        noted("HUM-SPC", "4", 4, "CS", "12"),
    ],
}
TRUCK = Truck(NOTICE, 1, NOON)


def sums(lines: list[ReceivedLine]) -> dict[str, Decimal]:
    """What came by line key."""
    counted: Counter[str] = Counter()
    for line in lines:
        counted[line.line_key] += line.received  # type: ignore[assignment]
    return dict(counted)  # type: ignore[arg-type]


def test_all_of_a_notice_is_all_of_it() -> None:
    assert sums(TRUCK.all_of()) == {
        "no:1": Decimal(25),
        "no:2": Decimal(30),
        "no:3": Decimal("40.5"),
        "no:4": Decimal(4),
    }


def test_a_part_and_the_rest_are_all() -> None:
    part = TRUCK.part_of()
    assert sums(part) == {"no:1": Decimal(12), "no:2": Decimal(30)}
    assert sums([*part, *TRUCK.all_of(part)]) == sums(TRUCK.all_of())


def test_goods_that_keep_for_a_while_come_in_lots_with_an_expiry_date() -> None:
    lots = [(line.sku, line.received, line.lot, line.expiry) for line in TRUCK.all_of()]
    assert lots == [
        ("TWL-OAT-S", Decimal(25), "", None),
        ("HUM-ORG", Decimal(10), "L26063A", date(2026, 4, 18)),
        ("HUM-ORG", Decimal(20), "L26063B", date(2026, 3, 29)),
        ("FRZ-SHR-ORG", Decimal(13), "L26063A", date(2027, 3, 4)),
        ("FRZ-SHR-ORG", Decimal("27.5"), "L26063B", date(2027, 2, 12)),
        ("HUM-SPC", Decimal(4), "L26063A", date(2026, 4, 18)),
    ]


def test_damaged_goods_are_a_part_of_what_came() -> None:
    lines = broken(TRUCK.all_of(), Random(4))
    assert sums(lines) == sums(TRUCK.all_of())
    damaged = [line for line in lines if line.damaged]
    assert len(damaged) == 2
    assert all(0 < line.damaged <= line.received and line.condition for line in damaged)


@pytest.mark.parametrize(("percent", "largest"), [(5, "28.5"), (1, "28.5"), (60, "43.5")])
def test_more_comes_of_the_largest_line_only(percent: int, largest: str) -> None:
    lines = TRUCK.all_of()
    over = more(lines, percent)
    assert [line.received for line in over if line not in lines] == [Decimal(largest)]


@pytest.mark.parametrize(
    ("line", "pieces"),
    [
        (
            ReceivedLine("HUM-ORG", Decimal(3), Decimal(1), unit_of_measure="CS", pack_size=Decimal(12)),
            (36, 12, "EA", None),
        ),
        (ReceivedLine("TWL-OAT-S", Decimal(3), unit_of_measure="EA"), (3, 0, "EA", None)),
    ],
)
def test_cases_can_be_counted_in_pieces(line: ReceivedLine, pieces: tuple[object, ...]) -> None:
    counted = in_pieces(line)
    assert (counted.received, counted.damaged, counted.unit_of_measure, counted.pack_size) == pieces


def test_a_miscount_a_stranger_and_a_line_without_its_number() -> None:
    lines = TRUCK.all_of()
    assert [line.received for line in fewer(lines)][:2] == [Decimal(23), Decimal(10)]
    assert (stranger("XD-1", 24).sku, stranger("XD-1", 24).line_key) == ("XD-1", "")
    bare = without_line(lines[0])
    assert (bare.sku, bare.line_key, bare.line_number) == ("TWL-OAT-S", "", None)


@pytest.mark.parametrize(
    ("story", "told"),
    [
        (Story.OPEN, []),
        (Story.PART, [("RC-AF-1-1", False, False, 3)]),
        (Story.RECEIVED, [("RC-AF-1-1", False, False, 6)]),
        (Story.IN_TWO, [("RC-AF-1-1", False, False, 3), ("RC-AF-1-2", False, False, 4)]),
        (Story.CORRECTED, [("RC-AF-1-1", False, False, 6), ("RC-AF-1-1", False, False, 6)]),
        (Story.FINAL_SHORT, [("RC-AF-1-1", True, False, 3)]),
        (Story.AFTER_CLOSE, [("RC-AF-1-1", True, False, 3), ("RC-AF-1-2", False, False, 1)]),
        (Story.WAREHOUSE_CANCELED, [("RC-AF-1-1", False, True, 0)]),
        (Story.UNKNOWN_SKU, [("RC-AF-1-1", False, False, 4)]),
    ],
    ids=lambda value: value.name.lower() if isinstance(value, Story) else "",
)
def test_a_story_is_told_in_receipts(story: Story, told: list[tuple[str, bool, bool, int]]) -> None:
    order = next(order for order in all_orders(TODAY) if order.story is story)
    receipts = receipts_of(order, NOTICE, TODAY)
    assert [(one.external_id, one.final, one.canceled, len(one.lines)) for one in receipts] == told
    times = [receipt.received_at for receipt in receipts]
    assert times == sorted(times)
    assert all(order.record.ordered_at < at < NOON for at in times if order.record.ordered_at)
