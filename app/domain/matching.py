"""Which line of a purchase order received goods belong to, and whether they may go there.

Goods are laid on lines one after the other, in the unit of the line, and the sums are judged when all of them lie:
so a receipt and its corrections can be judged together. Nothing here knows where goods or lines are stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from app.domain.discrepancies import Discrepancy, Held
from app.domain.errors import UnknownUnit
from app.domain.laying import Allocation, Goods, OrderLine, Stack
from app.domain.record import ZERO, plain_number
from app.domain.rollup import within_tolerance

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Policy:
    """What the partners agreed on.

    `ask_shared_sku`: goods whose SKU is on several lines are held instead of filling the lines in order.
    `over_percent`: how much more than ordered a line may receive. `partial`: less than everything may come at once.
    `waived`: the kinds that a person has accepted.
    """

    ask_shared_sku: bool = False
    over_percent: Decimal = ZERO
    partial: bool = True
    waived: frozenset[Discrepancy] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class Matched:
    """Where the goods go. `surplus` is what lies on the touched lines beyond their order, in the lines' units."""

    allocations: tuple[Allocation, ...]
    surplus: Decimal


def match(goods: Sequence[Goods], lines: Sequence[OrderLine], policy: Policy, *, final: bool = False) -> Matched | Held:
    """Find the lines of `goods` among `lines` (in the order of the purchase order) and judge the sums.

    Held if anything cannot go to a line, or may not without a person. `final`: nothing more will come for the order.
    """
    index = _Index(lines)
    found = [(item, index.find(item)) for item in goods]
    problem = _unknown(found) or (_ambiguous(found) if policy.ask_shared_sku else None)
    if problem:
        return problem
    stack = Stack(lines)
    for item, candidates in found:
        if not candidates:
            continue
        try:
            stack.lay(item, candidates)
        except UnknownUnit as unknown:
            return Held(Discrepancy.UNKNOWN_UNIT, f"On {_called(candidates[0])}: {unknown.message}", unknown.remedy)
    moved = final or any(item.received or item.damaged for item in goods)
    return _judged(stack, lines, policy, moved=moved) or Matched(tuple(stack.allocations), _surplus(stack))


class _Index:
    """The lines by each of the references that a warehouse may give."""

    def __init__(self, lines: Sequence[OrderLine]) -> None:
        self._by_key = {line.key: line for line in lines if line.key}
        self._by_source_id = {line.source_line_id: line for line in lines if line.source_line_id}
        self._by_number = _grouped((line.line_number, line) for line in lines)
        # Left-out lines were never announced: only a reference of their own leads to them.
        self._by_sku = _grouped((line.sku, line) for line in lines if not line.left_out)

    def find(self, item: Goods) -> list[OrderLine]:
        """The lines that the goods may go to: one, several that share the SKU, or none."""
        exact = self._by_key.get(item.line_key) or self._by_source_id.get(item.source_line_id)
        if exact:
            return [exact]
        # A warehouse may count lines in its own way: a number with another SKU is not our number.
        numbered = self._by_number.get(item.line_number, ()) if item.line_number is not None else ()
        fitting = [line for line in numbered if not item.sku or item.sku in line.names]
        return fitting if len(fitting) == 1 else self._by_sku.get(item.sku, [])


def _grouped(pairs: Iterable[tuple[object, OrderLine]]) -> dict[object, list[OrderLine]]:
    groups: dict[object, list[OrderLine]] = defaultdict(list)
    for key, line in pairs:
        groups[key].append(line)
    return dict(groups)


def _unknown(found: Sequence[tuple[Goods, list[OrderLine]]]) -> Held | None:
    # Nothing of an unknown SKU is nothing: there is nothing to find a place for.
    lost = [item for item, candidates in found if not candidates and (item.received or item.damaged)]
    if not lost:
        return None
    names = _listed(dict.fromkeys(item.sku or _reference(item) for item in lost))
    return Held(
        Discrepancy.UNKNOWN_SKU,
        f"{names}: not on any line of the purchase order.",
        "Ask the warehouse for the right SKU or line, or the source to add the line, then reprocess the receipt.",
    )


def _ambiguous(found: Sequence[tuple[Goods, list[OrderLine]]]) -> Held | None:
    for item, candidates in found:
        if len(candidates) > 1 and (item.received or item.damaged):
            numbers = ", ".join(str(line.line_number) for line in candidates[:10])
            return Held(
                Discrepancy.SHARED_SKU,
                f"SKU {item.sku} is on lines {numbers}, and the receipt does not say which of them it is for.",
                "Ask the warehouse for the line, or let the store fill lines in order; then reprocess the receipt.",
            )
    return None


def _judged(stack: Stack, lines: Sequence[OrderLine], policy: Policy, *, moved: bool) -> Held | None:
    problem = _negative(stack)
    if problem is None and Discrepancy.OVER not in policy.waived:
        problem = _over(stack, policy.over_percent)
    if problem is None and moved and not policy.partial and Discrepancy.SHORT not in policy.waived:
        problem = _short(stack, lines)
    return problem


def _negative(stack: Stack) -> Held | None:
    for line in stack.touched():
        received, damaged = stack.received(line), stack.damaged(line)
        if received < 0:
            return Held(
                Discrepancy.NEGATIVE,
                f"It takes {plain_number(line.received - received)} off {_called(line)},"
                f" where {plain_number(line.received)} were received.",
                "Ask the warehouse for the right quantity; if it corrects a receipt in Error, settle that one first.",
            )
        if not 0 <= damaged <= received:
            return Held(
                Discrepancy.NEGATIVE,
                f"On {_called(line)} {plain_number(damaged)} of {plain_number(received)} received would be damaged.",
                "Ask the warehouse for the right quantities; damaged goods are a part of those received.",
            )
    return None


def _over(stack: Stack, percent: Decimal) -> Held | None:
    over = [line for line in stack.touched() if stack.received(line) > line.received and _is_over(stack, line, percent)]
    if not over:
        return None
    told = [
        f"{_called(line)} {plain_number(stack.total(line))} of {plain_number(line.wanted)}" for line in over[:_NAMED]
    ]
    if len(over) > _NAMED:
        told.append(f"and {len(over) - _NAMED} more")
    left_out = " A rule left that line out of the order." if any(line.left_out for line in over) else ""
    return Held(
        Discrepancy.OVER,
        f"More arrived than ordered: {', '.join(told)} (tolerance {plain_number(percent)} %).{left_out}",
        "Accept it as surplus, or ask the warehouse to correct it.",
    )


def _is_over(stack: Stack, line: OrderLine, percent: Decimal) -> bool:
    return not within_tolerance(line.wanted, stack.total(line), percent)


def _short(stack: Stack, lines: Sequence[OrderLine]) -> Held | None:
    missing = [line for line in lines if not line.left_out and stack.outstanding(line) > 0]
    if not missing:
        return None
    told = [f"{_called(line)} lacks {plain_number(stack.outstanding(line))}" for line in missing[:_NAMED]]
    if len(missing) > _NAMED:
        told.append(f"and {len(missing) - _NAMED} more")
    return Held(
        Discrepancy.SHORT,
        f"This warehouse receives an order in full or not at all: {', '.join(told)}.",
        "Receive the rest with it, or let a person accept it as it is.",
    )


def _surplus(stack: Stack) -> Decimal:
    return sum((max(ZERO, stack.total(line) - line.wanted) for line in stack.touched()), ZERO)


def _called(line: OrderLine) -> str:
    return f"line {line.line_number} (SKU {line.sku})"


def _reference(item: Goods) -> str:
    return item.line_key or item.source_line_id or f"line {item.line_number}"


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - _NAMED} more" if len(every) > _NAMED else ""
    return ("SKU " if len(every) == 1 else "SKUs ") + ", ".join(every[:_NAMED]) + more
