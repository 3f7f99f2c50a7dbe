"""Checking conditions: what is compared with what."""

from __future__ import annotations

from app.rules import syntax as sx
from app.rules.check_values import ValueChecker
from app.rules.fields import INSTANTS
from app.rules.kinds import Kind
from app.rules.places import UnknownPlaceError, resolve, spelled
from app.rules.scope import Catalogue, Findings
from app.rules.walk import descendants

_OPEN = frozenset({Kind.ANY, Kind.BLANK})
_TEXTUAL = frozenset({"starts_with", "ends_with", "contains"})
_ORDER = frozenset({"<", ">", "<=", ">="})
_DATES = frozenset({Kind.DATE, Kind.TIME})


class ConditionChecker(ValueChecker):
    """Adds the conditions to the values."""

    def __init__(self, findings: Findings, catalogue: Catalogue | None) -> None:
        super().__init__(findings, catalogue)
        self._table |= {
            sx.And: self._all,
            sx.Or: self._all,
            sx.Not: self._not,
            sx.Has: self._has,
            sx.Matches: self._matches,
            sx.Compare: self._compare,
        }

    def condition(self, node: sx.Expression) -> None:
        """Check a whole condition, as it follows `when` or stands in `has`."""
        outer = self.scope.blank_tests
        self.scope.blank_tests = outer | _blank_tests(node)
        self._boolean(node)
        self.scope.blank_tests = outer

    def _boolean(self, node: sx.Expression) -> None:
        kind = self.kind(node)
        if kind not in _OPEN and kind is not Kind.BOOLEAN:
            hint = "Compare it with something, as in `… is …` or `… > …`."
            self.findings.error(node.span, f"A condition is true or false, and this is {kind.phrase}.", hint)
        if kind is Kind.BLANK:
            self.findings.error(node.span, "Blank is neither true nor false.", "Write `… is blank`.")

    def _all(self, node: sx.And | sx.Or) -> Kind:
        for part in node.parts:
            self._boolean(part)
        return Kind.BOOLEAN

    def _not(self, node: sx.Not) -> Kind:
        self._boolean(node.value)
        return Kind.BOOLEAN

    def _has(self, node: sx.Has) -> Kind:
        self.lines_of_record(node, node.collection, node.record)
        outer, self.scope.in_loop = self.scope.in_loop, True
        self.condition(node.condition)
        self.scope.in_loop = outer
        return Kind.BOOLEAN

    def _matches(self, node: sx.Matches) -> Kind:
        self.text(node.subject, "What a pattern is tried on")
        self.pattern(node, node.pattern)
        return Kind.BOOLEAN

    def _compare(self, node: sx.Compare) -> Kind:
        if isinstance(node.right, sx.Blank):
            self._blank(node)
        elif isinstance(node.left, sx.Blank):
            self.kind(node.right)
            self.findings.error(node.left.span, "`blank` stands on the right.", "Write `… is blank`.")
        elif node.operator == "is_in":
            self._is_in(node)
        else:
            self._sides(node, self.kind(node.left), self.kind(node.right))
        return Kind.BOOLEAN

    def _blank(self, node: sx.Compare) -> None:
        self.kind(node.left)
        if node.operator not in {"is", "is_not"}:
            message = f"`{node.operator}` does not work with blank."
            self.findings.error(node.right.span, message, "Write `is blank` or `is_not blank`.")

    def _is_in(self, node: sx.Compare) -> None:
        self._date_on_the_left(node, self.kind(node.left))
        right = node.right
        if isinstance(right, sx.Moment) and right.kind in {sx.MomentKind.MONTH, sx.MomentKind.YEAR}:
            return
        hint = "Write `is_in @january` or `is_in @2026`; a weekday or a date follows `is_on`."
        self.kind(right)
        self.findings.error(right.span, "`is_in` is followed by a month or a year.", hint)

    def _date_on_the_left(self, node: sx.Compare, left: Kind) -> None:
        self._want(node.left, left, {Kind.DATE}, f"What stands before `{node.operator}`")

    def _sides(self, node: sx.Compare, left: Kind, right: Kind) -> None:
        if node.operator == "is_on":
            self._date_on_the_left(node, left)
            self._want(node.right, right, {Kind.DATE, Kind.WEEKDAY}, "What follows `is_on`")
        elif node.operator in _TEXTUAL:
            self._want(node.left, left, {Kind.TEXT}, f"What stands before `{node.operator}`")
            self._want(node.right, right, {Kind.TEXT}, f"What follows `{node.operator}`")
        elif Kind.WEEKDAY in {left, right}:
            self.findings.error(node.span, "A weekday follows `is_on`.", "Write `… is_on @monday`.")
        elif Kind.DURATION in {left, right}:
            hint = "Write `purchase_order.ordered_at < 3D before @now`."
            self.findings.error(node.span, "A duration does not compare; dates do.", hint)
        elif node.operator in _ORDER:
            self._ordered(node, left, right)
        else:
            self._equal(node, left, right)

    def _ordered(self, node: sx.Compare, left: Kind, right: Kind) -> None:
        for side, kind in ((node.left, left), (node.right, right)):
            if kind in {Kind.TEXT, Kind.BOOLEAN}:
                hint = "Write `… as number` or `… as date`." if kind is Kind.TEXT else "Use `is`."
                self.findings.error(
                    side.span, f"`{node.operator}` compares numbers or dates, and this is {kind.phrase}.", hint
                )
                return
        self._one_kind(node, left, right)

    def _equal(self, node: sx.Compare, left: Kind, right: Kind) -> None:
        if node.operator in {"=", "<>"} and Kind.TEXT in {left, right}:
            instead = "is" if node.operator == "=" else "is_not"
            message = f"`{node.operator}` compares numbers and dates; text is compared by `{instead}`."
            self.findings.error(node.span, message, f"Write `… {instead} …`.")
            return
        if isinstance(node.right, sx.Text) and not node.right.value:
            self.findings.warn(node.right.span, "An empty text is blank.", f"Write `{node.operator} blank`.")
            return
        self._one_kind(node, left, right)
        if node.operator in {"is_not", "<>"}:
            self._may_be_blank(node)

    def _one_kind(self, node: sx.Compare, left: Kind, right: Kind) -> None:
        if left in _OPEN or right in _OPEN:
            return
        if left is not right and not {left, right} <= _DATES:
            hint = "Turn one with `as`." if {left, right} <= {Kind.TEXT, Kind.NUMBER, Kind.BOOLEAN} else ""
            self.findings.error(node.span, f"{left.phrase.capitalize()} does not compare with {right.phrase}.", hint)
        elif Kind.TIME in {left, right}:
            for side in (node.left, node.right):
                self._has_a_time(side)

    def _has_a_time(self, node: sx.Expression) -> None:
        name = self._field_name(node)
        if name.endswith("_date") and name not in INSTANTS:
            self.findings.error(
                node.span, f"`{name}` is a day and has no time.", "Only instants compare with a time of day."
            )

    def _field_name(self, node: sx.Expression) -> str:
        if not isinstance(node, sx.Path):
            return ""
        try:
            place = resolve(node, self.scope.names, in_loop=True)
        except UnknownPlaceError:
            return ""
        return place.field.name if place.field else ""

    def _may_be_blank(self, node: sx.Compare) -> None:
        """Warn of a field that fails a "not equal" by being blank, unless the condition looks at that itself."""
        if not isinstance(node.left, sx.Path) or spelled(node.left) in self.scope.blank_tests:
            return
        try:
            place = resolve(node.left, self.scope.names, in_loop=True)
        except UnknownPlaceError:
            return
        if place.field is None or place.field.may_be_blank:
            shown = spelled(node.left)
            message = f"When `{shown}` is blank, this comparison is false."
            self.findings.warn(node.span, message, f"If blank should count, add `or {shown} is blank`.")


def _blank_tests(node: sx.Expression) -> frozenset[str]:
    found = set()
    for inner in descendants(node):
        if isinstance(inner, sx.Present):
            found.add(spelled(inner.path))
        elif isinstance(inner, sx.Compare) and isinstance(inner.right, sx.Blank) and isinstance(inner.left, sx.Path):
            found.add(spelled(inner.left))
    return frozenset(found)
