"""Lists: search, filters, dates, sort, pages; the address holds it all."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest

from app.domain.record import LineRecord
from app.domain.states import PoStatus, ReceiptState
from app.models import Run
from tests.factories import Factory
from tests.web.people import Person, Stage, text_of

LIST = "/purchase-orders/list/"
YESTERDAY = datetime.now(UTC) - timedelta(days=1)


def numbers(person: Person, address: str = LIST, **asked: Any) -> list[str]:
    """The numbers of the orders that a list shows, in its order."""
    page = person.get(address, query_string=asked).get_data(as_text=True)
    assert "<main" in page
    return re.findall(r'<tr data-href="[^"]*">.*?(PO-\d{4}|SPECIAL[\w%-]*)', page, re.DOTALL)


def links(person: Person, address: str) -> list[str]:
    """The addresses that a page links to."""
    return [unescape(found) for found in re.findall(r'href="([^"]+)"', person.get(address).get_data(as_text=True))]


@pytest.fixture
def orders(stage: Stage) -> dict[str, str]:
    """Orders that differ in what can be asked for: name -> number."""
    make, connection = stage.make, stage.mine.connection
    lines = [LineRecord(line_number=1, sku="Bolt_M8%", quantity=Decimal(5))]
    made = {
        "late": make.purchase_order(connection, status=PoStatus.OPEN, late_from=YESTERDAY),
        "late part": make.purchase_order(connection, status=PoStatus.PARTIALLY_RECEIVED, late_from=YESTERDAY),
        "late error": make.purchase_order(connection, status=PoStatus.ERROR, late_from=YESTERDAY),
        "on time": make.purchase_order(connection, status=PoStatus.OPEN, late_from=YESTERDAY + timedelta(days=9)),
        "new": make.purchase_order(connection, lines=lines, due_date=date(2026, 7, 1), buyer_name="Ünal & Söhne"),
        "special": make.purchase_order(connection, number="SPECIAL-1%", external_id="ext_77"),
    }
    return {name: order.number for name, order in made.items()}


@pytest.mark.parametrize(
    ("statuses", "names"),
    [
        (["delayed"], ["late part", "late"]),
        (["open"], ["on time", "mine", "theirs"]),
        (["partially_received"], []),
        (["partially_received", "delayed"], ["late part", "late"]),
        (["error"], ["late error"]),
        (["new", "error"], ["special", "new", "late error"]),
        (["open", "delayed"], ["on time", "late part", "late", "mine", "theirs"]),
        (["nonsense"], []),
    ],
)
def test_a_delayed_order_counts_once(
    stage: Stage, orders: dict[str, str], statuses: list[str], names: list[str]
) -> None:
    known = {**orders, "mine": stage.mine.order.number, "theirs": stage.theirs.order.number}
    assert sorted(numbers(stage.person("admin"), status=statuses)) == sorted(known[name] for name in names)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("special", ["special"]),
        ("PECIAL-1", ["special"]),
        ("EXT_77", ["special"]),
        ("ext%77", []),
        ("Ünal & S", ["new"]),
        ("ünal & SÖHNE", ["new"]),
        ("bolt_m8", ["new"]),
        ("BOLT_M8%", ["new"]),
        ("bolt%m8", []),
        ("1%", ["special"]),
        ("  special  ", ["special"]),
        ("nothing like this", []),
        ("'; DROP TABLE purchase_order; --", []),
        ("\\", []),
    ],
)
def test_one_box_searches_number_id_buyer_and_sku(
    stage: Stage, orders: dict[str, str], words: str, names: list[str]
) -> None:
    assert numbers(stage.person("admin"), q=words) == [orders[name] for name in names]


def test_the_choices_filter_alone_and_together(stage: Stage) -> None:
    admin, mine, theirs = stage.person("admin"), stage.mine, stage.theirs
    for name in ("connection", "store", "merchant", "warehouse"):
        one = {name: getattr(mine.connection, "id" if name == "connection" else f"{name}_id")}
        assert numbers(admin, **one) == [mine.order.number]
    both = [mine.connection.merchant_id, theirs.connection.merchant_id]
    assert numbers(admin, merchant=both) == [theirs.order.number, mine.order.number]
    assert numbers(admin, merchant=mine.connection.merchant_id, store=theirs.connection.store_id) == []
    assert numbers(admin, merchant="x' OR 1=1") == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"due_from": "2026-07-01"}, ["new"]),
        ({"due_to": "2026-06-30", "status": "new"}, ["special"]),
        ({"due_from": "2026-07-01", "due_to": "2026-07-01"}, ["new"]),
        ({"due_from": "2026-07-02"}, []),
        ({"ordered_from": "2026-03-05"}, []),
        ({"ordered_from": "2026-03-04", "ordered_to": "2026-03-04", "status": "error"}, ["late error"]),
        ({"due_from": "soon", "status": "error"}, ["late error"]),
    ],
)
def test_dates_are_whole_days_and_both_ends_belong(
    stage: Stage, orders: dict[str, str], asked: dict[str, str], found: list[str]
) -> None:
    assert numbers(stage.person("admin"), **asked) == [orders[name] for name in found]


def test_a_list_is_sorted_by_what_the_address_says_and_turned_round_by_the_heading(stage: Stage, make: Factory) -> None:
    admin = stage.person("admin")
    for lines in (5, 1):
        make.purchase_order(stage.mine.connection, lines=lines)
    by_lines = numbers(admin, sort="lines")
    assert numbers(admin, sort="-lines") == by_lines[::-1]
    assert numbers(admin, sort="number") == sorted(by_lines)
    assert numbers(admin) == sorted(by_lines, reverse=True)
    assert numbers(admin, sort="no such thing") == numbers(admin)
    assert f"{LIST}?sort=-lines" in links(admin, f"{LIST}?sort=lines&page=1")
    assert f"{LIST}?sort=lines" in links(admin, f"{LIST}?sort=-lines")


def test_pages_follow_each_other_without_gap_or_repeat(stage: Stage, make: Factory) -> None:
    admin = stage.person("admin")
    made = [make.purchase_order(stage.mine.connection, lines=1).number for _ in range(50)]
    wanted = [*made[::-1], stage.theirs.order.number, stage.mine.order.number]
    pages = [numbers(admin, page=page) for page in (1, 2, 3, 4)]
    assert pages == [wanted[:25], wanted[25:50], wanted[50:], []]
    assert numbers(admin, size=100) == wanted
    assert numbers(admin, size=7) == wanted[:25]
    assert numbers(admin, page="x", size="10000000000000000000000") == wanted[:25]
    assert numbers(admin, page="-1") == wanted[:25]
    assert f"{LIST}?status=new&page=2" in links(admin, f"{LIST}?status=new")
    assert "52" in text_of(admin.get(LIST))


def test_the_count_stops_at_the_cap(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.queries.listing.COUNT_CAP", 1)
    monkeypatch.setattr("app.web.asking.COUNT_CAP", 1)
    page = text_of(stage.person("admin").get(LIST))
    assert "1+" in page


def test_a_filter_is_a_chip_that_takes_itself_away(stage: Stage) -> None:
    admin, merchant = stage.person("admin"), stage.mine.connection.merchant_id
    address = f"{LIST}?status=open&status=error&merchant={merchant}&q=PO&due_from=2026-01-01&page=2"
    found = links(admin, address)
    kept = f"merchant={merchant}&q=PO&due_from=2026-01-01"
    assert f"{LIST}?status=error&{kept}" in found
    assert f"{LIST}?status=open&{kept}" in found
    assert f"{LIST}?status=open&status=error&merchant={merchant}&due_from=2026-01-01" in found
    assert f"{LIST}?status=open&status=error&merchant={merchant}&q=PO" in found


def test_an_empty_list_says_what_to_do(stage: Stage) -> None:
    assert "Nothing matches" in text_of(stage.person("admin").get(f"{LIST}?q=nothing"))
    assert "No connections yet" not in text_of(stage.person("admin").get("/connections/list/"))
    assert "Without a rule an order goes to its connection" in text_of(stage.person("admin").get("/rules/list/"))


def test_the_choices_offer_what_is_in_scope_only(stage: Stage) -> None:
    def offered(name: str) -> set[str]:
        found = links(stage.person(name), LIST)
        return {link.split("=")[1] for link in found if link.startswith(f"{LIST}?merchant=")}

    mine, theirs = str(stage.mine.connection.merchant_id), str(stage.theirs.connection.merchant_id)
    assert offered("admin") == {mine, theirs}
    for name in ("limited", "partner", "merchant"):
        assert offered(name) == {mine}
    assert not any("connection=" in link or "store=" in link for link in links(stage.person("partner"), LIST))


def test_hostile_text_is_shown_as_text(stage: Stage) -> None:
    stage.make.purchase_order(stage.mine.connection, buyer_name="<script>alert(1)</script>", number="SPECIAL<b>")
    page = stage.person("admin").get(LIST, query_string={"q": "<script>alert(1)</script>"}).get_data(as_text=True)
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    ("address", "shown", "hidden"),
    [
        ("/receipts/list/?state=error", ["R-ERROR"], ["R-NEW"]),
        ("/receipts/list/?q=r-ne", ["R-NEW"], ["R-ERROR"]),
        ("/receipts/list/?received_from=2026-03-05", [], ["R-NEW", "R-ERROR"]),
        ("/runs/list/?state=failed", ["The source said no"], ["All was well"]),
        ("/runs/list/?kind=import&q=said", ["The source said no"], ["All was well"]),
    ],
)
def test_the_other_lists_filter_as_well(stage: Stage, address: str, shown: list[str], hidden: list[str]) -> None:
    make, connection = stage.make, stage.mine.connection
    make.receipt(stage.mine.order, external_id="R-NEW")
    make.receipt(stage.mine.order, external_id="R-ERROR", state=ReceiptState.ERROR)
    for state, message in (("failed", "The source said no"), ("done", "All was well")):
        run = make.add(
            Run(kind="import", connection_id=connection.id, merchant_id=connection.merchant_id, started_by="x")
        )
        make.add(
            Run(
                kind="import",
                connection_id=connection.id,
                merchant_id=connection.merchant_id,
                started_by=message,
                state=state,
                message=message,
                at=run.at,
            )
        )
    page = text_of(stage.person("admin").get(address))
    assert [words for words in shown if words not in page] == []
    assert [words for words in hidden if words in page] == []
