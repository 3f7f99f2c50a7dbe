"""The grammar itself: without conflicts, without overlapping words, and every production reached."""

from __future__ import annotations

import logging
from importlib.resources import files

import pytest
from lark import Lark

from app.rules import statements as st
from app.rules import syntax as sx
from app.rules.engine import RuleError
from app.rules.parser import grammar, parse, parse_many
from app.rules.walk import children, descendants

EVERYTHING = r"""
rule "Everything" inactive
  default accept purchase_order
  default reject purchase_order_item
  set purchase_order.custom.a to "t" & 1 as text & (upper("x") & blank)
  set $v to -1 + 2 - 3 * 4 / 5 % 6 // 7
  set purchase_order.custom["k" & "1"] to a | /(?<a>x\/y)/ matches purchase_order.source.lines[0].sku
  set purchase_order.number to replace /_/ with "-" in purchase_order.number
  accumulate purchase_order_items in purchase_order
    s: sum purchase_order_item.quantity
    c: count purchase_order_item.sku
    l: min purchase_order_item.quantity
    m: max purchase_order_item.quantity
    j: join purchase_order_item.sku, ", "
  end
  when not purchase_order.notes? and (s > 1 or c < 2) then
    accept purchase_order
  otherwise_when s = 1 or s <> 2 or s >= 3 or s <= 4 then
    reject purchase_order
  otherwise
    when purchase_order.number is "a" and purchase_order.number is_not "b" then print 1 end
    when purchase_order.number starts_with "a" and purchase_order.number ends_with "b" then print true end
    when purchase_order.number contains "a" or purchase_order.number matches /x/ then print false end
    when purchase_order.due_date is_on @monday or purchase_order.due_date is_in @january then print @2026-01-15 end
  end
  for purchase_order_items in purchase_order
    reject purchase_order_item
    add 2 items to purchase_order_items in purchase_order
      set item.sku to purchase_order_item.sku
      set item.custom.x to 1
    end
    add 1 item to purchase_order_items in purchase_order end
  end
  for /(?<w>[a-z]+)/ in purchase_order.notes print w end
  when purchase_order has any purchase_order_items with (true)
    and purchase_order has all purchase_order_items with (true)
    and purchase_order has none purchase_order_items with (false)
    and purchase_order has no purchase_order_items with (false) then print 4h end
  route purchase_order to warehouse "EAST" / 4
  hold purchase_order until 3D before purchase_order.due_date
  hold purchase_order for 30s
  print "a" as number
  print "a" as date
  print "a" as boolean
  print 2W after @now
  fail purchase_order with "x"
  archive purchase_order
end
"""


@pytest.fixture
def quiet() -> None:
    """interegular says through the log which words it compares."""
    logging.getLogger("interegular").setLevel(logging.CRITICAL)


def test_the_grammar_has_no_conflict_and_no_two_words_that_overlap(quiet: None) -> None:
    text = files("app.rules").joinpath("grammar.lark").read_text(encoding="utf-8")
    assert Lark(text, parser="lalr", lexer="contextual", strict=True, start=["rule", "rules"]).rules


def test_every_production_is_read() -> None:
    rule = parse(EVERYTHING)
    found = {type(node) for node in descendants(rule)}
    nodes = {kind for module in (sx, st) for kind in vars(module).values() if isinstance(kind, type)}
    assert found == {kind for kind in nodes if issubclass(kind, sx.Node)} - {sx.Node}
    assert (rule.name, rule.inactive, len(rule.body)) == ("Everything", True, 20)


def test_every_grammar_rule_has_its_method() -> None:
    from app.rules.builder import Builder

    names = {rule.origin.name for rule in grammar().rules} - {"statements"}
    builder = Builder()
    assert [
        str(name) for name in names if not str(name).startswith(("_", "$")) and not hasattr(builder, str(name))
    ] == []


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("1 + 2 * 3", ("+", 1, ("*", 2, 3))),
        ("1 - 2 - 3", ("-", 1, 2, 3)),
        ("-1 as text", ("as", ("-", 1))),
        ("1 + 2 as text", ("+", 1, ("as", 2))),
        ("1 & 2 + 3", ("&", 1, ("+", 2, 3))),
        ("3D before 1 + 2", ("before", ("+", 1, 2))),
        ("(3D before 1) & 2", ("&", ("before", 1), 2)),
        ("(1 or 2 and not 3)", ("or", 1, ("and", 2, ("not", 3)))),
        ("(not 1 = 2)", ("not", ("=", 1, 2))),
        ("(1 < 3D before 2)", ("<", 1, ("before", 2))),
        ("(1 & 2 is 3)", ("is", ("&", 1, 2), 3)),
    ],
)
def test_precedence(text: str, tree: object) -> None:
    (statement,) = parse(f'rule "P" print {text} end').body
    assert isinstance(statement, st.Print)
    assert shape(statement.value) == tree


def shape(node: sx.Expression) -> object:
    """A small picture of an expression."""
    inner = [shape(child) for child in children(node) if not isinstance(child, sx.Duration)]  # type: ignore[arg-type]
    if isinstance(node, sx.Number):
        return int(node.value)
    words = {sx.Negate: "-", sx.Cast: "as", sx.Concat: "&", sx.Or: "or", sx.And: "and", sx.Not: "not"}
    if isinstance(node, sx.Arithmetic):
        word = node.rest[0][0]
    elif isinstance(node, sx.Compare):
        word = node.operator
    elif isinstance(node, sx.Shift):
        word = node.direction
    else:
        word = words[type(node)]
    return (word, *inner)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("print 10 / 2 / 5", 1),
        ("for /a/ in x print 10 / 2 end", 1),
        ("route x to warehouse 10 / 2", 1),
        ("print x matches_1", None),
        ("print ending", 1),
        ("print endrule", 1),
        ("whentrue then print 1 end", None),
        ("print 5m print 5M", 2),
        ("print 10//3", 1),
        ("print count print item print text print any", 4),
        ("print x.end.when.rule", 1),
        ("print(1)", 1),
        ("print 1#comment\nprint 2", 2),
        ("print 1\r\n\tprint 2\f", 2),
        ("when x=1then print 1 end", None),
    ],
)
def test_where_words_and_signs_end(text: str, expected: int | None) -> None:
    if expected is None:
        with pytest.raises(RuleError):
            parse(f'rule "W" {text} end')
    else:
        assert len(parse(f'rule "W" {text} end').body) == expected


def test_places_are_exact() -> None:
    text = 'rule "P"\n  when (purchase_order.notes is "x")\n    or true then print 1 end\nend'
    (when,) = parse(text).body
    assert isinstance(when, st.When)
    span = when.branches[0].condition.span
    assert (span.line, span.column) == (2, 8)
    assert text[span.start : span.end] == '(purchase_order.notes is "x")\n    or true'


def test_trees_are_equal_when_they_mean_the_same() -> None:
    assert parse('rule "A" print 1+2 end') == parse('# x\nrule "A"\n  print (1 + 2)\nend')
    assert parse('rule "A" print 1+2 end') != parse('rule "A" print 1-2 end')


def test_many_rules_in_one_text() -> None:
    assert [rule.name for rule in parse_many('rule "A" print 1 end rule "B" print 2 end')] == ["A", "B"]
