"""Forms of our own: typed fields, choices from the database, and what a service says against a value."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import available_timezones

from flask_wtf import FlaskForm
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, ValidationError

from app.domain.errors import BadSettings, InletError
from app.domain.record import plain_number
from app.rules.problems import RuleError

NAME_LENGTH = 200
_TEXT_LENGTH = 100_000
_NOT_COMPARED = frozenset({"csrf_token", "version_no", "secrets"})


@dataclass(frozen=True, slots=True)
class Told:
    """What to say over the whole form."""

    message: str
    remedy: str


class JsonField(TextAreaField):  # type: ignore[misc]  # WTForms ships no types
    """A JSON object in a text area."""

    data: Any
    empty: ClassVar[str] = "{}"
    wanted: ClassVar[type] = dict
    example: ClassVar[str] = '{"name": "value"}'

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return json.dumps(self.data or self.wanted(), ensure_ascii=False, indent=2)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the object; anything else is told beside the field."""
        if not valuelist:
            return
        try:
            self.data = json.loads(valuelist[0].strip() or self.empty)
        except ValueError as problem:
            self.data = None
            raise ValueError(f"This is not JSON: {problem}.") from None
        except RecursionError:
            self.data = None
            raise ValueError("This is nested too deeply.") from None
        if not isinstance(self.data, self.wanted):
            self.data = None
            # WTForms shows a ValueError beside the field.
            raise ValueError(f"Write JSON such as {self.example}.")  # noqa: TRY004


class RulesField(JsonField):
    """A JSON list: the rules of a schedule. The service says what is wrong with them."""

    empty = "[]"
    wanted = list
    example = '[{"kind": "minutely", "every": 15}]'


class SecretsField(JsonField):
    """Secrets are written and never shown: the field is always empty, and an empty one leaves them as they are."""

    def _value(self) -> str:
        return ""

    def process_data(self, _value: Any) -> None:
        """What is stored does not come into the form."""
        self.data = None

    def process_formdata(self, valuelist: list[str]) -> None:
        """An empty field is None: keep what is stored."""
        if valuelist and valuelist[0].strip():
            super().process_formdata(valuelist)
        else:
            self.data = None


class TimeZone:
    """A validator: the name of a time zone."""

    zones: ClassVar[frozenset[str]] = frozenset(available_timezones())

    def __call__(self, _form: FlaskForm, field: StringField) -> None:
        """Raises ValidationError for a name that is no zone."""
        if field.data not in self.zones:
            raise ValidationError("There is no such time zone. Write one like Europe/Berlin or UTC.")


def optional_number(value: str) -> int | None:
    """A select's value as a number; the empty choice is None."""
    return int(value) if value else None


def offer(field: SelectField, pairs: Iterable[tuple[Any, str]], nothing: str = "") -> None:
    """Give a select its choices, with an empty one first if `nothing` says what it means."""
    first = [SelectChoice("", nothing)] if nothing else []
    field.choices = [*first, *as_choices(pairs)]


def as_choices(pairs: Iterable[tuple[Any, str]]) -> list[SelectChoice]:
    """Values with labels, as a select takes them."""
    return [SelectChoice(str(value), label) for value, label in pairs]


def short() -> Length:
    """A validator: not longer than a name may be."""
    return Length(max=NAME_LENGTH, message=f"Write at most {NAME_LENGTH} signs.")


def long() -> Length:
    """A validator: not longer than a text may be."""
    return Length(max=_TEXT_LENGTH, message=f"Write at most {_TEXT_LENGTH:,} signs.")


def renew_version(form: FlaskForm, version: int) -> None:
    """Let a stale form carry today's version: saving it again is meant, now that both versions were shown."""
    form.version_no.data, form.version_no.raw_data = version, None


def plain_value(value: Any) -> str:
    """A value of a form or a record as one line of text, to be read side by side."""
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value)
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, datetime):
        # A form holds minutes, in UTC and without saying so.
        return f"{value:%Y-%m-%d %H:%M}"
    return "" if value is None else str(value)


def differences(form: FlaskForm, record: Any) -> tuple[tuple[str, str, str], ...]:
    """The fields in which a form differs from its record: label, the value in the form, the value stored now."""
    found = []
    for field in form:
        if field.name in _NOT_COMPARED or not hasattr(record, field.name):
            continue
        entered, stored = plain_value(field.data), plain_value(getattr(record, field.name))
        if entered != stored:
            found.append((str(field.label.text), entered, stored))
    return tuple(found)


def show_problem(form: FlaskForm, problem: InletError) -> Told:
    """Put what a service said beside the field that it names, or over the form."""
    if isinstance(problem, RuleError) and "text" in form:
        form["text"].errors = [*form["text"].errors, *(finding.sentence() for finding in problem.problems)]
        return Told("The rule was not saved.", "Mend what is marked below.")
    name = problem.field.split(".")[0] if isinstance(problem, BadSettings) else ""
    if name and name in form:
        field = form[name]
        field.errors = [*field.errors, problem.sentence()]
        return Told("Nothing was saved yet.", "Mend what is marked below.")
    return Told(problem.message, problem.remedy)
