"""The functions of the rule language, in one table for checker, interpreter, completion and help."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.rules.kinds import Kind
from app.rules.moments import instant_of
from app.rules.values import ValueProblemError

_MOST_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Function:
    """One function: `call` takes the values without blanks and gives a value, or raises ValueProblemError.

    `parameters` are the kinds of the arguments; of these the last `optional` may be left out, and with `repeats` the
    last may come again. A blank argument makes the result blank unless `takes_blank`. `result` None is the kind of the
    first argument.
    """

    name: str
    parameters: tuple[Kind, ...]
    result: Kind | None
    call: Callable[..., Any]
    shape: str
    optional: int = 0
    repeats: bool = False
    takes_blank: bool = False
    needs_zone: bool = False


def _upper(text: str) -> str:
    return text.upper()


def _lower(text: str) -> str:
    return text.lower()


def _trim(text: str) -> str:
    return text.strip()


def _length(text: str) -> Decimal:
    return Decimal(len(text))


def _whole(number: Decimal, what: str) -> int:
    if number != number.to_integral_value() or abs(number) > 1_000_000:
        raise ValueProblemError(f"The {what} must be a whole number.")
    return int(number)


def _substring(text: str, start: Decimal, length: Decimal | None = None) -> str:
    first = _whole(start, "start")
    if first < 0:
        raise ValueProblemError("The start counts from 0 and cannot be negative.")
    if length is None:
        return text[first:]
    taken = _whole(length, "length")
    if taken < 0:
        raise ValueProblemError("The length cannot be negative.")
    return text[first : first + taken]


def _round(number: Decimal, digits: Decimal = Decimal(0)) -> Decimal:
    places = _whole(digits, "number of digits")
    if not 0 <= places <= _MOST_DIGITS:
        raise ValueProblemError(f"The number of digits is 0 to {_MOST_DIGITS}.")
    return number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def _abs(number: Decimal) -> Decimal:
    return abs(number)


def least(zone: ZoneInfo, *values: Any) -> Any:
    """The smallest of numbers, or the earliest of dates and instants (a day counts from its beginning in `zone`)."""
    return min(values, key=lambda value: order_key(value, zone))


def greatest(zone: ZoneInfo, *values: Any) -> Any:
    """The largest of numbers, or the latest of dates and instants."""
    return max(values, key=lambda value: order_key(value, zone))


def order_key(value: Any, zone: ZoneInfo) -> Any:
    """What two values of one kind are compared by."""
    return value if isinstance(value, Decimal) else instant_of(value, zone)


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _no_table(_table: str, _key: str) -> None:
    """Stands in the table for `lookup`: the interpreter asks the caller of the engine instead."""


FUNCTIONS: Mapping[str, Function] = {
    function.name: function
    for function in (
        Function("upper", (Kind.TEXT,), Kind.TEXT, _upper, "upper(text)"),
        Function("lower", (Kind.TEXT,), Kind.TEXT, _lower, "lower(text)"),
        Function("trim", (Kind.TEXT,), Kind.TEXT, _trim, "trim(text)"),
        Function("length", (Kind.TEXT,), Kind.NUMBER, _length, "length(text)"),
        Function(
            "substring",
            (Kind.TEXT, Kind.NUMBER, Kind.NUMBER),
            Kind.TEXT,
            _substring,
            "substring(text, start from 0, length)",
            optional=1,
        ),
        Function("round", (Kind.NUMBER, Kind.NUMBER), Kind.NUMBER, _round, "round(number, digits)", optional=1),
        Function("abs", (Kind.NUMBER,), Kind.NUMBER, _abs, "abs(number)"),
        Function("min", (Kind.ANY,), None, least, "min(value, value, …)", repeats=True, needs_zone=True),
        Function("max", (Kind.ANY,), None, greatest, "max(value, value, …)", repeats=True, needs_zone=True),
        Function("coalesce", (Kind.ANY,), None, _coalesce, "coalesce(value, value, …)", repeats=True, takes_blank=True),
        Function("lookup", (Kind.TEXT, Kind.TEXT), Kind.TEXT, _no_table, 'lookup("table", key)'),
    )
}
