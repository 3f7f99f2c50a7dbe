"""A small world for tests of the walk: a connection from a sandbox source to a sandbox warehouse, each with its books.

The steps are the jobs themselves, called in this process: real database, real connectors, no queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.connectors.sandbox import Ledger, ledger_path
from app.domain.people import SYSTEM
from app.jobs import deliveries, processing, runs
from app.models import Connection, ScheduleKind, Store, Warehouse
from app.services import rulebook
from app.services.runs import run_now
from tests.factories import Factory
from tests.servers import Database


@dataclass(slots=True)
class World:
    """The database, the factory, and the two outside systems with their own ledgers."""

    db: Database
    make: Factory
    files_root: Path
    connection: Connection
    store: Store
    warehouse: Warehouse

    @property
    def source(self) -> Ledger:
        """The books of the source."""
        return Ledger(ledger_path(self.files_root, "source"))

    @property
    def target(self) -> Ledger:
        """The books of the warehouse."""
        return Ledger(ledger_path(self.files_root, "target"))

    def order(self, number: str, quantities: tuple[Any, ...] = (10, 5), **values: Any) -> dict[str, Any]:
        """Let the source place an order, or place it anew with other content."""
        lines = [
            {"line_no": n, "source_line_id": f"{number}-{n}", "sku": f"SKU-{n}", "qty": quantity, "unit_cost": "2.50"}
            for n, quantity in enumerate(quantities, 1)
        ]
        data = {"po_number": number, "status": "open", "order_date": "2026-03-05", "lines": lines, **values}
        self.source.add_order(data)
        return data

    def run(self, kind: ScheduleKind = ScheduleKind.IMPORT, **request: Any) -> dict[str, Any]:
        """Run an import or a status update to its end; returns the run's row."""
        run_id = run_now(self.connection.id, kind, SYSTEM, request or None)
        runs.work()
        return self.one("SELECT * FROM run WHERE id = %s", run_id)

    def walk(self) -> None:
        """Import, judge and send what is due."""
        self.run()
        processing.work()
        deliveries.work()

    def update_status(self) -> dict[str, Any]:
        """Pull receipts and push statuses."""
        run = self.run(ScheduleKind.STATUS_UPDATE)
        deliveries.work()
        return run

    def rule(self, text: str, **values: Any) -> int:
        """Save an active rule."""
        name = text.split('"')[1]
        return rulebook.save(None, {"name": name, "text": text, "state": "active", **values}, SYSTEM)

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Look into the database from outside."""
        with self.db.connect() as connection:
            cursor = connection.execute(sql.encode(), values)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def one(self, sql: str, *values: Any) -> dict[str, Any]:
        """Exactly one row."""
        (row,) = self.rows(sql, *values)
        return row

    def po(self, number: str) -> dict[str, Any]:
        """An order's row."""
        return self.one("SELECT * FROM purchase_order WHERE number = %s", number)

    def run_sql(self, sql: str, *values: Any) -> None:
        """Change the database from outside, for instance to let time pass."""
        with self.db.connect() as connection:
            connection.execute(sql.encode(), values)

    def due_now(self) -> None:
        """Let the pauses between attempts pass."""
        self.run_sql("UPDATE delivery SET due_at = clock_timestamp() WHERE state = 'due'")

    def kinds(self, number: str) -> list[str]:
        """The kinds of an order's timeline, in their order."""
        rows = self.rows(
            "SELECT a.kind FROM activity a JOIN purchase_order p ON p.id = a.purchase_order_id"
            " WHERE p.number = %s ORDER BY a.id",
            number,
        )
        return [row["kind"] for row in rows]
