"""An action on many orders: chosen, planned, confirmed, watched and canceled in the browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, expect

from app.domain.states import PoStatus
from tests.browser.conftest import PARTNER, SUPPORT, Enter
from tests.browser.console import Console
from tests.browser.watching import Visit
from tests.factories import Factory

LIST = "/purchase-orders/list/"
_DONE = "SELECT count(*) FROM bulk_item WHERE run_id = %s AND state = 'done'"


def plan_for_all(visit: Visit, query: str, comment: str) -> Page:
    """The plan of a comment on everything that a filter matches, more than the page shows."""
    page = visit.open(f"{LIST}?{query}&size=25")
    page.locator("[data-tick-all]").check()
    page.locator("[data-choose-all]").click()
    choose_action(page, "Comment")
    page.get_by_label("Comment").fill(comment)
    return page


def choose_action(page: Page, label: str) -> None:
    """Choose an action for what is ticked, and wait for its plan."""
    bar = page.locator("[data-selection]")
    bar.locator(".menu summary").click()
    bar.locator(".menu-item").filter(has_text=label).first.click()
    page.wait_for_url("**/purchase-orders/plan**")


def confirm(page: Page) -> int:
    """Press the button of the plan; returns the id of the job."""
    page.locator("form.stack .row button").first.click()
    page.wait_for_url("**/bulk-jobs/show/*")
    return int(page.url.rsplit("/", 1)[1].split("?")[0])


@contextmanager
def held(console: Console, order_id: int) -> Iterator[None]:
    """Somebody else is at work on this order, so the worker waits before it."""
    with console.database.connect() as connection, connection.transaction():
        connection.execute("SELECT 1 FROM purchase_order WHERE id = %s FOR UPDATE", (order_id,))
        yield


def test_all_that_match_is_planned_and_canceled_on_the_way(enter: Enter, console: Console, make: Factory) -> None:
    connection = make.connection(name="Many")
    orders = [make.purchase_order(connection, status=PoStatus.OPEN) for _ in range(40)]
    query = f"connection={connection.id}"
    visit = enter(SUPPORT)
    page = plan_for_all(visit, query, "Seen by bulk.")
    assert [text.split("\n")[0] for text in page.locator(".plan-figure").all_inner_texts()] == ["40", "40", "0"]
    assert page.locator("[aria-label='Some of them'] tbody tr").count() == 10
    assert visit.barriers() == []
    with held(console, sorted(order.id for order in orders)[12]):
        job = confirm(page)
        console.wait_for(lambda: console.one(_DONE, job) == 12)
        expect(page.locator("#job-progress .figures")).to_contain_text("12 of 40")
        # Leaving the page changes nothing: a note says on each page how far it is.
        visit.open(LIST)
        expect(page.get_by_text("12 of 40")).to_be_visible()
        visit.open(f"/bulk-jobs/show/{job}")
        assert visit.barriers() == []
        page.get_by_role("button", name="Cancel the job").click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel the job").click()
        expect(page.locator("#job-progress [role=status]")).to_have_text("Canceled")
    done = console.one(_DONE, job)
    # The order that was at work may still be finished.
    assert done in (12, 13)
    told = page.locator("#job-progress .job-counts dd").all_inner_texts()
    assert told == [str(done), "0", "0", str(40 - done)]
    assert visit.barriers() == []
    visit.set_look(390, "dark")
    assert visit.fits()
    assert visit.barriers() == []


def test_a_plan_tells_what_is_skipped_and_the_job_does_the_rest(enter: Enter, console: Console, make: Factory) -> None:
    connection = make.connection(name="Mixed", enabled=False)
    kept = [make.purchase_order(connection, status=PoStatus.ERROR, sent=False) for _ in range(3)]
    make.purchase_order(connection, status=PoStatus.OPEN)
    visit = enter(SUPPORT)
    page = visit.open(f"{LIST}?connection={connection.id}")
    page.locator("[data-tick-all]").check()
    choose_action(page, "Delete")
    skips = page.locator(".plan-list li")
    expect(skips).to_have_count(1)
    expect(skips).to_contain_text("1 purchase order")
    page.get_by_label("Never import them again").check()
    job = confirm(page)
    expect(page.locator("#job-progress [role=status]")).to_have_text("Done", timeout=20_000)
    assert page.locator("#job-progress .job-counts dd").all_inner_texts() == ["3", "1", "0", "0"]
    assert console.one("SELECT count(*) FROM purchase_order WHERE id = ANY(%s)", [order.id for order in kept]) == 0
    buried = "SELECT count(*) FROM po_key WHERE connection_id = %s AND tombstoned_at IS NOT NULL"
    assert console.one(buried, connection.id) == 3
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download CSV").click()
    assert coming.value.suggested_filename.endswith(".csv")
    visit.open("/bulk-jobs/list/")
    expect(page.locator(f"tr[data-href='/bulk-jobs/show/{job}']")).to_be_visible()


def test_a_partner_comments_on_all_of_its_own_orders_and_does_nothing_else(enter: Enter, console: Console) -> None:
    visit = enter(PARTNER)
    page = visit.open(f"{LIST}?status=partially_received")
    ticks = page.locator("[data-tick]")
    chosen = ticks.count()
    assert chosen > 1
    page.locator("[data-tick-all]").check()
    bar = page.locator("[data-selection]")
    assert bar.locator("a.button, button.button, .menu-item").all_inner_texts() == ["Comment"]
    bar.get_by_text("Comment", exact=True).click()
    page.wait_for_url("**/purchase-orders/plan**")
    page.get_by_label("Comment").fill("On the yard.")
    job = confirm(page)
    expect(page.locator("#job-progress [role=status]")).to_have_text("Done", timeout=20_000)
    assert visit.barriers() == []
    assert console.one(_DONE, job) == chosen
