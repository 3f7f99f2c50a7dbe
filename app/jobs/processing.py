"""The processing job: judge what is due, batch by batch."""

from __future__ import annotations

import logging

from app.jobs.runtime import loop
from app.services import processing
from app.wakeups import Topic

log = logging.getLogger(__name__)


def work() -> None:
    """Judge due orders until none is left."""
    loop(Topic.PROCESSING, _step)


def _step(me: str) -> bool:
    work = processing.claim(me)
    if work is None:
        return False
    stored = processing.store_safely(processing.decide(work))
    log.info("Judged purchase orders.", extra={"claimed": len(work.orders), "stored": stored})
    return True
