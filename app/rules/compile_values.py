"""Compiling values: literals, fields, arithmetic, texts, dates, functions."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from app.rules import syntax as sx
from app.rules.closures import Compile, Value, failure
from app.rules.functions import FUNCTIONS, Function
from app.rules.kinds import Kind
from app.rules.moments import literal_instant, next_weekday, shifted, today
from app.rules.places import resolve
from app.rules.readers import reader
from app.rules.run import Run
from app.rules.values import (
    LONGEST_TEXT,
    TimeSpan,
    ValueProblemError,
    Weekday,
    as_boolean,
    as_date,
    as_number,
    as_text,
    kind_of,
    show,
)

_OPERATORS: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "//": operator.floordiv,
}
_TOO_LARGE = "the result of the calculation is too large"


def constant(value: Any) -> Value:
    """The closure of a value that is always the same."""

    def read(_run: Run) -> Any:
        return value

    return read


def text(node: sx.Text, _compile: Compile) -> Value:
    """A text literal; an empty one is blank, as everywhere."""
    return constant(node.value or None)


def number(node: sx.Number | sx.Boolean, _compile: Compile) -> Value:
    """A number, true or false."""
    return constant(node.value)


def blank(_node: sx.Blank, _compile: Compile) -> Value:
    """Blank."""
    return constant(None)


def duration(node: sx.Duration, _compile: Compile) -> Value:
    """A length of time."""
    return constant(TimeSpan(node.amount, node.unit))


def moment(node: sx.Moment, _compile: Compile) -> Value:
    """A date literal. Months and years have no value of their own: only `is_in` reads them, from the tree."""
    value = node.value
    if node.kind is sx.MomentKind.NOW:
        return lambda run: run.now
    if node.kind is sx.MomentKind.DAY:
        ahead = timedelta(days=int(value))
        return lambda run: today(run.now, run.zone) + ahead
    if node.kind is sx.MomentKind.INSTANT:
        return lambda run: literal_instant(str(value), run.zone)
    if node.kind is sx.MomentKind.DATE:
        return constant(date.fromisoformat(str(value)))
    if node.kind is sx.MomentKind.TIME:
        return constant(time.fromisoformat(str(value)))
    return constant(Weekday(int(value)) if node.kind is sx.MomentKind.WEEKDAY else None)


def variable(node: sx.Variable, _compile: Compile) -> Value:
    """A variable; blank until it is set."""
    name = node.name

    def read(run: Run) -> Any:
        return run.variables.get(name)

    return read


def path(node: sx.Path, compile_: Compile) -> Value:
    """A field, an accumulator's result or a capture. The checker has seen to it that the path leads somewhere."""
    return reader(resolve(node, {node.root}, in_loop=True), node, compile_)


def present(node: sx.Present, compile_: Compile) -> Value:
    """Whether a field holds a value."""
    read = compile_(node.path)
    return lambda run: read(run) is not None


def negate(node: sx.Negate, compile_: Compile) -> Value:
    """Minus a number."""
    value = compile_(node.value)

    def minus(run: Run) -> Any:
        found = value(run)
        if found is None:
            return None
        if not isinstance(found, Decimal):
            raise _no_number(node, found)
        try:
            return -found
        except ArithmeticError:
            raise failure(node, _TOO_LARGE, "Check the numbers before you calculate.") from None

    return minus


def arithmetic(node: sx.Arithmetic, compile_: Compile) -> Value:
    """A chain of operators from left to right; blank when one of the values is."""
    first = compile_(node.first)
    rest = [(_OPERATORS[sign], compile_(value)) for sign, value in node.rest]
    if len(rest) == 1:
        return _pair(node, first, *rest[0])

    def chain(run: Run) -> Any:
        result = first(run)
        for combine, value in rest:
            result = _combined(node, combine, result, value(run))
        return result

    return chain


def _pair(node: sx.Arithmetic, left: Value, combine: Callable[[Any, Any], Any], right: Value) -> Value:
    def pair(run: Run) -> Any:
        first, second = left(run), right(run)
        if first.__class__ is Decimal and second.__class__ is Decimal:
            try:
                return combine(first, second)
            except ArithmeticError:
                raise _impossible(node, second) from None
        return _combined(node, combine, first, second)

    return pair


def _combined(node: sx.Arithmetic, combine: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if left.__class__ is Decimal and right.__class__ is Decimal:
        try:
            return combine(left, right)
        except ArithmeticError:
            raise _impossible(node, right) from None
    for value in (left, right):
        if value is not None and value.__class__ is not Decimal:
            raise _no_number(node, value)
    return None


def _impossible(node: sx.Arithmetic, right: Any) -> Exception:
    divides = any(sign in {"/", "%", "//"} for sign, _ in node.rest)
    if divides and not right:
        return failure(node, "division by zero", "Check that the divisor is not 0 before you divide.")
    return failure(node, _TOO_LARGE, "Check the numbers before you calculate.")


def _no_number(node: sx.Expression, value: Any) -> Exception:
    hint = "Write `… as number` to read a text as a number." if kind_of(value) is Kind.TEXT else ""
    return failure(node, f"cannot calculate with {show(value)}, which is {kind_of(value).phrase}", hint)


def concat(node: sx.Concat, compile_: Compile) -> Value:
    """Texts joined; blank counts as an empty text."""
    parts = [compile_(part) for part in node.parts]

    def join(run: Run) -> Any:
        return joined(node, [part(run) for part in parts], "")

    return join


def joined(node: sx.Node, values: list[Any], separator: str) -> str | None:
    """The texts with the separator between them; raises RunError for other values, and for a text out of bounds."""
    texts = []
    for value in values:
        if value is not None and value.__class__ is not str:
            raise failure(node, f"cannot join {show(value)}, which is {kind_of(value).phrase}", "Write `… as text`.")
        texts.append(value or "")
    if sum(map(len, texts)) + len(separator) * len(texts) > LONGEST_TEXT:
        raise failure(node, f"the joined text has more than {LONGEST_TEXT} characters", "Join less.")
    return separator.join(texts) or None


def shift(node: sx.Shift, compile_: Compile) -> Value:
    """A date moved by a duration."""
    base = compile_(node.base)
    length = TimeSpan(node.duration.amount, node.duration.unit)
    direction = -1 if node.direction == "before" else 1

    def move(run: Run) -> Any:
        value = base(run)
        if value is None:
            return None
        if isinstance(value, Weekday):
            value = next_weekday(run.now, value.number, run.zone)
        if not isinstance(value, date):
            raise failure(node, f"{show(value)} is {kind_of(value).phrase}, not a date", "Write `… as date`.")
        try:
            return shifted(value, length, direction, run.zone)
        except ValueProblemError as error:
            raise failure(node, str(error)) from None

    return move


def cast(node: sx.Cast, compile_: Compile) -> Value:
    """A value turned into another kind; blank stays blank."""
    value = compile_(node.value)
    turn: Callable[[Any, Run], Any] = {
        "number": lambda found, _run: as_number(found),
        "text": lambda found, run: as_text(found, run.zone),
        "date": lambda found, run: as_date(found, run.zone),
        "boolean": lambda found, _run: as_boolean(found),
    }[node.type]

    def convert(run: Run) -> Any:
        found = value(run)
        if found is None:
            return None
        try:
            return turn(found, run)
        except ValueProblemError as error:
            raise failure(node, str(error), "Check the value before you turn it into another kind.") from None

    return convert


def call(node: sx.Call, compile_: Compile) -> Value:
    """A function of the table; a blank argument makes the result blank unless the function says otherwise."""
    function = FUNCTIONS[node.name]
    arguments = [compile_(argument) for argument in node.arguments]

    def apply(run: Run) -> Any:
        values = [argument(run) for argument in arguments]
        if not function.takes_blank and None in values:
            return None
        _check_arguments(node, function, values)
        if function.name == "lookup":
            return run.lookup(values[0], values[1]) or None
        try:
            result = function.call(run.zone, *values) if function.needs_zone else function.call(*values)
        except ValueProblemError as error:
            raise failure(node, f"`{function.name}`: {error}") from None
        except ArithmeticError:
            raise failure(node, f"`{function.name}`: the result is too large") from None
        return None if result == "" else result

    return apply


def _check_arguments(node: sx.Call, function: Function, values: list[Any]) -> None:
    for index, value in enumerate(values):
        wanted = function.parameters[min(index, len(function.parameters) - 1)]
        found = kind_of(value)
        if wanted is not Kind.ANY and found is not wanted:
            message = f"`{function.name}` takes {wanted.phrase}, and {show(value)} is {found.phrase}"
            raise failure(node, message, f"Write `… as {wanted.value}`.")
    if function.result is None and not function.takes_blank:
        kinds = {kind_of(value) for value in values}
        if len(kinds) > 1 or not kinds <= {Kind.NUMBER, Kind.DATE}:
            raise failure(node, f"`{function.name}` compares numbers with numbers, or dates with dates")


VALUES: Mapping[type, Callable[[Any, Compile], Value]] = {
    sx.Text: text,
    sx.Number: number,
    sx.Boolean: number,
    sx.Blank: blank,
    sx.Duration: duration,
    sx.Moment: moment,
    sx.Variable: variable,
    sx.Path: path,
    sx.Present: present,
    sx.Negate: negate,
    sx.Arithmetic: arithmetic,
    sx.Concat: concat,
    sx.Shift: shift,
    sx.Cast: cast,
    sx.Call: call,
}
