"""Bulk actions on all of a large list: the plan, its page, the confirmation, the job, and its result.

The list is that of `benchmarks/dashboard.py`, with four lines and a document for each order. Each figure of a plan is
the middle one of several tries, after one that warms up.

    python benchmarks/bulk.py [purchase orders]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
from sqlalchemy.orm import Session

from app import create_app
from app.domain.people import Reader, Role
from app.security.reader import reader_for
from app.services import bulk
from app.services.actions import ORDER_ACTIONS
from app.services.bulk_plan import Chosen, plan
from app.services.unit_of_work import Database
from benchmarks.dashboard import seed
from benchmarks.house import plain_connection, settled_in
from tests.factories import Factory
from tests.web.people import Person

ENOUGH_SECONDS = 3.0
TRIES = 3
# How many orders the measured part of a job has.
WORKED_ON = 2_000

_MORE = (
    """
    INSERT INTO line_item (purchase_order_id, key, position, line_number, sku, quantity, received, unit_cost)
    SELECT p.id, 'n:' || n, n, n, 'SKU-' || n, 10, CASE WHEN p.status = 'received' THEN 10 ELSE 0 END, 2.5
    FROM purchase_order p CROSS JOIN generate_series(1, 4) AS n
    """,
    """
    INSERT INTO document (po_key_id, warehouse_id, state)
    SELECT k.id, p.warehouse_id, CASE WHEN p.status = 'new' THEN 'planned' ELSE 'accepted' END
    FROM purchase_order p JOIN po_key k ON k.purchase_order_id = p.id
    """,
    "VACUUM ANALYZE",
)


def timed(ask: Callable[[], Any]) -> float:
    """Seconds."""
    started = time.perf_counter()
    ask()
    return time.perf_counter() - started


def middle(ask: Callable[[], Any]) -> float:
    """Seconds, the middle of several tries after one that warms up."""
    ask()
    return statistics.median(timed(ask) for _ in range(TRIES))


def figures(orders: int) -> Iterator[str]:
    """Measure, and say what came out; the last line says when the plan is too slow."""
    with settled_in() as settings, plain_connection(settings) as connection:
        make = Factory(Database.engine())
        seed(connection, make, orders)
        for statement in _MORE:
            connection.execute(statement.encode())
        user = make.user(Role.SUPPORT)
        with Session(Database.engine()) as session:
            reader = reader_for(session.merge(user), session)
        slowest = 0.0
        yield f"{orders:,} purchase orders"
        for action in ORDER_ACTIONS:
            taken = middle(lambda: plan(action, Chosen(), reader))  # noqa: B023
            slowest = max(slowest, taken)
            yield f"    plan of {action:<20}{taken:>8.2f} s"
        person = Person(create_app("web", settings), user)
        page = middle(lambda: _planned(person))
        yield f"    {'the page of the plan':<28}{page:>8.2f} s   at most {ENOUGH_SECONDS}"
        yield from _job(connection, reader, person, orders)
        if max(slowest, page) > ENOUGH_SECONDS:
            yield "TOO SLOW"


def _planned(person: Person) -> None:
    assert person.post("/purchase-orders/plan", action="close_short", all="1").status_code == 200


def _job(connection: psycopg.Connection[Any], reader: Reader, person: Person, orders: int) -> Iterator[str]:
    order = bulk.Order("comment", {"text": "Seen"}, orders, "k", "all of the list", "")
    yield f"    {'confirm':<28}{timed(lambda: bulk.start(order, Chosen(), reader)):>8.2f} s"
    job = bulk.claim("benchmark")
    assert job is not None

    def work() -> None:
        for _ in range(WORKED_ON // bulk.BATCH):
            bulk.work_on(job)

    yield f"    {'orders a second, first':<28}{WORKED_ON / timed(work):>8.0f}"
    # Far on in the job: what still waits lies among what is done.
    far_on = (
        "UPDATE bulk_item SET state = 'done', settled_at = clock_timestamp() WHERE state = 'waiting' AND id % {} <> 0"
    )
    connection.execute(far_on.format(orders // (2 * WORKED_ON)).encode())
    yield f"    {'orders a second, then':<28}{WORKED_ON / timed(work):>8.0f}"
    address = f"/bulk-jobs/show/{job.run_id}"
    for name, asked in (
        ("progress", f"/bulk-jobs/progress/{job.run_id}"),
        ("the page of the job", address),
        ("its 300th page", f"{address}?page=300"),
        ("one number in it", f"{address}?q=PO-{orders - 7}"),
        ("what waits", f"{address}?result=waiting"),
        ("the file", f"/bulk-jobs/result/{job.run_id}"),
    ):
        yield f"    {name:<28}{middle(lambda: person.get(asked).get_data()):>8.2f} s"  # noqa: B023


if __name__ == "__main__":
    told = []
    for line in figures(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000):
        print(line, flush=True)
        told.append(line)
    sys.exit(told[-1] == "TOO SLOW")
