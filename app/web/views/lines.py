"""Line items: the list over all orders, one line, and its form while the order may be edited."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask import abort, request, url_for
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import DateField, DecimalField, IntegerField, StringField
from wtforms.validators import DataRequired, InputRequired, NumberRange, Optional
from wtforms.widgets import HiddenInput

from app.domain.people import Reader
from app.extensions import db
from app.models import LineItem, PurchaseOrder
from app.queries.orders import LINES
from app.services import orders
from app.web import cells
from app.web.base import ALL, RecordView
from app.web.columns import Col, Shown
from app.web.forms import short
from app.web.interface import Interface
from app.web.pages import Cell, Empty, Fact, Facts

_LARGEST = Decimal(10) ** 12


def line_state(line: LineItem) -> Cell:
    """What is special about a line: left out by a rule, closed short, surplus; mostly nothing."""
    expected = line.quantity - line.received_before
    if line.left_out_by is not None:
        return Cell("word", "left_out", label="Left out", note=f"by {line.left_out_by}")
    if line.closed_short_reason is not None or line.closed_short_quantity:
        return Cell("word", "closed", label="Closed short", note=line.closed_short_reason or "")
    surplus = max(Decimal(0), line.received - expected)
    if surplus:
        return Cell("word", "surplus", label="Surplus", note=f"{surplus.normalize():f} more than ordered")
    return Cell()


# The name stands under the SKU, so that how much came is seen without scrolling.
LINE_COLUMNS = (
    Col("line", "Line", lambda line, _: cells.number(line.line_number), sort="line", right=True),
    Col("sku", "SKU", lambda line, _: cells.code(line.sku, note=line.name), sort="sku"),
    Col(
        "received",
        "Received / ordered",
        lambda line, _: cells.bar(line.received + line.received_before, line.quantity),
        sort="received",
    ),
    Col("state", "", lambda line, _: line_state(line)),
    Col("unit", "Unit", lambda line, _: cells.text(line.unit_of_measure)),
    Col(
        "cost",
        "Unit cost",
        lambda line, _: cells.money(line.unit_cost, line.purchase_order.currency if line.purchase_order else ""),
        sort="cost",
        right=True,
        cost=True,
    ),
    Col("expected", "Expected", lambda line, _: cells.day(line.expected_date)),
    Col("barcode", "Barcode", lambda line, _: cells.code(line.barcode)),
)


class LineForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """A line of an order."""

    sku = StringField("SKU", [DataRequired("A line needs a SKU."), short()])
    name = StringField("Name", [short()])
    quantity = DecimalField("Quantity", [InputRequired("How many?"), NumberRange(min=0, max=_LARGEST)])
    unit_of_measure = StringField("Unit of measure", [short()])
    pack_size = DecimalField("Pack size", [Optional(), NumberRange(min=0, max=_LARGEST)])
    unit_cost = DecimalField("Unit cost", [Optional(), NumberRange(min=-_LARGEST, max=_LARGEST)], places=6)
    expected_date = DateField("Expected", [Optional()])
    supplier_sku = StringField("Supplier SKU", [short()])
    barcode = StringField("Barcode", [short()])
    version_no = IntegerField(widget=HiddenInput())


class LineWriter:
    """Stores lines by the services of orders; the version is the order's."""

    def create(self, values: Mapping[str, Any], reader: Reader) -> int:
        """Add a line to the order of the address."""
        order_id = _order_of_address()
        given = {name: value for name, value in values.items() if name != "version_no"}
        orders.add_line(order_id, int(values["version_no"] or 0), given, reader)
        newest = select(LineItem.id).where(LineItem.purchase_order_id == order_id).order_by(LineItem.id.desc())
        db.session.rollback()
        return db.session.scalar(newest.limit(1)) or 0

    def update(self, record_id: int, values: Mapping[str, Any], reader: Reader, version_no: int | None) -> None:
        """Change a line."""
        orders.edit_line(record_id, int(version_no or 0), values, reader)

    def delete(self, record_id: int, reader: Reader) -> None:
        """Remove a line; the version of the form, or else today's."""
        version = request.form.get("version_no", type=int)
        if version is None:
            today = select(PurchaseOrder.version_no).join(LineItem).where(LineItem.id == record_id)
            version = db.session.scalar(today) or 0
            db.session.rollback()
        orders.remove_line(record_id, version, reader)


class LineItemView(RecordView):
    """Line items of all orders."""

    datamodel = Interface(LINES)
    class_permission_name = "LineItems"
    route_base = "/line-items"
    list_title = "Line items"
    noun = "line"
    section = "Purchase Orders"
    placeholder = "SKU, barcode or name"
    empty = Empty("No lines yet", "Lines come with the purchase orders that a connection imports.")
    columns = (
        Col(
            "order",
            "Purchase order",
            lambda line, _: cells.named(
                line.purchase_order, url_for("PurchaseOrderView.show", pk=line.purchase_order_id)
            ),
        ),
        *LINE_COLUMNS,
    )
    form_class = LineForm
    writer = LineWriter()
    writes = ALL
    adds_here = False

    def version_of(self, record: LineItem) -> int:
        """The version of its order."""
        return record.purchase_order.version_no

    def name_of(self, record: LineItem) -> str:
        """Order and line."""
        return f"{record.purchase_order.number}, line {record.line_number}"

    def fill(self, form: FlaskForm, record: LineItem | None) -> None:
        """The form carries the version of the order that it was made from."""
        if form.is_submitted():
            return
        if record is not None:
            form.version_no.data = record.purchase_order.version_no
            return
        order_id = _order_of_address()
        version = db.session.scalar(select(PurchaseOrder.version_no).where(PurchaseOrder.id == order_id))
        if version is None:
            abort(404)
        form.version_no.data = version

    def facts(self, record: LineItem, shown: Shown) -> tuple[Facts, ...]:
        """All that is known of a line."""
        order = record.purchase_order
        cost = (Fact("Unit cost", cells.money(record.unit_cost, order.currency)),) if shown.reader.sees_cost else ()
        ordered = (
            Fact("Purchase order", cells.text(order, url_for("PurchaseOrderView.show", pk=order.id))),
            Fact("SKU", cells.code(record.sku)),
            Fact("Name", cells.text(record.name)),
            Fact("Supplier SKU", cells.code(record.supplier_sku)),
            Fact("Barcode", cells.code(record.barcode)),
            Fact("Expected", cells.day(record.expected_date)),
            *cost,
        )
        amounts = (
            Fact("Ordered", cells.quantity(record.quantity, record.unit_of_measure)),
            Fact("Received before import", cells.quantity(record.received_before)),
            Fact("Received", cells.quantity(record.received)),
            Fact("Damaged", cells.quantity(record.damaged), "A part of what was received."),
            Fact("Closed short", cells.quantity(record.closed_short_quantity)),
            Fact("Pack size", cells.quantity(record.pack_size)),
        )
        return (Facts("Line", ordered), Facts("Quantities", amounts))

    def badge(self, record: LineItem, shown: Shown) -> Cell | None:  # noqa: ARG002
        """What is special about the line."""
        state = line_state(record)
        return state if state.value else None


def _order_of_address() -> int:
    order_id = request.args.get("order", type=int)
    if order_id is None:
        abort(404)
    return order_id
