"""The sandbox as a source: a feed of orders with a sequence, as many systems offer it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from app.connectors.contract import (
    Confirmed,
    ConnectorContext,
    Exchange,
    FailedDocument,
    Finding,
    ImportWindow,
    OrderPage,
    Proof,
    RawDocument,
    SourceCapabilities,
    StatusMessage,
)
from app.connectors.formats.json_records import parsed
from app.connectors.formats.notice_files import status_data
from app.connectors.formats.order_files import map_order
from app.connectors.formats.values import Reading
from app.connectors.sandbox import Ledger, ledger_path
from app.connectors.sandbox_temper import FIELDS, Sandbox, temper_from
from app.connectors.settings import FieldKind, SettingField
from app.domain.record import PurchaseOrderRecord

OVERLAP = 5
"""So many orders before the cursor are read again: a feed may show an order late."""


class SandboxSource:
    """Reads orders from the ledger, page by page, and books status messages in it."""

    kind: ClassVar[str] = "sandbox"
    label: ClassVar[str] = "Sandbox"
    proof: ClassVar[Proof] = "real software"
    mapping_version: ClassVar[str] = "1"
    fields: ClassVar[tuple[SettingField, ...]] = (
        *FIELDS,
        SettingField("page_size", "Orders per page", FieldKind.NUMBER, default=200, minimum=1, maximum=200),
    )
    capabilities: ClassVar[SourceCapabilities] = SourceCapabilities(
        import_one=True, import_range=True, push_status=True, takes_receipts=True
    )

    def __init__(self, settings: Mapping[str, Any], _secrets: Mapping[str, str], context: ConnectorContext) -> None:
        """Take validated settings; the ledger is not touched yet."""
        self._ledger = Ledger(ledger_path(context.files_root, str(settings["name"])))
        self._sandbox = Sandbox(self._ledger, temper_from(settings))
        self._page_size = int(settings["page_size"])
        self._reading = Reading(context.zone)
        self._now = context.now

    def test(self) -> list[Finding]:
        """Is there a ledger, and what does it hold?"""
        return [self._ledger.finding()]

    def pages(self, window: ImportWindow) -> Iterator[OrderPage]:
        """The orders since the cursor, or those that the window names."""
        newest = int((window.cursor or {}).get("seq", 0))
        named = bool(window.number or window.ordered_from or window.ordered_to)
        at = 0 if named else max(0, newest - OVERLAP)
        while True:
            self._sandbox.read("pages", self._now())
            rows = self._ledger.rows("SELECT * FROM orders WHERE seq > ? ORDER BY seq LIMIT ?", at, self._page_size)
            if not rows:
                return
            at = int(rows[-1]["seq"])
            documents = [_document(row) for row in rows]
            if named:
                documents = [document for document in documents if _asked_for(document, window)]
            newest = newest if named else max(newest, at)
            if documents:
                yield OrderPage(documents, {"seq": newest} if newest else {})

    def acknowledge(self, page: OrderPage, failed: Sequence[FailedDocument]) -> None:
        """Nothing to be told: the feed stays as it is."""

    def map_order(self, document: RawDocument) -> PurchaseOrderRecord:
        """Map one order in the default JSON layout. Raises BadRecord."""
        return map_order(document.text, document.data, self._reading)

    def push_status(self, message: StatusMessage) -> Confirmed:
        """Book the message; the same key again only counts how often it came."""
        data = json.dumps(status_data(message), ensure_ascii=False)

        def book(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO statuses (key, version, external_id, number, data, times) VALUES (?, ?, ?, ?, ?, 1)"
                " ON CONFLICT (key) DO UPDATE SET times = times + 1",
                (message.key, message.version, message.external_id, message.number, data),
            )

        self._sandbox.perform("push", self._now(), book, key=message.key, number=message.number)
        return Confirmed(message.key, Exchange(request=data, reply="booked", code="200"))

    def find_status(self, message: StatusMessage) -> Confirmed | None:
        """Has this very message arrived?"""
        self._sandbox.read("find", self._now())
        found = self._ledger.rows("SELECT 1 FROM statuses WHERE key = ?", message.key)
        return Confirmed(message.key) if found else None


def _document(row: sqlite3.Row) -> RawDocument:
    piece = parsed(row["data"])
    return RawDocument(piece.text, f"order {row['external_id']}", piece.data, piece.problem)


def _asked_for(document: RawDocument, window: ImportWindow) -> bool:
    data = document.data if isinstance(document.data, dict) else {}
    if window.number:
        return str(data.get("po_number", "")).strip() == window.number
    ordered = str(data.get("order_date") or "")[:10]
    low = window.ordered_from.isoformat() if window.ordered_from else ""
    high = window.ordered_to.isoformat() if window.ordered_to else "9999"
    return bool(ordered) and low <= ordered <= high
