"""Views whose records can be acted on, singly and by ticked rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from flask import abort, flash, redirect, request, url_for

from app.domain.people import Reader
from app.security.reader import current_reader
from app.web.acts import Acts, perform, posted_ids, tell
from app.web.addresses import next_address
from app.web.base import Answer, RecordView
from app.web.fab import route
from app.web.pages import Act


class ActingView(RecordView):
    """The actions are those of `acts`; each of them is a right of the view."""

    acts: ClassVar[Acts]

    def further_permissions(self) -> tuple[str, ...]:
        """One right for each action."""
        return tuple(f"can_{name}" for name in self.acts.specs)

    @route("/act/<string:name>/<int:pk>", methods=["POST"])
    def act_on_one(self, name: str, pk: int) -> Answer:
        """Perform an action on one record."""
        if not self.signed_in():
            return redirect(self.appbuilder.get_url_for_login)
        self.demand(name)
        outcomes = perform(self.acts, self.datamodel.obj, name, [pk], current_reader())
        tell(self.acts.specs[name].label, outcomes)
        gone = name in {"delete", "force_delete"} and any(outcome.result == "done" for outcome in outcomes)
        return redirect(self.list_href() if gone else next_address(self.show_href(pk)))

    def bulk_acts(self, reader: Reader) -> tuple[Act, ...]:
        """The actions on ticked rows that the person has a right to."""
        offered = self.acts.offer(reader, lambda _name: self.act_href(), {})
        return tuple(act for act in offered if self.may(f"can_{act.name}"))

    def single_acts(self, pk: int, reader: Reader, guards: Mapping[str, str]) -> tuple[Act, ...]:
        """The actions on one record, each with the reason why it is not possible now."""
        endpoint = f"{self.endpoint}.act_on_one"
        offered = self.acts.offer(reader, lambda name: url_for(endpoint, name=name, pk=pk), guards)
        return tuple(act for act in offered if self.may(f"can_{act.name}"))

    def demand(self, name: str) -> None:
        """Answer 404 for an action that there is not, and 403 for one that the person has no right to."""
        if name not in self.acts.specs:
            abort(404)
        if not self.may(f"can_{name}"):
            abort(403)

    @staticmethod
    def signed_in() -> bool:
        """Whether somebody is signed in; the right of an action is asked by its name, not by the route's."""
        return current_reader().user_id is not None


class TickedView(ActingView):
    """Its actions on ticked rows are performed at once, in the request."""

    @route("/act", methods=["POST"])
    def act_on_ticked(self) -> Answer:
        """Perform the action of the form on the ticked records."""
        name = request.form.get("action", "")
        if not self.signed_in():
            return redirect(self.appbuilder.get_url_for_login)
        self.demand(name)
        ids = posted_ids()
        if not ids:
            flash("Nothing was ticked.", "warning")
            return redirect(next_address(self.list_href()))
        outcomes = perform(self.acts, self.datamodel.obj, name, ids, current_reader())
        tell(self.acts.specs[name].label, outcomes, len(ids) - len(outcomes))
        return redirect(next_address(self.list_href()))

    def act_href(self) -> str:
        """Where actions on ticked rows are posted to."""
        return self.href("act_on_ticked")
