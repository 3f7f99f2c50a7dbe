"""What the tests of connectors share: a clock, contexts, orders, notices, messages, files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app.connectors import registry
from app.connectors.contract import (
    ConnectorContext,
    ImportWindow,
    InboundNotice,
    NoticeLine,
    OrderPage,
    SourceConnector,
    StatusLine,
    StatusMessage,
    StatusReceipt,
    WarehouseConnector,
)

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LONG_AGO = NOON.timestamp() - 3600


@dataclass
class Clock:
    """A clock that a test sets."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


def context(
    root: Path, *, zone: str = "Europe/Berlin", account: str = "", now: Callable[[], datetime] | None = None
) -> ConnectorContext:
    """A context whose clock stands at noon."""
    return ConnectorContext(ZoneInfo(zone), root, account, now or Clock())


def source(kind: str, root: Path, now: Callable[[], datetime] | None = None, **settings: Any) -> SourceConnector:
    """A source by the registry's own way."""
    return registry.source(kind, settings, {}, context(root, now=now))


def warehouse(
    kind: str, root: Path, now: Callable[[], datetime] | None = None, account: str = "", **settings: Any
) -> WarehouseConnector:
    """A warehouse by the registry's own way."""
    return registry.warehouse(kind, settings, {}, context(root, now=now, account=account))


def land(folder: Path, name: str, content: str | bytes, at: float = LONG_AGO) -> Path:
    """Put a file into a folder, last written at this time (an hour before the clock's noon)."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(path, (at, at))
    return path


def files_below(root: Path) -> dict[str, str]:
    """Every file below a folder and the digest of its content, SQLite's working files left out."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


def order(number: str = "PO-1", lines: int = 2, **values: Any) -> dict[str, Any]:
    """An order in the default JSON layout. The SKU stands on every line, as it may."""
    return {
        "po_number": number,
        "order_date": "2026-11-01",
        "supplier_name": "Acme",
        "lines": [{"line_no": at, "sku": "0012", "qty": str(at * 10)} for at in range(1, lines + 1)],
        **values,
    }


def orders_csv(*rows: str, header: str = "po_number,line_no,sku,qty") -> str:
    """A CSV file of orders."""
    return "\n".join([header, *rows]) + "\n"


def notice(number: str = "PO-1", version: int = 1, quantity: str = "10", **values: Any) -> InboundNotice:
    """An inbound notice with the same SKU on two lines."""
    lines = [
        NoticeLine("no:1", 1, "", "0012", Decimal(quantity), name="Cup", unit_of_measure="EA"),
        NoticeLine("no:2", 2, "", "0012", Decimal(5), pack_size=Decimal(6), expected_date=date(2026, 12, 24)),
    ]
    given = {
        "key": f"key-{number}", "version": version, "number": number, "merchant": "Acme", "account": "ACC",
        "facility": "", "supplier_code": "S1", "supplier_name": "Supplier", "due_date": date(2026, 12, 1), "notes": "",
        "lines": lines, **values,
    }  # fmt: skip
    return InboundNotice(**given)


def message(number: str = "PO-1", version: int = 1, status: str = "received", **values: Any) -> StatusMessage:
    """A status message with one line and one receipt."""
    ten = Decimal(10)
    lines = [StatusLine("no:1", 1, "", "0012", ten, ten, Decimal(1), Decimal(0), Decimal(4), Decimal(6))]
    receipts = [StatusReceipt("R-1", NOON, True, [("no:1", "0012", ten, Decimal(1))])]
    given = {
        "key": f"status-{number}-{version}", "version": version, "external_id": number, "number": number,
        "status": status, "at": NOON, "lines": lines, "receipts": receipts, **values,
    }  # fmt: skip
    return StatusMessage(**given)


def walk(connector: SourceConnector, window: ImportWindow | None = None) -> list[OrderPage]:
    """All pages, each acknowledged as if it had been committed without a refusal."""
    pages = []
    for page in connector.pages(window or ImportWindow()):
        pages.append(page)
        connector.acknowledge(page, [])
    return pages


def texts(pages: Sequence[OrderPage]) -> list[str]:
    """The raw texts of all documents."""
    return [document.text for page in pages for document in page.documents]
