"""What lies behind an entry of a timeline, made for its reader: see `app.web.timeline.opens` for who gets what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from flask import url_for

from app.domain import activity
from app.domain.errors import NotFound
from app.domain.people import Role
from app.extensions import db
from app.models import Activity, Delivery, DeliveryAttempt, PurchaseOrder
from app.queries import custody as queries
from app.queries.receipts import lines_of
from app.services.source_documents import raw_text
from app.web import cells, timeline, tracing
from app.web.columns import Col, Shown, table
from app.web.custody_page import Detail, Difference, Raw
from app.web.pages import Attempt, Cell, Column, Empty, Fact, Facts, Row, Table
from app.web.timeline import Opens

RAW_AT_MOST: Final = 20_000
"""How many characters of a raw text the page shows; the rest comes by the download."""
LINES_AT_MOST: Final = 100


def detail_of(order: PurchaseOrder, row: Activity, shown: Shown) -> Detail:
    """The detail of an entry. Raises NotFound where nothing lies behind it for this reader."""
    behind = timeline.opens(row, shown)
    if behind is Opens.NOTHING:
        raise NotFound("There is nothing more to see of this entry.", "Go back to the purchase order.")
    makers: Mapping[Opens, Callable[[PurchaseOrder, Activity, Shown], Detail]] = {
        Opens.SOURCE: _source,
        Opens.RULES: _rules,
        Opens.TRIES: _tries,
        Opens.RECEIPT: _receipt,
        Opens.EDIT: _edit,
        Opens.FACTS: _facts,
    }
    return makers[behind](order, row, shown)


def document_of(order: PurchaseOrder, row: Activity) -> int:
    """The id of the raw text behind an entry; 0 for none. Old entries name none: theirs is the order's newest one."""
    own = _id(row.data.get("document"))
    return own or (_id(order.source_document_id) if row.kind in timeline.MADE_FROM_TEXT else 0)


def tried_detail(order: PurchaseOrder, row: DeliveryAttempt, message: Delivery) -> Detail:
    """The detail of a try, for staff."""
    return Detail(
        facts=tuple(_warehouse_id(order, message)),
        attempts=(attempt(row),),
        href=url_for("DeliveryView.show", pk=message.id),
        label="Open the delivery",
    )


def exchange_of(row: DeliveryAttempt) -> Detail:
    """What was said and answered in a try, for a place that shows the try already."""
    said = tuple((label, text) for label, text in (("Request", row.request), ("Reply", row.reply)) if text)
    return Detail(exchange=said, note="" if said else "Nothing of what was said was kept.")


def attempt(row: DeliveryAttempt, href: str = "") -> Attempt:
    """One try, as it was; with `href` its request and reply are left to that address."""
    return Attempt(
        at=row.at,
        number=row.number,
        action=row.action,
        outcome=row.outcome,
        code=row.code,
        message=row.message,
        request="" if href else row.request,
        reply="" if href else row.reply,
        duration_ms=row.duration_ms,
        href=href,
    )


def _facts(_order: PurchaseOrder, row: Activity, shown: Shown) -> Detail:
    return Detail(facts=tuple(timeline.facts(row, shown)))


_REPLACED: Final = "The source sent a newer record since, which took the place of this one."
_OLD_ENTRY: Final = "This entry does not say which text it came from; this is the newest one of the order."


def _source(order: PurchaseOrder, row: Activity, shown: Shown) -> Detail:
    document = document_of(order, row)
    snapshot = queries.snapshot_of(db.session, order.id, document)
    run = _id(row.data.get("run"))
    ran = (Fact("Run", cells.text(run, url_for("RunView.show", pk=run))),) if run and shown.reader.is_staff else ()
    return Detail(
        facts=(*timeline.facts(row, shown), *ran),
        raw=_raw(order, row, document, shown),
        record=_record(snapshot) if snapshot else None,
        table=_lines(snapshot.get("lines"), shown) if snapshot else None,
        note=_OLD_ENTRY if not row.data.get("document") else "" if snapshot else _REPLACED,
    )


def _raw(order: PurchaseOrder, row: Activity, document: int, shown: Shown) -> Raw | None:
    if not shown.reader.is_staff:
        return None
    try:
        found = raw_text(order.id, document, shown.reader, RAW_AT_MOST)
    except NotFound:
        # Old texts are let go; the entry stays.
        return None
    href = url_for("PurchaseOrderView.document", pk=order.id, entry=row.id)
    return Raw(found.at, found.reference, found.text, found.length, found.cut, href)


def _record(snapshot: Mapping[str, Any]) -> Facts:
    facts = [
        Fact(name.replace("_", " ").capitalize(), _moment(value) if name.endswith("_at") else _cell(value))
        for name, value in snapshot.items()
        if name != "lines" and value not in (None, "", [], {})
    ]
    return Facts("As it was understood", tuple(facts))


def _moment(value: Any) -> Cell:
    try:
        return cells.instant(datetime.fromisoformat(value))
    except (TypeError, ValueError):
        return cells.text(value)


def _cell(value: Any) -> Cell:
    if isinstance(value, Mapping):
        return cells.pairs({str(name): value for name, value in value.items() if value not in (None, "")})
    if isinstance(value, list):
        return cells.tags([str(part) for part in value])
    return cells.text(tracing.value(value) if isinstance(value, bool) else value)


_LINE_FIELDS: Final = (
    "line_number", "sku", "supplier_sku", "barcode", "name", "quantity", "unit_of_measure", "pack_size", "unit_cost",
    "expected_date",
)  # fmt: skip


def _lines(given: Any, shown: Shown) -> Table:
    lines = [line for line in given or () if isinstance(line, Mapping)]
    names = [name for name in _LINE_FIELDS if any(line.get(name) not in (None, "") for line in lines)]
    names = [name for name in names if name != "unit_cost" or shown.reader.sees_cost]
    columns = tuple(Column(name, "#" if name == "line_number" else _label(name)) for name in names)
    rows = tuple(
        Row(number, tuple(cells.text(line.get(name)) for name in names))
        for number, line in enumerate(lines[:LINES_AT_MOST], start=1)
    )
    more = f", the first {LINES_AT_MOST} of {len(lines):,}" if len(lines) > LINES_AT_MOST else ""
    return Table(columns, rows, Empty("No lines"), f"Lines{more}")


def _label(name: str) -> str:
    return "SKU" if name == "sku" else name.replace("_", " ").capitalize().replace("sku", "SKU")


def _rules(order: PurchaseOrder, row: Activity, shown: Shown) -> Detail:
    judgement = queries.judgement_of(db.session, order.id, _id(row.data.get("judgement")))
    if judgement is None:
        return Detail(facts=tuple(timeline.facts(row, shown)), note="The trace of this judgement was let go.")
    rules = tracing.rules_of(judgement.trace)
    there = queries.rules_there(db.session, [_id(rule.get("rule_id")) for rule in rules])
    said = activity.sentence(row.kind, row.data)
    took = tracing.duration(_id(judgement.trace.get("duration_us")))
    facts = (
        Fact("Outcome", cells.word(judgement.outcome)),
        Fact("Message", cells.text(judgement.message)),
        Fact("Took", cells.text(took)),
    )
    ran = tuple(
        tracing.ran(rule, lambda number: url_for("RuleView.show", pk=number) if number in there else "")
        for rule in rules
    )
    return Detail(
        facts=tuple(fact for fact in facts if fact.cell.value and str(fact.cell.value) not in said),
        ran=ran,
        note="" if ran else "No rule ran.",
    )


def _tries(order: PurchaseOrder, row: Activity, shown: Shown) -> Detail:
    delivery, number = _id(row.data.get("delivery")), _id(row.data.get("attempt"))
    tries = queries.tries_of(db.session, order.id, delivery, number or None)
    reference = str(row.data.get("reference") or "")
    known: Sequence[Fact] = (Fact("Id at the warehouse", cells.code(reference)),) if reference else ()
    if tries and not known:
        known = _warehouse_id(order, tries[0][1])
    others = tuple(fact for fact in timeline.facts(row, shown) if fact.label not in ("Reference", "Message"))
    return Detail(
        facts=(*known, *others),
        attempts=tuple(attempt(tried) for tried, _ in tries),
        note="" if tries else "The attempts behind this entry were let go.",
        href=url_for("DeliveryView.show", pk=tries[0][1].id) if tries else "",
        label="Open the delivery" if tries else "",
    )


def _warehouse_id(order: PurchaseOrder, message: Delivery) -> Sequence[Fact]:
    if message.warehouse_id is None or message.warehouse_id != order.warehouse_id or not order.warehouse_ref:
        return ()
    return (Fact("Id at the warehouse", cells.code(order.warehouse_ref)),)


RECEIPT_LINE_COLUMNS = (
    Col("position", "#", lambda line, _: cells.number(line.position), right=True),
    Col("sku", "SKU", lambda line, _: cells.code(line.sku)),
    Col("matched", "Line", lambda line, _: _matched(line), right=True),
    Col("expected", "Expected", lambda line, _: cells.quantity(line.expected), right=True),
    Col("received", "Received", lambda line, _: cells.quantity(line.received, line.unit_of_measure), right=True),
    Col("damaged", "Damaged", lambda line, _: cells.quantity(line.damaged), right=True),
    Col("lot", "Lot", lambda line, _: cells.code(line.lot)),
    Col("expiry", "Expires", lambda line, _: cells.day(line.expiry)),
    Col("condition", "Condition", lambda line, _: cells.text(line.condition)),
)
"""The columns of a receipt's lines."""


def _matched(line: Any) -> Cell:
    item = line.line_item
    return cells.number(item.line_number) if item is not None else Cell("text", "", note="not matched")


def _receipt(_order: PurchaseOrder, row: Activity, shown: Shown) -> Detail:
    receipt = queries.receipt_of(db.session, _id(row.receipt_id))
    if receipt is None:
        raise NotFound("There is no such receipt.", "It was deleted, or it is outside of what you may see.")
    lines = lines_of(db.session, receipt.id)[:LINES_AT_MOST]
    partner = shown.reader.role is Role.PARTNER
    return Detail(
        facts=() if partner else tuple(timeline.facts(row, shown)),
        table=table(RECEIPT_LINE_COLUMNS, lines, shown, empty=Empty("No lines"), title="Lines"),
        href=url_for("ReceiptView.show", pk=receipt.id),
        label="Open the receipt",
    )


def _edit(_order: PurchaseOrder, row: Activity, _shown: Shown) -> Detail:
    data = row.data
    rows = [
        Difference(_label(name), tracing.value(pair[0]), tracing.value(pair[1]))
        for part in ("header", "changes")
        for name, pair in _pairs(data.get(part))
    ]
    added = data.get("added")
    if isinstance(added, Mapping):
        rows += [
            Difference(_label(str(name)), "nothing", tracing.value(value))
            for name, value in added.items()
            if name != "key" and value not in (None, "")
        ]
    where = f"Line {data['line']} ({data.get('sku', '')})" if data.get("line") else ""
    removed = f"Line {data['removed']} ({data.get('sku', '')})" if data.get("removed") else ""
    facts = (("Where", where), ("Removed", removed), ("Reason", str(data.get("reason") or "")))
    return Detail(facts=tuple(Fact(label, cells.text(text)) for label, text in facts if text), differences=tuple(rows))


def _pairs(given: Any) -> list[tuple[str, Sequence[Any]]]:
    if not isinstance(given, Mapping):
        return []
    return [(str(name), pair) for name, pair in given.items() if isinstance(pair, list | tuple) and len(pair) == 2]


def _id(given: Any) -> int:
    """An id from stored data; what can be none is 0, which no record has."""
    return given if isinstance(given, int) and not isinstance(given, bool) and 0 < given < 2**63 else 0
