"""The forms of one line: its fields, and the reason for what is done with it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateField, IntegerField, StringField
from wtforms.validators import DataRequired, InputRequired, NumberRange, Optional
from wtforms.widgets import HiddenInput

from app.domain.record import DECIMAL_PLACES, LARGEST, plain_number
from app.web.forms import short

_SMALLEST = Decimal(1).scaleb(-DECIMAL_PLACES)
_LARGEST = LARGEST - _SMALLEST
_HOW = "Write digits with a point for the decimals, such as 1.5 or 1200."


class AmountField(StringField):  # type: ignore[misc]  # WTForms ships no types
    """A quantity or an amount, exactly as it is stored. A comma is refused: it means thousands to one and tenths to
    another."""

    data: Any

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else plain_number(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number; anything else is told beside the field."""
        self.data = None
        text = valuelist[0].strip() if valuelist else ""
        if not text:
            return
        try:
            number = Decimal(text) if text.isascii() and "_" not in text else Decimal("NaN")
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            # WTForms shows a ValueError beside the field.
            raise ValueError(f"“{text}” is not read as a number. {_HOW}")
        if int(number.normalize().as_tuple().exponent) < -DECIMAL_PLACES:
            raise ValueError(f"“{text}” has more than {DECIMAL_PLACES} decimals. {_HOW}")
        self.data = number


def _within(least: Decimal) -> NumberRange:
    return NumberRange(min=least, max=_LARGEST, message=f"Write a number from {plain_number(least)} to below 10^12.")


def _amount(label: str, *validators: Any) -> AmountField:
    return AmountField(label, [*validators], render_kw={"inputmode": "decimal", "autocomplete": "off"})


def _reason(description: str) -> StringField:
    return StringField("Reason", [DataRequired("Say why."), short()], description=description)


class LineForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """A line of an order."""

    sku = StringField("SKU", [DataRequired("A line needs a SKU."), short()])
    name = StringField("Name", [short()])
    quantity = _amount("Quantity", InputRequired("How many?"), _within(Decimal(0)))
    unit_of_measure = StringField("Unit of measure", [short()])
    pack_size = _amount("Pack size", Optional(), _within(_SMALLEST))
    unit_cost = _amount("Unit cost", Optional(), _within(-_LARGEST))
    expected_date = DateField("Expected", [Optional()])
    supplier_sku = StringField("Supplier SKU", [short()])
    barcode = StringField("Barcode", [short()])
    reason = _reason("Why the line is changed. It stands in the timeline.")
    version_no = IntegerField(widget=HiddenInput())


class LineActForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """Why something is done with one line. `next` is where to go back to."""

    reason = _reason("It stands in the timeline.")
    version_no = IntegerField(widget=HiddenInput())


class LineReopenForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """To expect a line again needs no reason."""

    version_no = IntegerField(widget=HiddenInput())
