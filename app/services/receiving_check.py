"""Whether a reported receipt can be stored at all. What cannot is refused alone, in words, and harms no other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from app.connectors.contract import ReceiptDocument, ReceivedLine
from app.domain.errors import BadRecord
from app.domain.record import DECIMAL_PLACES, LARGEST, LARGEST_INTEGER, LONGEST_ID, ZERO

_IDS = ("external_id", "document_key", "warehouse_ref", "account", "number")
_LINE_IDS = ("sku", "line_key", "source_line_id", "lot", "condition", "unit_of_measure")


def checked(document: ReceiptDocument) -> ReceiptDocument:
    """The receipt with trimmed ids and quantities of six places. Raises BadRecord naming the receipt and the reason."""
    if document.problem:
        raise BadRecord(document.problem)
    ids: dict[str, Any] = {name: str(getattr(document, name)).strip() for name in _IDS}
    where = _storable(f"Receipt {ids['external_id'][:40] or document.reference or 'without an id'}")
    if not ids["external_id"] and not document.canceled:
        raise BadRecord(f"{where} has no id.", "Send the warehouse's own id with every receipt.")
    _check_texts(where, ids.values())
    if document.received_at.tzinfo is None:
        raise BadRecord(f"{where} has a time without a zone.", "Send the time with its zone.")
    lines = [_checked_line(f"{where}, line {number}", line) for number, line in enumerate(document.lines, start=1)]
    if document.cumulative and any(line.received < 0 for line in lines):
        raise BadRecord(f"{where} reports a total below zero.", "Send the total received so far for each line.")
    if abs(sum((line.received for line in lines), ZERO)) >= LARGEST:
        raise BadRecord(f"{where} adds up to more than can be counted.", "Mend the quantities and send it again.")
    return replace(document, **ids, lines=lines, text=_storable(document.text))


def _checked_line(where: str, line: ReceivedLine) -> ReceivedLine:
    texts: dict[str, Any] = {name: str(getattr(line, name)).strip() for name in _LINE_IDS}
    _check_texts(where, texts.values())
    if not any((texts["sku"], texts["line_key"], texts["source_line_id"], line.line_number)):
        raise BadRecord(f"{where} names neither a SKU nor a line.", "Send the SKU of every line.")
    if line.line_number is not None and not 0 <= line.line_number <= LARGEST_INTEGER:
        raise BadRecord(f"{where}: the line number is out of range.", "Send the line number of the purchase order.")
    received, damaged = _quantity(where, line.received), _quantity(where, line.damaged)
    if not (0 <= damaged <= received or received <= damaged <= 0):
        raise BadRecord(
            f"{where}: {line.damaged} damaged is no part of {line.received} received.",
            "Count the damaged goods as received too.",
        )
    return replace(line, **texts, received=received, damaged=damaged, pack_size=_pack(where, line.pack_size))


def _pack(where: str, size: Decimal | None) -> Decimal | None:
    if size is None:
        return None
    rounded = round(size, DECIMAL_PLACES) if size.is_finite() and size < LARGEST else ZERO
    if rounded <= 0:
        raise BadRecord(f"{where}: a pack of {size} cannot be right.", "Send a pack size above zero.")
    return rounded


def _quantity(where: str, number: Decimal) -> Decimal:
    if not number.is_finite() or abs(number) >= LARGEST:
        raise BadRecord(f"{where}: the quantity {number} cannot be received.", "Send a number below 10^12.")
    # Adding nothing turns a negative zero into a plain one, which has the same digest.
    return round(number, DECIMAL_PLACES) + ZERO


def _check_texts(where: str, texts: Iterable[str]) -> None:
    for text in texts:
        if len(text) > LONGEST_ID:
            raise BadRecord(f"{where} has an id or a mark of more than {LONGEST_ID} characters.", "Shorten it.")
        if text != _storable(text):
            raise BadRecord(f"{where} has a character that cannot be stored.", "Mend the text at the warehouse.")


def _storable(text: str) -> str:
    """The text as PostgreSQL can keep it: without NUL and without half characters."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
