"""What stands at the top of an order's page: alerts with their remedies, buttons and places, and the sentence."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.domain.states import PoStatus, ReceiptState
from app.models import Delivery, Judgement, OrderKey, PendingChange, PurchaseOrder, Rule, Step
from tests.web.people import Stage, text_of

STAFF = ("admin", "support", "limited")


def page(stage: Stage, name: str, order: PurchaseOrder) -> str:
    """The page's HTML from its title to its tabs."""
    answer = stage.person(name).get(f"/purchase-orders/show/{order.id}")
    assert answer.status_code == 200
    return unescape(answer.get_data(as_text=True).split("<main")[1].split('id="tab-panel"')[0])


def shown(html: str) -> str:
    """Its text."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def make_order(stage: Stage, status: PoStatus = PoStatus.OPEN, **values: Any) -> PurchaseOrder:
    """An order of the people's own connection, ten minutes at its status."""
    since = datetime.now(UTC) - timedelta(minutes=10, seconds=5)
    return stage.make.purchase_order(stage.mine.connection, status=status, status_since=since, **values)


REMEDIES = [
    ("rules", "Rules failed", "Mend the rule, or edit the order, then reprocess it"),
    ("routing", "No warehouse to route to", "Create or switch on that warehouse"),
    ("send", "Could not be sent", "Mend what the answer names, then reprocess it. Nothing is sent twice."),
    ("update", "Change could not be sent", "or tell the warehouse by hand what changed"),
    ("cancel", "Cancellation refused", "Ask the warehouse to cancel it"),
    ("warehouse", "Canceled by the warehouse", "Ask the warehouse why."),
    ("", "It stopped", "Mend the cause, then reprocess it."),
]


@pytest.mark.parametrize(("step", "title", "remedy"), REMEDIES)
def test_an_error_says_what_why_and_what_to_do(stage: Stage, step: str, title: str, remedy: str) -> None:
    order = make_order(stage, PoStatus.ERROR, failed_step=step, status_reason="WHYMARK.", sent=True)
    for name in STAFF:
        html = page(stage, name, order)
        assert f"{title}: {order.number} stopped 10 minutes ago" in shown(html)
        assert "WHYMARK." in shown(html)
        assert remedy in shown(html)
        assert f'action="/purchase-orders/act/reprocess/{order.id}"' in html
    html = page(stage, "merchant", order)
    assert "WHYMARK." in shown(html)
    assert remedy not in shown(html)
    assert "/purchase-orders/act/" not in html
    for secret in ("WHYMARK", title, remedy):
        assert secret not in page(stage, "partner", order)


def test_a_reason_that_says_itself_what_to_do_is_not_told_twice(stage: Stage) -> None:
    order = make_order(stage, PoStatus.ERROR, failed_step="send", status_reason="Reprocess it after noon.", sent=False)
    assert "Mend what the answer names" not in page(stage, "admin", order)


@pytest.mark.parametrize("name", ["admin", "merchant"])
def test_an_error_without_a_reason_says_so(stage: Stage, name: str) -> None:
    assert "No reason was given." in page(stage, name, make_order(stage, PoStatus.ERROR))


def test_an_error_leads_to_where_it_is_mended(stage: Stage) -> None:
    rule = stage.make.add(Rule(name="Check"))
    trace = {"rules": [{"rule_id": rule.id, "name": "Check", "error": "No notes."}]}
    order = make_order(stage, PoStatus.ERROR, failed_step="rules", sent=False)
    judgement = stage.make.add(Judgement(purchase_order_id=order.id, outcome="failed", trace=trace))
    with Session(stage.make.engine) as session:
        session.get_one(PurchaseOrder, order.id).judgement_id = judgement.id
        session.commit()
    assert re.search(rf'href="/rules/show/{rule.id}">Open rule “Check”<', page(stage, "limited", order))
    routing = page(stage, "admin", make_order(stage, PoStatus.ERROR, failed_step="routing", warehouse_id=None))
    for address in ("/warehouses/list/", "/merchants-at-warehouses/list/", f"/connections/show/{order.connection_id}"):
        assert f'href="{address}"' in routing
    sending = make_order(stage, PoStatus.ERROR, failed_step="send")
    message = deliver(stage, sending, state="failed")
    html = page(stage, "support", sending)
    assert f'href="/deliveries/show/{message.id}"' in html
    assert f'href="/warehouses/show/{sending.warehouse_id}"' in html
    for address in ("/deliveries/", "/warehouses/show", "/rules/", "/connections/show"):
        assert address not in page(stage, "merchant", sending)


def deliver(stage: Stage, order: PurchaseOrder, **values: Any) -> Delivery:
    """A message to the order's warehouse."""
    with Session(stage.make.engine) as session:
        key = session.query(OrderKey.id).filter_by(purchase_order_id=order.id).scalar()
    about = {"connection_id": order.connection_id, "merchant_id": order.merchant_id, "po_key_id": key}
    named = {"purchase_order_id": order.id, "external_id": order.external_id, "number": order.number}
    return stage.make.add(
        Delivery(**{"kind": "create", "warehouse_id": order.warehouse_id, **about, **named, **values})
    )


@pytest.mark.parametrize(
    ("kind", "title", "text", "compared"),
    [
        ("change", "The source changed it", "accept it, or keep ours", True),
        ("cancel", "The source canceled it after goods had come", "to close the order at what has arrived", False),
    ],
)
def test_what_waits_for_a_decision(stage: Stage, kind: str, title: str, text: str, *, compared: bool) -> None:
    order = make_order(stage)
    stage.make.add(
        PendingChange(purchase_order_id=order.id, kind=kind, snapshot={}, content_digest="c", raw_digest="r")
    )
    for name in (*STAFF, "merchant", "partner"):
        html = page(stage, name, order)
        assert (title in html, text in html) == ((name != "partner"),) * 2
        assert (f'hx-get="/purchase-orders/change/{order.id}"' in html) is (compared and name != "partner")
        for action in ("accept_change", "refuse_change"):
            assert (f'action="/purchase-orders/act/{action}/{order.id}"' in html) is (name in STAFF)


ALERTS: list[tuple[dict[str, Any], str, tuple[str, ...]]] = [
    ({"cancel_state": "refused"}, "Cancel at the warehouse: refused", (*STAFF, "merchant")),
    ({"source_state": "completed"}, "Completed at the source", STAFF),
]


@pytest.mark.parametrize(("values", "title", "readers"), ALERTS)
def test_who_is_alerted(stage: Stage, values: dict[str, Any], title: str, readers: tuple[str, ...]) -> None:
    order = make_order(stage, **values)
    told = {name for name in (*STAFF, "merchant", "partner") if title in page(stage, name, order)}
    assert told == set(readers)
    assert title not in page(stage, "admin", make_order(stage, PoStatus.RECEIVED)) or "cancel" in title


@pytest.mark.parametrize("count", [1, 7])
def test_receipts_in_error_are_named_and_the_newest_reason_is_told(stage: Stage, count: int) -> None:
    order = make_order(stage)
    made = [
        stage.make.receipt(order, state=ReceiptState.ERROR, state_reason=f"REASON {n}").id for n in range(1, count + 1)
    ]
    html = page(stage, "limited", order)
    assert ("A receipt is in Error" if count == 1 else "Receipts are in Error") in html
    assert f"Not in the numbers of this order: REASON {count}" in html
    assert [int(found) for found in re.findall(r'href="/receipts/show/(\d+)"', html)] == made[::-1][:5]
    assert f'href="/purchase-orders/show/{order.id}?tab=receipts"' in html
    assert f'action="/purchase-orders/act/reprocess/{order.id}"' in html


NOTES: list[tuple[PoStatus, dict[str, Any], str, str]] = [
    (PoStatus.NEW, {"step": Step.HOLD, "held_by": "Samples"}, "On hold. Held by rule “Samples”.", "reprocess"),
    (PoStatus.ARCHIVED, {"status_reason": "Twice"}, "Put away. 10 minutes ago: Twice.", "reprocess"),
    (PoStatus.OPEN, {"source_state": "completed"}, "Waiting for the goods.", "close_short"),
    (PoStatus.RECEIVED, {}, "All came. Every line was received in full. The source knows.", ""),
    (PoStatus.CANCELED, {"status_reason": "The source canceled it."}, "Canceled. 10 minutes ago: The source", ""),
]


@pytest.mark.parametrize(("status", "values", "sentence", "action"), NOTES)
def test_the_sentence_has_the_button_that_helps(
    stage: Stage, status: PoStatus, values: dict[str, Any], sentence: str, action: str
) -> None:  # fmt: skip
    order = make_order(stage, status, **values)
    for name in ("limited", "merchant"):
        html = page(stage, name, order)
        note = html.split('<div class="note')[1].split('<div class="two-columns')[0]
        assert sentence in shown(f"<{note}")
        offered = [action] if action and name == "limited" else []
        assert re.findall(r'data-dialog="act-(\w+)"', note) == offered


def test_the_sentence_leads_to_the_place_that_helps(stage: Stage) -> None:
    waiting = make_order(stage, PoStatus.NEW, step=Step.SEND)
    deliver(stage, waiting, attempts=1, due_at=datetime.now(UTC) + timedelta(hours=1))
    assert "See its deliveries" in page(stage, "support", waiting)
    assert "See its deliveries" not in page(stage, "merchant", waiting)
    with stage.make.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE connection SET enabled = false WHERE id = {waiting.connection_id}")
    html = page(stage, "support", waiting)
    assert "Nothing is sent." in html
    assert f'href="/connections/show/{waiting.connection_id}">Open the connection<' in html
    assert "switched off" not in page(stage, "merchant", waiting)


@pytest.mark.parametrize(("name", "code"), [("support", 200), ("limited", 200), ("merchant", 200), ("nobody", 403)])
def test_a_badge_of_the_list_says_the_same_sentence(stage: Stage, name: str, code: int) -> None:
    order = make_order(stage, PoStatus.NEW, step=Step.HOLD, held_by="Samples")
    answer = stage.person(name).get(f"/purchase-orders/next/{order.id}", headers={"HX-Request": "true"})
    assert answer.status_code == code
    assert ("On hold. Held by rule “Samples”." in unescape(text_of(answer))) is (code == 200)
