"""The shapes that a compiled rule is made of: plain Python closures over the state of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from app.rules.problems import RunError
from app.rules.run import Run
from app.rules.syntax import Expression, Node

# The value of an expression; None is blank.
Value: TypeAlias = Callable[[Run], Any]
# The effect of a statement.
Effect: TypeAlias = Callable[[Run], None]
# Writes a value to a place.
Writer: TypeAlias = Callable[[Run, Any], None]
# Compiles an expression; handed to those who meet expressions inside their own.
Compile: TypeAlias = Callable[[Expression], Value]


def failure(node: Node, message: str, remedy: str = "") -> RunError:
    """The error that stops a rule at a node, ready to be raised."""
    return RunError(node.span.line, message, remedy)
