"""Bulk jobs as the tests start them, let workers meet them, and look at what became of them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import redis
from flask_appbuilder.security.sqla.models import User
from rq import Queue
from sqlalchemy.orm import Session

from app.domain.people import Reader
from app.models import Connection, PurchaseOrder
from app.security.reader import reader_for
from app.services import bulk
from app.services.actions import perform_order
from app.services.bulk import Job, Order
from app.services.bulk_plan import Chosen
from app.wakeups import QUEUE
from tests.services.world import World

HELLO = {"text": "Hello"}
GONE = "There is no such purchase order. Go back to the list."
ARCHIVED_ALREADY = "It is archived already."
REVOKED = "Who started it may no longer do this. What was done stays done."


def reader(world: World, user: User) -> Reader:
    """A user as a reader."""
    with Session(world.db.engine) as session:
        return reader_for(session.get_one(User, user.id), session)


def orders(world: World, count: int, connection: Connection | None = None, **values: Any) -> list[PurchaseOrder]:
    """So many orders, new unless told otherwise."""
    return [world.make.purchase_order(connection or world.connection, **values) for _ in range(count)]


def started(
    chosen: list[PurchaseOrder] | Chosen, by: Reader, action: str = "comment", expected: int | None = None, **more: Any
) -> int:
    """Confirm a plan; the options are those of a comment unless told otherwise."""
    picked = chosen if isinstance(chosen, Chosen) else Chosen(ids=[po.id for po in chosen])
    count = len(picked.ids or ()) if expected is None else expected
    options = more.pop("options", HELLO)
    key = more.pop("key", f"key {threading.get_ident()} {next(_KEYS)}")
    return bulk.start(Order(action, options, count, key, "the choice", "/purchase-orders/list/"), picked, by)


_KEYS = iter(range(10**9))


def claimed(owner: str = "w") -> Job:
    job = bulk.claim(owner)
    assert job is not None
    return job


def run_of(world: World, run_id: int) -> dict[str, Any]:
    return world.one("SELECT * FROM run WHERE id = %s", run_id)


def counts(world: World, run_id: int) -> tuple[str, int, int, int, int]:
    """State, all, done, skipped and failed of a job."""
    run = run_of(world, run_id)
    return run["state"], run["seen"], run["changed"], run["unchanged"], run["failed"]


def items(world: World, run_id: int) -> list[tuple[int, str, str]]:
    """Order, result and message of each item, in their order."""
    rows = world.rows("SELECT * FROM bulk_item WHERE run_id = %s ORDER BY id", run_id)
    assert all((row["settled_at"] is None) == (row["state"] == "waiting") for row in rows)
    return [(row["purchase_order_id"], row["state"], row["message"]) for row in rows]


def states(world: World, run_id: int) -> list[str]:
    return [state for _, state, _ in items(world, run_id)]


def comments(world: World) -> Counter[int]:
    """How many comments each order has."""
    return Counter(row["po"] for row in world.rows("SELECT purchase_order_id AS po FROM activity WHERE kind='comment'"))


def results(run_id: int) -> list[tuple[str, str, str, str]]:
    """Number, result, message and instant of each order, as the file has them."""
    return [row for page in bulk.results_of(run_id) for row in page]


def expire(world: World) -> None:
    """Let all leases run out."""
    world.run_sql("UPDATE run SET lease_until = clock_timestamp() - interval '1 second' WHERE lease_until IS NOT NULL")


def before_order(monkeypatch: pytest.MonkeyPatch, turn: int, then: Callable[[], None]) -> None:
    """Do something right before a worker acts on its order number `turn`, as another process might."""
    act, turns = perform_order, iter(range(1, 10**6))

    def acting(*args: Any, **kwargs: Any) -> Any:
        if next(turns) == turn:
            then()
        return act(*args, **kwargs)

    monkeypatch.setattr(bulk, "perform_order", acting)


def merchant_of(world: World) -> Any:
    class Row:
        id = world.connection.merchant_id

    return Row


def queued(client: redis.Redis) -> list[str]:
    return [str(job.func_name) for job in Queue(QUEUE, connection=client).jobs]
