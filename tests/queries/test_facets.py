"""Counts of choices: exact below the cap, stopped at it above, within the scope and under all other filters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from app.domain.people import Reader, Role
from app.domain.states import DISPLAY, PoStatus
from app.models import Connection, PurchaseOrder, Step
from app.queries.facets import Counts, Facet, count
from app.queries.listing import Ask, find
from app.queries.order_filters import CAUSE, LATE, WAITS
from app.queries.orders import ORDERS
from tests.factories import NOON, Factory
from tests.servers import Database

ADMIN = Reader(Role.ADMIN, "Ada", 1, None, None)
STATUS = Facet("status", tuple(DISPLAY))
VALUES = {"status": tuple(DISPLAY), "late": tuple(LATE), "cause": tuple(CAUSE), "waits": tuple(WAITS)}
LATE_FROM = NOON - timedelta(days=7)


@dataclass(frozen=True)
class World:
    """Two merchants' orders: `mine` has eight, `theirs` has two."""

    engine: Engine
    mine: Connection
    theirs: Connection

    def count(self, facet: Facet, ask: Ask | None = None, reader: Reader = ADMIN, cap: int | None = None) -> Counts:
        """Count one filter."""
        with Session(self.engine) as session:
            return count(session, ORDERS, ask or Ask(NOON), reader, facet, cap=cap)

    def id_of(self, name: str) -> str:
        """The id by which one's own side is chosen."""
        return str(getattr(self.mine, "id" if name == "connection" else f"{name}_id"))


@pytest.fixture
def world(db: Database, make: Factory) -> World:
    """Orders of many kinds."""
    mine, theirs = make.connection(), make.connection()
    for late_from in (LATE_FROM, NOON, NOON + timedelta(days=1), None):
        make.purchase_order(mine, status=PoStatus.OPEN, late_from=late_from)
    make.purchase_order(mine, status=PoStatus.PARTIALLY_RECEIVED, late_from=LATE_FROM, buyer_name="Kim")
    make.purchase_order(mine, status=PoStatus.ERROR, failed_step="send", late_from=LATE_FROM)
    make.purchase_order(mine, status=PoStatus.ERROR, edited=True)
    make.purchase_order(mine, status=PoStatus.NEW, step=Step.HOLD, edited=True, late_from=LATE_FROM, warehouse_id=None)
    make.purchase_order(theirs, status=PoStatus.OPEN, buyer_name="Kim")
    make.purchase_order(theirs, status=PoStatus.ARCHIVED)
    return World(db.engine, mine, theirs)


def shown(counts: Counts) -> dict[str, str]:
    """The counts as people read them, without zeros."""
    return {value: f"{rows}{'+' if value in counts.more else ''}" for value, rows in counts.rows.items() if rows}


def test_each_order_counts_once_among_the_nine_statuses(world: World) -> None:
    counts = world.count(STATUS)
    assert counts.rows == {
        "new": 1, "open": 3, "partially_received": 0, "delayed": 3, "received": 0, "error": 2, "closed": 0,
        "canceled": 0, "archived": 1,
    }  # fmt: skip
    assert counts.more == frozenset()


@pytest.mark.parametrize(
    ("facet", "chosen", "expected"),
    [
        ("late", {}, {"past_due": "4", "1": "3", "3": "2", "7": "2"}),
        ("late", {"status": ("delayed",)}, {"past_due": "3", "1": "3", "3": "2", "7": "2"}),
        ("cause", {}, {"send": "1", "other": "1"}),
        ("cause", {"waits": ("edited",)}, {"other": "1"}),
        ("waits", {}, {"edited": "2", "held": "1"}),
        ("waits", {"status": ("new",)}, {"edited": "1", "held": "1"}),
        ("waits", {"status": ("new",), "waits": ("change",)}, {"edited": "1", "held": "1"}),
        ("status", {"status": ("archived",)}, {"new": "1", "open": "3", "delayed": "3", "error": "2", "archived": "1"}),
        ("status", {"waits": ("edited",)}, {"new": "1", "error": "1"}),
        ("status", {"late": ("past_due",), "status": ("open",)}, {"new": "1", "delayed": "3"}),
        ("status", {"cause": ("nonsense",)}, {}),
    ],
)
def test_a_count_ignores_its_own_filter_and_respects_the_others(
    world: World, facet: str, chosen: dict[str, tuple[str, ...]], expected: dict[str, str]
) -> None:
    counts = world.count(Facet(facet, VALUES[facet]), Ask(NOON, chosen=chosen))
    assert shown(counts) == expected
    assert set(counts.rows) == set(VALUES[facet])


@pytest.mark.parametrize("facet", ["status", "late", "cause", "waits"])
def test_a_count_is_what_the_list_would_find(world: World, facet: str) -> None:
    others = {"status": {"waits": ("edited",)}}.get(facet, {"status": ("open", "delayed", "error", "new")})
    counts = world.count(Facet(facet, VALUES[facet]), Ask(NOON, chosen=others))
    with Session(world.engine) as session:
        listed = {
            value: find(session, ORDERS, Ask(NOON, chosen={**others, facet: (value,)})).count for value in VALUES[facet]
        }
    assert counts.rows == listed


@pytest.mark.parametrize("name", ["connection", "store", "merchant", "warehouse"])
def test_names_come_with_their_counts(world: World, name: str) -> None:
    counts = world.count(Facet(name, looked_up=True))
    mine = world.id_of(name)
    assert counts.rows[mine] == (7 if name == "warehouse" else 8)
    assert sum(counts.rows.values()) == (9 if name == "warehouse" else 10)
    assert [str(number) for number, _ in counts.names] == list(counts.rows)
    assert [label.lower() for _, label in counts.names] == sorted(label.lower() for _, label in counts.names)


def scoped(world: World, role: Role) -> Reader:
    """A reader of one's own side only."""
    if role is Role.PARTNER:
        return Reader(role, "Pia", 2, None, frozenset({world.mine.warehouse_id}))
    return Reader(role, "Sam", 2, frozenset({world.mine.merchant_id}), None)


@pytest.mark.parametrize("cap", [100, 1])
@pytest.mark.parametrize(("role", "new"), [(Role.SUPPORT, 1), (Role.MERCHANT, 1), (Role.PARTNER, 0)])
def test_counts_and_names_keep_to_the_readers_scope(world: World, role: Role, new: int, cap: int) -> None:
    reader = scoped(world, role)
    by_status = world.count(STATUS, reader=reader, cap=cap)
    assert by_status.rows["archived"] == 0
    # A partner sees what was sent only.
    assert by_status.rows["new"] == new
    named = world.count(Facet("merchant", looked_up=True), reader=reader, cap=cap)
    assert [number for number, _ in named.names] == [world.mine.merchant_id]
    assert set(named.rows) == {str(world.mine.merchant_id)}


@pytest.mark.parametrize("role", [Role.PARTNER, Role.MERCHANT, Role.NOBODY])
def test_who_sees_nothing_counts_nothing(world: World, role: Role) -> None:
    for cap in (100, 0):
        counts = world.count(STATUS, reader=Reader(role, "Nil", 3), cap=cap)
        assert set(counts.rows.values()) == {0}
        assert world.count(Facet("merchant", looked_up=True), reader=Reader(role, "Nil", 3), cap=cap).names == []


@pytest.mark.parametrize(
    ("cap", "expected"),
    [
        (10, {"new": "1", "open": "3", "delayed": "3", "error": "2", "archived": "1"}),
        (9, {"new": "1", "open": "3", "delayed": "3", "error": "2", "archived": "1"}),
        (3, {"new": "1", "open": "3", "delayed": "3", "error": "2", "archived": "1"}),
        (2, {"new": "1", "open": "2+", "delayed": "2+", "error": "2", "archived": "1"}),
        (1, {"new": "1", "open": "1+", "delayed": "1+", "error": "1+", "archived": "1"}),
    ],
)
def test_beyond_the_cap_each_choice_is_counted_up_to_it(world: World, cap: int, expected: dict[str, str]) -> None:
    assert shown(world.count(STATUS, cap=cap)) == expected


@pytest.mark.parametrize(("facet", "most"), [("late", "2+"), ("merchant", "2+")])
def test_the_other_kinds_of_filters_stop_at_the_cap_too(world: World, facet: str, most: str) -> None:
    about = Facet(facet, VALUES.get(facet, ()), looked_up=facet == "merchant")
    counts = shown(world.count(about, cap=2))
    assert counts["past_due" if facet == "late" else world.id_of(facet)] == most


def test_beside_a_search_the_sample_tells_at_least_how_many(world: World) -> None:
    exact = world.count(STATUS, Ask(NOON, search="Kim"), cap=2)
    assert shown(exact) == {"open": "1", "delayed": "1"}
    counts = world.count(STATUS, Ask(NOON, search="PO-"), cap=4)
    assert sum(counts.rows.values()) == 5
    assert counts.more == set(counts.rows)
    assert all(counts.rows.values())


@pytest.mark.parametrize(
    ("facet", "ask", "cap", "sent"),
    [
        (STATUS, Ask(NOON), 100, 1),
        (STATUS, Ask(NOON), 3, 2),
        (STATUS, Ask(NOON, search="PO-"), 3, 1),
        (Facet("merchant", looked_up=True), Ask(NOON), 100, 1),
        (Facet("merchant", looked_up=True), Ask(NOON), 3, 2),
        (Facet("late", tuple(LATE)), Ask(NOON), 100, 1),
    ],
)
def test_counting_costs_two_statements_at_most(world: World, facet: Facet, ask: Ask, cap: int, sent: int) -> None:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(world.engine, "before_cursor_execute", note)
    try:
        world.count(facet, ask, cap=cap)
    finally:
        event.remove(world.engine, "before_cursor_execute", note)
    assert len(statements) == sent
    # Never a whole table: whatever is counted was limited before.
    assert all("LIMIT" in statement for statement in statements)


def test_nothing_to_choose_from_is_nothing_to_count(db: Database, make: Factory) -> None:
    with Session(db.engine) as session:
        for cap in (10, 0):
            counts = count(session, ORDERS, Ask(NOON), ADMIN, Facet("merchant", looked_up=True), cap=cap)
            assert (counts.rows, counts.names) == ({}, [])
    order: PurchaseOrder = make.purchase_order()
    with Session(db.engine) as session:
        counts = count(session, ORDERS, Ask(NOON), ADMIN, Facet("merchant", looked_up=True), cap=0)
    assert counts.rows == {str(order.merchant_id): 0}
    assert counts.more == {str(order.merchant_id)}
