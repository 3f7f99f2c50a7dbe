"""Every table against every role: what is seen, and that nothing else is."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.people import NOBODY, Reader, Role
from app.domain.states import PoStatus
from app.models import Activity, BulkItem, Merchant, PurchaseOrder, Receipt, Run, SavedView, Scope, Table, Warehouse
from app.security.scope import criteria
from app.security.wall import models
from tests.factories import Factory
from tests.security.worlds import MINE, THEIRS, Worlds

BOTH = {MINE, THEIRS}
ONE = {MINE}
NONE: set[str] = set()

# Table: what an Admin, support limited to the first world's merchant, its partner and its merchant see.
SEEN = {
    "activity": (BOTH, ONE, ONE, ONE),
    "allocation": (BOTH, ONE, ONE, ONE),
    "bulk_item": (BOTH, ONE, NONE, NONE),
    "connection": (BOTH, ONE, NONE, NONE),
    "default_view": (ONE, ONE, ONE, ONE),
    "delivery": (BOTH, ONE, NONE, NONE),
    "delivery_attempt": (BOTH, ONE, NONE, NONE),
    "document": (NONE, NONE, NONE, NONE),
    "heartbeat": (NONE, NONE, NONE, NONE),
    "judgement": (BOTH, ONE, NONE, ONE),
    "line_item": (BOTH, ONE, ONE, ONE),
    "merchant": (BOTH, ONE, ONE, ONE),
    "merchant_at_warehouse": (BOTH, ONE, NONE, NONE),
    "pending_change": (BOTH, ONE, NONE, ONE),
    "po_key": (NONE, NONE, NONE, NONE),
    "purchase_order": (BOTH, ONE, ONE, ONE),
    "receipt": (BOTH, ONE, ONE, ONE),
    "receipt_line": (BOTH, ONE, ONE, ONE),
    "reported_total": (NONE, NONE, NONE, NONE),
    "rule": (BOTH, BOTH, NONE, NONE),
    "rule_version": (BOTH, BOTH, NONE, NONE),
    "run": (BOTH, ONE, NONE, NONE),
    "run_failure": (BOTH, ONE, NONE, NONE),
    "saved_view": (ONE, ONE, ONE, ONE),
    "schedule": (NONE, NONE, NONE, NONE),
    "source_document": (NONE, NONE, NONE, NONE),
    "store": (BOTH, ONE, NONE, ONE),
    "user_scope": (NONE, NONE, NONE, NONE),
    "warehouse": (BOTH, ONE, ONE, ONE),
}
ROLES = (Role.ADMIN, Role.SUPPORT, Role.PARTNER, Role.MERCHANT)


def seen(worlds: Worlds, model: type[Table], reader: Reader) -> set[str]:
    """The worlds whose rows of a table a reader sees."""
    condition = criteria(model, reader)
    query = select(model) if condition is None else select(model).where(condition)
    with Session(worlds.make.engine) as session:
        rows = list(session.scalars(query))
        return {worlds.names.get((model.__tablename__, getattr(row, "id", 0)), "unnamed") for row in rows}


def test_every_table_declares_a_scope_and_is_in_the_list() -> None:
    assert {model.__tablename__ for model in models()} == set(SEEN)
    assert {type(model.__scope__) for model in models()} == {Scope}


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__tablename__)
def test_each_role_sees_its_own_rows_and_no_other(worlds: Worlds, model: type[Table]) -> None:
    found = tuple(seen(worlds, model, worlds.reader(role)) for role in ROLES)
    assert found == SEEN[model.__tablename__]
    assert seen(worlds, model, NOBODY) == NONE
    assert len(seen(worlds, model, worlds.reader(Role.SYSTEM))) >= 1


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.PARTNER, Role.MERCHANT])
def test_a_reader_without_a_merchant_or_warehouse_sees_nothing_of_anybody(worlds: Worlds, role: Role) -> None:
    nothing: frozenset[int] = frozenset()
    reader = Reader(role, "new", 999, nothing, nothing)
    # Rules are not divided by merchant: support staff see them all.
    expected = {"rule", "rule_version"} if role is Role.SUPPORT else set()
    assert {model.__tablename__ for model in models() if seen(worlds, model, reader)} == expected


def test_partner_and_merchant_ids_of_none_are_not_taken_as_unlimited(worlds: Worlds) -> None:
    for role in (Role.PARTNER, Role.MERCHANT):
        reader = Reader(role, "odd", 999, None, None)
        assert seen(worlds, PurchaseOrder, reader) == NONE
        assert seen(worlds, Receipt, reader) == NONE


def test_support_without_merchants_sees_all(worlds: Worlds) -> None:
    reader = Reader(Role.SUPPORT, "Sue", 999, None, None)
    assert seen(worlds, PurchaseOrder, reader) == BOTH
    assert seen(worlds, Warehouse, reader) == BOTH


@pytest.mark.parametrize(("sent", "visible"), [(True, 1), (False, 0)])
def test_a_partner_sees_an_order_only_once_it_was_sent(make: Factory, sent: bool, visible: int) -> None:
    connection = make.connection()
    make.purchase_order(connection, status=PoStatus.NEW, sent=sent)
    reader = Reader(Role.PARTNER, "Pat", 1, None, frozenset({connection.warehouse_id}))
    assert count(make, PurchaseOrder, reader) == visible


def test_a_receipt_that_found_no_order_is_seen_by_its_warehouse_and_not_by_merchants(make: Factory) -> None:
    connection = make.connection()
    make.receipt(None, warehouse_id=connection.warehouse_id)
    partner = Reader(Role.PARTNER, "Pat", 1, None, frozenset({connection.warehouse_id}))
    merchant = Reader(Role.MERCHANT, "Max", 2, frozenset({connection.merchant_id}), None)
    limited = Reader(Role.SUPPORT, "Sue", 3, frozenset({connection.merchant_id}), None)
    support = Reader(Role.SUPPORT, "Sam", 4, None, None)
    assert [count(make, Receipt, reader) for reader in (partner, merchant, limited, support)] == [1, 0, 0, 1]


def test_a_partner_reads_only_the_kinds_that_are_meant_for_partners(make: Factory) -> None:
    connection = make.connection()
    order = make.purchase_order(connection, status=PoStatus.OPEN)
    for kind in ("accepted", "judged", "edited", "held", "pushed", "send_failed", "comment", "no such kind"):
        make.activity(order, kind)
    partner = Reader(Role.PARTNER, "Pat", 1, None, frozenset({connection.warehouse_id}))
    with Session(make.engine) as session:
        condition = criteria(Activity, partner)
        assert condition is not None
        assert sorted(session.scalars(select(Activity.kind).where(condition))) == ["accepted", "comment"]
    merchant = Reader(Role.MERCHANT, "Max", 2, frozenset({connection.merchant_id}), None)
    assert count(make, Activity, merchant) == 8


def test_a_shared_view_is_seen_by_all_staff_and_an_own_one_by_its_owner(make: Factory) -> None:
    owner, other = make.user(Role.SUPPORT), make.user(Role.SUPPORT)
    make.add(SavedView(user_id=owner.id, page="p", name="own", query={}))
    make.add(SavedView(user_id=owner.id, page="p", name="shared", query={}, shared=True))
    views = [Reader(Role.SUPPORT, "x", user.id, None, None) for user in (owner, other)]
    assert [count(make, SavedView, reader) for reader in views] == [2, 1]
    # A shared name may tell of other merchants: whoever is limited by role sees none.
    outside = [Reader(role, "y", other.id, frozenset({1}), frozenset({1})) for role in (Role.PARTNER, Role.MERCHANT)]
    assert [count(make, SavedView, reader) for reader in outside] == [0, 0]


def test_a_bulk_job_is_seen_by_who_started_it_and_by_staff_without_limits(make: Factory) -> None:
    person = make.user(Role.SUPPORT)
    run = make.add(Run(kind="bulk", started_by="x", user_id=person.id))
    make.add(BulkItem(run_id=run.id, purchase_order_id=1, number="PO-1"))
    readers = {
        "own": Reader(Role.SUPPORT, "x", person.id, frozenset({1}), None),
        "other limited": Reader(Role.SUPPORT, "y", person.id + 1, frozenset({1}), None),
        "support": Reader(Role.SUPPORT, "z", person.id + 2, None, None),
        "merchant": Reader(Role.MERCHANT, "m", person.id + 3, frozenset({1}), None),
        "partner": Reader(Role.PARTNER, "p", person.id + 4, None, frozenset({1})),
    }
    seen_by = {name: (count(make, Run, reader), count(make, BulkItem, reader)) for name, reader in readers.items()}
    assert seen_by == {
        "own": (1, 1), "other limited": (0, 0), "support": (1, 1), "merchant": (0, 0), "partner": (0, 0),
    }  # fmt: skip


def test_a_partner_knows_the_merchants_that_have_an_account_at_its_warehouse(make: Factory) -> None:
    warehouse, elsewhere = make.warehouse(), make.warehouse()
    here, there = make.merchant(), make.merchant()
    make.account(here, warehouse)
    make.account(there, elsewhere)
    partner = Reader(Role.PARTNER, "Pat", 1, None, frozenset({warehouse.id}))
    condition = criteria(Merchant, partner)
    assert condition is not None
    with Session(make.engine) as session:
        assert list(session.scalars(select(Merchant.name).where(condition))) == [here.name]


def count(make: Factory, model: type[Table], reader: Reader) -> int:
    """How many rows of a table a reader sees."""
    condition = criteria(model, reader)
    with Session(make.engine) as session:
        query = select(model) if condition is None else select(model).where(condition)
        return len(list(session.scalars(query)))
