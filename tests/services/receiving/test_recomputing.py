"""The sums of orders and the statuses that follow from them, one and many, whoever asks and however often."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from app.domain.people import SYSTEM
from app.domain.states import HALTED, PoStatus
from app.models import PurchaseOrder
from app.services import applying, receipt_actions
from app.services.unit_of_work import unit_of_work
from tests.services.receiving.dock import Dock, line, ordered, statements


def recompute(*orders: PurchaseOrder, **options: Any) -> dict[int, PoStatus]:
    with unit_of_work("recompute") as unit:
        return applying.recompute(unit, [po.id for po in orders], "Dana", **options)


def resume(*orders: PurchaseOrder) -> dict[int, PoStatus]:
    with unit_of_work("resume") as unit:
        return applying.resume(unit, [po.id for po in orders], "Dana")


def close_short(dock: Dock, po: PurchaseOrder, quantity: int, sku: str = "A") -> None:
    dock.run_sql(
        "UPDATE line_item SET closed_short_quantity = %s, closed_short_reason = 'broken'"
        " WHERE purchase_order_id = %s AND sku = %s",
        quantity,
        po.id,
        sku,
    )


def in_status(dock: Dock, status: PoStatus, got: int) -> PurchaseOrder:
    """An order of one line of 10 in any status, with so much received."""
    po = dock.order(ordered(1, "A", 10))
    if got:
        dock.receive(po, "R1", line("A", got))
    dock.run_sql("UPDATE purchase_order SET status = %s WHERE id = %s", status.value, po.id)
    return po


SUMS = [(0, PoStatus.OPEN), (4, PoStatus.PARTIALLY_RECEIVED), (10, PoStatus.RECEIVED)]


@pytest.mark.parametrize(("got", "target"), SUMS)
@pytest.mark.parametrize("status", [PoStatus.OPEN, PoStatus.PARTIALLY_RECEIVED, PoStatus.RECEIVED])
def test_an_order_that_a_warehouse_has_stands_where_its_sums_say(
    dock: Dock, status: PoStatus, got: int, target: PoStatus
):
    po = in_status(dock, status, got)
    assert recompute(po) == {po.id: target}
    assert dock.status(po) == target.value


@pytest.mark.parametrize(("got", "target"), SUMS)
@pytest.mark.parametrize("status", sorted(HALTED))
def test_a_halted_order_stays_until_it_is_resumed(dock: Dock, status: PoStatus, got: int, target: PoStatus):
    po = in_status(dock, status, got)
    assert recompute(po) == {po.id: status}
    assert dock.status(po) == status.value
    assert resume(po) == {po.id: target}
    assert dock.status(po) == target.value
    assert resume(po) == {po.id: target}


@pytest.mark.parametrize(("got", "target"), SUMS)
@pytest.mark.parametrize("status", sorted(HALTED))
def test_a_person_may_let_an_ended_order_move_by_its_sums(dock: Dock, status: PoStatus, got: int, target: PoStatus):
    po = in_status(dock, status, got)
    expected = status if status is PoStatus.ERROR else target
    assert recompute(po, accepted=True) == {po.id: expected}
    assert dock.status(po) == expected.value


@pytest.mark.parametrize("status", sorted(HALTED))
def test_an_order_whose_rest_was_closed_short_resumes_as_closed(dock: Dock, status: PoStatus):
    po = in_status(dock, status, 4)
    close_short(dock, po, 6)
    assert resume(po) == {po.id: PoStatus.CLOSED}


@pytest.mark.parametrize("status", [PoStatus.OPEN, PoStatus.PARTIALLY_RECEIVED, PoStatus.RECEIVED])
def test_an_order_whose_rest_was_closed_short_is_closed(dock: Dock, status: PoStatus):
    po = in_status(dock, status, 4)
    close_short(dock, po, 6)
    assert recompute(po, reason="Closed short: broken.") == {po.id: PoStatus.CLOSED}
    assert dock.po(po)["status_reason"] == "Closed short: broken."


def test_a_new_order_stays_new_while_nothing_has_come(dock: Dock):
    po = dock.order(status=PoStatus.NEW)
    assert recompute(po) == {po.id: PoStatus.NEW}
    close_short(dock, po, 10)
    assert recompute(po) == {po.id: PoStatus.NEW}


def test_many_orders_take_as_many_statements_as_one(dock: Dock):
    orders = [in_status(dock, PoStatus.OPEN, 4) for _ in range(6)]
    with statements() as one:
        recompute(orders[0])
    with statements() as many:
        assert recompute(*orders[1:]) == dict.fromkeys([po.id for po in orders[1:]], PoStatus.PARTIALLY_RECEIVED)
    assert len(many) == len(one)
    assert all(dock.status(po) == "partially_received" for po in orders)


def test_orders_of_different_ends_move_together(dock: Dock):
    full, part, none, ended = (in_status(dock, PoStatus.OPEN, got) for got in (10, 4, 0, 4))
    close_short(dock, ended, 6)
    assert recompute(full, part, none, ended) == {
        full.id: PoStatus.RECEIVED,
        part.id: PoStatus.PARTIALLY_RECEIVED,
        none.id: PoStatus.OPEN,
        ended.id: PoStatus.CLOSED,
    }


def test_nothing_to_recompute_is_nothing(dock: Dock):
    with unit_of_work("nothing") as unit, statements() as seen:
        assert applying.recompute(unit, [], "Dana") == {}
    assert seen == []


def test_an_order_without_lines_is_open(dock: Dock):
    po = in_status(dock, PoStatus.RECEIVED, 0)
    dock.run_sql("DELETE FROM line_item")
    assert recompute(po) == {po.id: PoStatus.OPEN}


def test_changed_lines_change_the_status(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 8), line("B", 5))
    dock.run_sql("UPDATE line_item SET quantity = 8 WHERE sku = 'A'")
    assert recompute(po) == {po.id: PoStatus.RECEIVED}
    dock.run_sql("UPDATE line_item SET quantity = 9 WHERE sku = 'A'")
    assert recompute(po) == {po.id: PoStatus.PARTIALLY_RECEIVED}
    dock.run_sql("UPDATE line_item SET left_out_by = 'a rule' WHERE sku = 'A'")
    assert recompute(po) == {po.id: PoStatus.RECEIVED}


def test_wrong_sums_are_mended(dock: Dock):
    po = dock.order()
    dock.receive(po, "R1", line("A", 4, 1))
    dock.run_sql("UPDATE line_item SET received = 9, damaged = 2")
    dock.run_sql("UPDATE purchase_order SET units_received = 77, last_receipt_at = NULL")
    recompute(po)
    assert dock.sums(po) == [(4, 1), (0, 0)]
    assert dock.po(po)["units_received"] == 4
    assert dock.po(po)["last_receipt_at"] is not None


def test_the_sums_of_another_order_are_left_alone(dock: Dock):
    first, second = in_status(dock, PoStatus.OPEN, 4), in_status(dock, PoStatus.OPEN, 5)
    before = dock.po(second)
    recompute(first)
    assert dock.po(second) == before


def test_recomputing_at_once_from_both_ends_blocks_nobody(dock: Dock):
    orders = [in_status(dock, PoStatus.OPEN, 4) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(recompute, *(orders if n % 2 else reversed(orders))) for n in range(8)]
        for future in done:
            assert set(future.result(timeout=60).values()) == {PoStatus.PARTIALLY_RECEIVED}
    moves = dock.rows("SELECT count(*) AS n FROM activity WHERE kind = 'status' AND actor = 'Dana'")
    assert moves == [{"n": 4}]


@pytest.mark.parametrize("size", [1, 40])
def test_a_long_life_costs_no_more_statements(dock: Dock, size: int):
    po = dock.order(ordered(1, "A", 1000))
    for number in range(size):
        dock.receive(po, f"R{number}", line("A", 1))
    with statements() as seen:
        last = dock.receive(po, "last", line("A", 1))
    assert len(seen) <= 18
    assert dock.received(po) == [Decimal(size + 1)]
    with statements() as seen:
        receipt_actions.archive([last.receipt_id or 0], SYSTEM)
    assert len(seen) <= 13
