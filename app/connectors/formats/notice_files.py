"""Files that we write for others: inbound notices for a warehouse and status messages for a source.

Quantities are exact text. The JSON form holds everything; the CSV form has one row per line. The same message always
gives the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.connectors.contract import InboundNotice, NoticeLine, StatusLine, StatusMessage, StatusReceipt
from app.connectors.formats.formulas import guarded
from app.domain.record import plain_number

NOTICE_COLUMNS = (
    "action", "key", "version", "po_number", "merchant", "account", "facility", "supplier_code", "supplier_name",
    "expected_date", "notes", "line_key", "line_no", "source_line_id", "sku", "supplier_sku", "barcode", "description",
    "qty", "uom", "pack_size", "line_expected_date",
)  # fmt: skip
STATUS_COLUMNS = (
    "key", "version", "po_number", "external_id", "status", "at", "line_key", "line_no", "source_line_id", "sku",
    "qty_ordered", "qty_received", "qty_damaged", "qty_closed_short", "uom",
)  # fmt: skip


def notice_data(notice: InboundNotice, action: str) -> dict[str, Any]:
    """A notice in the JSON layout; `action` is create, update or cancel."""
    return {
        "action": action,
        "key": notice.key,
        "version": notice.version,
        "po_number": notice.number,
        "merchant": notice.merchant,
        "account": notice.account,
        "facility": notice.facility,
        "supplier_code": notice.supplier_code,
        "supplier_name": notice.supplier_name,
        "expected_date": notice.due_date.isoformat() if notice.due_date else None,
        "notes": notice.notes,
        "custom": dict(notice.custom),
        "lines": [_notice_line(line) for line in notice.lines],
    }


def status_data(message: StatusMessage) -> dict[str, Any]:
    """A status message in the JSON layout: absolute quantities per line, and the receipts behind them."""
    return {
        "key": message.key,
        "version": message.version,
        "po_number": message.number,
        "external_id": message.external_id,
        "status": message.status,
        "at": message.at.isoformat(),
        "lines": [_status_line(line) for line in message.lines],
        "receipts": [_status_receipt(receipt) for receipt in message.receipts],
    }


def as_json(data: Mapping[str, Any]) -> bytes:
    """Data as UTF-8 JSON with one line per field."""
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def notice_csv(data: Mapping[str, Any]) -> bytes:
    """A notice as CSV, the header repeated on each line."""
    return _rows(NOTICE_COLUMNS, data)


def status_csv(data: Mapping[str, Any]) -> bytes:
    """A status message as CSV: the lines only, with their absolute quantities."""
    return _rows(STATUS_COLUMNS, data)


def key_in(content: bytes, ending: str) -> str:
    """The key of a file written here ("json" or "csv"), or nothing if it is no such file."""
    try:
        if ending == "json":
            return str(json.loads(content)["key"])
        return next(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))["key"]
    except (ValueError, KeyError, TypeError, StopIteration):
        return ""


def _rows(columns: Sequence[str], data: Mapping[str, Any]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    lines: Iterable[Mapping[str, Any]] = data["lines"]
    for line in lines:
        merged = {**data, **line}
        writer.writerow([_cell(merged.get(name)) for name in columns])
    return out.getvalue().encode("utf-8")


def _cell(value: Any) -> str:
    return "" if value is None else guarded(str(value))


def _notice_line(line: NoticeLine) -> dict[str, Any]:
    return {
        "line_key": line.key,
        "line_no": line.line_number,
        "source_line_id": line.source_line_id,
        "sku": line.sku,
        "supplier_sku": line.supplier_sku,
        "barcode": line.barcode,
        "description": line.name,
        "qty": plain_number(line.quantity),
        "uom": line.unit_of_measure,
        "pack_size": None if line.pack_size is None else plain_number(line.pack_size),
        "line_expected_date": line.expected_date.isoformat() if line.expected_date else None,
    }


def _status_line(line: StatusLine) -> dict[str, Any]:
    return {
        "line_key": line.key,
        "line_no": line.line_number,
        "source_line_id": line.source_line_id,
        "sku": line.sku,
        "qty_ordered": plain_number(line.ordered),
        "qty_received": plain_number(line.received),
        "qty_damaged": plain_number(line.damaged),
        "qty_closed_short": plain_number(line.closed_short),
        "qty_booked": plain_number(line.booked),
        "qty_to_book": plain_number(line.to_book),
        "uom": line.unit_of_measure,
    }


def _status_receipt(receipt: StatusReceipt) -> dict[str, Any]:
    return {
        "receipt_id": receipt.external_id,
        "received_at": receipt.received_at.isoformat(),
        "final": receipt.final,
        "lines": [
            {"line_key": key, "sku": sku, "qty_received": plain_number(received), "qty_damaged": plain_number(damaged)}
            for key, sku, received, damaged in receipt.lines
        ],
    }
