"""Deliveries: who may send what now, and what every attempt leaves behind.

Claiming leases rows of the outbox and nothing else: it holds no lock on a purchase order, since those come earlier in
the order of locks. What the message says is read in a second transaction (`notices.depart`, `pushing.depart`), which
takes the order first. A row whose lease ran out may have been sent: it comes back with the order to look first.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from app.connectors.contract import Exchange
from app.domain.backoff import next_attempt
from app.models import DeliveryKind
from app.services.leases import Leases
from app.services.unit_of_work import Unit, unit_of_work

BATCH = 100
KEPT_EXCHANGE = 20_000


class Result(StrEnum):
    """How an attempt ended."""

    ACCEPTED = "accepted"
    ABSENT = "absent"
    """A cancellation found nothing to cancel."""
    REPLACE = "replace"
    """The warehouse cannot change a document, but can cancel it: cancel this one, then create a new one."""
    CANCELED_THERE = "canceled_there"
    """The warehouse canceled the document by itself: a new one is needed, if anybody still wants it."""
    RETRIABLE = "retriable"
    AMBIGUOUS = "ambiguous"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Claim:
    """A leased delivery."""

    delivery_id: int
    lease_no: int
    kind: DeliveryKind
    purchase_order_id: int
    document_id: int | None
    version: int
    attempt: int
    unknown: bool


@dataclass(frozen=True, slots=True)
class Try:
    """One exchange with the target, to be kept as an attempt."""

    action: str
    outcome: str
    message: str
    exchange: Exchange
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a claimed delivery, with every exchange it took."""

    claim: Claim
    result: Result
    message: str = ""
    reference: str = ""
    retry_after: float | None = None
    surely_absent: bool = False
    """The target surely does not have it: nothing was sent, or it said no, or a look-up found nothing."""
    tries: Sequence[Try] = field(default=())


# A message waits while another one of its document is in flight: a cancellation that overtook a create would find
# nothing, and the create would arrive after it. So does a status message: of two in flight, the older could be booked
# last, and a source that adds would add twice.
_CLAIM = """
WITH due AS (
    SELECT d.id, d.state = 'leased' AS was_leased
    FROM delivery d JOIN connection c ON c.id = d.connection_id
    WHERE d.state IN ('due', 'leased') AND d.due_at <= clock_timestamp()
      AND (d.state = 'due' OR d.lease_until < clock_timestamp())
      AND c.enabled AND c.channel_on
      AND NOT EXISTS (SELECT 1 FROM delivery o
                      WHERE o.state = 'leased' AND o.id <> d.id
                        AND (o.document_id = d.document_id
                             OR (o.po_key_id = d.po_key_id AND o.kind = 'status' AND d.kind = 'status')))
    ORDER BY d.due_at, d.id LIMIT :batch FOR UPDATE OF d SKIP LOCKED
)
UPDATE delivery d
SET state = 'leased', lease_owner = :owner, lease_no = d.lease_no + 1,
    lease_until = clock_timestamp() + make_interval(secs => :seconds), unknown = d.unknown OR due.was_leased
FROM due WHERE d.id = due.id
RETURNING d.id, d.lease_no, d.kind, d.purchase_order_id, d.document_id, d.version, d.attempts, d.unknown
"""


def claim(owner: str, batch: int = BATCH) -> list[Claim]:
    """Lease due deliveries of connections that are switched on."""
    with unit_of_work("claim deliveries") as unit:
        rows = unit.rows(_CLAIM, owner=owner, batch=batch, seconds=Leases.seconds)
    return [
        Claim(
            row.id,
            row.lease_no,
            DeliveryKind(row.kind),
            row.purchase_order_id,
            row.document_id,
            row.version,
            row.attempts + 1,
            row.unknown,
        )
        for row in sorted(rows, key=lambda row: row.id)
    ]


def still_ours(unit: Unit, claims: Sequence[Claim]) -> list[Claim]:
    """Lock the claimed rows and keep those whose lease is still the claim's. Orders must be locked before."""
    rows = unit.rows(
        "SELECT d.id FROM delivery d JOIN unnest(CAST(:ids AS bigint[]), CAST(:numbers AS int[])) AS mine(id, lease_no)"
        " ON mine.id = d.id AND mine.lease_no = d.lease_no AND d.state = 'leased' ORDER BY d.id FOR UPDATE OF d",
        ids=[claimed.delivery_id for claimed in claims],
        numbers=[claimed.lease_no for claimed in claims],
    )
    ours = {row.id for row in rows}
    return [claimed for claimed in claims if claimed.delivery_id in ours]


def give_back(claims: Sequence[Claim]) -> None:
    """Return leased rows that were not tried: they are due again at once, and no attempt is counted."""
    if not claims:
        return
    with unit_of_work("give deliveries back") as unit:
        lock_orders(unit, [claimed.purchase_order_id for claimed in claims])
        yield_waiting(unit, claims)
        unit.run(
            "UPDATE delivery d SET state = 'due', lease_owner = NULL, lease_until = NULL"
            " FROM unnest(CAST(:ids AS bigint[]), CAST(:numbers AS int[])) AS mine(id, lease_no)"
            " WHERE d.id = mine.id AND d.lease_no = mine.lease_no AND d.state = 'leased'",
            ids=[claimed.delivery_id for claimed in claims],
            numbers=[claimed.lease_no for claimed in claims],
        )


def lock_orders(unit: Unit, po_ids: Sequence[int]) -> None:
    """Take the orders' locks, by id ascending: always before documents and outbox rows."""
    unit.rows(
        "SELECT id FROM purchase_order WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE",
        ids=sorted(set(po_ids)),
    )


_ATTEMPT_COLUMNS = (
    "delivery_id", "merchant_id", "number", "action", "outcome", "code", "message", "request", "reply", "duration_ms",
)  # fmt: skip


def keep_attempts(unit: Unit, settlements: Sequence[Settlement]) -> None:
    """Store every exchange of these settlements. A try is never rewritten; a retry is a new row."""
    rows = [(settled, tried) for settled in settlements for tried in settled.tries]
    if not rows:
        return
    merchants = {
        row.id: row.merchant_id
        for row in unit.rows(
            "SELECT id, merchant_id FROM delivery WHERE id = ANY(CAST(:ids AS bigint[]))",
            ids=sorted({settled.claim.delivery_id for settled, _ in rows}),
        )
    }
    unit.copy(
        "delivery_attempt",
        _ATTEMPT_COLUMNS,
        [
            (
                settled.claim.delivery_id,
                merchants[settled.claim.delivery_id],
                settled.claim.attempt,
                tried.action,
                tried.outcome,
                tried.exchange.code,
                tried.message,
                _kept(tried.exchange.request),
                _kept(tried.exchange.reply),
                tried.duration_ms,
            )
            for settled, tried in rows
        ],
    )


def _kept(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()[:KEPT_EXCHANGE]


def yield_waiting(unit: Unit, claims: Sequence[Claim]) -> None:
    """Supersede the status messages that were planted while these were in flight, before these wait again.

    One message waits per order, and says what is true when it departs: so the one that comes back tells all. The caller
    holds the orders' locks, so no other can be planted in between.
    """
    unit.run(
        "UPDATE delivery o SET state = 'superseded', settled_at = clock_timestamp() FROM delivery d"
        " WHERE d.id = ANY(CAST(:ids AS bigint[])) AND d.kind = 'status' AND o.kind = 'status'"
        " AND o.po_key_id = d.po_key_id AND o.state = 'due' AND o.id <> d.id",
        ids=[claimed.delivery_id for claimed in claims],
    )


def close(unit: Unit, settlements: Sequence[Settlement], state: str) -> None:
    """End deliveries for good as done, failed or withdrawn, with the message that people read."""
    if settlements:
        unit.run(
            "UPDATE delivery d SET state = :state, attempts = s.attempt, message = s.message, unknown = s.unknown,"
            " settled_at = clock_timestamp(), lease_owner = NULL, lease_until = NULL"
            " FROM unnest(CAST(:ids AS bigint[]), CAST(:attempts AS int[]), CAST(:messages AS text[]),"
            " CAST(:unknown AS bool[])) AS s(id, attempt, message, unknown) WHERE d.id = s.id",
            state=state,
            ids=[settled.claim.delivery_id for settled in settlements],
            attempts=[settled.claim.attempt for settled in settlements],
            messages=[settled.message[:2000] for settled in settlements],
            unknown=[settled.result is Result.AMBIGUOUS for settled in settlements],
        )


def postpone(unit: Unit, settlements: Sequence[Settlement]) -> tuple[list[Settlement], list[Settlement]]:
    """Set the next attempt of each delivery; returns (those that wait, those that have no attempt left).

    Eight attempts over about a day, later if the target asked for it. The jitter keeps messages that failed together
    from coming back together.
    """
    waiting, spent, pauses = [], [], []
    for settled in settlements:
        pause = next_attempt(settled.claim.attempt, settled.retry_after, random.random())  # noqa: S311 no secret
        if pause is None:
            spent.append(settled)
        else:
            waiting.append(settled)
            pauses.append(pause.total_seconds())
    if waiting:
        yield_waiting(unit, [settled.claim for settled in waiting])
        unit.run(
            "UPDATE delivery d SET state = 'due', attempts = s.attempt, message = s.message, unknown = s.unknown,"
            " due_at = clock_timestamp() + make_interval(secs => s.pause), lease_owner = NULL, lease_until = NULL"
            " FROM unnest(CAST(:ids AS bigint[]), CAST(:attempts AS int[]), CAST(:messages AS text[]),"
            " CAST(:unknown AS bool[]), CAST(:pauses AS float8[])) AS s(id, attempt, message, unknown, pause)"
            " WHERE d.id = s.id",
            ids=[settled.claim.delivery_id for settled in waiting],
            attempts=[settled.claim.attempt for settled in waiting],
            messages=[settled.message[:2000] for settled in waiting],
            unknown=[not settled.surely_absent for settled in waiting],
            pauses=pauses,
        )
    return waiting, spent
