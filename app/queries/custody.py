"""The line of custody of one order: what is told of it and each try to send it, merged into one paged line.

Both are read newest first by (at, source, id). Rows of one microsecond keep a fixed order by that, so that a page
begins exactly where the one before it ended: no row is lost and none is shown twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Text, cast, exists, literal, or_, select, true, tuple_
from sqlalchemy.orm import aliased, defer, joinedload

from app.domain import activity
from app.domain.people import Reader, Role
from app.models import (
    Activity,
    Delivery,
    DeliveryAttempt,
    DeliveryKind,
    Judgement,
    PendingChange,
    PurchaseOrder,
    Receipt,
    Rule,
    Warehouse,
)
from app.queries.listing import AnySession

ENTRIES_PER_PAGE: Final = 50
MESSAGES_PER_PAGE: Final = 25
ATTEMPTS_AT_MOST: Final = 500
TRIES_AT_MOST: Final = 20
"""How many tries the detail of one entry shows."""
_LARGEST_ID: Final = 2**63 - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TO_WAREHOUSES: Final = (DeliveryKind.CREATE, DeliveryKind.UPDATE, DeliveryKind.CANCEL)
_SENT: Final[Mapping[str, tuple[DeliveryKind, ...]]] = {
    "": (*_TO_WAREHOUSES, DeliveryKind.STATUS),
    "warehouse": _TO_WAREHOUSES,
    "told": (DeliveryKind.STATUS,),
}


class Origin(StrEnum):
    """Which table an entry of the line comes from."""

    ATTEMPT = "attempt"
    ACTIVITY = "activity"


# A try comes before what is told of it, so of one microsecond the try is the older one.
_RANKS: Final = {Origin.ATTEMPT: 0, Origin.ACTIVITY: 1}


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in the line: `at` is an aware instant, `rank` orders the two tables within one microsecond."""

    at: datetime
    rank: int
    id: int

    def __str__(self) -> str:
        microseconds = (self.at - _EPOCH) // timedelta(microseconds=1)
        return f"{microseconds}.{self.rank}.{self.id}"


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the line: a row of the timeline, or a try with the message that it tried to send."""

    place: Place
    row: Activity | DeliveryAttempt
    message: Delivery | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One page of the line, newest first. `older` is where the next page begins, or None at the end."""

    steps: tuple[Step, ...]
    older: Place | None


def place_of(text: str) -> Place | None:
    """The place that an address names; None for what is no place."""
    parts = text.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 20 for part in parts):
        return None
    microseconds, rank, number = (int(part) for part in parts)
    if rank not in _RANKS.values() or number > _LARGEST_ID:
        return None
    try:
        return Place(_EPOCH + timedelta(microseconds=microseconds), rank, number)
    except OverflowError:
        return None


def line_of(
    session: AnySession,
    po_id: int,
    reader: Reader,
    *,
    group: str = "",
    before: Place | None = None,
    size: int = ENTRIES_PER_PAGE,
) -> Part:
    """A page of an order's line, at most `size` entries older than `before`; of one group of kinds if one is given.

    Costs one statement, and one more for staff, who alone see tries.
    """
    kinds = activity.kinds_of(group, for_partner=reader.role is Role.PARTNER) if group else None
    steps = _told(session, po_id, kinds, before, size + 1)
    if reader.is_staff and group in _SENT:
        steps += _tried(session, po_id, _SENT[group], before, size + 1)
    steps.sort(key=lambda step: step.place, reverse=True)
    page = tuple(steps[:size])
    return Part(page, page[-1].place if len(steps) > size else None)


def _told(session: AnySession, po_id: int, kinds: Sequence[str] | None, before: Place | None, most: int) -> list[Step]:
    query = select(Activity).where(Activity.purchase_order_id == po_id, _older(Activity, Origin.ACTIVITY, before))
    query = query if kinds is None else query.where(Activity.kind.in_(kinds))
    rows = session.scalars(query.order_by(Activity.at.desc(), Activity.id.desc()).limit(most))
    return [Step(Place(row.at, _RANKS[Origin.ACTIVITY], row.id), row) for row in rows]


def _tried(
    session: AnySession, po_id: int, kinds: Sequence[DeliveryKind], before: Place | None, most: int
) -> list[Step]:
    query = (
        select(DeliveryAttempt, Delivery)
        .join(Delivery, Delivery.id == DeliveryAttempt.delivery_id)
        .where(Delivery.purchase_order_id == po_id, Delivery.kind.in_(kinds), ~_is_told(po_id))
        .where(_older(DeliveryAttempt, Origin.ATTEMPT, before))
        .options(defer(DeliveryAttempt.request), defer(DeliveryAttempt.reply))
        .order_by(DeliveryAttempt.at.desc(), DeliveryAttempt.id.desc())
        .limit(most)
    )
    rank = _RANKS[Origin.ATTEMPT]
    return [Step(Place(row.at, rank, row.id), row, message) for row, message in session.execute(query)]


def _is_told(po_id: int) -> ColumnElement[bool]:
    """Whether the timeline tells of a try already: then the try is in that entry's detail, not beside it."""
    told = aliased(Activity)
    number = told.data["attempt"].as_string()
    return exists().where(
        told.purchase_order_id == po_id,
        told.data["delivery"].as_string() == cast(DeliveryAttempt.delivery_id, Text),
        or_(number.is_(None), number == cast(DeliveryAttempt.number, Text)),
    )


def _older(model: Any, origin: Origin, before: Place | None) -> ColumnElement[bool]:
    if before is None:
        return true()
    rank = _RANKS[origin]
    condition: ColumnElement[bool] = model.at < before.at
    if rank < before.rank:
        condition = model.at <= before.at
    elif rank == before.rank:
        condition = tuple_(model.at, model.id) < tuple_(literal(before.at), literal(before.id))
    return condition


def entry_of(session: AnySession, po_id: int, entry_id: int) -> Activity | None:
    """One entry of an order's timeline; None where it is another order's or outside the reader's scope."""
    query = select(Activity).where(Activity.purchase_order_id == po_id, Activity.id == entry_id)
    return session.scalars(query.limit(1)).one_or_none()


def attempt_of(session: AnySession, po_id: int, attempt_id: int) -> tuple[DeliveryAttempt, Delivery] | None:
    """One try of an order's messages, with its message; None where it is not within the reader's scope."""
    query = (
        select(DeliveryAttempt, Delivery)
        .join(Delivery, Delivery.id == DeliveryAttempt.delivery_id)
        .where(Delivery.purchase_order_id == po_id, DeliveryAttempt.id == attempt_id)
    )
    row = session.execute(query.limit(1)).one_or_none()
    return None if row is None else (row[0], row[1])


def tries_of(
    session: AnySession, po_id: int, delivery_id: int, number: int | None
) -> list[tuple[DeliveryAttempt, Delivery]]:
    """The tries of one message of an order, newest first; only those of attempt `number` if it is given."""
    query = (
        select(DeliveryAttempt, Delivery)
        .join(Delivery, Delivery.id == DeliveryAttempt.delivery_id)
        .where(Delivery.purchase_order_id == po_id, Delivery.id == delivery_id)
        .order_by(DeliveryAttempt.id.desc())
    )
    query = query if number is None else query.where(DeliveryAttempt.number == number)
    return [(row[0], row[1]) for row in session.execute(query.limit(TRIES_AT_MOST))]


def judgement_of(session: AnySession, po_id: int, judgement_id: int) -> Judgement | None:
    """One judgement of an order, with its trace."""
    query = select(Judgement).where(Judgement.purchase_order_id == po_id, Judgement.id == judgement_id)
    return session.scalars(query.limit(1)).one_or_none()


def rules_there(session: AnySession, ids: Sequence[int]) -> frozenset[int]:
    """Which of some rules there still are."""
    return frozenset(session.scalars(select(Rule.id).where(Rule.id.in_(ids)))) if ids else frozenset()


def receipt_of(session: AnySession, receipt_id: int) -> Receipt | None:
    """One receipt; None outside the reader's scope."""
    return session.scalars(select(Receipt).where(Receipt.id == receipt_id)).one_or_none()


def snapshot_of(session: AnySession, po_id: int, document_id: int) -> dict[str, Any] | None:
    """The mapped record that came of a raw text, while it is the order's own or waits as a change; else None."""
    order = select(PurchaseOrder.snapshot).where(PurchaseOrder.id == po_id)
    found = session.scalar(order.where(PurchaseOrder.source_document_id == document_id))
    if found is None:
        waiting = select(PendingChange.snapshot).where(PendingChange.purchase_order_id == po_id)
        found = session.scalar(waiting.where(PendingChange.source_document_id == document_id))
    return found if isinstance(found, dict) else None


@dataclass(frozen=True, slots=True)
class Sent:
    """One page of an order's messages, newest first, with the tries of each by its id, newest first.

    `warehouses` names each target by its id. `older` is the id where the next page begins, or None at the end.
    """

    messages: tuple[Delivery, ...]
    tries: Mapping[int, Sequence[DeliveryAttempt]]
    warehouses: Mapping[int, str]
    older: int | None


def messages_of(session: AnySession, po_id: int, before: int | None = None) -> Sent:
    """What was sent for an order, in three statements. The tries come without request and reply."""
    query = select(Delivery).where(Delivery.purchase_order_id == po_id).options(joinedload(Delivery.connection))
    query = query if before is None else query.where(Delivery.id < before)
    rows = list(session.scalars(query.order_by(Delivery.id.desc()).limit(MESSAGES_PER_PAGE + 1)))
    page = tuple(rows[:MESSAGES_PER_PAGE])
    tries: dict[int, list[DeliveryAttempt]] = {message.id: [] for message in page}
    asked = (
        select(DeliveryAttempt)
        .where(DeliveryAttempt.delivery_id.in_(list(tries)))
        .options(defer(DeliveryAttempt.request), defer(DeliveryAttempt.reply))
        .order_by(DeliveryAttempt.id.desc())
        .limit(ATTEMPTS_AT_MOST)
    )
    for attempt in session.scalars(asked):
        tries[attempt.delivery_id].append(attempt)
    targets = sorted({message.warehouse_id for message in page if message.warehouse_id is not None})
    named = session.execute(select(Warehouse.id, Warehouse.name).where(Warehouse.id.in_(targets)))
    return Sent(page, tries, {row.id: row.name for row in named}, page[-1].id if len(rows) > len(page) else None)


def receipts_line(session: AnySession, receipt_id: int, most: int) -> list[Activity]:
    """The newest entries that tell of a receipt, newest first."""
    query = select(Activity).where(Activity.receipt_id == receipt_id)
    return list(session.scalars(query.order_by(Activity.at.desc(), Activity.id.desc()).limit(most)))
