"""Purchase orders: the list, the page of one, its form while it may be edited, and the actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import make_response, render_template
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import DateField, IntegerField, StringField, TextAreaField
from wtforms.validators import Optional
from wtforms.widgets import HiddenInput

from app.domain.people import Reader
from app.domain.states import DISPLAY
from app.extensions import db
from app.models import PurchaseOrder
from app.queries.orders import ORDERS
from app.security.reader import current_reader
from app.services import orders
from app.services.actions import ORDER_ACTIONS, order_guards, perform_orders
from app.web import building, cells
from app.web.acts import Acts
from app.web.addresses import wants_fragment
from app.web.asking import Dates, Filter
from app.web.base import Answer
from app.web.columns import Col, Shown
from app.web.fab import guarded, route
from app.web.forms import long, short
from app.web.interface import Interface
from app.web.pages import Cell, Empty
from app.web.views.order_bulk import BulkRoutes
from app.web.views.order_page import order_page


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


class PurchaseOrderView(BulkRoutes):
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
        Filter("undated", "No due date", by_id=True),
    )
    date_filters = (Dates("imported", "Imported"), Dates("ordered", "Ordered"), Dates("due", "Due"))
    acts = Acts(ORDER_ACTIONS, perform_orders)
    form_class = HeaderForm
    writes = ("edit",)

    @route("/show/<int:pk>")
    @guarded
    def show(self, pk: int) -> Answer:
        """The page of an order; htmx gets the content of the asked tab only."""
        order = self.found(pk)
        shown = building.shown_now()
        page = order_page(self, order, self._guards(order, shown.reader), shown)
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

    def _guards(self, order: PurchaseOrder, reader: Reader) -> Mapping[str, str]:
        # The wall has let the order through; what its guards ask besides is not for the reader to see.
        with Session(db.engine) as session:
            return order_guards(session, order.id, reader)


def _entered(form: FlaskForm) -> dict[str, Any]:
    values = building.values_of(form)
    del values["version_no"]
    values["tags"] = [tag.strip() for tag in (values["tags"] or "").split(",") if tag.strip()]
    return {name: "" if value is None and name != "due_date" else value for name, value in values.items()}
