"""The tabs of a purchase order's page. Only the asked one is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import request, url_for

from app.domain.people import Role
from app.extensions import db
from app.models import Delivery, PurchaseOrder
from app.queries import orders as queries
from app.web import timeline
from app.web.addresses import changed
from app.web.columns import Shown, table
from app.web.order_pages import AnyTab
from app.web.pages import ActivityTab, Attempt, DeliveriesTab, Empty, Message, TableTab
from app.web.views.order_items import items_tab
from app.web.views.order_source import source_tab
from app.web.views.receipts import RECEIPT_COLUMNS

if TYPE_CHECKING:
    from app.web.views.orders import PurchaseOrderView

_EVERYBODY = frozenset({Role.ADMIN, Role.SUPPORT, Role.PARTNER, Role.MERCHANT})
_STAFF = frozenset({Role.ADMIN, Role.SUPPORT})


@dataclass(frozen=True, slots=True)
class TabKind:
    """A tab, and whose it is."""

    name: str
    label: str
    roles: frozenset[Role]


TABS = (
    TabKind("items", "Items", _EVERYBODY),
    TabKind("receipts", "Receipts", _EVERYBODY),
    TabKind("activity", "Activity", _EVERYBODY),
    TabKind("deliveries", "Deliveries", _STAFF),
    TabKind("source", "Source", _STAFF | {Role.MERCHANT}),
)


def tab_of(name: str, view: PurchaseOrderView, order: PurchaseOrder, shown: Shown, guards: Mapping[str, str]) -> AnyTab:
    """The content of a tab. `guards` says which action on the order is not possible now, and why."""
    if name == "items":
        return items_tab(view, order, shown, guards)
    makers: dict[str, Callable[[PurchaseOrderView, PurchaseOrder, Shown], AnyTab]] = {
        "receipts": _receipts,
        "activity": _activity,
        "deliveries": _deliveries,
        "source": source_tab,
    }
    return makers[name](view, order, shown)


def _receipts(_view: PurchaseOrderView, order: PurchaseOrder, shown: Shown) -> TableTab:
    rows = queries.receipts_of(db.session, order.id)
    empty = Empty("No receipts yet", "They are pulled from the warehouse at each status update.")
    found = table(RECEIPT_COLUMNS, rows, shown, empty=empty, href=lambda row: url_for("ReceiptView.show", pk=row.id))
    return TableTab("inlet/order/receipts.html", found)


def _activity(view: PurchaseOrderView, order: PurchaseOrder, shown: Shown) -> ActivityTab:
    before = request.args.get("before", type=int)
    rows = queries.activity_of(db.session, order.id, before)
    page, more = rows[: queries.ENTRIES_PER_PAGE], len(rows) > queries.ENTRIES_PER_PAGE
    older = changed(view.show_href(order.id), {}, tab="activity", before=str(page[-1].id)) if more else ""
    comment = next((act for act in view.single_acts(order.id, shown.reader, {}) if act.name == "comment"), None)
    entries = tuple(timeline.entry(row, shown) for row in page)
    return ActivityTab("inlet/order/activity.html", entries, older, comment)


def _deliveries(_view: PurchaseOrderView, order: PurchaseOrder, _shown: Shown) -> DeliveriesTab:
    messages, attempts = queries.deliveries_of(db.session, order.id)
    return DeliveriesTab("inlet/order/deliveries.html", tuple(message_of(row, attempts[row.id]) for row in messages))


def message_of(row: Delivery, attempts: list[Any]) -> Message:
    """A message with its attempts."""
    return Message(
        title=f"{row.kind.value.replace('_', ' ').capitalize()}, version {row.version}",
        state=row.state.value,
        due_at=row.due_at,
        settled_at=row.settled_at,
        text=row.message,
        href=url_for("DeliveryView.show", pk=row.id),
        attempts=tuple(attempt_of(attempt) for attempt in attempts),
    )


def attempt_of(row: Any) -> Attempt:
    """One try, as it was."""
    return Attempt(
        at=row.at,
        number=row.number,
        action=row.action,
        outcome=row.outcome,
        code=row.code,
        message=row.message,
        request=row.request,
        reply=row.reply,
        duration_ms=row.duration_ms,
    )
