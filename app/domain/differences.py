"""What differs between two versions of an order: header fields and lines, as people read them.

Lines are told apart by their keys. Values become plain text, so that two versions can stand side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import singledispatch
from typing import Any, Final

from app.domain.record import SHIP_TO_FIELDS, LineRecord, PurchaseOrderRecord, plain_number

HEADER_LABELS: Final[Mapping[str, str]] = {
    "number": "Number",
    "revision": "Revision",
    "buyer_name": "Buyer",
    "supplier_code": "Supplier code",
    "supplier_name": "Supplier",
    "ordered_at": "Ordered",
    "due_date": "Due",
    "currency": "Currency",
    "notes": "Notes",
    "tags": "Tags",
    "location": "Location",
}
LINE_LABELS: Final[Mapping[str, str]] = {
    "line_number": "Line number",
    "sku": "SKU",
    "name": "Name",
    "quantity": "Quantity",
    "received_before": "Received before import",
    "unit_of_measure": "Unit of measure",
    "pack_size": "Pack size",
    "unit_cost": "Unit cost",
    "expected_date": "Expected",
    "supplier_sku": "Supplier SKU",
    "barcode": "Barcode",
}
# A number that counts up with every version, and that nobody acts on.
_NOT_TOLD: Final = frozenset({"revision"})


class LineFate(StrEnum):
    """What became of a line from one version to the next."""

    SAME = "same"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class FieldPair:
    """One field in both versions, as text; an empty text is no value."""

    label: str
    before: str
    after: str

    @property
    def differs(self) -> bool:
        """Whether the two versions are not alike."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class LinePair:
    """One line in both versions; one of them is None where the line was added or removed."""

    key: str
    before: LineRecord | None
    after: LineRecord | None
    fields: tuple[FieldPair, ...]

    @property
    def fate(self) -> LineFate:
        """What became of it."""
        if self.before is None or self.after is None:
            return LineFate.ADDED if self.before is None else LineFate.REMOVED
        return LineFate.CHANGED if self.fields else LineFate.SAME

    @property
    def line(self) -> LineRecord:
        """The line as it is now, or as it was before it was removed."""
        line = self.after or self.before
        assert line is not None
        return line


def header_pairs(before: PurchaseOrderRecord, after: PurchaseOrderRecord) -> list[FieldPair]:
    """All header fields, ship-to and custom fields, in both versions."""
    pairs = [FieldPair(label, _of(before, name), _of(after, name)) for name, label in HEADER_LABELS.items()]
    for name in SHIP_TO_FIELDS:
        label = f"Ship to, {name}"
        pairs.append(FieldPair(label, text_of(getattr(before.ship_to, name)), text_of(getattr(after.ship_to, name))))
    return [*pairs, *custom_pairs(before.custom, after.custom)]


def header_changes(before: PurchaseOrderRecord, after: PurchaseOrderRecord) -> list[FieldPair]:
    """Only what differs."""
    untold = {HEADER_LABELS[name] for name in _NOT_TOLD}
    return [pair for pair in header_pairs(before, after) if pair.differs and pair.label not in untold]


def custom_pairs(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FieldPair]:
    """Each custom field of either version."""
    names = dict.fromkeys([*before, *after])
    return [FieldPair(f"Custom, {name}", text_of(before.get(name)), text_of(after.get(name))) for name in names]


def line_pairs(before: Sequence[LineRecord], after: Sequence[LineRecord]) -> list[LinePair]:
    """All lines of both versions by key: in the order of `after`, then those that it no longer has."""
    old, new = {line.key: line for line in before}, {line.key: line for line in after}
    keys = [*new, *(key for key in old if key not in new)]
    return [LinePair(key, old.get(key), new.get(key), tuple(_line_changes(old.get(key), new.get(key)))) for key in keys]


def line_changes(before: Sequence[LineRecord], after: Sequence[LineRecord]) -> list[LinePair]:
    """Only the lines that differ."""
    return [pair for pair in line_pairs(before, after) if pair.fate is not LineFate.SAME]


def _line_changes(before: LineRecord | None, after: LineRecord | None) -> list[FieldPair]:
    if before is None or after is None:
        return []
    pairs = [
        FieldPair(label, _of(before, name), _of(after, name))
        for name, label in LINE_LABELS.items()
        # Compared as they are first: most lines are alike, and texts of thousands of them take their time.
        if getattr(before, name) != getattr(after, name)
    ]
    return [pair for pair in [*pairs, *custom_pairs(before.custom, after.custom)] if pair.differs]


def _of(record: Any, name: str) -> str:
    return text_of(getattr(record, name))


@singledispatch
def text_of(value: Any) -> str:
    """A value as text: figures without needless zeros, dates with their month's name, lists with commas."""
    return "" if value is None else str(value)


@text_of.register
def _figure(value: Decimal) -> str:
    return plain_number(value)


@text_of.register
def _instant(value: datetime) -> str:
    return f"{value:%-d %b %Y, %H:%M} UTC"


@text_of.register
def _day(value: date) -> str:
    return f"{value:%-d %b %Y}"


@text_of.register(list)
@text_of.register(tuple)
def _list(value: Sequence[Any]) -> str:
    return ", ".join(text_of(part) for part in value)


@text_of.register
def _open_map(value: dict) -> str:  # type: ignore[type-arg]  # what is dispatched on is the bare class
    return ", ".join(f"{name}: {text_of(part)}" for name, part in value.items())


@text_of.register
def _truth(value: bool) -> str:
    return "Yes" if value else "No"
