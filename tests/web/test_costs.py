"""A partner's bytes hold no cost: not in a list, a page, a tab, a search, a sort, a form or an error."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from app.domain.record import LineRecord
from app.domain.states import PoStatus
from app.models import PurchaseOrder
from tests.web.people import Stage

# No other number of the stage looks like these.
COST, TOTAL = "777.77", "54443.9"
TELLING = re.compile(r"777[.,]77|54,?443[.,]9|cost|price", re.IGNORECASE)


@pytest.fixture
def order(stage: Stage) -> PurchaseOrder:
    """An order whose costs would be noticed anywhere."""
    line = LineRecord(line_number=1, sku="GOLD", quantity=Decimal(70), unit_cost=Decimal(COST))
    order = stage.make.purchase_order(
        stage.mine.connection,
        lines=[line],
        status=PoStatus.OPEN,
        status_reason="Rule 7: total 54443.9 is over the limit",
        notes="A rule wrote 777.77 here",
        held_by="price rule",
        custom={"price_list": "777.77"},
    )
    assert order.total_cost == Decimal(TOTAL)
    stage.make.activity(order, "judged", outcome="total 54443.9")
    stage.make.activity(order, "edited", changes="unit_cost 777.77")
    stage.make.activity(order, "status", **{"from": "new", "to": "open", "reason": "cost 777.77"})
    stage.make.activity(order, "cancel_refused", warehouse="W", reason="cost 777.77")
    stage.make.receipt(order, quantities=[1], state_reason="price 777.77")
    return order


ADDRESSES = (
    "/purchase-orders/list/",
    "/purchase-orders/list/?sort=cost",
    "/purchase-orders/list/?sort=-cost",
    "/purchase-orders/show/{0}",
    "/purchase-orders/show/{0}?tab=items&sort=cost",
    "/purchase-orders/show/{0}?tab=receipts",
    "/purchase-orders/show/{0}?tab=activity",
    "/purchase-orders/show/{0}?tab=deliveries",
    "/purchase-orders/show/{0}?tab=source",
    "/line-items/list/",
    "/line-items/list/?sort=cost",
    "/line-items/show/{1}",
    "/receipts/list/",
    "/receipts/show/{2}",
    "/purchase-orders/edit/{0}",
)


@pytest.mark.parametrize("fragment", [False, True], ids=["page", "fragment"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_no_cost_in_what_a_partner_gets(stage: Stage, order: PurchaseOrder, address: str, fragment: bool) -> None:
    line, receipt = stage.make.lines_of(order)[0], stage.mine.receipt
    headers = {"HX-Request": "true"} if fragment else {}
    page = stage.person("partner").get(address.format(order.id, line.id, receipt.id), headers=headers)
    # What the partner wrote into the address is the partner's own.
    said = re.sub(r"sort=-?cost|value=\"-?cost\"", "", page.get_data(as_text=True))
    assert TELLING.findall(said) == []


@pytest.mark.parametrize("words", ["777.77", "54443.9", "price_list", "A rule wrote"])
def test_a_search_finds_nothing_by_what_a_partner_may_not_see(stage: Stage, order: PurchaseOrder, words: str) -> None:
    for address in ("/purchase-orders/list/", "/line-items/list/", f"/purchase-orders/show/{order.id}"):
        page = stage.person("partner").get(address, query_string={"q": words}).get_data(as_text=True)
        assert "GOLD" not in page
        assert "data-href=" not in page


@pytest.mark.parametrize("name", ["admin", "limited", "merchant"])
def test_the_others_do_see_the_cost(stage: Stage, order: PurchaseOrder, name: str) -> None:
    person = stage.person(name)
    assert "54,443.90" in person.get("/purchase-orders/list/").get_data(as_text=True)
    assert COST in person.get(f"/purchase-orders/show/{order.id}").get_data(as_text=True)


def test_a_partner_cannot_learn_a_cost_by_sorting(stage: Stage, order: PurchaseOrder) -> None:
    cheap = stage.make.purchase_order(stage.mine.connection, lines=1, status=PoStatus.OPEN)
    partner, merchant = stage.person("partner"), stage.person("merchant")

    def order_of(page: str) -> list[str]:
        numbers = re.findall(r"PO-\d{4}", page[page.index("<tbody>") :])
        return [number for number in dict.fromkeys(numbers) if number in {order.number, cheap.number}]

    asked = [f"/purchase-orders/list/?sort={sort}" for sort in ("cost", "-cost")]
    seen = [order_of(partner.get(address).get_data(as_text=True)) for address in asked]
    assert seen[0] == seen[1]
    seen = [order_of(merchant.get(address).get_data(as_text=True)) for address in asked]
    assert seen == [[cheap.number, order.number], [order.number, cheap.number]]


def test_a_partner_reads_the_sources_notes_and_not_a_rules(stage: Stage, order: PurchaseOrder) -> None:
    page = stage.person("partner").get(f"/purchase-orders/show/{order.id}").get_data(as_text=True)
    assert "Dock 3" in page
    assert "A rule wrote" not in page


def test_a_partner_is_offered_neither_deliveries_nor_the_snapshot(stage: Stage, order: PurchaseOrder) -> None:
    page = stage.person("partner").get(f"/purchase-orders/show/{order.id}").get_data(as_text=True)
    assert set(re.findall(r"tab=(\w+)", page)) == {"items", "receipts", "activity"}
    assert order.external_id not in page
