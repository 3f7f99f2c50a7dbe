"""The word of a warehouse that it canceled our document: not a receipt, but the end of one."""

from __future__ import annotations

from typing import Any, Final, Literal

from app.connectors.contract import ReceiptDocument
from app.domain.states import FailedStep, PoEvent, PoStatus
from app.models import DocumentState
from app.services import applying, outbox, transitions
from app.services.applying import LockedOrder
from app.services.receiving_order import find_orders, references_of
from app.services.timeline import Entry, tell
from app.services.unit_of_work import Unit

_BY_REFERENCE = """
SELECT d.id, k.purchase_order_id AS po_id FROM document d JOIN po_key k ON k.id = d.po_key_id
WHERE d.warehouse_id = :warehouse_id
  AND CASE WHEN :key <> '' THEN d.key = :key ELSE :ref <> '' AND d.warehouse_ref = :ref END
ORDER BY d.id DESC LIMIT 1
"""
_BY_ORDER = """
SELECT d.id, k.purchase_order_id AS po_id FROM document d JOIN po_key k ON k.id = d.po_key_id
WHERE d.warehouse_id = :warehouse_id AND k.purchase_order_id = :po_id ORDER BY d.id DESC LIMIT 1
"""
_LOCK = "SELECT id, state, warehouse_ref FROM document WHERE id = :id FOR UPDATE"
_CANCEL = """
WITH ended AS (
    UPDATE document SET state = 'canceled', settled_at = clock_timestamp() WHERE id = :id
)
UPDATE delivery SET state = 'superseded', settled_at = clock_timestamp()
WHERE document_id = :id AND state = 'due' AND kind IN ('create', 'update')
"""
# A cancellation that we asked for ourselves is confirmed by the send that asked; a planned document never left.
_AT_WAREHOUSE: Final = (DocumentState.UNKNOWN, DocumentState.ACCEPTED)


def cancel(unit: Unit, warehouse_id: int, document: ReceiptDocument, by: str) -> Literal["new", "known", "ignored"]:
    """Take a cancellation by the warehouse; returns "new", "known" (nothing changes), or "ignored" (nothing is meant).

    An order that waits for goods is Closed, one that waits for its send goes to Error with what to do.
    """
    target = _document(unit, warehouse_id, document)
    if target is None:
        return "ignored"
    order = applying.lock_order(unit, target.po_id) if target.po_id else None
    state = DocumentState(unit.rows(_LOCK, id=target.id)[0].state)
    if state not in _AT_WAREHOUSE:
        return "ignored" if state is DocumentState.PLANNED else "known"
    unit.run(_CANCEL, id=target.id)
    if order:
        _move(unit, warehouse_id, order, document, by)
    return "new"


def _document(unit: Unit, warehouse_id: int, document: ReceiptDocument) -> Any | None:
    if document.document_key or document.warehouse_ref:
        rows = unit.rows(
            _BY_REFERENCE, warehouse_id=warehouse_id, key=document.document_key, ref=document.warehouse_ref
        )
        return rows[0] if rows else None
    po_id = find_orders(unit, warehouse_id, references_of(document)).only
    rows = unit.rows(_BY_ORDER, warehouse_id=warehouse_id, po_id=po_id) if po_id else []
    return rows[0] if rows else None


def _move(unit: Unit, warehouse_id: int, order: LockedOrder, document: ReceiptDocument, by: str) -> None:
    name = unit.scalar("SELECT name FROM warehouse WHERE id = :id", id=warehouse_id)
    data = {"warehouse": name, "reference": document.warehouse_ref, "receipt": document.external_id}
    tell(unit, [Entry("warehouse_canceled", order.id, actor=by, data=data)])
    if order.status in (PoStatus.OPEN, PoStatus.PARTIALLY_RECEIVED):
        transitions.move(unit, order.id, PoEvent.CLOSED, actor=by, reason=f"{name} canceled it.")
        outbox.plant_status(unit, [order.id])
    elif order.status is PoStatus.NEW:
        reason = f"{name} canceled its document. Reprocess to send a new one, or archive the purchase order."
        transitions.move(unit, order.id, PoEvent.FAILED, actor=by, reason=reason, failed_step=FailedStep.WAREHOUSE)
