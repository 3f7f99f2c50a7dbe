"""Mistakes in the shape of a rule beyond the tables: every lesson, every wrong spelling, and places in odd texts."""

from __future__ import annotations

import pytest

from app.rules.engine import Problem, RuleError, Severity, check, split_rules
from app.rules.mistake_examples import EXAMPLES
from app.rules.parser import MAX_CHARACTERS, MAX_DEPTH, parse, parse_many
from app.rules.problems import RunError, snippet
from tests.rules.sample import CATALOGUE


def first(text: str) -> Problem:
    """The first problem of a text."""
    return check(text, CATALOGUE)[0]


# What is written there tells more than the lesson, or hides where the break is.
TOLD_BETTER = {
    'rule "a" when x is not 1 then print 1 end end': "`is not` is one word.",
    'rule "a" when x is in y then print 1 end end': "`is in` is one word.",
    'rule "a" print x. end': "The `rule` of line 1 has no `end`.",
}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(text, TOLD_BETTER.get(text, message), id=text or "empty")
        for message, _hint, texts in EXAMPLES
        for text in texts
    ],
)
def test_every_example_teaches_its_own_lesson(text: str, message: str) -> None:
    assert first(text).message == message


@pytest.mark.parametrize(
    ("body", "column", "message", "hint"),
    [
        ("print (1 => 2)", 20, "`=>` is not an operator.", "Write `>=`."),
        ("when true then ELSE end", 25, "`ELSE` is not a word of the language.", "Write `otherwise`."),
        ("when true then Else end", 25, "`Else` is not a word of the language.", "Write `otherwise`."),
        ("when true then elif 1 end", 25, "`elif` is not a word of the language.", "Write `otherwise_when`."),
        ("when @now is on @monday then end", 26, "`is on` is one word.", "Write `is_on`."),
        ('when "a" ends   with "b" then end', 19, "`ends   with` is one word.", "Write `ends_with`."),
        ('when "a" include "b" then end', 19, "`include` is not a word of the language.", "Write `contains`."),
        ('when "a" not matches /b/ then end', 19, "`not` stands before the whole comparison.",
         "Write `not (… contains …)`."),
        ("SET $x to 1", 10, "`SET` is not a word of the language.", "Keywords are lower case."),
        ("when true Or true then end", 20, "`Or` is not a word of the language.", "Keywords are lower case."),
        ("when true then print 1 End", 33, "`End` is not a word of the language.", "Keywords are lower case."),
        ("print `a`", 16, "Text stands in double quotes.", 'Write "…".'),
        ("print ‘a’", 16, "Text stands in double quotes.", 'Write "…".'),
        ("print „a“", 16, "These are curly quotes.", 'Write straight ones: "…".'),
        ("print 1,000", 17, "A number has no thousands separator.", "Write `1000` or `1000.50`."),
        ("set $x to 3d before @now", 20, "`3d` is not a duration.", "Days are written `3D`."),
        ("print $1", 16, "A variable needs a name.", "Write `$name`."),
        ("print .5", 16, "A value is missing here.",
         "A value is a text, a number, a date, a field, a $variable or a function."),
        ("print 1e5", 16, "`1e5` is not a number.",
         "Numbers look like `5` or `1.5`, durations like `30s 5m 4h 3D 2W 1M 1Y`."),
        ("hold purchase_order for 1.5h", 34, "`1.5h` is not a number.",
         "Numbers look like `5` or `1.5`, durations like `30s 5m 4h 3D 2W 1M 1Y`."),
        ("print @2026-02-30", 16, "There is no date or time `@2026-02-30`.",
         "Dates look like `@2026-01-15`, `@2026-01-15T10:30:00`, `@10:30`, `@monday`, `@january`, `@today` or `@now`."),
        ("sett $x to 1", 10, "`sett` does not begin a statement.", "Did you mean `set`?"),
        ("print true false", 21, "`false` does not begin a statement.", "Did you mean `fail`?"),
        ("set 5 to 1", 14, "`set` needs a field or a $variable.",
         "Write `set purchase_order.notes to …` or `set $name to …`."),
        ("set $x 1", 17, "The target of `set` is not followed by `to`.", 'Write `set purchase_order.notes to "…"`.'),
        ("default accept", 25, "`end` cannot stand here.", "Expected a name."),
        ("print upper(1", 24, "A closing parenthesis is missing.", "Each `(` has its `)`."),
    ],
)  # fmt: skip
def test_a_wrong_spelling_is_told_with_the_right_one(body: str, column: int, message: str, hint: str) -> None:
    problem = first(f'rule "a" {body} end')
    assert (problem.line, problem.column, problem.message, problem.hint) == (1, column, message, hint)


@pytest.mark.parametrize(
    ("unit", "most"),
    [
        ("s", 10_000_000_000),
        ("m", 150_000_000),
        ("h", 2_500_000),
        ("D", 100_000),
        ("W", 15_000),
        ("M", 3_600),
        ("Y", 300),
    ],
)
def test_the_longest_duration_of_each_unit(unit: str, most: int) -> None:
    assert check(f'rule "a" print {most}{unit} end', CATALOGUE) == []
    problem = first(f'rule "a" print {most + 1}{unit} end')
    assert (problem.message, problem.hint) == ("The duration is too long.", f"At most {most}{unit}.")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('rule "a"\r\n  print\r\n  end', (3, 3)),
        ('rule "a"\n\tprint ~\nend', (2, 8)),
        ("\n\n  rule a print 1 end", (3, 8)),
        ('# a comment\nrule "a" # another\nprint ] end', (3, 7)),
        ('rule "ü€😀" print ] end', (1, 18)),
        ('rule "a" print 1   \n\n\n', (1, 17)),
        ("", (1, 1)),
        ("   \n  ", (1, 1)),
    ],
)  # fmt: skip
def test_the_place_of_a_mistake_is_exact(text: str, place: tuple[int, int]) -> None:
    problem = first(text)
    assert (problem.line, problem.column) == place


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [('rule "a" print "x\x00" end', 1, 18), ('rule "a"\n  print "\ud8ff"\nend', 2, 10), ("\x00", 1, 1)],
)
def test_a_character_that_cannot_be_stored_is_shown_by_its_stand_in(text: str, line: int, column: int) -> None:
    problem = first(text)
    assert (problem.line, problem.column, problem.hint) == (line, column, "Remove it.")
    shown, caret = problem.snippet.split("\n")
    assert shown[caret.index("^")] == "\N{REPLACEMENT CHARACTER}"


def test_the_longest_text_is_just_taken() -> None:
    rule = 'rule "a" print 1 end'
    assert check(rule.ljust(MAX_CHARACTERS), CATALOGUE) == []
    assert first(rule.ljust(MAX_CHARACTERS + 1)).hint == "Cut it in two rules."


def test_the_deepest_nesting_is_just_taken() -> None:
    def nested(depth: int) -> str:
        return 'rule "a" print ' + "upper(" * depth + '"x"' + ")" * depth + " end"

    # The rule, the statement and the text itself are levels too.
    assert check(nested(MAX_DEPTH - 2), CATALOGUE) == []
    problem = first(nested(MAX_DEPTH - 1))
    assert problem.message == f"Blocks and parentheses are nested more than {MAX_DEPTH} deep here."
    assert problem.column == len('rule "a" print ') + 6 * (MAX_DEPTH - 1) + 1


@pytest.mark.parametrize(
    ("text", "line", "column", "shown"),
    [
        ("abc", 1, 2, "abc\n ^"),
        ("a\nbcd\r\ne", 2, 3, "bcd\n  ^"),
        ("\tabc", 1, 2, " abc\n ^"),
        ("abc", 1, 4, "abc\n   ^"),
        ("abc", 7, 1, "\n^"),
        ("abc", 0, 1, "\n^"),
        ("x" * 60 + "y" * 70, 1, 61, "x" * 60 + "y" * 60 + "\n" + " " * 60 + "^"),
        ("x" * 100 + "!" + "y" * 100, 1, 101, "x" * 60 + "!" + "y" * 59 + "\n" + " " * 60 + "^"),
    ],
)
def test_the_line_with_its_caret(text: str, line: int, column: int, shown: str) -> None:
    assert snippet(text, line, column) == shown


def test_errors_speak_before_warnings_and_places_are_in_order() -> None:
    warning = Problem(1, 5, "Careful.", "Look.", Severity.WARNING)
    late, early = Problem(3, 1, "Late.", "Later."), Problem(2, 9, "Early.", "Sooner.")
    error = RuleError([late, warning, early])
    assert error.problems == [warning, early, late]
    assert error.sentence() == "Line 2, column 9: Early. Sooner."
    assert (warning.is_error, early.is_error) == (False, True)
    assert RuleError([warning]).sentence() == "Line 1, column 5: Careful. Look."


def test_a_problem_without_a_hint_is_one_sentence() -> None:
    assert Problem(2, 3, "It is so.").sentence() == "Line 2, column 3: It is so."
    error = RunError(4, "it broke.", "Mend it.")
    assert (error.line, error.sentence()) == (4, "it broke. Mend it.")


@pytest.mark.parametrize(
    "words",
    [
        "rule",
        "when",
        "then",
        "end",
        "for",
        "in",
        "set",
        "to",
        "hold",
        "is",
        "and",
        "or",
        "not",
        "blank",
        "true",
        "replace",
    ],
)
def test_a_word_that_shapes_a_rule_is_no_name_but_a_member(words: str) -> None:
    assert check(f'rule "a" set purchase_order.custom.{words} to purchase_order.custom.{words} end', CATALOGUE) == []
    with pytest.raises(RuleError):
        parse(f'rule "a" accumulate purchase_order_items in purchase_order {words}: count 1 end end')


@pytest.mark.parametrize(
    "word",
    ["count", "sum", "min", "max", "join", "item", "items", "text", "number", "date", "any", "all", "no", "none"],
)
def test_the_other_words_may_name_a_result(word: str) -> None:
    text = f'rule "a" accumulate purchase_order_items in purchase_order {word}: count 1 end print {word} end'
    assert check(text, CATALOGUE) == []


def test_a_mistake_in_a_later_rule_of_a_file_is_told_at_its_place() -> None:
    text = 'rule "A"\n  print 1\nend\n\nrule "B"\n  prin 2\nend\n'
    with pytest.raises(RuleError) as caught:
        split_rules(text)
    assert caught.value.sentence() == "Line 6, column 3: `prin` does not begin a statement. Did you mean `print`?"


def test_an_unfinished_second_rule_is_told() -> None:
    with pytest.raises(RuleError) as caught:
        parse_many('rule "A" print 1 end\nrule "B"\n  when true then\n    print 2\nend')
    assert caught.value.problems[0].message == "The `rule` of line 2 has no `end`."


def test_a_file_of_rules_keeps_their_places_and_words() -> None:
    first_rule, second_rule = parse_many('rule "A" print 1 end\n\n  rule "B" inactive print 2 end')
    assert (first_rule.span.line, second_rule.span.line, second_rule.span.column) == (1, 3, 3)
    assert (first_rule.inactive, second_rule.inactive) == (False, True)
