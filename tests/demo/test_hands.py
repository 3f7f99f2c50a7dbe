"""Working off the queue in one process, and what is said when that cannot be done."""

from __future__ import annotations

import signal
from datetime import UTC, datetime

import pytest
import redis
from rq import Queue

from app.demo import ages, furnish, hands
from app.demo.hands import DemoError, Hands
from app.demo.orders import new_order
from app.demo.places import CONNECTIONS, ERP, MARKET, MERCHANTS, SWITCHED_OFF, WEST
from app.demo.world import World
from app.domain.errors import Refused
from app.domain.people import SYSTEM
from app.models import ScheduleKind
from app.wakeups import QUEUE, Topic, ring
from tests.demo.conftest import Demo

NAMES = [connection.name for connection in CONNECTIONS]


@pytest.fixture
def furnished(empty: Demo) -> Demo:
    """The demo's places, without any order."""
    furnish.places(SYSTEM)
    return empty


def place_order(demo: Demo) -> None:
    """One order of the sandbox source."""
    order = new_order(MARKET, WEST, 0, datetime.now(UTC))
    World(demo.settings.files_root).place_orders(MARKET, [order.record], "order")


def test_a_run_brings_all_that_follows_from_it(furnished: Demo) -> None:
    place_order(furnished)
    Hands(furnished.settings.redis_url).run(NAMES, ScheduleKind.IMPORT)
    assert furnished.rows("SELECT number, status FROM purchase_order") == [("BH-12301", "open")]
    assert furnished.rows("SELECT kind, state FROM run ORDER BY id") == [("import", "done")] * 3


def test_a_worker_in_this_process_gives_the_signals_back(furnished: Demo) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    ring(Topic.PROCESSING)
    Hands(furnished.settings.redis_url).work()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    with redis.Redis.from_url(furnished.settings.redis_url) as client:
        assert Queue(QUEUE, connection=client).count == 0


def test_a_run_that_fails_is_told(furnished: Demo) -> None:
    folder = furnished.settings.files_root / ERP.folder
    folder.parent.mkdir(parents=True)
    folder.write_text("somebody put a file here")
    with pytest.raises(DemoError) as caught:
        Hands(furnished.settings.redis_url).run(NAMES, ScheduleKind.IMPORT)
    assert caught.value.message.startswith("A run of Alder & Finch ERP ended as failed: The folder ")


def test_a_job_that_fails_is_told(furnished: Demo) -> None:
    with redis.Redis.from_url(furnished.settings.redis_url) as client:
        Queue(QUEUE, connection=client).enqueue("app.jobs.no_such_job.work", failure_ttl=60)
    with pytest.raises(DemoError, match=r"^A job of the demo failed\.$"):
        Hands(furnished.settings.redis_url).work()


def test_work_that_does_not_end_is_given_up(furnished: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    # A bell that was rung before its queue was lost stays silent for a minute.
    place_order(furnished)
    with redis.Redis.from_url(furnished.settings.redis_url) as client:
        client.set("inlet:rung:runs", 1, ex=60)
    monkeypatch.setattr(hands, "PATIENCE_SECONDS", 0.2)
    with pytest.raises(DemoError) as caught:
        Hands(furnished.settings.redis_url).run(NAMES, ScheduleKind.IMPORT)
    assert caught.value.sentence() == "Work on runs does not come to an end. Start again with an empty Redis."


def test_leases_of_a_killed_loading_are_ended_and_its_runs_begun_anew(furnished: Demo) -> None:
    place_order(furnished)
    with furnished.database.connect() as connection:
        connection.execute(
            "WITH s AS (UPDATE schedule SET lease_owner = 'dead', lease_no = 1, lease_until = now() + interval '1 h'"
            " WHERE id = (SELECT s.id FROM schedule s JOIN connection c ON c.id = s.connection_id"
            " WHERE c.name = 'Bright Harbor Planner' AND s.kind = 'import') RETURNING id, connection_id)"
            " INSERT INTO run (kind, connection_id, schedule_id, started_by, state, lease_no)"
            " SELECT 'import', connection_id, id, 'a loading', 'running', 1 FROM s"
        )
    with pytest.raises(Refused):
        Hands(furnished.settings.redis_url).run([MARKET.name], ScheduleKind.IMPORT)
    hands.end_old_leases()
    Hands(furnished.settings.redis_url).work()
    assert furnished.rows("SELECT state FROM run ORDER BY id") == [("failed",), ("done",)]
    assert furnished.rows("SELECT status FROM purchase_order") == [("open",)]


def test_places_are_saved_once(furnished: Demo) -> None:
    counts = {
        table: furnished.rows(f"SELECT count(*) FROM {table}")[0][0]
        for table in ("merchant", "warehouse", "merchant_at_warehouse", "store", "connection", "schedule")
    }
    assert list(counts.values()) == [3, 3, 6, 3, 3, 6]
    furnish.places(SYSTEM)
    furnish.rules(SYSTEM)
    furnish.rules(SYSTEM)
    again = {table: furnished.rows(f"SELECT count(*) FROM {table}")[0][0] for table in counts}
    assert again == counts
    rules = furnished.rows("SELECT state, count(*), max(version) FROM rule GROUP BY 1 ORDER BY 1")
    assert rules == [("active", 6, 1), ("draft", 1, 1)]


def test_what_was_loaded_is_told_by_the_rows(empty: Demo) -> None:
    assert (furnish.first_day(), furnish.is_complete()) == (None, False)
    furnish.places(SYSTEM)
    made = empty.rows("SELECT CAST(min(created_at) AT TIME ZONE 'UTC' AS date) FROM merchant")
    assert ([(furnish.first_day(),)], furnish.is_complete()) == (made, False)
    furnish.connect(SWITCHED_OFF, SYSTEM)
    assert furnish.is_complete()
    zones = empty.rows("SELECT name, time_zone, open_timeout_days FROM merchant ORDER BY id")
    assert zones == [(one.name, one.time_zone, one.open_timeout_days) for one in MERCHANTS]


def test_an_order_that_came_just_now_is_not_made_older(furnished: Demo) -> None:
    place_order(furnished)
    Hands(furnished.settings.redis_url).run([MARKET.name], ScheduleKind.IMPORT)
    before = furnished.rows("SELECT at FROM activity ORDER BY id")
    ages.make_older()
    assert furnished.rows("SELECT at FROM activity ORDER BY id") == before
