"""What people do with stored receipts: reprocess, reset, archive, accept; singly and in bulk.

Receipts are taken per purchase order, each in one transaction: the order is locked first, then its receipts, by a
SELECT that holds the reader's scope. A receipt outside the scope is not found, and nothing of it changes. A guard that
says no skips that receipt alone.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import select, true

from app.domain.discrepancies import ACCEPTABLE, Discrepancy, Held
from app.domain.errors import InletError
from app.domain.people import Reader
from app.domain.states import ReceiptEvent, ReceiptState
from app.models import Receipt
from app.security.scope import criteria
from app.services import applying, outbox, transitions
from app.services.applying import LockedOrder
from app.services.outcome import Outcome
from app.services.receipt_words import called
from app.services.receiving_waiting import match_one
from app.services.unit_of_work import Unit, unit_of_work

log = logging.getLogger(__name__)

_Work = Callable[[Unit, LockedOrder | None, Sequence[Any], str], Iterable[Outcome]]

_NOTIFYING: Final = "It is on its way to the source; wait until the push has ended."
_WAITS: Final = "Its purchase order has not been imported yet; it waits for it."
# A receipt that counted before the order ended is not a late one when it is counted anew.
_ONCE_APPLIED: Final = frozenset({Discrepancy.AFTER_CLOSE, Discrepancy.NEVER_SENT, Discrepancy.OTHER_WAREHOUSE})


def reprocess(receipt_ids: Iterable[int], reader: Reader, **_options: Any) -> list[Outcome]:
    """Retry what failed: match and apply again what is not applied, push again what is. A waiting one is looked up."""
    return _per_order(receipt_ids, reader, _reprocess)


def reprocess_of(unit: Unit, po_id: int, reader: Reader) -> None:
    """Try an order's receipts in Error again, inside the caller's transaction that holds the order's lock.

    They answer for themselves: what is wrong with a receipt is told on it, and undoes nothing of the caller's.
    """
    query = select(Receipt.id, Receipt.external_id).where(Receipt.purchase_order_id == po_id)
    failed = unit.session.execute(query.where(Receipt.state == ReceiptState.ERROR).order_by(Receipt.id)).all()
    if not failed:
        return
    unit.session.flush()
    try:
        with unit.session.begin_nested():
            order = applying.lock_order(unit, po_id)
            rows = _locked(unit, {row.id: row.external_id for row in failed}, reader, po_id)
            _reprocess(unit, order, rows, reader.name)
    except InletError as problem:
        log.info("Receipts could not be tried again: %s", problem.message, extra={"purchase_order": po_id})


def reset(receipt_ids: Iterable[int], reader: Reader, **_options: Any) -> list[Outcome]:
    """Start again from New: the quantities come off, and the receipts are matched and applied anew."""
    return _per_order(receipt_ids, reader, _reset)


def archive(receipt_ids: Iterable[int], reader: Reader, *, reason: str = "", **_options: Any) -> list[Outcome]:
    """Put receipts away; their quantities come off, and the source hears the corrected totals."""

    def work(unit: Unit, order: LockedOrder | None, rows: Sequence[Any], by: str) -> Iterable[Outcome]:
        return _archive(unit, order, rows, by, reason)

    return _per_order(receipt_ids, reader, work)


def accept(receipt_ids: Iterable[int], reader: Reader, **_options: Any) -> list[Outcome]:
    """Apply held receipts as they are, where that makes sense, and move the order by its sums."""
    return _per_order(receipt_ids, reader, _accept)


# ------------------------------------------------------------- one order at a time


def _per_order(receipt_ids: Iterable[int], reader: Reader, work: _Work) -> list[Outcome]:
    ids = list(dict.fromkeys(receipt_ids))
    found: dict[int, Outcome] = {}
    for po_id, group in _grouped(ids, reader):
        try:
            with unit_of_work("act on receipts") as unit:
                order = applying.lock_order(unit, po_id) if po_id else None
                rows = _locked(unit, group, reader, po_id)
                outcomes = [_notifying(row) for row in rows if row.state == ReceiptState.NOTIFYING]
                rest = [row for row in rows if row.state != ReceiptState.NOTIFYING]
                outcomes += work(unit, order, rest, reader.name) if rest else []
        except InletError as problem:
            outcomes = [Outcome(receipt_id, label, "failed", problem.sentence()) for receipt_id, label in group.items()]
        found.update((outcome.record_id, outcome) for outcome in outcomes)
    return [found.get(receipt_id) or _missing(receipt_id) for receipt_id in ids]


def _grouped(ids: Sequence[int], reader: Reader) -> list[tuple[int | None, dict[int, str]]]:
    """The receipts in scope with their labels, by order; those without an order one by one."""
    query = select(Receipt.id, Receipt.external_id, Receipt.correction, Receipt.purchase_order_id)
    with unit_of_work("look up receipts") as unit:
        rows = unit.session.execute(query.where(Receipt.id.in_(ids), _scope(reader)).order_by(Receipt.id)).all()
    orders: dict[int, dict[int, str]] = defaultdict(dict)
    alone: list[tuple[int | None, dict[int, str]]] = []
    for row in rows:
        if row.purchase_order_id is None:
            alone.append((None, {row.id: called(row)}))
        else:
            orders[row.purchase_order_id][row.id] = called(row)
    return [*sorted(orders.items()), *alone]


def _locked(unit: Unit, group: dict[int, str], reader: Reader, po_id: int | None) -> list[Any]:
    """Lock the receipts that are still in scope and still of this order."""
    query = select(Receipt.id).where(Receipt.id.in_(sorted(group)), _scope(reader))
    query = query.where(Receipt.purchase_order_id.is_not_distinct_from(po_id)).order_by(Receipt.id)
    ids = unit.session.scalars(query.with_for_update(of=Receipt)).all()
    return applying.receipts(unit, ids)


def _scope(reader: Reader) -> Any:
    condition = criteria(Receipt, reader)
    return true() if condition is None else condition


def _missing(receipt_id: int) -> Outcome:
    return Outcome(receipt_id, str(receipt_id), "failed", "The receipt was not found.")


def _notifying(row: Any) -> Outcome:
    return _skipped(row, _NOTIFYING)


def _skipped(row: Any, message: str) -> Outcome:
    return Outcome(row.id, called(row), "skipped", message)


def _done(row: Any) -> Outcome:
    return Outcome(row.id, called(row), "done")


def _answered(row: Any, held: Held | None) -> Outcome:
    return Outcome(row.id, called(row), "failed", held.text()) if held else _done(row)


# ------------------------------------------------------------- the actions


def _reprocess(unit: Unit, order: LockedOrder | None, rows: Sequence[Any], by: str) -> Iterable[Outcome]:
    open_rows = [row for row in rows if row.applied_at is None and row.state in (ReceiptState.NEW, ReceiptState.ERROR)]
    unpushed = [row for row in rows if row.applied_at is not None and row.state == ReceiptState.ERROR]
    transitions.move_receipts(unit, [row.id for row in unpushed], ReceiptEvent.RETRIED_PUSH, actor=by)
    if unpushed and order:
        outbox.plant_status(unit, [order.id])
    rest = [row for row in rows if row not in open_rows and row not in unpushed]
    return [
        *_apply_again(unit, order, open_rows, by),
        *(_done(row) for row in unpushed),
        *(_skipped(row, f"It is {ReceiptState(row.state).label}; nothing of it failed.") for row in rest),
    ]


def _reset(unit: Unit, order: LockedOrder | None, rows: Sequence[Any], by: str) -> Iterable[Outcome]:
    started = [row for row in rows if row.state != ReceiptState.NEW]
    counted = applying.take_off(unit, order, started, ReceiptEvent.RESET, by=by)
    outcomes = list(_apply_again(unit, order, rows, by, settle=not counted))
    if counted and order:
        applying.recompute(unit, [order.id], by)
    return outcomes


def _archive(unit: Unit, order: LockedOrder | None, rows: Sequence[Any], by: str, reason: str) -> Iterable[Outcome]:
    away = [row for row in rows if row.state != ReceiptState.ARCHIVED]
    counted = applying.take_off(unit, order, away, ReceiptEvent.ARCHIVED, by=by, reason=reason)
    if counted and order:
        applying.recompute(unit, [order.id], by)
    return [_done(row) if row in away else _skipped(row, "It is archived already.") for row in rows]


def _accept(unit: Unit, order: LockedOrder | None, rows: Sequence[Any], by: str) -> Iterable[Outcome]:
    chosen = [row for row in rows if order and row.state == ReceiptState.ERROR and row.discrepancy in ACCEPTABLE]
    outcomes = [_skipped(row, "Nothing of it can be accepted as it is.") for row in rows if row not in chosen]
    for family in _families(unit, chosen) if order else ():
        assert order
        held = applying.apply(unit, order, family, by=by, waived=ACCEPTABLE, accepted=True)
        if held is None:
            unit.run("UPDATE receipt SET accepted_by = :by WHERE id = ANY(CAST(:ids AS bigint[]))", by=by, ids=family)
        outcomes += [_answered(row, held) for row in chosen if row.id in family]
    return outcomes


def _apply_again(
    unit: Unit, order: LockedOrder | None, rows: Sequence[Any], by: str, *, settle: bool = True
) -> Iterable[Outcome]:
    """Match and apply receipts, each together with those of its family that are not applied either."""
    if order is None:
        return [_matched(unit, row, by) for row in rows]
    outcomes = []
    for family in _families(unit, rows):
        mine = [row for row in rows if row.id in family]
        waived = _ONCE_APPLIED if all(row.applied_at is not None for row in mine) else frozenset()
        held = applying.apply(unit, order, family, by=by, waived=waived, settle=settle)
        outcomes += [_answered(row, held) for row in mine]
    return outcomes


def _matched(unit: Unit, row: Any, by: str) -> Outcome:
    """A receipt without an order: look again for it."""
    match_one(unit, row.id, by=by)
    after = unit.rows("SELECT state, state_reason, purchase_order_id FROM receipt WHERE id = :id", id=row.id)[0]
    if after.state == ReceiptState.ERROR:
        return Outcome(row.id, called(row), "failed", after.state_reason)
    return _done(row) if after.purchase_order_id else _skipped(row, _WAITS)


_FAMILIES = """
SELECT DISTINCT f.id, f.warehouse_id, f.external_id, f.po_reference
FROM receipt r JOIN receipt f
  ON f.warehouse_id = r.warehouse_id AND f.external_id = r.external_id AND f.po_reference = r.po_reference
 AND f.purchase_order_id = r.purchase_order_id
WHERE r.id = ANY(CAST(:ids AS bigint[])) AND f.applied_at IS NULL AND f.state IN ('new', 'error') ORDER BY f.id
"""


def _families(unit: Unit, rows: Sequence[Any]) -> list[list[int]]:
    """The receipts and those corrections of them that are not applied either, each family by itself, oldest first."""
    families: dict[tuple[int, str, str], list[int]] = defaultdict(list)
    for row in unit.rows(_FAMILIES, ids=[row.id for row in rows]):
        families[row.warehouse_id, row.external_id, row.po_reference].append(row.id)
    return list(families.values())
