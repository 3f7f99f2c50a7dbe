"""Every page that a role can reach, light and dark, wide and narrow: nobody is kept out, and it fits the window."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from flask import Flask

from tests.browser.conftest import ADMIN, MERCHANT, PARTNER, SUPPORT, Enter
from tests.browser.console import Console
from tests.browser.test_bulk import choose_action, confirm
from tests.browser.walking import walk
from tests.browser.watching import Visit
from tests.web.conftest import session_app
from tests.web.test_routes import routes

__all__ = ["session_app"]

# What a route does that is no page of its own: leading on, or answering to a form of another page.
NO_PAGES = {
    "/back", "/login/", "/logout/", "/lang/<string:locale>", "/users/delete/<pk>", "/roles/delete/<pk>",
    "/users/action/<string:name>/<pk>", "/roles/action/<string:name>/<pk>",
    # What a page loads into itself, and files.
    "/bulk-jobs/progress/<int:pk>", "/bulk-jobs/result/<int:pk>", "/purchase-orders/facet/<string:name>",
    "/purchase-orders/next/<int:pk>", "/purchase-orders/ask/<string:name>/<int:pk>",
    "/purchase-orders/document/<int:pk>/<int:entry>", "/purchase-orders/export-orders", "/purchase-orders/export-lines",
}  # fmt: skip
# What a narrow window can break; all else, and every colour, is as it was in the wide one.
_OF_A_NARROW_ONE = ("scrollable-region-focusable", "target-size")


@pytest.fixture(scope="package")
def rare(console: Console) -> tuple[str, ...]:
    """Pages that few links lead to: an order that is held, so it may be edited, and a change that waits."""
    held = console.one("SELECT id FROM purchase_order WHERE status = 'new' AND step = 'hold' ORDER BY id LIMIT 1")
    changing = console.one("SELECT purchase_order_id FROM pending_change LIMIT 1")
    return f"/purchase-orders/show/{held}", f"/purchase-orders/change/{changing}"


def a_bulk_job(visit: Visit) -> str:
    """The page of a bulk job, which is done first."""
    page = visit.open("/purchase-orders/list/?status=error&size=25")
    page.locator("[data-tick]").first.check()
    choose_action(page, "Comment")
    page.get_by_label("Comment").fill("Seen.")
    return f"/bulk-jobs/show/{confirm(page)}"


def in_every_look(visit: Visit) -> list[str]:
    """What keeps somebody out of this page: wide and light, wide and dark, narrow and dark."""
    problems = [f"light: {barrier}" for barrier in visit.barriers()]
    visit.set_look(1280, "dark")
    problems += [f"dark: {barrier}" for barrier in visit.barriers("color-contrast")]
    visit.set_look(390, "dark")
    problems += [] if visit.fits() else ["narrow: the whole page scrolls sideways"]
    problems += [f"narrow: {barrier}" for barrier in visit.barriers(*_OF_A_NARROW_ONE)]
    visit.set_look(1280, "light")
    return problems


def walked(visit: Visit, look: Callable[[Visit], list[str]], *first: str) -> list[str]:
    """The addresses of a walk on which no page had a problem."""
    addresses, problems = [], []
    for address in walk(visit, *first):
        addresses.append(address)
        problems += [f"{address}, {problem}" for problem in look(visit)]
    assert problems == []
    return addresses


@pytest.mark.parametrize("name", [PARTNER, MERCHANT])
def test_every_page_is_open_to_everybody_and_fits(enter: Enter, name: str) -> None:
    assert len(walked(enter(name), in_every_look)) > 9


def test_every_page_of_support_is_open_to_everybody(enter: Enter, rare: tuple[str, ...]) -> None:
    # In the other looks they are the pages of an Admin.
    assert len(walked(enter(SUPPORT), Visit.barriers, *rare)) > 30


def test_every_page_of_an_admin_is_open_to_everybody_and_none_is_left_out(
    enter: Enter, console: Console, rare: tuple[str, ...], session_app: Flask
) -> None:
    addresses = session_app.url_map.bind("127.0.0.1")
    visit = enter(ADMIN)
    partner = console.one("SELECT id FROM ab_user WHERE username = %s", PARTNER)
    seen = walked(visit, in_every_look, *rare, a_bulk_job(visit), f"/users/show/{partner}")
    answered = {str(addresses.match(urlsplit(address).path, return_rule=True)[0]) for address in seen}
    left = sorted({str(route) for route in routes(session_app, "GET")} - answered - NO_PAGES)
    assert left == []
