"""Status messages to the source: what each order's message says, and what its confirmation settles.

A message tells absolute quantities as they are when it departs, and the applied receipts that the source has not
confirmed. What it told is kept on the delivery (`covers`), so that a confirmation books exactly that and no more, even
if goods arrived while it was on its way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from app.connectors.contract import SourceCapabilities, StatusLine, StatusMessage, StatusReceipt
from app.domain.states import PoStatus, ReceiptEvent
from app.services import bindings, delivering, outbox, transitions
from app.services.bindings import Binding
from app.services.delivering import Claim, Result, Settlement
from app.services.timeline import Entry, tell
from app.services.unit_of_work import Unit, unit_of_work

ACTOR = "source"


@dataclass(frozen=True, slots=True)
class Push:
    """A claimed status message, ready to be sent."""

    claim: Claim
    message: StatusMessage
    binding: Binding
    connection_id: int


Capabilities = Mapping[str, SourceCapabilities]


def depart(claims: Sequence[Claim], capabilities: Capabilities) -> list[Push]:
    """Read what the messages say; their receipts become Notifying. `capabilities` is by connector kind.

    A source that takes no status completes them at once; a difference that the source cannot book goes to a person.
    """
    if not claims:
        return []
    with unit_of_work("depart with statuses") as unit:
        delivering.lock_orders(unit, [claimed.purchase_order_id for claimed in claims])
        ours = delivering.still_ours(unit, claims)
        orders = {row.id: row for row in unit.rows(_ORDERS, ids=[claimed.purchase_order_id for claimed in ours])}
        gone = [claimed for claimed in ours if claimed.purchase_order_id not in orders]
        delivering.close(
            unit, [Settlement(c, Result.REJECTED, "The purchase order was deleted.") for c in gone], "withdrawn"
        )
        content = _content(unit, list(orders), ours)
        sources = {c: bindings.source_of(unit, c) for c in {order.connection_id for order in orders.values()}}
        pushes = []
        for claimed in ours:
            order = orders.get(claimed.purchase_order_id)
            if order is None:
                continue
            binding = sources[order.connection_id]
            sure = claimed if claimed.delivery_id in content.keys else replace(claimed, unknown=False)
            push = Push(sure, _message(claimed, order, content), binding, order.connection_id)
            if sure.unknown:
                _look_again(unit, sure)
                pushes.append(push)
            elif _can_go(unit, push, capabilities[binding.kind], content):
                pushes.append(push)
        return pushes


_ORDERS = """
SELECT id, connection_id, external_id, number, status, clock_timestamp() AS at
FROM purchase_order WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id
"""

_LINES = """
SELECT purchase_order_id, id, key, line_number, source_line_id, sku, quantity, received_before, received, damaged,
       closed_short_quantity, booked, unit_of_measure
FROM line_item WHERE purchase_order_id = ANY(CAST(:ids AS bigint[])) AND left_out_by IS NULL
ORDER BY purchase_order_id, position
"""

# Notifying ones belong to an attempt whose worker died: they are told again.
_RECEIPTS = """
SELECT r.purchase_order_id, r.id, r.external_id, r.correction, r.received_at, r.final,
       coalesce(jsonb_agg(jsonb_build_array(l.key, l.sku, a.quantity::text, a.damaged::text) ORDER BY a.id)
                FILTER (WHERE a.id IS NOT NULL), '[]') AS lines
FROM receipt r
LEFT JOIN allocation a ON a.receipt_id = r.id LEFT JOIN line_item l ON l.id = a.line_item_id
WHERE r.purchase_order_id = ANY(CAST(:ids AS bigint[])) AND r.applied_at IS NOT NULL
  AND r.state IN ('ready', 'notifying')
GROUP BY r.id ORDER BY r.id
"""


@dataclass(frozen=True, slots=True)
class _Content:
    lines: Mapping[int, Sequence[Any]]
    receipts: Mapping[int, Sequence[Any]]
    keys: Mapping[int, str]
    """For deliveries whose last attempt may have arrived: the key of that message."""


def _content(unit: Unit, po_ids: Sequence[int], claims: Sequence[Claim]) -> _Content:
    lines: dict[int, list[Any]] = {}
    receipts: dict[int, list[Any]] = {}
    if po_ids:
        for line in unit.rows(_LINES, ids=po_ids):
            lines.setdefault(line.purchase_order_id, []).append(line)
        for receipt in unit.rows(_RECEIPTS, ids=po_ids):
            receipts.setdefault(receipt.purchase_order_id, []).append(receipt)
    unknown = [claimed.delivery_id for claimed in claims if claimed.unknown]
    keys = unit.rows(
        "SELECT id, covers ->> 'key' AS key FROM delivery WHERE id = ANY(CAST(:ids AS bigint[])) AND covers ? 'key'",
        ids=unknown,
    )
    return _Content(lines, receipts, {row.id: row.key for row in keys})


def _message(claimed: Claim, order: Any, content: _Content) -> StatusMessage:
    return StatusMessage(
        # A key for each content: after a lost answer the old one is looked up; what is sent anew is another message.
        key=str(content.keys.get(claimed.delivery_id) or f"status-{claimed.delivery_id}-{claimed.lease_no}"),
        version=claimed.version,
        external_id=order.external_id,
        number=order.number,
        status=PoStatus(order.status).value,
        at=order.at,
        lines=tuple(_line(line) for line in content.lines.get(order.id, ())),
        receipts=tuple(_receipt(receipt) for receipt in content.receipts.get(order.id, ())),
    )


def _line(line: Any) -> StatusLine:
    return StatusLine(
        key=line.key,
        line_number=line.line_number,
        source_line_id=line.source_line_id,
        sku=line.sku,
        ordered=line.quantity,
        received=line.received_before + line.received,
        damaged=line.damaged,
        closed_short=line.closed_short_quantity,
        booked=line.booked,
        to_book=line.received - line.booked,
        unit_of_measure=line.unit_of_measure,
    )


def _receipt(receipt: Any) -> StatusReceipt:
    number = f"{receipt.external_id}-{receipt.correction}" if receipt.correction else receipt.external_id
    lines = tuple((key, sku, Decimal(quantity), Decimal(damaged)) for key, sku, quantity, damaged in receipt.lines)
    return StatusReceipt(number, receipt.received_at, receipt.final, lines)


def _look_again(unit: Unit, claimed: Claim) -> None:
    """The last attempt may have arrived: what it told stays as it was, and only its receipts are on their way."""
    told = _covers(unit, [Settlement(claimed, Result.ACCEPTED)])[claimed.delivery_id]
    transitions.move_receipts(unit, told, ReceiptEvent.PUSH_STARTED, actor=ACTOR)


def _can_go(unit: Unit, push: Push, can: SourceCapabilities, content: _Content) -> bool:
    """Prepare a push to go, or settle it here where nothing is to be sent."""
    receipts = [receipt.id for receipt in content.receipts.get(push.claim.purchase_order_id, ())]
    if not can.push_status:
        note = "The source takes no status messages; there is nothing to push."
        transitions.move_receipts(unit, receipts, ReceiptEvent.PUSH_NOT_NEEDED, actor=ACTOR, reason=note)
        delivering.close(unit, [Settlement(push.claim, Result.ACCEPTED, note)], "done")
        return False
    transitions.move_receipts(unit, receipts, ReceiptEvent.PUSH_STARTED, actor=ACTOR)
    negative = next((line for line in push.message.lines if line.to_book < 0), None)
    if negative is not None and can.books == "delta" and not can.can_unreceive:
        sentence = (
            f"Line {negative.line_number} ({negative.sku}) fell below what {push.binding.name} has booked "
            f"({negative.booked.normalize():f}), and it cannot take receipts back. Correct it there by hand."
        )
        _give_up(unit, [Settlement(push.claim, Result.REJECTED, sentence)], {push.claim.delivery_id: receipts})
        return False
    totals = {str(line.id): str(line.received) for line in content.lines.get(push.claim.purchase_order_id, ())}
    unit.run(
        "UPDATE delivery SET covers = CAST(:covers AS jsonb) WHERE id = :id",
        covers=json.dumps({"key": push.message.key, "receipts": receipts, "totals": totals}),
        id=push.claim.delivery_id,
    )
    return True


def settle(settlements: Sequence[Settlement]) -> int:
    """Settle answers of sources in one transaction; returns how many were still ours."""
    if not settlements:
        return 0
    with unit_of_work("settle statuses") as unit:
        delivering.lock_orders(unit, [settled.claim.purchase_order_id for settled in settlements])
        ours = {claimed.delivery_id for claimed in delivering.still_ours(unit, [s.claim for s in settlements])}
        mine = [settled for settled in settlements if settled.claim.delivery_id in ours]
        delivering.keep_attempts(unit, mine)
        covers = _covers(unit, mine)
        _confirmed(unit, [settled for settled in mine if settled.result is Result.ACCEPTED], covers)
        _send_anew(unit, [settled for settled in mine if settled.result is Result.ABSENT], covers)
        _later(unit, [s for s in mine if s.result in (Result.RETRIABLE, Result.AMBIGUOUS)], covers)
        _give_up(unit, [settled for settled in mine if settled.result is Result.REJECTED], covers)
        return len(mine)


def _covers(unit: Unit, settlements: Sequence[Settlement]) -> dict[int, list[int]]:
    rows = unit.rows(
        "SELECT id, covers -> 'receipts' AS receipts FROM delivery WHERE id = ANY(CAST(:ids AS bigint[]))",
        ids=[settled.claim.delivery_id for settled in settlements],
    )
    return {row.id: list(row.receipts or ()) for row in rows}


_BOOK = """
UPDATE line_item l SET booked = CAST(t.total AS numeric)
FROM delivery d, jsonb_each_text(d.covers -> 'totals') AS t(line_id, total)
WHERE d.id = ANY(CAST(:ids AS bigint[])) AND l.id = CAST(t.line_id AS bigint) AND l.booked <> CAST(t.total AS numeric)
"""


def _confirmed(unit: Unit, settlements: Sequence[Settlement], covers: Mapping[int, Sequence[int]]) -> None:
    if not settlements:
        return
    delivering.close(unit, settlements, "done")
    unit.run(_BOOK, ids=[settled.claim.delivery_id for settled in settlements])
    told = [receipt for settled in settlements for receipt in covers[settled.claim.delivery_id]]
    transitions.move_receipts(unit, told, ReceiptEvent.PUSH_CONFIRMED, actor=ACTOR)
    tell(unit, [_entry("pushed", settled, covers) for settled in settlements])
    # Found by a look-up: what has changed since that message was made is told by a fresh one.
    outbox.plant_status(unit, [s.claim.purchase_order_id for s in settlements if s.claim.unknown])


def _send_anew(unit: Unit, settlements: Sequence[Settlement], covers: Mapping[int, Sequence[int]]) -> None:
    """The look-up found nothing: the message goes again at once, with what is true by now."""
    if not settlements:
        return
    delivering.yield_waiting(unit, [settled.claim for settled in settlements])
    unit.run(
        "UPDATE delivery SET state = 'due', due_at = clock_timestamp(), unknown = false, lease_owner = NULL,"
        " lease_until = NULL WHERE id = ANY(CAST(:ids AS bigint[]))",
        ids=[settled.claim.delivery_id for settled in settlements],
    )
    told = [receipt for settled in settlements for receipt in covers[settled.claim.delivery_id]]
    transitions.move_receipts(unit, told, ReceiptEvent.PUSH_POSTPONED, actor=ACTOR)


def _later(unit: Unit, settlements: Sequence[Settlement], covers: Mapping[int, Sequence[int]]) -> None:
    waiting, spent = delivering.postpone(unit, settlements)
    told = [receipt for settled in waiting for receipt in covers[settled.claim.delivery_id]]
    transitions.move_receipts(unit, told, ReceiptEvent.PUSH_POSTPONED, actor=ACTOR)
    tell(unit, [_entry("push_retried", settled, covers) for settled in waiting])
    _give_up(unit, spent, covers)


def _give_up(unit: Unit, settlements: Sequence[Settlement], covers: Mapping[int, Sequence[int]]) -> None:
    """The push failed for good. The receipts say so; the order keeps its status, since the goods are where they are."""
    if not settlements:
        return
    delivering.close(unit, settlements, "failed")
    for settled in settlements:
        receipts = covers[settled.claim.delivery_id]
        transitions.move_receipts(unit, receipts, ReceiptEvent.FAILED, actor=ACTOR, reason=settled.message)
    tell(unit, [_entry("push_failed", settled, covers) for settled in settlements])


def _entry(kind: str, settled: Settlement, covers: Mapping[int, Sequence[int]]) -> Entry:
    data = {
        "delivery": settled.claim.delivery_id,
        "attempt": settled.claim.attempt,
        "receipts": len(covers[settled.claim.delivery_id]),
        "message": settled.message,
    }
    return Entry(kind, settled.claim.purchase_order_id, actor=ACTOR, data=data)
