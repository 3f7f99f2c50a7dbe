"""Bulk jobs while they run: a cancel, a person who lost a right, several workers, and dead ones."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from app.domain.errors import LeaseLost, NotFound, Refused
from app.domain.people import Reader, Role
from app.domain.states import PoStatus
from app.jobs import bulk as bulk_job
from app.jobs import runtime
from app.models import Connection
from app.services import bulk
from app.services.bulk import Job
from app.services.bulk_plan import Chosen
from app.services.housekeeping import due_topics
from app.services.leases import Leases
from app.wakeups import JOBS, Topic
from tests.services.bulking import (
    GONE,
    HELLO,
    REVOKED,
    before_order,
    claimed,
    comments,
    counts,
    expire,
    items,
    merchant_of,
    orders,
    queued,
    reader,
    run_of,
    started,
    states,
)
from tests.services.world import World

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
    limited = reader(world, world.make.user(Role.SUPPORT, merchants=[merchant_of(world)]))
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
