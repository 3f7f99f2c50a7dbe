"""The figures of the first page: exact, for each reader, and the very number of rows that the lists find."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.people import Reader
from app.domain.states import CAUSES, DISPLAY, FailedStep, PoStatus, ReceiptState
from app.models import Connection, Delivery, OrderKey, PendingChange, PurchaseOrder, RunFailure
from app.queries import dashboard, listing
from app.queries.counting import Count, count_all
from app.queries.dashboard import LATE_DAYS, UNFINISHED, Span
from app.queries.listing import Ask, find
from app.queries.orders import ORDERS
from app.queries.receipts import RECEIPTS
from app.queries.work import DELIVERIES
from tests.factories import Factory
from tests.queries.walled import ADMIN, NO_MERCHANT, NO_WAREHOUSE, ask_as, merchant_of, partner_at, support_for

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
"""A Tuesday."""
TODAY = NOW.date()
BERLIN = ZoneInfo("Europe/Berlin")


def needed(app: Flask, reader: Reader = ADMIN) -> dict[str, int]:
    """What needs a person, without the zeros."""
    found = ask_as(app, reader, lambda session: dashboard.needs(session, NOW))
    assert not any(count.capped for count in found.values())
    return {name: count.number for name, count in found.items() if count.number}


def add_delivery(make: Factory, order: PurchaseOrder, **values: Any) -> Delivery:
    """A message for an order."""
    with Session(make.engine) as session:
        key = session.scalars(select(OrderKey.id).filter_by(purchase_order_id=order.id)).one()
    about = {"po_key_id": key, "purchase_order_id": order.id, "external_id": order.external_id, "number": order.number}
    owner = {"connection_id": order.connection_id, "merchant_id": order.merchant_id}
    return make.add(Delivery(**{"kind": "create", **about, **owner, **values}))


def test_nothing_needs_a_person_where_nothing_is(walled: Flask, db: Any) -> None:
    found = ask_as(walled, ADMIN, lambda session: dashboard.needs(session, NOW))
    assert set(found.values()) == {Count(0)}
    assert [name for name in found if name.startswith("cause:")] == [*(f"cause:{step}" for step in CAUSES), "cause:"]
    assert len(found) == len(CAUSES) + 1 + len(LATE_DAYS) + 1 + 2 + 3 + 1


def test_every_cause_has_a_figure_of_its_own_and_other_takes_the_rest(walled: Flask, make: Factory) -> None:
    connection = make.connection()
    for number, step in enumerate((*FailedStep, ""), start=1):
        for _ in range(number):
            make.purchase_order(connection, status=PoStatus.ERROR, failed_step=step)
    # The cause counts while the order is in Error, and not afterwards.
    make.purchase_order(connection, status=PoStatus.OPEN, failed_step="send")
    assert needed(walled) == {
        "cause:rules": 1, "cause:routing": 2, "cause:send": 3, "cause:update": 4, "cause:cancel": 5,
        "cause:warehouse": 6, "cause:": 7,
    }  # fmt: skip


def test_each_cause_in_the_code_is_one_that_people_read() -> None:
    assert set(CAUSES) == {step.value for step in FailedStep}


@pytest.mark.parametrize(
    ("status", "late_for", "expected"),
    [
        (PoStatus.OPEN, timedelta(microseconds=-1), {}),
        (PoStatus.OPEN, timedelta(0), {"late:1": 1}),
        (PoStatus.PARTIALLY_RECEIVED, timedelta(days=2, microseconds=-1), {"late:1": 1}),
        (PoStatus.PARTIALLY_RECEIVED, timedelta(days=2), {"late:1": 1, "late:3": 1}),
        (PoStatus.OPEN, timedelta(days=6), {"late:1": 1, "late:3": 1, "late:7": 1}),
        (PoStatus.OPEN, timedelta(days=13), {"late:1": 1, "late:3": 1, "late:7": 1, "late:14": 1}),
        (PoStatus.NEW, timedelta(microseconds=-1), {}),
        (PoStatus.NEW, timedelta(days=30), {"unsent": 1}),
        (PoStatus.RECEIVED, timedelta(days=30), {}),
        (PoStatus.CLOSED, timedelta(days=30), {}),
        (PoStatus.ERROR, timedelta(days=30), {"cause:": 1}),
    ],
)
def test_an_order_is_late_from_the_day_after_its_due_date(
    walled: Flask, make: Factory, status: PoStatus, late_for: timedelta, expected: dict[str, int]
) -> None:
    make.purchase_order(status=status, late_from=NOW - late_for)
    make.purchase_order(status=status, late_from=None, failed_step="rules" if status is PoStatus.ERROR else "")
    found = needed(walled)
    found.pop("cause:rules", None)
    assert found == expected


def test_changes_receipts_and_refused_records_that_wait_are_counted(walled: Flask, make: Factory) -> None:
    connection = make.connection()
    orders = [make.purchase_order(connection, status=PoStatus.OPEN) for _ in range(3)]
    for order, kind in zip(orders, ("change", "cancel", ""), strict=True):
        if kind:
            make.add(
                PendingChange(
                    purchase_order_id=order.id, kind=kind, snapshot={}, content_digest="c", raw_digest=f"r{order.id}"
                )
            )
    for state in ReceiptState:
        make.receipt(orders[0], state=state)
    make.receipt(orders[0], state=ReceiptState.ERROR, discrepancy="over")
    for number, word in enumerate(("open", "open", "open", "retried", "ignored")):
        of = {"connection_id": connection.id, "merchant_id": connection.merchant_id}
        make.add(RunFailure(run_id=1, reason="It has no lines.", text="{}", digest=f"d{number}", state=word, **of))
    assert needed(walled) == {"changes": 2, "receipts": 2, "refused": 3}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"state": "failed", "attempts": 8}, "failed"),
        ({"state": "failed", "attempts": 1, "unknown": True}, "failed"),
        ({"state": "due", "attempts": 2}, ""),
        ({"state": "due", "attempts": 3}, "retrying"),
        ({"state": "leased", "attempts": 3, "lease_until": NOW}, "retrying"),
        ({"state": "due", "attempts": 1, "unknown": True}, "unknown"),
        ({"state": "due", "attempts": 5, "unknown": True}, "unknown"),
        # It has the doubt of an older message, and was not tried yet.
        ({"state": "due", "attempts": 0, "unknown": True}, ""),
        ({"state": "done", "attempts": 7}, ""),
        ({"state": "superseded", "attempts": 7, "unknown": True}, ""),
        ({"state": "withdrawn", "attempts": 7}, ""),
    ],
)
def test_a_message_is_stuck_in_one_way_or_in_none(
    walled: Flask, make: Factory, values: dict[str, Any], expected: str
) -> None:
    delivery = add_delivery(make, make.purchase_order(status=PoStatus.OPEN), **values)
    assert needed(walled) == ({f"stuck:{expected}": 1} if expected else {})
    for word in ("failed", "retrying", "unknown"):
        assert stuck_ids(walled, word) == ([delivery.id] if word == expected else []), word


def stuck_ids(app: Flask, word: str) -> list[int]:
    """The deliveries that the list shows as stuck in one way."""
    ask = Ask(NOW, chosen={"stuck": (word,)})
    return ask_as(app, ADMIN, lambda session: [row.id for row in find(session, DELIVERIES, ask).rows])


@pytest.mark.parametrize(
    ("kinds", "status", "stuck"),
    [
        ("create", PoStatus.ERROR, True),
        # Reprocess sent it again: what became of that one is what counts.
        ("create create", PoStatus.OPEN, False),
        ("create update", PoStatus.ERROR, False),
        # A message to the source says nothing about the one to the warehouse.
        ("create status", PoStatus.ERROR, True),
        ("status status", PoStatus.RECEIVED, False),
        ("status update", PoStatus.RECEIVED, True),
        ("status", PoStatus.CLOSED, True),
        # A person put it away, or the source took it back: nobody waits for it.
        ("create", PoStatus.ARCHIVED, False),
        ("create", PoStatus.CANCELED, False),
    ],
)
def test_a_failed_message_is_stuck_while_somebody_should_still_act(
    walled: Flask, make: Factory, kinds: str, status: PoStatus, stuck: bool
) -> None:
    order = make.purchase_order(status=status, failed_step="send")
    failed, *later = kinds.split()
    add_delivery(make, order, kind=failed, state="failed")
    for kind in later:
        add_delivery(make, order, kind=kind, state="done", version=2)
    assert needed(walled).get("stuck:failed", 0) == int(stuck)


def test_a_failed_message_of_a_deleted_order_is_history(walled: Flask, make: Factory) -> None:
    order = make.purchase_order(status=PoStatus.OPEN)
    delivery = add_delivery(make, order, state="failed")
    with Session(make.engine) as session:
        session.get_one(Delivery, delivery.id).purchase_order_id = 987_654
        session.commit()
    assert needed(walled) == {}


@pytest.mark.parametrize(
    ("values", "found"),
    [(("failed",), 1), (("failed", "retrying"), 2), (("nonsense",), 0), (("nonsense", "retrying"), 1), ((), 3)],
)
def test_several_ways_of_being_stuck_can_be_asked_at_once(
    walled: Flask, make: Factory, values: tuple[str, ...], found: int
) -> None:
    for state, attempts in (("failed", 8), ("due", 3), ("done", 1)):
        add_delivery(make, make.purchase_order(status=PoStatus.OPEN), state=state, attempts=attempts)
    ask = Ask(NOW, chosen={"stuck": values})
    assert ask_as(walled, ADMIN, lambda session: find(session, DELIVERIES, ask).count) == found


def one_of_all(make: Factory, connection: Connection) -> None:
    """One of everything that needs a person."""
    for step in (*FailedStep, ""):
        make.purchase_order(connection, status=PoStatus.ERROR, failed_step=step)
    late = make.purchase_order(connection, status=PoStatus.OPEN, late_from=NOW - timedelta(days=20))
    make.purchase_order(connection, status=PoStatus.NEW, late_from=NOW)
    make.add(PendingChange(purchase_order_id=late.id, kind="change", snapshot={}, content_digest="c", raw_digest="r"))
    make.receipt(late, state=ReceiptState.ERROR)
    for state, attempts, unknown in (("failed", 8, False), ("due", 3, False), ("due", 1, True)):
        order = make.purchase_order(connection, status=PoStatus.OPEN)
        add_delivery(make, order, state=state, attempts=attempts, unknown=unknown)
    of = {"connection_id": connection.id, "merchant_id": connection.merchant_id}
    make.add(RunFailure(run_id=1, reason="It has no lines.", text="{}", digest=f"d{connection.id}", **of))


def test_a_limited_support_person_reads_the_figures_of_the_own_merchants(walled: Flask, make: Factory) -> None:
    mine, theirs = make.connection(), make.connection()
    one_of_all(make, mine)
    for _ in range(2):
        one_of_all(make, theirs)
    assert set(needed(walled, support_for(mine)).values()) == {1}
    assert set(needed(walled, support_for(theirs)).values()) == {2}
    assert set(needed(walled).values()) == {3}
    assert len(needed(walled, support_for(mine))) == len(needed(walled)) == 18
    for nobody in (NO_MERCHANT, NO_WAREHOUSE):
        assert needed(walled, nobody) == {}


def test_a_count_stops_at_the_cap_of_the_lists(walled: Flask, make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "COUNT_CAP", 2)
    connection = make.connection()
    for expected in (Count(1), Count(2), Count(2, capped=True), Count(2, capped=True)):
        make.purchase_order(connection, status=PoStatus.ERROR, failed_step="send")
        assert ask_as(walled, ADMIN, lambda session: dashboard.needs(session, NOW))["cause:send"] == expected
        assert ask_as(walled, ADMIN, lambda session: dashboard.by_status(session, NOW))["error"] == expected


def test_nothing_wanted_is_not_asked(walled: Flask) -> None:
    assert ask_as(walled, ADMIN, lambda session: count_all(session, {})) == {}


# --- where orders stand, and what is due


def listed(app: Flask, reader: Reader, ask: Ask) -> int:
    """How many orders the list shows."""
    return ask_as(app, reader, lambda session: find(session, ORDERS, ask).count)


def test_each_order_is_counted_under_the_status_that_is_shown(walled: Flask, make: Factory) -> None:
    mine, theirs = make.connection(), make.connection()
    make.purchase_order(theirs, status=PoStatus.OPEN)
    for number, status in enumerate(PoStatus, start=1):
        for _ in range(number):
            make.purchase_order(mine, status=status)
    for late_from in (NOW, NOW - timedelta(days=9)):
        make.purchase_order(mine, status=PoStatus.PARTIALLY_RECEIVED, late_from=late_from)
    # Not late yet, and late though New: neither is Delayed.
    make.purchase_order(mine, status=PoStatus.OPEN, late_from=NOW + timedelta(microseconds=1))
    make.purchase_order(mine, status=PoStatus.NEW, late_from=NOW)
    found = ask_as(walled, merchant_of(mine), lambda session: dashboard.by_status(session, NOW))
    assert {status: count.number for status, count in found.items()} == {
        "new": 2, "open": 3, "partially_received": 3, "delayed": 2, "received": 4, "error": 6, "closed": 7,
        "canceled": 5, "archived": 8,
    }  # fmt: skip
    assert list(found) == list(DISPLAY)
    for shown, count in found.items():
        assert listed(walled, merchant_of(mine), Ask(NOW, chosen={"status": (shown,)})) == count.number, shown


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((None, date(2026, 3, 9)), 1),
        ((date(2026, 3, 10), date(2026, 3, 10)), 1),
        ((date(2026, 3, 10), date(2026, 3, 15)), 2),
        ((date(2026, 3, 11), None), 2),
        ((None, None), 5),
    ],
)
def test_what_is_due_within_a_range_of_days(
    walled: Flask, make: Factory, ends: tuple[date | None, date | None], expected: int
) -> None:
    mine, theirs = make.connection(), make.connection()
    for due in (date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 15), date(2026, 3, 16), None):
        for connection in (mine, theirs):
            make.purchase_order(connection, status=PoStatus.OPEN, due_date=due)
        # What has ended is not due, and what was not sent is not a partner's to see.
        make.purchase_order(mine, status=PoStatus.RECEIVED, due_date=due)
        make.purchase_order(mine, status=PoStatus.NEW, due_date=due)
    asked = {"it": ends}
    found = ask_as(walled, partner_at(mine), lambda session: dashboard.due(session, asked))
    assert found == {"it": Count(expected)}
    ask = Ask(NOW, chosen={"status": UNFINISHED}, dates={"due": ends})
    assert listed(walled, partner_at(mine), ask) == expected


# --- inbound by week


def inbound(app: Flask, reader: Reader = ADMIN, today: date = TODAY) -> list[Span]:
    """The spans for a reader."""
    return ask_as(app, reader, lambda session: dashboard.inbound(session, today))


@pytest.mark.parametrize(
    ("today", "first_days"),
    [
        # Tuesday: this week is what is left of it.
        (date(2026, 3, 10), ["2026-03-10", "2026-03-16", "2026-03-23", "2026-03-30", "2026-04-06"]),
        # On a Monday it is a whole week, on a Sunday one day.
        (date(2026, 3, 9), ["2026-03-09", "2026-03-16", "2026-03-23", "2026-03-30", "2026-04-06"]),
        (date(2026, 3, 15), ["2026-03-15", "2026-03-16", "2026-03-23", "2026-03-30", "2026-04-06"]),
        (date(2026, 12, 30), ["2026-12-30", "2027-01-04", "2027-01-11", "2027-01-18", "2027-01-25"]),
    ],
)
def test_the_spans_follow_each_other_without_a_gap(walled: Flask, db: Any, today: date, first_days: list[str]) -> None:
    spans = inbound(walled, today=today)
    assert len(spans) == 11
    assert (spans[0].first, spans[0].last) == (None, today - timedelta(days=1))
    assert [span.first.isoformat() for span in spans[1:6] if span.first] == first_days
    for one, following in pairwise(spans[:10]):
        assert one.last is not None
        assert following.first == one.last + timedelta(days=1)
    assert spans[9].last is None
    assert (spans[10].first, spans[10].last) == (None, None)
    assert {(span.records, span.units) for span in spans} == {(0, Decimal(0))}


@pytest.mark.parametrize(
    ("due", "place"),
    [
        (date(2020, 1, 1), 0),
        (date(2026, 3, 9), 0),
        (date(2026, 3, 10), 1),
        (date(2026, 3, 15), 1),
        (date(2026, 3, 16), 2),
        (date(2026, 3, 22), 2),
        (date(2026, 5, 3), 8),
        (date(2026, 5, 4), 9),
        (date.max, 9),
        (None, 10),
    ],
)
def test_an_unfinished_order_is_in_one_span_with_what_is_still_to_come(
    walled: Flask, make: Factory, due: date | None, place: int
) -> None:
    connection = make.connection()
    make.purchase_order(
        connection,
        status=PoStatus.PARTIALLY_RECEIVED,
        due_date=due,
        units_ordered=Decimal("10.5"),
        units_received=Decimal(4),
    )
    make.purchase_order(connection, status=PoStatus.NEW, due_date=due, units_ordered=Decimal(3))
    # More came than was ordered: nothing is to come, and that takes nothing off the others.
    make.purchase_order(
        connection, status=PoStatus.OPEN, due_date=due, units_ordered=Decimal(1), units_received=Decimal(90)
    )
    for ended in (PoStatus.RECEIVED, PoStatus.ERROR, PoStatus.CLOSED, PoStatus.CANCELED, PoStatus.ARCHIVED):
        make.purchase_order(connection, status=ended, due_date=due)
    spans = inbound(walled)
    assert [number for number, span in enumerate(spans) if span.records] == [place]
    assert (spans[place].records, spans[place].units) == (3, Decimal("9.5"))
    dates = {} if due is None else {"due": (spans[place].first, spans[place].last)}
    chosen = {"status": UNFINISHED, "due_in": ("none",) if due is None else ()}
    ask = Ask(NOW, chosen=chosen, dates=dates)
    assert listed(walled, ADMIN, ask) == 3


def test_each_reader_expects_the_own_orders(walled: Flask, make: Factory) -> None:
    mine, theirs = make.connection(), make.connection()
    make.purchase_order(mine, status=PoStatus.OPEN, due_date=TODAY, units_ordered=Decimal(5))
    make.purchase_order(mine, status=PoStatus.NEW, due_date=TODAY, units_ordered=Decimal(7))
    make.purchase_order(theirs, status=PoStatus.OPEN, due_date=TODAY, units_ordered=Decimal(100))
    for reader, expected in (
        (ADMIN, (3, 112)),
        (support_for(mine), (2, 12)),
        (merchant_of(mine), (2, 12)),
        (partner_at(mine), (1, 5)),
        (NO_MERCHANT, (0, 0)),
        (NO_WAREHOUSE, (0, 0)),
    ):
        span = inbound(walled, reader)[1]
        assert (span.records, int(span.units)) == expected, reader


# --- receipts per day


def per_day(app: Flask, reader: Reader = ADMIN, today: date = TODAY, zone: ZoneInfo = BERLIN) -> dict[date, Any]:
    """Receipts and units of the days that have any."""
    spans = ask_as(app, reader, lambda session: dashboard.receipts_per_day(session, today, zone))
    assert [span.first for span in spans] == [today - timedelta(days=back) for back in range(13, -1, -1)]
    assert all(span.first == span.last for span in spans)
    return {span.first: (span.records, span.units) for span in spans if span.first and span.records}


@pytest.mark.parametrize(
    ("at", "zone", "day"),
    [
        ("2026-03-09T23:30:00+00:00", "Europe/Berlin", date(2026, 3, 10)),
        ("2026-03-09T22:59:59+00:00", "Europe/Berlin", date(2026, 3, 9)),
        ("2026-03-09T23:30:00+00:00", "UTC", date(2026, 3, 9)),
        ("2026-03-10T04:00:00+00:00", "America/New_York", date(2026, 3, 10)),
        ("2026-03-10T03:59:59+00:00", "America/New_York", date(2026, 3, 9)),
        # The clocks of New York went forward on the 8th: its day began at 5:00 and the next one at 4:00.
        ("2026-03-08T05:00:00+00:00", "America/New_York", date(2026, 3, 8)),
        ("2026-03-09T03:59:59+00:00", "America/New_York", date(2026, 3, 8)),
        ("2026-03-09T18:15:00+00:00", "Asia/Kathmandu", date(2026, 3, 10)),
    ],
)
def test_a_receipt_belongs_to_the_day_of_the_readers_zone(
    walled: Flask, make: Factory, at: str, zone: str, day: date
) -> None:
    order = make.purchase_order(status=PoStatus.OPEN)
    make.receipt(order, quantities=[3], created_at=datetime.fromisoformat(at))
    assert per_day(walled, zone=ZoneInfo(zone)) == {day: (1, Decimal(3))}


def test_the_days_hold_all_receipts_of_fourteen_days_and_no_others(walled: Flask, make: Factory) -> None:
    order = make.purchase_order(status=PoStatus.OPEN)
    first = datetime(2026, 2, 24, 23, tzinfo=UTC)
    end = datetime(2026, 3, 10, 23, tzinfo=UTC)
    moment = timedelta(microseconds=1)
    for at in (first - moment, first, end - moment, end):
        make.receipt(order, quantities=[2, Decimal("0.5")], created_at=at)
    # A correction takes off what it corrects.
    make.receipt(order, quantities=[-2], correction=1, created_at=end - moment)
    assert per_day(walled) == {date(2026, 2, 25): (1, Decimal("2.5")), date(2026, 3, 10): (2, Decimal("0.5"))}


@pytest.mark.parametrize("state", list(ReceiptState))
def test_a_stored_receipt_counts_whatever_became_of_it_as_in_the_list(
    walled: Flask, make: Factory, state: ReceiptState
) -> None:
    make.receipt(make.purchase_order(status=PoStatus.OPEN), state=state, created_at=NOW)
    assert per_day(walled) == {TODAY: (1, Decimal(1))}
    ask = Ask(NOW, dates={"created": (TODAY, TODAY)})
    assert ask_as(walled, ADMIN, lambda session: find(session, RECEIPTS, ask).count) == 1


def test_each_reader_counts_the_own_receipts(walled: Flask, make: Factory) -> None:
    mine, theirs = make.connection(), make.connection()
    for connection, quantity in ((mine, 5), (theirs, 100)):
        order = make.purchase_order(connection, status=PoStatus.OPEN)
        make.receipt(order, quantities=[quantity], created_at=NOW)
    # One that found no order yet is seen by its warehouse, and by no merchant.
    make.receipt(warehouse_id=mine.warehouse_id, quantities=[1], created_at=NOW)
    for reader, expected in (
        (ADMIN, (3, Decimal(106))),
        (support_for(mine), (1, Decimal(5))),
        (merchant_of(mine), (1, Decimal(5))),
        (partner_at(mine), (2, Decimal(6))),
    ):
        assert per_day(walled, reader) == {TODAY: expected}, reader
    for reader in (NO_MERCHANT, NO_WAREHOUSE):
        assert per_day(walled, reader) == {}
