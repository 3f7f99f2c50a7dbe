"""The tabs of a purchase order's page. Only the asked one is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import url_for

from app.domain.people import Role
from app.extensions import db
from app.models import PurchaseOrder
from app.queries import orders as queries
from app.web.columns import Shown, table
from app.web.order_pages import AnyTab
from app.web.pages import Empty, TableTab
from app.web.views.order_custody import activity_tab, deliveries_tab
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
        "activity": activity_tab,
        "deliveries": deliveries_tab,
        "source": source_tab,
    }
    return makers[name](view, order, shown)


def _receipts(_view: PurchaseOrderView, order: PurchaseOrder, shown: Shown) -> TableTab:
    rows = queries.receipts_of(db.session, order.id)
    empty = Empty("No receipts yet", "They are pulled from the warehouse at each status update.")
    found = table(RECEIPT_COLUMNS, rows, shown, empty=empty, href=lambda row: url_for("ReceiptView.show", pk=row.id))
    return TableTab("inlet/order/receipts.html", found)
