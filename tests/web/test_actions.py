"""Actions: by POST only, with a token, on records in scope only, told per record, and back to where one was."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.domain.states import PoStatus, ReceiptState
from app.models import Activity, PurchaseOrder, Receipt
from app.services.actions import ORDER_ACTIONS, RECEIPT_ACTIONS
from tests.web.people import Stage, text_of

HERE = "/purchase-orders/list/?status=open&page=2"


def stored(stage: Stage, row: Any) -> Any:
    """The row as it is stored now, or None."""
    with Session(stage.make.engine) as session:
        return session.get(type(row), row.id)


def everything(stage: Stage) -> dict[str, list[Any]]:
    """All orders, receipts and timeline rows, to compare before and after."""
    with Session(stage.make.engine) as session:
        return {
            model.__tablename__: sorted([tuple(row) for row in session.execute(model.__table__.select())], key=repr)
            for model in (PurchaseOrder, Receipt, Activity)
        }


@pytest.mark.parametrize("name", ["limited", "partner", "merchant", "unscoped partner", "nobody"])
@pytest.mark.parametrize("action", ORDER_ACTIONS)
def test_no_action_reaches_an_order_outside_the_scope(stage: Stage, name: str, action: str) -> None:
    person, order, before = stage.person(name), stage.theirs.order, everything(stage)
    fields = {"reason": "x", "text": "x", "tombstone": "yes"}
    one = person.post(f"/purchase-orders/act/{action}/{order.id}", **fields)
    plan = person.post("/purchase-orders/plan", action=action, ids=[order.id], **fields)
    many = person.post("/purchase-orders/bulk", action=action, ids=[order.id], expected="1", key="k", **fields)
    assert {one.status_code, plan.status_code, many.status_code} <= {403, 404}
    assert everything(stage) == before


@pytest.mark.parametrize("name", ["limited", "partner", "merchant", "nobody"])
@pytest.mark.parametrize("action", RECEIPT_ACTIONS)
def test_no_action_reaches_a_receipt_outside_the_scope(stage: Stage, name: str, action: str) -> None:
    person, receipt, before = stage.person(name), stage.theirs.receipt, everything(stage)
    one = person.post(f"/receipts/act/{action}/{receipt.id}", reason="x")
    many = person.post("/receipts/act", action=action, ids=[receipt.id], reason="x")
    assert {one.status_code, many.status_code} <= {403, 404}
    assert everything(stage) == before


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("admin", set(ORDER_ACTIONS)),
        ("support", set(ORDER_ACTIONS) - {"force_delete"}),
        ("partner", {"comment"}),
        ("merchant", set()),
        ("nobody", set()),
    ],
)
def test_each_role_may_do_its_actions_and_no_other(stage: Stage, name: str, allowed: set[str]) -> None:
    refused = set()
    for action in ORDER_ACTIONS:
        order = stage.make.purchase_order(stage.mine.connection, status=PoStatus.OPEN)
        answer = stage.person(name).post(f"/purchase-orders/act/{action}/{order.id}", reason="x", text="x")
        assert answer.status_code in {302, 403}
        if answer.status_code == 403:
            refused.add(action)
    assert set(ORDER_ACTIONS) - refused == allowed


@pytest.mark.parametrize(
    "address",
    [
        "/purchase-orders/plan",
        "/purchase-orders/bulk",
        "/purchase-orders/act/archive/{0}",
        "/purchase-orders/action/archive/{0}",
        "/purchase-orders/action_post",
        "/purchase-orders/delete/{0}",
        "/receipts/act/archive/{0}",
        "/connections/run/{0}/import",
        "/merchants/delete/{0}",
    ],
)
def test_asking_for_a_page_never_acts(stage: Stage, address: str) -> None:
    before = everything(stage)
    answer = stage.person("admin").get(address.format(stage.mine.order.id))
    assert answer.status_code in {404, 405}
    assert everything(stage) == before


@pytest.mark.parametrize(
    "address",
    [
        "/purchase-orders/act/archive/{0}",
        "/purchase-orders/bulk",
        "/receipts/act",
        "/receipts/act/archive/{1}",
        "/merchants/delete/{2}",
    ],
)
@pytest.mark.parametrize("token", [None, "forged"])
def test_without_a_form_token_nothing_is_done(stage: Stage, address: str, token: str | None) -> None:
    before = everything(stage)
    fields = {"action": "archive", "ids": [stage.mine.order.id], "reason": "x"}
    fields = fields if token is None else {**fields, "csrf_token": token}
    wanted = address.format(stage.mine.order.id, stage.mine.receipt.id, stage.mine.connection.merchant_id)
    answer = stage.person("admin").client.post(wanted, data=fields)
    assert answer.status_code == 400
    assert "Go back, reload, try again." in answer.get_data(as_text=True)
    assert everything(stage) == before


def test_one_order_is_archived_with_its_reason_and_the_reader_comes_back(stage: Stage) -> None:
    order = stage.mine.order
    answer = stage.person("support").post(
        f"/purchase-orders/act/archive/{order.id}", reason="Asked by the buyer", next=HERE
    )
    assert (answer.status_code, answer.location) == (302, HERE)
    now = stored(stage, order)
    assert (now.status, now.status_reason) == (PoStatus.ARCHIVED, "Asked by the buyer")
    page = text_of(stage.person("support").get(HERE))
    assert order.number in page


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "", "evil"]
)
def test_no_address_outside_is_gone_to_afterwards(stage: Stage, wanted: str) -> None:
    order = stage.mine.order
    answer = stage.person("support").post(f"/purchase-orders/act/comment/{order.id}", text="Hello", next=wanted)
    assert answer.location == f"/purchase-orders/show/{order.id}"


def test_ticked_receipts_are_done_record_by_record_and_told_by_result(stage: Stage) -> None:
    make, order = stage.make, stage.mine.order
    fine = [make.receipt(order, state=ReceiptState.ERROR) for _ in range(2)]
    away = make.receipt(order, state=ReceiptState.ARCHIVED)
    person, here = stage.person("limited"), "/receipts/list/?state=error"
    ids = [*(receipt.id for receipt in fine), away.id, stage.theirs.receipt.id, 999_999]
    answer = person.post("/receipts/act", action="archive", ids=ids, reason="Old", next=here)
    assert (answer.status_code, answer.location) == (302, here)
    told = person.flashes()
    assert told[0] == "Archive: 2 done."
    assert told[1].startswith(f"{away.external_id}: ")
    assert told[2] == "2 of the ticked records are gone, or outside of what you may see."
    assert len(told) == 3
    assert [stored(stage, receipt).state for receipt in fine] == [ReceiptState.ARCHIVED] * 2
    assert stored(stage, stage.theirs.receipt).state is ReceiptState.NEW


@pytest.mark.parametrize("address", ["/receipts/act", "/purchase-orders/plan"])
def test_nothing_ticked_is_said(stage: Stage, address: str) -> None:
    person = stage.person("support")
    assert person.post(address, action="archive", next=HERE).location == HERE
    assert person.flashes() == ["Nothing was ticked."]


@pytest.mark.parametrize("address", ["/receipts/act", "/purchase-orders/plan"])
@pytest.mark.parametrize(
    ("fields", "status"), [({"ids": [*range(1, 1_003)]}, 400), ({"ids": ["x", "1; DROP", "-4"]}, 302)]
)
def test_odd_ids_do_no_harm(stage: Stage, address: str, fields: dict[str, Any], status: int) -> None:
    before = everything(stage)
    answer = stage.person("support").post(address, action="archive", reason="x", **fields)
    assert answer.status_code == status
    assert everything(stage) == before


def test_an_action_that_there_is_not(stage: Stage) -> None:
    person, order = stage.person("admin"), stage.mine.order
    assert person.post(f"/purchase-orders/act/explode/{order.id}").status_code == 404
    assert person.post("/purchase-orders/plan", action="explode", ids=[order.id]).status_code == 404
    assert person.post("/purchase-orders/bulk", ids=[order.id]).status_code == 404
    assert person.post("/receipts/act", ids=[stage.mine.receipt.id]).status_code == 404


def test_a_deleted_order_leads_to_the_list_and_not_to_its_own_page(stage: Stage) -> None:
    order = stage.make.purchase_order(stage.mine.connection, status=PoStatus.NEW)
    here = f"/purchase-orders/show/{order.id}"
    answer = stage.person("support").post(f"/purchase-orders/act/delete/{order.id}", tombstone="yes", next=here)
    assert answer.location == "/purchase-orders/list/"
    assert stored(stage, order) is None


def test_a_sent_order_is_not_deleted_and_the_reason_is_told(stage: Stage) -> None:
    person, order = stage.person("support"), stage.mine.order
    answer = person.post(f"/purchase-orders/act/delete/{order.id}")
    assert answer.location == f"/purchase-orders/show/{order.id}"
    assert stored(stage, order) is not None
    assert person.flashes()[0].startswith(f"{order.number}: ")


def test_a_comment_of_a_partner_is_in_the_timeline_of_everybody(stage: Stage) -> None:
    order = stage.mine.order
    stage.person("partner").post(f"/purchase-orders/act/comment/{order.id}", text="The dock is <closed>")
    for name in ("partner", "merchant", "support"):
        page = stage.person(name).get(f"/purchase-orders/show/{order.id}?tab=activity").get_data(as_text=True)
        assert "The dock is &lt;closed&gt;" in page
    for name in ("merchant",):
        assert stage.person(name).post(f"/purchase-orders/act/comment/{order.id}", text="x").status_code == 403


def test_a_receipt_is_archived(stage: Stage) -> None:
    receipt = stage.make.receipt(stage.mine.order, state=ReceiptState.ERROR)
    answer = stage.person("limited").post(f"/receipts/act/archive/{receipt.id}", reason="Twice", next="/receipts/list/")
    assert answer.location == "/receipts/list/"
    assert stored(stage, receipt).state is ReceiptState.ARCHIVED


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("admin", [spec.label for spec in ORDER_ACTIONS.values()]),
        ("support", [spec.label for spec in ORDER_ACTIONS.values() if spec.name != "force_delete"]),
        ("partner", ["Comment"]),
        ("merchant", []),
    ],
)
def test_the_list_offers_the_actions_of_the_role(stage: Stage, name: str, labels: list[str]) -> None:
    page = stage.person(name).get("/purchase-orders/list/").get_data(as_text=True)
    for spec in ORDER_ACTIONS.values():
        assert (f'value="{spec.name}"' in page) == (spec.label in labels)
    assert ('name="ids"' in page) == bool(labels)
