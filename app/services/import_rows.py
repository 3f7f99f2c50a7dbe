"""The rows of new purchase orders: keys first, then COPY straight into the tables, with ids drawn beforehand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.connectors.contract import RawDocument
from app.domain.lateness import late_from
from app.domain.record import SHIP_TO_FIELDS, ZERO, Frozen, LineRecord, PurchaseOrderRecord, total_cost
from app.services.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the records of a run come from, and what the connection lets in."""

    connection_id: int
    merchant_id: int
    store_id: int
    run_id: int
    warehouse_zone: ZoneInfo
    import_from: datetime | None = None
    import_filter: Mapping[str, Any] = field(default_factory=dict)
    lifts_tombstones: bool = False
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """One mapped record, its stored form, the digest of its raw text and the document it came in."""

    record: PurchaseOrderRecord
    frozen: Frozen
    raw_digest: str
    document: RawDocument


_LOCK_KEYS = """
SELECT k.id, k.external_id, k.connection_id, k.purchase_order_id, k.tombstoned_at, k.refused_digest,
       c.name AS connection_name
FROM po_key k JOIN connection c ON c.id = k.connection_id
WHERE k.store_id = :store_id AND k.part = 0 AND k.external_id = ANY(CAST(:external_ids AS text[]))
ORDER BY k.id FOR NO KEY UPDATE OF k
"""


def lock_keys(unit: Unit, origin: Origin, external_ids: Sequence[str]) -> dict[str, Any]:
    """Lock the keys that exist already, by id ascending. Keys come before orders in the order of locks.

    NO KEY UPDATE, because planting a message takes a foreign-key share lock on the key while it holds the order.
    """
    if not external_ids:
        return {}
    rows = unit.rows(_LOCK_KEYS, store_id=origin.store_id, external_ids=list(external_ids))
    return {row.external_id: row for row in rows}


def remember_digest(unit: Unit, key_id: int, raw_digest: str) -> None:
    """Note that this text was seen, so that it is skipped the next time."""
    unit.run("UPDATE po_key SET raw_digest = :digest WHERE id = :id", digest=raw_digest, id=key_id)


_INSERT_KEYS = """
INSERT INTO po_key (store_id, connection_id, external_id, purchase_order_id, raw_digest)
SELECT :store_id, :connection_id, n.external_id, n.po_id, n.digest
FROM unnest(CAST(:external_ids AS text[]), CAST(:po_ids AS bigint[]), CAST(:digests AS text[]))
     AS n(external_id, po_id, digest)
ON CONFLICT (store_id, external_id, part) DO UPDATE
SET purchase_order_id = excluded.purchase_order_id, raw_digest = excluded.raw_digest,
    tombstoned_at = NULL, tombstoned_by = NULL, refused_digest = NULL
WHERE po_key.purchase_order_id IS NULL AND po_key.connection_id = excluded.connection_id
RETURNING external_id
"""


def insert_orders(unit: Unit, origin: Origin, arrivals: Sequence[Arrival]) -> int:
    """Insert new orders with lines, raw texts and timeline. Returns how many.

    The key decides: an order whose key another transaction took in the meantime is left to that one.
    """
    if not arrivals:
        return 0
    ids = _draw(unit, "purchase_order", len(arrivals))
    won = {
        row.external_id
        for row in unit.rows(
            _INSERT_KEYS,
            store_id=origin.store_id,
            connection_id=origin.connection_id,
            external_ids=[arrival.record.external_id for arrival in arrivals],
            po_ids=ids,
            digests=[arrival.raw_digest for arrival in arrivals],
        )
    }
    mine = [(po_id, arrival) for po_id, arrival in zip(ids, arrivals, strict=True) if arrival.record.external_id in won]
    document_ids = _draw(unit, "source_document", len(mine))
    copy_documents(unit, origin, zip(document_ids, (arrival for _, arrival in mine), strict=True))
    unit.copy(
        "purchase_order",
        ORDER_COLUMNS,
        (order_row(origin, po_id, arrival, doc) for (po_id, arrival), doc in zip(mine, document_ids, strict=True)),
    )
    unit.copy("line_item", LINE_COLUMNS, line_rows(mine))
    unit.copy("activity", ACTIVITY_COLUMNS, _imported_rows(origin, mine, document_ids))
    return len(mine)


def _draw(unit: Unit, table: str, count: int) -> list[int]:
    """Draw ids from a table's sequence, so that children can be written without asking back."""
    rows = unit.rows(
        "SELECT nextval(pg_get_serial_sequence(:table, 'id')) AS id FROM generate_series(1, :count)",
        table=table,
        count=count,
    )
    return [row.id for row in rows]


def draw_document(unit: Unit, origin: Origin, arrival: Arrival) -> int:
    """Store one raw text and return its id."""
    document_id = _draw(unit, "source_document", 1)[0]
    copy_documents(unit, origin, [(document_id, arrival)])
    return document_id


def copy_documents(unit: Unit, origin: Origin, numbered: Iterable[tuple[int, Arrival]]) -> None:
    """Store raw texts."""
    unit.copy(
        "source_document",
        ("id", "connection_id", "external_id", "run_id", "reference", "text"),
        (
            (
                document_id,
                origin.connection_id,
                arrival.record.external_id,
                origin.run_id,
                arrival.document.reference,
                arrival.document.text,
            )
            for document_id, arrival in numbered
        ),
    )


ORDER_COLUMNS = (
    "id", "connection_id", "merchant_id", "store_id", "external_id", "number", "revision", "buyer_name",
    "supplier_code", "supplier_name", "ordered_at", "due_date", "late_from", "currency", "notes", "tags", "location",
    "ship_to", "custom", "source_state", "source_updated_at", "lines_count", "units_ordered", "units_received",
    "total_cost", "snapshot", "content_digest", "source_document_id",
)  # fmt: skip


def header_values(arrival: Arrival, zone: ZoneInfo) -> dict[str, Any]:
    """The header columns of an order as its snapshot says, JSON columns as text."""
    record = arrival.record
    return {
        "number": record.number,
        "revision": record.revision,
        "buyer_name": record.buyer_name,
        "supplier_code": record.supplier_code,
        "supplier_name": record.supplier_name,
        "ordered_at": record.ordered_at,
        "due_date": record.due_date,
        "late_from": late_from(record.due_date, zone),
        "currency": record.currency,
        "notes": record.notes,
        "tags": record.tags,
        "location": record.location,
        "ship_to": to_json({name: getattr(record.ship_to, name) for name in SHIP_TO_FIELDS}),
        "custom": to_json(record.custom),
        "source_state": record.state.value,
        "source_updated_at": record.updated_at,
        "lines_count": len(record.lines),
        "units_ordered": units(record.lines),
        "units_received": received_before(record.lines),
        "total_cost": total_cost(record.lines),
        "snapshot": arrival.frozen.json,
        "content_digest": arrival.frozen.content_digest,
    }


def order_row(origin: Origin, po_id: int, arrival: Arrival, document_id: int) -> tuple[Any, ...]:
    """One row of `purchase_order`, in the order of ORDER_COLUMNS."""
    record = arrival.record
    values = header_values(arrival, origin.warehouse_zone)
    values.update(
        id=po_id,
        connection_id=origin.connection_id,
        merchant_id=origin.merchant_id,
        store_id=origin.store_id,
        external_id=record.external_id,
        source_document_id=document_id,
    )
    return tuple(values[column] for column in ORDER_COLUMNS)


LINE_COLUMNS = (
    "purchase_order_id", "key", "position", "line_number", "source_line_id", "sku", "supplier_sku", "barcode", "name",
    "quantity", "received_before", "unit_of_measure", "pack_size", "unit_cost", "expected_date", "custom",
)  # fmt: skip


def line_rows(numbered: Iterable[tuple[int, Arrival]]) -> Iterator[tuple[Any, ...]]:
    """The rows of `line_item` for orders, in the order of LINE_COLUMNS."""
    for po_id, arrival in numbered:
        for position, line in enumerate(arrival.record.lines, 1):
            yield (
                po_id,
                line.key,
                position,
                line.line_number,
                line.source_line_id,
                line.sku,
                line.supplier_sku,
                line.barcode,
                line.name,
                line.quantity,
                line.received_before,
                line.unit_of_measure,
                line.pack_size,
                line.unit_cost,
                line.expected_date,
                to_json(line.custom) if line.custom else "{}",
            )


ACTIVITY_COLUMNS = ("kind", "connection_id", "external_id", "purchase_order_id", "data")


def _imported_rows(
    origin: Origin, mine: Sequence[tuple[int, Arrival]], document_ids: Sequence[int]
) -> Iterator[tuple[Any, ...]]:
    for (po_id, arrival), document_id in zip(mine, document_ids, strict=True):
        facts = {
            "run": origin.run_id,
            "lines": len(arrival.record.lines),
            "reference": arrival.document.reference,
            "document": document_id,
        }
        yield "imported", origin.connection_id, arrival.record.external_id, po_id, to_json(facts)


def units(lines: Iterable[LineRecord]) -> Decimal:
    """All units ordered."""
    return sum((line.quantity for line in lines), ZERO)


def received_before(lines: Iterable[LineRecord]) -> Decimal:
    """All units received before the import."""
    return sum((line.received_before for line in lines), ZERO)


def to_json(value: Any) -> str:
    """JSON text for a jsonb column; decimals and dates become text."""
    return _dump(value)


_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
