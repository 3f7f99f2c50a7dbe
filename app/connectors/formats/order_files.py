"""Files of purchase orders in the default layout: read, mapped, and written."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from app.connectors.formats import csv_rows, json_records
from app.connectors.formats.formulas import guarded
from app.connectors.formats.orders import (
    HEADER,
    LINE,
    NUMBERS,
    REQUIRED,
    SHIP_TO,
    json_order,
    order_record,
    refuse_shortened,
    tags_cell,
)
from app.connectors.formats.pieces import Piece, Unreadable
from app.connectors.formats.values import BadField, Reading, mangled_in
from app.domain.errors import BadRecord
from app.domain.record import LineRecord, PurchaseOrderRecord, plain_number

LAYOUT = csv_rows.Layout(HEADER, LINE, REQUIRED, ("po_number",), "purchase orders", "external_id")
JSON_SUFFIXES = frozenset({".json", ".ndjson", ".jsonl"})
_RESEND = "Mend it and send this purchase order again."


def is_json(name: str) -> bool:
    """Is a file of this name read as JSON?"""
    return PurePosixPath(name).suffix.lower() in JSON_SUFFIXES


def order_pieces(name: str, opened: Callable[[], BinaryIO]) -> Iterator[Piece]:
    """Cut a file into purchase orders. `opened` opens it anew each time. Raises Unreadable."""
    if not is_json(name):
        yield from csv_rows.pieces(opened, LAYOUT)
        return
    with opened() as stream:
        yield from json_records.pieces(stream, "purchase_orders")


def map_order(text: str, data: Any, reading: Reading) -> PurchaseOrderRecord:
    """Map one piece to a record. Without `data`, what the piece held, the text is parsed again. Raises BadRecord."""
    if text.lstrip()[:1] not in ("{", "["):
        return _csv_order(text, data if isinstance(data, tuple) else (), reading)
    if data is None:
        piece = json_records.parsed(text)
        if piece.problem:
            raise BadRecord(piece.problem, _RESEND)
        data = piece.data
    if mangled_in(text):
        _refuse_shortened_json(data)
    return json_order(data, reading)


def order_data(record: PurchaseOrderRecord) -> dict[str, Any]:
    """A record in the JSON layout; what is empty is left out, quantities and money are exact text."""
    data: dict[str, Any] = _header(record)
    data["ship_to"] = {part: value for part in SHIP_TO if (value := getattr(record.ship_to, part))}
    data["tags"], data["custom"] = list(record.tags), dict(record.custom)
    lines = [_filled({**_line(line), "custom": dict(line.custom)}) for line in record.lines]
    return {**_filled(data), "lines": lines}


def orders_json(records: Iterable[PurchaseOrderRecord]) -> str:
    """Records as a JSON array in the default layout."""
    return json.dumps([order_data(record) for record in records], ensure_ascii=False, indent=1)


def orders_csv(records: Sequence[PurchaseOrderRecord]) -> str:
    """Records as CSV in the default layout, own values in columns `custom_*` and `line_custom_*`."""
    own = sorted({name for record in records for name in record.custom})
    line_own = sorted({name for record in records for line in record.lines for name in line.custom})
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    titles = [*(f"custom_{name}" for name in own), *(f"line_custom_{name}" for name in line_own)]
    writer.writerow([*HEADER, *LINE, *titles])
    for record in records:
        header = _header(record) | {f"ship_to_{part}": getattr(record.ship_to, part) for part in SHIP_TO}
        header["tags"] = tags_cell(record.tags)
        start = [_cell(header.get(name)) for name in HEADER]
        end = [_cell(record.custom.get(name)) for name in own]
        for line in record.lines:
            cells = _line(line)
            middle = [(str if name in NUMBERS else _cell)(cells.get(name) or "") for name in LINE]
            writer.writerow([*start, *middle, *end, *(_cell(line.custom.get(name)) for name in line_own)])
    return out.getvalue()


def _csv_order(text: str, numbers: tuple[int, ...], reading: Reading) -> PurchaseOrderRecord:
    try:
        columns, rows = csv_rows.parsed(text, LAYOUT, numbers)
    except Unreadable as error:
        raise BadRecord(f"This is no purchase order. {error}", error.remedy) from None
    found = [csv_rows.values(columns, row) for row in rows]
    broken = next((row for row in rows if row.problem), None)
    name = next((str(values["po_number"]).strip() for values in found if values.get("po_number")), "?")
    if broken is not None or not rows:
        why = f"row {broken.number}: {broken.problem}" if broken else "no row is left."
        raise BadRecord(f"Purchase order {name}, {why}", _RESEND)
    header, clash = csv_rows.shared(LAYOUT, rows, found)
    if clash:
        raise BadRecord(f"Purchase order {name}: {clash}", "Make the header fields equal on all its rows.")

    def place(index: int | None, column: str) -> str:
        return f"row {rows[index or 0].number}, column {column}"

    if mangled_in(text):
        _refuse_shortened_rows(name, rows, found)
    header["custom"] = header.pop(csv_rows.HEADER_CUSTOM, None)
    return order_record(header, found, reading, place)


def _refuse_shortened_rows(name: str, rows: list[csv_rows.Row], found: list[dict[str, Any]]) -> None:
    for row, values in zip(rows, found, strict=True):
        try:
            refuse_shortened(values)
        except BadField as bad:
            where = f"row {row.number}, column {bad.column}"
            raise BadRecord(f"Purchase order {name}, {where}: {bad.message}", bad.remedy) from None


def _refuse_shortened_json(data: Any) -> None:
    given = data.get("lines") if isinstance(data, dict) else None
    lines = given if isinstance(given, list) else []
    for place, values in [("", data), *((f"line {at}, ", line) for at, line in enumerate(lines, start=1))]:
        try:
            refuse_shortened(values if isinstance(values, dict) else {})
        except BadField as bad:
            name = data.get("po_number", "?")
            where = f"{place}field {bad.column}"
            raise BadRecord(f"Purchase order {name}, {where}: {bad.message}", bad.remedy) from None


def _header(record: PurchaseOrderRecord) -> dict[str, Any]:
    return {
        "po_number": record.number,
        "external_id": record.external_id if record.external_id != record.number else "",
        "revision": record.revision,
        "status": record.source_status or {"active": "open"}.get(record.state.value, record.state.value),
        "buyer_name": record.buyer_name,
        "supplier_code": record.supplier_code,
        "supplier_name": record.supplier_name,
        "order_date": record.ordered_at.isoformat() if record.ordered_at else None,
        "expected_date": record.due_date.isoformat() if record.due_date else None,
        "warehouse_code": record.location,
        "currency": record.currency,
        "notes": record.notes,
        "updated_at": record.updated_at.isoformat() if record.updated_at else None,
    }


def _line(line: LineRecord) -> dict[str, Any]:
    return {
        "line_no": line.line_number or None,
        "source_line_id": line.source_line_id,
        "sku": line.sku,
        "supplier_sku": line.supplier_sku,
        "barcode": line.barcode,
        "description": line.name,
        "qty": plain_number(line.quantity),
        "qty_received": plain_number(line.received_before) if line.received_before else None,
        "uom": line.unit_of_measure,
        "pack_size": None if line.pack_size is None else plain_number(line.pack_size),
        "unit_cost": None if line.unit_cost is None else plain_number(line.unit_cost),
        "line_expected_date": line.expected_date.isoformat() if line.expected_date else None,
    }


def _filled(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value not in (None, "", [], {})}


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return guarded(value)
    return "" if value is None else str(value)
