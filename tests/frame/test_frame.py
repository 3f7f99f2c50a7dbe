"""Every page that a person can reach stands in the frame, whole and without a fault; all links lead somewhere."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from tests.frame.markup import Page, faults, read
from tests.web.people import Person, Stage

# Pages that differ only by these are one page to the walk.
_NUMBERS = re.compile(r"\d+")
# What leads away, and what is a file and no page.
_NOT_WALKED = re.compile(r"/logout|/back|/export-")
_MOST = 150


def shape(address: str) -> str:
    """An address without its numbers and its arguments, but for the tab."""
    parts = urlsplit(address)
    tab = re.search(r"tab=\w+", parts.query)
    return _NUMBERS.sub("1", parts.path) + (f"?{tab.group()}" if tab else "")


def walk(person: Person) -> dict[str, tuple[int, Page]]:
    """Every kind of page that a person can reach by links from the first one."""
    seen: dict[str, tuple[int, Page]] = {}
    waiting = ["/"]
    while waiting and len(seen) < _MOST:
        address = waiting.pop(0)
        if shape(address) in seen or _NOT_WALKED.search(address):
            continue
        response = person.get(address, follow_redirects=True)
        page = read(response.get_data(as_text=True))
        seen[shape(address)] = (response.status_code, page)
        links = [element.get("href") for element in page.all("a")] + [row.get("data-href") for row in page.all("tr")]
        waiting += [link for link in links if link.startswith("/")]
    return seen


# Flask-AppBuilder's own fields still give WTForms plain tuples.
@pytest.mark.filterwarnings("ignore:Yielding raw tuples:DeprecationWarning")
@pytest.mark.parametrize("role", ["admin", "support", "partner", "merchant"])
def test_every_page_stands_in_the_frame_without_a_fault(stage: Stage, role: str) -> None:
    pages = walk(stage.person(role))
    assert len(pages) > 8
    assert {address: status for address, (status, _) in pages.items() if status != 200} == {}
    assert {address: found for address, (_, page) in pages.items() if (found := faults(page))} == {}
    assert [address for address, (_, page) in pages.items() if not framed(page)] == []


def framed(page: Page) -> bool:
    """Whether a page has the sidebar, one main part, one heading and a title of its own."""
    sidebar = "Main" in [element.get("aria-label") for element in page.all("nav")]
    title = page.all("title")[0].text.strip()
    return sidebar and len(page.all("main")) == 1 and len(page.all("h1")) == 1 and title.endswith(" · Inlet")


def test_the_sidebar_marks_where_the_reader_is(stage: Stage) -> None:
    page = read(stage.person("admin").get("/merchants/list/").get_data(as_text=True))
    marked = [
        element.text.strip() for element in page.all("a") if element.get("aria-current") and element.inside("nav")
    ]
    assert marked == ["Merchants"]


def test_the_sidebar_holds_only_what_the_role_may_open(stage: Stage) -> None:
    page = read(stage.person("partner").get("/", follow_redirects=True).get_data(as_text=True))
    entries = [
        link.text.strip() for link in page.all("a") if (nav := link.inside("nav")) and nav.get("id") == "sidebar"
    ]
    assert {"Users", "Rules", "Stores", "Connections"} & set(entries) == set()
    assert {"Purchases", "Receipts"} <= set(entries)


def test_signed_out_there_is_a_door_and_no_menu(stage: Stage) -> None:
    page = read(stage.app.test_client().get("/login/").get_data(as_text=True))
    assert faults(page) == []
    assert page.all("nav") == []
    fields = {element.get("name"): element.get("autocomplete") for element in page.all("input") if element.get("id")}
    assert fields["username"] == "username"
    assert fields["password"] == "current-password"


def test_a_page_that_is_not_there_stands_in_the_frame(stage: Stage) -> None:
    response = stage.person("admin").get("/no-such-page")
    page = read(response.get_data(as_text=True))
    assert response.status_code == 404
    assert faults(page) == []
    assert "Main" in [element.get("aria-label") for element in page.all("nav")]


def test_a_tab_alone_is_no_whole_page(stage: Stage) -> None:
    address = f"/purchase-orders/show/{stage.mine.order.id}?tab=activity"
    html = stage.person("admin").get(address, headers={"HX-Request": "true"}).get_data(as_text=True)
    page = read(html)
    assert page.all("html") == []
    assert page.all("script") == []
    assert [element.get("class") for element in page.all("ol")] == ["timeline"]


def test_ticked_rows_belong_to_the_form_of_the_selection_bar(stage: Stage) -> None:
    page = read(stage.person("admin").get("/purchase-orders/list/").get_data(as_text=True))
    ticks = [element for element in page.all("input") if "data-tick" in element.attributes]
    assert {tick.get("name") for tick in ticks} == {"ids"}
    assert {tick.get("form") for tick in ticks} == {"bulk"}
    assert sorted(int(tick.get("value")) for tick in ticks) == sorted([stage.mine.order.id, stage.theirs.order.id])
    bar = next(form for form in page.all("form") if form.get("id") == "bulk")
    names = [
        button.get("value") for button in page.all("button") if button.inside("form") is bar and button.get("name")
    ]
    assert {"reprocess", "archive", "reset", "delete"} <= set(names)


def test_every_action_with_a_question_has_its_dialog_with_the_fields_it_asks_for(stage: Stage) -> None:
    page = read(stage.person("admin").get(f"/purchase-orders/show/{stage.mine.order.id}").get_data(as_text=True))
    dialogs = {element.get("id"): element for element in page.all("dialog")}
    asked = {
        element.get("name") for element in page.all("textarea") if element.inside("dialog") is dialogs["act-archive"]
    }
    assert asked == {"reason"}
