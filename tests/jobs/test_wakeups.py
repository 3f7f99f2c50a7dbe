"""The doorbell and the loop that answers it: one job per topic, and none lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
import redis
from rq import Queue

from app.jobs import runtime
from app.services.bindings import Binding
from app.wakeups import JOB_TIMEOUT_SECONDS, JOBS, QUEUE, RUNG_FOR_SECONDS, Bell, Topic, begun, ring


@pytest.fixture
def bell(redis_url: str, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> redis.Redis:
    """A bell on an empty Redis, and a client to look into it."""
    monkeypatch.setattr(Bell, "_redis", None)
    redis_client.flushall()
    Bell.hang(redis_url)
    return redis_client


def queued(client: redis.Redis) -> list[str]:
    return [str(job.func_name) for job in Queue(QUEUE, connection=client).get_jobs()]


@pytest.mark.parametrize("topic", Topic)
def test_every_topic_has_a_job_that_can_be_called(topic: Topic) -> None:
    module, _, name = JOBS[topic].rpartition(".")
    assert callable(getattr(import_module(module), name))


@pytest.mark.parametrize("topic", Topic)
def test_a_topic_is_queued_once_until_its_job_has_begun(bell: redis.Redis, topic: Topic) -> None:
    assert [ring(topic), ring(topic), ring(topic)] == [True, True, True]
    assert queued(bell) == [JOBS[topic]]
    begun(topic)
    assert ring(topic)
    assert queued(bell) == [JOBS[topic]] * 2


def test_topics_do_not_silence_each_other(bell: redis.Redis) -> None:
    for topic in Topic:
        assert ring(topic)
    begun(Topic.RUNS)
    assert [ring(topic) for topic in Topic] == [True] * len(Topic)
    assert queued(bell) == [*JOBS.values(), JOBS[Topic.RUNS]]


def test_a_ring_is_forgotten_by_itself_should_its_job_never_begin(bell: redis.Redis) -> None:
    ring(Topic.RUNS)
    (key,) = (key for key in bell.keys("inlet:rung:*"))
    assert 0 < int(bell.ttl(key)) <= RUNG_FOR_SECONDS


def test_a_job_leaves_no_result_and_may_not_run_for_ever(bell: redis.Redis) -> None:
    ring(Topic.RUNS)
    (job,) = Queue(QUEUE, connection=bell).get_jobs()
    assert (job.timeout, job.result_ttl, job.failure_ttl) == (JOB_TIMEOUT_SECONDS, 0, 3600)


def test_without_redis_nobody_is_woken_and_the_caller_goes_on_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bell, "_redis", None)
    assert ring(Topic.RUNS) is False
    begun(Topic.RUNS)
    # A port that answers at once with "nobody here", as a stopped Redis does.
    Bell.hang("redis://127.0.0.1:1/0")
    started = time.monotonic()
    assert ring(Topic.RUNS) is False
    begun(Topic.RUNS)
    assert time.monotonic() - started < 1


def steps(*answers: bool) -> tuple[Callable[[str], bool], list[str]]:
    """A step that gives these answers, and the owners' names it was called with."""
    left, owners = list(answers), []

    def step(me: str) -> bool:
        owners.append(me)
        return left.pop(0)

    return step, owners


def test_the_loop_works_until_a_step_finds_nothing(bell: redis.Redis) -> None:
    ring(Topic.RUNS)
    step, owners = steps(True, True, False)
    runtime.loop(Topic.RUNS, step)
    assert len(owners) == 3
    assert len(set(owners)) == 1
    # It has begun, so that a change after its last look starts another job.
    ring(Topic.RUNS)
    assert queued(bell) == [JOBS[Topic.RUNS]] * 2


def test_the_loop_lets_another_job_go_on_after_a_while(bell: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "LOOP_SECONDS", -1.0)
    step, owners = steps(True, True, True)
    runtime.loop(Topic.RUNS, step)
    assert len(owners) == 1
    assert queued(bell) == [JOBS[Topic.RUNS]]


def test_a_loop_whose_time_is_up_with_nothing_left_rings_nobody(
    bell: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "LOOP_SECONDS", -1.0)
    runtime.loop(Topic.RUNS, steps(False)[0])
    assert queued(bell) == []


def test_no_two_owners_share_a_name() -> None:
    assert len({runtime.owner() for _ in range(100)}) == 100


def test_connectors_get_zone_account_and_the_one_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(runtime.Surroundings, "files_root", Path("/nonexistent"))
    runtime.Surroundings.bind(tmp_path)
    context = runtime.Surroundings.context(Binding("sandbox", "East", {}, {}, "Europe/Berlin", account="A7"))
    assert (context.zone.key, context.account, context.files_root) == ("Europe/Berlin", "A7", tmp_path)
    assert context.now().tzinfo is not None
