"""The contract suite is worth something: for each check there is a connector that breaks the promise and is caught."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.connectors.contract import (
    Accepted,
    Confirmed,
    Cursor,
    Exchange,
    FailedDocument,
    FailedReceipt,
    FoundNotice,
    ImportWindow,
    InboundNotice,
    OrderPage,
    RawDocument,
    ReceiptPage,
    SourceCapabilities,
    StatusMessage,
    WarehouseCapabilities,
)
from app.connectors.errors import Ambiguous, Rejection, Retriable
from app.connectors.settings import FieldKind, SettingField
from app.connectors.sources.sandbox import SandboxSource
from app.connectors.warehouses.sandbox import SandboxWarehouse
from app.domain.record import PurchaseOrderRecord
from tests.connectors.contract_sources import SOURCE_CHECKS
from tests.connectors.contract_warehouses import WAREHOUSE_CHECKS
from tests.connectors.worlds import SandboxSourceWorld, SandboxWarehouseWorld

# ---------------------------------------------------------------- sources that break a promise


class SecretWithDefault(SandboxSource):
    """Declares a secret that everybody knows."""

    fields = (*SandboxSource.fields, SettingField("token", "Token", FieldKind.SECRET, default="secret"))


class TwiceDeclared(SandboxSource):
    """Declares the same setting twice."""

    fields = (*SandboxSource.fields, SandboxSource.fields[0])


class WritesWhenMade(SandboxSource):
    """Opens the ledger before it is used."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._ledger.add_order({"po_number": "HELLO", "lines": []})


class LargePages(SandboxSource):
    """Hands out all documents at once."""

    def pages(self, window: ImportWindow) -> Iterator[OrderPage]:
        found = list(super().pages(window))
        yield OrderPage([document for page in found for document in page.documents], found[-1].cursor if found else {})


class SkipsOne(SandboxSource):
    """Leaves out the first document of each page."""

    def pages(self, window: ImportWindow) -> Iterator[OrderPage]:
        for page in super().pages(window):
            yield replace(page, documents=page.documents[1:] if len(page.documents) > 100 else page.documents)


class JumpsAhead(SandboxSource):
    """Its first cursor already stands behind the last order."""

    def pages(self, window: ImportWindow) -> Iterator[OrderPage]:
        for page in super().pages(window):
            yield replace(page, cursor={"seq": 10_000})


class TakesWhenLooking(SandboxSource):
    """Deletes what it shows, before anybody has committed it."""

    def pages(self, window: ImportWindow) -> Iterator[OrderPage]:
        for page in super().pages(window):
            with self._ledger.writing() as connection:
                connection.execute("DELETE FROM orders")
            yield page


class Forgets(SandboxSource):
    """Never shows anything once there is a cursor."""

    def pages(self, window: ImportWindow) -> Iterator[OrderPage]:
        if window.cursor is None:
            yield from super().pages(window)


class LosesZeros(SandboxSource):
    """Takes SKUs for numbers."""

    def map_order(self, document: RawDocument) -> PurchaseOrderRecord:
        record = super().map_order(document)
        for line in record.lines:
            line.sku = str(int(line.sku))
        return record


class NeedsItsData(SandboxSource):
    """Cannot map a document from its raw text alone."""

    def map_order(self, document: RawDocument) -> PurchaseOrderRecord:
        if document.data is None:
            raise RuntimeError("no data")
        return super().map_order(document)


class SilentAboutBad(SandboxSource):
    """Says that something is bad, but not what."""

    def map_order(self, document: RawDocument) -> PurchaseOrderRecord:
        try:
            return super().map_order(document)
        except Exception as error:
            raise type(error)("Something is wrong.") from error


class TracesBack(SandboxSource):
    """Lets an error of the parser through."""

    def map_order(self, document: RawDocument) -> PurchaseOrderRecord:
        if not document.text.startswith("{"):
            raise ValueError("Expecting value: line 1 column 1")
        return super().map_order(document)


class GivesAll(SandboxSource):
    """Answers the question for one order with all of them."""

    def pages(self, window: ImportWindow) -> Iterator[OrderPage]:
        return super().pages(ImportWindow())


class ClaimsTooLittle(SandboxSource):
    """Declares that it cannot give single orders, and gives them all the same."""

    capabilities = SourceCapabilities(push_status=True, takes_receipts=True)


class CountsTwice(SandboxSource):
    """A message pushed again is a second message."""

    def push_status(self, message: StatusMessage) -> Confirmed:
        again = self.find_status(message) is not None
        return super().push_status(replace(message, key=f"{message.key}-again") if again else message)


class NeverFinds(SandboxSource):
    """Says that a message has never arrived."""

    def find_status(self, message: StatusMessage) -> Confirmed | None:
        return None


class CallsItRetriable(SandboxSource):
    """Says that nothing was done when the answer is lost."""

    def push_status(self, message: StatusMessage) -> Confirmed:
        try:
            return super().push_status(message)
        except Ambiguous as error:
            raise Retriable(str(error)) from error


class IgnoresTheDoor(SandboxSource):
    """Answers without asking whether it may."""

    def find_status(self, message: StatusMessage) -> Confirmed | None:
        return Confirmed(message.key)


class TellsInExchange(SandboxSource):
    """Keeps its token in the exchange."""

    def __init__(self, settings: Any, secrets: Any, context: Any) -> None:
        super().__init__(settings, secrets, context)
        self.token = secrets["token"]

    def push_status(self, message: StatusMessage) -> Confirmed:
        return replace(super().push_status(message), exchange=Exchange(f"Authorization: {self.token}"))


class TellsInError(TellsInExchange):
    """Keeps its token in an error."""

    def push_status(self, message: StatusMessage) -> Confirmed:
        try:
            return SandboxSource.push_status(self, message)
        except Retriable as error:
            raise Retriable(str(error), answer=f"sent {self.token}") from error


class RefusesAcknowledgement(SandboxSource):
    """Falls over a page with a refused document."""

    def acknowledge(self, page: OrderPage, failed: Sequence[FailedDocument]) -> None:
        assert not failed, "cannot be acknowledged"


BROKEN_SOURCES: list[tuple[str, type[SandboxSource]]] = [
    ("source_declares_itself", SecretWithDefault),
    ("source_declares_itself", TwiceDeclared),
    ("source_is_made_without_a_touch", WritesWhenMade),
    ("pages_hold_every_order_once", LargePages),
    ("pages_hold_every_order_once", SkipsOne),
    ("pages_resume_after_a_crash", JumpsAhead),
    ("what_was_not_acknowledged_comes_again", TakesWhenLooking),
    ("a_later_order_is_found_behind_the_cursor", Forgets),
    ("a_later_order_is_found_behind_the_cursor", JumpsAhead),
    ("orders_are_mapped", LosesZeros),
    ("orders_are_mapped", NeedsItsData),
    ("bad_orders_are_bad_records", SilentAboutBad),
    ("bad_orders_are_bad_records", RefusesAcknowledgement),
    ("nonsense_is_a_bad_record", TracesBack),
    ("single_orders", GivesAll),
    ("single_orders", ClaimsTooLittle),
    ("status_arrives_once", CountsTwice),
    ("status_arrives_once", NeverFinds),
    ("a_lost_status_answer_is_ambiguous", CallsItRetriable),
    ("a_lost_status_answer_is_ambiguous", NeverFinds),
    ("source_keeps_the_door", IgnoresTheDoor),
    ("source_keeps_secrets", TellsInExchange),
    ("source_keeps_secrets", TellsInError),
]

# ---------------------------------------------------------------- warehouses that break a promise


class Nameless(SandboxWarehouse):
    """Has no name for people."""

    label = ""


class AnnouncesWhenTested(SandboxWarehouse):
    """Leaves a trace when it is only tried."""

    def test(self) -> Any:
        with self._ledger.writing():
            return super().test()


class FindsAnything(SandboxWarehouse):
    """Finds documents that were never made."""

    def find(self, notice: InboundNotice) -> FoundNotice | None:
        return super().find(notice) or FoundNotice("SB-1", 1)


class DropsALine(SandboxWarehouse):
    """Takes the second line for a repetition of the first, because it has the same SKU."""

    def create(self, notice: InboundNotice) -> Accepted:
        return super().create(replace(notice, lines=notice.lines[:1]))


class ForgetsKeys(SandboxWarehouse):
    """Makes a second document for the same key."""

    def __init__(self, settings: Any, secrets: Any, context: Any) -> None:
        super().__init__({**settings, "idempotent": False}, secrets, context)


class HidesALostAnswer(SandboxWarehouse):
    """Says that nothing was done when the answer is lost."""

    def create(self, notice: InboundNotice) -> Accepted:
        try:
            return super().create(notice)
        except Ambiguous as error:
            raise Retriable(str(error)) from error


class FindsNothing(SandboxWarehouse):
    """Never finds a document."""

    def find(self, notice: InboundNotice) -> FoundNotice | None:
        return None


class UpdatesNothing(SandboxWarehouse):
    """Says that it updated, and did not."""

    def update(self, notice: InboundNotice) -> Accepted:
        found = self.find(notice)
        return Accepted(found.warehouse_ref if found else "")


class AppliesOldVersions(SandboxWarehouse):
    """Takes an old version for news."""

    def update(self, notice: InboundNotice) -> Accepted:
        with self._ledger.writing() as connection:
            connection.execute("UPDATE documents SET version = 0")
        return super().update(notice)


class ClaimsNoUpdate(SandboxWarehouse):
    """Declares that it cannot update, and does it all the same."""

    capabilities = WarehouseCapabilities(cancel=True, look_up=True, pull_receipts=True)


class CancelsInSilence(SandboxWarehouse):
    """Says that it canceled, and did not."""

    def cancel(self, notice: InboundNotice) -> Accepted:
        found = self.find(notice)
        return Accepted(found.warehouse_ref if found else "")


class RoundsUp(SandboxWarehouse):
    """Counts what was damaged twice."""

    def receipts(self, cursor: Cursor | None) -> Iterator[ReceiptPage]:
        for page in super().receipts(cursor):
            changed = [
                replace(item, lines=[replace(line, received=line.received + Decimal(1)) for line in item.lines])
                for item in page.receipts
            ]
            yield replace(page, receipts=changed)


class NamesNothing(SandboxWarehouse):
    """Reports goods without telling for what."""

    def receipts(self, cursor: Cursor | None) -> Iterator[ReceiptPage]:
        for page in super().receipts(cursor):
            nameless = [replace(item, document_key="", warehouse_ref="", number="") for item in page.receipts]
            yield replace(page, receipts=nameless)


class LosesReceipts(SandboxWarehouse):
    """Its cursor runs ahead of what it has reported."""

    def receipts(self, cursor: Cursor | None) -> Iterator[ReceiptPage]:
        for page in super().receipts(cursor):
            yield replace(page, cursor={"seq": int(page.cursor["seq"]) + 50})


class KeepsRefusedReceipts(SandboxWarehouse):
    """Falls over a receipt that we refuse."""

    def acknowledge(self, page: ReceiptPage, failed: Sequence[FailedReceipt]) -> None:
        if failed:
            raise AssertionError("cannot be acknowledged")


class WalksThroughTheDoor(SandboxWarehouse):
    """Answers a create without asking whether it may."""

    def create(self, notice: InboundNotice) -> Accepted:
        return Accepted(notice.key)


class KeepsItsToken(SandboxWarehouse):
    """Tells its token in the words of an error."""

    def __init__(self, settings: Any, secrets: Any, context: Any) -> None:
        super().__init__(settings, secrets, context)
        self.token = secrets["token"]

    def create(self, notice: InboundNotice) -> Accepted:
        try:
            return super().create(notice)
        except (Retriable, Rejection) as error:
            raise type(error)(f"{error} (with {self.token})") from error


BROKEN_WAREHOUSES: list[tuple[str, type[SandboxWarehouse]]] = [
    ("warehouse_declares_itself", Nameless),
    ("warehouse_is_made_without_a_touch", AnnouncesWhenTested),
    ("created_documents_are_found", FindsAnything),
    ("created_documents_are_found", FindsNothing),
    ("created_documents_are_found", DropsALine),
    ("a_key_is_never_made_twice", ForgetsKeys),
    ("a_lost_answer_is_ambiguous", HidesALostAnswer),
    ("a_lost_answer_is_ambiguous", FindsNothing),
    ("updates_replace", UpdatesNothing),
    ("updates_replace", AppliesOldVersions),
    ("updates_replace", ClaimsNoUpdate),
    ("cancels", CancelsInSilence),
    ("receipts_arrive", RoundsUp),
    ("receipts_arrive", NamesNothing),
    ("receipts_resume", LosesReceipts),
    ("failed_receipts_can_be_handed_back", KeepsRefusedReceipts),
    ("warehouse_keeps_the_door", WalksThroughTheDoor),
    ("warehouse_keeps_secrets", KeepsItsToken),
]


@pytest.mark.parametrize(("check", "broken"), BROKEN_SOURCES)
def test_a_broken_source_is_caught(check: str, broken: type[SandboxSource], tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        SOURCE_CHECKS[check](SandboxSourceWorld(tmp_path, broken))


@pytest.mark.parametrize(("check", "broken"), BROKEN_WAREHOUSES)
def test_a_broken_warehouse_is_caught(check: str, broken: type[SandboxWarehouse], tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        WAREHOUSE_CHECKS[check](SandboxWarehouseWorld(tmp_path, broken))


@pytest.mark.parametrize(
    ("checks", "broken"),
    [(SOURCE_CHECKS, BROKEN_SOURCES), (WAREHOUSE_CHECKS, BROKEN_WAREHOUSES)],
    ids=["sources", "warehouses"],
)
def test_every_check_has_a_connector_that_fails_it(
    checks: dict[str, Callable[[Any], None]], broken: list[tuple[str, type]]
) -> None:
    assert {name for name, _ in broken} == set(checks)
