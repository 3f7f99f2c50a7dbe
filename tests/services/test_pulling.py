"""Pulling receipts: which accounts, one at a time, and a cursor that only its holder moves."""

from __future__ import annotations

import pytest

from app.domain.errors import LeaseLost
from app.domain.people import SYSTEM
from app.domain.states import PoStatus
from app.models import MerchantAtWarehouse, ScheduleKind
from app.services import pulling, runs
from app.services.pulling import Pull
from app.services.receiving import PageResult
from app.services.runs import Lease
from tests.services.world import World

PAGE = PageResult({"new": 2, "correction": 1, "duplicate": 3}, [])


def account_of(world: World) -> int:
    return int(world.one("SELECT id FROM merchant_at_warehouse")["id"])


def claimed(world: World) -> tuple[Lease, Pull]:
    """A status update at work, and the right to pull from the account."""
    runs.run_now(world.connection.id, ScheduleKind.STATUS_UPDATE, SYSTEM)
    lease = runs.claim_queued("me")
    pull = pulling.claim(account_of(world), "me")
    assert lease is not None
    assert pull is not None
    return lease, pull


@pytest.mark.parametrize(
    ("status", "sent", "pulled"),
    [
        (PoStatus.OPEN, True, True),
        (PoStatus.PARTIALLY_RECEIVED, True, True),
        (PoStatus.NEW, True, True),
        (PoStatus.ERROR, True, True),
        (PoStatus.NEW, False, False),
        (PoStatus.RECEIVED, True, False),
        (PoStatus.CANCELED, True, False),
        (PoStatus.ARCHIVED, True, False),
    ],
)
def test_another_warehouse_is_pulled_from_while_an_order_is_unfinished_there(
    world: World, status: PoStatus, *, sent: bool, pulled: bool
) -> None:
    own, west = account_of(world), world.make.warehouse(code="WEST")
    values = {"merchant_id": world.connection.merchant_id, "warehouse_id": west.id, "account": "W"}
    there = world.make.add(MerchantAtWarehouse(**values))
    assert pulling.accounts_of(world.connection.id) == [own]
    world.make.purchase_order(world.connection, status=status, sent=sent, warehouse_id=west.id)
    assert pulling.accounts_of(world.connection.id) == ([own, there.id] if pulled else [own])


def test_an_account_of_another_merchant_is_left_alone(world: World) -> None:
    world.make.account(world.make.merchant(), world.warehouse)
    assert pulling.accounts_of(world.connection.id) == [
        world.one("SELECT id FROM merchant_at_warehouse WHERE merchant_id = %s", world.connection.merchant_id)["id"]
    ]


def test_one_pulls_at_a_time_until_it_is_released_or_its_lease_ran_out(world: World) -> None:
    account = account_of(world)
    first = pulling.claim(account, "a")
    assert first is not None
    assert (first.cursor, first.binding.kind, first.merchant_id) == (None, "sandbox", world.connection.merchant_id)
    assert pulling.claim(account, "b") is None
    pulling.release(first)
    second = pulling.claim(account, "b")
    assert second is not None
    assert second.lease_no == first.lease_no + 1
    pulling.release(first)
    assert pulling.claim(account, "c") is None
    world.run_sql("UPDATE merchant_at_warehouse SET lease_until = clock_timestamp() - interval '1 second'")
    assert pulling.claim(account, "c") is not None


def test_a_page_moves_the_cursor_and_is_counted(world: World) -> None:
    lease, pull = claimed(world)
    pulling.save_cursor(lease, pull, {"seq": 6}, PAGE)
    pulling.save_cursor(lease, pull, {"seq": 12}, PAGE)
    row = world.one("SELECT pull_cursor, pulled_at IS NOT NULL AS pulled FROM merchant_at_warehouse")
    assert row == {"pull_cursor": {"seq": 12}, "pulled": True}
    counts = world.one("SELECT seen, new, changed, unchanged, failed FROM run")
    assert counts == {"seen": 12, "new": 4, "changed": 2, "unchanged": 6, "failed": 0}
    pulling.release(pull)
    again = pulling.claim(pull.account_id, "next")
    assert again is not None
    assert again.cursor == {"seq": 12}


@pytest.mark.parametrize("lost", ["merchant_at_warehouse", "schedule"])
def test_who_lost_either_lease_moves_nothing(world: World, lost: str) -> None:
    lease, pull = claimed(world)
    world.run_sql(f"UPDATE {lost} SET lease_no = lease_no + 1")
    with pytest.raises(LeaseLost):
        pulling.save_cursor(lease, pull, {"seq": 6}, PAGE)
    assert world.one("SELECT pull_cursor FROM merchant_at_warehouse") == {"pull_cursor": None}
    assert world.one("SELECT seen FROM run") == {"seen": 0}
