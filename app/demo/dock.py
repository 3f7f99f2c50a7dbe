"""The docks of the demo's warehouses: which goods are on their way to them, and what comes next of each notice.

What a warehouse still expects is read from its own books every time: the ledger of a sandbox, or the fetched notices
and the sent receipts of a files warehouse. So the feed may end and start again at any time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from app.connectors.contract import ReceiptDocument, ReceivedLine
from app.demo.arrivals import Notice, Truck, broken, more
from app.demo.orders import is_new
from app.demo.places import DemoWarehouse
from app.demo.world import World

FIRST_TRUCK: Final = timedelta(seconds=40)
"""So long after it was announced the first goods of an order arrive; a second truck comes so long after the first."""
_PART, _DAMAGED, _OVER = 0.5, 0.12, 0.06
_COMING: Final = "coming.json"


@dataclass(slots=True)
class Expected:
    """A notice whose goods are on the way: since when, how many trucks came, and what was on them."""

    notice: Notice
    since: datetime
    trucks: int = 0
    came: list[ReceivedLine] = field(default_factory=list)


class Dock:
    """One warehouse as it receives the feed's orders; orders that were loaded stay as they are."""

    def __init__(self, world: World, warehouse: DemoWarehouse) -> None:
        """Nothing is touched yet."""
        self._world, self.warehouse = world, warehouse

    def receive_next(self, now: datetime, rng: Random) -> str:
        """Let one truck arrive whose time has come; returns what happened in words, empty if none was due."""
        for expected in self._expected(now):
            if now - expected.since >= FIRST_TRUCK:
                receipt, words = _unloaded(self.warehouse, expected, now, rng)
                self._world.receive(self.warehouse, [receipt], written=now)
                self._note(expected, receipt, now)
                return words
        return ""

    def _expected(self, now: datetime) -> list[Expected]:
        return self._by_ledger() if self.warehouse.kind == "sandbox" else self._by_files(now)

    def _by_ledger(self) -> list[Expected]:
        ledger, found = self._world.ledger(self.warehouse), []
        calls = {call["key"]: call["at"] for call in ledger.calls() if call["action"] == "create"}
        for document in ledger.documents():
            if document["state"] != "open" or not is_new(document["number"]) or document["key"] not in calls:
                continue
            expected = Expected(document["data"], datetime.fromisoformat(calls[document["key"]]))
            for row in ledger.rows("SELECT data FROM receipts WHERE document_id = ? ORDER BY seq", document["id"]):
                data = json.loads(row["data"])
                expected.trucks += 1
                expected.since = datetime.fromisoformat(data["received_at"])
                expected.came += [_came(line) for line in data["lines"]]
            found.append(expected)
        return found

    def _by_files(self, now: datetime) -> list[Expected]:
        coming, found = self._coming(), []
        for notice in self._world.notices(self.warehouse):
            if is_new(str(notice["po_number"])):
                noted = coming.setdefault(str(notice["key"]), {"since": now.isoformat(), "trucks": 0, "lines": []})
                came = [_came(line) for line in noted["lines"]]
                found.append(Expected(notice, datetime.fromisoformat(noted["since"]), noted["trucks"], came))
        self._keep(coming)
        return found

    def _note(self, expected: Expected, receipt: ReceiptDocument, now: datetime) -> None:
        """A files warehouse writes down what came; a sandbox has it in its ledger."""
        if self.warehouse.kind == "sandbox":
            return
        coming, key = self._coming(), str(expected.notice["key"])
        if receipt.final:
            coming.pop(key, None)
            self._world.finish(self.warehouse, key)
        else:
            lines = [
                {"line_key": line.line_key, "sku": line.sku, "qty_good": str(line.received)} for line in receipt.lines
            ]
            coming[key] = {"since": now.isoformat(), "trucks": expected.trucks + 1, "lines": lines}
        self._keep(coming)

    def _coming(self) -> dict[str, dict[str, Any]]:
        path = self._world.folder(self.warehouse) / _COMING
        found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return found

    def _keep(self, coming: dict[str, dict[str, Any]]) -> None:
        path = self._world.folder(self.warehouse) / _COMING
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(coming), encoding="utf-8")
        unfinished.replace(path)


def _unloaded(warehouse: DemoWarehouse, expected: Expected, now: datetime, rng: Random) -> tuple[ReceiptDocument, str]:
    """The receipt of the next truck, and what to say of it. The last truck brings all that is left."""
    truck = Truck(expected.notice, expected.trucks + 1, now)
    where, number = warehouse.code, expected.notice["po_number"]
    first = expected.trucks == 0
    if first and warehouse.partial_receipts and len(expected.notice["lines"]) > 1 and rng.random() < _PART:
        return truck.document(truck.part_of()), f"{where} receives a part of {number}."
    lines = truck.all_of(expected.came)
    words = f"{where} receives {'all' if first else 'the rest'} of {number}"
    if not lines:
        return truck.document([replace(expected.came[0], received=Decimal(0))], final=True), f"{words}."
    if rng.random() < _DAMAGED:
        return truck.document(broken(lines, rng), final=True), f"{words}, some of it damaged."
    if rng.random() < _OVER:
        return truck.document(more(lines, 8), final=True), f"{words}, and a little more."
    return truck.document(lines, final=True), f"{words}."


def _came(line: Notice) -> ReceivedLine:
    good, damaged = Decimal(str(line.get("qty_good") or 0)), Decimal(str(line.get("qty_damaged") or 0))
    return ReceivedLine(sku=str(line.get("sku", "")), received=good + damaged, line_key=str(line["line_key"]))
