"""The only writer of a status: of purchase orders and of receipts, one or many, with the timeline in the same breath.

The WHERE of every statement comes from the tables of legal moves in `app.domain.states`, so the SQL cannot allow what
the tables forbid. A move also says which step is due next, since the two must never disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.domain.errors import IllegalTransition
from app.domain.states import (
    PO_MOVES,
    RECEIPT_MOVES,
    FailedStep,
    PoEvent,
    PoStatus,
    ReceiptEvent,
    ReceiptState,
    next_status,
)
from app.models import Step
from app.services.unit_of_work import Unit

# What is due after a status: only New and the two waiting statuses move on by themselves.
STEP_AFTER: Mapping[PoStatus, Step] = {
    PoStatus.NEW: Step.JUDGE,
    PoStatus.OPEN: Step.WAIT,
    PoStatus.PARTIALLY_RECEIVED: Step.WAIT,
    PoStatus.RECEIVED: Step.NONE,
    PoStatus.CANCELED: Step.NONE,
    PoStatus.ERROR: Step.NONE,
    PoStatus.CLOSED: Step.NONE,
    PoStatus.ARCHIVED: Step.NONE,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one record: its status before, and whether it moved. `before` is None if the record is gone."""

    record_id: int
    before: str | None
    moved: bool


_MOVE_ORDERS = """
WITH wanted AS (
    SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:reasons AS text[])) AS w(id, reason)
), before AS (
    SELECT po.id, po.status, w.reason
    FROM purchase_order po JOIN wanted w ON w.id = po.id
    ORDER BY po.id FOR UPDATE OF po
), moved AS (
    UPDATE purchase_order po
    SET status = CAST(:target AS text), status_reason = b.reason, status_since = clock_timestamp(),
        step = CAST(:step AS text), failed_step = CAST(:failed_step AS text),
        step_due_at = CASE WHEN CAST(:step AS text) = 'judge' THEN clock_timestamp() END,
        lease_owner = NULL, lease_until = NULL
    FROM before b
    WHERE po.id = b.id AND b.status = ANY(CAST(:sources AS text[]))
    RETURNING po.id, po.connection_id, po.external_id, b.status AS old, b.reason
), told AS (
    INSERT INTO activity (kind, connection_id, external_id, purchase_order_id, actor, data)
    SELECT 'status', m.connection_id, m.external_id, m.id, :actor,
           jsonb_build_object('from', m.old, 'to', CAST(:target AS text), 'cause', CAST(:event AS text),
                              'reason', m.reason)
    FROM moved m ORDER BY m.id
)
SELECT b.id, b.status, m.id IS NOT NULL AS moved FROM before b LEFT JOIN moved m ON m.id = b.id ORDER BY b.id
"""


def move_many(
    unit: Unit,
    reasons: Mapping[int, str],
    event: PoEvent,
    *,
    actor: str,
    step: Step | None = None,
    failed_step: FailedStep | None = None,
) -> list[Verdict]:
    """Move purchase orders by one event. `reasons` maps each id to the sentence that its status line shows.

    Orders that may not move that way are left as they are and come back with `moved` False; deleted ones with `before`
    None. `step` overrides what is due next; `failed_step` says what failed, when they go to Error. The rows are
    locked in the order of their ids.
    """
    if not reasons:
        return []
    move = PO_MOVES[event]
    ids = sorted(reasons)
    rows = unit.rows(
        _MOVE_ORDERS,
        ids=ids,
        reasons=[reasons[po_id] for po_id in ids],
        target=move.target.value,
        step=(step or STEP_AFTER[move.target]).value,
        sources=[status.value for status in move.sources],
        event=event.value,
        failed_step=failed_step.value if failed_step else "",
        actor=actor,
    )
    found = {row.id: Verdict(row.id, row.status, row.moved) for row in rows}
    return [found.get(po_id, Verdict(po_id, None, False)) for po_id in ids]


def move(
    unit: Unit,
    po_id: int,
    event: PoEvent,
    *,
    actor: str,
    reason: str = "",
    step: Step | None = None,
    failed_step: FailedStep | None = None,
) -> None:
    """Move one purchase order, or raise IllegalTransition and change nothing."""
    verdict = move_many(unit, {po_id: reason}, event, actor=actor, step=step, failed_step=failed_step)[0]
    if not verdict.moved:
        if verdict.before is None:
            raise IllegalTransition("The purchase order is gone: somebody deleted it.", "Reload the list.")
        next_status(PoStatus(verdict.before), event)
        raise IllegalTransition("The purchase order could not be moved.", "Reload it and try again.")


_MOVE_RECEIPTS = """
WITH before AS (
    SELECT r.id, r.state FROM receipt r WHERE r.id = ANY(CAST(:ids AS bigint[])) ORDER BY r.id FOR UPDATE
), moved AS (
    UPDATE receipt r
    SET state = CAST(:target AS text), state_reason = CAST(:reason AS text),
        applied_at = CASE CAST(:applied AS text) WHEN 'set' THEN clock_timestamp() WHEN 'clear' THEN NULL
                     ELSE r.applied_at END,
        completed_at = CASE WHEN CAST(:target AS text) = 'completed' THEN clock_timestamp() ELSE NULL END
    FROM before b
    WHERE r.id = b.id AND b.state = ANY(CAST(:sources AS text[]))
      AND (NOT :only_applied OR r.applied_at IS NOT NULL) AND (NOT :only_unapplied OR r.applied_at IS NULL)
    RETURNING r.id, r.purchase_order_id, b.state AS old
), told AS (
    INSERT INTO activity (kind, connection_id, external_id, purchase_order_id, receipt_id, actor, data)
    SELECT 'receipt_state', po.connection_id, coalesce(po.external_id, ''), m.purchase_order_id, m.id, :actor,
           jsonb_build_object('from', m.old, 'to', CAST(:target AS text), 'reason', CAST(:reason AS text))
    FROM moved m LEFT JOIN purchase_order po ON po.id = m.purchase_order_id
    WHERE :tell ORDER BY m.id
)
SELECT b.id, b.state AS status, m.id IS NOT NULL AS moved FROM before b LEFT JOIN moved m ON m.id = b.id ORDER BY b.id
"""

# Applying sets the mark, putting away or starting again clears it; a receipt whose push failed keeps it.
_APPLIED_MARK: Mapping[ReceiptEvent, str] = {
    ReceiptEvent.APPLIED: "set",
    ReceiptEvent.ARCHIVED: "clear",
    ReceiptEvent.RESET: "clear",
}
# The machine's own to and fro is not worth a line each in the timeline; people read what came of it.
_QUIET = frozenset({ReceiptEvent.STARTED, ReceiptEvent.APPLIED, ReceiptEvent.PUSH_STARTED, ReceiptEvent.PUSH_POSTPONED})


def move_receipts(
    unit: Unit, ids: Sequence[int] | Iterable[int], event: ReceiptEvent, *, actor: str, reason: str = ""
) -> list[Verdict]:
    """Move receipts by one event; the counterpart of `move_many`, with the applied mark kept in step with the state."""
    wanted = sorted(set(ids))
    if not wanted:
        return []
    machine = RECEIPT_MOVES[event]
    rows = unit.rows(
        _MOVE_RECEIPTS,
        ids=wanted,
        target=machine.target.value,
        sources=[state.value for state in machine.sources],
        reason=reason,
        applied=_APPLIED_MARK.get(event, "keep"),
        only_applied=event is ReceiptEvent.RETRIED_PUSH,
        only_unapplied=event is ReceiptEvent.RETRIED_APPLY,
        actor=actor,
        tell=event not in _QUIET,
    )
    found = {row.id: Verdict(row.id, row.status, row.moved) for row in rows}
    return [found.get(receipt_id, Verdict(receipt_id, None, False)) for receipt_id in wanted]


def move_receipt(unit: Unit, receipt_id: int, event: ReceiptEvent, *, actor: str, reason: str = "") -> None:
    """Move one receipt, or raise IllegalTransition and change nothing."""
    verdict = move_receipts(unit, [receipt_id], event, actor=actor, reason=reason)[0]
    if not verdict.moved:
        label = ReceiptState(verdict.before).label if verdict.before else "gone"
        raise IllegalTransition(
            f"A receipt that is {label} cannot become {RECEIPT_MOVES[event].target.label} in this way.",
            "Reload it and try again; while a receipt is Notifying, wait for the push to end.",
        )
