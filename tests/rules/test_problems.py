"""What Inlet says about a rule that cannot be saved, word by word, with the place and the caret."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.rules.engine import Problem, RuleError, check, compile_rule
from tests.rules.casefile import tables
from tests.rules.sample import CATALOGUE

SYNTAX = [pytest.param(*cells, id=cells[0]) for _section, cells in tables("syntax.md")]
MEANING = [pytest.param(*cells, id=f"{section}: {cells[0]}") for section, cells in tables("problems.md")]


def spoken(problem: Problem) -> tuple[str, str, str]:
    """A problem as the tables write it."""
    prefix = "" if problem.is_error else "warning: "
    return f"{problem.line}:{problem.column}", prefix + problem.message, problem.hint


@pytest.mark.parametrize(("text", "place", "message", "hint"), SYNTAX)
def test_a_mistake_in_the_shape_is_told(text: str, place: str, message: str, hint: str) -> None:
    assert [spoken(problem) for problem in check(text, CATALOGUE)] == [(place, message, hint)]
    with pytest.raises(RuleError) as caught:
        compile_rule(text)
    assert spoken(caught.value.problems[0]) == (place, message, hint)


@pytest.mark.parametrize(("text", "place", "message", "hint"), MEANING)
def test_a_mistake_in_the_meaning_is_told(text: str, place: str, message: str, hint: str) -> None:
    assert [spoken(problem) for problem in check(f'rule "Wrong"\n{text}\nend', CATALOGUE)] == [(place, message, hint)]


def test_the_caret_stands_under_the_mistake() -> None:
    (problem,) = check('rule "a"\n  print  purchase_order.note\nend', CATALOGUE)
    assert problem.snippet == "  print  purchase_order.note\n         ^"


def test_a_long_line_is_cut_around_the_caret() -> None:
    text = 'rule "a" print "' + "x" * 500 + '" & 5 end'
    (problem,) = check(text, CATALOGUE)
    shown, caret = problem.snippet.split("\n")
    assert len(shown) <= 120
    assert shown[caret.index("^")] == "5"


def test_all_mistakes_are_told_at_once_in_order() -> None:
    text = 'rule "a"\nprint $y\nset purchase_order.notes to 5\nprint x\nend'
    problems = check(text, CATALOGUE)
    assert [problem.line for problem in problems] == [2, 3, 4]
    with pytest.raises(RuleError) as caught:
        compile_rule(text)
    assert caught.value.sentence() == "Line 2, column 7: `$y` is used before it is set. Write `set $y to …` before."


def test_a_warning_does_not_keep_a_rule_from_being_saved() -> None:
    text = 'rule "a" when purchase_order.notes is_not "x" then print 1 end end'
    assert [problem.severity.value for problem in check(text, CATALOGUE)] == ["warning"]
    assert compile_rule(text).name == "a"


def test_a_field_tested_for_blank_needs_no_warning() -> None:
    for condition in (
        'purchase_order.notes is_not "x" or purchase_order.notes is blank',
        'purchase_order.notes is_not blank and purchase_order.notes is_not "x"',
        'purchase_order.notes? and purchase_order.notes is_not "x"',
        'purchase_order.number is_not "x"',
    ):
        assert check(f'rule "a" when {condition} then print 1 end end', CATALOGUE) == []


def test_a_warehouse_that_is_gone_still_lets_a_stored_rule_compile() -> None:
    text = 'rule "a" route purchase_order to warehouse "GONE" end'
    assert [problem.message for problem in check(text, CATALOGUE)] == ['There is no warehouse "GONE".']
    assert compile_rule(text).name == "a"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('rule "a" print ' + "x" * 60_000 + " end", "The rule is longer than 50000 characters."),
        (
            'rule "a" ' + "when true then " * 60 + "print 1 " + "end " * 61,
            "Blocks and parentheses are nested more than 40 deep here.",
        ),
        ('rule "a" print "\x00" end', "The text holds a character that cannot be stored."),
        ('rule "a" print "\ud800" end', "The text holds a character that cannot be stored."),
    ],
    ids=["long", "deep", "NUL", "surrogate"],
)
def test_a_text_out_of_bounds_is_refused(text: str, message: str) -> None:
    assert [problem.message for problem in check(text, CATALOGUE)] == [message]


def test_parentheses_alone_make_no_depth() -> None:
    assert check('rule "a" print ' + "(" * 2_000 + "1" + ")" * 2_000 + " end", CATALOGUE) == []


def test_a_long_chain_is_no_depth() -> None:
    assert check('rule "a" print ' + " + ".join(["1"] * 2_000) + " end", CATALOGUE) == []
    assert check('rule "a" when ' + " or ".join(["1 = 2"] * 1_000) + " then print 1 end end", CATALOGUE) == []


def test_a_disabled_warehouse_is_not_suggested() -> None:
    catalogue = replace(CATALOGUE, warehouse_codes=frozenset({"EAST", "OLD"}))
    assert [problem.hint for problem in check('rule "a" route purchase_order to warehouse "OLDE" end', catalogue)] == [
        "Its code is one of EAST."
    ]
