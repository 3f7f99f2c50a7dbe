"""The first page counts from indexes alone: asked of PostgreSQL itself, as each reader asks it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import event

from app.domain.people import Reader, Role
from app.domain.states import PoStatus
from app.extensions import db as flask_db
from app.queries import dashboard
from app.queries.health import health
from tests.factories import Factory
from tests.queries.walled import ADMIN, ask_as
from tests.servers import Database

NOW = datetime(2026, 3, 10, tzinfo=UTC)
SUPPORT = Reader(Role.SUPPORT, "Sue", 1, frozenset({1}), None)
MERCHANT = Reader(Role.MERCHANT, "Max", 1, frozenset({1}), None)
PARTNER = Reader(Role.PARTNER, "Pat", 1, None, frozenset({1}))
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


@pytest.fixture(autouse=True)
def _rows(make: Factory, db: Database) -> None:
    """A few rows, and the map of what is visible to all, without which no index is read alone."""
    connection = make.connection()
    for status in PoStatus:
        make.receipt(make.purchase_order(connection, status=status, late_from=NOW))
    with db.connect() as plain:
        plain.execute("VACUUM ANALYZE purchase_order, receipt")


@pytest.mark.parametrize("reader", [ADMIN, SUPPORT], ids=["admin", "support"])
def test_what_needs_a_person_is_counted_from_indexes(walled: Flask, db: Database, reader: Reader) -> None:
    found = plans(walled, db, reader, lambda session: dashboard.needs(session, NOW))
    assert found.count(f"{ONLY}ix_purchase_order_failed") == 7
    # Four spans of lateness, and what is past due and not sent.
    assert found.count(f"{ONLY}ix_purchase_order_late") == 5
    assert "ix_run_failure_open" in found
    assert "ix_delivery_state" in found
    assert found.count("ix_delivery_due") == 2


@pytest.mark.parametrize("reader", [ADMIN, SUPPORT, PARTNER, MERCHANT], ids=["admin", "support", "partner", "merchant"])
def test_weeks_and_days_are_counted_from_indexes(walled: Flask, db: Database, reader: Reader) -> None:
    weeks = plans(walled, db, reader, lambda session: dashboard.inbound(session, NOW.date()))
    assert f"{ONLY}ix_purchase_order_expected" in weeks
    days = plans(
        walled, db, reader, lambda session: dashboard.receipts_per_day(session, NOW.date(), ZoneInfo("Europe/Berlin"))
    )
    assert f"{ONLY}ix_receipt_created_at" in days


def test_a_merchants_statuses_are_counted_from_one_index(walled: Flask, db: Database) -> None:
    found = plans(walled, db, MERCHANT, lambda session: dashboard.by_status(session, NOW))
    assert found.count(ONLY) == 9
    assert f"{ONLY}ix_purchase_order_merchant_status" in found


def test_what_is_due_at_a_warehouse_is_counted_from_an_index(walled: Flask, db: Database) -> None:
    today = NOW.date()
    found = plans(walled, db, PARTNER, lambda session: dashboard.due(session, {"it": (None, today)}))
    assert f"{ONLY}ix_purchase_order_expected" in found


def test_the_last_runs_are_found_by_indexes(walled: Flask, db: Database) -> None:
    found = plans(walled, db, ADMIN, lambda session: health(session, ADMIN, NOW))
    assert found.count("using ix_run_ended") == 2
    assert "using ix_run_at" in found
