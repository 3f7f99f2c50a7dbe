"""The columns of the list of purchase orders, and the words of its filters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import url_for

from app.domain.states import UNFINISHED
from app.queries.order_filters import days_late
from app.web import cells
from app.web.columns import Col, Shown
from app.web.pages import Cell


def _number(order: Any, shown: Shown) -> Cell:
    """The number, and where it comes from: staff read the sales channel, others the merchant."""
    origin = order.store if shown.reader.is_staff else order.merchant
    return cells.text(order.number, note=str(origin) if origin is not None else "")


def _status(order: Any, shown: Shown) -> Cell:
    """The status; its badge opens what can be done next."""
    return cells.status(order, shown.now, menu=url_for("PurchaseOrderView.next", pk=order.id))


def _days_late(order: Any, shown: Shown) -> Cell:
    """How many days an unfinished order is late: one on the day after it was due."""
    waits = order.status in UNFINISHED and order.late_from is not None and order.late_from <= shown.now
    return cells.number((shown.now - order.late_from).days + 1 if waits else None)


# What people decide by comes first, so that it stands on a laptop's screen; merchant and store share the number's cell.
_SHOWN = (
    Col("number", "Number", _number, sort="number"),
    Col("status", "Status", _status),
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

# Partners see of an order what its page shows them: nothing that the source or a rule keeps for itself.
_FURTHER = (
    Col("external_id", "External id", lambda order, _: cells.code(order.external_id), partners=False),
    Col("store", "Sales channel", lambda order, _: cells.named(order.store), staff=True),
    Col("merchant", "Merchant", lambda order, _: cells.named(order.merchant)),
    Col("connection", "Connection", lambda order, _: cells.named(order.connection), staff=True),
    Col("supplier", "Supplier", lambda order, _: cells.text(order.supplier_name)),
    Col("supplier_code", "Supplier code", lambda order, _: cells.code(order.supplier_code)),
    Col("currency", "Currency", lambda order, _: cells.text(order.currency), cost=True),
    Col("revision", "Revision", lambda order, _: cells.number(order.revision), right=True, partners=False),
    Col("tags", "Tags", lambda order, _: cells.tags(order.tags), partners=False),
    Col("facility", "Facility", lambda order, _: cells.text(order.facility), partners=False),
    Col("warehouse_ref", "Warehouse's id", lambda order, _: cells.code(order.warehouse_ref), partners=False),
    Col("units", "Units ordered", lambda order, _: cells.quantity(order.units_ordered), sort="units", right=True),
    Col("units_received", "Units received", lambda order, _: cells.quantity(order.units_received), right=True),
    Col("sent", "Sent", lambda order, _: cells.instant(order.sent_at), sort="sent"),
    Col("accepted", "Accepted", lambda order, _: cells.instant(order.accepted_at), sort="accepted"),
    Col("receipt", "Last receipt", lambda order, _: cells.instant(order.last_receipt_at), sort="receipt"),
    Col("late", "Days late", _days_late, right=True),
    Col("reason", "Reason", lambda order, _: cells.text(order.status_reason), staff=True),
)

COLUMNS = (*_SHOWN, *(replace(column, hidden=True) for column in _FURTHER))


def late_words(value: str) -> str:
    """What a number of days means that is not among the choices; nothing for what is no number."""
    days = days_late(value)
    return f"{days:,} days or more late" if days else ""
