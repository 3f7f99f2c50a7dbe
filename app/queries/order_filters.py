"""What a list of purchase orders can be limited to, as conditions on their table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import String, and_, case, cast, false, not_, or_, select

from app.domain.states import CAUSES, DELAYABLE, DELAYED, UNFINISHED, PoStatus, ReceiptState
from app.models import PendingChange, PurchaseOrder, Receipt, Step
from app.queries.listing import Condition

PAST_DUE: Final = "past_due"
OTHER_CAUSE: Final = "other"
# More days than any order is late; the instant before them can still be written down.
_MOST_DAYS: Final = 99_999


def is_delayed(now: datetime) -> Condition:
    """Whether an order is shown as Delayed: it waits for goods at or after the instant from which it is late."""
    return and_(PurchaseOrder.status.in_(sorted(DELAYABLE)), PurchaseOrder.late_from <= now)


def is_past_due(now: datetime) -> Condition:
    """Whether an unfinished order is past its due date, New and held ones included."""
    return and_(PurchaseOrder.status.in_(sorted(UNFINISHED)), PurchaseOrder.late_from <= now)


def has_status(values: tuple[str, ...], now: datetime) -> Condition:
    """Whether an order is shown with one of the nine statuses: a Delayed one is neither Open nor Partially Received."""
    stored = [PoStatus(value) for value in values if value in set(PoStatus)]
    late = is_delayed(now)
    on_time = and_(PurchaseOrder.status.in_(stored), or_(PurchaseOrder.late_from.is_(None), not_(late)))
    return or_(on_time, late) if DELAYED in values else on_time


def shown_status(now: datetime) -> Any:
    """The word of the nine statuses with which an order is shown."""
    return case((is_delayed(now), DELAYED), else_=cast(PurchaseOrder.status, String))


def is_late(values: tuple[str, ...], now: datetime) -> Condition:
    """Whether an order is late: "past_due" of any unfinished status, or a number of days or more while it is Delayed.

    One day late is what was due yesterday, in the zone of its warehouse. What is neither is no order.
    """
    past_due = [is_past_due(now)] if PAST_DUE in values else []
    days = [is_delayed(now - timedelta(days=number - 1)) for number in map(days_late, values) if number]
    return or_(false(), *past_due, *days)


def days_late(value: str) -> int:
    """The number of days that a text asks for, or 0 where it is none."""
    number = int(value) if value.isascii() and value.isdigit() and len(value) <= len(str(_MOST_DAYS)) else 0
    return min(number, _MOST_DAYS)


def has_cause(values: tuple[str, ...], _now: datetime) -> Condition:
    """Whether an order is in Error by one of the causes; "other" are those of which no step is known."""
    known = [value for value in values if value in CAUSES]
    steps = [*known, ""] if OTHER_CAUSE in values else known
    return and_(PurchaseOrder.status == PoStatus.ERROR, PurchaseOrder.failed_step.in_(steps))


def shown_cause(_now: datetime) -> Any:
    """The word of an order's cause; NULL for one that is not in Error."""
    step = case((PurchaseOrder.failed_step == "", OTHER_CAUSE), else_=PurchaseOrder.failed_step)
    return case((PurchaseOrder.status == PoStatus.ERROR, step))


def waits_for(values: tuple[str, ...], _now: datetime) -> Condition:
    """Whether an order waits for a person, or stands apart, in one of the ways of WAITS."""
    return or_(false(), *(_WAITS[value]() for value in values if value in _WAITS))


def is_due(values: tuple[str, ...], now: datetime) -> Condition:
    """What is due by a word that is no range of days: "overdue", or "none" for those without a due date."""
    words = {"overdue": is_past_due(now), "none": PurchaseOrder.due_date.is_(None)}
    return or_(false(), *(words[value] for value in values if value in words))


def _change() -> Condition:
    return PurchaseOrder.id.in_(select(PendingChange.purchase_order_id))


def _receipt() -> Condition:
    failed = select(Receipt.purchase_order_id).where(Receipt.state == ReceiptState.ERROR)
    return PurchaseOrder.id.in_(failed.where(Receipt.purchase_order_id.is_not(None)))


def _edited() -> Condition:
    return PurchaseOrder.edited.is_(True)


def _held() -> Condition:
    return PurchaseOrder.step == Step.HOLD


_WAITS: Final[Mapping[str, Callable[[], Condition]]] = {
    "change": _change,
    "receipt": _receipt,
    "edited": _edited,
    "held": _held,
}

# The choices of these filters, with the words that people read.
LATE: Final[Mapping[str, str]] = MappingProxyType(
    {
        PAST_DUE: "Past due, any unfinished status",
        "1": "1 day or more late",
        "3": "3 days or more late",
        "7": "7 days or more late",
        "14": "14 days or more late",
        "30": "30 days or more late",
    }
)
CAUSE: Final[Mapping[str, str]] = MappingProxyType({**CAUSES, OTHER_CAUSE: "Other"})
WAITS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "change": "A change waits for a decision",
        "receipt": "A receipt is in Error",
        "edited": "Edited here",
        "held": "Held by a rule",
    }
)
