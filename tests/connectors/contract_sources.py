"""What every source promises, one check for each promise."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from app.connectors.contract import FailedDocument, ImportWindow, RawDocument, SourceConnector
from app.connectors.errors import Ambiguous, Rejection
from app.domain.errors import BadRecord
from tests.connectors.contract_shared import (
    PAGE,
    World,
    check_declaration,
    check_door,
    check_secrets,
    error_of,
    must_raise,
    must_work,
)
from tests.connectors.kit import message, order


class SourceWorld(World, Protocol):
    """A source and the system behind it."""

    def connect(self) -> SourceConnector:
        """A new connector, as a new process would make it."""

    def loses_answers(self) -> SourceConnector | None:
        """A connector whose calls are carried out while the answer is lost; None where that cannot happen."""

    def failing(self) -> SourceConnector | None:
        """A connector whose calls fail; None where that cannot be brought about."""

    def offer(self, orders: Sequence[Mapping[str, Any]]) -> None:
        """Have the outside system offer these orders, in the default JSON layout."""

    def statuses(self) -> list[tuple[str, int, str]]:
        """The status messages that the outside system holds: (number, version, status)."""


def check_source_declares_itself(world: SourceWorld) -> None:
    """Kind, label, proof, version and fields are there, and the fields make sense."""
    connector = world.connect()
    assert connector.mapping_version, "a source names the version of its mapping"
    check_declaration(connector)


def check_source_is_made_without_a_touch(world: SourceWorld) -> None:
    """Making a connector changes nothing outside; neither does trying it."""
    before = world.touched()
    findings = world.connect().test()
    assert world.touched() == before, "making and testing a source changes nothing outside"
    assert findings, "a test says what it found"
    assert all(finding.subject and finding.message for finding in findings), "each finding is a sentence"


def check_pages_hold_every_order_once(world: SourceWorld) -> None:
    """No page is too large, nothing is left out, nothing comes twice, and all of it can be stored."""
    numbers = [f"PO-{at}" for at in range(2 * PAGE + 50)]
    world.offer([order(number) for number in numbers])
    pages = list(world.connect().pages(ImportWindow()))
    assert all(len(page.documents) <= PAGE for page in pages), f"a page holds at most {PAGE} documents"
    documents = [document for page in pages for document in page.documents]
    assert sorted(_numbers(world.connect(), documents)) == sorted(numbers), "every order is offered once"
    assert len({document.reference for document in documents}) == len(documents), "each document has a place of its own"
    assert not any("\x00" in document.text for document in documents), "raw texts can be stored"
    for page in pages:
        assert json.loads(json.dumps(dict(page.cursor))) == dict(page.cursor), "a cursor is plain JSON"


def check_pages_resume_after_a_crash(world: SourceWorld) -> None:
    """A process that dies after a committed page loses nothing; the next one goes on from the cursor."""
    numbers = {f"PO-{at}" for at in range(PAGE + 30)}
    world.offer([order(number) for number in sorted(numbers)])
    first = world.connect()
    page = next(iter(first.pages(ImportWindow())))
    first.acknowledge(page, [])
    seen = set(_numbers(first, page.documents))
    second = world.connect()
    for later in second.pages(ImportWindow(cursor=page.cursor)):
        seen |= set(_numbers(second, later.documents))
        second.acknowledge(later, [])
    assert seen == numbers, "no order is lost between two processes"


def check_what_was_not_acknowledged_comes_again(world: SourceWorld) -> None:
    """Looking takes nothing away: without an acknowledgement the same documents come again, text for text."""
    world.offer([order("PO-1"), order("PO-2")])
    first = _all_texts(world.connect())
    assert len(first) == 2, "two orders were offered"
    assert _all_texts(world.connect()) == first, "a second look gives the same documents"


def check_a_later_order_is_found_behind_the_cursor(world: SourceWorld) -> None:
    """What is offered after a walk is found by the next one."""
    world.offer([order("PO-1")])
    connector = world.connect()
    cursor: Mapping[str, Any] | None = None
    for page in connector.pages(ImportWindow()):
        connector.acknowledge(page, [])
        cursor = page.cursor
    world.offer([order("PO-2")])
    later = world.connect()
    found = [document for page in later.pages(ImportWindow(cursor=cursor)) for document in page.documents]
    assert "PO-2" in _numbers(later, found), "an order behind the cursor is found"


def check_orders_are_mapped(world: SourceWorld) -> None:
    """Numbers, lines and exact quantities arrive; the raw text alone gives the same record."""
    world.offer([order("PO-1", lines=3)])
    connector = world.connect()
    document = next(iter(connector.pages(ImportWindow()))).documents[0]
    record = connector.map_order(document)
    found = (record.external_id, record.number, [(line.sku, line.quantity) for line in record.lines])
    assert found == ("PO-1", "PO-1", [("0012", Decimal(10)), ("0012", Decimal(20)), ("0012", Decimal(30))])
    assert len({line.key for line in record.lines}) == 3, "every line has a key of its own"
    alone = RawDocument(document.text, document.reference)
    from_text = must_work("mapping the raw text alone", lambda: connector.map_order(alone))
    assert from_text == record, "the raw text alone gives the same record"


def check_bad_orders_are_bad_records(world: SourceWorld) -> None:
    """A bad order raises BadRecord in words that name it, and the good one beside it goes through."""
    world.offer([order("PO-1"), order("PO-BAD", lines=0), order("PO-2")])
    connector = world.connect()
    page = next(iter(connector.pages(ImportWindow())))
    good: list[str] = []
    failed: list[FailedDocument] = []
    for document in page.documents:
        try:
            good.append(connector.map_order(document).number)
        except BadRecord as error:
            failed.append(FailedDocument(document, error.sentence()))
    assert (sorted(good), len(failed)) == (["PO-1", "PO-2"], 1), "only the bad order is refused"
    assert "PO-BAD" in failed[0].reason, "the reason names the order"
    connector.acknowledge(page, failed)


def check_nonsense_is_a_bad_record(world: SourceWorld) -> None:
    """Whatever stands in a document, mapping raises BadRecord and nothing else."""
    connector = world.connect()
    for text in ("", "x", "null", "[]", "{}", '{"po_number": 1}', '{"po_number": "A", "lines": 5}', "[" * 100_000):
        must_raise(BadRecord, f"mapping {text[:20]!r}", connector.map_order, RawDocument(text, "nonsense"))


def check_single_orders(world: SourceWorld) -> None:
    """A source gives one order or a range of order dates, or refuses to in words; it never gives others."""
    dates = {"PO-1": "2026-01-05", "PO-2": "2026-02-05", "PO-3": "2026-03-05"}
    world.offer([order(number, order_date=day) for number, day in dates.items()])
    connector = world.connect()
    asked = (
        (connector.capabilities.import_one, ImportWindow(number="PO-2")),
        (
            connector.capabilities.import_range,
            ImportWindow(ordered_from=date(2026, 2, 1), ordered_to=date(2026, 2, 28)),
        ),
    )
    for capable, window in asked:
        if capable:
            found = [document for page in connector.pages(window) for document in page.documents]
            assert _numbers(connector, found) == ["PO-2"], "exactly what was asked for is given"
        else:
            must_raise(Rejection, "asking for single orders", lambda window=window: list(connector.pages(window)))


def check_status_arrives_once(world: SourceWorld) -> None:
    """A message is not found before it was pushed, is found after, and pushed again it changes nothing."""
    connector = world.connect()
    if not connector.capabilities.push_status:
        must_raise(Rejection, "pushing a status", connector.push_status, message())
        return
    assert connector.find_status(message()) is None, "what was never pushed is not found"
    connector.push_status(message())
    held, touched = world.statuses(), world.touched()
    assert held == [("PO-1", 1, "received")], "the message arrived"
    assert world.connect().find_status(message()) is not None, "what was pushed is found, by another process too"
    world.connect().push_status(message())
    assert (world.statuses(), world.touched()) == (held, touched), "the same message again changes nothing"
    connector.push_status(message(version=2))
    assert world.statuses() == [*held, ("PO-1", 2, "received")], "another version is another message"


def check_a_lost_status_answer_is_ambiguous(world: SourceWorld) -> None:
    """When the answer is lost the caller is told so, and a look-up finds the message."""
    connector = world.loses_answers()
    if connector is None:
        return
    must_raise(Ambiguous, "a push whose answer is lost", connector.push_status, message())
    assert world.connect().find_status(message()) is not None, "a look-up finds what was carried out"


def check_source_keeps_the_door(world: SourceWorld) -> None:
    """Inside a unit of work nothing outside is touched, not even looked at."""
    world.offer([order("PO-1")])
    connector = world.connect()
    calls: list[tuple[str, Callable[[], object]]] = [
        ("test", connector.test),
        ("pages", lambda: next(iter(connector.pages(ImportWindow())))),
        ("push_status", lambda: connector.push_status(message())),
        ("find_status", lambda: connector.find_status(message())),
    ]
    check_door(world, calls)


def check_source_keeps_secrets(world: SourceWorld) -> None:
    """No secret is found in what is kept: raw texts, exchanges, findings, errors."""
    world.offer([order("PO-1")])
    connector = world.connect()
    kept: list[object] = [connector.test(), list(connector.pages(ImportWindow()))]
    if connector.capabilities.push_status:
        kept.append(connector.push_status(message()))
    failing = world.failing()
    if failing is not None:
        kept.append(error_of(lambda: list(failing.pages(ImportWindow()))))
        kept.append(error_of(lambda: failing.push_status(message())))
    check_secrets(world, kept)


def _numbers(connector: SourceConnector, documents: Sequence[RawDocument]) -> list[str]:
    return [connector.map_order(document).number for document in documents]


def _all_texts(connector: SourceConnector) -> list[str]:
    return [document.text for page in connector.pages(ImportWindow()) for document in page.documents]


SOURCE_CHECKS: dict[str, Callable[[SourceWorld], None]] = {
    check.__name__.removeprefix("check_"): check
    for check in (
        check_source_declares_itself,
        check_source_is_made_without_a_touch,
        check_pages_hold_every_order_once,
        check_pages_resume_after_a_crash,
        check_what_was_not_acknowledged_comes_again,
        check_a_later_order_is_found_behind_the_cursor,
        check_orders_are_mapped,
        check_bad_orders_are_bad_records,
        check_nonsense_is_a_bad_record,
        check_single_orders,
        check_status_arrives_once,
        check_a_lost_status_answer_is_ambiguous,
        check_source_keeps_the_door,
        check_source_keeps_secrets,
    )
}
