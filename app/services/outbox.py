"""The outbox: steps that plant, supersede and withdraw outgoing messages inside a caller's unit of work.

One inbound notice per order is alive at a time (`document`, the send ledger). It keeps its idempotency key for all its
versions; a new one is only made once the old one is surely not at any warehouse. Callers hold the lock on the purchase
order, so nothing here can race with itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.models import DocumentState
from app.services.unit_of_work import Unit
from app.wakeups import Topic

_LIVE = "state IN ('planned', 'unknown', 'accepted', 'canceling')"


class Planted(StrEnum):
    """What `plant_send` did for one order."""

    NEW = "new"
    NEXT_VERSION = "next_version"
    CANCEL_FIRST = "cancel_first"


# An order without a live document: make one with its first message. Orders with one are left to `_plant_onto`.
_PLANT_NEW = f"""
WITH todo AS (
    SELECT po.id, k.id AS key_id, po.warehouse_id, coalesce(m.account, '') AS account, po.connection_id,
           po.merchant_id, po.external_id, po.number
    FROM purchase_order po
    JOIN po_key k ON k.store_id = po.store_id AND k.external_id = po.external_id AND k.part = po.part
    LEFT JOIN merchant_at_warehouse m ON m.merchant_id = po.merchant_id AND m.warehouse_id = po.warehouse_id
    WHERE po.id = ANY(CAST(:ids AS bigint[])) AND po.warehouse_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM document d WHERE d.po_key_id = k.id AND d.{_LIVE})
), made AS (
    INSERT INTO document (po_key_id, warehouse_id, account, version)
    SELECT key_id, warehouse_id, account, 1 FROM todo ORDER BY id
    RETURNING id, po_key_id
)
INSERT INTO delivery (kind, connection_id, merchant_id, warehouse_id, po_key_id, purchase_order_id, external_id, number,
                      document_id, version)
SELECT 'create', t.connection_id, t.merchant_id, t.warehouse_id, t.key_id, t.id, t.external_id, t.number, made.id, 1
FROM todo t JOIN made ON made.po_key_id = t.key_id ORDER BY t.id
RETURNING purchase_order_id
"""

_LIVE_DOCUMENTS = f"""
SELECT po.id AS po_id, po.warehouse_id AS wanted, d.id, d.state, d.warehouse_id
FROM purchase_order po
JOIN po_key k ON k.store_id = po.store_id AND k.external_id = po.external_id AND k.part = po.part
JOIN document d ON d.po_key_id = k.id AND d.{_LIVE}
WHERE po.id = ANY(CAST(:ids AS bigint[])) ORDER BY po.id FOR UPDATE OF d
"""


def plant_send(unit: Unit, po_ids: Sequence[int]) -> dict[int, Planted]:
    """Plant the message that brings the warehouse of each order up to date. The order must have a warehouse.

    Without a live document a new one is created. With one at the same warehouse its next version goes out. With one at
    another warehouse that one is canceled first; when the cancellation is confirmed, the caller plants again.
    """
    done: dict[int, Planted] = {}
    for row in unit.rows(_LIVE_DOCUMENTS, ids=sorted(po_ids)):
        outcome = _plant_onto(unit, row.po_id, row.id, DocumentState(row.state), same=row.wanted == row.warehouse_id)
        if outcome is not Planted.NEW:
            done[row.po_id] = outcome
    rest = sorted(set(po_ids) - done.keys())
    if rest:
        done.update((row.purchase_order_id, Planted.NEW) for row in unit.rows(_PLANT_NEW, ids=rest))
    unit.ring(Topic.DELIVERIES)
    return done


def _plant_onto(unit: Unit, po_id: int, document_id: int, state: DocumentState, *, same: bool) -> Planted:
    if state is DocumentState.CANCELING:
        return Planted.CANCEL_FIRST
    if same:
        plant_version(unit, document_id)
        return Planted.NEXT_VERSION
    if state is DocumentState.PLANNED:
        forget_planned(unit, [po_id])
        return Planted.NEW
    plant_cancel(unit, document_id)
    return Planted.CANCEL_FIRST


_NEXT_VERSION = """
WITH bumped AS (
    UPDATE document SET version = version + 1 WHERE id = :document_id RETURNING *
), old AS (
    UPDATE delivery SET state = 'superseded', settled_at = clock_timestamp()
    WHERE document_id = :document_id AND state = 'due' AND kind IN ('create', 'update')
)
INSERT INTO delivery (kind, connection_id, merchant_id, warehouse_id, po_key_id, purchase_order_id, external_id, number,
                      document_id, version, unknown)
SELECT CASE WHEN b.state = 'planned' THEN 'create' ELSE 'update' END, po.connection_id, po.merchant_id, b.warehouse_id,
       k.id, po.id, po.external_id, po.number, b.id, b.version, b.state = 'unknown'
FROM bumped b JOIN po_key k ON k.id = b.po_key_id
JOIN purchase_order po ON po.store_id = k.store_id AND po.external_id = k.external_id AND po.part = k.part
"""


def plant_version(unit: Unit, document_id: int) -> None:
    """Plant the next version of a document. A message of an older version that has not started is superseded."""
    unit.run(_NEXT_VERSION, document_id=document_id)
    unit.ring(Topic.DELIVERIES)


_CANCEL = """
WITH marked AS (
    UPDATE document SET state = 'canceling', version = version + 1
    WHERE id = :document_id AND state IN ('unknown', 'accepted')
    RETURNING *
), old AS (
    UPDATE delivery SET state = 'superseded', settled_at = clock_timestamp()
    WHERE document_id = :document_id AND state = 'due'
)
INSERT INTO delivery (kind, connection_id, merchant_id, warehouse_id, po_key_id, purchase_order_id, external_id, number,
                      document_id, version, unknown)
SELECT 'cancel', po.connection_id, po.merchant_id, d.warehouse_id, k.id, po.id, po.external_id, po.number, d.id,
       d.version, true
FROM marked d JOIN po_key k ON k.id = d.po_key_id
JOIN purchase_order po ON po.store_id = k.store_id AND po.external_id = k.external_id AND po.part = k.part
"""


def plant_cancel(unit: Unit, document_id: int) -> bool:
    """Plant the cancellation of a document that the warehouse has, or may have. False if there is nothing to cancel.

    It starts with a look-up (`unknown`), since the warehouse may not have it, or may have canceled it already.
    """
    planted = unit.run(_CANCEL, document_id=document_id)
    unit.ring(Topic.DELIVERIES)
    return planted > 0


_FORGET = """
WITH gone AS (
    UPDATE document d SET state = 'absent', settled_at = clock_timestamp()
    FROM po_key k
    JOIN purchase_order po ON po.store_id = k.store_id AND po.external_id = k.external_id AND po.part = k.part
    WHERE d.po_key_id = k.id AND d.state = 'planned' AND po.id = ANY(CAST(:ids AS bigint[]))
)
UPDATE delivery SET state = 'withdrawn', settled_at = clock_timestamp()
WHERE purchase_order_id = ANY(CAST(:ids AS bigint[])) AND state = 'due' AND kind IN ('create', 'update')
"""


def forget_planned(unit: Unit, po_ids: Iterable[int]) -> None:
    """Withdraw what has not started: due messages to warehouses, and documents that no warehouse ever saw."""
    unit.run(_FORGET, ids=sorted(po_ids))


@dataclass(frozen=True, slots=True)
class LiveDocument:
    """The live document of an order, as the guards need it."""

    document_id: int
    purchase_order_id: int
    state: DocumentState
    warehouse_id: int
    warehouse_ref: str


def live_documents(unit: Unit, po_ids: Iterable[int]) -> dict[int, LiveDocument]:
    """The live document of each order that has one, locked."""
    rows = unit.rows(
        f"""SELECT d.id, po.id AS po_id, d.state, d.warehouse_id, d.warehouse_ref
        FROM purchase_order po
        JOIN po_key k ON k.store_id = po.store_id AND k.external_id = po.external_id AND k.part = po.part
        JOIN document d ON d.po_key_id = k.id AND d.{_LIVE}
        WHERE po.id = ANY(CAST(:ids AS bigint[])) ORDER BY po.id FOR UPDATE OF d""",
        ids=sorted(po_ids),
    )
    return {
        row.po_id: LiveDocument(row.id, row.po_id, DocumentState(row.state), row.warehouse_id, row.warehouse_ref)
        for row in rows
    }


# A status message waits for the connection's next status update, which releases it after it has pulled. Should that
# update never finish, the message goes out by itself some minutes after the slot.
_PLANT_STATUS = """
WITH planted AS (
    INSERT INTO delivery (kind, connection_id, merchant_id, po_key_id, purchase_order_id, external_id, number, version,
                          due_at)
    SELECT 'status', po.connection_id, po.merchant_id, k.id, po.id, po.external_id, po.number, po.status_version + 1,
           greatest(coalesce(s.next_due_at, clock_timestamp()), clock_timestamp()) + interval '5 minutes'
    FROM purchase_order po
    JOIN po_key k ON k.store_id = po.store_id AND k.external_id = po.external_id AND k.part = po.part
    LEFT JOIN schedule s ON s.connection_id = po.connection_id AND s.kind = 'status_update'
    WHERE po.id = ANY(CAST(:ids AS bigint[])) ORDER BY po.id
    ON CONFLICT (po_key_id) WHERE kind = 'status' AND state = 'due' DO NOTHING
    RETURNING purchase_order_id
)
UPDATE purchase_order po SET status_version = po.status_version + 1 FROM planted p WHERE po.id = p.purchase_order_id
"""


def plant_status(unit: Unit, po_ids: Iterable[int]) -> None:
    """Let the source hear the state of these orders at the next status update; one message per order waits."""
    ids = sorted(set(po_ids))
    if ids:
        unit.run(_PLANT_STATUS, ids=ids)


def release_statuses(unit: Unit, connection_id: int) -> int:
    """Make the waiting status messages of a connection due now. Retries keep their own time."""
    released = unit.run(
        "UPDATE delivery SET due_at = clock_timestamp() WHERE connection_id = :id AND kind = 'status'"
        " AND state = 'due' AND attempts = 0 AND due_at > clock_timestamp()",
        id=connection_id,
    )
    unit.ring(Topic.DELIVERIES)
    return released
