"""The form of an order's header: while it may be edited, with a reason, and with both versions when it is stale."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from flask import flash, redirect
from flask_wtf import FlaskForm
from wtforms import DateField, DateTimeLocalField, IntegerField, StringField, TextAreaField
from wtforms.validators import DataRequired, Optional
from wtforms.widgets import HiddenInput

from app.domain.errors import InletError, StaleRecord
from app.extensions import db
from app.models import PurchaseOrder
from app.security.reader import current_reader
from app.services import orders
from app.web import building
from app.web.acting import ActingView
from app.web.base import Answer
from app.web.fab import guarded, route
from app.web.forms import long, short
from app.web.order_pages import BlockedPage
from app.web.views.order_guards import guards_of

_EMPTY_IS_NONE = frozenset({"due_date", "ordered_at"})


class HeaderForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """The header fields of an order that people may change before it is sent."""

    number = StringField("Number", [DataRequired("An order needs a number."), short()])
    buyer_name = StringField("Buyer", [short()])
    supplier_code = StringField("Supplier code", [short()])
    supplier_name = StringField("Supplier", [short()])
    ordered_at = DateTimeLocalField(
        "Ordered", [Optional()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], description="In UTC."
    )
    due_date = DateField("Due date", [Optional()])
    currency = StringField("Currency", [short()])
    tags = StringField("Tags", [long()], description="Words with commas between them.")
    notes = TextAreaField("Notes", [long()])
    reason = StringField(
        "Reason",
        [DataRequired("Say why it is changed."), short()],
        description="Why it is changed. It stands in the timeline.",
    )
    version_no = IntegerField(widget=HiddenInput())


class OrderEditing(ActingView):
    """Edits the header. What differs from today's values is an edit; the service compares the version."""

    form_class = HeaderForm

    @route("/edit/<int:pk>", methods=["GET", "POST"])
    @guarded
    def edit(self, pk: int) -> Answer:
        """The form; a page that says why and leads back, where the order may not be edited now."""
        form = self.form(self.found(pk))
        problem = None
        if form.validate_on_submit():
            try:
                self.save(pk, form)
            except InletError as refusal:
                problem = refusal
            else:
                flash("The purchase order was saved; the rules judge it again.", "success")
                return redirect(self.show_href(pk))
        # What was loaded before the service spoke may be old by now.
        db.session.rollback()
        order = self.found(pk)
        why_not = guards_of(order.id, current_reader())["edit"]
        if why_not:
            return self.page("inlet/order/blocked.html", self.blocked(order, why_not))
        page = building.form_page(self, form, f"Edit {order.number}", self.show_href(pk), problem)
        page = building.stale_page(page, self, order) if isinstance(problem, StaleRecord) else page
        return self.page(self.form_template, page)

    def fill(self, form: FlaskForm, record: PurchaseOrder) -> None:
        """Tags are one text in the form, and an instant is written without its zone."""
        if not form.is_submitted():
            form.tags.data = ", ".join(record.tags)
            form.ordered_at.data = (
                record.ordered_at.replace(tzinfo=None, second=0, microsecond=0) if record.ordered_at else None
            )

    def save(self, pk: int, form: FlaskForm) -> None:
        """Store the header."""
        order = self.found(pk)
        entered = _entered(form, order)
        changes = {name: value for name, value in entered.items() if getattr(order, name) != value}
        db.session.rollback()
        orders.edit_header(pk, form.version_no.data, changes, current_reader(), reason=form.reason.data)

    def blocked(self, order: PurchaseOrder, reason: str) -> BlockedPage:
        """The page in place of a form that is not given now."""
        back = self.show_href(order.id)
        crumbs = (*self.crumbs(), (str(self.list_title), self.list_href()), (order.number, back))
        return BlockedPage(f"{order.number} cannot be edited now", crumbs, reason, back)


def _entered(form: FlaskForm, order: PurchaseOrder) -> dict[str, Any]:
    values = building.values_of(form)
    for name in ("version_no", "reason"):
        del values[name]
    values["tags"] = [tag.strip() for tag in (values["tags"] or "").split(",") if tag.strip()]
    values["ordered_at"] = _instant(values["ordered_at"], order)
    return {name: "" if value is None and name not in _EMPTY_IS_NONE else value for name, value in values.items()}


def _instant(entered: Any, order: PurchaseOrder) -> Any:
    """The instant of the form, which shows minutes only: where they are the same, the stored one stays as it is."""
    if entered is None:
        return None
    known = order.ordered_at
    instant = entered.replace(tzinfo=UTC)
    return known if known is not None and known.replace(second=0, microsecond=0) == instant else instant
