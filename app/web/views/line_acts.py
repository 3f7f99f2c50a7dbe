"""What is done with one line besides editing it: removed, closed short, reopened; asked for in a form of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from flask import abort, flash, make_response, redirect, render_template
from flask_wtf import FlaskForm

from app.domain.errors import InletError, StaleRecord
from app.domain.wording import counted, number
from app.extensions import db
from app.models import LineItem
from app.security.reader import current_reader
from app.services import orders
from app.services.actions import perform_orders
from app.web import building
from app.web.addresses import wants_fragment
from app.web.base import Answer
from app.web.fab import guarded_as, route
from app.web.forms import renew_version
from app.web.pages import FormPage
from app.web.views.line_columns import outstanding
from app.web.views.line_editing import LineEditing, back_to
from app.web.views.line_forms import LineActForm, LineReopenForm
from app.web.views.order_guards import guards_of


@dataclass(frozen=True, slots=True)
class LineAct:
    """One act: its button, whose right it needs, the order's guard that it asks, and what it says before it is done."""

    label: str
    right: tuple[str, str]
    guard: str
    form: type[FlaskForm]
    tells: Callable[[LineItem], str]
    danger: bool = False


def _removed(line: LineItem) -> str:
    goes = f"Line {line.line_number} ({line.sku}) with {counted(line.quantity, 'unit')} goes"
    return f"{goes}, and the rules judge the order again. Reset brings it back as it was imported."


def _closed_short(line: LineItem) -> str:
    short = outstanding(line)
    return (
        f"{number(short)} of {counted(line.quantity, 'unit')} of {line.sku} are written off and no longer expected. The"
        " source hears it at the next status update, the warehouse where it takes updates."
    )


def _reopened(line: LineItem) -> str:
    return f"{counted(line.closed_short_quantity, 'unit')} of {line.sku} are expected again."


_ORDERS: Final = "PurchaseOrders"
ACTS: Final[Mapping[str, LineAct]] = {
    "remove": LineAct("Remove", ("can_delete", "LineItems"), "edit", LineActForm, _removed, danger=True),
    "close_short": LineAct(
        "Close short", ("can_close_short", "PurchaseOrders"), "close_short", LineActForm, _closed_short
    ),
    "reopen": LineAct("Reopen", ("can_reopen", "PurchaseOrders"), "reopen", LineReopenForm, _reopened),
}


class LineActs(LineEditing):
    """A GET asks, as a page or as the content of a dialog; a POST does it."""

    def further_permissions(self) -> tuple[str, ...]:
        """The right to remove a line."""
        return ("can_delete",)

    @route("/act/<string:name>/<int:pk>", methods=["GET", "POST"])
    @guarded_as("show")
    def act(self, name: str, pk: int) -> Answer:
        """Ask for the reason, or do it."""
        act = self._demanded(name)
        line = self.found(pk)
        order_id = line.purchase_order_id
        form, problem = act.form(), None
        if form.validate_on_submit():
            try:
                flash(self._do(name, line, form), "success")
            except InletError as refusal:
                problem = refusal
            else:
                return redirect(back_to(order_id))
            db.session.rollback()
            line = self.found(pk)
        why_not = guards_of(order_id, current_reader())[act.guard]
        if why_not:
            return self._refuse(line, why_not)
        return self._ask(act, line, form, problem)

    def _demanded(self, name: str) -> LineAct:
        act = ACTS.get(name)
        if act is None:
            abort(404)
        if not self.appbuilder.sm.has_access(*act.right):
            abort(403)
        return act

    def _ask(self, act: LineAct, line: LineItem, form: FlaskForm, problem: InletError | None) -> Answer:
        if not form.is_submitted():
            form.version_no.data = line.purchase_order.version_no
        title = f"{act.label}: {self.name_of(line)}"
        page = building.form_page(self, form, title, back_to(line.purchase_order_id), problem)
        page = replace(page, submit=act.label, text=act.tells(line), danger=act.danger)
        if isinstance(problem, StaleRecord):
            renew_version(form, line.purchase_order.version_no)
            page = replace(page, remedy="The line as it stands now is told below. Press again if you still mean it.")
        return self._given(page)

    def _given(self, page: FormPage) -> Answer:
        if wants_fragment():
            return make_response(render_template("inlet/order/line_ask.html", page=page))
        return self.page(self.form_template, page)

    def _refuse(self, line: LineItem, reason: str) -> Answer:
        page = self.blocked(line.purchase_order, reason)
        if wants_fragment():
            return make_response(render_template("inlet/order/line_blocked.html", page=page))
        return self.page("inlet/order/blocked.html", page)

    @staticmethod
    def _do(name: str, line: LineItem, form: FlaskForm) -> str:
        """Do it by the service; returns what to say. The service asks guards and scope again."""
        called, line_id, order_id = f"Line {line.line_number} ({line.sku})", line.id, line.purchase_order_id
        reason = form.reason.data if "reason" in form else ""
        version = int(form.version_no.data or 0)
        db.session.rollback()
        reader = current_reader()
        if name == "remove":
            orders.remove_line(line_id, version, reader, reason=reason)
            return f"{called} was removed; the rules judge the order again."
        options = {"line_ids": [line_id], **({"reason": reason} if name == "close_short" else {})}
        (outcome,) = perform_orders(name, [order_id], reader, **options)
        if outcome.result != "done":
            raise InletError(outcome.message)
        return f"{called}: {outcome.message}"
