"""The stored rows of receipts: what is known under one id, and the one statement that adds a receipt with its lines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.connectors.contract import ReceiptDocument, ReceivedLine
from app.domain.record import ZERO, plain_number
from app.domain.states import ReceiptState
from app.models import ReceiptOrigin
from app.services.receiving_content import Amount, Content, LineContent, Total, added, line_reference
from app.services.receiving_order import Found, References
from app.services.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class Stored:
    """One stored receipt of a family: the first report of an id has correction 0, the later ones count up."""

    id: int
    reference: str
    correction: int
    state: ReceiptState
    digest: str
    received_at: datetime
    final: bool
    applied: bool
    purchase_order_id: int | None

    @property
    def pending(self) -> bool:
        """Whether its quantities may still be applied."""
        return not self.applied and self.state in (ReceiptState.NEW, ReceiptState.ERROR)


# The same receipt may come in by two ways with two references; once its order is known it is one receipt all the same.
_FAMILY = """
SELECT id, po_reference, correction, state, content_digest, received_at, final, applied_at IS NOT NULL AS applied,
       purchase_order_id
FROM receipt
WHERE warehouse_id = :warehouse_id AND external_id = :external_id
  AND (po_reference = :reference OR purchase_order_id = :po_id)
ORDER BY id FOR UPDATE
"""


def family(unit: Unit, warehouse_id: int, external_id: str, reference: str, po_id: int | None) -> list[Stored]:
    """What is stored under a warehouse's receipt id for one order, oldest first, locked. The order is locked before."""
    rows = unit.rows(_FAMILY, warehouse_id=warehouse_id, external_id=external_id, reference=reference, po_id=po_id)
    stored = [
        Stored(
            row.id,
            row.po_reference,
            row.correction,
            ReceiptState(row.state),
            row.content_digest,
            row.received_at,
            row.final,
            row.applied,
            row.purchase_order_id,
        )
        for row in rows
    ]
    return [one for one in stored if one.reference == stored[0].reference]


_CONTENT = """
SELECT line_key, source_line_id, line_number, sku, lot, expiry, condition, unit_of_measure, pack_size,
       sum(received) AS received, sum(damaged) AS damaged
FROM receipt_line WHERE receipt_id = ANY(CAST(:ids AS bigint[])) GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
"""


def stored_content(unit: Unit, receipt_ids: Sequence[int]) -> Content:
    """What a receipt and its corrections say together."""
    return added(
        (LineContent(*row[:9]), Amount(row.received, row.damaged)) for row in unit.rows(_CONTENT, ids=list(receipt_ids))
    )


_INSERT = """
WITH made AS (
    INSERT INTO receipt (warehouse_id, merchant_id, purchase_order_id, external_id, po_reference, correction,
                         state_reason, final, cumulative, origin, received_at, created_by, units, "references",
                         content_digest, text)
    VALUES (:warehouse_id, :merchant_id, :purchase_order_id, :external_id, :po_reference, :correction, :state_reason,
            :final, :cumulative, :origin, :received_at, :created_by, CAST(:units AS numeric),
            CAST(:references AS jsonb), :content_digest, :text)
    ON CONFLICT (warehouse_id, external_id, po_reference, correction) DO NOTHING
    RETURNING id
), told AS (
    INSERT INTO receipt_line (receipt_id, position, line_key, line_number, source_line_id, sku, received, damaged, lot,
                              expiry, condition, unit_of_measure, pack_size)
    SELECT made.id, l.position, l.line_key, l.line_number, l.source_line_id, l.sku, l.received, l.damaged, l.lot,
           l.expiry, l.condition, l.unit, l.pack
    FROM made, jsonb_to_recordset(CAST(:lines AS jsonb)) AS l(
        position int, line_key text, line_number int, source_line_id text, sku text, received numeric, damaged numeric,
        lot text, expiry date, condition text, unit text, pack numeric)
)
SELECT id FROM made
"""


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """A receipt about to be stored. `lines` are deltas: for a correction the signed difference."""

    warehouse_id: int
    document: ReceiptDocument
    references: References
    reference: str
    correction: int
    lines: Sequence[ReceivedLine]
    digest: str
    origin: ReceiptOrigin
    by: str
    reason: str = ""


def insert(unit: Unit, new: NewReceipt, found: Found, order: tuple[int, int] | None) -> int | None:
    """Store a receipt with its lines in one statement, whatever their number. `order`: (its id, its merchant's id).

    None if somebody else stored the same one meanwhile: read what is there again.
    """
    po_id, merchant_id = order or (None, found.merchant_id)
    receipt_id: int | None = unit.scalar(
        _INSERT,
        warehouse_id=new.warehouse_id,
        merchant_id=merchant_id,
        purchase_order_id=po_id,
        external_id=new.document.external_id,
        po_reference=new.reference,
        correction=new.correction,
        state_reason=new.reason,
        final=new.document.final,
        cumulative=new.document.cumulative,
        origin=new.origin.value,
        received_at=new.document.received_at,
        created_by=new.by,
        units=plain_number(sum((line.received for line in new.lines), ZERO)),
        references=json.dumps(new.references.stored(), ensure_ascii=False),
        content_digest=new.digest,
        text=new.document.text,
        lines=json.dumps([_row(n, line) for n, line in enumerate(new.lines, start=1)], ensure_ascii=False),
    )
    return receipt_id


def _row(position: int, line: ReceivedLine) -> dict[str, Any]:
    return {
        "position": position,
        "line_key": line.line_key,
        "line_number": line.line_number,
        "source_line_id": line.source_line_id,
        "sku": line.sku,
        "received": plain_number(line.received),
        "damaged": plain_number(line.damaged),
        "lot": line.lot,
        "expiry": line.expiry.isoformat() if line.expiry else None,
        "condition": line.condition,
        "unit": line.unit_of_measure,
        "pack": None if line.pack_size is None else plain_number(line.pack_size),
    }


# ------------------------------------------------------------- running totals

_TOTALS = """
SELECT line_reference, total, damaged, reported_at FROM reported_total
WHERE warehouse_id = :warehouse_id AND purchase_order_id = :po_id
"""
# Reports that still wait for their order have no place in the ledger of totals; their lines are deltas already.
_WAITING = """
SELECT l.line_key, l.source_line_id, l.line_number, l.sku, l.received, l.damaged, r.received_at
FROM receipt r JOIN receipt_line l ON l.receipt_id = r.id
WHERE r.warehouse_id = :warehouse_id AND r.po_reference = :reference AND r.cumulative AND r.purchase_order_id IS NULL
  AND r.applied_at IS NULL AND r.state IN ('new', 'error')
"""


def last_totals(unit: Unit, warehouse_id: int, reference: str, po_id: int | None) -> dict[str, Total]:
    """The last total per line of a sender of running totals: what the ledger says and what still waits, together."""
    totals = {
        row.line_reference: Total(row.total, row.damaged, row.reported_at)
        for row in unit.rows(_TOTALS, warehouse_id=warehouse_id, po_id=po_id)
    }
    for row in unit.rows(_WAITING, warehouse_id=warehouse_id, reference=reference):
        key = line_reference(row.line_key, row.source_line_id, row.line_number, row.sku)
        known = totals.get(key, Total(ZERO, ZERO, row.received_at))
        totals[key] = Total(known.received + row.received, known.damaged + row.damaged, max(known.at, row.received_at))
    return totals


_ADD_TOTALS = """
INSERT INTO reported_total AS t (warehouse_id, purchase_order_id, line_reference, total, damaged, reported_at)
SELECT :warehouse_id, :po_id, c.reference, c.received, c.damaged, :at
FROM jsonb_to_recordset(CAST(:changes AS jsonb)) AS c(reference text, received numeric, damaged numeric)
ON CONFLICT (warehouse_id, purchase_order_id, line_reference) DO UPDATE
SET total = t.total + excluded.total, damaged = t.damaged + excluded.damaged,
    reported_at = greatest(t.reported_at, excluded.reported_at)
"""


def add_totals(unit: Unit, warehouse_id: int, po_id: int, changes: Mapping[str, Amount], at: datetime) -> None:
    """Add deltas to the ledger of totals: it holds the sum of all deltas that were reported for an order."""
    rows = [
        {"reference": key, "received": plain_number(change.received), "damaged": plain_number(change.damaged)}
        for key, change in changes.items()
    ]
    unit.run(_ADD_TOTALS, warehouse_id=warehouse_id, po_id=po_id, at=at, changes=json.dumps(rows, ensure_ascii=False))
