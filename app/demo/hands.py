"""Hands for the loading: it asks for runs as a person would, and works off the queue as a worker would.

No worker runs yet while the demo is loaded, so this process takes their place. What is done and how is the jobs' own
business; they are found by the names under which they wait in the queue.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from redis import Redis
from rq import Queue, SimpleWorker
from rq.registry import FailedJobRegistry
from sqlalchemy import select

from app.domain.errors import InletError
from app.domain.people import SYSTEM
from app.models import Connection, ScheduleKind
from app.services import housekeeping, runs
from app.services.unit_of_work import unit_of_work
from app.wakeups import QUEUE, ring

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 180.0
_PAUSE_SECONDS = 0.05
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class DemoError(InletError):
    """The demo could not be loaded."""


class Hands:
    """Works off what is due, in this process."""

    def __init__(self, redis_url: str) -> None:
        """`redis_url`: where the queue is. Nothing is touched yet."""
        self._redis = Redis.from_url(redis_url)
        self._queue = Queue(QUEUE, connection=self._redis)

    def run(self, connections: Sequence[str], kind: ScheduleKind) -> None:
        """Run an import or a status update of connections, and all that follows from it. Raises DemoError."""
        with unit_of_work("find connections") as unit:
            found = unit.session.execute(select(Connection.id, Connection.name).where(Connection.name.in_(connections)))
            names = {row.id: row.name for row in found}
        started = {runs.run_now(connection_id, kind, SYSTEM): name for connection_id, name in sorted(names.items())}
        self.work()
        with unit_of_work("look how runs ended") as unit:
            query = "SELECT id, state, message FROM run WHERE id = ANY(CAST(:ids AS bigint[])) AND state <> 'done'"
            for ended in unit.rows(query, ids=list(started)):
                message = f"A run of {started[ended.id]} ended as {ended.state}: {ended.message}"
                raise DemoError(message, "Mend that and start again.")

    def work(self) -> None:
        """Work until nothing is due any more. Raises DemoError if a job fails, or if it does not come to an end."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            due = housekeeping.due_topics()
            for topic in due:
                ring(topic)
            if not due and not self._queue.count:
                return
            self._work_once()
            if time.monotonic() > deadline:
                names = ", ".join(due) or "the queue"
                raise DemoError(f"Work on {names} does not come to an end.", "Start again with an empty Redis.")

    def _work_once(self) -> None:
        if not self._queue.count:
            # Somebody else works on it, or a ring was lost with its Redis: it is due again soon.
            time.sleep(_PAUSE_SECONDS)
            return
        failed = FailedJobRegistry(queue=self._queue)
        before = failed.count
        with _signals_kept():
            SimpleWorker([self._queue], connection=self._redis).work(burst=True, logging_level="WARNING")
        if failed.count > before:
            raise DemoError(
                "A job of the demo failed.", "The log above names the fault; start again once it is mended."
            )


@contextmanager
def _signals_kept() -> Iterator[None]:
    """A worker takes the signals for itself and does not give them back."""
    kept = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


# Every write under a lease repeats its number, so whoever should still work under one of these changes nothing more.
_LEASED = ("schedule", "purchase_order", "delivery", "merchant_at_warehouse")


def end_old_leases() -> None:
    """Take the leases of a loading that was killed in the middle, instead of waiting until they run out."""
    with unit_of_work("end old leases") as unit:
        for table in _LEASED:
            unit.run(f"UPDATE {table} SET lease_until = clock_timestamp() WHERE lease_until > clock_timestamp()")  # noqa: S608
    housekeeping.sweep()
