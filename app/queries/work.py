"""Runs, the records they refused, and deliveries: the lists, and what belongs to one of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, exists, false, func, not_, or_, select
from sqlalchemy.orm import aliased, joinedload

from app.domain.states import PoStatus
from app.models import (
    Connection,
    Delivery,
    DeliveryKind,
    DeliveryState,
    PurchaseOrder,
    Run,
    RunFailure,
    RunKind,
    RunState,
)
from app.queries.listing import AnySession, Condition, Listing, among, contains, contains_key, one_of

FAILURES_SHOWN: Final = 50


def _run_matches(text: str) -> Condition:
    named = select(Connection.id).where(contains(func.lower(Connection.name), text))
    said = (contains(func.lower(column), text) for column in (Run.message, Run.started_by))
    return or_(*said, Run.connection_id.in_(named))


LAST_DAY: Final = "24h"


def _of_the_last(values: tuple[str, ...], now: datetime) -> Condition:
    # A day by the clock and not by the calendar: what happened at night must not be gone at midnight.
    return Run.at >= now - timedelta(hours=24) if LAST_DAY in values else false()


RUNS: Final = Listing(
    model=Run,
    default_sort="started",
    default_descending=True,
    search=_run_matches,
    filters={
        "connection": among(Run.connection_id),
        "kind": one_of(Run.kind, list(RunKind)),
        "state": one_of(Run.state, list(RunState)),
        "last": _of_the_last,
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


STUCK: Final = ("failed", "retrying", "unknown")
"""The ways in which a message is stuck. No message is stuck in two of them."""

_TRIED_OFTEN: Final = 3
_PUT_AWAY: Final = (PoStatus.ARCHIVED, PoStatus.CANCELED)


def is_stuck(word: str) -> Condition:
    """Whether a message waits for a person in one of the ways of STUCK.

    failed: given up, nothing newer was sent for its order the same way, and the order was not put away. unknown: its
    last answer never came, and the look-up has not settled it. retrying: it goes on by itself, but three attempts or
    more have ended without success.
    """
    if word == "failed":
        return and_(Delivery.state == DeliveryState.FAILED, _still_matters())
    waiting = Delivery.state.in_((DeliveryState.DUE, DeliveryState.LEASED))
    tried = Delivery.attempts >= (1 if word == "unknown" else _TRIED_OFTEN)
    # A message that only inherits the doubt of an older one has not been tried itself.
    return and_(waiting, tried, Delivery.unknown if word == "unknown" else not_(Delivery.unknown))


def _still_matters() -> Condition:
    newer = aliased(Delivery)
    is_status = Delivery.kind == DeliveryKind.STATUS
    sent_again = exists().where(
        newer.purchase_order_id == Delivery.purchase_order_id,
        newer.id > Delivery.id,
        (newer.kind == DeliveryKind.STATUS) == is_status,
    )
    order = exists().where(PurchaseOrder.id == Delivery.purchase_order_id, PurchaseOrder.status.not_in(_PUT_AWAY))
    return and_(order, not_(sent_again))


def _is_stuck_as(values: tuple[str, ...], _now: datetime) -> Condition:
    return or_(false(), *(is_stuck(word) for word in STUCK if word in values))


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
        "stuck": _is_stuck_as,
    },
    dates={"created": Delivery.created_at},
    sorts={"created": [Delivery.id], "due": [Delivery.due_at], "attempts": [Delivery.attempts]},
    eager=(joinedload(Delivery.connection),),
)


def failures_of(session: AnySession, run_id: int) -> list[RunFailure]:
    """The first records that a run refused."""
    query = select(RunFailure).where(RunFailure.run_id == run_id).order_by(RunFailure.id)
    return list(session.scalars(query.limit(FAILURES_SHOWN)))
