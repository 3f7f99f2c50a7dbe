"""Compiling comparisons. One with blank is false; so is one between kinds that do not compare, and the trace tells."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from app.rules import syntax as sx
from app.rules.closures import Compile, Value
from app.rules.fields import RECORD
from app.rules.moments import day_of, instant_of, time_of
from app.rules.run import Run
from app.rules.values import Weekday, kind_of, show

_Test = Callable[[Any, Any], bool]

_ORDER: Mapping[str, _Test] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_EQUALITY: Mapping[str, _Test] = {
    "=": operator.eq,
    "<>": operator.ne,
    "is": operator.eq,
    "is_not": operator.ne,
}
_TEXT: Mapping[str, _Test] = {
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "contains": operator.contains,
}
# Values of one of these classes compare directly.
_DIRECT = frozenset({str, Decimal, bool, datetime})


def compare(node: sx.Compare, compile_: Compile) -> Value:
    """The closure of a comparison; it gives true or false and never fails on the kinds of its values."""
    if isinstance(node.right, sx.Blank) or (isinstance(node.right, sx.Text) and not node.right.value):
        return _blank(node, compile_)
    left = compile_(node.left)
    if node.operator == "is_in":
        return _is_in(node, left)
    right = compile_(node.right)
    if node.operator == "is_on":
        return _is_on(node, left, right)
    if node.operator in _TEXT:
        return _text(node, left, right)
    if node.operator in _ORDER:
        return _ordered(node, left, right)
    return _equality(node, left, right)


def _blank(node: sx.Compare, compile_: Compile) -> Value:
    value = compile_(node.left)
    if node.operator in {"is", "="}:
        return lambda run: value(run) is None
    if node.operator in {"is_not", "<>"}:
        return lambda run: value(run) is not None
    return lambda _run: False


def _equality(node: sx.Compare, left: Value, right: Value) -> Value:
    test = _EQUALITY[node.operator]
    if isinstance(node.right, sx.Text | sx.Number | sx.Boolean):
        return _equality_with(node, left, node.right.value)

    def equal(run: Run) -> bool:
        first, second = left(run), right(run)
        if first is None or second is None:
            return False
        if first.__class__ is second.__class__ and first.__class__ in _DIRECT:
            return test(first, second)
        return _mixed(node, test, run, first, second)

    return equal


def _equality_with(node: sx.Compare, left: Value, literal: Any) -> Value:
    """The common case, made short: a field compared with a literal."""
    test, wanted = _EQUALITY[node.operator], literal.__class__

    def equal(run: Run) -> bool:
        value = left(run)
        if value.__class__ is wanted:
            return test(value, literal)
        return value is not None and _mixed(node, test, run, value, literal)

    return equal


def _ordered(node: sx.Compare, left: Value, right: Value) -> Value:
    test = _ORDER[node.operator]
    if isinstance(node.right, sx.Number):
        return _ordered_with(node, left, node.right.value)

    def ordered(run: Run) -> bool:
        first, second = left(run), right(run)
        if first.__class__ is Decimal and second.__class__ is Decimal:
            return test(first, second)
        if first is None or second is None:
            return False
        return _mixed(node, test, run, first, second)

    return ordered


def _ordered_with(node: sx.Compare, left: Value, literal: Decimal) -> Value:
    test = _ORDER[node.operator]

    def ordered(run: Run) -> bool:
        value = left(run)
        if value.__class__ is Decimal:
            return test(value, literal)
        return value is not None and _mixed(node, test, run, value, literal)

    return ordered


def _mixed(node: sx.Compare, test: _Test, run: Run, left: Any, right: Any) -> bool:
    """Dates with instants, instants with times of day; anything else of two kinds is false."""
    pair = _comparable(left, right, run)
    if pair is not None:
        return test(*pair)
    if node.operator in _EQUALITY and left.__class__ is right.__class__ and left.__class__ in _DIRECT:
        return test(left, right)
    return _mismatch(node, run, left, right)


def _comparable(left: Any, right: Any, run: Run) -> tuple[Any, Any] | None:
    if isinstance(left, date) and isinstance(right, date):
        if isinstance(left, datetime) or isinstance(right, datetime):
            return instant_of(left, run.zone), instant_of(right, run.zone)
        return left, right
    if isinstance(left, datetime | time) and isinstance(right, datetime | time):
        return time_of(left, run.zone), time_of(right, run.zone)
    return None


def _mismatch(node: sx.Compare, run: Run, left: Any, right: Any) -> bool:
    if run.wants_notes():
        run.notes.append(
            f"Line {node.span.line}: {show(left)} is {kind_of(left).phrase} and {show(right)} is "
            f"{kind_of(right).phrase}; they do not compare, so the comparison is false."
        )
    return False


def _text(node: sx.Compare, left: Value, right: Value) -> Value:
    test = _TEXT[node.operator]
    if isinstance(node.right, sx.Text) and not _is_tags(node.left):
        return _text_with(node, left, node.right.value)
    whole_tags = node.operator == "contains" and _is_tags(node.left)

    def textual(run: Run) -> bool:
        first, second = left(run), right(run)
        if first is None or second is None:
            return False
        if first.__class__ is str and second.__class__ is str:
            if whole_tags:
                return second.strip() in {tag.strip() for tag in first.split(",")}
            return test(first, second)
        return _in_list(node, run, first, second)

    return textual


def _text_with(node: sx.Compare, left: Value, literal: str) -> Value:
    test = _TEXT[node.operator]

    def textual(run: Run) -> bool:
        value = left(run)
        if value.__class__ is str:
            return test(value, literal)
        return value is not None and _in_list(node, run, value, literal)

    return textual


def _in_list(node: sx.Compare, run: Run, left: Any, right: Any) -> bool:
    """A list of the source document contains its members; every other pair of kinds does not compare."""
    if left.__class__ is list and node.operator == "contains":
        return right in left
    return _mismatch(node, run, left, right)


def _is_tags(node: sx.Expression) -> bool:
    return isinstance(node, sx.Path) and node.root == RECORD and node.steps == ("tags",)


def _is_on(node: sx.Compare, left: Value, right: Value) -> Value:
    def on(run: Run) -> bool:
        first, second = left(run), right(run)
        if first is None or second is None:
            return False
        if not isinstance(first, date) or not isinstance(second, date | Weekday):
            return _mismatch(node, run, first, second)
        day = day_of(first, run.zone)
        if isinstance(second, Weekday):
            return day.weekday() == second.number
        return day == day_of(second, run.zone)

    return on


def _is_in(node: sx.Compare, left: Value) -> Value:
    assert isinstance(node.right, sx.Moment)
    by_month, wanted = node.right.kind is sx.MomentKind.MONTH, int(node.right.value)

    def within(run: Run) -> bool:
        value = left(run)
        if value is None:
            return False
        if not isinstance(value, date):
            return _mismatch(node, run, value, date.min)
        day = day_of(value, run.zone)
        return (day.month if by_month else day.year) == wanted

    return within
