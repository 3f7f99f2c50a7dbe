"""Which trucks come for an order of the demo, when, and what is on them: its story, told as receipts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final

from app.connectors.contract import ReceiptDocument
from app.demo.arrivals import Notice, Truck, broken, fewer, in_pieces, more, stranger, without_line
from app.demo.orders import Order
from app.demo.stories import Story

Days = Sequence[date]


def receipts_of(order: Order, notice: Notice, today: date) -> list[ReceiptDocument]:
    """The receipts that the warehouse of an order has sent until `today`, oldest first; none for most stories."""
    told = _TOLD.get(order.story)
    return told(notice, _days(order, today)) if told else []


def _days(order: Order, today: date) -> Days:
    """The days of up to two trucks: in time, unless the story is that they came late; never today, never too early."""
    rng = Random(f"days of {order.number}")  # noqa: S311 (data to look at)
    assert order.record.due_date is not None
    assert order.record.ordered_at is not None
    if order.story is Story.LATE_ARRIVAL:
        return (order.record.due_date + timedelta(days=rng.randint(2, 5)),)
    first = min(order.record.due_date - timedelta(days=rng.randint(0, 2)), today - timedelta(days=rng.randint(4, 6)))
    first = max(first, order.record.ordered_at.date() + timedelta(days=2))
    return first, first + timedelta(days=rng.randint(2, 3))


def _truck(notice: Notice, number: int, days: Days) -> Truck:
    day = days[number - 1]
    minute = Random(f"{notice['po_number']} {number}").randrange(60)  # noqa: S311 (data to look at)
    return Truck(notice, number, datetime.combine(day, time(13 + number, minute), UTC))


def _part(notice: Notice, days: Days) -> list[ReceiptDocument]:
    truck = _truck(notice, 1, days)
    return [truck.document(truck.part_of())]


def _all(notice: Notice, days: Days) -> list[ReceiptDocument]:
    truck = _truck(notice, 1, days)
    lines = truck.all_of()
    # Some docks count pieces where the order says cases.
    if str(notice["po_number"]).endswith(("3", "7")):
        lines = [in_pieces(line) for line in lines]
    return [truck.document(lines)]


def _in_two(notice: Notice, days: Days) -> list[ReceiptDocument]:
    first, second = _truck(notice, 1, days), _truck(notice, 2, days)
    part = first.part_of()
    return [first.document(part), second.document(second.all_of(part))]


def _damaged(notice: Notice, days: Days) -> list[ReceiptDocument]:
    truck = _truck(notice, 1, days)
    return [truck.document(broken(truck.all_of(), truck.rng))]


def _over(percent: int) -> Callable[[Notice, Days], list[ReceiptDocument]]:
    def told(notice: Notice, days: Days) -> list[ReceiptDocument]:
        truck = _truck(notice, 1, days)
        return [truck.document(more(truck.all_of(), percent))]

    return told


def _corrected(notice: Notice, days: Days) -> list[ReceiptDocument]:
    """The same receipt twice: miscounted at first, and right the day after."""
    first, again = _truck(notice, 1, days), _truck(notice, 2, days)
    lines = first.all_of()
    return [first.document(fewer(lines)), Truck(notice, 1, again.at).document(lines)]


def _final(notice: Notice, days: Days) -> list[ReceiptDocument]:
    truck = _truck(notice, 1, days)
    return [truck.document(truck.part_of(), final=True)]


def _after_close(notice: Notice, days: Days) -> list[ReceiptDocument]:
    late = _truck(notice, 2, days)
    finished = _final(notice, days)
    return [*finished, late.document(late.all_of(finished[0].lines)[:1])]


def _canceled(notice: Notice, days: Days) -> list[ReceiptDocument]:
    return [_truck(notice, 1, days).document((), canceled=True)]


def _unknown_sku(notice: Notice, days: Days) -> list[ReceiptDocument]:
    truck = _truck(notice, 1, days)
    return [truck.document([*truck.part_of(), stranger("XD-2209-GRY", 24)])]


def _which_line(notice: Notice, days: Days) -> list[ReceiptDocument]:
    truck = _truck(notice, 1, days)
    return [truck.document([without_line(line) for line in truck.part_of()])]


_TOLD: Final[Mapping[Story, Callable[[Notice, Days], list[ReceiptDocument]]]] = {
    Story.PART: _part,
    Story.PART_LATE: _part,
    Story.CLOSED_BY_PERSON: _part,
    Story.CANCELED_LATE: _part,
    Story.SHORT_HELD: _part,
    Story.RECEIVED: _all,
    Story.LATE_ARRIVAL: _all,
    Story.IN_TWO: _in_two,
    Story.DAMAGED: _damaged,
    Story.A_LITTLE_OVER: _over(5),
    Story.MUCH_OVER: _over(60),
    Story.CORRECTED: _corrected,
    Story.FINAL_SHORT: _final,
    Story.AFTER_CLOSE: _after_close,
    Story.WAREHOUSE_CANCELED: _canceled,
    Story.UNKNOWN_SKU: _unknown_sku,
    Story.WHICH_LINE: _which_line,
}
