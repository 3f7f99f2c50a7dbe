"""Housekeeping: what time alone brings about, and what has to be healed after something died.

Every sweep compares states with the clock instead of waiting for an event, so a night without housekeeping loses
nothing: the next sweep finds the same rows.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from app.domain.recurrence import next_due
from app.domain.recurrence_json import from_json
from app.domain.states import PoEvent
from app.services import outbox, receiving_waiting, runs, transitions
from app.services.timeline import Entry, tell
from app.services.unit_of_work import Unit, unit_of_work
from app.wakeups import Topic

log = logging.getLogger(__name__)

ACTOR = "Inlet"
BATCH = 500


def sweep() -> dict[str, int]:
    """Do every chore once, each in a transaction of its own; returns how many records each one touched."""
    chores: dict[str, Callable[[Unit], int]] = {
        "dead_runs": runs.bury_dead,
        "late": notice_late,
        "timed_out": close_timed_out,
        "stuck_sends": replant_stuck,
        "stuck_pushes": free_stuck_receipts,
        "schedules": plan_schedules,
    }
    done = {}
    for name, chore in chores.items():
        try:
            with unit_of_work(f"housekeeping: {name}") as unit:
                done[name] = chore(unit)
        except SQLAlchemyError:
            # One chore that fails must not keep the others from being done; the next sweep tries it again.
            log.exception("A chore failed.", extra={"chore": name})
    # Each of these has transactions of its own, one per order.
    done["receipts_matched"] = receiving_waiting.match_waiting()
    done["receipts_given_up"] = receiving_waiting.give_up_waiting()
    return done


_LATE = """
WITH late AS (
    UPDATE purchase_order SET late_noticed_at = clock_timestamp()
    WHERE id IN (
        SELECT id FROM purchase_order
        WHERE status IN ('open', 'partially_received') AND late_from <= clock_timestamp() AND late_noticed_at IS NULL
        ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED)
    RETURNING id, connection_id, external_id, due_date
)
INSERT INTO activity (kind, connection_id, external_id, purchase_order_id, actor, data)
SELECT 'late', connection_id, external_id, id, :actor, jsonb_build_object('due', due_date) FROM late ORDER BY id
"""


def notice_late(unit: Unit) -> int:
    """Write one timeline row, once, when an order becomes late."""
    return unit.run(_LATE, batch=BATCH, actor=ACTOR)


# The latest of: accepted by the warehouse, last receipt, due date, last Reprocess or reopening.
_TIMED_OUT = """
SELECT po.id, m.open_timeout_days AS days
FROM purchase_order po JOIN merchant m ON m.id = po.merchant_id
WHERE po.status IN ('open', 'partially_received') AND po.step = 'wait'
  AND greatest(po.accepted_at, po.last_receipt_at, po.reopened_at, po.late_from)
      + make_interval(days => m.open_timeout_days) < clock_timestamp()
ORDER BY po.id LIMIT :batch FOR UPDATE OF po SKIP LOCKED
"""


def close_timed_out(unit: Unit) -> int:
    """Close orders that have been open for longer than their merchant's timeout; the source hears of it."""
    rows = unit.rows(_TIMED_OUT, batch=BATCH)
    reasons = {row.id: f"Nothing more came within {row.days} days, the merchant's open-PO timeout." for row in rows}
    verdicts = transitions.move_many(unit, reasons, PoEvent.CLOSED, actor=ACTOR)
    closed = [verdict.record_id for verdict in verdicts if verdict.moved]
    tell(unit, [Entry("timeout", po_id, actor=ACTOR, data={"reason": reasons[po_id]}) for po_id in closed])
    outbox.plant_status(unit, closed)
    return len(closed)


_STUCK = """
SELECT po.id FROM purchase_order po
WHERE po.status = 'new' AND po.step = 'send' AND po.cancel_state <> 'waiting' AND po.warehouse_id IS NOT NULL
  AND po.status_since < clock_timestamp() - interval '2 minutes'
  AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.purchase_order_id = po.id AND d.kind <> 'status'
                  AND d.state IN ('due', 'leased'))
ORDER BY po.id LIMIT :batch FOR UPDATE OF po SKIP LOCKED
"""


def replant_stuck(unit: Unit) -> int:
    """An order that waits for its send always has a message on the way; plant one where it went missing."""
    stuck = [row.id for row in unit.rows(_STUCK, batch=BATCH)]
    if stuck:
        outbox.plant_send(unit, stuck)
        tell(unit, [Entry("send_replanted", po_id, actor=ACTOR) for po_id in stuck])
    return len(stuck)


_STUCK_RECEIPTS = """
SELECT po.id FROM purchase_order po
WHERE po.id IN (SELECT r.purchase_order_id FROM receipt r WHERE r.state IN ('ready', 'notifying')
                AND r.applied_at < clock_timestamp() - interval '2 minutes')
  AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.purchase_order_id = po.id AND d.kind = 'status'
                  AND d.state IN ('due', 'leased'))
ORDER BY po.id LIMIT :batch FOR UPDATE OF po SKIP LOCKED
"""


def free_stuck_receipts(unit: Unit) -> int:
    """An applied receipt that the source has not confirmed always has a status message planted."""
    stuck = [row.id for row in unit.rows(_STUCK_RECEIPTS, batch=BATCH)]
    outbox.plant_status(unit, stuck)
    return len(stuck)


def plan_schedules(unit: Unit) -> int:
    """Give every schedule that has rules and no next due time one."""
    rows = unit.rows(
        "SELECT s.id, s.rules, c.time_zone FROM schedule s JOIN connection c ON c.id = s.connection_id"
        " WHERE s.next_due_at IS NULL AND s.rules <> '[]' AND c.enabled FOR UPDATE OF s SKIP LOCKED"
    )
    now = unit.now()
    for row in rows:
        following = next_due(from_json(row.rules), ZoneInfo(row.time_zone), now)
        unit.run("UPDATE schedule SET next_due_at = :due WHERE id = :id", due=following, id=row.id)
    return len(rows)


def beat(name: str, detail: dict[str, Any] | None = None) -> None:
    """Say that a process is alive."""
    with unit_of_work("heartbeat") as unit:
        unit.run(
            "INSERT INTO heartbeat (name, at, detail) VALUES (:name, clock_timestamp(), CAST(:detail AS jsonb))"
            " ON CONFLICT (name) DO UPDATE SET at = excluded.at, detail = excluded.detail",
            name=name,
            detail=json.dumps(detail or {}),
        )


# What may be due right now, by the topic whose job looks after it. Partial indexes answer each of these at once.
_DUE = {
    Topic.PROCESSING: "SELECT 1 FROM purchase_order WHERE step IN ('judge', 'hold')"
    " AND step_due_at <= clock_timestamp() AND (lease_until IS NULL OR lease_until < clock_timestamp()) LIMIT 1",
    Topic.DELIVERIES: "SELECT 1 FROM delivery WHERE state IN ('due', 'leased') AND due_at <= clock_timestamp()"
    " AND (state = 'due' OR lease_until < clock_timestamp()) LIMIT 1",
    Topic.RUNS: "SELECT 1 FROM run r JOIN schedule s ON s.id = r.schedule_id WHERE r.state = 'queued'"
    " AND (s.lease_until IS NULL OR s.lease_until < clock_timestamp()) LIMIT 1",
    Topic.BULK: "SELECT 1 FROM run WHERE kind = 'bulk' AND state IN ('queued', 'running')"
    " AND (lease_until IS NULL OR lease_until < clock_timestamp()) LIMIT 1",
}


def due_topics() -> list[Topic]:
    """The topics with work that is due: the scheduler rings for them, in case a ring was lost."""
    with unit_of_work("look for due work") as unit:
        return [topic for topic, sql in _DUE.items() if unit.scalar(sql) is not None]
