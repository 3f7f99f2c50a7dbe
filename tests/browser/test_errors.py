"""What a person sees when something goes wrong: a page in the frame, with what to do and the number of the request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import APIResponse, StorageState, expect

from tests.browser.conftest import ADMIN, MERCHANT, PARTNER, Enter
from tests.browser.console import Console
from tests.browser.watching import Visit

_BROKEN = "/failed-records/list/"


@pytest.fixture
def broken(console: Console, signed_in: Callable[[str], StorageState]) -> Iterator[None]:
    """A database that has lost a table of operations."""
    # Whoever signs in comes to the dashboard, which counts what is in that table.
    signed_in(ADMIN)
    console.change("ALTER TABLE run_failure RENAME TO run_failure_away")
    yield
    console.change("ALTER TABLE run_failure_away RENAME TO run_failure")


def ask(visit: Visit, path: str, **headers: str) -> APIResponse:
    """Ask for an address as a script would, as the person of this window."""
    return visit.page.context.request.get(visit.address + path, headers=headers)


@pytest.mark.parametrize(
    ("name", "path", "status", "title"),
    [
        (ADMIN, "/nowhere/", 404, "There is no such page"),
        (ADMIN, "/purchase-orders/show/999999999", 404, "There is no such page"),
        (PARTNER, "/rules/list/", 403, "You may not do this"),
        (MERCHANT, "/users/list/", 403, "You may not do this"),
        ("", "/nowhere/", 404, "There is no such page"),
    ],
)
def test_an_error_is_told_in_the_frame(enter: Enter, name: str, path: str, status: int, title: str) -> None:
    visit = enter(name)
    page = visit.open(path, status)
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.locator("#sidebar")).to_have_count(1 if name else 0)
    expect(page.locator(".oops")).to_contain_text("Request")
    assert visit.barriers() == []
    page.get_by_role("link", name="Go to the first page").click()
    page.wait_for_load_state()
    assert not visit.path().startswith(path)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_fault_of_ours_is_told_without_the_database(
    enter: Enter, console: Console, broken: None, width: int, theme: str
) -> None:
    visit = enter(ADMIN, width=width, theme=theme)
    page = visit.open(_BROKEN, 500)
    expect(page.get_by_role("heading", level=1)).to_have_text("Something went wrong")
    expect(page.locator("#sidebar")).to_have_count(0)
    number = page.locator(".oops code").inner_text()
    assert f"request={number}" in console.log("web")
    text = page.locator("body").inner_text()
    assert [word for word in ("Traceback", "psycopg", "run_failure", "SELECT") if word in text] == []
    assert visit.barriers() == []
    assert visit.fits()


def test_the_number_is_the_one_that_the_answer_carries(enter: Enter) -> None:
    visit = enter(PARTNER)
    visit.expected.add(404)
    answer = visit.page.goto(visit.address + "/nowhere/")
    assert answer is not None
    assert visit.page.locator(".oops code").inner_text() == answer.headers["x-request-id"]


@pytest.mark.parametrize(("name", "status"), [(ADMIN, 404), (PARTNER, 404), ("", 404)])
def test_a_program_gets_json(enter: Enter, name: str, status: int) -> None:
    answer = ask(enter(name), "/api/v1/nothing")
    told: dict[str, Any] = answer.json()
    assert answer.status == status
    assert set(told) == {"code", "title", "message", "remedy", "request_id"}
    assert told["request_id"] == answer.headers["x-request-id"]


def test_a_part_of_a_page_gets_a_part(enter: Enter) -> None:
    answer = ask(enter(PARTNER), "/purchase-orders/show/999999999?tab=items", **{"HX-Request": "true"})
    assert answer.status == 404
    assert "<html" not in answer.text()
    assert 'role="alert"' in answer.text()


def test_a_part_that_does_not_come_is_told_on_the_page(enter: Enter, console: Console) -> None:
    visit = enter(PARTNER)
    visit.expected.add(500)
    found = console.one("SELECT id FROM purchase_order WHERE warehouse_id ="
                        " (SELECT id FROM warehouse WHERE code = 'EAST') AND sent_at IS NOT NULL LIMIT 1")  # fmt: skip
    page = visit.open(f"/purchase-orders/show/{found}")
    page.route("**/purchase-orders/show/*tab=receipts*", lambda route: route.fulfill(status=500, body="broken"))
    page.get_by_role("link", name="Receipts").last.click()
    expect(page.locator("#flashes [role=alert]")).to_have_text(
        "This part could not be loaded. Reload the page, then try again."
    )
