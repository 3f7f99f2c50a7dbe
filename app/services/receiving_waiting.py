"""Receipts that came before their purchase order: they wait, are matched after imports, and are given up in the end."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

from app.domain.discrepancies import Discrepancy, Held
from app.domain.errors import InletError
from app.domain.states import PoStatus, ReceiptEvent, ReceiptState
from app.services import applying
from app.services.applying import LockedOrder
from app.services.receiving_content import Amount, line_reference
from app.services.receiving_order import Found, References, find_orders, lock_reference, stored_references
from app.services.receiving_rows import add_totals
from app.services.unit_of_work import Unit, unit_of_work

log = logging.getLogger(__name__)

WAITING: Final = "Waiting for its purchase order."
GIVE_UP_AFTER_DAYS: Final = 7
_BATCH: Final = 200
_ACTOR: Final = "receiving"

# Only those that something was imported for since: a long queue of strays costs one look at the indexes each.
_CANDIDATES = """
SELECT r.id, r.final, r.received_at FROM receipt r
WHERE r.state = 'new' AND r.purchase_order_id IS NULL AND r.id > :after AND (
    EXISTS (SELECT 1 FROM document d WHERE d.key = r."references" ->> 'document_key')
    OR r."references" ->> 'warehouse_ref' <> '' AND EXISTS (
        SELECT 1 FROM document d
        WHERE d.warehouse_id = r.warehouse_id AND d.warehouse_ref = r."references" ->> 'warehouse_ref')
    OR EXISTS (
        SELECT 1 FROM purchase_order po JOIN merchant_at_warehouse m
          ON m.merchant_id = po.merchant_id AND m.warehouse_id = r.warehouse_id
        WHERE po.number = r."references" ->> 'number' AND po.number <> ''))
ORDER BY r.id LIMIT :batch
"""


def match_waiting() -> int:
    """Match the receipts whose purchase order may have come; returns how many found theirs. One transaction each."""
    matched, after = 0, 0
    while True:
        with unit_of_work("look for waiting receipts") as unit:
            rows = unit.rows(_CANDIDATES, after=after, batch=_BATCH)
        # What ends an order comes last, or the goods before it would find it Closed.
        for row in sorted(rows, key=lambda row: (row.final, row.received_at, row.id)):
            matched += _match_alone(row.id)
        if len(rows) < _BATCH:
            return matched
        after = rows[-1].id


def _match_alone(receipt_id: int) -> bool:
    try:
        with unit_of_work("match a waiting receipt") as unit:
            return match_one(unit, receipt_id, by=_ACTOR)
    except InletError as problem:
        log.warning("Receipt %s could not be matched and waits on: %s", receipt_id, problem)
        return False


_READ = """
SELECT id, warehouse_id, external_id, po_reference, "references" FROM receipt
WHERE id = :id AND state IN ('new', 'error') AND purchase_order_id IS NULL AND applied_at IS NULL
"""
_PENDING = """
SELECT r.id, r.external_id, r.correction, r.state, r.discrepancy, r.cumulative, r.received_at, w.name AS warehouse
FROM receipt r JOIN warehouse w ON w.id = r.warehouse_id
WHERE r.warehouse_id = :warehouse_id AND r.external_id = :external_id AND r.po_reference = :reference
  AND r.purchase_order_id IS NULL AND r.applied_at IS NULL AND r.state IN ('new', 'error')
ORDER BY r.id FOR UPDATE OF r
"""


def match_one(unit: Unit, receipt_id: int, *, by: str) -> bool:
    """Look again for the order of a receipt without one, and apply it with its corrections. False if there is none yet.

    A receipt for which several orders fit is held. Locks the order before the receipts.
    """
    row = next(iter(unit.rows(_READ, id=receipt_id)), None)
    if row is None:
        return False
    lock_reference(unit, row.warehouse_id, row.po_reference)
    references = stored_references(row.references)
    found = find_orders(unit, row.warehouse_id, references)
    order = applying.lock_order(unit, found.only) if found.only else None
    if order and order.status is PoStatus.NEW and not order.sent:
        # On its way to the warehouse: the receipt waits on for that, or it would be held as one of an unsent order.
        return False
    if order:
        return adopt(unit, order, row.warehouse_id, row.external_id, row.po_reference, by=by)
    if found.po_ids:
        receipts = _pending(unit, row.warehouse_id, row.external_id, row.po_reference)
        hold_unmatched(unit, receipts, which_po(found, references), by=by)
    return False


def adopt(unit: Unit, order: LockedOrder, warehouse_id: int, external_id: str, reference: str, *, by: str) -> bool:
    """Give a receipt without an order, and its corrections, to a locked order and apply them. False if it has one."""
    receipts = _pending(unit, warehouse_id, external_id, reference)
    if not receipts:
        return False
    ids = [receipt.id for receipt in receipts]
    unit.run(
        "UPDATE receipt SET purchase_order_id = :po_id, merchant_id = :merchant_id"
        " WHERE id = ANY(CAST(:ids AS bigint[]))",
        po_id=order.id,
        merchant_id=order.merchant_id,
        ids=ids,
    )
    for receipt in receipts:
        if receipt.cumulative:
            _keep_totals(unit, warehouse_id, order.id, receipt)
    applying.apply(unit, order, ids, by=by)
    return True


def _pending(unit: Unit, warehouse_id: int, external_id: str, reference: str) -> list[Any]:
    return unit.rows(_PENDING, warehouse_id=warehouse_id, external_id=external_id, reference=reference)


def _keep_totals(unit: Unit, warehouse_id: int, po_id: int, receipt: Any) -> None:
    changes: dict[str, Amount] = {}
    for line in unit.rows(
        "SELECT line_key, source_line_id, line_number, sku, received, damaged FROM receipt_line WHERE receipt_id = :id",
        id=receipt.id,
    ):
        key = line_reference(line.line_key, line.source_line_id, line.line_number, line.sku)
        before = changes.get(key, Amount(line.received * 0, line.damaged * 0))
        changes[key] = Amount(before.received + line.received, before.damaged + line.damaged)
    add_totals(unit, warehouse_id, po_id, changes, receipt.received_at)


def which_po(found: Found, references: References) -> Held:
    """Why no single order could be chosen."""
    if not references.best:
        return Held(
            Discrepancy.WHICH_PO,
            "It names no purchase order.",
            "Ask the warehouse to send our document reference or the PO number with its receipts.",
        )
    numbers = ", ".join(sorted(set(found.numbers)))
    return Held(
        Discrepancy.WHICH_PO,
        f"Which PO? {len(found.po_ids)} purchase orders fit its reference {references.best} ({numbers}).",
        "Ask the warehouse for our document reference, or archive what is not meant, then reprocess the receipt.",
    )


def hold_unmatched(
    unit: Unit, receipts: Sequence[Any], held: Held, *, by: str, order: LockedOrder | None = None
) -> None:
    """Hold receipts before anything of them was tried."""
    applying.start(unit, receipts, by)
    applying.hold(unit, receipts, held, by=by, order=order)


_LET_GO = """
WITH let_go AS (
    UPDATE receipt SET purchase_order_id = NULL, state_reason = :reason
    WHERE id = ANY(CAST(:ids AS bigint[]))
)
DELETE FROM reported_total WHERE purchase_order_id = :po_id
"""


def let_go(unit: Unit, po_id: int, *, by: str) -> int:
    """Let the receipts of an order that is about to be deleted wait for its return; returns how many.

    Without this a report that comes again would be known, and would never count for the order when it is imported anew.
    Archived receipts, and those on their way to the source, stay as they are. Locks the order.
    """
    order = applying.lock_order(unit, po_id)
    rows = unit.rows("SELECT id FROM receipt WHERE purchase_order_id = :id", id=po_id)
    receipts = applying.receipts(unit, [row.id for row in rows])
    going = [row for row in receipts if row.state not in (ReceiptState.NOTIFYING, ReceiptState.ARCHIVED)]
    applying.take_off(unit, order, going, ReceiptEvent.RESET, by=by)
    unit.run(_LET_GO, ids=[receipt.id for receipt in going], po_id=po_id, reason=WAITING)
    return len(going)


_TOO_LONG = """
SELECT r.id, r.external_id, r.correction, r.state, w.name AS warehouse
FROM receipt r JOIN warehouse w ON w.id = r.warehouse_id
WHERE r.state = 'new' AND r.purchase_order_id IS NULL
  AND r.created_at < clock_timestamp() - make_interval(days => :days)
ORDER BY r.id LIMIT :batch FOR UPDATE OF r SKIP LOCKED
"""


def give_up_waiting() -> int:
    """Put receipts into Error whose purchase order has not come for seven days; returns how many."""
    given_up = 0
    while True:
        with unit_of_work("give up waiting receipts") as unit:
            receipts = unit.rows(_TOO_LONG, days=GIVE_UP_AFTER_DAYS, batch=_BATCH)
            if receipts:
                held = Held(
                    Discrepancy.NO_PO,
                    f"No purchase order for it was imported within {GIVE_UP_AFTER_DAYS} days.",
                    "Import the order and reprocess the receipt, or archive it.",
                )
                hold_unmatched(unit, receipts, held, by=_ACTOR)
        given_up += len(receipts)
        if len(receipts) < _BATCH:
            return given_up
