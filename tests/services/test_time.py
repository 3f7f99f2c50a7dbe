"""Time: slots, the scheduler's entries, late orders, time-outs, and what housekeeping heals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from rq import Queue

from app.domain.errors import Refused
from app.domain.people import SYSTEM
from app.jobs import processing, schedule
from app.jobs import runs as run_jobs
from app.jobs.schedule import RowScheduler
from app.models import ScheduleKind
from app.services import housekeeping, runs
from app.wakeups import QUEUE
from tests.services.world import World


def slots(world: World) -> dict[str, Any]:
    """The due time of each schedule, a minute ago."""
    world.run_sql("UPDATE schedule SET next_due_at = date_trunc('minute', clock_timestamp()) - interval '1 minute'")
    return {row["kind"]: row for row in world.rows("SELECT id, kind, next_due_at FROM schedule")}


def test_a_slot_starts_one_run_however_often_it_is_asked(world: World) -> None:
    slot = slots(world)["import"]
    first = runs.claim_slot(slot["id"], slot["next_due_at"], "a")
    assert first is not None
    assert runs.claim_slot(slot["id"], slot["next_due_at"], "b") is None
    assert world.one("SELECT count(*) AS n FROM run") == {"n": 1}
    assert world.one("SELECT next_due_at FROM schedule WHERE id = %s", slot["id"])["next_due_at"] > datetime.now(UTC)


def test_a_slot_during_a_run_is_skipped_and_noted(world: World) -> None:
    slot = slots(world)["import"]
    assert runs.claim_slot(slot["id"], slot["next_due_at"], "a") is not None
    world.run_sql(
        "UPDATE schedule SET next_due_at = %s WHERE id = %s", slot["next_due_at"] + timedelta(minutes=1), slot["id"]
    )
    assert runs.claim_slot(slot["id"], slot["next_due_at"] + timedelta(minutes=1), "a") is None
    assert [row["state"] for row in world.rows("SELECT state FROM run ORDER BY id")] == ["running", "skipped"]


def test_after_a_downtime_one_run_catches_up(world: World) -> None:
    world.run_sql("UPDATE schedule SET next_due_at = '2026-01-01'")
    slot = world.one("SELECT * FROM schedule WHERE kind = 'import'")
    assert runs.claim_slot(slot["id"], slot["next_due_at"], "a") is not None
    assert world.one("SELECT next_due_at FROM schedule WHERE id = %s", slot["id"])["next_due_at"] > datetime.now(UTC)


def test_a_dead_run_ends_and_is_queued_again(world: World) -> None:
    world.order("PO-1")
    slot = slots(world)["import"]
    lease = runs.claim_slot(slot["id"], slot["next_due_at"], "dies")
    assert lease is not None
    world.run_sql("UPDATE schedule SET lease_until = clock_timestamp() - interval '1 second' WHERE id = %s", slot["id"])
    assert housekeeping.sweep()["dead_runs"] == 1
    run_jobs.work()
    rows = world.rows("SELECT state, started_by FROM run ORDER BY id")
    assert [row["state"] for row in rows] == ["failed", "done"]
    assert rows[1]["started_by"] == f"after run {lease.run_id} stopped"
    assert world.po("PO-1")["status"] == "new"


def a_pass(redis_url: str) -> tuple[RowScheduler, list[str]]:
    scheduler = RowScheduler(queue_name=QUEUE, connection=redis.Redis.from_url(redis_url), interval=5)
    return scheduler, [job.id for job in scheduler.enqueue_jobs()]


def waiting(redis_url: str) -> list[str]:
    with redis.Redis.from_url(redis_url) as client:
        return list(Queue(QUEUE, connection=client).get_job_ids())


def test_entries_follow_the_rows_and_an_emptied_redis_is_filled_again(world: World, redis_url: str) -> None:
    world.run_sql("UPDATE schedule SET next_due_at = clock_timestamp() + interval '1 hour'")
    scheduler, _ = a_pass(redis_url)
    wanted = set(schedule.plan(datetime.now(UTC)))
    present = {job.id for job in scheduler.get_jobs()}
    assert {name for name in wanted if name.startswith("slot")} == {name for name in present if name.startswith("slot")}
    assert len([name for name in present if name.startswith("slot")]) == 2
    scheduler.connection.flushall()
    scheduler, _ = a_pass(redis_url)
    assert {job.id for job in scheduler.get_jobs() if job.id.startswith("slot")} == {
        name for name in wanted if name.startswith("slot")
    }
    world.run_sql("UPDATE connection SET channel_on = false")
    scheduler, _ = a_pass(redis_url)
    assert [job.id for job in scheduler.get_jobs() if job.id.startswith("slot")] == []
    scheduler.connection.close()


def test_due_entries_are_queued_once_though_two_schedulers_pass_and_no_worker_is_there(
    world: World, redis_url: str
) -> None:
    slots(world)
    for _ in range(3):
        scheduler, _ = a_pass(redis_url)
        scheduler.connection.close()
    queued = [name for name in waiting(redis_url) if name.startswith("slot")]
    assert len(queued) == len(set(queued)) == 2


def test_the_scheduler_rings_for_work_whose_ring_was_lost(world: World, redis_url: str) -> None:
    world.order("PO-1")
    world.run()
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    scheduler, _ = a_pass(redis_url)
    jobs = Queue(QUEUE, connection=scheduler.connection).get_jobs()
    assert "app.jobs.processing.work" in [job.func_name for job in jobs]
    scheduler.connection.close()


def test_the_scheduler_leaves_a_heartbeat(world: World, redis_url: str) -> None:
    scheduler, _ = a_pass(redis_url)
    scheduler.connection.close()
    assert world.one(
        "SELECT clock_timestamp() - at < interval '10 s' AS fresh FROM heartbeat WHERE name = 'scheduler'"
    ) == {"fresh": True}


def test_run_now_runs_without_a_slot_and_says_who_started_it(world: World) -> None:
    world.order("PO-1")
    run_id = runs.run_now(world.connection.id, ScheduleKind.IMPORT, SYSTEM)
    run_jobs.work()
    assert world.one("SELECT state, started_by FROM run WHERE id = %s", run_id) == {
        "state": "done",
        "started_by": "Inlet",
    }


def test_run_now_is_refused_for_a_connection_that_is_switched_off(world: World) -> None:
    world.run_sql("UPDATE connection SET enabled = false")
    with pytest.raises(Refused, match="is switched off"):
        runs.run_now(world.connection.id, ScheduleKind.IMPORT, SYSTEM)
    assert world.rows("SELECT 1 FROM run") == []


def test_late_is_told_once(world: World) -> None:
    world.order("PO-1", expected_date="2026-03-10")
    world.walk()
    assert housekeeping.sweep()["late"] == 1
    assert housekeeping.sweep()["late"] == 0
    assert world.kinds("PO-1").count("late") == 1


def test_an_order_open_for_longer_than_the_timeout_is_closed_and_the_source_hears(world: World) -> None:
    world.order("PO-1", expected_date="2026-03-10")
    world.walk()
    world.run_sql("UPDATE purchase_order SET accepted_at = clock_timestamp() - interval '46 days', late_from = NULL")
    assert housekeeping.sweep()["timed_out"] == 1
    order = world.po("PO-1")
    assert (order["status"], order["status_reason"]) == (
        "closed",
        "Nothing more came within 45 days, the merchant's open-PO timeout.",
    )
    world.update_status()
    assert world.source.statuses()[-1]["data"]["status"] == "closed"


def test_the_timeout_counts_from_the_due_date_too(world: World) -> None:
    world.order("PO-1")
    world.walk()
    world.run_sql(
        "UPDATE purchase_order SET accepted_at = clock_timestamp() - interval '90 days',"
        " late_from = clock_timestamp() - interval '3 days'"
    )
    assert housekeeping.sweep()["timed_out"] == 0


def test_a_send_that_went_missing_is_planted_again(world: World) -> None:
    world.order("PO-1")
    world.run()
    processing.work()
    world.run_sql("UPDATE delivery SET state = 'withdrawn'")
    world.run_sql("UPDATE purchase_order SET status_since = clock_timestamp() - interval '5 minutes'")
    assert housekeeping.sweep()["stuck_sends"] == 1
    assert world.one("SELECT count(*) AS n FROM delivery WHERE state = 'due'") == {"n": 1}
