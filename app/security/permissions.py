"""The rights that exist, read from the registered views and menu entries, and their mirror in the database.

The pages decide by the roles in code; the rows let an Admin see the rights and give them to roles of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flask import Flask

from app.services.unit_of_work import unit_of_work

Right = tuple[str, str]


def existing(app: Flask) -> frozenset[Right]:
    """All rights as (view, permission), menu entries included."""
    appbuilder = app.extensions["appbuilder"]
    rights = {
        (str(view.class_permission_name), str(permission))
        for view in appbuilder.baseviews
        for permission in view.base_permissions or ()
    }
    menu = {(str(name), "menu_access") for name in appbuilder.menu.get_flat_name_list() if name != "-"}
    return frozenset(rights | menu)


def converge(app: Flask, roles: Iterable[str], has: Callable[[str, str, str], bool]) -> None:
    """Store all rights, the named roles, and which role has which: `has(role, view, permission)` decides.

    Roles that an Admin made keep what they have; rights that no page asks for any more are taken away.
    """
    names = list(roles)
    rights = sorted(existing(app))
    granted = [(role, view, name) for role in names for view, name in rights if has(role, view, name)]
    with unit_of_work("install roles") as unit:
        # Two that install at once do it one after the other.
        unit.run("LOCK TABLE ab_permission_view IN SHARE ROW EXCLUSIVE MODE")
        unit.run(_WANTED, views=[view for view, _ in rights], names=[name for _, name in rights])
        for statement in _STORE_RIGHTS:
            unit.run(statement)
        unit.run(_ROLES, names=[*names, "Public"])
        unit.run(_GRANTED, **_columns(granted))
        unit.run(_FORGET, roles=names)
        unit.run(_GRANT)


def _columns(granted: list[tuple[str, str, str]]) -> dict[str, list[str]]:
    return {
        "roles": [role for role, _, _ in granted],
        "views": [view for _, view, _ in granted],
        "names": [name for _, _, name in granted],
    }


_WANTED = """
CREATE TEMPORARY TABLE wanted ON COMMIT DROP AS
SELECT * FROM unnest(CAST(:views AS text[]), CAST(:names AS text[])) AS w(view, name)
"""
_STORE_RIGHTS = (
    """
    CREATE TEMPORARY TABLE gone ON COMMIT DROP AS
    SELECT pv.id FROM ab_permission_view pv JOIN ab_permission p ON p.id = pv.permission_id
    JOIN ab_view_menu v ON v.id = pv.view_menu_id
    WHERE NOT EXISTS (SELECT FROM wanted w WHERE w.view = v.name AND w.name = p.name)
    """,
    "DELETE FROM ab_permission_view_role WHERE permission_view_id IN (SELECT id FROM gone)",
    "DELETE FROM ab_permission_view WHERE id IN (SELECT id FROM gone)",
    """
    INSERT INTO ab_view_menu (id, name)
    SELECT nextval('ab_view_menu_id_seq'), view FROM (SELECT DISTINCT view FROM wanted) w
    WHERE view NOT IN (SELECT name FROM ab_view_menu)
    """,
    """
    INSERT INTO ab_permission (id, name)
    SELECT nextval('ab_permission_id_seq'), name FROM (SELECT DISTINCT name FROM wanted) w
    WHERE name NOT IN (SELECT name FROM ab_permission)
    """,
    """
    INSERT INTO ab_permission_view (id, permission_id, view_menu_id)
    SELECT nextval('ab_permission_view_id_seq'), p.id, v.id
    FROM wanted w JOIN ab_permission p ON p.name = w.name JOIN ab_view_menu v ON v.name = w.view
    ON CONFLICT (permission_id, view_menu_id) DO NOTHING
    """,
)
_ROLES = """
INSERT INTO ab_role (id, name)
SELECT nextval('ab_role_id_seq'), n FROM unnest(CAST(:names AS text[])) n WHERE n NOT IN (SELECT name FROM ab_role)
"""
_GRANTED = """
CREATE TEMPORARY TABLE granted ON COMMIT DROP AS
SELECT r.id AS role_id, pv.id AS permission_view_id
FROM unnest(CAST(:roles AS text[]), CAST(:views AS text[]), CAST(:names AS text[])) AS g(role, view, name)
JOIN ab_role r ON r.name = g.role JOIN ab_permission p ON p.name = g.name JOIN ab_view_menu v ON v.name = g.view
JOIN ab_permission_view pv ON pv.permission_id = p.id AND pv.view_menu_id = v.id
"""
_FORGET = """
DELETE FROM ab_permission_view_role
WHERE role_id IN (SELECT id FROM ab_role WHERE name = ANY(CAST(:roles AS text[])))
  AND (role_id, permission_view_id) NOT IN (SELECT role_id, permission_view_id FROM granted)
"""
_GRANT = """
INSERT INTO ab_permission_view_role (id, permission_view_id, role_id)
SELECT nextval('ab_permission_view_role_id_seq'), permission_view_id, role_id FROM granted
ON CONFLICT (permission_view_id, role_id) DO NOTHING
"""
