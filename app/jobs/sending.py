"""One call to a warehouse or a source, and what it means: the world's answer as a settlement.

After anything that may have been accepted, the document is looked up before it is sent again. So a timeout, a crash or
a killed worker never makes a second document.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from app.connectors.contract import Accepted, Confirmed, Exchange, FoundNotice, SourceConnector, WarehouseConnector
from app.connectors.errors import Ambiguous, ConnectorError, Rejection, Retriable
from app.domain.errors import InletError
from app.models import DeliveryKind
from app.services.delivering import Claim, Result, Settlement, Try
from app.services.notices import Parcel
from app.services.pushing import Push

log = logging.getLogger(__name__)

Answer = Accepted | Confirmed | FoundNotice | None


@dataclass(slots=True)
class _Log:
    """Collects the exchanges of one attempt, and what is known at this point about the document at the target."""

    claim: Claim
    tries: list[Try] = field(default_factory=list)
    surely_absent: bool = False
    wrote: bool = False

    def call(self, action: str, function: Callable[[], Answer]) -> Answer:
        """Make one call and keep it, whatever comes of it."""
        started = time.monotonic()
        try:
            answer = function()
        except ConnectorError as problem:
            exchange = Exchange(reply=problem.answer, code=problem.code)
            self.keep(action, _outcome(problem), problem.sentence(), exchange, started)
            raise
        outcome = "absent" if answer is None else "found" if action == "look-up" else "accepted"
        self.keep(action, outcome, "", answer.exchange if answer is not None else Exchange(), started)
        return answer

    def keep(self, action: str, outcome: str, message: str, exchange: Exchange, started: float) -> None:
        """Add one try."""
        took = int((time.monotonic() - started) * 1000)
        self.tries.append(Try(action, outcome, message, exchange, took))

    def settled(
        self, result: Result, message: str = "", reference: str = "", retry_after: float | None = None
    ) -> Settlement:
        """The settlement of this attempt."""
        return Settlement(self.claim, result, message, reference, retry_after, self.surely_absent, tuple(self.tries))


def _outcome(problem: ConnectorError) -> str:
    if isinstance(problem, Ambiguous):
        return "ambiguous"
    return "retriable" if isinstance(problem, Retriable) else "rejected"


def send_notice(parcel: Parcel, connector: WarehouseConnector) -> Settlement:
    """Bring the warehouse's document to the parcel's version, or cancel it."""
    cancel = parcel.claim.kind is DeliveryKind.CANCEL
    return _attempt(parcel.claim, lambda log: (_cancel if cancel else _put)(parcel, connector, log))


def push_status(push: Push, connector: SourceConnector) -> Settlement:
    """Tell the source; an attempt that may have arrived is looked up first, by its own key."""

    def attempt(log: _Log) -> Settlement:
        if push.claim.unknown:
            found = log.call("look-up", lambda: connector.find_status(push.message))
            if isinstance(found, Confirmed):
                return log.settled(Result.ACCEPTED, reference=found.reference)
            return log.settled(Result.ABSENT)
        log.wrote = True
        told = log.call("status", lambda: connector.push_status(push.message))
        return log.settled(Result.ACCEPTED, reference=told.reference if isinstance(told, Confirmed) else "")

    return _attempt(push.claim, attempt)


def _attempt(claim: Claim, attempt: Callable[[_Log], Settlement]) -> Settlement:
    """Run one attempt; whatever is raised becomes a settlement, named by what happens next."""
    log_ = _Log(claim, surely_absent=not claim.unknown and claim.kind is DeliveryKind.CREATE)
    try:
        return attempt(log_)
    except Ambiguous as problem:
        log_.surely_absent = log_.surely_absent and not log_.wrote
        return log_.settled(Result.AMBIGUOUS, problem.sentence(), retry_after=problem.retry_after)
    except Retriable as problem:
        return log_.settled(Result.RETRIABLE, problem.sentence(), retry_after=problem.retry_after)
    except InletError as problem:
        return log_.settled(Result.REJECTED, problem.sentence())
    except Exception:
        # A fault in a connector is ours to mend; until then it must not look like an answer of the target.
        log.exception("A connector failed in a way it does not declare.")
        log_.surely_absent = log_.surely_absent and not log_.wrote
        result = Result.AMBIGUOUS if log_.wrote else Result.RETRIABLE
        return log_.settled(
            result, "The connector stopped with an internal fault; its log names it. It is tried again."
        )


def _put(parcel: Parcel, connector: WarehouseConnector, log: _Log) -> Settlement:
    notice, can = parcel.notice, connector.capabilities
    if not notice.lines:
        raise Rejection(
            "No line has a quantity that is still to come.", "Mend the lines, or close it short or archive it."
        )
    present = bool(notice.warehouse_ref)
    if parcel.claim.unknown:
        if not can.look_up:
            raise Rejection(
                f"It is not known whether {parcel.binding.name} took the document, and it cannot be looked up there.",
                "Ask the warehouse. If they have it, record it there; if not, Reset the order.",
            )
        found = log.call("look-up", lambda: connector.find(notice))
        log.surely_absent = found is None
        if isinstance(found, FoundNotice):
            if found.canceled:
                return log.settled(
                    Result.CANCELED_THERE, "The warehouse canceled this document. Reprocess sends a new one."
                )
            if found.version >= notice.version:
                return log.settled(Result.ACCEPTED, reference=found.warehouse_ref)
            present = True
        else:
            present = False
    if not present:
        return _write(log, "create", lambda: connector.create(notice))
    if can.update:
        return _write(log, "update", lambda: connector.update(notice))
    if can.cancel:
        return log.settled(Result.REPLACE)
    raise Rejection(
        f"{parcel.binding.name} can neither change nor cancel a document by message.",
        "Tell the warehouse what changed, then refuse the change here or close the lines short.",
    )


def _write(log: _Log, action: str, function: Callable[[], Accepted]) -> Settlement:
    log.wrote = True
    accepted = log.call(action, function)
    log.surely_absent = False
    return log.settled(Result.ACCEPTED, reference=accepted.warehouse_ref if isinstance(accepted, Accepted) else "")


def _cancel(parcel: Parcel, connector: WarehouseConnector, log: _Log) -> Settlement:
    notice, can = parcel.notice, connector.capabilities
    if can.look_up:
        found = log.call("look-up", lambda: connector.find(notice))
        if found is None or (isinstance(found, FoundNotice) and found.canceled):
            return log.settled(Result.ABSENT)
    if not can.cancel:
        raise Rejection(
            f"{parcel.binding.name} cannot cancel a document by message.",
            "Ask the warehouse to cancel it; when they have, archive the order here.",
        )
    log.wrote = True
    log.call("cancel", lambda: connector.cancel(notice))
    return log.settled(Result.ACCEPTED)
