"""What is wrong with a rule, told so that its author can mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.domain.errors import InletError

# A line longer than this is shown only around the caret.
_SNIPPET_WIDTH = 120


class Severity(StrEnum):
    """An error keeps the rule from being saved; a warning is shown and lets it pass."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: where (line and column count from 1), what in one sentence, and a hint that may be empty.

    `snippet` holds the line of the rule and below it a caret under the column.
    """

    line: int
    column: int
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR
    snippet: str = ""

    @property
    def is_error(self) -> bool:
        """Whether this finding keeps the rule from being saved."""
        return self.severity is Severity.ERROR

    def sentence(self) -> str:
        """The finding as one line of text."""
        return f"Line {self.line}, column {self.column}: {self.message} {self.hint}".strip()


class RuleError(InletError):
    """A rule's text cannot be used; `problems` holds every finding, errors and warnings, in order of their place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.line, problem.column))
        first = next((problem for problem in self.problems if problem.is_error), self.problems[0])
        super().__init__(f"Line {first.line}, column {first.column}: {first.message}", first.hint)


class RunError(InletError):
    """A rule cannot go on with this purchase order; `line` is the line of the rule where it stopped."""

    def __init__(self, line: int, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.line = line


def snippet(text: str, line: int, column: int) -> str:
    """The line of `text` with a caret under `column` (both from 1); a long line is cut around the caret."""
    lines = text.split("\n")
    shown = lines[line - 1].rstrip("\r").replace("\t", " ") if 0 < line <= len(lines) else ""
    start = max(0, column - 1 - _SNIPPET_WIDTH // 2)
    return f"{shown[start : start + _SNIPPET_WIDTH]}\n{' ' * (column - 1 - start)}^"
