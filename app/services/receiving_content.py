"""What a receipt says, as numbers that can be compared: its content, the difference of two contents, and the deltas of
a sender that reports running totals. Pure; no row is read or written here.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from app.connectors.contract import ReceiptDocument, ReceivedLine
from app.domain.laying import poured
from app.domain.record import ZERO, digest_of, plain_number
from app.domain.rollup import delta


class LineContent(NamedTuple):
    """What tells one reported amount from another: the line's reference and the goods' own marks."""

    line_key: str
    source_line_id: str
    line_number: int | None
    sku: str
    lot: str
    expiry: date | None
    condition: str
    unit: str
    pack: Decimal | None


class Amount(NamedTuple):
    """Received, and the damaged part of it; signed in a correction."""

    received: Decimal
    damaged: Decimal


Content = Mapping[LineContent, Amount]


def content(lines: Iterable[ReceivedLine]) -> Content:
    """The amounts of a receipt, added up per reference and marks. Lines that bring nothing say nothing."""
    return added((_key(line), Amount(line.received, line.damaged)) for line in lines)


def added(amounts: Iterable[tuple[LineContent, Amount]]) -> Content:
    """Amounts added up; those that come to nothing are left out."""
    sums: dict[LineContent, Amount] = {}
    for key, amount in amounts:
        before = sums.get(key, Amount(ZERO, ZERO))
        sums[key] = Amount(before.received + amount.received, before.damaged + amount.damaged)
    return {key: amount for key, amount in sums.items() if any(amount)}


def digest(said: Content, *, final: bool) -> str:
    """The same text for the same content, in whatever order its lines came."""
    rows = sorted(
        json.dumps(
            [*key[:-1], _plain(key.pack), plain_number(amount.received), plain_number(amount.damaged)], default=str
        )
        for key, amount in said.items()
    )
    return digest_of("final" if final else "", *rows)


def difference(stored: Content, said: Content) -> list[ReceivedLine]:
    """What must be added to `stored` so that it becomes `said`: signed amounts, nothing where both agree."""
    keys = [*said, *(key for key in stored if key not in said)]
    nothing = Amount(ZERO, ZERO)
    changes = [(key, said.get(key, nothing), stored.get(key, nothing)) for key in keys]
    return [
        _line(key, Amount(new.received - old.received, new.damaged - old.damaged))
        for key, new, old in changes
        if new != old
    ]


def _key(line: ReceivedLine) -> LineContent:
    return LineContent(
        line.line_key,
        line.source_line_id,
        line.line_number,
        line.sku,
        line.lot,
        line.expiry,
        line.condition,
        line.unit_of_measure,
        line.pack_size,
    )


def _line(key: LineContent, amount: Amount) -> ReceivedLine:
    return ReceivedLine(
        sku=key.sku,
        received=amount.received,
        damaged=amount.damaged,
        line_key=key.line_key,
        line_number=key.line_number,
        source_line_id=key.source_line_id,
        lot=key.lot,
        expiry=key.expiry,
        condition=key.condition,
        unit_of_measure=key.unit,
        pack_size=key.pack,
    )


def _plain(number: Decimal | None) -> str | None:
    return None if number is None else plain_number(number)


# ------------------------------------------------------------- running totals


@dataclass(frozen=True, slots=True)
class Total:
    """The last total that a sender reported for one line, and when by its own clock."""

    received: Decimal
    damaged: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Deltas:
    """What running totals add to those before. `changes` has an entry for each line that was heard, nothing too."""

    lines: Sequence[ReceivedLine]
    changes: Mapping[str, Amount]
    ignored: int


def line_reference(line_key: str, source_line_id: str, line_number: int | None, sku: str) -> str:
    """The one text by which a sender's totals for a line are told apart: the best reference that it gives."""
    if line_key:
        return f"key:{line_key}"
    if source_line_id:
        return f"id:{source_line_id}"
    return f"sku:{sku}" if line_number is None else f"no:{line_number} {sku}".rstrip()


def deltas(document: ReceiptDocument, last: Mapping[str, Total]) -> Deltas:
    """The deltas of a document of running totals against the last totals. A total older than the last is ignored."""
    reported: dict[str, list[ReceivedLine]] = defaultdict(list)
    for line in document.lines:
        reported[line_reference(line.line_key, line.source_line_id, line.line_number, line.sku)].append(line)
    found: list[ReceivedLine] = []
    changes: dict[str, Amount] = {}
    for reference, lines in reported.items():
        known = last.get(reference)
        if known and document.received_at < known.at:
            continue
        change = _change(lines, known)
        changes[reference] = change
        found.extend(_dealt(lines, change))
    return Deltas(found, changes, len(reported) - len(changes))


def _change(lines: Sequence[ReceivedLine], known: Total | None) -> Amount:
    return Amount(
        delta(known.received if known else None, sum((line.received for line in lines), ZERO)),
        delta(known.damaged if known else None, sum((line.damaged for line in lines), ZERO)),
    )


def _dealt(lines: Sequence[ReceivedLine], change: Amount) -> list[ReceivedLine]:
    """Deal the change of a line's total out to the lots it was reported in, the newest (the last) first."""
    newest_first = list(reversed(lines))
    shares = poured(change.received, [line.received for line in newest_first])
    spoiled = poured(change.damaged, [abs(share) for share in shares])
    return [
        replace(line, received=share, damaged=bad)
        for line, share, bad in zip(newest_first, shares, spoiled, strict=True)
        if share or bad
    ]
