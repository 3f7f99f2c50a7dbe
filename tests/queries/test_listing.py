"""Lists asked of the database: what a search, a filter, a range of days and a sort find, to the row."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, func, literal, select
from sqlalchemy.orm import Session

from app.domain.states import PoStatus
from app.queries import listing as module
from app.queries.catalog import ACCOUNTS, CONNECTIONS, MERCHANTS, RULES, STORES, WAREHOUSES
from app.queries.listing import Ask, Listing, contains, contains_key, find
from app.queries.orders import LINES, ORDERS
from app.queries.receipts import RECEIPTS
from app.queries.work import DELIVERIES, FAILURES, RUNS
from tests.factories import NOON, Factory
from tests.servers import Database

ALL = (ACCOUNTS, CONNECTIONS, DELIVERIES, FAILURES, LINES, MERCHANTS, ORDERS, RECEIPTS, RULES, RUNS, STORES, WAREHOUSES)
NAMES = [listing.model.__tablename__ for listing in ALL]
SIGNS = st.text(st.sampled_from("aBñÄ%_\\' 1"), max_size=6)


def numbers(engine: Engine, listing: Listing, ask: Ask) -> list[int]:
    """The ids of the found rows."""
    with Session(engine) as session:
        return [row.id for row in find(session, listing, ask).rows]


def names(engine: Engine, ask: Ask) -> list[str]:
    """The names of the found merchants."""
    with Session(engine) as session:
        return [row.name for row in find(session, MERCHANTS, ask).rows]


@given(whole=SIGNS, part=SIGNS)
def test_a_search_means_the_signs_themselves(shared_database: Database, whole: str, part: str) -> None:
    with shared_database.engine.connect() as connection:
        found = connection.scalar(select(contains(func.lower(literal(whole)), part)))
        assert found is (part.lower() in whole.lower())
        # Keys know lower case for A to Z only.
        key = func.lower(literal(whole).collate("C"))
        plain = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
        assert connection.scalar(select(contains_key(key, part))) is (part.translate(plain) in whole.translate(plain))


@pytest.mark.parametrize("listing", ALL, ids=NAMES)
def test_every_declared_name_can_be_asked(db: Database, listing: Listing) -> None:
    days = (date(2026, 3, 1), date(2026, 3, 31))
    for sort in listing.sorts:
        assert numbers(db.engine, listing, Ask(NOON, sort=sort, descending=True)) == []
    for name in listing.filters:
        assert numbers(db.engine, listing, Ask(NOON, chosen={name: ("1", "open", "x")})) == []
    for name in listing.dates:
        assert numbers(db.engine, listing, Ask(NOON, dates={name: days})) == []
    assert numbers(db.engine, listing, Ask(NOON, search="x' OR true --")) == []
    assert listing.default_sort in listing.sorts


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (Ask(NOON), ["alpha", "Beta", "gamma"]),
        (Ask(NOON, sort="name", descending=True), ["gamma", "Beta", "alpha"]),
        (Ask(NOON, sort="timeout"), ["gamma", "alpha", "Beta"]),
        (Ask(NOON, sort="timeout", descending=True), ["Beta", "alpha", "gamma"]),
        (Ask(NOON, sort="no such", descending=True), ["alpha", "Beta", "gamma"]),
        (Ask(NOON, search="  BET "), ["Beta"]),
        (Ask(NOON, search="   "), ["alpha", "Beta", "gamma"]),
        (Ask(NOON, search="%"), []),
        (Ask(NOON, chosen={"no such": ("1",)}), ["alpha", "Beta", "gamma"]),
        (Ask(NOON, dates={"no such": (date(2020, 1, 1), None)}), ["alpha", "Beta", "gamma"]),
        (Ask(NOON, size=2), ["alpha", "Beta"]),
        (Ask(NOON, size=2, page=2), ["gamma"]),
        (Ask(NOON, size=2, page=3), []),
    ],
)
def test_what_is_asked_is_found_in_its_order(db: Database, make: Factory, ask: Ask, expected: list[str]) -> None:
    for name, days in (("gamma", 5), ("alpha", 30), ("Beta", 90)):
        make.merchant(name=name, open_timeout_days=days)
    assert names(db.engine, ask) == expected


def test_equal_values_keep_one_order_over_all_pages(db: Database, make: Factory) -> None:
    ids = [make.merchant().id for _ in range(7)]
    for descending in (False, True):
        pages = [
            numbers(db.engine, MERCHANTS, Ask(NOON, sort="timeout", descending=descending, page=page, size=3))
            for page in (1, 2, 3)
        ]
        assert [row for page in pages for row in page] == (ids[::-1] if descending else ids)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("{0}",), 1),
        (("{0}", "{0}"), 1),
        (("{0}", "abc", "", "-1", "²", "9223372036854775808", "9" * 5_000), 1),
        (("0{0}",), 1),
        (("abc",), 0),
        (("9223372036854775807",), 0),
        (("+{0}", " {0}", "{0}.0", "1_0"), 0),
        ((), 2),
    ],
)
def test_a_filter_by_ids_takes_what_is_an_id(
    db: Database, make: Factory, values: tuple[str, ...], expected: int
) -> None:
    connection = make.connection()
    make.connection()
    chosen = {"merchant": tuple(value.format(connection.merchant_id) for value in values)}
    found = numbers(db.engine, CONNECTIONS, Ask(NOON, chosen=chosen))
    assert len(found) == expected
    assert expected != 1 or found == [connection.id]


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        (date(2026, 3, 4), date(2026, 3, 4), True),
        (date(2026, 3, 5), None, False),
        (None, date(2026, 3, 3), False),
        (None, date(2026, 3, 4), True),
        (date(2026, 3, 5), date(2026, 3, 3), False),
        (date.min, date.max, True),
        (date.max, date.max, False),
        (None, date.min, False),
        (None, None, True),
    ],
)
def test_a_range_of_days_holds_both_whole_days_in_utc(
    db: Database, make: Factory, first: date | None, last: date | None, found: bool
) -> None:
    begins, connection = datetime(2026, 3, 4, tzinfo=UTC), make.connection()
    instants = [begins, begins + timedelta(days=1) - timedelta(microseconds=1)]
    ids = [make.purchase_order(connection, ordered_at=at, due_date=at.date()).id for at in instants]
    for name in ("ordered", "due"):
        ask = Ask(NOON, dates={name: (first, last)}, sort=name)
        assert numbers(db.engine, ORDERS, ask) == (ids if found else []), name


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (("open",), ["on time"]),
        (("delayed",), ["late"]),
        (("open", "delayed"), ["late", "on time"]),
        (("partially_received",), []),
        (("new",), ["new"]),
        (("OPEN", "nonsense", ""), []),
        (("nonsense", "new"), ["new"]),
    ],
)
def test_a_status_is_the_one_that_is_shown(
    db: Database, make: Factory, chosen: tuple[str, ...], expected: list[str]
) -> None:
    connection = make.connection()
    make.purchase_order(connection, number="on time", status=PoStatus.OPEN, late_from=NOON + timedelta(microseconds=1))
    make.purchase_order(connection, number="late", status=PoStatus.OPEN, late_from=NOON)
    make.purchase_order(connection, number="new", status=PoStatus.NEW)
    with Session(db.engine) as session:
        rows = find(session, ORDERS, Ask(NOON, chosen={"status": chosen}, sort="number")).rows
    assert [order.number for order in rows] == expected


def test_the_count_says_when_there_are_more(db: Database, make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COUNT_CAP", 3)
    for rows, count, capped in ((1, 1, False), (2, 2, False), (3, 3, False), (4, 3, True)):
        make.merchant()
        with Session(db.engine) as session:
            found = find(session, MERCHANTS, Ask(NOON))
        assert (len(found.rows), found.count, found.capped) == (rows, count, capped)
