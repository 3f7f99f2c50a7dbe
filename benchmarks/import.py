"""Import: JSON pages of 200 purchase orders to committed rows, against raw COPY of the same rows.

The baseline copies the very rows that the import made, already parsed, into the same tables with the same indexes, one
commit a page. The same pages are then imported a second time.

    python benchmarks/import.py [purchase orders] [lines each]
"""

from __future__ import annotations

import io
import json
import random
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import Engine

from app.connectors.contract import OrderPage, RawDocument
from app.connectors.formats import json_records
from app.connectors.formats.order_files import map_order
from app.connectors.formats.values import Reading
from app.domain.people import SYSTEM
from app.models import ScheduleKind
from app.services import importing, runs
from app.services.import_rows import ACTIVITY_COLUMNS, LINE_COLUMNS, ORDER_COLUMNS
from app.services.runs import Lease
from app.services.unit_of_work import Database
from benchmarks.house import plain_connection, settled_in
from tests.factories import NOON, Factory

PAGE = 200
ENOUGH = 0.40
ENOUGH_AGAIN = 5.0


def pages_of(orders: int, lines: int) -> list[bytes]:
    """The pages as a source would send them: JSON texts of 200 orders each."""
    chance = random.Random(7)
    texts = []
    for start in range(0, orders, PAGE):
        page = [order(number, lines, chance) for number in range(start, min(start + PAGE, orders))]
        texts.append(json.dumps({"purchase_orders": page}).encode())
    return texts


def order(number: int, lines: int, chance: random.Random) -> dict[str, Any]:
    """One order with believable lines."""
    return {
        "po_number": f"PO-{100_000 + number}",
        "revision": 1,
        "status": "open",
        "supplier_code": f"S{chance.randrange(500):04}",
        "supplier_name": f"Supplier {chance.randrange(500)}",
        "buyer_name": f"Buyer {chance.randrange(2000)}",
        "order_date": "2026-03-05T08:30:00+00:00",
        "expected_date": f"2026-04-{chance.randrange(1, 29):02}",
        "currency": "EUR",
        "lines": [
            {
                "line_no": n,
                "source_line_id": f"{number}-{n}",
                "sku": f"SKU-{chance.randrange(200_000):06}",
                "description": "Canvas apron, natural",
                "qty": str(chance.randrange(1, 500)),
                "uom": "EA",
                "unit_cost": f"{chance.randrange(100, 9000) / 100:.2f}",
            }
            for n in range(1, lines + 1)
        ],
    }


def run_import(lease: Lease, texts: Iterable[bytes]) -> float:
    """Parse, map and store every page; returns the seconds it took."""
    planned = importing.plan(lease)
    reading = Reading(ZoneInfo("UTC"))
    started = time.perf_counter()
    for number, text in enumerate(texts):
        documents = [
            RawDocument(piece.text, f"page {number}, {piece.place}", piece.data, piece.problem)
            for piece in json_records.pieces(io.BytesIO(text), "purchase_orders")
        ]
        page = OrderPage(documents, {"page": number})
        importing.save_page(lease, planned, page, lambda doc: map_order(doc.text, doc.data, reading), "1")
    return time.perf_counter() - started


COPIED = {
    "po_key": ("id", "store_id", "connection_id", "external_id", "purchase_order_id", "raw_digest"),
    "source_document": ("id", "connection_id", "external_id", "run_id", "reference", "text"),
    "purchase_order": ORDER_COLUMNS,
    "line_item": LINE_COLUMNS,
    "activity": ACTIVITY_COLUMNS,
}
KEY_OF = {
    "po_key": "purchase_order_id",
    "purchase_order": "id",
    "line_item": "purchase_order_id",
    "activity": "purchase_order_id",
}


def rows_by_page(connection: psycopg.Connection[Any]) -> list[dict[str, list[tuple[Any, ...]]]]:
    """The imported rows as Python values, in pages."""
    ids = [row[0] for row in connection.execute("SELECT id FROM purchase_order ORDER BY id")]
    documents = [row[0] for row in connection.execute("SELECT source_document_id FROM purchase_order ORDER BY id")]
    pages = []
    for start in range(0, len(ids), PAGE):
        wanted = {"source_document": documents[start : start + PAGE]}
        pages.append(
            {
                table: connection.execute(
                    f"SELECT {', '.join(_selected(column) for column in columns)} FROM {table}"
                    f" WHERE {KEY_OF.get(table, 'id')} = ANY(%s) ORDER BY id",
                    [wanted.get(table, ids[start : start + PAGE])],
                ).fetchall()
                for table, columns in COPIED.items()
            }
        )
    return pages


def _selected(column: str) -> str:
    # JSON columns come back as text, as the import hands them over.
    return f"{column}::text" if column in {"ship_to", "custom", "snapshot", "data"} else column


def run_copy(connection: psycopg.Connection[Any], pages: list[dict[str, list[tuple[Any, ...]]]]) -> float:
    """The baseline: COPY the same rows, one commit a page."""
    connection.execute("TRUNCATE activity, source_document, line_item, purchase_order, po_key CASCADE")
    connection.commit()
    started = time.perf_counter()
    for page in pages:
        for table, columns in COPIED.items():
            statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
            with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
                for row in page[table]:
                    copy.write_row(row)
        connection.commit()
    return time.perf_counter() - started


def prepare(engine: Engine) -> Lease:
    """A connection and a running import of it."""
    make = Factory(engine)
    connection = make.connection(import_from=NOON.replace(month=1))
    runs.run_now(connection.id, ScheduleKind.IMPORT, SYSTEM)
    lease = runs.claim_queued("benchmark")
    assert lease is not None
    return lease


def figures(orders: int, lines: int) -> Iterator[str]:
    """Measure, and say what came out; the exit code says whether it is enough."""
    texts = pages_of(orders, lines)
    with settled_in() as settings, plain_connection(settings) as connection:
        lease = prepare(Database.engine())
        run_import(lease, texts[:2])
        connection.execute("TRUNCATE activity, source_document, line_item, purchase_order, po_key CASCADE")
        connection.commit()
        first = run_import(lease, texts)
        again = run_import(lease, texts)
        pages = rows_by_page(connection)
        copied = run_copy(connection, pages)
    count = orders * lines
    yield f"import            {count / first:>10,.0f} lines/s   ({first:.2f} s for {orders:,} orders of {lines} lines)"
    yield f"raw COPY          {count / copied:>10,.0f} lines/s   ({copied:.2f} s)"
    yield f"ratio             {copied / first:>10.2f}           at least {ENOUGH}"
    yield f"the same again    {count / again:>10,.0f} lines/s   {first / again:.1f} times, at least {ENOUGH_AGAIN}"
    if copied / first < ENOUGH or first / again < ENOUGH_AGAIN:
        yield "TOO SLOW"


if __name__ == "__main__":
    size = [int(word) for word in sys.argv[1:3]]
    told = list(figures(*(size + [5000, 20][len(size) :])))
    print("\n".join(told))
    sys.exit(told[-1] == "TOO SLOW")
