"""What the tests of receiving share: orders at a warehouse, reports as it sends them, and looks inside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import event

from app.connectors.contract import ReceiptDocument, ReceivedLine
from app.domain.record import LineRecord
from app.domain.states import PoStatus
from app.models import Connection, Document, PurchaseOrder, ReceiptOrigin, Warehouse
from app.services import receiving
from app.services.receiving import Recorded
from app.services.unit_of_work import Database as Bound
from tests.factories import NOON, Factory
from tests.servers import Database


def line(sku: str, received: Any, damaged: Any = 0, **values: Any) -> ReceivedLine:
    """One line of a report."""
    return ReceivedLine(sku, Decimal(str(received)), Decimal(str(damaged)), **values)


def ordered(number: int, sku: str, quantity: Any, **values: Any) -> LineRecord:
    """One line of an order."""
    return LineRecord(line_number=number, sku=sku, quantity=Decimal(str(quantity)), **values)


def document(external_id: str, *lines: ReceivedLine, minutes: int = 0, **values: Any) -> ReceiptDocument:
    """A report; `minutes` after noon by the warehouse's clock."""
    return ReceiptDocument(external_id, NOON + timedelta(minutes=minutes), lines, **values)


@dataclass(slots=True)
class Dock:
    """One connection with its warehouse."""

    db: Database
    make: Factory
    connection: Connection
    warehouse: Warehouse

    def order(
        self, *lines: LineRecord, status: PoStatus = PoStatus.OPEN, document: str | None = "accepted", **values: Any
    ) -> PurchaseOrder:
        """An order, by default one that the warehouse has; its document's key is `key <number>`."""
        po = self.make.purchase_order(
            self.connection, lines=lines or [ordered(1, "A", 10), ordered(2, "B", 5)], status=status, **values
        )
        if document:
            (key,) = self.rows("SELECT id FROM po_key WHERE purchase_order_id = %s", po.id)
            self.make.add(
                Document(
                    po_key_id=key["id"],
                    warehouse_id=self.warehouse.id,
                    key=f"key {po.number}",
                    state=document,
                    version=1,
                    confirmed_version=1 if document == "accepted" else 0,
                )
            )
        return po

    def report(self, report: ReceiptDocument, origin: ReceiptOrigin = ReceiptOrigin.PULL) -> Recorded:
        """Record one report in its own transaction."""
        return receiving.record(None, self.warehouse.id, report, origin, "East Dock")

    def receive(self, po: PurchaseOrder, external_id: str, *lines: ReceivedLine, **values: Any) -> Recorded:
        """Record one report for an order, by our document's key."""
        return self.report(document(external_id, *lines, document_key=f"key {po.number}", **values))

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Look into the database from outside."""
        with self.db.connect() as connection:
            cursor = connection.execute(sql.encode(), values)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def run_sql(self, sql: str, *values: Any) -> None:
        """Change the database from outside."""
        with self.db.connect() as connection:
            connection.execute(sql.encode(), values)

    def po(self, po: PurchaseOrder) -> dict[str, Any]:
        """An order's row as it is now."""
        (row,) = self.rows("SELECT * FROM purchase_order WHERE id = %s", po.id)
        return row

    def status(self, po: PurchaseOrder) -> str:
        """An order's status as it is now."""
        return str(self.po(po)["status"])

    def sums(self, po: PurchaseOrder) -> list[tuple[Any, Any]]:
        """(received, damaged) of each line."""
        rows = self.rows(
            "SELECT received, damaged FROM line_item WHERE purchase_order_id = %s ORDER BY position", po.id
        )
        return [(row["received"], row["damaged"]) for row in rows]

    def received(self, po: PurchaseOrder) -> list[Any]:
        """What is received on each line."""
        return [received for received, _ in self.sums(po)]

    def receipt(self, receipt_id: int | None) -> dict[str, Any]:
        """A receipt's row as it is now."""
        (row,) = self.rows("SELECT * FROM receipt WHERE id = %s", receipt_id)
        return row

    def lines(self, receipt_id: int | None) -> list[dict[str, Any]]:
        """A receipt's stored lines."""
        return self.rows("SELECT * FROM receipt_line WHERE receipt_id = %s ORDER BY position", receipt_id)

    def held(self, receipt_id: int | None) -> tuple[str, str]:
        """A held receipt's kind and words."""
        row = self.receipt(receipt_id)
        assert row["state"] == "error"
        assert row["applied_at"] is None
        return row["discrepancy"], row["state_reason"]

    def told(self, po: PurchaseOrder) -> list[str]:
        """The kinds of an order's timeline."""
        rows = self.rows("SELECT kind FROM activity WHERE purchase_order_id = %s ORDER BY id", po.id)
        return [row["kind"] for row in rows]

    def statuses_waiting(self, po: PurchaseOrder) -> int:
        """How many status messages wait for an order."""
        sql = "SELECT count(*) AS n FROM delivery WHERE purchase_order_id = %s AND kind = 'status' AND state = 'due'"
        return int(self.rows(sql, po.id)[0]["n"])


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the statements that are run meanwhile by this process."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    engine = Bound.engine()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
