"""What a rule did, kept cheaply while it runs and written out as JSON afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

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


# A condition as it was seen: its text, its result, the line at hand (empty outside a loop), the values, the notes.
Seen: TypeAlias = tuple[ConditionText, bool, Mapping[str, Any], tuple[Any, ...], tuple[str, ...]]


class RuleTrace:
    """The record of one rule's run. Values are kept as they are: they are immutable, and few are ever looked at.

    `conditions` and `skipped` are written by the compiled conditions themselves, while `room` is above zero.
    """

    __slots__ = (
        "_actions",
        "_changes",
        "_left_out",
        "_printed",
        "conditions",
        "duration_us",
        "error",
        "name",
        "room",
        "rule_id",
        "skipped",
        "version_no",
    )

    def __init__(self, rule_id: int, version_no: int, name: str, room: int = MOST_CONDITIONS) -> None:
        self.rule_id, self.version_no, self.name = rule_id, version_no, name
        self.duration_us = 0
        self.error: str | None = None
        self.room = room
        self.skipped = 0
        self.conditions: list[Seen] = []
        self._changes: list[tuple[int, str, Any, Any]] = []
        self._actions: list[tuple[int, str]] = []
        self._printed: list[tuple[int, str]] = []
        self._left_out: dict[str, int] = {}

    def change(self, line: int, path: str, before: Any, after: Any) -> None:
        """Keep a changed field."""
        if len(self._changes) < MOST_CHANGES:
            self._changes.append((line, path, before, after))
        else:
            self._left_out["changes"] = self._left_out.get("changes", 0) + 1

    def action(self, line: int, text: str) -> None:
        """Keep an action, as a sentence of the language."""
        if len(self._actions) < MOST_ACTIONS:
            self._actions.append((line, text))
        else:
            self._left_out["actions"] = self._left_out.get("actions", 0) + 1

    def print(self, line: int, text: str) -> None:
        """Keep a printed line."""
        if len(self._printed) < MOST_PRINTED:
            self._printed.append((line, cut(text)))
        else:
            self._left_out["printed"] = self._left_out.get("printed", 0) + 1

    def data(self) -> dict[str, Any]:
        """The trace as JSON can hold it; `left_out` counts what there was no room for."""
        left_out = {"conditions": self.skipped, **self._left_out} if self.skipped else self._left_out
        return {
            "rule_id": self.rule_id,
            "version_no": self.version_no,
            "name": self.name,
            "duration_us": self.duration_us,
            "conditions": [_condition(*seen) for seen in self.conditions],
            "changes": [
                {"line": line, "path": path, "before": to_json(before), "after": to_json(after)}
                for line, path, before, after in self._changes
            ],
            "actions": [{"line": line, "text": text} for line, text in self._actions],
            "printed": [{"line": line, "text": text} for line, text in self._printed],
            "error": self.error,
            "left_out": dict(left_out),
        }


def _condition(
    text: ConditionText, result: bool, item: Mapping[str, Any], values: tuple[Any, ...], notes: tuple[str, ...]
) -> dict[str, Any]:
    seen = {leaf: to_json(value) for leaf, value in zip(text.leaves, values, strict=True)}
    written: dict[str, Any] = {"line": text.line, "text": text.text, "values": seen, "result": result}
    if item:
        written["item"] = item["key"]
    if notes:
        written["notes"] = list(notes)
    return written
