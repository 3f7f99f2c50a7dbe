"""When a purchase order is late."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.wallclock import day_start


def late_from(due_date: date | None, zone: ZoneInfo) -> datetime | None:
    """The UTC instant from which an order due on `due_date` is late: the day after begins in the warehouse's `zone`.

    Where clocks skip that midnight it is the first valid instant after it. Without a due date an order is never late;
    nor is it with 9999-12-31, which some systems write when they mean no date.
    """
    if due_date is None or due_date == date.max:
        return None
    return day_start(due_date + timedelta(days=1), zone)
