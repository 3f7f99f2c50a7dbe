"""Workers are killed in the middle of a bulk job, as crashes kill them; others go on, and each order is done once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session

from app import create_app
from app.domain.people import Role
from app.security.reader import reader_for
from app.services import bulk
from app.services.bulk_plan import Chosen
from app.services.unit_of_work import Database as Bound
from config import Settings
from tests.e2e.houseful import Houseful
from tests.factories import Factory
from tests.servers import Database, environ_for
from tests.waiting import wait_until

ORDERS = 120
LEASE_SECONDS = 2


@pytest.fixture
def house(fresh_database: Database, redis_url: str, tmp_path: Path) -> Iterator[Houseful]:
    """Processes with short leases, and this one bound to the same database."""
    logs = tmp_path / "logs"
    logs.mkdir()
    environ = {**environ_for(fresh_database.url, redis_url, tmp_path), "LEASE_SECONDS": str(LEASE_SECONDS)}
    create_app("worker", Settings.from_env(environ))
    yield Houseful(environ, logs)
    Bound.engine().dispose()


@pytest.mark.slow
def test_killed_workers_leave_no_order_out_and_do_none_twice(house: Houseful, fresh_database: Database) -> None:
    run_id, ids = confirmed(fresh_database)
    with house:
        house.start("scheduler")
        for name in ("worker 1", "worker 2"):
            house.start(name)

        # The whole worker, right inside the transaction of an order.
        with held(fresh_database, ids[20]) as waits:
            wait_until(waits, 60, house.logs)
            assert settled(fresh_database, run_id) == 20
            house.kill(worker_of(house, horse_of(fresh_database, run_id)))
        dead = lease_no(fresh_database, run_id)
        with held(fresh_database, ids[70]) as waits:
            wait_until(lambda: lease_no(fresh_database, run_id) > dead, 60, house.logs)
            # The work-horse alone, at any instant: its parent lives on and takes the next job.
            wait_until(lambda: settled(fresh_database, run_id) >= 40, 60, house.logs)
            os.kill(horse_of(fresh_database, run_id), signal.SIGKILL)
            assert settled(fresh_database, run_id) <= 70
        wait_until(lambda: state(fresh_database, run_id) == "done", 60, house.logs)

    rows = looked_up(
        fresh_database,
        "SELECT purchase_order_id, count(*) FROM activity WHERE kind = 'comment' GROUP BY 1 ORDER BY 1",
    )
    assert rows == [(po, 1) for po in ids]
    items = "SELECT purchase_order_id, state FROM bulk_item WHERE run_id = %s ORDER BY id"
    assert looked_up(fresh_database, items, run_id) == [(po, "done") for po in ids]
    told = "SELECT seen, changed, unchanged, failed, lease_no FROM run WHERE id = %s"
    [(seen, done, skipped, failed, leases)] = looked_up(fresh_database, told, run_id)
    assert (seen, done, skipped, failed) == (ORDERS, ORDERS, 0, 0)
    assert leases >= 3


def confirmed(database: Database) -> tuple[int, list[int]]:
    """A bulk job that waits for its worker, and the ids of its orders."""
    make = Factory(database.engine)
    connection = make.connection()
    ids = [make.purchase_order(connection, lines=1, step="none").id for _ in range(ORDERS)]
    user = make.user(Role.SUPPORT)
    with Session(database.engine) as session:
        sam = reader_for(session.get_one(User, user.id), session)
    order = bulk.Order("comment", {"text": "Seen"}, ORDERS, "k", "all of the list", "")
    return bulk.start(order, Chosen(), sam), ids


@contextmanager
def held(database: Database, po_id: int) -> Iterator[Any]:
    """Hold an order, so that no worker gets past it; gives a question: does one wait for it?"""
    with database.connect() as holder, holder.transaction():
        holder.execute("SELECT id FROM purchase_order WHERE id = %s FOR UPDATE", [po_id])
        yield lambda: looked_up(database, "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'") != []


def looked_up(database: Database, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with database.connect() as connection:
        return connection.execute(sql.encode(), values).fetchall()


def settled(database: Database, run_id: int) -> int:
    sql = "SELECT count(*) FROM bulk_item WHERE run_id = %s AND state <> 'waiting'"
    return int(looked_up(database, sql, run_id)[0][0])


def state(database: Database, run_id: int) -> str:
    return str(looked_up(database, "SELECT state FROM run WHERE id = %s", run_id)[0][0])


def lease_no(database: Database, run_id: int) -> int:
    return int(looked_up(database, "SELECT lease_no FROM run WHERE id = %s", run_id)[0][0])


def horse_of(database: Database, run_id: int) -> int:
    """The process that holds the job: its owner's name is host, process and a random text."""
    [(owner,)] = looked_up(database, "SELECT lease_owner FROM run WHERE id = %s", run_id)
    return int(str(owner).split("-")[-2])


def worker_of(house: Houseful, horse: int) -> str:
    """The worker whose work-horse this is."""
    parent = int(Path("/proc", str(horse), "stat").read_text().rpartition(")")[2].split()[1])
    [name] = [name for name, process in house.processes.items() if process.pid == parent]
    return name
