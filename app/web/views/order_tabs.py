"""The tabs of a purchase order's page. Only the asked one is loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import url_for

from app.domain.people import Role
from app.domain.record import plain_number
from app.extensions import db
from app.models import PurchaseOrder
from app.queries import orders as queries
from app.queries.listing import Ask, find
from app.web import asking
from app.web.columns import Shown, table
from app.web.pages import (
    AnyTab,
    Empty,
    SourceTab,
    TableTab,
)
from app.web.views.lines import LINE_COLUMNS
from app.web.views.order_custody import activity_tab, deliveries_tab
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


def tab_of(name: str, view: PurchaseOrderView, order: PurchaseOrder, shown: Shown) -> AnyTab:
    """The content of a tab."""
    makers: dict[str, Callable[[PurchaseOrderView, PurchaseOrder, Shown], AnyTab]] = {
        "items": _items,
        "receipts": _receipts,
        "activity": activity_tab,
        "deliveries": deliveries_tab,
        "source": _source,
    }
    return makers[name](view, order, shown)


def _items(_view: PurchaseOrderView, order: PurchaseOrder, shown: Shown) -> TableTab:
    sorts = {column.sort for column in LINE_COLUMNS if column.sort and (shown.reader.sees_cost or not column.cost)}
    asked = asking.ask_of_request((), (), sorts, shown.now)
    ask = Ask(
        now=shown.now,
        search=asked.search,
        chosen={"order": (str(order.id),)},
        sort=asked.sort,
        descending=asked.descending,
        page=asked.page,
        size=queries.ITEMS_PER_PAGE,
    )
    found = find(db.session, queries.LINES, ask)
    items = table(
        LINE_COLUMNS,
        found.rows,
        shown,
        empty=Empty("No such line", "No SKU, barcode or name of this order holds that.")
        if ask.search
        else Empty("No lines"),
        href=lambda line: url_for("LineItemView.show", pk=line.id),
        heading=lambda column: asking.heading(column, ask),
    )
    box = asking.search_box(ask, "SKU, barcode or name")
    return TableTab("inlet/order/items.html", items, asking.pager(ask, found), box)


def _receipts(_view: PurchaseOrderView, order: PurchaseOrder, shown: Shown) -> TableTab:
    rows = queries.receipts_of(db.session, order.id)
    empty = Empty("No receipts yet", "They are pulled from the warehouse at each status update.")
    found = table(RECEIPT_COLUMNS, rows, shown, empty=empty, href=lambda row: url_for("ReceiptView.show", pk=row.id))
    return TableTab("inlet/order/receipts.html", found)


_COMPARED = (
    "number",
    "buyer_name",
    "supplier_code",
    "supplier_name",
    "due_date",
    "currency",
    "notes",
    "tags",
    "location",
)


def _source(_view: PurchaseOrderView, order: PurchaseOrder, shown: Shown) -> SourceTab:
    loaded = queries.order(db.session, order.id, snapshot=True)
    snapshot = loaded.snapshot if loaded is not None else {}
    rows = [(name, _plain(snapshot.get(name)), _plain(getattr(order, name))) for name in _COMPARED]
    pending = queries.pending_change(db.session, order.id)
    judgement = queries.last_judgement(db.session, order.id) if shown.reader.is_staff else None
    return SourceTab(
        "inlet/order/source.html",
        tuple((name.replace("_", " ").capitalize(), then, today) for name, then, today in rows),
        frozenset(name.replace("_", " ").capitalize() for name, then, today in rows if then != today),
        snapshot,
        pending.snapshot if pending else None,
        judgement.trace if judgement else None,
    )


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    if hasattr(value, "normalize"):
        return plain_number(value)
    return "" if value is None else str(value)
