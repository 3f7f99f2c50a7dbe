"""Checking values: the kind of each expression, and what cannot be meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.rules import syntax as sx
from app.rules.fields import LINE, LINES, RECORD
from app.rules.functions import FUNCTIONS, Function
from app.rules.kinds import Kind
from app.rules.patterns import BadPatternError, Pattern, compile_pattern
from app.rules.places import Area, Place, UnknownPlaceError, did_you_mean, resolve
from app.rules.scope import Catalogue, Findings, Scope

_MOMENTS: Mapping[sx.MomentKind, Kind] = {
    sx.MomentKind.NOW: Kind.DATE,
    sx.MomentKind.DAY: Kind.DATE,
    sx.MomentKind.DATE: Kind.DATE,
    sx.MomentKind.INSTANT: Kind.DATE,
    sx.MomentKind.TIME: Kind.TIME,
    sx.MomentKind.WEEKDAY: Kind.WEEKDAY,
}
_OPEN = frozenset({Kind.ANY, Kind.BLANK})
# What each cast takes, beside blank and what only the run can tell.
_CASTS: Mapping[str, frozenset[Kind]] = {
    "number": frozenset({Kind.TEXT, Kind.NUMBER, Kind.BOOLEAN}),
    "text": frozenset({Kind.TEXT, Kind.NUMBER, Kind.BOOLEAN, Kind.DATE, Kind.TIME, Kind.DURATION}),
    "date": frozenset({Kind.TEXT, Kind.DATE}),
    "boolean": frozenset({Kind.TEXT, Kind.NUMBER, Kind.BOOLEAN}),
}


class ValueChecker:
    """Gives the kind of an expression, and notes in `findings` what is wrong inside it."""

    def __init__(self, findings: Findings, catalogue: Catalogue | None) -> None:
        self.findings = findings
        self.catalogue = catalogue
        self.scope = Scope()
        self._table: dict[type, Callable[[Any], Kind]] = {
            sx.Text: lambda _node: Kind.TEXT,
            sx.Number: lambda _node: Kind.NUMBER,
            sx.Boolean: lambda _node: Kind.BOOLEAN,
            sx.Blank: lambda _node: Kind.BLANK,
            sx.Duration: lambda _node: Kind.DURATION,
            sx.Moment: self._moment,
            sx.Variable: self._variable,
            sx.Path: self._path,
            sx.Present: self._present,
            sx.Negate: self._negate,
            sx.Arithmetic: self._arithmetic,
            sx.Concat: self._concat,
            sx.Shift: self._shift,
            sx.Cast: self._cast,
            sx.Call: self._call,
            sx.Capture: self._capture,
            sx.Replace: self._replace,
        }

    def kind(self, node: sx.Expression) -> Kind:
        """The kind of a value; ANY where only the run can tell, or where something is wrong."""
        return self._table[type(node)](node)

    def place(self, path: sx.Path) -> Place | None:
        """Where a path leads, its computed steps checked; None, and an error noted, when it leads nowhere."""
        for step in path.steps:
            if not isinstance(step, str):
                self._want(step, self.kind(step), {Kind.TEXT, Kind.NUMBER}, "A key in brackets")
        try:
            return resolve(path, self.scope.names, in_loop=self.scope.in_loop)
        except UnknownPlaceError as error:
            self.findings.error(path.span, error.message, error.hint)
            return None

    def pattern(self, node: sx.Node, source: str) -> Pattern | None:
        """The compiled pattern; None, and an error noted, when it is not taken."""
        try:
            return compile_pattern(source)
        except BadPatternError as error:
            self.findings.error(
                node.span, str(error), "Write it simpler; look-around and back-references are not taken."
            )
            return None

    def text(self, node: sx.Expression, what: str) -> None:
        """Check that a value is a text."""
        self._want(node, self.kind(node), {Kind.TEXT}, what)

    def lines_of_record(self, node: sx.Node, collection: str, record: str) -> None:
        """Check that a collection and its record are the lines of the purchase order."""
        if record != RECORD:
            hint = did_you_mean(record, [RECORD]) or f"Write `{LINES} in {RECORD}`."
            self.findings.error(node.span, f"There is no record `{record}` with lines.", hint)
        elif collection != LINES:
            hint = did_you_mean(collection, [LINES]) or f"Its lines are `{LINES}`."
            self.findings.error(node.span, f"`{RECORD}` has no collection `{collection}`.", hint)

    def bind(self, node: sx.Node, name: str, kind: Kind) -> None:
        """Make a bare name known, as an accumulator's result or a capture."""
        if name in {RECORD, LINE, LINES}:
            self.findings.error(node.span, f"`{name}` is the name of a record.", "Choose another name.")
            return
        self.scope.names[name] = kind
        self.scope.sure.add(name)

    def _want(self, node: sx.Expression, kind: Kind, wanted: set[Kind], what: str, hint: str = "") -> None:
        if kind in _OPEN or kind in wanted:
            return
        phrase = " or ".join(known.phrase for known in sorted(wanted))
        self.findings.error(
            node.span, f"{what} must be {phrase}, and this is {kind.phrase}.", hint or _turn(wanted, kind)
        )

    def _moment(self, node: sx.Moment) -> Kind:
        if node.kind in _MOMENTS:
            return _MOMENTS[node.kind]
        what = "A month" if node.kind is sx.MomentKind.MONTH else "A year"
        self.findings.error(node.span, f"{what} only follows `is_in`.", "Write `… is_in @january` or `… is_in @2026`.")
        return Kind.ANY

    def _variable(self, node: sx.Variable) -> Kind:
        if node.name not in self.scope.variables:
            hint = did_you_mean(node.name, self.scope.variables, "$") or f"Write `set ${node.name} to …` before."
            self.findings.error(node.span, f"`${node.name}` is used before it is set.", hint)
            return Kind.ANY
        if f"${node.name}" not in self.scope.sure:
            self.findings.warn(
                node.span,
                f"`${node.name}` is not set on every way to this line.",
                "Where it is not set, it is blank here.",
            )
        return self.scope.variables[node.name]

    def _path(self, node: sx.Path) -> Kind:
        place = self.place(node)
        if place is None:
            return Kind.ANY
        return self.scope.names[place.name] if place.area is Area.NAME else place.kind

    def _present(self, node: sx.Present) -> Kind:
        self.kind(node.path)
        return Kind.BOOLEAN

    def _negate(self, node: sx.Negate) -> Kind:
        self._operand(node.value)
        return Kind.NUMBER

    def _arithmetic(self, node: sx.Arithmetic) -> Kind:
        self._operand(node.first)
        for sign, value in node.rest:
            self._operand(value)
            if sign in {"/", "//", "%"} and isinstance(value, sx.Number) and not value.value:
                self.findings.error(value.span, "This divides by zero.", "Divide by another number.")
        return Kind.NUMBER

    def _operand(self, node: sx.Expression) -> None:
        kind = self.kind(node)
        hint = ""
        if kind in {Kind.DATE, Kind.TIME, Kind.WEEKDAY, Kind.DURATION}:
            hint = "Dates move by `before` and `after`: `3D after purchase_order.due_date`."
        elif kind is Kind.TEXT:
            hint = "Join texts by `&`, or write `… as number`."
        self._want(node, kind, {Kind.NUMBER}, "What is calculated with", hint)

    def _concat(self, node: sx.Concat) -> Kind:
        for part in node.parts:
            self.text(part, "What is joined by `&`")
        return Kind.TEXT

    def _shift(self, node: sx.Shift) -> Kind:
        hint = f"`{node.duration.amount}{node.duration.unit} {node.direction} …` is followed by a date."
        self._want(node.base, self.kind(node.base), {Kind.DATE, Kind.WEEKDAY}, "What is moved", hint)
        return Kind.DATE

    def _cast(self, node: sx.Cast) -> Kind:
        kind, target = self.kind(node.value), Kind(node.type)
        if kind not in _OPEN and kind not in _CASTS[node.type]:
            self.findings.error(node.span, f"{kind.phrase.capitalize()} cannot be turned into {target.phrase}.")
        return target

    def _call(self, node: sx.Call) -> Kind:
        function = FUNCTIONS.get(node.name)
        kinds = [self.kind(argument) for argument in node.arguments]
        if function is None:
            hint = did_you_mean(node.name, FUNCTIONS, suffix="(…)") or f"There are {', '.join(FUNCTIONS)}."
            self.findings.error(node.span, f"There is no function `{node.name}`.", hint)
            return Kind.ANY
        most = len(function.parameters)
        if not most - function.optional <= len(kinds) or (len(kinds) > most and not function.repeats):
            self.findings.error(
                node.span, f"`{node.name}` has the wrong number of values.", f"Write `{function.shape}`."
            )
            return function.result or Kind.ANY
        self._arguments(node, function, kinds)
        return function.result or next((kind for kind in kinds if kind is not Kind.BLANK), Kind.ANY)

    def _arguments(self, node: sx.Call, function: Function, kinds: list[Kind]) -> None:
        for argument, kind, wanted in zip(node.arguments, kinds, function.parameters, strict=False):
            if wanted is not Kind.ANY:
                self._want(argument, kind, {wanted}, f"A value of `{node.name}`")
        known = {kind for kind in kinds if kind not in _OPEN}
        if function.result is None and len(known) > 1:
            self.findings.error(node.span, f"The values of `{node.name}` are not of one kind.", "Turn them with `as`.")
        elif function.needs_zone and known - {Kind.NUMBER, Kind.DATE}:
            self.findings.error(node.span, f"`{node.name}` compares numbers with numbers, or dates with dates.")
        if node.name == "lookup" and self.catalogue is not None:
            self._table_name(node.arguments[0], self.catalogue.lookup_tables)

    def _table_name(self, node: sx.Expression, tables: frozenset[str]) -> None:
        if isinstance(node, sx.Text) and node.value not in tables:
            hint = did_you_mean(node.value, sorted(tables)) or "Make it under Automation, Lookup tables."
            self.findings.error(node.span, f'There is no lookup table "{node.value}".', hint)

    def _capture(self, node: sx.Capture) -> Kind:
        self.text(node.subject, "What a pattern is tried on")
        pattern = self.pattern(node, node.pattern)
        if pattern is not None and node.name not in pattern.names:
            hint = f"Write `{node.name} | /…(?<{node.name}>…)…/ matches …`."
            self.findings.error(node.span, f"The pattern has no group named `{node.name}`.", hint)
        self.bind(node, node.name, Kind.TEXT)
        return Kind.TEXT

    def _replace(self, node: sx.Replace) -> Kind:
        self.text(node.subject, "What a pattern is tried on")
        self.pattern(node, node.pattern)
        return Kind.TEXT


def _turn(wanted: set[Kind], kind: Kind) -> str:
    """The hint to turn a value into what is wanted, where a cast can."""
    for target in _CASTS:
        if Kind(target) in wanted and kind in _CASTS[target]:
            return f"Write `… as {target}`."
    return ""
