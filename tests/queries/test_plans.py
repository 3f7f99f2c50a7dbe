"""The lists use the indexes that were laid for them: asked of PostgreSQL itself, on tables that have a few rows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import PurchaseOrder
from app.queries.listing import Ask, Listing, conditions_of, find
from app.queries.orders import ORDERS
from app.queries.receipts import RECEIPTS
from app.queries.work import DELIVERIES, RUNS
from tests.factories import Factory
from tests.servers import Database

NOW = datetime(2026, 3, 10, tzinfo=UTC)


def plan(db: Database, listing: Listing, ask: Ask) -> str:
    """How PostgreSQL would find the rows if reading a whole table were out of the question."""
    key = listing.model.id
    query = select(key).where(*conditions_of(listing, ask)).order_by(key.desc()).limit(25)
    sql = query.compile(db.engine, compile_kwargs={"literal_binds": True})
    with db.connect() as connection:
        connection.execute("SET enable_seqscan = off")
        return "\n".join(str(row[0]) for row in connection.execute(f"EXPLAIN {sql}".encode()).fetchall())


@pytest.mark.parametrize(
    ("ask", "indexes"),
    [
        (Ask(NOW, search="bolt"), ["ix_purchase_order_search", "ix_line_item_sku"]),
        (Ask(NOW, search="50%_x"), ["ix_purchase_order_search", "ix_line_item_sku"]),
        (Ask(NOW, chosen={"connection": ("1",)}), ["ix_purchase_order_connection"]),
        (Ask(NOW, chosen={"merchant": ("1",)}), ["ix_purchase_order_merchant"]),
        (Ask(NOW, chosen={"warehouse": ("1",)}), ["ix_purchase_order_warehouse"]),
        (Ask(NOW, chosen={"late": ("7",)}), ["ix_purchase_order_late"]),
        (Ask(NOW, chosen={"late": ("past_due",)}), ["ix_purchase_order_late"]),
        (Ask(NOW, chosen={"due_in": ("overdue",)}), ["ix_purchase_order_late"]),
        (Ask(NOW, chosen={"waits": ("receipt",)}), ["ix_receipt_state"]),
        (Ask(NOW), ["purchase_order_pkey"]),
    ],
)
def test_orders_are_found_by_their_indexes(fresh_database: Database, ask: Ask, indexes: list[str]) -> None:
    # A database of its own: what earlier tests left in the statistics of a shared one would change the plans.
    found = plan(fresh_database, ORDERS, ask)
    assert [index for index in indexes if index not in found] == []
    assert "Seq Scan" not in found


@pytest.mark.parametrize(
    ("listing", "ask", "index"),
    [
        (RECEIPTS, Ask(NOW, chosen={"merchant": ("1",)}), "ix_receipt_merchant_id"),
        (RUNS, Ask(NOW, chosen={"connection": ("1",)}), "ix_run_connection"),
        (DELIVERIES, Ask(NOW), "delivery_pkey"),
    ],
)
def test_the_other_lists_are_found_by_theirs(fresh_database: Database, listing: Listing, ask: Ask, index: str) -> None:
    assert index in plan(fresh_database, listing, ask)


@pytest.mark.parametrize(("sort", "last"), [("due", True), ("number", False), ("imported", False)])
def test_empty_values_come_last_both_ways_and_only_where_there_can_be_any(
    db: Database, make: Factory, sort: str, last: bool
) -> None:
    connection = make.connection()
    for due in ("2026-03-02", None, "2026-03-01"):
        make.purchase_order(connection, due_date=due)
    with Session(db.engine) as session:
        found = [
            [order.due_date for order in find(session, ORDERS, Ask(NOW, sort=sort, descending=descending)).rows]
            for descending in (False, True)
        ]
    assert all((days[-1] is None) is last for days in found)
    assert found[0] != found[1]


def test_a_page_beyond_the_last_one_is_empty_and_the_count_is_right(db: Database, make: Factory) -> None:
    connection = make.connection()
    for _ in range(3):
        make.purchase_order(connection)
    with Session(db.engine) as session:
        found = find(session, ORDERS, Ask(NOW, page=9))
        assert (found.rows, found.count, found.capped) == ([], 3, False)
        found = find(session, ORDERS, Ask(NOW, size=2))
        assert (len(found.rows), found.count) == (2, 3)
        assert all(isinstance(row, PurchaseOrder) for row in found.rows)
