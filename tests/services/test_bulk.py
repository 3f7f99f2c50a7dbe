"""Bulk jobs: what is frozen, that each order is acted on once whoever dies, and what each result says."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from flask_appbuilder.security.sqla.models import User
from rq import Queue
from sqlalchemy.orm import Session

from app.domain.errors import LeaseLost, NotFound, Refused
from app.domain.people import Reader, Role
from app.domain.states import PoStatus
from app.jobs import bulk as bulk_job
from app.jobs import runtime
from app.models import Connection, PurchaseOrder
from app.security.reader import reader_for
from app.services import bulk
from app.services.actions import perform_order
from app.services.bulk import Job, Order, PlanChangedError
from app.services.bulk_plan import Chosen
from app.services.housekeeping import due_topics
from app.services.leases import Leases
from app.wakeups import JOBS, QUEUE, Topic
from tests.services.world import World

HELLO = {"text": "Hello"}
GONE = "There is no such purchase order. Go back to the list."
ARCHIVED_ALREADY = "It is archived already."
REVOKED = "Who started it may no longer do this. What was done stays done."


@pytest.fixture
def sam(world: World) -> Reader:
    """A support user without limits."""
    return reader(world, world.make.user(Role.SUPPORT))


@pytest.fixture
def ada(world: World) -> Reader:
    """An Admin."""
    return reader(world, world.make.user(Role.ADMIN))


@pytest.fixture
def far(world: World) -> Connection:
    """A connection of another merchant to another warehouse."""
    return world.make.connection(world.make.merchant(), world.store, world.make.warehouse(code="FAR"))


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


# ------------------------------------------------------------------ starting


def test_the_ids_are_frozen_when_the_plan_is_confirmed(world: World, sam: Reader) -> None:
    first = orders(world, 3, status=PoStatus.OPEN)
    is_open = Chosen(conditions=(PurchaseOrder.status == PoStatus.OPEN,))
    run_id = started(is_open, sam, expected=3)
    (later,) = orders(world, 1, status=PoStatus.OPEN)
    world.run_sql("UPDATE purchase_order SET status = 'error' WHERE id = %s", first[0].id)
    bulk_job.work()
    assert items(world, run_id) == [(po.id, "done", "The comment is in the timeline.") for po in first]
    assert comments(world) == Counter({po.id: 1 for po in first})
    assert later.id not in comments(world)


def test_a_job_keeps_what_was_confirmed_and_by_whom(world: World, sam: Reader) -> None:
    chosen = orders(world, 2)
    run_id = started(chosen[::-1], sam, "archive", options={"reason": "Twice"}, key="k-1")
    run = run_of(world, run_id)
    assert (run["kind"], run["state"], run["started_by"], run["user_id"]) == ("bulk", "queued", sam.name, sam.user_id)
    assert run["request"] == {
        "action": "archive", "options": {"reason": "Twice"}, "key": "k-1", "words": "the choice",
        "back": "/purchase-orders/list/",
    }  # fmt: skip
    assert (run["connection_id"], run["merchant_id"], run["started_at"], run["lease_until"]) == (None,) * 4
    # Ascending ids: a job takes its locks in the one order of all locks.
    rows = world.rows("SELECT purchase_order_id, number, state FROM bulk_item WHERE run_id = %s ORDER BY id", run_id)
    assert [tuple(row.values()) for row in rows] == [(po.id, po.number, "waiting") for po in chosen]


def test_a_plan_that_is_confirmed_twice_starts_one_job(world: World, sam: Reader) -> None:
    chosen = orders(world, 2)
    first = started(chosen, sam, key="once")
    assert started(chosen, sam, key="once") == first
    bulk_job.work()
    # Also after it has ended, and though another number would match by now.
    assert started(chosen, sam, key="once", expected=7) == first
    bulk_job.work()
    assert comments(world) == Counter({po.id: 1 for po in chosen})
    assert started(chosen, sam, key="twice") != first


def test_a_double_click_starts_one_job(world: World, sam: Reader) -> None:
    chosen = orders(world, 5)
    gate = threading.Barrier(4)

    def click(_number: int) -> int:
        gate.wait()
        return started(chosen, sam, key="double")

    with ThreadPoolExecutor(4) as pool:
        runs = set(pool.map(click, range(4)))
    assert runs == {world.one("SELECT id FROM run")["id"]}
    assert len(world.rows("SELECT * FROM bulk_item")) == 5


def test_the_key_of_another_person_gives_nothing_away(world: World, sam: Reader, ada: Reader) -> None:
    chosen = orders(world, 1)
    started(chosen, sam, key="mine")
    with pytest.raises(Refused) as refusal:
        started(chosen, ada, key="mine")
    assert refusal.value.sentence() == "This plan was confirmed already. See it under Bulk jobs."
    assert len(world.rows("SELECT * FROM run")) == 1


@pytest.mark.parametrize(("expected", "found"), [(2, 3), (4, 3), (0, 3), (-1, 3)])
def test_another_number_than_the_plan_showed_starts_nothing(
    world: World, sam: Reader, expected: int, found: int
) -> None:
    orders(world, found)
    with pytest.raises(PlanChangedError) as refusal:
        started(Chosen(), sam, expected=expected)
    assert refusal.value.sentence() == f"The plan was for {expected} purchase orders, and 3 match now. Look again."
    assert world.rows("SELECT * FROM run") == world.rows("SELECT * FROM bulk_item") == []


def test_no_order_is_no_job(world: World, sam: Reader) -> None:
    with pytest.raises(PlanChangedError):
        started([], sam)
    assert world.rows("SELECT * FROM run") == []


@pytest.mark.parametrize("choice", ["ids", "filter"])
def test_the_choice_is_resolved_within_the_scope_of_who_chooses(world: World, far: Connection, choice: str) -> None:
    mine, theirs = orders(world, 2), orders(world, 2, far)
    user = world.make.user(Role.SUPPORT, merchants=[world.make.merchant(), _merchant(world)])
    limited = reader(world, user)
    ids = [po.id for po in (*mine, *theirs)] if choice == "ids" else None
    with pytest.raises(PlanChangedError, match="and 2 match now"):
        started(Chosen(ids=ids), limited, expected=4)
    run_id = started(Chosen(ids=ids), limited, expected=2)
    bulk_job.work()
    assert [po for po, _, _ in items(world, run_id)] == [po.id for po in mine]
    assert comments(world) == Counter({po.id: 1 for po in mine})


def _merchant(world: World) -> Any:
    class Row:
        id = world.connection.merchant_id

    return Row


def test_a_forged_id_of_another_merchant_chooses_nothing(world: World, far: Connection) -> None:
    (theirs,) = orders(world, 1, far)
    limited = reader(world, world.make.user(Role.SUPPORT, merchants=[_merchant(world)]))
    with pytest.raises(PlanChangedError):
        started([theirs], limited)
    assert world.rows("SELECT * FROM run") == []


@pytest.mark.parametrize(
    ("role", "action", "options", "sentence"),
    [
        (Role.SUPPORT, "explode", {}, "You may not do this to purchase orders."),
        (Role.SUPPORT, "force_delete", {}, "You may not do this to purchase orders."),
        (Role.PARTNER, "archive", {"reason": "x"}, "You may not do this to purchase orders."),
        (Role.MERCHANT, "comment", HELLO, "You may not do this to purchase orders."),
        (Role.SUPPORT, "comment", {"text": "  "}, "Write the comment. Nothing was started."),
        (Role.SUPPORT, "comment", {}, "Write the comment. Nothing was started."),
        (Role.ADMIN, "archive", {"reason": ""}, "Archive needs a reason. Nothing was started."),
        (Role.ADMIN, "close_short", {"reason": " "}, "Close short needs a reason. Nothing was started."),
    ],
)
def test_what_may_not_be_started(world: World, role: Role, action: str, options: dict[str, Any], sentence: str) -> None:
    chosen = orders(world, 1, status=PoStatus.OPEN)
    scope: dict[str, Any] = {
        Role.PARTNER: {"warehouses": [world.warehouse]},
        Role.MERCHANT: {"merchants": [_merchant(world)]},
    }.get(role, {})
    with pytest.raises(Refused) as refusal:
        started(chosen, reader(world, world.make.user(role, **scope)), action, options=options)
    assert refusal.value.sentence() == sentence
    assert world.rows("SELECT * FROM run") == []


def test_a_worker_is_woken_after_the_commit(world: World, sam: Reader, redis_client: redis.Redis) -> None:
    with pytest.raises(PlanChangedError):
        started(Chosen(), sam, expected=1)
    assert queued(redis_client) == []
    started(orders(world, 1), sam)
    assert queued(redis_client) == [JOBS[Topic.BULK]]


def queued(client: redis.Redis) -> list[str]:
    return [str(job.func_name) for job in Queue(QUEUE, connection=client).jobs]


# ------------------------------------------------------------------ what becomes of each order


@pytest.fixture
def mixed(world: World) -> dict[str, PurchaseOrder]:
    """Orders that Reset does, skips, and fails on."""
    fine, received, broken, last = orders(world, 4)
    world.make.receipt(received)
    world.run_sql("UPDATE purchase_order SET snapshot = '{}' WHERE id = %s", broken.id)
    return {"fine": fine, "received": received, "broken": broken, "last": last}


def test_each_order_has_its_own_result_and_one_that_fails_harms_only_itself(
    world: World, sam: Reader, mixed: dict[str, PurchaseOrder]
) -> None:
    before = world.po(mixed["broken"].number)
    run_id = started(list(mixed.values()), sam, "reset", options={})
    bulk_job.work()
    told = {po: (state, message) for po, state, message in items(world, run_id)}
    assert told[mixed["fine"].id][0] == told[mixed["last"].id][0] == "done"
    assert told[mixed["received"].id] == (
        "skipped",
        "It has a receipt. Archive the receipt first, or correct the lines by a change from the source.",
    )
    assert told[mixed["broken"].id] == ("failed", "An internal fault stopped it; nothing was changed.")
    assert counts(world, run_id) == ("done", 4, 2, 1, 1)
    assert world.po(mixed["broken"].number) == before
    assert world.kinds(mixed["broken"].number) == world.kinds(mixed["received"].number) == []
    run = run_of(world, run_id)
    assert run["at"] <= run["started_at"] <= run["finished_at"]
    assert (run["lease_owner"], run["lease_until"], run["message"]) == (None, None, "")


def test_the_counts_go_up_with_each_order_and_agree_with_the_items(
    world: World, sam: Reader, mixed: dict[str, PurchaseOrder]
) -> None:
    run_id, seen = started(list(mixed.values()), sam, "reset", options={}), []
    job = claimed()
    while bulk.work_on(job, 1):
        state, total, done, skipped, failed = counts(world, run_id)
        by_state = Counter(states(world, run_id))
        assert (done, skipped, failed) == (by_state["done"], by_state["skipped"], by_state["failed"])
        assert (state, total) == ("running", 4)
        seen.append(done + skipped + failed)
    assert seen == [1, 2, 3, 4]
    assert counts(world, run_id) == ("done", 4, 2, 1, 1)


def test_the_batches_go_in_the_order_of_the_ids(world: World, sam: Reader) -> None:
    chosen = orders(world, 5)
    run_id = started(chosen, sam)
    job = claimed()
    assert bulk.work_on(job, 2)
    assert states(world, run_id) == ["done", "done", "waiting", "waiting", "waiting"]
    assert bulk.work_on(job, 2)
    assert bulk.work_on(job, 2)
    assert states(world, run_id) == ["done"] * 5
    assert run_of(world, run_id)["state"] == "running"
    assert not bulk.work_on(job, 2)
    assert run_of(world, run_id)["state"] == "done"
    assert comments(world) == Counter({po.id: 1 for po in chosen})


def test_the_action_is_done_with_its_options_in_the_name_of_who_asked(world: World, sam: Reader) -> None:
    chosen = orders(world, 2)
    run_id = started(chosen, sam, "archive", options={"reason": "Ordered twice"})
    bulk_job.work()
    for po in chosen:
        row = world.po(po.number)
        assert (row["status"], row["status_reason"]) == ("archived", "Ordered twice")
    actors = world.rows("SELECT DISTINCT actor FROM activity WHERE kind = 'archived' OR kind LIKE 'status%%'")
    assert [row["actor"] for row in actors] == [sam.name]
    again = started(chosen, sam, "archive", options={"reason": "x"})
    bulk_job.work()
    assert [message for _, _, message in items(world, again)] == [ARCHIVED_ALREADY] * 2
    assert counts(world, again) == ("done", 2, 0, 2, 0)
    assert counts(world, run_id) == ("done", 2, 2, 0, 0)


def test_the_results_of_deleted_orders_stay_with_their_numbers(world: World, sam: Reader) -> None:
    chosen = orders(world, 3)
    run_id = started(chosen, sam, "delete", options={"tombstone": True})
    world.run_sql("UPDATE po_key SET purchase_order_id = NULL WHERE purchase_order_id = %s", chosen[1].id)
    world.run_sql("DELETE FROM purchase_order WHERE id = %s", chosen[1].id)
    bulk_job.work()
    assert world.rows("SELECT id FROM purchase_order") == []
    found = [(number, result, message) for number, result, message, _ in results(run_id)]
    assert found == [
        (chosen[0].number, "done", "It is deleted and never imported again."),
        (chosen[1].number, "skipped", GONE),
        (chosen[2].number, "done", "It is deleted and never imported again."),
    ]
    tombs = world.rows("SELECT external_id FROM po_key WHERE tombstoned_at IS NOT NULL ORDER BY id")
    assert [row["external_id"] for row in tombs] == [chosen[0].external_id, chosen[2].external_id]


def test_an_order_that_changed_since_the_plan_is_asked_again(
    world: World, sam: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = orders(world, 3)
    run_id = started(chosen, sam, "archive", options={"reason": "x"})
    before_order(
        monkeypatch, 2, lambda: world.run_sql("UPDATE purchase_order SET status='archived' WHERE id=%s", chosen[1].id)
    )
    bulk_job.work()
    assert [(state, message) for _, state, message in items(world, run_id)][1] == ("skipped", ARCHIVED_ALREADY)
    assert counts(world, run_id) == ("done", 3, 2, 1, 0)


# ------------------------------------------------------------------ results


def test_the_results_are_read_in_pages_and_in_their_order(
    world: World, sam: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "ROWS_AT_ONCE", 2)
    chosen = orders(world, 5)
    other = started(orders(world, 1), sam)
    run_id = started(chosen, sam)
    bulk_job.work()
    assert [len(page) for page in bulk.results_of(run_id)] == [2, 2, 1]
    found = results(run_id)
    assert [number for number, _, _, _ in found] == [po.number for po in chosen]
    settled = world.rows("SELECT settled_at FROM bulk_item WHERE run_id = %s ORDER BY id", run_id)
    assert [at for _, _, _, at in found] == [row["settled_at"].isoformat() for row in settled]
    assert len(results(other)) == 1
    assert results(10**9) == []


def test_what_waits_is_not_done_once_the_job_has_ended(world: World, sam: Reader) -> None:
    run_id = started(orders(world, 3), sam)
    bulk.work_on(claimed(), 1)
    assert [result for _, result, _, _ in results(run_id)] == ["done", "waiting", "waiting"]
    bulk.cancel(run_id, sam)
    found = results(run_id)
    assert [result for _, result, _, _ in found] == ["done", "not done", "not done"]
    assert [(message, at) for _, _, message, at in found][1:] == [("", "")] * 2


# ------------------------------------------------------------------ cancel


@pytest.mark.parametrize("turn", [1, 3, 5])
def test_a_cancel_in_the_middle_leaves_the_rest_alone(
    world: World, sam: Reader, monkeypatch: pytest.MonkeyPatch, turn: int
) -> None:
    chosen = orders(world, 5)
    run_id = started(chosen, sam, "archive", options={"reason": "x"})
    before = {po.number: world.po(po.number) for po in chosen}
    before_order(monkeypatch, turn, lambda: bulk.cancel(run_id, sam))
    bulk_job.work()
    done = turn - 1
    assert states(world, run_id) == ["done"] * done + ["waiting"] * (5 - done)
    assert counts(world, run_id) == ("canceled", 5, done, 0, 0)
    assert [world.po(po.number)["status"] for po in chosen[:done]] == ["archived"] * done
    assert [world.po(po.number) for po in chosen[done:]] == [before[po.number] for po in chosen[done:]]
    run = run_of(world, run_id)
    assert run["message"] == f"Canceled by {sam.name}. What was done stays done."
    assert run["finished_at"] is not None
    bulk_job.work()
    assert counts(world, run_id) == ("canceled", 5, done, 0, 0)


def test_a_job_that_waits_is_canceled_and_never_begins(world: World, sam: Reader) -> None:
    run_id = started(orders(world, 2), sam)
    bulk.cancel(run_id, sam)
    assert bulk.claim("w") is None
    assert comments(world) == Counter()


def test_a_job_that_has_ended_is_not_canceled(world: World, sam: Reader) -> None:
    run_id = started(orders(world, 1), sam)
    bulk_job.work()
    before = run_of(world, run_id)
    with pytest.raises(Refused) as refusal:
        bulk.cancel(run_id, sam)
    assert refusal.value.sentence() == "It has ended already."
    assert run_of(world, run_id) == before


def test_only_who_started_it_and_an_admin_cancel(world: World, sam: Reader, ada: Reader) -> None:
    run_id = started(orders(world, 1), sam)
    before = run_of(world, run_id)
    colleague = reader(world, world.make.user(Role.SUPPORT))
    with pytest.raises(Refused, match="Only who started a bulk job, or an Admin, may cancel it"):
        bulk.cancel(run_id, colleague)
    limited = reader(world, world.make.user(Role.SUPPORT, merchants=[_merchant(world)]))
    for stranger in (limited, reader(world, world.make.user(Role.PARTNER, warehouses=[world.warehouse]))):
        with pytest.raises(NotFound):
            bulk.cancel(run_id, stranger)
    assert run_of(world, run_id) == before
    bulk.cancel(run_id, ada)
    assert run_of(world, run_id)["message"] == f"Canceled by {ada.name}. What was done stays done."


def test_another_kind_of_run_is_no_bulk_job(world: World, ada: Reader) -> None:
    world.run_sql("INSERT INTO run (kind, started_by) VALUES ('import', 'x')")
    run = world.one("SELECT * FROM run")
    assert bulk.claim("w") is None
    with pytest.raises(NotFound):
        bulk.cancel(run["id"], ada)
    assert run_of(world, run["id"]) == run


# ------------------------------------------------------------------ the person meanwhile

_LOSSES = [
    ("UPDATE ab_user SET active = false WHERE id = %s",),
    ("DELETE FROM ab_user_role WHERE user_id = %s",),
    ("DELETE FROM ab_user_role WHERE user_id = %s", "DELETE FROM ab_user WHERE id = %s"),
    ("UPDATE ab_user_role SET role_id = (SELECT id FROM ab_role WHERE name = 'Merchant') WHERE user_id = %s",),
    ("UPDATE ab_user_role SET role_id = (SELECT id FROM ab_role WHERE name = 'Warehouse Partner') WHERE user_id = %s",),
]


@pytest.mark.parametrize("losses", _LOSSES, ids=["switched off", "no role", "deleted", "merchant", "partner"])
@pytest.mark.parametrize("done", [0, 2])
def test_who_lost_the_right_meanwhile_acts_no_more(world: World, losses: tuple[str, ...], done: int) -> None:
    user = world.make.user(Role.SUPPORT)
    chosen = orders(world, 4)
    run_id = started(chosen, reader(world, user), "archive", options={"reason": "x"})
    job = claimed()
    if done:
        assert bulk.work_on(job, done)
    for loss in losses:
        world.run_sql(loss, user.id)
    before = [world.po(po.number) for po in chosen]
    assert not bulk.work_on(job, 2)
    assert counts(world, run_id) == ("failed", 4, done, 0, 0)
    assert run_of(world, run_id)["message"] == REVOKED
    assert [world.po(po.number) for po in chosen] == before
    assert bulk.claim("other") is None


def test_who_lost_the_scope_meanwhile_skips_what_is_outside_of_it(world: World, far: Connection) -> None:
    mine, theirs = orders(world, 2), orders(world, 2, far)
    user = world.make.user(Role.SUPPORT)
    run_id = started([*mine, *theirs], reader(world, user), "archive", options={"reason": "x"})
    job = claimed()
    assert bulk.work_on(job, 1)
    world.run_sql("INSERT INTO user_scope (user_id, merchant_id) VALUES (%s, %s)", user.id, mine[0].merchant_id)
    before = [world.po(po.number) for po in theirs]
    while bulk.work_on(job, 1):
        pass
    results = [(state, message) for _, state, message in items(world, run_id)]
    assert results[2:] == [("skipped", GONE)] * 2
    assert [state for state, _ in results[:2]] == ["done"] * 2
    assert [world.po(po.number) for po in theirs] == before
    assert counts(world, run_id) == ("done", 4, 2, 2, 0)


def test_a_partner_comments_on_what_was_sent_to_the_own_warehouse(world: World, far: Connection) -> None:
    mine = orders(world, 2, status=PoStatus.OPEN)
    (theirs,) = orders(world, 1, far, status=PoStatus.OPEN)
    pat = reader(world, world.make.user(Role.PARTNER, warehouses=[world.warehouse]))
    run_id = started(Chosen(ids=[*(po.id for po in mine), theirs.id]), pat, expected=2)
    bulk_job.work()
    assert counts(world, run_id) == ("done", 2, 2, 0, 0)
    assert comments(world) == Counter({po.id: 1 for po in mine})


# ------------------------------------------------------------------ several workers, and dead ones


def test_a_job_is_one_workers_while_its_lease_lasts(world: World, sam: Reader) -> None:
    run_id = started(orders(world, 2), sam)
    job = claimed("first")
    assert (job.run_id, job.lease_no, job.action, job.options, job.user_id) == (
        run_id, 1, "comment", HELLO, sam.user_id,
    )  # fmt: skip
    assert bulk.claim("second") is None
    assert run_of(world, run_id)["lease_owner"] == "first"


def test_of_many_workers_one_claims_a_job(world: World, sam: Reader) -> None:
    runs = {started(orders(world, 1), sam) for _ in range(2)}
    gate = threading.Barrier(6)

    def claim(number: int) -> Job | None:
        gate.wait()
        return bulk.claim(f"w{number}")

    with ThreadPoolExecutor(6) as pool:
        jobs = [job for job in pool.map(claim, range(6)) if job is not None]
    assert {job.run_id for job in jobs} <= runs
    assert len({job.run_id for job in jobs}) == len(jobs)
    while (job := bulk.claim("late")) is not None:
        jobs.append(job)
    assert sorted(job.run_id for job in jobs) == sorted(runs)


def test_two_workers_at_once_do_each_order_of_each_job_once(world: World, sam: Reader) -> None:
    chosen = orders(world, 12)
    # Overlapping choices: two jobs have the same orders, and each comments once.
    runs = [started(chosen[first:last], sam) for first, last in ((0, 8), (4, 12), (0, 12))]
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(bulk_job.work) for _ in range(2)]:
            done.result()
    assert [counts(world, run_id) for run_id in runs] == [("done", n, n, 0, 0) for n in (8, 8, 12)]
    assert comments(world) == Counter({po.id: 3 if 4 <= at < 8 else 2 for at, po in enumerate(chosen)})


@pytest.mark.parametrize("done", [0, 1, 3])
def test_another_worker_goes_on_where_a_dead_one_was(world: World, sam: Reader, done: int) -> None:
    chosen = orders(world, 4)
    run_id = started(chosen, sam)
    dead = claimed("dead")
    if done:
        assert bulk.work_on(dead, done)
    began = run_of(world, run_id)["started_at"]
    assert bulk.claim("heir") is None
    expire(world)
    heir = claimed("heir")
    assert (heir.run_id, heir.lease_no) == (run_id, dead.lease_no + 1)
    while bulk.work_on(heir, 2):
        pass
    assert counts(world, run_id) == ("done", 4, 4, 0, 0)
    assert run_of(world, run_id)["started_at"] == began
    assert comments(world) == Counter({po.id: 1 for po in chosen})


@pytest.mark.parametrize("outcome", ["done", "skipped"])
def test_a_worker_that_wakes_up_after_its_lease_went_away_changes_nothing(
    world: World, sam: Reader, monkeypatch: pytest.MonkeyPatch, outcome: str
) -> None:
    status = PoStatus.NEW if outcome == "done" else PoStatus.ARCHIVED
    chosen = orders(world, 5, status=status)
    run_id = started(chosen, sam, "archive", options={"reason": "x"})
    sleeper = claimed("sleeper")

    def the_other_takes_over() -> None:
        expire(world)
        assert bulk.work_on(claimed("heir"), 1)

    # The sleeper has read its batch and done two orders; the heir does the third, and the sleeper wakes up at it.
    before_order(monkeypatch, 3, the_other_takes_over)
    with pytest.raises(LeaseLost, match=f"The lease on bulk job {run_id} went to another worker"):
        bulk.work_on(sleeper, 5)
    assert states(world, run_id) == [outcome] * 3 + ["waiting"] * 2
    assert sum(counts(world, run_id)[2:]) == 3
    with pytest.raises(LeaseLost):
        bulk.work_on(sleeper, 5)
    assert states(world, run_id) == [outcome] * 3 + ["waiting"] * 2
    told = Counter(row["purchase_order_id"] for row in world.rows("SELECT purchase_order_id FROM activity"))
    assert set(told) == ({po.id for po in chosen[:3]} if outcome == "done" else set())
    assert len(set(told.values())) <= 1


def test_an_action_and_its_result_are_stored_together_or_not_at_all(
    world: World, sam: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    (po,) = orders(world, 1)
    run_id = started([po], sam, "archive", options={"reason": "x"})
    job, before = claimed(), world.po(po.number)
    # The very last write before the commit: the item is somebody else's by now.
    before_order(monkeypatch, 1, lambda: world.run_sql("UPDATE bulk_item SET state='done', settled_at = now()"))
    with pytest.raises(LeaseLost):
        bulk.work_on(job)
    assert world.po(po.number) == before
    assert world.kinds(po.number) == []
    assert counts(world, run_id) == ("running", 1, 0, 0, 0)


def test_every_order_prolongs_the_lease(world: World, sam: Reader) -> None:
    run_id = started(orders(world, 2), sam)
    job = claimed()
    world.run_sql("UPDATE run SET lease_until = clock_timestamp() + interval '1 second'")
    assert bulk.work_on(job, 1)
    left = world.one("SELECT lease_until - clock_timestamp() AS left FROM run WHERE id = %s", run_id)["left"]
    assert 25 < left.total_seconds() <= 30


@pytest.fixture
def short_leases() -> Iterator[None]:
    """Leases of four seconds, as a setting may have them."""
    usual = Leases.seconds
    Leases.last(4)
    yield
    Leases.last(usual)


def test_a_lease_is_at_most_half_a_minute_and_as_short_as_the_setting(short_leases: None) -> None:
    assert bulk.lease_seconds() == 4
    Leases.last(600)
    assert bulk.lease_seconds() == 30


def test_a_long_job_gives_others_their_turn_and_goes_on(
    world: World, sam: Reader, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_one = started(orders(world, 4), sam)
    redis_client.flushall()
    monkeypatch.setattr(runtime, "LOOP_SECONDS", -1.0)
    work_on = bulk.work_on
    monkeypatch.setattr(bulk, "work_on", lambda job: work_on(job, 1))
    bulk_job.work()
    assert states(world, long_one) == ["done", "waiting", "waiting", "waiting"]
    run = run_of(world, long_one)
    assert (run["state"], run["lease_owner"], run["lease_until"]) == ("running", None, None)
    assert queued(redis_client) == [JOBS[Topic.BULK]]
    small = started(orders(world, 1), sam)
    bulk_job.work()
    assert states(world, small) == ["done"]
    assert states(world, long_one).count("done") == 1
    for _ in range(6):
        bulk_job.work()
    assert counts(world, long_one) == ("done", 4, 4, 0, 0)
    assert counts(world, small) == ("done", 1, 1, 0, 0)


def test_giving_back_a_lost_lease_takes_nothing_from_the_new_owner(world: World, sam: Reader) -> None:
    run_id = started(orders(world, 1), sam)
    lost = claimed("lost")
    expire(world)
    claimed("heir")
    bulk.give_back(lost)
    assert run_of(world, run_id)["lease_owner"] == "heir"


def test_a_job_of_an_action_that_is_gone_ends_and_holds_nobody_up(world: World, sam: Reader) -> None:
    old = started(orders(world, 1), sam)
    world.run_sql('UPDATE run SET request = request || \'{"action": "explode"}\' WHERE id = %s', old)
    bare = world.one("INSERT INTO run (kind, started_by) VALUES ('bulk', 'x') RETURNING id")["id"]
    fine = started(orders(world, 1), sam)
    bulk_job.work()
    assert counts(world, old) == ("failed", 1, 0, 0, 0)
    assert counts(world, bare) == ("done", 0, 0, 0, 0)
    assert counts(world, fine) == ("done", 1, 1, 0, 0)


def test_the_scheduler_rings_for_jobs_that_wait_or_whose_worker_died(world: World, sam: Reader) -> None:
    assert Topic.BULK not in due_topics()
    started(orders(world, 1), sam)
    assert Topic.BULK in due_topics()
    job = claimed()
    assert Topic.BULK not in due_topics()
    expire(world)
    assert Topic.BULK in due_topics()
    job = claimed()
    assert bulk.work_on(job)
    assert not bulk.work_on(job)
    assert Topic.BULK not in due_topics()
