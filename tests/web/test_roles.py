"""The roles in code against the rights that the views have; the checked-in list; and their mirror in the database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.extensions import db as flask_db
from app.security import roles
from app.security.permissions import existing
from tests.servers import Database
from tests.web.conftest import settings_for

LIST = Path(__file__).with_name("rights.txt")


@pytest.fixture
def fresh_app(fresh_database: Database, tmp_path: Path) -> Iterator[Flask]:
    """An application on a database of its own, as a new installation has it."""
    forget_roles(fresh_database)
    app = create_app("web", settings_for(fresh_database.url, tmp_path))
    yield app
    with app.app_context():
        flask_db.engine.dispose()


def forget_roles(database: Database) -> None:
    """Take the database back to before the first `migrate`: the tests' databases have the roles already."""
    with database.connect() as connection:
        connection.execute("TRUNCATE ab_role, ab_permission, ab_view_menu CASCADE")


def as_written(app: Flask) -> list[str]:
    """One line for each right, with the roles that have it."""
    lines = []
    for view, name in sorted(existing(app)):
        having = [role for role in roles.RIGHTS if (view, name) in roles.rights_of(role)]
        lines.append(f"{view} · {name}: {', '.join(['Admin', *having])}")
    return lines


def test_the_rights_are_those_of_the_checked_in_list(app: Flask) -> None:
    # Renaming a view or a method would silently take a right away: this list must be changed with it.
    assert as_written(app) == LIST.read_text().splitlines()


def test_no_role_names_a_right_that_no_view_has(app: Flask) -> None:
    unknown = {role: sorted(roles.rights_of(role) - existing(app)) for role in roles.RIGHTS}
    assert unknown == {role: [] for role in roles.RIGHTS}


def test_only_admins_may_touch_users_roles_and_access(app: Flask) -> None:
    for role in roles.RIGHTS:
        touched = {
            right
            for right in roles.rights_of(role)
            if right[0] in {"Users", "Roles", "UserAccess", "ResetPasswordView"}
        }
        assert touched <= {("Users", "can_userinfo"), ("Users", "resetmypassword"), ("Users", "userinfoedit")}


LOOKING = {"can_list", "can_show", "can_entry", "can_export_orders", "can_export_lines"}


def test_partners_and_merchants_may_change_nothing_but_comment(app: Flask) -> None:
    # Their account, and the views of lists that they save for themselves.
    own = {"Users", "ResetMyPasswordView", "UserInfoEditView", "SavedViews"}
    # A partner's bulk jobs are the own comments on several orders; the scope shows no others.
    jobs = {("BulkJobs", "can_progress"), ("BulkJobs", "can_cancel"), ("BulkJobs", "can_result")}
    for role, more in ((roles.PARTNER, {("PurchaseOrders", "can_comment"), *jobs}), (roles.MERCHANT, set())):
        rights = {right for right in roles.rights_of(role) if right[0] not in own and right[1] != "menu_access"}
        assert {right for right in rights if right[1] not in LOOKING} == more


def test_a_pattern_for_one_view_does_not_open_another_that_begins_like_it() -> None:
    # Flask-AppBuilder matches patterns from the start only.
    patterns = roles.for_flask_appbuilder()
    assert all(view.endswith("$") and name.endswith("$") for pairs in patterns.values() for view, name in pairs)
    runs = next(pair for pair in patterns["Support"] if re.match(pair[0], "Runs"))
    assert not re.match(runs[0], "RunsOfOthers")
    assert not any(re.match(view, "RunFailuresX") for view, _ in patterns["Support"])


def mirrored(database: Database) -> set[tuple[str, str, str]]:
    """What the database says of roles and rights."""
    with database.connect() as connection:
        rows = connection.execute(
            "SELECT r.name, v.name, p.name FROM ab_permission_view_role x JOIN ab_role r ON r.id = x.role_id"
            " JOIN ab_permission_view pv ON pv.id = x.permission_view_id"
            " JOIN ab_permission p ON p.id = pv.permission_id JOIN ab_view_menu v ON v.id = pv.view_menu_id"
        ).fetchall()
    return {(str(role), str(view), str(name)) for role, view, name in rows}


def test_a_new_installation_gets_all_roles_with_their_rights(fresh_app: Flask, fresh_database: Database) -> None:
    roles.install(fresh_app)
    found = mirrored(fresh_database)
    expected = {("Admin", *right) for right in existing(fresh_app)}
    expected |= {(role, *right) for role in roles.RIGHTS for right in roles.rights_of(role)}
    assert found == expected
    with fresh_database.connect() as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM ab_role").fetchall()}
    assert names == {*roles.NAMES, "Public"}


def test_installing_again_changes_nothing_and_mends_what_was_changed(
    fresh_app: Flask, fresh_database: Database
) -> None:
    roles.install(fresh_app)
    before = mirrored(fresh_database)
    with fresh_database.connect() as connection:
        # Somebody gave partners the deliveries, and an old version left a right of a view that is gone.
        connection.execute(
            "INSERT INTO ab_permission_view_role (id, permission_view_id, role_id)"
            " SELECT 9001, pv.id, (SELECT id FROM ab_role WHERE name = 'Warehouse Partner') FROM ab_permission_view pv"
            " JOIN ab_view_menu v ON v.id = pv.view_menu_id JOIN ab_permission p ON p.id = pv.permission_id"
            " WHERE v.name = 'Deliveries' AND p.name = 'can_list'"
        )
        connection.execute("INSERT INTO ab_view_menu (id, name) VALUES (9001, 'OldView')")
        connection.execute(
            "INSERT INTO ab_permission_view (id, permission_id, view_menu_id)"
            " SELECT 9001, min(id), 9001 FROM ab_permission"
        )
        connection.execute(
            "INSERT INTO ab_permission_view_role (id, permission_view_id, role_id)"
            " SELECT 9002, 9001, id FROM ab_role WHERE name = 'Support'"
        )
        # A role of the Admin's own keeps what it has.
        connection.execute("INSERT INTO ab_role (id, name) VALUES (9001, 'Auditor')")
        connection.execute(
            "INSERT INTO ab_permission_view_role (id, permission_view_id, role_id)"
            " SELECT 9003, permission_view_id, 9001 FROM ab_permission_view_role x JOIN ab_role r ON r.id = x.role_id"
            " WHERE r.name = 'Merchant' LIMIT 1"
        )
    roles.install(fresh_app)
    after = mirrored(fresh_database)
    assert {row for row in after if row[0] != "Auditor"} == before
    assert len([row for row in after if row[0] == "Auditor"]) == 1


def test_starting_a_web_process_writes_nothing(fresh_database: Database, tmp_path: Path) -> None:
    forget_roles(fresh_database)
    with fresh_database.connect() as connection:
        connection.execute("CREATE TABLE written (what text)")
        connection.execute(
            "CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS"
            " $$ BEGIN INSERT INTO written VALUES (tg_tag); END $$"
        )
        connection.execute("CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION note()")
    app = create_app("web", settings_for(fresh_database.url, tmp_path))
    assert app.test_client().get("/").status_code == 302
    with app.app_context():
        flask_db.engine.dispose()
    with fresh_database.connect() as connection:
        assert connection.execute("SELECT what FROM written").fetchall() == []
        assert connection.execute("SELECT count(*) FROM ab_role").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM ab_permission").fetchone() == (0,)
