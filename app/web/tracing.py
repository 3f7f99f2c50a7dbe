"""The trace of a judgement for people. It is read with care: old traces may lack what newer ones have."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from app.web.custody_page import Difference, Ran, Seen

_LONGEST = 300


def rules_of(trace: Any) -> list[Mapping[str, Any]]:
    """The rules of a stored trace, in the order in which they ran."""
    return _mappings(trace.get("rules") if isinstance(trace, Mapping) else None)


def ran(rule: Mapping[str, Any], href: Callable[[int], str]) -> Ran:
    """One rule of a trace. `href` gives the address of a rule's page by its id, or an empty text."""
    return Ran(
        name=str(rule.get("name") or "A rule"),
        version=_whole(rule.get("version_no")),
        href=href(_whole(rule.get("rule_id"))),
        took=duration(_whole(rule.get("duration_us"))),
        seen=tuple(_seen(condition) for condition in _mappings(rule.get("conditions"))),
        changes=tuple(
            Difference(str(c.get("path", "")), value(c.get("before")), value(c.get("after")), _whole(c.get("line")))
            for c in _mappings(rule.get("changes"))
        ),
        actions=_said(rule.get("actions")),
        printed=_said(rule.get("printed")),
        error=str(rule.get("error") or ""),
        left_out=_left_out(rule.get("left_out")),
    )


def duration(microseconds: int) -> str:
    """A duration in words: "0.35 ms", "1.2 s"."""
    if microseconds >= 1_000_000:
        return f"{microseconds / 1_000_000:.1f} s"
    return f"{microseconds / 1_000:.2f} ms"


def value(given: Any) -> str:
    """A value of a trace or of an edit as people read it; long ones are cut."""
    if given is None or given in ("", [], {}):
        return "nothing"
    if isinstance(given, bool):
        return "yes" if given else "no"
    text = json.dumps(given, ensure_ascii=False) if isinstance(given, list | dict) else str(given)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _seen(condition: Mapping[str, Any]) -> Seen:
    values = condition.get("values")
    return Seen(
        line=_whole(condition.get("line")),
        text=str(condition.get("text", "")),
        result=condition.get("result") is True,
        values=tuple((str(name), value(seen)) for name, seen in values.items()) if isinstance(values, Mapping) else (),
        item=str(condition.get("item") or ""),
        notes=tuple(str(note) for note in condition.get("notes") or ()),
    )


def _said(given: Any) -> tuple[tuple[int, str], ...]:
    return tuple((_whole(said.get("line")), str(said.get("text", ""))) for said in _mappings(given))


def _left_out(given: Any) -> str:
    if not isinstance(given, Mapping) or not given:
        return ""
    counts = ", ".join(f"{count} {name}" for name, count in given.items())
    return f"The trace had no room for {counts} more."


def _mappings(given: Any) -> list[Mapping[str, Any]]:
    return [part for part in given if isinstance(part, Mapping)] if isinstance(given, Iterable) else []


def _whole(given: Any) -> int:
    return given if isinstance(given, int) else 0
