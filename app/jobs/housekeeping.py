"""The housekeeping job."""

from __future__ import annotations

import logging

from app.services import housekeeping
from app.wakeups import Topic, begun

log = logging.getLogger(__name__)


def work() -> None:
    """Sweep once."""
    begun(Topic.HOUSEKEEPING)
    done = {name: count for name, count in housekeeping.sweep().items() if count}
    if done:
        log.info("Housekeeping.", extra=done)
