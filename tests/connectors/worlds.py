"""The worlds of our own connectors for the contract suite: files in a folder, and the sandbox with its ledger."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.connectors import registry
from app.connectors.contract import InboundNotice, SourceConnector, WarehouseConnector
from app.connectors.sandbox import Ledger, ledger_path
from app.connectors.sources.files import FilesSource
from app.connectors.sources.sandbox import SandboxSource
from app.connectors.warehouses.files import FilesWarehouse
from app.connectors.warehouses.sandbox import SandboxWarehouse
from tests.connectors.kit import NOON, context, files_below, land


class FilesSourceWorld:
    """A folder that somebody drops JSON files into."""

    def __init__(self, root: Path) -> None:
        self.root, self._files = root, 0
        self.secrets: Mapping[str, str] = {}

    def connect(self) -> SourceConnector:
        return FilesSource(*registry.split(FilesSource.fields, {"folder": "erp"}, {}), context(self.root))

    def loses_answers(self) -> None:
        """A file is there or not: no answer can be lost."""

    def failing(self) -> None:
        """There is no secret that a failing folder could tell."""

    def offer(self, orders: Sequence[Mapping[str, Any]]) -> None:
        self._files += 1
        land(self.root / "erp/in", f"orders-{self._files}.json", json.dumps(orders))

    def statuses(self) -> list[tuple[str, int, str]]:
        found = [json.loads(path.read_text()) for path in sorted((self.root / "erp/status").iterdir())]
        return [(item["po_number"], item["version"], item["status"]) for item in found]

    def touched(self) -> object:
        return files_below(self.root)


class FilesWarehouseWorld:
    """A folder that a warehouse empties and drops receipts into."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.secrets: Mapping[str, str] = {}

    def connect(self) -> WarehouseConnector:
        return FilesWarehouse(*registry.split(FilesWarehouse.fields, {"folder": "wms"}, {}), context(self.root))

    def loses_answers(self) -> None:
        """A file is there or not: no answer can be lost."""

    def failing(self) -> None:
        """There is no secret that a failing folder could tell."""

    def documents(self) -> list[tuple[str, int, bool, dict[str, str]]]:
        latest: dict[str, dict[str, Any]] = {}
        for path in sorted((self.root / "wms/out").iterdir()):
            data = json.loads(path.read_text())
            assert data["key"] not in latest, f"{path.name} is the second file of one document"
            latest[data["key"]] = data
        return [
            (data["key"], data["version"], data["action"] == "cancel", _quantities(data)) for data in latest.values()
        ]

    def receive(self, announced: InboundNotice, receipt_id: str, lines: Sequence[Mapping[str, Any]]) -> None:
        data = {
            "receipt_id": receipt_id,
            "document_key": announced.key,
            "po_number": announced.number,
            "received_at": NOON.isoformat(),
            "lines": list(lines),
        }
        land(self.root / "wms/receipts", f"{receipt_id}.json", json.dumps(data))

    def touched(self) -> object:
        return files_below(self.root)


class SandboxSourceWorld:
    """A sandbox as a source; `connector` may be a class that breaks promises."""

    def __init__(self, root: Path, connector: type[SandboxSource] = SandboxSource) -> None:
        self.root, self._connector = root, connector
        self.secrets: Mapping[str, str] = {"token": "hunter2-token"}
        self.ledger = Ledger(ledger_path(root, "sandbox"))

    def connect(self, **settings: Any) -> SourceConnector:
        values, _ = registry.split(SandboxSource.fields, settings, {})
        return self._connector(values, self.secrets, context(self.root))

    def loses_answers(self) -> SourceConnector:
        return self.connect(timeout_after_accept_rate=1)

    def failing(self) -> SourceConnector:
        return self.connect(failure_rate=1)

    def offer(self, orders: Sequence[Mapping[str, Any]]) -> None:
        for order in orders:
            self.ledger.add_order(order)

    def statuses(self) -> list[tuple[str, int, str]]:
        return [(item["number"], item["version"], item["data"]["status"]) for item in self.ledger.statuses()]

    def touched(self) -> object:
        return _sandbox_content(self.root, self.ledger)


class SandboxWarehouseWorld:
    """A sandbox as a warehouse; `connector` may be a class that breaks promises."""

    def __init__(self, root: Path, connector: type[SandboxWarehouse] = SandboxWarehouse) -> None:
        self.root, self._connector = root, connector
        self.secrets: Mapping[str, str] = {"token": "hunter2-token"}
        self.ledger = Ledger(ledger_path(root, "sandbox"))

    def connect(self, **settings: Any) -> WarehouseConnector:
        values, _ = registry.split(SandboxWarehouse.fields, settings, {})
        return self._connector(values, self.secrets, context(self.root))

    def loses_answers(self) -> WarehouseConnector:
        return self.connect(timeout_after_accept_rate=1)

    def failing(self) -> WarehouseConnector:
        return self.connect(failure_rate=1)

    def documents(self) -> list[tuple[str, int, bool, dict[str, str]]]:
        return [
            (item["key"], item["version"], item["state"] == "canceled", _quantities(item["data"]))
            for item in self.ledger.documents()
        ]

    def receive(self, announced: InboundNotice, receipt_id: str, lines: Sequence[Mapping[str, Any]]) -> None:
        self.ledger.receive(announced.key, lines, receipt_id=receipt_id, received_at=NOON)

    def touched(self) -> object:
        return _sandbox_content(self.root, self.ledger)


def _sandbox_content(root: Path, ledger: Ledger) -> object:
    """What the sandbox holds, but for how often it was called; None if it was never opened."""
    if not ledger_path(root, "sandbox").exists():
        return None
    statuses = [(item["key"], item["data"]) for item in ledger.statuses()]
    orders = [tuple(row) for row in ledger.rows("SELECT * FROM orders")]
    return orders, statuses, ledger.documents()


def _quantities(data: Mapping[str, Any]) -> dict[str, str]:
    return {line["line_key"]: line["qty"] for line in data["lines"]}
