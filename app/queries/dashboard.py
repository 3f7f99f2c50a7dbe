"""The figures of the first page: what needs a person, where orders stand, what is expected and what came.

Everything goes through the wall of the page's session. A figure counts what the list behind its link shows; the
conditions are written so that the partial indexes answer them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Date, DateTime, and_, cast, func, not_, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.domain.states import CAUSES, DELAYABLE, DISPLAY, PoStatus, ReceiptState
from app.domain.wallclock import day_start
from app.models import Delivery, PendingChange, PurchaseOrder, Receipt, RunFailure
from app.queries.counting import Count, Counted, count_all
from app.queries.listing import AnySession, Condition
from app.queries.order_filters import is_delayed
from app.queries.work import STUCK, is_stuck

LATE_DAYS: Final = (1, 3, 7, 14)
WEEKS: Final = 8
"""This week and the seven after it."""
DAYS: Final = 14
UNFINISHED: Final = ("new", "open", "partially_received", "delayed")
"""The statuses, as people see them, of orders that something is still expected of."""

_STORED_UNFINISHED: Final = (PoStatus.NEW, PoStatus.OPEN, PoStatus.PARTIALLY_RECEIVED)


def late_by(days: int, now: datetime) -> Condition:
    """Whether an order is Delayed, and has been for `days` days or more: on the day after its due date it is by one."""
    return and_(PurchaseOrder.status.in_(sorted(DELAYABLE)), PurchaseOrder.late_from <= now - timedelta(days=days - 1))


def needs(session: AnySession, now: datetime) -> dict[str, Count]:
    """What waits for a person, by name: "cause:<step>" ("cause:" for other causes), "late:<days>", "unsent",
    "changes", "receipts", "stuck:<word>", "refused"."""
    causes = {
        f"cause:{step}": [PurchaseOrder.status == PoStatus.ERROR, PurchaseOrder.failed_step == step]
        for step in (*CAUSES, "")
    }
    late = {f"late:{days}": [late_by(days, now)] for days in LATE_DAYS}
    unsent = [PurchaseOrder.status == PoStatus.NEW, PurchaseOrder.late_from <= now]
    wanted: dict[str, Counted] = {
        name: (PurchaseOrder, conditions) for name, conditions in {**causes, **late, "unsent": unsent}.items()
    }
    wanted["changes"] = (PendingChange, [])
    wanted["receipts"] = (Receipt, [Receipt.state == ReceiptState.ERROR])
    wanted.update({f"stuck:{word}": (Delivery, [is_stuck(word)]) for word in STUCK})
    wanted["refused"] = (RunFailure, [RunFailure.state == "open"])
    return count_all(session, wanted)


def by_status(session: AnySession, now: datetime) -> dict[str, Count]:
    """How many orders are shown with each of the nine statuses."""
    late = is_delayed(now)
    on_time = or_(PurchaseOrder.late_from.is_(None), not_(late))
    stored: Mapping[str, Sequence[Condition]] = {
        status.value: [PurchaseOrder.status == status, *([on_time] if status in DELAYABLE else [])]
        for status in PoStatus
    }
    found = {**stored, "delayed": [late]}
    return count_all(session, {name: (PurchaseOrder, found[name]) for name in DISPLAY})


def due(session: AnySession, ranges: Mapping[str, tuple[date | None, date | None]]) -> dict[str, Count]:
    """How many unfinished orders are due within each range of days, both ends included; None is open."""
    return count_all(session, {name: (PurchaseOrder, _due_within(*ends)) for name, ends in ranges.items()})


def _due_within(first: date | None, last: date | None) -> list[Condition]:
    conditions: list[Condition] = [PurchaseOrder.status.in_(_STORED_UNFINISHED)]
    if first is not None:
        conditions.append(PurchaseOrder.due_date >= first)
    return conditions if last is None else [*conditions, PurchaseOrder.due_date <= last]


@dataclass(frozen=True, slots=True)
class Span:
    """How many records fall into a span of days, and their units. `first` or `last` of None is open; both: no date."""

    first: date | None
    last: date | None
    records: int
    units: Decimal


def inbound(session: AnySession, today: date) -> list[Span]:
    """Unfinished orders and the units that are still to come: overdue, this week, each week after, later, undated.

    Weeks begin on a Monday. This week is what is left of it, from today on, so that each order is in one span.
    """
    monday = today - timedelta(days=today.weekday())
    starts = [today, *(monday + timedelta(weeks=number) for number in range(1, WEEKS + 1))]
    outstanding = func.greatest(PurchaseOrder.units_ordered - PurchaseOrder.units_received, 0)
    bucket = func.width_bucket(PurchaseOrder.due_date, cast(starts, ARRAY(Date))).label("bucket")
    query = select(bucket, func.count(), func.coalesce(func.sum(outstanding), 0))
    query = query.where(PurchaseOrder.status.in_(_STORED_UNFINISHED)).group_by(bucket)
    found = {number: (records, units) for number, records, units in session.execute(query)}
    whole = [(start, after - _DAY) for start, after in pairwise(starts)]
    ends: list[tuple[date | None, date | None]] = [(None, today - _DAY), *whole, (starts[-1], None), (None, None)]
    # An order without a due date falls into no bucket.
    numbers = [*range(len(starts) + 1), None]
    return [Span(*days, *found.get(number, _NOTHING)) for days, number in zip(ends, numbers, strict=True)]


def receipts_per_day(session: AnySession, today: date, zone: ZoneInfo) -> list[Span]:
    """Stored receipts and their units for each of the last days, the oldest first: a day is one of `zone`."""
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    starts = [day_start(day, zone) for day in (*days, today + _DAY)]
    bucket: Any = func.width_bucket(Receipt.created_at, cast(starts, ARRAY(DateTime(timezone=True)))).label("bucket")
    query = select(bucket, func.count(), func.coalesce(func.sum(Receipt.units), 0))
    query = query.where(Receipt.created_at >= starts[0], Receipt.created_at < starts[-1]).group_by(bucket)
    found = {number: (records, units) for number, records, units in session.execute(query)}
    return [Span(day, day, *found.get(number, _NOTHING)) for number, day in enumerate(days, start=1)]


_DAY: Final = timedelta(days=1)
_NOTHING: Final = (0, Decimal(0))
