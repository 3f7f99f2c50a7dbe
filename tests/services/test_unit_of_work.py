"""The one transaction: it commits or leaves nothing, keeps the network closed, and rings after the commit only."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis
from rq import Queue
from sqlalchemy.exc import DBAPIError

from app.connectors import door
from app.connectors.door import NetworkClosed
from app.domain.errors import LeaseLost, Refused
from app.services import unit_of_work as module
from app.services.unit_of_work import Unit, unit_of_work
from app.wakeups import JOBS, QUEUE, Bell, Topic
from tests.services.world import World

NAMES = "SELECT name FROM merchant ORDER BY name"


def add(unit: Unit, name: str) -> None:
    unit.run("INSERT INTO merchant (name) VALUES (:name)", name=name)


def queued(client: redis.Redis) -> list[str]:
    return sorted(str(job.func_name) for job in Queue(QUEUE, connection=client).get_jobs())


def test_leaving_the_block_commits(world: World) -> None:
    with unit_of_work("add") as unit:
        add(unit, "Aurora")
        assert [row["name"] for row in world.rows(NAMES)] == ["Northwind"]
    assert [row["name"] for row in world.rows(NAMES)] == ["Aurora", "Northwind"]


@pytest.mark.parametrize("problem", [Refused("no"), KeyError("x"), KeyboardInterrupt(), SystemExit(1)])
def test_whatever_is_raised_leaves_nothing(world: World, problem: BaseException) -> None:
    with pytest.raises(type(problem)), unit_of_work("add") as unit:
        add(unit, "Aurora")
        raise problem
    assert [row["name"] for row in world.rows(NAMES)] == ["Northwind"]
    door.require_open("after it")


def test_a_statement_that_fails_leaves_nothing_and_rings_nobody(world: World, redis_client: redis.Redis) -> None:
    redis_client.flushall()
    with pytest.raises(DBAPIError), unit_of_work("add") as unit:
        add(unit, "Aurora")
        unit.ring(Topic.RUNS)
        unit.run("UPDATE merchant SET open_timeout_days = 0")
    assert [row["name"] for row in world.rows(NAMES)] == ["Northwind"]
    assert queued(redis_client) == []


def test_inside_it_the_network_is_closed_and_the_error_names_both(world: World) -> None:
    door.require_open("the warehouse")
    with unit_of_work("ship"), pytest.raises(NetworkClosed) as closed:
        door.require_open("East Dock")
    assert str(closed.value) == ("East Dock was called inside the transaction of “ship”: commit first, then call.")
    door.require_open("the warehouse")


def test_bells_ring_once_each_and_after_the_commit(world: World, redis_client: redis.Redis) -> None:
    redis_client.flushall()
    with unit_of_work("add") as unit:
        for topic in (Topic.RUNS, Topic.PROCESSING, Topic.RUNS):
            unit.ring(topic)
        assert queued(redis_client) == []
    assert queued(redis_client) == [JOBS[Topic.PROCESSING], JOBS[Topic.RUNS]]


def test_bells_stay_silent_after_a_rollback(world: World, redis_client: redis.Redis) -> None:
    redis_client.flushall()
    with pytest.raises(Refused), unit_of_work("add") as unit:
        unit.ring(Topic.RUNS)
        raise Refused("no")
    assert queued(redis_client) == []


def test_nothing_is_left_open_behind_it(world: World) -> None:
    for outcome in (None, Refused("no")):
        try:
            with unit_of_work("look") as unit:
                unit.rows("SELECT 1")
                if outcome:
                    raise outcome
        except Refused:
            pass
    open_ones = world.rows(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%%'"
        " AND application_name = %s",
        "inlet",
    )
    assert open_ones == []


def test_the_statements_tell_rows_counts_and_values(world: World) -> None:
    for name in ("Aurora", "Borealis"):
        world.make.merchant(name=name)
    with unit_of_work("look") as unit:
        assert [row.name for row in unit.rows(NAMES)] == ["Aurora", "Borealis", "Northwind"]
        assert unit.scalar("SELECT name FROM merchant WHERE name LIKE :like", like="B%") == "Borealis"
        assert unit.scalar("SELECT name FROM merchant WHERE name = 'nobody'") is None
        assert unit.run("UPDATE merchant SET open_timeout_days = 9 WHERE name <> :name", name="Northwind") == 2
        assert unit.run("UPDATE merchant SET open_timeout_days = 9 WHERE name = 'nobody'") == 0


def test_the_clock_is_the_databases_and_goes_on_inside_a_transaction(world: World) -> None:
    with unit_of_work("look") as unit:
        first = unit.now()
        unit.rows("SELECT pg_sleep(0.002)")
        second = unit.now()
    assert first.utcoffset() == timedelta(0)
    assert second > first
    assert abs(datetime.now(UTC) - second) < timedelta(minutes=1)


AWKWARD = ["plain", "tab\there", "line\nbreak", "back\\slash", "\\N", "“quoted” 'and' \"so\"", "", "Ünïcödé 🚚"]


@pytest.mark.parametrize("as_iterator", [True, False])
def test_copy_stores_every_text_as_it_is(world: World, *, as_iterator: bool) -> None:
    def rows() -> Iterator[tuple[str, int]]:
        yield from ((f"{number}{text}", number + 1) for number, text in enumerate(AWKWARD))

    with unit_of_work("copy") as unit:
        unit.copy("merchant", ("name", "open_timeout_days"), rows() if as_iterator else list(rows()))
    stored = world.rows("SELECT name, open_timeout_days AS days FROM merchant WHERE name <> 'Northwind' ORDER BY id")
    assert [(row["name"], row["days"]) for row in stored] == list(rows())


def test_copy_belongs_to_the_transaction(world: World) -> None:
    with pytest.raises(Refused), unit_of_work("copy") as unit:
        unit.copy("merchant", ("name",), [("Aurora",)])
        assert unit.scalar("SELECT count(*) FROM merchant") == 2
        raise Refused("no")
    assert world.one("SELECT count(*) AS n FROM merchant") == {"n": 1}


def test_a_write_under_a_lease_must_reach_all_its_rows(world: World) -> None:
    with unit_of_work("write") as unit:
        unit.must_touch(2, 2, "two rows")
        with pytest.raises(LeaseLost, match="The lease on run 7 went to another worker; its work goes on there"):
            unit.must_touch(1, 2, "run 7")


def test_a_process_that_bound_no_database_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.Database, "_engine", None)
    monkeypatch.setattr(module.Database, "_sessions", None)
    for ask in (module.Database.engine, module.Database.session):
        with pytest.raises(RuntimeError, match="No database is bound"):
            ask()


def test_a_commit_is_not_held_up_when_nobody_can_be_woken(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bell, "_redis", None)
    Bell.hang("redis://127.0.0.1:1/0")
    started = time.monotonic()
    with unit_of_work("add") as unit:
        add(unit, "Aurora")
        unit.ring(Topic.RUNS)
    assert time.monotonic() - started < 2
    assert world.one("SELECT count(*) AS n FROM merchant") == {"n": 2}
