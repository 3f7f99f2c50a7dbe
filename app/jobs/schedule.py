"""The scheduler: rq-scheduler's, with one addition. At each pass it makes its entries equal to the rows.

PostgreSQL knows what is due; the entries in Redis are only a copy of it, made anew every few seconds. So saving a
schedule touches no Redis, an emptied Redis is filled again within one pass, and two schedulers do no harm: whoever's
job begins first claims the slot, the other finds nothing to do. rq-scheduler has no release that makes this needless.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.job import Job
from rq_scheduler import Scheduler
from sqlalchemy.exc import SQLAlchemyError

from app.services import housekeeping, runs
from app.services.unit_of_work import unit_of_work
from app.wakeups import JOB_TIMEOUT_SECONDS, JOBS, QUEUE, Topic, ring

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 5
HOUSEKEEPING_SECONDS = 30
MOVED_SECONDS = 45
START_SLOT = "app.jobs.runs.start_slot"


@dataclass(frozen=True, slots=True)
class Planned:
    """One entry: what to call, when, and with what. Ids hold only letters, digits, `_` and `-`."""

    at: datetime
    function: str
    arguments: tuple[Any, ...] = ()


def plan(now: datetime) -> Mapping[str, Planned]:
    """The entries as the rows say: one per active schedule at its next due time, and the housekeeping."""
    with unit_of_work("plan the entries") as unit:
        schedules = runs.due_schedules(unit)
    wanted = {
        f"slot-{schedule_id}-{int(due.timestamp())}": Planned(due, START_SLOT, (schedule_id, due.timestamp()))
        for schedule_id, due, _ in schedules
    }
    turn = int(now.timestamp()) // HOUSEKEEPING_SECONDS * HOUSEKEEPING_SECONDS
    wanted[f"housekeeping-{turn}"] = Planned(datetime.fromtimestamp(turn, UTC), JOBS[Topic.HOUSEKEEPING])
    return wanted


class RowScheduler(Scheduler):  # type: ignore[misc]  # rq-scheduler ships no types
    """A Scheduler whose entries follow the rows."""

    def enqueue_jobs(self) -> list[Job]:
        """One pass: make the entries equal to the rows, move what is due to the queue, ring for due work."""
        now = datetime.now(UTC)
        try:
            self.follow(plan(now), now)
        except SQLAlchemyError as problem:
            log.warning("The rows could not be read: %s. The next pass tries again.", type(problem).__name__)
            return []
        moved = [job for job in self.get_jobs_to_queue() if self._move(job)]
        for topic in housekeeping.due_topics():
            ring(topic)
        housekeeping.beat("scheduler", {"host": socket.gethostname(), "entries": self.count(), "moved": len(moved)})
        return moved

    def follow(self, wanted: Mapping[str, Planned], now: datetime) -> None:
        """Cancel entries that no row asks for, add the missing ones, and leave those alone that wait in the queue."""
        present = {job_id.decode() for job_id in self.connection.zrange(self.scheduled_jobs_key, 0, -1)}
        for job_id in present - wanted.keys():
            self.cancel(job_id)
        for job_id in sorted(wanted.keys() - present):
            entry = wanted[job_id]
            if entry.at <= now and self.connection.exists(_moved(job_id)):
                continue
            self.enqueue_at(
                entry.at.replace(tzinfo=None),
                entry.function,
                *entry.arguments,
                job_id=job_id,
                timeout=JOB_TIMEOUT_SECONDS,
                job_result_ttl=0,
                queue_name=QUEUE,
            )

    def _move(self, job: Job) -> bool:
        """Move one entry to the queue, unless it waits there already: a worker outage must not pile up copies.

        A moved entry is remembered for a while, and not for ever: should its job die before it claimed the slot, the
        row still asks for it, and it is entered again.
        """
        waiting = job.id in Queue(QUEUE, connection=self.connection).get_job_ids()
        self.connection.set(_moved(job.id), 1, ex=MOVED_SECONDS)
        if waiting:
            self.cancel(job)
        else:
            self.enqueue_job(job)
        return not waiting


def _moved(job_id: str) -> str:
    return f"inlet:moved:{job_id}"


def run(redis_url: str) -> None:
    """Pass after pass until a signal ends the process. A Redis that is away is waited for, not died of."""
    connection = Redis.from_url(redis_url, socket_connect_timeout=2, socket_timeout=5)
    scheduler = RowScheduler(queue_name=QUEUE, connection=connection, interval=INTERVAL_SECONDS)
    log.info("The scheduler has begun.")
    while True:
        started = time.monotonic()
        try:
            if scheduler.acquire_lock():
                try:
                    scheduler.enqueue_jobs()
                finally:
                    scheduler.remove_lock()
        except RedisError as problem:
            log.warning("Redis does not answer (%s); the next pass tries again.", type(problem).__name__)
        except SQLAlchemyError as problem:
            log.warning("PostgreSQL does not answer (%s); the next pass tries again.", type(problem).__name__)
        time.sleep(max(0.2, INTERVAL_SECONDS - (time.monotonic() - started)))
