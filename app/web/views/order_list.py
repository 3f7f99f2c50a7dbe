"""The list of purchase orders: where a search jumps, the counts of its filters, and what the badge of a row opens."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from app.domain.states import MEANINGS
from app.extensions import db
from app.models import PurchaseOrder
from app.queries import orders as queries
from app.queries.saved_views import views_of
from app.security.reader import current_reader
from app.web import building, cells
from app.web.acting import ActingView
from app.web.addresses import arguments, changed, is_safe
from app.web.base import Answer
from app.web.fab import guarded, guarded_as, route
from app.web.list_parts import NextMenu, NextStep
from app.web.pages import Act
from app.web.saved import ALL, address_of, views_menu
from app.web.views.order_guards import guards_of
from app.web.views.order_standing import sentence

PAGE: Final = "purchase-orders"
"""Under which name saved views know this list."""
_EXPORTS = (
    ("export_orders", "Purchase orders, one row each"),
    ("export_lines", "With lines, can be imported again"),
)
_OF_THE_PAGE = frozenset({"page", "size", "sort", "cols", "view"})


class OrderListView(ActingView):
    """The routes of the list; the page of one order is in `PurchaseOrderView`."""

    jumps = True

    @route("/list/")
    @guarded
    def list(self) -> Answer:
        """The list; an exact number that a search box sent leads to its order."""
        if request.args.get("go"):
            return self._jump()
        reader = current_reader()
        views = views_of(db.session, PAGE, reader.user_id or 0)
        first = next((view for view in views if view.default), None)
        if first is not None and not request.args:
            return redirect(address_of(self.list_href(), self, first.query, first.id))
        page = replace(building.list_page(self), thing=f"{self.noun}s")
        page = replace(page, exports=self._exports() if page.table.rows else ())
        return self.page(self.list_template, replace(page, views=views_menu(self, PAGE, views, reader)))

    @route("/facet/<string:name>")
    @guarded_as("list")
    def facet(self, name: str) -> Answer:
        """The choices of one filter with their counts, under the other arguments of the list."""
        return make_response(render_template("inlet/parts/facet_menu.html", facet=building.counted_facet(self, name)))

    @route("/next/<int:pk>")
    @guarded_as("list")
    def next(self, pk: int) -> Answer:
        """What an order's badge opens: what its status means, and what can be done now."""
        order = self.found(pk)
        return make_response(render_template("inlet/parts/next_menu.html", menu=self._next_menu(order)))

    def facet_href(self, name: str) -> str:
        """The address that counts the choices of a filter."""
        return changed(self.href("facet", name=name), arguments(), page=None)

    def clear_href(self) -> str:
        """The list without filters, with the columns and the sort as they are; not the view that it opens with."""
        shown = {name: values for name, values in arguments().items() if name in {"cols", "sort", "size"}}
        return changed(self.list_href(), shown, view=ALL)

    def _jump(self) -> Response:
        # A zero byte is in no number, and asking for one is an error in the database.
        text = request.args.get("q", "").replace("\0", "").strip()[:200]
        found = queries.exactly(db.session, text) if text else None
        if found is not None:
            return redirect(self.show_href(found))
        return redirect(changed(self.list_href(), arguments(), go=None))

    def _exports(self) -> tuple[tuple[str, str], ...]:
        # A file holds all that match, in its own order and columns.
        given = {name: values for name, values in arguments().items() if name not in _OF_THE_PAGE}
        return tuple((label, changed(self.href(name), given)) for name, label in _EXPORTS if self.may(f"can_{name}"))

    def _next_menu(self, order: PurchaseOrder) -> NextMenu:
        shown = building.shown_now()
        acts = self.single_acts(order.id, shown.reader, guards_of(order.id, shown.reader))
        href = self.show_href(order.id)
        return NextMenu(
            name=order.number,
            meaning=MEANINGS[cells.status(order, shown.now).value],
            why=sentence(order, shown),
            steps=tuple(_step(act, href) for act in acts if not act.why_not and "text" not in act.fields),
            href=href,
            return_to=_list_address(self.list_href()),
        )


def _step(act: Act, href: str) -> NextStep:
    # What asks for a reason, or cannot be undone, is asked on the page of the order.
    if act.fields or act.danger:
        return NextStep(act.label, href=f"{href}#act-{act.name}", danger=act.danger)
    return NextStep(act.label, url=act.url, ask=act.ask)


def _list_address(otherwise: str) -> str:
    """The list that the badge stands in, with its filters: htmx tells the address of its page."""
    parts = urlsplit(request.headers.get("HX-Current-URL", ""))
    address = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return address if parts.path == otherwise and is_safe(address) else otherwise
