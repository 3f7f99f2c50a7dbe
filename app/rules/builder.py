"""From lark's parse tree to our syntax tree. Literals that mean nothing become problems, all of them at once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from lark import Token, Transformer_NonRecursive, v_args
from lark.tree import Meta

from app.rules import statements as st
from app.rules import syntax as sx
from app.rules.literals import DURATION_LIMITS, MONTHS, WEEKDAYS, read_moment, read_text

_NUMBER_DIGITS = 18


def _span(meta: Meta) -> sx.Span:
    if meta.empty:
        return sx.Span(1, 1, 0, 0)
    return sx.Span(meta.line, meta.column, meta.start_pos, meta.end_pos)


@v_args(meta=True)
class Builder(Transformer_NonRecursive[Token, Any]):
    """One method per rule of the grammar; each takes the place and the children and gives a node.

    `findings` collects (span, message, hint) of literals that cannot be read.
    """

    def __init__(self) -> None:
        super().__init__(visit_tokens=False)
        self.findings: list[tuple[sx.Span, str, str]] = []

    def _find(self, span: sx.Span, message: str, hint: str) -> None:
        self.findings.append((span, message, hint))

    # Literals and values

    def text(self, meta: Meta, children: list[Any]) -> sx.Text:
        return sx.Text(read_text(children[0]), span=_span(meta))

    def number(self, meta: Meta, children: list[Any]) -> sx.Number:
        digits = str(children[0])
        if len(digits.replace(".", "").lstrip("0")) > _NUMBER_DIGITS:
            self._find(_span(meta), f"The number {digits[:24]}… is too long.", f"At most {_NUMBER_DIGITS} digits.")
            digits = "0"
        return sx.Number(Decimal(digits), span=_span(meta))

    def boolean(self, meta: Meta, children: list[Any]) -> sx.Boolean:
        return sx.Boolean(children[0] == "true", span=_span(meta))

    def blank(self, meta: Meta, _children: list[Any]) -> sx.Blank:
        return sx.Blank(span=_span(meta))

    def date(self, meta: Meta, children: list[Any]) -> sx.Moment:
        spelling = str(children[0])
        found = read_moment(spelling)
        if found is None:
            self._find(_span(meta), f"There is no date or time `{spelling}`.", _moment_hint(spelling))
            found = (sx.MomentKind.NOW, 0)
        return sx.Moment(*found, span=_span(meta))

    def duration(self, meta: Meta, children: list[Any]) -> sx.Duration:
        return self._duration(_span(meta), children[0])

    def _duration(self, span: sx.Span, spelling: str) -> sx.Duration:
        unit = spelling[-1]
        digits = spelling[:-1].lstrip("0") or "0"
        limit = DURATION_LIMITS[unit]
        if len(digits) > len(str(limit)) or int(digits) > limit:
            self._find(span, "The duration is too long.", f"At most {limit}{unit}.")
            digits = "0"
        return sx.Duration(int(digits), unit, span=span)

    def variable(self, meta: Meta, children: list[Any]) -> sx.Variable:
        return sx.Variable(str(children[0])[1:], span=_span(meta))

    def call(self, meta: Meta, children: list[Any]) -> sx.Call:
        return sx.Call(str(children[0]), tuple(child for child in children[1:] if child is not None), span=_span(meta))

    def path(self, meta: Meta, children: list[Any]) -> sx.Path:
        steps = tuple(str(step) if isinstance(step, Token) else step for step in children[1:])
        return sx.Path(str(children[0]), steps, span=_span(meta))

    item_path = path

    def index(self, _meta: Meta, children: list[Any]) -> sx.Expression:
        node: sx.Expression = children[0]
        return node

    def present(self, meta: Meta, children: list[Any]) -> sx.Present:
        return sx.Present(children[0], span=_span(meta))

    def negate(self, meta: Meta, children: list[Any]) -> sx.Negate:
        return sx.Negate(children[1], span=_span(meta))

    def cast(self, meta: Meta, children: list[Any]) -> sx.Cast:
        return sx.Cast(children[0], str(children[1]), span=_span(meta))

    def chain(self, meta: Meta, children: list[Any]) -> sx.Arithmetic:
        pairs = zip(children[1::2], children[2::2], strict=True)
        return sx.Arithmetic(children[0], tuple((str(sign), value) for sign, value in pairs), span=_span(meta))

    sum_ = product = chain

    def shift(self, meta: Meta, children: list[Any]) -> sx.Shift:
        token, direction, base = children
        span = sx.Span(token.line, token.column, token.start_pos, token.end_pos)
        return sx.Shift(self._duration(span, token), str(direction), base, span=_span(meta))

    def concat(self, meta: Meta, children: list[Any]) -> sx.Concat:
        return sx.Concat(tuple(children), span=_span(meta))

    def capture(self, meta: Meta, children: list[Any]) -> sx.Capture:
        return sx.Capture(str(children[0]), str(children[1])[1:-1], children[2], span=_span(meta))

    def replace(self, meta: Meta, children: list[Any]) -> sx.Replace:
        return sx.Replace(str(children[0])[1:-1], read_text(children[1]), children[2], span=_span(meta))

    # Conditions

    def compare(self, meta: Meta, children: list[Any]) -> sx.Compare:
        return sx.Compare(str(children[1]), children[0], children[2], span=_span(meta))

    def matches(self, meta: Meta, children: list[Any]) -> sx.Matches:
        return sx.Matches(children[0], str(children[1])[1:-1], span=_span(meta))

    def has(self, meta: Meta, children: list[Any]) -> sx.Has:
        record, quantifier, collection, condition = children
        return sx.Has(str(record), str(quantifier), str(collection), condition, span=_span(meta))

    # The lists are n-ary on purpose: a chain of a thousand `and` is one node, not a thousand levels.
    def not_(self, meta: Meta, children: list[Any]) -> sx.Not:
        return sx.Not(children[0], span=_span(meta))

    def and_(self, meta: Meta, children: list[Any]) -> sx.And:
        return sx.And(tuple(children), span=_span(meta))

    def or_(self, meta: Meta, children: list[Any]) -> sx.Or:
        return sx.Or(tuple(children), span=_span(meta))

    # Statements

    def block(self, _meta: Meta, children: list[Any]) -> tuple[st.Statement, ...]:
        return tuple(children)

    statements = block

    def when(self, meta: Meta, children: list[Any]) -> st.When:
        condition, body, *more = children
        first = st.Branch(condition, body, span=_span(meta))
        return st.When((first, *more[:-1]), more[-1], span=_span(meta))

    def branch(self, meta: Meta, children: list[Any]) -> st.Branch:
        return st.Branch(children[0], children[1], span=_span(meta))

    def otherwise(self, _meta: Meta, children: list[Any]) -> tuple[st.Statement, ...]:
        return tuple(children[0])

    def for_each(self, meta: Meta, children: list[Any]) -> st.For:
        return st.For(str(children[0]), str(children[1]), children[2], span=_span(meta))

    def for_match(self, meta: Meta, children: list[Any]) -> st.ForMatch:
        return st.ForMatch(str(children[0])[1:-1], children[1], children[2], span=_span(meta))

    def accumulate(self, meta: Meta, children: list[Any]) -> st.Accumulate:
        return st.Accumulate(str(children[0]), str(children[1]), tuple(children[2:]), span=_span(meta))

    def total(self, meta: Meta, children: list[Any]) -> st.Total:
        separator = children[3] if len(children) > 3 else None
        return st.Total(str(children[0]), str(children[1]), children[2], separator, span=_span(meta))

    def default(self, meta: Meta, children: list[Any]) -> st.Default:
        return st.Default(str(children[0]), str(children[1]), span=_span(meta))

    def decide(self, meta: Meta, children: list[Any]) -> st.Decide:
        return st.Decide(str(children[0]), str(children[1]), span=_span(meta))

    def set(self, meta: Meta, children: list[Any]) -> st.Set:
        return st.Set(children[0], children[1], span=_span(meta))

    def route(self, meta: Meta, children: list[Any]) -> st.Route:
        values = [child for child in children[1:] if not isinstance(child, Token) and child is not None]
        return st.Route(str(children[0]), values[0], values[1] if len(values) > 1 else None, span=_span(meta))

    def hold_until(self, meta: Meta, children: list[Any]) -> st.HoldUntil:
        return st.HoldUntil(str(children[0]), children[1], span=_span(meta))

    def hold_for(self, meta: Meta, children: list[Any]) -> st.HoldFor:
        return st.HoldFor(str(children[0]), children[1], span=_span(meta))

    def archive(self, meta: Meta, children: list[Any]) -> st.Archive:
        return st.Archive(str(children[0]), span=_span(meta))

    def fail(self, meta: Meta, children: list[Any]) -> st.Fail:
        return st.Fail(str(children[0]), children[1], span=_span(meta))

    def print(self, meta: Meta, children: list[Any]) -> st.Print:
        return st.Print(children[0], span=_span(meta))

    def add(self, meta: Meta, children: list[Any]) -> st.Add:
        count, collection, record, *sets = children
        return st.Add(count, str(collection), str(record), tuple(sets), span=_span(meta))

    def add_set(self, meta: Meta, children: list[Any]) -> st.AddSet:
        return st.AddSet(children[0], children[1], span=_span(meta))

    def rule(self, meta: Meta, children: list[Any]) -> st.Rule:
        name = read_text(children[0]).strip()
        if not name:
            self._find(_span(meta), "The rule has no name.", 'Give it one in quotes, as in `rule "Route by country"`.')
        return st.Rule(name, children[1] is not None, children[2], span=_span(meta))

    def rules(self, _meta: Meta, children: list[Any]) -> list[st.Rule]:
        return list(children)


def _moment_hint(spelling: str) -> str:
    word = spelling[1:].lower()
    if word in WEEKDAYS or word in MONTHS or word in {"now", "today", "tomorrow", "yesterday"}:
        return f"Write it in lower case: `@{word}`."
    return "Dates look like `@2026-01-15`, `@2026-01-15T10:30:00`, `@10:30`, `@monday`, `@january`, `@today` or `@now`."
