"""Reads and writes around judging: lines and source documents in, changed fields, left-out lines and traces out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app.domain.record import plain_number
from app.rules.engine import ActiveRule
from app.services.unit_of_work import Unit

if TYPE_CHECKING:
    from app.services.processing import Decision

_ITEMS = """
SELECT purchase_order_id, key, line_number, sku, supplier_sku, barcode, name, quantity, unit_of_measure, pack_size,
       unit_cost, expected_date, custom
FROM line_item WHERE purchase_order_id = ANY(CAST(:ids AS bigint[])) ORDER BY purchase_order_id, position
"""


def items_of(unit: Unit, po_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """The lines of each order as the rules see them."""
    items: dict[int, list[dict[str, Any]]] = {po_id: [] for po_id in po_ids}
    for row in unit.rows(_ITEMS, ids=list(po_ids)) if po_ids else []:
        fields = row._asdict()
        items[fields.pop("purchase_order_id")].append(fields)
    return items


def sources_of(
    unit: Unit, orders: Sequence[Any], rules: Mapping[int | None, Sequence[ActiveRule]]
) -> dict[int, Mapping[str, Any]]:
    """The imported documents, but only for stores with a rule that looks into `purchase_order.source`."""
    wanted = {
        order.source_document_id: order.id
        for order in orders
        if any(rule.program.reads_source for rule in rules.get(order.store_id, rules[None]))
    }
    if not wanted:
        return {}
    rows = unit.rows("SELECT id, text FROM source_document WHERE id = ANY(CAST(:ids AS bigint[]))", ids=sorted(wanted))
    return {wanted[row.id]: _as_document(row.text) for row in rows}


def _as_document(raw: str) -> Mapping[str, Any]:
    try:
        data = json.loads(raw)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def save_judgements(unit: Unit, decisions: Sequence[Decision]) -> None:
    """Store the traces, and note their ids on the decisions for the timeline to link to."""
    if not decisions:
        return
    ids = unit.rows(
        "SELECT nextval(pg_get_serial_sequence('judgement', 'id')) AS id FROM generate_series(1, :count)",
        count=len(decisions),
    )
    rows = []
    for row, decision in zip(ids, decisions, strict=True):
        judgement = decision.judgement
        assert judgement is not None
        decision.judgement_id = row.id
        versions, trace = json.dumps(decision.versions), json.dumps(judgement.trace, ensure_ascii=False, default=str)
        rows.append((row.id, decision.order.id, judgement.outcome, judgement.message or "", versions, trace))
    unit.copy("judgement", ("id", "purchase_order_id", "outcome", "message", "versions", "trace"), rows)


# The writable fields of the rule language and how each column is read back from JSON.
_HEADER_FIELDS = {
    "number": "text", "buyer_name": "text", "supplier_code": "text", "supplier_name": "text",
    "ordered_at": "timestamptz", "due_date": "date", "currency": "text", "notes": "text", "tags": "jsonb",
    "custom": "jsonb",
}  # fmt: skip
_ITEM_FIELDS = {
    "sku": "text", "supplier_sku": "text", "barcode": "text", "name": "text", "quantity": "numeric",
    "unit_of_measure": "text", "pack_size": "numeric", "unit_cost": "numeric", "expected_date": "date",
    "custom": "jsonb",
}  # fmt: skip
_NULLABLE = frozenset({"ordered_at", "due_date", "pack_size", "unit_cost", "expected_date"})


def save_changes(unit: Unit, decisions: Sequence[Decision]) -> None:
    """Write what the rules changed: header fields, line fields, left-out and added lines; then the sums again."""
    headers = [_header(decision) for decision in decisions if decision.judgement and decision.judgement.header_changes]
    if headers:
        unit.run(_UPDATE_HEADERS, rows=json.dumps(headers, default=str))
    lines = [line for decision in decisions for line in _lines(decision)]
    if lines:
        unit.run(_UPDATE_LINES, rows=json.dumps(lines, default=str))
    added = [line for decision in decisions for line in _added(decision)]
    if added:
        unit.run(_INSERT_LINES, rows=json.dumps(added, default=str))
    if lines or added:
        resum(unit, sorted({line["po"] for line in (*lines, *added)}))


def due_date_after(decision: Decision) -> date | None:
    """The due date once the rules' changes are applied."""
    changes = decision.judgement.header_changes if decision.judgement else {}
    value = changes["due_date"][1] if "due_date" in changes else decision.order.due_date
    return value if isinstance(value, date) else None


def _set(field: str, kind: str) -> str:
    value = f"d.fields ->> '{field}'"
    if kind == "jsonb":
        value = f"d.fields -> '{field}'"
    elif field not in _NULLABLE:
        value = f"coalesce({value}, '')" if kind == "text" else value
    cast = f"CAST({value} AS {kind})"
    if field == "tags":
        cast = f"ARRAY(SELECT jsonb_array_elements_text({value}))"
    return f"{field} = CASE WHEN d.fields ? '{field}' THEN {cast} ELSE t.{field} END"


_UPDATE_HEADERS = f"""
UPDATE purchase_order t SET {", ".join(_set(field, kind) for field, kind in _HEADER_FIELDS.items())}
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS d(po bigint, fields jsonb) WHERE t.id = d.po
"""

_UPDATE_LINES = f"""
UPDATE line_item t SET left_out_by = d.left_out_by,
    {", ".join(_set(field, kind) for field, kind in _ITEM_FIELDS.items())}
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS d(po bigint, key text, left_out_by text, fields jsonb)
WHERE t.purchase_order_id = d.po AND t.key = d.key
"""

_INSERT_LINES = """
INSERT INTO line_item (purchase_order_id, key, position, line_number, sku, supplier_sku, barcode, name, quantity,
                       unit_of_measure, pack_size, unit_cost, expected_date, custom)
SELECT d.po, d.key, d.position, d.line_number, d.sku, coalesce(d.supplier_sku, ''), coalesce(d.barcode, ''),
       coalesce(d.name, ''), d.quantity, coalesce(d.unit_of_measure, ''), d.pack_size, d.unit_cost, d.expected_date,
       coalesce(d.custom, '{}')
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
     AS d(po bigint, key text, position int, line_number int, sku text, supplier_sku text, barcode text, name text,
          quantity numeric, unit_of_measure text, pack_size numeric, unit_cost numeric, expected_date date,
          custom jsonb)
ON CONFLICT (purchase_order_id, key) DO NOTHING
"""

_RESUM = """
UPDATE purchase_order po
SET lines_count = s.lines, units_ordered = s.ordered, units_received = s.received, total_cost = s.cost
FROM (
    SELECT purchase_order_id, count(*) FILTER (WHERE left_out_by IS NULL) AS lines,
           coalesce(sum(quantity) FILTER (WHERE left_out_by IS NULL), 0) AS ordered,
           coalesce(sum(received_before + received), 0) AS received,
           coalesce(round(sum(quantity * unit_cost) FILTER (WHERE left_out_by IS NULL), 6), 0) AS cost
    FROM line_item WHERE purchase_order_id = ANY(CAST(:ids AS bigint[])) GROUP BY purchase_order_id
) s WHERE po.id = s.purchase_order_id
"""


def resum(unit: Unit, po_ids: Sequence[int]) -> None:
    """Count the lines and sum the quantities of these orders again."""
    unit.run(_RESUM, ids=list(po_ids))


def custom_value(value: Any) -> Any:
    """A value as a custom field keeps it: a number stays a number, so that a later rule can compare it as one.

    A number that no float holds exactly is kept as text, since a changed digit would be worse.
    """
    if not isinstance(value, Decimal):
        return value
    if value == value.to_integral_value():
        return int(value)
    return float(value) if Decimal(repr(float(value))) == value else plain_number(value)


def _header(decision: Decision) -> dict[str, Any]:
    assert decision.judgement is not None
    fields: dict[str, Any] = {}
    for path, (_, after) in decision.judgement.header_changes.items():
        field, _, key = path.partition(".")
        if field == "custom":
            fields.setdefault("custom", dict(decision.order.custom))[key] = custom_value(after)
        elif field == "tags":
            fields["tags"] = [tag.strip() for tag in str(after or "").split(",") if tag.strip()]
        elif field in _HEADER_FIELDS:
            fields[field] = after
    return {"po": decision.order.id, "fields": fields}


def _lines(decision: Decision) -> list[dict[str, Any]]:
    judgement = decision.judgement
    assert judgement is not None
    custom = {item["key"]: item["custom"] for item in decision.items}
    touched = {**dict.fromkeys(judgement.left_out, None), **judgement.item_changes}
    rows = []
    for key, changes in touched.items():
        fields: dict[str, Any] = {}
        for path, (_, after) in (changes or {}).items():
            field, _, custom_key = path.partition(".")
            if field == "custom":
                fields.setdefault("custom", dict(custom[key]))[custom_key] = custom_value(after)
            else:
                fields[field] = after
        rows.append({"po": decision.order.id, "key": key, "left_out_by": judgement.left_out.get(key), "fields": fields})
    return rows


def _added(decision: Decision) -> list[dict[str, Any]]:
    judgement = decision.judgement
    assert judgement is not None
    first = decision.order.lines_count + 1
    return [
        {**item, "po": decision.order.id, "position": first + number, "line_number": first + number}
        for number, item in enumerate(judgement.added_items)
    ]
