"""Patterns: what is taken, what is refused, and that the worst of what is taken ends in time."""

from __future__ import annotations

import time

import pytest

from app.rules.patterns import BadPatternError, SubjectTooLongError, compile_pattern


@pytest.mark.parametrize(
    ("source", "longest"),
    [
        ("abc", 10_000),
        ("^abc$", 20_000),
        (r"^(?<prefix>[A-Z]+)-", 20_000),
        (r"\d+(\.\d+)?", 10_000),
        (r"(\d+,)+", 10_000),
        (r"(ab|cd)*x", 10_000),
        (r"^\s*(\w+)\s*-\s*(\w+)$", 20_000),
        (r"^(.*)-(.*)$", 10_000),
        (r"\w+\s*\w+x", 186),
        (r".*a.*b", 186),
        (r"(?m)^a.*b", 669),
        (r"(?:a|ab)(?:c|bcd)d*", 7_071),
        (r"a{2,9}a", 3_535),
        (r"(?i)a+A", 669),
        (r"[^a]+a", 10_000),
        (r"[^a-z]+[0-9]", 669),
        (r"\D+\d", 10_000),
        (r"\w+\W+\d", 10_000),
        (r"(a|ab)*c", 10_000),
        (r"(?i)[^a]+a", 669),
        (r"é+ü", 669),
        (r"\bword\b", 10_000),
        ("(((((((((a)))))))))", 10_000),
        ("(a|)b", 10_000),
        ("a{0}a+(?:){2,3}b", 10_000),
        ("", 10_000),
    ],
)
def test_the_longest_text_follows_from_the_shape(source: str, longest: int) -> None:
    assert compile_pattern(source).longest == longest


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("(a+)+", "The pattern repeats something that can match the same text in several ways"),
        ("(a|a)*", "The pattern repeats something that can match the same text in several ways"),
        ("(a|b|ab)*", "The pattern repeats something that can match the same text in several ways"),
        ("(a?)*", "The pattern repeats something that can match the same text in several ways"),
        ("(.*)*", "The pattern repeats something that can match the same text in several ways"),
        ("(a*bcb*)+", "The pattern repeats something that can match the same text in several ways"),
        ("(a*a*){3}", "The pattern repeats something that can match the same text in several ways"),
        ("(?=a)b", "The pattern looks ahead or behind"),
        ("(?<!a)b", "The pattern looks ahead or behind"),
        (r"(a)\1", "The pattern refers back to a group"),
        ("(?P<x>a)(?P=x)", "The pattern refers back to a group"),
        ("(a)(?(1)b|c)", "The pattern refers back to a group"),
        ("(?>a)", "The pattern has an atomic group"),
        ("a++", "The pattern has a possessive repeat"),
        ("a*a*a*a*a*a*a*b", "The pattern has too many parts that can take the same characters"),
        ("a?" * 40 + "b", "The pattern has too many parts that can take the same characters"),
        ("[", "The pattern cannot be read: unterminated character set at position 0."),
        ("(", "The pattern cannot be read: missing ), unterminated subpattern at position 0."),
        ("a**", "The pattern cannot be read: multiple repeat at position 2."),
        ("[[a]", "The pattern cannot be read: Possible nested set at position 1."),
        ("a{99999999999}", "The pattern cannot be read"),
        ("(" * 160 + "a" + ")*" * 160, "The pattern repeats something"),
        ("x" * 501, "The pattern is longer than 500 characters."),
        ("(?<1a>x)", "The pattern cannot be read"),
    ],
)
def test_a_dangerous_or_broken_pattern_is_refused(source: str, reason: str) -> None:
    with pytest.raises(BadPatternError) as caught:
        compile_pattern(source)
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r".*a.*b", "a" * 20_000),
        (r"x*x*x*y", "x" * 20_000),
        (r"\d+x", "1" * 20_000),
        (r"(\d+,)+x", "1," * 10_000),
        (r"^(.*)-(.*)\n\n", "-" * 20_000),
        (r"\w+\s*\w+!", "a" * 20_000),
        (r"(a|b)?(a|c)?(a|d)?(a|e)?(a|f)?a*!", "a" * 20_000),
        (r"(?i)(Strasse|weg)+!", "strasse" * 2_000),
    ],
)
def test_the_worst_case_of_a_taken_pattern_ends_in_time(source: str, text: str) -> None:
    pattern = compile_pattern(source)
    begun = time.process_time()
    assert pattern.search(text[: pattern.longest]) is None
    assert time.process_time() - begun < 3


def test_a_longer_text_is_refused() -> None:
    pattern = compile_pattern(".*a.*b")
    for use in (pattern.search, lambda text: list(pattern.every(text)), lambda text: pattern.replaced("", text)):
        with pytest.raises(SubjectTooLongError) as caught:
            use("x" * 187)
        assert str(caught.value) == "The pattern /.*a.*b/ takes at most 186 characters; this text has 187."


def test_groups_have_the_names_of_the_field() -> None:
    pattern = compile_pattern(r"(?<a>x)(?P<b>y)[(?<c>]\(?<d")
    assert pattern.names == ("a", "b")
    match = pattern.search("xy?(<d")
    assert match is not None
    assert match.groupdict() == {"a": "x", "b": "y"}


def test_a_slash_is_written_with_a_backslash() -> None:
    assert compile_pattern(r"a\/b").search("a/b") is not None


def test_a_replacement_is_taken_literally() -> None:
    assert compile_pattern("(b)").replaced(r"\1$1\g<0>", "abc") == r"a\1$1\g<0>c"
