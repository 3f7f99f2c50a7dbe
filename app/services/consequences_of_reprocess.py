"""What Reprocess would do to an order: it depends on where the order stands and on what its warehouse has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from app.domain.states import PoStatus
from app.domain.wording import Moment, Words, counted
from app.models import DocumentState, Step
from app.services.consequence_facts import Case
from app.services.losses import Loss


def reprocess(case: Case) -> tuple[list[Words], list[Loss]]:
    """Retry what failed or stalled, or take up again what was put away."""
    words = list(_BY_STATUS.get(case.known.status, _going)(case))
    count = case.known.receipts_in_error
    if count:
        is_ = "receipt in Error is" if count == 1 else "receipts in Error are"
        words.append((f"{count} {is_} tried again.",))
    return words, []


def _new(case: Case) -> list[Words]:
    order = case.order
    if order.step is Step.JUDGE:
        return [("The rules judge it now.",)]
    if order.step is Step.HOLD:
        until: Words = (" until ", Moment(order.held_until)) if order.held_until else ()
        return [(f"The hold by rule “{order.held_by}”", *until, f" is lifted, and it is sent to {case.where} now.")]
    if case.counts.next_attempt is not None:
        return [
            (
                f"The next attempt to reach {case.where} is made now, instead of at ",
                Moment(case.counts.next_attempt),
                ".",
            )
        ]
    return [(f"It is sent to {case.where} now.",)]


def _error(case: Case) -> list[Words]:
    order, known = case.order, case.known
    if known.document in {None, DocumentState.PLANNED, DocumentState.UNKNOWN}:
        if known.document is None and known.sent and known.receipts:
            return [("It stands again where its receipts say.",)]
        return _to_warehouse(case)
    if order.cancel_state == "refused":
        return [(f"{case.where} is asked again to cancel its document.",)]
    return [
        ("It stands again where its receipts say.",),
        (f"A change that {case.where} did not take is sent again.",),
    ]


def _to_warehouse(case: Case) -> list[Words]:
    if case.order.warehouse_id is None:
        return [("The rules judge it again, with the versions that are active now.",)]
    if case.known.document is DocumentState.UNKNOWN:
        return [(f"It is looked up at {case.where} first, and sent again only if it is not there.",)]
    return [(f"It is sent to {case.where} again, with eight new attempts. The rules are not asked again.",)]


def _put_away(case: Case) -> list[Words]:
    known, order = case.known, case.order
    if known.document is DocumentState.ACCEPTED or known.receipts:
        return [("It goes on where it stood: its receipts say where. The warehouse has it, and nothing is sent.",)]
    if order.rejected:
        return [("A rule rejected it. It goes on to the warehouse of its connection; the rules are not asked again.",)]
    return _to_warehouse(case)


def _closed(case: Case) -> list[Words]:
    counts = case.counts
    lines = counts.outstanding_lines + counts.finished_lines
    days = case.order.merchant.open_timeout_days
    words: list[Words] = [(f"It is open again for another full timeout of {counted(days, 'day')}.",)]
    units = counts.outstanding_units + counts.finished_units
    rest = f"what is outstanding ({counted(lines, 'line')}, {counted(units, 'unit')})"
    if case.known.document is None:
        words.append((f"{case.where} has ended its document: a new document for {rest} is sent.",))
    else:
        words.append((f"{case.where} still has its document: {rest} is expected again, and nothing is sent.",))
    return words


def _going(case: Case) -> list[Words]:
    if case.known.failed_pushes:
        return [("The source is told again at the next status update.",)]
    return []


_BY_STATUS: Final[Mapping[PoStatus, Callable[[Case], list[Words]]]] = {
    PoStatus.NEW: _new,
    PoStatus.ERROR: _error,
    PoStatus.ARCHIVED: _put_away,
    PoStatus.CANCELED: _put_away,
    PoStatus.CLOSED: _closed,
}
