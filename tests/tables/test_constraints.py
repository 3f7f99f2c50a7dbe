"""What the tables themselves refuse, whoever writes: each CHECK, each unique key, and what goes with a deleted row."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.columns import TextEnum
from app.domain.people import Role
from app.models import (
    Allocation,
    BulkItem,
    DefaultView,
    Delivery,
    Document,
    OrderKey,
    PendingChange,
    PurchaseOrder,
    ReceiptLine,
    ReportedTotal,
    Rule,
    RuleVersion,
    Run,
    RunFailure,
    SavedView,
    Schedule,
    ScheduleKind,
    UserScope,
)
from app.security.wall import models
from tests.factories import NOON, Factory
from tests.servers import Database

Connection = psycopg.Connection[tuple[object, ...]]

CHECKS = {
    ("merchant", "open_timeout_days_range"): ("open_timeout_days", ["0", "3651", "-1"], ["1", "3650"]),
    ("warehouse", "over_receipt_percent_range"): ("over_receipt_percent", ["-0.000001", "1000.000001"], ["0", "1000"]),
    ("purchase_order", "counts_not_negative"): (
        "(lines_count, units_ordered, units_received)",
        ["(-1, 0, 0)", "(0, -0.000001, 0)", "(0, 0, -1)"],
        ["(0, 0, 0)", "(1, 2, 3)"],
    ),
    ("purchase_order", "lease_has_an_end"): (
        "(lease_owner, lease_until)",
        ["('w', NULL)"],
        ["(NULL, NULL)", "('w', now())", "(NULL, now())"],
    ),
    ("line_item", "quantities_not_negative"): (
        "(quantity, received_before, received)",
        ["(-1, 0, 0)", "(0, -1, 0)", "(-0.000001, 0, 5)"],
        ["(0, 0, 0)", "(1, 2, 3)"],
    ),
    ("line_item", "damaged_is_a_part"): (
        "(received, damaged)",
        # Negative received units break two checks; this one is asked first.
        ["(1, 1.000001)", "(1, -1)", "(0, 1)", "(-0.000001, 0)"],
        ["(1, 1)", "(0, 0)"],
    ),
    ("line_item", "closed_short_not_negative"): ("closed_short_quantity", ["-0.000001"], ["0", "5"]),
    ("line_item", "pack_size_positive"): ("pack_size", ["0", "-12"], ["NULL", "0.000001", "12"]),
    ("receipt", "correction_not_negative"): ("correction", ["-1"], ["0", "3"]),
    ("delivery", "attempts_not_negative"): ("attempts", ["-1"], ["0", "9"]),
    ("user_scope", "one_of_both"): (
        "(merchant_id, warehouse_id)",
        ["(NULL, NULL)", "((SELECT min(id) FROM merchant), (SELECT min(id) FROM warehouse))"],
        ["(NULL, (SELECT min(id) FROM warehouse))"],
    ),
    ("pending_change", "kind_known"): ("kind", ["'other'", "''"], ["'change'", "'cancel'"]),
    ("purchase_order", "failed_step_known"): ("failed_step", ["'other'", "'SEND'"], ["''", "'send'", "'warehouse'"]),
    ("run_failure", "state_known"): ("state", ["'done'", "''"], ["'open'", "'retried'", "'ignored'"]),
}  # fmt: skip

# What a copy of a row changes to meet one key and no other, and what it changes to be let in.
KEYS: dict[tuple[str, str], tuple[dict[str, str], dict[str, str]]] = {
    ("merchant", "uq_merchant_name"): ({"name": "upper(name)"}, {"name": "name || '!'"}),
    ("store", "uq_store_name"): ({"name": "upper(name)"}, {"name": "name || '!'"}),
    ("warehouse", "uq_warehouse_code"): (
        {"code": "lower(code)", "rule_number": "NULL"},
        {"code": "'OTHER'", "rule_number": "NULL"},
    ),
    ("warehouse", "warehouse_rule_number_key"): ({"code": "'OTHER'"}, {"code": "'OTHER'", "rule_number": "8"}),
    ("merchant_at_warehouse", "merchant_at_warehouse_merchant_id_warehouse_id_key"): (
        {"account": "'other'"},
        {"merchant_id": "(SELECT max(id) FROM merchant)"},
    ),
    ("connection", "connection_merchant_id_store_id_warehouse_id_key"): (
        {"name": "'Other'"},
        {"name": "'Other'", "merchant_id": "(SELECT max(id) FROM merchant)"},
    ),
    ("connection", "uq_connection_name"): (
        {"name": "upper(name)", "merchant_id": "(SELECT max(id) FROM merchant)"},
        {"name": "'Other'", "merchant_id": "(SELECT max(id) FROM merchant)"},
    ),
    ("schedule", "schedule_connection_id_kind_key"): ({}, {"connection_id": "(SELECT max(id) FROM connection)"}),
    ("po_key", "po_key_store_id_external_id_part_key"): (
        # Another connection on the same store does not import an order twice.
        {"connection_id": "(SELECT max(id) FROM connection)"},
        {"store_id": "(SELECT max(id) FROM store)"},
    ),
    ("purchase_order", "purchase_order_connection_id_external_id_part_key"): ({"number": "'X'"}, {"part": "1"}),
    ("line_item", "line_item_purchase_order_id_key_key"): ({"position": "9"}, {"key": "key || 'b'"}),
    ("pending_change", "pending_change_purchase_order_id_key"): (
        {"kind": "'cancel'"},
        {"purchase_order_id": "(SELECT max(id) FROM purchase_order)"},
    ),
    ("document", "uq_document_live"): ({"key": "'other'", "state": "'unknown'"}, {"key": "'x'", "state": "'absent'"}),
    ("document", "document_key_key"): ({"state": "'canceled'"}, {"key": "'other'", "state": "'finished'"}),
    ("delivery", "delivery_document_id_version_kind_key"): ({"state": "'done'"}, {"version": "2"}),
    ("delivery", "uq_delivery_status_due"): (
        {"document_id": "NULL", "kind": "'status'", "state": "'due'"},
        {"document_id": "NULL", "kind": "'status'", "state": "'leased'"},
    ),
    ("receipt", "receipt_warehouse_id_external_id_po_reference_correction_key"): (
        {"units": "7", "origin": "'api'"},
        {"correction": "1"},
    ),
    ("receipt_line", "receipt_line_receipt_id_position_key"): ({"sku": "'other'"}, {"position": "7"}),
    ("allocation", "allocation_receipt_line_id_line_item_id_key"): (
        {"quantity": "2"},
        {"line_item_id": "(SELECT max(id) FROM line_item)"},
    ),
    ("reported_total", "reported_total_warehouse_id_purchase_order_id_line_referenc_key"): (
        {"total": "9"},
        {"line_reference": "'2'"},
    ),
    # A rule for all stores and one for a store may share a name; two for all stores may not.
    ("rule", "uq_rule_name"): ({"name": "upper(name)"}, {"store_id": "(SELECT max(id) FROM store)"}),
    ("rule_version", "rule_version_rule_id_number_key"): ({"text": "'other'"}, {"number": "2"}),
    ("run", "uq_run_slot"): (
        {"state": "'skipped'", "request": "'{}'"},
        {"slot": "slot + interval '1 microsecond'", "request": "'{}'"},
    ),
    ("run", "uq_run_bulk_key"): ({"slot": "NULL"}, {"slot": "NULL", "request": "'{}'"}),
    ("user_scope", "uq_user_scope"): ({}, {"merchant_id": "(SELECT max(id) FROM merchant)"}),
    ("saved_view", "uq_saved_view_name"): ({"name": "upper(name)"}, {"page": "'receipts'"}),
    ("default_view", "default_view_user_id_page_key"): ({"saved_view_id": "saved_view_id"}, {"page": "'receipts'"}),
}


@pytest.fixture
def tables(db: Database) -> Iterator[Connection]:
    """A connection to tables that have a row each, and a second merchant, store, connection and order."""
    make = Factory(db.engine)
    add_work(make, make.purchase_order(make.connection(warehouse=make.warehouse(rule_number=7))))
    make.purchase_order(make.connection(schedules=False))
    with db.connect() as raw:
        yield raw


def add_work(make: Factory, order: PurchaseOrder) -> None:
    """What hangs on an order and its connection: a row in each of the other tables."""
    connection, warehouse = order.connection_id, order.warehouse_id
    receipt = make.receipt(order)
    with Session(make.engine) as session:
        key = session.scalars(select(OrderKey.id)).one()
        line = session.scalars(select(ReceiptLine)).one()
        schedule = session.scalars(select(Schedule.id).filter_by(kind=ScheduleKind.IMPORT)).one()
    document = make.add(Document(po_key_id=key, warehouse_id=warehouse, key="document"))
    about = {"connection_id": connection, "merchant_id": order.merchant_id, "purchase_order_id": order.id}
    for kind, of in (("create", document.id), ("status", None)):
        make.add(Delivery(kind=kind, po_key_id=key, document_id=of, external_id="E", number="N", **about))
    make.add(PendingChange(purchase_order_id=order.id, kind="change", snapshot={}, content_digest="c", raw_digest="r"))
    make.add(Allocation(receipt_id=receipt.id, receipt_line_id=line.id, line_item_id=line.line_item_id, quantity=1))
    total = {"purchase_order_id": order.id, "line_reference": "1", "total": 1, "reported_at": NOON}
    make.add(ReportedTotal(warehouse_id=warehouse, **total))
    run = make.add(Run(kind="bulk", started_by="x", schedule_id=schedule, slot=NOON, request={"key": "k"}))
    make.add(RunFailure(run_id=run.id, connection_id=connection, reason="r", text="t", digest="d"))
    rule = make.add(Rule(name="Route"))
    make.add(RuleVersion(rule_id=rule.id, number=1, text=""))
    user = make.user(Role.SUPPORT)
    make.add(UserScope(user_id=user.id, merchant_id=order.merchant_id))
    view = make.add(SavedView(user_id=user.id, page="orders", name="Mine", query={}))
    make.add(DefaultView(user_id=user.id, page="orders", saved_view_id=view.id))
    make.add(BulkItem(run_id=run.id, purchase_order_id=order.id, number=order.number))


def first(table: str) -> str:
    """The condition of a table's first row."""
    return f"id = (SELECT min(id) FROM {table})"


def tried(connection: Connection, statement: str) -> str:
    """The name of the constraint that refuses a statement, or nothing; whatever it did is undone."""
    try:
        with connection.transaction(force_rollback=True):
            assert connection.execute(statement.encode()).rowcount == 1
    except psycopg.errors.IntegrityError as refusal:
        return refusal.diag.constraint_name or "a constraint without a name"
    return ""


def copied(connection: Connection, table: str, changes: dict[str, str]) -> str:
    """What refuses a copy of a table's first row with these changes."""
    row = connection.execute(
        "SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute WHERE attrelid = %s::regclass "
        "AND attnum > 0 AND NOT attisdropped AND attname <> 'id'",
        (table,),
    ).fetchone()
    assert row is not None
    names = row[0]
    assert isinstance(names, list)
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(changes.get(name, f'"{name}"') for name in names)
    return tried(connection, f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table} WHERE {first(table)}")


@pytest.mark.parametrize("case", CHECKS, ids="-".join)
def test_a_check_refuses_what_it_should_and_nothing_else(tables: Connection, case: tuple[str, str]) -> None:
    table, name = case
    columns, refused, allowed = CHECKS[case]
    for value in (*refused, *allowed):
        found = tried(tables, f"UPDATE {table} SET {columns} = {value} WHERE {first(table)}")
        assert found == (name if value in refused else ""), value


def test_every_choice_is_let_in_and_no_other_word(tables: Connection) -> None:
    count = 0
    for model in models():
        for column in model.__table__.columns:
            if not isinstance(column.type, TextEnum):
                continue
            table, name = model.__tablename__, column.name
            for word in column.type.choices:
                # A row of another kind may meet a key; no check may refuse it.
                refused_by = tried(tables, f"UPDATE {table} SET {name} = '{word}' WHERE {first(table)}")
                assert not refused_by.endswith("_known"), (table, name, word)
            for other in ("nonsense", "", str(next(iter(column.type.choices))).upper()):
                refused_by = tried(tables, f"UPDATE {table} SET {name} = '{other}' WHERE {first(table)}")
                assert refused_by == f"{name}_known", (table, name, other)
            count += 1
    assert count == 13


@pytest.mark.parametrize("case", KEYS, ids="-".join)
def test_a_unique_key_refuses_a_second_row_and_lets_another_in(tables: Connection, case: tuple[str, str]) -> None:
    table, name = case
    clash, apart = KEYS[case]
    assert copied(tables, table, clash) == name
    assert copied(tables, table, apart) == ""


def test_every_check_and_every_key_is_tested_here(tables: Connection) -> None:
    ours = "c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE 'ab\\_%'"
    checks = tables.execute(
        "SELECT c.relname::text, n.conname::text FROM pg_constraint n JOIN pg_class c ON c.oid = n.conrelid "
        f"WHERE n.contype = 'c' AND {ours}".encode()
    ).fetchall()
    words = {
        (model.__tablename__, f"{column.name}_known")
        for model in models()
        for column in model.__table__.columns
        if isinstance(column.type, TextEnum)
    }
    assert set(checks) == set(CHECKS) | words
    keys = tables.execute(
        "SELECT c.relname::text, i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid "
        f"WHERE i.indisunique AND NOT i.indisprimary AND {ours}".encode()
    ).fetchall()
    assert set(keys) == set(KEYS)


@pytest.mark.parametrize("table", ["merchant", "store", "warehouse", "connection", "po_key", "document"])
def test_what_others_hang_on_is_not_deleted(tables: Connection, table: str) -> None:
    assert tried(tables, f"DELETE FROM {table} WHERE {first(table)}").endswith("_fkey")


def test_with_an_order_goes_what_is_its_own_and_the_ledger_stays(tables: Connection) -> None:
    def left() -> dict[str, object]:
        counts = {}
        for table in ("line_item", "pending_change", "allocation", "receipt", "receipt_line", "po_key", "document",
                      "delivery", "reported_total"):  # fmt: skip
            row = tables.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
            assert row is not None
            counts[table] = row[0]
        return counts

    before = left()
    tables.execute(f"DELETE FROM purchase_order WHERE {first('purchase_order')}".encode())
    assert left() == {**before, "line_item": 2, "pending_change": 0, "allocation": 0}
    assert before["line_item"] == 4
    assert tables.execute("SELECT purchase_order_id FROM receipt").fetchall() == [(None,)]
    assert tables.execute("SELECT line_item_id FROM receipt_line").fetchall() == [(None,)]


@pytest.mark.parametrize(
    ("table", "gone"),
    [
        ("ab_user", {"user_scope", "saved_view", "default_view"}),
        ("saved_view", {"default_view"}),
        ("receipt", {"receipt_line", "allocation"}),
        ("rule", {"rule_version"}),
    ],
)
def test_what_belongs_to_a_row_alone_goes_with_it(tables: Connection, table: str, gone: set[str]) -> None:
    newest = f"id = (SELECT max(id) FROM {table})"
    tables.execute("DELETE FROM ab_user_role")
    tables.execute(f"DELETE FROM {table} WHERE {newest}".encode())
    for name in gone:
        assert tables.execute(f"SELECT count(*) FROM {name}".encode()).fetchone() == (0,), name
