"""Compiling conditions: and, or, not, has, and comparisons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.rules import syntax as sx
from app.rules.closures import Compile, Value, failure
from app.rules.compile_comparisons import compare
from app.rules.run import Run
from app.rules.values import kind_of, show


def truth(node: sx.Node, value: Any) -> bool:
    """A value as true or false: blank is false; raises RunError for what is neither."""
    if value.__class__ is bool:
        return bool(value)
    if value is None:
        return False
    raise failure(
        node,
        f"{show(value)} is {kind_of(value).phrase}, not true or false",
        "Compare it with something, as in `… is …`.",
    )


def tested(node: sx.Expression, compile_: Compile) -> Callable[[Run], bool]:
    """The closure of an expression used as a condition: it gives true or false, or raises RunError."""
    value = compile_(node)
    if isinstance(node, sx.Compare | sx.Matches | sx.Has | sx.Not | sx.And | sx.Or | sx.Present):
        return value

    def test(run: Run) -> bool:
        return truth(node, value(run))

    return test


def negation(node: sx.Not, compile_: Compile) -> Value:
    """True when the condition is not."""
    value = tested(node.value, compile_)
    return lambda run: not value(run)


def conjunction(node: sx.And, compile_: Compile) -> Value:
    """True when all parts are; stops at the first that is not."""
    parts = [tested(part, compile_) for part in node.parts]
    if len(parts) == 2:
        first, second = parts
        return lambda run: first(run) and second(run)

    def every(run: Run) -> bool:
        return all(part(run) for part in parts)

    return every


def disjunction(node: sx.Or, compile_: Compile) -> Value:
    """True when one part is; stops at the first that is."""
    parts = [tested(part, compile_) for part in node.parts]
    if len(parts) == 2:
        first, second = parts
        return lambda run: first(run) or second(run)

    def some(run: Run) -> bool:
        return any(part(run) for part in parts)

    return some


def has(node: sx.Has, compile_: Compile) -> Value:
    """Whether any, all or none of the lines that are not left out fulfil a condition. All of nothing is true."""
    test = tested(node.condition, compile_)
    sought = node.quantifier != "all"
    found_means = node.quantifier == "any"
    line = node.span.line

    def look(run: Run) -> bool:
        outer = run.item
        try:
            for item in run.live_items():
                run.spend(1, line)
                run.item = item
                if test(run) is sought:
                    return found_means
            return not found_means
        finally:
            run.item = outer

    return look


CONDITIONS: Mapping[type, Callable[[Any, Compile], Value]] = {
    sx.Not: negation,
    sx.And: conjunction,
    sx.Or: disjunction,
    sx.Has: has,
    sx.Compare: compare,
}
