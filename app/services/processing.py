"""Processing: judge what is due by the rules, choose the warehouse, and plant the send.

Claim, judge, store: the claim is one short transaction, the judging none at all (it is pure and may take its time), and
the storing one more. What is stored counts only under the lease: an order that was reset, edited or re-imported in
between has another lease number, and is judged anew by whoever claims it next.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy.exc import DataError, IntegrityError

from app.domain.errors import Refused
from app.domain.lateness import late_from
from app.domain.states import FailedStep, PoEvent
from app.models import Step
from app.rules.engine import ActiveRule, Context, Document, Judgement, judge
from app.services import judged_rows, outbox, routing, rulebook, transitions
from app.services.leases import Leases
from app.services.routing import Destination, Directory
from app.services.timeline import Entry, tell
from app.services.unit_of_work import Unit, unit_of_work

log = logging.getLogger(__name__)

BATCH = 200
ACTOR = "rules"


@dataclass(frozen=True, slots=True)
class Work:
    """A claimed batch with everything that judging needs; no further read happens until it is stored."""

    orders: Sequence[Any]
    items: Mapping[int, list[dict[str, Any]]]
    sources: Mapping[int, Mapping[str, Any]]
    rules: Mapping[int | None, Sequence[ActiveRule]]
    book: Directory
    now: datetime


@dataclass(slots=True)
class Decision:
    """What is to be stored for one order."""

    order: Any
    items: Sequence[Mapping[str, Any]] = ()
    judgement: Judgement | None = None
    destination: Destination | None = None
    event: PoEvent | None = None
    reason: str = ""
    failed_step: FailedStep | None = None
    versions: list[int] = field(default_factory=list)
    judgement_id: int | None = None


_CLAIM = """
WITH due AS (
    SELECT id FROM purchase_order
    WHERE step IN ('judge', 'hold') AND step_due_at <= clock_timestamp()
      AND (lease_until IS NULL OR lease_until < clock_timestamp())
    ORDER BY step_due_at, id LIMIT :batch FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE purchase_order po
    SET lease_owner = :owner, lease_no = po.lease_no + 1,
        lease_until = clock_timestamp() + make_interval(secs => :seconds)
    FROM due WHERE po.id = due.id
    RETURNING po.*
)
SELECT po.id, po.lease_no, po.step, po.connection_id, po.merchant_id, po.store_id, po.external_id, po.number,
       po.buyer_name, po.supplier_code, po.supplier_name, po.ordered_at, po.due_date, po.currency, po.notes, po.tags,
       po.revision, po.total_cost, po.lines_count, po.location, po.ship_to, po.custom, po.imported_at, po.warehouse_id,
       po.rejected, po.facility, po.judged_versions, po.source_document_id,
       s.name AS store, m.name AS merchant, c.time_zone, c.location_map, c.warehouse_id AS default_warehouse_id
FROM claimed po JOIN connection c ON c.id = po.connection_id JOIN store s ON s.id = po.store_id
JOIN merchant m ON m.id = po.merchant_id ORDER BY po.id
"""


def claim(owner: str, batch: int = BATCH) -> Work | None:
    """Claim due orders and read what judging them needs, or return None when nothing is due."""
    with unit_of_work("claim due orders") as unit:
        orders = unit.rows(_CLAIM, batch=batch, owner=owner, seconds=Leases.seconds)
        if not orders:
            return None
        rules = rulebook.active_rules(unit)
        judged = [order for order in orders if order.step == Step.JUDGE and _rules_for(rules, order.store_id)]
        return Work(
            orders,
            judged_rows.items_of(unit, [order.id for order in judged]),
            judged_rows.sources_of(unit, judged, rules),
            rules,
            routing.directory(unit),
            unit.now(),
        )


def _rules_for(rules: Mapping[int | None, Sequence[ActiveRule]], store_id: int) -> Sequence[ActiveRule]:
    return rules.get(store_id, rules[None])


def decide(work: Work) -> list[Decision]:
    """Judge a claimed batch. Pure: no database, no network. An order can only fail by itself."""
    return [_decide_safely(work, order) for order in work.orders]


def _decide_safely(work: Work, order: Any) -> Decision:
    try:
        return _decide(work, order)
    except Exception:
        # A fault of ours on one order must not hold up the batch it came in, again and again.
        log.exception("An order could not be judged.", extra={"purchase_order": order.id})
        reason = "The rules stopped with an internal fault; the log names it. Reprocess tries again."
        return Decision(order, event=PoEvent.FAILED, reason=reason, failed_step=FailedStep.RULES)


def _decide(work: Work, order: Any) -> Decision:
    decision = Decision(order, work.items.get(order.id, ()))
    rules = _rules_for(work.rules, order.store_id)
    if order.step == Step.JUDGE and rules:
        decision.versions = [rule.version_id for rule in rules]
        decision.judgement = judge(_document(work, order), rules, _context(work, order))
        if decision.judgement.outcome != "proceed":
            failed = decision.judgement.outcome == "failed"
            decision.event = PoEvent.FAILED if failed else PoEvent.ARCHIVED
            decision.failed_step = FailedStep.RULES if failed else None
            decision.reason = decision.judgement.message or ""
            return decision
    try:
        decision.destination = _destination(work, order, decision.judgement)
    except Refused as refusal:
        decision.event, decision.reason = PoEvent.FAILED, refusal.sentence()
        decision.failed_step = FailedStep.ROUTING
    return decision


def _destination(work: Work, order: Any, judgement: Judgement | None) -> Destination:
    """Where the order goes. One that was held, or was judged before, keeps the warehouse that was chosen then."""
    if order.step == Step.HOLD and order.warehouse_id is not None:
        chosen = Destination(work.book.by_id[order.warehouse_id], order.facility, "hold")
    elif judgement is not None and judgement.route is not None:
        route = judgement.route
        chosen = work.book.by_rule(route.warehouse_code, route.warehouse_number, route.facility or "", route.rule_name)
    else:
        chosen = routing.without_rules(work.book, order)
    return work.book.checked(chosen, order.merchant_id, order.merchant)


def _document(work: Work, order: Any) -> Document:
    header = {
        "external_id": order.external_id,
        "number": order.number,
        "buyer_name": order.buyer_name,
        "supplier_code": order.supplier_code,
        "supplier_name": order.supplier_name,
        "ordered_at": order.ordered_at,
        "due_date": order.due_date,
        "currency": order.currency,
        "notes": order.notes,
        "tags": ", ".join(order.tags),
        "revision": order.revision,
        "total_cost": order.total_cost,
        "line_count": order.lines_count,
        "warehouse_code": work.book.by_id[order.default_warehouse_id].code,
        "ship_to": order.ship_to,
        "store": order.store,
        "merchant": order.merchant,
        "custom": order.custom,
        "source": work.sources.get(order.id, {}),
    }
    return Document(header=header, items=work.items.get(order.id, []))


def _context(work: Work, order: Any) -> Context:
    return Context(now=work.now, zone=ZoneInfo(order.time_zone), imported_at=order.imported_at, lookup=_no_lookup)


def _no_lookup(_table: str, _key: str) -> str | None:
    return None


def store_safely(decisions: Sequence[Decision]) -> int:
    """Store a judged batch; if the database refuses a value of one order, store the orders one by one."""
    try:
        return store(decisions)
    except (DataError, IntegrityError, psycopg.DataError):
        log.warning("A judged batch holds a value that cannot be stored; its orders are stored one by one.")
    return sum(_store_alone(decision) for decision in decisions)


def _store_alone(decision: Decision) -> int:
    try:
        return store([decision])
    except (DataError, IntegrityError, psycopg.DataError):
        reason = (
            "The rules made values that cannot be stored, such as a sum beyond all bounds."
            " Mend the rule, then Reprocess."
        )
        return store([Decision(decision.order, event=PoEvent.FAILED, reason=reason, failed_step=FailedStep.RULES)])


_ENDS = (
    (PoEvent.FAILED, FailedStep.RULES),
    (PoEvent.FAILED, FailedStep.ROUTING),
    (PoEvent.ARCHIVED, None),
)


def store(decisions: Sequence[Decision]) -> int:
    """Store a judged batch in one transaction; returns how many were still ours."""
    with unit_of_work("store judged orders") as unit:
        mine = _still_mine(unit, decisions)
        judged_rows.save_judgements(unit, [decision for decision in mine if decision.judgement])
        judged_rows.save_changes(unit, [d for d in mine if d.judgement and d.event is None])
        going = [decision for decision in mine if decision.event is None]
        held = [decision for decision in going if _hold(decision)]
        _save_destinations(unit, going)
        _save_versions(unit, [decision for decision in mine if decision.event is not None and decision.versions])
        _tell(unit, mine)
        for event, step in _ENDS:
            reasons = {d.order.id: d.reason for d in mine if d.event is event and d.failed_step is step}
            transitions.move_many(unit, reasons, event, actor=ACTOR, failed_step=step)
        _mark_rejected(unit, [d.order.id for d in mine if d.judgement and d.judgement.outcome == "rejected"])
        now_due = [decision.order.id for decision in going if decision not in held]
        if now_due:
            outbox.plant_send(unit, now_due)
        return len(mine)


def _still_mine(unit: Unit, decisions: Sequence[Decision]) -> list[Decision]:
    """Lock the orders, by id ascending, and keep those whose lease number is still the one of the claim."""
    rows = unit.rows(
        "SELECT po.id FROM purchase_order po"
        " JOIN unnest(CAST(:ids AS bigint[]), CAST(:numbers AS int[])) AS mine(id, lease_no)"
        " ON mine.id = po.id AND mine.lease_no = po.lease_no AND po.lease_owner IS NOT NULL"
        " ORDER BY po.id FOR UPDATE OF po",
        ids=[decision.order.id for decision in decisions],
        numbers=[decision.order.lease_no for decision in decisions],
    )
    ours = {row.id for row in rows}
    if len(ours) < len(decisions):
        log.info("%s orders were claimed anew by somebody else meanwhile", len(decisions) - len(ours))
    return [decision for decision in decisions if decision.order.id in ours]


def _hold(decision: Decision) -> datetime | None:
    return decision.judgement.hold_until if decision.judgement is not None else None


_SAVE_DESTINATIONS = """
UPDATE purchase_order po
SET warehouse_id = d.warehouse_id, facility = d.facility, late_from = d.late_from, held_until = d.held_until,
    held_by = d.held_by, step = d.step, step_due_at = d.step_due_at, judged_versions = d.versions,
    judgement_id = coalesce(d.judgement_id, po.judgement_id), lease_owner = NULL, lease_until = NULL
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
     AS d(id bigint, warehouse_id bigint, facility text, late_from timestamptz, held_until timestamptz, held_by text,
          step text, step_due_at timestamptz, versions bigint[], judgement_id bigint)
WHERE po.id = d.id
"""


def _save_destinations(unit: Unit, decisions: Sequence[Decision]) -> None:
    rows = []
    for decision in decisions:
        assert decision.destination is not None
        order = decision.order
        card, until = decision.destination.warehouse, _hold(decision)
        due_date = judged_rows.due_date_after(decision)
        late = late_from(due_date, ZoneInfo(card.zone))
        rows.append(
            {
                "id": decision.order.id,
                "warehouse_id": card.warehouse_id,
                "facility": decision.destination.facility,
                "late_from": late.isoformat() if late else None,
                "held_until": until.isoformat() if until else None,
                "held_by": (decision.judgement.hold_by or "") if decision.judgement else "",
                "step": (Step.HOLD if until else Step.SEND).value,
                "step_due_at": until.isoformat() if until else None,
                "versions": decision.versions or list(order.judged_versions) * (order.step == Step.HOLD),
                "judgement_id": decision.judgement_id,
            }
        )
    if rows:
        unit.run(_SAVE_DESTINATIONS, rows=json.dumps(rows))


def _save_versions(unit: Unit, decisions: Sequence[Decision]) -> None:
    """An order that the rules stopped keeps the versions that judged it, and its trace."""
    rows = [{"id": d.order.id, "versions": d.versions, "judgement_id": d.judgement_id} for d in decisions]
    if rows:
        unit.run(
            "UPDATE purchase_order po SET judged_versions = d.versions,"
            " judgement_id = coalesce(d.judgement_id, po.judgement_id)"
            " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS d(id bigint, versions bigint[], judgement_id bigint)"
            " WHERE po.id = d.id",
            rows=json.dumps(rows),
        )


def _mark_rejected(unit: Unit, ids: Sequence[int]) -> None:
    if ids:
        unit.run("UPDATE purchase_order SET rejected = true WHERE id = ANY(CAST(:ids AS bigint[]))", ids=list(ids))


def _tell(unit: Unit, decisions: Sequence[Decision]) -> None:
    entries = []
    for decision in decisions:
        judgement = decision.judgement
        entries.append(Entry("judged", decision.order.id, actor=ACTOR, data=_facts(decision)))
        until = _hold(decision)
        if until is not None and judgement is not None and decision.event is None:
            held = {"until": f"{until:%d %b %Y %H:%M} UTC"}
            entries.append(Entry("held", decision.order.id, actor=judgement.hold_by or ACTOR, data=held))
    tell(unit, entries)


_WAYS = {"default": "the connection's default", "location map": "by the location map", "hold": "the hold has passed"}


def _facts(decision: Decision) -> dict[str, Any]:
    """What the timeline keeps of a judgement: where it decided, and a link to the trace."""
    judgement, destination = decision.judgement, decision.destination
    facts: dict[str, Any] = {"rules": len(decision.versions)}
    if judgement is not None:
        facts.update(judgement=decision.judgement_id, outcome=judgement.outcome)
        if judgement.route is not None:
            facts.update(rule=judgement.route.rule_name, version=judgement.route.version_no, line=judgement.route.line)
    if decision.reason:
        facts["message"] = decision.reason
    if destination is not None:
        by_rule = f"by rule “{destination.chosen_by}”"
        if "version" in facts:
            by_rule += f" version {facts['version']}, line {facts['line']}"
        facts.update(warehouse=destination.warehouse.code, way=_WAYS.get(destination.chosen_by, by_rule))
    return facts
