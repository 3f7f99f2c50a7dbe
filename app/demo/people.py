"""The demo's users: one for each role and scope, with passwords that are made here and shown at every start."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from flask_appbuilder.security.sqla.models import Role as RoleRow
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import func, select
from werkzeug.security import check_password_hash, generate_password_hash

from app.demo.hands import DemoError
from app.demo.places import ALDER, EAST, KESTREL, WEST
from app.domain.people import Reader, Role
from app.models import Merchant, UserScope, Warehouse
from app.services.unit_of_work import Unit, unit_of_work

USERS_FILE: Final = "users.json"
_PASSWORD_BYTES: Final = 9


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A user, the name of the role, what the terminal says of it, and the merchant or warehouse that it is for."""

    name: str
    first_name: str
    last_name: str
    role: str
    shown: str
    merchant: str = ""
    warehouse: str = ""
    also: tuple[str, ...] = ()


USERS: Final = (
    DemoUser("admin", "Ada", "Marsh", "Admin", "Admin"),
    DemoUser("support", "Sam", "Ortega", "Support", "Support", also=("Rule editor", "Connection editor")),
    DemoUser("support-kestrel", "Kim", "Novak", "Support", "Support, Kestrel only", merchant=KESTREL.name),
    DemoUser("east", "Earl", "Dawson", "Warehouse Partner", "Partner of EAST", warehouse=EAST.code),
    DemoUser("west", "Wanda", "Reyes", "Warehouse Partner", "Partner of WEST", warehouse=WEST.code),
    DemoUser("alder", "Alma", "Finch", "Merchant", "Merchant Alder & Finch", merchant=ALDER.name),
)


def welcome(data_folder: Path) -> None:
    """Make the users that are missing, and give each the password that users.json tells. Raises DemoError.

    The file is written first: whenever this is interrupted, the next time ends with passwords that are known.
    """
    passwords = _known_passwords(data_folder / USERS_FILE)
    for user in USERS:
        passwords.setdefault(user.name, secrets.token_urlsafe(_PASSWORD_BYTES))
    _write_closed(
        data_folder / USERS_FILE,
        [{"name": user.name, "role": user.shown, "password": passwords[user.name]} for user in USERS],
    )
    with unit_of_work("make the demo's users") as unit:
        for user in USERS:
            _save(unit, user, passwords[user.name])


def reader(name: str) -> Reader:
    """A staff user of the demo as the services know people."""
    user = next(user for user in USERS if user.name == name)
    with unit_of_work("find a user") as unit:
        user_id = unit.session.scalars(select(User.id).where(User.username == name)).one()
    return Reader(Role(user.role.lower()), f"{user.first_name} {user.last_name}", user_id, None, None)


def _save(unit: Unit, user: DemoUser, password: str) -> None:
    row = unit.session.scalar(select(User).where(User.username == user.name))
    if row is None:
        row = User(
            username=user.name,
            first_name=user.first_name,
            last_name=user.last_name,
            email=f"{user.name}@demo.example",
            active=True,
            roles=[_role(unit, name) for name in (user.role, *user.also)],
        )
        unit.session.add(row)
    if not row.password or not check_password_hash(row.password, password):
        row.password = generate_password_hash(password)
    unit.session.flush()
    scope = _scope(unit, user)
    if scope and unit.session.scalar(select(func.count()).where(UserScope.user_id == row.id)) == 0:
        unit.session.add(UserScope(user_id=row.id, **scope))


def _role(unit: Unit, name: str) -> RoleRow:
    row = unit.session.scalar(select(RoleRow).where(RoleRow.name == name))
    if row is None:
        raise DemoError(
            f"There is no role “{name}”.", "Bring the database up to date first: python -m app.cli migrate."
        )
    return row


def _scope(unit: Unit, user: DemoUser) -> Mapping[str, int]:
    if user.merchant:
        return {"merchant_id": unit.session.scalars(select(Merchant.id).where(Merchant.name == user.merchant)).one()}
    if user.warehouse:
        found = unit.session.scalars(select(Warehouse.id).where(Warehouse.code == user.warehouse)).one()
        return {"warehouse_id": found}
    return {}


def _known_passwords(path: Path) -> dict[str, str]:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return {str(row["name"]): str(row["password"]) for row in rows}
    return {}


def _write_closed(path: Path, rows: list[dict[str, str]]) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(rows, file, ensure_ascii=False, indent=1)
    unfinished.replace(path)
