"""The drawer with every attribute of an order that its reader may see, custom fields too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.domain.differences import text_of
from app.domain.people import Role
from app.domain.record import SHIP_TO_FIELDS
from app.extensions import db
from app.models import PurchaseOrder
from app.queries import orders as queries
from app.web import cells
from app.web.columns import Shown
from app.web.order_pages import AttributesPage
from app.web.pages import Fact, Facts

if TYPE_CHECKING:
    from app.web.views.orders import PurchaseOrderView


def attributes_page(view: PurchaseOrderView, order: PurchaseOrder, shown: Shown) -> AttributesPage:
    """All that the reader may know: partners neither custom fields nor costs, and the source's notes only."""
    back = view.show_href(order.id)
    partner = shown.reader.role is Role.PARTNER
    groups = [
        _order(order, shown, partner=partner),
        _ship_to(order),
        _amounts(order, shown),
        _times(order, partner=partner),
    ]
    if not partner:
        groups += [_references(order, shown), _custom(order.custom)]
    if shown.reader.is_staff:
        groups.append(_workings(order))
    return AttributesPage(
        f"All attributes of {order.number}",
        view.crumbs_of(order),
        tuple(group for group in groups if group.facts),
        back,
    )


def _order(order: PurchaseOrder, shown: Shown, *, partner: bool) -> Facts:
    notes = queries.source_notes(db.session, order.id) if partner else order.notes
    store = () if partner else (Fact("Sales channel", cells.named(order.store)),)
    tags = () if partner else (Fact("Tags", cells.tags(order.tags)),)
    known = (
        Fact("Number", cells.text(order.number)),
        Fact("Status", cells.status(order, shown.now)),
        Fact("Merchant", cells.named(order.merchant)),
        *store,
        Fact("Warehouse", cells.named(order.warehouse)),
        Fact("Facility", cells.text(order.facility)),
        Fact("Buyer", cells.text(order.buyer_name)),
        Fact("Supplier code", cells.code(order.supplier_code)),
        Fact("Supplier", cells.text(order.supplier_name)),
        Fact("Notes", cells.text(notes)),
        *tags,
    )
    return Facts("Order", known)


def _ship_to(order: PurchaseOrder) -> Facts:
    return Facts(
        "Ship to", tuple(Fact(name.capitalize(), cells.text(order.ship_to.get(name))) for name in SHIP_TO_FIELDS)
    )


def _amounts(order: PurchaseOrder, shown: Shown) -> Facts:
    cost = (
        (
            Fact("Total cost", cells.money(order.total_cost, order.currency)),
            Fact("Currency", cells.text(order.currency)),
        )
        if shown.reader.sees_cost
        else ()
    )
    known = (
        Fact("Lines", cells.number(order.lines_count)),
        Fact("Units ordered", cells.quantity(order.units_ordered)),
        Fact("Units received", cells.quantity(order.units_received)),
        *cost,
    )
    return Facts("Amounts", known)


def _times(order: PurchaseOrder, *, partner: bool) -> Facts:
    own = () if partner else (
        Fact("Imported", cells.instant(order.imported_at)),
        Fact("Changed at the source", cells.instant(order.source_updated_at)),
        Fact("Reprocessed or reopened", cells.instant(order.reopened_at)),
    )  # fmt: skip
    known = (
        Fact("Ordered", cells.instant(order.ordered_at)),
        Fact("Due", cells.day(order.due_date)),
        Fact("Late from", cells.instant(order.late_from)),
        *own,
        Fact("Sent", cells.instant(order.sent_at)),
        Fact("Accepted", cells.instant(order.accepted_at)),
        Fact("Last receipt", cells.instant(order.last_receipt_at)),
        Fact("At this status since", cells.instant(order.status_since)),
    )
    return Facts("Times", known)


def _references(order: PurchaseOrder, shown: Shown) -> Facts:
    known = (
        Fact("Source's id", cells.code(order.external_id)),
        Fact("Revision", cells.number(order.revision)),
        Fact("Source's state", cells.text(order.source_state)),
        Fact("Location", cells.text(order.location)),
        Fact("Warehouse's id", cells.code(order.warehouse_ref)),
        Fact("Reason of the status", cells.text(order.status_reason)),
    )
    return Facts(
        "References", (*known, Fact("Connection", cells.named(order.connection))) if shown.reader.is_staff else known
    )


def _custom(custom: Mapping[str, Any]) -> Facts:
    return Facts("Custom fields", tuple(Fact(name, cells.text(text_of(custom[name]))) for name in sorted(custom)))


def _workings(order: PurchaseOrder) -> Facts:
    """How Inlet itself stands to it."""
    known = (
        Fact("Next step", cells.word(order.step.value)),
        Fact("Due", cells.instant(order.step_due_at)),
        Fact("Held by", cells.text(order.held_by)),
        Fact("Held until", cells.instant(order.held_until)),
        Fact("What failed", cells.text(order.failed_step)),
        Fact("Cancel at the warehouse", cells.text(order.cancel_state)),
        Fact("Rejected by a rule", cells.flag(order.rejected)),
        Fact("Edited by hand", cells.flag(order.edited)),
        Fact("Judged by rule versions", cells.text(text_of(order.judged_versions))),
        Fact("Content digest", cells.code(order.content_digest)),
        Fact("Version", cells.number(order.version_no)),
        Fact("Id", cells.number(order.id)),
    )
    return Facts("Inside Inlet", known)
