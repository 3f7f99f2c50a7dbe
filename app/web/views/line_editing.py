"""Adding and changing lines of an order, while it may be edited: each with a reason, several in a row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_wtf import FlaskForm
from sqlalchemy import select

from app.domain.errors import InletError, StaleRecord
from app.extensions import db
from app.models import LineItem, PurchaseOrder
from app.security.reader import current_reader
from app.services import orders
from app.web import building
from app.web.addresses import is_safe
from app.web.base import Answer, RecordView
from app.web.fab import guarded, route
from app.web.forms import renew_version
from app.web.order_pages import BlockedPage
from app.web.pages import FormPage
from app.web.views.line_forms import LineForm
from app.web.views.order_guards import guards_of


class LineEditing(RecordView):
    """The forms lead back to the Items tab that they were opened from."""

    form_class = LineForm

    @route("/add", methods=["GET", "POST"])
    @guarded
    def add(self) -> Answer:
        """Add a line to the order of the address; with `more` the empty form comes again, with the same reason."""
        order = self.order_of(_order_id())
        why_not = guards_of(order.id, current_reader())["edit"]
        if why_not:
            return self.page("inlet/order/blocked.html", self.blocked(order, why_not))
        form, problem = LineForm(), None
        if not form.is_submitted():
            form.version_no.data, form.reason.data = order.version_no, request.args.get("reason", "")
        if form.validate_on_submit():
            try:
                number = self._add(order.id, form)
            except InletError as refusal:
                problem = refusal
            else:
                flash(f"Line {number} ({form.sku.data}) was added.", "success")
                return redirect(self._after_adding(order.id, form))
        page = building.form_page(self, form, f"New line of {order.number}", back_to(order.id), problem)
        if isinstance(problem, StaleRecord):
            db.session.rollback()
            # Nothing of a new line collides with what somebody else saved: seen once, it may be added.
            renew_version(form, self.order_of(order.id).version_no)
            page = replace(page, remedy="Your entries are kept. Look at the order, then add the line again.")
        return self.page(self.form_template, replace(page, submit="Add line", submit_more="Add, and another"))

    @route("/edit/<int:pk>", methods=["GET", "POST"])
    @guarded
    def edit(self, pk: int) -> Answer:
        """Change a line. A stale form is shown again, beside the values that are stored now."""
        form, problem = self.form(self.found(pk)), None
        if form.validate_on_submit():
            try:
                order_id = self._change(pk, form)
            except InletError as refusal:
                problem = refusal
            else:
                flash("The line was saved; the rules judge the order again.", "success")
                return redirect(back_to(order_id))
        # What was loaded before the service spoke may be old by now.
        db.session.rollback()
        line = self.found(pk)
        why_not = guards_of(line.purchase_order_id, current_reader())["edit"]
        if why_not:
            return self.page("inlet/order/blocked.html", self.blocked(line.purchase_order, why_not))
        page = self.form_page_of(line, form, problem)
        return self.page(self.form_template, page)

    def form_page_of(self, line: LineItem, form: FlaskForm, problem: InletError | None) -> FormPage:
        """The form of one line, with both versions where it is stale."""
        cancel = back_to(line.purchase_order_id)
        page = building.form_page(self, form, f"Edit {self.name_of(line)}", cancel, problem)
        return building.stale_page(page, self, line) if isinstance(problem, StaleRecord) else page

    def version_of(self, record: LineItem) -> int:
        """The version of its order."""
        return record.purchase_order.version_no

    def fill(self, form: FlaskForm, record: LineItem) -> None:
        """The form carries the version of the order that it was made from."""
        if not form.is_submitted():
            form.version_no.data = record.purchase_order.version_no

    def order_of(self, order_id: int) -> PurchaseOrder:
        """The order of a line, through the wall; 404 where there is none for the reader."""
        order: PurchaseOrder | None = db.session.scalars(
            select(PurchaseOrder).where(PurchaseOrder.id == order_id)
        ).one_or_none()
        if order is None:
            abort(404)
        return order

    def blocked(self, order: PurchaseOrder, reason: str) -> BlockedPage:
        """The page in place of a form that is not given now."""
        back = back_to(order.id)
        crumbs = (("Purchase Orders", ""), ("Purchases", url_for("PurchaseOrderView.list")), (order.number, back))
        return BlockedPage(f"The lines of {order.number} cannot be edited now", crumbs, reason, back)

    @staticmethod
    def _add(order_id: int, form: FlaskForm) -> int:
        values, version, reason = _entered(form)
        db.session.rollback()
        return orders.add_line(order_id, version, values, current_reader(), reason=reason)

    def _change(self, pk: int, form: FlaskForm) -> int:
        line = self.found(pk)
        values, version, reason = _entered(form)
        order_id = int(line.purchase_order_id)
        # Only what differs is an edit: the import may still change the rest.
        changes = {name: value for name, value in values.items() if getattr(line, name) != value}
        db.session.rollback()
        orders.edit_line(pk, version, changes, current_reader(), reason=reason)
        return order_id

    def _after_adding(self, order_id: int, form: FlaskForm) -> str:
        if not request.form.get("more"):
            return back_to(order_id)
        return self.href("add", order=order_id, reason=form.reason.data, next=back_to(order_id))


def back_to(order_id: int) -> str:
    """The page that led to a form, if it is one of ours, or else the order's Items tab."""
    wanted = request.values.get("next", "")
    return wanted if is_safe(wanted) else url_for("PurchaseOrderView.show", pk=order_id, tab="items")


def _entered(form: FlaskForm) -> tuple[dict[str, Any], int, str]:
    """The values of a form, the version that it was made from, and the reason."""
    values = building.values_of(form)
    version, reason = int(values.pop("version_no") or 0), str(values.pop("reason"))
    texts = {"sku", "name", "unit_of_measure", "supplier_sku", "barcode"}
    return {name: (value or "") if name in texts else value for name, value in values.items()}, version, reason


def _order_id() -> int:
    order_id = request.args.get("order", type=int)
    if order_id is None or order_id < 0:
        abort(404)
    return order_id
