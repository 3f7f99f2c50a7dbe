"""Forms: what they store, what they refuse and where they say it; secrets go in and never come out."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.states import PoStatus
from app.models import (
    Connection,
    LineItem,
    Merchant,
    MerchantAtWarehouse,
    PurchaseOrder,
    Rule,
    RuleVersion,
    Run,
    Schedule,
    Store,
    UserScope,
    Warehouse,
)
from tests.web.filling import filled, one
from tests.web.people import Stage, text_of

MERCHANT = {"name": "Acme", "open_timeout_days": "30", "time_zone": "Europe/Berlin"}
WAREHOUSE = {
    "name": "East", "code": "EAST", "rule_number": "7", "enabled": "y", "kind": "sandbox", "settings": "{}",
    "secrets": "", "time_zone": "UTC", "over_receipt_percent": "2.5", "partial_receipts": "y",
}  # fmt: skip
STORE = {"name": "Shop", "kind": "sandbox", "settings": "{}", "secrets": "", "shared_sku": "ask"}


@pytest.mark.parametrize(
    ("address", "values", "model", "stored"),
    [
        ("/merchants", MERCHANT, Merchant, {"open_timeout_days": 30, "time_zone": "Europe/Berlin"}),
        ("/stores", STORE, Store, {"shared_sku": "ask", "kind": "sandbox"}),
        ("/warehouses", WAREHOUSE, Warehouse, {"rule_number": 7, "enabled": True, "code": "EAST"}),
    ],
)
def test_a_record_is_added_shown_edited_and_deleted(
    stage: Stage, address: str, values: dict[str, str], model: Any, stored: dict[str, Any]
) -> None:
    admin = stage.person("admin")
    added = admin.post(f"{address}/add", **values)
    row = one(stage, model, name=values["name"])
    assert added.location == f"{address}/show/{row.id}"
    assert {name: getattr(row, name) for name in stored} == stored
    assert values["name"] in text_of(admin.get(added.location))
    shown = filled(admin, f"{address}/edit/{row.id}")
    assert admin.post(f"{address}/edit/{row.id}", **{**shown, "name": "Renamed"}).location == added.location
    again = one(stage, model, id=row.id)
    assert again.name == "Renamed"
    assert {name: getattr(again, name) for name in stored} == stored
    assert admin.post(f"{address}/delete/{row.id}").location == f"{address}/list/"
    assert one(stage, model, id=row.id) is None


@pytest.mark.parametrize(
    ("address", "values", "problem"),
    [
        ("/merchants/add", {**MERCHANT, "name": ""}, "Give it a name."),
        ("/merchants/add", {**MERCHANT, "open_timeout_days": "0"}, "Number must be between 1 and 3650."),
        ("/merchants/add", {**MERCHANT, "open_timeout_days": "soon"}, "Not a valid integer value."),
        ("/merchants/add", {**MERCHANT, "time_zone": "Mars"}, "There is no such time zone."),
        ("/warehouses/add", {**WAREHOUSE, "settings": "{oops"}, "This is not JSON"),
        ("/warehouses/add", {**WAREHOUSE, "settings": "[1]"}, "Write JSON such as"),
        ("/warehouses/add", {**WAREHOUSE, "settings": '{"no_such": 1}'}, "There is no setting “no_such”."),
        ("/warehouses/add", {**WAREHOUSE, "kind": "carrier pigeon"}, "Not a valid choice."),
        ("/warehouses/add", {**WAREHOUSE, "over_receipt_percent": "2000"}, "Number must be between 0 and 1000."),
        ("/stores/add", {**STORE, "name": "x" * 201}, "Write at most 200 signs."),
    ],
)
def test_a_bad_value_is_told_and_nothing_is_lost(
    stage: Stage, address: str, values: dict[str, str], problem: str
) -> None:
    answer = stage.person("admin").post(address, **values)
    assert answer.status_code == 200
    page = unescape(answer.get_data(as_text=True))
    assert problem in page
    # What was typed is still there.
    typed = values["name"] or values["time_zone"]
    assert typed in page
    model: Any = {"merchants": Merchant, "warehouses": Warehouse, "stores": Store}[address.split("/")[1]]
    assert one(stage, model, name=values["name"]) is None


def test_a_record_in_use_is_not_deleted_and_the_reason_is_told(stage: Stage) -> None:
    admin, merchant = stage.person("admin"), stage.mine.connection.merchant_id
    answer = admin.post(f"/merchants/delete/{merchant}")
    assert answer.location == f"/merchants/show/{merchant}"
    assert "has 1 purchase orders. Switch it off instead of deleting it." in admin.flashes()[0]
    assert one(stage, Merchant, id=merchant) is not None


SECRET = "hunter2-very-secret"


def test_a_secret_goes_in_and_never_comes_out(stage: Stage) -> None:
    admin = stage.person("admin")
    account = stage.make.account(stage.make.merchant(), stage.make.warehouse())
    address = f"/merchants-at-warehouses/edit/{account.id}"
    values = {**filled(admin, address), "secrets": f'{{"token": "{SECRET}"}}'}
    assert admin.post(address, **values).status_code == 302
    assert one(stage, MerchantAtWarehouse, id=account.id).secrets == {"token": SECRET}
    for page in (address, f"/merchants-at-warehouses/show/{account.id}", "/merchants-at-warehouses/list/"):
        html = admin.get(page).get_data(as_text=True)
        assert SECRET not in html
    assert "Set" in text_of(admin.get(f"/merchants-at-warehouses/show/{account.id}"))
    # Saving again without it keeps it.
    assert filled(admin, address)["secrets"] == ""
    assert admin.post(address, **{**filled(admin, address), "facility": "Hall 2"}).status_code == 302
    stored = one(stage, MerchantAtWarehouse, id=account.id)
    assert (stored.facility, stored.secrets) == ("Hall 2", {"token": SECRET})


def test_a_refused_form_does_not_show_the_secret_again(stage: Stage) -> None:
    values = {**STORE, "name": "", "secrets": f'{{"token": "{SECRET}"}}'}
    answer = stage.person("admin").post("/stores/add", **values)
    assert answer.status_code == 200
    assert SECRET not in answer.get_data(as_text=True)


def test_a_connection_is_made_planned_and_run(stage: Stage) -> None:
    admin, make = stage.person("admin"), stage.make
    merchant, store, warehouse = make.merchant(), make.store(), make.warehouse()
    values = {
        "name": "New one", "merchant_id": merchant.id, "store_id": store.id, "warehouse_id": warehouse.id,
        "time_zone": "UTC", "channel_on": "y", "enabled": "y", "import_from": "2026-02-03T04:05",
        "import_filter": "{}", "location_map": "{}",
    }  # fmt: skip
    assert admin.post("/connections/add", **values).status_code == 302
    row = one(stage, Connection, name="New one")
    assert row.import_from.isoformat() == "2026-02-03T04:05:00+00:00"
    page = text_of(admin.get(f"/connections/show/{row.id}"))
    for words in (
        "every 15 minutes",
        "Import",
        "Status update",
        "Last completed",
        "Next run",
        "Run now",
        "No runs yet",
    ):
        assert words.lower() in page.lower()
    schedule = f"/connections/schedule/{row.id}/import"
    rules = '[{"kind": "hourly", "every": 2}]'
    assert admin.post(schedule, rules=rules).location == f"/connections/show/{row.id}"
    assert one(stage, Schedule, connection_id=row.id, kind="import").rules == [{"kind": "hourly", "every": 2}]
    for bad, problem in (("{}", "Write JSON such as"), ('[{"kind": "yearly"}]', "Rule 1"), ("[", "This is not JSON")):
        answer = admin.post(schedule, rules=bad)
        assert answer.status_code == 200
        assert problem in unescape(answer.get_data(as_text=True))
    assert one(stage, Schedule, connection_id=row.id, kind="import").rules == [{"kind": "hourly", "every": 2}]
    here = "/connections/list/?q=new"
    assert admin.post(f"/connections/run/{row.id}/import", next=here).location == here
    run = one(stage, Run, connection_id=row.id)
    assert (run.kind, run.state, run.started_by) == ("import", "queued", admin.user.get_full_name())
    assert admin.flashes() == [f"Import run {run.id} was queued."]
    admin.post(f"/connections/run/{row.id}/import")
    assert admin.flashes() == [f"Run {run.id} of this kind is at work already. Wait until it has ended."]
    assert admin.post(f"/connections/run/{row.id}/everything").status_code == 404


def test_a_run_of_a_connection_out_of_scope_is_not_started(stage: Stage) -> None:
    assert stage.person("limited").post(f"/connections/run/{stage.theirs.connection.id}/import").status_code == 404
    assert stage.person("partner").post(f"/connections/run/{stage.mine.connection.id}/import").status_code == 403
    assert one(stage, Run, connection_id=stage.theirs.connection.id) is None
    assert one(stage, Run, connection_id=stage.mine.connection.id) is None


def test_a_stale_connection_form_is_refused(stage: Stage) -> None:
    admin, row = stage.person("admin"), stage.mine.connection
    address = f"/connections/edit/{row.id}"
    old = filled(admin, address)
    assert admin.post(address, **{**old, "name": "First"}).status_code == 302
    answer = admin.post(address, **{**old, "name": "Second"})
    assert "Somebody saved this since you opened it." in text_of(answer)
    assert one(stage, Connection, id=row.id).name == "First"


RULE = {"name": "Route", "store_id": "", "state": "active", "position": "3"}
GOOD = """rule "Route"
  when purchase_order.notes contains "TEST" then
    reject purchase_order
  end
end"""


def test_a_rule_is_saved_in_versions(stage: Stage) -> None:
    admin = stage.person("admin")
    assert admin.post("/rules/add", **RULE, text=GOOD).status_code == 302
    rule = one(stage, Rule, name="Route")
    assert (rule.version, rule.position, rule.state) == (1, 3, "active")
    address = f"/rules/edit/{rule.id}"
    shown = filled(admin, address)
    assert shown["text"] == GOOD
    admin.post(address, **{**shown, "text": GOOD.replace("TEST", "DEMO")})
    assert one(stage, Rule, id=rule.id).version == 2
    assert one(stage, RuleVersion, rule_id=rule.id, number=1).text.replace("\r", "") == GOOD
    stale = admin.post(address, **{**shown, "name": "Old form"})
    assert "Somebody saved this rule since you opened it." in text_of(stale)
    assert re.search("Name Old form Route", text_of(stale))
    assert one(stage, Rule, id=rule.id).name == "Route"


def test_a_bad_rule_is_told_line_by_line_and_kept_in_the_form(stage: Stage) -> None:
    bad = GOOD.replace("notes contains", "notez contains").replace("reject purchase_order", "rejekt purchase_order")
    answer = stage.person("admin").post("/rules/add", **RULE, text=bad)
    assert answer.status_code == 200
    page = unescape(text_of(answer))
    assert re.search(r"Line \d, column \d+: ", page)
    assert "rejekt purchase_order" in page
    assert one(stage, Rule, name="Route") is None


def fresh(stage: Stage) -> PurchaseOrder:
    """An order that may be edited."""
    return stage.make.purchase_order(stage.mine.connection, lines=2)


def test_the_header_is_edited_and_only_what_changed_is_an_edit(stage: Stage) -> None:
    person, order = stage.person("limited"), fresh(stage)
    address = f"/purchase-orders/edit/{order.id}"
    values = {**filled(person, address), "due_date": "2026-12-24", "tags": " rush , cold ,", "reason": "Asked"}
    answer = person.post(address, **values)
    assert answer.location == f"/purchase-orders/show/{order.id}"
    now = one(stage, PurchaseOrder, id=order.id)
    assert (now.due_date, now.tags, now.buyer_name, now.edited) == (
        date(2026, 12, 24),
        ["rush", "cold"],
        "Bolt Buyer",
        True,
    )
    with Session(stage.make.engine) as session:
        edits = session.scalar(select(PurchaseOrder.edits).where(PurchaseOrder.id == order.id))
    assert edits == {"header": {"due_date": "2026-12-24", "tags": ["rush", "cold"]}}


def test_a_stale_header_form_shows_both_versions_and_loses_nothing(stage: Stage) -> None:
    person, order = stage.person("support"), fresh(stage)
    address = f"/purchase-orders/edit/{order.id}"
    old = {**filled(person, address), "reason": "Asked by the buyer"}
    assert person.post(address, **{**old, "buyer_name": "From A"}).status_code == 302
    answer = person.post(address, **{**old, "buyer_name": "From B"})
    assert answer.status_code == 200
    page = text_of(answer)
    assert "was changed since you opened it" in page
    assert re.search(r"Buyer From B From A", page)
    html = answer.get_data(as_text=True)
    assert 'value="From B"' in html
    assert one(stage, PurchaseOrder, id=order.id).buyer_name == "From A"
    version = re.search(r'name="version_no"[^>]*value="(\d+)"', html)
    assert version is not None
    assert person.post(address, **{**old, "buyer_name": "From B", "version_no": version[1]}).status_code == 302
    assert one(stage, PurchaseOrder, id=order.id).buyer_name == "From B"


def test_a_sent_order_is_not_edited(stage: Stage) -> None:
    person, order = stage.person("support"), stage.mine.order
    address = f"/purchase-orders/edit/{order.id}"
    answer = person.post(address, **{**filled(person, address), "buyer_name": "Late"})
    assert answer.status_code == 200
    assert order.number in text_of(answer)
    assert one(stage, PurchaseOrder, id=order.id).buyer_name == "Bolt Buyer"


def test_lines_are_changed_added_and_removed(stage: Stage) -> None:
    person, order = stage.person("support"), fresh(stage)
    line = stage.make.lines_of(order)[0]
    address = f"/line-items/edit/{line.id}"
    assert person.post(address, **{**filled(person, address), "quantity": "12.5", "reason": "r"}).status_code == 302
    assert str(one(stage, LineItem, id=line.id).quantity) == "12.500000"
    adding = f"/line-items/add?order={order.id}"
    values = {**filled(person, adding), "sku": "NEW-1", "quantity": "3", "reason": "r"}
    assert person.post(adding, **values).status_code == 302
    added = one(stage, LineItem, purchase_order_id=order.id, sku="NEW-1")
    assert (added.line_number, str(added.quantity)) == (3, "3.000000")
    removing = f"/line-items/act/remove/{line.id}"
    assert person.post(removing, **filled(person, removing)).status_code == 200
    assert len(stage.make.lines_of(order)) == 3
    assert person.post(removing, **{**filled(person, removing), "reason": "Not wanted"}).status_code == 302
    assert [row.sku for row in stage.make.lines_of(order)] == ["SKU-0002", "NEW-1"]
    assert one(stage, PurchaseOrder, id=order.id).lines_count == 2


@pytest.mark.parametrize("change", [{"sku": ""}, {"quantity": "-1"}, {"quantity": "many"}, {"quantity": "NaN"}])
def test_a_bad_line_is_refused(stage: Stage, change: dict[str, str]) -> None:
    person, order = stage.person("support"), fresh(stage)
    line = stage.make.lines_of(order)[0]
    address = f"/line-items/edit/{line.id}"
    assert person.post(address, **{**filled(person, address), "reason": "r", **change}).status_code == 200
    now = one(stage, LineItem, id=line.id)
    assert (now.sku, str(now.quantity)) == ("SKU-0001", "10.000000")


def test_lines_of_another_world_are_neither_added_nor_changed(stage: Stage) -> None:
    order = stage.make.purchase_order(stage.theirs.connection)
    line, person = stage.make.lines_of(order)[0], stage.person("limited")
    values = {"sku": "EVIL", "quantity": "1", "version_no": "1", "reason": "r"}
    answers = [
        person.get(f"/line-items/add?order={order.id}"),
        person.post(f"/line-items/add?order={order.id}", **values),
        person.post(f"/line-items/edit/{line.id}", **values),
        person.post(f"/line-items/act/remove/{line.id}", version_no="1", reason="r"),
        person.get(f"/line-items/act/close_short/{line.id}"),
        person.post(f"/line-items/act/close_short/{line.id}", version_no="1", reason="r"),
        person.post(f"/purchase-orders/edit/{order.id}", buyer_name="EVIL", version_no="1", reason="r"),
        person.get("/line-items/add"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 8
    assert [row.sku for row in stage.make.lines_of(order)] == ["SKU-0001", "SKU-0002"]
    assert one(stage, PurchaseOrder, id=order.id).buyer_name == "Bolt Buyer"


def test_an_admin_says_what_a_user_may_see(stage: Stage) -> None:
    admin, user = stage.person("admin"), stage.people["unscoped partner"].user
    address = f"/user-access/edit/{user.id}"
    warehouse, merchant = stage.mine.connection.warehouse_id, stage.theirs.connection.merchant_id
    assert admin.post(address, warehouses=[warehouse], merchants=[merchant]).location == "/user-access/list/"
    with Session(stage.make.engine) as session:
        rows = session.scalars(select(UserScope).filter_by(user_id=user.id)).all()
        assert {(row.merchant_id, row.warehouse_id) for row in rows} == {(None, warehouse), (merchant, None)}
    partner = stage.person("unscoped partner")
    assert stage.mine.order.number in text_of(partner.get("/purchase-orders/list/"))
    assert admin.post(address, warehouses=[], merchants=[merchant]).status_code == 302
    assert stage.mine.order.number not in text_of(partner.get("/purchase-orders/list/"))
    assert stage.person("support").post(address, warehouses=[warehouse]).status_code == 403
    assert admin.post("/user-access/edit/999999", warehouses=[]).status_code == 404
    assert admin.post(address, warehouses=[999_999]).status_code == 200


def test_the_status_of_an_order_is_no_field(stage: Stage) -> None:
    person, order = stage.person("support"), fresh(stage)
    address = f"/purchase-orders/edit/{order.id}"
    person.post(
        address, **{**filled(person, address), "status": "received", "merchant_id": "1", "sent_at": "2026-01-01"}
    )
    now = one(stage, PurchaseOrder, id=order.id)
    assert (now.status, now.merchant_id, now.sent_at) == (PoStatus.NEW, order.merchant_id, None)
