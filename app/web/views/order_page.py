"""The page of a purchase order: header, why it stands where it stands, actions, and the asked tab."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import request, url_for

from app.domain.people import Role
from app.domain.states import MEANINGS, PoStatus
from app.extensions import db
from app.models import PurchaseOrder
from app.queries import orders as queries
from app.web import building, cells
from app.web.addresses import changed, this_address
from app.web.columns import Shown
from app.web.pages import Act, Alert, Fact, Facts, OrderPage, Tab
from app.web.views.order_tabs import TABS, tab_of
from app.web.views.order_words import on, why

if TYPE_CHECKING:
    from app.web.views.orders import PurchaseOrderView


def order_page(view: PurchaseOrderView, order: PurchaseOrder, guards: Mapping[str, str], shown: Shown) -> OrderPage:
    """The page for one reader; `guards` says which action is not possible now, and why."""
    status = cells.status(order, shown.now)
    acts = view.single_acts(order.id, shown.reader, guards)
    tabs = _tabs(view, order, shown)
    chosen = next((tab.name for tab in tabs if tab.chosen), tabs[0].name)
    editable = order.sent_at is None and not guards.get("edit", "")
    alerts = _alerts(order, acts, shown)
    # In Error the alert says it all: what happened, why, what to do, with the button.
    told = order.status is PoStatus.ERROR and bool(alerts)
    return OrderPage(
        title=order.number,
        crumbs=(*view.crumbs(), (str(view.list_title), view.list_href())),
        record_id=order.id,
        status=status,
        meaning=MEANINGS[status.value],
        header=_header(order),
        summary=_summary(view, order, shown, editable=editable),
        alerts=alerts,
        progress=cells.bar(order.units_received, order.units_ordered),
        actions=acts,
        tabs=tabs,
        tab=tab_of(chosen, view, order, shown),
        return_to=this_address(),
        why="" if told else why(order, shown),
        edit_href=building.edit_href(view, order.id) if editable else "",
    )


def _tabs(view: PurchaseOrderView, order: PurchaseOrder, shown: Shown) -> tuple[Tab, ...]:
    allowed = [tab for tab in TABS if shown.reader.role in tab.roles]
    asked = request.args.get("tab", "")
    chosen = asked if asked in {tab.name for tab in allowed} else allowed[0].name
    return tuple(
        Tab(
            tab.name,
            tab.label,
            changed(view.show_href(order.id), {}, tab=tab.name),
            tab.name == chosen,
            order.lines_count if tab.name == "items" else None,
        )
        for tab in allowed
    )


def _header(order: PurchaseOrder) -> tuple[Fact, ...]:
    found = (
        Fact("Ordered", cells.instant(order.ordered_at)),
        Fact("Due", cells.day(order.due_date)),
        Fact("Sales channel", cells.named(order.store)),
        Fact("Merchant", cells.named(order.merchant)),
        Fact("Warehouse", cells.named(order.warehouse)),
    )
    return tuple(fact for fact in found if fact.cell.value not in (None, ""))


def _summary(view: PurchaseOrderView, order: PurchaseOrder, shown: Shown, *, editable: bool) -> tuple[Facts, ...]:
    partner = shown.reader.role is Role.PARTNER
    cost = (Fact("Total cost", cells.money(order.total_cost, order.currency)),) if shown.reader.sees_cost else ()
    amounts = (
        Fact("Lines", cells.number(order.lines_count)),
        *_new_line(view, order, editable=editable),
        Fact("Units ordered", cells.quantity(order.units_ordered)),
        Fact("Units received", cells.quantity(order.units_received)),
        *cost,
    )
    notes = queries.source_notes(db.session, order.id) if partner else order.notes
    about = (
        Fact("Buyer", cells.text(order.buyer_name)),
        Fact("Supplier", cells.text(" ".join(filter(None, (order.supplier_code, order.supplier_name))))),
        Fact("Ship to", cells.pairs({name: value for name, value in order.ship_to.items() if value})),
        Fact("Notes", cells.text(notes)),
    )
    times = (
        Fact("Imported", cells.instant(order.imported_at)),
        Fact("Sent", cells.instant(order.sent_at)),
        Fact("Accepted", cells.instant(order.accepted_at)),
        Fact("Last receipt", cells.instant(order.last_receipt_at)),
    )
    groups = (Facts("Amounts", amounts), Facts("Order", about), Facts("Times", times))
    return groups if partner else (*groups, Facts("References", _references(order, shown)))


def _new_line(view: PurchaseOrderView, order: PurchaseOrder, *, editable: bool) -> tuple[Fact, ...]:
    if not (editable and view.appbuilder.sm.has_access("can_add", "LineItems")):
        return ()
    return (Fact("New line", cells.text("Add a line", url_for("LineItemView.add", order=order.id))),)


def _references(order: PurchaseOrder, shown: Shown) -> tuple[Fact, ...]:
    known = (
        Fact("Source's id", cells.code(order.external_id)),
        Fact("Revision", cells.number(order.revision)),
        Fact("Warehouse's id", cells.code(order.warehouse_ref)),
        Fact("Facility", cells.text(order.facility)),
        Fact("Tags", cells.tags(order.tags)),
        Fact("Custom", cells.pairs(order.custom)),
    )
    return (*known, Fact("Connection", cells.named(order.connection))) if shown.reader.is_staff else known


def _alerts(order: PurchaseOrder, acts: tuple[Act, ...], shown: Shown) -> tuple[Alert, ...]:
    if shown.reader.role is Role.PARTNER:
        return ()
    found = []
    if order.status is PoStatus.ERROR:
        retry = next((act for act in acts if act.name == "reprocess" and not act.why_not), None)
        remedy = "" if "eprocess" in order.status_reason else "Mend the cause, then reprocess it."
        found.append(Alert("danger", f"It stopped {on(order.status_since)}", order.status_reason, remedy, retry))
    if order.cancel_state in {"waiting", "refused"}:
        text = f"Cancel at the warehouse: {order.cancel_state}."
        found.append(Alert("warning", "Canceled at the source", text))
    if shown.reader.is_staff and queries.has_failed_receipt(db.session, order.id):
        found.append(
            Alert("warning", "A receipt is in Error", "It is not in the numbers of this order.", "See Receipts.")
        )
    return tuple(found)
