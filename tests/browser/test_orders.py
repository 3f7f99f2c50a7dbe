"""The page of a purchase order: every status, every tab, thousands of lines, and comments; for those who may see it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app.domain.states import PoStatus
from tests.browser.conftest import ADMIN, MERCHANT, PARTNER, SUPPORT, Enter
from tests.browser.console import Console
from tests.browser.watching import Visit
from tests.factories import Factory

_LATE = "status IN ('open', 'partially_received') AND late_from < now()"
_IN_TIME = "status = '{0}' AND (late_from IS NULL OR late_from >= now())"
STATUSES = {
    "New": "status = 'new'",
    "Open": _IN_TIME.format("open"),
    "Partially Received": _IN_TIME.format("partially_received"),
    "Received": "status = 'received'",
    "Delayed": _LATE,
    "Canceled": "status = 'canceled'",
    "Error": "status = 'error'",
    "Closed": "status = 'closed'",
    "Archived": "status = 'archived'",
}
# What the demo lets each of them see, of the orders that a warehouse has.
MINE = {
    ADMIN: "sent_at IS NOT NULL",
    SUPPORT: "sent_at IS NOT NULL",
    PARTNER: "sent_at IS NOT NULL AND warehouse_id = (SELECT id FROM warehouse WHERE code = 'EAST')",
    MERCHANT: "sent_at IS NOT NULL AND merchant_id = (SELECT id FROM merchant WHERE name LIKE 'Alder%%')",
}
TABS = {
    ADMIN: ["Items", "Receipts", "Activity", "Deliveries", "Source"],
    SUPPORT: ["Items", "Receipts", "Activity", "Deliveries", "Source"],
    PARTNER: ["Items", "Receipts", "Activity"],
    MERCHANT: ["Items", "Receipts", "Activity", "Source"],
}


def order_page(console: Console, where: str) -> str:
    """The address of the first order that fits."""
    found = console.one(f"SELECT id FROM purchase_order WHERE {where} ORDER BY id LIMIT 1")
    assert found is not None, where
    return f"/purchase-orders/show/{found}"


def open_tab(page: Page, word: str) -> None:
    """Choose a tab and wait until it has come."""
    tab = page.locator("[data-tabs]").get_by_role("link", name=word)
    tab.click()
    expect(tab).to_have_attribute("aria-current", "page")


@pytest.mark.parametrize("word", STATUSES)
def test_each_status_has_its_page(enter: Enter, console: Console, word: str) -> None:
    visit = enter(SUPPORT)
    page = visit.open(order_page(console, STATUSES[word]))
    badge = page.locator(".page-head .badge-button")
    expect(badge).to_have_text(word)
    assert visit.barriers() == []
    badge.click()
    expect(page.locator(".page-head .menu-panel").first).not_to_be_empty()
    visit.set_look(390, "dark")
    assert visit.fits()
    assert visit.barriers() == []


@pytest.mark.parametrize("name", TABS)
def test_every_tab_loads_by_itself(enter: Enter, console: Console, name: str) -> None:
    visit = enter(name)
    page = visit.open(order_page(console, f"status = 'partially_received' AND {MINE[name]}"))
    assert [re.sub(r"[\d,]+$", "", text.strip()) for text in page.locator("[data-tabs] a").all_inner_texts()] == TABS[
        name
    ]
    # A mark that a whole new page would not have.
    page.evaluate("document.body.dataset.kept = 'yes'")
    for word in (*TABS[name][1:], TABS[name][0]):
        open_tab(page, word)
        # The first tab is what the address of the order opens.
        assert visit.path().partition("?tab=")[2] == ("" if word == TABS[name][0] else word.lower())
        expect(page.locator("#tab-panel")).not_to_be_empty()
        assert visit.barriers() == []
    assert page.evaluate("document.body.dataset.kept") == "yes"


def test_the_address_of_a_tab_opens_it_and_back_leads_back(enter: Enter, console: Console) -> None:
    visit = enter(SUPPORT)
    address = order_page(console, "status = 'received'")
    page = visit.open(f"{address}?tab=deliveries")
    expect(page.locator("[data-tabs] [aria-current]")).to_have_text("Deliveries")
    open_tab(page, "Activity")
    page.go_back()
    page.wait_for_url("**tab=deliveries")
    expect(page.locator("[data-tabs] [aria-current]")).to_have_text("Deliveries")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_a_tab_that_is_opened_narrow_and_dark_is_open_to_everybody(enter: Enter, console: Console) -> None:
    visit = enter(SUPPORT, width=390, theme="dark")
    page = visit.open(order_page(console, "status = 'error' AND sent_at IS NULL"))
    for word in TABS[SUPPORT]:
        open_tab(page, word)
        assert visit.fits(), word
        assert visit.barriers() == [], word


def test_an_order_of_1500_lines_opens_and_is_searched(enter: Enter, console: Console) -> None:
    visit = enter(SUPPORT)
    page = visit.open(order_page(console, "lines_count >= 1500"))
    panel, rows = page.locator("#tab-panel"), page.locator("#tab-panel tbody tr")
    assert 0 < rows.count() <= 100
    panel.get_by_role("link", name="Next").click()
    expect(panel.locator(".pager .here")).to_have_text("Page 2")
    sku = console.one(
        "SELECT sku FROM line_item WHERE purchase_order_id ="
        " (SELECT id FROM purchase_order WHERE lines_count >= 1500 LIMIT 1) ORDER BY position DESC LIMIT 1"
    )
    box = panel.get_by_role("searchbox")
    box.fill(sku)
    box.press("Enter")
    page.wait_for_url(f"**q={sku}*")
    expect(panel.locator(".pager .here")).to_have_count(0)
    assert {sku in text for text in rows.all_inner_texts()} == {True}


def test_a_partner_sees_no_money_on_any_tab(enter: Enter, console: Console) -> None:
    visit = enter(PARTNER)
    page = visit.open(order_page(console, f"status = 'received' AND {MINE[PARTNER]}"))
    for word in TABS[PARTNER]:
        open_tab(page, word)
        text = page.locator("#content").inner_text().lower()
        assert [money for money in ("cost", "price", "usd", "eur", "€", "$") if money in text] == []


def test_the_tab_that_was_clicked_last_is_shown(enter: Enter, console: Console) -> None:
    page = enter(SUPPORT).open(order_page(console, "status = 'received'"))
    # An answer that takes for ever: the browser never gets it, and the page has to let go of it.
    page.route("**/*tab=receipts*", lambda _route: None)
    page.locator("[data-tabs]").get_by_role("link", name="Receipts").click()
    with page.expect_event("requestfailed", lambda request: "tab=receipts" in request.url):
        open_tab(page, "Activity")
    expect(page.locator("#tab-panel form.comment")).to_be_visible()
    expect(page.locator("[data-tabs] a[aria-current]")).to_have_text("Activity")


def test_a_comment_stands_in_the_timeline(enter: Enter, make: Factory) -> None:
    order = make.purchase_order(make.connection(), status=PoStatus.OPEN)
    visit = enter(SUPPORT)
    page = visit.open(f"/purchase-orders/show/{order.id}?tab=activity")
    page.locator("form.comment textarea").fill("Called <b>the dock</b>: Tuesday.")
    page.locator("form.comment button").click()
    expect(page.locator("#tab-panel")).to_contain_text("Called <b>the dock</b>: Tuesday.")
    assert "tab=activity" in visit.path()


def test_an_action_that_is_not_possible_says_why(enter: Enter, make: Factory) -> None:
    order = make.purchase_order(make.connection(), status=PoStatus.OPEN)
    page = enter(SUPPORT).open(f"/purchase-orders/show/{order.id}")
    page.locator("[data-actions-menu] summary").click()
    closed = page.locator("[data-actions-menu] [aria-disabled=true]").filter(has_text=re.compile(r"^Delete"))
    expect(closed.locator(".sub")).not_to_be_empty()


def test_dates_are_in_the_zone_of_the_reader(enter: Enter, make: Factory) -> None:
    order = make.purchase_order(make.connection(), status=PoStatus.OPEN)
    page = enter(SUPPORT).open(f"/purchase-orders/show/{order.id}")
    when = page.locator(".facts-line time").first
    # Noon in UTC is one o'clock in Berlin.
    expect(when).to_have_attribute("title", re.compile(r"4 Mar 2026.*13:00:00"))


def test_nothing_of_another_merchant_can_be_opened(enter: Enter, console: Console) -> None:
    other = "merchant_id <> (SELECT id FROM merchant WHERE name LIKE 'Alder%%')"
    visit: Visit = enter(MERCHANT)
    for tab in ("items", "activity", "source"):
        visit.open(f"{order_page(console, other)}?tab={tab}", 404)
