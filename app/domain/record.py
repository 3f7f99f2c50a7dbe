"""The canonical purchase order record, as every source connector hands it over.

A record is what the source said, mapped to our names and nothing more: no rule and no edit has touched it yet. Its JSON
form is the *imported snapshot*. Quantities and money are Decimal; `ordered_at` and `updated_at` are aware instants in
UTC; `due_date` and `expected_date` are calendar dates without a zone; every id is text.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from operator import itemgetter
from typing import Any

from app.domain.errors import BadRecord

ZERO = Decimal(0)
LARGEST = Decimal(10) ** 12
DECIMAL_PLACES = 6
LONGEST_ID = 300
LARGEST_INTEGER = 2**31 - 1


class SourceState(StrEnum):
    """What the source itself says of the order."""

    ACTIVE = "active"
    CANCELED = "canceled"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class ShipTo:
    """Where the source wants the goods to go."""

    code: str = ""
    name: str = ""
    city: str = ""
    region: str = ""
    country: str = ""


@dataclass(slots=True)
class LineRecord:
    """One ordered line. `quantity` is in `unit_of_measure`; `pack_size` says how many eaches one such unit holds."""

    line_number: int
    sku: str
    quantity: Decimal
    source_line_id: str = ""
    supplier_sku: str = ""
    barcode: str = ""
    name: str = ""
    received_before: Decimal = ZERO
    unit_of_measure: str = ""
    pack_size: Decimal | None = None
    unit_cost: Decimal | None = None
    expected_date: date | None = None
    custom: dict[str, Any] = field(default_factory=dict)
    key: str = ""


@dataclass(slots=True)
class PurchaseOrderRecord:
    """One purchase order with its lines, as the source gave it."""

    external_id: str
    number: str
    lines: list[LineRecord]
    state: SourceState = SourceState.ACTIVE
    source_status: str = ""
    """The source's own word for its state, for import filters; a new word alone is no change of the order."""
    revision: int | None = None
    buyer_name: str = ""
    supplier_code: str = ""
    supplier_name: str = ""
    ordered_at: datetime | None = None
    due_date: date | None = None
    currency: str = ""
    notes: str = ""
    tags: list[str] = field(default_factory=list)
    location: str = ""
    ship_to: ShipTo = ShipTo()
    custom: dict[str, Any] = field(default_factory=dict)
    updated_at: datetime | None = None


def assign_keys(lines: Sequence[LineRecord]) -> None:
    """Give each line its key: the source's line id, else the line number, else SKU plus its occurrence.

    One purchase order may hold a SKU twice, so a SKU alone is never a key.
    """
    numbers = Counter(line.line_number for line in lines)
    seen: Counter[str] = Counter()
    for line in lines:
        if line.source_line_id:
            line.key = f"id:{line.source_line_id}"
        elif line.line_number > 0 and numbers[line.line_number] == 1:
            line.key = f"no:{line.line_number}"
        else:
            seen[line.sku] += 1
            line.key = f"sku:{line.sku}#{seen[line.sku]}"


def check(record: PurchaseOrderRecord) -> PurchaseOrderRecord:
    """Return the record with its line keys set. Raises BadRecord naming the order, the line and the reason."""
    if not record.external_id.strip() or not record.number.strip():
        raise BadRecord("The purchase order has no id or no number.", "Send both with every order.")
    if max(len(record.external_id), len(record.number), len(record.supplier_code)) > LONGEST_ID:
        raise BadRecord(
            f"Purchase order {record.number[:40]}… has an id, number or supplier code"
            f" of more than {LONGEST_ID} characters."
        )
    if record.revision is not None and not 0 <= record.revision <= LARGEST_INTEGER:
        raise BadRecord(f"Purchase order {record.number}: revision {record.revision} is out of range.")
    if not record.lines:
        raise BadRecord(f"Purchase order {record.number} has no lines.", "Send at least one line with a quantity.")
    positive = False
    units = cost = ZERO
    for line in record.lines:
        _check_line(record.number, line)
        positive = positive or line.quantity > 0
        units += line.quantity
        cost += line.quantity * (line.unit_cost or ZERO)
    if units >= LARGEST or not -LARGEST < cost < LARGEST:
        raise BadRecord(
            f"Purchase order {record.number} adds up to more than can be counted: {units:f} units, cost {cost:f}.",
            "Check its quantities and costs.",
        )
    if not positive:
        raise BadRecord(
            f"Purchase order {record.number} has no line with a quantity above zero.",
            "Mend the quantities and send it again.",
        )
    assign_keys(record.lines)
    if len({line.key for line in record.lines}) != len(record.lines):
        keys = Counter(line.key for line in record.lines)
        twice = next(key for key, count in keys.items() if count > 1).split(":", 1)[1]
        raise BadRecord(
            f"Purchase order {record.number} has two lines with the id {twice}.", "Give each line an id of its own."
        )
    return record


def _check_line(number: str, line: LineRecord) -> None:
    where = f"Purchase order {number}, line {line.line_number}"
    if not line.sku.strip():
        raise BadRecord(f"{where} has no SKU.", "Send the SKU of every line.")
    if max(len(line.sku), len(line.source_line_id), len(line.supplier_sku), len(line.barcode)) > LONGEST_ID:
        raise BadRecord(f"{where} has a SKU, line id or barcode of more than {LONGEST_ID} characters.")
    if not 0 <= line.line_number <= LARGEST_INTEGER:
        raise BadRecord(f"{where}: the line number is out of range.", "Number the lines from 1.")
    if not line.quantity.is_finite() or not ZERO <= line.quantity < LARGEST:
        raise BadRecord(f"{where}: the quantity {line.quantity} cannot be ordered.", "Send a number from 0 to 10^12.")
    if not ZERO <= line.received_before < LARGEST:
        raise BadRecord(f"{where}: {line.received_before} received cannot be right.", "Send a number from 0 to 10^12.")
    if line.pack_size is not None and not ZERO < line.pack_size < LARGEST:
        raise BadRecord(f"{where}: a pack of {line.pack_size} cannot be right.", "Send a pack size above zero.")
    if line.unit_cost is not None and not -LARGEST < line.unit_cost < LARGEST:
        raise BadRecord(f"{where}: the unit cost {line.unit_cost} is out of range.", "Send the cost of one unit.")


def snapshot(record: PurchaseOrderRecord) -> dict[str, Any]:
    """The record as JSON-able data: the imported snapshot. `from_snapshot` reads it back to an equal record."""
    data = {name: getattr(record, name) for name in _HEADER}
    data["state"] = record.state.value
    data["source_status"] = record.source_status
    data["ordered_at"] = record.ordered_at.isoformat() if record.ordered_at else None
    data["due_date"] = record.due_date.isoformat() if record.due_date else None
    data["updated_at"] = record.updated_at.isoformat() if record.updated_at else None
    data["ship_to"] = {name: getattr(record.ship_to, name) for name in SHIP_TO_FIELDS}
    data["lines"] = [_line_data(line) for line in record.lines]
    return data


def from_snapshot(data: Mapping[str, Any]) -> PurchaseOrderRecord:
    """Read a snapshot back."""
    plain = {name: data[name] for name in _HEADER}
    return PurchaseOrderRecord(
        **plain,
        state=SourceState(data["state"]),
        source_status=data.get("source_status", ""),
        ordered_at=_instant(data["ordered_at"]),
        due_date=_day(data["due_date"]),
        updated_at=_instant(data["updated_at"]),
        ship_to=ShipTo(**data["ship_to"]),
        lines=[_line_from(line) for line in data["lines"]],
    )


@dataclass(frozen=True, slots=True)
class Frozen:
    """A record in the form it is stored in: the snapshot as JSON text, and the digest of its content."""

    json: str
    content_digest: str


def frozen(record: PurchaseOrderRecord) -> Frozen:
    """Write a record down once: its snapshot and its content digest. Raises BadRecord for text that cannot be stored.

    The digest covers the mapped header, lines and custom values in any order of the lines. The source's own clock
    and its word for the status are left out of it: a record that was only touched is not a changed record.
    """
    data = snapshot(record)
    lines, apart = data.pop("lines"), _dump({name: data.pop(name) for name in ("updated_at", "source_status")})
    header, listed = _dump(data), _dump(lines)
    # Two dumps of all lines are far quicker than one of each; most orders come sorted and need only one.
    by_key = sorted(lines, key=itemgetter("key"))
    content = listed if by_key == lines else _dump(by_key)
    text = f'{header[:-1]},{apart[1:-1]},"lines":{listed}}}'
    if "\\u0000" in text:
        raise BadRecord(f"Purchase order {record.number} holds a NUL character.", "Remove it at the source.")
    try:
        return Frozen(text, digest_of(header, content))
    except UnicodeEncodeError:
        raise BadRecord(
            f"Purchase order {record.number} holds half a character (a lone surrogate).", "Mend the text at the source."
        ) from None


def content_digest(record: PurchaseOrderRecord) -> str:
    """The digest of `frozen` alone."""
    return frozen(record).content_digest


_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


def digest_of(*parts: str) -> str:
    """One digest (hex, 32 characters) over texts; used to notice that nothing changed, never as a security measure.

    Raises UnicodeEncodeError for a text with a lone surrogate.
    """
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()


def total_cost(lines: Iterable[LineRecord]) -> Decimal:
    """Quantity times unit cost over all lines, rounded to the six places that are stored."""
    total = sum((line.quantity * line.unit_cost for line in lines if line.unit_cost is not None), ZERO)
    return round(total, DECIMAL_PLACES)


def _line_data(line: LineRecord) -> dict[str, Any]:
    return {
        "key": line.key,
        "line_number": line.line_number,
        "source_line_id": line.source_line_id,
        "sku": line.sku,
        "supplier_sku": line.supplier_sku,
        "barcode": line.barcode,
        "name": line.name,
        "quantity": plain_number(line.quantity),
        "received_before": plain_number(line.received_before),
        "unit_of_measure": line.unit_of_measure,
        "pack_size": None if line.pack_size is None else plain_number(line.pack_size),
        "unit_cost": None if line.unit_cost is None else plain_number(line.unit_cost),
        "expected_date": line.expected_date.isoformat() if line.expected_date else None,
        "custom": line.custom,
    }


def _line_from(data: Mapping[str, Any]) -> LineRecord:
    values = dict(data)
    values["quantity"] = Decimal(data["quantity"])
    values["received_before"] = Decimal(data["received_before"])
    values["pack_size"] = None if data["pack_size"] is None else Decimal(data["pack_size"])
    values["unit_cost"] = None if data["unit_cost"] is None else Decimal(data["unit_cost"])
    values["expected_date"] = _day(data["expected_date"])
    return LineRecord(**values)


def plain_number(value: Decimal) -> str:
    """A decimal as text without exponent and without trailing zeros, so that 5, 5.0 and 5.00 are one text."""
    # `str` is many times quicker than `format`, and differs only where it writes an exponent.
    text = str(value)
    if "E" in text:
        text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


_HEADER = (
    "external_id", "number", "revision", "buyer_name", "supplier_code", "supplier_name", "currency", "notes", "tags",
    "location", "custom",
)  # fmt: skip
SHIP_TO_FIELDS = ("code", "name", "city", "region", "country")
