"""Deliveries: who may send what now, and what an attempt leaves behind."""

from __future__ import annotations

from typing import Any

import pytest

from app.connectors.contract import Exchange
from app.domain.backoff import ATTEMPTS
from app.domain.states import PoStatus
from app.models import PurchaseOrder
from app.services import delivering, outbox
from app.services.delivering import KEPT_EXCHANGE, Claim, Result, Settlement, Try
from app.services.leases import Leases
from app.services.unit_of_work import unit_of_work
from tests.services.world import World


def planted(world: World, count: int = 1) -> list[PurchaseOrder]:
    """Orders with a create in the outbox."""
    orders = [world.make.purchase_order(world.connection) for _ in range(count)]
    with unit_of_work("plant") as unit:
        outbox.plant_send(unit, [po.id for po in orders])
    return orders


def claimed(world: World) -> Claim:
    planted(world)
    (claim,) = delivering.claim("me")
    return claim


def row(world: World) -> dict[str, Any]:
    return world.one("SELECT *, extract(epoch FROM due_at - clock_timestamp())::float AS pause FROM delivery")


def test_a_claim_leases_for_as_long_as_leases_last_and_counts_the_attempt(world: World) -> None:
    (po,) = planted(world)
    (claim,) = delivering.claim("me")
    assert (claim.purchase_order_id, claim.attempt, claim.lease_no, claim.unknown) == (po.id, 1, 1, False)
    now = world.one(
        "SELECT state, lease_owner, attempts, extract(epoch FROM lease_until - clock_timestamp())::float AS left"
        " FROM delivery".replace("AS left", 'AS "left"')
    )
    assert (now["state"], now["lease_owner"], now["attempts"]) == ("leased", "me", 0)
    assert Leases.seconds - 10 < now["left"] <= Leases.seconds
    assert delivering.claim("another") == []


def test_what_is_due_longest_goes_first_and_what_is_not_due_waits(world: World) -> None:
    orders = planted(world, 3)
    for hours, po in zip((-1, -2, 1), orders, strict=True):
        world.run_sql(
            "UPDATE delivery SET due_at = clock_timestamp() + make_interval(hours => %s) WHERE purchase_order_id = %s",
            *(hours, po.id),
        )
    assert [claim.purchase_order_id for claim in delivering.claim("me", 1)] == [orders[1].id]
    assert [claim.purchase_order_id for claim in delivering.claim("me")] == [orders[0].id]


@pytest.mark.parametrize("switch", ["enabled", "channel_on"])
def test_nothing_of_a_connection_that_is_switched_off_is_claimed(world: World, switch: str) -> None:
    planted(world)
    world.run_sql(f"UPDATE connection SET {switch} = false")
    assert delivering.claim("me") == []


def test_a_lease_that_ran_out_may_have_been_sent(world: World) -> None:
    first = claimed(world)
    world.run_sql("UPDATE delivery SET lease_until = clock_timestamp() - interval '1 second'")
    (second,) = delivering.claim("another")
    assert (second.delivery_id, second.lease_no, second.unknown) == (first.delivery_id, 2, True)
    with unit_of_work("look") as unit:
        assert delivering.still_ours(unit, [first]) == []
        assert delivering.still_ours(unit, [second]) == [second]


def test_what_was_not_tried_goes_back_uncounted_and_is_due_at_once(world: World) -> None:
    delivering.give_back([])
    claim = claimed(world)
    delivering.give_back([claim])
    now = row(world)
    assert (now["state"], now["attempts"], now["lease_owner"], now["lease_until"]) == ("due", 0, None, None)
    (again,) = delivering.claim("another")
    assert (again.attempt, again.unknown) == (1, False)


def test_a_lost_lease_gives_nothing_back(world: World) -> None:
    claim = claimed(world)
    world.run_sql("UPDATE delivery SET lease_until = clock_timestamp() - interval '1 second'")
    delivering.claim("another")
    delivering.give_back([claim])
    assert (row(world)["state"], row(world)["lease_owner"]) == ("leased", "another")


@pytest.mark.parametrize("state", ["done", "failed", "withdrawn"])
@pytest.mark.parametrize("result", [Result.ACCEPTED, Result.AMBIGUOUS, Result.REJECTED])
def test_closing_ends_it_with_the_message(world: World, state: str, result: Result) -> None:
    settled = Settlement(claimed(world), result, "x" * 3000)
    with unit_of_work("close") as unit:
        delivering.close(unit, [settled], state)
        delivering.close(unit, [], state)
    now = row(world)
    assert (now["state"], now["attempts"], now["message"]) == (state, 1, "x" * 2000)
    assert now["unknown"] is (result is Result.AMBIGUOUS)
    assert (now["lease_owner"], now["lease_until"], now["settled_at"] is not None) == (None, None, True)
    assert delivering.claim("another") == []


@pytest.mark.parametrize("absent", [True, False])
@pytest.mark.parametrize(("retry_after", "low", "high"), [(None, 40, 73), (3600.0, 3590, 3601)])
def test_postponing_sets_the_next_attempt_never_before_the_target_asked(
    world: World, retry_after: float | None, low: float, high: float, *, absent: bool
) -> None:
    claim = claimed(world)
    settled = Settlement(claim, Result.RETRIABLE, "Busy.", retry_after=retry_after, surely_absent=absent)
    with unit_of_work("postpone") as unit:
        assert delivering.postpone(unit, [settled]) == ([settled], [])
    now = row(world)
    assert (now["state"], now["attempts"], now["message"]) == ("due", 1, "Busy.")
    assert low < now["pause"] < high
    # Unless it surely is not there, the next attempt looks first.
    assert now["unknown"] is not absent
    assert (now["lease_owner"], now["settled_at"]) == (None, None)


def test_after_the_last_attempt_it_is_handed_back_untouched(world: World) -> None:
    planted(world)
    world.run_sql("UPDATE delivery SET attempts = %s", ATTEMPTS - 1)
    (claim,) = delivering.claim("me")
    settled = Settlement(claim, Result.RETRIABLE, "Busy.")
    with unit_of_work("postpone") as unit:
        assert delivering.postpone(unit, [settled]) == ([], [settled])
    assert (row(world)["state"], row(world)["attempts"]) == ("leased", ATTEMPTS - 1)


def test_every_exchange_is_kept_cut_and_without_what_the_database_cannot_hold(world: World) -> None:
    claim = claimed(world)
    tries = (
        Try("look-up", "absent", "", Exchange("ask", "none", "404"), 12),
        Try("create", "accepted", "", Exchange("a\x00b" + "c" * KEPT_EXCHANGE, "\ud800 ok", "200"), 34),
    )
    with unit_of_work("keep") as unit:
        delivering.keep_attempts(unit, [Settlement(claim, Result.ACCEPTED, tries=tries)])
        delivering.keep_attempts(unit, [])
    rows = world.rows(
        "SELECT number, action, outcome, code, request, reply, duration_ms FROM delivery_attempt ORDER BY id"
    )
    assert [tuple(kept.values()) for kept in rows] == [
        (1, "look-up", "absent", "404", "ask", "none", 12),
        (1, "create", "accepted", "200", ("ab" + "c" * KEPT_EXCHANGE)[:KEPT_EXCHANGE], "? ok", 34),
    ]
    assert world.one("SELECT DISTINCT merchant_id, delivery_id FROM delivery_attempt") == {
        "merchant_id": world.connection.merchant_id,
        "delivery_id": claim.delivery_id,
    }


def test_a_message_waits_while_another_of_its_document_is_in_flight(world: World) -> None:
    claim = claimed(world)
    with unit_of_work("plant") as unit:
        outbox.plant_version(unit, int(claim.document_id or 0))
    assert delivering.claim("another") == []
    with unit_of_work("close") as unit:
        delivering.close(unit, [Settlement(claim, Result.ACCEPTED)], "done")
    assert [(c.version, c.attempt) for c in delivering.claim("another")] == [(2, 1)]


def test_orders_of_any_status_are_locked_by_their_ids(world: World) -> None:
    orders = [world.make.purchase_order(world.connection, status=status) for status in PoStatus]
    with unit_of_work("lock") as unit:
        delivering.lock_orders(unit, [po.id for po in reversed(orders)] * 2)
        held = world.rows("SELECT id FROM purchase_order FOR UPDATE SKIP LOCKED")
    assert held == []
