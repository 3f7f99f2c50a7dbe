"""The sandbox as a warehouse: documents and receipts in the ledger, with the faults that its settings ask for."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Any, ClassVar

from app.connectors.contract import (
    Accepted,
    ConnectorContext,
    Cursor,
    Exchange,
    FailedReceipt,
    Finding,
    FoundNotice,
    InboundNotice,
    Proof,
    ReceiptDocument,
    ReceiptPage,
    WarehouseCapabilities,
)
from app.connectors.errors import Rejection
from app.connectors.formats.json_records import parsed
from app.connectors.formats.notice_files import notice_data
from app.connectors.formats.receipt_files import receipts
from app.connectors.formats.values import Reading
from app.connectors.sandbox import Ledger, book_receipt, ledger_path, warehouse_ref
from app.connectors.sandbox_temper import FIELDS, Sandbox, temper_from
from app.connectors.settings import FieldKind, SettingField
from app.domain.record import plain_number

PAGE = 200
ONE = Decimal(1)
_TENTH = Decimal("1.1")


class SandboxWarehouse:
    """Keeps documents by their key, and reports receipts."""

    kind: ClassVar[str] = "sandbox"
    label: ClassVar[str] = "Sandbox"
    proof: ClassVar[Proof] = "real software"
    fields: ClassVar[tuple[SettingField, ...]] = (
        *FIELDS,
        SettingField(
            "idempotent",
            "Knows keys again",
            FieldKind.BOOLEAN,
            default=True,
            help="Switched off, the same key creates a second document, as many real systems do.",
        ),
        SettingField(
            "auto_receive",
            "Receives by itself",
            FieldKind.CHOICE,
            default="off",
            choices=(("off", "never"), ("partial", "half of it"), ("full", "all of it"), ("over", "more than ordered")),
        ),
        SettingField("cumulative", "Reports totals so far", FieldKind.BOOLEAN, default=False),
        SettingField("duplicate_receipts", "Reports each receipt twice", FieldKind.BOOLEAN, default=False),
    )
    capabilities: ClassVar[WarehouseCapabilities] = WarehouseCapabilities(
        update=True, cancel=True, look_up=True, pull_receipts=True
    )

    def __init__(self, settings: Mapping[str, Any], _secrets: Mapping[str, str], context: ConnectorContext) -> None:
        """Take validated settings; the ledger is not touched yet."""
        self._ledger = Ledger(ledger_path(context.files_root, str(settings["name"])))
        self._sandbox = Sandbox(self._ledger, temper_from(settings))
        self._idempotent = bool(settings["idempotent"])
        self._auto_receive = str(settings["auto_receive"])
        self._cumulative = bool(settings["cumulative"])
        self._twice = bool(settings["duplicate_receipts"])
        self._account, self._now = context.account, context.now
        self._reading = Reading(context.zone)

    def test(self) -> list[Finding]:
        """Is there a ledger, and what does it hold?"""
        return [self._ledger.finding()]

    def create(self, notice: InboundNotice) -> Accepted:
        """Make the document; a key that is known is answered with the document it has, unless switched off."""

        def make(connection: sqlite3.Connection) -> str:
            known = _document(connection, notice) if self._idempotent else None
            if known is not None:
                return warehouse_ref(known)
            cursor = connection.execute(
                "INSERT INTO documents (key, number, account, version, state, data) VALUES (?, ?, ?, ?, 'open', ?)",
                (notice.key, notice.number, notice.account, notice.version, _text(notice, "create")),
            )
            return warehouse_ref({"id": cursor.lastrowid})

        return self._changed("create", notice, make)

    def update(self, notice: InboundNotice) -> Accepted:
        """Replace an open document by this version. Raises Rejection if it is unknown, canceled or closed."""

        def replace(connection: sqlite3.Connection) -> str:
            known = _open_document(connection, notice)
            if known["version"] < notice.version:
                connection.execute(
                    "UPDATE documents SET version = ?, data = ? WHERE id = ?",
                    (notice.version, _text(notice, "update"), known["id"]),
                )
            return warehouse_ref(known)

        return self._changed("update", notice, replace)

    def cancel(self, notice: InboundNotice) -> Accepted:
        """Cancel the document; once more is fine. Raises Rejection if it is unknown or something was received."""

        def strike(connection: sqlite3.Connection) -> str:
            known = _document(connection, notice)
            if known is not None and known["state"] == "canceled":
                return warehouse_ref(known)
            known = _open_document(connection, notice)
            if connection.execute("SELECT 1 FROM receipts WHERE document_id = ?", (known["id"],)).fetchone():
                raise Rejection(f"Goods of {notice.number} have arrived.", "Close it short instead.", code="409")
            connection.execute(
                "UPDATE documents SET state = 'canceled', version = max(version, ?) WHERE key = ?",
                (notice.version, notice.key),
            )
            return warehouse_ref(known)

        return self._changed("cancel", notice, strike)

    def find(self, notice: InboundNotice) -> FoundNotice | None:
        """Look the document up by its key."""
        self._sandbox.read("find", self._now())
        found = self._ledger.rows("SELECT * FROM documents WHERE key = ? ORDER BY id LIMIT 1", notice.key)
        if not found:
            return None
        return FoundNotice(warehouse_ref(found[0]), int(found[0]["version"]), found[0]["state"] == "canceled")

    def receipts(self, cursor: Cursor | None) -> Iterator[ReceiptPage]:
        """The receipts of this account since the cursor; first those are made that are received by itself."""
        self._sandbox.read("receipts", self._now())
        self._receive_by_itself()
        at = int((cursor or {}).get("seq", 0))
        while True:
            rows = self._ledger.rows(
                "SELECT * FROM receipts WHERE seq > ? AND (? = '' OR account = ?) ORDER BY seq LIMIT ?",
                *(at, self._account, self._account, PAGE // 2),
            )
            if not rows:
                return
            at = int(rows[-1]["seq"])
            yield ReceiptPage([found for row in rows for found in self._reported(row)], {"seq": at})

    def acknowledge(self, page: ReceiptPage, failed: Sequence[FailedReceipt]) -> None:
        """Nothing to be told: the feed stays as it is."""

    def _changed(self, action: str, notice: InboundNotice, effect: Any) -> Accepted:
        reference = self._sandbox.perform(
            action, self._now(), effect, key=notice.key, number=notice.number, account=notice.account
        )
        return Accepted(reference, Exchange(request=_text(notice, action), reply=f"{action}: {reference}", code="200"))

    def _reported(self, row: sqlite3.Row) -> list[ReceiptDocument]:
        text = row["data"] if not self._cumulative else self._totals(row)
        found = receipts(parsed(text), f"receipt {row['seq']}", self._reading, cumulative=self._cumulative)
        return found * 2 if self._twice else found

    def _totals(self, row: sqlite3.Row) -> str:
        """The receipt with all that came on its document until then, summed by line."""
        data = json.loads(row["data"])
        earlier = self._ledger.rows(
            "SELECT data FROM receipts WHERE document_id = ? AND seq <= ? ORDER BY seq", row["document_id"], row["seq"]
        )
        lines: dict[str, dict[str, Any]] = {}
        for receipt in earlier:
            for line in json.loads(receipt["data"])["lines"]:
                key = str(line.get("line_key") or line.get("line_no") or line["sku"])
                before = lines.get(key, {})
                for name in ("qty_good", "qty_damaged"):
                    total = Decimal(before.get(name) or 0) + Decimal(str(line.get(name) or 0))
                    line[name] = plain_number(total)
                lines[key] = line
        return json.dumps({**data, "lines": list(lines.values())}, ensure_ascii=False)

    def _receive_by_itself(self) -> None:
        if self._auto_receive == "off":
            return
        with self._ledger.writing() as connection:
            waiting = connection.execute(
                "SELECT * FROM documents WHERE state = 'open' AND (? = '' OR account = ?)"
                " AND id NOT IN (SELECT document_id FROM receipts) ORDER BY id",
                (self._account, self._account),
            ).fetchall()
            for document in waiting:
                lines = [_arrived(line, self._auto_receive) for line in json.loads(document["data"])["lines"]]
                receipt_id = f"R-{warehouse_ref(document)}"
                final = self._auto_receive != "partial"
                book_receipt(connection, document, lines, receipt_id, self._now(), final=final, canceled=False)


def _arrived(line: Mapping[str, Any], how_much: str) -> dict[str, Any]:
    """A receipt line for a line of a notice: half of it in whole units (at least one), all, or a tenth more."""
    expected = Decimal(line["qty"])
    arrived = {
        "partial": max((expected / 2).quantize(ONE, ROUND_DOWN), min(ONE, expected)),
        "full": expected,
        "over": max((expected * _TENTH).quantize(ONE, ROUND_DOWN), expected + ONE),
    }[how_much]
    kept = {name: line[name] for name in ("line_key", "line_no", "source_line_id", "sku", "uom", "pack_size")}
    return {**kept, "qty_good": plain_number(arrived)}


def _document(connection: sqlite3.Connection, notice: InboundNotice) -> sqlite3.Row | None:
    found: sqlite3.Row | None = connection.execute(
        "SELECT * FROM documents WHERE key = ? ORDER BY id LIMIT 1", (notice.key,)
    ).fetchone()
    return found


def _open_document(connection: sqlite3.Connection, notice: InboundNotice) -> sqlite3.Row:
    known = _document(connection, notice)
    if known is None:
        raise Rejection(f"The sandbox has no document of {notice.number}.", "Reset it to send it anew.", code="404")
    if known["state"] != "open":
        state = known["state"]
        raise Rejection(f"The document of {notice.number} is {state}.", "Reset it to send it anew.", code="409")
    return known


def _text(notice: InboundNotice, action: str) -> str:
    return json.dumps(notice_data(notice, action), ensure_ascii=False)
