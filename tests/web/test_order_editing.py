"""The form of an order's header: who gets it, what it stores, what it refuses beside the field, and what is stale."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.record import snapshot
from app.domain.states import PoStatus
from app.models import Activity, PurchaseOrder
from app.queries import versions
from tests.factories import NOON
from tests.web.filling import filled, one
from tests.web.people import Person, Stage, text_of


@pytest.fixture
def order(stage: Stage) -> PurchaseOrder:
    """An order that may be edited, and that stands as it was imported."""
    order = stage.make.purchase_order(stage.mine.connection)
    with Session(stage.make.engine) as session:
        row = session.get_one(PurchaseOrder, order.id)
        row.snapshot = snapshot(versions.today(row, versions.lines_of(session, order.id)))
        session.commit()
    return one(stage, PurchaseOrder, id=order.id)  # type: ignore[no-any-return]


def address(order: PurchaseOrder) -> str:
    """Its form."""
    return f"/purchase-orders/edit/{order.id}"


def send(person: Person, order: PurchaseOrder, **values: str) -> Any:
    """Open the form, change it, and save it."""
    return person.post(address(order), **{**filled(person, address(order)), "reason": "Asked for", **values})


def edits(stage: Stage, order: PurchaseOrder) -> Any:
    """What is kept of the edits."""
    with Session(stage.make.engine) as session:
        return session.scalar(select(PurchaseOrder.edits).where(PurchaseOrder.id == order.id))


def everything(stage: Stage) -> list[Any]:
    """All orders and the timeline, to compare before and after."""
    with Session(stage.make.engine) as session:
        return [
            sorted(map(tuple, session.execute(model.__table__.select())), key=repr)
            for model in (PurchaseOrder, Activity)
        ]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("admin", 302), ("support", 302), ("limited", 302),
        ("partner", 403), ("merchant", 403), ("unscoped partner", 403), ("unscoped merchant", 403), ("nobody", 403),
    ],
)  # fmt: skip
def test_who_may_save_the_header(stage: Stage, order: PurchaseOrder, name: str, code: int) -> None:
    before = everything(stage)
    values = {**filled(stage.person("admin"), address(order)), "buyer_name": "Bea", "reason": "Asked for"}
    assert stage.person(name).post(address(order), **values).status_code == code
    assert (everything(stage) == before) is (code != 302)
    assert one(stage, PurchaseOrder, id=order.id).buyer_name == ("Bea" if code == 302 else "Bolt Buyer")


@pytest.mark.parametrize("name", ["limited", "partner", "merchant"])
def test_nobody_edits_an_order_outside_the_scope(stage: Stage, name: str) -> None:
    theirs = stage.make.purchase_order(stage.theirs.connection)
    values = {**filled(stage.person("admin"), address(theirs)), "buyer_name": "Evil", "reason": "x"}
    before = everything(stage)
    answers = [stage.person(name).get(address(theirs)), stage.person(name).post(address(theirs), **values)]
    assert {answer.status_code for answer in answers} == ({404} if name == "limited" else {403})
    assert everything(stage) == before


CHANGES: list[tuple[dict[str, str], dict[str, Any], dict[str, Any]]] = [
    ({"number": "PO-NEXT"}, {"number": "PO-NEXT"}, {"number": "PO-NEXT"}),
    ({"buyer_name": ""}, {"buyer_name": ""}, {"buyer_name": ""}),
    ({"supplier_code": "007"}, {"supplier_code": "007"}, {"supplier_code": "007"}),
    ({"due_date": ""}, {"due_date": None}, {"due_date": None}),
    ({"due_date": "2028-02-29"}, {"due_date": date(2028, 2, 29)}, {"due_date": "2028-02-29"}),
    (
        {"ordered_at": "2026-01-02T03:04"},
        {"ordered_at": datetime(2026, 1, 2, 3, 4, tzinfo=UTC)},
        {"ordered_at": "2026-01-02T03:04:00+00:00"},
    ),
    ({"ordered_at": ""}, {"ordered_at": None}, {"ordered_at": None}),
    ({"tags": " a ,, b"}, {"tags": ["a", "b"]}, {"tags": ["a", "b"]}),
    ({"notes": "Line one\nLine <two>"}, {"notes": "Line one\nLine <two>"}, {"notes": "Line one\nLine <two>"}),
    ({"currency": "USD", "notes": "x"}, {"currency": "USD", "notes": "x"}, {"currency": "USD", "notes": "x"}),
]


@pytest.mark.parametrize(("entered", "stored", "kept"), CHANGES)
def test_what_is_entered_is_stored_and_only_that_is_an_edit(
    stage: Stage, order: PurchaseOrder, entered: dict[str, str], stored: dict[str, Any], kept: dict[str, Any]
) -> None:
    answer = send(stage.person("support"), order, **entered)
    assert (answer.status_code, answer.location) == (302, f"/purchase-orders/show/{order.id}")
    now = one(stage, PurchaseOrder, id=order.id)
    assert {name: getattr(now, name) for name in stored} == stored
    assert (now.edited, now.step.value, now.version_no > order.version_no) == (True, "judge", True)
    assert edits(stage, order) == {"header": kept}


def test_the_timeline_says_what_was_changed_and_why(stage: Stage, order: PurchaseOrder) -> None:
    send(stage.person("support"), order, buyer_name="Bea", reason="Asked by the buyer")
    row = one(stage, Activity, purchase_order_id=order.id, kind="edited")
    assert row.data == {"header": {"buyer_name": ["Bolt Buyer", "Bea"]}, "reason": "Asked by the buyer"}
    shown = text_of(stage.person("limited").get(f"/purchase-orders/show/{order.id}?tab=activity"))
    assert "Changed buyer name from “Bolt Buyer” to “Bea”" in unescape(shown)


def test_an_instant_keeps_the_seconds_that_the_form_does_not_show(stage: Stage) -> None:
    exact = NOON.replace(second=42, microsecond=7)
    order = stage.make.purchase_order(stage.mine.connection, ordered_at=exact)
    assert filled(stage.person("support"), address(order))["ordered_at"] == "2026-03-04T12:00"
    send(stage.person("support"), order, buyer_name="Bea")
    assert "ordered_at" not in edits(stage, order)["header"]


BAD = [
    ({"number": ""}, "number", "An order needs a number."),
    ({"number": "   "}, "number", "An order needs a number."),
    ({"number": "x" * 4_001}, "number", ""),
    ({"buyer_name": "x" * 4_001}, "buyer_name", ""),
    ({"due_date": "29.02.2026"}, "due_date", "Not a valid date value."),
    ({"due_date": "2026-02-30"}, "due_date", "Not a valid date value."),
    ({"ordered_at": "yesterday"}, "ordered_at", "Not a valid datetime value."),
    ({"reason": ""}, "reason", "Say why it is changed."),
    ({"reason": "  "}, "reason", "Say why it is changed."),
]


@pytest.mark.parametrize(("entered", "field", "words"), BAD)
def test_what_is_wrong_is_said_beside_the_field(
    stage: Stage, order: PurchaseOrder, entered: dict[str, str], field: str, words: str
) -> None:
    before = everything(stage)
    answer = send(stage.person("support"), order, **{"buyer_name": "Kept", **entered})
    html = unescape(answer.get_data(as_text=True))
    assert answer.status_code == 200
    assert re.search(rf'id="{field}"[^>]*aria-invalid="true"', html) or re.search(
        rf'aria-invalid="true"[^>]*id="{field}"', html
    )
    assert words in html
    # Nothing that was entered is lost.
    assert 'value="Kept"' in html or field == "buyer_name"
    assert everything(stage) == before


def test_what_the_service_refuses_is_said_over_the_form(stage: Stage, order: PurchaseOrder) -> None:
    before = everything(stage)
    answer = send(stage.person("support"), order)
    assert answer.status_code == 200
    assert "Nothing was changed. Change a field, or go back." in text_of(answer)
    assert everything(stage) == before


@pytest.mark.parametrize("status", [PoStatus.OPEN, PoStatus.RECEIVED, PoStatus.CANCELED, PoStatus.ARCHIVED])
def test_where_it_may_not_be_edited_a_page_says_why(stage: Stage, status: PoStatus) -> None:
    sent = status in {PoStatus.OPEN, PoStatus.RECEIVED}
    order = stage.make.purchase_order(stage.mine.connection, status=status, sent=sent)
    before = everything(stage)
    values = {"number": "PO-X", "version_no": str(order.version_no), "reason": "x"}
    for answer in (stage.person("admin").get(address(order)), stage.person("admin").post(address(order), **values)):
        html, shown = answer.get_data(as_text=True), text_of(answer)
        assert answer.status_code == 200
        assert f"{order.number} cannot be edited now" in shown
        assert ("was sent to a warehouse" if sent else f"that is {status.label} is not edited") in shown
        assert '<form class="form"' not in html
        assert f'href="/purchase-orders/show/{order.id}"' in html
    assert everything(stage) == before


def test_an_order_in_error_is_edited_and_stays_in_error(stage: Stage) -> None:
    order = stage.make.purchase_order(stage.mine.connection, status=PoStatus.ERROR, sent=False)
    assert send(stage.person("support"), order, buyer_name="Bea").status_code == 302
    now = one(stage, PurchaseOrder, id=order.id)
    assert (now.status, now.buyer_name, now.step_due_at) == (PoStatus.ERROR, "Bea", None)


def test_a_stale_form_shows_only_what_differs(stage: Stage, order: PurchaseOrder) -> None:
    person = stage.person("support")
    old = {**filled(person, address(order)), "reason": "Mine"}
    send(stage.person("admin"), order, buyer_name="From A", tags="hot")
    answer = person.post(address(order), **{**old, "buyer_name": "From B", "notes": "Mine & ours"})
    html = unescape(answer.get_data(as_text=True))
    rows = re.findall(r'<tr><th scope="row">([^<]+)</th><td>(.*?)</td><td>(.*?)</td></tr>', html)
    dash = '<span class="faint" aria-label="none">–</span>'
    assert rows == [("Buyer", "From B", "From A"), ("Tags", dash, "hot"), ("Notes", "Mine & ours", "Dock 3")]
    assert 'value="From B"' in html
    assert 'value="Mine"' in html


def test_a_forged_version_is_stale_and_a_missing_one_too(stage: Stage, order: PurchaseOrder) -> None:
    before = everything(stage)
    for version in ("", "0", "-1", "999999", "x", "9" * 30):
        answer = send(stage.person("support"), order, buyer_name="Bea", version_no=version)
        assert answer.status_code == 200
    assert everything(stage) == before


def test_another_one_deleted_it_meanwhile(stage: Stage, order: PurchaseOrder) -> None:
    person = stage.person("support")
    values = {**filled(person, address(order)), "reason": "x"}
    stage.person("admin").post(f"/purchase-orders/act/delete/{order.id}")
    assert person.post(address(order), **values).status_code == 404
    assert person.get(address(order)).status_code == 404
