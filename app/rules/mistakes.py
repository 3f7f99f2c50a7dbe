"""Syntax errors told in plain words, by the examples of mistakes that people make.

Three sources, the most telling first: what is written at the place of the error (`SPELLINGS`), a known mistake that
leaves the parser in the same state (`mistake_examples`), and at last the list of what could have stood there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from lark import Lark, Token, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from app.rules.mistake_examples import EXAMPLES, SPELLINGS, UNREADABLE
from app.rules.problems import Problem, snippet

_OPENERS = {"_RULE": "rule", "_WHEN": "when", "_FOR": "for", "_ACCUMULATE": "accumulate", "_ADD": "add"}
_STATEMENTS = ("when", "for", "accumulate", "default", "accept", "reject", "set", "route", "hold", "archive", "fail",
               "print", "add", "end", "otherwise", "otherwise_when")  # fmt: skip
_NAMED = {
    "$END": "the end of the text",
    "NAME": "a name",
    "MEMBER": "a name",
    "STRING": 'a text in quotes "…"',
    "NUMBER": "a number",
    "DATE": "a date @…",
    "DURATION": "a duration",
    "VARIABLE": "a $variable",
    "PATTERN": "a pattern /…/",
    "NUMBER_": "`number`",
    "DATE_": "`date`",
}
_WORD = re.compile(r"\w+")
_SHOWN_CHOICES = 6


class Explainer:
    """Explains syntax errors; it parses the example mistakes once, when it is made."""

    def __init__(self, grammar: Lark) -> None:
        self._terminals = {terminal.name: str(terminal.pattern.value) for terminal in grammar.terminals}
        self._exact: dict[tuple[int, str], tuple[str, str]] = {}
        self._state: dict[int, tuple[str, str]] = {}
        for message, hint, texts in EXAMPLES:
            for text in texts:
                self._learn(grammar, text, (message, hint))

    def _learn(self, grammar: Lark, text: str, lesson: tuple[str, str]) -> None:
        try:
            grammar.parse(text, start="rule")
        except UnexpectedInput as error:
            state = _state(error)
            self._exact.setdefault((state, _kind(error)), lesson)
            self._state.setdefault(state, lesson)

    def explain(self, error: UnexpectedInput, text: str) -> Problem:
        """The problem behind an error of the parser, with line, column and snippet."""
        at_end = _kind(error) == "$END"
        offset = len(text.rstrip()) if at_end else _offset(error)
        line = text.count("\n", 0, offset) + 1
        column = offset - text.rfind("\n", 0, offset)
        message, hint = self._lesson(error, text, offset)
        return Problem(line, column, message, hint, snippet=snippet(text, line, column))

    def _lesson(self, error: UnexpectedInput, text: str, offset: int) -> tuple[str, str]:
        if _kind(error) == "$END" and (unclosed := _unclosed(error)):
            return unclosed
        # A word where the rule's name should stand is a name without quotes, whatever it looks like.
        unnamed = isinstance(error, UnexpectedToken) and _choices(error) == {"STRING"}
        known = SPELLINGS if isinstance(error, UnexpectedToken) else UNREADABLE + SPELLINGS
        spelled = None if unnamed else _spelled(known, text, offset)
        if spelled:
            return spelled
        state = _state(error)
        exact = self._exact.get((state, _kind(error)))
        return (
            exact or _no_statement(error, text, offset) or self._state.get(state) or self._unknown(error, text, offset)
        )

    def _unknown(self, error: UnexpectedInput, text: str, offset: int) -> tuple[str, str]:
        shown = _shown(text, offset)
        found = f"`{shown}` cannot stand here." if shown else "The text ends too early."
        return found, self._expected(_choices(error))

    def _expected(self, choices: Iterable[str]) -> str:
        names = sorted({self._named(choice) for choice in choices})
        if not names:
            return ""
        more = " or others" if len(names) > _SHOWN_CHOICES else ""
        return f"Expected {', '.join(names[:_SHOWN_CHOICES])}{more}."

    def _named(self, terminal: str) -> str:
        if terminal in _NAMED:
            return _NAMED[terminal]
        return f"`{self._terminals.get(terminal, terminal).split('(?!')[0]}`"


def _offset(error: Any) -> int:
    # lark declares the attribute as None in the base class and sets it in every subclass.
    return error.pos_in_stream or 0


def _state(error: UnexpectedInput) -> int:
    """The number of the parser's state: the same state means the same kind of place in a rule."""
    position: int = error.state.position
    return position


def _kind(error: UnexpectedInput) -> str:
    if isinstance(error, UnexpectedToken):
        return str(error.token.type)
    return "character"


def _choices(error: UnexpectedInput) -> set[str]:
    if isinstance(error, UnexpectedToken):
        return set(error.accepts or error.expected or ())
    if isinstance(error, UnexpectedCharacters):
        return set(error.allowed or ())
    return set()


def _shown(text: str, offset: int) -> str:
    word = _WORD.match(text, offset)
    return word.group()[:40] if word else text[offset : offset + 1]


def _no_statement(error: UnexpectedInput, text: str, offset: int) -> tuple[str, str] | None:
    """A word where a statement should begin, with the statement that looks most like it."""
    if "_PRINT" not in _choices(error) or not _WORD.match(text, offset):
        return None
    shown = _shown(text, offset)
    close = get_close_matches(shown, _STATEMENTS, 1)
    return f"`{shown}` does not begin a statement.", f"Did you mean `{close[0]}`?" if close else ""


def _spelled(known: Sequence[tuple[re.Pattern[str], str, str]], text: str, offset: int) -> tuple[str, str] | None:
    for pattern, message, hint in known:
        match = pattern.match(text, offset) or (pattern.match(text, offset - 1) if offset else None)
        if match and match.end() > offset:
            return match.expand(message), match.expand(hint)
    return None


def _unclosed(error: UnexpectedInput) -> tuple[str, str] | None:
    """Which block is still open at the end of the text, read from the parser's own stack."""
    if not isinstance(error, UnexpectedToken) or "_END" not in _choices(error):
        return None
    closed = 0
    stack = [value for value in error.interactive_parser.parser_state.value_stack if isinstance(value, Token)]
    for index in range(len(stack) - 1, -1, -1):
        token = stack[index]
        if token.type == "_END":
            closed += 1
        elif token.type in _OPENERS and not _holds(stack, index):
            if not closed:
                message = f"The `{_OPENERS[token.type]}` of line {token.line} has no `end`."
                return message, "Each rule, when, for, accumulate and add has its own `end`."
            closed -= 1
    return None


def _holds(stack: Sequence[Token], index: int) -> bool:
    """Whether a `for` belongs to `hold … for`, which is no block."""
    return stack[index].type == "_FOR" and index > 1 and stack[index - 2].type == "_HOLD"
