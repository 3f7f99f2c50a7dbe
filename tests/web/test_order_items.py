"""The Items tab: pages, search, sort and what is outstanding, what can be done with a line, and what it costs."""

from __future__ import annotations

import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.domain.record import LineRecord
from app.domain.states import PoStatus
from app.models import LineItem, PurchaseOrder
from tests.web.counting import statements
from tests.web.filling import filled
from tests.web.people import Stage, text_of

FRAGMENT = {"HX-Request": "true"}
STAFF = ("admin", "support", "limited")


def tab(stage: Stage, name: str, order: PurchaseOrder, **asked: Any) -> str:
    """The tab as htmx gets it."""
    answer = stage.person(name).get(
        f"/purchase-orders/show/{order.id}", query_string={"tab": "items", **asked}, headers=FRAGMENT
    )
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def skus(html: str) -> list[str]:
    """The SKUs of its rows."""
    return re.findall(r"<code[^>]*>(SK?U?-\w+)</code>", html.split("<tbody>")[1]) if "<tbody>" in html else []


def set_lines(stage: Stage, order: PurchaseOrder, *rows: dict[str, Any]) -> None:
    """Change the first lines of an order."""
    for line, values in zip(stage.make.lines_of(order), rows, strict=False):
        with Session(stage.make.engine) as session:
            row = session.get_one(LineItem, line.id)
            for name, value in values.items():
                setattr(row, name, value)
            session.commit()


@pytest.fixture
def order(stage: Stage) -> PurchaseOrder:
    """A sent order: in full, short, left out, partly here before, in surplus, and one that waits."""
    records = [
        LineRecord(
            line_number=n, sku=f"S-{n}", quantity=Decimal(10), name=name, barcode=f"040{n}", supplier_sku=f"V{n}"
        )
        for n, name in enumerate(["Bolt", "Nut", "Sample", "Washer 10%", "Screw_1", "Bolt long"], 1)
    ]
    order = stage.make.purchase_order(stage.mine.connection, status=PoStatus.PARTIALLY_RECEIVED, lines=records)
    set_lines(
        stage,
        order,
        {"received": Decimal(10), "damaged": Decimal(2)},
        {"received": Decimal(6), "closed_short_quantity": Decimal(4), "closed_short_reason": "Sold out"},
        {"left_out_by": "No samples"},
        {"received_before": Decimal("2.5"), "received": Decimal(3)},
        {"received": Decimal("12.5")},
        {},
    )
    return order


ALL = [f"S-{n}" for n in range(1, 7)]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ALL),
        ({"q": "s-4"}, ["S-4"]),
        ({"q": "bolt"}, ["S-1", "S-6"]),
        ({"q": "0402"}, ["S-2"]),
        ({"q": "v5"}, ["S-5"]),
        # What means something to a search in SQL is searched for as it is written.
        ({"q": "%"}, ["S-4"]),
        ({"q": "_1"}, ["S-5"]),
        ({"q": "' OR 1=1"}, []),
        ({"q": "No samples"}, []),
        ({"only": "waiting"}, ["S-4", "S-6"]),
        ({"only": "waiting", "q": "bolt"}, ["S-6"]),
        ({"only": "nonsense"}, ALL),
        ({"sort": "-line"}, ALL[::-1]),
        ({"sort": "-received"}, ["S-5", "S-1", "S-2", "S-4", "S-3", "S-6"]),
        ({"sort": "nonsense"}, ALL),
        ({"page": "99"}, ALL),
        ({"page": "-1"}, ALL),
        ({"page": "x"}, ALL),
    ],
)
@pytest.mark.parametrize("name", ["limited", "merchant", "partner"])
def test_lines_are_searched_sorted_and_narrowed(
    stage: Stage, order: PurchaseOrder, name: str, asked: dict[str, str], found: list[str]
) -> None:
    # Whose lines they are is not the address's to choose.
    shown = skus(tab(stage, name, order, merchant=str(stage.theirs.order.id), **asked))
    if asked.get("sort") == "-received":
        assert (shown[:4], set(shown[4:])) == (found[:4], set(found[4:]))
    else:
        assert shown == found


def test_the_page_that_is_gone_is_the_last_one(stage: Stage) -> None:
    order = stage.make.purchase_order(stage.mine.connection, lines=51)
    person, last = stage.person("support"), stage.make.lines_of(order)[50]
    address = f"/line-items/act/remove/{last.id}"
    back = f"/purchase-orders/show/{order.id}?tab=items&page=2"
    values = {**filled(person, address), "reason": "Twice", "next": back}
    assert person.post(address, **values).location == back
    assert skus(tab(stage, "support", order, page="2")) == [f"SKU-{n:04}" for n in range(1, 51)]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"q": "nowhere"}, "No such line"),
        ({"only": "waiting"}, "Nothing is outstanding"),
        ({"only": "waiting", "q": "x"}, "No such line"),
    ],
)
def test_nothing_found_says_so(stage: Stage, asked: dict[str, str], words: str) -> None:
    order = stage.make.purchase_order(stage.mine.connection, status=PoStatus.RECEIVED, lines=1)
    set_lines(stage, order, {"received": Decimal(10)})
    html = tab(stage, "partner", order, **asked)
    assert words in html
    assert "<tbody>" not in html


def test_outstanding_lines_and_back(stage: Stage, order: PurchaseOrder) -> None:
    first = unescape(tab(stage, "support", order, q="bolt", page="1"))
    only = re.search(r'href="([^"]*only=waiting[^"]*)"', first)
    assert only is not None
    assert "q=bolt" in only[1]
    narrowed = unescape(stage.person("support").get(only[1], headers=FRAGMENT).get_data(as_text=True))
    assert skus(narrowed) == ["S-6"]
    back = re.search(r'href="([^"]*)"[^>]*>All lines<', narrowed)
    assert back is not None
    assert "only=" not in back[1]
    assert skus(stage.person("support").get(back[1], headers=FRAGMENT).get_data(as_text=True)) == ["S-1", "S-6"]


@pytest.mark.parametrize("name", ["admin", "merchant", "partner"])
def test_a_row_says_what_came_and_what_is_special(stage: Stage, order: PurchaseOrder, name: str) -> None:
    html = tab(stage, name, order)
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", html.split("<tbody>")[1], re.DOTALL)
    wanted = [
        ("2 damaged", "Damaged", "2 of what came"),
        ("4 closed short", "Closed short", "Sold out"),
        ("Left out", "by No samples"),
        ("2.5 before import", "5.5"),
        ("2.5 surplus", "Surplus", "2.5 more than ordered"),
        ("0", "10"),
    ]
    for row, words in zip(rows, wanted, strict=True):
        assert [word for word in words if word not in row] == []


TOOLS = {
    # What staff may do with each of the six lines of a sent order: nothing, but what waits or was closed short.
    "sent": [[], ["Reopen"], [], ["Close short"], [], ["Close short"]],
    "fresh": [["Edit", "Remove"]] * 2,
}


def tools(html: str) -> list[list[str]]:
    """The tools of each row."""
    cells = re.findall(r'<td class="tools">(.*?)</td>', html, re.DOTALL)
    return [re.findall(r"<a [^>]*>\s*([A-Z][a-z]+(?: short)?)", cell) for cell in cells]


@pytest.mark.parametrize("name", [*STAFF, "merchant", "partner"])
def test_the_tools_of_a_line_are_those_that_are_possible_now(stage: Stage, order: PurchaseOrder, name: str) -> None:
    fresh = stage.make.purchase_order(stage.mine.connection)
    assert tools(tab(stage, name, order)) == (TOOLS["sent"] if name in STAFF else [])
    if name != "partner":
        assert tools(tab(stage, name, fresh)) == (TOOLS["fresh"] if name in STAFF else [])
        assert ("/line-items/add" in tab(stage, name, fresh)) is (name in STAFF)
    assert "/line-items/add" not in tab(stage, name, order)


def test_a_tool_leads_back_to_the_very_page(stage: Stage) -> None:
    order = stage.make.purchase_order(stage.mine.connection, lines=60)
    html = unescape(tab(stage, "support", order, page="2", sort="-line"))
    editing = re.search(r'href="(/line-items/edit/[^"]+)"', html)
    assert editing is not None
    form = stage.person("support").get(editing[1]).get_data(as_text=True)
    back = re.search(r'<a class="button" href="([^"]+)">Cancel</a>', form)
    assert back is not None
    wanted = unescape(back[1])
    assert wanted.startswith(f"/purchase-orders/show/{order.id}?")
    assert all(part in wanted for part in ("tab=items", "page=2", "sort=-line"))
    again = stage.person("support").get(wanted, headers=FRAGMENT).get_data(as_text=True)
    assert skus(again) == [f"SKU-{n:04}" for n in range(10, 0, -1)]


@pytest.mark.parametrize(
    ("name", "told"), [("support", True), ("limited", True), ("merchant", False), ("partner", False)]
)
def test_staff_is_told_why_lines_cannot_be_edited(stage: Stage, order: PurchaseOrder, name: str, told: bool) -> None:
    locked = "It was sent to a warehouse and can no longer be edited."
    assert (locked in tab(stage, name, order)) is (name in STAFF)
    fresh = stage.make.purchase_order(stage.mine.connection)
    assert 'class="locked"' not in tab(stage, "support", fresh)


def test_every_page_of_a_large_order_holds_its_fifty_lines(stage: Stage) -> None:
    order = stage.make.purchase_order(stage.mine.connection, lines=130)
    seen: list[str] = []
    for page in (1, 2, 3):
        found = skus(tab(stage, "limited", order, page=page))
        assert len(found) == min(50, 130 - len(seen))
        seen += found
    assert seen == [f"SKU-{n:04}" for n in range(1, 131)]


@pytest.mark.parametrize("name", ["admin", "limited", "merchant", "partner"])
@pytest.mark.parametrize("asked", [{}, {"q": "SKU-00"}, {"only": "waiting"}, {"sort": "-sku", "page": "1"}])
def test_the_tab_costs_the_same_for_small_and_for_large_orders(stage: Stage, name: str, asked: dict[str, str]) -> None:
    counts, sizes = [], []
    for lines in (60, 2_000):
        order = stage.make.purchase_order(stage.mine.connection, status=PoStatus.OPEN, lines=lines)
        with statements(stage.app) as sent:
            html = tab(stage, name, order, **asked)
        counts.append(len(sent))
        sizes.append(len(html))
    assert counts[0] == counts[1] <= 9
    assert sizes[1] < sizes[0] * 1.1


@pytest.mark.parametrize("name", ["admin", "merchant", "partner"])
def test_the_whole_page_costs_the_same_for_small_and_for_large_orders(stage: Stage, name: str) -> None:
    counts = []
    for lines in (10, 2_000):
        order = stage.make.purchase_order(stage.mine.connection, status=PoStatus.OPEN, lines=lines)
        with statements(stage.app) as sent:
            assert stage.person(name).get(f"/purchase-orders/show/{order.id}").status_code == 200
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 14


@pytest.fixture
def changed(stage: Stage) -> PurchaseOrder:
    """An order of 120 lines, of which the first 60 differ from what was imported."""
    order = stage.make.purchase_order(stage.mine.connection, status=PoStatus.OPEN, lines=120)
    with Session(stage.make.engine) as session:
        for row in session.query(LineItem).filter_by(purchase_order_id=order.id).filter(LineItem.position <= 60):
            row.quantity = Decimal(11)
        session.commit()
    return order


@pytest.mark.parametrize("name", ["support", "merchant"])
def test_the_source_tab_pages_what_differs_or_all_lines(stage: Stage, changed: PurchaseOrder, name: str) -> None:
    def numbers(**asked: str) -> list[str]:
        return re.findall(r"SKU-(\d{4})", tab(stage, name, changed, **{"tab": "source", **asked}))

    wanted = [f"{n:04}" for n in range(1, 121)]
    assert numbers() == wanted[:50]
    assert numbers(page="2") == wanted[50:60]
    assert numbers(page="9") == wanted[50:60]
    assert numbers(page="-3") == numbers(page="x") == wanted[:50]
    assert numbers(lines="all") == wanted[:50]
    assert numbers(lines="all", page="3") == wanted[100:]
    shown = unescape(tab(stage, name, changed, tab="source"))
    assert "All 120 lines" in shown
    assert re.search(r"Quantity.{0,200}10.{0,200}11", shown, re.DOTALL)


def test_the_source_tab_of_an_untouched_order_shows_all_lines(stage: Stage) -> None:
    order = stage.make.purchase_order(stage.mine.connection, status=PoStatus.OPEN, lines=3)
    shown = tab(stage, "merchant", order, tab="source")
    assert re.findall(r"SKU-\d{4}", shown) == ["SKU-0001", "SKU-0002", "SKU-0003"]
    assert "Only what differs" not in shown


@pytest.mark.parametrize("spoil", ["lines = NULL", "state = '\"odd\"'"])
def test_a_snapshot_of_another_form_is_no_fault(stage: Stage, spoil: str) -> None:
    order = stage.make.purchase_order(stage.mine.connection, status=PoStatus.OPEN)
    key, value = spoil.split(" = ")
    with stage.make.engine.begin() as connection:
        sql = f"snapshot - '{key}'" if value == "NULL" else f"jsonb_set(snapshot, '{{{key}}}', {value})"
        connection.exec_driver_sql(f"UPDATE purchase_order SET snapshot = {sql} WHERE id = {order.id}")
    assert "SKU-0001" in tab(stage, "merchant", order, tab="source")


@pytest.mark.parametrize("name", STAFF)
def test_the_list_of_all_lines_leads_to_their_orders(stage: Stage, order: PurchaseOrder, name: str) -> None:
    answer = stage.person(name).get("/line-items/list/?q=S-4")
    assert order.number in text_of(answer)
    line = stage.make.lines_of(order)[3]
    shown = text_of(stage.person(name).get(f"/line-items/show/{line.id}"))
    for words in (f"{order.number}, line 4", "Washer 10%", "V4", "0404", "Received before import 2.5"):
        assert words in unescape(shown)
