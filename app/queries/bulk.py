"""Bulk jobs and their orders: the lists."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func

from app.models import BulkItem, BulkState, Run, RunKind, RunState
from app.queries.listing import Condition, Listing, among, contains, contains_key, one_of


def _job_matches(text: str) -> Condition:
    return contains(func.lower(Run.started_by), text)


JOBS: Final = Listing(
    model=Run,
    default_sort="started",
    default_descending=True,
    search=_job_matches,
    filters={"state": one_of(Run.state, list(RunState))},
    dates={"at": Run.at},
    sorts={"started": [Run.id]},
    limit_to=Run.kind == RunKind.BULK,
)

ITEMS: Final = Listing(
    model=BulkItem,
    default_sort="order",
    search=lambda text: contains_key(func.lower(BulkItem.number), text),
    filters={"result": one_of(BulkItem.state, list(BulkState)), "run": among(BulkItem.run_id)},
    sorts={"order": [BulkItem.id], "number": [BulkItem.number]},
)
