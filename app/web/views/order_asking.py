"""Parts of an order's page that are loaded when somebody opens them: what an action would do, all attributes, …"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import abort, make_response, render_template, url_for

from app.domain.people import Reader, Role
from app.extensions import db
from app.models import PurchaseOrder
from app.queries import orders as queries
from app.security.reader import current_reader
from app.services.consequences import ASKED
from app.web import building
from app.web.acting import ActingView
from app.web.addresses import wants_fragment
from app.web.base import Answer
from app.web.fab import guarded_as, route
from app.web.order_pages import SnapshotPage
from app.web.pages import Act, Crumbs
from app.web.views.order_attributes import attributes_page
from app.web.views.order_guards import consequences_of
from app.web.views.order_source import change_page


class OrderAsking(ActingView):
    """Every part is a fragment for htmx, and a small page of its own for a browser without scripts."""

    @route("/ask/<string:name>/<int:pk>")
    @guarded_as("show")
    def ask(self, name: str, pk: int) -> Answer:
        """What exactly an action would do to an order now, and what would be lost: for its dialog."""
        reader = current_reader()
        if name not in ASKED:
            abort(404)
        if not reader.is_staff or not self.may(f"can_{name}"):
            abort(403)
        return make_response(render_template("inlet/order/ask.html", ask=consequences_of(name, pk, reader)))

    @route("/attributes/<int:pk>")
    @guarded_as("show")
    def attributes(self, pk: int) -> Answer:
        """Every attribute that the reader may see."""
        order = self.found(pk)
        return self._part("attributes", attributes_page(self, order, building.shown_now()))

    @route("/change/<int:pk>")
    @guarded_as("show")
    def change(self, pk: int) -> Answer:
        """What the source's change would change."""
        page = change_page(self, self._for_its_owner(pk))
        if page is None:
            abort(404)
        return self._part("change", page)

    @route("/snapshot/<int:pk>")
    @guarded_as("show")
    def snapshot(self, pk: int) -> Answer:
        """The record as it was imported, as JSON text: it may be long, so it is loaded when it is asked for."""
        self._for_its_owner(pk)
        order = queries.order(db.session, pk, snapshot=True)
        if order is None:
            abort(404)
        title = f"{order.number} as it was imported"
        return self._part("snapshot", SnapshotPage(title, self.crumbs_of(order), order.snapshot))

    def single_acts(self, pk: int, reader: Reader, guards: Mapping[str, str]) -> tuple[Act, ...]:
        """The actions on one order; the dialogs of those that say what they would do ask for it when they open."""
        acts = super().single_acts(pk, reader, guards)
        return tuple(
            replace(act, ask_url=url_for(f"{self.endpoint}.ask", name=act.name, pk=pk)) if act.name in ASKED else act
            for act in acts
        )

    def crumbs_of(self, order: PurchaseOrder) -> Crumbs:
        """The way to a part of an order's page."""
        return (*self.crumbs(), (str(self.list_title), self.list_href()), (order.number, self.show_href(order.id)))

    def _for_its_owner(self, pk: int) -> Any:
        """An order for those who may read what its source says: staff, and its merchant."""
        order = self.found(pk)
        if current_reader().role is Role.PARTNER:
            abort(403)
        return order

    def _part(self, name: str, page: Any) -> Answer:
        template = f"inlet/order/{name}.html"
        if wants_fragment():
            return make_response(render_template(template, page=page))
        return self.page("inlet/order/part.html", page, part=template)
