"""Workers die at random instants, Redis loses everything twice, the warehouse loses answers: and nothing is lost.

The warehouse makes a second document for a key that it gets twice, as many real systems do, so only our own look-ups
keep it at one. Its ledger is its own: the checks at the end compare three books.
"""

from __future__ import annotations

import json
import os
import random
import threading
from pathlib import Path
from typing import Any

import redis

from app.connectors.sandbox import Ledger, ledger_path
from config import Settings
from tests.e2e.houseful import Houseful
from tests.factories import NOON, Factory
from tests.servers import Database, environ_for
from tests.waiting import wait_until

ORDERS = 200
KILLS = int(os.environ.get("CHAOS_KILLS", "20"))
WIPES = 2
LEASE_SECONDS = 4


def orders(chance: random.Random) -> list[dict[str, Any]]:
    """Purchase orders with one to six lines, the first SKU twice on every fifth."""
    made = []
    for number in range(1, ORDERS + 1):
        lines = [
            {
                "line_no": n,
                "source_line_id": f"{number}-{n}",
                "sku": f"SKU-{n if number % 5 else 1}",
                "qty": chance.randint(1, 50),
            }
            for n in range(1, chance.randint(2, 7))
        ]
        made.append({"po_number": f"PO-{number:04}", "status": "open", "order_date": "2026-03-05", "lines": lines})
    return made


def let_time_pass(database: Database) -> None:
    """Bring every pause to its end: schedules come due, and failed attempts are tried again."""
    with database.connect() as connection:
        connection.execute("UPDATE schedule SET next_due_at = clock_timestamp() WHERE next_due_at > clock_timestamp()")
        connection.execute(
            "UPDATE delivery SET due_at = clock_timestamp() WHERE state = 'due' AND due_at > clock_timestamp()"
        )


def test_nothing_is_lost_and_nothing_doubled(
    fresh_database: Database, redis_server: Any, redis_url: str, tmp_path: Path
) -> None:
    seed = int(os.environ.get("CHAOS_SEED", str(random.SystemRandom().randrange(10**6))))
    print(f"CHAOS_SEED={seed}")
    chance = random.Random(seed)
    environ = {**environ_for(fresh_database.url, redis_url, tmp_path), "LEASE_SECONDS": str(LEASE_SECONDS)}
    (tmp_path / "logs").mkdir()
    house = Houseful(environ, tmp_path / "logs")
    files = Settings.from_env(environ).files_root
    source, target = (Ledger(ledger_path(files, name)) for name in ("source", "target"))
    placed = orders(chance)
    for order in placed:
        source.add_order(order)
    temper = {"latency_ms": 8, "failure_rate": 0.05, "timeout_after_accept_rate": 0.1, "seed": seed % 1000}
    make = Factory(fresh_database.engine)
    store = make.store(settings={"name": "source", "page_size": 20})
    warehouse = make.warehouse(
        settings={"name": "target", "idempotent": False, "auto_receive": "full", "duplicate_receipts": True, **temper}
    )
    make.connection(make.merchant(), store, warehouse, import_from=NOON.replace(month=1))

    with house:
        for name in ("worker 1", "worker 2", "scheduler"):
            house.start(name)
        _kill_along(house, fresh_database, redis_url, chance)
        wait_until(
            lambda: _settled(fresh_database), 150, lambda: f"seed {seed}\n{_state(fresh_database)}\n{house.logs()}"
        )

    assert target.doubles() == []
    documents = target.documents()
    assert sorted(document["number"] for document in documents) == sorted(order["po_number"] for order in placed)
    _check_books(fresh_database, source, placed)


def _kill_along(house: Houseful, database: Database, redis_url: str, chance: random.Random) -> None:
    instant = threading.Event()
    for kill in range(KILLS):
        let_time_pass(database)
        instant.wait(chance.uniform(0.1, 1.2))
        victim = f"worker {chance.randint(1, 2)}"
        house.kill(victim)
        if kill % (KILLS // WIPES) == KILLS // WIPES // 2:
            with redis.Redis.from_url(redis_url) as client:
                client.flushall()
        house.start(victim)


def _settled(database: Database) -> bool:
    let_time_pass(database)
    with database.connect() as connection:
        row = connection.execute(
            "SELECT count(*) FILTER (WHERE status = 'received'),"
            " (SELECT count(*) FROM receipt WHERE state <> 'completed'),"
            " (SELECT count(*) FROM delivery WHERE state IN ('due', 'leased')) FROM purchase_order"
        ).fetchone()
    threading.Event().wait(0.3)
    return row == (ORDERS, 0, 0)


def _state(database: Database) -> str:
    with database.connect() as connection:
        rows = connection.execute(
            "SELECT 'order', status, step, count(*)::text, min(status_reason) FROM purchase_order GROUP BY 1, 2, 3"
            " UNION ALL SELECT 'receipt', state, '', count(*)::text, min(state_reason) FROM receipt GROUP BY 1, 2"
            " UNION ALL SELECT 'delivery', kind, state, count(*)::text, min(message) FROM delivery GROUP BY 1, 2, 3"
            " UNION ALL SELECT 'run', kind, state, count(*)::text, min(message) FROM run GROUP BY 1, 2, 3"
        ).fetchall()
    return "\n".join(str(row) for row in rows)


def _check_books(database: Database, source: Ledger, placed: list[dict[str, Any]]) -> None:
    """Our rows against what was ordered, and the last word of the source against both."""
    with database.connect() as connection:
        lines = connection.execute(
            "SELECT p.number, l.line_number, l.quantity, l.received, l.booked FROM line_item l"
            " JOIN purchase_order p ON p.id = l.purchase_order_id"
        ).fetchall()
        applied = connection.execute(
            "SELECT purchase_order_id, count(*) FROM receipt WHERE applied_at IS NOT NULL"
            " GROUP BY 1 HAVING count(*) <> 1"
        ).fetchall()
    ordered = {(order["po_number"], line["line_no"]): line["qty"] for order in placed for line in order["lines"]}
    assert {(number, line): (quantity, received, booked) for number, line, quantity, received, booked in lines} == {
        key: (quantity, quantity, quantity) for key, quantity in ordered.items()
    }
    assert applied == []
    last = {status["number"]: status["data"] for status in sorted(source.statuses(), key=lambda s: s["version"])}
    assert {number: data["status"] for number, data in last.items()} == {
        order["po_number"]: "received" for order in placed
    }
    told = {
        (number, line["line_no"]): json.loads(line["qty_received"])
        for number, data in last.items()
        for line in data["lines"]
    }
    assert told == ordered
