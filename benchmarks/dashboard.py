"""The first page at a million purchase orders: what each of its blocks asks of the database, and the whole page.

The rows are made by the database itself, over a year of fifty merchants. Each figure is the middle one of several tries
by a reader of that role, after one that warms up.

    python benchmarks/dashboard.py [purchase orders]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import create_app
from app.domain.people import Role
from app.extensions import db
from app.models import Merchant, Warehouse
from app.queries import dashboard
from app.queries.health import health
from app.security.reader import current_reader, reader_for, set_reader
from app.services.unit_of_work import Database
from benchmarks.house import plain_connection, settled_in
from tests.factories import Factory
from tests.web.people import Person

ENOUGH_MS = 300
TRIES = 9
MERCHANTS = 50
WAREHOUSES = 20

# Of a hundred orders 12 are unfinished (4 of them late), 2 are in Error, and the others have ended. Merchant 1 has a
# third of all orders; the others share the rest.
_ORDERS = """
INSERT INTO purchase_order (connection_id, merchant_id, store_id, external_id, number, buyer_name, status, failed_step,
    step, warehouse_id, due_date, late_from, units_ordered, units_received, lines_count, ordered_at, imported_at,
    sent_at, snapshot, content_digest)
SELECT c.id, c.merchant_id, c.store_id, 'E' || n, 'PO-' || n, 'Buyer ' || n % 2000, s.status,
    CASE WHEN s.status = 'error'
         THEN (ARRAY['rules', 'routing', 'send', 'update', 'cancel', 'warehouse', ''])[1 + n / 100 % 7] ELSE '' END,
    'none', c.warehouse_id, d.due, (d.due + 1)::timestamptz, 40 + n % 500, CASE WHEN s.received THEN 40 ELSE 0 END, 4,
    s.at, s.at, CASE WHEN s.status <> 'new' THEN s.at END, '{{}}', 'd'
FROM generate_series(1, {orders}) AS n
CROSS JOIN LATERAL (SELECT abs(hashint4(n)) % 100 AS h) AS hashed
JOIN connection c ON c.id = CASE WHEN h < 34 THEN 1 ELSE 1 + h % {merchants} END
CROSS JOIN LATERAL (
    SELECT now() - (n % 365) * interval '1 day' AS at, n % 100 IN (9, 10, 11) AS received,
        CASE WHEN n % 100 < 2 THEN 'new' WHEN n % 100 < 9 THEN 'open' WHEN n % 100 < 12 THEN 'partially_received'
             WHEN n % 100 < 14 THEN 'error' WHEN n % 100 < 90 THEN 'received' WHEN n % 100 < 95 THEN 'closed'
             WHEN n % 100 < 98 THEN 'canceled' ELSE 'archived' END AS status
) AS s
CROSS JOIN LATERAL (
    SELECT CASE WHEN n % 997 = 0 THEN NULL WHEN n % 100 < 12 THEN current_date + (n / 100 % 90)::int - 30
                ELSE s.at::date + 30 END AS due
) AS d
"""
_REST = (
    """
    INSERT INTO po_key (store_id, connection_id, external_id, purchase_order_id, raw_digest)
    SELECT store_id, connection_id, external_id, id, 'r' FROM purchase_order
    """,
    """
    INSERT INTO receipt (warehouse_id, merchant_id, purchase_order_id, external_id, po_reference, state, origin,
        received_at, created_at, applied_at, units, content_digest)
    SELECT warehouse_id, merchant_id, id, 'R' || id, number, CASE WHEN id % 400 = 50 THEN 'error' ELSE 'completed' END,
        'pull', imported_at, imported_at, imported_at, 40, 'd' FROM purchase_order WHERE status <> 'new'
    """,
    """
    INSERT INTO delivery (kind, connection_id, merchant_id, warehouse_id, po_key_id, purchase_order_id, external_id,
        number, state, attempts, unknown, created_at)
    SELECT 'create', p.connection_id, p.merchant_id, p.warehouse_id, k.id, p.id, p.external_id, p.number,
        CASE WHEN p.failed_step IN ('send', 'update', 'cancel') OR p.id % 500 = 0 THEN 'failed'
             WHEN p.status = 'new' THEN 'due' ELSE 'done' END,
        CASE WHEN p.status = 'new' THEN p.id / 100 % 6 ELSE 1 END, p.status = 'new' AND p.id / 100 % 9 = 0,
        p.imported_at
    FROM purchase_order p JOIN po_key k ON k.purchase_order_id = p.id ORDER BY p.id
    """,
    """
    INSERT INTO pending_change (purchase_order_id, kind, snapshot, content_digest, raw_digest)
    SELECT id, 'change', '{}', 'c', 'r' FROM purchase_order WHERE id % 1000 = 5
    """,
    """
    INSERT INTO run (at, kind, connection_id, merchant_id, started_by, state, new, changed, failed, finished_at)
    SELECT now() - n * interval '15 minutes', k.kind, c.id, c.merchant_id, 'schedule',
        CASE WHEN (n + c.id) % 40 = 0 THEN 'failed' ELSE 'done' END, 5, 1, 0, now() - n * interval '15 minutes'
    FROM generate_series(2000, 0, -1) AS n CROSS JOIN connection c
    CROSS JOIN (VALUES ('import'), ('status_update')) AS k(kind)
    """,
    """
    INSERT INTO run_failure (run_id, connection_id, merchant_id, reason, text, digest, state)
    SELECT 1, c.id, c.merchant_id, 'It has no lines.', '{}', 'd' || n,
        CASE WHEN n % 4 = 0 THEN 'open' ELSE 'retried' END
    FROM generate_series(1, 400) AS n CROSS JOIN connection c
    """,
    "UPDATE schedule SET next_due_at = now() + interval '9 minutes', last_completed_at = now() - interval '6 minutes'",
)


def seed(connection: psycopg.Connection[Any], make: Factory, orders: int) -> None:
    """Fill the database: merchants with a connection each by the factory, the rest by the database."""
    warehouses = [make.warehouse() for _ in range(WAREHOUSES)]
    for number in range(MERCHANTS):
        make.connection(make.merchant(), make.store(), warehouses[number % WAREHOUSES])
    # The first page never searches, and this index would take most of the time.
    connection.execute("DROP INDEX ix_purchase_order_search, ix_receipt_external_id")
    connection.execute(_ORDERS.format(orders=orders, merchants=MERCHANTS).encode())
    for statement in _REST:
        connection.execute(statement.encode())
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE")


def blocks(role: Role) -> dict[str, Callable[[], Any]]:
    """What a page for this role asks, by the name of the block."""
    now, zone = datetime.now(UTC), ZoneInfo("Europe/Berlin")
    today = now.astimezone(zone).date()
    asked: dict[str, Callable[[], Any]] = {
        "inbound by week": lambda: dashboard.inbound(db.session, today),
        "receipts per day": lambda: dashboard.receipts_per_day(db.session, today, zone),
    }
    if role in {Role.ADMIN, Role.SUPPORT}:
        asked["needs a person"] = lambda: dashboard.needs(db.session, now)
        asked["health of imports"] = lambda: health(db.session, current_reader(), now)
    elif role is Role.PARTNER:
        asked["due"] = lambda: dashboard.due(db.session, {"today": (today, today), "late": (None, today)})
    else:
        asked["by status"] = lambda: dashboard.by_status(db.session, now)
    return asked


def people(make: Factory) -> Iterator[tuple[str, Role, Any]]:
    """A reader of each kind: unlimited ones, of the largest merchant, and of a small one."""
    with Session(make.engine) as session:
        large, small = session.scalars(select(Merchant).order_by(Merchant.id).limit(2))
        first = session.scalars(select(Warehouse).order_by(Warehouse.id).limit(1)).one()
    yield "Admin", Role.ADMIN, make.user(Role.ADMIN)
    yield "Support, large merchant", Role.SUPPORT, make.user(Role.SUPPORT, merchants=[large])
    yield "Support, small merchant", Role.SUPPORT, make.user(Role.SUPPORT, merchants=[small])
    yield "Partner", Role.PARTNER, make.user(Role.PARTNER, warehouses=[first])
    yield "Merchant, large", Role.MERCHANT, make.user(Role.MERCHANT, merchants=[large])
    yield "Merchant, small", Role.MERCHANT, make.user(Role.MERCHANT, merchants=[small])


def timed(ask: Callable[[], Any]) -> float:
    """Milliseconds, the middle of several tries."""
    taken = []
    for _ in range(TRIES + 1):
        started = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - started) * 1000)
        db.session.rollback()
    return statistics.median(taken[1:])


def figures(orders: int) -> Iterator[str]:
    """Measure, and say what came out; the last line says when it is too slow."""
    slowest = 0.0
    with settled_in() as settings, plain_connection(settings) as connection:
        make = Factory(Database.engine())
        seed(connection, make, orders)
        app = create_app("web", settings)
        for name, role, user in people(make):
            yield f"{name}, {orders:,} purchase orders"
            yield from _blocks_of(app, role, user)
            page = _page_of(app, user)
            slowest = max(slowest, page)
            yield f"    {'the whole page':<20}{page:>8.1f} ms   at most {ENOUGH_MS}"
    if slowest > ENOUGH_MS:
        yield "TOO SLOW"


def _blocks_of(app: Flask, role: Role, user: Any) -> Iterator[str]:
    with app.test_request_context():
        set_reader(reader_for(db.session.merge(user), db.session))
        total = 0.0
        for name, ask in blocks(role).items():
            taken = timed(ask)
            total += taken
            yield f"    {name:<20}{taken:>8.1f} ms"
        yield f"    {'all blocks':<20}{total:>8.1f} ms"


def _page_of(app: Flask, user: Any) -> float:
    person = Person(app, user)

    def ask() -> None:
        assert person.get("/dashboard/").status_code == 200

    with app.app_context():
        return timed(ask)


if __name__ == "__main__":
    told = []
    for line in figures(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000):
        print(line, flush=True)
        told.append(line)
    sys.exit(told[-1] == "TOO SLOW")
