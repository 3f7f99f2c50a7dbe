"""Runs, the records they refused, and deliveries: the lists, and what belongs to one of them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from app.models import Connection, Delivery, DeliveryKind, DeliveryState, Run, RunFailure, RunKind, RunState
from app.queries.listing import AnySession, Condition, Listing, among, contains, contains_key, one_of

FAILURES_SHOWN: Final = 50


def _run_matches(text: str) -> Condition:
    named = select(Connection.id).where(contains(func.lower(Connection.name), text))
    return or_(contains(func.lower(Run.message), text), Run.connection_id.in_(named))


RUNS: Final = Listing(
    model=Run,
    default_sort="started",
    default_descending=True,
    search=_run_matches,
    filters={
        "connection": among(Run.connection_id),
        "kind": one_of(Run.kind, list(RunKind)),
        "state": one_of(Run.state, list(RunState)),
    },
    dates={"at": Run.at},
    sorts={"started": [Run.id], "failed": [Run.failed], "new": [Run.new]},
    eager=(joinedload(Run.connection),),
)


def _failure_matches(text: str) -> Condition:
    return or_(contains(func.lower(RunFailure.reference), text), contains(func.lower(RunFailure.reason), text))


FAILURES: Final = Listing(
    model=RunFailure,
    default_sort="at",
    default_descending=True,
    search=_failure_matches,
    filters={
        "connection": among(RunFailure.connection_id),
        "state": one_of(RunFailure.state, ("open", "retried", "ignored")),
        "run": among(RunFailure.run_id),
    },
    dates={"at": RunFailure.at},
    sorts={"at": [RunFailure.id]},
)


def _delivery_matches(text: str) -> Condition:
    return or_(contains_key(func.lower(Delivery.number), text), contains_key(func.lower(Delivery.external_id), text))


DELIVERIES: Final = Listing(
    model=Delivery,
    default_sort="created",
    default_descending=True,
    search=_delivery_matches,
    filters={
        "connection": among(Delivery.connection_id),
        "merchant": among(Delivery.merchant_id),
        "warehouse": among(Delivery.warehouse_id),
        "kind": one_of(Delivery.kind, list(DeliveryKind)),
        "state": one_of(Delivery.state, list(DeliveryState)),
    },
    dates={"created": Delivery.created_at},
    sorts={"created": [Delivery.id], "due": [Delivery.due_at], "attempts": [Delivery.attempts]},
    eager=(joinedload(Delivery.connection),),
)


def failures_of(session: AnySession, run_id: int) -> list[RunFailure]:
    """The first records that a run refused."""
    query = select(RunFailure).where(RunFailure.run_id == run_id).order_by(RunFailure.id)
    return list(session.scalars(query.limit(FAILURES_SHOWN)))
