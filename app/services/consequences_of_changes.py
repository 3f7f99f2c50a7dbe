"""What it means to accept or refuse a source's change, to close short, and to reopen."""

from __future__ import annotations

from app.domain.differences import header_changes, line_changes
from app.domain.record import from_snapshot
from app.domain.wording import Words, counted, number
from app.models import DocumentState
from app.services.consequence_facts import Case
from app.services.losses import Loss, edits_lost

Told = tuple[list[Words], list[Loss]]

_SOURCE_HEARS: Words = ("The source hears the final quantities at the next status update.",)


def accept(case: Case) -> Told:
    """Take the source's change, or its cancellation."""
    assert case.pending is not None
    if case.pending.kind == "cancel":
        return _accept_cancel(case), []
    today, offered = case.today(), from_snapshot(case.pending.snapshot)
    fields, lines = header_changes(today, offered), line_changes(today.lines, offered.lines)
    words: list[Words] = [(f"{counted(len(fields), 'field')} and {counted(len(lines), 'line')} change.",)]
    if case.known.receipts:
        came = f"It has {counted(case.known.receipts, 'receipt')}, so it does not start over"
        words.append((f"{came}: its lines change under them, and the sums say where it stands then.",))
        words += _let_in(case)
        words.append(_update(case))
    else:
        words.append(("The rules judge it again, from the start.",))
        words.append(_replaced(case))
        words += expected_again(case)
    return words, [edits_lost(case.order, today)]


def _let_in(case: Case) -> list[Words]:
    """What a rule left out, and what nobody leaves out where the rules are not asked again."""
    count = case.counts.left_out
    if not count:
        return []
    is_ = "is" if count == 1 else "are"
    return [(f"{counted(count, 'line')} that a rule left out {is_} expected then: the rules are not asked again.",)]


def expected_again(case: Case) -> list[Words]:
    """What was closed short, where an order starts over."""
    count = case.counts.short_lines
    if not count:
        return []
    was, is_ = ("was", "is") if count == 1 else ("were", "are")
    return [(f"{counted(count, 'line')} that {was} closed short {is_} expected again.",)]


def _accept_cancel(case: Case) -> list[Words]:
    if not case.counts.outstanding_lines:
        return [
            ("Nothing is outstanding, so it stays where it stands, and the warehouse is not asked.",),
            _SOURCE_HEARS,
        ]
    words: list[Words] = [(f"{_missing(case)} written off; it closes at the {_units(case)} that came.",)]
    if case.known.document is DocumentState.ACCEPTED and case.known.can("cancel"):
        words.append((f"{case.where} is asked to cancel its document.",))
    elif case.known.document is DocumentState.ACCEPTED:
        words.append((f"{case.where} takes no cancellations by message: tell it.",))
    return [*words, _SOURCE_HEARS]


def _update(case: Case) -> Words:
    if case.known.document is not DocumentState.ACCEPTED:
        return ("No warehouse has a document of it now, so nobody is told.",)
    if case.known.can("update"):
        return (f"{case.where} gets the new version.",)
    return (f"{case.where} takes no changes by message: tell it.",)


def _replaced(case: Case) -> Words:
    if case.known.document is not DocumentState.ACCEPTED:
        return ("No warehouse has it: it is sent as the rules decide.",)
    if case.known.can("update"):
        return (f"{case.where} gets an update of its document.",)
    if case.known.can("cancel"):
        return (f"{case.where}'s document is canceled, and a new one is sent once that is confirmed.",)
    return (f"{case.where} can neither change nor cancel a document by message, so this will end in Error: tell it.",)


def refuse(case: Case) -> Told:
    """Keep ours."""
    assert case.pending is not None
    if case.pending.kind == "cancel":
        rest = f"{_missing(case)} still expected" if case.counts.outstanding_lines else "nothing is outstanding"
        kept = f"It goes on although the source canceled it; {rest}."
        return [(kept,), ("Nobody is told.",)], []
    return [
        ("Ours stays as it is, and nobody is told.",),
        ("The same change is not offered again; a newer one is.",),
    ], []


def close_short(case: Case) -> Told:
    """Nothing more is expected."""
    words: list[Words] = [(f"{_missing(case)} written off; it closes at the {_units(case)} that came.",)]
    if case.known.document is DocumentState.ACCEPTED:
        words.append(_told(case))
    return [*words, _SOURCE_HEARS, ("Reopen takes it back.",)], []


def _told(case: Case) -> Words:
    """What the warehouse hears: where nothing came its document is canceled, else it expects only what came."""
    if case.counts.received_lines and case.known.can("update"):
        return (f"{case.where} gets an update: it expects no more than what came.",)
    if not case.counts.received_lines and case.known.can("cancel"):
        return (f"Nothing came, so {case.where} is asked to cancel its document.",)
    return (f"{case.where} cannot be told by message: tell it.",)


def reopen(case: Case) -> Told:
    """Expect again what was closed short."""
    counts = case.counts
    again = f"{counted(counts.short_lines, 'line')} with {counted(counts.short_units, 'unit')}"
    words: list[Words] = [(f"{again} {'is' if counts.short_lines == 1 else 'are'} expected again.",)]
    if case.known.document is None:
        words.append((f"{case.where} has ended its document: a new one for what is outstanding is sent.",))
    elif case.known.document is DocumentState.ACCEPTED and case.known.can("update"):
        words.append((f"{case.where} gets an update.",))
    return words, []


def _missing(case: Case) -> str:
    """What is outstanding, with its verb: "2 lines with 11 units are"."""
    counts = case.counts
    is_ = "is" if counts.outstanding_lines == 1 else "are"
    return f"{counted(counts.outstanding_lines, 'line')} with {counted(counts.outstanding_units, 'unit')} {is_}"


def _units(case: Case) -> str:
    return f"{number(case.counts.received_units)} {'unit' if case.counts.received_units == 1 else 'units'}"
