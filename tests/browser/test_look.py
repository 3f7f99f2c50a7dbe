"""Light and dark, wide and narrow: the look follows the system or stays as pinned, and the menu becomes a drawer."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ADMIN, MERCHANT, PARTNER, SUPPORT, Enter

LIST = "/purchase-orders/list/"
_BACKGROUND = "getComputedStyle(document.body).backgroundColor"
LIGHT, DARK = "rgb(245, 246, 248)", "rgb(14, 17, 20)"


def pin(page: Page, word: str) -> None:
    """Choose a theme in the user's menu."""
    page.locator(".topbar .user summary").click()
    page.get_by_role("button", name=word, exact=True).click()
    page.keyboard.press("Escape")


@pytest.mark.parametrize(("system", "background"), [("light", LIGHT), ("dark", DARK)])
def test_the_look_follows_the_system(enter: Enter, system: str, background: str) -> None:
    visit = enter(PARTNER, theme=system)
    page = visit.open(LIST)
    assert page.evaluate(_BACKGROUND) == background
    visit.set_look(theme="light" if system == "dark" else "dark")
    assert page.evaluate(_BACKGROUND) == (LIGHT if system == "dark" else DARK)


@pytest.mark.parametrize(("word", "system", "background"), [("Dark", "light", DARK), ("Light", "dark", LIGHT)])
def test_a_pinned_theme_stays(enter: Enter, word: str, system: str, background: str) -> None:
    visit = enter(PARTNER, theme=system)
    page = visit.open(LIST)
    pin(page, word)
    assert page.evaluate(_BACKGROUND) == background
    page.reload()
    assert page.evaluate(_BACKGROUND) == background
    visit.open("/users/userinfo/")
    assert page.evaluate(_BACKGROUND) == background
    page.locator(".topbar .user summary").click()
    expect(page.get_by_role("button", name=word, exact=True)).to_have_attribute("aria-pressed", "true")


def test_a_theme_can_be_given_back_to_the_system(enter: Enter) -> None:
    visit = enter(PARTNER, theme="light")
    page = visit.open(LIST)
    pin(page, "Dark")
    pin(page, "System")
    assert page.evaluate(_BACKGROUND) == LIGHT
    page.reload()
    assert page.evaluate(_BACKGROUND) == LIGHT


def test_a_pinned_theme_holds_before_anything_is_drawn(enter: Enter) -> None:
    visit = enter(PARTNER, theme="light")
    page = visit.open(LIST)
    pin(page, "Dark")
    # The first thing that the page's own script sees, long before the deferred ones.
    page.add_init_script("new MutationObserver((_, me) => { if (document.body) { me.disconnect();"
                         " window.first = document.documentElement.dataset.theme; } })"
                         ".observe(document, {childList: true, subtree: true});")  # fmt: skip
    page.reload()
    assert page.evaluate("window.first") == "dark"


def test_the_pinned_theme_is_there_at_the_door_too(enter: Enter) -> None:
    visit = enter(MERCHANT, theme="light")
    page = visit.open(LIST)
    pin(page, "Dark")
    visit.page.context.clear_cookies()
    visit.open("/login/")
    assert page.evaluate(_BACKGROUND) == DARK


def test_the_sidebar_stays_collapsed(enter: Enter) -> None:
    page = enter(ADMIN).open(LIST)
    collapse = page.locator("[data-sidebar-toggle]")
    expect(collapse).to_have_attribute("aria-expanded", "true")
    wide = page.locator("#sidebar").evaluate("one => one.offsetWidth")
    collapse.click()
    page.reload()
    expect(collapse).to_have_attribute("aria-expanded", "false")
    assert page.locator("#sidebar").evaluate("one => one.offsetWidth") < wide / 2
    # The words are out of sight, and still the names of the links.
    page.locator("#sidebar").get_by_role("link", name="Receipts", exact=True).click()
    page.wait_for_url("**/receipts/list/")


@pytest.mark.parametrize("width", [390, 768])
def test_the_menu_is_a_drawer(enter: Enter, width: int) -> None:
    page = enter(SUPPORT, width=width).open(LIST)
    sidebar, opener = page.locator("#sidebar"), page.get_by_role("link", name="Open the menu")
    expect(sidebar).not_to_be_visible()
    opener.click()
    expect(sidebar).to_be_visible()
    expect(sidebar.locator("a").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(sidebar).not_to_be_visible()
    expect(opener).to_be_focused()
    opener.click()
    page.mouse.click(width - 20, 450)
    expect(sidebar).not_to_be_visible()
    opener.click()
    sidebar.get_by_role("link", name="Rules", exact=True).click()
    page.wait_for_url("**/rules/list/")
    expect(sidebar).not_to_be_visible()


def test_the_drawer_is_open_to_everybody(enter: Enter) -> None:
    visit = enter(SUPPORT, width=390)
    page = visit.open(LIST)
    page.get_by_role("link", name="Open the menu").click()
    expect(page.locator("#sidebar")).to_be_visible()
    assert visit.barriers() == []


@pytest.mark.parametrize("name", [ADMIN, PARTNER])
def test_nothing_is_cut_off_at_360_px(enter: Enter, name: str) -> None:
    visit = enter(name, width=360)
    for address in (LIST, "/receipts/list/", "/users/userinfo/", "/resetmypassword/form", "/"):
        visit.open(address)
        assert visit.fits(), address


@pytest.mark.parametrize("width", [1920, 768])
def test_the_window_may_change_while_one_reads(enter: Enter, width: int) -> None:
    visit = enter(ADMIN)
    for address in ("/connections/list/", "/receipts/list/", "/user-access/list/"):
        visit.open(address)
        for wide in (width, 390, 1280):
            visit.set_look(wide)
            assert visit.fits(), (address, wide)
