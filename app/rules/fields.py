"""The fields that rules can read and write: one catalogue for checker, interpreter, completion and help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.record import LONGEST_ID
from app.rules.kinds import Kind

RECORD = "purchase_order"
LINE = "purchase_order_item"
LINES = "purchase_order_items"
LONGEST_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its kind, whether rules may write it, whether it may be blank, and its longest text."""

    name: str
    kind: Kind
    writable: bool = True
    may_be_blank: bool = True
    longest: int = LONGEST_TEXT
    positive: bool = False  # a number above zero
    not_negative: bool = False


def _catalogue(*fields: Field) -> Mapping[str, Field]:
    return {field.name: field for field in fields}


HEADER: Mapping[str, Field] = _catalogue(
    Field("external_id", Kind.TEXT, writable=False, may_be_blank=False),
    Field("number", Kind.TEXT, may_be_blank=False, longest=LONGEST_ID),
    Field("buyer_name", Kind.TEXT),
    Field("supplier_code", Kind.TEXT, longest=LONGEST_ID),
    Field("supplier_name", Kind.TEXT),
    Field("ordered_at", Kind.DATE),
    Field("due_date", Kind.DATE),
    Field("currency", Kind.TEXT),
    Field("notes", Kind.TEXT),
    Field("tags", Kind.TEXT),
    Field("revision", Kind.NUMBER, writable=False),
    Field("total_cost", Kind.NUMBER, writable=False),
    Field("line_count", Kind.NUMBER, writable=False, may_be_blank=False),
    Field("warehouse_code", Kind.TEXT, writable=False),
    Field("store", Kind.TEXT, writable=False, may_be_blank=False),
    Field("merchant", Kind.TEXT, writable=False, may_be_blank=False),
)
SHIP_TO: Mapping[str, Field] = _catalogue(
    *(Field(name, Kind.TEXT, writable=False) for name in ("code", "name", "city", "region", "country"))
)
ITEM: Mapping[str, Field] = _catalogue(
    Field("line_number", Kind.NUMBER, writable=False, may_be_blank=False),
    Field("sku", Kind.TEXT, may_be_blank=False, longest=LONGEST_ID),
    Field("supplier_sku", Kind.TEXT, longest=LONGEST_ID),
    Field("barcode", Kind.TEXT, longest=LONGEST_ID),
    Field("name", Kind.TEXT),
    Field("quantity", Kind.NUMBER, may_be_blank=False, not_negative=True),
    Field("unit_of_measure", Kind.TEXT),
    Field("pack_size", Kind.NUMBER, positive=True),
    Field("unit_cost", Kind.NUMBER),
    Field("expected_date", Kind.DATE),
)
# `ordered_at` is the one field that is an instant; the other dates are days of the calendar.
INSTANTS = frozenset({"ordered_at"})
