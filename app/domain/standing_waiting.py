"""The sentences of orders that a warehouse has: what came, what is missing, and whether the source knows."""

from __future__ import annotations

from app.domain.messages import told, trying
from app.domain.situation import Situation, Told
from app.domain.standing_also import ALSO, ALSO_WHEN_DONE, besides
from app.domain.states import PoStatus
from app.domain.wording import Words, ago, closing, counted, number, opening, overdue, span, until_due


def goods(s: Situation) -> Told:
    """Open and Partially Received, late or not."""
    if s.cancel_state == "waiting" and not s.partner:
        return cancellation(s)
    some = s.status is PoStatus.PARTIALLY_RECEIVED
    words = _some_came(s) if some else _nothing_came(s)
    lead = "Late." if s.late else "Waiting for the rest." if some else "Waiting for the goods."
    if s.partner:
        return Told(lead, words, "amber" if s.late else "blue")
    more, action, link = besides(s, ALSO)
    return Told(lead, (*words, *more), "amber" if s.late or action else "blue", action, link)


def _nothing_came(s: Situation) -> Words:
    if s.late and s.late_from is not None:
        silence = f" for {span(s.now - s.accepted_at)}" if s.accepted_at else " yet"
        return (f"No receipt{silence}, due {overdue(s.late_from, s.now)}", *_on_day(s), ".")
    taken = f"Accepted by {s.where} {ago(s.accepted_at, s.now)}" if s.accepted_at else f"{opening(s.where)} has it"
    if s.due_date is None or s.late_from is None:
        return (f"{taken}; it has no due date.",)
    return (f"{taken}; expected on ", s.due_date, f" ({until_due(s.late_from, s.now)}).")


def _some_came(s: Situation) -> Words:
    last = f", the last {ago(s.last_receipt_at, s.now)}" if s.last_receipt_at else ""
    came = f"{number(s.units_received)} of {counted(s.units_ordered, 'unit')} came{last}; "
    rest = f"{counted(s.waiting_lines, 'line')} {'waits' if s.waiting_lines == 1 else 'wait'}"
    if s.late_from is None or s.due_date is None:
        return (f"{came}{rest}.",)
    if s.late:
        return (f"{came}{rest}, due {overdue(s.late_from, s.now)}", *_on_day(s), ".")
    return (f"{came}{rest}, expected on ", s.due_date, f" ({until_due(s.late_from, s.now)}).")


def _on_day(s: Situation) -> Words:
    return (" (", s.due_date, ")") if s.due_date else ()


def cancellation(s: Situation) -> Told:
    """The source canceled it, and the warehouse is asked to cancel its document."""
    words: Words = (f"The source canceled it, and {s.where} is asked to cancel its document. ",)
    if s.notice is not None and s.notice.on_its_way:
        more, tone = trying(s.notice, s.where, s.now)
        return Told("Cancel at the warehouse: waiting.", (*words, *more), tone, link="deliveries")
    return Told("Cancel at the warehouse: waiting.", (*words, "Its answer is awaited."), "amber")


def all_came(s: Situation) -> Told:
    """Received: all that is left is the source's knowledge of it."""
    last = f", the last {ago(s.last_receipt_at, s.now)}" if s.last_receipt_at else ""
    words: Words = (f"Every line was received in full{last}.", *_push(s))
    trouble = s.push is not None and s.push.state == "failed"
    more, action, link = besides(s, ALSO_WHEN_DONE)
    tone = "red" if trouble else "amber" if more else "green"
    return Told("All came.", (*words, *more), tone, "reprocess" if trouble else action, link)


def closed(s: Situation) -> Told:
    """Closed: by whom and why the reason says; what never came; how to go on."""
    words: list[Words] = [(ended(s),)]
    action = ""
    if s.waiting_lines:
        missing = f"{counted(s.waiting_lines, 'line')} with {counted(s.waiting_units, 'unit')}"
        words.append((f" {missing} never came.",))
        action = "reprocess"
    elif s.short_lines:
        is_ = "was" if s.short_lines == 1 else "were"
        words.append((f" {counted(s.short_lines, 'line')} {is_} closed short.",))
        action = "reopen"
    if s.staff and action:
        how = "expects it again for another full timeout" if action == "reprocess" else "expects the rest again"
        words.append((f" {action.capitalize()} {how}.",))
    words.append(_push(s))
    trouble = s.push is not None and s.push.state == "failed"
    flat = tuple(part for sentence in words for part in sentence)
    return Told("Closed.", flat, "red" if trouble else "grey", "reprocess" if trouble else action)


def ended(s: Situation) -> str:
    """When it came to its status, and why."""
    when = ago(s.since, s.now)
    began = f"{when[0].upper()}{when[1:]}"
    return closing(f"{began}: {s.reason}" if s.reason else began)


def _push(s: Situation) -> Words:
    """Whether the source knows. Who reads no messages hears it only where the receipts alone say it."""
    if s.push is not None:
        return (" ", *told(s.push, s.teller, s.now, s.next_update))
    if s.unsettled:
        return (" The source is told at the next status update.",)
    sure = s.staff or (s.status is PoStatus.RECEIVED and not s.failed_receipts)
    return (" The source knows.",) if sure else ()
