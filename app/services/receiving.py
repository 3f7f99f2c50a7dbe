"""Recording what warehouses report: the one service behind pull, webhook, API, portal and file.

A receipt is stored once. The same content again is nothing new; other content under the same id is stored as a
correction that carries the signed difference. What is stored is applied at once if its purchase order is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.exc import DataError

from app.connectors.contract import FailedReceipt, ReceiptDocument, ReceivedLine
from app.domain.discrepancies import Discrepancy, Held
from app.domain.errors import InletError, Refused
from app.domain.record import ZERO, plain_number
from app.domain.states import ReceiptState
from app.models import ReceiptOrigin
from app.services import applying, receiving_cancel, receiving_rows
from app.services.applying import LockedOrder
from app.services.receipt_words import called_as
from app.services.receiving_check import checked
from app.services.receiving_content import Amount, content, deltas, difference, digest
from app.services.receiving_order import Found, References, find_orders, lock_reference, references_of
from app.services.receiving_rows import NewReceipt, Stored
from app.services.receiving_waiting import WAITING, adopt, give_up_waiting, hold_unmatched, match_waiting, which_po
from app.services.timeline import Entry, tell
from app.services.unit_of_work import Unit, unit_of_work
from app.wakeups import Topic

__all__ = ["PageResult", "RecordOutcome", "Recorded", "give_up_waiting", "match_waiting", "record", "record_page"]

RecordOutcome = Literal["new", "known", "correction", "ignored"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one reported receipt. `state` and `receipt_id` are None where no receipt is meant."""

    receipt_id: int | None
    outcome: RecordOutcome
    state: ReceiptState | None


@dataclass(frozen=True, slots=True)
class PageResult:
    """What became of a page: how many receipts had each outcome, and what was refused with the reason."""

    outcomes: Mapping[str, int]
    failed: Sequence[FailedReceipt]

    def counts(self) -> dict[str, int]:
        """The same as a run counts it: seen, new, changed (corrections), unchanged and failed."""
        done = sum(self.outcomes.values())
        new, changed = self.outcomes.get("new", 0), self.outcomes.get("correction", 0)
        return {
            "seen": done + len(self.failed),
            "new": new,
            "changed": changed,
            "unchanged": done - new - changed,
            "failed": len(self.failed),
        }


def record_page(warehouse_id: int, documents: Sequence[ReceiptDocument], origin: ReceiptOrigin, by: str) -> PageResult:
    """Record receipts one by one, each in its own transaction: a bad one is handed back and harms no other."""
    outcomes: Counter[str] = Counter()
    failed: list[FailedReceipt] = []
    for document in documents:
        try:
            outcomes[record(None, warehouse_id, document, origin, by).outcome] += 1
        except InletError as problem:
            failed.append(FailedReceipt(document, problem.sentence()))
        except DataError:
            failed.append(FailedReceipt(document, "It holds a value that cannot be stored. Mend it and send it again."))
    return PageResult(outcomes, failed)


def record(unit: Unit | None, warehouse_id: int, document: ReceiptDocument, origin: ReceiptOrigin, by: str) -> Recorded:
    """Store one reported receipt and apply it; in a transaction of its own if no unit is given.

    Raises BadRecord for what cannot be stored, and Refused for a short receipt in the portal where the warehouse must
    receive in full. Anything else that is wrong with it is held on the stored receipt. Safe to repeat at any time.
    """
    if unit is None:
        with unit_of_work("record a receipt") as own:
            return record(own, warehouse_id, document, origin, by)
    document = checked(document)
    if document.canceled:
        return Recorded(None, receiving_cancel.cancel(unit, warehouse_id, document, by), None)
    return _Recording(unit, warehouse_id, document, origin, by).run()


@dataclass(frozen=True, slots=True)
class _News:
    """What a report adds to what is stored: the lines to store, and the totals that it moves."""

    lines: Sequence[ReceivedLine]
    digest: str
    totals: Mapping[str, Amount]


class _Recording:
    """One report on its way into the tables, inside one transaction."""

    def __init__(
        self, unit: Unit, warehouse_id: int, document: ReceiptDocument, origin: ReceiptOrigin, by: str
    ) -> None:
        self.unit = unit
        self.warehouse_id = warehouse_id
        self.document = document
        self.origin = origin
        self.by = by
        self.references: References = references_of(document)

    def run(self) -> Recorded:
        """Find the order, lock it, and store what is new."""
        if self.document.cumulative:
            lock_reference(self.unit, self.warehouse_id, self.references.best)
        found = find_orders(self.unit, self.warehouse_id, self.references)
        order = applying.lock_order(self.unit, found.only) if found.only else None
        while True:
            known = self._stored(order)
            recorded = self._store(found, order, known)
            if recorded:
                return recorded

    def _stored(self, order: LockedOrder | None) -> list[Stored]:
        """What is stored of this receipt. What waited for its order finds it first."""
        known = self._family(order)
        if order and any(one.pending and one.purchase_order_id is None for one in known):
            adopt(self.unit, order, self.warehouse_id, self.document.external_id, known[0].reference, by=self.by)
            known = self._family(order)
        return known

    def _family(self, order: LockedOrder | None) -> list[Stored]:
        return receiving_rows.family(
            self.unit,
            self.warehouse_id,
            self.document.external_id,
            self.references.best,
            order.id if order else None,
        )

    def _store(self, found: Found, order: LockedOrder | None, known: Sequence[Stored]) -> Recorded | None:
        """Store what is new; None if somebody stored the same receipt meanwhile."""
        news = self._totals_news(order, known) if self.document.cumulative else self._content_news(known)
        if isinstance(news, Recorded):
            return news
        correction = known[-1].correction + 1 if known else 0
        waits = order is None and not found.po_ids and bool(self.references.best)
        new = NewReceipt(
            self.warehouse_id,
            self.document,
            self.references,
            known[0].reference if known else self.references.best,
            correction,
            news.lines,
            news.digest,
            self.origin,
            self.by,
            WAITING if waits else "",
        )
        receipt_id = receiving_rows.insert(self.unit, new, found, (order.id, order.merchant_id) if order else None)
        if receipt_id is None:
            return None
        if order and news.totals:
            receiving_rows.add_totals(self.unit, self.warehouse_id, order.id, news.totals, self.document.received_at)
        self._go_on(receipt_id, new, found, order, known)
        return self._recorded(receipt_id, "correction" if correction else "new")

    def _content_news(self, known: Sequence[Stored]) -> _News | Recorded:
        """The difference between this report and what is stored of the same receipt."""
        said = content(self.document.lines)
        final = self.document.final or any(one.final for one in known)
        mark = digest(said, final=final)
        if not known:
            return _News(self.document.lines, mark, {})
        newest = known[-1]
        replayed = any(one.digest == mark for one in known) and self.document.received_at < newest.received_at
        if newest.digest == mark or replayed:
            return self._recorded(newest.id, "known")
        lines = difference(receiving_rows.stored_content(self.unit, [one.id for one in known]), said)
        return _News(lines, mark, {})

    def _totals_news(self, order: LockedOrder | None, known: Sequence[Stored]) -> _News | Recorded:
        """The deltas of running totals against the last totals of this sender."""
        last = receiving_rows.last_totals(
            self.unit, self.warehouse_id, self.references.best, order.id if order else None
        )
        found = deltas(self.document, last)
        finishes = self.document.final and not self._finished(order)
        if found.lines or finishes or (not known and not last):
            return _News(found.lines, digest(content(self.document.lines), final=self.document.final), found.changes)
        if order and found.changes:
            receiving_rows.add_totals(self.unit, self.warehouse_id, order.id, found.changes, self.document.received_at)
        newest = known[-1].id if known else None
        return self._recorded(newest, "known" if found.changes or not found.ignored else "ignored")

    def _finished(self, order: LockedOrder | None) -> bool:
        """Whether this sender has said before that nothing more will come."""
        return bool(
            self.unit.scalar(
                "SELECT EXISTS (SELECT 1 FROM receipt WHERE warehouse_id = :warehouse_id AND final"
                " AND state <> 'archived' AND (purchase_order_id = :po_id"
                " OR purchase_order_id IS NULL AND po_reference = :reference))",
                po_id=order.id if order else None,
                warehouse_id=self.warehouse_id,
                reference=self.references.best,
            )
        )

    def _go_on(
        self, receipt_id: int, new: NewReceipt, found: Found, order: LockedOrder | None, known: Sequence[Stored]
    ) -> None:
        label = called_as(self.document.external_id, new.correction)
        if new.correction:
            units = plain_number(sum((line.received for line in new.lines), ZERO))
            data = {"receipt": label, "correction": new.correction, "lines": len(new.lines), "units": units}
            self._tell("receipt_correction", receipt_id, order, data)
        if order:
            self._apply(receipt_id, order, known)
        elif new.reason:
            self._tell("receipt_waiting", receipt_id, None, {"receipt": label, "reference": self.references.best})
            self.unit.ring(Topic.RECEIPTS)
        else:
            self._hold(receipt_id, which_po(found, self.references), None)

    def _apply(self, receipt_id: int, order: LockedOrder, known: Sequence[Stored]) -> None:
        # Each delta of running totals stands for itself; a correction means nothing without what it corrects.
        if not self.document.cumulative and any(one.state is ReceiptState.ARCHIVED for one in known):
            held = Held(
                Discrepancy.ARCHIVED,
                f"It corrects receipt {self.document.external_id}, which was archived.",
                "Archive the correction too, or reset both receipts.",
            )
            self._hold(receipt_id, held, order)
            return
        ids = [*(one.id for one in known if one.pending), receipt_id]
        held_by = applying.apply(self.unit, order, ids, by=self.by)
        if held_by and held_by.kind is Discrepancy.SHORT and self.origin is ReceiptOrigin.PORTAL:
            raise Refused(held_by.sentence, "Record the receipt when all goods are there.")

    def _hold(self, receipt_id: int, held: Held, order: LockedOrder | None) -> None:
        receipts = applying.receipts(self.unit, [receipt_id])
        hold_unmatched(self.unit, receipts, held, by=self.by, order=order)

    def _tell(self, kind: str, receipt_id: int, order: LockedOrder | None, data: Mapping[str, object]) -> None:
        tell(self.unit, [Entry(kind, order.id if order else None, receipt_id, actor=self.by, data=data)])

    def _recorded(self, receipt_id: int | None, outcome: RecordOutcome) -> Recorded:
        if receipt_id is None:
            return Recorded(None, outcome, None)
        state = self.unit.scalar("SELECT state FROM receipt WHERE id = :id", id=receipt_id)
        return Recorded(receipt_id, outcome, ReceiptState(state))
