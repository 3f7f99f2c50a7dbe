"""The line of custody: two tables as one line, in pages that lose nothing and show nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.domain import activity
from app.domain.people import Reader
from app.domain.states import PoStatus
from app.models import Activity, Delivery, DeliveryAttempt, OrderKey, PurchaseOrder
from app.queries import custody
from app.queries.custody import Place, line_of, messages_of, place_of
from tests.factories import NOON, Factory
from tests.queries.walled import ADMIN, NO_MERCHANT, NO_WAREHOUSE, ask_as, merchant_of, partner_at, support_for
from tests.servers import Database

MICROSECOND = timedelta(microseconds=1)
# (of which table, microseconds after noon): few instants, so that most rows share theirs with others.
LAID = st.lists(st.tuples(st.sampled_from(["activity", "attempt"]), st.integers(0, 3)), max_size=24)


class Line:
    """One order whose line is laid row by row, in the order given."""

    def __init__(self, make: Factory, order: PurchaseOrder | None = None) -> None:
        self.make, self.order = make, order or make.purchase_order(status=PoStatus.OPEN)
        self.message = self.deliver("create")
        self.wanted: list[tuple[datetime, int, int]] = []

    def deliver(self, kind: str, **values: Any) -> Delivery:
        """A message of the order."""
        order = self.order
        with Session(self.make.engine) as session:
            key = session.query(OrderKey.id).filter_by(purchase_order_id=order.id).scalar()
        about = {"connection_id": order.connection_id, "merchant_id": order.merchant_id, "po_key_id": key}
        named = {"purchase_order_id": order.id, "external_id": order.external_id, "number": order.number}
        return self.make.add(Delivery(**{"kind": kind, "warehouse_id": order.warehouse_id, **about, **named, **values}))

    def told(self, at: datetime = NOON, kind: str = "comment", **data: Any) -> Activity:
        """A row of the timeline."""
        row = self.make.add(Activity(kind=kind, at=at, purchase_order_id=self.order.id, data=data))
        self.wanted.append((row.at, 1, row.id))
        return row

    def tried(self, at: datetime = NOON, message: Delivery | None = None, number: int = 1) -> DeliveryAttempt:
        """A try of a message."""
        message = message or self.message
        about = {"delivery_id": message.id, "merchant_id": message.merchant_id, "number": number, "duration_ms": 1}
        row = self.make.add(DeliveryAttempt(at=at, action="create", outcome="accepted", request="R" * 50, **about))
        self.wanted.append((row.at, 0, row.id))
        return row

    def part(self, app: Flask, reader: Reader, size: int, group: str, before: Place | None) -> custody.Part:
        """One page of it."""
        return ask_as(app, reader, lambda s: line_of(s, self.order.id, reader, group=group, before=before, size=size))

    def pages(self, app: Flask, reader: Reader = ADMIN, size: int = 50, group: str = "") -> list[list[Place]]:
        """All pages of it, as their places."""
        found: list[list[Place]] = []
        before: Place | None = None
        while before is not None or not found:
            part = self.part(app, reader, size, group, before)
            found.append([step.place for step in part.steps])
            # As an address carries it.
            before = place_of(str(part.older)) if part.older else None
        return found


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(laid=LAID, size=st.integers(1, 7))
def test_pages_hold_every_row_once_and_in_order_also_at_equal_times(
    make: Factory, walled: Flask, laid: list[tuple[str, int]], size: int
) -> None:
    line = Line(make)
    for table, after in laid:
        (line.told if table == "activity" else line.tried)(NOON + after * MICROSECOND)
    pages = line.pages(walled, size=size)
    places = [(place.at, place.rank, place.id) for page in pages for place in page]
    assert places == sorted(line.wanted, reverse=True)
    assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)
    assert len(pages) == max(1, -(-len(laid) // size))


def test_rows_written_between_two_pages_move_nothing(make: Factory, walled: Flask) -> None:
    line = Line(make)
    for number in range(6):
        line.told(NOON + number * MICROSECOND)
    first = ask_as(walled, ADMIN, lambda s: line_of(s, line.order.id, ADMIN, size=3))
    expected = sorted(line.wanted, reverse=True)[3:]
    line.told(NOON + timedelta(hours=1))
    rest = ask_as(walled, ADMIN, lambda s: line_of(s, line.order.id, ADMIN, before=first.older, size=50))
    assert [(step.place.at, step.place.rank, step.place.id) for step in rest.steps] == expected


@pytest.mark.parametrize(
    "at",
    [NOON, datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC), NOON + MICROSECOND],
)
@pytest.mark.parametrize(("rank", "number"), [(0, 1), (1, 2**63 - 1)])
def test_a_place_comes_back_from_its_text(at: datetime, rank: int, number: int) -> None:
    assert place_of(str(Place(at, rank, number))) == Place(at, rank, number)


@pytest.mark.parametrize(
    "text",
    [
        "", "1", "1.1", "1.1.1.1", "a.1.1", "1.2.1", "-1.1.1", "1.1.-1", "1.1.", "..", "1.1.9223372036854775808",
        "9999999999999999999.1.1", "99999999999999999999999.1.1", "٣.1.1", "1e9.1.1", "1.1.1 ", "1.1.1'--", "²5.1.1",
    ],
)  # fmt: skip
def test_what_is_no_place_is_none(text: str) -> None:
    assert place_of(text) is None


@pytest.mark.parametrize(
    ("data", "number", "shown"),
    [
        ({"attempt": 1}, 1, False),
        ({"attempt": 2}, 1, True),
        ({"attempt": 2}, 2, False),
        # A cancellation that was confirmed names its message only: all its tries are behind that.
        ({}, 1, False),
        ({}, 3, False),
    ],
)
def test_a_try_that_an_entry_tells_of_is_not_beside_it(
    make: Factory, walled: Flask, data: dict[str, int], number: int, shown: bool
) -> None:
    line = Line(make)
    row = line.told(NOON + MICROSECOND, "accepted", delivery=line.message.id, **data)
    tried = line.tried(number=number)
    assert [place.id for page in line.pages(walled) for place in page] == [row.id, *([tried.id] * shown)]


def test_an_entry_of_another_message_or_order_hides_no_try(make: Factory, walled: Flask) -> None:
    line, other = Line(make), Line(make)
    tried = line.tried()
    line.told(NOON - MICROSECOND, "accepted", delivery=other.message.id, attempt=1)
    other.told(NOON, "accepted", delivery=line.message.id, attempt=1)
    assert line.pages(walled)[0][0] == Place(NOON, 0, tried.id)


def test_a_group_holds_its_kinds_and_the_tries_of_its_messages(make: Factory, walled: Flask) -> None:
    line = Line(make)
    status = line.deliver("status")
    rows = {kind: line.told(NOON, kind).id for kind in activity.KINDS}
    create, push = line.tried().id, line.tried(message=status).id
    everything: list[int] = []
    for group in activity.GROUPS:
        (page,) = line.pages(walled, group=group)
        told = {place.id for place in page if place.rank == 1}
        tries = {place.id for place in page if place.rank == 0}
        assert told == {rows[kind] for kind in activity.kinds_of(group)}
        assert tries == {"warehouse": {create}, "told": {push}}.get(group, set())
        everything += told
    assert sorted(everything) == sorted(rows.values())


def test_an_unknown_kind_is_in_the_whole_line_and_in_no_group(make: Factory, walled: Flask) -> None:
    line = Line(make)
    row = line.told(NOON, "kind of an older version")
    assert [[place.id for place in page] for page in line.pages(walled)] == [[row.id]]
    assert [line.pages(walled, group=group) for group in activity.GROUPS] == [[[]]] * len(activity.GROUPS)


def test_each_reader_gets_what_is_theirs(make: Factory, walled: Flask) -> None:
    connection = make.connection()
    line = Line(make, make.purchase_order(connection, status=PoStatus.OPEN))
    line.told(NOON, "accepted")
    line.told(NOON, "judged")
    line.tried(number=7)
    foreign = make.connection()
    for reader, count in (
        (ADMIN, 3), (support_for(connection), 3), (support_for(foreign), 0), (merchant_of(connection), 2),
        (merchant_of(foreign), 0), (NO_MERCHANT, 0), (partner_at(connection), 1), (partner_at(foreign), 0),
        (NO_WAREHOUSE, 0),
    ):  # fmt: skip
        (page,) = line.pages(walled, reader)
        assert len(page) == count, reader
        if not reader.is_staff:
            assert {place.rank for place in page} <= {1}


def test_one_entry_is_found_in_its_order_only(make: Factory, walled: Flask) -> None:
    line, other = Line(make), Line(make)
    row, tried = line.told(), line.tried()
    for po_id, there in ((line.order.id, True), (other.order.id, False)):
        assert is_found(walled, po_id, row.id, tried.id) == (there, there)
        assert tries(walled, po_id, line.message.id, None) == [tried.id] * there


def is_found(app: Flask, po_id: int, row_id: int, attempt_id: int) -> tuple[bool, bool]:
    """Whether an entry and a try are found in an order."""
    row = ask_as(app, ADMIN, lambda s: custody.entry_of(s, po_id, row_id))
    return row is not None, ask_as(app, ADMIN, lambda s: custody.attempt_of(s, po_id, attempt_id)) is not None


def test_the_tries_behind_an_entry_are_those_of_its_attempt(make: Factory, walled: Flask) -> None:
    line = Line(make)
    ids = {number: [line.tried(number=number).id for _ in range(2)] for number in (1, 2)}

    assert tries(walled, line.order.id, line.message.id, 1) == ids[1][::-1]
    assert tries(walled, line.order.id, line.message.id, None) == [*ids[2][::-1], *ids[1][::-1]]
    assert tries(walled, line.order.id, line.message.id, 9) == []


def tries(app: Flask, po_id: int, delivery_id: int, number: int | None) -> list[int]:
    """The ids of the tries behind an entry."""
    return ask_as(app, ADMIN, lambda s: [a.id for a, _ in custody.tries_of(s, po_id, delivery_id, number)])


def test_messages_come_in_pages_with_their_tries_and_targets(make: Factory, walled: Flask) -> None:
    line = Line(make)
    ids = [line.message.id, *(line.deliver("status", warehouse_id=None, state="done").id for _ in range(59))]
    tried = line.tried()
    pages: list[list[int]] = []
    before: int | None = None
    while before is not None or not pages:

        def ask(session: Any, before: int | None = before) -> tuple[list[int], Any, Any, int | None]:
            sent = messages_of(session, line.order.id, before)
            ids = [message.id for message in sent.messages]
            return ids, [row.id for row in sent.tries[ids[-1]]], dict(sent.warehouses), sent.older

        page, tried_last, targets, before = ask_as(walled, ADMIN, ask)
        pages.append(page)
    assert [number for page in pages for number in page] == ids[::-1]
    assert [len(page) for page in pages] == [25, 25, 10]
    assert tried_last == [tried.id]
    assert list(targets) == [line.order.warehouse_id]


def test_the_mapped_record_is_that_of_its_own_text(db: Database, make: Factory, walled: Flask) -> None:
    order = make.purchase_order(status=PoStatus.OPEN, source_document_id=41)
    assert ask_as(walled, ADMIN, lambda s: custody.snapshot_of(s, order.id, 41)) == order.snapshot
    assert ask_as(walled, ADMIN, lambda s: custody.snapshot_of(s, order.id, 42)) is None
    assert db.url
