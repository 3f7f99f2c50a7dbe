"""What a source says anew of an order that we have: changed, canceled, or the same as before.

An order that is neither sent nor edited is rebuilt from the new snapshot and judged again. On one that is, the change
waits for a person as a pending change. A cancellation is acted on at once where nothing has arrived.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.domain.record import SourceState
from app.domain.states import HALTED, PoEvent, PoStatus
from app.models import DocumentState, Step
from app.services import import_rows, outbox, transitions
from app.services.import_rows import Arrival, Origin
from app.services.timeline import Entry, tell
from app.services.unit_of_work import Unit

CONNECTOR = "source"

_LOCK_ORDERS = """
SELECT id, number, status, step, revision, source_updated_at, source_state, content_digest, edited, sent_at,
       units_received, last_receipt_at, source_document_id
FROM purchase_order WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE
"""


def take_changes(unit: Unit, origin: Origin, known: Sequence[tuple[Arrival, Any]]) -> list[bool]:
    """Take what arrived for orders that exist; True for each that changed something. Orders are locked by id."""
    if not known:
        return []
    orders = {row.id: row for row in unit.rows(_LOCK_ORDERS, ids=sorted(key.purchase_order_id for _, key in known))}
    outcomes = []
    for arrival, key in known:
        order = orders.get(key.purchase_order_id)
        import_rows.remember_digest(unit, key.id, arrival.raw_digest)
        outcomes.append(order is not None and _take_one(unit, origin, arrival, key, order))
    return outcomes


def _take_one(unit: Unit, origin: Origin, arrival: Arrival, key: Any, order: Any) -> bool:
    record = arrival.record
    status = PoStatus(order.status)
    if is_stale(order.revision, order.source_updated_at, arrival):
        return False
    if record.state is SourceState.CANCELED:
        return order.source_state != SourceState.CANCELED and _canceled_at_source(unit, origin, arrival, order)
    if record.state is SourceState.COMPLETED:
        return order.source_state != SourceState.COMPLETED and _completed_at_source(unit, order)
    known = arrival.frozen.content_digest in (order.content_digest, key.refused_digest)
    if known or status is PoStatus.ARCHIVED:
        return False
    if order.sent_at is None and not order.edited and status in (PoStatus.NEW, PoStatus.ERROR):
        document_id = rebuild(unit, origin, arrival, order.id)
        if status is PoStatus.ERROR:
            transitions.move(unit, order.id, PoEvent.RESUMED_NEW, actor=CONNECTOR, reason="")
        told = {"run": origin.run_id, "lines": len(record.lines), "document": document_id}
        tell(unit, [Entry("changed", order.id, actor=CONNECTOR, data=told)])
        return True
    _wait_as_pending(unit, origin, arrival, order.id, "change")
    return True


def is_stale(revision: int | None, updated_at: datetime | None, arrival: Arrival) -> bool:
    """Whether the record is older than what we have: a lower revision, or the same revision at an older source time."""
    record = arrival.record
    if revision is not None and record.revision is not None and revision != record.revision:
        return record.revision < revision
    return updated_at is not None and record.updated_at is not None and record.updated_at < updated_at


_REBUILT_COLUMNS = tuple(name for name in import_rows.ORDER_COLUMNS if name not in {
    "id", "connection_id", "merchant_id", "store_id", "external_id", "source_document_id",
})  # fmt: skip
_JSON_COLUMNS = frozenset({"ship_to", "custom", "snapshot"})
_ASSIGNMENTS = ", ".join(
    f"{name} = CAST(:{name} AS jsonb)" if name in _JSON_COLUMNS else f"{name} = :{name}" for name in _REBUILT_COLUMNS
)


def rebuild(unit: Unit, origin: Origin, arrival: Arrival, po_id: int) -> int:
    """Replace header and lines by the new snapshot and let the rules judge again. Nothing was sent and nothing edited.

    Returns the id of the raw text. A message that was planted and not started is withdrawn, together with its document.
    """
    outbox.forget_planned(unit, [po_id])
    document_id = import_rows.draw_document(unit, origin, arrival)
    values: Mapping[str, Any] = import_rows.header_values(arrival, origin.warehouse_zone)
    unit.run(
        f"UPDATE purchase_order SET {_ASSIGNMENTS}, source_document_id = :document_id, step = 'judge',"
        " step_due_at = clock_timestamp(), warehouse_id = NULL, facility = '', held_until = NULL, held_by = '',"
        " rejected = false, lease_owner = NULL, lease_until = NULL, lease_no = lease_no + 1,"
        " version_no = version_no + 1 WHERE id = :id",
        id=po_id,
        document_id=document_id,
        **{name: values[name] for name in _REBUILT_COLUMNS},
    )
    unit.run("DELETE FROM line_item WHERE purchase_order_id = :id", id=po_id)
    unit.copy("line_item", import_rows.LINE_COLUMNS, import_rows.line_rows([(po_id, arrival)]))
    return document_id


_PENDING = """
INSERT INTO pending_change (purchase_order_id, kind, snapshot, content_digest, raw_digest, source_document_id)
VALUES (:id, :kind, CAST(:snapshot AS jsonb), :digest, :raw, :document_id)
ON CONFLICT (purchase_order_id) DO UPDATE
SET kind = excluded.kind, snapshot = excluded.snapshot, content_digest = excluded.content_digest,
    raw_digest = excluded.raw_digest, source_document_id = excluded.source_document_id, received_at = clock_timestamp()
"""


def _wait_as_pending(unit: Unit, origin: Origin, arrival: Arrival, po_id: int, kind: str) -> None:
    document_id = import_rows.draw_document(unit, origin, arrival)
    unit.run(
        _PENDING,
        id=po_id,
        kind=kind,
        snapshot=arrival.frozen.json,
        digest=arrival.frozen.content_digest,
        raw=arrival.raw_digest,
        document_id=document_id,
    )
    told = {"run": origin.run_id, "kind": kind, "document": document_id}
    tell(unit, [Entry("pending_change", po_id, actor=CONNECTOR, data=told)])


def _canceled_at_source(unit: Unit, origin: Origin, arrival: Arrival, order: Any) -> bool:
    """Cancel at once what no warehouse has, ask the warehouse for what it has, and wait where goods arrived."""
    status = PoStatus(order.status)
    unit.run("UPDATE purchase_order SET source_state = 'canceled' WHERE id = :id", id=order.id)
    if status in HALTED - {PoStatus.ERROR}:
        tell(unit, [Entry("canceled_at_source", order.id, actor=CONNECTOR, data={"noted": True})])
        return True
    if order.last_receipt_at is not None or status in (PoStatus.PARTIALLY_RECEIVED, PoStatus.RECEIVED):
        _wait_as_pending(unit, origin, arrival, order.id, "cancel")
        return True
    live = outbox.live_documents(unit, [order.id]).get(order.id)
    if live is None or live.state is DocumentState.PLANNED:
        outbox.forget_planned(unit, [order.id])
        transitions.move(unit, order.id, PoEvent.CANCELED, actor=CONNECTOR, reason="The source canceled it.")
        return True
    request_cancel(unit, order.id, live.document_id)
    return True


def request_cancel(unit: Unit, po_id: int, document_id: int) -> None:
    """Ask the warehouse to cancel a document because the source canceled the order. The order waits for the answer."""
    outbox.plant_cancel(unit, document_id)
    unit.run(
        "UPDATE purchase_order SET cancel_state = 'waiting', step = :step, step_due_at = NULL WHERE id = :id",
        step=Step.SEND.value,
        id=po_id,
    )
    tell(unit, [Entry("cancel_requested", po_id, actor=CONNECTOR)])


def _completed_at_source(unit: Unit, order: Any) -> bool:
    unit.run("UPDATE purchase_order SET source_state = 'completed' WHERE id = :id", id=order.id)
    tell(unit, [Entry("completed_at_source", order.id, actor=CONNECTOR)])
    return True
