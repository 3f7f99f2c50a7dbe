"""Inbound notices on their way out: what the warehouse is told, read at the moment of departure.

From here on the order counts as sent, because nobody knows what a call in flight will do: the document is *unknown*
until an answer or a look-up settles it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.connectors.contract import InboundNotice, NoticeLine
from app.domain.states import PoStatus
from app.models import DeliveryKind, DocumentState
from app.services import bindings, delivering
from app.services.bindings import Binding
from app.services.delivering import Claim
from app.services.unit_of_work import Unit, unit_of_work


@dataclass(frozen=True, slots=True)
class Parcel:
    """A claimed notice, ready to be sent: what to say, and to whom."""

    claim: Claim
    notice: InboundNotice
    binding: Binding
    warehouse_id: int
    merchant_id: int


# Only an order that still waits for its warehouse, or has goods there, is announced or changed. A Closed one is told
# what it was closed at, if the warehouse has its document.
_SENDABLE = frozenset({PoStatus.NEW, PoStatus.OPEN, PoStatus.PARTIALLY_RECEIVED, PoStatus.RECEIVED})

_READ = """
SELECT d.id AS delivery_id, d.kind, d.version, d.purchase_order_id, d.warehouse_id, d.merchant_id,
       doc.id AS document_id, doc.key, doc.state AS document_state, doc.warehouse_ref, doc.account,
       doc.created_at AS document_created,
       EXISTS (SELECT 1 FROM document e WHERE e.po_key_id = doc.po_key_id AND e.id < doc.id) AS follows,
       po.id AS po_id, po.status, coalesce(po.number, d.number) AS number,
       po.facility, po.supplier_code, po.supplier_name, po.due_date, po.notes, po.custom, m.name AS merchant
FROM delivery d JOIN document doc ON doc.id = d.document_id JOIN merchant m ON m.id = d.merchant_id
LEFT JOIN purchase_order po ON po.id = d.purchase_order_id
WHERE d.id = ANY(CAST(:ids AS bigint[])) ORDER BY d.id
"""


def depart(claims: Sequence[Claim]) -> list[Parcel]:
    """Read what claimed notices say and mark their documents unknown. What must not be sent any more is withdrawn."""
    if not claims:
        return []
    with unit_of_work("depart") as unit:
        delivering.lock_orders(unit, [claimed.purchase_order_id for claimed in claims])
        ours = {claimed.delivery_id: claimed for claimed in delivering.still_ours(unit, claims)}
        rows = unit.rows(_READ, ids=sorted(ours))
        going = [row for row in rows if _may_go(row)]
        _withdraw(unit, [row.delivery_id for row in rows if not _may_go(row)])
        _mark_unknown(unit, going)
        lines = _lines(unit, [row for row in going if row.po_id is not None])
        boxes = {
            pair: bindings.warehouse_of(unit, *pair) for pair in {(row.warehouse_id, row.merchant_id) for row in going}
        }
        return [
            Parcel(
                ours[row.delivery_id],
                _notice(row, lines.get(row.po_id, ()), boxes[row.warehouse_id, row.merchant_id]),
                boxes[row.warehouse_id, row.merchant_id],
                row.warehouse_id,
                row.merchant_id,
            )
            for row in going
        ]


def _may_go(row: Any) -> bool:
    if row.kind == DeliveryKind.CANCEL:
        return DocumentState(row.document_state) is DocumentState.CANCELING
    if row.po_id is None or row.document_state not in (
        DocumentState.PLANNED, DocumentState.UNKNOWN, DocumentState.ACCEPTED,
    ):  # fmt: skip
        return False
    told_of_its_end = row.kind == DeliveryKind.UPDATE and row.status == PoStatus.CLOSED
    return PoStatus(row.status) in _SENDABLE or told_of_its_end


def _withdraw(unit: Unit, delivery_ids: Sequence[int]) -> None:
    if delivery_ids:
        unit.run(
            "UPDATE delivery SET state = 'withdrawn', settled_at = clock_timestamp(), lease_owner = NULL,"
            " lease_until = NULL WHERE id = ANY(CAST(:ids AS bigint[]))",
            ids=list(delivery_ids),
        )


def _mark_unknown(unit: Unit, rows: Sequence[Any]) -> None:
    first = [row for row in rows if row.document_state == DocumentState.PLANNED]
    if first:
        unit.run(
            "UPDATE purchase_order SET sent_at = coalesce(sent_at, clock_timestamp())"
            " WHERE id = ANY(CAST(:ids AS bigint[]))",
            ids=[row.po_id for row in first],
        )
        unit.run(
            "UPDATE document SET state = 'unknown' WHERE id = ANY(CAST(:ids AS bigint[])) AND state = 'planned'",
            ids=[row.document_id for row in first],
        )


# Goods that came under an earlier document of the order are not expected again under this one.
_LINES = """
SELECT l.purchase_order_id, l.key, l.line_number, l.source_line_id, l.sku, l.name, l.supplier_sku, l.barcode,
       l.unit_of_measure, l.pack_size, l.expected_date,
       l.quantity - l.received_before - l.closed_short_quantity - coalesce(e.earlier, 0) AS quantity
FROM line_item l
LEFT JOIN (
    SELECT a.line_item_id, sum(a.quantity) AS earlier
    FROM unnest(CAST(:followers AS bigint[]), CAST(:created AS timestamptz[])) AS f(po_id, created_at)
    JOIN receipt r ON r.purchase_order_id = f.po_id AND r.applied_at IS NOT NULL AND r.created_at < f.created_at
    JOIN allocation a ON a.receipt_id = r.id GROUP BY a.line_item_id
) e ON e.line_item_id = l.id
WHERE l.purchase_order_id = ANY(CAST(:ids AS bigint[])) AND l.left_out_by IS NULL
ORDER BY l.purchase_order_id, l.position
"""


def _lines(unit: Unit, rows: Sequence[Any]) -> Mapping[int, list[NoticeLine]]:
    followers = [row for row in rows if row.follows]
    found: dict[int, list[NoticeLine]] = {}
    for line in unit.rows(
        _LINES,
        ids=sorted({row.po_id for row in rows}),
        followers=[row.po_id for row in followers],
        created=[row.document_created for row in followers],
    ):
        if line.quantity > 0:
            found.setdefault(line.purchase_order_id, []).append(_notice_line(line))
    return found


def _notice_line(line: Any) -> NoticeLine:
    return NoticeLine(
        key=line.key,
        line_number=line.line_number,
        source_line_id=line.source_line_id,
        sku=line.sku,
        quantity=Decimal(line.quantity).normalize() + 0,
        name=line.name,
        supplier_sku=line.supplier_sku,
        barcode=line.barcode,
        unit_of_measure=line.unit_of_measure,
        pack_size=line.pack_size,
        expected_date=line.expected_date,
    )


def _notice(row: Any, lines: Sequence[NoticeLine], binding: Binding) -> InboundNotice:
    return InboundNotice(
        key=row.key,
        version=row.version,
        number=row.number,
        merchant=row.merchant,
        account=row.account or binding.account,
        facility=row.facility or binding.facility,
        supplier_code=row.supplier_code or "",
        supplier_name=row.supplier_name or "",
        due_date=row.due_date,
        notes=row.notes or "",
        lines=tuple(lines),
        warehouse_ref=row.warehouse_ref,
        custom=row.custom or {},
    )
