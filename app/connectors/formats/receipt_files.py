"""Files of receipts in the default layout: read and written.

One receipt may span several purchase orders; it is then reported as one document for each of them. In JSON a line may
name a purchase order of its own, else the header's counts. `qty_good` and `qty_damaged` are counted apart, as
warehouses do; a receipt line holds their sum as received. `qty_short` and `qty_over` only explain a difference.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, BinaryIO

from app.connectors.contract import ReceiptDocument, ReceivedLine
from app.connectors.formats import csv_rows, json_records
from app.connectors.formats.formulas import guarded
from app.connectors.formats.order_files import is_json
from app.connectors.formats.orders import Place, json_place, refuse_shortened
from app.connectors.formats.pieces import Piece
from app.connectors.formats.values import (
    BadField,
    Reading,
    day,
    instant,
    mangled_in,
    needed,
    number,
    text,
    whole,
    yes,
)
from app.domain.record import plain_number

REFERENCES = ("document_key", "warehouse_ref", "account", "po_number")
HEADER = ("receipt_id", *REFERENCES, "received_at", "warehouse_code")
LINE = (
    "line_key", "line_no", "source_line_id", "sku", "qty_good", "qty_damaged", "qty_short", "qty_over", "uom",
    "pack_size", "lot", "expiry", "serial", "lpn", "condition", "reason", "final", "canceled",
)  # fmt: skip
LAYOUT = csv_rows.Layout(HEADER, LINE, ("receipt_id", "sku", "qty_good"), ("receipt_id", *REFERENCES), "receipts")
UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands in a document that was refused: it has no time of its own."""

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class _Report:
    """What the lines of one piece share while they are read."""

    piece_text: str
    reference: str
    reading: Reading
    cumulative: bool
    place: Place
    suspicious: bool
    """Some number in the text may have been shortened by a spreadsheet."""


def receipt_pieces(name: str, opened: Callable[[], BinaryIO]) -> Iterator[Piece]:
    """Cut a file into receipts. `opened` opens it anew each time. Raises Unreadable."""
    if not is_json(name):
        yield from csv_rows.pieces(opened, LAYOUT)
        return
    with opened() as stream:
        yield from json_records.pieces(stream, "receipts")


def receipts(piece: Piece, reference: str, reading: Reading, *, cumulative: bool) -> list[ReceiptDocument]:
    """The documents of one piece, one per purchase order. A piece that cannot be used is one with its `problem`."""
    if piece.problem:
        return [refused(piece.text, reference, piece.problem)]
    if isinstance(piece.data, Mapping):
        report = _Report(piece.text, reference, reading, cumulative, json_place, mangled_in(piece.text))
        return _json_receipts(piece.data, report)
    columns, rows = csv_rows.parsed(piece.text, LAYOUT, piece.data)
    found = [csv_rows.values(columns, row) for row in rows]
    header, clash = csv_rows.shared(LAYOUT, rows, found)
    if clash:
        return [refused(piece.text, reference, f"Receipt {_name(found[0])}: {clash}")]

    def place(index: int | None, column: str) -> str:
        return f"row {rows[index or 0].number}, column {column}"

    report = _Report(piece.text, reference, reading, cumulative, place, mangled_in(piece.text))
    return [_receipt(header, list(enumerate(found)), report)]


def refused(piece_text: str, reference: str, problem: str) -> ReceiptDocument:
    """A document that cannot be used at all, with the sentence that says why."""
    return ReceiptDocument("", UNKNOWN_TIME, (), text=piece_text, reference=reference, problem=problem)


def receipt_data(document: ReceiptDocument) -> dict[str, Any]:
    """A receipt in the JSON layout; what is empty is left out."""
    data = {**_header_data(document), "final": document.final, "canceled": document.canceled}
    lines = [{name: value for name, value in _line_data(line).items() if value} for line in document.lines]
    return {**{name: value for name, value in data.items() if value}, "lines": lines}


def receipts_json(documents: Iterable[ReceiptDocument]) -> str:
    """Receipts as a JSON array in the default layout."""
    return json.dumps([receipt_data(document) for document in documents], ensure_ascii=False, indent=1)


def receipts_csv(documents: Sequence[ReceiptDocument]) -> str:
    """Receipts as CSV in the default layout, one row per line."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*HEADER, *LINE])
    for document in documents:
        header = _header_data(document)
        marks = {"final": "yes" if document.final else "", "canceled": "yes" if document.canceled else ""}
        for line in [_line_data(line) for line in document.lines] or [{}]:
            cells = header | marks | line
            writer.writerow([guarded(str(cells.get(name) or "")) for name in (*HEADER, *LINE)])
    return out.getvalue()


def _json_receipts(data: Mapping[str, Any], report: _Report) -> list[ReceiptDocument]:
    lines = data.get("lines", [])
    if not isinstance(lines, list) or not all(isinstance(line, Mapping) for line in lines):
        return [refused(report.piece_text, report.reference, f"Receipt {_name(data)} has no list of lines.")]
    groups: dict[tuple[str, ...], list[tuple[int, Mapping[str, Any]]]] = {}
    for index, line in enumerate(lines):
        groups.setdefault(_order_named(line, data), []).append((index, line))
    if not groups:
        return [_receipt(data, [], report)]
    documents = []
    for key, members in groups.items():
        named = dict(zip(REFERENCES, key, strict=True))
        # Each document needs a reference of its own, so that a refusal hits only one of them.
        order = named["po_number"] or named["document_key"] or named["warehouse_ref"]
        part = report if len(groups) == 1 else replace(report, reference=f"{report.reference}, order {order}")
        documents.append(_receipt({**data, **named}, members, part))
    return documents


def _order_named(line: Mapping[str, Any], header: Mapping[str, Any]) -> tuple[str, ...]:
    """The references to the order: the line's own if it names one, else the header's; never a mixture of the two."""
    own = any(line.get(name) for name in REFERENCES if name != "account")
    account = str(line.get("account") or header.get("account") or "").strip()
    named = line if own else header
    return tuple(account if name == "account" else str(named.get(name) or "").strip() for name in REFERENCES)


def _receipt(
    header: Mapping[str, Any], lines: Sequence[tuple[int, Mapping[str, Any]]], report: _Report
) -> ReceiptDocument:
    at: int | None = None
    try:
        if report.suspicious:
            refuse_shortened(header)
        final, canceled = yes(header.get("final"), "final"), yes(header.get("canceled"), "canceled")
        mapped = []
        for index, line in lines:
            at = index
            final = yes(line.get("final"), "final") or final
            canceled = yes(line.get("canceled"), "canceled") or canceled
            if not canceled:
                mapped.append(_line(line, report))
        at = None
        received = () if canceled else tuple(mapped)
        return _document(header, received, report, final=final, canceled=canceled)
    except BadField as bad:
        where = report.place(at, bad.column)
        problem = f"Receipt {_name(header)}, {where}: {bad.sentence()}"
        return refused(report.piece_text, report.reference, problem)


def _document(
    header: Mapping[str, Any], lines: tuple[ReceivedLine, ...], report: _Report, *, final: bool, canceled: bool
) -> ReceiptDocument:
    get = header.get
    received_at = instant(get("received_at"), "received_at", report.reading)
    references = {name: text(get(name), name) for name in REFERENCES}
    if not (references["document_key"] or references["warehouse_ref"] or references["po_number"]):
        raise BadField("po_number", "no purchase order is named.", "Fill in po_number, document_key or warehouse_ref.")
    if received_at is None:
        raise BadField("received_at", "nothing is filled in.", "Fill in when the goods were received.")
    if not lines and not canceled:
        raise BadField("lines", "the receipt has no lines.", "Send at least one line; a quantity of 0 is allowed.")
    return ReceiptDocument(
        external_id=needed(get("receipt_id"), "receipt_id"),
        received_at=received_at,
        lines=lines,
        document_key=references["document_key"],
        warehouse_ref=references["warehouse_ref"],
        account=references["account"],
        number=references["po_number"],
        final=final,
        cumulative=report.cumulative,
        canceled=canceled,
        text=report.piece_text,
        reference=report.reference,
    )


def _line(line: Mapping[str, Any], report: _Report) -> ReceivedLine:
    get = line.get
    if report.suspicious:
        refuse_shortened(line)
    good, damaged = number(get("qty_good"), "qty_good"), number(get("qty_damaged"), "qty_damaged")
    if good is None and damaged is None:
        raise BadField("qty_good", "nothing is filled in.", "Fill in the quantity; 0 is allowed.")
    return ReceivedLine(
        sku=needed(get("sku"), "sku"),
        received=(good or _ZERO) + (damaged or _ZERO),
        damaged=damaged or _ZERO,
        line_key=text(get("line_key"), "line_key"),
        line_number=whole(get("line_no"), "line_no"),
        source_line_id=text(get("source_line_id"), "source_line_id"),
        lot=text(get("lot"), "lot"),
        expiry=day(get("expiry"), "expiry", report.reading),
        condition=text(get("condition") or get("reason"), "condition"),
        unit_of_measure=text(get("uom"), "uom"),
        pack_size=number(get("pack_size"), "pack_size"),
    )


def _name(header: Mapping[str, Any]) -> str:
    return str(header.get("receipt_id") or "?").strip()[:60]


def _header_data(document: ReceiptDocument) -> dict[str, Any]:
    return {
        "receipt_id": document.external_id,
        "document_key": document.document_key,
        "warehouse_ref": document.warehouse_ref,
        "account": document.account,
        "po_number": document.number,
        "received_at": document.received_at.isoformat(),
    }


def _line_data(line: ReceivedLine) -> dict[str, Any]:
    return {
        "line_key": line.line_key,
        "line_no": line.line_number,
        "source_line_id": line.source_line_id,
        "sku": line.sku,
        "qty_good": plain_number(line.received - line.damaged),
        "qty_damaged": plain_number(line.damaged) if line.damaged else "",
        "uom": line.unit_of_measure,
        "pack_size": "" if line.pack_size is None else plain_number(line.pack_size),
        "lot": line.lot,
        "expiry": line.expiry.isoformat() if line.expiry else "",
        "condition": line.condition,
    }
