"""The plan of a bulk action: which orders are chosen, and what the guards will say of them, before anything is done.

The chosen ids go into a temporary table, so that a plan for a hundred thousand orders is a few statements. The guards
look at a handful of facts; the orders are grouped by them, and each combination is asked once. So the plan and the
action have one list of reasons (`order_facts.why_not`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, column, insert, select, table

from app.domain.people import Reader
from app.domain.states import PoStatus, display_status
from app.models import DocumentState, PurchaseOrder, Step
from app.security.scope import criteria
from app.services.order_facts import Facts, why_not
from app.services.recomputing import FINISHED
from app.services.unit_of_work import Unit, unit_of_work

SAMPLES: Final = 10


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which orders: the ticked ids, or all that meet the conditions of a list. The reader's scope comes on top."""

    ids: Sequence[int] | None = None
    conditions: Sequence[ColumnElement[bool]] = ()


@dataclass(frozen=True, slots=True)
class Skip:
    """How many orders a guard will skip, and its reason."""

    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the chosen orders are at a warehouse (its code, or empty), and how many of these will be done."""

    warehouse: str
    count: int
    done: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One of the chosen orders: `why_not` is empty where the action will be done."""

    id: int
    number: str
    status: str
    warehouse: str
    why_not: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a bulk action would do: `total` orders are chosen, `done` of them will be acted on."""

    action: str
    total: int
    done: int
    skips: tuple[Skip, ...]
    shares: tuple[Share, ...]
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """Orders whose guards see the same facts, and what they say."""

    count: int
    warehouse: str
    reason: str
    ids: Sequence[int]


def plan(action: str, chosen: Chosen, reader: Reader) -> Plan:
    """What `action` would do to the chosen orders, for this reader, now. Nothing is changed."""
    with unit_of_work("plan a bulk action") as unit:
        choose(unit, chosen, reader)
        groups = [_judged(row, action, reader) for row in unit.rows(_combinations(action), **_values(action))]
        samples = _samples(unit, groups)
    skips = Counter[str]()
    for group in groups:
        if group.reason:
            skips[group.reason] += group.count
    total = sum(group.count for group in groups)
    return Plan(
        action,
        total,
        total - sum(skips.values()),
        tuple(Skip(reason, count) for reason, count in skips.most_common()),
        _shares(groups),
        samples,
    )


def choose(unit: Unit, chosen: Chosen, reader: Reader) -> int:
    """Put the chosen ids that the reader may see into the temporary table `bulk_chosen`; returns how many."""
    unit.run("CREATE TEMPORARY TABLE bulk_chosen (id bigint PRIMARY KEY) ON COMMIT DROP")
    query = select(PurchaseOrder.id).where(*chosen.conditions)
    if chosen.ids is not None:
        query = query.where(PurchaseOrder.id.in_(chosen.ids))
    scope = criteria(PurchaseOrder, reader)
    query = query if scope is None else query.where(scope)
    unit.session.execute(insert(table("bulk_chosen", column("id"))).from_select(["id"], query))
    # Without figures PostgreSQL takes a temporary table for a small one, and looks up a hundred thousand rows singly.
    unit.run("ANALYZE bulk_chosen")
    count: int = unit.scalar("SELECT count(*) FROM bulk_chosen")
    return count


_NO_LINES = "SELECT NULL::bigint AS po, false AS outstanding, false AS closed_short, false AS finished WHERE false"
_LINES = """
SELECT l.purchase_order_id AS po,
       bool_or(l.left_out_by IS NULL
               AND l.quantity - l.received_before - l.received - l.closed_short_quantity > 0) AS outstanding,
       bool_or(l.closed_short_quantity > 0) AS closed_short,
       bool_or(l.closed_short_quantity > 0 AND l.closed_short_reason = :finished) AS finished
FROM line_item l JOIN bulk_chosen b ON b.id = l.purchase_order_id GROUP BY 1
"""
_LOOKS_AT_LINES = frozenset({"close_short", "reopen", "reprocess"})
# The same facts as order_facts.facts, for many orders at once: joins to grouped rows instead of a look-up for each.
_COMBINATIONS = """
WITH facts AS (
    SELECT po.id, po.status, po.step, po.sent_at IS NOT NULL AS sent, d.state AS document,
           f.po IS NOT NULL AS in_flight, r.po IS NOT NULL AS receipts, coalesce(r.in_error, false) AS receipt_in_error,
           p.po IS NOT NULL AS failed_push, coalesce(l.outstanding, false) AS outstanding,
           coalesce(l.closed_short, false) AS closed_short, coalesce(l.finished, false) AS finished,
           pc.kind AS pending, po.warehouse_id
    FROM bulk_chosen b JOIN purchase_order po ON po.id = b.id
    JOIN po_key k ON k.store_id = po.store_id AND k.external_id = po.external_id AND k.part = po.part
    LEFT JOIN document d ON d.po_key_id = k.id AND d.state IN ('planned', 'unknown', 'accepted', 'canceling')
    LEFT JOIN (SELECT DISTINCT purchase_order_id AS po FROM delivery WHERE state = 'leased' AND kind <> 'status') f
        ON f.po = po.id
    LEFT JOIN (SELECT r.purchase_order_id AS po, bool_or(r.state = 'error') AS in_error
               FROM receipt r JOIN bulk_chosen c ON c.id = r.purchase_order_id
               WHERE r.state <> 'archived' GROUP BY 1) r ON r.po = po.id
    LEFT JOIN (SELECT DISTINCT purchase_order_id AS po, version FROM delivery
               WHERE kind = 'status' AND state = 'failed') p ON p.po = po.id AND p.version = po.status_version
    LEFT JOIN ({lines}) l ON l.po = po.id
    LEFT JOIN pending_change pc ON pc.purchase_order_id = po.id
)
SELECT f.status, f.step, f.sent, f.document, f.in_flight, f.receipts, f.receipt_in_error, f.failed_push, f.outstanding,
       f.closed_short, f.finished, f.pending, coalesce(w.code, '') AS warehouse, w.kind AS warehouse_kind,
       count(*) AS orders, (array_agg(f.id ORDER BY f.id))[1:{samples}] AS ids
FROM facts f LEFT JOIN warehouse w ON w.id = f.warehouse_id
GROUP BY f.status, f.step, f.sent, f.document, f.in_flight, f.receipts, f.receipt_in_error, f.failed_push,
         f.outstanding, f.closed_short, f.finished, f.pending, w.code, w.kind
ORDER BY min(f.id)
"""


def _combinations(action: str) -> str:
    lines = _LINES if action in _LOOKS_AT_LINES else _NO_LINES
    return _COMBINATIONS.format(lines=lines, samples=SAMPLES)


def _values(action: str) -> dict[str, str]:
    return {"finished": FINISHED} if action in _LOOKS_AT_LINES else {}


def _judged(row: Any, action: str, reader: Reader) -> _Group:
    facts = Facts(
        po_id=0,
        label="",
        status=PoStatus(row.status),
        step=Step(row.step),
        sent=row.sent,
        document=DocumentState(row.document) if row.document else None,
        in_flight=row.in_flight,
        receipts=int(row.receipts),
        receipts_in_error=int(row.receipt_in_error),
        failed_pushes=int(row.failed_push),
        closed_short_lines=int(row.closed_short),
        finished_lines=int(row.finished),
        outstanding_lines=int(row.outstanding),
        pending=row.pending,
        warehouse=row.warehouse,
        warehouse_kind=row.warehouse_kind,
    )
    return _Group(row.orders, row.warehouse, why_not(action, facts, reader), row.ids)


def _shares(groups: Iterable[_Group]) -> tuple[Share, ...]:
    count, done = Counter[str](), Counter[str]()
    for group in groups:
        count[group.warehouse] += group.count
        done[group.warehouse] += 0 if group.reason else group.count
    return tuple(Share(code, number, done[code]) for code, number in sorted(count.items()))


def _samples(unit: Unit, groups: Sequence[_Group]) -> tuple[Sample, ...]:
    """Ten orders in which every reason, and “will be done”, has its turn before one of them has a second."""
    by_reason: dict[str, list[int]] = {}
    for group in groups:
        by_reason.setdefault(group.reason, []).extend(group.ids)
    turns = sorted(
        (turn, order_id, reason) for reason, ids in by_reason.items() for turn, order_id in enumerate(sorted(ids))
    )[:SAMPLES]  # fmt: skip
    reasons = {order_id: reason for _, order_id, reason in turns}
    rows = unit.rows(
        "SELECT po.id, po.number, po.status, po.late_from, coalesce(w.code, '') AS warehouse"
        " FROM purchase_order po LEFT JOIN warehouse w ON w.id = po.warehouse_id"
        " WHERE po.id = ANY(CAST(:ids AS bigint[])) ORDER BY po.id",
        ids=list(reasons),
    )
    now = unit.now()
    return tuple(_sample(row, reasons[row.id], now) for row in rows)


def _sample(row: Any, reason: str, now: datetime) -> Sample:
    return Sample(row.id, row.number, display_status(PoStatus(row.status), row.late_from, now), row.warehouse, reason)
