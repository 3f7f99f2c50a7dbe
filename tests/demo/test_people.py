"""The demo's users and their passwords, whatever happened before."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping

import pytest
from flask_appbuilder.security.sqla.models import Role as RoleRow
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash, generate_password_hash

from app.demo import furnish, people
from app.demo.hands import DemoError
from app.domain.people import SYSTEM, Role
from tests.demo.conftest import Demo

NAMES = ["admin", "support", "support-kestrel", "east", "west", "alder"]


def told(demo: Demo) -> Mapping[str, str]:
    """The passwords as users.json tells them."""
    rows = json.loads((demo.settings.data_folder / "users.json").read_text(encoding="utf-8"))
    return {row["name"]: row["password"] for row in rows}


def fitting(demo: Demo) -> list[str]:
    """The users whose told password is theirs."""
    with Session(demo.database.engine) as session:
        hashes = {user.username: user.password for user in session.scalars(select(User).order_by(User.id))}
    return [name for name, password in told(demo).items() if check_password_hash(hashes[name] or "", password)]


@pytest.fixture
def furnished(empty: Demo) -> Demo:
    """The demo's places, and its users welcomed once."""
    furnish.places(SYSTEM)
    people.welcome(empty.settings.data_folder)
    return empty


def test_everybody_gets_a_password_of_their_own(furnished: Demo) -> None:
    assert fitting(furnished) == NAMES
    assert len(set(told(furnished).values())) == len(NAMES)
    assert min(map(len, told(furnished).values())) >= 12
    assert stat.S_IMODE((furnished.settings.data_folder / "users.json").stat().st_mode) == 0o600


def test_welcoming_again_keeps_passwords(furnished: Demo) -> None:
    before = told(furnished)
    people.welcome(furnished.settings.data_folder)
    assert told(furnished) == before
    assert fitting(furnished) == NAMES


@pytest.mark.parametrize("content", [None, "", "[", "{}", '[{"name": "admin"}]', "[1]"])
def test_lost_passwords_are_made_anew(furnished: Demo, content: str | None) -> None:
    path, before = furnished.settings.data_folder / "users.json", told(furnished)
    path.unlink()
    if content is not None:
        path.write_text(content, encoding="utf-8")
    people.welcome(furnished.settings.data_folder)
    assert fitting(furnished) == NAMES
    assert not set(before.values()) & set(told(furnished).values())
    assert furnished.rows("SELECT count(*) FROM ab_user") == [(len(NAMES),)]
    assert furnished.rows("SELECT count(*) FROM user_scope") == [(4,)]


def test_a_password_that_does_not_fit_is_set_to_the_one_that_is_shown(furnished: Demo) -> None:
    with Session(furnished.database.engine) as session:
        user = session.scalars(select(User).where(User.username == "east")).one()
        user.password = generate_password_hash("something else")
        session.commit()
    assert fitting(furnished) == [name for name in NAMES if name != "east"]
    people.welcome(furnished.settings.data_folder)
    assert fitting(furnished) == NAMES


def test_staff_act_under_their_own_names(furnished: Demo) -> None:
    admin, support = people.reader("admin"), people.reader("support")
    assert (admin.role, admin.name, admin.merchant_ids) == (Role.ADMIN, "Ada Marsh", None)
    assert (support.role, support.name) == (Role.SUPPORT, "Sam Ortega")
    assert admin.user_id != support.user_id


def test_without_roles_it_says_what_to_do(empty: Demo) -> None:
    with Session(empty.database.engine) as session:
        role = session.scalars(select(RoleRow).where(RoleRow.name == "Warehouse Partner")).one()
        role.permissions.clear()
        session.flush()
        session.execute(delete(RoleRow).where(RoleRow.id == role.id))
        session.commit()
    furnish.places(SYSTEM)
    with pytest.raises(DemoError) as caught:
        people.welcome(empty.settings.data_folder)
    assert caught.value.sentence() == (
        "There is no role “Warehouse Partner”. Bring the database up to date first: python -m app.cli migrate."
    )
    assert empty.rows("SELECT count(*) FROM ab_user") == [(0,)]
