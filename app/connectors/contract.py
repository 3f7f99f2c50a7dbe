"""What every connector is.

A connector talks to one outside system and knows neither our database nor Flask. It declares its settings and what it
can do, and raises the errors of `app.connectors.errors`, which are named by what the caller does next. The caller never
holds a transaction while it calls one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol
from zoneinfo import ZoneInfo

from app.connectors.settings import SettingField
from app.domain.record import PurchaseOrderRecord

Cursor = Mapping[str, Any]
Proof = Literal["real software", "vendor specification", "documents"]


@dataclass(frozen=True, slots=True)
class ConnectorContext:
    """What the surroundings give to a connector.

    `zone`: the connection's time zone, for sources that speak local time. `files_root`: the only folder below which
    file connectors may work. `account`: the merchant's account id at the warehouse, or empty. `now`: the clock.
    """

    zone: ZoneInfo
    files_root: Path
    account: str
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a connection test: what was tried, whether it worked, and if not what to do."""

    subject: str
    ok: bool
    message: str
    remedy: str = ""


# ---------------------------------------------------------------- source side


@dataclass(frozen=True, slots=True)
class SourceCapabilities:
    """What a source can do. `books`: whether a pushed quantity replaces the total there or is added to it."""

    import_orders: bool = True
    import_one: bool = False
    import_range: bool = False
    push_status: bool = False
    takes_receipts: bool = False
    books: Literal["absolute", "delta"] = "absolute"
    can_unreceive: bool = True


@dataclass(frozen=True, slots=True)
class RawDocument:
    """One order as received. `text` is kept and digested; `data` is the same, already parsed, for `map_order`.

    `reference` tells a person where it came from (a file and a row, a page and a position). `problem` is set when the
    document could not even be parsed: it is then refused with that sentence.
    """

    text: str
    reference: str
    data: Any = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Some documents and the cursor to store once they are committed. `token` is the connector's own note."""

    documents: Sequence[RawDocument]
    cursor: Cursor
    token: Any = None


@dataclass(frozen=True, slots=True)
class FailedDocument:
    """A document that was refused and why; handed back so that the source can be told."""

    document: RawDocument
    reason: str


@dataclass(frozen=True, slots=True)
class ImportWindow:
    """What to ask for: everything since the cursor, or one order by number, or a range of order dates."""

    cursor: Cursor | None = None
    since: datetime | None = None
    number: str = ""
    ordered_from: date | None = None
    ordered_to: date | None = None


@dataclass(frozen=True, slots=True)
class StatusLine:
    """Where one line stands. `received` is the absolute sum, `booked` what the source confirmed before, `to_book` the
    difference between the two (only a source that books deltas needs it)."""

    key: str
    line_number: int
    source_line_id: str
    sku: str
    ordered: Decimal
    received: Decimal
    damaged: Decimal
    closed_short: Decimal
    booked: Decimal
    to_book: Decimal
    unit_of_measure: str = ""


@dataclass(frozen=True, slots=True)
class StatusReceipt:
    """An applied receipt that the source has not confirmed yet; quantities by line key."""

    external_id: str
    received_at: datetime
    final: bool
    lines: Sequence[tuple[str, str, Decimal, Decimal]]
    """(line key, SKU, received, damaged)"""


@dataclass(frozen=True, slots=True)
class StatusMessage:
    """The state of one purchase order for its source. The same `key` twice is the same message: it changes nothing."""

    key: str
    version: int
    external_id: str
    number: str
    status: str
    at: datetime
    lines: Sequence[StatusLine]
    receipts: Sequence[StatusReceipt]


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was said and answered, for the attempt's record. Secrets are masked by whoever fills it in."""

    request: str = ""
    reply: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The source took the status message. `reference` is its own id for what it booked, if it gave one."""

    reference: str = ""
    exchange: Exchange = Exchange()


class SourceConnector(Protocol):
    """A system that places purchase orders."""

    kind: ClassVar[str]
    label: ClassVar[str]
    proof: ClassVar[Proof]
    mapping_version: ClassVar[str]
    """Part of each raw digest: raise it when the mapping changes, and every record is looked at again."""
    fields: ClassVar[tuple[SettingField, ...]]
    capabilities: ClassVar[SourceCapabilities]

    def __init__(self, settings: Mapping[str, Any], secrets: Mapping[str, str], context: ConnectorContext) -> None:
        """Take validated settings; touch nothing outside yet."""

    def test(self) -> list[Finding]:
        """Try the connection without changing anything there."""

    def pages(self, window: ImportWindow) -> Iterator[OrderPage]:
        """Yield pages of documents, at most 200 each, oldest change first. Raises Retriable or Rejection."""

    def acknowledge(self, page: OrderPage, failed: Sequence[FailedDocument]) -> None:
        """Called after the page is committed: the source may now be told that it was taken (a file is put away)."""

    def map_order(self, document: RawDocument) -> PurchaseOrderRecord:
        """Map one document to a record. Raises BadRecord with a reason that a person can act on."""

    def push_status(self, message: StatusMessage) -> Confirmed:
        """Tell the source. Raises Retriable, Ambiguous or Rejection. Safe to repeat with the same key."""

    def find_status(self, message: StatusMessage) -> Confirmed | None:
        """Look up whether this very message (by key) has arrived; None if it has not."""


# ---------------------------------------------------------------- warehouse side


@dataclass(frozen=True, slots=True)
class WarehouseCapabilities:
    """What a warehouse system can do. `receipts`: each reports what just came (delta) or all so far (cumulative)."""

    create: bool = True
    update: bool = False
    cancel: bool = False
    look_up: bool = False
    pull_receipts: bool = False
    receipts: Literal["delta", "cumulative"] = "delta"


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One line the warehouse should expect; `quantity` is what is still to come, in `unit_of_measure`."""

    key: str
    line_number: int
    source_line_id: str
    sku: str
    quantity: Decimal
    name: str = ""
    supplier_sku: str = ""
    barcode: str = ""
    unit_of_measure: str = ""
    pack_size: Decimal | None = None
    expected_date: date | None = None


@dataclass(frozen=True, slots=True)
class InboundNotice:
    """An inbound notice: the document that announces a purchase order to a warehouse. It carries no cost.

    `key` is the idempotency key: one per document, the same for every attempt and version. `version` grows with each
    update of the document. `warehouse_ref` is the warehouse's own id, known once it has accepted the document.
    """

    key: str
    version: int
    number: str
    merchant: str
    account: str
    facility: str
    supplier_code: str
    supplier_name: str
    due_date: date | None
    notes: str
    lines: Sequence[NoticeLine]
    warehouse_ref: str = ""
    custom: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The warehouse has the document in this version, under its own id."""

    warehouse_ref: str
    exchange: Exchange = Exchange()


@dataclass(frozen=True, slots=True)
class FoundNotice:
    """What a look-up found: the warehouse's id, the version it holds, and whether it is canceled there."""

    warehouse_ref: str
    version: int
    canceled: bool = False
    exchange: Exchange = Exchange()


@dataclass(frozen=True, slots=True)
class ReceivedLine:
    """Goods on one line of a receipt. `damaged` is a part of `received`. Empty references mean "not told"."""

    sku: str
    received: Decimal
    damaged: Decimal = Decimal(0)
    line_key: str = ""
    line_number: int | None = None
    source_line_id: str = ""
    lot: str = ""
    expiry: date | None = None
    condition: str = ""
    unit_of_measure: str = ""
    pack_size: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ReceiptDocument:
    """A receipt as the warehouse reports it, with every reference it gave to the purchase order.

    `document_key` is our own key as sent with the notice; `warehouse_ref` the warehouse's id of that document. `final`:
    nothing more will come. `text` is the raw report, kept. `canceled`: not a receipt but the word that the warehouse
    canceled the document; it has no lines then.
    """

    external_id: str
    received_at: datetime
    lines: Sequence[ReceivedLine]
    document_key: str = ""
    warehouse_ref: str = ""
    account: str = ""
    number: str = ""
    final: bool = False
    cumulative: bool = False
    canceled: bool = False
    text: str = ""
    reference: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """Some receipts and the cursor to store once they are committed. `token` is the connector's own note."""

    receipts: Sequence[ReceiptDocument]
    cursor: Cursor
    token: Any = None


class WarehouseConnector(Protocol):
    """A system of a warehouse that receives the goods."""

    kind: ClassVar[str]
    label: ClassVar[str]
    proof: ClassVar[Proof]
    fields: ClassVar[tuple[SettingField, ...]]
    capabilities: ClassVar[WarehouseCapabilities]

    def __init__(self, settings: Mapping[str, Any], secrets: Mapping[str, str], context: ConnectorContext) -> None:
        """Take validated settings; touch nothing outside yet."""

    def test(self) -> list[Finding]:
        """Try the connection without changing anything there."""

    def create(self, notice: InboundNotice) -> Accepted:
        """Announce the document. Raises Retriable, Ambiguous or Rejection. A key that exists is not made twice."""

    def update(self, notice: InboundNotice) -> Accepted:
        """Replace the document's lines and header by this version."""

    def cancel(self, notice: InboundNotice) -> Accepted:
        """Cancel the document. Raises Rejection when the warehouse will not."""

    def find(self, notice: InboundNotice) -> FoundNotice | None:
        """Look the document up by its key; None if the warehouse does not have it."""

    def receipts(self, cursor: Cursor | None) -> Iterator[ReceiptPage]:
        """Yield pages of receipts since the cursor, oldest first."""

    def acknowledge(self, page: ReceiptPage, failed: Sequence[FailedReceipt]) -> None:
        """Called after the page is committed: the warehouse may be told that it was taken."""


@dataclass(frozen=True, slots=True)
class FailedReceipt:
    """A receipt document that could not even be read, and why."""

    receipt: ReceiptDocument
    reason: str
