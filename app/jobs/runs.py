"""The jobs that start runs: by a due time of a schedule, or from the queue of runs by hand."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from app.jobs import runtime
from app.jobs.imports import import_orders
from app.jobs.status_updates import update_status
from app.logs import about
from app.models import RunKind, RunState
from app.services import runs
from app.services.runs import Lease
from app.wakeups import Topic

log = logging.getLogger(__name__)


def start_slot(schedule_id: int, slot: float) -> None:
    """Start the run of one due time (seconds since 1970). Asked twice, or late, it starts one run and no more."""
    lease = runs.claim_slot(schedule_id, datetime.fromtimestamp(slot, UTC), runtime.owner())
    if lease is not None:
        perform(lease)


def work() -> None:
    """Perform queued runs until none is left."""
    runtime.loop(Topic.RUNS, _step)


def _step(me: str) -> bool:
    lease = runs.claim_queued(me)
    if lease is None:
        return False
    perform(lease)
    return True


def perform(lease: Lease) -> None:
    """Do the work of a run and end it; what goes wrong is told in the run's message, and raised for the log."""
    with about(run=lease.run_id, connection=lease.connection_id):
        message, state = (import_orders if lease.kind is RunKind.IMPORT else update_status)(lease)
        runs.finish(lease, state, message)
        log.log(
            logging.INFO if state is RunState.DONE else logging.WARNING,
            "Run ended.",
            extra={"kind": lease.kind.value, "state": state.value, "note": message},
        )
