"""Each role signs in by the page, sees its own menu and nothing else, and signs out again."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ADMIN, LIMITED, MERCHANT, PARTNER, SUPPORT, Enter, forget_tries, sign_in
from tests.browser.console import Console

_SUPPORT_MENU = (
    "Dashboard", "Purchases", "Line items", "Receipts", "Connections", "Rules", "Runs", "Bulk jobs", "Failed records",
    "Deliveries", "Merchants", "Stores", "Warehouses", "Merchants at warehouses",
)  # fmt: skip
MENUS = {
    ADMIN: (*_SUPPORT_MENU, "User access", "Users", "Roles"),
    SUPPORT: _SUPPORT_MENU,
    LIMITED: _SUPPORT_MENU,
    PARTNER: ("Dashboard", "Purchases", "Receipts"),
    MERCHANT: ("Dashboard", "Purchases", "Line items", "Receipts"),
}
ROLE_NAMES = {
    ADMIN: "Admin",
    SUPPORT: "Support",
    LIMITED: "Support",
    PARTNER: "Warehouse Partner",
    MERCHANT: "Merchant",
}
LIST = "/purchase-orders/list/"


@pytest.mark.parametrize("name", MENUS)
def test_each_role_signs_in_and_sees_its_menu(enter: Enter, console: Console, name: str) -> None:
    page = enter(name).open("/")
    assert page.locator("#sidebar li .word").all_inner_texts() == list(MENUS[name])
    page.locator(".topbar .user summary").click()
    expect(page.locator(".menu-who .sub")).to_have_text(ROLE_NAMES[name])


@pytest.mark.parametrize("name", [ADMIN, PARTNER])
def test_each_entry_of_the_menu_opens_its_page(enter: Enter, name: str) -> None:
    page = enter(name).open("/")
    for word in MENUS[name]:
        link = page.locator("#sidebar").get_by_role("link", name=word, exact=True)
        link.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(word)
        expect(link).to_have_attribute("aria-current", "page")
        expect(page.locator("#sidebar [aria-current]")).to_have_count(1)


@pytest.mark.parametrize(("name", "password"), [(ADMIN, "wrong"), ("nobody", "wrong")])
def test_a_wrong_password_opens_nothing(enter: Enter, console: Console, name: str, password: str) -> None:
    visit = enter()
    sign_in(visit, console, name, password)
    expect(visit.page.locator("#flashes")).to_contain_text("This name and this password do not go together.")
    expect(visit.page.get_by_label("Password")).to_have_value("")
    assert visit.path().startswith("/login/")
    assert visit.page.goto(console.address + LIST) is not None
    assert visit.path().startswith("/login/")


def test_signing_in_leads_to_where_one_was_going(enter: Enter, console: Console) -> None:
    visit = enter()
    page = visit.open("/receipts/list/?q=RC")
    assert visit.path().startswith("/login/?next=")
    sign_in(visit, console, PARTNER, console.passwords[PARTNER], visit.path())
    page.wait_for_url("**/receipts/list/?q=RC")


def test_signing_out_closes_everything(enter: Enter, console: Console) -> None:
    visit = enter()
    sign_in(visit, console, MERCHANT, console.passwords[MERCHANT])
    page = visit.open(LIST)
    page.locator(".topbar .user summary").click()
    page.get_by_role("link", name="Sign out").click()
    page.wait_for_url("**/login/**")
    visit.open(LIST)
    assert visit.path().startswith("/login/")
    page.go_back()
    expect(page.get_by_label("User name")).to_be_visible()


def test_too_many_tries_are_told_in_the_frame(enter: Enter, console: Console) -> None:
    visit = enter()
    visit.expected.add(429)
    forget_tries(console)
    try:
        page = visit.open("/login/")
        for _ in range(11):
            page.get_by_label("User name").fill("somebody")
            page.get_by_label("Password").fill("wrong")
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_load_state()
        expect(page.get_by_role("heading", level=1)).to_have_text("Too many tries")
        assert visit.barriers() == []
    finally:
        forget_tries(console)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_door_is_open_to_everybody(enter: Enter, width: int, theme: str) -> None:
    visit = enter(width=width, theme=theme)
    page = visit.open("/login/")
    assert visit.barriers() == []
    assert visit.fits()
    expect(page.get_by_label("User name")).to_be_focused()
