"""What needs a person now: the groups of figures for staff."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flask import url_for

from app.domain.states import CAUSES
from app.extensions import db
from app.queries import dashboard
from app.queries.counting import Count
from app.queries.dashboard import LATE_DAYS
from app.web.dashboard_page import Figure, Group
from app.web.views.dashboard_links import orders_href
from app.web.views.work import STUCK_WORDS

Found = Mapping[str, Count]

OTHER = "other"
"""How an address names the causes that have no word of their own."""

_STUCK_LOOKS = {
    "failed": ("red", "status-error"),
    "unknown": ("amber", "problem"),
    "retrying": ("amber", "status-busy"),
}


def needs_groups(now: datetime) -> tuple[Group, ...]:
    """The groups, in the order in which a person works them off."""
    found = dashboard.needs(db.session, now)
    return (_errors(found), _late(found), _receipts(found), _deliveries(found), _decisions(found))


def _errors(found: Found) -> Group:
    causes = [*CAUSES.items(), ("", "Other")]
    figures = tuple(
        Figure(
            f"cause-{step or OTHER}",
            label,
            found[f"cause:{step}"],
            orders_href(status="error", cause=step or OTHER),
            "red",
            "status-error",
        )
        for step, label in causes
    )
    return Group("errors", "Purchase orders in Error", figures, "No purchase order is in Error")


def _late(found: Found) -> Group:
    late = tuple(
        Figure(
            f"late-{days}",
            f"Late by {days} day{'s' if days > 1 else ''} or more",
            found[f"late:{days}"],
            orders_href(late=str(days)),
            "amber",
            "status-late",
        )
        for days in LATE_DAYS
    )
    unsent = Figure(
        "unsent",
        "Past due and not sent yet",
        found["unsent"],
        orders_href(late="past_due", status="new"),
        "red",
        "status-late",
    )
    return Group("late", "Late purchase orders", (*late, unsent), "Nothing is late")


def _receipts(found: Found) -> Group:
    href = url_for("ReceiptView.list", state="error")
    held = Figure("receipts", "Receipts held, or in Error", found["receipts"], href, "red", "receipts")
    return Group("receipts", "Receipts", (held,), "No receipt waits for you")


def _deliveries(found: Found) -> Group:
    figures = tuple(
        Figure(f"stuck-{word}", label, found[f"stuck:{word}"], _stuck_href(word), *_STUCK_LOOKS[word])
        for word, label in STUCK_WORDS
    )
    return Group("stuck", "Deliveries", figures, "Nothing is stuck")


def _stuck_href(word: str) -> str:
    return url_for("DeliveryView.list", stuck=word)


def _decisions(found: Found) -> Group:
    changes = Figure(
        "changes",
        "Changes that wait for you",
        found["changes"],
        orders_href(waits="change"),
        "amber",
        "kind-pending",
    )
    refused = Figure(
        "refused",
        "Records that an import refused",
        found["refused"],
        url_for("RunFailureView.list", state="open"),
        "amber",
        "alerts",
    )
    return Group("decisions", "From the sources", (changes, refused), "No change and no record waits for you")
