"""The facts that the timeline keeps of receipts; the words are made of them when somebody reads it."""

from __future__ import annotations

from typing import Any

from app.domain.discrepancies import Held
from app.domain.matching import Matched
from app.domain.record import plain_number
from app.services.timeline import Entry

_LOTS_NAMED = 10


def called(receipt: Any) -> str:
    """How people call a receipt: its id at the warehouse, and which correction of it."""
    return called_as(receipt.external_id, receipt.correction)


def called_as(external_id: str, correction: int) -> str:
    """The same from its parts."""
    return f"{external_id} (correction {correction})" if correction else external_id


def applied_entry(receipt: Any, po_id: int, by: str, matched: Matched) -> Entry:
    """A receipt was applied. `over` is there when something lies beyond the order now."""
    data: dict[str, Any] = {
        "receipt": called(receipt),
        "units": plain_number(receipt.units),
        "lines": len({allocation.line_id for allocation in matched.allocations}),
        "warehouse": receipt.warehouse,
    }
    if receipt.lots:
        data["lots"] = list(receipt.lots[:_LOTS_NAMED])
    if matched.surplus:
        data["over"] = plain_number(matched.surplus)
    if receipt.final:
        data["final"] = True
    return Entry("receipt", po_id, receipt.id, actor=by, data=data)


def held_entry(receipt: Any, po_id: int | None, by: str, held: Held) -> Entry:
    """A receipt is held: stored, and not applied."""
    data = {
        "receipt": called(receipt),
        "kind": held.kind.value,
        "reason": held.sentence,
        "remedy": held.remedy,
        "warehouse": receipt.warehouse,
    }
    return Entry("receipt_held", po_id, receipt.id, actor=by, data=data)
