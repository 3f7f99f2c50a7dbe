"""The first page counts from indexes alone: asked of PostgreSQL itself, as each reader asks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import event

from app.domain.people import Reader
from app.extensions import db as flask_db
from app.queries import dashboard
from app.queries.health import health
from tests.factories import Factory
from tests.queries.walled import ADMIN, ask_as, merchant_of, partner_at, support_for
from tests.servers import Database

NOW = datetime(2026, 3, 10, tzinfo=UTC)
ONLY = "Index Only Scan using "


def plans(app: Flask, db: Database, reader: Reader, ask: Callable[[Any], Any]) -> str:
    """How PostgreSQL answers what `ask` asks, if reading a whole table were out of the question."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        asked.append((statement, values))

    with app.app_context():
        engine = flask_db.engine
    event.listen(engine, "before_cursor_execute", note)
    ask_as(app, reader, ask)
    event.remove(engine, "before_cursor_execute", note)
    found = []
    with db.connect() as connection:
        connection.execute("SET enable_seqscan = off")
        connection.execute("SET enable_bitmapscan = off")
        for statement, values in asked:
            found += connection.execute(f"EXPLAIN {statement}".encode(), values).fetchall()
    return "\n".join(str(row[0]) for row in found)


# Enough rows, of enough merchants and warehouses, for an index to be worth the way.
_ORDERS = """
INSERT INTO purchase_order (connection_id, merchant_id, store_id, external_id, number, status, failed_step, step,
    warehouse_id, due_date, late_from, sent_at, snapshot, content_digest)
SELECT c.id, c.merchant_id, c.store_id, n, n, (ARRAY['new', 'open', 'error', 'archived'])[1 + n % 20],
    CASE WHEN n % 20 = 2 THEN (ARRAY['rules', 'send', ''])[1 + n / 20 % 3] ELSE '' END, 'none', c.warehouse_id,
    date '2026-03-10' + n % 60 - 30, timestamptz '2026-03-10' + (n % 60 - 30) * interval '1 day', now(),
    '{}'::jsonb, 'd'
FROM generate_series(1, 4000) AS n JOIN connection c ON c.id = FIRST + n / 20 % 8 WHERE n % 20 < 4
UNION ALL
SELECT c.id, c.merchant_id, c.store_id, n, n, 'received', '', 'none', c.warehouse_id, date '2026-01-01',
    timestamptz '2026-01-02', now(), '{}'::jsonb, 'd'
FROM generate_series(1, 4000) AS n JOIN connection c ON c.id = FIRST + n / 20 % 8 WHERE n % 20 >= 4
"""
_RECEIPTS = """
INSERT INTO receipt (warehouse_id, merchant_id, purchase_order_id, external_id, origin, received_at, created_at,
    content_digest)
SELECT warehouse_id, merchant_id, id, id, 'pull', now(), now() - id % 300 * interval '1 day', 'd' FROM purchase_order
"""


_RUNS = """
INSERT INTO run (at, kind, connection_id, merchant_id, started_by, state)
SELECT now() - n * interval '1 hour', k.kind, c.id, c.merchant_id, 'schedule', 'done'
FROM generate_series(1, 500) AS n CROSS JOIN connection c CROSS JOIN (VALUES ('import'), ('status_update')) AS k(kind)
"""


@pytest.fixture
def db(fresh_database: Database) -> Database:
    """A database of its own: what other tests left behind in tables and indexes weighs in a plan."""
    return fresh_database


@pytest.fixture
def readers(make: Factory, db: Database) -> dict[str, Reader]:
    """A reader of each kind, over some thousand orders and receipts."""
    connections = [make.connection() for _ in range(8)]
    first = connections[0].id
    assert [connection.id for connection in connections] == [*range(first, first + 8)]
    with db.connect() as plain:
        plain.execute(_ORDERS.replace("FIRST", str(first)).encode())
        plain.execute(_RECEIPTS)
        plain.execute(_RUNS)
        # The map of what is visible to all, without which no index is read alone.
        plain.execute("VACUUM ANALYZE")
    mine = connections[0]
    return {
        "admin": ADMIN,
        "support": support_for(mine),
        "partner": partner_at(mine),
        "merchant": merchant_of(mine),
    }


TODAY, BERLIN = NOW.date(), ZoneInfo("Europe/Berlin")
NEEDS, WEEKS, DAYS, STATUSES, DUE = (
    lambda session: dashboard.needs(session, NOW),
    lambda session: dashboard.inbound(session, TODAY),
    lambda session: dashboard.receipts_per_day(session, TODAY, BERLIN),
    lambda session: dashboard.by_status(session, NOW),
    lambda session: dashboard.due(session, {"it": (None, TODAY)}),
)


@dataclass(frozen=True)
class Case:
    """An index, what it answers by itself, for whom, and how often it is asked."""

    index: str
    ask: Callable[[Any], Any]
    readers: tuple[str, ...]
    times: int = 1


STAFF, ALL = ("admin", "support"), ("admin", "support", "partner", "merchant")


@pytest.mark.parametrize(
    "case",
    [
        Case("ix_purchase_order_failed", NEEDS, STAFF, 7),
        # Four spans of lateness, and what is past due and not sent.
        Case("ix_purchase_order_late", NEEDS, STAFF, 5),
        Case("ix_purchase_order_expected", WEEKS, ALL),
        Case("ix_purchase_order_expected", DUE, ("partner",)),
        Case("ix_purchase_order_merchant_status", STATUSES, ("merchant",), 9),
        Case("ix_receipt_created_at", DAYS, ALL),
    ],
    ids=lambda case: case.index,
)
def test_an_index_alone_answers(walled: Flask, db: Database, readers: dict[str, Reader], case: Case) -> None:
    leave_alone(db, case.index)
    for name in case.readers:
        found = plans(walled, db, readers[name], case.ask)
        assert found.count(f"{ONLY}{case.index} on ") == case.times, (name, found)


@pytest.mark.usefixtures("readers")
def test_the_last_runs_are_found_by_indexes(walled: Flask, db: Database) -> None:
    found = plans(walled, db, ADMIN, lambda session: health(session, ADMIN, datetime.now(UTC)))
    assert "using ix_run_at on run" in found
    assert "Seq Scan on run" not in found
    leave_alone(db, "ix_run_ended")
    found = plans(walled, db, ADMIN, lambda session: health(session, ADMIN, datetime.now(UTC)))
    assert found.count("using ix_run_ended on run") == 2


def leave_alone(db: Database, index: str) -> None:
    """Take the other indexes off its table: which one is the cheapest depends on sizes that a test does not have."""
    with db.connect() as connection:
        others = connection.execute(
            "SELECT i.indexname FROM pg_indexes i JOIN pg_indexes mine USING (schemaname, tablename)"
            " WHERE mine.indexname = %s AND i.indexname <> mine.indexname AND i.indexname LIKE 'ix%%'",
            [index],
        ).fetchall()
        assert others
        connection.execute(f"DROP INDEX {', '.join(str(row[0]) for row in others)}".encode())
