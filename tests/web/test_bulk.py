"""Bulk actions in the browser: the plan, its confirmation, and what each role may not do."""

from __future__ import annotations

from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.states import PoStatus
from app.jobs import bulk as bulk_job
from app.models import Activity, Connection, PurchaseOrder, Run, Warehouse
from app.services.actions import ORDER_ACTIONS
from tests.frame.markup import faults
from tests.web.bulking import (
    CONFIRM,
    JOBS,
    LIST,
    PLAN,
    confirm_url,
    confirmed,
    fields,
    figures,
    hidden,
    ids_of,
    items,
    landmarks,
    orders,
    page_of,
    rows_of,
    run_row,
    started,
    stored,
)
from tests.web.counting import statements
from tests.web.people import Stage, text_of

ARCHIVED_ALREADY = "It is archived already."


# ------------------------------------------------------------------ the plan


def test_the_plan_says_exactly_what_would_happen(stage: Stage) -> None:
    fresh, away = orders(stage, 3), orders(stage, 2, status=PoStatus.ARCHIVED)
    [nowhere] = orders(stage, 1, status=PoStatus.ERROR, warehouse_id=None)
    [other] = orders(stage, 1, stage.theirs.connection, status=PoStatus.OPEN)
    before = stored(stage)
    chosen = [*fresh, *away, nowhere, other]
    answer = stage.person("support").post(PLAN, action="archive", ids=ids_of(chosen), next=f"{LIST}?page=2")
    page = page_of(answer)
    assert faults(page) == []
    assert landmarks(page) == ["What will be skipped, and why", "By warehouse", "Some of them", "Confirm"]
    assert figures(page) == [7, 5, 2]
    assert page.all("h1")[0].text.strip() == "Archive: 7 purchase orders"
    text = text_of(answer)
    assert "7 ticked" in text
    assert f"2 purchase orders {ARCHIVED_ALREADY}" in text
    codes = {connection: _code(stage, connection) for connection in (stage.mine.connection, stage.theirs.connection)}
    assert rows_of(page, "By warehouse") == [
        ["No warehouse yet", "1", "1"],
        *sorted([[codes[stage.mine.connection], "5", "3"], [codes[stage.theirs.connection], "1", "1"]]),
    ]
    assert [(row[0], row[-1]) for row in rows_of(page, "Some of them")] == [
        (po.number, f"Skipped: {ARCHIVED_ALREADY}" if po in away else "Will be done") for po in chosen
    ]
    assert [button.text for button in page.all("button") if button.inside("form") and "primary" in button.get("class")]
    assert "Archive: 5 purchase orders" in text
    assert "Put it away? If a warehouse has it, the warehouse is not told." in text
    assert stored(stage) == before


def _code(stage: Stage, connection: Connection) -> str:
    with Session(stage.make.engine) as session:
        return session.get_one(Warehouse, connection.warehouse_id).code


def test_at_most_ten_samples_are_shown(stage: Stage) -> None:
    chosen = [*orders(stage, 11), *orders(stage, 1, status=PoStatus.ARCHIVED)]
    page = page_of(stage.person("admin").post(PLAN, action="archive", ids=ids_of(chosen)))
    samples = rows_of(page, "Some of them")
    assert figures(page) == [12, 11, 1]
    assert [row[0] for row in samples] == [po.number for po in (*chosen[:9], chosen[-1])]
    assert [heading.text for heading in page.all("h2") if heading.get("id") == "samples"] == ["Some of them"]
    page = page_of(stage.person("admin").post(PLAN, action="archive", ids=ids_of(chosen[:10])))
    assert [heading.text for heading in page.all("h2") if heading.get("id") == "samples"] == ["All of them"]


def test_where_all_would_be_skipped_there_is_nothing_to_confirm(stage: Stage) -> None:
    page = page_of(
        stage.person("support").post(PLAN, action="archive", ids=ids_of(orders(stage, 2, status=PoStatus.ARCHIVED)))
    )
    assert figures(page) == [2, 0, 2]
    form = next(form for form in page.all("form") if "stack" in form.get("class"))
    assert [button.text for button in page.all("button") if button.inside("form") is form] == []


@pytest.mark.parametrize("action", ORDER_ACTIONS)
def test_each_action_asks_for_what_it_needs(stage: Stage, action: str) -> None:
    page = page_of(stage.person("admin").post(PLAN, action=action, ids=ids_of(orders(stage, 1))))
    asked = [element for element in page.elements if element.get("id").startswith("plan-") and element.get("name")]
    assert tuple(element.get("name") for element in asked) == ORDER_ACTIONS[action].fields
    for element in asked:
        if element.get("name") == "tombstone":
            # Whoever forces it means it: the tick is there by itself, and can be taken off.
            assert ("checked" in element.attributes) == (action == "force_delete")
        else:
            assert "required" in element.attributes
    assert faults(page) == []


def test_the_ticked_rows_come_with_their_ids_and_the_way_back(stage: Stage) -> None:
    chosen = orders(stage, 3)
    here = f"{LIST}?status=new&page=2"
    page = page_of(
        stage.person("support").post(f"{PLAN}?status=new&page=2", action="reset", ids=ids_of(chosen[::-1]), next=here)
    )
    [key] = fields(page)["key"]
    assert len(key) >= 20
    assert hidden(page) == [
        ("action", "reset"), ("expected", "3"), ("key", key), *(("ids", str(po.id)) for po in chosen), ("next", here),
    ]  # fmt: skip
    assert urlsplit(confirm_url(page)).path == CONFIRM
    assert [link.get("href") for link in page.all("a") if link.text.strip() == "Back to the list"] == [here]
    again = page_of(stage.person("support").post(PLAN, action="reset", ids=ids_of(chosen)))
    assert fields(again)["key"] != [key]


ALL_OF = [
    ("status=open", 4, "Status: Open"),
    ("status=open&status=error", 6, "Status: Open, Status: Error"),
    ("q=bolt", 9, "Search: bolt"),
    ("status=new&q=PO-", 3, "Search: PO-, Status: New"),
    ("imported_from=2026-03-05&page=7&size=25", 9, ""),
    ("", 9, "all of the list"),
]


@pytest.mark.parametrize(("query", "count", "words"), ALL_OF)
def test_all_that_match_are_asked_of_the_server_by_the_lists_own_filter(
    stage: Stage, query: str, count: int, words: str
) -> None:
    # Four open ones with the stage's own two.
    chosen = [*orders(stage, 2, status=PoStatus.OPEN), *orders(stage, 2, status=PoStatus.ERROR), *orders(stage, 3)]
    # A tick of another page, or a forged id, does not matter where all were asked for.
    page = page_of(stage.person("admin").post(f"{PLAN}?{query}", action="comment", all="1", ids=[chosen[0].id]))
    assert figures(page) == [count, count, 0]
    assert "ids" not in fields(page)
    assert fields(page)["all"] == ["1"]
    assert parse_qs(urlsplit(confirm_url(page)).query) == parse_qs(query)
    soft = " ".join(element.text for element in page.all("span") if element.get("class") == "faint")
    assert words in soft
    answer = confirmed(stage.person("admin"), page, text="Seen")
    found = items(stage, int(answer.location.rsplit("/", 1)[1]))
    assert len(found) == count
    if query == "status=open":
        assert {po for po, _ in found} == {stage.mine.order.id, stage.theirs.order.id, chosen[0].id, chosen[1].id}


@pytest.mark.parametrize(("name", "count"), [("admin", 4), ("support", 4), ("limited", 3), ("partner", 1)])
def test_all_that_match_are_those_within_the_scope(stage: Stage, name: str, count: int) -> None:
    orders(stage, 2)
    person = stage.person(name)
    page = page_of(person.post(PLAN, action="comment", all="1"))
    assert figures(page) == [count, count, 0]
    answer = confirmed(person, page, text="Seen")
    found = [po for po, _ in items(stage, int(answer.location.rsplit("/", 1)[1]))]
    assert len(found) == count
    assert (stage.theirs.order.id in found) == (name in {"admin", "support"})


def test_the_list_carries_its_filter_to_the_plan(stage: Stage) -> None:
    orders(stage, 2, status=PoStatus.OPEN)
    page = page_of(stage.person("support").get(f"{LIST}?status=open&q=PO-"))
    [bar] = [form for form in page.all("form") if form.get("id") == "bulk"]
    parts = urlsplit(bar.get("action"))
    assert (parts.path, parse_qs(parts.query)) == (PLAN, {"status": ["open"], "q": ["PO-"]})
    [everything] = [field for field in page.all("input") if field.get("name") == "all"]
    assert (everything.get("data-all-match"), "disabled" in everything.attributes) == ("4", True)


def test_nothing_matches_any_more(stage: Stage) -> None:
    person = stage.person("support")
    answer = person.post(f"{PLAN}?status=received", action="archive", all="1", next=f"{LIST}?status=received")
    assert (answer.status_code, answer.location) == (302, f"{LIST}?status=received")
    assert person.flashes() == ["No purchase order matches any more. Nothing was started."]


def test_ids_outside_the_scope_are_no_part_of_the_plan(stage: Stage) -> None:
    mine = orders(stage, 2)
    ids = [*ids_of(mine), stage.theirs.order.id, 10**9]
    limited = stage.person("limited")
    page = page_of(limited.post(PLAN, action="archive", ids=ids))
    assert figures(page) == [2, 2, 0]
    assert stage.theirs.order.number not in text_of(limited.post(PLAN, action="archive", ids=ids))
    answer = confirmed(limited, page, reason="x")
    run_id = int(answer.location.rsplit("/", 1)[1])
    bulk_job.work()
    assert items(stage, run_id) == [(po.id, "done") for po in mine]
    with Session(stage.make.engine) as session:
        assert session.get_one(PurchaseOrder, stage.theirs.order.id).status is PoStatus.OPEN


def test_the_plan_costs_the_same_statements_for_ten_and_three_hundred(stage: Stage) -> None:
    person, counts = stage.person("support"), []
    for count in (10, 290):
        [seed] = orders(stage, 1)
        _copies(stage, seed, count - 1)
        person.post(PLAN, action="close_short", all="1")
        with statements(stage.app) as sent:
            page = page_of(person.post(PLAN, action="close_short", all="1"))
        counts.append((figures(page)[0], len(sent)))
    assert [total for total, _ in counts] == [12, 302]
    assert counts[0][1] == counts[1][1] <= 16


def _copies(stage: Stage, seed: PurchaseOrder, count: int) -> None:
    """Copies of an order, made by the database, each with its key and its own number."""
    table, values = PurchaseOrder.__table__, ("id", "external_id", "number")
    same = ", ".join(column.name for column in table.columns if column.name not in values and column.computed is None)
    with stage.make.engine.begin() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO purchase_order (external_id, number, {same})"
            f" SELECT external_id || '-' || n, number || '-' || n, {same} FROM purchase_order,"
            f" generate_series(1, {count}) AS n WHERE id = {seed.id}"
        )
        connection.exec_driver_sql(
            "INSERT INTO po_key (store_id, connection_id, external_id, purchase_order_id, raw_digest)"
            " SELECT store_id, connection_id, external_id, id, 'r' FROM purchase_order p"
            " WHERE NOT EXISTS (SELECT FROM po_key k WHERE k.purchase_order_id = p.id)"
        )


# ------------------------------------------------------------------ the confirmation


def test_a_confirmation_queues_a_job_and_does_nothing_by_itself(stage: Stage) -> None:
    chosen, person = orders(stage, 2), stage.person("support")
    before = stored(stage)
    page = page_of(person.post(PLAN, action="archive", ids=ids_of(chosen), next=f"{LIST}?status=new"))
    answer = confirmed(person, page, reason="Ordered twice")
    run_id = int(answer.location.rsplit("/", 1)[1])
    assert (answer.status_code, answer.location) == (302, f"/bulk-jobs/show/{run_id}")
    run, after = run_row(stage, run_id), stored(stage)
    assert (run.started_by, run.user_id, run.state.value, run.seen) == (
        person.user.get_full_name(), person.user.id, "queued", 2,
    )  # fmt: skip
    assert (run.request["action"], run.request["options"], run.request["words"], run.request["back"]) == (
        "archive", {"reason": "Ordered twice"}, "2 ticked", f"{LIST}?status=new",
    )  # fmt: skip
    assert items(stage, run_id) == [(po.id, "waiting") for po in chosen]
    assert {name: after[name] for name in ("purchase_order", "activity")} == {
        name: before[name] for name in ("purchase_order", "activity")
    }
    bulk_job.work()
    assert items(stage, run_id) == [(po.id, "done") for po in chosen]


def test_a_second_click_leads_to_the_same_job(stage: Stage) -> None:
    chosen, person = orders(stage, 2), stage.person("support")
    page = page_of(person.post(PLAN, action="comment", ids=ids_of(chosen)))
    first = confirmed(person, page, text="Seen")
    second = confirmed(person, page, text="Seen")
    bulk_job.work()
    third = confirmed(person, page, text="Seen")
    assert first.location == second.location == third.location
    bulk_job.work()
    with Session(stage.make.engine) as session:
        told = session.scalars(select(Activity.purchase_order_id).where(Activity.kind == "comment")).all()
        assert sorted(told, key=repr) == ids_of(chosen)
        assert len(session.scalars(select(Run)).all()) == 1


def test_the_key_of_one_person_is_not_that_of_another(stage: Stage) -> None:
    chosen = orders(stage, 1)
    one = stage.person("support").post(CONFIRM, action="comment", ids=ids_of(chosen), expected="1", key="k", text="x")
    two = stage.person("admin").post(CONFIRM, action="comment", ids=ids_of(chosen), expected="1", key="k", text="x")
    assert one.location != two.location


def test_another_number_than_planned_shows_the_plan_again_and_keeps_what_was_entered(stage: Stage) -> None:
    orders(stage, 2, status=PoStatus.ERROR)
    person = stage.person("support")
    page = page_of(person.post(f"{PLAN}?status=error", action="archive", all="1"))
    orders(stage, 1, status=PoStatus.ERROR)
    before = stored(stage)
    answer = confirmed(person, page, reason="Old <ones>")
    again = page_of(answer)
    assert "The plan was for 2 purchase orders, and 3 match now. Look again." in text_of(answer)
    assert figures(again) == [3, 3, 0]
    assert unescape(next(area.text for area in again.all("textarea"))) == "Old <ones>"
    assert (fields(again)["expected"], fields(again)["key"]) == (["3"], fields(page)["key"])
    assert faults(again) == []
    assert stored(stage) == before
    assert confirmed(person, again, reason="Old ones").status_code == 302


@pytest.mark.parametrize(
    ("action", "given", "sentence"),
    [
        ("archive", {"reason": "  "}, "Archive needs a reason. Nothing was started."),
        ("close_short", {}, "Close short needs a reason. Nothing was started."),
        ("comment", {"text": ""}, "Write the comment. Nothing was started."),
    ],
)
def test_without_its_reason_nothing_is_started(stage: Stage, action: str, given: dict[str, str], sentence: str) -> None:
    person, chosen = stage.person("support"), orders(stage, 1, status=PoStatus.OPEN)
    page = page_of(person.post(PLAN, action=action, ids=ids_of(chosen)))
    before = stored(stage)
    answer = confirmed(person, page, **given)
    assert sentence in text_of(answer)
    assert figures(page_of(answer)) == [1, 1, 0]
    assert stored(stage) == before


@pytest.mark.parametrize("expected", ["", "abc", "-1", "0", "2", "٣", "9" * 40])
def test_an_odd_number_of_expected_orders_starts_nothing(stage: Stage, expected: str) -> None:
    chosen = orders(stage, 1)
    before = stored(stage)
    answer = stage.person("support").post(
        CONFIRM, action="comment", ids=ids_of(chosen), expected=expected, key="k", text="x"
    )
    assert answer.status_code == 200
    assert "Look again." in text_of(answer)
    assert stored(stage) == before


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_the_way_back_never_leads_outside(stage: Stage, wanted: str) -> None:
    person, chosen = stage.person("support"), orders(stage, 1)
    page = page_of(person.post(PLAN, action="comment", ids=ids_of(chosen), next=wanted))
    links = [link.get("href") for link in page.all("a")]
    assert all(link.startswith(("/", "#")) and not link.startswith("//") for link in links)
    answer = confirmed(person, page, text="x", next=wanted)
    assert run_row(stage, int(answer.location.rsplit("/", 1)[1])).request["back"] == LIST


# ------------------------------------------------------------------ rights


@pytest.mark.parametrize("name", ["partner", "merchant", "unscoped merchant", "nobody"])
@pytest.mark.parametrize("action", [name for name in ORDER_ACTIONS if name != "comment"])
@pytest.mark.parametrize("choice", ["ids", "all"])
def test_who_may_not_act_gets_no_plan_and_starts_nothing(stage: Stage, name: str, action: str, choice: str) -> None:
    before, person = stored(stage), stage.person(name)
    given: dict[str, Any] = {"all": "1"} if choice == "all" else {"ids": [stage.mine.order.id]}
    for address in (PLAN, CONFIRM):
        answer = person.post(address, action=action, expected="1", key="k", reason="x", tombstone="1", **given)
        assert answer.status_code == 403
    assert stored(stage) == before


def test_a_merchant_comments_on_nothing(stage: Stage) -> None:
    before, person = stored(stage), stage.person("merchant")
    for address in (PLAN, CONFIRM):
        answer = person.post(address, action="comment", ids=[stage.mine.order.id], expected="1", key="k", text="x")
        assert answer.status_code == 403
    assert stored(stage) == before
    assert person.get(JOBS).status_code == 403


@pytest.mark.parametrize("name", ["support", "limited"])
def test_force_delete_is_for_admins(stage: Stage, name: str) -> None:
    before = stored(stage)
    for address in (PLAN, CONFIRM):
        answer = stage.person(name).post(address, action="force_delete", all="1", expected="1", key="k")
        assert answer.status_code == 403
    assert stored(stage) == before


def test_a_partner_plans_comments_on_the_own_orders_and_sees_no_cost(stage: Stage) -> None:
    orders(stage, 2)
    person = stage.person("partner")
    answer = person.post(PLAN, action="comment", ids=[stage.mine.order.id, stage.theirs.order.id])
    assert figures(page_of(answer)) == [1, 1, 0]
    assert "2.50" not in text_of(answer)
    assert "75.00" not in text_of(answer)
    assert person.post(PLAN, action="comment", ids=[stage.theirs.order.id]).status_code == 404
    run_id = started(person, [stage.mine.order], text="The dock is closed")
    bulk_job.work()
    assert items(stage, run_id) == [(stage.mine.order.id, "done")]


@pytest.mark.parametrize("name", ["limited", "partner", "merchant", "nobody"])
def test_nobody_cancels_what_they_do_not_see(stage: Stage, name: str) -> None:
    run_id = started(stage.person("support"), orders(stage, 1))
    before = stored(stage)
    answer = stage.person(name).post(f"/bulk-jobs/cancel/{run_id}")
    assert answer.status_code == (403 if name in {"merchant", "nobody"} else 404)
    assert stored(stage) == before


@pytest.mark.parametrize("token", [None, "forged"])
def test_without_a_form_token_nothing_is_planned_started_or_canceled(stage: Stage, token: str | None) -> None:
    run_id = started(stage.person("admin"), orders(stage, 1))
    before = stored(stage)
    given = {"action": "comment", "all": "1", "expected": "3", "key": "k", "text": "x"}
    given = given if token is None else {**given, "csrf_token": token}
    for address in (PLAN, CONFIRM, f"/bulk-jobs/cancel/{run_id}"):
        assert stage.person("admin").client.post(address, data=given).status_code == 400
    for address in (PLAN, CONFIRM, f"/bulk-jobs/cancel/{run_id}"):
        assert stage.person("admin").get(address).status_code in {404, 405}
    assert stored(stage) == before


def test_signed_out_leads_to_the_door(stage: Stage) -> None:
    run_id = started(stage.person("admin"), orders(stage, 1))
    before = stored(stage)
    admin = stage.person("admin")
    with admin.client.session_transaction() as session:
        session.pop("_user_id")
    for address in (PLAN, CONFIRM, f"/bulk-jobs/cancel/{run_id}"):
        answer = admin.post(address, action="comment", all="1", expected="3", key="k", text="x")
        assert answer.status_code == 302
        assert "/login/" in answer.location
    assert stored(stage) == before


@pytest.mark.parametrize("value", ["a\0b", "\0"])
def test_a_text_that_cannot_be_stored_is_refused(stage: Stage, value: str) -> None:
    chosen = orders(stage, 1)
    before = stored(stage)
    answer = stage.person("support").post(
        CONFIRM, action="comment", ids=ids_of(chosen), expected="1", key="k", text=f"x{value}"
    )
    assert answer.status_code == 400
    assert stored(stage) == before
