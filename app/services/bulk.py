"""Bulk jobs: an action on many orders, confirmed by a person, done by a worker order by order.

The ids are frozen when the plan is confirmed. Each order is acted on in a transaction of its own, in which its result
is written down too; every such write repeats the number of the job's lease. So a worker that is killed, or goes on
after its lease went to another, never acts on an order twice and leaves none out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select

from app.domain.errors import NotFound, Refused
from app.domain.people import NOBODY, Reader, Role
from app.models import BulkState, Run, RunState
from app.security.reader import reader_for
from app.security.scope import criteria
from app.services.actions import ORDER_ACTIONS, perform_order
from app.services.bulk_plan import Chosen, choose
from app.services.leases import Leases
from app.services.outcome import Outcome
from app.services.unit_of_work import Unit, unit_of_work
from app.wakeups import Topic

BATCH: Final = 50
ROWS_AT_ONCE: Final = 2_000
# A person watches: a job whose worker died is taken over soon. No order takes nearly as long.
LONGEST_LEASE_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Order:
    """What a person confirmed: the action with its options, how many orders the plan had, and the form's own key."""

    action: str
    options: Mapping[str, Any]
    expected: int
    key: str
    words: str
    """The choice in words: "Status: Open, Warehouse: EAST", or "12 ticked"."""
    back: str
    """The address of the list that the choice was made on."""


class PlanChangedError(Refused):
    """Another number of orders matches than the plan showed; nothing was started."""

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(f"The plan was for {expected:,} purchase orders, and {found:,} match now.", "Look again.")


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job: who asked for it, and the number that every write repeats."""

    run_id: int
    lease_no: int
    action: str
    options: Mapping[str, Any]
    user_id: int | None


def start(order: Order, chosen: Chosen, reader: Reader) -> int:
    """Freeze the chosen orders and queue the job; returns the run's id. The same key gives the same run again.

    Raises PlanChangedError when another number of orders matches by now, and Refused for an action without its reason,
    or for a reader who may not do it.
    """
    _check(order, reader)
    with unit_of_work("start a bulk job") as unit:
        known = _known(unit, order, reader)
        if known is not None:
            return known
        found = choose(unit, chosen, reader)
        if found != order.expected or not found:
            raise PlanChangedError(order.expected, found)
        run_id = _insert(unit, order, reader, found)
        if run_id is None:
            # A second click at the same instant: its INSERT waited for the first one's commit, which is seen by now.
            known = _known(unit, order, reader)
            if known is None:
                raise Refused("This plan was confirmed already.", "See it under Bulk jobs.")
            return known
        unit.run(
            "INSERT INTO bulk_item (run_id, purchase_order_id, number)"
            " SELECT :run, po.id, po.number FROM bulk_chosen b JOIN purchase_order po ON po.id = b.id ORDER BY po.id",
            run=run_id,
        )
        unit.ring(Topic.BULK)
        return run_id


def _check(order: Order, reader: Reader) -> None:
    spec = ORDER_ACTIONS.get(order.action)
    if spec is None or reader.role not in spec.roles:
        raise Refused("You may not do this to purchase orders.")
    for name in spec.fields:
        if name != "tombstone" and not str(order.options.get(name, "")).strip():
            asked = "Write the comment." if name == "text" else f"{spec.label} needs a reason."
            raise Refused(asked, "Nothing was started.")


def _known(unit: Unit, order: Order, reader: Reader) -> int | None:
    run_id: int | None = unit.scalar(
        "SELECT id FROM run WHERE kind = 'bulk' AND request ->> 'key' = :key AND user_id = :user",
        key=order.key,
        user=reader.user_id,
    )
    return run_id


def _insert(unit: Unit, order: Order, reader: Reader, total: int) -> int | None:
    request = {
        "action": order.action,
        "options": dict(order.options),
        "key": order.key,
        "words": order.words,
        "back": order.back,
    }
    run_id: int | None = unit.scalar(
        "INSERT INTO run (kind, started_by, user_id, seen, request)"
        " VALUES ('bulk', :by, :user, :total, CAST(:request AS jsonb))"
        " ON CONFLICT ((request ->> 'key')) WHERE kind = 'bulk' DO NOTHING RETURNING id",
        by=reader.name,
        user=reader.user_id,
        total=total,
        request=json.dumps(request),
    )
    return run_id


def cancel(run_id: int, reader: Reader) -> None:
    """Stop a job: what is done stays done, the rest is left alone. Raises NotFound, and Refused where it has ended."""
    with unit_of_work("cancel a bulk job") as unit:
        query = select(Run.user_id).where(Run.id == run_id, Run.kind == "bulk")
        scope = criteria(Run, reader)
        row = unit.session.execute(query if scope is None else query.where(scope)).first()
        if row is None:
            raise NotFound("There is no such bulk job.", "Go back to the list of bulk jobs.")
        if reader.role is not Role.ADMIN and row.user_id != reader.user_id:
            raise Refused("Only who started a bulk job, or an Admin, may cancel it.")
        stopped = unit.run(
            "UPDATE run SET state = 'canceled', finished_at = clock_timestamp(), message = :message"
            " WHERE id = :id AND kind = 'bulk' AND state IN ('queued', 'running')",
            id=run_id,
            message=f"Canceled by {reader.name}. What was done stays done.",
        )
        if not stopped:
            raise Refused("It has ended already.")


def results_of(run_id: int) -> Iterator[list[tuple[str, str, str, str]]]:
    """Number, result, message and instant of each order of a job, page by page; who asks may see the job.

    What still waits when the job has ended is “not done”: it was canceled or stopped before its turn.

    Read in short transactions, so that nothing is held while the reader takes what was sent.
    """
    last = 0
    while True:
        with unit_of_work("read the results of a bulk job") as unit:
            rows = unit.rows(
                "SELECT i.id, i.number, i.message, i.settled_at,"
                " CASE WHEN i.state = 'waiting' AND r.finished_at IS NOT NULL THEN 'not done' ELSE i.state END AS state"
                " FROM bulk_item i JOIN run r ON r.id = i.run_id"
                " WHERE i.run_id = :run AND i.id > :last ORDER BY i.id LIMIT :n",
                run=run_id,
                last=last,
                n=ROWS_AT_ONCE,
            )
        if not rows:
            return
        last = rows[-1].id
        yield [
            (row.number, row.state, row.message, row.settled_at.isoformat() if row.settled_at else "") for row in rows
        ]


# ------------------------------------------------------------- the worker's side

# The job that was claimed least often comes first: a small one need not wait for the end of a large one.
_CLAIM = """
UPDATE run SET state = 'running', lease_owner = :owner, lease_no = lease_no + 1,
    lease_until = clock_timestamp() + make_interval(secs => :seconds),
    started_at = coalesce(started_at, clock_timestamp())
WHERE id = (SELECT id FROM run
            WHERE kind = 'bulk' AND state IN ('queued', 'running')
              AND (lease_until IS NULL OR lease_until < clock_timestamp())
            ORDER BY lease_no, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, lease_no, user_id, request
"""
# A run's `changed`, `unchanged` and `failed` are the orders that were done, skipped and failed.
_COUNTED: Final = {BulkState.DONE: "changed", BulkState.SKIPPED: "unchanged", BulkState.FAILED: "failed"}


def claim(owner: str) -> Job | None:
    """Take a job that waits, or whose worker died; None when there is none."""
    with unit_of_work("claim a bulk job") as unit:
        row = next(iter(unit.rows(_CLAIM, owner=owner, seconds=lease_seconds())), None)
        if row is None:
            return None
        return Job(row.id, row.lease_no, row.request.get("action", ""), row.request.get("options", {}), row.user_id)


def lease_seconds() -> int:
    """How long the lease of a bulk job lasts without a sign of life."""
    return min(LONGEST_LEASE_SECONDS, Leases.seconds)


def _person(unit: Unit, user_id: int | None) -> Reader:
    user = unit.session.get(User, user_id) if user_id is not None else None
    return reader_for(user, unit.session) if user is not None and user.active else NOBODY


def work_on(job: Job, batch: int = BATCH) -> bool:
    """Act on the next orders of a job; False once none is left and the job has ended. Raises LeaseLost.

    LeaseLost also says that the job was canceled. The person's role and scope are read anew for each batch, so that
    what was taken from them meanwhile is taken from the job.
    """
    reader, waiting = _next(job, batch)
    if not waiting:
        _finish(job, RunState.DONE)
        return False
    spec = ORDER_ACTIONS.get(job.action)
    if spec is None or reader.role not in spec.roles:
        _finish(job, RunState.FAILED, "Who started it may no longer do this. What was done stays done.")
        return False
    for item_id, po_id in waiting:
        perform_order(job.action, po_id, reader, job.options, record=_recorder(job, item_id))
    return True


def _next(job: Job, batch: int) -> tuple[Reader, Sequence[tuple[int, int]]]:
    with unit_of_work("read a bulk job") as unit:
        rows = unit.rows(
            "SELECT id, purchase_order_id FROM bulk_item WHERE run_id = :run AND state = 'waiting'"
            " ORDER BY id LIMIT :n",
            run=job.run_id,
            n=batch,
        )
        return _person(unit, job.user_id), [(row.id, row.purchase_order_id) for row in rows]


def _recorder(job: Job, item_id: int) -> Any:
    def record(unit: Unit, outcome: Outcome) -> None:
        state = BulkState(outcome.result)
        # The order is locked before the run: a cancel holds the run only, so the two never wait for each other.
        _renew(unit, job, count=_COUNTED[state])
        touched = unit.run(
            "UPDATE bulk_item SET state = :state, message = :message, settled_at = clock_timestamp()"
            " WHERE id = :id AND state = 'waiting'",
            state=state.value,
            message=outcome.message[:2000],
            id=item_id,
        )
        unit.must_touch(touched, 1, f"bulk job {job.run_id}")

    return record


def _renew(unit: Unit, job: Job, count: str = "") -> None:
    counted = f", {count} = {count} + 1" if count else ""
    touched = unit.run(
        f"UPDATE run SET lease_until = clock_timestamp() + make_interval(secs => :seconds){counted}"
        " WHERE id = :id AND lease_no = :lease_no AND state = 'running'",
        seconds=lease_seconds(),
        id=job.run_id,
        lease_no=job.lease_no,
    )
    unit.must_touch(touched, 1, f"bulk job {job.run_id}")


def give_back(job: Job) -> None:
    """End the lease, so that the next job of the topic goes on at once."""
    with unit_of_work("give a bulk job back") as unit:
        unit.run(
            "UPDATE run SET lease_owner = NULL, lease_until = NULL WHERE id = :id AND lease_no = :lease_no",
            id=job.run_id,
            lease_no=job.lease_no,
        )
        unit.ring(Topic.BULK)


def _finish(job: Job, state: RunState, message: str = "") -> None:
    with unit_of_work("finish a bulk job") as unit:
        _renew(unit, job)
        unit.run(
            "UPDATE run SET state = :state, message = :message, finished_at = clock_timestamp(),"
            " lease_owner = NULL, lease_until = NULL WHERE id = :id",
            state=state.value,
            message=message,
            id=job.run_id,
        )
