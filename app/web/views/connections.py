"""Connections: the list, a page with the channel and its schedules, the form, and the runs by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import abort, flash, redirect, url_for
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateTimeLocalField, IntegerField, SelectField, StringField
from wtforms.validators import DataRequired, Optional
from wtforms.widgets import HiddenInput

from app.connectors import registry
from app.domain.errors import BadSettings, InletError
from app.domain.recurrence_json import from_json
from app.domain.recurrence_words import in_words
from app.extensions import db
from app.models import Connection, Schedule, ScheduleKind
from app.queries.catalog import CONNECTIONS, last_runs, schedules_of
from app.queries.choices import choices
from app.security.reader import current_reader
from app.services import catalog, runs
from app.web import building, cells
from app.web.addresses import next_address, this_address
from app.web.asking import Filter
from app.web.base import ALL, Answer, RecordView
from app.web.columns import Col, Shown, table
from app.web.fab import guarded, route
from app.web.forms import JsonField, RulesField, TimeZone, offer, short
from app.web.interface import Interface
from app.web.pages import Act, Cell, ConnectionPage, Empty, Fact, Facts, FormPage, Timetable
from app.web.views.work import RUN_COLUMNS
from app.web.writers import CatalogWriter

LABELS = {ScheduleKind.IMPORT: "Import", ScheduleKind.STATUS_UPDATE: "Status update"}


class ConnectionForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """A connection."""

    name = StringField("Name", [DataRequired("Give it a name."), short()])
    merchant_id = SelectField("Merchant", coerce=int)
    store_id = SelectField("Store", coerce=int)
    warehouse_id = SelectField("Default warehouse", coerce=int)
    time_zone = StringField("Time zone", [TimeZone()], default="UTC", description="Its schedules count in it.")
    enabled = BooleanField("Enabled", description="Off stops import, send and push; receipts are still stored.")
    channel_on = BooleanField("Purchase orders channel", default=True)
    import_from = DateTimeLocalField(
        "Import from (UTC)", [Optional()], description="Older orders are left alone; empty means from enabling on."
    )
    import_filter = JsonField("Import filter", description='Such as {"states": ["open"], "locations": ["EAST"]}.')
    location_map = JsonField("Location map", description="From the source's location to warehouse and facility.")
    version_no = IntegerField(widget=HiddenInput())


class ScheduleForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """When a schedule runs."""

    rules = RulesField(
        "Rules",
        description='A JSON list, such as [{"kind": "minutely", "every": 15}]; rules stack.',
    )


class ConnectionWriter(CatalogWriter):
    """The form's time without a zone is UTC."""

    def create(self, values: Any, reader: Any) -> int:
        """Store a new connection."""
        given = {name: value for name, value in values.items() if name != "version_no"}
        return super().create(_with_zone(given), reader)

    def update(self, record_id: int, values: Any, reader: Any, version_no: int | None) -> None:
        """Change a connection."""
        super().update(record_id, _with_zone(dict(values)), reader, version_no)


class ConnectionView(RecordView):
    """Each joins a merchant's store to the warehouse that receives by default."""

    datamodel = Interface(CONNECTIONS)
    class_permission_name = "Connections"
    route_base = "/connections"
    list_title = "Connections"
    noun = "connection"
    placeholder = "Name"
    empty = Empty("No connections yet", "A connection brings the purchase orders of one store to a warehouse.")
    filters = (Filter("merchant", "Merchant"), Filter("store", "Store"), Filter("warehouse", "Warehouse"))
    columns = (
        Col("name", "Name", lambda row, _: cells.text(row.name), sort="name"),
        Col("merchant", "Merchant", lambda row, _: cells.named(row.merchant)),
        Col("store", "Store", lambda row, _: cells.named(row.store)),
        Col("warehouse", "Default warehouse", lambda row, _: cells.named(row.warehouse)),
        Col("enabled", "State", lambda row, _: _state(row)),
    )
    form_class = ConnectionForm
    writer = ConnectionWriter(Connection)
    writes = ALL

    def further_permissions(self) -> tuple[str, ...]:
        """Running by hand and planning are rights of their own."""
        return ("can_run", "can_schedule")

    @route("/show/<int:pk>")
    @guarded
    def show(self, pk: int) -> Answer:
        """The page of a connection."""
        connection = self.found(pk)
        return self.page("inlet/connection.html", self._page(connection, building.shown_now()))

    @route("/run/<int:pk>/<string:kind>", methods=["POST"])
    @guarded
    def run(self, pk: int, kind: str) -> Answer:
        """Run its import or status update now."""
        self.found(pk)
        if kind not in set(ScheduleKind):
            abort(404)
        db.session.rollback()
        try:
            run_id = runs.run_now(pk, ScheduleKind(kind), current_reader())
        except InletError as problem:
            flash(problem.sentence(), "warning")
        else:
            flash(f"{LABELS[ScheduleKind(kind)]} run {run_id} was queued.", "success")
        return redirect(next_address(self.show_href(pk)))

    @route("/schedule/<int:pk>/<string:kind>", methods=["GET", "POST"])
    @guarded
    def schedule(self, pk: int, kind: str) -> Answer:
        """The form for one of its schedules."""
        connection = self.found(pk)
        found = next((row for row in schedules_of(db.session, connection) if row.kind == kind), None)
        if found is None:
            abort(404)
        form, problem = ScheduleForm(obj=found), None
        if form.validate_on_submit():
            try:
                catalog.save_schedule(pk, ScheduleKind(kind), form.rules.data, current_reader())
            except InletError as refusal:
                problem = BadSettings(refusal.message, "rules", refusal.remedy)
            else:
                flash("The schedule was saved.", "success")
                return redirect(self.show_href(pk))
        return self.page(self.form_template, self._schedule_page(form, connection, found.kind, problem))

    def fill(self, form: FlaskForm, record: Connection | None) -> None:  # noqa: ARG002
        """What is in the reader's scope."""
        offered = choices(db.session, current_reader(), ["merchant", "store", "warehouse"])
        offer(form.merchant_id, offered["merchant"])
        offer(form.store_id, offered["store"])
        offer(form.warehouse_id, offered["warehouse"])

    def _schedule_page(
        self, form: FlaskForm, connection: Connection, kind: ScheduleKind, problem: InletError | None
    ) -> FormPage:
        title = f"{LABELS[kind]} of {connection.name}"
        return building.form_page(self, form, title, self.show_href(connection.id), problem)

    def _page(self, connection: Connection, shown: Shown) -> ConnectionPage:
        may_run = self.may("can_run") and connection.enabled and connection.channel_on
        schedules = tuple(self._timetable(connection, row, may_run) for row in schedules_of(db.session, connection))
        page = building.show_page(self, connection)
        return ConnectionPage(
            title=connection.name,
            crumbs=page.crumbs,
            record_id=connection.id,
            badge=_state(connection),
            groups=_facts(connection),
            schedules=schedules,
            runs=table(
                RUN_COLUMNS,
                last_runs(db.session, connection.id),
                shown,
                empty=Empty("No runs yet", "The first one starts at the next due time of an enabled connection."),
                href=lambda run: url_for("RunView.show", pk=run.id),
                title="Last runs",
                more_href=url_for("RunView.list", connection=connection.id),
            ),
            return_to=this_address(),
            edit_href=page.edit_href,
            delete=page.delete,
        )

    def _timetable(self, connection: Connection, row: Schedule, may_run: bool) -> Timetable:
        supported = _supports(connection, row.kind)
        run_now = Act(row.kind.value, "Run now", self.href("run", pk=connection.id, kind=row.kind.value))
        return Timetable(
            label=LABELS[row.kind],
            kind=row.kind.value,
            recurrence=in_words(from_json(row.rules)),
            last_completed=row.last_completed_at,
            next_run=row.next_due_at,
            run_now=run_now if may_run and supported else None,
            edit_href=self.href("schedule", pk=connection.id, kind=row.kind.value) if self.may("can_schedule") else "",
            note=_note(connection, supported),
        )


def _state(connection: Connection) -> Cell:
    return cells.word("enabled" if connection.enabled else "disabled")


def _note(connection: Connection, supported: bool) -> str:
    if not supported:
        return "Not supported by this connector."
    if not connection.enabled:
        return "The connection is disabled, so nothing runs."
    return "" if connection.channel_on else "The channel is off; it keeps its schedule."


def _supports(connection: Connection, kind: ScheduleKind) -> bool:
    if kind is ScheduleKind.STATUS_UPDATE:
        return True
    return connection.store.kind in registry.SOURCES


def _facts(connection: Connection) -> tuple[Facts, ...]:
    joined = (
        Fact("Merchant", cells.named(connection.merchant, url_for("MerchantView.show", pk=connection.merchant_id))),
        Fact("Store", cells.named(connection.store, url_for("StoreView.show", pk=connection.store_id))),
        Fact(
            "Default warehouse",
            cells.named(connection.warehouse, url_for("WarehouseView.show", pk=connection.warehouse_id)),
        ),
        Fact("Time zone", cells.text(connection.time_zone)),
    )
    imported = (
        Fact("Import from", cells.instant(connection.import_from)),
        Fact("Import filter", cells.pairs(connection.import_filter)),
        Fact("Location map", cells.pairs(connection.location_map)),
        Fact("Channel", cells.word("on" if connection.channel_on else "off")),
    )
    return (Facts("Connection", joined), Facts("Import", imported))


def _with_zone(values: dict[str, Any]) -> dict[str, Any]:
    moment = values.get("import_from")
    if isinstance(moment, datetime):
        values["import_from"] = moment.replace(tzinfo=UTC)
    return values
