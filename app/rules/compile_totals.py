"""Compiling `accumulate`: sums, counts, extremes and joined texts over the lines."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from app.rules import statements as st
from app.rules.closures import Compile, Effect, Value, failure
from app.rules.compile_values import constant, joined
from app.rules.functions import greatest, least
from app.rules.kinds import Kind
from app.rules.run import Run
from app.rules.values import kind_of, show

# Takes the value of the line at hand into the results.
_Gather = Callable[[Run, list[Any]], None]


def accumulate(node: st.Accumulate, compile_: Compile) -> Effect:
    """The closure that goes over the lines once and keeps each result under its name. Blank values are passed over."""
    totals = node.totals
    gathers = [_GATHERS[total.function](total, index, compile_(total.value)) for index, total in enumerate(totals)]
    separators = [compile_(total.separator) if total.separator else constant(None) for total in totals]
    line, weight = node.span.line, len(totals)

    def gather_all(run: Run) -> None:
        joins = [separator(run) for separator in separators]
        results = [_start(total) for total in totals]
        outer = run.item
        for item in run.live_items():
            run.spend(weight, line)
            run.item = item
            for gather in gathers:
                gather(run, results)
        run.item = outer
        for total, result, separator in zip(totals, results, joins, strict=True):
            run.names[total.name] = joined(total, result, separator or "") if total.function == "join" else result

    return gather_all


def _start(total: st.Total) -> Any:
    if total.function == "join":
        return []
    return Decimal(0) if total.function in {"sum", "count"} else None


def _sum(total: st.Total, index: int, value: Value) -> _Gather:
    def gather(run: Run, results: list[Any]) -> None:
        found = value(run)
        if found is None:
            return
        if found.__class__ is not Decimal:
            raise _wrong(total, found, "a number")
        try:
            results[index] += found
        except ArithmeticError:
            raise failure(total, f"the sum `{total.name}` is too large") from None

    return gather


def _count(_total: st.Total, index: int, value: Value) -> _Gather:
    def gather(run: Run, results: list[Any]) -> None:
        found = value(run)
        # A condition in parentheses counts the lines where it holds.
        if found is not None and found is not False:
            results[index] += 1

    return gather


def _extreme(choose: Callable[..., Any]) -> Callable[[st.Total, int, Value], _Gather]:
    def make(total: st.Total, index: int, value: Value) -> _Gather:
        def gather(run: Run, results: list[Any]) -> None:
            found, so_far = value(run), results[index]
            if found is None:
                return
            kind = kind_of(found)
            if kind not in {Kind.NUMBER, Kind.DATE} or (so_far is not None and kind_of(so_far) is not kind):
                raise _wrong(total, found, "numbers only, or dates only")
            results[index] = found if so_far is None else choose(run.zone, so_far, found)

        return gather

    return make


def _join(total: st.Total, index: int, value: Value) -> _Gather:
    def gather(run: Run, results: list[Any]) -> None:
        found = value(run)
        if found is None:
            return
        if found.__class__ is not str:
            raise _wrong(total, found, "a text")
        results[index].append(found)

    return gather


def _wrong(total: st.Total, value: Any, wanted: str) -> Exception:
    message = f"`{total.name}` takes {wanted}, and {show(value)} is {kind_of(value).phrase}"
    return failure(total, message, "Turn the values with `as` first.")


_GATHERS: dict[str, Callable[[st.Total, int, Value], _Gather]] = {
    "sum": _sum,
    "count": _count,
    "min": _extreme(least),
    "max": _extreme(greatest),
    "join": _join,
}
