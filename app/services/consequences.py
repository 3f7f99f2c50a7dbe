"""What exactly an action would do to one order, and what would be lost: asked when its dialog opens.

Nothing is written here. The sentences follow the services that do the work (`order_moves`, `order_changes`, `orders`);
whoever changes one of those changes its words here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from app.domain.errors import Refused
from app.domain.people import Reader
from app.domain.wording import Words, counted, number
from app.models import DocumentState
from app.services import consequences_of_changes as changes
from app.services import consequences_of_reprocess
from app.services.consequence_facts import Case, case_of
from app.services.losses import Loss, edits_lost, set_by_rules
from app.services.order_facts import why_not


@dataclass(frozen=True, slots=True)
class Consequences:
    """Why an action is refused, or else what it does, sentence by sentence, and what is lost by it."""

    refused: str
    sentences: tuple[Words, ...] = ()
    losses: tuple[Loss, ...] = ()


Told = tuple[list[Words], list[Loss]]


def consequences(session: Session, action: str, po_id: int, reader: Reader) -> Consequences:
    """What `action` would do to an order now. Raises NotFound, also outside the reader's scope; KeyError for no action.

    At most four statements in a session of services.
    """
    tell = _ACTIONS[action]
    case = case_of(session, po_id, reader)
    refused = why_not(action, case.known, reader)
    if refused:
        return Consequences(refused)
    try:
        sentences, losses = tell(case)
    except Refused as refusal:
        return Consequences(refusal.sentence())
    return Consequences("", tuple(sentences), tuple(loss for loss in losses if loss.total))


def _reset(case: Case) -> Told:
    today = case.today()
    words: list[Words] = [("It is built anew from its imported snapshot, and the rules judge it from the start.",)]
    words.append(_next_send(case))
    words += changes.expected_again(case)
    return words, [edits_lost(case.order, today), set_by_rules(case.order, today, case.counts.left_out)]


def _next_send(case: Case) -> Words:
    if case.known.document is not DocumentState.ACCEPTED:
        return ("No warehouse has it, so nobody is told.",)
    if case.known.can("update"):
        update = f"{case.where} has it: if the rules choose {case.where} again, its document is updated"
    else:
        update = f"{case.where} has it and takes no changes: its document is canceled and a new one is sent"
    if case.known.can("cancel"):
        return (f"{update}; if they choose another warehouse, it is canceled there first.",)
    return (f"{update}. {case.where} takes no cancellations, so the rules must not choose another warehouse.",)


def _archive(case: Case) -> Told:
    if case.known.document is DocumentState.ACCEPTED:
        words: list[Words] = [
            (f"{case.where} has it and is not told: it may still deliver.",),
            ("A receipt that comes for it is stored in Error, and counts once a person accepts it.",),
        ]
    else:
        words = [("What has not started is withdrawn: it is not sent.",)]
    words.append(("The source's changes are not taken any more. Reprocess takes it out again.",))
    return words, []


def _delete(case: Case) -> Told:
    counts = case.counts
    words: list[Words] = [(f"The purchase order and its {counted(counts.lines, 'line')} are removed here.",)]
    entries = f"{number(counts.entries)} {'entry' if counts.entries == 1 else 'entries'}, comments too"
    words.append((f"Its timeline ({entries}) stays in the database, without a page to read it on.",))
    if counts.receipts_let_go:
        waits = "waits" if counts.receipts_let_go == 1 else "wait"
        words.append((f"{counted(counts.receipts_let_go, 'receipt')} of it {waits} for it to be imported again.",))
    if case.known.document is DocumentState.PLANNED:
        words.append(("Its message to the warehouse is withdrawn.",))
    if case.pending is not None:
        words.append(("What the source changed, and nobody has decided yet, goes with it.",))
    words.append(("If the source offers it again, it is imported anew, unless that is ruled out below.",))
    return words, [edits_lost(case.order, case.today())] if case.order.edited else []


def _force_delete(case: Case) -> Told:
    words, losses = _delete(case)
    if case.known.document in {DocumentState.ACCEPTED, DocumentState.UNKNOWN, DocumentState.CANCELING}:
        called = f" ({case.counts.reference})" if case.counts.reference else ""
        words.insert(1, (f"{case.where} keeps its document{called} and may still deliver.",))
        words.append((f"Imported again, it finds that document; {case.where} gets no second one.",))
    return words, losses


_ACTIONS: Final[Mapping[str, Callable[[Case], Told]]] = {
    "reprocess": consequences_of_reprocess.reprocess,
    "reset": _reset,
    "archive": _archive,
    "delete": _delete,
    "force_delete": _force_delete,
    "accept_change": changes.accept,
    "refuse_change": changes.refuse,
    "close_short": changes.close_short,
    "reopen": changes.reopen,
}

ASKED: Final = frozenset(_ACTIONS)
"""The actions whose consequences can be asked for."""
