"""The page of a purchase order: what each role reads, the tabs, why it stands where it stands, what can be done."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.domain.record import LineRecord
from app.domain.states import PoStatus, ReceiptState
from app.models import Judgement, PendingChange, PurchaseOrder, Receipt
from tests.web.people import Stage, text_of

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def page(stage: Stage, name: str, order: PurchaseOrder, **asked: Any) -> str:
    """The page's HTML."""
    answer = stage.person(name).get(f"/purchase-orders/show/{order.id}", query_string=asked)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def visible(html: str) -> str:
    """The text of the page's main part."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.split("<main")[1]))


def test_header_summary_and_items(stage: Stage) -> None:
    order = stage.mine.order
    shown = visible(page(stage, "support", order))
    for words in (
        order.number,
        "Open",
        "Bolt Buyer",
        "Acme Supplies",
        "Dock 3",
        "SKU-0001",
        "Thing 3",
        order.external_id,
    ):
        assert words in shown
    assert "75.00 EUR" in shown
    assert "The warehouse accepted it and no goods have been reported yet." in shown


def test_a_delayed_order_says_so(stage: Stage) -> None:
    late = stage.make.purchase_order(
        stage.mine.connection, status=PoStatus.OPEN, late_from=datetime.now(UTC) - timedelta(days=3)
    )
    shown = visible(page(stage, "merchant", late))
    assert "Delayed" in shown
    assert "The due date has passed and goods are still expected." in shown
    assert re.search(r"Late\..{0,80}due 4 days ago", shown)


@pytest.mark.parametrize(
    ("name", "tabs"),
    [
        ("admin", ["items", "receipts", "activity", "deliveries", "source"]),
        ("limited", ["items", "receipts", "activity", "deliveries", "source"]),
        ("merchant", ["items", "receipts", "activity", "source"]),
        ("partner", ["items", "receipts", "activity"]),
    ],
)
def test_each_role_has_its_tabs_and_gets_no_other(stage: Stage, name: str, tabs: list[str]) -> None:
    order = stage.mine.order
    html = page(stage, name, order)
    assert list(dict.fromkeys(re.findall(r"\?tab=(\w+)", html))) == tabs
    for tab in {"items", "receipts", "activity", "deliveries", "source"} - set(tabs):
        assert "SKU-0001" in page(stage, name, order, tab=tab)


@pytest.mark.parametrize("tab", ["items", "receipts", "activity", "deliveries", "source"])
def test_htmx_gets_the_tabs_content_only(stage: Stage, tab: str) -> None:
    address = f"/purchase-orders/show/{stage.mine.order.id}?tab={tab}"
    fragment = stage.person("admin").get(address, headers={"HX-Request": "true"}).get_data(as_text=True)
    whole = stage.person("admin").get(address).get_data(as_text=True)
    assert "<html" not in fragment
    assert "<script" not in fragment
    assert len(fragment) < len(whole) / 2
    boosted = stage.person("admin").get(address, headers={"HX-Request": "true", "HX-Boosted": "true"})
    assert "<html" in boosted.get_data(as_text=True)


def test_items_are_paged_by_fifty_searched_and_sorted(stage: Stage) -> None:
    order = stage.make.purchase_order(stage.mine.connection, lines=120)

    def skus(**asked: Any) -> list[str]:
        return re.findall(r"SKU-\d{4}", visible(page(stage, "support", order, **asked)))

    wanted = [f"SKU-{n:04}" for n in range(1, 121)]
    assert skus() == wanted[:50]
    assert skus(page=3) == wanted[100:]
    assert skus(q="sku-0117") == ["SKU-0117"]
    assert skus(q="Thing 12") == ["SKU-0012", "SKU-0120"]
    assert skus(sort="-sku") == wanted[:-51:-1]
    assert skus(q="nothing") == []


def test_a_line_tells_what_is_special_about_it(stage: Stage) -> None:
    lines = [LineRecord(line_number=n, sku=f"S{n}", quantity=Decimal(10)) for n in range(1, 5)]
    order = stage.make.purchase_order(stage.mine.connection, lines=lines, status=PoStatus.PARTIALLY_RECEIVED)
    changes: dict[int, dict[str, Any]] = {
        1: {"left_out_by": "No samples"},
        2: {"closed_short_quantity": 4, "closed_short_reason": "Lost"},
    }
    changes |= {3: {"received": Decimal("12.5")}}
    with stage.make.engine.begin() as connection:
        for number, values in changes.items():
            sets = ", ".join(f"{name} = %({name})s" for name in values)
            connection.exec_driver_sql(
                f"UPDATE line_item SET {sets} WHERE purchase_order_id = {order.id} AND line_number = {number}", values
            )
    shown = page(stage, "partner", order)
    for words in ("Left out", "No samples", "Closed short", "Lost", "Surplus", "2.5 more than ordered"):
        assert words in shown


def test_the_timeline_is_newest_first_paged_and_in_words(stage: Stage) -> None:
    order = stage.make.purchase_order(stage.mine.connection, status=PoStatus.OPEN)
    for number in range(60):
        stage.make.activity(order, "comment", text=f"Word {number:02}")
    html = page(stage, "merchant", order, tab="activity")
    assert re.findall(r"Word \d\d", visible(html)) == [f"Word {n:02}" for n in range(59, 9, -1)]
    older = re.search(r"before=([\d.]+)", html)
    assert older is not None
    rest = visible(page(stage, "merchant", order, tab="activity", before=older[1]))
    assert re.findall(r"Word \d\d", rest) == [f"Word {n:02}" for n in range(9, -1, -1)]


def test_the_source_tab_shows_what_differs_and_the_trace_to_staff_only(stage: Stage) -> None:
    make = stage.make
    order = make.purchase_order(stage.mine.connection, status=PoStatus.OPEN, buyer_name="Changed Buyer")
    make.add(Judgement(purchase_order_id=order.id, outcome="accepted", trace={"rule": "Route the east"}))
    make.add(
        PendingChange(
            purchase_order_id=order.id,
            kind="change",
            snapshot={**order.snapshot, "number": "PO-NEW-77"},
            content_digest="c",
            raw_digest="r",
        )
    )
    for name, trace in (("support", True), ("merchant", False)):
        html = page(stage, name, order, tab="source")
        assert re.search(r"Bolt Buyer.{0,80}Changed Buyer", html, re.DOTALL)
        assert f"/purchase-orders/change/{order.id}" in html
        change = stage.person(name).get(f"/purchase-orders/change/{order.id}").get_data(as_text=True)
        assert re.search(rf"Number.{{0,60}}{order.number}.{{0,60}}PO-NEW-77", change, re.DOTALL)
        assert ("Route the east" in html) is trace


def test_an_order_in_error_tells_what_why_and_offers_the_way_on(stage: Stage) -> None:
    order = stage.make.purchase_order(
        stage.mine.connection, status=PoStatus.ERROR, status_reason="WH1 has no account for the merchant.", sent=False
    )
    html = page(stage, "support", order)
    assert visible(html).count("WH1 has no account for the merchant.") >= 1
    assert f'action="/purchase-orders/act/reprocess/{order.id}"' in html
    seen_by_partner = stage.make.purchase_order(
        stage.mine.connection, status=PoStatus.ERROR, status_reason="Internal words.", sent=True
    )
    assert "Internal words." not in page(stage, "partner", seen_by_partner)


def test_a_receipt_in_error_is_an_alert_for_staff(stage: Stage) -> None:
    stage.make.receipt(stage.mine.order, state=ReceiptState.ERROR)
    for name, told in (("support", True), ("merchant", False), ("partner", False)):
        assert ("A receipt is in Error" in page(stage, name, stage.mine.order)) is told


def test_an_action_that_is_not_possible_now_says_why(stage: Stage) -> None:
    shown = visible(page(stage, "support", stage.mine.order))
    sentence = "It was sent"
    assert sentence in shown or "was sent" in shown
    html = page(stage, "support", stage.mine.order)
    assert f'action="/purchase-orders/act/delete/{stage.mine.order.id}"' not in html
    fresh = stage.make.purchase_order(stage.mine.connection)
    assert f'action="/purchase-orders/act/delete/{fresh.id}"' in page(stage, "support", fresh)


def test_edit_is_offered_until_it_was_sent(stage: Stage) -> None:
    fresh = stage.make.purchase_order(stage.mine.connection)
    assert f"/purchase-orders/edit/{fresh.id}" in page(stage, "support", fresh)
    assert f"/purchase-orders/edit/{fresh.id}" not in page(stage, "merchant", fresh)
    assert "/purchase-orders/edit/" not in page(stage, "support", stage.mine.order)
    adding = f"/line-items/add?order={fresh.id}"
    assert adding in page(stage, "support", fresh)
    assert adding not in page(stage, "merchant", fresh)
    assert "/line-items/add" not in page(stage, "support", stage.mine.order)


def test_a_receipts_page_shows_lines_and_timeline(stage: Stage) -> None:
    receipt: Receipt = stage.make.receipt(stage.mine.order, quantities=[4, Decimal("2.5")], final=True)
    stage.make.activity(stage.mine.order, "receipt", receipt, receipt=receipt.external_id, units="6.5")
    shown = text_of(stage.person("partner").get(f"/receipts/show/{receipt.id}"))
    for words in (receipt.external_id, stage.mine.order.number, "SKU-0001", "SKU-0002", "2.5", "6.5 units"):
        assert words in shown
