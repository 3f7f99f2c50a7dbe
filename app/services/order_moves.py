"""Reprocess, Reset and Archive: the actions that move an order as a whole. Each runs inside a caller's unit of work."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from app.domain.people import Reader
from app.domain.states import HALTED, PoEvent, PoStatus
from app.models import Connection, DocumentState, Merchant, PurchaseOrder, Step, Warehouse
from app.services import outbox, recomputing, restoring, routing, transitions
from app.services.import_changes import request_cancel
from app.services.order_facts import Facts
from app.services.timeline import Entry, tell
from app.services.unit_of_work import Unit
from app.wakeups import Topic


def reprocess(unit: Unit, order: PurchaseOrder, known: Facts, reader: Reader) -> str:
    """Retry the most recent step that failed or stalled; returns what was done."""
    tell(unit, [Entry("action", order.id, actor=reader.name, data={"action": "reprocess", "label": "Reprocess"})])
    order.reopened_at = unit.now()
    unit.session.flush()
    if known.status is PoStatus.NEW:
        return _push_on(unit, order)
    if known.status in HALTED:
        return _RESUME[known.status](unit, order, known, reader)
    if known.failed_pushes:
        outbox.plant_status(unit, [order.id])
        return "The status goes to the source at the next status update."
    return "Its receipts are tried again."


def _push_on(unit: Unit, order: PurchaseOrder) -> str:
    """A New order: judge now, send a held one now, or bring a waiting attempt forward."""
    if order.step is Step.JUDGE:
        order.step_due_at = unit.now()
        unit.session.flush()
        unit.ring(Topic.PROCESSING)
        return "The rules run now."
    if order.step is Step.HOLD:
        return _send(unit, order, "The hold is lifted and it is sent now.")
    hurried = unit.run(
        "UPDATE delivery SET due_at = clock_timestamp() WHERE purchase_order_id = :id AND state = 'due'"
        " AND kind <> 'status'",
        id=order.id,
    )
    unit.ring(Topic.DELIVERIES)
    return "The next attempt is made now." if hurried else _send(unit, order, "It is sent now.")


def _send(unit: Unit, order: PurchaseOrder, done: str) -> str:
    order.step, order.step_due_at, order.held_until, order.held_by = Step.SEND, None, None, ""
    order.lease_owner, order.lease_until = None, None
    order.lease_no += 1
    unit.session.flush()
    outbox.plant_send(unit, [order.id])
    return done


def _resume_error(unit: Unit, order: PurchaseOrder, known: Facts, reader: Reader) -> str:
    """What failed: the rules (no warehouse chosen), the send, an update, or a cancellation."""
    live = outbox.live_documents(unit, [order.id]).get(order.id)
    if live is None or live.state in (DocumentState.PLANNED, DocumentState.UNKNOWN):
        if live is None and known.sent and known.receipts:
            return _resume_by_sums(unit, order, reader)
        return _resume_new(unit, order, reader)
    refused = order.cancel_state == "refused"
    behind = unit.scalar("SELECT confirmed_version < version FROM document WHERE id = :id", id=live.document_id)
    done = _resume_by_sums(unit, order, reader)
    if refused:
        request_cancel(unit, order.id, live.document_id)
        return "The warehouse is asked again to cancel it."
    if behind:
        outbox.plant_version(unit, live.document_id)
        return "The change is sent to the warehouse again."
    return done


def _resume_new(unit: Unit, order: PurchaseOrder, reader: Reader) -> str:
    """No warehouse has it: judge it if the rules did not finish, else send it."""
    if order.warehouse_id is None:
        transitions.move(unit, order.id, PoEvent.RESUMED_NEW, actor=reader.name)
        unit.ring(Topic.PROCESSING)
        return "The rules run again."
    transitions.move(unit, order.id, PoEvent.RESUMED_NEW, actor=reader.name, step=Step.SEND)
    outbox.plant_send(unit, [order.id])
    return "It is sent again."


def _resume_by_sums(unit: Unit, order: PurchaseOrder, reader: Reader) -> str:
    recomputing.resume(unit, [order.id], reader.name)
    return "It stands again where its receipts say."


def _resume_put_away(unit: Unit, order: PurchaseOrder, known: Facts, reader: Reader) -> str:
    """Archived or Canceled: it goes on where it stood. One that a rule rejected goes on to the send."""
    order.cancel_state = ""
    unit.session.flush()
    if known.document is DocumentState.ACCEPTED or known.receipts:
        return _resume_by_sums(unit, order, reader)
    if order.rejected:
        _route_without_rules(unit, order)
    return _resume_new(unit, order, reader)


def _route_without_rules(unit: Unit, order: PurchaseOrder) -> None:
    connection = unit.session.get_one(Connection, order.connection_id)
    merchant = unit.session.get_one(Merchant, order.merchant_id)
    book = routing.directory(unit)
    row = unit.rows(
        "SELECT po.location, c.location_map, c.warehouse_id AS default_warehouse_id FROM purchase_order po"
        " JOIN connection c ON c.id = po.connection_id WHERE po.id = :id",
        id=order.id,
    )[0]
    chosen = book.checked(routing.without_rules(book, row), connection.merchant_id, merchant.name)
    order.warehouse_id, order.facility, order.rejected = chosen.warehouse.warehouse_id, chosen.facility, False
    unit.session.flush()


def _resume_closed(unit: Unit, order: PurchaseOrder, known: Facts, reader: Reader) -> str:
    """Open again for another full timeout. If the warehouse ended its document, a new one goes out for the rest."""
    unit.run(
        "UPDATE line_item SET closed_short_quantity = 0, closed_short_reason = NULL"
        " WHERE purchase_order_id = :id AND closed_short_reason = :reason",
        id=order.id,
        reason=recomputing.FINISHED,
    )
    recomputing.resume(unit, [order.id], reader.name)
    if known.document is None:
        outbox.plant_send(unit, [order.id])
        return "It is open again, and a new document for what is outstanding goes to the warehouse."
    return "It is open again for another full timeout."


_RESUME: dict[PoStatus, Callable[[Unit, PurchaseOrder, Facts, Reader], str]] = {
    PoStatus.ERROR: _resume_error,
    PoStatus.ARCHIVED: _resume_put_away,
    PoStatus.CANCELED: _resume_put_away,
    PoStatus.CLOSED: _resume_closed,
}


def reset(unit: Unit, order: PurchaseOrder, known: Facts, reader: Reader) -> str:
    """Rebuild the order from its imported snapshot; edits and effects of rules are dropped, and it starts from New.

    A document that a warehouse has stays in the ledger: the next send is an update of it, or its cancellation if the
    rules choose another warehouse.
    """
    lost = {"edited": order.edited, "edits": order.edits}
    tell(unit, [Entry("action", order.id, actor=reader.name, data={"action": "reset", "label": "Reset", "lost": lost})])
    start_over(unit, order, known, reader)
    return "It starts again from its imported snapshot."


def start_over(unit: Unit, order: PurchaseOrder, known: Facts, reader: Reader) -> None:
    """Drop edits, restore the rows, and let the rules judge again, as New."""
    outbox.forget_planned(unit, [order.id])
    order.edits, order.edited, order.cancel_state = {}, False, ""
    restoring.restore(unit, order, zone_of(unit, order))
    unit.run(
        "UPDATE line_item SET closed_short_quantity = 0, closed_short_reason = NULL WHERE purchase_order_id = :id",
        id=order.id,
    )
    restoring.judge_again(order, unit.now())
    unit.session.flush()
    if known.status is not PoStatus.NEW:
        transitions.move(unit, order.id, PoEvent.RESET, actor=reader.name)
    unit.ring(Topic.PROCESSING)


def zone_of(unit: Unit, order: PurchaseOrder) -> ZoneInfo:
    """The zone in which the order's due date ends: its warehouse's, or the one that its connection sends to."""
    warehouse_id = order.warehouse_id or unit.session.get_one(Connection, order.connection_id).warehouse_id
    return ZoneInfo(unit.session.get_one(Warehouse, warehouse_id).time_zone)


def archive(unit: Unit, order: PurchaseOrder, _known: Facts, reader: Reader, reason: str = "") -> str:
    """Put it away. What has not started is withdrawn; a warehouse that has it is not told."""
    outbox.forget_planned(unit, [order.id])
    because = reason.strip() or f"Archived by {reader.name}."
    transitions.move(unit, order.id, PoEvent.ARCHIVED, actor=reader.name, reason=because)
    return "It is archived."
