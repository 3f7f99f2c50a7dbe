"""Checking a rule before it is saved: names, kinds, what may be written, what can never be reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from app.rules import statements as st
from app.rules import syntax as sx
from app.rules.check_conditions import ConditionChecker
from app.rules.fields import LINE, LINES, RECORD, Field
from app.rules.kinds import Kind
from app.rules.places import Area, Place, did_you_mean, spelled
from app.rules.problems import Problem
from app.rules.scope import Catalogue, Findings

_OPEN = frozenset({Kind.ANY, Kind.BLANK})
_ONE_WAREHOUSE = "Inlet sends a purchase order to one warehouse"
_READ_ONLY = {
    "warehouse_code": f'Write `route {RECORD} to warehouse "…"`.',
    "source": "It is what the source sent, and stays so.",
}


def check_rule(rule: st.Rule, text: str, catalogue: Catalogue | None) -> list[Problem]:
    """Everything wrong with a rule that was parsed from `text`, in order of place.

    Without a catalogue warehouses and lookup tables are not looked up.
    """
    checker = RuleChecker(Findings(text), catalogue)
    checker.block(rule.body, top=True)
    return sorted(checker.findings.problems, key=lambda problem: (problem.line, problem.column))


class RuleChecker(ConditionChecker):
    """Adds the statements to values and conditions."""

    def __init__(self, findings: Findings, catalogue: Catalogue | None) -> None:
        super().__init__(findings, catalogue)
        self._statements: dict[type, Callable[[Any], None]] = {
            st.When: self._when,
            st.For: self._for,
            st.ForMatch: self._for_match,
            st.Accumulate: self._accumulate,
            st.Default: self._decide,
            st.Decide: self._decide,
            st.Set: self._set,
            st.Route: self._route,
            st.HoldUntil: self._hold_until,
            st.HoldFor: self._hold_for,
            st.Archive: lambda node: self._order_only(node, "archive"),
            st.Fail: self._fail,
            st.Print: self._print,
            st.Add: self._add,
        }

    def block(self, statements: Sequence[st.Statement], *, top: bool = False) -> None:
        """Check the statements of a block; `top` is true for the rule's own."""
        ended = False
        for statement in statements:
            if ended:
                hint = "Remove it, or put the `archive` or `fail` before it into a `when`."
                self.findings.warn(statement.span, "This is never reached: the run ends before it.", hint)
                ended = False
            if isinstance(statement, st.Default) and not top:
                hint = "Move it out of the block."
                self.findings.error(statement.span, "`default` stands only at the top level of a rule.", hint)
            self._statements[type(statement)](statement)
            ended = ended or _ends(statement)

    def _when(self, node: st.When) -> None:
        ways = []
        for branch in node.branches:
            self.condition(branch.condition)
            ways.append(self._way(branch.body))
        ways.append(self._way(node.otherwise or ()))
        self.scope.after(ways)

    def _way(self, body: Sequence[st.Statement]) -> set[str]:
        """Check one of several ways; gives what is surely set at its end, and leaves the scope as it was before."""
        before = set(self.scope.sure)
        self.block(body)
        after, self.scope.sure = self.scope.sure, before
        return after

    def _for(self, node: st.For) -> None:
        self.lines_of_record(node, node.collection, node.record)
        outer, self.scope.in_loop = self.scope.in_loop, True
        self._way(node.body)
        self.scope.in_loop = outer

    def _for_match(self, node: st.ForMatch) -> None:
        self.text(node.subject, "What a pattern is tried on")
        pattern = self.pattern(node, node.pattern)
        before = dict(self.scope.names)
        for name in pattern.names if pattern else ():
            self.bind(node, name, Kind.TEXT)
        self._way(node.body)
        self.scope.names = before

    def _accumulate(self, node: st.Accumulate) -> None:
        self.lines_of_record(node, node.collection, node.record)
        outer, self.scope.in_loop = self.scope.in_loop, True
        kinds = [self._total(total) for total in node.totals]
        self.scope.in_loop = outer
        for total, kind in zip(node.totals, kinds, strict=True):
            if total.separator is not None:
                self.text(total.separator, "The separator of `join`")
            self.bind(total, total.name, kind)

    def _total(self, node: st.Total) -> Kind:
        kind = self.kind(node.value)
        what = f"What `{node.function}` takes"
        if node.function == "sum":
            self._want(node.value, kind, {Kind.NUMBER}, what)
        elif node.function == "join":
            self._want(node.value, kind, {Kind.TEXT}, what)
            return Kind.TEXT
        elif node.function in {"min", "max"}:
            self._want(node.value, kind, {Kind.NUMBER, Kind.DATE}, what)
            return kind
        return Kind.NUMBER

    def _decide(self, node: st.Decide | st.Default) -> None:
        if node.record not in {RECORD, LINE}:
            self._no_record(node, node.record)
        elif node.record == LINE and isinstance(node, st.Decide) and not self.scope.in_loop:
            hint = f"Write `for {LINES} in {RECORD} … end` around it."
            self.findings.error(node.span, f"`{LINE}` is known only inside a loop over the lines.", hint)

    def _no_record(self, node: sx.Node, record: str) -> None:
        hint = did_you_mean(record, [RECORD, LINE]) or f"Records are `{RECORD}` and `{LINE}`."
        self.findings.error(node.span, f"There is no record `{record}`.", hint)

    def _order_only(self, node: Any, word: str) -> None:
        if node.record == LINE:
            hint = f"Write `{word} {RECORD}`; a single line is left out by `reject {LINE}`."
            self.findings.error(node.span, f"{_ONE_WAREHOUSE}; a line cannot be given to `{word}`.", hint)
        elif node.record != RECORD:
            self._no_record(node, node.record)

    def _set(self, node: st.Set) -> None:
        kind = self.kind(node.value)
        if isinstance(node.target, sx.Variable):
            self._set_variable(node, node.target.name, Kind.DATE if kind is Kind.WEEKDAY else kind)
            return
        place = self.place(node.target)
        if place is not None:
            self._target(node.target, place)
            self._fits(node.value, kind, place)

    def _set_variable(self, node: st.Set, name: str, kind: Kind) -> None:
        known = self.scope.variables.get(name, Kind.BLANK)
        if known not in _OPEN and kind not in _OPEN and known is not kind:
            message = f"`${name}` holds {known.phrase} and cannot take {kind.phrase}."
            self.findings.error(node.span, message, "Use another variable for it.")
            return
        self.scope.variables[name] = kind if known is Kind.BLANK else known
        self.scope.sure.add(f"${name}")

    def _target(self, path: sx.Path, place: Place) -> None:
        shown = spelled(path)
        if place.area is Area.NAME:
            self.findings.error(path.span, f"`{shown}` is a result and cannot be set.", "Set a field or a `$variable`.")
        elif place.at is not None:
            hint = f"Write `for {LINES} in {RECORD} … end` and set `{LINE}.…`."
            self.findings.error(path.span, "A line is set inside a loop over the lines.", hint)
        elif place.area is Area.SOURCE or (place.field is not None and not place.field.writable):
            name = "source" if place.area is Area.SOURCE else place.field.name if place.field else ""
            hint = _READ_ONLY.get(name, f"Keep your own value in `{RECORD}.custom.…`.")
            self.findings.error(path.span, f"`{shown}` is read only.", hint)
        elif place.area is Area.CUSTOM and len(place.steps) > 1:
            hint = 'Write `custom.tag` or `custom["my tag"]`.'
            self.findings.error(path.span, "A custom field has one name; values inside it cannot be set.", hint)

    def _fits(self, node: sx.Expression, kind: Kind, place: Place) -> None:
        if place.area is Area.CUSTOM:
            known = {Kind.TEXT, Kind.NUMBER, Kind.BOOLEAN, Kind.DATE, Kind.WEEKDAY}
            self._want(node, kind, known, "A custom field")
        if place.field is None:
            return
        if kind is Kind.BLANK and not place.field.may_be_blank:
            self.findings.error(node.span, f"`{place.field.name}` cannot be blank.")
        self._want(node, kind, _takes(place.field), f"`{place.field.name}`")

    def _route(self, node: st.Route) -> None:
        self._order_only(node, "route")
        kind = self.kind(node.warehouse)
        hint = "Name the warehouse's code in quotes, or its rule number."
        self._want(node.warehouse, kind, {Kind.TEXT, Kind.NUMBER}, "The warehouse", hint)
        if kind is Kind.BLANK or (isinstance(node.warehouse, sx.Text) and not node.warehouse.value):
            self.findings.error(node.warehouse.span, "The warehouse cannot be blank.", hint)
        elif self.catalogue is not None:
            self._warehouse(node.warehouse, self.catalogue)
        if node.facility is not None:
            self._want(node.facility, self.kind(node.facility), {Kind.TEXT, Kind.NUMBER}, "The facility")

    def _warehouse(self, node: sx.Expression, catalogue: Catalogue) -> None:
        if isinstance(node, sx.Text) and node.value in catalogue.disabled_codes:
            self.findings.error(
                node.span, f'The warehouse "{node.value}" is disabled.', "Enable it first, or choose another."
            )
        elif isinstance(node, sx.Text) and node.value not in catalogue.warehouse_codes:
            known = sorted(catalogue.warehouse_codes - catalogue.disabled_codes)
            hint = did_you_mean(node.value, known) or f"Its code is one of {', '.join(known[:10]) or 'none yet'}."
            self.findings.error(node.span, f'There is no warehouse "{node.value}".', hint)
        elif isinstance(node, sx.Number) and node.value not in catalogue.warehouse_numbers:
            numbers = ", ".join(str(number) for number in sorted(catalogue.warehouse_numbers)[:10]) or "none yet"
            message = f"No enabled warehouse has the rule number {node.value}."
            self.findings.error(node.span, message, f"The numbers are {numbers}.")

    def _hold_until(self, node: st.HoldUntil) -> None:
        self._order_only(node, "hold")
        kind = self.kind(node.until)
        hint = "For a time of day write `hold purchase_order until 18h after @today`." if kind is Kind.TIME else ""
        if kind is Kind.DURATION:
            hint = "For a duration write `hold purchase_order for …`."
        self._want(node.until, kind, {Kind.DATE, Kind.WEEKDAY}, "What `until` takes", hint)

    def _hold_for(self, node: st.HoldFor) -> None:
        self._order_only(node, "hold")
        hint = "Write `4h`, `2D` or `1W`; for a date write `hold purchase_order until …`."
        self._want(node.duration, self.kind(node.duration), {Kind.DURATION}, "What `for` takes", hint)

    def _fail(self, node: st.Fail) -> None:
        self._order_only(node, "fail")
        self.text(node.message, "The message")

    def _print(self, node: st.Print) -> None:
        self.kind(node.value)

    def _add(self, node: st.Add) -> None:
        self.lines_of_record(node, node.collection, node.record)
        self._want(node.count, self.kind(node.count), {Kind.NUMBER}, "The number of items")
        seen: set[str] = set()
        for part in node.sets:
            kind = self.kind(part.value)
            self._add_field(part, kind)
            seen.add(part.path.root)
        missing = [name for name in ("sku", "quantity") if name not in seen]
        if missing:
            shown = " and ".join(f"`item.{name}`" for name in missing)
            self.findings.error(node.span, "An added item needs a SKU and a quantity.", f"Set {shown}.")

    def _add_field(self, part: st.AddSet, kind: Kind) -> None:
        path = sx.Path(LINE, (part.path.root, *part.path.steps), span=part.path.span)
        outer, self.scope.in_loop = self.scope.in_loop, True
        place = self.place(path)
        self.scope.in_loop = outer
        if place is not None:
            self._target(path, place)
            self._fits(part.value, kind, place)


def _takes(field: Field) -> set[Kind]:
    return {Kind.DATE, Kind.WEEKDAY} if field.kind is Kind.DATE else {field.kind}


def _ends(statement: st.Statement) -> bool:
    """Whether nothing after this statement is ever reached."""
    if isinstance(statement, st.Archive | st.Fail):
        return True
    if not isinstance(statement, st.When) or statement.otherwise is None:
        return False
    bodies = [branch.body for branch in statement.branches] + [statement.otherwise]
    return all(any(_ends(inner) for inner in body) for body in bodies)
