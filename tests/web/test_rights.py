"""Every address for every role: who gets a page, who is refused, and for whom a record is not there."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Delivery, Rule, RuleVersion, Run, RunFailure
from tests.factories import Factory
from tests.web.people import Stage, World, text_of

# Address: the answers for an Admin, support, limited support, a partner, a merchant user, and a user without a role.
LISTS = {
    "/dashboard/": (200, 200, 200, 200, 200, 403),
    "/purchase-orders/list/": (200, 200, 200, 200, 200, 403),
    "/line-items/list/": (200, 200, 200, 200, 200, 403),
    "/receipts/list/": (200, 200, 200, 200, 200, 403),
    "/connections/list/": (200, 200, 200, 403, 403, 403),
    "/rules/list/": (200, 200, 200, 403, 403, 403),
    "/runs/list/": (200, 200, 200, 403, 403, 403),
    "/failed-records/list/": (200, 200, 200, 403, 403, 403),
    "/deliveries/list/": (200, 200, 200, 403, 403, 403),
    "/merchants/list/": (200, 200, 200, 403, 403, 403),
    "/stores/list/": (200, 200, 200, 403, 403, 403),
    "/warehouses/list/": (200, 200, 200, 403, 403, 403),
    "/merchants-at-warehouses/list/": (200, 200, 200, 403, 403, 403),
    "/user-access/list/": (200, 403, 403, 403, 403, 403),
    "/users/list/": (200, 403, 403, 403, 403, 403),
    "/roles/list/": (200, 403, 403, 403, 403, 403),
    "/resetpassword/form?pk=1": (200, 403, 403, 403, 403, 403),
    "/users/userinfo/": (200, 200, 200, 200, 200, 403),
    "/merchants/add": (200, 403, 403, 403, 403, 403),
    "/stores/add": (200, 403, 403, 403, 403, 403),
    "/warehouses/add": (200, 403, 403, 403, 403, 403),
    "/connections/add": (200, 403, 403, 403, 403, 403),
    "/merchants-at-warehouses/add": (200, 403, 403, 403, 403, 403),
    "/rules/add": (200, 403, 403, 403, 403, 403),
    "/purchase-orders/add": (404, 404, 404, 404, 404, 404),
    "/receipts/add": (404, 404, 404, 404, 404, 404),
    "/runs/add": (404, 404, 404, 404, 404, 404),
}
PEOPLE = ("admin", "support", "limited", "partner", "merchant", "nobody")

# A record's address, with its id for `{0}`: the answers for the own world, and for the other world.
RECORDS = {
    "/purchase-orders/show/{0}": ((200, 200, 200, 200, 200, 403), (200, 200, 404, 404, 404, 403)),
    "/purchase-orders/show/{0}?tab=deliveries": ((200, 200, 200, 200, 200, 403), (200, 200, 404, 404, 404, 403)),
    "/purchase-orders/edit/{0}": ((200, 200, 200, 403, 403, 403), (200, 200, 404, 403, 403, 403)),
    "/line-items/show/{0}": ((200, 200, 200, 200, 200, 403), (200, 200, 404, 404, 404, 403)),
    "/line-items/edit/{0}": ((200, 200, 200, 403, 403, 403), (200, 200, 404, 403, 403, 403)),
    "/receipts/show/{0}": ((200, 200, 200, 200, 200, 403), (200, 200, 404, 404, 404, 403)),
    "/connections/show/{0}": ((200, 200, 200, 403, 403, 403), (200, 200, 404, 403, 403, 403)),
    "/connections/edit/{0}": ((200, 403, 403, 403, 403, 403), (200, 403, 403, 403, 403, 403)),
    "/connections/schedule/{0}/import": ((200, 403, 403, 403, 403, 403), (200, 403, 403, 403, 403, 403)),
    "/merchants/show/{0}": ((200, 200, 200, 403, 403, 403), (200, 200, 404, 403, 403, 403)),
    "/stores/show/{0}": ((200, 200, 200, 403, 403, 403), (200, 200, 404, 403, 403, 403)),
    "/warehouses/show/{0}": ((200, 200, 200, 403, 403, 403), (200, 200, 404, 403, 403, 403)),
    "/runs/show/{0}": ((200, 200, 200, 403, 403, 403), (200, 200, 404, 403, 403, 403)),
    "/failed-records/show/{0}": ((200, 200, 200, 403, 403, 403), (200, 200, 404, 403, 403, 403)),
    "/deliveries/show/{0}": ((200, 200, 200, 403, 403, 403), (200, 200, 404, 403, 403, 403)),
}


@pytest.fixture
def work(stage: Stage) -> dict[str, dict[str, int]]:
    """Ids of one record of each kind, by world and by the first part of its address."""
    return {"mine": records(stage.make, stage.mine), "theirs": records(stage.make, stage.theirs)}


def records(make: Factory, world: World) -> dict[str, int]:
    """The ids of a world's records."""
    connection, order = world.connection, world.order
    run = make.add(Run(kind="import", connection_id=connection.id, merchant_id=connection.merchant_id, started_by="x"))
    failure = make.add(
        RunFailure(
            run_id=run.id,
            connection_id=connection.id,
            merchant_id=connection.merchant_id,
            reason="It has no lines.",
            text="{}",
            digest=f"d{run.id}",
        )
    )
    from app.models import OrderKey

    with Session(make.engine) as session:
        key = session.query(OrderKey.id).filter_by(purchase_order_id=order.id).scalar()
    delivery = make.add(
        Delivery(
            kind="create",
            connection_id=connection.id,
            merchant_id=connection.merchant_id,
            po_key_id=key,
            purchase_order_id=order.id,
            external_id=order.external_id,
            number=order.number,
        )
    )
    return {
        "purchase-orders": order.id,
        "line-items": make.lines_of(order)[0].id,
        "receipts": world.receipt.id,
        "connections": connection.id,
        "merchants": connection.merchant_id,
        "stores": connection.store_id,
        "warehouses": connection.warehouse_id,
        "runs": run.id,
        "failed-records": failure.id,
        "deliveries": delivery.id,
    }


@pytest.mark.parametrize("address", LISTS)
def test_lists_and_forms_by_role(stage: Stage, address: str) -> None:
    assert tuple(stage.person(name).get(address).status_code for name in PEOPLE) == LISTS[address]


@pytest.mark.parametrize("address", RECORDS)
def test_records_by_role_in_the_own_world_and_in_another(
    stage: Stage, work: dict[str, dict[str, int]], address: str
) -> None:
    kind = address.split("/")[1]
    for world, expected in zip(("mine", "theirs"), RECORDS[address], strict=True):
        wanted = address.format(work[world][kind])
        assert tuple(stage.person(name).get(wanted).status_code for name in PEOPLE) == expected, world


@pytest.mark.parametrize("address", RECORDS)
def test_an_id_that_there_never_was_looks_like_one_outside_the_scope(
    stage: Stage, work: dict[str, dict[str, int]], address: str
) -> None:
    kind = address.split("/")[1]
    partner = stage.person("partner")
    never, foreign = partner.get(address.format(987654)), partner.get(address.format(work["theirs"][kind]))
    assert never.status_code == foreign.status_code
    assert text_of(never).split("Request ")[0] == text_of(foreign).split("Request ")[0]


@pytest.mark.parametrize("address", [*LISTS, "/purchase-orders/show/1", "/receipts/show/1", "/user-access/edit/1"])
def test_signed_out_leads_to_the_sign_in_page(app: Flask, address: str) -> None:
    answer = app.test_client().get(address)
    assert answer.status_code in {302, 404}
    if answer.status_code == 302:
        assert answer.location.startswith("/login/")


@pytest.mark.parametrize("name", ["unscoped partner", "unscoped merchant"])
def test_a_person_without_a_scope_sees_empty_lists(stage: Stage, name: str) -> None:
    for address, heading in (
        ("/purchase-orders/list/", "No purchase orders yet"),
        ("/receipts/list/", "No receipts yet"),
    ):
        page = stage.person(name).get(address)
        assert page.status_code == 200
        assert heading in page.get_data(as_text=True)
        assert stage.mine.order.number not in page.get_data(as_text=True)


@pytest.mark.parametrize(
    ("name", "entries"),
    [
        ("partner", ["Dashboard", "Purchases", "Receipts"]),
        ("merchant", ["Dashboard", "Purchases", "Line items", "Receipts"]),
        (
            "support",
            [
                "Dashboard", "Purchases", "Line items", "Receipts", "Connections", "Rules", "Runs", "Bulk jobs",
                "Failed records", "Deliveries",
                "Merchants", "Stores", "Warehouses", "Merchants at warehouses",
            ],
        ),
        (
            "admin",
            [
                "Dashboard", "Purchases", "Line items", "Receipts", "Connections", "Rules", "Runs", "Bulk jobs",
                "Failed records", "Deliveries",
                "Merchants", "Stores", "Warehouses", "Merchants at warehouses", "User access", "Users", "Roles",
            ],
        ),
    ],
)  # fmt: skip
def test_the_menu_shows_what_a_role_may_open(stage: Stage, name: str, entries: list[str]) -> None:
    page = stage.person(name).get("/purchase-orders/list/").get_data(as_text=True)
    sidebar = page[page.index('id="sidebar"') : page.index("sidebar-foot")]
    found = [part.split("</span>")[0] for part in sidebar.split('<span class="word">')[1:]]
    assert [entry for entry in found if entry != "Inlet"] == entries


def test_rule_and_connection_editors_are_rights_that_an_admin_adds_to_support(stage: Stage) -> None:
    from flask_appbuilder.security.sqla.models import Role as RoleRow
    from flask_appbuilder.security.sqla.models import User

    editor = stage.person("limited")
    with Session(stage.make.engine) as session:
        user = session.get_one(User, editor.user.id)
        editors = session.scalars(select(RoleRow).where(RoleRow.name.in_(["Rule editor", "Connection editor"]))).all()
        assert len(editors) == 2
        user.roles.extend(editors)
        session.commit()
    answers = {
        "/rules/add": 200,
        "/connections/add": 200,
        f"/connections/edit/{stage.mine.connection.id}": 200,
        f"/connections/edit/{stage.theirs.connection.id}": 404,
        f"/connections/schedule/{stage.theirs.connection.id}/import": 404,
        "/stores/add": 403,
        "/users/list/": 403,
    }
    assert {address: editor.get(address).status_code for address in answers} == answers


def test_a_rule_is_shown_with_its_versions(stage: Stage) -> None:
    rule = stage.make.add(Rule(name="Route the east", version=2))
    for number, text in ((1, "accept"), (2, "reject 'no'")):
        stage.make.add(RuleVersion(rule_id=rule.id, number=number, text=text, created_by="Ada"))
    page = stage.person("support").get(f"/rules/show/{rule.id}").get_data(as_text=True)
    assert "Route the east" in page
    assert page.index("reject &#39;no&#39;") < page.index("accept<")
