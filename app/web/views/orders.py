"""Purchase orders: the list, the page of one, its form while it may be edited, and the actions."""

from __future__ import annotations

from typing import Any

from flask import make_response, render_template

from app.domain.states import DISPLAY
from app.queries.orders import ORDERS
from app.services.actions import ORDER_ACTIONS, perform_orders
from app.web import building, cells
from app.web.acts import Acts
from app.web.addresses import this_address, wants_fragment
from app.web.asking import Dates, Filter
from app.web.base import Answer
from app.web.columns import Col, Shown
from app.web.fab import guarded, route
from app.web.interface import Interface
from app.web.order_pages import TabPage
from app.web.pages import Cell, Empty
from app.web.views.order_asking import OrderAsking
from app.web.views.order_editing import OrderEditing
from app.web.views.order_page import order_page, order_tab


def _number(order: Any, shown: Shown) -> Cell:
    """The number, and where it comes from: staff read the sales channel, others the merchant."""
    origin = order.store if shown.reader.is_staff else order.merchant
    return cells.text(order.number, note=str(origin) if origin is not None else "")


# What people decide by comes first, so that it stands on a laptop's screen; merchant and store share the number's cell.
COLUMNS = (
    Col("number", "Number", _number, sort="number"),
    Col("status", "Status", lambda order, shown: cells.status(order, shown.now)),
    Col("buyer", "Buyer", lambda order, _: cells.text(order.buyer_name), sort="buyer"),
    Col("warehouse", "Warehouse", lambda order, _: cells.named(order.warehouse)),
    Col("lines", "Lines", lambda order, _: cells.number(order.lines_count), sort="lines", right=True),
    Col(
        "received",
        "Received / ordered",
        lambda order, _: cells.bar(order.units_received, order.units_ordered),
        sort="received",
    ),
    Col("due", "Due", lambda order, _: cells.day(order.due_date), sort="due"),
    Col(
        "cost",
        "Total cost",
        lambda order, _: cells.money(order.total_cost, order.currency),
        sort="cost",
        right=True,
        cost=True,
    ),
    Col("ordered", "Ordered", lambda order, _: cells.instant(order.ordered_at), sort="ordered"),
    Col("imported", "Imported", lambda order, _: cells.instant(order.imported_at), sort="imported", staff=True),
)


class PurchaseOrderView(OrderAsking, OrderEditing):
    """Purchase orders of all connections."""

    datamodel = Interface(ORDERS)
    class_permission_name = "PurchaseOrders"
    route_base = "/purchase-orders"
    list_title = "Purchases"
    noun = "purchase order"
    section = "Purchase Orders"
    placeholder = "Number, id, buyer or SKU"
    empty = Empty("No purchase orders yet", "They come by the connections: enable one, or run its import now.")
    columns = COLUMNS
    filters = (
        Filter("status", "Status", tuple(DISPLAY.items())),
        Filter("connection", "Connection", staff=True),
        Filter("store", "Sales channel", staff=True),
        Filter("merchant", "Merchant"),
        Filter("warehouse", "Warehouse"),
    )
    date_filters = (Dates("imported", "Imported"), Dates("ordered", "Ordered"), Dates("due", "Due"))
    acts = Acts(ORDER_ACTIONS, perform_orders)
    writes = ("edit",)

    @route("/show/<int:pk>")
    @guarded
    def show(self, pk: int) -> Answer:
        """The page of an order; htmx gets the content of the asked tab only."""
        order = self.found(pk)
        shown = building.shown_now()
        guards = self.guards_of(order, shown.reader)
        if wants_fragment():
            tab = order_tab(self, order, guards, shown)
            return make_response(render_template(tab.template, page=TabPage(tab, this_address()), tab=tab))
        return self.page("inlet/purchase_order.html", order_page(self, order, guards, shown))
