"""Compiling `accumulate`: sums, counts, extremes and joined texts over the lines."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from app.rules import statements as st
from app.rules.closures import Compile, Effect, failure
from app.rules.compile_values import constant, joined
from app.rules.functions import greatest, least
from app.rules.kinds import Kind
from app.rules.run import Run
from app.rules.values import kind_of, show

# From what was gathered so far and one more value (never blank) to what is gathered now.
_Fold = Callable[[Run, Any, Any], Any]


def accumulate(node: st.Accumulate, compile_: Compile) -> Effect:
    """The closure that goes over the lines once and keeps each result under its name. Blank values are passed over."""
    totals = node.totals
    values = [compile_(total.value) for total in totals]
    folds = [_FOLDS[total.function](total) for total in totals]
    separators = [compile_(total.separator) if total.separator else constant(None) for total in totals]
    work = list(enumerate(zip(values, folds, strict=True)))
    line, weight = node.span.line, len(totals)

    def gather(run: Run) -> None:
        joins = [separator(run) for separator in separators]
        results = [_start(total) for total in totals]
        outer = run.item
        for item in run.live_items():
            run.spend(weight, line)
            run.item = item
            for index, (value, fold) in work:
                found = value(run)
                if found is not None:
                    results[index] = fold(run, results[index], found)
        run.item = outer
        for total, result, separator in zip(totals, results, joins, strict=True):
            run.names[total.name] = joined(total, result, separator or "") if total.function == "join" else result

    return gather


def _start(total: st.Total) -> Any:
    if total.function == "join":
        return []
    return Decimal(0) if total.function in {"sum", "count"} else None


def _sum(total: st.Total) -> _Fold:
    def fold(_run: Run, so_far: Any, value: Any) -> Any:
        if value.__class__ is not Decimal:
            raise _wrong(total, value, "a number")
        try:
            return so_far + value
        except ArithmeticError:
            raise failure(total, f"the sum `{total.name}` is too large") from None

    return fold


def _count(_total: st.Total) -> _Fold:
    # A condition in parentheses counts the lines where it holds.
    return lambda _run, so_far, value: so_far if value is False else so_far + 1


def _extreme(choose: Callable[..., Any]) -> Callable[[st.Total], _Fold]:
    def make(total: st.Total) -> _Fold:
        def fold(run: Run, so_far: Any, value: Any) -> Any:
            kind = kind_of(value)
            if kind not in {Kind.NUMBER, Kind.DATE} or (so_far is not None and kind_of(so_far) is not kind):
                raise _wrong(total, value, "numbers only, or dates only")
            return value if so_far is None else choose(run.zone, so_far, value)

        return fold

    return make


def _join(total: st.Total) -> _Fold:
    def fold(_run: Run, so_far: Any, value: Any) -> Any:
        if value.__class__ is not str:
            raise _wrong(total, value, "a text")
        so_far.append(value)
        return so_far

    return fold


def _wrong(total: st.Total, value: Any, wanted: str) -> Exception:
    message = f"`{total.name}` takes {wanted}, and {show(value)} is {kind_of(value).phrase}"
    return failure(total, message, "Turn the values with `as` first.")


_FOLDS: dict[str, Callable[[st.Total], _Fold]] = {
    "sum": _sum,
    "count": _count,
    "min": _extreme(least),
    "max": _extreme(greatest),
    "join": _join,
}
