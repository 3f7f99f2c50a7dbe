"""Runs: who may start one, the lease that lets one of a kind work at a time, and how each of them ends.

A run works under its schedule's lease: an owner and a number that grows. Every write of the run repeats the number, so
a worker that lost its lease (it was stopped for longer than the lease) changes nothing any more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.domain.errors import LeaseLost, NotFound, Refused
from app.domain.people import Reader
from app.domain.recurrence import next_due
from app.domain.recurrence_json import from_json
from app.models import Connection, RunKind, RunState, Schedule, ScheduleKind
from app.security.scope import criteria
from app.services.leases import Leases
from app.services.unit_of_work import Unit, unit_of_work
from app.wakeups import Topic

RETRIES_OF_A_DEAD_RUN = 3


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work as one run, and the number that every write of it repeats."""

    run_id: int
    schedule_id: int
    lease_no: int
    connection_id: int
    kind: RunKind
    request: Mapping[str, Any]


def claim_slot(schedule_id: int, slot: datetime, owner: str) -> Lease | None:
    """Start the run of one due time, or return None because another process did, or a run is at work (noted).

    The conditional UPDATE of the next due time is the claim; the unique (schedule, slot) of the run is its second lock.
    After a downtime the next due time is counted from now, so that one run catches up.
    """
    with unit_of_work("claim a slot") as unit:
        schedule = unit.session.get(Schedule, schedule_id)
        if schedule is None or schedule.next_due_at != slot:
            return None
        connection = unit.session.get_one(Connection, schedule.connection_id)
        following = next_due(from_json(schedule.rules), ZoneInfo(connection.time_zone), max(slot, unit.now()))
        claimed = unit.run(
            "UPDATE schedule SET next_due_at = :following WHERE id = :id AND next_due_at = :slot",
            following=following,
            id=schedule_id,
            slot=slot,
        )
        if not claimed or not (connection.enabled and connection.channel_on):
            return None
        return _start(unit, schedule, connection, slot=slot, started_by="schedule", request={}, owner=owner)


def _start(
    unit: Unit,
    schedule: Schedule,
    connection: Connection,
    *,
    slot: datetime | None,
    started_by: str,
    request: Mapping[str, Any],
    owner: str,
) -> Lease | None:
    lease_no = _take_lease(unit, schedule.id, owner)
    skipped = "A run of this kind was still at work, so this one was left out."
    run_id = unit.scalar(
        "INSERT INTO run (kind, connection_id, merchant_id, schedule_id, slot, started_by, state, lease_no, request,"
        " started_at, finished_at, message)"
        " VALUES (:kind, :connection, :merchant, :schedule, :slot, :by, :state, :lease_no, CAST(:request AS jsonb),"
        " clock_timestamp(), CASE WHEN :skipped THEN clock_timestamp() END, :message)"
        " ON CONFLICT (schedule_id, slot) WHERE schedule_id IS NOT NULL DO NOTHING RETURNING id",
        kind=schedule.kind.value,
        connection=connection.id,
        merchant=connection.merchant_id,
        schedule=schedule.id,
        slot=slot,
        by=started_by,
        state=(RunState.SKIPPED if lease_no is None else RunState.RUNNING).value,
        lease_no=lease_no or 0,
        request=json.dumps(dict(request)),
        skipped=lease_no is None,
        message=skipped if lease_no is None else "",
    )
    if run_id is None or lease_no is None:
        return None
    return Lease(run_id, schedule.id, lease_no, connection.id, RunKind(schedule.kind.value), dict(request))


def _take_lease(unit: Unit, schedule_id: int, owner: str) -> int | None:
    lease_no: int | None = unit.scalar(
        "UPDATE schedule SET lease_owner = :owner, lease_no = lease_no + 1,"
        " lease_until = clock_timestamp() + make_interval(secs => :seconds)"
        " WHERE id = :id AND (lease_until IS NULL OR lease_until < clock_timestamp()) RETURNING lease_no",
        owner=owner,
        seconds=Leases.seconds,
        id=schedule_id,
    )
    return lease_no


def run_now(connection_id: int, kind: ScheduleKind, reader: Reader, request: Mapping[str, Any] | None = None) -> int:
    """Queue a run by hand and return its id. Raises Refused, naming the run that is at work, and NotFound."""
    with unit_of_work("run now") as unit:
        query = select(Connection).where(Connection.id == connection_id)
        scope = criteria(Connection, reader)
        connection = unit.session.scalar(query if scope is None else query.where(scope))
        if connection is None:
            raise NotFound("There is no such connection.", "Go back to the list of connections.")
        if not (connection.enabled and connection.channel_on):
            raise Refused(
                f"Connection {connection.name} is switched off.", "Switch it on in its settings, then run it again."
            )
        schedule = unit.session.scalars(
            select(Schedule).where(Schedule.connection_id == connection_id, Schedule.kind == kind).with_for_update()
        ).one()
        working = unit.scalar(
            "SELECT id FROM run WHERE schedule_id = :id AND state IN ('queued', 'running') ORDER BY id DESC LIMIT 1",
            id=schedule.id,
        )
        if working is not None:
            raise Refused(f"Run {working} of this kind is at work already.", "Wait until it has ended.")
        run_id: int = unit.scalar(
            "INSERT INTO run (kind, connection_id, merchant_id, schedule_id, started_by, request)"
            " VALUES (:kind, :connection, :merchant, :schedule, :by, CAST(:request AS jsonb)) RETURNING id",
            kind=kind.value,
            connection=connection.id,
            merchant=connection.merchant_id,
            schedule=schedule.id,
            by=reader.name,
            request=json.dumps(dict(request or {})),
        )
        unit.ring(Topic.RUNS)
        return run_id


_NEXT_QUEUED = """
SELECT r.id, r.schedule_id, r.request, r.kind, r.connection_id
FROM run r JOIN schedule s ON s.id = r.schedule_id JOIN connection c ON c.id = s.connection_id
WHERE r.state = 'queued' AND c.enabled AND c.channel_on AND (s.lease_until IS NULL OR s.lease_until < clock_timestamp())
ORDER BY r.id LIMIT 1 FOR UPDATE OF r SKIP LOCKED
"""


def claim_queued(owner: str) -> Lease | None:
    """Take the oldest queued run whose schedule is free, or None."""
    with unit_of_work("claim a queued run") as unit:
        for row in unit.rows(_NEXT_QUEUED):
            lease_no = _take_lease(unit, row.schedule_id, owner)
            if lease_no is None:
                return None
            unit.run(
                "UPDATE run SET state = 'running', lease_no = :lease_no, started_at = clock_timestamp() WHERE id = :id",
                lease_no=lease_no,
                id=row.id,
            )
            return Lease(row.id, row.schedule_id, lease_no, row.connection_id, RunKind(row.kind), row.request)
    return None


def renew(unit: Unit, lease: Lease) -> None:
    """Prolong the lease inside a write of the run; raises LeaseLost when it belongs to another worker by now."""
    touched = unit.run(
        "UPDATE schedule SET lease_until = clock_timestamp() + make_interval(secs => :seconds)"
        " WHERE id = :id AND lease_no = :lease_no AND lease_owner IS NOT NULL",
        seconds=Leases.seconds,
        id=lease.schedule_id,
        lease_no=lease.lease_no,
    )
    unit.must_touch(touched, 1, f"run {lease.run_id}")


def count(unit: Unit, lease: Lease, **counts: int) -> None:
    """Add to the run's counts: seen, new, changed, unchanged, failed."""
    sets = ", ".join(f"{name} = {name} + :{name}" for name in sorted(counts))
    unit.run(f"UPDATE run SET {sets} WHERE id = :id", id=lease.run_id, **counts)


def finish(lease: Lease, state: RunState, message: str = "") -> None:
    """End the run and give the lease back. A run that lost its lease ends without touching anything."""
    with unit_of_work("finish a run") as unit:
        try:
            renew(unit, lease)
        except LeaseLost:
            return
        unit.run(
            "UPDATE run SET state = :state, message = :message, finished_at = clock_timestamp()"
            " WHERE id = :id AND state = 'running'",
            state=state.value,
            message=message[:2000],
            id=lease.run_id,
        )
        unit.run(
            "UPDATE schedule SET lease_owner = NULL, lease_until = NULL,"
            " last_completed_at = CASE WHEN :done THEN clock_timestamp() ELSE last_completed_at END WHERE id = :id",
            done=state is RunState.DONE,
            id=lease.schedule_id,
        )
        unit.ring(Topic.RUNS)


def queue_continuation(lease: Lease) -> None:
    """Queue the run that goes on where this one stops."""
    with unit_of_work("queue a continuation") as unit:
        renew(unit, lease)
        unit.run(
            "INSERT INTO run (kind, connection_id, merchant_id, schedule_id, started_by)"
            " SELECT kind, connection_id, merchant_id, schedule_id, :by FROM run WHERE id = :id",
            by=f"goes on after run {lease.run_id}",
            id=lease.run_id,
        )


_DEAD = """
UPDATE run r SET state = 'failed', finished_at = clock_timestamp(),
    message = 'The worker stopped in the middle of this run. What it had stored stays; the rest is tried again.'
FROM schedule s
WHERE s.id = r.schedule_id AND r.state = 'running'
  AND (s.lease_no <> r.lease_no OR s.lease_until IS NULL OR s.lease_until < clock_timestamp())
RETURNING r.id, r.kind, r.connection_id, r.merchant_id, r.schedule_id, r.request
"""


def bury_dead(unit: Unit) -> int:
    """End runs whose worker died (their lease ran out) and queue each again, a few times at most."""
    dead = unit.rows(_DEAD)
    for row in dead:
        tries = int(row.request.get("tries", 0)) + 1
        if tries <= RETRIES_OF_A_DEAD_RUN:
            unit.run(
                "INSERT INTO run (kind, connection_id, merchant_id, schedule_id, started_by, request)"
                " VALUES (:kind, :connection, :merchant, :schedule, :by, CAST(:request AS jsonb))",
                kind=row.kind,
                connection=row.connection_id,
                merchant=row.merchant_id,
                schedule=row.schedule_id,
                by=f"after run {row.id} stopped",
                request=json.dumps({**row.request, "tries": tries}),
            )
            unit.ring(Topic.RUNS)
    return len(dead)


def due_schedules(unit: Unit) -> list[tuple[int, datetime, str]]:
    """(schedule id, next due time, kind) of every schedule that is switched on: the scheduler's plan."""
    rows = unit.rows(
        "SELECT s.id, s.next_due_at, s.kind FROM schedule s JOIN connection c ON c.id = s.connection_id"
        " WHERE c.enabled AND c.channel_on AND s.next_due_at IS NOT NULL ORDER BY s.next_due_at, s.id"
    )
    return [(row.id, row.next_due_at, row.kind) for row in rows]
