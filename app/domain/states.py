"""The two state machines: where a purchase order and a receipt stand, and the only ways they move.

Each machine is one table, event -> (sources, target). A move that is in no table raises IllegalTransition; SQL that
moves many records at once builds its WHERE from the same tables, so the two cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from app.domain.errors import IllegalTransition


class _Labelled(StrEnum):
    """A stored word that people read as a label."""

    @property
    def label(self) -> str:
        """The word as a title: `partially_received` reads "Partially Received"."""
        return self.value.replace("_", " ").title()


class PoStatus(_Labelled):
    """Where a purchase order stands. These eight are stored; what each one means is in MEANINGS."""

    NEW = "new"
    OPEN = "open"
    PARTIALLY_RECEIVED = "partially_received"
    RECEIVED = "received"
    CANCELED = "canceled"
    ERROR = "error"
    CLOSED = "closed"
    ARCHIVED = "archived"


class ReceiptState(_Labelled):
    """Where a receipt stands. What each state means is in RECEIPT_MEANINGS."""

    NEW = "new"
    PROCESSING = "processing"
    READY = "ready"
    NOTIFYING = "notifying"
    COMPLETED = "completed"
    ERROR = "error"
    ARCHIVED = "archived"


class FailedStep(StrEnum):
    """What failed when a purchase order went to Error: the cause by which people sort the broken ones."""

    # A rule stopped, or said `fail`.
    RULES = "rules"
    # The rules, the location map or the default named a warehouse that cannot take it.
    ROUTING = "routing"
    # The warehouse refused the notice, or every attempt to bring it ended without success; so for the next two.
    SEND = "send"
    UPDATE = "update"
    CANCEL = "cancel"
    # The warehouse ended its document by itself before anything came.
    WAREHOUSE = "warehouse"


class PoEvent(StrEnum):
    """What happened to a purchase order, so that its status moves."""

    # A warehouse took the document.
    ACCEPTED = "accepted"
    # The sums say that something came, and not all of it. On a New order the receipt also proves the acceptance.
    PART_RECEIVED = "part_received"
    # The sums say that every line came in full.
    FULLY_RECEIVED = "fully_received"
    # A correction, an archived or a reset receipt took off all that had come, or a line was reopened.
    NOTHING_RECEIVED = "nothing_received"
    # The source canceled it.
    CANCELED = "canceled"
    # Rules, send, update or cancel failed, or ran out of tries.
    FAILED = "failed"
    # It ended without full receipt: by the warehouse, by a person, or by the open-PO timeout.
    CLOSED = "closed"
    # A person or a rule put it away.
    ARCHIVED = "archived"
    # A person starts it again from its imported snapshot.
    RESET = "reset"
    # Reprocess resumes a halted order where its facts say it stands: no warehouse has it, ...
    RESUMED_NEW = "resumed_new"
    # ... a warehouse has it and nothing came, ...
    RESUMED_OPEN = "resumed_open"
    # ... something came, ...
    RESUMED_PARTIAL = "resumed_partial"
    # ... everything came, ...
    RESUMED_RECEIVED = "resumed_received"
    # ... or nothing more is expected, as lines were closed short.
    RESUMED_CLOSED = "resumed_closed"
    # A Closed order was reopened, or a person accepted a late receipt for it: nothing has come, ...
    REOPENED_OPEN = "reopened_open"
    # ... something came, ...
    REOPENED_PARTIAL = "reopened_partial"
    # ... or the late receipt filled every line.
    REOPENED_RECEIVED = "reopened_received"


class ReceiptEvent(StrEnum):
    """What happened to a receipt, so that its state moves."""

    # Its purchase order is known and its lines are being matched and applied.
    STARTED = "started"
    # Its quantities are in the sums of the purchase order.
    APPLIED = "applied"
    # A status update that carries it left for the source.
    PUSH_STARTED = "push_started"
    # The source confirmed the status update.
    PUSH_CONFIRMED = "push_confirmed"
    # The push did not arrive and is tried again at the next status update.
    PUSH_POSTPONED = "push_postponed"
    # The source takes no receipts, so there is nothing to push.
    PUSH_NOT_NEEDED = "push_not_needed"
    # Applying it or pushing it failed for good, until a person looks at it.
    FAILED = "failed"
    # Reprocess of a receipt whose quantities are not in the sums yet.
    RETRIED_APPLY = "retried_apply"
    # Reprocess of a receipt whose quantities are in the sums: only the push is left.
    RETRIED_PUSH = "retried_push"
    # A person put it away; its quantities come off.
    ARCHIVED = "archived"
    # A person starts it again; its quantities come off and are applied anew.
    RESET = "reset"


StatusT = TypeVar("StatusT", bound=_Labelled)


@dataclass(frozen=True, slots=True)
class Move(Generic[StatusT]):
    """From any of `sources` to `target`; a source that equals the target is never listed."""

    sources: frozenset[StatusT]
    target: StatusT


def _move(target: StatusT, *sources: StatusT) -> Move[StatusT]:
    return Move(frozenset(sources), target)


# Nothing moves such an order on but a person.
HALTED: Final = frozenset({PoStatus.ERROR, PoStatus.CANCELED, PoStatus.CLOSED, PoStatus.ARCHIVED})

PO_MOVES: Final[Mapping[PoEvent, Move[PoStatus]]] = MappingProxyType(
    {
        PoEvent.ACCEPTED: _move(PoStatus.OPEN, PoStatus.NEW),
        PoEvent.PART_RECEIVED: _move(PoStatus.PARTIALLY_RECEIVED, PoStatus.NEW, PoStatus.OPEN, PoStatus.RECEIVED),
        PoEvent.FULLY_RECEIVED: _move(PoStatus.RECEIVED, PoStatus.NEW, PoStatus.OPEN, PoStatus.PARTIALLY_RECEIVED),
        PoEvent.NOTHING_RECEIVED: _move(PoStatus.OPEN, PoStatus.PARTIALLY_RECEIVED, PoStatus.RECEIVED),
        PoEvent.CANCELED: _move(PoStatus.CANCELED, PoStatus.NEW, PoStatus.OPEN, PoStatus.ERROR),
        PoEvent.FAILED: _move(
            PoStatus.ERROR, PoStatus.NEW, PoStatus.OPEN, PoStatus.PARTIALLY_RECEIVED, PoStatus.RECEIVED
        ),
        PoEvent.CLOSED: _move(PoStatus.CLOSED, PoStatus.OPEN, PoStatus.PARTIALLY_RECEIVED),
        PoEvent.ARCHIVED: _move(PoStatus.ARCHIVED, *frozenset(PoStatus) - {PoStatus.ARCHIVED}),
        PoEvent.RESET: _move(PoStatus.NEW, PoStatus.OPEN, *HALTED),
        PoEvent.RESUMED_NEW: _move(PoStatus.NEW, *HALTED),
        PoEvent.RESUMED_OPEN: _move(PoStatus.OPEN, *HALTED),
        PoEvent.RESUMED_PARTIAL: _move(PoStatus.PARTIALLY_RECEIVED, *HALTED),
        PoEvent.RESUMED_RECEIVED: _move(PoStatus.RECEIVED, *HALTED),
        PoEvent.RESUMED_CLOSED: _move(PoStatus.CLOSED, *HALTED - {PoStatus.CLOSED}),
        PoEvent.REOPENED_OPEN: _move(PoStatus.OPEN, PoStatus.CLOSED),
        PoEvent.REOPENED_PARTIAL: _move(PoStatus.PARTIALLY_RECEIVED, PoStatus.CLOSED),
        PoEvent.REOPENED_RECEIVED: _move(PoStatus.RECEIVED, PoStatus.CLOSED),
    }
)

_RESTING: Final = (ReceiptState.PROCESSING, ReceiptState.READY, ReceiptState.COMPLETED, ReceiptState.ERROR)

RECEIPT_MOVES: Final[Mapping[ReceiptEvent, Move[ReceiptState]]] = MappingProxyType(
    {
        ReceiptEvent.STARTED: _move(ReceiptState.PROCESSING, ReceiptState.NEW),
        ReceiptEvent.APPLIED: _move(ReceiptState.READY, ReceiptState.PROCESSING),
        ReceiptEvent.PUSH_STARTED: _move(ReceiptState.NOTIFYING, ReceiptState.READY),
        ReceiptEvent.PUSH_CONFIRMED: _move(ReceiptState.COMPLETED, ReceiptState.NOTIFYING),
        ReceiptEvent.PUSH_POSTPONED: _move(ReceiptState.READY, ReceiptState.NOTIFYING),
        ReceiptEvent.PUSH_NOT_NEEDED: _move(ReceiptState.COMPLETED, ReceiptState.READY),
        ReceiptEvent.FAILED: _move(ReceiptState.ERROR, ReceiptState.PROCESSING, ReceiptState.NOTIFYING),
        ReceiptEvent.RETRIED_APPLY: _move(ReceiptState.PROCESSING, ReceiptState.ERROR),
        ReceiptEvent.RETRIED_PUSH: _move(ReceiptState.READY, ReceiptState.ERROR),
        ReceiptEvent.ARCHIVED: _move(ReceiptState.ARCHIVED, ReceiptState.NEW, *_RESTING),
        ReceiptEvent.RESET: _move(ReceiptState.NEW, *_RESTING, ReceiptState.ARCHIVED),
    }
)


def next_status(status: PoStatus, event: PoEvent) -> PoStatus:
    """The status of a purchase order after `event`; raises IllegalTransition where the table has no such move."""
    return _target(PO_MOVES[event], status, "purchase order")


def next_state(state: ReceiptState, event: ReceiptEvent) -> ReceiptState:
    """The state of a receipt after `event`; raises IllegalTransition where the table has no such move."""
    return _target(RECEIPT_MOVES[event], state, "receipt")


def retry_event(applied: bool) -> ReceiptEvent:
    """What Reprocess does to a receipt in Error: push it if its quantities are already applied, else apply it."""
    return ReceiptEvent.RETRIED_PUSH if applied else ReceiptEvent.RETRIED_APPLY


def _target(move: Move[StatusT], status: StatusT, record: str) -> StatusT:
    if status in move.sources:
        return move.target
    raise IllegalTransition(
        f"A {record} that is {status.label} cannot become {move.target.label} in this way.",
        "Reload it: it may have moved since you opened it, and its menu shows what is possible now.",
    )


# Delayed is a way to show an unfinished order, never a stored status: it would be stale at the next midnight.
DELAYED: Final = "delayed"
DELAYABLE: Final = frozenset({PoStatus.OPEN, PoStatus.PARTIALLY_RECEIVED})
UNFINISHED: Final = frozenset({PoStatus.NEW, *DELAYABLE})


def display_status(status: PoStatus, late_from: datetime | None, now: datetime) -> str:
    """The status as people see it: "delayed" for an order that still waits for goods at or after `late_from`.

    `late_from` and `now` are aware instants; None means that the order has no due date and is never late.
    """
    late = late_from is not None and now >= late_from
    return DELAYED if late and status in DELAYABLE else status.value


# What people read as the cause of an Error, by the stored word; an empty word is an older row, or one of no known step.
CAUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "rules": "Rules failed",
        "routing": "No warehouse to route to",
        "send": "Could not be sent",
        "update": "Change could not be sent",
        "cancel": "Cancellation refused",
        "warehouse": "Canceled by the warehouse",
    }
)

# The nine statuses that people see, in the order in which a facet shows them, with their labels.
DISPLAY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "new": "New",
        "open": "Open",
        "partially_received": "Partially Received",
        "delayed": "Delayed",
        "received": "Received",
        "error": "Error",
        "closed": "Closed",
        "canceled": "Canceled",
        "archived": "Archived",
    }
)

# The help behind each badge, for the nine statuses that people see.
MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "new": "Imported. The rules and the send to the warehouse are on their way, or a rule holds it.",
        "open": "The warehouse accepted it and no goods have been reported yet.",
        "partially_received": "Some of the goods arrived and more are expected.",
        "delayed": "The due date has passed and goods are still expected.",
        "received": "Every line arrived in full. The source is told at the next status update, or has been told.",
        "error": "A step failed. The message says what is wrong and what to do; it waits for you.",
        "closed": "It ended before everything arrived: finished or canceled at the warehouse, "
        "closed short by a person, or open for longer than the timeout.",
        "canceled": "The source canceled it.",
        "archived": "Put away by a person or a rule, with the reason. It is neither sent nor imported again.",
    }
)

# The help behind the badge of a receipt.
RECEIPT_MEANINGS: Final[Mapping[ReceiptState, str]] = MappingProxyType(
    {
        ReceiptState.NEW: "Stored. It waits to be applied, or for its purchase order to be imported.",
        ReceiptState.PROCESSING: "Its quantities are being applied to the purchase order.",
        ReceiptState.READY: "Applied. It waits for the next status update to the source.",
        ReceiptState.NOTIFYING: "On its way to the source; it cannot be changed until the answer is in.",
        ReceiptState.COMPLETED: "Applied, and the source knows, or takes no receipts.",
        ReceiptState.ERROR: "Applying or pushing it failed. The message says what is wrong and what to do.",
        ReceiptState.ARCHIVED: "Put away. Its quantities do not count.",
    }
)
