"""One line of an order: added, changed, removed, closed short, reopened; by whom, with what said, and nothing lost."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy.orm import Session

from app.domain.states import PoStatus
from app.models import Activity, LineItem, PurchaseOrder
from tests.web.filling import filled, one
from tests.web.people import Person, Stage, text_of

FRAGMENT = {"HX-Request": "true"}
EVERYBODY = ("admin", "support", "limited", "partner", "merchant", "unscoped partner", "unscoped merchant", "nobody")
STAFF = ("admin", "support", "limited")


@pytest.fixture
def order(stage: Stage) -> PurchaseOrder:
    """An order of two lines that may be edited."""
    return stage.make.purchase_order(stage.mine.connection)


@pytest.fixture
def sent(stage: Stage) -> PurchaseOrder:
    """A sent order of two lines of ten: three came of the first, the second was closed short."""
    order = stage.make.purchase_order(stage.mine.connection, status=PoStatus.OPEN)
    first, second = stage.make.lines_of(order)
    set_line(stage, first, received=Decimal(3))
    set_line(stage, second, closed_short_quantity=Decimal(10), closed_short_reason="Lost")
    return order


def set_line(stage: Stage, line: LineItem, **values: Any) -> None:
    """Change a stored line."""
    with Session(stage.make.engine) as session:
        row = session.get_one(LineItem, line.id)
        for name, value in values.items():
            setattr(row, name, value)
        session.commit()


def edit(line: LineItem) -> str:
    """The form of a line."""
    return f"/line-items/edit/{line.id}"


def act(name: str, line: LineItem) -> str:
    """The question of what is done with a line."""
    return f"/line-items/act/{name}/{line.id}"


def send(person: Person, address: str, **values: str) -> Any:
    """Open a form, change it, and send it."""
    return person.post(address, **{**filled(person, address), "reason": "Asked for", **values})


def everything(stage: Stage) -> list[Any]:
    """All orders, lines and the timeline, to compare before and after."""
    with Session(stage.make.engine) as session:
        tables = [model.__table__ for model in (PurchaseOrder, LineItem, Activity)]
        return [sorted(map(tuple, session.execute(table.select())), key=repr) for table in tables]


def lines(stage: Stage, order: PurchaseOrder) -> list[tuple[int, str, Decimal]]:
    """The lines as they are stored."""
    return [(line.line_number, line.sku, line.quantity) for line in stage.make.lines_of(order)]


@pytest.mark.parametrize("name", EVERYBODY)
def test_only_staff_changes_adds_and_removes_lines(stage: Stage, order: PurchaseOrder, name: str) -> None:
    line, person, before = stage.make.lines_of(order)[0], stage.person(name), everything(stage)
    values = {**filled(stage.person("admin"), edit(line)), "quantity": "4", "reason": "r"}
    adding = {"sku": "NEW", "quantity": "1", "version_no": values["version_no"], "reason": "r"}
    if name in STAFF:
        assert person.post(edit(line), **values).status_code == 302
        assert send(person, f"/line-items/add?order={order.id}", sku="NEW", quantity="1").status_code == 302
        assert send(person, act("remove", line)).status_code == 302
        assert lines(stage, order) == [(2, "SKU-0002", Decimal(10)), (3, "NEW", Decimal(1))]
        return
    answers = [
        person.get(edit(line)),
        person.post(edit(line), **values),
        person.get(f"/line-items/add?order={order.id}"),
        person.post(f"/line-items/add?order={order.id}", **adding),
        person.get(act("remove", line)),
        person.post(act("remove", line), version_no=values["version_no"], reason="r"),
    ]
    assert [answer.status_code for answer in answers] == [403] * 6
    assert everything(stage) == before


@pytest.mark.parametrize("name", EVERYBODY)
@pytest.mark.parametrize("what", ["close_short", "reopen"])
def test_only_staff_closes_short_and_reopens(stage: Stage, sent: PurchaseOrder, name: str, what: str) -> None:
    first, second = stage.make.lines_of(sent)
    line, person, before = (first if what == "close_short" else second), stage.person(name), everything(stage)
    if name in STAFF:
        assert send(person, act(what, line)).status_code == 302
        assert everything(stage) != before
        return
    assert person.get(act(what, line)).status_code == 403
    assert person.post(act(what, line), version_no=str(sent.version_no), reason="r").status_code == 403
    assert everything(stage) == before


@pytest.mark.parametrize("what", ["remove", "close_short", "reopen"])
def test_limited_support_reaches_no_line_of_another_merchant(stage: Stage, what: str) -> None:
    for order in (stage.theirs.order, stage.make.purchase_order(stage.theirs.connection)):
        line, before, person = stage.make.lines_of(order)[0], everything(stage), stage.person("limited")
        answers = [person.get(act(what, line)), person.post(act(what, line), version_no="1", reason="r")]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert everything(stage) == before


@pytest.mark.parametrize(
    "address",
    [
        "/line-items/act/nothing/{0}", "/line-items/act/edit/{0}", "/line-items/act/remove/999999",
        "/line-items/edit/999999", "/line-items/add", "/line-items/add?order=", "/line-items/add?order=x",
        "/line-items/add?order=-1", "/line-items/add?order=999999",
    ],
)  # fmt: skip
def test_what_is_not_there(stage: Stage, order: PurchaseOrder, address: str) -> None:
    wanted = address.format(stage.make.lines_of(order)[0].id)
    assert stage.person("admin").get(wanted).status_code == 404
    assert stage.person("admin").post(wanted, reason="x").status_code == 404


CHANGES: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({"sku": "0007"}, {"sku": "0007"}),
    ({"quantity": "12.5"}, {"quantity": Decimal("12.5")}),
    ({"quantity": "0"}, {"quantity": Decimal(0)}),
    ({"quantity": " 1e3 "}, {"quantity": Decimal(1000)}),
    ({"quantity": "99999999999.5"}, {"quantity": Decimal("99999999999.5")}),
    ({"unit_cost": "-1.25"}, {"unit_cost": Decimal("-1.25")}),
    ({"unit_cost": ""}, {"unit_cost": None}),
    ({"pack_size": "0.000001"}, {"pack_size": Decimal("0.000001")}),
    ({"expected_date": "2026-12-24"}, {"expected_date": date(2026, 12, 24)}),
    ({"name": "", "barcode": "04012345"}, {"name": "", "barcode": "04012345"}),
    ({"unit_of_measure": "CS", "supplier_sku": "S-1"}, {"unit_of_measure": "CS", "supplier_sku": "S-1"}),
]


@pytest.mark.parametrize(("entered", "stored"), CHANGES)
def test_what_is_entered_is_stored(
    stage: Stage, order: PurchaseOrder, entered: dict[str, str], stored: dict[str, Any]
) -> None:
    line = stage.make.lines_of(order)[0]
    answer = send(stage.person("limited"), edit(line), **entered)
    assert (answer.status_code, answer.location) == (302, f"/purchase-orders/show/{order.id}?tab=items")
    now = one(stage, LineItem, id=line.id)
    assert {name: getattr(now, name) for name in stored} == stored
    assert one(stage, Activity, purchase_order_id=order.id, kind="edited").data["reason"] == "Asked for"
    # The other fields are no edit: the source may still change them.
    with Session(stage.make.engine) as session:
        edits = session.get_one(PurchaseOrder, order.id).edits
    assert set(edits["lines"]) == {line.key}
    assert set(edits["lines"][line.key]) == set(entered)


BAD = [
    ({"sku": ""}, "sku", "A line needs a SKU."),
    ({"sku": " "}, "sku", "A line needs a SKU."),
    ({"quantity": ""}, "quantity", "How many?"),
    ({"quantity": "-1"}, "quantity", "Write a number from 0 to below 10^12."),
    ({"quantity": "1000000000000"}, "quantity", "Write a number from 0 to below 10^12."),
    ({"quantity": "1e400"}, "quantity", "Write a number from 0 to below 10^12."),
    ({"quantity": "1,5"}, "quantity", "“1,5” is not read as a number."),
    ({"quantity": "1.000,5"}, "quantity", "is not read as a number."),
    ({"quantity": "1_000"}, "quantity", "“1_000” is not read as a number."),
    ({"quantity": "٣"}, "quantity", "“٣” is not read as a number."),
    ({"quantity": "inf"}, "quantity", "“inf” is not read as a number."),
    ({"quantity": "<b>"}, "quantity", "“<b>” is not read as a number."),
    ({"quantity": "0.0000001"}, "quantity", "“0.0000001” has more than 6 decimals."),
    ({"unit_cost": "cheap"}, "unit_cost", "“cheap” is not read as a number."),
    ({"unit_cost": "-1000000000000"}, "unit_cost", "Write a number from"),
    ({"pack_size": "0"}, "pack_size", "Write a number from 0.000001 to below 10^12."),
    ({"pack_size": "-6"}, "pack_size", "Write a number from 0.000001 to below 10^12."),
    ({"expected_date": "tomorrow"}, "expected_date", "Not a valid date value."),
    ({"barcode": "x" * 4_001}, "barcode", ""),
    ({"reason": " "}, "reason", "Say why."),
]


@pytest.mark.parametrize("wrong", BAD, ids=lambda wrong: f"{wrong[0]}")
@pytest.mark.parametrize("adding", [False, True], ids=["edit", "add"])
def test_what_is_wrong_is_said_beside_the_field(
    stage: Stage, order: PurchaseOrder, adding: bool, wrong: tuple[dict[str, str], str, str]
) -> None:
    entered, field, words = wrong
    address = f"/line-items/add?order={order.id}" if adding else edit(stage.make.lines_of(order)[0])
    before = everything(stage)
    values = {"sku": "NEW-1", "quantity": "3", "name": "Kept & shown"}
    answer = send(stage.person("support"), address, **{**values, **entered})
    html = answer.get_data(as_text=True)
    assert answer.status_code == 200
    (tag,) = re.findall(rf'<input[^>]* name="{field}"[^>]*>', html)
    assert 'aria-invalid="true"' in tag
    assert words in unescape(html)
    assert 'value="Kept &amp; shown"' in html
    assert everything(stage) == before


def test_lines_are_added_one_after_the_other(stage: Stage, order: PurchaseOrder) -> None:
    person, address = stage.person("support"), f"/line-items/add?order={order.id}"
    first = send(person, address, sku="NEW-1", quantity="3", more="1", reason="Forgotten")
    asked = parse_qs(urlsplit(first.location).query)
    assert (asked["order"], asked["reason"]) == ([str(order.id)], ["Forgotten"])
    assert person.flashes() == ["Line 3 (NEW-1) was added."]
    shown = filled(person, first.location)
    assert (shown["reason"], shown["sku"], shown["quantity"]) == ("Forgotten", "", "")
    second = person.post(first.location, **{**shown, "sku": "NEW-2", "quantity": "4"})
    assert second.location == f"/purchase-orders/show/{order.id}?tab=items"
    assert lines(stage, order)[2:] == [(3, "NEW-1", Decimal(3)), (4, "NEW-2", Decimal(4))]


def test_a_new_line_from_a_stale_form_is_kept_and_added_when_sent_again(stage: Stage, order: PurchaseOrder) -> None:
    person, address = stage.person("support"), f"/line-items/add?order={order.id}"
    old = {**filled(person, address), "sku": "NEW-1", "quantity": "3", "reason": "Mine"}
    assert send(stage.person("admin"), address, sku="THEIRS", quantity="1").status_code == 302
    answer = person.post(address, **old)
    html, shown = answer.get_data(as_text=True), text_of(answer)
    assert "was changed since you opened it" in shown
    assert "Your entries are kept. Look at the order, then add the line again." in shown
    assert [f'value="{value}"' in html for value in ("NEW-1", "3", "Mine")] == [True] * 3
    version = re.search(r'name="version_no"[^>]*value="(\d+)"', html)
    assert version is not None
    assert [sku for _, sku, _ in lines(stage, order)] == ["SKU-0001", "SKU-0002", "THEIRS"]
    assert person.post(address, **{**old, "version_no": version[1]}).status_code == 302
    assert [sku for _, sku, _ in lines(stage, order)] == ["SKU-0001", "SKU-0002", "THEIRS", "NEW-1"]


def test_a_stale_line_shows_both_versions_and_is_saved_when_sent_again(stage: Stage, order: PurchaseOrder) -> None:
    line, person = stage.make.lines_of(order)[0], stage.person("support")
    old = {**filled(person, edit(line)), "reason": "Mine"}
    assert send(stage.person("admin"), edit(line), quantity="8", name="Theirs").status_code == 302
    answer = person.post(edit(line), **{**old, "quantity": "9", "sku": "MINE"})
    html = unescape(answer.get_data(as_text=True))
    rows = re.findall(r'<tr><th scope="row">([^<]+)</th><td>(.*?)</td><td>(.*?)</td></tr>', html)
    assert rows == [("SKU", "MINE", "SKU-0001"), ("Name", "Thing 1", "Theirs"), ("Quantity", "9", "8")]
    assert one(stage, LineItem, id=line.id).quantity == Decimal(8)
    version = re.search(r'name="version_no"[^>]*value="(\d+)"', html)
    assert version is not None
    assert person.post(edit(line), **{**old, "quantity": "9", "version_no": version[1]}).status_code == 302
    now = one(stage, LineItem, id=line.id)
    assert (now.quantity, now.name) == (Decimal(9), "Thing 1")


def test_a_form_is_stale_too_where_another_line_was_changed(stage: Stage, order: PurchaseOrder) -> None:
    first, second = stage.make.lines_of(order)
    person = stage.person("support")
    old = {**filled(person, act("remove", first)), "reason": "Mine"}
    assert send(stage.person("admin"), edit(second), quantity="8").status_code == 302
    answer = person.post(act("remove", first), **old)
    shown = text_of(answer)
    assert "The line as it stands now is told below. Press again if you still mean it." in shown
    assert len(lines(stage, order)) == 2
    version = re.search(r'name="version_no"[^>]*value="(\d+)"', answer.get_data(as_text=True))
    assert version is not None
    assert person.post(act("remove", first), **{**old, "version_no": version[1]}).status_code == 302
    assert lines(stage, order) == [(2, "SKU-0002", Decimal(8))]


def test_the_last_line_is_not_removed(stage: Stage) -> None:
    order = stage.make.purchase_order(stage.mine.connection, lines=1)
    before = everything(stage)
    answer = send(stage.person("support"), act("remove", stage.make.lines_of(order)[0]))
    assert answer.status_code == 200
    assert "has no lines" in text_of(answer)
    assert everything(stage) == before


QUESTIONS = [
    ("remove", "Remove", "Line 1 (SKU-0001) with 10 units goes, and the rules judge the order again."),
    ("close_short", "Close short", "7 of 10 units of SKU-0001 are written off and no longer expected."),
    ("reopen", "Reopen", "10 units of SKU-0002 are expected again."),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question[0])
def test_it_is_asked_in_a_dialog_or_on_a_page(
    stage: Stage, order: PurchaseOrder, sent: PurchaseOrder, question: tuple[str, str, str]
) -> None:
    what, label, words = question
    line = stage.make.lines_of(order if what == "remove" else sent)[1 if what == "reopen" else 0]
    person = stage.person("support")
    page, dialog = person.get(act(what, line)), person.get(act(what, line), headers=FRAGMENT)
    for answer in (page, dialog):
        assert words in text_of(answer)
        assert re.search(rf"<button[^>]*>\s*{label}\s*</button>", answer.get_data(as_text=True))
        assert ('name="reason"' in answer.get_data(as_text=True)) is (what != "reopen")
    assert "<html" in page.get_data(as_text=True)
    assert "<html" not in dialog.get_data(as_text=True)


def test_closing_short_and_reopening_one_line(stage: Stage, sent: PurchaseOrder) -> None:
    second, person = stage.make.lines_of(sent)[1], stage.person("support")
    assert send(person, act("reopen", second)).status_code == 302
    assert person.flashes() == ["Line 2 (SKU-0002): 1 line is expected again."]
    assert send(person, act("close_short", second), reason="Sold out").status_code == 302
    assert person.flashes() == ["Line 2 (SKU-0002): 1 line was closed short."]
    now = {
        line.line_number: (line.closed_short_quantity, line.closed_short_reason) for line in stage.make.lines_of(sent)
    }
    assert now == {1: (Decimal(0), None), 2: (Decimal(10), "Sold out")}


def test_closing_short_without_a_reason_changes_nothing(stage: Stage, sent: PurchaseOrder) -> None:
    before = everything(stage)
    answer = send(stage.person("support"), act("close_short", stage.make.lines_of(sent)[0]), reason="")
    assert "Say why." in text_of(answer)
    assert everything(stage) == before


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("remove", "It was sent to a warehouse and can no longer be edited."),
        ("edit", "It was sent to a warehouse and can no longer be edited."),
        ("add", "It was sent to a warehouse and can no longer be edited."),
    ],
)
def test_lines_of_a_sent_order_are_not_edited(stage: Stage, sent: PurchaseOrder, what: str, words: str) -> None:
    line, before = stage.make.lines_of(sent)[0], everything(stage)
    address = {"edit": edit(line), "add": f"/line-items/add?order={sent.id}", "remove": act("remove", line)}[what]
    values = {"sku": "X", "quantity": "1", "reason": "x", "version_no": str(sent.version_no)}
    for answer in (stage.person("admin").get(address), stage.person("admin").post(address, **values)):
        assert answer.status_code == 200
        assert words in text_of(answer)
        assert f"The lines of {sent.number} cannot be edited now" in text_of(answer)
    assert everything(stage) == before


@pytest.mark.parametrize("what", ["close_short", "reopen"])
def test_what_is_not_possible_with_a_line_says_why(stage: Stage, order: PurchaseOrder, what: str) -> None:
    line, before, person = stage.make.lines_of(order)[0], everything(stage), stage.person("support")
    words = {"close_short": "Only a purchase order that waits for goods", "reopen": "No line was closed short."}[what]
    for answer in (
        person.get(act(what, line)),
        person.get(act(what, line), headers=FRAGMENT),
        person.post(act(what, line), reason="x", version_no=str(order.version_no)),
    ):
        assert (answer.status_code, words in text_of(answer)) == (200, True)
    assert everything(stage) == before


def test_a_line_with_nothing_outstanding_is_not_closed_short(stage: Stage, sent: PurchaseOrder) -> None:
    second, before = stage.make.lines_of(sent)[1], everything(stage)
    answer = send(stage.person("support"), act("close_short", second))
    assert answer.status_code == 200
    assert "Nothing is outstanding on these lines." in text_of(answer)
    assert everything(stage) == before


@pytest.mark.parametrize(
    ("wanted", "goes"),
    [
        ("/purchase-orders/show/7?tab=items&page=2&q=a", "/purchase-orders/show/7?tab=items&page=2&q=a"),
        ("https://evil.example/", ""), ("//evil.example", ""), ("javascript:alert(1)", ""), ("/\\evil.example", ""),
    ],
)  # fmt: skip
def test_one_comes_back_to_the_page_that_led_there_and_to_none_outside(
    stage: Stage, order: PurchaseOrder, wanted: str, goes: str
) -> None:
    first, second = stage.make.lines_of(order)
    person, items = stage.person("support"), goes or f"/purchase-orders/show/{order.id}?tab=items"
    for address, values in (
        (edit(first), {"quantity": "4"}),
        (act("remove", second), {}),
        (f"/line-items/add?order={order.id}", {"sku": "NEW", "quantity": "1"}),
    ):
        given = {**filled(person, address), "reason": "r", "next": wanted, **values}
        assert person.post(address, **given).location == items


def test_another_one_removed_the_line_meanwhile(stage: Stage, order: PurchaseOrder) -> None:
    line, person = stage.make.lines_of(order)[0], stage.person("support")
    values = {**filled(person, edit(line)), "quantity": "4", "reason": "r"}
    assert send(stage.person("admin"), act("remove", line)).status_code == 302
    for address in (edit(line), act("remove", line)):
        assert person.post(address, **values).status_code == 404
    assert lines(stage, order) == [(2, "SKU-0002", Decimal(10))]
