"""The wall in the session of pages: no statement passes it that shows or changes a row outside the reader's scope."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import ColumnElement, and_, delete, exists, func, insert, or_, select, text, update
from sqlalchemy.orm import aliased, joinedload, selectinload, subqueryload, undefer

from app.domain.people import Reader, Role
from app.extensions import db
from app.models import LineItem, Merchant, PurchaseOrder, Receipt, ReceiptLine, Store
from app.security.reader import READER_OPTION, set_reader
from app.security.wall import WallError
from tests.security.worlds import MINE, THEIRS, Worlds


def as_reader(app: Flask, reader: Reader | None, ask: Callable[[Any], Any]) -> Any:
    """Ask something in a fresh context, as a request does."""
    with app.app_context():
        if reader is not None:
            set_reader(reader)
        try:
            return ask(db.session)
        finally:
            db.session.rollback()


# Each of these counts orders, lines or receipts in a way of its own; both worlds hold one of each.
WAYS: dict[str, Callable[[Any], int]] = {
    "rows": lambda s: len(s.scalars(select(PurchaseOrder)).all()),
    "columns": lambda s: len(s.execute(select(PurchaseOrder.id, PurchaseOrder.number)).all()),
    "count": lambda s: s.scalar(select(func.count()).select_from(PurchaseOrder)),
    "count of a column": lambda s: s.scalar(select(func.count(PurchaseOrder.id))),
    "count of a subquery": lambda s: s.scalar(
        select(func.count()).select_from(select(PurchaseOrder.id).limit(9).subquery())
    ),
    "query": lambda s: s.query(PurchaseOrder).count(),
    "alias": lambda s: len(s.scalars(select(aliased(PurchaseOrder))).all()),
    "alias of a subquery": lambda s: len(
        s.scalars(select(aliased(PurchaseOrder, select(PurchaseOrder).subquery()))).all()
    ),
    "cte": lambda s: len(s.execute(select(select(PurchaseOrder.id).cte())).all()),
    "join": lambda s: len(s.execute(select(LineItem.id).join(LineItem.purchase_order)).all()),
    "join of children": lambda s: len(s.execute(select(PurchaseOrder.id).join(PurchaseOrder.lines)).all()),
    "group": lambda s: len(s.execute(select(PurchaseOrder.merchant_id).group_by(PurchaseOrder.merchant_id)).all()),
    "in subquery": lambda s: len(
        s.scalars(select(Merchant).where(Merchant.id.in_(select(PurchaseOrder.merchant_id)))).all()
    ),
    "exists": lambda s: len(
        s.scalars(select(Merchant).where(exists().where(PurchaseOrder.merchant_id == Merchant.id))).all()
    ),
    "children": lambda s: len(s.scalars(select(LineItem)).all()),
    "grandchildren": lambda s: len(s.scalars(select(ReceiptLine)).all()),
    "update": lambda s: s.execute(update(PurchaseOrder).values(currency="XXX")).rowcount,
    "update of children": lambda s: s.execute(update(LineItem).values(name="x")).rowcount,
    "delete": lambda s: s.execute(delete(Receipt)).rowcount,
    "query update": lambda s: s.query(PurchaseOrder).update({"currency": "XXX"}, synchronize_session=False),
    "query delete": lambda s: s.query(Receipt).delete(synchronize_session=False),
}


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.PARTNER, Role.MERCHANT])
@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_ask_finds_the_own_world_only(walled: Flask, worlds: Worlds, way: str, role: Role) -> None:
    assert as_reader(walled, worlds.reader(role), WAYS[way]) == 1


@pytest.mark.parametrize("way", WAYS)
def test_without_a_reader_nothing_is_found(walled: Flask, worlds: Worlds, way: str) -> None:
    assert as_reader(walled, None, WAYS[way]) == 0


@pytest.mark.parametrize("way", WAYS)
def test_an_admin_finds_both_worlds(walled: Flask, worlds: Worlds, way: str) -> None:
    assert as_reader(walled, worlds.reader(Role.ADMIN), WAYS[way]) == 2


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.PARTNER, Role.MERCHANT])
def test_get_by_key_finds_the_own_and_not_the_other(walled: Flask, worlds: Worlds, role: Role) -> None:
    mine, theirs = worlds.orders[MINE].id, worlds.orders[THEIRS].id
    found = as_reader(
        walled,
        worlds.reader(role),
        lambda s: (s.get(PurchaseOrder, mine) is not None, s.get(PurchaseOrder, theirs) is not None),
    )
    assert found == (True, False)


@pytest.mark.parametrize(
    "load",
    [
        joinedload(PurchaseOrder.store),
        selectinload(PurchaseOrder.store),
        subqueryload(PurchaseOrder.store),
    ],
    ids=["joined", "selectin", "subquery"],
)
def test_a_relation_outside_the_scope_is_loaded_as_none(walled: Flask, worlds: Worlds, load: Any) -> None:
    def ask(session: Any) -> Any:
        order = session.scalars(select(PurchaseOrder).options(load)).unique().one()
        return order.store, order.id

    assert as_reader(walled, worlds.reader(Role.PARTNER), ask) == (None, worlds.orders[MINE].id)
    store, _ = as_reader(walled, worlds.reader(Role.MERCHANT), ask)
    assert isinstance(store, Store)


def test_a_search_for_the_other_worlds_number_finds_nothing(walled: Flask, worlds: Worlds) -> None:
    number = worlds.orders[THEIRS].number
    wanted: ColumnElement[bool] = or_(PurchaseOrder.number == number, and_(PurchaseOrder.number == number))
    query = select(PurchaseOrder.id).where(wanted)
    assert as_reader(walled, worlds.reader(Role.PARTNER), lambda s: s.scalars(query).all()) == []


REFUSED = {
    "core table": select(PurchaseOrder.__table__.c.id),
    "core update": update(PurchaseOrder.__table__).values(currency="X"),
    "core delete": delete(Receipt.__table__),
    "core insert": insert(Merchant.__table__).values(name="x"),
    "insert": insert(Merchant).values(name="x"),
    "text": text("SELECT id FROM purchase_order"),
    "text as rows": select(PurchaseOrder).from_statement(text("SELECT * FROM purchase_order")),
    "union": select(PurchaseOrder.id).union_all(select(PurchaseOrder.id)),
    "union of aliases": select(aliased(PurchaseOrder).id).union(select(Receipt.id)),
    "bare exists": select(exists().where(PurchaseOrder.id > 0)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_limited_is_refused_even_to_an_admin(walled: Flask, worlds: Worlds, name: str) -> None:
    statement: Any = REFUSED[name]
    with pytest.raises(WallError):
        as_reader(walled, worlds.reader(Role.ADMIN), lambda s: s.execute(statement))


def test_only_the_named_reader_of_a_statement_passes_it(walled: Flask, worlds: Worlds) -> None:
    system = {READER_OPTION: worlds.reader(Role.SYSTEM)}
    ask = lambda s: len(s.scalars(select(PurchaseOrder), execution_options=system).all())  # noqa: E731
    assert as_reader(walled, worlds.reader(Role.PARTNER), ask) == 2
    wrong = {READER_OPTION: "admin"}
    ask = lambda s: len(s.scalars(select(PurchaseOrder), execution_options=wrong).all())  # noqa: E731
    assert as_reader(walled, worlds.reader(Role.PARTNER), ask) == 1


def change(session: Any) -> None:
    """Change a loaded row and flush."""
    session.scalars(select(PurchaseOrder)).first().currency = "XXX"
    session.flush()


def remove(session: Any) -> None:
    """Delete a loaded row and flush."""
    session.delete(session.scalars(select(Merchant)).first())
    session.flush()


def bring(session: Any) -> None:
    """Add a new row and flush."""
    session.add(Merchant(name="New"))
    session.flush()


@pytest.mark.parametrize("write", [change, remove, bring])
def test_nothing_of_ours_is_written_through_the_session_of_a_page(walled: Flask, worlds: Worlds, write: Any) -> None:
    with pytest.raises(WallError, match="written by a service"):
        as_reader(walled, worlds.reader(Role.ADMIN), write)


@pytest.mark.parametrize(
    ("role", "cost", "total"),
    [
        (Role.ADMIN, Decimal("2.50"), Decimal(25)),
        (Role.SUPPORT, Decimal("2.50"), Decimal(25)),
        (Role.MERCHANT, Decimal("2.50"), Decimal(25)),
        (Role.PARTNER, None, None),
    ],
)
def test_costs_are_never_loaded_for_a_partner(
    walled: Flask, worlds: Worlds, role: Role, cost: Decimal | None, total: Decimal | None
) -> None:
    def ask(session: Any) -> Any:
        query = select(PurchaseOrder).options(selectinload(PurchaseOrder.lines), undefer(PurchaseOrder.snapshot))
        order = session.scalars(query.where(PurchaseOrder.id == worlds.orders[MINE].id)).one()
        session.refresh(order, ["total_cost", "snapshot"])
        return order.lines[0].unit_cost, order.total_cost, order.snapshot is None

    assert as_reader(walled, worlds.reader(role), ask) == (cost, total, role is Role.PARTNER)


def test_what_a_rule_or_a_person_may_have_written_is_not_loaded_for_a_partner(walled: Flask, make: Any) -> None:
    connection = make.connection()
    words = {"notes": "by a rule", "status_reason": "by a person", "held_by": "a rule"}
    make.purchase_order(connection, status="open", **words)

    def ask(session: Any) -> Any:
        order = session.scalars(select(PurchaseOrder)).one()
        return {name: getattr(order, name) for name in words}

    partner = Reader(Role.PARTNER, "Pat", 1, None, frozenset({connection.warehouse_id}))
    merchant = Reader(Role.MERCHANT, "Max", 2, frozenset({connection.merchant_id}), None)
    assert as_reader(walled, partner, ask) == dict.fromkeys(words)
    assert as_reader(walled, merchant, ask) == words


def test_a_masked_cost_does_not_come_back_by_a_deferred_load(walled: Flask, worlds: Worlds) -> None:
    def ask(session: Any) -> Any:
        order = session.scalars(select(PurchaseOrder)).one()
        session.expire(order, ["total_cost"])
        return order.total_cost, order.edits, order.snapshot

    assert as_reader(walled, worlds.reader(Role.PARTNER), ask) == (None, None, None)


def test_the_wall_stands_once_however_often_it_is_built(walled: Flask, worlds: Worlds) -> None:
    from app.security.wall import build

    build(db.session)
    statement = select(PurchaseOrder.id)
    assert as_reader(walled, worlds.reader(Role.PARTNER), lambda s: len(s.scalars(statement).all())) == 1
