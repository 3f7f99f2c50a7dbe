"""Rows from a snapshot: header and lines of an order are made equal to *snapshot + edits*.

Every run of the rules starts from there, so whoever lets an order be judged again restores its rows first. Lines keep
their ids by key, since receipts hang on them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.lateness import late_from
from app.domain.record import LineRecord, PurchaseOrderRecord, check, from_snapshot
from app.models import PurchaseOrder, Step
from app.services import judged_rows
from app.services.unit_of_work import Unit

EDITABLE_HEADER = (
    "number", "buyer_name", "supplier_code", "supplier_name", "ordered_at", "due_date", "currency", "notes", "tags",
    "custom",
)  # fmt: skip
EDITABLE_LINE = (
    "sku", "supplier_sku", "barcode", "name", "quantity", "unit_of_measure", "pack_size", "unit_cost", "expected_date",
    "custom",
)  # fmt: skip


def with_edits(record: PurchaseOrderRecord, edits: Mapping[str, Any]) -> PurchaseOrderRecord:
    """Lay people's edits over a record: {"header": {…}, "lines": {key: {…}}, "added": [{…}], "removed": [key]}.

    Raises BadRecord when the result is no order that could be sent.
    """
    for name, value in edits.get("header", {}).items():
        setattr(record, name, _typed(name, value))
    changes, removed = edits.get("lines", {}), set(edits.get("removed", ()))
    record.lines = [line for line in record.lines if line.key not in removed]
    for line in record.lines:
        for name, value in changes.get(line.key, {}).items():
            setattr(line, name, _typed(name, value))
    added = [_added(fields) for fields in edits.get("added", ()) if fields["key"] not in removed]
    record.lines += added
    kept = [line.key for line in record.lines]
    check(record)
    # `check` gives keys by number and SKU; an edit of either must not move a line to another key.
    for line, key in zip(record.lines, kept, strict=True):
        line.key = key
    return record


def _added(fields: Mapping[str, Any]) -> LineRecord:
    values = {name: _typed(name, fields[name]) for name in EDITABLE_LINE if fields.get(name) not in (None, "")}
    return LineRecord(
        line_number=int(fields["line_number"]),
        key=str(fields["key"]),
        sku=values.pop("sku", ""),
        quantity=values.pop("quantity", Decimal(0)),
        **values,
    )


def _typed(name: str, value: Any) -> Any:
    if value is None or value == "":
        return None if name in ("ordered_at", "due_date", "pack_size", "unit_cost", "expected_date") else ""
    if name in ("quantity", "pack_size", "unit_cost"):
        return Decimal(str(value))
    if name in ("due_date", "expected_date"):
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    if name == "ordered_at":
        return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return value


def restore(unit: Unit, order: PurchaseOrder, zone: ZoneInfo) -> None:
    """Make header and lines equal to the order's snapshot and edits; the effects of rules are gone after it."""
    record = with_edits(from_snapshot(order.snapshot), order.edits)
    for name in EDITABLE_HEADER:
        setattr(order, name, getattr(record, name))
    order.revision, order.location = record.revision, record.location
    order.source_state, order.source_updated_at = record.state.value, record.updated_at
    late = late_from(record.due_date, zone)
    if late != order.late_from:
        # A new due date can be missed anew.
        order.late_from, order.late_noticed_at = late, None
    unit.session.flush()
    merge_lines(unit, order.id, record.lines)


def judge_again(order: PurchaseOrder, now: datetime) -> None:
    """Let the rules judge the order next: it has no warehouse, no hold and no lease any more."""
    order.warehouse_id, order.facility = None, ""
    order.held_until, order.held_by, order.rejected = None, "", False
    order.step, order.step_due_at = Step.JUDGE, now
    order.lease_owner, order.lease_until = None, None
    order.lease_no += 1


_COLUMNS = (
    "position", "line_number", "source_line_id", "sku", "supplier_sku", "barcode", "name", "quantity",
    "received_before", "unit_of_measure", "pack_size", "unit_cost", "expected_date", "custom",
)  # fmt: skip
_RECORDSET = (
    "jsonb_to_recordset(CAST(:lines AS jsonb)) AS n(key text, position int, line_number int, source_line_id text,"
    " sku text, supplier_sku text, barcode text, name text, quantity numeric, received_before numeric,"
    " unit_of_measure text, pack_size numeric, unit_cost numeric, expected_date date, custom jsonb)"
)
_ASSIGN = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)
_LISTED = ", ".join(_COLUMNS)
_UPSERT = f"""
INSERT INTO line_item (purchase_order_id, key, {_LISTED})
SELECT :po_id, n.key, {", ".join(f"n.{name}" for name in _COLUMNS)} FROM {_RECORDSET} ORDER BY n.position
ON CONFLICT (purchase_order_id, key) DO UPDATE SET {_ASSIGN}, left_out_by = NULL
"""
# A line that the order no longer has goes, unless goods were booked on it: then it stays with nothing ordered.
_DROP = """
DELETE FROM line_item l WHERE l.purchase_order_id = :po_id AND NOT (l.key = ANY(CAST(:keys AS text[])))
  AND NOT EXISTS (SELECT 1 FROM allocation a WHERE a.line_item_id = l.id)
"""
_EMPTY = """
UPDATE line_item SET quantity = 0, received_before = 0, closed_short_quantity = 0
WHERE purchase_order_id = :po_id AND NOT (key = ANY(CAST(:keys AS text[])))
"""


def merge_lines(unit: Unit, po_id: int, lines: list[LineRecord]) -> None:
    """Make the lines of an order equal to `lines`, by key, set-based; then count and sum them again."""
    rows = [
        {
            **{name: getattr(line, name) for name in _COLUMNS if name != "position"},
            "key": line.key,
            "position": position,
        }
        for position, line in enumerate(lines, 1)
    ]
    keys = [line.key for line in lines]
    unit.run(_UPSERT, po_id=po_id, lines=json.dumps(rows, default=str))
    unit.run(_DROP, po_id=po_id, keys=keys)
    unit.run(_EMPTY, po_id=po_id, keys=keys)
    judged_rows.resum(unit, [po_id])
