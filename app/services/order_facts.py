"""What the guards look at, and what each of them says. One list of reasons serves the menu, the action and the bulk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.connectors import registry
from app.domain.errors import BadSettings, NotFound
from app.domain.people import Reader, Role
from app.domain.states import HALTED, PoStatus
from app.models import DocumentState, PurchaseOrder, Step
from app.security.scope import criteria
from app.services.recomputing import FINISHED
from app.services.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class Facts:
    """The state of an order as its guards see it."""

    po_id: int
    label: str
    status: PoStatus
    step: Step
    sent: bool
    document: DocumentState | None
    in_flight: bool
    receipts: int
    receipts_in_error: int
    failed_pushes: int
    closed_short_lines: int
    finished_lines: int
    """Of those closed short, what the warehouse closed by a final receipt."""
    outstanding_lines: int
    pending: str | None
    warehouse: str
    warehouse_kind: str | None

    @property
    def unknown(self) -> bool:
        """Nobody knows yet whether the warehouse has the document."""
        return self.document is DocumentState.UNKNOWN or self.in_flight

    def can(self, capability: str) -> bool:
        """Whether the warehouse's connector can `update` or `cancel` a document."""
        try:
            kind = registry.warehouse_class(self.warehouse_kind or "")
        except BadSettings:
            return False
        return bool(getattr(kind.capabilities, capability))


_FACTS = text("""
SELECT po.id, po.number, po.status, po.step, po.sent_at IS NOT NULL AS sent, d.state AS document,
    EXISTS (SELECT 1 FROM delivery x WHERE x.purchase_order_id = po.id AND x.state = 'leased' AND x.kind <> 'status')
        AS in_flight,
    (SELECT count(*) FROM receipt r WHERE r.purchase_order_id = po.id AND r.state <> 'archived') AS receipts,
    (SELECT count(*) FROM receipt r WHERE r.purchase_order_id = po.id AND r.state = 'error') AS receipts_in_error,
    (SELECT count(*) FROM delivery x WHERE x.purchase_order_id = po.id AND x.kind = 'status' AND x.state = 'failed'
        AND x.version = po.status_version) AS failed_pushes,
    (SELECT count(*) FROM line_item l WHERE l.purchase_order_id = po.id AND l.closed_short_quantity > 0)
        AS closed_short,
    (SELECT count(*) FROM line_item l WHERE l.purchase_order_id = po.id AND l.closed_short_quantity > 0
        AND l.closed_short_reason = :finished) AS finished,
    (SELECT count(*) FROM line_item l WHERE l.purchase_order_id = po.id AND l.left_out_by IS NULL
        AND l.quantity - l.received_before - l.received - l.closed_short_quantity > 0) AS outstanding,
    pc.kind AS pending, coalesce(w.code, '') AS warehouse, w.kind AS warehouse_kind
FROM purchase_order po
JOIN po_key k ON k.store_id = po.store_id AND k.external_id = po.external_id AND k.part = po.part
LEFT JOIN document d ON d.po_key_id = k.id AND d.state IN ('planned', 'unknown', 'accepted', 'canceling')
LEFT JOIN pending_change pc ON pc.purchase_order_id = po.id
LEFT JOIN warehouse w ON w.id = po.warehouse_id
WHERE po.id = :id
""")


def facts(session: Session, po_id: int) -> Facts:
    """Read the facts of one order. Raises NotFound."""
    row = session.execute(_FACTS, {"id": po_id, "finished": FINISHED}).first()
    if row is None:
        raise NotFound("There is no such purchase order.", "Go back to the list.")
    return Facts(
        row.id,
        row.number,
        PoStatus(row.status),
        Step(row.step),
        row.sent,
        DocumentState(row.document) if row.document else None,
        row.in_flight,
        row.receipts,
        row.receipts_in_error,
        row.failed_pushes,
        row.closed_short,
        row.finished,
        row.outstanding,
        row.pending,
        row.warehouse,
        row.warehouse_kind,
    )


def lock(unit: Unit, po_id: int, reader: Reader) -> PurchaseOrder:
    """Lock an order within the reader's scope. Out of scope and not there look the same: NotFound."""
    query = select(PurchaseOrder).where(PurchaseOrder.id == po_id).with_for_update()
    scope = criteria(PurchaseOrder, reader)
    order: PurchaseOrder | None = unit.session.scalar(query if scope is None else query.where(scope))
    if order is None:
        raise NotFound("There is no such purchase order.", "Go back to the list.")
    return order


_UNKNOWN = "It is not known yet whether the warehouse took the document. Reprocess looks it up; then try again."


def why_not(action: str, known: Facts, reader: Reader) -> str:
    """The reason why an action is refused right now, or an empty text when it may be done."""
    role = _role_reason(action, reader)
    return role or _GUARDS[action](known)


def _role_reason(action: str, reader: Reader) -> str:
    if action == "force_delete" and reader.role not in (Role.ADMIN, Role.SYSTEM):
        return "Only an admin may delete a purchase order that was sent."
    if reader.is_staff or reader.role is Role.SYSTEM or (action == "comment" and reader.role is Role.PARTNER):
        return ""
    return "You may look at purchase orders, but not change them."


def _reprocess(known: Facts) -> str:
    if known.in_flight:
        return "A message to the warehouse is on its way right now. Wait for its answer."
    if known.status is PoStatus.CLOSED and not known.outstanding_lines and not known.finished_lines:
        return "Nothing is outstanding: its lines were closed short. Reopen them instead."
    stalled = known.status in HALTED or known.status is PoStatus.NEW
    if stalled or known.receipts_in_error or known.failed_pushes:
        return ""
    return "Nothing failed or stalled: it goes on by itself."


def _reset(known: Facts) -> str:
    if known.receipts:
        return "It has a receipt. Archive the receipt first, or correct the lines by a change from the source."
    if known.unknown:
        return _UNKNOWN
    if known.document is DocumentState.CANCELING:
        return "Its cancellation is on the way to the warehouse. Wait for the answer."
    if known.document is DocumentState.ACCEPTED and not (known.can("update") or known.can("cancel")):
        return f"Warehouse {known.warehouse} has it and can neither change nor cancel a document by message."
    return ""


def _archive(known: Facts) -> str:
    if known.status is PoStatus.ARCHIVED:
        return "It is archived already."
    return _UNKNOWN if known.unknown else ""


def _delete(known: Facts) -> str:
    if known.unknown:
        return _UNKNOWN
    if known.sent or known.document is DocumentState.ACCEPTED:
        return "It was sent to a warehouse. Archive it instead; an admin may force the deletion."
    return ""


def _force_delete(known: Facts) -> str:
    return "A message to the warehouse is on its way right now. Wait for its answer." if known.in_flight else ""


def _edit(known: Facts) -> str:
    if known.unknown:
        return _UNKNOWN
    if known.sent or known.document is DocumentState.ACCEPTED:
        return "It was sent to a warehouse and can no longer be edited. Reset it, or close lines short."
    if known.status not in (PoStatus.NEW, PoStatus.ERROR):
        return f"A purchase order that is {known.status.label} is not edited. Reprocess or Reset it first."
    return ""


def _accept_change(known: Facts) -> str:
    if known.pending is None:
        return "The source has sent no change that waits for a decision."
    return _UNKNOWN if known.unknown else ""


def _refuse_change(known: Facts) -> str:
    return "" if known.pending else "The source has sent no change that waits for a decision."


def _close_short(known: Facts) -> str:
    if known.status not in (PoStatus.OPEN, PoStatus.PARTIALLY_RECEIVED):
        return "Only a purchase order that waits for goods at a warehouse can be closed short."
    return "" if known.outstanding_lines else "Nothing is outstanding."


def _reopen(known: Facts) -> str:
    return "" if known.closed_short_lines else "No line was closed short."


_GUARDS: Mapping[str, Callable[[Facts], str]] = {
    "reprocess": _reprocess,
    "reset": _reset,
    "archive": _archive,
    "delete": _delete,
    "force_delete": _force_delete,
    "edit": _edit,
    "accept_change": _accept_change,
    "refuse_change": _refuse_change,
    "close_short": _close_short,
    "reopen": _reopen,
    "comment": lambda _known: "",
}


def order_guards(session: Session, po_id: int, reader: Reader) -> Mapping[str, str]:
    """Every action with the reason why it is refused right now; empty reasons mean that it may be done."""
    known = facts(session, po_id)
    return {action: why_not(action, known, reader) for action in _GUARDS}
