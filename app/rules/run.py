"""The state of one judgement: the working copy, the decisions so far, and the budget of the rule that runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any, Literal
from zoneinfo import ZoneInfo

from app.rules.problems import RunError
from app.rules.trace import MOST_NOTES, RuleTrace

Ending = Literal["archived", "failed"]

# The clock is looked at after so many steps.
_STEPS_BETWEEN = 500


@dataclass(frozen=True, slots=True)
class By:
    """Which rule, and which of its lines, did something."""

    rule_id: int
    version_no: int
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Decision:
    """An accept (True) or reject (False), and who took it."""

    accepted: bool
    by: By


@dataclass(frozen=True, slots=True)
class Routing:
    """A route that was taken: a warehouse's code or its rule number, and the facility."""

    warehouse_code: str | None
    warehouse_number: int | None
    facility: str | None
    by: By


class EndedError(Exception):
    """`archive` or `fail` ended the run; not a failure, but the quickest way out of nested blocks."""

    def __init__(self, outcome: Ending, message: str, line: int) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.message = message
        self.line = line


class Run:
    """What the compiled rules work on. The dictionaries are copies; the caller's document is never written.

    `header_before` and `item_before` keep what stood in a field before its first write.
    """

    __slots__ = (
        "added",
        "checkpoint",
        "custom",
        "deadline",
        "decision",
        "defaults",
        "header",
        "header_before",
        "holds",
        "imported_at",
        "item",
        "item_before",
        "items",
        "last_key",
        "last_number",
        "left_out",
        "line_decisions",
        "lookup",
        "names",
        "notes",
        "now",
        "route",
        "step_limit",
        "steps",
        "time_limit",
        "trace",
        "variables",
        "zone",
    )

    def __init__(
        self,
        header: Mapping[str, Any],
        items: Sequence[Mapping[str, Any]],
        *,
        now: datetime,
        zone: ZoneInfo,
        imported_at: datetime,
        lookup: Callable[[str, str], str | None],
    ) -> None:
        self.header = dict(header)
        self.custom: dict[str, Any] = dict(header.get("custom") or {})
        self.header["custom"] = self.custom
        self.items: list[dict[str, Any]] = [dict(item) for item in items]
        self.now, self.zone, self.imported_at, self.lookup = now, zone, imported_at, lookup
        self.item: dict[str, Any] = {}
        self.header_before: dict[str, Any] = {}
        self.item_before: dict[str, dict[str, Any]] = {}
        self.added: dict[str, dict[str, Any]] = {}
        self.last_number: int | None = None
        self.last_key = 0
        self.left_out: dict[str, By] = {}
        self.line_decisions: dict[str, Decision] = {}
        self.decision: Decision | None = None
        self.defaults: dict[str, Decision] = {}
        self.route: Routing | None = None
        self.holds: list[tuple[datetime, By]] = []
        self.notes: list[str] = []

    def begin(self, trace: RuleTrace, steps: int, seconds: float) -> None:
        """Start a rule: fresh variables, a fresh budget of steps and seconds, its own trace."""
        self.trace = trace
        self.variables: dict[str, Any] = {}
        self.names: dict[str, Any] = {}
        self.item = {}
        self.notes.clear()
        self.step_limit, self.time_limit = steps, seconds
        self.steps = steps
        self.checkpoint = max(steps - _STEPS_BETWEEN, 0)
        self.deadline = perf_counter() + seconds

    def here(self, line: int) -> By:
        """The running rule at `line`."""
        return By(self.trace.rule_id, self.trace.version_no, self.trace.name, line)

    def spend(self, steps: int, line: int) -> None:
        """Take steps from the budget; raises RunError when the steps or the time are used up."""
        self.steps -= steps
        if self.steps < self.checkpoint:
            self.look_at_the_clock(line)

    def look_at_the_clock(self, line: int) -> None:
        """Raise RunError when the rule has used up its steps or its time."""
        if self.steps < 0:
            raise RunError(
                line,
                f"the rule took more than {self.step_limit} steps on this purchase order",
                "Loop once over the lines instead of a loop inside a loop.",
            )
        if perf_counter() > self.deadline:
            raise RunError(
                line,
                f"the rule ran for more than {self.time_limit:g} seconds",
                "Make it simpler, or cut it in two rules.",
            )
        self.checkpoint = max(self.steps - _STEPS_BETWEEN, 0)

    def next_key_and_number(self) -> tuple[str, int]:
        """A key that no line has, and the line number after the largest, for a line that a rule adds."""
        if self.last_number is None:
            self.last_number = max((int(item.get("line_number") or 0) for item in self.items), default=0)
            taken = [
                str(item["key"]).removeprefix("rule:") for item in self.items if str(item["key"]).startswith("rule:")
            ]
            self.last_key = max((int(number) for number in taken if number.isdecimal()), default=0)
        self.last_number += 1
        self.last_key += 1
        return f"rule:{self.last_key}", self.last_number

    def wants_notes(self) -> bool:
        """Whether a note to the trace would still be kept."""
        return len(self.notes) < MOST_NOTES and self.trace.room > 0

    def take_notes(self) -> tuple[str, ...]:
        """The notes since the last time, for the trace of the condition that made them."""
        notes = tuple(self.notes)
        self.notes.clear()
        return notes

    def live_items(self) -> list[dict[str, Any]]:
        """The lines that no rule has left out, in order."""
        if not self.left_out:
            return list(self.items)
        return [item for item in self.items if item["key"] not in self.left_out]
