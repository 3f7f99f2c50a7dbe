"""The default layout of purchase orders, and how it becomes a record.

A purchase order is a mapping of header names to values and a sequence of such mappings for its lines. CSV and JSON use
the same names: in CSV the header stands on every line of the order, in JSON the lines stand under "lines".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.connectors.formats.json_records import exact_or_none
from app.connectors.formats.values import (
    LONG,
    BadField,
    Reading,
    by_name,
    custom,
    day,
    instant,
    mangled,
    needed,
    number,
    shortened,
    text,
    whole,
)
from app.domain.errors import BadRecord
from app.domain.record import LineRecord, PurchaseOrderRecord, ShipTo, SourceState, check

SHIP_TO = ("code", "name", "city", "region", "country")
HEADER = (
    "po_number", "external_id", "revision", "status", "buyer_name", "supplier_code", "supplier_name", "supplier_ref",
    "order_date", "expected_date", "warehouse_code", "currency", "notes", "tags", "updated_at",
    *(f"ship_to_{part}" for part in SHIP_TO),
)  # fmt: skip
LINE = (
    "line_no", "source_line_id", "sku", "supplier_sku", "barcode", "description", "qty", "qty_received", "uom",
    "pack_size", "unit_cost", "line_expected_date", "lot", "expiry",
)  # fmt: skip
NUMBERS = frozenset({"qty", "qty_received", "pack_size", "unit_cost"})
"""The columns that hold a number written by us, which is never guarded: a cost may be below zero."""
REQUIRED = ("po_number", "sku", "qty")
IDS = frozenset({
    "po_number", "external_id", "supplier_code", "supplier_ref", "source_line_id", "sku", "supplier_sku", "barcode",
    "lot", "receipt_id", "document_key", "warehouse_ref", "account", "line_key", "serial", "lpn",
})  # fmt: skip
"""The columns whose text must be exact; a spreadsheet that takes them for numbers destroys them."""

Place = Callable[[int | None, str], str]
"""Says where a value stands: (index of the line, or None for the header; column) -> "row 7, column qty"."""

_ACTIVE = (
    "", "open", "ordered", "confirmed", "approved", "released", "issued", "placed", "partial", "partially_received",
)  # fmt: skip
STATES = (
    dict.fromkeys(_ACTIVE, SourceState.ACTIVE)
    | dict.fromkeys(("canceled", "cancelled"), SourceState.CANCELED)
    | dict.fromkeys(("closed", "completed", "received", "done"), SourceState.COMPLETED)
)
DRAFTS = frozenset({"draft", "pending"})
_ZERO = Decimal(0)


def order_record(
    header: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], reading: Reading, place: Place
) -> PurchaseOrderRecord:
    """Map one order and check it. Raises BadRecord that names the order, the place and the reason."""
    at: int | None = None
    try:
        number_text = needed(header.get("po_number"), "po_number")
        state = _state(header.get("status"))
        mapped = []
        for index, line in enumerate(lines):
            at = index
            mapped.append(_line(line.get, reading))
        at = None
        record = _record(header, number_text, state, mapped, reading)
    except BadField as bad:
        raise _bad_record(header, place(at, bad.column), bad) from None
    return check(record)


def json_place(index: int | None, column: str) -> str:
    """Where a value of a JSON order stands."""
    return f"field {column}" if index is None else f"line {index + 1}, field {column}"


def json_order(data: Any, reading: Reading) -> PurchaseOrderRecord:
    """Map one parsed JSON order. Raises BadRecord."""
    if not isinstance(data, Mapping):
        raise BadRecord("This record is no purchase order.", 'Send an object with "po_number" and "lines".')
    lines = data.get("lines")
    if not isinstance(lines, list) or not all(isinstance(line, Mapping) for line in lines):
        name = text_or_nothing(data.get("po_number"))
        raise BadRecord(f"Purchase order {name} has no list of lines.", 'Send "lines": [{"sku": …, "qty": …}].')
    return order_record(data, lines, reading, json_place)


def refuse_shortened(values: Mapping[str, Any]) -> None:
    """Raise BadField if an id in this row was shortened by a spreadsheet to something like 1.23E+11."""
    for column in IDS & values.keys():
        value = values[column]
        if isinstance(value, str) and mangled(value):
            raise shortened(value.strip(), column)


def tags_cell(tags: Sequence[str]) -> str:
    """Tags as the text of one cell, which is read back to the same tags."""
    joined = ",".join(tags)
    torn = joined.startswith("[") or ";" in joined or any("," in tag for tag in tags)
    return json.dumps(list(tags), ensure_ascii=False) if torn else joined


def text_or_nothing(value: Any) -> str:
    """A name for a sentence, or a question mark."""
    return str(value).strip()[:60] if value not in (None, "") else "?"


def _bad_record(header: Mapping[str, Any], where: str, bad: BadField) -> BadRecord:
    name = text_or_nothing(header.get("po_number"))
    return BadRecord(f"Purchase order {name}, {where}: {bad.message}", bad.remedy)


def _state(value: Any) -> SourceState:
    word = text(value, "status").lower().replace(" ", "_").replace("-", "_")
    found = STATES.get(word)
    if found is None and word in DRAFTS:
        raise BadField("status", f"it is still {word} at the source.", "Send it again once it is confirmed.")
    if found is None:
        known = "open, canceled or completed"
        raise BadField("status", f"the status “{word[:60]}” is not known.", f"Send a known status, such as {known}.")
    return found


def _line(get: Callable[[str], Any], reading: Reading) -> LineRecord:
    quantity = number(get("qty"), "qty")
    if quantity is None:
        raise BadField("qty", "nothing is filled in.", "Fill in the quantity; 0 is allowed.")
    received = number(get("qty_received"), "qty_received")
    expected = get("line_expected_date")
    return LineRecord(
        line_number=whole(get("line_no"), "line_no") or 0,
        sku=needed(get("sku"), "sku"),
        quantity=quantity,
        source_line_id=text(get("source_line_id"), "source_line_id"),
        supplier_sku=text(get("supplier_sku"), "supplier_sku"),
        barcode=text(get("barcode"), "barcode"),
        name=text(get("description"), "description", LONG),
        received_before=_ZERO if received is None else received,
        unit_of_measure=text(get("uom"), "uom"),
        pack_size=number(get("pack_size"), "pack_size"),
        unit_cost=number(get("unit_cost"), "unit_cost"),
        expected_date=day(expected, "line_expected_date", reading) if expected else None,
        custom=_line_custom(get, reading),
    )


def _line_custom(get: Callable[[str], Any], reading: Reading) -> dict[str, Any]:
    given, lot, expiry = get("custom"), get("lot"), get("expiry")
    values = custom(given, "custom") if given else {}
    if lot:
        values["lot"] = text(lot, "lot")
    expires = day(expiry, "expiry", reading) if expiry else None
    if expires:
        values["expiry"] = expires.isoformat()
    return by_name(values)


def _record(
    header: Mapping[str, Any], number_text: str, state: SourceState, lines: list[LineRecord], reading: Reading
) -> PurchaseOrderRecord:
    get = header.get
    values = custom(get("custom"), "custom")
    reference = text(get("supplier_ref"), "supplier_ref")
    if reference:
        values["supplier_ref"] = reference
    return PurchaseOrderRecord(
        external_id=text(get("external_id"), "external_id") or number_text,
        number=number_text,
        lines=lines,
        state=state,
        source_status=text(get("status"), "status").lower(),
        revision=whole(get("revision"), "revision"),
        buyer_name=text(get("buyer_name"), "buyer_name"),
        supplier_code=text(get("supplier_code"), "supplier_code"),
        supplier_name=text(get("supplier_name"), "supplier_name"),
        ordered_at=instant(get("order_date"), "order_date", reading),
        due_date=day(get("expected_date"), "expected_date", reading),
        currency=text(get("currency"), "currency").upper(),
        notes=text(get("notes"), "notes", LONG),
        tags=_tags(get("tags")),
        location=text(get("warehouse_code"), "warehouse_code"),
        ship_to=_ship_to(header),
        custom=by_name(values),
        updated_at=instant(get("updated_at"), "updated_at", reading),
    )


def _tags(value: Any) -> list[str]:
    parts = value if isinstance(value, list) else _listed(text(value, "tags", LONG))
    return [tag for part in parts if (tag := text(part, "tags"))]


def _listed(written: str) -> list[Any]:
    """The tags of one cell: a JSON list where a tag has a comma in it, else the words between commas or semicolons."""
    found = exact_or_none(written, list) if written.startswith("[") else None
    return written.replace(";", ",").split(",") if found is None else found


def _ship_to(header: Mapping[str, Any]) -> ShipTo:
    given = header.get("ship_to")
    if given is not None and not isinstance(given, Mapping):
        raise BadField("ship_to", "it is no object.", 'Send "ship_to": {"code": …, "name": …}.')
    if given is None:
        return ShipTo(*(text(header.get(f"ship_to_{part}"), f"ship_to_{part}") for part in SHIP_TO))
    return ShipTo(*(text(given.get(part), f"ship_to.{part}") for part in SHIP_TO))
