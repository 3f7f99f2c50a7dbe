"""Users with what they may see. Only Admins are shown this; the rows themselves are behind the wall for everybody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.domain.people import SYSTEM
from app.models import Merchant, UserScope, Warehouse
from app.queries.listing import AnySession
from app.security.reader import READER_OPTION

USERS_AT_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Access:
    """A user, and the ids and names of the merchants and warehouses that the user may see."""

    user: Any
    merchants: dict[int, str]
    warehouses: dict[int, str]


def access_of_all(session: AnySession) -> list[Access]:
    """All users by name, each with what it may see: two statements."""
    query = select(User).options(joinedload(User.roles)).order_by(func.lower(User.username)).limit(USERS_AT_MOST)
    return _with_scopes(session, session.scalars(query).unique())


def access_of(session: AnySession, user_id: int) -> Access | None:
    """One user with what it may see."""
    query = select(User).options(joinedload(User.roles)).where(User.id == user_id)
    return next(iter(_with_scopes(session, session.scalars(query).unique())), None)


def scope_rows(session: AnySession, user_id: int) -> list[UserScope]:
    """The rows that grant a user sight."""
    query = select(UserScope).where(UserScope.user_id == user_id).order_by(UserScope.id)
    return list(session.scalars(query, execution_options={READER_OPTION: SYSTEM}))


def _with_scopes(session: AnySession, users: Iterable[Any]) -> list[Access]:
    found = {user.id: Access(user, {}, {}) for user in users}
    query = (
        select(UserScope.user_id, UserScope.merchant_id, Merchant.name, UserScope.warehouse_id, Warehouse.code)
        .outerjoin(Merchant, Merchant.id == UserScope.merchant_id)
        .outerjoin(Warehouse, Warehouse.id == UserScope.warehouse_id)
        .where(UserScope.user_id.in_(list(found)))
    )
    for row in session.execute(query, execution_options={READER_OPTION: SYSTEM}):
        if row.merchant_id is not None:
            found[row.user_id].merchants[row.merchant_id] = row.name
        else:
            found[row.user_id].warehouses[row.warehouse_id] = row.code
    return list(found.values())
