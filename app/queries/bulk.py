"""Bulk jobs and their orders: the lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import func, select

from app.models import BulkItem, BulkState, Run, RunKind, RunState
from app.queries.listing import AnySession, Condition, Listing, among, contains, contains_key, one_of

ROWS_AT_ONCE: Final = 2_000


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


def results_of(session: AnySession, run_id: int) -> Iterator[BulkItem]:
    """All orders of a job in their order, read in short statements, each in a transaction of its own."""
    last = 0
    while True:
        query = select(BulkItem).where(BulkItem.run_id == run_id, BulkItem.id > last).order_by(BulkItem.id)
        rows = list(session.scalars(query.limit(ROWS_AT_ONCE)))
        yield from rows
        # Nothing is kept open, and nothing kept in memory, while the reader takes what was sent.
        session.rollback()
        session.expunge_all()
        if len(rows) < ROWS_AT_ONCE:
            return
        last = rows[-1].id
