"""Formatting: the layout, the comments, and that the meaning stays."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from app.rules.engine import RuleError, format_rule
from app.rules.parser import grammar, parse
from tests.rules.test_grammar import EVERYTHING
from tests.rules.test_properties import CASE_RULES

RULES = [*CASE_RULES, EVERYTHING.strip()]


@pytest.mark.parametrize(
    ("written", "formatted"),
    [
        ('rule "A" print 1 end', 'rule "A"\n  print 1\nend\n'),
        ('rule   "A"\tinactive print 1 end', 'rule "A" inactive\n  print 1\nend\n'),
        (
            'rule "A" when x then otherwise_when y then otherwise print 3 end end',
            'rule "A"\n  when x then\n  otherwise_when y then\n  otherwise\n    print 3\n  end\nend\n',
        ),
        (
            'rule "A" when x then otherwise when y then end end end',
            'rule "A"\n  when x then\n  otherwise\n    when y then\n    end\n  end\nend\n',
        ),
        (
            'rule "A" accumulate x in y t:sum a*b j : join c,", " end end',
            'rule "A"\n  accumulate x in y\n    t: sum a * b\n    j: join c, ", "\n  end\nend\n',
        ),
        (
            'rule "A" add 1 item to x in y set item.sku to "a" set item . quantity to 1 end end',
            'rule "A"\n  add 1 item to x in y\n    set item.sku to "a"\n    set item.quantity to 1\n  end\nend\n',
        ),
        (
            'rule "A" print round( x . y[ 1 ] ,2 )+-1- -2 print x ? end',
            'rule "A"\n  print round(x.y[1], 2) + -1 - -2\n  print x?\nend\n',
        ),
        (
            'rule "A" when x has any y with(a) and(b or c) then print (1) end end',
            'rule "A"\n  when x has any y with (a) and (b or c) then\n    print (1)\n  end\nend\n',
        ),
        ('rule "A" print 1\n\n\n\nprint 2 end', 'rule "A"\n  print 1\n\n  print 2\nend\n'),
        ('rule "A"\n\n\nwhen x then\n\nprint 1\n\nend\n\nend', 'rule "A"\n  when x then\n    print 1\n  end\nend\n'),
        (
            '# top\nrule "A" # name\n# own\nprint 1 # one\n# before the end\nend # end\n# last',
            '# top\nrule "A"  # name\n  # own\n  print 1  # one\n  # before the end\nend  # end\n# last\n',
        ),
        (
            'rule "A"\nwhen x # why\nand y then # now\nprint 1 end end',
            'rule "A"\n  when x  # why\n      and y then  # now\n    print 1\n  end\nend\n',
        ),
        ('rule "A" print "#no comment" end', 'rule "A"\n  print "#no comment"\nend\n'),
        ('rule "A" for /#x/ in y print 1 end end', 'rule "A"\n  for /#x/ in y\n    print 1\n  end\nend\n'),
        ('rule "A"\r\n  print 1\r\nend\r\n', 'rule "A"\n  print 1\nend\n'),
    ],
)
def test_the_layout(written: str, formatted: str) -> None:
    assert format_rule(written) == formatted


def test_a_long_condition_is_broken_before_and_and_or() -> None:
    name = "purchase_order.custom.a_rather_long_name"
    text = f'rule "A" when {name} is "x" and ({name} is "y" or {name} is "z") or {name} is blank then print 1 end end'
    assert format_rule(text) == (
        f'rule "A"\n  when {name} is "x"\n      and ({name} is "y" or {name} is "z")\n      or {name} is blank then\n'
        "    print 1\n  end\nend\n"
    )


def test_a_comment_stays_at_the_end_of_a_long_line() -> None:
    name = "purchase_order.custom.a_rather_long_name_of_a_field"
    text = f'rule "A" when {name} is "x" and {name} is "y" then # why\nprint {name} & {name} & {name} # so\nend end'
    assert format_rule(text) == (
        f'rule "A"\n  when {name} is "x"\n      and {name} is "y" then  # why\n'
        f"    print {name} & {name} & {name}  # so\n  end\nend\n"
    )


@pytest.mark.parametrize("text", RULES)
def test_formatting_keeps_the_meaning_and_settles_at_once(text: str) -> None:
    formatted = format_rule(text)
    assert parse(formatted) == parse(text)
    assert format_rule(formatted) == formatted
    assert comments(formatted) == comments(text)


def test_a_broken_rule_is_not_formatted() -> None:
    with pytest.raises(RuleError):
        format_rule('rule "A" print end')


def comments(text: str) -> list[str]:
    """The comments of a rule, in order."""
    found, end = [], 0
    for token in grammar().parse_interactive(text, start="rule").iter_parse():
        assert token.start_pos is not None
        assert token.end_pos is not None
        found += re.findall(r"#[^\r\n]*", text[end : token.start_pos])
        end = token.end_pos
    return [comment.rstrip() for comment in found + re.findall(r"#[^\r\n]*", text[end:])]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(some.sampled_from(RULES), some.data())
def test_spaces_and_comments_anywhere_do_not_change_the_meaning(text: str, data: some.DataObject) -> None:
    tokens = [str(token) for token in grammar().parse_interactive(text, start="rule").iter_parse()]
    gaps = some.sampled_from([" ", "  ", "\n", "\n\n\n", "\t", " # note\n", "\n# one\n# two\n", " #x\n\n", "\r\n"])
    scattered = "".join(token + data.draw(gaps) for token in tokens)
    formatted = format_rule(scattered)
    assert parse(formatted) == parse(text)
    assert comments(formatted) == comments(scattered)
    assert format_rule(formatted) == formatted
