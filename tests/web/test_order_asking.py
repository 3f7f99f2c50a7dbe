"""The parts of an order's page that are loaded when they are opened: who gets them, and what stands in them."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from app.domain.states import PoStatus
from app.models import PendingChange, PurchaseOrder
from app.services.consequences import ASKED
from tests.web.counting import statements
from tests.web.filling import filled
from tests.web.people import Stage, text_of

SCOPED = ("limited", "merchant", "partner", "unscoped merchant", "unscoped partner", "nobody")
FRAGMENT = {"HX-Request": "true"}


def pending(stage: Stage, order: PurchaseOrder, kind: str = "change", **changed: Any) -> None:
    """Let a change of the source wait for a decision."""
    snapshot = {**order.snapshot, **changed}
    stage.make.add(
        PendingChange(purchase_order_id=order.id, kind=kind, snapshot=snapshot, content_digest="c", raw_digest="r")
    )


@pytest.mark.parametrize("action", sorted(ASKED))
@pytest.mark.parametrize(
    ("name", "code"),
    [("admin", 200), ("support", 200), ("limited", 200), ("merchant", 403), ("partner", 403), ("nobody", 403)],
)
def test_who_is_told_what_an_action_would_do(stage: Stage, action: str, name: str, code: int) -> None:
    answer = stage.person(name).get(f"/purchase-orders/ask/{action}/{stage.mine.order.id}")
    # Only an admin has the right to force a deletion.
    wanted = 403 if action == "force_delete" and name in {"support", "limited"} else code
    assert answer.status_code == wanted


@pytest.mark.parametrize("part", ["ask/reset", "attributes", "change", "snapshot"])
@pytest.mark.parametrize("name", SCOPED)
def test_no_part_of_an_order_outside_the_scope(stage: Stage, part: str, name: str) -> None:
    order = stage.theirs.order
    pending(stage, order)
    for headers in ({}, FRAGMENT):
        answer = stage.person(name).get(f"/purchase-orders/{part}/{order.id}", headers=headers)
        assert answer.status_code in {403, 404}
        assert order.number not in answer.get_data(as_text=True)


@pytest.mark.parametrize("part", ["ask/reset", "attributes", "change", "snapshot"])
def test_no_part_of_an_order_that_is_not_there(stage: Stage, part: str) -> None:
    assert stage.person("admin").get(f"/purchase-orders/{part}/999999").status_code == 404
    assert stage.person("admin").get(f"/purchase-orders/{part}/9{'9' * 30}").status_code == 404


@pytest.mark.parametrize("name", ["comment", "nothing", "edit", "show"])
def test_what_is_no_action_that_is_asked(stage: Stage, name: str) -> None:
    assert stage.person("admin").get(f"/purchase-orders/ask/{name}/{stage.mine.order.id}").status_code == 404


def test_the_dialog_says_what_goes(stage: Stage) -> None:
    order = stage.make.purchase_order(stage.mine.connection, lines=3)
    person = stage.person("limited")
    address = f"/purchase-orders/edit/{order.id}"
    person.post(address, **{**filled(person, address), "buyer_name": "<b>Bea</b>", "reason": "Asked"})
    line = f"/line-items/act/remove/{stage.make.lines_of(order)[1].id}"
    person.post(line, **{**filled(person, line), "reason": "Twice"})
    answer = person.get(f"/purchase-orders/ask/reset/{order.id}", headers=FRAGMENT)
    html, shown = answer.get_data(as_text=True), unescape(text_of(answer))
    assert "<html" not in html
    assert "<b>Bea" not in html
    assert "It is built anew from its imported snapshot, and the rules judge it from the start." in shown
    assert "No warehouse has it, so nobody is told." in shown
    # The factory's snapshot knows neither its supplier nor its due date, and the edit is told among them.
    assert re.search(r"Edits by hand \d+ .*Buyer <b>Bea</b> → Bolt Buyer", shown)
    assert re.search(r"Line 2 SKU-0002 comes back", shown)


def test_a_dialog_of_what_is_not_possible_says_why(stage: Stage) -> None:
    shown = text_of(stage.person("support").get(f"/purchase-orders/ask/delete/{stage.mine.order.id}"))
    assert "Not possible now. It was sent to a warehouse. Archive it instead" in shown
    assert "removed here" not in shown


def test_the_page_leads_to_the_questions_of_its_actions(stage: Stage) -> None:
    order = stage.mine.order
    html = stage.person("admin").get(f"/purchase-orders/show/{order.id}").get_data(as_text=True)
    asked = set(re.findall(rf"/purchase-orders/ask/(\w+)/{order.id}", html))
    assert asked <= ASKED
    assert {"archive", "force_delete"} <= asked
    for name in ("merchant", "partner"):
        page = stage.person(name).get(f"/purchase-orders/show/{order.id}").get_data(as_text=True)
        assert "/purchase-orders/ask/" not in page


CUSTOM = {"price_list": "GOLD-7", "nested": {"a": [1, True]}}


@pytest.fixture
def order(stage: Stage) -> PurchaseOrder:
    """A sent order with words that only some may read."""
    return stage.make.purchase_order(
        stage.mine.connection, status=PoStatus.OPEN, custom=CUSTOM, tags=["hot"], notes="RULENOTE", facility="Hall 4",
        status_reason="WHYMARK", warehouse_ref="ASN-77", ship_to={"city": "Bonn"}, location="LOCMARK",
    )  # fmt: skip


STAFF_GROUPS = ["Order", "Ship to", "Amounts", "Times", "References", "Custom fields", "Inside Inlet"]


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("admin", STAFF_GROUPS),
        ("limited", STAFF_GROUPS),
        ("merchant", STAFF_GROUPS[:-1]),
        ("partner", STAFF_GROUPS[:4]),
    ],
)
def test_each_role_has_its_groups_of_attributes(
    stage: Stage, order: PurchaseOrder, name: str, groups: list[str]
) -> None:
    html = stage.person(name).get(f"/purchase-orders/attributes/{order.id}", headers=FRAGMENT).get_data(as_text=True)
    assert re.findall(r'<section class="summary-group" aria-label="([^"]+)"', html) == groups


READERS = ("admin", "limited", "merchant", "partner")
# Words, and whether staff, a merchant and a partner read them.
ATTRIBUTES = [
    ("Bolt Buyer", True, True, True),
    ("Acme Supplies", True, True, True),
    ("Hall 4", True, True, True),
    ("Bonn", True, True, True),
    ("50.00 EUR", True, True, False),
    ("Total cost", True, True, False),
    ("Sales channel", True, True, False),
    ("hot", True, True, False),
    ("RULENOTE", True, True, False),
    ("Dock 3", False, False, True),
    ("price_list", True, True, False),
    ("GOLD-7", True, True, False),
    ("a: 1, Yes", True, True, False),
    ("ASN-77", True, True, False),
    ("LOCMARK", True, True, False),
    ("WHYMARK", True, True, False),
    ("Content digest", True, False, False),
    ("Judged by rule versions", True, False, False),
    ("Connection", True, False, False),
]


@pytest.mark.parametrize(("words", "read"), [(words, read) for words, *read in ATTRIBUTES])
def test_who_reads_which_attribute(stage: Stage, order: PurchaseOrder, words: str, read: list[bool]) -> None:
    address = f"/purchase-orders/attributes/{order.id}"
    seen = {name: words in text_of(stage.person(name).get(address, headers=FRAGMENT)) for name in READERS}
    assert seen == dict(zip(READERS, [read[0], *read], strict=True))


def test_empty_attributes_are_there_to_be_shown(stage: Stage) -> None:
    html = stage.person("admin").get(f"/purchase-orders/attributes/{stage.mine.order.id}").get_data(as_text=True)
    assert "Supplier code" in html
    assert "data-show-empty" in html


@pytest.mark.parametrize("part", ["attributes", "snapshot", "change"])
def test_a_part_is_a_fragment_for_htmx_and_a_page_without_it(stage: Stage, part: str) -> None:
    order = stage.mine.order
    pending(stage, order, number="PO-NEXT")
    address = f"/purchase-orders/{part}/{order.id}"
    fragment = stage.person("merchant").get(address, headers=FRAGMENT).get_data(as_text=True)
    page = stage.person("merchant").get(address).get_data(as_text=True)
    assert "<html" not in fragment
    assert "<script" not in fragment
    assert "<html" in page
    assert f'href="/purchase-orders/show/{order.id}"' in page


@pytest.mark.parametrize(
    ("part", "codes"),
    [
        ("attributes", {"admin": 200, "limited": 200, "merchant": 200, "partner": 200, "nobody": 403}),
        ("snapshot", {"admin": 200, "limited": 200, "merchant": 200, "partner": 403, "nobody": 403}),
        ("change", {"admin": 200, "limited": 200, "merchant": 200, "partner": 403, "nobody": 403}),
    ],
)
def test_who_may_open_a_part(stage: Stage, part: str, codes: dict[str, int]) -> None:
    pending(stage, stage.mine.order)
    address = f"/purchase-orders/{part}/{stage.mine.order.id}"
    assert {name: stage.person(name).get(address).status_code for name in codes} == codes


def test_the_snapshot_is_shown_as_it_was_imported(stage: Stage) -> None:
    order = stage.make.purchase_order(stage.mine.connection, buyer_name="Changed here")
    shown = unescape(text_of(stage.person("merchant").get(f"/purchase-orders/snapshot/{order.id}")))
    assert f'"external_id": "{order.external_id}"' in shown
    assert '"buyer_name": "Bolt Buyer"' in shown
    assert "Changed here" not in shown


def test_no_change_waits(stage: Stage) -> None:
    assert stage.person("admin").get(f"/purchase-orders/change/{stage.mine.order.id}").status_code == 404


@pytest.mark.parametrize(
    ("kind", "changed", "words"),
    [
        ("cancel", {}, "The source wants to cancel the whole order."),
        ("change", {"number": "PO-NEXT"}, "Number"),
        ("change", {"lines": None}, "The change was stored in a form that cannot be compared."),
        ("change", {"state": "unheard of"}, "The change was stored in a form that cannot be compared."),
        ("change", {"due_date": "soon"}, "The change was stored in a form that cannot be compared."),
        ("change", {"lines": [{"quantity": "many"}]}, "The change was stored in a form that cannot be compared."),
    ],
)
def test_what_waits_is_told(stage: Stage, kind: str, changed: dict[str, Any], words: str) -> None:
    pending(stage, stage.mine.order, kind, **changed)
    shown = text_of(stage.person("merchant").get(f"/purchase-orders/change/{stage.mine.order.id}", headers=FRAGMENT))
    assert words in shown


def test_a_change_with_many_lines_is_paged(stage: Stage) -> None:
    order = stage.make.purchase_order(stage.mine.connection, status=PoStatus.OPEN, lines=130)
    lines = [{**line, "quantity": "11"} for line in order.snapshot["lines"][:120]]
    pending(stage, order, lines=lines)
    address = f"/purchase-orders/change/{order.id}"

    def skus(page: str) -> list[str]:
        answer = stage.person("support").get(address, query_string={"page": page}, headers=FRAGMENT)
        assert answer.status_code == 200
        return re.findall(r"SKU-\d{4}", text_of(answer))

    wanted = [f"SKU-{n:04}" for n in range(1, 131)]
    assert skus("1") == wanted[:50]
    assert skus("2") == wanted[50:100]
    assert skus("3") == wanted[100:]
    # Whatever stands in the address, there is a page.
    assert skus("0") == skus("-7") == skus("x") == wanted[:50]
    assert skus("4") == skus("9" * 30) == wanted[100:]


@pytest.mark.parametrize("part", ["attributes", "snapshot", "change", "ask/reset"])
def test_a_part_costs_the_same_for_small_and_for_large_orders(stage: Stage, part: str) -> None:
    counts = []
    for lines in (10, 2_000):
        order = stage.make.purchase_order(stage.mine.connection, status=PoStatus.OPEN, lines=lines)
        pending(stage, order)
        with statements(stage.app) as sent:
            assert (
                stage.person("limited").get(f"/purchase-orders/{part}/{order.id}", headers=FRAGMENT).status_code == 200
            )
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 9
