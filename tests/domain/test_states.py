"""Every pair of status and event, against the legal moves written out by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from app.domain.errors import IllegalTransition
from app.domain.states import (
    DELAYABLE,
    DELAYED,
    DISPLAY,
    HALTED,
    MEANINGS,
    PO_MOVES,
    RECEIPT_MEANINGS,
    RECEIPT_MOVES,
    PoEvent,
    PoStatus,
    ReceiptEvent,
    ReceiptState,
    display_status,
    next_state,
    next_status,
    retry_event,
)

# What a purchase order may become, from the contract: source, then every target.
PO_MATRIX = """
new                open partially_received received canceled error archived
open               partially_received received canceled closed error archived new
partially_received received open closed error archived
received           partially_received open error archived
error              new open partially_received received closed canceled archived
canceled           new open partially_received received closed archived
closed             new open partially_received received archived
archived           new open partially_received received closed
"""

# Which event makes which move: event, target, then every source.
PO_EVENTS = """
accepted          open               new
part_received     partially_received new open received
fully_received    received           new open partially_received
nothing_received  open               partially_received received
canceled          canceled           new open error
failed            error              new open partially_received received
closed            closed             open partially_received
archived          archived           new open partially_received received canceled error closed
reset             new                open error canceled closed archived
resumed_new       new                error canceled closed archived
resumed_open      open               error canceled closed archived
resumed_partial   partially_received error canceled closed archived
resumed_received  received           error canceled closed archived
resumed_closed    closed             error canceled archived
reopened_open     open               closed
reopened_partial  partially_received closed
reopened_received received           closed
"""

RECEIPT_MATRIX = """
new        processing archived
processing ready error archived new
ready      notifying completed archived new
notifying  completed error ready
completed  archived new
error      processing ready archived new
archived   new
"""

RECEIPT_EVENTS = """
started         processing new
applied         ready      processing
push_started    notifying  ready
push_confirmed  completed  notifying
push_postponed  ready      notifying
push_not_needed completed  ready
failed          error      processing notifying
retried_apply   processing error
retried_push    ready      error
archived        archived   new processing ready completed error
reset           new        processing ready completed error archived
"""


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.strip().splitlines()]


def by_event(text: str) -> dict[str, tuple[str, set[str]]]:
    return {event: (target, set(sources)) for event, target, *sources in rows(text)}


PO_ORACLE = by_event(PO_EVENTS)
RECEIPT_ORACLE = by_event(RECEIPT_EVENTS)


@pytest.mark.parametrize(("status", "event"), list(product(PoStatus, PoEvent)))
def test_each_status_and_event_of_a_purchase_order(status: PoStatus, event: PoEvent) -> None:
    target, sources = PO_ORACLE[event]
    if status in sources:
        assert next_status(status, event) == target
    else:
        with pytest.raises(IllegalTransition):
            next_status(status, event)


@pytest.mark.parametrize(("state", "event"), list(product(ReceiptState, ReceiptEvent)))
def test_each_state_and_event_of_a_receipt(state: ReceiptState, event: ReceiptEvent) -> None:
    target, sources = RECEIPT_ORACLE[event]
    if state in sources:
        assert next_state(state, event) == target
    else:
        with pytest.raises(IllegalTransition):
            next_state(state, event)


def test_the_events_make_every_legal_move_and_no_other() -> None:
    po_moves = {(source, move.target) for move in PO_MOVES.values() for source in move.sources}
    assert po_moves == {(source, target) for source, *targets in rows(PO_MATRIX) for target in targets}
    receipt_moves = {(source, move.target) for move in RECEIPT_MOVES.values() for source in move.sources}
    assert receipt_moves == {(source, target) for source, *targets in rows(RECEIPT_MATRIX) for target in targets}


def test_the_tables_name_every_event_and_cannot_be_changed() -> None:
    assert set(PO_MOVES) == set(PoEvent)
    assert set(RECEIPT_MOVES) == set(ReceiptEvent)
    with pytest.raises(TypeError):
        PO_MOVES[PoEvent.CLOSED] = PO_MOVES[PoEvent.RESET]  # type: ignore[index]


def test_the_stored_words() -> None:
    assert set(PoStatus) == {source for source, *_ in rows(PO_MATRIX)}
    assert set(ReceiptState) == {source for source, *_ in rows(RECEIPT_MATRIX)}
    assert {"error", "canceled", "closed", "archived"} == HALTED


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: next_status(PoStatus.RECEIVED, PoEvent.CLOSED),
            "A purchase order that is Received cannot become Closed in this way.",
        ),
        (
            lambda: next_status(PoStatus.PARTIALLY_RECEIVED, PoEvent.CANCELED),
            "A purchase order that is Partially Received cannot become Canceled in this way.",
        ),
        (
            lambda: next_state(ReceiptState.NOTIFYING, ReceiptEvent.RESET),
            "A receipt that is Notifying cannot become New in this way.",
        ),
    ],
)
def test_a_refused_move_says_what_and_what_to_do(call: Callable[[], object], message: str) -> None:
    with pytest.raises(IllegalTransition) as refused:
        call()
    assert refused.value.message == message
    assert refused.value.remedy == (
        "Reload it: it may have moved since you opened it, and its menu shows what is possible now."
    )


def test_reprocess_of_a_receipt_goes_by_what_is_applied() -> None:
    assert next_state(ReceiptState.ERROR, retry_event(applied=False)) is ReceiptState.PROCESSING
    assert next_state(ReceiptState.ERROR, retry_event(applied=True)) is ReceiptState.READY


@pytest.mark.parametrize(
    ("word", "label"),
    [
        (PoStatus.NEW, "New"),
        (PoStatus.PARTIALLY_RECEIVED, "Partially Received"),
        (PoStatus.ARCHIVED, "Archived"),
        (ReceiptState.NOTIFYING, "Notifying"),
    ],
)
def test_labels(word: PoStatus | ReceiptState, label: str) -> None:
    assert word.label == label


def test_people_see_nine_statuses_each_with_a_label_and_a_meaning() -> None:
    assert set(DISPLAY) == {*PoStatus, DELAYED}
    assert list(MEANINGS) == list(DISPLAY)
    assert {status: DISPLAY[status] for status in PoStatus} == {status: status.label for status in PoStatus}
    assert set(RECEIPT_MEANINGS) == set(ReceiptState)
    assert all(text.endswith(".") for text in [*MEANINGS.values(), *RECEIPT_MEANINGS.values()])


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("status", PoStatus)
@pytest.mark.parametrize(
    ("late_from", "late"),
    [(None, False), (NOON + timedelta(microseconds=1), False), (NOON, True), (NOON - timedelta(days=9), True)],
)
def test_only_unfinished_orders_show_as_delayed(status: PoStatus, late_from: datetime | None, late: bool) -> None:
    waits = status in {"open", "partially_received"}
    assert display_status(status, late_from, NOON) == ("delayed" if late and waits else status.value)
    assert (status in DELAYABLE) is waits
