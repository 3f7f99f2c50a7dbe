"""The receipts job: receipts that came before their purchase order are matched again."""

from __future__ import annotations

from app.services.receiving_waiting import match_waiting
from app.wakeups import Topic, begun


def work() -> int:
    """Match every receipt whose purchase order may have come; returns how many found theirs."""
    begun(Topic.RECEIPTS)
    return match_waiting()
