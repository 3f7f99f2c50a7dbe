"""The only writer of a status: what it allows is what the tables of the domain allow, for every event and status."""

from __future__ import annotations

import pytest

from app.domain.errors import IllegalTransition
from app.domain.states import PO_MOVES, RECEIPT_MOVES, PoEvent, PoStatus, ReceiptEvent, ReceiptState
from app.models import PurchaseOrder, Receipt, Step
from app.services import transitions
from app.services.transitions import STEP_AFTER, Verdict, move, move_many, move_receipt, move_receipts
from app.services.unit_of_work import unit_of_work
from tests.factories import NOON
from tests.services.world import World


def every_order(world: World) -> dict[PoStatus, PurchaseOrder]:
    """One order in each status, each with a lease that a move must end."""
    return {
        status: world.make.purchase_order(world.connection, status=status, lease_owner="somebody", lease_until=NOON)
        for status in PoStatus
    }


def every_receipt(world: World, *, applied: bool) -> dict[ReceiptState, Receipt]:
    order = world.make.purchase_order(world.connection, status=PoStatus.OPEN)
    at = NOON if applied else None
    return {state: world.make.receipt(order, state=state, applied_at=at) for state in ReceiptState}


@pytest.mark.parametrize("event", PoEvent)
def test_an_event_moves_exactly_the_orders_that_the_table_names(world: World, event: PoEvent) -> None:
    orders = every_order(world)
    before = {row["id"]: row for row in world.rows("SELECT * FROM purchase_order")}
    with unit_of_work("move") as unit:
        verdicts = move_many(unit, {po.id: f"why {po.id}" for po in orders.values()}, event, actor="ada")
    legal = PO_MOVES[event]
    assert verdicts == [Verdict(po.id, status.value, status in legal.sources) for status, po in orders.items()]
    after = {row["id"]: row for row in world.rows("SELECT * FROM purchase_order")}
    for status, po in orders.items():
        row = after[po.id]
        if status not in legal.sources:
            assert row == before[po.id]
            continue
        assert (row["status"], row["status_reason"]) == (legal.target.value, f"why {po.id}")
        assert row["step"] == STEP_AFTER[legal.target].value
        assert (row["step_due_at"] is not None) is (row["step"] == "judge")
        assert (row["lease_owner"], row["lease_until"]) == (None, None)
        assert row["status_since"] > before[po.id]["status_since"]


@pytest.mark.parametrize("event", PoEvent)
def test_every_move_of_an_order_and_nothing_else_is_in_the_timeline(world: World, event: PoEvent) -> None:
    orders = every_order(world)
    with unit_of_work("move") as unit:
        move_many(unit, {po.id: "because" for po in orders.values()}, event, actor="ada")
    legal = PO_MOVES[event]
    told = world.rows("SELECT purchase_order_id, kind, connection_id, external_id, actor, data FROM activity")
    assert sorted(told, key=lambda row: row["purchase_order_id"]) == [
        {
            "purchase_order_id": po.id,
            "kind": "status",
            "connection_id": world.connection.id,
            "external_id": po.external_id,
            "actor": "ada",
            "data": {"from": status.value, "to": legal.target.value, "cause": event.value, "reason": "because"},
        }
        for status, po in orders.items()
        if status in legal.sources
    ]


def test_the_caller_may_say_which_step_is_due(world: World) -> None:
    po = world.make.purchase_order(world.connection, status=PoStatus.ERROR)
    with unit_of_work("move") as unit:
        move(unit, po.id, PoEvent.RESUMED_NEW, actor="ada", step=Step.SEND)
    row = world.one("SELECT status, step, step_due_at FROM purchase_order")
    assert row == {"status": "new", "step": "send", "step_due_at": None}


def test_an_order_that_is_gone_is_told_apart_from_one_that_may_not_move(world: World) -> None:
    po = world.make.purchase_order(world.connection, status=PoStatus.CANCELED)
    with unit_of_work("move") as unit:
        verdicts = move_many(unit, {po.id: "", 10**9: ""}, PoEvent.CLOSED, actor="ada")
    assert verdicts == [Verdict(po.id, "canceled", moved=False), Verdict(10**9, None, moved=False)]
    with pytest.raises(IllegalTransition, match="is gone: somebody deleted it"), unit_of_work("move") as unit:
        move(unit, 10**9, PoEvent.CLOSED, actor="ada")
    with (
        pytest.raises(IllegalTransition, match="A purchase order that is Canceled cannot become Closed in this way"),
        unit_of_work("move") as unit,
    ):
        move(unit, po.id, PoEvent.CLOSED, actor="ada")
    assert world.rows("SELECT 1 FROM activity") == []


def test_moving_nothing_asks_nothing(world: World) -> None:
    with unit_of_work("move") as unit:
        assert move_many(unit, {}, PoEvent.CLOSED, actor="ada") == []
        assert move_receipts(unit, [], ReceiptEvent.ARCHIVED, actor="ada") == []


def allowed(event: ReceiptEvent, state: ReceiptState, *, applied: bool) -> bool:
    """Whether a receipt moves: the table, and for a retry also what is already in the sums."""
    fits = {ReceiptEvent.RETRIED_PUSH: applied, ReceiptEvent.RETRIED_APPLY: not applied}.get(event, True)
    return state in RECEIPT_MOVES[event].sources and fits


@pytest.mark.parametrize("applied", [True, False], ids=["applied", "not applied"])
@pytest.mark.parametrize("event", ReceiptEvent)
def test_an_event_moves_exactly_the_receipts_that_the_table_names(
    world: World, event: ReceiptEvent, *, applied: bool
) -> None:
    receipts = every_receipt(world, applied=applied)
    before = {row["id"]: row for row in world.rows("SELECT * FROM receipt")}
    with unit_of_work("move") as unit:
        verdicts = move_receipts(unit, [r.id for r in receipts.values()], event, actor="dock", reason="a reason")
    assert verdicts == [
        Verdict(receipt.id, state.value, allowed(event, state, applied=applied)) for state, receipt in receipts.items()
    ]
    target = RECEIPT_MOVES[event].target
    marked = {ReceiptEvent.APPLIED: True, ReceiptEvent.ARCHIVED: False, ReceiptEvent.RESET: False}.get(event, applied)
    after = {row["id"]: row for row in world.rows("SELECT * FROM receipt")}
    for verdict in verdicts:
        row = after[verdict.record_id]
        if not verdict.moved:
            assert row == before[verdict.record_id]
            continue
        assert (row["state"], row["state_reason"]) == (target.value, "a reason")
        assert (row["applied_at"] is not None) is marked
        assert (row["completed_at"] is not None) is (target is ReceiptState.COMPLETED)


QUIET = {ReceiptEvent.STARTED, ReceiptEvent.APPLIED, ReceiptEvent.PUSH_STARTED, ReceiptEvent.PUSH_POSTPONED}


@pytest.mark.parametrize("event", ReceiptEvent)
def test_people_read_what_came_of_a_receipt_and_not_the_machines_to_and_fro(world: World, event: ReceiptEvent) -> None:
    receipts = every_receipt(world, applied=True)
    with unit_of_work("move") as unit:
        move_receipts(unit, [receipt.id for receipt in receipts.values()], event, actor="dock", reason="a reason")
    moved = {} if event in QUIET else {s: r for s, r in receipts.items() if allowed(event, s, applied=True)}
    target = RECEIPT_MOVES[event].target.value
    told = world.rows("SELECT kind, receipt_id, purchase_order_id, actor, data FROM activity ORDER BY receipt_id")
    assert told == [
        {
            "kind": "receipt_state",
            "receipt_id": receipt.id,
            "purchase_order_id": receipt.purchase_order_id,
            "actor": "dock",
            "data": {"from": state.value, "to": target, "reason": "a reason"},
        }
        for state, receipt in moved.items()
    ]


def test_a_receipt_without_an_order_moves_and_tells(world: World) -> None:
    receipt = world.make.receipt(warehouse_id=world.warehouse.id, state=ReceiptState.ERROR)
    with unit_of_work("move") as unit:
        move_receipt(unit, receipt.id, ReceiptEvent.ARCHIVED, actor="ada", reason="not ours")
    assert world.one("SELECT state FROM receipt") == {"state": "archived"}
    assert world.one("SELECT connection_id, external_id, receipt_id FROM activity") == {
        "connection_id": None,
        "external_id": "",
        "receipt_id": receipt.id,
    }


@pytest.mark.parametrize(
    ("state", "event", "words"),
    [
        (ReceiptState.NOTIFYING, ReceiptEvent.ARCHIVED, "A receipt that is Notifying cannot become Archived"),
        (ReceiptState.COMPLETED, ReceiptEvent.PUSH_STARTED, "A receipt that is Completed cannot become Notifying"),
        (None, ReceiptEvent.RESET, "A receipt that is gone cannot become New"),
    ],
)
def test_a_receipt_that_may_not_move_says_why(
    world: World, state: ReceiptState | None, event: ReceiptEvent, words: str
) -> None:
    receipt_id = every_receipt(world, applied=True)[state].id if state else 10**9
    before = world.rows("SELECT * FROM receipt ORDER BY id")
    with pytest.raises(IllegalTransition, match=words), unit_of_work("move") as unit:
        move_receipt(unit, receipt_id, event, actor="ada")
    assert world.rows("SELECT * FROM receipt ORDER BY id") == before
    assert world.rows("SELECT 1 FROM activity") == []


def test_every_status_has_a_step_and_only_new_is_judged() -> None:
    assert set(transitions.STEP_AFTER) == set(PoStatus)
    judged = {status for status, step in STEP_AFTER.items() if step is Step.JUDGE}
    waiting = {status for status, step in STEP_AFTER.items() if step is Step.WAIT}
    assert (judged, waiting) == ({PoStatus.NEW}, {PoStatus.OPEN, PoStatus.PARTIALLY_RECEIVED})
