"""What is read to say what an action would do: the order, its pending change, the guards' facts, and counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select, text
from sqlalchemy.orm import Session, joinedload, undefer

from app.domain.errors import NotFound
from app.domain.people import Reader
from app.domain.record import PurchaseOrderRecord
from app.models import PendingChange, PurchaseOrder
from app.queries import versions
from app.security.scope import criteria
from app.services.order_facts import Facts, facts
from app.services.recomputing import FINISHED


@dataclass(frozen=True, slots=True)
class Counts:
    """Figures of one order; units are in each line's own unit."""

    lines: int
    outstanding_lines: int
    outstanding_units: Decimal
    short_lines: int
    short_units: Decimal
    finished_lines: int
    finished_units: Decimal
    """Of those closed short, what the warehouse closed by a final receipt."""
    left_out: int
    received_lines: int
    received_units: Decimal
    entries: int
    receipts_let_go: int
    next_attempt: datetime | None
    reference: str
    """The warehouse's own id for the document that is alive there."""


@dataclass(frozen=True, slots=True)
class Case:
    """One order before an action, and how to read its lines where they are needed."""

    session: Session
    order: PurchaseOrder
    pending: PendingChange | None
    known: Facts
    counts: Counts

    @property
    def where(self) -> str:
        """What to call the warehouse."""
        return self.known.warehouse or "the warehouse"

    def today(self) -> PurchaseOrderRecord:
        """The order as it stands, with all its lines: one statement."""
        return versions.today(self.order, versions.lines_of(self.session, self.order.id))


_COUNTS = text("""
SELECT count(l.id) AS lines,
    count(l.id) FILTER (WHERE l.missing > 0) AS outstanding_lines,
    coalesce(sum(l.missing) FILTER (WHERE l.missing > 0), 0) AS outstanding_units,
    count(l.id) FILTER (WHERE l.closed_short_quantity > 0) AS short_lines,
    coalesce(sum(l.closed_short_quantity), 0) AS short_units,
    count(l.id) FILTER (WHERE l.closed_short_quantity > 0 AND l.closed_short_reason = :finished) AS finished_lines,
    coalesce(sum(l.closed_short_quantity) FILTER (WHERE l.closed_short_reason = :finished), 0) AS finished_units,
    count(l.id) FILTER (WHERE l.left_out_by IS NOT NULL) AS left_out,
    count(l.id) FILTER (WHERE l.received > 0) AS received_lines,
    coalesce(sum(l.received), 0) AS received_units,
    (SELECT count(*) FROM activity a WHERE a.purchase_order_id = :id) AS entries,
    (SELECT count(*) FROM receipt r WHERE r.purchase_order_id = :id AND r.state NOT IN ('notifying', 'archived'))
        AS receipts_let_go,
    (SELECT min(d.due_at) FROM delivery d
     WHERE d.purchase_order_id = :id AND d.kind <> 'status' AND d.state = 'due') AS next_attempt,
    coalesce((SELECT d.warehouse_ref FROM document d JOIN po_key k ON k.id = d.po_key_id
              WHERE k.purchase_order_id = :id AND d.state IN ('unknown', 'accepted', 'canceling')), '') AS reference
FROM (SELECT *, CASE WHEN left_out_by IS NULL
                THEN quantity - received_before - received - closed_short_quantity ELSE 0 END AS missing
      FROM line_item WHERE purchase_order_id = :id) l
""")


def case_of(session: Session, po_id: int, reader: Reader) -> Case:
    """Read a case in three statements. `session` is one of services, so the reader's scope is asked for here.

    Raises NotFound, also for an order outside the scope.
    """
    query = (
        select(PurchaseOrder, PendingChange)
        .outerjoin(PendingChange, PendingChange.purchase_order_id == PurchaseOrder.id)
        .where(PurchaseOrder.id == po_id)
        .options(
            joinedload(PurchaseOrder.warehouse),
            joinedload(PurchaseOrder.merchant),
            undefer(PurchaseOrder.snapshot),
            undefer(PurchaseOrder.edits),
        )
    )
    scope = criteria(PurchaseOrder, reader)
    row = session.execute(query if scope is None else query.where(scope)).first()
    if row is None:
        raise NotFound("There is no such purchase order.", "Go back to the list.")
    counts = session.execute(_COUNTS, {"id": po_id, "finished": FINISHED}).one()
    return Case(session, row[0], row[1], facts(session, po_id), Counts(*counts))
