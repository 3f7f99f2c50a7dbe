"""The timeline and the deliveries of an order: the filter, the pages, and what each role finds behind an entry."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.connectors.contract import Exchange
from app.connectors.redaction import Redactor
from app.domain.states import PoStatus
from app.models import (
    Activity,
    Delivery,
    DeliveryAttempt,
    DeliveryKind,
    Judgement,
    OrderKey,
    PendingChange,
    Rule,
    SourceDocument,
)
from app.services.delivering import Claim, Settlement, Try, keep_attempts
from app.services.unit_of_work import unit_of_work
from tests.factories import NOON
from tests.web.counting import statements
from tests.web.people import Stage, text_of

PEOPLE = ("admin", "support", "limited", "merchant", "partner")
STAFF = ("admin", "support", "limited")
RAW = "po;sku\nPO-1;<script>alert(1)</script> RAWMARK\n"
# What only staff may read: each of these words stands in one kind of detail.
STAFF_WORDS = ("RAWMARK", "TRACEMARK", "REQUESTMARK", "REPLYMARK")


def tab(stage: Stage, name: str, **asked: Any) -> str:
    """The Activity tab of the stage's order, or another one of it, as htmx gets it."""
    address = f"/purchase-orders/show/{stage.mine.order.id}"
    answer = stage.person(name).get(address, query_string={"tab": "activity", **asked}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def opened(stage: Stage, name: str, entry_id: int, kind: str = "activity", **headers: str) -> TestResponse:
    """What a person gets who opens an entry of the stage's order."""
    address = f"/purchase-orders/entry/{stage.mine.order.id}/{kind}/{entry_id}"
    return stage.person(name).get(address, headers={"HX-Request": "true", **headers})


def text(stage: Stage, content: str = RAW) -> int:
    """A raw text of the stage's order."""
    order = stage.mine.order
    about = {"connection_id": order.connection_id, "external_id": order.external_id}
    return stage.make.add(SourceDocument(text=content, reference="orders.csv, rows 2-3", **about)).id


def delivery(stage: Stage, **values: Any) -> Delivery:
    """A message of the stage's order."""
    order = stage.mine.order
    with Session(stage.make.engine) as session:
        key = session.query(OrderKey.id).filter_by(purchase_order_id=order.id).scalar()
    about = {"connection_id": order.connection_id, "merchant_id": order.merchant_id, "po_key_id": key}
    named = {"purchase_order_id": order.id, "external_id": order.external_id, "number": order.number}
    return stage.make.add(
        Delivery(**{"kind": "create", "warehouse_id": order.warehouse_id, **about, **named, **values})
    )


def attempt(stage: Stage, sent: Delivery, **values: Any) -> DeliveryAttempt:
    """A try of a message."""
    told = {"request": "POST /asn REQUESTMARK <b>", "reply": "503 REPLYMARK", "code": "503", "message": "Busy."}
    about = {"delivery_id": sent.id, "merchant_id": sent.merchant_id, "number": 1, "duration_ms": 1_234}
    return stage.make.add(DeliveryAttempt(**{"action": "create", "outcome": "retriable", **about, **told, **values}))


def judgement(stage: Stage) -> int:
    """A judgement of the stage's order by a rule that there is and one that is gone."""
    rule = stage.make.add(Rule(name="Route the east"))
    conditions = [
        {"line": 2, "text": "total > 50 and <b>", "values": {"total": "75.5"}, "result": True},
        {"line": 3, "text": "notes is blank", "values": {"notes": "TRACEMARK"}, "result": False},
    ]
    ran = {
        "rule_id": rule.id, "version_no": 4, "name": "Route the east", "duration_us": 350, "conditions": conditions,
        "changes": [{"line": 5, "path": "notes", "before": "Dock 3", "after": "Dock 9"}],
        "actions": [{"line": 6, "text": 'route to "EAST"'}], "printed": [{"line": 7, "text": "PRINTED"}],
        "error": None, "left_out": {"conditions": 3},
    }  # fmt: skip
    gone = {**ran, "rule_id": rule.id + 999, "name": "Gone rule", "conditions": [], "changes": [], "left_out": {}}
    trace = {"duration_us": 400, "route": None, "rules": [ran, gone]}
    return stage.make.add(Judgement(purchase_order_id=stage.mine.order.id, outcome="proceed", trace=trace)).id


# An entry with something behind it, made anew for each test.
def imported(stage: Stage) -> int:
    document, order = text(stage), stage.mine.order
    with stage.make.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE purchase_order SET source_document_id = {document} WHERE id = {order.id}")
    return stage.make.activity(order, "imported", lines=3, document=document, run=12).id


def judged(stage: Stage) -> int:
    return stage.make.activity(stage.mine.order, "judged", rules=2, judgement=judgement(stage)).id


def retried(stage: Stage) -> int:
    message = delivery(stage)
    attempt(stage, message)
    facts = {"delivery": message.id, "attempt": 1, "message": "Busy."}
    return stage.make.activity(stage.mine.order, "send_retried", **facts).id


def received(stage: Stage) -> int:
    receipt = stage.mine.receipt
    return stage.make.activity(
        stage.mine.order, "receipt", receipt, receipt=receipt.external_id, units="4", lots=["L"]
    ).id


def edited(stage: Stage) -> int:
    changes = {"unit_cost": ["2.5", "777.77"], "quantity": ["10", "8"]}
    facts = {"line": 2, "sku": "SKU-0002", "changes": changes, "reason": "REASONMARK <i>"}
    return stage.make.activity(stage.mine.order, "edited", **facts).id


def moved(stage: Stage) -> int:
    facts = {"from": "new", "to": "open", "cause": "CAUSEMARK", "reason": "Because."}
    return stage.make.activity(stage.mine.order, "status", **facts).id


NOTHING, FOUND = 404, 200
OPENING: list[tuple[Callable[[Stage], int], set[str], tuple[str, ...]]] = [
    (imported, {*STAFF, "merchant"}, ("As it was understood", "Bolt Buyer", "SKU-0003")),
    (judged, {*STAFF}, ("Route the east", "version 4", "total 75.5", "Dock 9", "PRINTED", "Gone rule", "0.35 ms")),
    (retried, {*STAFF}, ("REQUESTMARK", "REPLYMARK", "503", "1,234 ms")),
    (received, {*PEOPLE}, ("SKU-0001", "Open the receipt")),
    (edited, {*STAFF, "merchant"}, ("777.77", "REASONMARK", "Line 2 (SKU-0002)")),
    (moved, {*STAFF, "merchant"}, ("CAUSEMARK",)),
]


@pytest.mark.parametrize(("lay", "may", "words"), OPENING, ids=lambda value: getattr(value, "__name__", ""))
def test_each_role_opens_what_is_theirs(
    stage: Stage, lay: Callable[[Stage], int], may: set[str], words: tuple[str, ...]
) -> None:
    entry_id = lay(stage)
    for name in PEOPLE:
        answer = opened(stage, name, entry_id)
        assert answer.status_code == (FOUND if name in may else NOTHING), name
        offered = f"/entry/{stage.mine.order.id}/activity/{entry_id}" in tab(stage, name)
        assert offered is (name in may), name
        shown = text_of(answer)
        assert [word for word in words if (word in shown) is not (name in may)] == [], name
        if name not in STAFF:
            assert [word for word in STAFF_WORDS if word in answer.get_data(as_text=True)] == [], name
        if name == "partner":
            assert not re.search(r"777[.,]77|cost|price|REASONMARK|CAUSEMARK", answer.get_data(as_text=True))


@pytest.mark.parametrize("lay", [imported, judged, retried, received, edited, moved])
def test_an_entry_of_another_order_or_outside_the_scope_is_not_there(stage: Stage, lay: Callable[[Stage], int]) -> None:
    entry_id = lay(stage)
    theirs = stage.theirs.order.id
    for name in PEOPLE:
        assert stage.person(name).get(f"/purchase-orders/entry/{theirs}/activity/{entry_id}").status_code == 404, name
    for name in ("unscoped partner", "unscoped merchant"):
        assert opened(stage, name, entry_id).status_code == 404, name
    assert opened(stage, "nobody", entry_id).status_code == 403


def test_signed_out_an_entry_leads_to_the_sign_in(stage: Stage) -> None:
    address = f"/purchase-orders/entry/{stage.mine.order.id}/activity/{imported(stage)}"
    answer = stage.app.test_client().get(address)
    assert answer.status_code in {302, 401}
    assert "RAWMARK" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("kind", ["activity", "attempt", "delivery", "judgement", "", "..", "%00", "activity'--"])
@pytest.mark.parametrize(
    "entry", ["0", "-1", "abc", "1.5", "9223372036854775807", "9223372036854775808", "9" * 40, "%00", "1;DROP", "٣"]
)
def test_a_hostile_address_is_not_found(stage: Stage, kind: str, entry: str) -> None:
    for address in (
        f"/purchase-orders/entry/{stage.mine.order.id}/{kind}/{entry}",
        f"/purchase-orders/document/{stage.mine.order.id}/{entry}",
    ):
        assert stage.person("admin").get(address).status_code == 404, address


@pytest.mark.parametrize(
    "data",
    [
        {"document": "1; DROP TABLE"}, {"document": True}, {"document": -1}, {"document": 10**30}, {"document": [1]},
        {"judgement": "x"}, {"judgement": 10**12}, {"delivery": "x"}, {"delivery": 5, "attempt": "x"},
        {"delivery": {"a": 1}}, {"document": 1.5},
    ],
)  # fmt: skip
def test_odd_stored_data_breaks_no_detail(stage: Stage, data: dict[str, Any]) -> None:
    kind = "judged" if "judgement" in data else "accepted" if "delivery" in data else "changed"
    entry_id = stage.make.activity(stage.mine.order, kind, **data).id
    assert opened(stage, "admin", entry_id).status_code == 200
    assert stage.person("admin").get(f"/purchase-orders/document/{stage.mine.order.id}/{entry_id}").status_code == 404


def test_a_raw_text_is_escaped_and_comes_whole_as_a_plain_file(stage: Stage) -> None:
    entry_id = imported(stage)
    page = opened(stage, "support", entry_id).get_data(as_text=True)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; RAWMARK" in page
    assert "<script>" not in page
    assert "orders.csv, rows 2-3" in page
    answer = stage.person("support").get(f"/purchase-orders/document/{stage.mine.order.id}/{entry_id}")
    assert answer.get_data(as_text=True) == RAW
    assert answer.mimetype == "text/plain"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert re.fullmatch(r'attachment; filename="order-\d+-text-\d+\.txt"', answer.headers["Content-Disposition"])


def test_a_huge_raw_text_is_cut_on_the_page_and_whole_in_the_file(stage: Stage) -> None:
    content = "<row>ä</row>\n" * 100_000 + "ENDMARK"
    entry_id = stage.make.activity(stage.mine.order, "imported", document=text(stage, content)).id
    page = opened(stage, "admin", entry_id).get_data(as_text=True)
    assert "1,300,007 characters" in text_of(opened(stage, "admin", entry_id))
    assert "This is the beginning of it." in page
    assert "ENDMARK" not in page
    assert len(page) < 100_000
    whole = stage.person("admin").get(f"/purchase-orders/document/{stage.mine.order.id}/{entry_id}")
    assert whole.get_data(as_text=True) == content


@pytest.mark.parametrize(("name", "code"), [("merchant", 403), ("partner", 403), ("nobody", 403), ("limited", 200)])
def test_a_raw_text_is_for_staff(stage: Stage, name: str, code: int) -> None:
    answer = stage.person(name).get(f"/purchase-orders/document/{stage.mine.order.id}/{imported(stage)}")
    assert answer.status_code == code
    assert ("RAWMARK" in answer.get_data(as_text=True)) is (code == 200)


def test_limited_support_gets_no_text_of_another_merchant(stage: Stage) -> None:
    order = stage.theirs.order
    about = {"connection_id": order.connection_id, "external_id": order.external_id}
    document = stage.make.add(SourceDocument(text=RAW, **about))
    entry_id = stage.make.activity(order, "imported", document=document.id).id
    for address in (f"document/{order.id}/{entry_id}", f"entry/{order.id}/activity/{entry_id}"):
        answer = stage.person("limited").get(f"/purchase-orders/{address}")
        assert answer.status_code == 404
        assert "RAWMARK" not in answer.get_data(as_text=True)
    # An entry that names another order's text, as no import writes it, still opens no door.
    lying = stage.make.activity(stage.mine.order, "imported", document=document.id).id
    assert "RAWMARK" not in opened(stage, "admin", lying).get_data(as_text=True)


def test_a_change_that_waits_shows_its_own_record(stage: Stage) -> None:
    document, order = text(stage), stage.mine.order
    entry_id = stage.make.activity(order, "pending_change", kind="change", document=document).id
    snapshot = {"number": "PO-NEXT", "lines": [{"line_number": 1, "sku": "NEW-1", "quantity": "7"}]}
    digests = {"content_digest": "c", "raw_digest": "r", "source_document_id": document}
    stage.make.add(PendingChange(purchase_order_id=order.id, kind="change", snapshot=snapshot, **digests))
    shown = text_of(opened(stage, "support", entry_id))
    assert [word for word in ("PO-NEXT", "NEW-1", "RAWMARK") if word not in shown] == []


def test_a_record_with_many_lines_shows_the_first_hundred(stage: Stage) -> None:
    document = text(stage)
    order = stage.make.purchase_order(stage.mine.connection, lines=130, source_document_id=document)
    entry_id = stage.make.activity(order, "imported", document=document).id
    page = text_of(stage.person("merchant").get(f"/purchase-orders/entry/{order.id}/activity/{entry_id}"))
    assert re.findall(r"SKU-\d{4}", page) == [f"SKU-{n:04}" for n in range(1, 101)]
    assert "Lines, the first 100 of 130" in page


def test_rules_lead_to_their_pages_while_these_are_there(stage: Stage) -> None:
    page = opened(stage, "support", judged(stage)).get_data(as_text=True)
    assert re.search(r'<a href="/rules/show/\d+">Route the east</a>', page)
    assert "Gone rule</a>" not in page
    assert "total &gt; 50 and &lt;b&gt;" in page
    assert re.findall(r"truth tone-(\w+)", page) == ["green", "grey"]
    assert "The trace had no room for 3 conditions more." in page


def test_a_plain_link_gets_the_detail_on_a_page(stage: Stage) -> None:
    address = f"/purchase-orders/entry/{stage.mine.order.id}/activity/{edited(stage)}"
    page = stage.person("support").get(address).get_data(as_text=True)
    assert "<html" in page
    assert "777.77" in page
    assert f'href="/purchase-orders/show/{stage.mine.order.id}"' in page
    assert "<html" not in stage.person("support").get(address, headers={"HX-Request": "true"}).get_data(as_text=True)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"header": {"notes": ["", "Wet <b>"]}}, ("Notes", "nothing", "Wet &lt;b&gt;")),
        ({"added": {"line_number": 9, "sku": "NEW", "quantity": "3", "key": "added:9"}}, ("NEW", "Line number", "9")),
        ({"removed": 2, "sku": "OLD", "reason": "Twice"}, ("Line 2 (OLD)", "Twice")),
        ({"changes": {"custom": [{"a": 1}, None]}, "line": 1}, ("Custom", "Line 1 ()")),
        ({"changes": {"quantity": "odd", "name": [1, 2, 3]}}, ()),
    ],
)
def test_an_edit_shows_before_and_after(stage: Stage, data: dict[str, Any], words: tuple[str, ...]) -> None:
    entry_id = stage.make.activity(stage.mine.order, "edited", **data).id
    page = opened(stage, "merchant", entry_id).get_data(as_text=True)
    assert [word for word in words if word not in page] == []
    assert "added:9" not in page


@pytest.mark.parametrize("name", PEOPLE)
def test_the_filter_offers_the_groups_that_a_role_has(stage: Stage, name: str) -> None:
    page = tab(stage, name)
    chips = re.findall(r'class="chip"[^>]*>([^<]+)<', page)
    everything = ["All", "Source", "Rules", "Warehouse", "Receipts", "Source told", "Status", "People"]
    partners = ["All", "Warehouse", "Receipts", "Status", "People"]
    assert chips == (partners if name == "partner" else everything)
    assert re.findall(r'aria-current="true">([^<]+)<', page) == ["All"]


def test_the_filter_keeps_through_the_pages(stage: Stage) -> None:
    make, order = stage.make, stage.mine.order
    for number in range(60):
        make.activity(order, "comment", text=f"Word {number:02}")
        make.activity(order, "late")
    first = tab(stage, "partner", kind="people")
    assert re.findall(r"Word \d\d", first) == [f"Word {n:02}" for n in range(59, 9, -1)]
    assert "Past its due date" not in first
    assert re.findall(r'aria-current="true">([^<]+)<', first) == ["People"]
    older = re.search(r'href="([^"]+)"[^>]*>Older<', first)
    assert older is not None
    assert ">Newest<" not in first
    address = older[1].replace("&amp;", "&")
    assert "kind=people" in address
    second = stage.person("partner").get(address, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert re.findall(r"Word \d\d", second) == [f"Word {n:02}" for n in range(9, -1, -1)]
    assert ">Older<" not in second
    newest = re.search(r'href="([^"]+)"[^>]*>Newest<', second)
    assert newest is not None
    again = stage.person("partner").get(newest[1].replace("&amp;", "&"), headers={"HX-Request": "true"})
    assert re.findall(r"Word \d\d", again.get_data(as_text=True)) == re.findall(r"Word \d\d", first)


@pytest.mark.parametrize("kind", ["nonsense", "rules' OR 1=1", "<script>", "\x00", "rules", "source"])
def test_a_kind_that_a_partner_has_not_is_the_whole_line(stage: Stage, kind: str) -> None:
    stage.make.activity(stage.mine.order, "judged", message="TRACEMARK")
    page = tab(stage, "partner", kind=kind)
    assert "Accepted by the warehouse as A-1." in page
    assert "TRACEMARK" not in page
    assert re.findall(r'aria-current="true">([^<]+)<', page) == ["All"]


@pytest.mark.parametrize("before", ["x", "1", "1.1.1", "0.0.0", "9" * 60, "-1.1.1", "1.1.1;DROP", "", "\x00"])
def test_a_hostile_place_in_the_line_harms_nothing(stage: Stage, before: str) -> None:
    assert "timeline" in tab(stage, "admin", before=before) or "Nothing" in tab(stage, "admin", before=before)
    assert "Delivery" not in tab(stage, "merchant", before=before, tab="deliveries")
    tab(stage, "admin", before=before, tab="deliveries")


def test_an_empty_group_says_so(stage: Stage) -> None:
    assert "Nothing of this kind" in tab(stage, "admin", kind="told")


def test_a_look_up_stands_in_the_line_for_staff_alone(stage: Stage) -> None:
    tried = attempt(stage, delivery(stage), action="look-up", outcome="absent", message="LOOKMARK")
    for name in PEOPLE:
        assert ("Look-up, attempt 1: it is not there. LOOKMARK" in tab(stage, name)) is (name in STAFF)
        answer = opened(stage, name, tried.id, "attempt")
        assert answer.status_code == (200 if name in STAFF else 404)
        assert ("REQUESTMARK &lt;b&gt;" in answer.get_data(as_text=True)) is (name in STAFF)
    assert "LOOKMARK" in tab(stage, "admin", kind="warehouse")
    assert "LOOKMARK" not in tab(stage, "admin", kind="told")


def test_no_secret_of_an_exchange_is_on_any_page(stage: Stage) -> None:
    message, redactor = delivery(stage), Redactor(["hunter2-secret"])
    exchange = Exchange(
        redactor.text("POST /asn?token=hunter2-secret\n") + redactor.headers({"Authorization": "Basic aHVudGVy"}),
        redactor.text('{"echo": "hunter2-secret", "refresh_token": "fresh", "kept": "KEPTMARK"}'),
        "200",
    )
    claim = Claim(message.id, 1, DeliveryKind.CREATE, stage.mine.order.id, None, 1, 1, False)
    with unit_of_work("keep") as unit:
        keep_attempts(unit, [Settlement(claim, "done", tries=[Try("create", "accepted", "", exchange, 5)])])  # type: ignore[arg-type]
    with Session(stage.make.engine) as session:
        tried = session.query(DeliveryAttempt).filter_by(delivery_id=message.id).one().id
    detail = opened(stage, "admin", tried, "attempt").get_data(as_text=True)
    assert "KEPTMARK" in detail
    for page in (detail, tab(stage, "admin"), tab(stage, "admin", tab="deliveries")):
        assert not re.search(r"hunter2|aHVudGVy|fresh\b", page)


def test_the_deliveries_tab_tells_target_version_state_and_when_it_goes_on(stage: Stage) -> None:
    due = delivery(stage, version=3, due_at=NOON + timedelta(days=365), message="Waits.")
    delivery(stage, kind="status", warehouse_id=None, state="done", settled_at=NOON, version=8)
    tried = attempt(stage, due)
    page = tab(stage, "limited", tab="deliveries")
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    for words in ("Create, version 3", "Status, version 8", "Due", "Done", "Waits.", "503", "Busy.", "Not tried yet."):
        assert words in shown
    assert re.search(r"to Store \d+", shown)
    assert re.search(r"to Warehouse \d+", shown)
    assert shown.count("next attempt") == 1
    assert f"/entry/{stage.mine.order.id}/attempt/{tried.id}" in page
    # What was said and answered comes when it is opened, and alone.
    assert "REQUESTMARK" not in page
    address = f"/purchase-orders/entry/{stage.mine.order.id}/attempt/{tried.id}?only=exchange"
    assert address in page
    alone = stage.person("limited").get(address, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert [word in alone for word in ("REQUESTMARK", "REPLYMARK", "Busy.", "1,234")] == [True, True, False, False]
    assert stage.person("merchant").get(address).status_code == 404


def test_deliveries_are_paged(stage: Stage) -> None:
    for version in range(1, 31):
        delivery(stage, kind="update", version=version, state="done")
    first = tab(stage, "admin", tab="deliveries")
    versions = [int(found) for found in re.findall(r'aria-label="Update to [^"]+version (\d+)"', first)]
    assert versions == list(range(30, 5, -1))
    older = re.search(r'href="([^"]+)"[^>]*>Older<', first)
    assert older is not None
    rest = stage.person("admin").get(older[1].replace("&amp;", "&"), headers={"HX-Request": "true"})
    found = re.findall(r'aria-label="Update to [^"]+version (\d+)"', rest.get_data(as_text=True))
    assert found == ["5", "4", "3", "2", "1"]
    assert ">Newest<" in rest.get_data(as_text=True)


@pytest.mark.parametrize("name", ["admin", "limited", "merchant", "partner"])
@pytest.mark.parametrize("shown", ["activity", "deliveries"])
def test_a_page_costs_the_same_with_few_and_with_many_entries(stage: Stage, name: str, shown: str) -> None:
    person, order = stage.person(name), stage.mine.order
    counts = []
    for times in (1, 40):
        for number in range(times):
            stage.make.add(Activity(kind="accepted", purchase_order_id=order.id, data={}, at=NOON))
            message = delivery(stage, kind="update", version=number, state="done")
            attempt(stage, message, at=NOON)
        with statements(stage.app) as sent:
            assert person.get(f"/purchase-orders/show/{order.id}?tab={shown}").status_code == 200
        counts.append(len(sent))
    assert counts[0] == counts[1]
    assert counts[0] <= 12


@pytest.mark.parametrize("lay", [imported, judged, retried, received, edited, moved])
def test_a_detail_costs_few_statements(stage: Stage, lay: Callable[[Stage], int]) -> None:
    entry_id = lay(stage)
    with statements(stage.app) as sent:
        opened(stage, "limited", entry_id)
    assert len(sent) <= 9


def test_the_receipts_page_has_the_same_line(stage: Stage) -> None:
    entry_id = received(stage)
    for name in PEOPLE:
        page = stage.person(name).get(f"/receipts/show/{stage.mine.receipt.id}").get_data(as_text=True)
        assert '<ol class="timeline">' in page
        assert "4 units." in page
        assert f'hx-get="/purchase-orders/entry/{stage.mine.order.id}/activity/{entry_id}"' in page


def test_a_receipt_without_an_order_has_a_line_that_opens_nothing(stage: Stage) -> None:
    receipt = stage.make.receipt(warehouse_id=stage.mine.order.warehouse_id, merchant_id=stage.mine.order.merchant_id)
    stage.make.activity(None, "receipt_waiting", receipt, receipt=receipt.external_id)
    page = stage.person("support").get(f"/receipts/show/{receipt.id}").get_data(as_text=True)
    assert "waits for its purchase order." in page
    assert "/entry/" not in page


def test_an_order_that_was_put_together_anew_hides_what_was_sent_before(stage: Stage) -> None:
    other = stage.make.purchase_order(stage.mine.connection, status=PoStatus.OPEN)
    tried = attempt(stage, delivery(stage))
    assert stage.person("admin").get(f"/purchase-orders/entry/{other.id}/attempt/{tried.id}").status_code == 404
