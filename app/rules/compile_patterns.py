"""Compiling what works with patterns: matches, captures, replacements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.rules import syntax as sx
from app.rules.closures import Compile, Value, failure
from app.rules.patterns import SubjectTooLongError, compile_pattern
from app.rules.run import Run
from app.rules.values import LONGEST_TEXT, kind_of, show

# After a text of this length the clock is looked at: one match may have taken a while.
_LONG = 500


def subject(node: sx.Node, value: Any) -> str:
    """The text that a pattern is tried on; raises RunError for other values."""
    if not isinstance(value, str):
        raise failure(
            node, f"a pattern needs a text, and {show(value)} is {kind_of(value).phrase}", "Write `… as text`."
        )
    return value


def guarded(node: sx.Node, run: Run, text: str, work: Callable[[str], Any]) -> Any:
    """The result of a pattern's work on a text, inside the budget of the rule."""
    try:
        result = work(text)
    except SubjectTooLongError as error:
        raise failure(node, str(error).rstrip("."), "Make the pattern simpler, or match a part of the text.") from None
    if len(text) > _LONG:
        run.look_at_the_clock(node.span.line)
    return result


def matches(node: sx.Matches, compile_: Compile) -> Value:
    """Whether a pattern is found in a text; false for blank and, told in the trace, for what is no text."""
    pattern = compile_pattern(node.pattern)
    value = compile_(node.subject)
    line = node.span.line
    # Most texts are short: neither their length nor the clock is a worry.
    quick, search = min(pattern.longest, _LONG), pattern.compiled.search

    def test(run: Run) -> Any:
        found = value(run)
        if found.__class__ is str:
            if len(found) <= quick:
                return search(found) is not None
            return guarded(node, run, found, pattern.search) is not None
        if found is not None and run.wants_notes():
            run.notes.append(f"Line {line}: {show(found)} is {kind_of(found).phrase}, so it does not match.")
        return False

    return test


def capture(node: sx.Capture, compile_: Compile) -> Value:
    """The text of a named group, also kept under its name; blank where the pattern is not found."""
    pattern = compile_pattern(node.pattern)
    value = compile_(node.subject)
    name = node.name

    def take(run: Run) -> Any:
        text = value(run)
        match = None if text is None else guarded(node, run, subject(node, text), pattern.search)
        run.names[name] = (match[name] or None) if match else None
        return run.names[name]

    return take


def replace(node: sx.Replace, compile_: Compile) -> Value:
    """A text with each match replaced."""
    pattern = compile_pattern(node.pattern)
    value = compile_(node.subject)

    def put(run: Run) -> Any:
        text = value(run)
        if text is None:
            return None
        text = subject(node, text)
        if (len(text) + 1) * len(node.replacement) > LONGEST_TEXT:
            raise failure(node, "the replaced text could become too long", "Replace in a shorter text.")
        return guarded(node, run, text, lambda found: pattern.replaced(node.replacement, found)) or None

    return put


PATTERNS: Mapping[type, Callable[[Any, Compile], Value]] = {
    sx.Matches: matches,
    sx.Capture: capture,
    sx.Replace: replace,
}
