"""The plan of a bulk action: exact counts, and of every order what its guard says when it is asked singly."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import event

from app.domain.people import SYSTEM, Reader, Role
from app.domain.states import PoStatus, ReceiptState
from app.models import Connection, PendingChange, PurchaseOrder, Step
from app.services.actions import ORDER_ACTIONS
from app.services.bulk_plan import SAMPLES, Chosen, Plan, Share, Skip, choose, plan
from app.services.order_facts import facts, why_not
from app.services.unit_of_work import Database, unit_of_work
from tests.factories import NOON
from tests.services.world import World

ADMIN = Reader(Role.ADMIN, "ada", 1, None, None)
SUPPORT = Reader(Role.SUPPORT, "sam", 2, None, None)

ARCHIVED_ALREADY = "It is archived already."
UNKNOWN = "It is not known yet whether the warehouse took the document. Reprocess looks it up; then try again."
SENT = "It was sent to a warehouse. Archive it instead; an admin may force the deletion."
IN_FLIGHT = "A message to the warehouse is on its way right now. Wait for its answer."

# What is done to an order of the mixed set, beyond its status, as SQL; {po} is its id, {key} that of its key.
_DOCUMENT = (
    "INSERT INTO document (po_key_id, warehouse_id, state)"
    " SELECT {key}, warehouse_id, '%s' FROM purchase_order WHERE id = {po}"
)
_MESSAGE = (
    "INSERT INTO delivery (kind, state, purchase_order_id, po_key_id, connection_id, merchant_id, version, number,"
    " external_id) SELECT '%s', '%s', id, {key}, connection_id, merchant_id, %s, number, external_id"
    " FROM purchase_order WHERE id = {po}"
)
_OF_IT = "purchase_order_id = {po}"
_NO_CONNECTOR = "UPDATE warehouse SET kind = 'fax' WHERE id = {wh}"
MIXED: list[tuple[str, PoStatus, list[str]]] = [
    ("fresh", PoStatus.NEW, []),
    ("planned", PoStatus.NEW, [_DOCUMENT % "planned"]),
    ("in flight", PoStatus.NEW, [_DOCUMENT % "planned", _MESSAGE % ("create", "leased", 1)]),
    ("unknown", PoStatus.NEW, [_DOCUMENT % "unknown", _MESSAGE % ("create", "due", 1)]),
    ("accepted", PoStatus.OPEN, [_DOCUMENT % "accepted"]),
    ("accepted at last", PoStatus.OPEN, [_DOCUMENT % "canceled", _DOCUMENT % "canceled", _DOCUMENT % "accepted"]),
    ("canceling", PoStatus.CANCELED, [_DOCUMENT % "canceling"]),
    ("no document", PoStatus.OPEN, []),
    ("error", PoStatus.ERROR, []),
    ("error, unrouted", PoStatus.ERROR, ["UPDATE purchase_order SET warehouse_id = NULL WHERE id = {po}"]),
    ("archived", PoStatus.ARCHIVED, []),
    ("received", PoStatus.RECEIVED, ["UPDATE line_item SET received = quantity WHERE " + _OF_IT]),
    (
        "partly closed short",
        PoStatus.PARTIALLY_RECEIVED,
        ["UPDATE line_item SET received = 6, closed_short_quantity = 4 WHERE position = 1 AND " + _OF_IT],
    ),
    (
        "all closed short",
        PoStatus.CLOSED,
        ["UPDATE line_item SET closed_short_quantity = quantity WHERE " + _OF_IT],
    ),
    ("left out", PoStatus.OPEN, ["UPDATE line_item SET left_out_by = 'a rule' WHERE " + _OF_IT]),
    ("received before", PoStatus.OPEN, ["UPDATE line_item SET received_before = quantity WHERE " + _OF_IT]),
    ("push failed", PoStatus.OPEN, [_MESSAGE % ("status", "failed", "status_version")]),
    ("push failed twice", PoStatus.OPEN, [_MESSAGE % ("status", "failed", "status_version")] * 2),
    ("old push failed", PoStatus.OPEN, [_MESSAGE % ("status", "failed", "status_version - 1")]),
    ("push in flight", PoStatus.OPEN, [_MESSAGE % ("status", "leased", "status_version")]),
    ("old warehouse kind", PoStatus.OPEN, [_DOCUMENT % "accepted", _NO_CONNECTOR]),
]  # fmt: skip


def mixed(world: World, far: Connection) -> dict[int, str]:
    """Orders in every state that a guard tells from another, by id; the odd warehouse belongs to the last one only."""
    made = {}
    for name, status, changes in MIXED:
        connection = far if name == "old warehouse kind" else world.connection
        po = world.make.purchase_order(connection, status=status)
        alter(world, po, *changes)
        made[po.id] = name
    made |= {po.id: name for name, po in with_receipts(world).items()}
    changed = world.make.purchase_order(world.connection, status=PoStatus.OPEN)
    world.make.add(
        PendingChange(purchase_order_id=changed.id, kind="change", snapshot={}, content_digest="c", raw_digest="r")
    )
    return made | {changed.id: "changed"}


def alter(world: World, po: PurchaseOrder, *changes: str) -> None:
    """Bring an order into a state by the statements of the mixed set."""
    key = world.one("SELECT id FROM po_key WHERE purchase_order_id = %s", po.id)["id"]
    for change in changes:
        world.run_sql(change.format(po=po.id, key=key, wh=po.warehouse_id))


def with_receipts(world: World) -> dict[str, PurchaseOrder]:
    """Orders with receipts that count, that stand in the way, or that do neither."""
    made = {}
    for name, states in {
        "receipt": [ReceiptState.COMPLETED],
        "receipt in error": [ReceiptState.COMPLETED, ReceiptState.ERROR],
        "receipt archived": [ReceiptState.ARCHIVED],
    }.items():
        made[name] = world.make.purchase_order(world.connection, status=PoStatus.OPEN)
        for state in states:
            world.make.receipt(made[name], state=state)
    return made


def one_by_one(action: str, ids: list[int], reader: Reader) -> dict[int, str]:
    """What the guard says of each order when it is asked singly."""
    with unit_of_work("look") as unit:
        return {po_id: why_not(action, facts(unit.session, po_id), reader) for po_id in ids}


def test_the_plan_says_of_every_order_what_its_guard_says(world: World, far: Connection) -> None:
    # The plan has a statement of its own for the facts. This holds it to that of the single order, for every action.
    made = mixed(world, far)
    for action in ORDER_ACTIONS:
        expected = one_by_one(action, list(made), ADMIN)
        # Each by itself, so that the reason is surely that of this order.
        singly = {made[po_id]: plan(action, Chosen(ids=[po_id]), ADMIN).samples[0].why_not for po_id in made}
        assert singly == {made[po_id]: reason for po_id, reason in expected.items()}, action


@pytest.mark.parametrize("reader", [ADMIN, SUPPORT, SYSTEM], ids=lambda reader: reader.role.value)
def test_the_plan_of_a_mixed_set_adds_its_guards_up(world: World, far: Connection, reader: Reader) -> None:
    made = mixed(world, far)
    for action in ORDER_ACTIONS:
        expected = one_by_one(action, list(made), reader)
        whole = plan(action, Chosen(ids=list(made)), reader)
        reasons = Counter(reason for reason in expected.values() if reason)
        assert {skip.reason: skip.count for skip in whole.skips} == reasons, action
        assert (whole.total, whole.done) == (len(made), len(made) - reasons.total()), action
        assert {sample.id: sample.why_not for sample in whole.samples}.items() <= expected.items(), action
        assert {sample.why_not for sample in whole.samples} == set(expected.values()), action


def test_the_mixed_set_has_a_yes_and_a_no_for_every_guard(world: World, far: Connection) -> None:
    ids = list(mixed(world, far))
    answers = {action: {bool(reason) for reason in one_by_one(action, ids, ADMIN).values()} for action in ORDER_ACTIONS}
    assert answers.pop("comment") == {False}
    assert set(map(frozenset, answers.values())) == {frozenset({True, False})}


def test_the_figures_of_a_plan_are_exact(world: World, far: Connection) -> None:
    orders = [world.make.purchase_order(world.connection) for _ in range(3)]
    away = [world.make.purchase_order(world.connection, status=PoStatus.ARCHIVED) for _ in range(2)]
    other = world.make.purchase_order(far, status=PoStatus.OPEN)
    nowhere = world.make.purchase_order(world.connection, status=PoStatus.ERROR, warehouse_id=None)
    found = plan("archive", Chosen(ids=[po.id for po in (*orders, *away, other, nowhere)]), SUPPORT)
    assert (found.action, found.total, found.done) == ("archive", 7, 5)
    assert found.skips == (Skip(ARCHIVED_ALREADY, 2),)
    assert found.shares == (Share("", 1, 1), Share("EAST", 5, 3), Share("FAR", 1, 1))
    assert [(sample.id, sample.number) for sample in found.samples] == [
        (po.id, po.number) for po in (*orders, *away, other, nowhere)
    ]
    assert [sample.why_not for sample in found.samples] == ["", "", "", ARCHIVED_ALREADY, ARCHIVED_ALREADY, "", ""]
    assert [sample.warehouse for sample in found.samples] == ["EAST"] * 5 + ["FAR", ""]
    assert [sample.status for sample in found.samples] == ["new"] * 3 + ["archived"] * 2 + ["open", "error"]


def test_the_reasons_come_with_the_greatest_count_first(world: World) -> None:
    for _ in range(2):
        world.make.purchase_order(world.connection, status=PoStatus.OPEN)
    leased = world.make.purchase_order(world.connection)
    alter(world, leased, _MESSAGE % ("create", "leased", 1))
    world.make.purchase_order(world.connection)
    found = plan("delete", Chosen(), SUPPORT)
    assert found.skips == (Skip(SENT, 2), Skip(UNKNOWN, 1))
    assert (found.total, found.done) == (4, 1)


def test_a_late_order_is_shown_as_delayed(world: World) -> None:
    world.make.purchase_order(world.connection, status=PoStatus.OPEN, late_from=NOON)
    assert [sample.status for sample in plan("archive", Chosen(), SUPPORT).samples] == ["delayed"]


def test_every_reason_is_among_the_samples_before_one_has_its_second(world: World) -> None:
    # Many combinations of facts with one and the same answer, and one late order for each of two other answers.
    for number in range(24):
        po = world.make.purchase_order(world.connection, status=PoStatus.OPEN)
        if number % 3:
            world.make.receipt(po, state=ReceiptState.ERROR if number % 3 == 1 else ReceiptState.COMPLETED)
    leased = world.make.purchase_order(world.connection)
    alter(world, leased, _MESSAGE % ("create", "leased", 1))
    fine = world.make.purchase_order(world.connection)
    samples = plan("delete", Chosen(), SUPPORT).samples
    assert len(samples) == SAMPLES
    assert {sample.why_not for sample in samples} == {SENT, UNKNOWN, ""}
    assert [sample.id for sample in samples] == sorted(sample.id for sample in samples)
    assert {leased.id, fine.id} <= {sample.id for sample in samples}


def test_orders_outside_the_scope_are_not_counted_nor_named(world: World, far: Connection) -> None:
    mine = world.make.purchase_order(world.connection)
    theirs = world.make.purchase_order(far)
    limited = Reader(Role.SUPPORT, "lim", 5, frozenset({world.connection.merchant_id}), None)
    for chosen in (Chosen(ids=[mine.id, theirs.id, 10**9]), Chosen()):
        found = plan("archive", chosen, limited)
        assert (found.total, [sample.id for sample in found.samples]) == (1, [mine.id])
        assert found.shares == (Share("EAST", 1, 1),)
    assert plan("archive", Chosen(ids=[theirs.id]), limited).total == 0


def test_a_partner_counts_what_was_sent_to_the_own_warehouse(world: World, far: Connection) -> None:
    sent = world.make.purchase_order(world.connection, status=PoStatus.OPEN)
    world.make.purchase_order(world.connection)
    world.make.purchase_order(far, status=PoStatus.OPEN)
    partner = Reader(Role.PARTNER, "pat", 3, None, frozenset({world.warehouse.id}))
    found = plan("comment", Chosen(), partner)
    assert (found.total, found.done, [sample.id for sample in found.samples]) == (1, 1, [sent.id])
    assert plan("comment", Chosen(), Reader(Role.PARTNER, "new", 9)).total == 0


def test_a_role_that_may_not_act_is_told_so_for_every_order(world: World) -> None:
    world.make.purchase_order(world.connection)
    merchant = Reader(Role.MERCHANT, "mia", 4, frozenset({world.connection.merchant_id}), None)
    assert plan("archive", Chosen(), merchant).skips == (
        Skip("You may look at purchase orders, but not change them.", 1),
    )
    world.make.purchase_order(world.connection, status=PoStatus.OPEN)
    refused = plan("force_delete", Chosen(), SUPPORT).skips
    assert refused == (Skip("Only an admin may delete a purchase order that was sent.", 2),)


def test_conditions_choose_and_ids_choose_and_both_choose_less(world: World) -> None:
    fresh = world.make.purchase_order(world.connection)
    opened = [world.make.purchase_order(world.connection, status=PoStatus.OPEN) for _ in range(3)]
    is_open = (PurchaseOrder.status == PoStatus.OPEN,)
    assert plan("comment", Chosen(conditions=is_open), ADMIN).total == 3
    assert plan("comment", Chosen(ids=[fresh.id, opened[0].id]), ADMIN).total == 2
    assert plan("comment", Chosen(ids=[fresh.id, opened[0].id], conditions=is_open), ADMIN).total == 1
    assert plan("comment", Chosen(ids=[]), ADMIN).total == 0


def test_a_plan_of_nothing_is_empty(world: World) -> None:
    assert plan("archive", Chosen(), ADMIN) == Plan("archive", 0, 0, (), (), ())


def test_a_plan_changes_nothing_and_leaves_no_table(world: World) -> None:
    po = world.make.purchase_order(world.connection)
    before = (world.po(po.number), world.rows("SELECT * FROM run"), world.rows("SELECT * FROM bulk_item"))
    for _ in range(2):
        plan("archive", Chosen(), ADMIN)
    with unit_of_work("look") as unit:
        assert unit.scalar("SELECT to_regclass('bulk_chosen')") is None
    assert (world.po(po.number), world.rows("SELECT * FROM run"), world.rows("SELECT * FROM bulk_item")) == before


def test_choosing_counts_each_order_once(world: World) -> None:
    orders = [world.make.purchase_order(world.connection) for _ in range(2)]
    ids = [orders[0].id, orders[1].id, orders[0].id]
    with unit_of_work("choose") as unit:
        assert choose(unit, Chosen(ids=ids), ADMIN) == 2
        assert unit.rows("SELECT id FROM bulk_chosen ORDER BY id") == [(orders[0].id,), (orders[1].id,)]


def test_a_plan_costs_the_same_statements_for_few_and_many(world: World) -> None:
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(Database.engine(), "before_cursor_execute", note)
    counts: list[int] = []
    for _ in range(2):
        for status in (PoStatus.NEW, PoStatus.OPEN, PoStatus.ARCHIVED, PoStatus.ERROR):
            world.make.purchase_order(world.connection, status=status, step=Step.NONE)
        sent.clear()
        assert plan("close_short", Chosen(), ADMIN).done == len(counts) + 1
        counts.append(len(sent))
    assert counts == [7, 7]
