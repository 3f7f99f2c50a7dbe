"""Several callers at once: nothing is lost, nothing counts twice, and every statement count stands still."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from app.domain.people import SYSTEM
from app.domain.states import ReceiptState
from app.models import ReceiptOrigin
from app.services import receipt_actions, receiving
from app.services.unit_of_work import unit_of_work
from tests.services.receiving.dock import Dock, document, line, ordered, statements
from tests.waiting import wait_until


def at_once(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run every task in a thread of its own, all from the same moment."""
    start = threading.Barrier(len(tasks))

    def run(task: Callable[[], Any]) -> Any:
        start.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, task) for task in tasks]]


def test_the_same_receipt_from_many_callers_is_one_receipt(dock: Dock):
    po = dock.order()
    for number in range(5):
        results = at_once([partial(dock.receive, po, f"R{number}", line("A", 1), line("B", 1))] * 4)
        assert sorted(result.outcome for result in results) == ["known", "known", "known", "new"]
        assert len({result.receipt_id for result in results}) == 1
    assert dock.received(po) == [5, 5]


def test_the_same_receipt_without_an_order_from_many_callers_is_one_receipt(dock: Dock):
    for number in range(5):
        report = document(f"R{number}", line("A", 1), number="PO-7")
        results = at_once([partial(dock.report, report)] * 4)
        assert sorted(result.outcome for result in results) == ["known", "known", "known", "new"]
    assert len(dock.rows("SELECT id FROM receipt")) == 5
    assert len(dock.rows("SELECT id FROM receipt_line")) == 5


def test_a_receipt_that_is_being_stored_by_another_is_read_again(dock: Dock):
    report = document("R1", line("A", 1), number="PO-7")
    other = document("R1", line("A", 3), number="PO-7")
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s"
    with ThreadPoolExecutor(1) as pool:
        with unit_of_work("the slow one") as unit:
            receiving.record(unit, dock.warehouse.id, report, ReceiptOrigin.PULL, "slow")
            second = pool.submit(dock.report, other)
            wait_until(lambda: dock.rows(waiting, "%INSERT INTO receipt %"))
        assert second.result(timeout=60).outcome == "correction"
    rows = dock.rows("SELECT correction, units FROM receipt ORDER BY correction")
    assert [tuple(row.values()) for row in rows] == [(0, 1), (1, 2)]


def test_receipts_of_one_order_at_once_lose_nothing(dock: Dock):
    po = dock.order(ordered(1, "A", 100), ordered(2, "B", 100))
    at_once([partial(dock.receive, po, f"R{n}", line("A", n), line("B", 1)) for n in range(1, 9)])
    assert dock.received(po) == [36, 8]
    assert dock.po(po)["units_received"] == 44


def test_running_totals_at_once_end_at_the_newest(dock: Dock):
    po = dock.order(ordered(1, "A", 100))
    totals = list(range(10, 90, 10))

    def report(quantity: int) -> Any:
        return dock.receive(po, f"T{quantity}", line("A", quantity), cumulative=True, minutes=quantity)

    at_once([partial(report, quantity) for quantity in totals])
    assert dock.received(po) == [80]


def test_running_totals_without_an_order_at_once_add_up(dock: Dock):
    def report(quantity: int) -> Any:
        return dock.report(
            document(f"T{quantity}", line("A", quantity), number="PO-7", cumulative=True, minutes=quantity)
        )

    at_once([partial(report, quantity) for quantity in (3, 4, 5, 6)])
    po = dock.order(number="PO-7")
    receiving.match_waiting()
    assert dock.received(po) == [6, 0]


def test_a_waiting_receipt_is_matched_once_by_two_jobs(dock: Dock):
    for number in range(6):
        dock.report(document(f"R{number}", line("A", 1), number="PO-7"))
    po = dock.order(number="PO-7")
    assert sum(at_once([receiving.match_waiting] * 3)) == 6
    assert dock.received(po) == [6, 0]


def test_orders_crossing_each_other_do_not_block_for_ever(dock: Dock):
    first, second = dock.order(), dock.order()
    ids = [
        dock.receive(po, f"R{n}", line("A", 1)).receipt_id or 0
        for n, po in enumerate([first, second, second, first])
    ]  # fmt: skip
    tasks: list[Callable[[], Any]] = [
        lambda: receipt_actions.reset(ids, SYSTEM),
        lambda: receipt_actions.reset(list(reversed(ids)), SYSTEM),
        lambda: dock.receive(first, "R9", line("B", 2)),
        lambda: dock.receive(second, "R9", line("B", 3)),
    ]
    at_once(tasks)
    assert (dock.received(first), dock.received(second)) == ([2, 2], [2, 3])


def test_archive_and_a_new_receipt_at_once(dock: Dock):
    po = dock.order()
    first = dock.receive(po, "R1", line("A", 4)).receipt_id or 0
    at_once(
        [
            lambda: receipt_actions.archive([first], SYSTEM),
            lambda: receipt_actions.archive([first], SYSTEM),
            lambda: dock.receive(po, "R2", line("A", 3)),
        ]
    )
    assert dock.received(po) == [3, 0]


# ------------------------------------------------------------- statements


def story(dock: Dock, size: int, *, cumulative: bool) -> dict[str, int]:
    """What each step of the life of a receipt of `size` lines costs in statements."""
    po = dock.order(*[ordered(n, f"S{n}", 10) for n in range(1, size + 1)])
    spent: dict[str, int] = {}

    def measure(name: str, step: Callable[[], Any]) -> Any:
        with statements() as seen:
            result = step()
        spent[name] = len(seen)
        return result

    def goods(quantity: int) -> list[Any]:
        return [line(f"S{n}", quantity, 1, lot=f"L{n}") for n in range(1, size + 1)]

    def report(quantity: int) -> Any:
        return dock.receive(po, "R1", *goods(quantity), cumulative=cumulative, minutes=quantity)

    first = measure("record", lambda: report(4))
    assert first.state is ReceiptState.READY
    measure("again", lambda: report(4))
    measure("correct", lambda: report(10))
    assert dock.status(po) == "received"
    assert dock.received(po) == [Decimal(10)] * size
    ids = [row["id"] for row in dock.rows("SELECT id FROM receipt WHERE purchase_order_id = %s", po.id)]
    measure("reset", lambda: receipt_actions.reset(ids, SYSTEM))
    assert dock.received(po) == [Decimal(10)] * size
    measure("archive", lambda: receipt_actions.archive(ids, SYSTEM))
    assert dock.received(po) == [Decimal(0)] * size
    return spent


@pytest.mark.parametrize("cumulative", [False, True])
def test_ten_lines_and_two_thousand_take_the_same_number_of_statements(dock: Dock, cumulative: bool):
    small = story(dock, 10, cumulative=cumulative)
    assert story(dock, 2000, cumulative=cumulative) == small
    assert max(small.values()) <= 30
