"""Saved views in the browser: the menu, opening, saving, the default; and what others may not touch."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import DefaultView, SavedView
from app.web.saved import kept, kept_of_text
from app.web.views.orders import PurchaseOrderView
from tests.web.counting import statements
from tests.web.people import Person, Stage, text_of

LIST = "/purchase-orders/list/"
PAGE = "purchase-orders"


def view_of(stage: Stage, name: str, view: str = "Ours", *, shared: bool = False, **query: Any) -> SavedView:
    """A stored view of one person."""
    owner = stage.person(name).user.id
    query = query or {"status": ["open"]}
    return stage.make.add(SavedView(user_id=owner, page=PAGE, name=view, query=query, shared=shared))


def stored(stage: Stage) -> list[tuple[object, ...]]:
    """All views and defaults."""
    with Session(stage.make.engine) as session:
        views = session.scalars(select(SavedView).order_by(SavedView.id)).all()
        first = session.scalars(select(DefaultView).order_by(DefaultView.id)).all()
        return [
            *((row.id, row.user_id, row.name, row.query, row.shared) for row in views),
            *((row.user_id, row.saved_view_id) for row in first),
        ]


def menu_of(person: Person, address: str) -> str:
    """The words of the views menu."""
    page = person.get(address).get_data(as_text=True)
    menu = re.search(r'<details class="menu views-menu">(.*?)</details>', page, re.DOTALL)
    assert menu is not None
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", menu.group(1))).split())


@pytest.mark.parametrize("name", ["admin", "support", "limited", "partner", "merchant"])
def test_everybody_saves_a_view_and_comes_back_to_it(stage: Stage, name: str) -> None:
    person = stage.person(name)
    query = "status=open&status=error&sort=-due&page=3&view=9&go=1&nonsense=1&q=bolt"
    answer = person.post("/saved-views/save", page=PAGE, name="Work", query=query, default="1")
    [view, default] = stored(stage)
    found = {"status": ["open", "error"], "q": ["bolt"], "sort": ["-due"]}
    assert view[1:] == (person.user.id, "Work", found, False)
    assert default == (person.user.id, view[0])
    parts = urlsplit(answer.headers["Location"])
    assert (parts.path, parse_qs(parts.query)) == (LIST, {"view": [str(view[0])], **found})
    assert menu_of(person, answer.headers["Location"]).startswith("View: Work All purchase orders Yours Work")


@pytest.mark.parametrize(("name", "shared"), [("admin", True), ("support", True), ("partner", False)])
def test_only_staff_share_what_they_save(stage: Stage, name: str, shared: bool) -> None:
    stage.person(name).post("/saved-views/save", page=PAGE, name="Work", query="status=open", shared="1")
    assert [row[4] for row in stored(stage)] == [shared]


@pytest.mark.parametrize(
    ("name", "seen"), [("support", True), ("limited", True), ("partner", False), ("merchant", False)]
)
def test_a_shared_view_is_offered_to_staff_with_its_owners_name(stage: Stage, name: str, seen: bool) -> None:
    view_of(stage, "admin", "Ours", shared=True)
    view_of(stage, "admin", "Secret")
    menu = menu_of(stage.person(name), f"{LIST}?view=all")
    owner = stage.person("admin").user.get_full_name()
    assert (f"Shared by others Ours {owner}" in menu) is seen
    assert "Secret" not in menu


def test_the_open_view_says_when_it_was_changed(stage: Stage) -> None:
    view = view_of(stage, "admin", "Work", status=["open", "error"], cols=["number,due"])
    admin = stage.person("admin")
    for query, changed in (
        ("status=open&status=error&cols=number,due", False),
        ("status=error&status=open&cols=number&cols=due&page=2", False),
        ("status=error&cols=number,due", True),
        ("status=open&status=error&cols=number,due&sort=due", True),
        ("", True),
    ):
        menu = menu_of(admin, f"{LIST}?view={view.id}&{query}")
        assert menu.startswith("View: Work changed" if changed else "View: Work All"), query
        assert ("Save changes" in menu) is changed
    assert "Save changes" not in menu_of(admin, f"{LIST}?status=new")


def test_somebody_elses_view_offers_a_copy_only(stage: Stage) -> None:
    view = view_of(stage, "admin", "Ours", shared=True)
    menu = menu_of(stage.person("support"), f"{LIST}?view={view.id}&status=new")
    assert menu.startswith("View: Ours changed")
    assert "Save as new" in menu
    assert "Open the list with this view" in menu
    for word in ("Save changes", "Rename", "Delete", "Share with", "Stop sharing"):
        assert word not in menu


def test_changes_are_saved_and_the_view_is_renamed_shared_and_deleted(stage: Stage) -> None:
    admin, view = stage.person("admin"), view_of(stage, "admin", "Work")
    answer = admin.post(f"/saved-views/replace/{view.id}", page=PAGE, query="q=bolt")
    assert answer.headers["Location"] == f"{LIST}?view={view.id}&q=bolt"
    back = f"{LIST}?view={view.id}"
    assert admin.post(f"/saved-views/rename/{view.id}", name="Bolts", next=back).headers["Location"] == back
    admin.post(f"/saved-views/share/{view.id}", shared="1", next=back)
    assert stored(stage) == [(view.id, admin.user.id, "Bolts", {"q": ["bolt"]}, True)]
    admin.post(f"/saved-views/share/{view.id}", shared="", next=back)
    assert stored(stage)[0][4] is False
    answer = admin.post(f"/saved-views/delete/{view.id}")
    assert (answer.headers["Location"], stored(stage)) == (f"{LIST}?view=all", [])
    assert admin.flashes()[-1] == "The view Bolts was deleted."


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("act", ["replace", "rename", "delete", "share"])
@pytest.mark.parametrize("name", ["support", "limited", "partner", "merchant"])
def test_somebody_elses_view_is_not_there_to_change(stage: Stage, name: str, act: str, shared: bool) -> None:
    view = view_of(stage, "admin", "Ours", shared=shared)
    before = stored(stage)
    answer = stage.person(name).post(f"/saved-views/{act}/{view.id}", page=PAGE, query="q=x", name="Mine", shared="1")
    # Sharing at all is not for partners and merchants.
    refused = 403 if act == "share" and name in {"partner", "merchant"} else 404
    assert (answer.status_code, stored(stage)) == (refused, before)


@pytest.mark.parametrize(
    ("name", "shared", "code"),
    [("support", False, 404), ("partner", True, 404), ("merchant", True, 404), ("support", True, 302)],
)
def test_a_default_is_a_view_that_one_sees(stage: Stage, name: str, shared: bool, code: int) -> None:
    view, person = view_of(stage, "admin", "Ours", shared=shared), stage.person(name)
    assert person.post(f"/saved-views/make-default/{view.id}").status_code == code
    assert ((person.user.id, view.id) in stored(stage)) is (code == 302)


def test_the_bare_list_opens_with_the_default_and_all_is_one_link_away(stage: Stage) -> None:
    person = stage.person("support")
    view = view_of(stage, "admin", "Ours", shared=True, status=["error"], sort=["-due"], gone=["x"])
    assert person.get(LIST).status_code == 200
    person.post(f"/saved-views/make-default/{view.id}")
    assert person.get(LIST).headers["Location"] == f"{LIST}?view={view.id}&status=error&sort=-due"
    assert person.get(f"{LIST}?q=x").status_code == 200
    everything = person.get(f"{LIST}?view=all")
    assert stage.mine.order.number in text_of(everything)
    assert "Ours opens first" not in menu_of(stage.person("admin"), LIST)
    assert "opens first" in menu_of(person, f"{LIST}?view=all")
    person.post("/saved-views/take-default-off", page=PAGE)
    assert person.get(LIST).status_code == 200


def test_a_default_that_is_not_shared_any_more_opens_nothing(stage: Stage) -> None:
    person, view = stage.person("support"), view_of(stage, "admin", "Ours", shared=True)
    person.post(f"/saved-views/make-default/{view.id}")
    stage.person("admin").post(f"/saved-views/share/{view.id}", shared="")
    assert person.get(LIST).status_code == 200


def test_clearing_the_filters_does_not_bring_the_default_back(stage: Stage) -> None:
    page = stage.person("admin").get(f"{LIST}?status=canceled&cols=number,due&sort=due").get_data(as_text=True)
    cleared = f"{LIST}?cols=number%2Cdue&sort=due&view=all"
    assert {unescape(found) for found in re.findall(r'href="([^"]+view=all)"', page)} == {cleared, f"{LIST}?view=all"}


@pytest.mark.parametrize("name", ["partner", "merchant"])
def test_a_view_of_costs_and_staff_columns_does_nothing_for_others(stage: Stage, name: str) -> None:
    person = stage.person(name)
    query: dict[str, Any] = {
        "cols": ["number,cost,reason,connection"],
        "sort": ["cost"],
        "cause": ["send"],
        "waits": ["change"],
    }
    view = view_of(stage, name, "Old", **query)
    page = person.get(f"{LIST}?view={view.id}&cols=number,cost,reason,connection&sort=cost&cause=send&waits=change")
    heads = re.findall(r"<th scope=\"col\"[^>]*>(.*?)</th>", page.get_data(as_text=True), re.DOTALL)
    words = {re.sub(r"<[^>]+>", "", head).strip() for head in heads}
    assert words - {""} == ({"Number"} if name == "partner" else {"Number", "Total cost"})
    # A filter that one does not have finds everything.
    assert stage.mine.order.number in text_of(page)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"status": ["open", ""], "page": ["2"], "view": ["1"], "go": ["1"]}, {"status": ["open"]}),
        ({"cols": ["number", "due,status", ","]}, {"cols": ["number,due,status"]}),
        ({"cols": [","], "size": ["50"]}, {"size": ["50"]}),
        ({"due_in": ["next_7"], "due_from": ["2026-01-01"]}, {"due_in": ["next_7"], "due_from": ["2026-01-01"]}),
        ({"status": "open", "q": None, "late": [1, "7"]}, {"late": ["7"]}),
        ({}, {}),
    ],
)
def test_what_is_kept_are_arguments_of_the_list(
    app: Flask, given: dict[str, object], found: dict[str, list[str]]
) -> None:
    assert kept(PurchaseOrderView, given) == found


@pytest.mark.parametrize("text", ["", "=&&==", "q=%ff%fe", "status", "q=a;b", "&" * 500, "q=" + "x" * 100])
def test_any_text_can_be_read_as_arguments(app: Flask, text: str) -> None:
    assert set(kept_of_text(PurchaseOrderView, text)) <= {"q"}


@pytest.mark.parametrize("fields", [{}, {"page": "receipts"}, {"page": ""}, {"page": "../x"}])
def test_a_list_without_views_is_not_found(stage: Stage, fields: dict[str, str]) -> None:
    answer = stage.person("admin").post("/saved-views/save", name="Work", query="status=open", **fields)
    assert (answer.status_code, stored(stage)) == (404, [])


def test_a_view_without_a_name_is_refused_where_one_was(stage: Stage) -> None:
    admin, back = stage.person("admin"), f"{LIST}?status=open"
    answer = admin.post("/saved-views/save", page=PAGE, name=" ", query="status=open", next=back)
    assert (answer.status_code, answer.headers["Location"], stored(stage)) == (302, back, [])
    assert admin.flashes() == ["A view needs a name."]


def test_a_hostile_name_is_shown_as_text_and_an_unknown_view_is_none(stage: Stage) -> None:
    view = view_of(stage, "admin", "<script>alert(1)</script>", q=["<script>alert(2)</script>"])
    for number in (view.id, "0", "abc", "9" * 30, "<script>alert(3)</script>"):
        answer = stage.person("admin").get(LIST, query_string={"view": number})
        assert answer.status_code == 200
        assert "<script>alert" not in answer.get_data(as_text=True)


def test_the_views_cost_one_statement_however_many_there_are(stage: Stage) -> None:
    admin = stage.person("admin")
    for number in range(20):
        view_of(stage, "support" if number % 2 else "admin", f"View {number}", shared=True)
    with statements(stage.app) as sent:
        admin.get(LIST)
    assert len(sent) == 5
    stage.person("admin").post(f"/saved-views/make-default/{view_of(stage, 'admin').id}")
    with statements(stage.app) as sent:
        assert admin.get(LIST).status_code == 302
    assert len(sent) == 2
