"""Which merchants and warehouses each user may see."""

from __future__ import annotations

from collections.abc import Iterable

from flask import abort, flash, redirect, url_for
from flask_appbuilder import BaseView
from flask_wtf import FlaskForm
from wtforms import SelectMultipleField

from app.domain.errors import InletError
from app.extensions import db
from app.models import UserScope
from app.queries.choices import choices
from app.queries.people import Access, access_of, access_of_all, scope_rows
from app.security.reader import current_reader
from app.services import catalog
from app.web import building, cells
from app.web.base import Answer
from app.web.columns import Col, table
from app.web.fab import guarded, route
from app.web.forms import as_choices
from app.web.pages import Cell, Empty, FormPage, ListPage, Pager
from app.web.rows import Line

_TITLE = "User access"


class AccessForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """What a user may see."""

    merchants = SelectMultipleField(
        "Merchants",
        coerce=int,
        description="A merchant user sees these only. Support staff see all merchants until one is named here.",
    )
    warehouses = SelectMultipleField(
        "Warehouses", coerce=int, description="A warehouse partner sees what was sent to these."
    )


_COLUMNS = (
    Col("user", "User", lambda line, _: cells.text(line.row.user.username)),
    Col("name", "Name", lambda line, _: cells.text(line.row.user.get_full_name())),
    Col("roles", "Roles", lambda line, _: cells.tags([role.name for role in line.row.user.roles])),
    Col("merchants", "Merchants", lambda line, _: _names(line.row.merchants.values())),
    Col("warehouses", "Warehouses", lambda line, _: _names(line.row.warehouses.values())),
)


class UserAccessView(BaseView):  # type: ignore[misc]  # Flask-AppBuilder ships no types
    """The scope of users: a page for Admins."""

    class_permission_name = "UserAccess"
    route_base = "/user-access"
    default_view = "list"

    @route("/list/")
    @guarded
    def list(self) -> Answer:
        """All users with what they may see."""
        lines = [Line(access.user.id, access) for access in access_of_all(db.session)]
        rows = table(
            _COLUMNS,
            lines,
            building.shown_now(),
            empty=Empty("No users"),
            href=lambda line: url_for("UserAccessView.edit", pk=line.id),
        )
        page = ListPage(
            title=_TITLE,
            crumbs=(("Settings", ""),),
            table=rows,
            pager=Pager(1, max(len(lines), 1), len(lines), False, min(1, len(lines)), len(lines), "", ""),
            search=None,
            facets=(),
            chips=(),
            actions=(),
            act_url="",
            return_to=url_for("UserAccessView.list"),
            clear_href=url_for("UserAccessView.list"),
        )
        return str(self.render_template("inlet/list.html", page=page, title=page.title, crumbs=page.crumbs))

    @route("/edit/<int:pk>", methods=["GET", "POST"])
    @guarded
    def edit(self, pk: int) -> Answer:
        """What one user may see."""
        access = access_of(db.session, pk)
        if access is None:
            abort(404)
        form, problem = self._form(access), None
        if form.validate_on_submit():
            try:
                self._save(access, set(form.merchants.data), set(form.warehouses.data))
            except InletError as refusal:
                problem = refusal
            else:
                flash(f"{access.user.get_full_name()} sees this from the next page on.", "success")
                return redirect(url_for("UserAccessView.list"))
        page = self._page(access, form, problem)
        return str(self.render_template("inlet/form.html", page=page, title=page.title, crumbs=page.crumbs))

    def _form(self, access: Access) -> FlaskForm:
        form = AccessForm(data={"merchants": [*access.merchants], "warehouses": [*access.warehouses]})
        offered = choices(db.session, current_reader(), ["merchant", "warehouse"])
        form.merchants.choices = as_choices(offered["merchant"])
        form.warehouses.choices = as_choices(offered["warehouse"])
        return form

    def _page(self, access: Access, form: FlaskForm, problem: InletError | None) -> FormPage:
        here = url_for("UserAccessView.edit", pk=access.user.id)
        return FormPage(
            title=f"What {access.user.get_full_name()} may see",
            crumbs=(("Settings", ""), (_TITLE, url_for("UserAccessView.list"))),
            form=form,
            action=here,
            submit="Save",
            cancel_href=url_for("UserAccessView.list"),
            problem=problem.message if problem else "",
            remedy=problem.remedy if problem else "",
        )

    def _save(self, access: Access, merchants: set[int], warehouses: set[int]) -> None:
        user_id = access.user.id
        rows = scope_rows(db.session, user_id)
        gone = [
            row.id
            for row in rows
            if (row.merchant_id and row.merchant_id not in merchants)
            or (row.warehouse_id and row.warehouse_id not in warehouses)
        ]
        had_merchants, had_warehouses = set(access.merchants), set(access.warehouses)
        db.session.rollback()
        for merchant_id in sorted(merchants - had_merchants):
            catalog.create(UserScope, {"user_id": user_id, "merchant_id": merchant_id}, current_reader())
        for warehouse_id in sorted(warehouses - had_warehouses):
            catalog.create(UserScope, {"user_id": user_id, "warehouse_id": warehouse_id}, current_reader())
        for row_id in gone:
            catalog.delete(UserScope, row_id, current_reader())


def _names(values: Iterable[str]) -> Cell:
    return cells.tags(sorted(values))
