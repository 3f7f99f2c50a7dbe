"""Applying receipts to their purchase order, and taking them off again.

Every caller locks the order first (`lock_order`), then receipts. The number of statements does not depend on the number
of lines. A receipt that must not be applied is held: stored in Error with the reason, and nothing of it counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.discrepancies import ACCEPTABLE, Discrepancy, Held
from app.domain.laying import Goods, OrderLine
from app.domain.matching import Matched, Policy, match
from app.domain.states import PoStatus, ReceiptEvent, ReceiptState
from app.models import SharedSku
from app.services import transitions
from app.services.applying_rows import add_allocations, finish_document, prove_acceptance, unfinish_document
from app.services.receipt_words import applied_entry, held_entry
from app.services.recomputing import FINISHED, recompute, resume
from app.services.timeline import tell
from app.services.unit_of_work import Unit

__all__ = [
    "FINISHED",
    "LockedOrder",
    "apply",
    "hold",
    "lock_order",
    "receipts",
    "recompute",
    "resume",
    "start",
    "take_off",
]

_ENDED = (PoStatus.CLOSED, PoStatus.CANCELED, PoStatus.ARCHIVED)


@dataclass(frozen=True, slots=True)
class LockedOrder:
    """What the guards need to know of an order whose row is locked."""

    id: int
    number: str
    status: PoStatus
    sent: bool
    merchant_id: int
    warehouse_id: int | None
    ask_shared_sku: bool


_LOCK_ORDER = """
SELECT po.id, po.number, po.status, po.sent_at IS NOT NULL AS sent, po.merchant_id, po.warehouse_id, s.shared_sku
FROM purchase_order po JOIN store s ON s.id = po.store_id WHERE po.id = :id FOR UPDATE OF po
"""


def lock_order(unit: Unit, po_id: int) -> LockedOrder | None:
    """Lock one order, always before receipts; None if it is gone. A caller of several goes by ascending id."""
    rows = unit.rows(_LOCK_ORDER, id=po_id)
    return (
        LockedOrder(
            rows[0].id,
            rows[0].number,
            PoStatus(rows[0].status),
            rows[0].sent,
            rows[0].merchant_id,
            rows[0].warehouse_id,
            rows[0].shared_sku == SharedSku.ASK,
        )
        if rows
        else None
    )


_RECEIPTS = """
SELECT r.id, r.external_id, r.correction, r.state, r.final, r.units, r.applied_at, r.accepted_by, r.purchase_order_id,
       r.discrepancy, r."references" ->> 'warehouse_ref' AS warehouse_ref, r.warehouse_id, w.name AS warehouse,
       w.over_receipt_percent, w.partial_receipts,
       (SELECT min(o.po_reference) FROM receipt o
        WHERE o.warehouse_id = r.warehouse_id AND o.external_id = r.external_id AND o.applied_at IS NOT NULL
          AND o.purchase_order_id = r.purchase_order_id AND o.po_reference <> r.po_reference) AS twin,
       ARRAY(SELECT DISTINCT l.lot FROM receipt_line l WHERE l.receipt_id = r.id AND l.lot <> '' ORDER BY 1) AS lots
FROM receipt r JOIN warehouse w ON w.id = r.warehouse_id
WHERE r.id = ANY(CAST(:ids AS bigint[])) ORDER BY r.id FOR UPDATE OF r
"""
_GOODS = """
SELECT id, sku, received, damaged, line_key, source_line_id, line_number, unit_of_measure, pack_size
FROM receipt_line WHERE receipt_id = ANY(CAST(:ids AS bigint[])) ORDER BY receipt_id, position
"""
_LINES = """
SELECT li.id, li.key, li.line_number, li.sku, li.quantity, li.source_line_id, li.supplier_sku, li.barcode,
       li.received_before, coalesce(a.received, 0) AS received, coalesce(a.damaged, 0) AS damaged,
       li.closed_short_quantity, li.left_out_by IS NOT NULL AS left_out, li.unit_of_measure, li.pack_size
FROM line_item li
LEFT JOIN (SELECT a.line_item_id AS id, sum(a.quantity) AS received, sum(a.damaged) AS damaged
           FROM receipt r JOIN allocation a ON a.receipt_id = r.id
           WHERE r.purchase_order_id = :id AND r.applied_at IS NOT NULL GROUP BY 1) a ON a.id = li.id
WHERE li.purchase_order_id = :id ORDER BY li.position, li.id
"""


def apply(
    unit: Unit,
    order: LockedOrder,
    receipt_ids: Iterable[int],
    *,
    by: str,
    waived: frozenset[Discrepancy] = frozenset(),
    accepted: bool = False,
    settle: bool = True,
) -> Held | None:
    """Apply receipts (New, or in Error and not applied) to a locked order, all together or not at all.

    A receipt and its corrections are given together, so that their sum is judged. If a guard says no, all of them are
    held and the answer is returned. `waived`: guards that need not be asked. `accepted`: a person wants an ended order
    to move. `settle=False` leaves the sums to the caller, who calls `recompute`.
    """
    chosen = receipts(unit, receipt_ids)
    start(unit, chosen, by)
    if any(receipt.accepted_by for receipt in chosen):
        waived |= ACCEPTABLE
    final = any(receipt.final for receipt in chosen)
    answer = _guarded(order, chosen[0], waived) or _matched(unit, order, chosen, waived, final=final)
    if isinstance(answer, Held):
        hold(unit, chosen, answer, by=by, order=order)
        return answer
    _store(unit, order, chosen, answer, by, final=final)
    tell(unit, [applied_entry(receipt, order.id, by, answer) for receipt in chosen])
    if settle:
        recompute(unit, [order.id], by, accepted=accepted)
    return None


def receipts(unit: Unit, receipt_ids: Iterable[int]) -> list[Any]:
    """Lock receipts and read what applying, holding and taking off need. Their order is locked before."""
    return unit.rows(_RECEIPTS, ids=sorted(receipt_ids))


def start(unit: Unit, receipts: Sequence[Any], by: str) -> None:
    """Let receipts that are New or in Error be Processing."""
    new = [receipt.id for receipt in receipts if receipt.state == ReceiptState.NEW]
    failed = [receipt.id for receipt in receipts if receipt.state == ReceiptState.ERROR]
    transitions.move_receipts(unit, new, ReceiptEvent.STARTED, actor=by)
    transitions.move_receipts(unit, failed, ReceiptEvent.RETRIED_APPLY, actor=by)


def _guarded(order: LockedOrder, receipt: Any, waived: frozenset[Discrepancy]) -> Held | None:
    """The guards that ask only where the order stands, and whether the receipt counts already."""
    if receipt.twin is not None:
        return Held(
            Discrepancy.DUPLICATE,
            f"Receipt {receipt.external_id} counts already for this purchase order, under the reference"
            f" {receipt.twin or 'none'}.",
            "Archive this one; or archive the other one, if this is right, and reprocess it.",
        )
    if not order.sent and Discrepancy.NEVER_SENT not in waived:
        return Held(
            Discrepancy.NEVER_SENT,
            f"Purchase order {order.number} was never sent to a warehouse.",
            "Accept the receipt if the goods are there, or send the order and reprocess the receipt.",
        )
    if order.warehouse_id != receipt.warehouse_id and Discrepancy.OTHER_WAREHOUSE not in waived:
        return Held(
            Discrepancy.OTHER_WAREHOUSE,
            f"Purchase order {order.number} is not expected at this warehouse.",
            "Accept the receipt if the goods came here, or archive it.",
        )
    if order.status in _ENDED and Discrepancy.AFTER_CLOSE not in waived:
        return Held(
            Discrepancy.AFTER_CLOSE,
            f"Purchase order {order.number} is {order.status.label}.",
            "Accept the receipt to count it and move the order by its sums, or archive the receipt.",
        )
    return None


def _matched(
    unit: Unit, order: LockedOrder, receipts: Sequence[Any], waived: frozenset[Discrepancy], *, final: bool
) -> Matched | Held:
    ids = [receipt.id for receipt in receipts]
    goods = [Goods(*row) for row in unit.rows(_GOODS, ids=ids)]
    lines = [_order_line(row) for row in unit.rows(_LINES, id=order.id)]
    policy = Policy(
        ask_shared_sku=order.ask_shared_sku,
        over_percent=receipts[0].over_receipt_percent,
        partial=receipts[0].partial_receipts,
        waived=waived,
    )
    return match(goods, lines, policy, final=final)


def _order_line(row: Any) -> OrderLine:
    return OrderLine(
        id=row.id,
        key=row.key,
        line_number=row.line_number,
        sku=row.sku,
        ordered=row.quantity,
        source_line_id=row.source_line_id,
        other_names=frozenset((row.supplier_sku, row.barcode)) - {""},
        received_before=row.received_before,
        received=row.received,
        damaged=row.damaged,
        closed_short=row.closed_short_quantity,
        left_out=row.left_out,
        unit=row.unit_of_measure,
        pack=row.pack_size,
    )


def _store(unit: Unit, order: LockedOrder, receipts: Sequence[Any], answer: Matched, by: str, *, final: bool) -> None:
    add_allocations(unit, answer.allocations)
    ids = [receipt.id for receipt in receipts]
    if any(receipt.discrepancy for receipt in receipts):
        _mark(unit, ids, "")
    transitions.move_receipts(unit, ids, ReceiptEvent.APPLIED, actor=by)
    waits = order.status in (PoStatus.NEW, PoStatus.ERROR) or not order.sent
    if waits and (final or any(allocation.quantity for allocation in answer.allocations)):
        prove_acceptance(unit, order.id, receipts[0].warehouse_id, receipts[0].warehouse_ref or "")
    if final:
        finish_document(unit, order.id)


def hold(unit: Unit, receipts: Sequence[Any], held: Held, *, by: str, order: LockedOrder | None = None) -> None:
    """Put receipts that are Processing into Error with the reason and what to do; nothing of them counts."""
    ids = [receipt.id for receipt in receipts]
    _mark(unit, ids, held.kind.value)
    transitions.move_receipts(unit, ids, ReceiptEvent.FAILED, actor=by, reason=held.text())
    tell(unit, [held_entry(receipt, order.id if order else None, by, held) for receipt in receipts])


def _mark(unit: Unit, receipt_ids: Sequence[int], kind: str) -> None:
    unit.run(
        "UPDATE receipt SET discrepancy = :kind WHERE id = ANY(CAST(:ids AS bigint[]))", kind=kind, ids=receipt_ids
    )


def take_off(
    unit: Unit, order: LockedOrder | None, receipts: Sequence[Any], event: ReceiptEvent, *, by: str, reason: str = ""
) -> bool:
    """Take the quantities of receipts off by Archive or Reset. True if any counted: the caller then recomputes."""
    ids = [receipt.id for receipt in receipts]
    unit.run("DELETE FROM allocation WHERE receipt_id = ANY(CAST(:ids AS bigint[]))", ids=ids)
    _mark(unit, ids, "")
    transitions.move_receipts(unit, ids, event, actor=by, reason=reason)
    counted = [receipt for receipt in receipts if receipt.applied_at is not None]
    if order and any(receipt.final for receipt in counted):
        unfinish_document(unit, order.id)
    return bool(counted)
