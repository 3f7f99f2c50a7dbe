"""The receipts job: receipts that came before their purchase order are matched again."""

from __future__ import annotations

import logging

from app.logs import about
from app.services.receiving import match_waiting
from app.wakeups import Topic, begun

log = logging.getLogger(__name__)


def work() -> int:
    """Match every receipt whose purchase order may have come; returns how many found theirs."""
    begun(Topic.RECEIPTS)
    with about(job=Topic.RECEIPTS.value):
        matched = match_waiting()
        if matched:
            log.info("Matched receipts that waited.", extra={"matched": matched})
        return matched
