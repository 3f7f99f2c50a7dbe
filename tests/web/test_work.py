"""Operations: what a run refused, and what a delivery said and heard; settings of a connector on their page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Delivery, DeliveryAttempt, OrderKey, Run, RunFailure
from tests.factories import NOON
from tests.web.people import Stage, text_of


@pytest.fixture
def run(stage: Stage) -> Run:
    """A run that refused a record."""
    connection = stage.mine.connection
    run = stage.make.add(
        Run(
            kind="import",
            connection_id=connection.id,
            merchant_id=connection.merchant_id,
            started_by="schedule",
            state="done",
            seen=12,
            new=9,
            changed=1,
            unchanged=1,
            failed=1,
            message="One record was refused.",
            started_at=NOON,
            finished_at=NOON + timedelta(seconds=1.54),
        )
    )
    stage.make.add(
        RunFailure(
            run_id=run.id,
            connection_id=connection.id,
            merchant_id=connection.merchant_id,
            reference="orders.csv:17",
            reason="The quantity 1.23E+11 cannot be read.",
            text="PO-9;<b>A-1</b>;1.23E+11",
            digest="d",
        )
    )
    return run


@pytest.fixture
def delivery(stage: Stage) -> Delivery:
    """A message with two attempts."""
    order, make = stage.mine.order, stage.make
    with Session(make.engine) as session:
        key = session.scalars(select(OrderKey.id).filter_by(purchase_order_id=order.id)).one()
    delivery = make.add(
        Delivery(
            kind="create",
            connection_id=order.connection_id,
            merchant_id=order.merchant_id,
            po_key_id=key,
            purchase_order_id=order.id,
            external_id=order.external_id,
            number=order.number,
            state="due",
            attempts=2,
            message="The warehouse is busy.",
        )
    )
    for number, outcome in ((1, "retriable"), (2, "ambiguous")):
        make.add(
            DeliveryAttempt(
                delivery_id=delivery.id,
                merchant_id=order.merchant_id,
                number=number,
                action="create",
                outcome=outcome,
                code=str(500 + number),
                message=f"Answer {number}",
                request=f'{{"try": {number}}}',
                reply="<html>busy</html>",
                duration_ms=120 + number,
            )
        )
    return delivery


def test_a_run_tells_its_counts_its_time_and_what_it_refused(stage: Stage, run: Run) -> None:
    page = text_of(stage.person("support").get(f"/runs/show/{run.id}"))
    for words in (
        "Run",
        "Done",
        "schedule",
        "1.5 s",
        "One record was refused.",
        "orders.csv:17",
        "1.23E+11",
        "12",
        "9",
    ):
        assert words in page


def test_a_refused_record_shows_its_raw_text_as_text(stage: Stage, run: Run) -> None:
    with Session(stage.make.engine) as session:
        failure = session.scalars(select(RunFailure.id).filter_by(run_id=run.id)).one()
    html = stage.person("limited").get(f"/failed-records/show/{failure}").get_data(as_text=True)
    assert "PO-9;&lt;b&gt;A-1&lt;/b&gt;;1.23E+11" in html
    listed = text_of(stage.person("limited").get(f"/failed-records/list/?run={run.id}"))
    assert "orders.csv:17" in listed


def test_the_failed_records_of_one_run_can_be_listed(stage: Stage, run: Run) -> None:
    other = stage.make.add(
        Run(kind="import", connection_id=run.connection_id, merchant_id=run.merchant_id, started_by="x")
    )
    assert "Nothing matches" in text_of(stage.person("support").get(f"/failed-records/list/?run={other.id}"))


def test_a_delivery_shows_each_attempt_newest_first(stage: Stage, delivery: Delivery) -> None:
    for address in (
        f"/deliveries/show/{delivery.id}",
        f"/purchase-orders/show/{delivery.purchase_order_id}?tab=deliveries",
    ):
        html = stage.person("support").get(address).get_data(as_text=True)
        assert html.index("Answer 2") < html.index("Answer 1")
        assert "<html>busy" not in html
        for words in ("501", "502", "The warehouse is busy."):
            assert words in html


def test_what_was_answered_is_shown_as_text(stage: Stage, delivery: Delivery) -> None:
    support = stage.person("support")
    whole = support.get(f"/deliveries/show/{delivery.id}").get_data(as_text=True)
    tab = support.get(f"/purchase-orders/show/{delivery.purchase_order_id}?tab=deliveries").get_data(as_text=True)
    # The tab loads a request and its reply when they are opened.
    folds = re.findall(r'hx-get="([^"]+only=exchange)"', tab)
    assert len(folds) == 2
    parts = [support.get(fold.replace("&amp;", "&"), headers={"HX-Request": "true"}) for fold in folds]
    for html in (whole, *(part.get_data(as_text=True) for part in parts)):
        assert "&lt;html&gt;busy&lt;/html&gt;" in html
        assert "<html>busy" not in html


def test_the_list_of_deliveries_finds_by_number_and_state(stage: Stage, delivery: Delivery) -> None:
    support = stage.person("support")
    number = delivery.number
    for query, found in (
        (f"q={number.lower()}", True),
        ("state=due", True),
        ("state=done", False),
        ("kind=status", False),
    ):
        assert (number in text_of(support.get(f"/deliveries/list/?{query}"))) is found


def test_the_settings_of_a_warehouse_are_shown_to_staff_and_its_secrets_to_nobody(stage: Stage) -> None:
    warehouse = stage.make.warehouse(settings={"folder": "inbound/east"}, secrets={"token": "do-not-tell"})
    html = stage.person("admin").get(f"/warehouses/show/{warehouse.id}").get_data(as_text=True)
    assert "inbound/east" in html
    assert "do-not-tell" not in html


@pytest.mark.parametrize("pk", ["999999", "abc", ""])
def test_a_new_password_for_nobody_is_not_found(stage: Stage, pk: str) -> None:
    answer = stage.person("admin").post(
        f"/resetpassword/form?pk={pk}", password="Long-Enough-1", conf_password="Long-Enough-1"
    )
    assert answer.status_code == 404


def test_an_admin_gives_a_user_a_new_password(stage: Stage) -> None:
    user = stage.person("partner").user
    answer = stage.person("admin").post(
        f"/resetpassword/form?pk={user.id}", password="Long-Enough-1", conf_password="Long-Enough-1"
    )
    assert answer.status_code == 302
    with Session(stage.make.engine) as session:
        assert session.get_one(type(user), user.id).password != user.password
    refused = stage.person("support").post(f"/resetpassword/form?pk={user.id}", password="x", conf_password="x")
    assert refused.status_code == 403
