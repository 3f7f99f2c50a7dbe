"""The cases in Markdown: a rule, a purchase order, and exactly what comes out."""

from __future__ import annotations

from typing import Any

import pytest

from app.rules.engine import Judgement, check, judge
from app.rules.values import to_json
from tests.rules.casefile import CASES, Case, cases, tables
from tests.rules.sample import CATALOGUE, active, context, judged, printed

FILES = sorted(path.name for path in CASES.glob("case-*.md"))
EVERY = [pytest.param(case, id=f"{name}: {case.name}") for name in FILES for case in cases(name)]
VALUES = [
    pytest.param(cells[0], cells[1], id=f"{section}: {cells[0]}")
    for name in ("values.md", "conditions.md")
    for section, cells in tables(name)
]


@pytest.mark.parametrize("case", EVERY)
def test_a_case_comes_out_as_it_says(case: Case) -> None:
    judgement = judge(case.document, active(*case.rules), context())
    assert (judgement.outcome, judgement.message) == (case.expected["outcome"], case.expected.get("message"))
    assert _after(judgement.header_changes) == _json(case.expected["header"])
    assert {key: _after(fields) for key, fields in judgement.item_changes.items()} == {
        key: _json(fields) for key, fields in case.expected["lines"].items()
    }
    assert judgement.left_out == case.expected["left_out"]
    assert [
        _only(line, wanted) for line, wanted in zip(judgement.added_items, case.expected["added"], strict=True)
    ] == [_json(wanted) for wanted in case.expected["added"]]
    assert _routed(judgement) == case.expected.get("route")
    assert (judgement.hold_until and judgement.hold_until.isoformat()) == case.expected.get("hold")
    assert printed(judgement) == case.expected["printed"]


@pytest.mark.parametrize("case", EVERY)
def test_the_rules_of_a_case_pass_the_checker(case: Case) -> None:
    for text in case.rules:
        assert [problem.sentence() for problem in check(text, CATALOGUE) if problem.is_error] == []


@pytest.mark.parametrize(("expression", "value"), VALUES)
def test_a_value_is_what_the_table_says(expression: str, value: str) -> None:
    judgement = judged(f'rule "Value" print ({expression}) end')
    if value.startswith("stops: "):
        reason = value.removeprefix("stops: ")
        assert judgement.outcome == "failed"
        assert judgement.message is not None
        assert judgement.message.startswith(f'Rule "Value" (version 7) stopped in line 1: {reason}')
    else:
        assert (judgement.outcome, printed(judgement)) == ("proceed", [value])


def test_there_are_enough_cases() -> None:
    assert len(EVERY) + len(VALUES) >= 250


def _after(changes: dict[str, tuple[Any, Any]]) -> dict[str, Any]:
    return {path: to_json(after) for path, (_before, after) in changes.items()}


def _json(fields: dict[str, Any]) -> dict[str, Any]:
    return {path: to_json(value) if not isinstance(value, int) or isinstance(value, bool) else str(value)
            for path, value in fields.items()}  # fmt: skip


def _only(line: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    return _json({name: line["custom"].get(name.removeprefix("custom."), line.get(name)) for name in wanted})


def _routed(judgement: Judgement) -> tuple[str, str | None] | None:
    if judgement.route is None:
        return None
    target = judgement.route.warehouse_code or f"number {judgement.route.warehouse_number}"
    return target, judgement.route.facility
