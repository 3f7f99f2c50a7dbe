"""The deliveries job: take what is due from the outbox, send it, settle the answers by the batch."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from app.connectors import registry
from app.connectors.contract import SourceConnector, WarehouseConnector
from app.domain.errors import InletError
from app.jobs import runtime
from app.jobs.sending import push_status, send_notice
from app.logs import about
from app.models import DeliveryKind
from app.services import delivering, notices, pushing, settling
from app.services.delivering import Claim, Result, Settlement
from app.services.leases import Leases
from app.wakeups import Topic

log = logging.getLogger(__name__)

SETTLE_SECONDS = 0.5
"""Answers are settled at least this often, so that a worker that dies leaves few of them to be looked up."""


def work() -> None:
    """Send what is due until nothing is."""
    runtime.loop(Topic.DELIVERIES, _step)


def _step(me: str) -> bool:
    started = time.monotonic()
    claims = delivering.claim(me)
    if not claims:
        return False
    statuses = [claimed for claimed in claims if claimed.kind is DeliveryKind.STATUS]
    letters = [claimed for claimed in claims if claimed.kind is not DeliveryKind.STATUS]
    sent = _send_notices(letters, started) + _push_statuses(statuses, started)
    log.info("Sent messages.", extra={"claimed": len(claims), "settled": sent})
    return True


def _time_is_up(started: float) -> bool:
    # What is not begun in a quarter of the lease is given back: the rest covers a look-up and a write that both take as
    # long as they may, so that no other worker looks up what this one is about to send.
    return time.monotonic() - started > Leases.seconds / 4


class _Settler:
    """Collects answers and settles them together."""

    def __init__(self, settle: Callable[[Sequence[Settlement]], int]) -> None:
        self._settle = settle
        self._waiting: list[Settlement] = []
        self._since = time.monotonic()
        self.settled = 0

    def add(self, settlement: Settlement) -> None:
        """Take an answer; settle when the oldest has waited long enough."""
        if settlement.result not in (Result.ACCEPTED, Result.ABSENT):
            log.warning("A message did not arrive: %s", settlement.message, extra={"result": settlement.result.value})
        self._waiting.append(settlement)
        if time.monotonic() - self._since > SETTLE_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Settle all."""
        self.settled += self._settle(self._waiting)
        self._waiting = []
        self._since = time.monotonic()


@contextmanager
def _settling(settle: Callable[[Sequence[Settlement]], int]) -> Iterator[_Settler]:
    settler = _Settler(settle)
    try:
        yield settler
    finally:
        settler.flush()


def _send_notices(claims: list[Claim], started: float) -> int:
    parcels = notices.depart(claims)
    connectors: dict[tuple[int, int], WarehouseConnector] = {}
    with _settling(settling.settle) as settler:
        for position, parcel in enumerate(parcels):
            if _time_is_up(started):
                delivering.give_back([left.claim for left in parcels[position:]])
                break
            target = (parcel.warehouse_id, parcel.merchant_id)
            with about(po=parcel.claim.purchase_order_id, delivery=parcel.claim.delivery_id):
                try:
                    if target not in connectors:
                        connectors[target] = runtime.warehouse(parcel.binding)
                except InletError as problem:
                    settler.add(_cannot_start(parcel.claim, problem))
                    continue
                settler.add(send_notice(parcel, connectors[target]))
    return settler.settled


def _push_statuses(claims: list[Claim], started: float) -> int:
    can = {kind: registry.source_class(kind).capabilities for kind in registry.SOURCES}
    pushes = pushing.depart(claims, can)
    connectors: dict[int, SourceConnector] = {}
    with _settling(pushing.settle) as settler:
        for position, push in enumerate(pushes):
            if _time_is_up(started):
                delivering.give_back([left.claim for left in pushes[position:]])
                break
            with about(po=push.claim.purchase_order_id, delivery=push.claim.delivery_id):
                try:
                    if push.connection_id not in connectors:
                        connectors[push.connection_id] = runtime.source(push.binding)
                except InletError as problem:
                    settler.add(_cannot_start(push.claim, problem))
                    continue
                settler.add(push_status(push, connectors[push.connection_id]))
    return settler.settled


def _cannot_start(claim: Claim, problem: InletError) -> Settlement:
    """The settings do not make a connector: nothing was sent."""
    absent = not claim.unknown and claim.kind is DeliveryKind.CREATE
    return Settlement(claim, Result.REJECTED, problem.sentence(), surely_absent=absent)
