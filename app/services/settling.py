"""Settling inbound notices: the answer of the warehouse becomes the state of document, delivery and order.

Answers are settled by the batch, each kind set-based. A delivery whose lease went to another worker is left alone: that
worker looks the document up and finds what this one did.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.domain.states import FailedStep, PoEvent, PoStatus
from app.models import DeliveryKind, DocumentState, Step
from app.services import delivering, outbox, transitions
from app.services.delivering import Result, Settlement
from app.services.timeline import Entry, tell
from app.services.unit_of_work import Unit, unit_of_work

ACTOR = "warehouse"


def settle(settlements: Sequence[Settlement]) -> int:
    """Settle answers in one transaction; returns how many were still ours."""
    if not settlements:
        return 0
    with unit_of_work("settle deliveries") as unit:
        delivering.lock_orders(unit, [settled.claim.purchase_order_id for settled in settlements])
        ours = {claimed.delivery_id for claimed in delivering.still_ours(unit, [s.claim for s in settlements])}
        mine = [settled for settled in settlements if settled.claim.delivery_id in ours]
        delivering.keep_attempts(unit, mine)
        cancels = [settled for settled in mine if settled.claim.kind is DeliveryKind.CANCEL]
        puts = [settled for settled in mine if settled.claim.kind is not DeliveryKind.CANCEL]
        _accepted(unit, [settled for settled in puts if settled.result is Result.ACCEPTED])
        _replace(unit, [settled for settled in puts if settled.result is Result.REPLACE])
        _canceled(unit, [settled for settled in cancels if settled.result in (Result.ACCEPTED, Result.ABSENT)])
        _retry(unit, [settled for settled in mine if settled.result in (Result.RETRIABLE, Result.AMBIGUOUS)])
        _canceled_there(unit, [settled for settled in puts if settled.result is Result.CANCELED_THERE])
        _rejected(unit, [settled for settled in mine if settled.result is Result.REJECTED])
        return len(mine)


def _orders(unit: Unit, settlements: Sequence[Settlement]) -> dict[int, Any]:
    rows = unit.rows(
        "SELECT id, status, cancel_state, step, warehouse_id, last_receipt_at FROM purchase_order"
        " WHERE id = ANY(CAST(:ids AS bigint[]))",
        ids=sorted({settled.claim.purchase_order_id for settled in settlements}),
    )
    return {row.id: row for row in rows}


_ACCEPT_DOCUMENTS = """
UPDATE document d
SET state = CASE WHEN d.state = 'canceling' THEN 'canceling' ELSE 'accepted' END, warehouse_ref = s.reference,
    confirmed_version = greatest(d.confirmed_version, s.version), settled_at = clock_timestamp()
FROM unnest(CAST(:ids AS bigint[]), CAST(:references AS text[]), CAST(:versions AS int[])) AS s(id, reference, version)
WHERE d.id = s.id AND d.state IN ('planned', 'unknown', 'accepted', 'canceling')
"""

_ACCEPT_ORDERS = """
UPDATE purchase_order po
SET warehouse_ref = coalesce(nullif(s.reference, ''), po.warehouse_ref),
    accepted_at = coalesce(po.accepted_at, clock_timestamp()),
    sent_at = coalesce(po.sent_at, clock_timestamp())
FROM unnest(CAST(:ids AS bigint[]), CAST(:references AS text[])) AS s(id, reference) WHERE po.id = s.id
"""


def _accepted(unit: Unit, settlements: Sequence[Settlement]) -> None:
    """The warehouse has the document: New orders become Open."""
    if not settlements:
        return
    delivering.close(unit, settlements, "done")
    po_ids = [settled.claim.purchase_order_id for settled in settlements]
    references = [settled.reference for settled in settlements]
    unit.run(
        _ACCEPT_DOCUMENTS,
        ids=[settled.claim.document_id for settled in settlements],
        references=references,
        versions=[settled.claim.version for settled in settlements],
    )
    unit.run(_ACCEPT_ORDERS, ids=po_ids, references=references)
    tell(unit, [_accepted_entry(settled) for settled in settlements])
    new = {po_id: "" for po_id, order in _orders(unit, settlements).items() if order.status == PoStatus.NEW}
    transitions.move_many(unit, new, PoEvent.ACCEPTED, actor=ACTOR)


def _accepted_entry(settled: Settlement) -> Entry:
    kind = "accepted" if settled.claim.version == 1 else "updated"
    found = any(tried.action == "look-up" and tried.outcome == "found" for tried in settled.tries)
    data = {
        "delivery": settled.claim.delivery_id,
        "reference": settled.reference,
        "attempt": settled.claim.attempt,
        "version": settled.claim.version,
        "looked_up": found,
    }
    return Entry(kind, settled.claim.purchase_order_id, actor=ACTOR, data=data)


def _replace(unit: Unit, settlements: Sequence[Settlement]) -> None:
    """The document cannot be changed there: cancel it first; the confirmed cancellation plants the new one."""
    delivering.close(unit, settlements, "superseded")
    for settled in settlements:
        assert settled.claim.document_id is not None
        outbox.plant_cancel(unit, settled.claim.document_id)
    unit.run(
        "UPDATE purchase_order SET step = :step WHERE id = ANY(CAST(:ids AS bigint[]))",
        step=Step.SEND.value,
        ids=[settled.claim.purchase_order_id for settled in settlements],
    )


def _canceled(unit: Unit, settlements: Sequence[Settlement]) -> None:
    """The old document is surely gone: what waited for that goes on, as a cancellation or as a new document."""
    if not settlements:
        return
    delivering.close(unit, settlements, "done")
    unit.run(
        "UPDATE document SET state = 'canceled', settled_at = clock_timestamp() WHERE id = ANY(CAST(:ids AS bigint[]))",
        ids=[settled.claim.document_id for settled in settlements],
    )
    orders = _orders(unit, settlements)
    tell(
        unit,
        [
            Entry("cancel_confirmed", s.claim.purchase_order_id, actor=ACTOR, data={"delivery": s.claim.delivery_id})
            for s in settlements
        ],
    )
    asked = [po_id for po_id, order in orders.items() if order.cancel_state == "waiting"]
    unit.run("UPDATE purchase_order SET cancel_state = 'confirmed' WHERE id = ANY(CAST(:ids AS bigint[]))", ids=asked)
    moved = transitions.move_many(
        unit,
        dict.fromkeys(asked, "The source canceled it, and the warehouse confirmed."),
        PoEvent.CANCELED,
        actor=ACTOR,
    )
    _wait_for_decision(unit, [verdict.record_id for verdict in moved if not verdict.moved and verdict.before])
    # Whoever still expects goods needs a document: after a re-route, a replacement, or a receipt that came in between.
    expecting = (PoStatus.NEW, PoStatus.OPEN, PoStatus.PARTIALLY_RECEIVED)
    again = [
        po_id
        for po_id, order in orders.items()
        if po_id not in asked and order.status in expecting and order.warehouse_id is not None
    ]
    if again:
        outbox.plant_send(unit, again)


_WAIT_FOR_DECISION = """
INSERT INTO pending_change (purchase_order_id, kind, snapshot, content_digest, raw_digest)
SELECT id, 'cancel', snapshot, content_digest, content_digest FROM purchase_order
WHERE id = ANY(CAST(:ids AS bigint[])) AND status IN ('partially_received', 'received')
ON CONFLICT (purchase_order_id) DO NOTHING
"""


def _wait_for_decision(unit: Unit, po_ids: Sequence[int]) -> None:
    """Goods arrived while the cancellation was on its way: a person decides, as with any cancellation that late."""
    if po_ids:
        unit.run(_WAIT_FOR_DECISION, ids=list(po_ids))
        tell(unit, [Entry("pending_change", po_id, actor=ACTOR, data={"kind": "cancel"}) for po_id in po_ids])


def _retry(unit: Unit, settlements: Sequence[Settlement]) -> None:
    """Try again later, or give up after the last attempt."""
    waiting, spent = delivering.postpone(unit, settlements)
    _not_sent(unit, [settled for settled in waiting if settled.surely_absent])
    tell(
        unit,
        [
            Entry(
                "send_retried",
                settled.claim.purchase_order_id,
                actor=ACTOR,
                data={
                    "delivery": settled.claim.delivery_id,
                    "attempt": settled.claim.attempt,
                    "message": settled.message,
                    "unknown": not settled.surely_absent,
                },
            )
            for settled in waiting
        ],
    )
    _failed(unit, spent, "All attempts are used up. ")


def _canceled_there(unit: Unit, settlements: Sequence[Settlement]) -> None:
    """The warehouse canceled the document by itself, as a look-up found: the ledger lets go of it, a person decides."""
    _failed(unit, settlements, "")
    unit.run(
        "UPDATE document SET state = 'canceled', settled_at = clock_timestamp() WHERE id = ANY(CAST(:ids AS bigint[]))",
        ids=[settled.claim.document_id for settled in settlements],
    )


def _rejected(unit: Unit, settlements: Sequence[Settlement]) -> None:
    _failed(unit, settlements, "")


# A document that was never confirmed and surely is not there goes back to *planned*, with its key; one whose change or
# cancellation was refused is still there as it was.
_AFTER_FAILURE = """
UPDATE document d
SET state = CASE WHEN d.state = 'canceling' AND NOT s.cancel THEN 'canceling'
                 WHEN d.confirmed_version > 0 THEN 'accepted' WHEN s.absent THEN 'planned' ELSE 'unknown' END
FROM unnest(CAST(:ids AS bigint[]), CAST(:absent AS bool[]), CAST(:cancels AS bool[])) AS s(id, absent, cancel)
WHERE d.id = s.id AND d.state IN ('planned', 'unknown', 'accepted', 'canceling')
"""


_FAILED_STEPS = {
    DeliveryKind.CREATE: FailedStep.SEND,
    DeliveryKind.UPDATE: FailedStep.UPDATE,
    DeliveryKind.CANCEL: FailedStep.CANCEL,
}


def _failed(unit: Unit, settlements: Sequence[Settlement], prefix: str) -> None:
    """A person must act: the order goes to Error with the message, and the ledger says what the warehouse has."""
    if not settlements:
        return
    delivering.close(unit, settlements, "failed")
    unit.run(
        _AFTER_FAILURE,
        ids=[settled.claim.document_id for settled in settlements],
        absent=[settled.surely_absent for settled in settlements],
        cancels=[settled.claim.kind is DeliveryKind.CANCEL for settled in settlements],
    )
    _not_sent(unit, [settled for settled in settlements if settled.surely_absent], of_document=DocumentState.PLANNED)
    refused = [s.claim.purchase_order_id for s in settlements if s.claim.kind is DeliveryKind.CANCEL]
    unit.run(
        "UPDATE purchase_order SET cancel_state = 'refused' WHERE id = ANY(CAST(:ids AS bigint[]))"
        " AND cancel_state = 'waiting'",
        ids=refused,
    )
    tell(
        unit,
        [
            Entry(
                "cancel_refused" if s.claim.kind is DeliveryKind.CANCEL else "send_failed",
                s.claim.purchase_order_id,
                actor=ACTOR,
                data={"delivery": s.claim.delivery_id, "attempt": s.claim.attempt, "message": s.message},
            )
            for s in settlements
        ],
    )
    # An order whose cancellation is on its way is not stopped by the create that it overtook.
    waiting = {po_id for po_id, order in _orders(unit, settlements).items() if order.cancel_state == "waiting"}
    for kind, failed_step in _FAILED_STEPS.items():
        reasons = {
            settled.claim.purchase_order_id: prefix + settled.message
            for settled in settlements
            if settled.claim.kind is kind
            and (kind is DeliveryKind.CANCEL or settled.claim.purchase_order_id not in waiting)
        }
        transitions.move_many(unit, reasons, PoEvent.FAILED, actor=ACTOR, failed_step=failed_step)


def _not_sent(
    unit: Unit, settlements: Sequence[Settlement], of_document: DocumentState = DocumentState.UNKNOWN
) -> None:
    """The warehouse surely has nothing of it: the order counts as not sent again, and may be edited."""
    ids = [s.claim.document_id for s in settlements if s.claim.kind is not DeliveryKind.CANCEL]
    if not ids:
        return
    unit.run(
        "WITH back AS (UPDATE document SET state = 'planned' WHERE id = ANY(CAST(:ids AS bigint[])) AND state = :state"
        " AND confirmed_version = 0 RETURNING po_key_id)"
        " UPDATE purchase_order po SET sent_at = NULL FROM po_key k, back"
        " WHERE k.id = back.po_key_id AND po.id = k.purchase_order_id AND po.accepted_at IS NULL",
        ids=ids,
        state=of_document.value,
    )
