"""The door of the rule language: check a text, compile it once, judge purchase orders by compiled rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

from app.rules.arithmetic import decimals
from app.rules.checker import check_rule
from app.rules.closures import Effect
from app.rules.formatter import format_rule
from app.rules.interpreter import compile_body
from app.rules.parser import parse, parse_many
from app.rules.problems import Problem, RuleError, RunError, Severity
from app.rules.run import By, EndedError, Ending, Run
from app.rules.scope import Catalogue
from app.rules.statements import Rule
from app.rules.syntax import Path
from app.rules.trace import RuleTrace
from app.rules.verdict import Judgement, Route, Work, failed, settled
from app.rules.walk import descendants

__all__ = [
    "ActiveRule",
    "Catalogue",
    "Context",
    "Document",
    "Judgement",
    "Problem",
    "Program",
    "Route",
    "RuleError",
    "Severity",
    "check",
    "compile_rule",
    "format_rule",
    "judge",
    "split_rules",
]


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled rule: its text, its tree and the closure that runs it. Safe to share between threads."""

    text: str
    rule: Rule
    effect: Effect = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """The name in quotes after the word `rule`."""
        return self.rule.name

    @property
    def inactive(self) -> bool:
        """Whether the text says `inactive`. `judge` does not look at it: the caller passes the active rules."""
        return self.rule.inactive

    @property
    def reads_source(self) -> bool:
        """Whether the rule looks into the imported document, so that the caller need not load it for nothing."""
        return any(isinstance(node, Path) and node.steps[:1] == ("source",) for node in descendants(self.rule))


@dataclass(frozen=True, slots=True)
class ActiveRule:
    """A version of a rule that judges."""

    rule_id: int
    version_id: int
    version_no: int
    name: str
    program: Program


@dataclass(frozen=True, slots=True)
class Document:
    """A purchase order as it goes in: snapshot plus edits.

    `header` has the keys external_id, number, buyer_name, supplier_code, supplier_name, ordered_at (aware instant),
    due_date (date), currency, notes, tags (comma-separated text), revision, total_cost, line_count, warehouse_code,
    ship_to (map), store, merchant, custom (map), source (map). Each of `items` has key (unique text), line_number,
    sku, supplier_sku, barcode, name, quantity, unit_of_measure, pack_size, unit_cost (Decimal), expected_date (date),
    custom.
    What is missing is blank; so is an empty text.
    """

    header: Mapping[str, Any]
    items: Sequence[Mapping[str, Any]]


def _no_tables(_table: str, _key: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Context:
    """What a judgement depends on besides the document: two aware instants, the connection's zone, the lookup tables.

    The budgets are for each rule: steps (about one for each statement in each turn of a loop) and seconds.
    """

    now: datetime
    zone: ZoneInfo
    imported_at: datetime
    lookup: Callable[[str, str], str | None] = _no_tables
    step_budget: int = 100_000
    time_budget_s: float = 2.0


def check(text: str, catalogue: Catalogue) -> list[Problem]:
    """Everything wrong with the text of one rule, errors and warnings, in order of place; empty when all is well."""
    try:
        return check_rule(parse(text), text, catalogue)
    except RuleError as error:
        return error.problems


def compile_rule(text: str) -> Program:
    """Compile the text of one rule. Raises RuleError, which holds every problem, when one of them is an error.

    Warehouses and lookup tables are not looked up here: a stored rule still compiles when one of them is gone.
    """
    rule = parse(text)
    problems = check_rule(rule, text, None)
    if any(problem.is_error for problem in problems):
        raise RuleError(problems)
    return Program(text, rule, compile_body(rule, text))


def split_rules(text: str) -> list[str]:
    """The texts of the rules in an export file, in order; raises RuleError."""
    return [text[rule.span.start : rule.span.end] for rule in parse_many(text)]


def judge(document: Document, rules: Sequence[ActiveRule], context: Context) -> Judgement:
    """Run the rules in order over a copy of the document and say what comes out; the document itself is not touched."""
    begun = perf_counter()
    run = Run(
        document.header,
        document.items,
        now=context.now,
        zone=context.zone,
        imported_at=context.imported_at,
        lookup=context.lookup,
    )
    traces: list[RuleTrace] = []
    with decimals():
        ended = _run_all(run, rules, context, traces)
    work = Work(round((perf_counter() - begun) * 1e6), tuple(traces))
    if ended is not None:
        outcome, message, by = ended
        return failed(message, by, work) if outcome == "failed" else settled(run, work, (message, by))
    return settled(run, work, None)


_Ended = tuple[Ending, str, By]


def _run_all(run: Run, rules: Sequence[ActiveRule], context: Context, traces: list[RuleTrace]) -> _Ended | None:
    for rule in rules:
        trace = RuleTrace(rule.rule_id, rule.version_no, rule.name)
        traces.append(trace)
        run.begin(trace, context.step_budget, context.time_budget_s)
        begun = perf_counter()
        ended = _run_one(run, rule, trace)
        trace.duration_us = round((perf_counter() - begun) * 1e6)
        if ended is not None:
            return ended
    return None


def _run_one(run: Run, rule: ActiveRule, trace: RuleTrace) -> _Ended | None:
    try:
        run.spend(len(rule.program.rule.body), 1)
        rule.program.effect(run)
    except EndedError as end:
        return end.outcome, end.message, run.here(end.line)
    except RunError as error:
        remedy = error.remedy or "Mend the rule or the purchase order, then reprocess it."
        where = f'Rule "{rule.name}" (version {rule.version_no}) stopped in line {error.line}'
        trace.error = f"{where}: {error.message.rstrip('.')}. {remedy}"
        return "failed", trace.error, run.here(error.line)
    return None
