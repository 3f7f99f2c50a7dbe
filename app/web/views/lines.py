"""Line items: the list over all orders, and one line. Their forms are in `line_editing` and `line_acts`."""

from __future__ import annotations

from typing import Any

from flask import url_for

from app.models import LineItem
from app.queries.orders import LINES
from app.web import cells
from app.web.columns import Col, Shown
from app.web.interface import Interface
from app.web.pages import Cell, Empty, Fact, Facts
from app.web.views.line_acts import LineActs
from app.web.views.line_columns import LINE_COLUMNS, line_state
from app.web.views.line_editing import LineEditing


def _order(line: Any, _shown: Shown) -> Cell:
    return cells.named(line.purchase_order, url_for("PurchaseOrderView.show", pk=line.purchase_order_id))


class LineItemView(LineActs, LineEditing):
    """Line items of all orders."""

    datamodel = Interface(LINES)
    class_permission_name = "LineItems"
    route_base = "/line-items"
    list_title = "Line items"
    noun = "line"
    section = "Purchase Orders"
    placeholder = "SKU, barcode or name"
    empty = Empty("No lines yet", "Lines come with the purchase orders that a connection imports.")
    columns = (Col("order", "Purchase order", _order), *LINE_COLUMNS)
    # A line is removed with a reason, by `LineActs`, under the right to delete.
    writes = ("add", "edit")
    adds_here = False

    def name_of(self, record: LineItem) -> str:
        """Order and line."""
        return f"{record.purchase_order.number}, line {record.line_number}"

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
