"""Who reads: the role that counts, and the scope from the person's rows, at one statement."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask_appbuilder.security.sqla.models import Group, User
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.domain.people import NOBODY, Reader, Role
from app.extensions import db
from app.security.reader import current_reader, reader_for, role_name, role_of, set_reader
from tests.factories import Factory


@pytest.mark.parametrize(
    ("names", "role"),
    [
        (["Admin", "Merchant"], Role.ADMIN),
        (["Merchant", "Support"], Role.SUPPORT),
        (["Warehouse Partner", "Merchant"], Role.PARTNER),
        (["Merchant"], Role.MERCHANT),
        (["Rule editor"], Role.NOBODY),
        (["admin"], Role.NOBODY),
        (["Administrator"], Role.NOBODY),
        ([], Role.NOBODY),
    ],
)
def test_the_role_that_counts(names: list[str], role: Role) -> None:
    assert role_of(names) is role


def test_roles_have_names_that_people_read() -> None:
    assert [role_name(role) for role in Role] == ["Admin", "Support", "Warehouse Partner", "Merchant", "", ""]


def reader_of(walled: Flask, user: Any) -> tuple[Reader, int]:
    """The reader for a user, and how many statements it took once the user was loaded."""
    statements: list[str] = []
    with walled.app_context():
        row = db.session.scalars(select(User).where(User.id == user.id)).one()
        assert (len(row.roles), len(row.groups)) >= (0, 0)
        event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
        return reader_for(row, db.session), len(statements)


def test_an_admin_is_not_limited_and_costs_no_statement(walled: Flask, make: Factory) -> None:
    user = make.user(Role.ADMIN, merchants=[make.merchant()])
    reader, statements = reader_of(walled, user)
    assert reader == Reader(Role.ADMIN, user.get_full_name(), user.id, None, None)
    assert statements == 0


def test_the_scope_comes_from_the_users_rows_in_one_statement(walled: Flask, make: Factory) -> None:
    merchants, warehouses = [make.merchant(), make.merchant()], [make.warehouse()]
    expected = {
        Role.SUPPORT: (frozenset(row.id for row in merchants), None),
        Role.PARTNER: (None, frozenset(row.id for row in warehouses)),
        Role.MERCHANT: (frozenset(row.id for row in merchants), None),
    }
    for role, scope in expected.items():
        user = make.user(role, merchants=merchants, warehouses=warehouses)
        reader, statements = reader_of(walled, user)
        assert (reader.role, reader.merchant_ids, reader.warehouse_ids) == (role, *scope)
        assert statements == 1


def test_a_new_partner_and_a_new_merchant_have_an_empty_scope_and_new_support_an_open_one(
    walled: Flask, make: Factory
) -> None:
    partner, _ = reader_of(walled, make.user(Role.PARTNER))
    merchant, _ = reader_of(walled, make.user(Role.MERCHANT))
    support, _ = reader_of(walled, make.user(Role.SUPPORT))
    assert (partner.warehouse_ids, merchant.merchant_ids) == (frozenset(), frozenset())
    assert support.unlimited


def test_a_role_given_by_a_group_counts(walled: Flask, make: Factory) -> None:
    user = make.user("Guest")
    other = make.user(Role.SUPPORT)
    with Session(make.engine) as session:
        group = Group(name="Desk")
        session.add(group)
        session.flush()
        group.users.append(session.get_one(User, user.id))
        group.roles.extend(session.get_one(User, other.id).roles)
        session.commit()
    reader, _ = reader_of(walled, user)
    assert reader.role is Role.SUPPORT


def test_without_a_role_of_ours_a_user_is_nobody(walled: Flask, make: Factory) -> None:
    user = make.user("Guest", merchants=[make.merchant()])
    reader, _ = reader_of(walled, user)
    assert reader == Reader(Role.NOBODY, user.get_full_name(), user.id)


def test_nobody_reads_where_no_reader_was_set(walled: Flask) -> None:
    assert current_reader() is NOBODY
    with walled.app_context():
        assert current_reader() is NOBODY
        reader = Reader(Role.MERCHANT, "Max", 1)
        set_reader(reader)
        assert current_reader() is reader
    with walled.app_context():
        assert current_reader() is NOBODY
