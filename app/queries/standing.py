"""The facts that say why an order stands where it stands: one statement, and one more on messages for staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from app.domain.people import SYSTEM, Reader
from app.domain.situation import Outgoing, Situation
from app.domain.states import ReceiptState
from app.models import (
    Delivery,
    DeliveryAttempt,
    DeliveryKind,
    DeliveryState,
    Judgement,
    LineItem,
    PendingChange,
    PurchaseOrder,
    Receipt,
    Schedule,
    ScheduleKind,
)
from app.queries.lines import OUTSTANDING
from app.queries.listing import AnySession
from app.security.reader import READER_OPTION
from app.security.scope import criteria

FAILED_SHOWN = 5
# What such a message said is overtaken by a newer one, or nobody wants it any more.
_OVERTAKEN = (DeliveryState.SUPERSEDED, DeliveryState.WITHDRAWN)


def situation(session: AnySession, order: PurchaseOrder, reader: Reader, now: datetime) -> Situation:
    """The situation of a loaded order (with connection, merchant, store and warehouse) as the reader may know it."""
    counts = session.execute(_counts(order.id)).one()
    notice, push, next_update = _messages(session, order.id, reader) if reader.is_staff else (None, None, None)
    return Situation(
        now=now,
        role=reader.role,
        status=order.status,
        since=order.status_since,
        step=order.step.value,
        reason=order.status_reason or "",
        failed_step=order.failed_step,
        warehouse=_name(order.warehouse),
        source=_name(order.store),
        off=_off(order),
        step_due_at=order.step_due_at,
        lease_until=order.lease_until,
        held_by=order.held_by or "",
        held_until=order.held_until,
        rejected=order.rejected,
        accepted_at=order.accepted_at,
        last_receipt_at=order.last_receipt_at,
        due_date=order.due_date,
        late_from=order.late_from,
        closes_at=_closes_at(order),
        units_ordered=order.units_ordered,
        units_received=order.units_received,
        waiting_lines=counts.waiting_lines,
        waiting_units=counts.waiting_units or Decimal(0),
        short_lines=counts.short_lines,
        failed_receipts=counts.failed_receipts,
        unsettled=counts.unsettled,
        cancel_state=order.cancel_state,
        pending=counts.pending or "",
        pending_since=counts.pending_since,
        completed_at_source=order.source_state == "completed",
        notice=notice,
        push=push,
        next_update=next_update,
    )


def _counts(order_id: int) -> Select[Any]:
    """Lines, receipts and the pending change, counted through the wall in one statement."""
    expected = LineItem.left_out_by.is_(None)
    lines = select(
        func.count().filter(expected, OUTSTANDING > 0).label("waiting_lines"),
        func.sum(OUTSTANDING).filter(expected, OUTSTANDING > 0).label("waiting_units"),
        func.count().filter(LineItem.closed_short_quantity > 0).label("short_lines"),
    )
    receipts = select(func.count(Receipt.id)).where(Receipt.purchase_order_id == order_id)
    failed = receipts.where(Receipt.state == ReceiptState.ERROR).scalar_subquery()
    applied = Receipt.state.in_([ReceiptState.READY, ReceiptState.NOTIFYING])
    pending = select(PendingChange.kind).where(PendingChange.purchase_order_id == order_id).scalar_subquery()
    since = select(PendingChange.received_at).where(PendingChange.purchase_order_id == order_id).scalar_subquery()
    return lines.add_columns(
        failed.label("failed_receipts"),
        receipts.where(applied).scalar_subquery().label("unsettled"),
        pending.label("pending"),
        since.label("pending_since"),
    ).where(LineItem.purchase_order_id == order_id)


def _messages(
    session: AnySession, order_id: int, reader: Reader
) -> tuple[Outgoing | None, Outgoing | None, datetime | None]:
    """The newest message to the warehouse and to the source, and when the source is told next."""
    to_source = Delivery.kind == DeliveryKind.STATUS
    tried = select(func.max(DeliveryAttempt.id)).where(DeliveryAttempt.delivery_id == Delivery.id)
    # The attempts stand in both selects, and would be taken for the same ones.
    newest = tried.correlate(Delivery).scalar_subquery()
    update = (Schedule.connection_id == Delivery.connection_id) & (Schedule.kind == ScheduleKind.STATUS_UPDATE)
    query = (
        select(Delivery, DeliveryAttempt.code, DeliveryAttempt.message, Schedule.next_due_at)
        .outerjoin(DeliveryAttempt, DeliveryAttempt.id == newest)
        .outerjoin(Schedule, update)
        .where(Delivery.purchase_order_id == order_id, Delivery.state.not_in(_OVERTAKEN))
        .ext(distinct_on(to_source))
        .order_by(to_source, Delivery.id.desc())
    )
    # Schedules are of the system, so the wall is told to stand aside, and the reader's own limit is put on by hand.
    mine = criteria(Delivery, reader)
    rows = session.execute(
        query if mine is None else query.where(mine), execution_options={READER_OPTION: SYSTEM}
    ).all()
    notice = push = next_update = None
    for delivery, code, answer, next_due_at in rows:
        message = _outgoing(delivery, code or "", answer or "")
        if delivery.kind is DeliveryKind.STATUS:
            push = message
        else:
            notice = message
        next_update = next_due_at
    return notice, push, next_update


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """The rule that a judgement ended at."""

    rule_id: int
    name: str


def stopping_rule(session: AnySession, judgement_id: int | None) -> StoppingRule | None:
    """The rule that stopped an order, read from the trace of its last judgement; None where no rule did."""
    if judgement_id is None:
        return None
    trace = session.scalar(select(Judgement.trace).where(Judgement.id == judgement_id)) or {}
    rules = trace.get("rules") or []
    found = next((rule for rule in rules if rule.get("error")), rules[-1] if rules else None)
    return None if found is None else StoppingRule(int(found["rule_id"]), str(found["name"]))


def failed_receipts(session: AnySession, order_id: int) -> list[Receipt]:
    """The newest receipts of an order that wait for a person."""
    query = select(Receipt).where(Receipt.purchase_order_id == order_id, Receipt.state == ReceiptState.ERROR)
    return list(session.scalars(query.order_by(Receipt.id.desc()).limit(FAILED_SHOWN)))


def _outgoing(row: Delivery, code: str, answer: str) -> Outgoing:
    return Outgoing(
        id=row.id,
        kind=row.kind.value,
        state=row.state.value,
        since=row.created_at,
        due_at=row.due_at,
        settled_at=row.settled_at,
        attempts=row.attempts,
        unknown=row.unknown,
        code=code,
        answer=row.message or answer,
    )


def _name(record: Any) -> str:
    # A related record is None where it is outside the reader's scope.
    return "" if record is None else str(record)


def _off(order: PurchaseOrder) -> str:
    connection: Any = order.connection
    if connection is None or (connection.enabled and connection.channel_on):
        return ""
    return f"Connection “{connection.name}”" if not connection.enabled else f"The channel of “{connection.name}”"


def _closes_at(order: PurchaseOrder) -> datetime | None:
    """When the open-PO timeout closes it: counted from the latest of what moved it."""
    merchant: Any = order.merchant
    moved = [order.accepted_at, order.last_receipt_at, order.reopened_at, order.late_from]
    known = [instant for instant in moved if instant is not None]
    return max(known) + timedelta(days=merchant.open_timeout_days) if known and merchant is not None else None
