"""The import of one connection: page after page, each committed before the source is told."""

from __future__ import annotations

import logging
import time

from app.domain.errors import InletError, LeaseLost
from app.jobs import runtime
from app.models import RunState
from app.services import bindings, importing, runs
from app.services.runs import Lease
from app.services.unit_of_work import unit_of_work

log = logging.getLogger(__name__)

LONGEST_SECONDS = 600.0


def import_orders(lease: Lease) -> tuple[str, RunState]:
    """Import until the source has no more; returns the run's message and how it ended."""
    try:
        failed = _pages(lease)
    except LeaseLost:
        raise
    except InletError as problem:
        return problem.sentence(), RunState.FAILED
    except Exception:
        log.exception("The import stopped with a fault.")
        return "The import stopped with an internal fault; the log names it. It is tried again.", RunState.FAILED
    return (f"{failed} records were refused; each says why." if failed else ""), RunState.DONE


def _pages(lease: Lease) -> int:
    planned = importing.plan(lease)
    with unit_of_work("read a source's settings") as unit:
        binding = bindings.source_of(unit, lease.connection_id)
    source = runtime.source(binding)
    failed = 0
    until = time.monotonic() + LONGEST_SECONDS
    for page in source.pages(planned.window):
        result = importing.save_page_safely(lease, planned, page, source.map_order, source.mapping_version)
        source.acknowledge(page, result.failed)
        failed += len(result.failed)
        log.info("Page saved.", extra=dict(importing.counts(result)))
        if time.monotonic() > until and not planned.by_hand:
            # The cursor is kept, so another run goes on from here; a job that never ends would look like a dead one.
            runs.queue_continuation(lease)
            break
    return failed
