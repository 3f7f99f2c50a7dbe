"""What goes when an order starts again from its snapshot: people's edits, and what the rules set."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.differences import FieldPair, LinePair, header_changes, line_changes
from app.domain.errors import BadRecord
from app.domain.record import PurchaseOrderRecord, from_snapshot
from app.domain.wording import counted
from app.models import PurchaseOrder
from app.services.restoring import with_edits

SHOWN = 25


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that goes: header fields and lines as they are (`before`) and as they will be (`after`).

    At most SHOWN of each are named; `total` counts them all.
    """

    title: str
    fields: tuple[FieldPair, ...]
    lines: tuple[LinePair, ...]
    total: int

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.total - len(self.fields) - len(self.lines)


def loss(title: str, fields: list[FieldPair], lines: list[LinePair]) -> Loss:
    """A loss of which the first are named."""
    return Loss(title, tuple(fields[:SHOWN]), tuple(lines[:SHOWN]), len(fields) + len(lines))


def edits_lost(order: PurchaseOrder, today: PurchaseOrderRecord) -> Loss:
    """What people changed, added and removed by hand: today's value, and the one that was imported."""
    imported = from_snapshot(order.snapshot)
    edited = _edited(order)
    by_hand = {pair.label for pair in header_changes(edited, imported)}
    fields = [pair for pair in header_changes(today, imported) if pair.label in by_hand]
    return loss("Edits by hand", fields, line_changes(edited.lines, imported.lines))


def set_by_rules(order: PurchaseOrder, today: PurchaseOrderRecord, left_out: int) -> Loss:
    """What the rules set on top of the edits: it is asked of them again, and may come out differently."""
    edited = _edited(order)
    fields = [*_chosen(order, left_out), *header_changes(today, edited)]
    return loss("Set by the rules, who are asked again", fields, line_changes(today.lines, edited.lines))


def _chosen(order: PurchaseOrder, left_out: int) -> list[FieldPair]:
    hold = f"until {order.held_until:%-d %b %Y, %H:%M} UTC" if order.held_until else ""
    pairs = [
        FieldPair("Warehouse", "" if order.warehouse is None else str(order.warehouse), ""),
        FieldPair("Facility", order.facility, ""),
        FieldPair("Hold", f"{order.held_by} {hold}".strip() if order.held_by else hold, ""),
        FieldPair("Lines left out", counted(left_out, "line") if left_out else "", ""),
    ]
    return [pair for pair in pairs if pair.differs]


def _edited(order: PurchaseOrder) -> PurchaseOrderRecord:
    """Snapshot and edits, as the rules got them."""
    try:
        return with_edits(from_snapshot(order.snapshot), order.edits)
    except BadRecord:
        # A newer mapping may find fault with an old snapshot; then the edits are told against nothing.
        return from_snapshot(order.snapshot)
