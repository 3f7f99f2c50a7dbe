"""The Items tab: the lines of an order, paged, searched and sorted, with what can be done with each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import request, url_for

from app.extensions import db
from app.models import LineItem, PurchaseOrder
from app.queries import orders as queries
from app.queries.lines import WAITING_LINES
from app.queries.listing import Ask, Found, Listing, find
from app.web import asking
from app.web.addresses import arguments, changed, this_address
from app.web.columns import Shown, table
from app.web.order_pages import ItemsTab, LineTool, Link
from app.web.pages import Empty
from app.web.views.line_columns import LINE_COLUMNS, outstanding

if TYPE_CHECKING:
    from app.web.views.orders import PurchaseOrderView

_WAITING = "waiting"


def items_tab(view: PurchaseOrderView, order: PurchaseOrder, shown: Shown, guards: Mapping[str, str]) -> ItemsTab:
    """A page of lines: two statements, for an order of three lines and for one of thousands."""
    only_waiting = request.args.get("only") == _WAITING
    ask = _asked(order.id, shown)
    ask, found = _found(WAITING_LINES if only_waiting else queries.LINES, ask)
    lines = table(
        LINE_COLUMNS,
        found.rows,
        shown,
        empty=_nothing(ask, only_waiting=only_waiting),
        href=lambda line: url_for("LineItemView.show", pk=line.id),
        heading=lambda column: asking.heading(column, ask),
    )
    rights = _rights(view, guards)
    adds = "add" in rights
    return ItemsTab(
        template="inlet/order/items.html",
        table=lines,
        pager=asking.pager(ask, found),
        search=asking.search_box(ask, "SKU, barcode or name"),
        tools={line.id: _tools(line, rights) for line in found.rows} if rights else {},
        waiting=_other_lines(only_waiting=only_waiting),
        only_waiting=only_waiting,
        add_href=url_for("LineItemView.add", order=order.id, next=this_address()) if adds else "",
        locked=guards.get("edit", "") if shown.reader.is_staff else "",
    )


def _asked(order_id: int, shown: Shown) -> Ask:
    sorts = {column.sort for column in LINE_COLUMNS if column.sort and (shown.reader.sees_cost or not column.cost)}
    asked = asking.ask_of_request((), (), sorts, shown.now)
    return Ask(
        now=shown.now,
        search=asked.search,
        chosen={"order": (str(order_id),)},
        sort=asked.sort,
        descending=asked.descending,
        page=asked.page,
        size=queries.ITEMS_PER_PAGE,
    )


def _found(listing: Listing, ask: Ask) -> tuple[Ask, Found]:
    """The asked page, or the last one where it is beyond it: its lines may have been removed, or have come."""
    found = find(db.session, listing, ask)
    if found.rows or ask.page == 1 or not found.count:
        return ask, found
    last = replace(ask, page=-(-found.count // ask.size))
    return last, find(db.session, listing, last)


def _nothing(ask: Ask, *, only_waiting: bool) -> Empty:
    if ask.search:
        return Empty("No such line", "No SKU, barcode or name of this order holds that.")
    if only_waiting:
        return Empty("Nothing is outstanding", "Every line came, was closed short, or was left out.")
    return Empty("No lines")


def _other_lines(*, only_waiting: bool) -> Link:
    if only_waiting:
        return "All lines", changed(request.path, arguments(), only=None, page=None)
    return "Outstanding only", changed(request.path, arguments(), only=_WAITING, page=None)


def _rights(view: PurchaseOrderView, guards: Mapping[str, str]) -> frozenset[str]:
    """What the reader may do with lines of this order now."""
    may = view.appbuilder.sm.has_access
    editing = {name for name in ("add", "edit", "delete") if may(f"can_{name}", "LineItems")}
    found = set() if guards.get("edit", "") else editing
    # One line can be closed short or reopened where the order can.
    return frozenset(
        found | {name for name in ("close_short", "reopen") if view.may(f"can_{name}") and not guards.get(name, "")}
    )


def _tools(line: LineItem, rights: frozenset[str]) -> tuple[LineTool, ...]:
    tools = []
    back = this_address()
    if "edit" in rights:
        tools.append(LineTool("Edit", url_for("LineItemView.edit", pk=line.id, next=back)))
    if "delete" in rights:
        tools.append(LineTool("Remove", _act("remove", line, back), dialog=True, danger=True))
    if "close_short" in rights and line.left_out_by is None and outstanding(line) > 0:
        tools.append(LineTool("Close short", _act("close_short", line, back), dialog=True))
    if "reopen" in rights and line.closed_short_quantity > 0:
        tools.append(LineTool("Reopen", _act("reopen", line, back), dialog=True))
    return tuple(tools)


def _act(name: str, line: LineItem, back: str) -> str:
    return url_for("LineItemView.act", name=name, pk=line.id, next=back)
