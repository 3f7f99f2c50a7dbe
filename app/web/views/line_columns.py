"""The lines of orders as a table, and what is said of one line."""

from __future__ import annotations

from decimal import Decimal

from app.domain.record import plain_number
from app.models import LineItem
from app.web import cells
from app.web.columns import Col
from app.web.pages import Cell

_NOTHING = Decimal(0)


def outstanding(line: LineItem) -> Decimal:
    """What is still to come; below zero where more came than was ordered."""
    return line.quantity - line.received_before - line.received - line.closed_short_quantity


def line_state(line: LineItem) -> Cell:
    """What is special about a line: left out by a rule, closed short, surplus, damaged; mostly nothing."""
    surplus = max(_NOTHING, line.received - (line.quantity - line.received_before))
    if line.left_out_by is not None:
        return Cell("word", "left_out", label="Left out", note=f"by {line.left_out_by}")
    if line.closed_short_reason is not None or line.closed_short_quantity:
        return Cell("word", "closed", label="Closed short", note=line.closed_short_reason or "")
    if surplus:
        return Cell("word", "surplus", label="Surplus", note=f"{plain_number(surplus)} more than ordered")
    if line.damaged:
        return Cell("word", "damaged", label="Damaged", note=f"{plain_number(line.damaged)} of what came")
    return Cell()


def _received(line: LineItem) -> Cell:
    """How much came of what was ordered, and in small words what that hides."""
    surplus = max(_NOTHING, line.received - (line.quantity - line.received_before))
    words = [
        f"{plain_number(line.received_before)} before import" if line.received_before else "",
        f"{plain_number(line.damaged)} damaged" if line.damaged else "",
        f"{plain_number(surplus)} surplus" if surplus else "",
        f"{plain_number(line.closed_short_quantity)} closed short" if line.closed_short_quantity else "",
    ]
    bar = (line.received + line.received_before, line.quantity)
    return Cell("bar", bar, note=", ".join(word for word in words if word))


# The name stands under the SKU, so that how much came is seen without scrolling.
LINE_COLUMNS = (
    Col("line", "Line", lambda line, _: cells.number(line.line_number), sort="line", right=True),
    Col("sku", "SKU", lambda line, _: cells.code(line.sku, note=line.name), sort="sku"),
    Col("received", "Received / ordered", lambda line, _: _received(line), sort="received"),
    Col("state", "State", lambda line, _: line_state(line)),
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
