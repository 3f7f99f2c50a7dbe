"""From a rule's text to its syntax tree, or to problems that its author can read."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Tree, UnexpectedInput

from app.rules import statements as st
from app.rules import syntax as sx
from app.rules.builder import Builder
from app.rules.mistakes import Explainer
from app.rules.problems import Problem, RuleError, snippet
from app.rules.walk import too_deep

MAX_CHARACTERS = 50_000
MAX_DEPTH = 40

# The words that give a rule its shape are names only after a dot. The others (count, item, text, any, …) are keywords
# where one may stand and names elsewhere, so that an accumulator may be called `count`.
_RESERVED = re.compile(
    r"(?:rule|when|then|otherwise_when|otherwise|end|for|in|accumulate|default|accept|reject|set|to|route|hold|until"
    r"|archive|fail|with|print|add|and|or|not|has|is|is_not|starts_with|ends_with|contains|is_on|is_in|matches|before"
    r"|after|as|true|false|blank|replace)\Z"
)

# A NUL, or half a character: neither can be stored.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@cache
def grammar() -> Lark:
    """The parser, built at its first use and kept: building takes about a third of a second."""
    text = files("app.rules").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(
        text,
        parser="lalr",
        lexer="contextual",
        start=["rule", "rules"],
        propagate_positions=True,
        maybe_placeholders=True,
        lexer_callbacks={"NAME": _reserve},
    )


def _reserve(token: Token) -> Token:
    """A reserved word that was read as a name, because no keyword fits its place, is the keyword it looks like."""
    if not _RESERVED.match(token):
        return token
    return Token.new_borrow_pos(f"_{token.upper()}", token, token)


@cache
def _explainer() -> Explainer:
    return Explainer(grammar())


def parse(text: str) -> st.Rule:
    """The tree of a text that holds exactly one rule; raises RuleError."""
    rule: st.Rule = _parsed(text, "rule")
    return rule


def parse_many(text: str) -> list[st.Rule]:
    """The trees of a text that holds one or more rules, as an export file does; raises RuleError."""
    rules: list[st.Rule] = _parsed(text, "rules")
    return rules


def problem(text: str, span: sx.Span, message: str, hint: str = "") -> Problem:
    """An error at a place of the text, with its snippet."""
    return Problem(span.line, span.column, message, hint, snippet=snippet(text, span.line, span.column))


def _parsed(text: str, start: str) -> Any:
    if len(text) > MAX_CHARACTERS:
        raise RuleError(
            [Problem(1, 1, f"The rule is longer than {MAX_CHARACTERS} characters.", "Cut it in two rules.")]
        )
    unstorable = _UNSTORABLE.search(text)
    if unstorable:
        at = unstorable.start()
        span = sx.Span(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at), at, at + 1)
        shown = _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)
        raise RuleError([problem(shown, span, "The text holds a character that cannot be stored.", "Remove it.")])
    try:
        tree: Tree[Token] = grammar().parse(text, start=start)
    except UnexpectedInput as error:
        raise RuleError([_explainer().explain(error, text)]) from None
    builder = Builder()
    built = builder.transform(tree)
    if builder.findings:
        raise RuleError([problem(text, *finding) for finding in builder.findings])
    for rule in built if isinstance(built, list) else [built]:
        deep = too_deep(rule, MAX_DEPTH)
        if deep is not None:
            message = f"Blocks and parentheses are nested more than {MAX_DEPTH} deep here."
            raise RuleError([problem(text, deep, message, "Set a variable first, or cut the rule in two.")])
    return built
