"""What stands in the files of purchase orders and of their lines, and who may read which column."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from app.connectors.formats.orders import tags_cell
from app.domain.people import Role
from app.domain.states import DISPLAY, PoStatus, display_status
from app.models import Connection, LineItem, Merchant, PurchaseOrder, Store, Warehouse
from app.web.columns import Shown
from app.web.exports import Out, iso, number, text

_UNFINISHED = frozenset({PoStatus.NEW, PoStatus.OPEN, PoStatus.PARTIALLY_RECEIVED})


def order_columns(shown: Shown) -> tuple[Out, ...]:
    """One row for each order, as it stands at one instant."""

    def days_late(status: PoStatus, late_from: datetime | None) -> str:
        # The first late day begins with `late_from`.
        late = late_from is not None and late_from <= shown.now and status in _UNFINISHED
        return str((shown.now - late_from).days + 1) if late and late_from is not None else ""

    order = PurchaseOrder
    return (
        Out("number", (order.number,), text),
        Out("external_id", (order.external_id,), text, partners=False),
        Out("revision", (order.revision,), number, partners=False),
        _status("status", shown),
        Out("connection", (Connection.name,), text, staff=True),
        Out("sales_channel", (Store.name,), text, partners=False),
        Out("merchant", (Merchant.name,), text),
        Out("warehouse_code", (Warehouse.code,), text),
        Out("facility", (order.facility,), text),
        Out("warehouse_ref", (order.warehouse_ref,), text),
        Out("buyer_name", (order.buyer_name,), text),
        Out("supplier_code", (order.supplier_code,), text),
        Out("supplier_name", (order.supplier_name,), text),
        Out("currency", (order.currency,), text, cost=True),
        Out("lines", (order.lines_count,), number),
        Out("units_ordered", (order.units_ordered,), number),
        Out("units_received", (order.units_received,), number),
        Out("total_cost", (order.total_cost,), number, cost=True),
        Out("ordered_at", (order.ordered_at,), iso),
        Out("due_date", (order.due_date,), iso),
        Out("days_late", (order.status, order.late_from), days_late),
        Out("imported_at", (order.imported_at,), iso),
        Out("sent_at", (order.sent_at,), iso),
        Out("accepted_at", (order.accepted_at,), iso),
        Out("last_receipt_at", (order.last_receipt_at,), iso),
        Out("tags", (order.tags,), _tags, partners=False),
        Out("reason", (order.status_reason,), text, staff=True),
    )


def header_columns(shown: Shown) -> tuple[Out, ...]:
    """The part of a line's row that all lines of an order share: the header of our own file of purchase orders.

    Columns that begin with `inlet_` tell how the order fares here; an import reads past them.
    """
    order = PurchaseOrder
    # A partner reads the notes of the source, never those that a rule wrote.
    notes = order.snapshot["notes"].as_string() if shown.reader.role is Role.PARTNER else order.notes
    ship_to = tuple(
        Out(f"ship_to_{part}", (order.ship_to[part].as_string(),), text)
        for part in ("code", "name", "city", "region", "country")
    )
    return (
        Out("po_number", (order.number,), text),
        Out("external_id", (order.external_id,), text, partners=False),
        Out("revision", (order.revision,), number, partners=False),
        Out("status", (order.source_state,), _source_state, partners=False),
        Out("buyer_name", (order.buyer_name,), text),
        Out("supplier_code", (order.supplier_code,), text),
        Out("supplier_name", (order.supplier_name,), text),
        Out("order_date", (order.ordered_at,), iso),
        Out("expected_date", (order.due_date,), iso),
        Out("warehouse_code", (order.location,), text, partners=False),
        Out("currency", (order.currency,), text, cost=True),
        Out("notes", (notes,), text),
        Out("tags", (order.tags,), _tags, partners=False),
        Out("updated_at", (order.source_updated_at,), iso, partners=False),
        *ship_to,
        Out("custom", (order.custom,), _object, partners=False),
        _status("inlet_status", shown),
    )


def line_columns() -> tuple[Out, ...]:
    """The part of a line's row that is the line's own."""
    line = LineItem
    return (
        Out("line_no", (line.line_number,), _line_number),
        Out("source_line_id", (line.source_line_id,), text),
        Out("sku", (line.sku,), text),
        Out("supplier_sku", (line.supplier_sku,), text),
        Out("barcode", (line.barcode,), text),
        Out("description", (line.name,), text),
        Out("qty", (line.quantity,), number),
        Out("qty_received", (line.received_before,), number),
        Out("uom", (line.unit_of_measure,), text),
        Out("pack_size", (line.pack_size,), number),
        Out("unit_cost", (line.unit_cost,), number, cost=True),
        Out("line_expected_date", (line.expected_date,), iso),
        Out("line_custom", (line.custom,), _object, partners=False),
        Out("inlet_received", (line.received,), number),
        Out("inlet_damaged", (line.damaged,), number),
        Out("inlet_closed_short", (line.closed_short_quantity,), number),
        Out("inlet_left_out", (line.left_out_by,), _yes_if_named),
    )


def _status(title: str, shown: Shown) -> Out:
    """The status as people see it, Delayed included."""
    return Out(
        title,
        (PurchaseOrder.status, PurchaseOrder.late_from),
        lambda status, late_from: DISPLAY[display_status(status, late_from, shown.now)],
    )


def _tags(tags: list[str]) -> str:
    return text(tags_cell(tags))


def _source_state(state: str) -> str:
    # The word of a file for it.
    return "open" if state == "active" else state


def _line_number(line_number: int) -> str:
    # Zero stands for none.
    return str(line_number) if line_number else ""


def _object(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False) if values else ""


def _yes_if_named(name: str | None) -> str:
    return "" if name is None else "yes"
