"""Purchase orders: the list, the page of one, its form while it may be edited, and the actions."""

from __future__ import annotations

from typing import Any

from flask import make_response, render_template
from flask_wtf import FlaskForm
from wtforms import DateField, IntegerField, StringField, TextAreaField
from wtforms.validators import Optional
from wtforms.widgets import HiddenInput

from app.domain.day_ranges import COMING
from app.domain.states import DISPLAY
from app.extensions import db
from app.models import PurchaseOrder
from app.queries.order_filters import CAUSE, LATE, WAITS
from app.queries.orders import ORDERS
from app.security.reader import current_reader
from app.services import orders
from app.services.actions import ORDER_ACTIONS, perform_orders
from app.web import building
from app.web.acts import Acts
from app.web.addresses import wants_fragment
from app.web.asking import Filter
from app.web.base import Answer
from app.web.days import Dates
from app.web.fab import guarded, route
from app.web.forms import long, short
from app.web.interface import Interface
from app.web.pages import Empty
from app.web.views.order_bulk import BulkRoutes
from app.web.views.order_columns import COLUMNS, late_words
from app.web.views.order_custody import CustodyView
from app.web.views.order_export import OrderExports
from app.web.views.order_list import OrderListView
from app.web.views.order_page import order_page


class HeaderForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """The header fields of an order that people may change before it is sent."""

    buyer_name = StringField("Buyer", [short()])
    supplier_code = StringField("Supplier code", [short()])
    supplier_name = StringField("Supplier", [short()])
    due_date = DateField("Due date", [Optional()])
    currency = StringField("Currency", [short()])
    tags = StringField("Tags", [long()], description="Words with commas between them.")
    notes = TextAreaField("Notes", [long()])
    version_no = IntegerField(widget=HiddenInput())


class PurchaseOrderView(BulkRoutes, OrderExports, CustodyView, OrderListView):
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
    form_class = HeaderForm
    writes = ("edit",)

    @route("/show/<int:pk>")
    @guarded
    def show(self, pk: int) -> Answer:
        """The page of an order; htmx gets the content of the asked tab only."""
        order = self.found(pk)
        shown = building.shown_now()
        page = order_page(self, order, self.guards_of(order, shown.reader), shown)
        if wants_fragment():
            return make_response(render_template(page.tab.template, page=page, tab=page.tab))
        return self.page("inlet/purchase_order.html", page)

    def fill(self, form: FlaskForm, record: PurchaseOrder) -> None:
        """Tags are one text in the form."""
        if not form.is_submitted():
            form.tags.data = ", ".join(record.tags)

    def save(self, pk: int, form: FlaskForm) -> None:
        """Store the header; only what differs from today's values is an edit, and the service compares the version."""
        order = self.found(pk)
        changes = {name: value for name, value in _entered(form).items() if getattr(order, name) != value}
        db.session.rollback()
        orders.edit_header(pk, form.version_no.data, changes, current_reader())


def _entered(form: FlaskForm) -> dict[str, Any]:
    values = building.values_of(form)
    del values["version_no"]
    values["tags"] = [tag.strip() for tag in (values["tags"] or "").split(",") if tag.strip()]
    return {name: "" if value is None and name != "due_date" else value for name, value in values.items()}
