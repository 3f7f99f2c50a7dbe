"""Facts of orders, for the tests of the sentence that says why one is not moving."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.domain.people import Role
from app.domain.situation import Outgoing, Situation
from app.domain.standing import stand
from app.domain.states import PoStatus
from app.domain.wording import plain

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
TODAY_ENDS = datetime(2026, 3, 11, tzinfo=UTC)
DUE = date(2026, 3, 10)


def ago(**length: float) -> datetime:
    """An instant in the past."""
    return NOW - timedelta(**length)


def ahead(**length: float) -> datetime:
    """An instant in the future."""
    return NOW + timedelta(**length)


def message(state: str = "due", **values: Any) -> Outgoing:
    """A message to the warehouse, planted two hours ago and due in a quarter of an hour."""
    defaults = {"id": 1, "kind": "create", "since": ago(hours=2), "due_at": ahead(minutes=15)}
    return Outgoing(state=state, **{**defaults, **values})


def late(days: int) -> dict[str, Any]:
    """Facts of an order whose due day was `days` days ago."""
    return {"late_from": TODAY_ENDS - timedelta(days=days), "due_date": DUE - timedelta(days=days)}


def situation(status: PoStatus, role: Role = Role.SUPPORT, **values: Any) -> Situation:
    """An order of Acme's shop at the warehouse East, five minutes at its status, unless told otherwise."""
    defaults = {"since": ago(minutes=5), "warehouse": "East", "source": "Shop"}
    return Situation(NOW, role, status, **{**defaults, **values})


def read(facts: Situation) -> tuple[str, str]:
    """What the page says, and what it offers, in the form of a case."""
    told = stand(facts)
    helps = " ".join((told.tone, told.action or "-", told.link or "-"))
    return f"{told.lead} {plain(told.words)}", helps.removesuffix(" -").removesuffix(" -")


HELD = {"step": "hold", "held_by": "Hold samples"}
SENDING = {"step": "send"}
ACCEPTED = {"accepted_at": ago(days=12), "late_from": TODAY_ENDS + timedelta(days=6), "due_date": date(2026, 3, 16)}
WAITS = "Accepted by East 12 days ago; expected on 16 Mar 2026 (in 6 days)."
SOME = {
    "units_ordered": Decimal(1200),
    "units_received": Decimal("400.50"),
    "last_receipt_at": ago(hours=3),
    "waiting_lines": 2,
    "waiting_units": Decimal("799.5"),
}
CAME = "400.5 of 1,200 units came, the last 3 hours ago; 2 lines wait"
ALL = {"last_receipt_at": ago(hours=5)}
FULL = "Every line was received in full, the last 5 hours ago."
