"""Changing a purchase order by the page: forms, a form that is stale, deleting, and what is asked before it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import Locator, Page, expect

from app.domain.states import PoStatus
from app.models import PurchaseOrder
from tests.browser.conftest import ADMIN, SUPPORT, Enter
from tests.browser.console import Console
from tests.browser.watching import Visit
from tests.factories import Factory

LIST = "/purchase-orders/list/"


@pytest.fixture
def order(make: Factory) -> PurchaseOrder:
    """An order that failed before any warehouse had it: it may be edited and deleted, and no worker touches it."""
    # The connection is off, so that what an edit sets going stays where it is.
    connection = make.connection(enabled=False)
    return make.purchase_order(connection, status=PoStatus.ERROR, sent=False, status_reason="No dock.")


def fill(page: Page, **values: str) -> None:
    """Fill fields of the form by their names."""
    for name, value in values.items():
        page.locator(f"form.form [name={name}]").fill(value)


def save(page: Page) -> None:
    """Press the form's button."""
    page.locator("form.form .form-buttons button").first.click()
    page.wait_for_load_state()


def buyer(console: Console, order: PurchaseOrder) -> str:
    """The buyer as it is stored."""
    return str(console.one("SELECT buyer_name FROM purchase_order WHERE id = %s", order.id))


def test_the_header_is_edited_by_its_form(enter: Enter, console: Console, order: PurchaseOrder) -> None:
    visit = enter(SUPPORT)
    page = visit.open(f"/purchase-orders/show/{order.id}")
    page.get_by_role("link", name="Edit", exact=True).click()
    page.wait_for_url("**/purchase-orders/edit/*")
    fill(page, buyer_name="Nora Buyer", reason="She took over.")
    save(page)
    assert visit.path().startswith(f"/purchase-orders/show/{order.id}")
    expect(page.locator("#content")).to_contain_text("Nora Buyer")
    assert buyer(console, order) == "Nora Buyer"


def test_a_stale_form_shows_both_versions_and_loses_nothing(
    enter: Enter, console: Console, order: PurchaseOrder
) -> None:
    first, second = enter(SUPPORT), enter(ADMIN)
    address = f"/purchase-orders/edit/{order.id}"
    mine, theirs = first.open(address), second.open(address)
    fill(theirs, buyer_name="Theirs", reason="A call.")
    save(theirs)
    fill(mine, buyer_name="Mine", supplier_name="Mine Supplies", reason="A letter.")
    first.expected.add(409)
    save(mine)
    table = mine.get_by_role("region", name="Both versions")
    expect(table).to_contain_text("Mine")
    expect(table).to_contain_text("Theirs")
    expect(mine.locator("form.form [name=buyer_name]")).to_have_value("Mine")
    expect(mine.locator("form.form [name=supplier_name]")).to_have_value("Mine Supplies")
    expect(mine.locator("form.form [name=reason]")).to_have_value("A letter.")
    assert first.barriers() == []
    assert buyer(console, order) == "Theirs"
    # Who has seen both may save.
    save(mine)
    assert buyer(console, order) == "Mine"


def test_a_mistake_is_told_beside_its_field(enter: Enter, console: Console) -> None:
    visit = enter(ADMIN)
    page = visit.open("/warehouses/add")
    before = console.one("SELECT count(*) FROM warehouse")
    fill(page, name="Nowhere", time_zone="Mars/Olympus")
    # The browser itself would not send a required field that is empty.
    page.locator("form.form").evaluate("form => form.noValidate = true")
    save(page)
    field = page.locator("form.form [name=time_zone]")
    expect(field).to_have_attribute("aria-invalid", "true")
    told = field.get_attribute("aria-describedby") or ""
    expect(page.locator(f"#{told.split()[-1]}")).to_be_visible()
    expect(page.locator("form.form [name=name]")).to_have_value("Nowhere")
    assert visit.barriers() == []
    assert console.one("SELECT count(*) FROM warehouse") == before


def test_a_form_is_sent_once_however_often_one_clicks(enter: Enter, console: Console) -> None:
    page = enter(ADMIN).open("/merchants/add")
    fill(page, name="Twice & Sons")
    button = page.locator("form.form .form-buttons button").first
    button.dblclick()
    page.wait_for_url("**/merchants/show/*")
    assert console.one("SELECT count(*) FROM merchant WHERE name = 'Twice & Sons'") == 1


def open_dialog(visit: Visit, order: PurchaseOrder, label: str) -> Page:
    """The page of the order with the dialog of an action open."""
    page = visit.open(f"/purchase-orders/show/{order.id}")
    page.locator("[data-actions-menu] summary").click()
    page.locator("[data-actions-menu] .menu-item").filter(has_text=f"{label}…").first.click()
    expect(page.locator("dialog[open]")).to_be_visible()
    return page


def test_nothing_is_deleted_before_the_question_is_answered(
    enter: Enter, console: Console, order: PurchaseOrder
) -> None:
    visit = enter(SUPPORT)
    page = open_dialog(visit, order, "Delete")
    assert visit.barriers() == []
    page.locator("dialog[open]").get_by_text("Cancel").click()
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert console.one("SELECT count(*) FROM purchase_order WHERE id = %s", order.id) == 1


@pytest.mark.parametrize("tombstone", [True, False])
def test_deleting_with_and_without_a_tombstone(
    enter: Enter, console: Console, order: PurchaseOrder, tombstone: bool
) -> None:
    visit = enter(SUPPORT)
    page = open_dialog(visit, order, "Delete")
    tick = page.locator("dialog[open]").get_by_label("Never import it again")
    expect(tick).not_to_be_checked()
    tick.set_checked(tombstone)
    page.locator("dialog[open]").get_by_role("button", name="Delete").click()
    page.wait_for_url(f"**{LIST}**")
    expect(page.locator("#flashes")).to_contain_text(order.number)
    visit.open(f"/purchase-orders/show/{order.id}", 404)
    ((key, buried),) = console.rows(
        "SELECT purchase_order_id, tombstoned_at IS NOT NULL FROM po_key WHERE connection_id = %s", order.connection_id
    )
    assert (key, buried) == (None, tombstone)


def test_forcing_a_deletion_ticks_the_tombstone(enter: Enter, make: Factory) -> None:
    order = make.purchase_order(make.connection(), status=PoStatus.OPEN)
    page = open_dialog(enter(ADMIN), order, "Force delete")
    expect(page.locator("dialog[open]").get_by_label("Never import it again")).to_be_checked()


def test_archiving_asks_for_the_reason_and_tells_it(enter: Enter, console: Console, order: PurchaseOrder) -> None:
    page = open_dialog(enter(SUPPORT), order, "Archive")
    dialog = page.locator("dialog[open]")
    dialog.get_by_role("button", name="Archive").click()
    # The browser holds the form until there is a reason.
    expect(dialog).to_be_visible()
    dialog.get_by_label("Reason").fill("Ordered twice.")
    dialog.get_by_role("button", name="Archive").click()
    expect(page.locator(".page-head .badge-button")).to_have_text("Archived")
    expect(page.locator("#content")).to_contain_text("Ordered twice.")


def line_tool(page: Page, sku: str, label: str) -> Locator:
    """What can be done with one line of the order."""
    row = page.locator("#tab-panel tbody tr").filter(has_text=sku)
    return row.locator(".tools a").filter(has_text=label)


def test_a_line_is_changed_added_and_removed_with_a_reason(
    enter: Enter, console: Console, order: PurchaseOrder
) -> None:
    skus = "SELECT sku, quantity FROM line_item WHERE purchase_order_id = %s ORDER BY position"
    (first, _), *others = console.rows(skus, order.id)
    visit = enter(SUPPORT)
    page = visit.open(f"/purchase-orders/show/{order.id}")
    line_tool(page, first, "Edit").click()
    page.wait_for_url("**/line-items/edit/**")
    fill(page, quantity="1,5", reason="Counted.")
    save(page)
    expect(page.locator("form.form [name=quantity]")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("form.form [name=reason]")).to_have_value("Counted.")
    assert visit.barriers() == []
    fill(page, quantity="7.5")
    save(page)
    page.wait_for_url("**/purchase-orders/show/*")

    page.get_by_role("link", name="Add a line").click()
    page.wait_for_url("**/line-items/add?**")
    fill(page, sku="QUINCE-JAM", quantity="12", reason="Forgotten.")
    assert visit.barriers() == []
    save(page)
    page.wait_for_url("**/purchase-orders/show/*")
    added = ("QUINCE-JAM", Decimal(12))
    assert console.rows(skus, order.id) == [(first, Decimal("7.5")), *others, added]

    line_tool(page, first, "Remove").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Reason").fill("No such thing.")
    assert visit.barriers() == []
    dialog.get_by_role("button", name="Remove").click()
    expect(page.locator("#flashes")).to_contain_text(first)
    assert console.rows(skus, order.id) == [*others, added]
    page.locator("[data-tabs]").get_by_role("link", name="Activity").click()
    for reason in ("Counted.", "Forgotten.", "No such thing."):
        expect(page.locator("#tab-panel")).to_contain_text(reason)


def test_a_reset_says_what_is_lost_and_loses_it(enter: Enter, console: Console, order: PurchaseOrder) -> None:
    before = buyer(console, order)
    visit = enter(SUPPORT)
    page = visit.open(f"/purchase-orders/edit/{order.id}")
    fill(page, buyer_name="Nora Buyer", reason="She took over.")
    save(page)
    page = open_dialog(visit, order, "Reset")
    loss = page.locator("dialog[open] .loss")
    expect(loss.first).to_contain_text("Nora Buyer")
    assert visit.barriers() == []
    page.locator("dialog[open]").get_by_role("button", name="Reset").click()
    expect(page.locator("#flashes")).to_contain_text(order.number)
    assert buyer(console, order) == before
    expect(page.locator("#content")).not_to_contain_text("Nora Buyer")
