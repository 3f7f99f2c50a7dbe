"""Which columns a reader may see, and which of them a list shows."""

from __future__ import annotations

import pytest
from flask import Flask

from app.domain.people import Reader, Role
from app.web import cells
from app.web.asking import columns_menu, columns_of_request
from app.web.columns import Col, chosen, visible


def column(name: str, *, sort: str = "", **flags: bool) -> Col:
    """A column of which only the flags matter."""
    return Col(name, name.title(), lambda row, _: cells.text(row), sort=sort, **flags)


COLUMNS = (
    column("number", sort="number"),
    column("due", sort="due"),
    column("cost", sort="cost", cost=True),
    column("imported", staff=True),
    column("sent", sort="sent", hidden=True),
    column("tags", partners=False, hidden=True),
    column("reason", staff=True, hidden=True),
    column("currency", cost=True, hidden=True),
)


def reader(role: Role) -> Reader:
    """A reader of one role."""
    return Reader(role, "Uma", 1)


def names(columns: tuple[Col, ...]) -> list[str]:
    """What they are called."""
    return [found.name for found in columns]


@pytest.mark.parametrize(
    ("role", "hidden"),
    [
        (Role.ADMIN, set()),
        (Role.SUPPORT, set()),
        (Role.MERCHANT, {"imported", "reason"}),
        (Role.PARTNER, {"imported", "reason", "cost", "currency", "tags"}),
        (Role.NOBODY, {"imported", "reason", "cost", "currency"}),
    ],
)
def test_a_column_is_for_those_who_may_see_it(role: Role, hidden: set[str]) -> None:
    assert names(visible(COLUMNS, reader(role))) == [found.name for found in COLUMNS if found.name not in hidden]


@pytest.mark.parametrize(
    ("asked", "sort", "shown"),
    [
        ([], "", ["number", "due", "cost", "imported"]),
        ([], "due", ["number", "due", "cost", "imported"]),
        ([], "sent", ["number", "due", "cost", "imported", "sent"]),
        (["due"], "sent", ["number", "due"]),
        (["tags", "due"], "", ["number", "due", "tags"]),
        (["due", "due", "number"], "", ["number", "due"]),
        (["nothing"], "", ["number"]),
        ([found.name for found in COLUMNS], "", [found.name for found in COLUMNS]),
    ],
)
def test_the_first_column_and_the_asked_ones_are_shown_in_their_own_order(
    asked: list[str], sort: str, shown: list[str]
) -> None:
    assert names(chosen(COLUMNS, asked, sort)) == shown


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", []),
        ("cols=", []),
        ("cols=a,b", ["a", "b"]),
        ("cols=a&cols=b", ["a", "b"]),
        ("cols=a,&cols=,b,,", ["a", "b"]),
        ("cols=a%2Cb", ["a", "b"]),
        ("cols=%3Cb%3E", ["<b>"]),
    ],
)
def test_columns_are_asked_in_one_argument_or_in_several(app: Flask, query: str, asked: list[str]) -> None:
    with app.test_request_context(f"/x?{query}"):
        assert columns_of_request() == asked


def test_the_menu_keeps_the_rest_of_the_address_and_can_be_reset(app: Flask) -> None:
    with app.test_request_context("/x?status=open&status=new&cols=due&page=2&go=1"):
        menu = columns_menu(COLUMNS, chosen(COLUMNS, ["due"], ""))
    assert (menu.action, menu.reset_href) == ("/x", "/x?status=open&status=new&go=1")
    assert menu.hidden == (("status", "open"), ("status", "new"), ("page", "2"))
    assert (menu.fixed.name, menu.fixed.shown) == ("number", True)
    assert [choice.name for choice in menu.choices if choice.shown] == ["due"]
    assert [choice.name for choice in menu.choices] == names(COLUMNS[1:])
    with app.test_request_context("/x?status=open"):
        assert columns_menu(COLUMNS, COLUMNS[:4]).reset_href == ""
