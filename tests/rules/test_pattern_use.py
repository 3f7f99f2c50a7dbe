"""Patterns at work: limits of their length, captures, loops over matches; and rules of any shape that are laid out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from app.rules.engine import format_rule
from app.rules.formatter import WIDTH
from app.rules.parser import parse
from app.rules.patterns import MAX_PATTERN, MAX_SUBJECT, BadPatternError, compile_pattern
from tests.rules.sample import judged, printed, sample


def test_the_longest_pattern_is_just_taken() -> None:
    assert compile_pattern("x" * MAX_PATTERN).search("x" * MAX_PATTERN) is not None
    with pytest.raises(BadPatternError):
        compile_pattern("x" * (MAX_PATTERN + 1))


def test_the_longest_text_is_just_taken() -> None:
    rule = 'rule "P" print (purchase_order.custom.t matches /^x+$/) end'
    assert printed(judged(rule, document=sample(custom={"t": "x" * MAX_SUBJECT}))) == ["true"]
    judgement = judged(rule, document=sample(custom={"t": "x" * (MAX_SUBJECT + 1)}))
    assert judgement.message == (
        'Rule "P" (version 7) stopped in line 1: The pattern /^x+$/ takes at most 20000 characters; '
        "this text has 20001. Make the pattern simpler, or match a part of the text."
    )


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ('for /(?<a>x)|(?<b>y)/ in "xy" print a & "," & b end', ["x,", ",y"]),
        ('for /x/ in "y" print 1 end', []),
        ('for /x*/ in "ax" print "hit" end', ["hit", "hit", "hit"]),
        ('for /(?<n>[0-9]+)/ in "1 22" for /(?<d>[0-9])/ in n print n & ":" & d end end', ["1:1", "22:2", "22:2"]),
        ('print (a | /(?<a>.)/ matches "pq") print a', ["p", "p"]),
        ('set $v to (a | /(?<a>z)/ matches "pq") print a print $v', ["blank", "blank"]),
        ('print (y | /(?<x>a)(?<y>b)?/ matches "ac")', ["blank"]),
        ('print (replace /x|y/ with "\\\\" in "axby")', ["a\\b\\"]),
        ('print (replace /^/ with ">" in "a")', [">a"]),
        ("print (purchase_order.number matches /\\/|PO/)", ["true"]),
    ],
)
def test_what_matches_give(body: str, lines: list[str]) -> None:
    assert printed(judged(f'rule "P" {body} end')) == lines


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    some.text("ab-/1 ", max_size=30), some.sampled_from(["a+", "[0-9]", "(?:ab)+", "^a", "b$", r"\s", r"a\/b", "-?1"])
)
def test_a_taken_pattern_finds_what_the_standard_library_finds(text: str, source: str) -> None:
    pattern = compile_pattern(source)
    spelled = re.compile(source)
    assert [match.span() for match in pattern.every(text)] == [match.span() for match in spelled.finditer(text)]
    assert pattern.replaced("#", text) == spelled.sub("#", text)


values = some.recursive(
    some.sampled_from(
        ['"a b"', "5", "0.50", "true", "@today", "$v", "purchase_order.notes", 'purchase_order.custom["k"]']
    ),
    lambda inner: some.one_of(
        some.tuples(inner, some.sampled_from(["+", "-", "*", "/", "//", "%", "&"]), inner).map(" ".join),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"-({text})"),
        inner.map(lambda text: f"({text}) as text"),
        some.lists(inner, min_size=1, max_size=3).map(lambda parts: f"max({','.join(parts)})"),
    ),
    max_leaves=6,
)
conditions = some.lists(
    some.tuples(values, some.sampled_from(["is", "<", ">=", "contains"]), values).map(" ".join), min_size=1, max_size=4
).map(" and ".join)
actions = some.one_of(
    values.map(lambda text: f"print {text}"),
    values.map(lambda text: f"set $v to {text}"),
    some.sampled_from(
        ["accept purchase_order", "hold purchase_order for 4h", 'route purchase_order to warehouse "E" / 1']
    ),
)
statements = some.recursive(
    actions,
    lambda inner: some.one_of(
        some.tuples(conditions, inner, inner).map(lambda p: f"when {p[0]} then {p[1]} otherwise {p[2]} end"),
        inner.map(lambda text: f"for purchase_order_items in purchase_order {text} end"),
        some.lists(inner, min_size=1, max_size=3).map("\n\n".join),
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(statements)
def test_a_rule_of_any_shape_keeps_its_meaning_when_it_is_laid_out(body: str) -> None:
    text = f'rule "Any" {body} end'
    laid_out = format_rule(text)
    assert parse(laid_out) == parse(text)
    assert format_rule(laid_out) == laid_out
    lines = laid_out.split("\n")
    assert (lines[0], lines[-2:]) == ('rule "Any"', ["end", ""])
    for line in lines:
        assert line == line.rstrip()
        # A wide line is broken before each of its `and`.
        assert len(line) <= WIDTH or line.strip().count(" and ") == 0
