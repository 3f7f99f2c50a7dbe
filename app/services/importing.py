"""Import: one page of a source's documents becomes purchase orders, in one transaction.

Whatever was seen before, byte for byte, is recognised by its raw digest before anything of it is validated. A bad
record is kept with its text and reason; the good ones beside it go through.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy.exc import DataError

from app.connectors.contract import Cursor, FailedDocument, ImportWindow, OrderPage, RawDocument
from app.domain.errors import BadRecord, InletError
from app.domain.record import PurchaseOrderRecord, SourceState, digest_of, frozen
from app.services import failures, import_changes, import_rows, runs
from app.services.failures import Failure, storable
from app.services.import_rows import Arrival, Origin
from app.services.runs import Lease
from app.services.unit_of_work import Unit, unit_of_work
from app.wakeups import Topic

log = logging.getLogger(__name__)

# From SQLAlchemy, or as it is from the driver where rows are copied.
_VALUE_REFUSED = (DataError, psycopg.DataError)

Mapper = Callable[[RawDocument], PurchaseOrderRecord]


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import run needs to know, read once at its start."""

    origin: Origin
    window: ImportWindow
    by_hand: bool


@dataclass(slots=True)
class PageResult:
    """What one page brought. `failed` goes back to the connector, so that the source can be told."""

    seen: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: list[FailedDocument] = field(default_factory=list)

    def add(self, other: PageResult) -> None:
        """Count another page's result into this one."""
        self.seen += other.seen
        self.new += other.new
        self.changed += other.changed
        self.unchanged += other.unchanged
        self.failed += other.failed


def plan(lease: Lease) -> ImportPlan:
    """Read what the run needs. A run by hand asks for one order or a range, and leaves the cursor alone."""
    with unit_of_work("plan an import") as unit:
        row = unit.rows(
            "SELECT c.id, c.merchant_id, c.store_id, c.time_zone, c.import_from, c.import_filter, c.import_cursor,"
            " w.time_zone AS warehouse_zone"
            " FROM connection c JOIN warehouse w ON w.id = c.warehouse_id WHERE c.id = :id",
            id=lease.connection_id,
        )[0]
    request = lease.request
    by_hand = bool(request.get("number") or request.get("ordered_from"))
    origin = Origin(
        connection_id=row.id,
        merchant_id=row.merchant_id,
        store_id=row.store_id,
        run_id=lease.run_id,
        warehouse_zone=ZoneInfo(row.warehouse_zone),
        import_from=row.import_from,
        import_filter=row.import_filter,
        lifts_tombstones=bool(request.get("lift_tombstone")),
        by_hand=by_hand,
    )
    window = ImportWindow(
        cursor=None if by_hand else row.import_cursor,
        since=None if by_hand else row.import_from,
        number=str(request.get("number", "")),
        ordered_from=_day(request.get("ordered_from")),
        ordered_to=_day(request.get("ordered_to")),
    )
    return ImportPlan(origin, window, by_hand)


def _day(text: Any) -> Any:
    return datetime.fromisoformat(text).date() if text else None


def save_page_safely(
    lease: Lease, planned: ImportPlan, page: OrderPage, map_order: Mapper, mapping_version: str
) -> PageResult:
    """Store a page; if the database refuses a value in it, store its documents one by one.

    So a value that nobody thought of harms only its own record. The cursor moves with the last document.
    """
    try:
        return save_page(lease, planned, page, map_order, mapping_version)
    except _VALUE_REFUSED:
        log.warning("A page holds a value that cannot be stored; its records are taken one by one.")
    total = PageResult()
    for number, document in enumerate(page.documents, 1):
        cursor = page.cursor if number == len(page.documents) else None
        total.add(_save_alone(lease, planned, document, cursor, (map_order, mapping_version)))
    return total


def _save_alone(
    lease: Lease, planned: ImportPlan, document: RawDocument, cursor: Cursor | None, how: tuple[Mapper, str]
) -> PageResult:
    alone = planned if cursor is not None else replace(planned, by_hand=True)
    try:
        return save_page(lease, alone, OrderPage([document], cursor or {}), *how)
    except _VALUE_REFUSED:
        refused = replace(document, problem="It holds a value that cannot be stored. Mend it and send it again.")
        return save_page(lease, alone, OrderPage([refused], cursor or {}), *how)


def save_page(
    lease: Lease, planned: ImportPlan, page: OrderPage, map_order: Mapper, mapping_version: str
) -> PageResult:
    """Store one page and its cursor in one transaction, under the run's lease. Raises LeaseLost.

    The lease row is written first: it is the first lock in the order of locks, and it renews the lease.
    """
    result = PageResult(seen=len(page.documents))
    with unit_of_work("save a page") as unit:
        runs.renew(unit, lease)
        fresh = _fresh(unit, planned, page.documents, mapping_version)
        result.unchanged = result.seen - len(fresh)
        arrivals = _mapped(planned.origin, fresh, map_order, result)
        _store(unit, planned.origin, arrivals, result)
        told = [Failure(item.document.reference, item.reason, item.document.text) for item in result.failed]
        failures.keep(unit, lease.run_id, lease.connection_id, told)
        if not planned.by_hand:
            _keep_cursor(unit, lease.connection_id, page.cursor)
        runs.count(
            unit,
            lease,
            seen=result.seen,
            new=result.new,
            changed=result.changed,
            unchanged=result.unchanged,
            failed=len(result.failed),
        )
        if result.new or result.changed:
            unit.ring(Topic.PROCESSING)
            unit.ring(Topic.RECEIPTS)
    return result


def _fresh(
    unit: Unit, planned: ImportPlan, documents: Sequence[RawDocument], mapping_version: str
) -> list[tuple[str, RawDocument]]:
    """The documents whose raw digest is not known yet. An order that is there twice is looked at twice."""
    digests = [digest_of(mapping_version, storable(document.text)) for document in documents]
    known = {
        row.raw_digest
        for row in unit.rows(
            "SELECT raw_digest FROM po_key WHERE connection_id = :id AND raw_digest = ANY(CAST(:digests AS text[]))"
            " AND NOT (:lifts AND tombstoned_at IS NOT NULL)",
            id=planned.origin.connection_id,
            digests=digests,
            lifts=planned.origin.lifts_tombstones,
        )
    }
    return [(digest, document) for digest, document in zip(digests, documents, strict=True) if digest not in known]


def _mapped(
    origin: Origin, fresh: Sequence[tuple[str, RawDocument]], map_order: Mapper, result: PageResult
) -> list[Arrival]:
    """Map the documents; what cannot be mapped is refused by itself. Of two versions of one order the newer stays."""
    newest: dict[str, Arrival] = {}
    for digest, document in fresh:
        try:
            if document.problem:
                raise BadRecord(document.problem)
            record = map_order(document)
            stored = frozen(record)
        except InletError as problem:
            result.failed.append(FailedDocument(document, problem.sentence()))
            continue
        if not wanted(origin, record):
            result.unchanged += 1
            continue
        before = newest.get(record.external_id)
        if before is not None:
            result.unchanged += 1
            if _is_older(record, before.record):
                continue
        newest[record.external_id] = Arrival(record, stored, digest, document)
    return list(newest.values())


def wanted(origin: Origin, record: PurchaseOrderRecord) -> bool:
    """Whether the connection imports this record: let through by its filter, and ordered since its import date.

    A person who asks for an order by its number or its date gets it, however old it is.
    """
    if not origin.by_hand and origin.import_from and record.ordered_at and record.ordered_at < origin.import_from:
        return False
    locations, states = origin.import_filter.get("locations"), origin.import_filter.get("states")
    if states and record.state is SourceState.ACTIVE and record.source_status not in states:
        return False
    return not locations or record.location in locations


def _is_older(record: PurchaseOrderRecord, other: PurchaseOrderRecord) -> bool:
    if record.revision is not None and other.revision is not None and record.revision != other.revision:
        return record.revision < other.revision
    if record.updated_at is not None and other.updated_at is not None:
        return record.updated_at < other.updated_at
    return False


def _store(unit: Unit, origin: Origin, arrivals: list[Arrival], result: PageResult) -> None:
    """Sort what arrived into new, changed and unchanged by its key, and store each kind set-based."""
    keys = import_rows.lock_keys(unit, origin, [arrival.record.external_id for arrival in arrivals])
    new: list[Arrival] = []
    known: list[tuple[Arrival, Any]] = []
    for arrival in arrivals:
        key = keys.get(arrival.record.external_id)
        if key is not None and key.connection_id != origin.connection_id:
            result.failed.append(FailedDocument(arrival.document, _held_elsewhere(arrival.record, key.connection_name)))
        elif key is not None and key.tombstoned_at is not None and not origin.lifts_tombstones:
            import_rows.remember_digest(unit, key.id, arrival.raw_digest)
            result.unchanged += 1
        elif key is not None and key.purchase_order_id is not None:
            known.append((arrival, key))
        elif arrival.record.state is not SourceState.ACTIVE:
            # Over at its first sight: there is nothing to receive.
            result.unchanged += 1
        else:
            new.append(arrival)
    result.new += import_rows.insert_orders(unit, origin, new)
    for outcome in import_changes.take_changes(unit, origin, known):
        if outcome:
            result.changed += 1
        else:
            result.unchanged += 1


def _held_elsewhere(record: PurchaseOrderRecord, connection: str) -> str:
    return (
        f"Purchase order {record.number} belongs to connection “{connection}”, which imports from the same store. "
        "Give the two connections filters that do not overlap."
    )


def _keep_cursor(unit: Unit, connection_id: int, cursor: Cursor) -> None:
    unit.run(
        "UPDATE connection SET import_cursor = CAST(:cursor AS jsonb) WHERE id = :id",
        cursor=json.dumps(dict(cursor)),
        id=connection_id,
    )


def counts(result: PageResult) -> Mapping[str, int]:
    """The counts of a page, for the log line."""
    return {
        "seen": result.seen,
        "new": result.new,
        "changed": result.changed,
        "unchanged": result.unchanged,
        "failed": len(result.failed),
    }
