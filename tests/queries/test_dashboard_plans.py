"""The first page counts from indexes alone: asked of PostgreSQL itself, as each reader asks it."""

from __future__ import annotations

from collections.abc import Callable
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


@pytest.fixture
def readers(make: Factory, db: Database) -> dict[str, Reader]:
    """A reader of each kind, over some thousand orders and receipts."""
    connections = [make.connection() for _ in range(8)]
    first = connections[0].id
    assert [connection.id for connection in connections] == [*range(first, first + 8)]
    with db.connect() as plain:
        plain.execute(_ORDERS.replace("FIRST", str(first)).encode())
        plain.execute(_RECEIPTS)
        # The map of what is visible to all, without which no index is read alone.
        plain.execute("VACUUM ANALYZE purchase_order, receipt")
    mine = connections[0]
    return {
        "admin": ADMIN,
        "support": support_for(mine),
        "partner": partner_at(mine),
        "merchant": merchant_of(mine),
    }


def test_what_needs_a_person_is_counted_from_indexes(walled: Flask, db: Database, readers: dict[str, Reader]) -> None:
    found = plans(walled, db, ADMIN, lambda session: dashboard.needs(session, NOW))
    assert found.count(f"{ONLY}ix_purchase_order_failed") == 7
    # Four spans of lateness, and what is past due and not sent.
    assert found.count(f"{ONLY}ix_purchase_order_late") == 5
    assert "ix_run_failure_open" in found
    assert "ix_delivery_state" in found
    assert found.count("ix_delivery_due") == 2
    limited = plans(walled, db, readers["support"], lambda session: dashboard.needs(session, NOW))
    # Of the own merchant's few late orders the index of statuses may know as well.
    assert limited.count(ONLY) >= 12
    assert "Seq Scan on purchase_order" not in limited


def test_weeks_days_and_statuses_are_counted_from_indexes(
    walled: Flask, db: Database, readers: dict[str, Reader]
) -> None:
    today, zone = NOW.date(), ZoneInfo("Europe/Berlin")
    asked: dict[str, Callable[[Any], Any]] = {
        "ix_purchase_order_expected": lambda session: dashboard.inbound(session, today),
        "ix_receipt_created_at": lambda session: dashboard.receipts_per_day(session, today, zone),
    }
    for index, ask in asked.items():
        assert f"{ONLY}{index}" in plans(walled, db, ADMIN, ask)
        for name, reader in readers.items():
            # Few rows are found as well by the index of their merchant or warehouse.
            assert "Seq Scan" not in plans(walled, db, reader, ask), name
    statuses = plans(walled, db, readers["merchant"], lambda session: dashboard.by_status(session, NOW))
    assert f"{ONLY}ix_purchase_order_merchant_status" in statuses
    assert "Seq Scan" not in statuses


def test_the_last_runs_are_found_by_indexes(walled: Flask, db: Database, make: Factory) -> None:
    make.connection()
    found = plans(walled, db, ADMIN, lambda session: health(session, ADMIN, NOW))
    assert found.count("using ix_run_ended") == 2
    assert "ix_run_at" in found
