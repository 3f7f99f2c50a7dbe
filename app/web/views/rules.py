"""Rules: the list in the order in which they run, one with its versions, and its form."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, NumberRange
from wtforms.widgets import HiddenInput

from app.extensions import db
from app.models import Rule, RuleState
from app.queries.catalog import RULES, versions_of
from app.queries.choices import choices
from app.security.reader import current_reader
from app.web import cells
from app.web.asking import Filter
from app.web.base import ALL, RecordView
from app.web.columns import Col, Shown, table
from app.web.forms import as_choices, long, offer, optional_number, short
from app.web.interface import Interface
from app.web.pages import Cell, Empty, Fact, Facts, Table
from app.web.writers import RuleWriter

_STATES = tuple((state.value, state.value.capitalize()) for state in RuleState)


class RuleForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """A rule."""

    name = StringField("Name", [DataRequired("Give it a name."), short()])
    store_id = SelectField("Store", coerce=optional_number, description="Rules for all stores run first.")
    state = SelectField("State", choices=as_choices(_STATES), description="Only an active rule judges.")
    position = IntegerField("Position", [InputRequired(), NumberRange(min=0, max=10**6)], default=0)
    text = TextAreaField("Rule", [DataRequired("Write the rule."), long()])
    version_no = IntegerField(widget=HiddenInput())


_VERSION_COLUMNS = (
    Col("number", "Version", lambda row, _: cells.number(row.number)),
    Col("at", "Saved", lambda row, _: cells.instant(row.created_at)),
    Col("by", "By", lambda row, _: cells.text(row.created_by)),
    Col("text", "Text", lambda row, _: cells.code(row.text)),
)


class RuleView(RecordView):
    """What is asked of every order before it is sent."""

    datamodel = Interface(RULES)
    class_permission_name = "Rules"
    route_base = "/rules"
    list_title = "Rules"
    noun = "rule"
    section = "Automation"
    placeholder = "Name"
    empty = Empty("No rules yet", "Without a rule an order goes to its connection's default warehouse.")
    filters = (Filter("state", "State", _STATES), Filter("store", "Store"))
    columns = (
        Col("position", "Position", lambda row, _: cells.number(row.position), sort="position", right=True),
        Col("name", "Name", lambda row, _: cells.text(row.name), sort="name"),
        Col("store", "Store", lambda row, _: cells.text(row.store or "All stores")),
        Col("state", "State", lambda row, _: cells.word(row.state.value)),
        Col("version", "Version", lambda row, _: cells.number(row.version), right=True),
    )
    form_class = RuleForm
    writer = RuleWriter()
    writes = ALL

    def fill(self, form: FlaskForm, record: Rule | None) -> None:
        """The stores in scope, and the text in force."""
        offer(form.store_id, choices(db.session, current_reader(), ["store"])["store"], nothing="All stores")
        if record is not None and not form.is_submitted():
            newest = versions_of(db.session, record.id)[:1]
            form.text.data = newest[0].text if newest else ""

    def badge(self, record: Rule, shown: Shown) -> Cell:  # noqa: ARG002
        """Whether it judges."""
        return cells.word(record.state.value)

    def facts(self, record: Rule, shown: Shown) -> tuple[Facts, ...]:  # noqa: ARG002
        """Its place."""
        facts = (
            Fact("Store", cells.text(record.store or "All stores")),
            Fact("Position", cells.number(record.position)),
            Fact("Version in force", cells.number(record.version)),
            Fact("Added", cells.instant(record.created_at)),
        )
        return (Facts("Rule", facts),)

    def tables(self, record: Any, shown: Shown) -> tuple[Table, ...]:
        """Its versions, newest first."""
        rows = versions_of(db.session, record.id)
        return (table(_VERSION_COLUMNS, rows, shown, empty=Empty("No version yet"), title="Versions"),)
