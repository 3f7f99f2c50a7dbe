"""Addresses of lists of purchase orders, as the figures of the first page lead to them."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import url_for

from app.queries.dashboard import UNFINISHED


def orders_href(**arguments: Any) -> str:
    """The list with these filters and no other: a reader's saved view must not narrow what a figure counted."""
    return url_for("PurchaseOrderView.list", view="all", **arguments)


def due_href(first: date | None, last: date | None) -> str:
    """The list of unfinished orders that are due within these days, both included; None is open."""
    ends = {"due_from": first.isoformat() if first else None, "due_to": last.isoformat() if last else None}
    return orders_href(**ends, status=UNFINISHED)


def undated_href() -> str:
    """The list of unfinished orders without a due date."""
    return orders_href(due_in="none", status=UNFINISHED)
