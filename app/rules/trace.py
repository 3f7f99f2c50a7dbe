"""What a rule did, kept cheaply while it runs and written out as JSON afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.rules.values import cut, to_json

# More than this is counted, not kept: a rule over a thousand lines must not make a trace of a megabyte.
MOST_CONDITIONS = 200
MOST_CHANGES = 200
MOST_ACTIONS = 200
MOST_PRINTED = 100
MOST_NOTES = 5


@dataclass(frozen=True, slots=True)
class ConditionText:
    """A condition as written: its line, its text on one line, and the texts of the fields and names in it."""

    line: int
    text: str
    leaves: tuple[str, ...]


class RuleTrace:
    """The record of one rule's run. Values are kept as they are: they are immutable, and few are ever looked at."""

    __slots__ = (
        "_actions",
        "_changes",
        "_conditions",
        "_head",
        "_left_out",
        "_printed",
        "duration_us",
        "error",
        "room",
    )

    def __init__(self, rule_id: int, version_no: int, name: str) -> None:
        self._head = {"rule_id": rule_id, "version_no": version_no, "name": name}
        self.duration_us = 0
        self.error: str | None = None
        self.room = MOST_CONDITIONS
        self._conditions: list[tuple[ConditionText, tuple[Any, ...], bool, str | None, tuple[str, ...]]] = []
        self._changes: list[tuple[int, str, Any, Any]] = []
        self._actions: list[tuple[int, str]] = []
        self._printed: list[tuple[int, str]] = []
        self._left_out = {"conditions": 0, "changes": 0, "actions": 0, "printed": 0}

    def condition(
        self, text: ConditionText, values: tuple[Any, ...], result: bool, item: str | None, notes: list[str]
    ) -> None:
        """Keep a condition with the values it saw and the key of the line it looked at, while there is room."""
        self.room -= 1
        self._conditions.append((text, values, result, item, tuple(notes)))

    def skip_condition(self) -> None:
        """Count a condition for which there is no room."""
        self._left_out["conditions"] += 1

    def change(self, line: int, path: str, before: Any, after: Any) -> None:
        """Keep a changed field."""
        if len(self._changes) < MOST_CHANGES:
            self._changes.append((line, path, before, after))
        else:
            self._left_out["changes"] += 1

    def action(self, line: int, text: str) -> None:
        """Keep an action, as a sentence of the language."""
        if len(self._actions) < MOST_ACTIONS:
            self._actions.append((line, text))
        else:
            self._left_out["actions"] += 1

    def print(self, line: int, text: str) -> None:
        """Keep a printed line."""
        if len(self._printed) < MOST_PRINTED:
            self._printed.append((line, cut(text)))
        else:
            self._left_out["printed"] += 1

    def data(self) -> dict[str, Any]:
        """The trace as JSON can hold it; `left_out` counts what there was no room for."""
        written: dict[str, Any] = dict(self._head)
        written["duration_us"] = self.duration_us
        written["conditions"] = [_condition(*condition) for condition in self._conditions]
        written["changes"] = [
            {"line": line, "path": path, "before": to_json(before), "after": to_json(after)}
            for line, path, before, after in self._changes
        ]
        written["actions"] = [{"line": line, "text": text} for line, text in self._actions]
        written["printed"] = [{"line": line, "text": text} for line, text in self._printed]
        written["error"] = self.error
        written["left_out"] = {name: count for name, count in self._left_out.items() if count}
        return written


def _condition(
    text: ConditionText, values: tuple[Any, ...], result: bool, item: str | None, notes: tuple[str, ...]
) -> dict[str, Any]:
    seen = {leaf: to_json(value) for leaf, value in zip(text.leaves, values, strict=True)}
    written: dict[str, Any] = {"line": text.line, "text": text.text, "values": seen, "result": result}
    if item is not None:
        written["item"] = item
    if notes:
        written["notes"] = list(notes)
    return written
