"""The menus of a list as they are drawn: filters, columns, saved views, and what a badge opens."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import Environment

from app.web.list_parts import ColumnChoice, ColumnsMenu, NextMenu, NextStep, ViewChoice, ViewsMenu
from app.web.pages import Cell, Choice, Facet

Draw = Callable[..., str]


@pytest.fixture(scope="module")
def draw(environment: Environment) -> Draw:
    """A part of a page from its values, white space joined."""

    def render(name: str, **values: Any) -> str:
        made = environment.get_template(f"inlet/parts/{name}.html").render(url_for=address, **values)
        return " ".join(made.split())

    def address(endpoint: str, **values: Any) -> str:
        return f"/{endpoint}" + "".join(f"/{value}" for value in values.values())

    return render


@pytest.mark.parametrize(
    ("choice", "shown"),
    [
        (Choice("open", "Open", "/x", count=1200), '<span class="count">1,200</span>'),
        (Choice("open", "Open", "/x", count=10_000, more=True), '<span class="count">10,000+</span>'),
        (Choice("open", "Open", "/x", count=0), 'class="menu-item faint"'),
        (Choice("open", "Open", "/x", chosen=True, count=0), 'class="menu-item" id="facet-status-open" href="/x" aria'),
    ],
)
def test_a_choice_shows_its_count(draw: Draw, choice: Choice, shown: str) -> None:
    assert shown in draw("facet_menu", facet=Facet("status", "Status", (choice,), multiple=True))


def test_a_choice_that_was_not_counted_shows_none(draw: Draw) -> None:
    assert "count" not in draw("facet_menu", facet=Facet("status", "Status", (Choice("open", "Open", "/x"),)))
    assert "Nothing to choose from." in draw("facet_menu", facet=Facet("status", "Status"))


def test_a_hostile_name_stays_text_in_a_menu(draw: Draw) -> None:
    hostile = Choice("<i>", '"><script>', "/x", count=1)
    made = draw("facet_menu", facet=Facet("merchant", "<b>", (hostile,) * 11))
    assert "<script>" not in made
    assert "<b>" not in made
    assert "<i>" not in made


NEXT = NextMenu(
    "PO-1",
    "It waits.",
    ("Waiting. ", "Nothing came yet."),
    (
        NextStep("Reprocess", url="/act/reprocess/1", ask="Retry?"),
        NextStep("Reopen", url="/act/reopen/1"),
        NextStep("Reset", href="/show/1#act-reset", danger=True),
    ),
    "/show/1",
    "/list?a=1&b=2",
)


def test_a_badge_offers_buttons_that_post_and_links_to_what_needs_more(draw: Draw) -> None:
    made = draw("next_menu", menu=NEXT)
    forms = re.findall(r"<form.*?</form>", made)
    assert len(forms) == 2
    assert all('name="csrf_token"' in form and 'value="/list?a=1&amp;b=2"' in form for form in forms)
    assert 'data-confirm="Retry?" data-confirm-title="Reprocess PO-1"' in forms[0]
    assert "data-confirm" not in forms[1]
    assert '<a class="menu-item danger" href="/show/1#act-reset">Reset…</a>' in made
    assert made.count("Waiting. Nothing came yet.") == 1


def test_a_badge_without_an_action_only_explains(draw: Draw) -> None:
    made = draw("next_menu", menu=replace(NEXT, steps=(), why=("It waits.",)))
    assert "Possible now" not in made
    assert made.count("It waits.") == 2
    assert "Open PO-1" in made


def test_a_status_in_a_list_is_a_badge_that_opens(ui: Callable[[str], Draw]) -> None:
    cell = Cell("status", "open", label="Open", note="It waits.", menu="/next/1")
    made = ui("cell")(cell)
    assert 'hx-get="/next/1" hx-trigger="toggle once from:closest details"' in made
    # Without a script the meaning is there already.
    assert '<p class="menu-text">It waits.</p>' in made
    assert "<details" not in ui("cell")(replace(cell, menu=""))


def test_the_columns_form_keeps_the_filters_and_the_first_column(draw: Draw) -> None:
    menu = ColumnsMenu(
        "/list",
        (("status", "open"),),
        ColumnChoice("number", "Number", True),
        (ColumnChoice("due", "Due", True), ColumnChoice("sent", "Sent", False)),
        "/list?status=open",
    )
    page = SimpleNamespace(columns=menu, exports=(("With lines", "/export?status=open"),))
    made = draw("list_menus", page=page)
    assert '<form method="get" action="/list" data-columns>' in made
    assert re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', made) == [("status", "open"), ("cols", "number")]
    assert re.findall(r'name="cols" value="(\w+)"( checked)?>', made) == [
        ("number", ""), ("due", " checked"), ("sent", ""),
    ]  # fmt: skip
    assert '<a class="button small" href="/list?status=open">Reset</a>' in made
    assert '<a class="menu-item" href="/export?status=open" download>With lines</a>' in made
    nothing = draw("list_menus", page=SimpleNamespace(columns=replace(menu, reset_href=""), exports=()))
    assert "Reset" not in nothing
    assert "Export" not in nothing


MINE = ViewChoice(1, "Work", "/list?view=1", default=True)
OURS = ViewChoice(2, "Ours", "/list?view=2", owner="Ada Marsh", shared=True)


@pytest.mark.parametrize(
    ("opened", "changed", "staff", "words"),
    [
        (None, False, True, {"Save as new…", "Open the list with all"}),
        (MINE, False, False, {"Save as new…", "Open the list with all", "Rename…", "Delete…"}),
        (
            MINE, True, True,
            {"Save changes", "Save as new…", "Open the list with all", "Rename…", "Share with all staff", "Delete…"},
        ),
        (OURS, True, True, {"Save as new…", "Open the list with this view", "Open the list with all"}),
    ],
)  # fmt: skip
def test_a_view_offers_what_its_reader_may_do_with_it(
    draw: Draw, opened: ViewChoice | None, changed: bool, staff: bool, words: set[str]
) -> None:
    menu = ViewsMenu("purchase-orders", "status=open", "/list?view=all", "/back", (MINE,), (OURS,), opened, changed,
                     may_share=staff)  # fmt: skip
    made = draw("views_menu", menu=menu, thing="purchase orders")
    known = {
        "Save changes", "Save as new…", "Open the list with this view", "Open the list with all", "Rename…",
        "Share with all staff", "Stop sharing", "Delete…",
    }  # fmt: skip
    panel = made.split("<dialog", maxsplit=1)[0]
    assert {word for word in known if f">{word}<" in panel} == words
    assert ("Share it with all staff" in made) is staff
    assert (">changed<" in made) is changed
    assert "Ada Marsh" in panel
    assert all('name="csrf_token"' in form for form in re.findall(r"<form.*?</form>", made))
