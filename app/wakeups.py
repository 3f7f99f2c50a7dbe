"""The doorbell: the only place that puts a job on a queue by hand.

PostgreSQL remembers what is due; a ring only says "look now". So a lost ring costs some seconds (the scheduler rings
again for whatever is due), never work. `ring` makes one quick try and never raises: with the client's defaults one
click would hang for seconds while Redis is away.
"""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import ClassVar

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue

log = logging.getLogger(__name__)

QUEUE = "inlet"
RUNG_FOR_SECONDS = 60
JOB_TIMEOUT_SECONDS = 900


class Topic(StrEnum):
    """What there may be to do. Each topic has one job, which loops until nothing of its kind is due."""

    PROCESSING = "processing"
    DELIVERIES = "deliveries"
    RECEIPTS = "receipts"
    RUNS = "runs"
    BULK = "bulk"
    HOUSEKEEPING = "housekeeping"


JOBS: dict[Topic, str] = {
    Topic.PROCESSING: "app.jobs.processing.work",
    Topic.DELIVERIES: "app.jobs.deliveries.work",
    Topic.RECEIPTS: "app.jobs.receipts.work",
    Topic.RUNS: "app.jobs.runs.work",
    Topic.BULK: "app.jobs.bulk.work",
    Topic.HOUSEKEEPING: "app.jobs.housekeeping.work",
}


class Bell:
    """The connection to Redis, bound once by the composition root."""

    _redis: ClassVar[Redis | None] = None

    @classmethod
    def hang(cls, url: str) -> None:
        """Remember where to ring. One try, half a second to connect."""
        cls._redis = Redis.from_url(url, socket_connect_timeout=0.5, socket_timeout=1.0, retry=Retry(NoBackoff(), 0))

    @classmethod
    def connection(cls) -> Redis | None:
        """The connection, or None when nobody hung a bell (pure database work, some tests)."""
        return cls._redis


def ring(topic: Topic) -> bool:
    """Wake a worker for `topic`, once until its job has begun. Call it after commit. False if nobody could be woken."""
    redis = Bell.connection()
    if redis is None:
        return False
    try:
        if not redis.set(_rung(topic), 1, nx=True, ex=RUNG_FOR_SECONDS):
            return True
        Queue(QUEUE, connection=redis).enqueue(
            JOBS[topic], job_timeout=JOB_TIMEOUT_SECONDS, result_ttl=0, failure_ttl=3600
        )
    except RedisError as problem:
        log.warning("Nobody was woken for %s: %s. The scheduler will ring again.", topic, type(problem).__name__)
        return False
    return True


def begun(topic: Topic) -> None:
    """The topic's job has begun: from now on a new ring starts another one, so that the last change is never missed."""
    redis = Bell.connection()
    if redis is None:
        return
    try:
        redis.delete(_rung(topic))
    except RedisError:
        log.warning("The bell for %s could not be reset; it resets itself after a minute.", topic)


def _rung(topic: Topic) -> str:
    return f"inlet:rung:{topic}"
