"""What the lines of a purchase order add up to, and the event that follows from it.

Every number is a Decimal in the unit of the line. The lines are counted, not their quantities summed, so that a surplus
on one line can never cover another; and one SQL aggregate can count the same (see Totals).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from app.domain.errors import IllegalTransition
from app.domain.states import HALTED, PoEvent, PoStatus

_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class LineSums:
    """The sums of one line: `received` is over its applied receipts, `received_before` came before the import.

    `closed_short_quantity` is what was outstanding when a person or the warehouse closed the line, and is written off.
    `left_out` says that a rule took the line off the order.
    """

    ordered: Decimal
    received_before: Decimal = _NOTHING
    received: Decimal = _NOTHING
    closed_short_quantity: Decimal = _NOTHING
    left_out: bool = False


@dataclass(frozen=True, slots=True)
class Totals:
    """The lines of an order counted, without those left out.

    `full_lines`: received_before + received >= ordered. `settled_lines`: the same with what was written off added, so
    every full line is settled too. `received_any`: a line has received > 0.
    """

    lines: int
    full_lines: int
    settled_lines: int
    received_any: bool


def outstanding(line: LineSums) -> Decimal:
    """What is still expected on the line; never negative."""
    return max(_NOTHING, _missing(line) - line.closed_short_quantity)


def surplus(line: LineSums) -> Decimal:
    """What came on the line beyond its order; never negative."""
    return max(_NOTHING, -_missing(line))


def totals(lines: Iterable[LineSums]) -> Totals:
    """Count the lines that are not left out, in any order."""
    live = [line for line in lines if not line.left_out]
    return Totals(
        lines=len(live),
        full_lines=sum(_missing(line) <= 0 for line in live),
        settled_lines=sum(outstanding(line) == 0 for line in live),
        received_any=any(line.received > 0 for line in live),
    )


def rolled_up(counted: Totals) -> PoStatus:
    """The status that the sums give to an order that a warehouse has: Received, Closed, Partially Received or Open.

    An order without a line is Open: nothing on it can have come.
    """
    if counted.lines and counted.full_lines == counted.lines:
        return PoStatus.RECEIVED
    if counted.lines and counted.settled_lines == counted.lines:
        return PoStatus.CLOSED
    return PoStatus.PARTIALLY_RECEIVED if counted.received_any else PoStatus.OPEN


_BY_SUMS: Final = {
    PoStatus.OPEN: PoEvent.NOTHING_RECEIVED,
    PoStatus.PARTIALLY_RECEIVED: PoEvent.PART_RECEIVED,
    PoStatus.RECEIVED: PoEvent.FULLY_RECEIVED,
    PoStatus.CLOSED: PoEvent.CLOSED,
}
_REOPENED: Final = {
    PoStatus.OPEN: PoEvent.REOPENED_OPEN,
    PoStatus.PARTIALLY_RECEIVED: PoEvent.REOPENED_PARTIAL,
    PoStatus.RECEIVED: PoEvent.REOPENED_RECEIVED,
}
_RESUMED: Final = {
    PoStatus.NEW: PoEvent.RESUMED_NEW,
    PoStatus.OPEN: PoEvent.RESUMED_OPEN,
    PoStatus.PARTIALLY_RECEIVED: PoEvent.RESUMED_PARTIAL,
    PoStatus.RECEIVED: PoEvent.RESUMED_RECEIVED,
    PoStatus.CLOSED: PoEvent.RESUMED_CLOSED,
}


def event_for(current: PoStatus, target: PoStatus, *, accepted: bool = False) -> PoEvent | None:
    """The event by which a receipt brings an order from `current` towards `target`, the status that rolled_up gave.

    None means that nothing is to be done. Ask again after the move: from New or Received to Closed takes two, as only
    Open and Partially Received orders close. An order in Error, Canceled, Closed or Archived stays, unless a person
    `accepted` the late receipt; one in Error stays even then, until Reprocess. A New order stays New while nothing has
    come: a receipt of zero proves nothing. Raises IllegalTransition for a target that no sums give.
    """
    if target not in _BY_SUMS:
        raise IllegalTransition(f"Receipts cannot make a purchase order {target.label}.")
    if current is target or (current is PoStatus.NEW and target is PoStatus.OPEN):
        return None
    if current in HALTED:
        return _event_accepted(current, target) if accepted else None
    if target is PoStatus.CLOSED and current in (PoStatus.NEW, PoStatus.RECEIVED):
        return PoEvent.PART_RECEIVED
    return _BY_SUMS[target]


def event_to_resume(current: PoStatus, target: PoStatus) -> PoEvent | None:
    """The event by which Reprocess brings a halted order to `target`: New if no warehouse has it, else its roll-up.

    None where the order is not halted or already stands there. Raises IllegalTransition for a target that no facts
    give.
    """
    if target not in _RESUMED:
        raise IllegalTransition(f"Reprocess cannot make a purchase order {target.label}.")
    return None if current is target or current not in HALTED else _RESUMED[target]


def within_tolerance(ordered: Decimal, received_total: Decimal, percent: Decimal) -> bool:
    """Whether `received_total` on one line is at most `ordered` and `percent` of it more."""
    return received_total * 100 <= ordered * (100 + percent)


def delta(last_total: Decimal | None, total: Decimal) -> Decimal:
    """What a sender of running totals reports anew on a line; None is its first report.

    Negative when the sender corrected itself. The caller drops a total that is older than the last one.
    """
    return total - (last_total or _NOTHING)


def _event_accepted(current: PoStatus, target: PoStatus) -> PoEvent | None:
    if current is PoStatus.ERROR:
        return None
    return _REOPENED[target] if current is PoStatus.CLOSED else _RESUMED[target]


def _missing(line: LineSums) -> Decimal:
    return line.ordered - line.received_before - line.received
