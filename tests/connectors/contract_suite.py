"""What every connector promises, as checks that any connector can be put through with one line.

A *world* is a connector together with the outside system behind it: it makes connectors, puts orders or receipts into
the outside system, and tells what arrived there. `source_suite(world)` and `warehouse_suite(world)` make a test class.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import pytest

from app.connectors import door
from app.connectors.contract import (
    FailedDocument,
    FailedReceipt,
    ImportWindow,
    InboundNotice,
    RawDocument,
    ReceiptDocument,
    SourceConnector,
    WarehouseConnector,
)
from app.connectors.errors import Ambiguous, ConnectorError, Rejection
from app.connectors.settings import FieldKind, SettingField, validated
from app.domain.errors import BadRecord
from tests.connectors.kit import message, notice, order

PAGE = 200


class World(Protocol):
    """What both kinds of world have."""

    secrets: Mapping[str, str]

    def touched(self) -> object:
        """Whatever the outside system holds, to be compared before and after."""


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


class WarehouseWorld(World, Protocol):
    """A warehouse and the system behind it."""

    def connect(self) -> WarehouseConnector:
        """A new connector, as a new process would make it."""

    def loses_answers(self) -> WarehouseConnector | None:
        """A connector whose calls are carried out while the answer is lost; None where that cannot happen."""

    def failing(self) -> WarehouseConnector | None:
        """A connector whose calls fail; None where that cannot be brought about."""

    def documents(self) -> list[tuple[str, int, bool, dict[str, str]]]:
        """The documents there: (key, version, canceled, quantity by line key)."""

    def receive(self, announced: InboundNotice, receipt_id: str, lines: Sequence[Mapping[str, Any]]) -> None:
        """Have the warehouse book a receipt on a document; lines in the default layout of receipts."""


# ---------------------------------------------------------------- sources


def check_source_declares_itself(world: SourceWorld) -> None:
    """Kind, label, proof, version and fields are there, and the fields make sense."""
    connector = world.connect()
    assert connector.mapping_version, "a source names the version of its mapping"
    _check_declaration(connector)


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
    from_text = _must_work("mapping the raw text alone", lambda: connector.map_order(alone))
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
        _must_raise(BadRecord, f"mapping {text[:20]!r}", connector.map_order, RawDocument(text, "nonsense"))


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
            _must_raise(Rejection, "asking for single orders", lambda window=window: list(connector.pages(window)))


def check_status_arrives_once(world: SourceWorld) -> None:
    """A message is not found before it was pushed, is found after, and pushed again it changes nothing."""
    connector = world.connect()
    if not connector.capabilities.push_status:
        _must_raise(Rejection, "pushing a status", connector.push_status, message())
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
    _must_raise(Ambiguous, "a push whose answer is lost", connector.push_status, message())
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
    _check_door(world, calls)


def check_source_keeps_secrets(world: SourceWorld) -> None:
    """No secret is found in what is kept: raw texts, exchanges, findings, errors."""
    world.offer([order("PO-1")])
    connector = world.connect()
    kept: list[object] = [connector.test(), list(connector.pages(ImportWindow()))]
    if connector.capabilities.push_status:
        kept.append(connector.push_status(message()))
    failing = world.failing()
    if failing is not None:
        kept.append(_error_of(lambda: list(failing.pages(ImportWindow()))))
        kept.append(_error_of(lambda: failing.push_status(message())))
    _check_secrets(world, kept)


# ---------------------------------------------------------------- warehouses


def check_warehouse_declares_itself(world: WarehouseWorld) -> None:
    """Kind, label, proof and fields are there, and the fields make sense."""
    _check_declaration(world.connect())


def check_warehouse_is_made_without_a_touch(world: WarehouseWorld) -> None:
    """Making a connector changes nothing outside; neither does trying it."""
    before = world.touched()
    findings = world.connect().test()
    assert world.touched() == before, "making and testing a warehouse changes nothing outside"
    assert findings, "a test says what it found"
    assert all(finding.subject and finding.message for finding in findings), "each finding is a sentence"


def check_created_documents_are_found(world: WarehouseWorld) -> None:
    """A document is not found before it was made, and is found after, with its lines, by another process too."""
    connector = world.connect()
    assert connector.find(notice()) is None, "what was never announced is not found"
    accepted = connector.create(notice())
    assert accepted.warehouse_ref, "the warehouse's own id is told"
    found = world.connect().find(notice())
    assert found is not None, "what was announced is found"
    assert (found.warehouse_ref, found.version, found.canceled) == (accepted.warehouse_ref, 1, False)
    assert world.documents() == [("key-PO-1", 1, False, {"no:1": "10", "no:2": "5"})], "all lines arrived"
    assert connector.find(notice("PO-2")) is None, "a document is found by its own key only"


def check_a_key_is_never_made_twice(world: WarehouseWorld) -> None:
    """Created again, by the same process or another, it stays one document with one id."""
    first = world.connect().create(notice())
    again = world.connect().create(notice())
    assert again.warehouse_ref == first.warehouse_ref, "the same key has the same id"
    assert len(world.documents()) == 1, "one key makes one document"
    world.connect().create(notice("PO-2"))
    assert len(world.documents()) == 2, "another key makes another document"


def check_a_lost_answer_is_ambiguous(world: WarehouseWorld) -> None:
    """When the answer is lost the caller is told so, and a look-up finds the document."""
    connector = world.loses_answers()
    if connector is None:
        return
    _must_raise(Ambiguous, "a create whose answer is lost", connector.create, notice())
    assert world.connect().find(notice()) is not None, "a look-up finds what was carried out"


def check_updates_replace(world: WarehouseWorld) -> None:
    """An update replaces the lines of the same document; an old or repeated version changes nothing."""
    connector = world.connect()
    first = connector.create(notice())
    newer = notice(version=2, quantity="7", warehouse_ref=first.warehouse_ref)
    if not connector.capabilities.update:
        _must_raise(Rejection, "an update that is not supported", connector.update, newer)
        return
    assert connector.update(newer).warehouse_ref == first.warehouse_ref, "an update keeps the id"
    expected = [("key-PO-1", 2, False, {"no:1": "7", "no:2": "5"})]
    assert world.documents() == expected, "an update replaces the lines"
    connector.update(newer)
    connector.update(notice(version=1))
    assert world.documents() == expected, "an old version changes nothing"


def check_cancels(world: WarehouseWorld) -> None:
    """A canceled document says so when it is looked up, and canceling it again is no error."""
    connector = world.connect()
    first = connector.create(notice())
    end = notice(version=2, warehouse_ref=first.warehouse_ref)
    if not connector.capabilities.cancel:
        _must_raise(Rejection, "a cancel that is not supported", connector.cancel, end)
        return
    connector.cancel(end)
    connector.cancel(end)
    found = connector.find(end)
    assert found is not None, "a canceled document can still be looked up"
    assert found.canceled, "and says that it is canceled"
    assert [canceled for _, _, canceled, _ in world.documents()] == [True], "the warehouse knows it as canceled"


def check_receipts_arrive(world: WarehouseWorld) -> None:
    """A receipt names its document and its lines, with exact quantities; SKU and lot may stand on two lines."""
    connector = world.connect()
    if not connector.capabilities.pull_receipts:
        _must_raise(Rejection, "receipts that cannot be pulled", lambda: list(connector.receipts(None)))
        return
    accepted = connector.create(notice())
    world.receive(notice(), "R-1", _RECEIVED)
    document = _all_receipts(connector)[0]
    named = (document.document_key == "key-PO-1", document.warehouse_ref == accepted.warehouse_ref)
    assert any(named) or document.number == "PO-1", "a receipt names its document"
    assert (document.external_id, document.problem) == ("R-1", ""), "a receipt has the warehouse's id"
    assert document.received_at.tzinfo is not None, "a receipt has an instant"
    lines = [(line.sku, line.received, line.damaged, line.lot) for line in document.lines]
    ten, five = Decimal(10), Decimal(5)
    assert lines == [("0012", ten, Decimal(1), "L1"), ("0012", five, Decimal(0), "L1")], "each line is told exactly"
    assert document.text, "the raw report is kept"


def check_receipts_resume(world: WarehouseWorld) -> None:
    """Looking takes nothing away, a crash loses nothing, and what comes later is found behind the cursor."""
    connector = world.connect()
    if not connector.capabilities.pull_receipts:
        return
    for at in range(PAGE + 20):
        number = f"PO-{at}"
        connector.create(notice(number))
        world.receive(notice(number), f"R-{at}", _RECEIVED)
    expected = {f"R-{at}" for at in range(PAGE + 20)}
    looked = list(world.connect().receipts(None))
    assert all(len(page.receipts) <= PAGE for page in looked), f"a page holds at most {PAGE} receipts"
    assert {found.external_id for page in looked for found in page.receipts} == expected, "every receipt is reported"
    first = world.connect()
    page = next(iter(first.receipts(None)))
    first.acknowledge(page, [])
    rest = world.connect()
    seen = {found.external_id for found in page.receipts}
    for later in rest.receipts(page.cursor):
        seen |= {found.external_id for found in later.receipts}
        rest.acknowledge(later, [])
        page = later
    assert seen == expected, "no receipt is lost between two processes"
    world.receive(notice("PO-0"), "R-LATE", _RECEIVED)
    found = {item.external_id for later in world.connect().receipts(page.cursor) for item in later.receipts}
    assert "R-LATE" in found, "a receipt behind the cursor is found"


def check_failed_receipts_can_be_handed_back(world: WarehouseWorld) -> None:
    """A receipt that we refuse is taken from the warehouse all the same: acknowledging it is no error."""
    connector = world.connect()
    if not connector.capabilities.pull_receipts:
        return
    connector.create(notice())
    world.receive(notice(), "R-1", _RECEIVED)
    for page in islice(connector.receipts(None), 1):
        connector.acknowledge(page, [FailedReceipt(receipt, "Not ours.") for receipt in page.receipts])


def check_warehouse_keeps_the_door(world: WarehouseWorld) -> None:
    """Inside a unit of work nothing outside is touched, not even looked at."""
    connector = world.connect()
    calls: list[tuple[str, Callable[[], object]]] = [
        ("test", connector.test),
        ("create", lambda: connector.create(notice())),
        ("update", lambda: connector.update(notice())),
        ("cancel", lambda: connector.cancel(notice())),
        ("find", lambda: connector.find(notice())),
        ("receipts", lambda: next(iter(connector.receipts(None)), None)),
    ]
    _check_door(world, calls)


def check_warehouse_keeps_secrets(world: WarehouseWorld) -> None:
    """No secret is found in what is kept: receipts, exchanges, findings, errors."""
    connector = world.connect()
    kept: list[object] = [connector.test(), connector.create(notice()), connector.find(notice())]
    failing = world.failing()
    if failing is not None:
        kept.append(_error_of(lambda: failing.create(notice("PO-2"))))
        kept.append(_error_of(lambda: failing.find(notice("PO-2"))))
    _check_secrets(world, kept)


# ---------------------------------------------------------------- shared

_RECEIVED = (
    {"line_key": "no:1", "sku": "0012", "qty_good": "9", "qty_damaged": "1", "lot": "L1"},
    {"line_key": "no:2", "sku": "0012", "qty_good": "5", "lot": "L1"},
)


def _check_declaration(connector: SourceConnector | WarehouseConnector) -> None:
    assert connector.kind, "a connector has a kind"
    assert connector.label, "a connector has a label for people"
    proofs = {"real software", "vendor specification", "documents"}
    assert connector.proof in proofs, "a connector tells how it was proved"
    names = [field.name for field in connector.fields]
    assert len(set(names)) == len(names), "each setting is declared once"
    for field in connector.fields:
        assert field.label, f"the setting {field.name} has a label"
        secret = field.kind is FieldKind.SECRET
        assert not (secret and field.default), f"the secret {field.name} has no default"
    given = {field.name: _some_value(field) for field in connector.fields if field.required}
    assert set(validated(connector.fields, given)) == set(names), "the declared defaults can be used"


def _some_value(field: SettingField) -> object:
    if field.kind is FieldKind.CHOICE:
        return field.choices[0][0]
    return field.minimum or 1 if field.kind is FieldKind.NUMBER else "text"


def _check_door(world: World, calls: Sequence[tuple[str, Callable[[], object]]]) -> None:
    before = world.touched()
    for name, call in calls:
        with door.closed("a unit of work"):
            _must_raise(door.NetworkClosed, f"{name} inside a unit of work", call)
    assert world.touched() == before, "nothing is touched before the door is asked"


def _check_secrets(world: World, kept: Sequence[object]) -> None:
    shown = repr(kept)
    for name, secret in world.secrets.items():
        assert secret not in shown, f"the secret {name} is kept nowhere"


def _must_raise(kind: type[Exception], what: str, call: Callable[..., object], *values: object) -> None:
    try:
        call(*values)
    except kind:
        return
    except Exception as error:
        raise AssertionError(f"{what} raises {kind.__name__}, not {type(error).__name__}: {error}") from error
    raise AssertionError(f"{what} raises {kind.__name__}")


def _must_work(what: str, call: Callable[[], object]) -> object:
    try:
        return call()
    except Exception as error:
        raise AssertionError(f"{what} raises {type(error).__name__}: {error}") from error


def _error_of(call: Callable[[], object]) -> object:
    try:
        return call()
    except ConnectorError as error:
        return (str(error), error.remedy, error.answer, error.code)


def _numbers(connector: SourceConnector, documents: Sequence[RawDocument]) -> list[str]:
    return [connector.map_order(document).number for document in documents]


def _all_texts(connector: SourceConnector) -> list[str]:
    return [document.text for page in connector.pages(ImportWindow()) for document in page.documents]


def _all_receipts(connector: WarehouseConnector) -> list[ReceiptDocument]:
    return [receipt for page in connector.receipts(None) for receipt in page.receipts]


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
WAREHOUSE_CHECKS: dict[str, Callable[[WarehouseWorld], None]] = {
    check.__name__.removeprefix("check_"): check
    for check in (
        check_warehouse_declares_itself,
        check_warehouse_is_made_without_a_touch,
        check_created_documents_are_found,
        check_a_key_is_never_made_twice,
        check_a_lost_answer_is_ambiguous,
        check_updates_replace,
        check_cancels,
        check_receipts_arrive,
        check_receipts_resume,
        check_failed_receipts_can_be_handed_back,
        check_warehouse_keeps_the_door,
        check_warehouse_keeps_secrets,
    )
}


def source_suite(make_world: Callable[[Path], SourceWorld]) -> type:
    """A test class with every promise of a source; `make_world` takes an empty folder."""

    class Suite:
        @pytest.mark.parametrize("name", SOURCE_CHECKS)
        def test_promise(self, name: str, tmp_path: Path) -> None:
            SOURCE_CHECKS[name](make_world(tmp_path))

    return Suite


def warehouse_suite(make_world: Callable[[Path], WarehouseWorld]) -> type:
    """A test class with every promise of a warehouse; `make_world` takes an empty folder."""

    class Suite:
        @pytest.mark.parametrize("name", WAREHOUSE_CHECKS)
        def test_promise(self, name: str, tmp_path: Path) -> None:
            WAREHOUSE_CHECKS[name](make_world(tmp_path))

    return Suite
