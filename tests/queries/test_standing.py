"""The facts behind “why is it not moving?”: from real rows, in few statements, and only what the reader may know."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.domain.people import Reader, Role
from app.domain.record import LineRecord, ShipTo, from_snapshot
from app.domain.situation import Outgoing, Situation
from app.domain.states import PoStatus, ReceiptState
from app.models import Delivery, DeliveryAttempt, Judgement, LineItem, OrderKey, PendingChange, PurchaseOrder, Step
from app.queries import orders, standing, versions
from tests.factories import NOON, Factory
from tests.queries.walled import ADMIN, NO_MERCHANT, NO_WAREHOUSE, ask_as, merchant_of, partner_at, support_for
from tests.web.counting import statements

NOW = NOON + timedelta(days=6)


@pytest.fixture
def order(make: Factory) -> PurchaseOrder:
    """A sent order of two lines of ten, at a connection of its own."""
    return make.purchase_order(status=PoStatus.OPEN)


def facts(app: Flask, order: PurchaseOrder, reader: Reader = ADMIN) -> Situation:
    """The situation of an order as a page reads it."""

    def ask(session: Any) -> Situation:
        found = orders.order(session, order.id)
        assert found is not None
        return standing.situation(session, found, reader, NOW)

    return ask_as(app, reader, ask)


def readers_of(order: PurchaseOrder) -> dict[str, Reader]:
    """Everybody who sees the order; `merchant_of` and its like read these two columns of a connection only."""
    at: Any = order
    return {"admin": ADMIN, "limited": support_for(at), "merchant": merchant_of(at), "partner": partner_at(at)}


def deliver(make: Factory, order: PurchaseOrder, kind: str = "create", **values: Any) -> Delivery:
    """A message of the order."""
    with Session(make.engine) as session:
        key = session.query(OrderKey.id).filter_by(purchase_order_id=order.id).scalar()
    about = {"connection_id": order.connection_id, "merchant_id": order.merchant_id, "po_key_id": key}
    named = {"purchase_order_id": order.id, "external_id": order.external_id, "number": order.number}
    at = {"due_at": NOON, "created_at": NOON}
    return make.add(Delivery(**{"kind": kind, "warehouse_id": order.warehouse_id, **about, **named, **at, **values}))


def tried(make: Factory, sent: Delivery, **values: Any) -> DeliveryAttempt:
    """A try of a message."""
    about = {"delivery_id": sent.id, "merchant_id": sent.merchant_id, "number": 1, "duration_ms": 1}
    return make.add(DeliveryAttempt(**{"action": "create", "outcome": "retriable", "request": "", **about, **values}))


def lines(make: Factory, order: PurchaseOrder, *rows: Any) -> None:
    """Change the first lines of an order."""
    for line, values in zip(make.lines_of(order), rows, strict=False):
        with Session(make.engine) as session:
            session.query(LineItem).filter_by(id=line.id).update(values)
            session.commit()


def schedule(make: Factory, order: PurchaseOrder, kind: str, at: datetime) -> None:
    """Let a schedule of the order's connection be due at an instant."""
    with make.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE schedule SET next_due_at = %s WHERE connection_id = %s AND kind = %s",
            (at, order.connection_id, kind),
        )


def test_the_columns_of_an_order_are_its_facts(make: Factory, walled: Flask) -> None:
    values: dict[str, Any] = {
        "status_reason": "Because.", "failed_step": "send", "step": Step.HOLD, "step_due_at": NOON, "lease_until": NOON,
        "held_by": "Samples", "held_until": NOW, "rejected": True, "last_receipt_at": NOON, "late_from": NOW,
        "units_received": Decimal(4), "cancel_state": "waiting", "source_state": "completed", "accepted_at": NOON,
    }  # fmt: skip
    order = make.purchase_order(status=PoStatus.OPEN, **values)
    seen = facts(walled, order)
    assert (seen.now, seen.role, seen.status, seen.since) == (NOW, Role.ADMIN, PoStatus.OPEN, order.status_since)
    assert (seen.step, seen.reason, seen.failed_step, seen.rejected) == ("hold", "Because.", "send", True)
    assert (seen.step_due_at, seen.lease_until, seen.held_by, seen.held_until) == (NOON, NOON, "Samples", NOW)
    assert (seen.accepted_at, seen.last_receipt_at, seen.due_date) == (NOON, NOON, date(2026, 3, 20))
    assert (seen.units_ordered, seen.units_received, seen.late_from, seen.late) == (Decimal(20), Decimal(4), NOW, True)
    assert (seen.cancel_state, seen.completed_at_source, seen.off) == ("waiting", True, "")
    assert (seen.notice, seen.push, seen.next_update, seen.pending) == (None, None, None, "")


def test_lines_are_counted_where_something_is_missing(make: Factory, walled: Flask) -> None:
    records = [LineRecord(line_number=n, sku=f"S{n}", quantity=Decimal(10)) for n in range(1, 7)]
    order = make.purchase_order(status=PoStatus.PARTIALLY_RECEIVED, lines=records)
    lines(
        make,
        order,
        {"received": Decimal("2.5")},
        {"received": 8, "received_before": 1},
        {"received": 12},
        {"received": 3, "closed_short_quantity": 7, "closed_short_reason": "Lost"},
        {"left_out_by": "No samples"},
    )
    make.purchase_order(status=PoStatus.OPEN)
    seen = facts(walled, order)
    # A surplus of 2 on line 3 covers nothing of another line; what a rule left out is not waited for.
    assert (seen.waiting_lines, seen.waiting_units, seen.short_lines) == (3, Decimal("18.5"), 1)
    nothing = facts(walled, make.purchase_order(status=PoStatus.RECEIVED, lines=[records[4]], units_received=10))
    assert (nothing.waiting_lines, nothing.short_lines) == (1, 0)


def test_receipts_are_counted_by_what_they_wait_for(make: Factory, order: PurchaseOrder, walled: Flask) -> None:
    for state in ReceiptState:
        make.receipt(order, state=state)
    make.receipt(order, state=ReceiptState.ERROR)
    other = make.purchase_order(status=PoStatus.OPEN)
    make.receipt(other, state=ReceiptState.ERROR)
    seen = facts(walled, order)
    assert (seen.failed_receipts, seen.unsettled) == (2, 2)
    assert facts(walled, other).unsettled == 0


@pytest.mark.parametrize("kind", ["change", "cancel"])
def test_a_pending_change_is_kept_from_partners(make: Factory, order: PurchaseOrder, walled: Flask, kind: str) -> None:
    make.add(
        PendingChange(
            purchase_order_id=order.id, kind=kind, snapshot={}, content_digest="c", raw_digest="r", received_at=NOON
        )
    )
    for name, reader in readers_of(order).items():
        seen = facts(walled, order, reader)
        assert (seen.pending, seen.pending_since) == (("", None) if name == "partner" else (kind, NOON))


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({}, ""),
        ({"enabled": False}, "Connection “Acme”"),
        ({"channel_on": False}, "The channel of “Acme”"),
        ({"enabled": False, "channel_on": False}, "Connection “Acme”"),
    ],
)
def test_what_is_switched_off_is_told_to_staff(
    make: Factory, walled: Flask, values: dict[str, Any], shown: str
) -> None:
    order = make.purchase_order(make.connection(name="Acme", **values), status=PoStatus.OPEN)
    told = {name: facts(walled, order, reader).off for name, reader in readers_of(order).items()}
    assert told == {"admin": shown, "limited": shown, "merchant": "", "partner": ""}


def test_names_are_those_that_the_reader_may_read(make: Factory, walled: Flask) -> None:
    connection = make.connection(store=make.store(name="Shop"), warehouse=make.warehouse(code="East"))
    order = make.purchase_order(connection, status=PoStatus.OPEN)
    named = {name: facts(walled, order, reader) for name, reader in readers_of(order).items()}
    assert {name: (seen.warehouse, seen.source) for name, seen in named.items()} == {
        "admin": ("East", "Shop"), "limited": ("East", "Shop"), "merchant": ("East", "Shop"), "partner": ("East", ""),
    }  # fmt: skip
    homeless = make.purchase_order(connection, warehouse_id=None)
    assert facts(walled, homeless).where == "the warehouse"


@pytest.mark.parametrize(
    ("values", "days"),
    [
        ({"accepted_at": NOON}, 0),
        ({"accepted_at": NOON, "late_from": NOON + timedelta(days=9)}, 9),
        ({"accepted_at": NOON, "last_receipt_at": NOON + timedelta(days=2)}, 2),
        ({"last_receipt_at": NOON + timedelta(days=2), "reopened_at": NOON + timedelta(days=3)}, 3),
    ],
)
def test_the_timeout_counts_from_the_latest_of_what_moved_it(
    make: Factory, walled: Flask, values: dict[str, Any], days: int
) -> None:
    connection = make.connection(make.merchant(open_timeout_days=30))
    order = make.purchase_order(connection, status=PoStatus.OPEN, **values)
    assert facts(walled, order).closes_at == NOON + timedelta(days=30 + days)
    assert facts(walled, make.purchase_order(connection)).closes_at is None


def test_a_message_is_read_with_the_answer_to_its_last_try(make: Factory, order: PurchaseOrder, walled: Flask) -> None:
    message = deliver(make, order, state="due", attempts=2, unknown=True, due_at=NOW)
    tried(make, message, code="500", message="First.")
    tried(make, message, code="503", message="Busy.", number=2)
    wanted = Outgoing(
        message.id, "create", "due", NOON, NOW, attempts=2, unknown=True, code="503", answer="Busy."
    )  # fmt: skip
    seen = facts(walled, order)
    assert (seen.notice, seen.push) == (wanted, None)
    with make.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE delivery SET message = 'All attempts are used up.'")
    assert facts(walled, order).notice == replace(wanted, answer="All attempts are used up.")


@pytest.mark.parametrize("kind", ["create", "update", "cancel"])
def test_the_newest_message_of_each_side_counts(make: Factory, order: PurchaseOrder, walled: Flask, kind: str) -> None:
    deliver(make, order, "create", state="failed", version=1)
    to_source = {"warehouse_id": None}
    deliver(make, order, "status", state="failed", version=1, **to_source)
    notice = deliver(make, order, kind, state="done", version=2, settled_at=NOW)
    push = deliver(make, order, "status", state="due", version=2, **to_source)
    # These are overtaken: nobody waits for them.
    deliver(make, order, kind, state="superseded", version=3)
    deliver(make, order, kind, state="withdrawn", version=4)
    deliver(make, order, "status", state="superseded", version=3, **to_source)
    deliver(make, order, "status", state="withdrawn", version=4, **to_source)
    deliver(make, make.purchase_order(status=PoStatus.OPEN), kind, state="failed")
    seen = facts(walled, order)
    assert seen.notice is not None
    assert seen.push is not None
    assert (seen.notice.id, seen.notice.kind, seen.notice.settled_at) == (notice.id, kind, NOW)
    assert (seen.push.id, seen.push.state) == (push.id, "due")


def test_the_next_status_update_is_that_of_its_connection(make: Factory, order: PurchaseOrder, walled: Flask) -> None:
    schedule(make, order, "status_update", NOW + timedelta(hours=4))
    schedule(make, order, "import", NOW + timedelta(hours=1))
    other = make.purchase_order(status=PoStatus.OPEN)
    schedule(make, other, "status_update", NOW + timedelta(hours=2))
    assert facts(walled, order).next_update is None
    deliver(make, order, "status", warehouse_id=None)
    for reader in (ADMIN, readers_of(order)["limited"]):
        assert facts(walled, order, reader).next_update == NOW + timedelta(hours=4)


def test_messages_are_for_staff(make: Factory, order: PurchaseOrder, walled: Flask) -> None:
    tried(make, deliver(make, order, "create", state="failed"), code="503", message="Busy.")
    deliver(make, order, "status", warehouse_id=None)
    read = {name: facts(walled, order, reader) for name, reader in readers_of(order).items()}
    assert {name: (seen.notice is not None, seen.push is not None) for name, seen in read.items()} == {
        "admin": (True, True), "limited": (True, True), "merchant": (False, False), "partner": (False, False),
    }  # fmt: skip


def test_another_merchants_messages_are_not_read_even_if_the_order_is_handed_over(
    make: Factory, order: PurchaseOrder, walled: Flask
) -> None:
    deliver(make, order, "create", state="failed")
    stranger: Any = make.connection()

    def ask(session: Any) -> Situation:
        return standing.situation(session, order_with_relations, support_for(stranger), NOW)

    order_with_relations = ask_as(walled, ADMIN, lambda session: _detached(session, order.id))
    seen = ask_as(walled, support_for(stranger), ask)
    assert (seen.notice, seen.push, seen.waiting_lines, seen.waiting_units) == (None, None, 0, Decimal(0))


def _detached(session: Any, order_id: int) -> PurchaseOrder:
    found = orders.order(session, order_id)
    assert found is not None
    session.expunge_all()
    return found


@pytest.mark.parametrize("name", ["merchant", "partner", "limited"])
def test_who_does_not_see_the_order_has_no_situation_of_it(
    make: Factory, order: PurchaseOrder, walled: Flask, name: str
) -> None:
    stranger: Any = make.connection()
    others = {"merchant": merchant_of(stranger), "partner": partner_at(stranger), "limited": support_for(stranger)}
    for reader in (others[name], NO_MERCHANT, NO_WAREHOUSE):
        assert ask_as(walled, reader, lambda session: orders.order(session, order.id)) is None
        assert ask_as(walled, reader, lambda session: standing.failed_receipts(session, order.id)) == []


@pytest.mark.parametrize(("name", "count"), [("admin", 3), ("limited", 3), ("merchant", 2), ("partner", 2)])
def test_it_costs_the_same_for_small_and_for_large_orders(make: Factory, walled: Flask, name: str, count: int) -> None:
    connection = make.connection()
    small = make.purchase_order(connection, status=PoStatus.OPEN, lines=10)
    large = make.purchase_order(connection, status=PoStatus.OPEN, lines=2_000)
    for _ in range(10):
        make.receipt(large, state=ReceiptState.ERROR)
        tried(make, deliver(make, large, "update", state="failed"))
    for order in (small, large):
        with statements(walled) as sent:
            facts(walled, order, readers_of(order)[name])
        # The order with its relations, its counts, and for staff its messages.
        assert len([text for text in sent if text.startswith("SELECT")]) == count


@pytest.mark.parametrize(
    ("trace", "wanted"),
    [
        ({}, None),
        ({"rules": []}, None),
        ({"rules": [{"rule_id": 4, "name": "One"}, {"rule_id": 5, "name": "Two"}]}, (5, "Two")),
        ({"rules": [{"rule_id": 4, "name": "One", "error": "No SKU."}, {"rule_id": 5, "name": "Two"}]}, (4, "One")),
    ],
)
def test_the_rule_that_stopped_an_order(
    make: Factory, order: PurchaseOrder, walled: Flask, trace: dict[str, Any], wanted: tuple[int, str] | None
) -> None:
    judgement = make.add(Judgement(purchase_order_id=order.id, outcome="failed", trace=trace))
    found = ask_as(walled, ADMIN, lambda session: standing.stopping_rule(session, judgement.id))
    assert found == (None if wanted is None else standing.StoppingRule(*wanted))
    assert ask_as(walled, ADMIN, lambda session: standing.stopping_rule(session, None)) is None
    assert ask_as(walled, ADMIN, lambda session: standing.stopping_rule(session, judgement.id + 1)) is None
    partner = readers_of(order)["partner"]
    assert ask_as(walled, partner, lambda session: standing.stopping_rule(session, judgement.id)) is None


def test_the_newest_failed_receipts_are_named(make: Factory, order: PurchaseOrder, walled: Flask) -> None:
    made = [make.receipt(order, state=ReceiptState.ERROR).id for _ in range(standing.FAILED_SHOWN + 2)]
    make.receipt(order, state=ReceiptState.READY)
    found = ask_as(walled, ADMIN, lambda session: [row.id for row in standing.failed_receipts(session, order.id)])
    assert found == made[:1:-1]


def test_an_order_as_it_stands_is_the_record_that_was_imported(make: Factory, walled: Flask) -> None:
    records = [
        LineRecord(
            line_number=1, sku="A", quantity=Decimal(10), source_line_id="L1", name="Thing", unit_of_measure="CS",
            pack_size=Decimal(6), unit_cost=Decimal("2.5"), supplier_sku="SA", barcode="401",
            expected_date=date(2026, 4, 1), received_before=Decimal(2),
        ),
        LineRecord(line_number=2, sku="A", quantity=Decimal(1)),
    ]  # fmt: skip
    order = make.purchase_order(lines=records)
    lines(make, order, {"custom": {"lot": 7}})

    def ask(session: Any) -> Any:
        found = orders.order(session, order.id, snapshot=True)
        assert found is not None
        return versions.today(found, versions.lines_of(session, order.id)), from_snapshot(found.snapshot)

    today, imported = ask_as(walled, ADMIN, ask)
    assert today.lines[0].custom == {"lot": 7}
    today.lines[0].custom = {}
    assert today.lines == imported.lines
    assert [line.key for line in today.lines] == ["id:L1", "no:2"]
    assert (today.external_id, today.number, today.ship_to) == (imported.external_id, imported.number, ShipTo())
    # What the factory's order has, and its snapshot has not.
    assert (today.supplier_name, today.currency, today.due_date) == ("Acme Supplies", "EUR", date(2026, 3, 20))


def test_the_lines_of_an_order_are_walled(make: Factory, order: PurchaseOrder, walled: Flask) -> None:
    def skus(session: Any) -> list[str]:
        return [line.sku for line in versions.lines_of(session, order.id)]

    for reader in readers_of(order).values():
        assert ask_as(walled, reader, skus) == ["SKU-0001", "SKU-0002"]
    for reader in (NO_MERCHANT, NO_WAREHOUSE):
        assert ask_as(walled, reader, skus) == []
