"""From the end of a run to a judgement: decisions, changes, route and hold, or the one reason that stopped it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from app.rules.fields import LINE, RECORD
from app.rules.run import By, Decision, Run
from app.rules.trace import RuleTrace
from app.rules.values import plain

Outcome = Literal["proceed", "rejected", "archived", "failed"]


@dataclass(frozen=True, slots=True)
class Route:
    """Where a rule sends the purchase order: a warehouse's code or its rule number, and which rule said so."""

    warehouse_code: str | None
    warehouse_number: int | None
    facility: str | None
    rule_id: int
    rule_name: str
    version_no: int
    line: int


@dataclass(frozen=True, slots=True)
class Work:
    """How long a judgement took and what was noted in it. Most of it is never read, so it is written out on demand."""

    duration_us: int
    rules: tuple[RuleTrace, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules make of a purchase order.

    `decided_by` is (rule id, version number, rule name, line) of what rejected, archived or failed it.
    `header_changes` maps a path such as `notes` or `custom.tag` to (before, after), `item_changes` does so for each
    line's key. A blank text is written as an empty one, any other blank as None. `left_out` maps a line's key to the
    rule that rejected it. A failed judgement has no effect besides status, message and trace; when the reason is that
    no line is left, it still names the lines in `left_out`.
    """

    outcome: Outcome
    work: Work
    message: str | None = None
    decided_by: tuple[int, int, str, int] | None = None
    header_changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    item_changes: dict[str, dict[str, tuple[Any, Any]]] = field(default_factory=dict)
    added_items: list[dict[str, Any]] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    route: Route | None = None
    hold_until: datetime | None = None
    hold_by: str | None = None

    @property
    def trace(self) -> dict[str, Any]:
        """What each rule did, as JSON can hold it: see `RuleTrace.data`. Written anew each time it is asked for.

        `route` names the rule and line that decided the route, or is None.
        """
        return {
            "duration_us": self.work.duration_us,
            "route": asdict(self.route) if self.route else None,
            "rules": [trace.data() for trace in self.work.rules],
        }


def failed(message: str, by: By, work: Work, left_out: Mapping[str, By] | None = None) -> Judgement:
    """A judgement that leaves nothing but the message and the trace."""
    named = {key: rule.name for key, rule in (left_out or {}).items()}
    return Judgement("failed", work, message, _decided(by), left_out=named)


def settled(run: Run, work: Work, archived: tuple[str, By] | None) -> Judgement:
    """The judgement of a run that came to its end, or that `archive` ended with (message, by whom)."""
    left_out = _left_out(run)
    outcome, message, by = _outcome(run, archived)
    if outcome == "proceed" and left_out and len(left_out) == len(run.items):
        last = list(left_out.values())[-1]
        reason = f"No line of the purchase order is left: the rules rejected all {len(left_out)} of them."
        remedy = f'Look at rule "{last.name}", line {last.line}; reject the whole purchase order if that is meant.'
        return failed(f"{reason} {remedy}", last, work, left_out)
    until, holder = _hold(run)
    return Judgement(
        outcome,
        work,
        message,
        _decided(by) if by else None,
        header_changes=_header_changes(run),
        item_changes=_item_changes(run),
        added_items=list(run.added.values()),
        left_out={key: rule.name for key, rule in left_out.items()},
        route=_route(run),
        hold_until=until,
        hold_by=holder,
    )


def _decided(by: By) -> tuple[int, int, str, int]:
    return by.rule_id, by.version_no, by.name, by.line


def _outcome(run: Run, archived: tuple[str, By] | None) -> tuple[Outcome, str | None, By | None]:
    if archived is not None:
        return "archived", *archived
    decision = run.decision or run.defaults.get(RECORD)
    if decision is None or decision.accepted:
        return "proceed", None, None
    by = decision.by
    how = "Rejected" if run.decision else "Rejected by default"
    return "rejected", f'{how} by rule "{by.name}" (version {by.version_no}, line {by.line}).', by


def _left_out(run: Run) -> dict[str, By]:
    """The lines that are rejected in the end: by their own decision, else by the order's, else by the default."""
    found: dict[str, By] = {}
    if not run.line_decisions and LINE not in run.defaults:
        return found
    for item in run.items:
        decision = _line_decision(run, item["key"])
        if decision is not None and not decision.accepted:
            found[item["key"]] = decision.by
    return found


def _line_decision(run: Run, key: str) -> Decision | None:
    own = run.line_decisions.get(key)
    if own is not None:
        return own
    if run.decision is not None:
        # A rejected order is put away as a whole: its lines are not marked one by one.
        return run.decision if run.decision.accepted else None
    return run.defaults.get(LINE)


def _header_changes(run: Run) -> dict[str, tuple[Any, Any]]:
    changes = {}
    for path, before in run.header_before.items():
        name = path.removeprefix("custom.")
        after = run.header.get(path) if name == path else run.custom.get(name)
        if _differs(before, after):
            changes[path] = (before, after)
    return changes


def _item_changes(run: Run) -> dict[str, dict[str, tuple[Any, Any]]]:
    items = {item["key"]: item for item in run.items}
    changes = {}
    for key, fields in run.item_before.items():
        item = items[key]
        custom = item.get("custom") or {}
        found = {}
        for path, before in fields.items():
            name = path.removeprefix("custom.")
            after = item.get(path) if name == path else custom.get(name)
            if _differs(before, after):
                found[path] = (before, after)
        if found:
            changes[key] = found
    return changes


def _differs(before: Any, after: Any) -> bool:
    first, second = plain(before), plain(after)
    return first.__class__ is not second.__class__ or bool(first != second)


def _route(run: Run) -> Route | None:
    if run.route is None:
        return None
    by = run.route.by
    return Route(
        run.route.warehouse_code,
        run.route.warehouse_number,
        run.route.facility,
        by.rule_id,
        by.name,
        by.version_no,
        by.line,
    )


def _hold(run: Run) -> tuple[datetime | None, str | None]:
    """The latest hold and its rule; one that has passed is none."""
    if not run.holds:
        return None, None
    until, by = max(run.holds, key=lambda hold: hold[0])
    return (until, by.name) if until > run.now else (None, None)
