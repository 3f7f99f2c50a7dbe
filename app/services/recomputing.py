"""The sums of purchase orders: lines from applied receipts, the order from its lines, the status from the sums.

The numbers are a pure function of the rows: of the allocations of applied receipts, of what a person closed short, and
of whether the warehouse has said that nothing more will come. So it does not matter in which order anything happened,
and computing them again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy.exc import IntegrityError

from app.domain.errors import Refused
from app.domain.rollup import Totals, event_for, event_to_resume, rolled_up
from app.domain.states import PO_MOVES, PoEvent, PoStatus
from app.services import outbox, transitions
from app.services.unit_of_work import Unit

FINISHED: Final = "finished by the warehouse"
"""The reason on lines that the warehouse closed short by a final receipt; kept in step with what is received."""

# A final receipt closes short what is missing, as long as it is applied and no person has reopened the order since
# (reopened_at). What a person closed short stays as it is.
_LINES = """
WITH sums AS (
    SELECT a.line_item_id AS id, sum(a.quantity) AS received, sum(a.damaged) AS damaged
    FROM receipt r JOIN allocation a ON a.receipt_id = r.id
    WHERE r.purchase_order_id = ANY(CAST(:ids AS bigint[])) AND r.applied_at IS NOT NULL GROUP BY 1
), finals AS (
    SELECT r.purchase_order_id AS po_id, bool_or(po.reopened_at IS NULL OR r.applied_at > po.reopened_at) AS standing
    FROM receipt r JOIN purchase_order po ON po.id = r.purchase_order_id
    WHERE po.id = ANY(CAST(:ids AS bigint[])) AND r.final AND r.applied_at IS NOT NULL GROUP BY 1
), fresh AS (
    SELECT li.id, coalesce(s.received, 0) AS received, coalesce(s.damaged, 0) AS damaged,
           greatest(0, li.quantity - li.received_before - coalesce(s.received, 0)) AS missing,
           coalesce(li.closed_short_reason = :finished, false) AS by_warehouse, f.po_id IS NOT NULL AS finished,
           coalesce(f.standing, false) AND li.left_out_by IS NULL AND li.closed_short_quantity = 0 AS closing
    FROM line_item li LEFT JOIN sums s ON s.id = li.id LEFT JOIN finals f ON f.po_id = li.purchase_order_id
    WHERE li.purchase_order_id = ANY(CAST(:ids AS bigint[]))
), wanted AS (
    SELECT id, received, damaged, by_warehouse OR closing AS ours,
           CASE WHEN finished AND (by_warehouse OR closing) THEN missing ELSE 0 END AS short
    FROM fresh
)
UPDATE line_item li
SET received = w.received, damaged = w.damaged,
    closed_short_quantity = CASE WHEN w.ours THEN w.short ELSE li.closed_short_quantity END,
    closed_short_reason = CASE WHEN NOT w.ours THEN li.closed_short_reason WHEN w.short > 0 THEN :finished END
FROM wanted w
WHERE w.id = li.id AND (li.received <> w.received OR li.damaged <> w.damaged
                        OR w.ours AND li.closed_short_quantity <> w.short)
"""

_ORDERS = """
UPDATE purchase_order po
SET units_received = s.units, last_receipt_at = s.last_receipt_at
FROM (
    SELECT o.id, count(li.id) FILTER (WHERE li.live) AS lines,
           count(li.id) FILTER (WHERE li.live AND li.missing <= 0) AS full,
           count(li.id) FILTER (WHERE li.live AND li.missing <= li.closed_short_quantity) AS settled,
           coalesce(bool_or(li.live AND li.received > 0), false) AS received_any,
           coalesce(sum(li.received), 0) AS units,
           (SELECT max(r.created_at) FROM receipt r
            WHERE r.purchase_order_id = o.id AND r.applied_at IS NOT NULL) AS last_receipt_at
    FROM purchase_order o
    LEFT JOIN (SELECT *, left_out_by IS NULL AS live, quantity - received_before - received AS missing
               FROM line_item WHERE purchase_order_id = ANY(CAST(:ids AS bigint[]))) li ON li.purchase_order_id = o.id
    WHERE o.id = ANY(CAST(:ids AS bigint[])) GROUP BY o.id
) s
WHERE po.id = s.id
RETURNING po.id, po.status, s.lines, s.full, s.settled, s.received_any
"""

_Choice = Callable[[PoStatus, PoStatus], PoEvent | None]

_REASONS: Final[Mapping[PoEvent, str]] = {
    PoEvent.PART_RECEIVED: "Some of the goods arrived; more are expected.",
    PoEvent.FULLY_RECEIVED: "Every line was received in full.",
    PoEvent.NOTHING_RECEIVED: "Nothing is received any more; the goods are expected again.",
    PoEvent.CLOSED: "Nothing more is expected: what is missing was closed short.",
}


def recompute(
    unit: Unit, po_ids: Iterable[int], actor: str, *, accepted: bool = False, reason: str = ""
) -> dict[int, PoStatus]:
    """Bring the sums of orders up to date, move each by them, and let the source hear; returns the statuses then.

    Call it after any change of allocations, of receipts' applied marks, or of lines. `accepted`: a person wants a
    Closed, Canceled or Archived order to move by its sums too. `reason` goes onto the status instead of our words.
    Whoever reopens a line that the warehouse closed short sets the order's `reopened_at` first, or the standing final
    receipt closes it again. Raises Refused if what is left would be negative; the transaction must then be undone.
    """

    def event(status: PoStatus, target: PoStatus) -> PoEvent | None:
        return event_for(status, target, accepted=accepted)

    return _recompute(unit, po_ids, actor, event, reason)


def resume(unit: Unit, po_ids: Iterable[int], actor: str) -> dict[int, PoStatus]:
    """Let halted orders stand again where their sums say; the counterpart of `recompute` for Reprocess."""
    return _recompute(unit, po_ids, actor, event_to_resume, "Resumed by a person.")


def _recompute(unit: Unit, po_ids: Iterable[int], actor: str, event: _Choice, reason: str) -> dict[int, PoStatus]:
    ids = sorted(set(po_ids))
    if not ids:
        return {}
    unit.rows("SELECT id FROM purchase_order WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE", ids=ids)
    try:
        unit.run(_LINES, ids=ids, finished=FINISHED)
    except IntegrityError:
        raise Refused(
            "Its quantities cannot come off alone: what a correction takes off would be more than is left.",
            "Choose the receipt together with its corrections.",
        ) from None
    rows = unit.rows(_ORDERS, ids=ids)
    statuses = _moved(unit, rows, actor, event, reason)
    outbox.plant_status(unit, ids)
    return statuses


def _moved(unit: Unit, rows: Sequence[Any], actor: str, event: _Choice, reason: str) -> dict[int, PoStatus]:
    targets = {row.id: rolled_up(Totals(row.lines, row.full, row.settled, row.received_any)) for row in rows}
    statuses = {row.id: PoStatus(row.status) for row in rows}
    # One order may take two moves: only what is Open or Partially Received can close.
    while steps := _steps(statuses, targets, event):
        for step, ids in steps.items():
            words = reason or _REASONS.get(step, "A person accepted what arrived.")
            transitions.move_many(unit, dict.fromkeys(ids, words), step, actor=actor)
            statuses.update(dict.fromkeys(ids, PO_MOVES[step].target))
    return statuses


def _steps(
    statuses: Mapping[int, PoStatus], targets: Mapping[int, PoStatus], event: _Choice
) -> dict[PoEvent, list[int]]:
    steps: dict[PoEvent, list[int]] = {}
    for po_id, status in statuses.items():
        step = event(status, targets[po_id])
        if step:
            steps.setdefault(step, []).append(po_id)
    return steps
