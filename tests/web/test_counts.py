"""How many statements a page costs: few, and the same for small and for large orders."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app.domain.states import PoStatus
from app.models import Activity, Delivery, DeliveryAttempt, OrderKey, PurchaseOrder
from tests.factories import Factory
from tests.web.counting import statements
from tests.web.people import Stage

LISTS = ("/purchase-orders/list/", "/receipts/list/", "/line-items/list/", "/connections/list/", "/deliveries/list/")


@pytest.mark.parametrize("name", ["admin", "support", "limited", "partner", "merchant"])
@pytest.mark.parametrize(
    "address", ["/purchase-orders/list/", "/purchase-orders/list/?q=sku&status=open&status=delayed"]
)
def test_the_list_of_orders_costs_at_most_eight(stage: Stage, name: str, address: str) -> None:
    for _ in range(24):
        stage.make.purchase_order(stage.mine.connection, status=PoStatus.OPEN)
    person = stage.person(name)
    with statements(stage.app) as sent:
        page = person.get(address)
    assert page.status_code == 200
    assert page.get_data(as_text=True).count("data-href=") == 25
    # The user, the scope (none for an Admin), the saved views, the count, the rows, the choices.
    assert len(sent) == (5 if name == "admin" else 6)


@pytest.mark.parametrize("address", LISTS)
def test_a_list_costs_the_same_with_one_row_and_with_many(stage: Stage, make: Factory, address: str) -> None:
    person = stage.person("admin")
    with statements(stage.app) as few:
        person.get(address)
    for _ in range(10):
        order = make.purchase_order(status=PoStatus.OPEN)
        make.receipt(order)
    with statements(stage.app) as many:
        person.get(address)
    assert len(few) == len(many) <= 8


@pytest.mark.parametrize(
    ("name", "tab"),
    [
        ("admin", "items"), ("limited", "items"), ("partner", "items"), ("merchant", "items"), ("admin", "receipts"),
        ("partner", "activity"), ("limited", "deliveries"), ("merchant", "source"),
    ],
)  # fmt: skip
def test_the_page_of_an_order_costs_at_most_twelve_and_no_more_for_2000_lines(
    stage: Stage, name: str, tab: str
) -> None:
    person, make = stage.person(name), stage.make
    small = make.purchase_order(stage.mine.connection, status=PoStatus.OPEN, lines=10)
    large = make.purchase_order(stage.mine.connection, status=PoStatus.OPEN, lines=2_000)
    for order, times in ((small, 1), (large, 40)):
        fill(make, order.id, times)
        for _ in range(1 if order is small else 5):
            make.receipt(order, quantities=[1] * 5)
    found = []
    for order in (small, large):
        with statements(stage.app) as sent:
            assert person.get(f"/purchase-orders/show/{order.id}?tab={tab}").status_code == 200
        found.append(len(sent))
    assert found[0] == found[1]
    assert found[0] <= 12


def fill(make: Factory, order_id: int, times: int) -> None:
    """Timeline and deliveries of an order."""
    with Session(make.engine) as session:
        order = session.get_one(PurchaseOrder, order_id)
        key = session.query(OrderKey).filter_by(purchase_order_id=order_id).one()
        session.add_all(Activity(kind="accepted", purchase_order_id=order_id, data={}) for _ in range(times))
        messages = [
            Delivery(
                kind="update",
                connection_id=order.connection_id,
                merchant_id=order.merchant_id,
                po_key_id=key.id,
                purchase_order_id=order_id,
                external_id=order.external_id,
                number=order.number,
            )
            for _ in range(times)
        ]
        session.add_all(messages)
        session.flush()
        session.add_all(
            DeliveryAttempt(
                delivery_id=message.id,
                merchant_id=order.merchant_id,
                number=number,
                action="update",
                outcome="accepted",
                duration_ms=1,
            )
            for message in messages
            for number in range(3)
        )
        session.commit()


def test_a_plan_costs_the_same_for_one_order_and_for_many(stage: Stage) -> None:
    person = stage.person("support")
    orders = [stage.make.purchase_order(stage.mine.connection, status=PoStatus.OPEN) for _ in range(20)]
    with statements(stage.app) as one:
        assert person.post("/purchase-orders/plan", action="archive", ids=[orders[0].id]).status_code == 200
    with statements(stage.app) as many:
        ids = [order.id for order in orders]
        assert person.post("/purchase-orders/plan", action="archive", ids=ids).status_code == 200
    assert len(one) == len(many) <= 10


def test_signing_in_by_cookie_costs_one_statement(stage: Stage) -> None:
    with statements(stage.app) as sent:
        assert stage.person("admin").get("/").status_code == 302
    assert len(sent) == 1
    with statements(stage.app) as sent:
        stage.person("admin").get("/static/build/inlet.css").close()
    assert len(sent) == 0
