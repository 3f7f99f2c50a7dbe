"""The status update of one connection: pull the receipts of its warehouses, then let the status messages go."""

from __future__ import annotations

import logging

from app.connectors.contract import FailedReceipt
from app.domain.errors import InletError, LeaseLost
from app.jobs import runtime
from app.models import ReceiptOrigin, RunState
from app.services import outbox, pulling, receiving, runs
from app.services.pulling import Pull
from app.services.runs import Lease
from app.services.unit_of_work import unit_of_work

log = logging.getLogger(__name__)


def update_status(lease: Lease) -> tuple[str, RunState]:
    """Pull from every warehouse account where the connection has unfinished orders; returns message and end state.

    One account that fails does not stop the others, nor the messages to the source.
    """
    problems: list[str] = []
    for account_id in pulling.accounts_of(lease.connection_id):
        with unit_of_work("go on to the next account") as unit:
            runs.renew(unit, lease)
        pull = pulling.claim(account_id, runtime.owner())
        if pull is None:
            continue
        try:
            _pull(lease, pull)
        except LeaseLost:
            log.info("Another worker pulls from this account by now.", extra={"account": account_id})
        except InletError as problem:
            problems.append(f"{pull.binding.name}: {problem.sentence()}")
        except Exception:
            log.exception("The pull stopped with a fault.")
            problems.append(f"{pull.binding.name}: the pull stopped with an internal fault; the log names it.")
        finally:
            pulling.release(pull)
    with unit_of_work("release status messages") as unit:
        runs.renew(unit, lease)
        outbox.release_statuses(unit, lease.connection_id)
    return " ".join(problems), RunState.FAILED if problems else RunState.DONE


def _pull(lease: Lease, pull: Pull) -> None:
    """Every receipt of the account is stored, whichever connection its order belongs to."""
    connector = runtime.warehouse(pull.binding)
    if not connector.capabilities.pull_receipts:
        return
    for page in connector.receipts(pull.cursor):
        result = receiving.record_page(pull.warehouse_id, page.receipts, ReceiptOrigin.PULL, pull.binding.name)
        pulling.save_cursor(lease, pull, page.cursor, result)
        connector.acknowledge(page, [FailedReceipt(item.receipt, item.reason) for item in result.failed])
