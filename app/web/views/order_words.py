"""Why a purchase order stands where it stands, in one sentence."""

from __future__ import annotations

from datetime import datetime

from app.domain.people import Role
from app.domain.states import PoStatus
from app.models import PurchaseOrder, Step
from app.web.columns import Shown


def why(order: PurchaseOrder, shown: Shown) -> str:
    """One sentence; empty where nothing more is expected. Partners are told what concerns their warehouse only."""
    if shown.reader.role is Role.PARTNER:
        return _waiting(order, shown.now) if order.status in {PoStatus.OPEN, PoStatus.PARTIALLY_RECEIVED} else ""
    match order.status:
        case PoStatus.NEW:
            return _preparing(order)
        case PoStatus.OPEN | PoStatus.PARTIALLY_RECEIVED:
            return _waiting(order, shown.now)
        case PoStatus.ERROR:
            return f"It stopped {on(order.status_since)}: {order.status_reason}"
        case PoStatus.CANCELED | PoStatus.CLOSED | PoStatus.ARCHIVED:
            return order.status_reason
        case PoStatus.RECEIVED:
            return ""


def _preparing(order: PurchaseOrder) -> str:
    if order.step is Step.HOLD:
        until = f" until {on(order.held_until)}" if order.held_until else ""
        return f"Held by {order.held_by or 'a rule'}{until}. Reprocess sends it now."
    if order.step is Step.SEND:
        return f"On its way to {order.warehouse or 'the warehouse'}; Deliveries tells about each attempt."
    return "The rules judge it within seconds."


def _waiting(order: PurchaseOrder, now: datetime) -> str:
    since = order.last_receipt_at or order.accepted_at
    what = "the rest" if order.status is PoStatus.PARTIALLY_RECEIVED else "the goods"
    heard = f"; nothing was heard since {on(since)}" if since else ""
    late = f", due {_days(now, order.late_from)}" if order.late_from is not None and now >= order.late_from else ""
    return f"Waiting for {what}{late}{heard}."


def _days(now: datetime, late_from: datetime) -> str:
    # Late begins at the end of the due day.
    days = (now - late_from).days + 1
    return "yesterday" if days == 1 else f"{days} days ago"


def on(instant: datetime | None) -> str:
    """An instant in a sentence, or nothing where there is none."""
    return f"{instant:%-d %b %Y %H:%M} UTC" if instant else ""
