"""Receipts: the list, and one with its lines."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from app.domain.states import ReceiptState
from app.models import LineItem, PurchaseOrder, Receipt, ReceiptLine
from app.queries.listing import AnySession, Condition, Listing, among, contains_key, one_of

LINES_AT_MOST: Final = 500
ENTRIES_AT_MOST: Final = 100


def _matches(text: str) -> Condition:
    orders = select(PurchaseOrder.id).where(contains_key(func.lower(PurchaseOrder.number), text))
    return or_(
        contains_key(func.lower(Receipt.external_id), text),
        contains_key(func.lower(Receipt.po_reference), text),
        Receipt.purchase_order_id.in_(orders),
    )


RECEIPTS: Final = Listing(
    model=Receipt,
    default_sort="created",
    default_descending=True,
    search=_matches,
    filters={
        "state": one_of(Receipt.state, list(ReceiptState)),
        "merchant": among(Receipt.merchant_id),
        "warehouse": among(Receipt.warehouse_id),
    },
    dates={"received": Receipt.received_at, "created": Receipt.created_at},
    sorts={
        "receipt": [Receipt.external_id],
        "received": [Receipt.received_at],
        "created": [Receipt.id],
        "units": [Receipt.units],
    },
    eager=(
        joinedload(Receipt.purchase_order).load_only(PurchaseOrder.number),
        joinedload(Receipt.warehouse),
        joinedload(Receipt.merchant),
    ),
)


def lines_of(session: AnySession, receipt_id: int) -> list[ReceiptLine]:
    """The first lines of a receipt, in their order, each with the line of the order that it was matched to."""
    query = select(ReceiptLine).where(ReceiptLine.receipt_id == receipt_id).order_by(ReceiptLine.position)
    matched = joinedload(ReceiptLine.line_item).load_only(LineItem.line_number, LineItem.sku)
    return list(session.scalars(query.options(matched).limit(LINES_AT_MOST)))
