"""The base of all views: Flask-AppBuilder's rights, menu and routes, with lists and forms of our own.

A view declares its listing, columns, filters, form and writer. Nothing of a request is kept on the view: one instance
serves all threads. Reading goes through the wall; whatever changes something is a POST that calls a service.
"""

from __future__ import annotations

from typing import Any, ClassVar

from flask import abort, flash, redirect, url_for
from flask_appbuilder import ModelView
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from app.domain.errors import InletError, NotFound, StaleRecord
from app.domain.people import Reader
from app.extensions import db
from app.security.reader import current_reader
from app.web import building
from app.web.asking import Filter
from app.web.columns import Col, Shown
from app.web.days import Dates
from app.web.fab import guarded, route
from app.web.interface import Interface
from app.web.pages import Act, Cell, Crumbs, Empty, Facts, Table
from app.web.writers import Writer

Answer = str | Response

READ = ("can_list", "can_show")
ALL = ("add", "edit", "delete")
_STOCK_ROUTES = frozenset({"download", "action", "action_post"})


class RecordView(ModelView):  # type: ignore[misc]  # Flask-AppBuilder ships no types
    """Lists, shows and edits the records of one table."""

    datamodel: Interface
    noun: ClassVar[str] = "record"
    section: ClassVar[str] = ""
    columns: ClassVar[tuple[Col, ...]] = ()
    filters: ClassVar[tuple[Filter, ...]] = ()
    date_filters: ClassVar[tuple[Dates, ...]] = ()
    placeholder: ClassVar[str] = ""
    empty: ClassVar[Empty] = Empty("Nothing here yet")
    form_class: ClassVar[type[FlaskForm] | None] = None
    writer: ClassVar[Writer | None] = None
    writes: ClassVar[tuple[str, ...]] = ()
    """Which of add, edit and delete the view has."""
    jumps: ClassVar[bool] = False
    """Whether the search box leads to the one record that has exactly what was entered as its number."""
    adds_here: ClassVar[bool] = True
    """Whether the list offers a new record; lines are added on the page of their order."""

    plans: ClassVar[bool] = False
    """Whether actions on several records are planned first, and may be asked for all that match."""

    list_template = "inlet/list.html"
    show_template = "inlet/show.html"
    form_template = "inlet/form.html"

    def __init__(self) -> None:
        # Stock routes that load rows without a filter are never there; those that write only where it is declared.
        self.exclude_route_methods = _STOCK_ROUTES | (set(ALL) - set(self.writes))
        self.base_permissions = [*READ, *(f"can_{name}" for name in self.writes), *self.further_permissions()]
        super().__init__()

    # Flask-AppBuilder would make forms and filters from all columns of the table here, and keep them for all threads.
    def _init_properties(self) -> None:
        nothing: list[Any] = []
        self.related_views, self._related_views, self.list_columns = nothing, nothing, nothing
        self.label_columns = dict[str, str]()

    def _init_forms(self) -> None:
        """None: forms are declared, and made anew for each request."""

    def _init_titles(self) -> None:
        self.title = self.list_title

    @route("/list/")
    @guarded
    def list(self) -> Answer:
        """The list."""
        return self.page(self.list_template, building.list_page(self))

    @route("/show/<int:pk>")
    @guarded
    def show(self, pk: int) -> Answer:
        """One record."""
        return self.page(self.show_template, building.show_page(self, self.found(pk)))

    @route("/add", methods=["GET", "POST"])
    @guarded
    def add(self) -> Answer:
        """The form for a new record."""
        form, writer, problem = self.form(None), self._writer(), None
        if form.validate_on_submit():
            try:
                record_id = writer.create(building.values_of(form), current_reader())
            except InletError as refusal:
                problem = refusal
            else:
                flash(f"The {self.noun} was added.", "success")
                return redirect(self.show_href(record_id))
        title = f"New {self.noun}"
        return self.page(self.form_template, building.form_page(self, form, title, self.list_href(), problem))

    @route("/edit/<int:pk>", methods=["GET", "POST"])
    @guarded
    def edit(self, pk: int) -> Answer:
        """The form for a record. A stale one is shown again, beside the values that are stored now."""
        form, problem = self.form(self.found(pk)), None
        if form.validate_on_submit():
            try:
                self.save(pk, form)
            except InletError as refusal:
                problem = refusal
            else:
                flash(f"The {self.noun} was saved.", "success")
                return redirect(self.show_href(pk))
        # What was loaded before the service spoke may be old by now.
        db.session.rollback()
        record = self.found(pk)
        page = building.form_page(self, form, f"Edit {self.name_of(record)}", self.show_href(pk), problem)
        page = building.stale_page(page, self, record) if isinstance(problem, StaleRecord) else page
        return self.page(self.form_template, page)

    @route("/delete/<int:pk>", methods=["POST"])
    @guarded
    def delete(self, pk: int) -> Answer:
        """Delete a record by its service."""
        name = self.name_of(self.found(pk))
        try:
            self._writer().delete(pk, current_reader())
        except InletError as problem:
            flash(problem.sentence(), "danger")
            return redirect(self.show_href(pk))
        flash(f"The {self.noun} {name} was deleted.", "success")
        return redirect(self.list_href())

    # What a view may say otherwise: these give the arguments that its own ones may need.

    def further_permissions(self) -> tuple[str, ...]:
        """Rights of this view besides reading and the forms."""
        return ()

    def load(self, pk: int) -> Any:
        """One record through the wall, with what its page names; None outside the reader's scope."""
        return self.datamodel.one(pk)

    def facts(self, record: Any, shown: Shown) -> tuple[Facts, ...]:  # noqa: ARG002
        """The groups of facts of one record."""
        return ()

    def tables(self, record: Any, shown: Shown) -> tuple[Table, ...]:  # noqa: ARG002
        """The tables of what belongs to one record."""
        return ()

    def badge(self, record: Any, shown: Shown) -> Cell | None:  # noqa: ARG002
        """The state of one record."""
        return None

    def acts_of(self, record: Any, reader: Reader) -> tuple[Act, ...]:  # noqa: ARG002
        """The actions on one record."""
        return ()

    def bulk_acts(self, reader: Reader) -> tuple[Act, ...]:  # noqa: ARG002
        """The actions on ticked rows."""
        return ()

    def act_href(self) -> str:
        """Where actions on ticked rows are posted to."""
        return ""

    def facet_href(self, name: str) -> str:  # noqa: ARG002
        """The address that counts the choices of a filter; empty where they are not counted."""
        return ""

    def clear_href(self) -> str:
        """The address of the list without filters."""
        return self.list_href()

    def row_href(self, record: Any) -> str:
        """The address that opens a row of the list."""
        return self.show_href(record.id)

    def fill(self, form: FlaskForm, record: Any) -> None:
        """Give a form its choices."""

    def save(self, pk: int, form: FlaskForm) -> None:
        """Store what a form brought, by the service."""
        values = building.values_of(form)
        version = values.pop("version_no", None)
        self._writer().update(pk, values, current_reader(), version)

    def version_of(self, record: Any) -> int:
        """The version that a form of a record is made from."""
        return int(record.version_no)

    def name_of(self, record: Any) -> str:
        """What people call a record."""
        return str(record)

    # Tools.

    def found(self, pk: int) -> Any:
        """One record, or NotFound: one outside the reader's scope looks like one that never was."""
        record = self.load(pk)
        if record is None:
            raise NotFound(f"There is no such {self.noun}.", "It was deleted, or it is outside of what you may see.")
        return record

    def form(self, record: Any) -> FlaskForm:
        """The form of this view, filled from a record or empty."""
        if self.form_class is None:
            abort(404)
        form = self.form_class(obj=record)
        self.fill(form, record)
        return form

    def may(self, permission: str) -> bool:
        """Whether the person at the page has a right of this view, and the view has it to give."""
        return permission in self.base_permissions and bool(
            self.appbuilder.sm.has_access(permission, self.class_permission_name)
        )

    def page(self, template: str, page: Any, **more: Any) -> str:
        """Render a page."""
        return str(self.render_template(template, page=page, title=page.title, crumbs=page.crumbs, **more))

    def crumbs(self) -> Crumbs:
        """The breadcrumb before a list's title."""
        return ((self.section, ""),) if self.section else ()

    def href(self, method: str, **values: Any) -> str:
        """The address of a method of this view."""
        return url_for(f"{self.endpoint}.{method}", **values)

    def list_href(self) -> str:
        """The address of the list."""
        return self.href("list")

    def show_href(self, pk: int) -> str:
        """The address of a record."""
        return self.href("show", pk=pk)

    def _writer(self) -> Writer:
        if self.writer is None:
            abort(404)
        return self.writer
