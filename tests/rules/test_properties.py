"""Properties: no text and no pattern gets past the parser's own error, and judging never touches what it is given."""

from __future__ import annotations

import json
import time
from copy import deepcopy
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from app.rules.engine import Document, RuleError, check, compile_rule, judge
from app.rules.patterns import BadPatternError, compile_pattern
from tests.rules.casefile import CASES, cases
from tests.rules.sample import CATALOGUE, active, context, header, item
from tests.rules.test_grammar import EVERYTHING

CASE_RULES = [text for path in sorted(CASES.glob("case-*.md")) for case in cases(path.name) for text in case.rules]
WORDS = """when then otherwise_when otherwise end for in accumulate sum count join set to accept reject default route
warehouse hold until archive fail with print add item items matches replace is is_not is_in is_on contains starts_with
before after as number text date true false blank and or not has any all upper( max( lookup( = <> < >= + - * / // % &
( ) [ ] , : ? | / " "a" $x x 3D 1 0.5 @today @monday @january @2026 @10:30 .notes .custom.x .custom["k"] .due_date
.quantity purchase_order purchase_order_item purchase_order_items /(?<x>a+)/ \x00 é"""
PIECES = [*WORDS.split(), 'rule "a"', "# c\n", "\n"]
COMMON = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def survives(text: str) -> None:
    """Check and compile a text: it may be refused, and nothing else may happen."""
    problems = check(text, CATALOGUE)
    for problem in problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.message
        assert problem.snippet or not text
    try:
        program = compile_rule(text)
    except RuleError:
        assert [problem for problem in problems if problem.is_error]
        return
    judge(Document(header(), [item(1, "A", 1)]), active(program.text), context(step_budget=2_000))


@COMMON
@given(some.text(max_size=200))
def test_no_text_breaks_the_parser(text: str) -> None:
    survives(text)
    survives(f'rule "a" {text} end')


@COMMON
@given(some.lists(some.sampled_from(PIECES), max_size=25))
def test_no_heap_of_words_breaks_the_checker(words: list[str]) -> None:
    survives(f'rule "a" {" ".join(words)} end')


@COMMON
@given(some.data())
def test_no_damaged_rule_breaks_the_checker(data: some.DataObject) -> None:
    text = data.draw(some.sampled_from([*CASE_RULES, EVERYTHING]))
    start = data.draw(some.integers(0, len(text)))
    end = data.draw(some.integers(start, min(len(text), start + 30)))
    survives(text[:start] + data.draw(some.sampled_from((*PIECES, ""))) + text[end:])


texts = some.one_of(
    some.none(), some.text(max_size=8), some.sampled_from(["EUR", "A-1", "2026-01-20", "12", "true", "SAMPLE-1"])
)
numbers = some.one_of(some.none(), some.decimals(0, 1000, places=3), some.integers(-5, 50), some.floats(-10, 10))
days = some.one_of(some.none(), some.dates(date(2020, 1, 1), date(2030, 1, 1)))
instants = some.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=some.just(UTC))  # noqa: DTZ001
anything = some.recursive(
    some.one_of(texts, numbers, some.booleans()),
    lambda inner: some.one_of(
        some.lists(inner, max_size=3), some.dictionaries(some.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)
KEYS = ("tag", "x", "k", "destination", "kit", "weight", "n", "ship_on", "channel")
customs = some.dictionaries(some.sampled_from(KEYS), anything, max_size=4)
headers = some.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(["number", "notes", "currency", "supplier_code", "tags"], texts),
        **dict.fromkeys(["revision", "total_cost"], numbers),
        "due_date": days,
        "ordered_at": some.one_of(some.none(), instants),
        "custom": customs,
        "ship_to": some.one_of(some.none(), some.fixed_dictionaries({"country": texts})),
        "source": some.one_of(some.none(), some.dictionaries(some.sampled_from(["lines", "flags"]), anything)),
    },
)
lines = some.lists(
    some.fixed_dictionaries(
        {
            "sku": texts,
            "quantity": numbers,
            "unit_cost": numbers,
            "pack_size": numbers,
            "expected_date": days,
            "custom": customs,
        }
    ),
    max_size=4,
)


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(headers, lines, some.lists(some.sampled_from(CASE_RULES), min_size=1, max_size=3))
def test_any_document_is_judged_and_none_is_touched(
    fields: dict[str, Any], items: list[dict[str, Any]], rules: list[str]
) -> None:
    document = Document(
        fields, [{"key": str(number), "line_number": number, **line} for number, line in enumerate(items)]
    )
    before = deepcopy(document)
    judgement = judge(document, active(*rules), context(step_budget=5_000))
    assert repr(document) == repr(before)
    assert json.dumps(judgement.trace)
    assert (judgement.message is None) == (judgement.outcome == "proceed")
    if judgement.outcome == "failed":
        assert (judgement.header_changes, judgement.item_changes, judgement.added_items) == ({}, {}, [])
        assert (judgement.route, judgement.hold_until) == (None, None)
    for first, second in judgement.header_changes.values():
        assert repr(first) != repr(second)


shapes = some.recursive(
    some.sampled_from(["a", "b", "[ab]", ".", r"\w", r"\d", "a?", "-", "[^a]", "(?:a|ab)"]),
    lambda inner: some.one_of(
        some.lists(inner, min_size=2, max_size=3).map("".join),
        some.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        some.tuples(inner, some.sampled_from(["*", "+", "?", "{2,5}", "{0,30}", "*?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(shapes, some.sampled_from(["a", "ab", "aab", "a-", "b"]))
def test_a_pattern_that_is_taken_ends_in_time(shape: str, text: str) -> None:
    try:
        pattern = compile_pattern(shape + "!")
    except BadPatternError:
        return
    begun = time.process_time()
    assert pattern.search((text * pattern.longest)[: pattern.longest]) is None
    assert time.process_time() - begun < 5


@COMMON
@given(some.decimals(-(10**9), 10**9, places=6), some.decimals(-(10**9), 10**9, places=6))
def test_arithmetic_is_exact(first: Decimal, second: Decimal) -> None:
    document = Document(header(custom={"a": first, "b": second}), [])
    body = "set purchase_order.custom.c to purchase_order.custom.a + purchase_order.custom.b - purchase_order.custom.b"
    judgement = judge(document, active(f'rule "A" {body} end'), context())
    assert judgement.header_changes == {"custom.c": (None, first)}
