"""The timeline of an order or a receipt: words from kind and data, and what each entry opens to for its reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from flask import url_for

from app.domain import activity
from app.domain.people import Role
from app.models import Activity, Delivery, DeliveryAttempt
from app.queries.custody import Origin
from app.web import cells
from app.web.columns import Shown
from app.web.pages import Entry, Fact


class Opens(StrEnum):
    """What lies behind an entry."""

    NOTHING = ""
    SOURCE = "source"
    RULES = "rules"
    TRIES = "tries"
    RECEIPT = "receipt"
    EDIT = "edit"
    FACTS = "facts"


# Ids by which an entry finds its detail; people read the detail instead.
_INNER: Final = frozenset({"delivery", "document", "judgement", "run"})
MADE_FROM_TEXT: Final = frozenset({"imported", "changed"})
"""The kinds behind which a raw text stands, also where the entry does not name it."""
_STAFF_GROUPS: Final = frozenset({"rules", "warehouse", "told"})
_TRY_KINDS: Final[Mapping[str, str]] = {
    "accepted": "sent",
    "found": "sent",
    "absent": "sent",
    "rejected": "send_failed",
}


def entry(row: Activity, shown: Shown, po_id: int | None) -> Entry:
    """One line of custody as it is read by this reader. Without `po_id` nothing lies behind it."""
    partner = shown.reader.role is Role.PARTNER
    behind = opens(row, shown) if po_id is not None else Opens.NOTHING
    return Entry(
        at=row.at,
        kind=row.kind,
        title=activity.title(row.kind),
        icon=activity.icon(row.kind),
        text=activity.sentence(row.kind, row.data, for_partner=partner),
        actor=row.actor if not partner or row.kind == "comment" else "",
        href=entry_href(po_id, Origin.ACTIVITY, row.id) if po_id is not None and behind else "",
    )


def tried(row: DeliveryAttempt, message: Delivery, po_id: int) -> Entry:
    """A try that no entry tells of, for staff."""
    return Entry(
        at=row.at,
        kind=_TRY_KINDS.get(row.outcome, "send_retried"),
        title="Attempt",
        icon="send",
        text=activity.tried(row.action, row.outcome, row.number, row.message),
        actor=f"{message.kind.value.capitalize()}, version {message.version}",
        href=entry_href(po_id, Origin.ATTEMPT, row.id),
    )


def entry_href(po_id: int, origin: Origin, entry_id: int) -> str:
    """The address of what lies behind an entry."""
    return url_for("PurchaseOrderView.entry", pk=po_id, kind=origin.value, entry=entry_id)


def opens(row: Activity, shown: Shown) -> Opens:
    """What an entry opens to for a reader: partners get receipts only, and only staff get traces and tries."""
    reader, group = shown.reader, activity.group(row.kind)
    if group == "receipts" and row.receipt_id is not None:
        return Opens.RECEIPT
    if reader.role is Role.PARTNER:
        return Opens.NOTHING
    if row.kind == "edited":
        return Opens.EDIT
    if row.kind in MADE_FROM_TEXT or row.data.get("document"):
        return Opens.SOURCE
    if reader.is_staff and (row.data.get("judgement") or row.data.get("delivery")):
        return Opens.RULES if row.data.get("judgement") else Opens.TRIES
    return Opens.FACTS if any(facts(row, shown)) else Opens.NOTHING


def facts(row: Activity, shown: Shown) -> Iterator[Fact]:
    """What an entry's data tell beyond its sentence; nothing for those who may not read it."""
    reader = shown.reader
    if reader.role is Role.PARTNER or (not reader.is_staff and activity.group(row.kind) in _STAFF_GROUPS):
        return
    said = activity.sentence(row.kind, row.data).lower()
    for name, value in row.data.items():
        told = _shown(value).replace("_", " ").lower() in said
        if name not in _INNER and value not in (None, "", [], {}) and not told:
            cell = cells.json(value) if isinstance(value, dict | list) else cells.text(_shown(value))
            yield Fact(name.replace("_", " ").capitalize(), cell)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
