"""The functions of the language one by one, against plain arithmetic and slices."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from app.rules.functions import FUNCTIONS
from app.rules.values import ValueProblemError
from tests.rules.sample import BERLIN, judged, printed, sample

COMMON = settings(max_examples=150, deadline=None, derandomize=True)


def call(name: str, *values: Any) -> Any:
    """The value of a function."""
    function = FUNCTIONS[name]
    return function.call(BERLIN, *values) if function.needs_zone else function.call(*values)


def shown(expression: str, **custom: Any) -> str:
    """What a rule prints for an expression."""
    (line,) = printed(judged(f'rule "A" print {expression} end', document=sample(custom=custom)))
    return line


@COMMON
@given(some.text(max_size=20), some.integers(0, 25), some.integers(0, 25))
def test_substring_is_a_slice(text: str, start: int, length: int) -> None:
    assert call("substring", text, Decimal(start)) == text[start:]
    assert call("substring", text, Decimal(start), Decimal(length)) == text[start : start + length]


@COMMON
@given(some.decimals(-(10**9), 10**9, places=8), some.integers(0, 12))
def test_rounding_is_the_nearest_with_halves_away_from_zero(number: Decimal, digits: int) -> None:
    rounded = call("round", number, Decimal(digits))
    assert rounded == number.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    assert abs(rounded - number) * 2 <= Decimal(1).scaleb(-digits)
    assert call("round", -number, Decimal(digits)) == -rounded


@COMMON
@given(some.lists(some.decimals(-1000, 1000, places=3), min_size=1, max_size=6))
def test_min_and_max_are_one_of_the_values(numbers: list[Decimal]) -> None:
    assert call("min", *numbers) == min(numbers)
    assert call("max", *numbers) == max(numbers)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("substring", ("abc", Decimal(-1)), "The start counts from 0 and cannot be negative."),
        ("substring", ("abc", Decimal("0.5")), "The start must be a whole number."),
        ("substring", ("abc", Decimal(0), Decimal(-1)), "The length cannot be negative."),
        ("substring", ("abc", Decimal(1_000_001)), "The start must be a whole number."),
        ("round", (Decimal(1), Decimal(-1)), "The number of digits is 0 to 12."),
        ("round", (Decimal(1), Decimal(13)), "The number of digits is 0 to 12."),
        ("round", (Decimal(1), Decimal("1.5")), "The number of digits must be a whole number."),
    ],
)
def test_a_value_out_of_place_is_told(name: str, values: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueProblemError) as caught:
        call(name, *values)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('upper("straße")', "STRASSE"),
        ('lower("ÀÉ")', "àé"),
        ('trim("\t a \t")', "a"),
        ('length("😀")', "1"),
        ('length(trim("  "))', "blank"),
        ('substring("abc", 1.0)', "bc"),
        ('substring("abc", 3)', "blank"),
        ('substring("abc", 0, 0)', "blank"),
        ("round(0.5)", "1"),
        ("round(1.45, 1)", "1.5"),
        ("round(-1.45, 1)", "-1.5"),
        ("round(2.675, 2)", "2.68"),
        ("round(123456789.123456789, 12)", "123456789.123456789"),
        ("abs(0.50)", "0.5"),
        ("min(5)", "5"),
        ("min(2.0, 2)", "2"),
        ("max(@2026-01-15, @2026-01-14T23:00:01Z)", "2026-01-15T00:00:01+01:00"),
        ("max(@2026-01-15, @2026-01-14T22:59:59Z)", "2026-01-15"),
        ("coalesce(blank, false, true)", "false"),
        ("coalesce(purchase_order.custom.n, 5)", "0"),
        ('coalesce("", "b")', "b"),
        ('lookup("suppliers", "s-1")', "blank"),
        ('upper(lookup("suppliers", "S-1"))', "ACME LTD"),
        ("upper(blank)", "blank"),
        ("round(blank, 2)", "blank"),
        ("round(1, blank)", "blank"),
        ("abs(purchase_order.custom.nobody)", "blank"),
    ],
)
def test_a_call_prints(expression: str, expected: str) -> None:
    assert shown(expression, n=0) == expected


@pytest.mark.parametrize("table", [None, ""])
def test_a_missing_row_and_an_empty_one_are_blank(table: str | None) -> None:
    judgement = judged('rule "A" print coalesce(lookup("units", "x"), "none") end', lookup=lambda _table, _key: table)
    assert printed(judgement) == ["none"]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("length(purchase_order.custom.n)", "`length` takes a text, and 5 is a number. Write `… as text`."),
        ("abs(purchase_order.custom.t)", '`abs` takes a number, and "a" is a text. Write `… as number`.'),
        ("round(1, purchase_order.custom.t)", '`round` takes a number, and "a" is a text. Write `… as number`.'),
        ("trim(purchase_order.custom.l)", "`trim` takes a text, and a list of 1 is a list. Write `… as text`."),
        ('lookup("units", purchase_order.custom.n)', "`lookup` takes a text, and 5 is a number. Write `… as text`."),
        ("min(purchase_order.custom.b, 1)", ("`min` compares numbers with numbers, or dates with dates. "
          "Mend the rule or the purchase order, then reprocess it.")),
    ],
)  # fmt: skip
def test_a_custom_value_of_the_wrong_kind_stops_the_rule(expression: str, reason: str) -> None:
    document = sample(custom={"n": 5, "t": "a", "l": ["a"], "b": True})
    judgement = judged(f'rule "A" print {expression} end', document=document)
    assert judgement.message == f'Rule "A" (version 7) stopped in line 1: {reason}'
