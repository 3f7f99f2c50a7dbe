"""The console without a mouse: from the search to the order and its action, by keys alone, with the focus in sight."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.domain.states import PoStatus
from tests.browser.conftest import ADMIN, PARTNER, SUPPORT, Enter
from tests.browser.console import Console
from tests.factories import Factory

# How the element with the focus is drawn, and whether the reader can see it.
_FOCUS = """() => {
    const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
    const drawn = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
    const above = document.elementFromPoint(box.x + Math.min(box.width / 2, 40), box.y + Math.min(box.height / 2, 12));
    const seen = box.width > 0 && above !== null && (one.contains(above) || above.contains(one));
    return {name: one.outerHTML.slice(0, 160), inside: one !== document.body, drawn, seen};
}"""
_FOCUSED_TEXT = "document.activeElement.textContent.trim()"
_MOST_STOPS = 60
_STATUS = "SELECT status FROM purchase_order WHERE id = %s"


def press(page: Page, *keys: str) -> None:
    """Press keys, one after the other."""
    for key in keys:
        page.keyboard.press(key)


def press_until(page: Page, key: str, text: str) -> None:
    """Press a key until what has the focus reads so."""
    for _ in range(_MOST_STOPS):
        if page.evaluate(_FOCUSED_TEXT) == text:
            return
        press(page, key)
    raise AssertionError(f"{key} never came to “{text}”")


def test_search_open_reprocess(enter: Enter, console: Console, make: Factory) -> None:
    connection = make.connection(name="By keys")
    reason = "The warehouse has no dock of that name."
    ids = {
        number: make.purchase_order(
            connection, number=number, status=PoStatus.ERROR, sent=False, status_reason=reason
        ).id
        for number in ("KEYS-1", "KEYS-2")
    }
    page = enter(SUPPORT).open("/receipts/list/")
    press(page, "/")
    expect(page.locator("[data-global-search]")).to_be_focused()
    page.keyboard.type("keys-")
    press(page, "Enter")
    page.wait_for_url("**/purchase-orders/list/?*q=keys-*")
    press(page, "j", "j", "k")
    chosen = page.evaluate(_FOCUSED_TEXT)
    press(page, "Enter")
    page.wait_for_url("**/purchase-orders/show/*")
    expect(page.get_by_role("heading", level=1)).to_have_text(chosen)
    press(page, "a")
    press_until(page, "ArrowDown", "Reprocess…")
    press(page, "Enter")
    expect(page.get_by_role("dialog", name=f"Reprocess {chosen}")).to_be_visible()
    press_until(page, "Tab", "Reprocess")
    press(page, "Enter")
    expect(page.locator("#flashes")).to_contain_text(f"{chosen}: It is sent again.")
    console.wait_for(lambda: console.one(_STATUS, ids[chosen]) == "open")
    other = ({*ids} - {chosen}).pop()
    assert console.one(_STATUS, ids[other]) == "error"


def test_rows_are_ticked_by_a_key_and_the_bar_counts_them(enter: Enter) -> None:
    page = enter(ADMIN).open("/purchase-orders/list/")
    bar = page.locator("[data-selection]")
    expect(bar).not_to_be_visible()
    press(page, "j", "x", "j", "x")
    expect(bar).to_be_visible()
    expect(bar.locator("[data-count]").first).to_have_text("2")
    press(page, "x")
    expect(bar.locator("[data-count]").first).to_have_text("1")
    press(page, "k", "x")
    expect(bar).not_to_be_visible()


def test_the_keys_are_listed_and_stay_out_of_the_way_of_typing(enter: Enter) -> None:
    page = enter(PARTNER).open("/purchase-orders/list/")
    press(page, "?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_be_visible()
    press(page, "Escape")
    expect(keys).not_to_be_visible()
    press(page, "/")
    page.keyboard.type("jx?a/")
    expect(page.locator("[data-global-search]")).to_have_value("jx?a/")
    expect(keys).not_to_be_visible()


def test_a_menu_opens_closes_and_gives_the_focus_back(enter: Enter) -> None:
    page = enter(PARTNER).open("/purchase-orders/list/")
    summary = page.locator(".topbar .user summary")
    summary.focus()
    press(page, "Enter", "ArrowDown")
    expect(page.locator(".topbar .user .menu-panel")).to_be_visible()
    press(page, "Escape")
    expect(page.locator(".topbar .user .menu-panel")).not_to_be_visible()
    expect(summary).to_be_focused()


def test_the_first_stop_leads_past_the_menu(enter: Enter) -> None:
    page = enter(PARTNER).open("/purchase-orders/list/")
    press(page, "Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    assert page.evaluate(_FOCUS)["seen"]
    press(page, "Enter")
    expect(page.locator("#content")).to_be_focused()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("address", ["/purchase-orders/list/", "/connections/add", "/users/list/"])
def test_every_stop_of_the_tab_key_can_be_seen(enter: Enter, address: str, width: int, theme: str) -> None:
    page = enter(ADMIN, width=width, theme=theme).open(address)
    stops: list[dict[str, Any]] = []
    for _ in range(_MOST_STOPS):
        press(page, "Tab")
        stop = page.evaluate(_FOCUS)
        if not stop["inside"]:
            break
        # A date has several stops inside, of which the browser draws the last ones itself.
        if not stops or stop["name"] != stops[-1]["name"]:
            stops.append(stop)
    assert [stop["name"] for stop in stops if not (stop["drawn"] and stop["seen"])] == []
    assert len(stops) > 8


def test_a_dialog_keeps_the_focus_and_gives_it_back(enter: Enter, make: Factory) -> None:
    order = make.purchase_order(make.connection(), status=PoStatus.OPEN)
    page = enter(SUPPORT).open(f"/purchase-orders/show/{order.id}")
    press(page, "a")
    press_until(page, "ArrowDown", "Archive…")
    press(page, "Enter")
    dialog = page.get_by_role("dialog", name=f"Archive {order.number}")
    expect(dialog).to_be_visible()
    for _ in range(12):
        press(page, "Tab")
        assert page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog[open]')"
        )
    press(page, "Escape")
    expect(dialog).not_to_be_visible()
