"""Pulling receipts: one warehouse account at a time, each with its own lease and cursor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.connectors.contract import Cursor
from app.services import bindings, failures, runs
from app.services.bindings import Binding
from app.services.failures import Failure
from app.services.leases import Leases
from app.services.receiving import PageResult
from app.services.runs import Lease
from app.services.unit_of_work import unit_of_work


@dataclass(frozen=True, slots=True)
class Pull:
    """The right to pull from one account."""

    account_id: int
    warehouse_id: int
    merchant_id: int
    lease_no: int
    cursor: Mapping[str, Any] | None
    binding: Binding


# Where the connection has orders that a warehouse knows of and that are not over. A Received one may still be corrected
# for a while; its account is pulled anyway as long as anything there is open.
_ACCOUNTS = """
SELECT DISTINCT m.id FROM merchant_at_warehouse m
JOIN connection c ON c.merchant_id = m.merchant_id AND c.id = :id
WHERE m.warehouse_id = c.warehouse_id OR EXISTS (
    SELECT 1 FROM purchase_order po
    WHERE po.connection_id = c.id AND po.warehouse_id = m.warehouse_id AND po.sent_at IS NOT NULL
      AND po.status IN ('new', 'open', 'partially_received', 'error'))
ORDER BY m.id
"""


def accounts_of(connection_id: int) -> list[int]:
    """The warehouse accounts that a status update of this connection pulls from."""
    with unit_of_work("find warehouse accounts") as unit:
        return [row.id for row in unit.rows(_ACCOUNTS, id=connection_id)]


def claim(account_id: int, owner: str) -> Pull | None:
    """Take an account's lease, or None because another status update pulls from it right now."""
    with unit_of_work("claim a warehouse account") as unit:
        for row in unit.rows(
            "UPDATE merchant_at_warehouse SET lease_owner = :owner, lease_no = lease_no + 1,"
            " lease_until = clock_timestamp() + make_interval(secs => :seconds)"
            " WHERE id = :id AND (lease_until IS NULL OR lease_until < clock_timestamp())"
            " RETURNING id, warehouse_id, merchant_id, lease_no, pull_cursor",
            owner=owner,
            seconds=Leases.seconds,
            id=account_id,
        ):
            binding = bindings.warehouse_of(unit, row.warehouse_id, row.merchant_id)
            return Pull(row.id, row.warehouse_id, row.merchant_id, row.lease_no, row.pull_cursor, binding)
    return None


def save_cursor(lease: Lease, pull: Pull, cursor: Cursor, result: PageResult) -> None:
    """Keep the cursor once the page is stored, prolong both leases, and count for the run. Raises LeaseLost."""
    with unit_of_work("keep a pull cursor") as unit:
        runs.renew(unit, lease)
        touched = unit.run(
            "UPDATE merchant_at_warehouse SET pull_cursor = CAST(:cursor AS jsonb), pulled_at = clock_timestamp(),"
            " lease_until = clock_timestamp() + make_interval(secs => :seconds)"
            " WHERE id = :id AND lease_no = :lease_no AND lease_owner IS NOT NULL",
            cursor=json.dumps(dict(cursor)),
            seconds=Leases.seconds,
            id=pull.account_id,
            lease_no=pull.lease_no,
        )
        unit.must_touch(touched, 1, f"the account of {pull.binding.name}")
        runs.count(unit, lease, **result.counts())
        told = [
            Failure(item.receipt.reference or item.receipt.external_id, item.reason, item.receipt.text)
            for item in result.failed
        ]
        failures.keep(unit, lease.run_id, lease.connection_id, told)


def release(pull: Pull) -> None:
    """Give the account's lease back, if it is still ours."""
    with unit_of_work("release a warehouse account") as unit:
        unit.run(
            "UPDATE merchant_at_warehouse SET lease_owner = NULL, lease_until = NULL"
            " WHERE id = :id AND lease_no = :lease_no",
            id=pull.account_id,
            lease_no=pull.lease_no,
        )
