"""Bulk jobs: what is frozen when one starts, and what becomes of each of its orders."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from app.domain.errors import Refused
from app.domain.people import Reader, Role
from app.domain.states import PoStatus
from app.jobs import bulk as bulk_job
from app.models import Connection, PurchaseOrder
from app.services import bulk
from app.services.bulk import PlanChangedError
from app.services.bulk_plan import Chosen
from app.wakeups import JOBS, Topic
from tests.services.bulking import (
    ARCHIVED_ALREADY,
    GONE,
    HELLO,
    before_order,
    claimed,
    comments,
    counts,
    items,
    merchant_of,
    orders,
    queued,
    reader,
    results,
    run_of,
    started,
    states,
)
from tests.services.world import World

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
    user = world.make.user(Role.SUPPORT, merchants=[world.make.merchant(), merchant_of(world)])
    limited = reader(world, user)
    ids = [po.id for po in (*mine, *theirs)] if choice == "ids" else None
    with pytest.raises(PlanChangedError, match="and 2 match now"):
        started(Chosen(ids=ids), limited, expected=4)
    run_id = started(Chosen(ids=ids), limited, expected=2)
    bulk_job.work()
    assert [po for po, _, _ in items(world, run_id)] == [po.id for po in mine]
    assert comments(world) == Counter({po.id: 1 for po in mine})


def test_a_forged_id_of_another_merchant_chooses_nothing(world: World, far: Connection) -> None:
    (theirs,) = orders(world, 1, far)
    limited = reader(world, world.make.user(Role.SUPPORT, merchants=[merchant_of(world)]))
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
        Role.MERCHANT: {"merchants": [merchant_of(world)]},
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
