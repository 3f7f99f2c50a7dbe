"""A source's change that waits, and lines closed short: decisions of people on an order that was sent or edited."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from app.domain.errors import Refused
from app.domain.people import Reader
from app.domain.states import PoStatus
from app.models import DocumentState, PendingChange, PurchaseOrder
from app.services import outbox, recomputing, restoring
from app.services.order_facts import Facts
from app.services.order_moves import start_over, zone_of
from app.services.timeline import Entry, tell
from app.services.unit_of_work import Unit


def accept_change(unit: Unit, order: PurchaseOrder, known: Facts, reader: Reader) -> str:
    """Take the change: judged anew where no goods have come, line by line where they have.

    An accepted cancellation closes the order at what has arrived.
    """
    change = unit.session.scalars(select(PendingChange).where(PendingChange.purchase_order_id == order.id)).one()
    kind = change.kind
    tell(
        unit,
        [
            Entry(
                "action",
                order.id,
                actor=reader.name,
                data={"action": "accept_change", "label": "Accept change", "kind": kind},
            )
        ],
    )
    if kind == "cancel":
        unit.session.delete(change)
        unit.session.flush()
        return _accept_cancel(unit, order, known, reader)
    order.snapshot, order.content_digest = change.snapshot, change.content_digest
    order.source_document_id = change.source_document_id
    unit.session.delete(change)
    unit.session.flush()
    if known.receipts:
        return _accept_on_receipts(unit, order, known, reader)
    start_over(unit, order, known, reader)
    return "The change is taken; the rules judge it, and the warehouse gets the new version."


def _accept_cancel(unit: Unit, order: PurchaseOrder, known: Facts, reader: Reader) -> str:
    written_off = _write_off(unit, order.id, None, "canceled at the source")
    live = outbox.live_documents(unit, [order.id]).get(order.id)
    # Where everything came there is nothing left to cancel: a warehouse that refused would put the order in Error.
    if written_off and live is not None and live.state is DocumentState.ACCEPTED and known.can("cancel"):
        outbox.plant_cancel(unit, live.document_id)
    said = f"The source canceled it; {reader.name} closed it at what has arrived."
    recomputing.recompute(unit, [order.id], reader.name, accepted=True, reason=said)
    return "It is closed at what has arrived."


def _accept_on_receipts(unit: Unit, order: PurchaseOrder, known: Facts, reader: Reader) -> str:
    """Goods have come, so it can't start over: its lines change under the receipts, and the sums decide."""
    order.edits, order.edited = {}, False
    restoring.restore(unit, order, zone_of(unit, order))
    recomputing.recompute(unit, [order.id], reader.name, accepted=True)
    live = outbox.live_documents(unit, [order.id]).get(order.id)
    if live is not None and live.state is DocumentState.ACCEPTED and known.can("update"):
        outbox.plant_version(unit, live.document_id)
        return "The change is taken, and the warehouse gets the new version."
    return "The change is taken here. The warehouse takes no changes by message: tell it."


def refuse_change(unit: Unit, order: PurchaseOrder, _known: Facts, reader: Reader) -> str:
    """Keep ours, and remember the digest, so that the same change is not offered again."""
    change = unit.session.scalars(select(PendingChange).where(PendingChange.purchase_order_id == order.id)).one()
    unit.run(
        "UPDATE po_key SET refused_digest = :digest WHERE purchase_order_id = :id",
        digest=change.content_digest,
        id=order.id,
    )
    unit.session.delete(change)
    tell(
        unit,
        [
            Entry(
                "action",
                order.id,
                actor=reader.name,
                data={"action": "refuse_change", "label": "Refuse change", "kind": change.kind},
            )
        ],
    )
    return "The change is refused; ours stays."


def close_short(
    unit: Unit,
    order: PurchaseOrder,
    known: Facts,
    reader: Reader,
    *,
    reason: str = "",
    line_ids: Sequence[int] | None = None,
) -> str:
    """Close lines, or the whole order, at what has arrived. The source hears it at the next status update."""
    if not reason.strip():
        raise Refused("Closing short needs a reason.", "Say why nothing more is expected.")
    closed = _write_off(unit, order.id, line_ids, reason.strip())
    if not closed:
        raise Refused("Nothing is outstanding on these lines.", "Choose lines that still wait for goods.")
    data = {"action": "close_short", "label": "Close short", "reason": reason.strip(), "lines": closed}
    tell(unit, [Entry("action", order.id, actor=reader.name, data=data)])
    said = f"Closed short by {reader.name}: {reason.strip()}"
    recomputing.recompute(unit, [order.id], reader.name, reason=said)
    _tell_warehouse(unit, order, known)
    return f"{closed} {'line was' if closed == 1 else 'lines were'} closed short."


def reopen(
    unit: Unit, order: PurchaseOrder, known: Facts, reader: Reader, line_ids: Sequence[int] | None = None
) -> str:
    """Expect again what was closed short."""
    order.reopened_at = unit.now()
    unit.session.flush()
    opened = unit.run(
        "UPDATE line_item SET closed_short_quantity = 0, closed_short_reason = NULL"
        " WHERE purchase_order_id = :id AND closed_short_quantity > 0 AND (:all OR id = ANY(CAST(:lines AS bigint[])))",
        id=order.id,
        all=line_ids is None,
        lines=list(line_ids or ()),
    )
    tell(
        unit,
        [Entry("action", order.id, actor=reader.name, data={"action": "reopen", "label": "Reopen", "lines": opened})],
    )
    statuses = recomputing.recompute(unit, [order.id], reader.name, accepted=True)
    live = outbox.live_documents(unit, [order.id]).get(order.id)
    waits = statuses[order.id] in (PoStatus.OPEN, PoStatus.PARTIALLY_RECEIVED)
    if live is None and waits and order.warehouse_id is not None:
        # Its document was finished or canceled when the lines were closed short: the rest needs a new one.
        outbox.plant_send(unit, [order.id])
    elif live is not None:
        _tell_warehouse(unit, order, known)
    return f"{opened} {'line is' if opened == 1 else 'lines are'} expected again."


def _write_off(unit: Unit, po_id: int, line_ids: Sequence[int] | None, reason: str) -> int:
    return unit.run(
        "UPDATE line_item SET closed_short_reason = :reason,"
        " closed_short_quantity = quantity - received_before - received"
        " WHERE purchase_order_id = :id AND left_out_by IS NULL AND (:all OR id = ANY(CAST(:lines AS bigint[])))"
        " AND quantity - received_before - received - closed_short_quantity > 0",
        id=po_id,
        reason=reason,
        all=line_ids is None,
        lines=list(line_ids or ()),
    )


def _tell_warehouse(unit: Unit, order: PurchaseOrder, known: Facts) -> None:
    """Let the warehouse expect what is left. Where nothing came and nothing is left, its document is canceled."""
    live = outbox.live_documents(unit, [order.id]).get(order.id)
    if live is None or live.state is not DocumentState.ACCEPTED:
        return
    expected = unit.scalar(
        "SELECT count(*) FROM line_item WHERE purchase_order_id = :id AND left_out_by IS NULL"
        " AND quantity - received_before - closed_short_quantity > 0",
        id=order.id,
    )
    if expected and known.can("update"):
        outbox.plant_version(unit, live.document_id)
    elif not expected and known.can("cancel"):
        outbox.plant_cancel(unit, live.document_id)
