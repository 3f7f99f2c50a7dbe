"""The bulk job: act on the orders of confirmed plans, batch by batch."""

from __future__ import annotations

import logging
import time

from app.domain.errors import LeaseLost
from app.jobs import runtime
from app.logs import about
from app.services import bulk
from app.wakeups import Topic

log = logging.getLogger(__name__)


def work() -> None:
    """Work on confirmed plans until none is left."""
    runtime.loop(Topic.BULK, _step)


def _step(me: str) -> bool:
    job = bulk.claim(me)
    if job is None:
        return False
    with about(run=job.run_id):
        until = time.monotonic() + runtime.LOOP_SECONDS
        try:
            while bulk.work_on(job):
                if time.monotonic() > until:
                    # Other work of this queue has its turn; the job goes on after it.
                    bulk.give_back(job)
                    return True
        except LeaseLost as lost:
            log.info("A bulk job stops here: %s", lost.message)
    return True
