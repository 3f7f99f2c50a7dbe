"""Formatting: one statement a line, two spaces a block, one space between words; comments stay where they belong.

The layout is made from the rule's own tokens, so that nothing is spelled anew, and the syntax tree says where a
statement begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lark import Token

from app.rules import statements as st
from app.rules import syntax as sx
from app.rules.parser import grammar, parse
from app.rules.walk import descendants

WIDTH = 100
_INDENT = "  "
_COMMENT = re.compile(r"#[^\r\n]*")
_BLOCKS = (st.When, st.For, st.ForMatch, st.Accumulate, st.Add, st.Rule)
_BEGIN_LINES = (*_BLOCKS, st.Default, st.Decide, st.Set, st.Route, st.HoldUntil, st.HoldFor, st.Archive, st.Fail,
                st.Print, st.Total, st.AddSet)  # fmt: skip
_MIDDLES = frozenset({"_OTHERWISE", "_OTHERWISE_WHEN"})
_TIGHT_BEFORE = frozenset({"RPAR", "RSQB", "COMMA", "DOT", "QMARK", "COLON", "LSQB"})
_TIGHT_AFTER = frozenset({"LPAR", "LSQB", "DOT"})


def format_rule(text: str) -> str:
    """The text of one rule in the house style, ending with a line break; it means the same. Raises RuleError."""
    rule = parse(text)
    printer = _Printer(text, rule)
    interactive = grammar().parse_interactive(text, start="rule")
    end = 0
    for token in interactive.iter_parse():
        assert token.start_pos is not None
        assert token.end_pos is not None
        printer.gap(text[end : token.start_pos])
        printer.put(token)
        end = token.end_pos
    printer.gap(text[end:])
    return printer.text()


@dataclass(slots=True)
class _Line:
    """A line under way: its depth, and its words with the separator before each and whether it may break there."""

    depth: int
    words: list[tuple[str, str, bool]]
    comment: str = ""


class _Printer:
    """Takes the tokens and the gaps between them in turn, and lays them out in lines."""

    def __init__(self, text: str, rule: st.Rule) -> None:
        nodes = list(descendants(rule))
        self._begins = {node.span.start for node in nodes if isinstance(node, _BEGIN_LINES)}
        self._opens = {node.span.start for node in nodes if isinstance(node, _BLOCKS)}
        self._signs = {node.span.start for node in nodes if isinstance(node, sx.Negate)}
        self._source = text
        self._lines: list[_Line | None] = []
        self._depth = 0
        # Where a statement goes on after a comment inside it.
        self._inner = 0
        self._parentheses = 0
        self._blank = False
        # Whether the next token begins a line whatever it is; whether the last line opened a block.
        self._fresh = True
        self._opened = False
        self._comments: list[str] = []
        self._before: Token | None = None

    def gap(self, text: str) -> None:
        """Take what lies between two tokens: spaces, line breaks, comments."""
        first = True
        for piece in text.split("\n"):
            comment = _COMMENT.search(piece)
            if comment and first and self._before is not None:
                self._trail(comment.group().rstrip())
            elif comment:
                self._comments.append(comment.group().rstrip())
            first = False
        self._blank = self._blank or bool(re.search(r"\n[ \t\r\f]*\n", text))

    def put(self, token: Token) -> None:
        """Take a token."""
        closes = token.type == "_END"
        if closes or token.start_pos in self._begins or token.type in _MIDDLES or self._fresh:
            self._begin(token, closes=closes)
        else:
            self._go_on()
        self._parentheses += (token.type in {"LPAR", "LSQB"}) - (token.type in {"RPAR", "RSQB"})
        breakable = token.type in {"_AND", "_OR"} and not self._parentheses
        line = self._lines[-1]
        assert line is not None
        line.words.append((self._separator(token, line), str(token), breakable))
        # A block opens after the words that introduce it.
        self._fresh = token.type in {"_THEN", "_OTHERWISE"}
        self._before = token

    def text(self) -> str:
        """The lines so far."""
        self._own_lines(0)
        return "".join(f"{line}\n" for line in self._written())

    def _begin(self, token: Token, *, closes: bool) -> None:
        inside = self._depth
        self._depth -= closes
        depth = self._depth - (token.type in _MIDDLES)
        if self._blank and self._lines and not closes and not self._opened:
            self._lines.append(None)
        self._blank = False
        self._opened = token.start_pos in self._opens or token.type in _MIDDLES
        self._own_lines(inside)
        self._lines.append(_Line(depth, []))
        self._inner = depth + 2
        self._parentheses = 0
        if token.start_pos in self._opens:
            self._depth += 1

    def _trail(self, comment: str) -> None:
        line = self._lines[-1]
        assert line is not None
        if line.comment or not line.words:
            self._comments.append(comment)
        else:
            line.comment = comment

    def _own_lines(self, depth: int) -> bool:
        """Write the comments that stand on lines of their own; gives whether there were any."""
        comments, self._comments = self._comments, []
        self._lines += [_Line(depth, [("", comment, False)]) for comment in comments]
        return bool(comments)

    def _go_on(self) -> None:
        """Go on with a statement on a new line when a comment ended the last one."""
        last = self._lines[-1]
        if self._own_lines(self._inner) or (last is not None and last.comment):
            self._lines.append(_Line(self._inner, []))

    def _separator(self, token: Token, line: _Line) -> str:
        before = self._before
        if not line.words or before is None:
            return ""
        if token.type in _TIGHT_BEFORE or before.type in _TIGHT_AFTER or before.start_pos in self._signs:
            return ""
        if token.type == "LPAR" and before.type == "NAME":
            return ""
        return " "

    def _written(self) -> Iterator[str]:
        for line in self._lines:
            if line is None:
                yield ""
            elif line.words:
                yield from _broken(line)


def _broken(line: _Line) -> Iterator[str]:
    """A line as text; one that is too wide is broken before each `and` and `or` outside parentheses."""
    indent = _INDENT * line.depth
    whole = "".join(separator + word for separator, word, _breakable in line.words)
    comment = f"  {line.comment}" if line.comment else ""
    if len(indent) + len(whole) <= WIDTH:
        yield f"{indent}{whole}{comment}"
        return
    parts: list[str] = []
    for separator, word, breakable in line.words:
        if breakable or not parts:
            parts.append(word)
        else:
            parts[-1] += separator + word
    inner = indent + _INDENT * 2
    lines = [indent + parts[0], *(inner + part for part in parts[1:])]
    yield from lines[:-1]
    yield lines[-1] + comment
