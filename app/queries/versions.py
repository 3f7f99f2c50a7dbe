"""An order as it stands today, in the form of a source's record: to be compared with what was or will be imported."""

from __future__ import annotations

from sqlalchemy import select

from app.domain.record import SHIP_TO_FIELDS, LineRecord, PurchaseOrderRecord, ShipTo
from app.models import LineItem, PurchaseOrder
from app.queries.listing import AnySession


def lines_of(session: AnySession, order_id: int) -> list[LineItem]:
    """All lines of an order, in their order: one statement."""
    query = select(LineItem).where(LineItem.purchase_order_id == order_id).order_by(LineItem.position)
    return list(session.scalars(query))


def today(order: PurchaseOrder, lines: list[LineItem]) -> PurchaseOrderRecord:
    """The order as it stands today."""
    return PurchaseOrderRecord(
        external_id=order.external_id,
        number=order.number,
        lines=[_line(line) for line in lines],
        revision=order.revision,
        buyer_name=order.buyer_name,
        supplier_code=order.supplier_code,
        supplier_name=order.supplier_name,
        ordered_at=order.ordered_at,
        due_date=order.due_date,
        currency=order.currency,
        notes=order.notes,
        tags=list(order.tags),
        location=order.location,
        ship_to=ShipTo(**{name: order.ship_to.get(name, "") for name in SHIP_TO_FIELDS}),
        custom=order.custom,
        updated_at=order.source_updated_at,
    )


def _line(line: LineItem) -> LineRecord:
    return LineRecord(
        line_number=line.line_number,
        sku=line.sku,
        quantity=line.quantity,
        source_line_id=line.source_line_id,
        supplier_sku=line.supplier_sku,
        barcode=line.barcode,
        name=line.name,
        received_before=line.received_before,
        unit_of_measure=line.unit_of_measure,
        pack_size=line.pack_size,
        unit_cost=line.unit_cost,
        expected_date=line.expected_date,
        custom=line.custom,
        key=line.key,
    )
