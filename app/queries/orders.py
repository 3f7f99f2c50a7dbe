"""Purchase orders and their lines: the lists, and what the page of one order shows."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select, union_all
from sqlalchemy.orm import joinedload, undefer
from sqlalchemy.sql.elements import Grouping

from app.models import (
    DeliveryAttempt,
    Judgement,
    LineItem,
    PendingChange,
    PurchaseOrder,
    Receipt,
)
from app.queries import order_filters as by
from app.queries.listing import AnySession, Condition, Listing, among, contains, contains_key

ITEMS_PER_PAGE: Final = 50
ATTEMPTS_AT_MOST: Final = 200

_TRIGRAM: Final = 3
# Written as the index ix_purchase_order_search has it; blanks as bound values would not be found in it.
_BLANK: Final[ColumnElement[str]] = literal_column("' '")
_SEARCHED: Final = func.lower(
    # Grouped, since COLLATE would otherwise bind to the last name alone, and the index would not fit.
    Grouping(
        PurchaseOrder.number.concat(_BLANK)
        .concat(PurchaseOrder.external_id)
        .concat(_BLANK)
        .concat(PurchaseOrder.buyer_name)
    ).collate("default")
)


def matches(text: str) -> Condition:
    """Whether number, external id, buyer or the SKU of a line holds `text`, in any case.

    A union of two index look-ups: an OR over two tables would read both of them whole.
    """
    header = select(PurchaseOrder.id).where(contains(_SEARCHED, text))
    lines = select(LineItem.purchase_order_id).where(contains_key(func.lower(LineItem.sku), text))
    return PurchaseOrder.id.in_(union_all(header, lines).scalar_subquery())


ORDERS: Final = Listing(
    model=PurchaseOrder,
    default_sort="imported",
    default_descending=True,
    search=matches,
    filters={
        "status": by.has_status,
        "connection": among(PurchaseOrder.connection_id),
        "store": among(PurchaseOrder.store_id),
        "merchant": among(PurchaseOrder.merchant_id),
        "warehouse": among(PurchaseOrder.warehouse_id),
        "late": by.is_late,
        "cause": by.has_cause,
        "waits": by.waits_for,
        "due_in": by.is_due,
    },
    facets={
        "status": by.shown_status,
        "connection": lambda _now: PurchaseOrder.connection_id,
        "store": lambda _now: PurchaseOrder.store_id,
        "merchant": lambda _now: PurchaseOrder.merchant_id,
        "warehouse": lambda _now: PurchaseOrder.warehouse_id,
        "cause": by.shown_cause,
    },
    dates={
        "imported": PurchaseOrder.imported_at,
        "ordered": PurchaseOrder.ordered_at,
        "due": PurchaseOrder.due_date,
    },
    sorts={
        "number": [PurchaseOrder.number],
        "imported": [PurchaseOrder.id],
        "ordered": [PurchaseOrder.ordered_at],
        "due": [PurchaseOrder.due_date],
        "lines": [PurchaseOrder.lines_count],
        "received": [PurchaseOrder.units_received],
        "cost": [PurchaseOrder.total_cost],
        "buyer": [func.lower(PurchaseOrder.buyer_name)],
        "units": [PurchaseOrder.units_ordered],
        "sent": [PurchaseOrder.sent_at],
        "accepted": [PurchaseOrder.accepted_at],
        "receipt": [PurchaseOrder.last_receipt_at],
    },
    eager=(
        joinedload(PurchaseOrder.merchant),
        joinedload(PurchaseOrder.store),
        joinedload(PurchaseOrder.warehouse),
        joinedload(PurchaseOrder.connection),
    ),
)


def _line_matches(text: str) -> Condition:
    keys = (LineItem.sku, LineItem.supplier_sku, LineItem.barcode)
    return or_(contains(func.lower(LineItem.name), text), *(contains_key(func.lower(key), text) for key in keys))


LINES: Final = Listing(
    model=LineItem,
    default_sort="line",
    search=_line_matches,
    sorts={
        "line": [LineItem.purchase_order_id, LineItem.position],
        "sku": [LineItem.sku],
        "quantity": [LineItem.quantity],
        "received": [LineItem.received],
        "cost": [LineItem.unit_cost],
    },
    filters={"order": among(LineItem.purchase_order_id)},
    eager=(joinedload(LineItem.purchase_order),),
)


def exactly(session: AnySession, text: str) -> int | None:
    """The id of the one order that has `text`, in any case, as its number or external id; None for none, or several.

    Where numbers differ only in their case, the one that is written so is meant.
    """
    written_so = or_(PurchaseOrder.number == text, PurchaseOrder.external_id == text)
    if len(text) < _TRIGRAM:
        # The search index would be read whole for it; what is written so stands in the indexes of both columns.
        same = written_so
    else:
        lowered = func.lower(text)
        either = or_(func.lower(PurchaseOrder.number) == lowered, func.lower(PurchaseOrder.external_id) == lowered)
        same = and_(contains(_SEARCHED, text), either)
    query = select(PurchaseOrder.id, written_so).where(same)
    rows = session.execute(query.order_by(written_so.desc()).limit(2)).all()
    found = [order_id for order_id, exact in rows if exact] or [order_id for order_id, _ in rows]
    return found[0] if len(found) == 1 else None


def order(session: AnySession, order_id: int, *, snapshot: bool = False) -> PurchaseOrder | None:
    """One order with merchant, store, warehouse and connection in one statement; None outside the reader's scope."""
    query = select(PurchaseOrder).where(PurchaseOrder.id == order_id).options(*ORDERS.eager)
    query = query.options(undefer(PurchaseOrder.snapshot)) if snapshot else query
    return session.scalars(query).unique().one_or_none()


def source_notes(session: AnySession, order_id: int) -> str:
    """The notes as the source gave them, without what a rule wrote: what partners may read."""
    notes = select(PurchaseOrder.snapshot["notes"].as_string()).where(PurchaseOrder.id == order_id)
    return session.scalar(notes) or ""


def receipts_of(session: AnySession, order_id: int) -> list[Receipt]:
    """The receipts of an order, newest first."""
    query = select(Receipt).where(Receipt.purchase_order_id == order_id).order_by(Receipt.id.desc())
    return list(session.scalars(query.options(joinedload(Receipt.warehouse)).limit(ATTEMPTS_AT_MOST)))


def has_failed_receipt(session: AnySession, order_id: int) -> bool:
    """Whether a receipt of the order waits for a person."""
    query = select(Receipt.id).where(Receipt.purchase_order_id == order_id, Receipt.state == "error").limit(1)
    return session.scalar(query) is not None


def attempts_of(session: AnySession, delivery_ids: list[int]) -> dict[int, list[DeliveryAttempt]]:
    """The attempts of some messages by message id, newest first."""
    found: dict[int, list[DeliveryAttempt]] = {number: [] for number in delivery_ids}
    query = select(DeliveryAttempt).where(DeliveryAttempt.delivery_id.in_(delivery_ids))
    for attempt in session.scalars(query.order_by(DeliveryAttempt.id.desc()).limit(ATTEMPTS_AT_MOST)):
        found[attempt.delivery_id].append(attempt)
    return found


def pending_change(session: AnySession, order_id: int) -> PendingChange | None:
    """The change from the source that waits for a decision, if there is one."""
    return session.scalars(select(PendingChange).where(PendingChange.purchase_order_id == order_id)).one_or_none()


def last_judgement(session: AnySession, order_id: int) -> Judgement | None:
    """What the rules decided last, with the trace."""
    query = select(Judgement).where(Judgement.purchase_order_id == order_id).order_by(Judgement.id.desc()).limit(1)
    return session.scalars(query).one_or_none()
