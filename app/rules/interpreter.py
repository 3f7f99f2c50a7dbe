"""From a checked syntax tree to closures: each rule is compiled once and then only called. No code is generated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.rules.closures import Compile, Effect, Value
from app.rules.compile_conditions import CONDITIONS
from app.rules.compile_patterns import PATTERNS
from app.rules.compile_statements import BlockCompiler
from app.rules.compile_values import VALUES
from app.rules.statements import Rule
from app.rules.syntax import Expression

_TABLE: Mapping[type, Callable[[Any, Compile], Value]] = {**VALUES, **PATTERNS, **CONDITIONS}


def compile_expression(node: Expression) -> Value:
    """The closure that gives the value of an expression."""
    return _TABLE[type(node)](node, compile_expression)


def compile_body(rule: Rule, text: str) -> Effect:
    """The closure that runs a whole rule; `text` is what it was parsed from. The tree must have passed the checker."""
    return BlockCompiler(text, compile_expression).block(rule.body)
