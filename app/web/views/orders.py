"""Purchase orders: the list, the page of one, its form while it may be edited, and the actions."""

from __future__ import annotations

from flask import make_response, render_template

from app.domain.day_ranges import COMING
from app.domain.states import DISPLAY
from app.queries.order_filters import CAUSE, LATE, WAITS
from app.queries.orders import ORDERS
from app.services.actions import ORDER_ACTIONS, perform_orders
from app.web import building
from app.web.acts import Acts
from app.web.addresses import this_address, wants_fragment
from app.web.asking import Filter
from app.web.base import Answer
from app.web.days import Dates
from app.web.fab import guarded, route
from app.web.interface import Interface
from app.web.order_pages import TabPage
from app.web.pages import Empty
from app.web.views.order_asking import OrderAsking
from app.web.views.order_bulk import BulkRoutes
from app.web.views.order_columns import COLUMNS, late_words
from app.web.views.order_custody import CustodyView
from app.web.views.order_editing import OrderEditing
from app.web.views.order_export import OrderExports
from app.web.views.order_guards import guards_of
from app.web.views.order_list import OrderListView
from app.web.views.order_page import order_page, order_tab


class PurchaseOrderView(BulkRoutes, OrderExports, CustodyView, OrderAsking, OrderEditing, OrderListView):
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
        Filter("warehouse", "Warehouse"),
        Filter("merchant", "Merchant", more=True),
        Filter("late", "Late", tuple(LATE.items()), multiple=False, words=late_words, more=True),
        Filter("cause", "Cause of error", tuple(CAUSE.items()), staff=True, more=True),
        Filter("waits", "Waiting", tuple(WAITS.items()), staff=True, more=True),
    )
    date_filters = (
        Dates("due", "Due", COMING),
        Dates("imported", "Imported", more=True),
        Dates("ordered", "Ordered", more=True),
    )
    acts = Acts(ORDER_ACTIONS, perform_orders)
    writes = ("edit",)

    @route("/show/<int:pk>")
    @guarded
    def show(self, pk: int) -> Answer:
        """The page of an order; htmx gets the content of the asked tab only."""
        order = self.found(pk)
        shown = building.shown_now()
        guards = guards_of(order.id, shown.reader)
        if wants_fragment():
            tab = order_tab(self, order, guards, shown)
            return make_response(render_template(tab.template, page=TabPage(tab, this_address()), tab=tab))
        return self.page("inlet/purchase_order.html", order_page(self, order, guards, shown))
