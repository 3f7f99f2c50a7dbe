"""What the checker knows at a place of a rule: variables, names, whether a line is at hand; and what it has found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.rules.kinds import Kind
from app.rules.problems import Problem, Severity, snippet
from app.rules.syntax import Span


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What exists beside the rule: warehouses by code and by rule number, the disabled ones by code, lookup tables."""

    warehouse_codes: frozenset[str] = frozenset()
    warehouse_numbers: frozenset[int] = frozenset()
    disabled_codes: frozenset[str] = frozenset()
    lookup_tables: frozenset[str] = frozenset()


@dataclass(slots=True)
class Scope:
    """The state of the checker while it walks a rule from top to bottom.

    `variables` and `names` map to the kind of their first value; `sure` holds those that are set on every way that
    leads here. `blank_tests` are the fields that the condition around this place tests for blank.
    """

    variables: dict[str, Kind] = field(default_factory=dict)
    names: dict[str, Kind] = field(default_factory=dict)
    sure: set[str] = field(default_factory=set)
    in_loop: bool = False
    blank_tests: frozenset[str] = frozenset()

    def after(self, ways: Iterable[set[str]]) -> None:
        """Keep as sure what is sure on each of several ways."""
        self.sure = set.intersection(*ways)


class Findings:
    """Collects what is wrong with one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.problems: list[Problem] = []

    def error(self, span: Span, message: str, hint: str = "") -> None:
        """Note what keeps the rule from being saved."""
        self._note(span, message, hint, Severity.ERROR)

    def warn(self, span: Span, message: str, hint: str = "") -> None:
        """Note what is allowed and probably not meant."""
        self._note(span, message, hint, Severity.WARNING)

    def _note(self, span: Span, message: str, hint: str, severity: Severity) -> None:
        shown = snippet(self._text, span.line, span.column)
        self.problems.append(Problem(span.line, span.column, message, hint, severity, shown))
