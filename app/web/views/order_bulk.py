"""Bulk actions on purchase orders: the plan of what was chosen, and its confirmation.

The choice is the ticked rows, or all that match the list: the address carries the list's own arguments, and the server
asks them again. Nothing is done in a request; a worker does it.
"""

from __future__ import annotations

import secrets

from flask import abort, flash, redirect, request, url_for

from app.domain.errors import Refused
from app.domain.people import Reader
from app.extensions import db
from app.queries.listing import conditions_of
from app.security.reader import current_reader
from app.services import bulk, bulk_plan
from app.services.actions import ORDER_ACTIONS
from app.services.bulk_plan import Chosen, Plan
from app.web import building, cells
from app.web.acting import ActingView
from app.web.acts import DANGEROUS, options_of, posted_ids
from app.web.addresses import arguments, changed, next_address
from app.web.base import Answer
from app.web.bulk_pages import PlanPage
from app.web.columns import Col, Shown, table
from app.web.fab import route
from app.web.pages import Act, Empty, Table

_SAMPLE_COLUMNS = (
    Col("number", "Number", lambda row, _: cells.text(row.number)),
    Col("status", "Status", lambda row, _: cells.shown_status(row.status)),
    Col("warehouse", "Warehouse", lambda row, _: cells.text(row.warehouse)),
    Col(
        "then",
        "What will happen",
        lambda row, _: cells.text((row.why_not and f"Skipped: {row.why_not}") or "Will be done"),
    ),
)


class BulkRoutes(ActingView):
    """What the list of purchase orders needs for bulk actions."""

    plans = True

    @route("/plan", methods=["POST"])
    def plan(self) -> Answer:
        """Say what the chosen action would do to the chosen orders."""
        name = request.form.get("action", "")
        if not self.signed_in():
            return redirect(self.appbuilder.get_url_for_login)
        self.demand(name)
        reader, chosen = current_reader(), self._chosen()
        if chosen.ids == []:
            flash("Nothing was ticked.", "warning")
            return redirect(next_address(self.list_href()))
        return self._plan_page(name, chosen, reader)

    @route("/bulk", methods=["POST"])
    def bulk(self) -> Answer:
        """Confirm a plan: freeze its orders and queue the job, or show the plan again with the reason why not."""
        name = request.form.get("action", "")
        if not self.signed_in():
            return redirect(self.appbuilder.get_url_for_login)
        self.demand(name)
        reader, chosen = current_reader(), self._chosen()
        spec = ORDER_ACTIONS[name]
        order = bulk.Order(
            action=name,
            options=options_of(spec),
            expected=request.form.get("expected", -1, type=int),
            key=f"{reader.user_id}-{request.form.get('key', '')[:64] or secrets.token_urlsafe(16)}",
            words=self._words(chosen, reader),
            back=next_address(self.list_href()),
        )
        db.session.rollback()
        try:
            run_id = bulk.start(order, chosen, reader)
        except Refused as refusal:
            return self._plan_page(name, chosen, reader, refusal.sentence())
        return redirect(url_for("BulkJobView.show", pk=run_id))

    def bulk_acts(self, reader: Reader) -> tuple[Act, ...]:
        """The actions to plan: what they ask is asked on the plan's page."""
        return tuple(Act(act.name, act.label, danger=act.danger) for act in super().bulk_acts(reader))

    def act_href(self) -> str:
        """Where the choice goes: with the list's arguments, so that the server can ask for all that match."""
        return changed(self.href("plan"), arguments())

    def _all(self) -> bool:
        return request.form.get("all", "") == "1"

    def _chosen(self) -> Chosen:
        if not self._all():
            return Chosen(ids=posted_ids())
        ask = building.asked(self, building.shown_now())
        return Chosen(conditions=tuple(conditions_of(self.datamodel.listing, ask)))

    def _words(self, chosen: Chosen, reader: Reader) -> str:
        if chosen.ids is not None:
            return f"{len(chosen.ids):,} ticked"
        return building.filters_in_words(self, building.shown_now(reader)) or "all of the list"

    def _plan_page(self, name: str, chosen: Chosen, reader: Reader, problem: str = "") -> Answer:
        spec, words = ORDER_ACTIONS[name], self._words(chosen, reader)
        db.session.rollback()
        found = bulk_plan.plan(name, chosen, reader)
        if not found.total and chosen.ids is not None:
            abort(404)
        if not found.total:
            flash("No purchase order matches any more. Nothing was started.", "warning")
            return redirect(next_address(self.list_href()))
        page = PlanPage(
            title=f"{spec.label}: {_count(found.total)}",
            crumbs=(*self.crumbs(), (str(self.list_title), next_address(self.list_href()))),
            label=f"{spec.label}: {_count(found.done)}",
            plan=found,
            words=words,
            warning=spec.ask,
            fields=spec.fields,
            samples=_samples(found, building.shown_now(reader), self),
            confirm_url=changed(self.href("bulk"), arguments()),
            hidden=tuple(_hidden(name, chosen, found)),
            back=next_address(self.list_href()),
            danger=name in DANGEROUS,
            problem=problem,
            values=tuple((field, request.form.get(field, "")) for field in spec.fields),
        )
        return self.page("inlet/bulk/plan.html", page)


def _hidden(name: str, chosen: Chosen, found: Plan) -> list[tuple[str, str]]:
    """What the confirmation posts: the same choice, how many it was, and a key that makes a second click harmless."""
    key = request.form.get("key", "") or secrets.token_urlsafe(16)
    choice = [("all", "1")] if chosen.ids is None else [("ids", str(number)) for number in chosen.ids]
    back = [("next", request.form["next"])] if request.form.get("next") else []
    return [("action", name), ("expected", str(found.total)), ("key", key), *choice, *back]


def _samples(found: Plan, shown: Shown, view: BulkRoutes) -> Table:
    return table(_SAMPLE_COLUMNS, found.samples, shown, empty=Empty("None"), href=lambda row: view.show_href(row.id))


def _count(number: int) -> str:
    return f"{number:,} purchase {'order' if number == 1 else 'orders'}"
