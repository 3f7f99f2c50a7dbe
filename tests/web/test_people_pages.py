"""Users, roles and the own account: Flask-AppBuilder's pages in our words, and what they store."""

from __future__ import annotations

import re

import pytest
from flask_appbuilder.security.sqla.models import Role as RoleRow
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload
from werkzeug.security import check_password_hash

from tests.factories import PASSWORD
from tests.web.people import Stage, text_of
from tests.web.test_routes import OLDER, stored

pytestmark = pytest.mark.filterwarnings(OLDER)
NEW = "seven wet dogs"
EVERYBODY = ("admin", "support", "limited", "partner", "merchant")


def user_of(stage: Stage, name: str) -> User:
    """What is stored of a person."""
    with Session(stage.make.engine) as session:
        query = select(User).where(User.username == name).options(joinedload(User.roles))
        return session.scalars(query).unique().one()


def role_id(stage: Stage, name: str) -> int:
    with Session(stage.make.engine) as session:
        return int(session.scalars(select(RoleRow.id).where(RoleRow.name == name)).one())


def heading(page: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page)
    assert found is not None
    return found[1]


def crumbs(page: str) -> list[str]:
    found = re.search(r'<nav class="crumbs".*?</nav>', page, re.DOTALL)
    return re.sub(r"<[^>]+>", "\n", found[0]).split() if found else []


def test_the_buttons_are_those_of_whoever_asks_whoever_asked_first(stage: Stage) -> None:
    # Jinja keeps what it has compiled, and with it the answers that it took for constants.
    compiled = stage.app.jinja_env.cache
    assert compiled is not None
    compiled.clear()
    partner = stage.person("partner")
    assert "Set a new password" not in partner.client.get("/users/userinfo/").text
    page = stage.person("admin").client.get(f"/users/show/{partner.user.id}").text
    assert [word for word in ("What they may see", "Set a new password", "Edit", "Delete") if word not in page] == []


def test_each_page_is_called_by_its_record_and_leads_back(stage: Stage) -> None:
    admin, user, role = stage.person("admin"), stage.person("partner").user, role_id(stage, "Support")
    for address, title, way in (
        ("/users/list/", "Users", ["Settings"]),
        (f"/users/show/{user.id}", user.username, ["Settings", "Users"]),
        (f"/users/edit/{user.id}", f"Edit {user.username}", ["Settings", "Users"]),
        ("/users/add", "New user", ["Settings", "Users"]),
        (f"/resetpassword/form?pk={user.id}", f"Set a new password for {user.username}", ["Settings", "Users"]),
        ("/roles/list/", "Roles", ["Settings"]),
        (f"/roles/show/{role}", "Support", ["Settings", "Roles"]),
        (f"/roles/edit/{role}", "Edit Support", ["Settings", "Roles"]),
        ("/roles/add", "New role", ["Settings", "Roles"]),
        ("/users/userinfo/", "Your profile", []),
        ("/resetmypassword/form", "Change your password", ["Your", "profile"]),
        ("/userinfoeditview/form", "Edit your name", ["Your", "profile"]),
    ):
        page = admin.get(address).get_data(as_text=True)
        assert (heading(page), crumbs(page)) == (title, way), address


@pytest.mark.parametrize("name", EVERYBODY)
def test_the_own_profile_offers_what_is_ones_own_and_no_more(stage: Stage, name: str) -> None:
    page = stage.person(name).get("/users/userinfo/").get_data(as_text=True)
    assert "/userinfoeditview/form" in page
    assert "/resetmypassword/form" in page
    assert "/users/delete" not in page
    assert "/users/edit" not in page


@pytest.mark.parametrize("name", EVERYBODY)
def test_everybody_changes_their_own_password(stage: Stage, name: str) -> None:
    person = stage.person(name)
    answer = person.post("/resetmypassword/form", password=NEW, conf_password=NEW)
    assert answer.status_code == 302
    assert "Your password is changed." in person.flashes()
    assert check_password_hash(user_of(stage, person.user.username).password, NEW)


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        ("too short", "too short", "A password has at least 10 characters."),
        (NEW, f"{NEW} ", "The two are not the same."),
        (NEW, "", "This field is required."),
        ("", "", "This field is required."),
    ],
)
def test_a_password_that_will_not_do_changes_nothing(stage: Stage, first: str, second: str, says: str) -> None:
    partner, before = stage.person("partner"), stored(stage.make.engine)
    answer = partner.post("/resetmypassword/form", password=first, conf_password=second)
    assert answer.status_code == 200
    assert says in text_of(answer)
    assert "This was not saved." in text_of(answer)
    assert stored(stage.make.engine) == before


def test_an_admin_sets_the_password_of_another(stage: Stage) -> None:
    admin, merchant = stage.person("admin"), stage.person("merchant").user
    answer = admin.post(f"/resetpassword/form?pk={merchant.id}", password=NEW, conf_password=NEW)
    assert answer.status_code == 302
    assert check_password_hash(user_of(stage, merchant.username).password, NEW)
    assert check_password_hash(user_of(stage, admin.user.username).password, PASSWORD)


@pytest.mark.parametrize("pk", ["", "0", "99999999", "x", "1;2"])
def test_nobody_has_a_password_set_who_is_not_there(stage: Stage, pk: str) -> None:
    admin, before = stage.person("admin"), stored(stage.make.engine)
    assert admin.get(f"/resetpassword/form?pk={pk}").status_code == 404
    assert admin.post(f"/resetpassword/form?pk={pk}", password=NEW, conf_password=NEW).status_code == 404
    assert stored(stage.make.engine) == before


@pytest.mark.parametrize("name", EVERYBODY[1:])
def test_only_an_admin_sets_the_password_of_another(stage: Stage, name: str) -> None:
    victim, before = stage.person("admin").user, stored(stage.make.engine)
    answer = stage.person(name).post(f"/resetpassword/form?pk={victim.id}", password=NEW, conf_password=NEW)
    assert answer.status_code == 403
    assert stored(stage.make.engine) == before


def test_everybody_changes_their_own_name_and_nothing_else(stage: Stage) -> None:
    partner = stage.person("partner")
    answer = partner.post("/userinfoeditview/form", first_name="Earl", last_name="Grey", active="", username="admin")
    assert answer.status_code == 302
    assert "Your name is changed." in partner.flashes()
    user = user_of(stage, partner.user.username)
    assert (user.first_name, user.last_name, user.active) == ("Earl", "Grey", True)


NEW_USER = {
    "first_name": "Nora", "last_name": "New", "username": "nora", "email": "nora@example.org", "active": "y",
    "password": NEW, "conf_password": NEW,
}  # fmt: skip


def test_an_admin_makes_a_user(stage: Stage) -> None:
    answer = stage.person("admin").post("/users/add", **NEW_USER, roles=[role_id(stage, "Merchant")])
    assert answer.status_code == 302
    user = user_of(stage, "nora")
    assert [role.name for role in user.roles] == ["Merchant"]
    assert check_password_hash(user.password, NEW)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"roles": []}, "Tick at least one role."),
        ({"password": "short", "conf_password": "short"}, "A password has at least 10 characters."),
        ({"conf_password": "another one"}, "The two are not the same."),
        ({"username": ""}, "This field is required."),
    ],
)
def test_a_user_that_will_not_do_is_not_made(stage: Stage, changes: dict[str, object], says: str) -> None:
    admin, before = stage.person("admin"), stored(stage.make.engine)
    given: dict[str, object] = {**NEW_USER, "roles": [role_id(stage, "Merchant")], **changes}
    answer = admin.post("/users/add", **given)
    assert answer.status_code == 200
    assert says in text_of(answer)
    assert stored(stage.make.engine) == before


def test_no_field_says_its_label_twice(stage: Stage) -> None:
    for address in ("/users/add", "/resetmypassword/form", "/userinfoeditview/form", "/roles/add"):
        page = stage.person("admin").get(address).get_data(as_text=True)
        form = re.search(r'<form class="form".*?</form>', page, re.DOTALL)
        assert form is not None
        assert ' placeholder="' not in form[0], address


def test_a_role_says_in_words_what_it_may_do(stage: Stage) -> None:
    text = text_of(stage.person("admin").get(f"/roles/show/{role_id(stage, 'Warehouse Partner')}"))
    assert "Purchase orders comment open an entry of the timeline export lines export orders list show Receipts" in text
    assert "Own password open the form send the form" in text
    assert "Finds in the menu Pages Dashboard Purchase Orders Purchases Receipts" in text
    assert "View" not in text


def test_a_role_without_any_right_says_so(stage: Stage) -> None:
    text = text_of(stage.person("admin").get(f"/roles/show/{role_id(stage, 'Guest')}"))
    assert "May do Nothing –" in text
