"""The page of a purchase order: header, why it stands where it stands, actions, and the asked tab."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import request

from app.domain.people import Role
from app.domain.record import SHIP_TO_FIELDS
from app.domain.states import MEANINGS, PoStatus
from app.extensions import db
from app.models import PurchaseOrder
from app.queries import orders as queries
from app.queries.standing import situation
from app.web import building, cells
from app.web.addresses import changed, this_address
from app.web.columns import Shown
from app.web.order_pages import AnyTab, OrderPage
from app.web.pages import Fact, Facts, Tab
from app.web.views import order_standing
from app.web.views.order_tabs import TABS, tab_of

if TYPE_CHECKING:
    from app.web.views.orders import PurchaseOrderView


def order_page(view: PurchaseOrderView, order: PurchaseOrder, guards: Mapping[str, str], shown: Shown) -> OrderPage:
    """The page for one reader; `guards` says which action is not possible now, and why."""
    status = cells.status(order, shown.now)
    acts = view.single_acts(order.id, shown.reader, guards)
    by_name = {act.name: act for act in acts}
    facts = situation(db.session, order, shown.reader, shown.now)
    alerts = order_standing.alerts(view, order, facts, by_name, shown)
    # In Error the alert says it all: what happened, why, what to do, with the button.
    told = order.status is PoStatus.ERROR and bool(alerts)
    tabs = _tabs(view, order, shown)
    return OrderPage(
        title=order.number,
        crumbs=(*view.crumbs(), (str(view.list_title), view.list_href())),
        record_id=order.id,
        status=status,
        meaning=MEANINGS[status.value],
        header=_header(order),
        summary=_summary(order, shown),
        alerts=alerts,
        progress=cells.bar(order.units_received, order.units_ordered),
        actions=acts,
        tabs=tabs,
        tab=order_tab(view, order, guards, shown),
        return_to=this_address(),
        attributes_href=view.href("attributes", pk=order.id),
        note=None if told else order_standing.note(view, order, facts, by_name),
        edit_href="" if guards.get("edit", "") else building.edit_href(view, order.id),
    )


def order_tab(view: PurchaseOrderView, order: PurchaseOrder, guards: Mapping[str, str], shown: Shown) -> AnyTab:
    """The content of the asked tab alone."""
    chosen = next(tab.name for tab in _tabs(view, order, shown) if tab.chosen)
    return tab_of(chosen, view, order, shown, guards)


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


def _summary(order: PurchaseOrder, shown: Shown) -> tuple[Facts, ...]:
    partner = shown.reader.role is Role.PARTNER
    cost = (Fact("Total cost", cells.money(order.total_cost, order.currency)),) if shown.reader.sees_cost else ()
    amounts = (
        Fact("Lines", cells.number(order.lines_count)),
        Fact("Units ordered", cells.quantity(order.units_ordered)),
        Fact("Units received", cells.quantity(order.units_received)),
        *cost,
    )
    notes = queries.source_notes(db.session, order.id) if partner else order.notes
    about = (
        Fact("Buyer", cells.text(order.buyer_name)),
        Fact("Supplier", cells.text(" ".join(filter(None, (order.supplier_code, order.supplier_name))))),
        Fact("Ship to", cells.text(", ".join(filter(None, (order.ship_to.get(part) for part in SHIP_TO_FIELDS))))),
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
