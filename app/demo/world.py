"""The systems around Inlet that the demo plays: stores that place orders, and warehouses that take and send papers.

It knows nothing of Inlet's database. Like real partners it speaks through folders of files and through the ledgers of
the sandboxes only.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from app.connectors.contract import ReceiptDocument
from app.connectors.folder import LocalFolder
from app.connectors.formats.order_files import order_data, orders_csv, orders_json
from app.connectors.formats.receipt_files import receipt_data, receipts_csv, receipts_json
from app.connectors.sandbox import Ledger, ledger_path
from app.demo.places import CONNECTIONS, WAREHOUSES, DemoConnection, DemoWarehouse
from app.domain.record import PurchaseOrderRecord

IN, OUT, RECEIPTS = "in", "out", "receipts"
FETCHED: Final = "fetched"
"""Where the files warehouse keeps the notices that it has taken out of `out/`."""


class World:
    """All outside systems of the demo, below one files root."""

    def __init__(self, files_root: Path) -> None:
        """Nothing is touched yet."""
        self._root = files_root

    def begin_anew(self) -> None:
        """Forget everything, as a new database needs a new world: the old papers name orders that it never saw."""
        shutil.rmtree(self._root / "demo", ignore_errors=True)
        for place in (*CONNECTIONS, *WAREHOUSES):
            if place.ledger:
                path = ledger_path(self._root, place.ledger)
                for file in path.parent.glob(f"{path.name}*"):
                    file.unlink()

    def place_orders(
        self,
        connection: DemoConnection,
        records: Sequence[PurchaseOrderRecord],
        name: str,
        written: datetime | None = None,
    ) -> None:
        """Let a store offer orders: as one file of this name (without its ending), or in its sandbox's feed.

        A file that was `written` some time ago is taken at once, a fresh one when it has rested.
        """
        if connection.kind == "sandbox":
            ledger = self.ledger(connection)
            for record in records:
                ledger.add_order(order_data(record))
            return
        text = orders_csv(records) if connection.ending == "csv" else orders_json(records)
        self.drop(connection.folder, IN, f"{name}.{connection.ending}", text.encode("utf-8"), written)

    def drop(self, folder: str, sub: str, name: str, content: bytes, written: datetime | None = None) -> None:
        """Put a file into a folder, complete or not at all."""
        local = LocalFolder(self._root, folder)
        local.prepare(sub)
        local.write(sub, name, content)
        if written is not None:
            os.utime(self._root / folder / sub / name, (written.timestamp(), written.timestamp()))

    def notices(self, warehouse: DemoWarehouse) -> list[dict[str, Any]]:
        """The open inbound notices that a warehouse has, in the layout of notice files."""
        if warehouse.kind == "sandbox":
            known = self.ledger(warehouse).documents()
            return [document["data"] for document in known if document["state"] == "open"]
        self._fetch(warehouse)
        return [json.loads(path.read_text(encoding="utf-8")) for path in self._fetched(warehouse)]

    def receive(
        self, warehouse: DemoWarehouse, receipts: Iterable[ReceiptDocument], written: datetime | None = None
    ) -> None:
        """Let a warehouse report receipts; one that it has reported already is left out by a sandbox."""
        if warehouse.kind == "sandbox":
            self._book(warehouse, receipts)
            return
        for number, receipt in enumerate(receipts):
            # A canceled document has no lines, and CSV tells everything by line.
            in_json = receipt.canceled or number % 3 > 0
            # Spreadsheets come from people, who know an order by its number and not by our key.
            text = receipts_json([receipt]) if in_json else receipts_csv([replace(receipt, document_key="")])
            name = f"{receipt.external_id}-{receipt.received_at:%y%m%d}.{'json' if in_json else 'csv'}"
            self.drop(
                str(warehouse.settings["folder"]), RECEIPTS, name, text.encode("utf-8"), written or receipt.received_at
            )

    def ledger(self, place: DemoConnection | DemoWarehouse) -> Ledger:
        """The books of a sandbox."""
        return Ledger(ledger_path(self._root, place.ledger))

    def folder(self, place: DemoWarehouse) -> Path:
        """The folder of a files warehouse."""
        return self._root / str(place.settings["folder"])

    def _book(self, warehouse: DemoWarehouse, receipts: Iterable[ReceiptDocument]) -> None:
        ledger = self.ledger(warehouse)
        booked = {json.loads(row["data"])["receipt_id"] for row in ledger.rows("SELECT data FROM receipts")}
        for receipt in receipts:
            if receipt.external_id not in booked:
                ledger.receive(
                    receipt.document_key,
                    receipt_data(receipt)["lines"],
                    receipt_id=receipt.external_id,
                    received_at=receipt.received_at,
                    final=receipt.final,
                    canceled=receipt.canceled,
                )

    def _fetch(self, warehouse: DemoWarehouse) -> None:
        """Empty `out/` as a warehouse does: a new version replaces the one that was fetched, a cancellation ends it."""
        out, kept = self.folder(warehouse) / OUT, self.folder(warehouse) / FETCHED
        kept.mkdir(parents=True, exist_ok=True)
        for path in sorted(out.glob("*.json")) if out.exists() else ():
            if path.name.startswith("."):
                continue
            if path.name.endswith(".cancel.json"):
                (kept / f"{path.name.removesuffix('.cancel.json')}.json").unlink(missing_ok=True)
                path.unlink()
            else:
                path.replace(kept / path.name)
            path.with_suffix(".csv").unlink(missing_ok=True)

    def _fetched(self, warehouse: DemoWarehouse) -> Iterator[Path]:
        yield from sorted((self.folder(warehouse) / FETCHED).glob("*.json"))

    def finish(self, warehouse: DemoWarehouse, key: str) -> None:
        """Let a files warehouse forget a notice for which nothing more will come."""
        for path in list(self._fetched(warehouse)):
            if json.loads(path.read_text(encoding="utf-8"))["key"] == key:
                path.unlink()


def shortened_csv(records: Sequence[PurchaseOrderRecord]) -> bytes:
    """A CSV file of orders after a spreadsheet had it: the barcodes of the first order have lost their digits."""
    spoiled = [replace(line, barcode="8.41E+10") for line in records[0].lines]
    return orders_csv([replace(records[0], lines=spoiled), *records[1:]]).encode("utf-8")
