"""The list of purchase orders: what is searched and filtered, kept as a view, and what an action gives back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from app.domain.states import PoStatus
from tests.browser.conftest import ADMIN, MERCHANT, PARTNER, SUPPORT, Enter
from tests.browser.console import Console
from tests.factories import Factory
from tests.waiting import wait_until

LIST = "/purchase-orders/list/"


def facet(page: Page, name: str) -> Locator:
    """The open menu of a filter, with its counts."""
    menu = page.locator(f"details[data-facet={name}]")
    menu.locator("> summary").click()
    expect(menu.locator(".menu-item .count").first).to_be_visible()
    return menu


def choose(page: Page, name: str, *words: str) -> None:
    """Tick values of a filter of several, which stays open, and wait for each to be on."""
    menu = facet(page, name)
    for word in words:
        choice = menu.locator(".menu-item").filter(has_text=re.compile(rf"^{re.escape(word)}"))
        choice.click()
        expect(choice).to_have_attribute("aria-current", "true")
        expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Escape")


def rows(page: Page) -> Locator:
    """The rows of the list."""
    return page.locator("[data-list] tbody tr")


def total(page: Page) -> int:
    """How many match, as the list says."""
    return int(page.locator(".list-state .push").inner_text().split()[0].replace(",", ""))


@pytest.mark.parametrize("name", [SUPPORT, PARTNER, MERCHANT])
def test_a_facet_counts_what_it_then_shows(enter: Enter, name: str) -> None:
    visit = enter(name)
    page = visit.open(LIST)
    menu = facet(page, "status")
    counts = {
        item.locator("span:not(.tick-box):not(.count)").first.inner_text(): item.locator(".count").inner_text()
        for item in menu.locator(".menu-item").all()
    }
    assert visit.barriers() == []
    page.keyboard.press("Escape")
    choose(page, "status", "Received")
    assert str(total(page)) == counts["Received"]
    assert set(page.locator("[data-list] tbody .badge-button").all_inner_texts()) == {"Received"}


def test_several_values_of_several_filters_stand_in_the_address_and_come_off_one_by_one(
    enter: Enter, console: Console
) -> None:
    visit = enter(SUPPORT)
    page = visit.open(LIST)
    choose(page, "status", "Error", "Closed")
    choose(page, "warehouse", "EAST")
    counted = console.one(
        "SELECT count(*) FROM purchase_order p JOIN warehouse w ON w.id = p.warehouse_id"
        " WHERE w.code = 'EAST' AND p.status IN ('error', 'closed')"
    )
    assert total(page) == counted > 0
    chips = page.locator(".list-state .chip")
    expect(chips).to_have_count(3)
    assert {"status=error", "status=closed"} <= set(visit.path().split("?")[1].split("&"))
    page.reload()
    assert total(page) == counted
    chips.filter(has_text="Closed").click()
    expect(chips).to_have_count(2)
    page.get_by_role("link", name="Clear all").click()
    expect(chips).to_have_count(0)
    assert visit.barriers() == []


def test_a_search_finds_parts_in_any_case_and_an_exact_number_opens_the_order(enter: Enter, make: Factory) -> None:
    order = make.purchase_order(make.connection(), number="Medlar-77", status=PoStatus.OPEN)
    visit = enter(SUPPORT)
    page = visit.open(LIST)
    box = page.get_by_role("searchbox", name="Number, id, buyer or SKU")
    box.fill("eDLAR")
    box.press("Enter")
    page.wait_for_url("**q=eDLAR*")
    assert [row.get_attribute("data-href") for row in rows(page).all()] == [f"/purchase-orders/show/{order.id}"]
    box.fill("medlar-77")
    box.press("Enter")
    page.wait_for_url(f"**/purchase-orders/show/{order.id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Medlar-77")


def test_what_is_found_nowhere_says_what_to_do(enter: Enter) -> None:
    visit = enter(SUPPORT)
    page = visit.open(f"{LIST}?q=nothing-is-called-so")
    expect(page.locator("[data-list]")).to_contain_text("Nothing matches")
    assert visit.barriers() == []
    page.locator("[data-list]").get_by_role("link").first.click()
    expect(rows(page).first).to_be_visible()


def test_a_saved_view_opens_first_and_is_seen_by_others_when_it_is_shared(enter: Enter) -> None:
    visit = enter(SUPPORT)
    page = visit.open(LIST)
    choose(page, "status", "Error")
    found = total(page)
    views = page.locator(".views-menu")
    views.locator("summary").click()
    views.get_by_text("Save as new…").click()
    dialog = page.get_by_role("dialog", name="Save this view")
    dialog.get_by_label("Name").fill("What went wrong")
    dialog.get_by_label("Share it with all staff").check()
    dialog.get_by_label("Open the list with it").check()
    assert visit.barriers() == []
    dialog.get_by_role("button", name="Save").click()
    expect(views.locator("summary")).to_contain_text("What went wrong")

    visit.open(LIST)
    expect(views.locator("summary")).to_contain_text("What went wrong")
    assert total(page) == found
    choose(page, "warehouse", "EAST")
    expect(views.locator("summary")).to_contain_text("changed")

    other = enter(ADMIN).open(LIST)
    expect(other.locator(".views-menu summary")).to_contain_text("All purchase orders")
    other.locator(".views-menu summary").click()
    other.locator(".views-menu").get_by_text("What went wrong").click()
    assert total(other) == found

    partner = enter(PARTNER).open(LIST)
    partner.locator(".views-menu summary").click()
    expect(partner.locator(".views-menu .menu-panel")).not_to_contain_text("What went wrong")

    visit.open(LIST)
    views.locator("summary").click()
    views.get_by_text("Delete…").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(views.locator("summary")).to_contain_text("All purchase orders")


def test_columns_are_chosen_and_stay_in_the_address(enter: Enter) -> None:
    visit = enter(SUPPORT)
    page = visit.open(LIST)
    menu = page.locator("details.menu", has=page.locator("[data-columns]"))
    menu.locator("summary").click()
    menu.get_by_label("Buyer").uncheck()
    menu.get_by_role("button", name="Show these").click()
    page.wait_for_url("**cols=*")
    heads = [text.strip() for text in page.locator("[data-list] thead th").all_inner_texts()]
    assert "Buyer" not in heads
    assert "Number" in heads
    page.reload()
    assert [text.strip() for text in page.locator("[data-list] thead th").all_inner_texts()] == heads


def test_an_action_gives_back_the_filter_the_page_and_the_place(enter: Enter) -> None:
    visit = enter(SUPPORT)
    page = visit.open(f"{LIST}?status=received&status=closed&page=2&size=25")
    last = rows(page).last
    last.scroll_into_view_if_needed()
    before = page.evaluate("window.scrollY")
    assert before > 0
    last.locator("[data-tick]").check()
    number = last.get_by_role("link").first.inner_text()
    bar = page.locator("[data-selection]")
    bar.locator(".menu summary").click()
    bar.locator(".menu-item").filter(has_text="Comment").click()
    page.wait_for_url("**/purchase-orders/plan**")
    expect(page.locator("[aria-label='Some of them'] tbody tr")).to_contain_text(number)
    page.get_by_role("link", name="Back to the list").click()
    page.wait_for_url("**page=2**")
    assert "status=received&status=closed" in visit.path()
    wait_until(lambda: abs(page.evaluate("window.scrollY") - before) < 40)


def test_all_that_match_is_downloaded(enter: Enter, console: Console, tmp_path: Path) -> None:
    page = enter(SUPPORT).open(f"{LIST}?status=error")
    page.locator("details.menu summary").filter(has_text="Export").click()
    with page.expect_download() as coming:
        page.get_by_role("link", name="Purchase orders, one row each").click()
    coming.value.save_as(tmp_path / "orders.csv")
    written = (tmp_path / "orders.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(written) == 1 + console.one("SELECT count(*) FROM purchase_order WHERE status = 'error'")
