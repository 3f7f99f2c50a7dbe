"""What every warehouse promises, one check for each promise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any, Protocol

from app.connectors.contract import FailedReceipt, InboundNotice, ReceiptDocument, WarehouseConnector
from app.connectors.errors import Ambiguous, Rejection
from tests.connectors.contract_shared import (
    PAGE,
    World,
    check_declaration,
    check_door,
    check_secrets,
    error_of,
    must_raise,
)
from tests.connectors.kit import notice

_RECEIVED = (
    {"line_key": "no:1", "sku": "0012", "qty_good": "9", "qty_damaged": "1", "lot": "L1"},
    {"line_key": "no:2", "sku": "0012", "qty_good": "5", "lot": "L1"},
)


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


def check_warehouse_declares_itself(world: WarehouseWorld) -> None:
    """Kind, label, proof and fields are there, and the fields make sense."""
    check_declaration(world.connect())


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
    must_raise(Ambiguous, "a create whose answer is lost", connector.create, notice())
    assert world.connect().find(notice()) is not None, "a look-up finds what was carried out"


def check_updates_replace(world: WarehouseWorld) -> None:
    """An update replaces the lines of the same document; an old or repeated version changes nothing."""
    connector = world.connect()
    first = connector.create(notice())
    newer = notice(version=2, quantity="7", warehouse_ref=first.warehouse_ref)
    if not connector.capabilities.update:
        must_raise(Rejection, "an update that is not supported", connector.update, newer)
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
        must_raise(Rejection, "a cancel that is not supported", connector.cancel, end)
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
        must_raise(Rejection, "receipts that cannot be pulled", lambda: list(connector.receipts(None)))
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
    check_door(world, calls)


def check_warehouse_keeps_secrets(world: WarehouseWorld) -> None:
    """No secret is found in what is kept: receipts, exchanges, findings, errors."""
    connector = world.connect()
    kept: list[object] = [connector.test(), connector.create(notice()), connector.find(notice())]
    failing = world.failing()
    if failing is not None:
        kept.append(error_of(lambda: failing.create(notice("PO-2"))))
        kept.append(error_of(lambda: failing.find(notice("PO-2"))))
    check_secrets(world, kept)


def _all_receipts(connector: WarehouseConnector) -> list[ReceiptDocument]:
    return [receipt for page in connector.receipts(None) for receipt in page.receipts]


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
