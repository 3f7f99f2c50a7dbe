"""What a list of orders can be limited to: late, by cause, waiting, due; asked of the database, to the row."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.domain.states import PoStatus, ReceiptState
from app.models import PendingChange, PurchaseOrder, Step
from app.queries.listing import Ask, find
from app.queries.order_filters import CAUSE, LATE, WAITS, days_late
from app.queries.orders import ORDERS, exactly
from tests.factories import NOON, Factory
from tests.servers import Database

MIDNIGHT = NOON.replace(hour=0)


def found(engine: Engine, orders: dict[str, PurchaseOrder], ask: Ask) -> set[str]:
    """The names of the orders that are found."""
    with Session(engine) as session:
        ids = {row.id for row in find(session, ORDERS, ask).rows}
    return {name for name, order in orders.items() if order.id in ids}


@pytest.fixture
def late(make: Factory) -> dict[str, PurchaseOrder]:
    """Orders of each status, late since midnight or for longer; `late_from` is the instant after the due day."""
    connection = make.connection()

    def order(status: PoStatus, days: float | None) -> PurchaseOrder:
        late_from = None if days is None else NOON - timedelta(days=days)
        return make.purchase_order(connection, status=status, late_from=late_from)

    return {
        "just": order(PoStatus.OPEN, 0),
        "in a second": order(PoStatus.OPEN, -1 / 86_400),
        "almost two": order(PoStatus.OPEN, 1 - 1 / 86_400),
        "two": order(PoStatus.PARTIALLY_RECEIVED, 1),
        "seven": order(PoStatus.OPEN, 6),
        "thirty": order(PoStatus.OPEN, 29),
        "new": order(PoStatus.NEW, 40),
        "received": order(PoStatus.RECEIVED, 40),
        "error": order(PoStatus.ERROR, 40),
        "never": order(PoStatus.OPEN, None),
    }


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (("1",), {"just", "almost two", "two", "seven", "thirty"}),
        (("2",), {"two", "seven", "thirty"}),
        (("3",), {"seven", "thirty"}),
        (("7",), {"seven", "thirty"}),
        (("8",), {"thirty"}),
        (("30",), {"thirty"}),
        (("31",), set()),
        (("99999",), set()),
        (("past_due",), {"just", "almost two", "two", "seven", "thirty", "new"}),
        (("30", "7"), {"seven", "thirty"}),
        (("30", "past_due"), {"just", "almost two", "two", "seven", "thirty", "new"}),
        (("0",), set()),
        (("-1",), set()),
        (("soon",), set()),
        (("999999999999",), set()),
        (("soon", "30"), {"thirty"}),
    ],
)
def test_late_by_days_concerns_delayed_ones_and_past_due_all_unfinished(
    db: Database, late: dict[str, PurchaseOrder], values: tuple[str, ...], names: set[str]
) -> None:
    assert found(db.engine, late, Ask(NOON, chosen={"late": values})) == names


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("1", 1),
        ("007", 7),
        ("99999", 99_999),
        ("100000", 0),
        ("0", 0),
        ("", 0),
        ("-3", 0),
        ("٣", 0),
        ("1.5", 0),
        ("²", 0),
    ],
)
def test_days_are_read_from_plain_digits(text: str, days: int) -> None:
    assert days_late(text) == days


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (("send",), {"send"}),
        (("send", "rules"), {"send", "rules"}),
        (("other",), {"older"}),
        (("other", "send"), {"send", "older"}),
        (("nonsense",), set()),
        (("",), set()),
    ],
)
def test_a_cause_is_that_of_an_order_in_error(
    db: Database, make: Factory, values: tuple[str, ...], names: set[str]
) -> None:
    connection = make.connection()
    orders = {
        "send": make.purchase_order(connection, status=PoStatus.ERROR, failed_step="send"),
        "rules": make.purchase_order(connection, status=PoStatus.ERROR, failed_step="rules"),
        "older": make.purchase_order(connection, status=PoStatus.ERROR),
        "open": make.purchase_order(connection, status=PoStatus.OPEN),
    }
    assert found(db.engine, orders, Ask(NOON, chosen={"cause": values})) == names


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (("change",), {"changed"}),
        (("receipt",), {"failed"}),
        (("edited",), {"edited"}),
        (("held",), {"held"}),
        (("change", "held"), {"changed", "held"}),
        (("nonsense", "edited"), {"edited"}),
        (("nonsense",), set()),
    ],
)
def test_what_waits_is_found_by_any_of_the_chosen_ways(
    db: Database, make: Factory, values: tuple[str, ...], names: set[str]
) -> None:
    connection = make.connection()
    orders = {
        "changed": make.purchase_order(connection, status=PoStatus.OPEN),
        "failed": make.purchase_order(connection, status=PoStatus.OPEN),
        "edited": make.purchase_order(connection, edited=True),
        "held": make.purchase_order(connection, step=Step.HOLD),
        "plain": make.purchase_order(connection, status=PoStatus.OPEN),
    }
    make.add(
        PendingChange(
            purchase_order_id=orders["changed"].id, kind="change", snapshot={}, content_digest="c", raw_digest="r"
        )
    )
    make.receipt(orders["failed"], state=ReceiptState.ERROR)
    make.receipt(orders["plain"], state=ReceiptState.READY)
    # One that found no order waits on its own page.
    make.receipt(None, warehouse_id=connection.warehouse_id, state=ReceiptState.ERROR)
    assert found(db.engine, orders, Ask(NOON, chosen={"waits": values})) == names


def test_overdue_is_unfinished_and_none_is_without_a_date(
    db: Database, make: Factory, late: dict[str, PurchaseOrder]
) -> None:
    orders = {**late, "no date": make.purchase_order(due_date=None)}
    overdue = found(db.engine, orders, Ask(NOON, chosen={"due_in": ("overdue",)}))
    assert overdue == {"just", "almost two", "two", "seven", "thirty", "new"}
    assert found(db.engine, orders, Ask(NOON, chosen={"due_in": ("none",)})) == {"no date"}
    assert found(db.engine, orders, Ask(NOON, chosen={"due_in": ("soon",)})) == set()


@pytest.mark.parametrize(
    ("zone", "day", "names"),
    [
        ("UTC", date(2026, 3, 4), {"first", "noon", "last"}),
        ("UTC", date(2026, 3, 5), {"next"}),
        # Midnight in Auckland is eleven in the morning before, in UTC.
        ("Pacific/Auckland", date(2026, 3, 4), {"first"}),
        ("Pacific/Auckland", date(2026, 3, 5), {"noon", "last", "next"}),
        ("America/Los_Angeles", date(2026, 3, 3), {"first"}),
        ("America/Los_Angeles", date(2026, 3, 4), {"noon", "last", "next"}),
    ],
)
def test_the_day_of_an_instant_is_that_of_the_readers_zone(
    db: Database, make: Factory, zone: str, day: date, names: set[str]
) -> None:
    connection = make.connection()
    instants = {
        "first": MIDNIGHT,
        "noon": NOON,
        "last": MIDNIGHT + timedelta(days=1, seconds=-1),
        "next": MIDNIGHT + timedelta(days=1),
    }
    orders = {name: make.purchase_order(connection, imported_at=at) for name, at in instants.items()}
    ask = Ask(NOON, dates={"imported": (day, day)}, zone=ZoneInfo(zone))
    assert found(db.engine, orders, ask) == names


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Niue"])
@pytest.mark.parametrize("days", [(date.min, date.max), (date.min, date(1, 1, 2)), (date(9999, 12, 30), date.max)])
def test_the_ends_of_the_calendar_can_be_asked_in_any_zone(db: Database, zone: str, days: tuple[date, date]) -> None:
    assert found(db.engine, {}, Ask(NOON, dates={"imported": days, "due": days}, zone=ZoneInfo(zone))) == set()


def test_a_day_of_25_hours_is_one_day(db: Database, make: Factory) -> None:
    connection = make.connection()
    # The clocks in Berlin go back on 25 October 2026: the day ends at 23:00 UTC and began at 22:00 UTC.
    instants = {"first": (24, 22, 0), "last": (25, 22, 59), "after": (25, 23, 0), "before": (24, 21, 59)}
    orders = {
        name: make.purchase_order(connection, imported_at=datetime(2026, 10, day, hour, minute, tzinfo=UTC))
        for name, (day, hour, minute) in instants.items()
    }
    day = date(2026, 10, 25)
    ask = Ask(NOON, dates={"imported": (day, day)}, zone=ZoneInfo("Europe/Berlin"))
    assert found(db.engine, orders, ask) == {"first", "last"}


def test_an_exact_number_or_id_names_one_order_or_none(db: Database, make: Factory) -> None:
    connection, other = make.connection(), make.connection()
    one = make.purchase_order(connection, number="PO-77", external_id="ext_77%")
    for place in (connection, other):
        make.purchase_order(place, number="PO-7", external_id=f"E-{place.id}")
    make.purchase_order(other, number="ext_77", external_id="PO-8")
    lower, upper = (make.purchase_order(connection, number=number).id for number in ("quince-1", "QUINCE-1"))
    short = make.purchase_order(connection, number="a1")
    with Session(db.engine) as session:
        for text in ("PO-77", "ext_77%", "po-77", "EXT_77%"):
            assert exactly(session, text) == one.id, text
        assert exactly(session, "quince-1") == lower
        assert exactly(session, "QUINCE-1") == upper
        assert exactly(session, "a1") == short.id
        for text in ("PO-7", "po-7", "Quince-1", "A1", "PO-7%", "O-77", "ext_77% ", "", "PO-778", "Bolt Buyer"):
            assert exactly(session, text) is None, text


def test_every_choice_has_words_and_a_meaning(db: Database) -> None:
    for name, choices in (("late", LATE), ("cause", CAUSE), ("waits", WAITS)):
        for value, words in choices.items():
            assert words
            assert found(db.engine, {}, Ask(NOON, chosen={name: (value,)})) == set()
