"""Who is signed in, as a `Reader`: the role from the person's roles, the scope from the person's rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from flask import g, has_app_context
from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session

from app.domain.people import NOBODY, SYSTEM, Reader, Role
from app.models import UserScope

ROLE_NAMES: Final[dict[str, Role]] = {
    "Admin": Role.ADMIN,
    "Support": Role.SUPPORT,
    "Warehouse Partner": Role.PARTNER,
    "Merchant": Role.MERCHANT,
}
"""The four roles by the name under which an Admin gives them. Who has several reads as the first of this order."""

READER_OPTION: Final = "inlet_reader"
"""The execution option of a statement that is asked for somebody other than the person at the page."""


def current_reader() -> Reader:
    """The reader of this request; nobody where none was set, so that a forgotten set-up shows nothing."""
    reader = g.get("reader") if has_app_context() else None
    return reader if isinstance(reader, Reader) else NOBODY


def set_reader(reader: Reader) -> None:
    """Let everything that this request loads from now on be loaded for `reader`. Called once, before the first load."""
    g.reader = reader


def reader_for(user: Any, session: Session | scoped_session[Any]) -> Reader:
    """The reader for a signed-in user of Flask-AppBuilder; costs one statement, none for an Admin."""
    role = role_of(row.name for row in user_roles(user))
    name = user.get_full_name()
    if role is Role.ADMIN:
        return Reader(role, name, user.id, None, None)
    if role is Role.NOBODY:
        return Reader(role, name, user.id)
    rows = session.execute(
        select(UserScope.merchant_id, UserScope.warehouse_id).where(UserScope.user_id == user.id),
        execution_options={READER_OPTION: SYSTEM},
    ).all()
    merchants = frozenset(row.merchant_id for row in rows if row.merchant_id is not None)
    warehouses = frozenset(row.warehouse_id for row in rows if row.warehouse_id is not None)
    return _scoped(role, name, user.id, merchants, warehouses)


def user_roles(user: Any) -> list[Any]:
    """The user's own roles and those of the user's groups."""
    return [*user.roles, *(role for group in user.groups for role in group.roles)]


def role_of(names: Iterable[str]) -> Role:
    """The role that counts among role names; other names grant rights but no sight."""
    given = set(names)
    return next((role for name, role in ROLE_NAMES.items() if name in given), Role.NOBODY)


def role_name(role: Role) -> str:
    """The name of a role as people read it; empty for those that nobody has."""
    return next((name for name, known in ROLE_NAMES.items() if known is role), "")


def _scoped(role: Role, name: str, user_id: int, merchants: frozenset[int], warehouses: frozenset[int]) -> Reader:
    if role is Role.SUPPORT:
        # Support sees everything until an Admin names the merchants it is for.
        return Reader(role, name, user_id, merchants or None, None)
    if role is Role.PARTNER:
        return Reader(role, name, user_id, None, warehouses)
    return Reader(role, name, user_id, merchants, None)
