"""Lines of one order: all of them, or only those that still wait for goods."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from sqlalchemy import and_

from app.models import LineItem
from app.queries.listing import Listing
from app.queries.orders import LINES

OUTSTANDING: Final[Any] = (
    LineItem.quantity - LineItem.received_before - LineItem.received - LineItem.closed_short_quantity
)
"""What is still to come on a line; below zero where more came than was ordered."""

WAITING_LINES: Final[Listing] = replace(LINES, limit_to=and_(LineItem.left_out_by.is_(None), OUTSTANDING > 0))
