"""Whatever bytes a file holds: it is cut, mapped or refused in words, never answered with another error."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import BinaryIO
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.connectors.formats.order_files import map_order, order_pieces
from app.connectors.formats.orders import HEADER, LINE
from app.connectors.formats.pieces import Piece, Unreadable
from app.connectors.formats.receipt_files import HEADER as RECEIPT_HEADER
from app.connectors.formats.receipt_files import LINE as RECEIPT_LINE
from app.connectors.formats.receipt_files import receipt_pieces, receipts
from app.connectors.formats.values import Reading
from app.domain.errors import BadRecord
from app.domain.record import PurchaseOrderRecord, from_snapshot, snapshot

READING = Reading(ZoneInfo("Europe/Berlin"))
MANY = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])

SCALAR = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(
        ["A", "x", "1", "1,234", "1E+12", "NaN", "2026-01-01", "9999-12-31T23:59:59-12:00", "0001-01-01", "yes"]
    ),
)
VALUE = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
)


def objects(header: tuple[str, ...], line: tuple[str, ...]) -> st.SearchStrategy[bytes]:
    """JSON with the right names and any values."""
    lines = st.lists(st.dictionaries(st.sampled_from([*line, "custom"]), VALUE, max_size=5), max_size=3)
    values = st.dictionaries(st.sampled_from([*header, "custom", "ship_to", "tags", "lines"]), VALUE, max_size=5)
    return st.tuples(values, lines).map(lambda parts: json.dumps({"lines": parts[1], **parts[0]}).encode())


def tables(header: tuple[str, ...], line: tuple[str, ...]) -> st.SearchStrategy[bytes]:
    """A right header with any rows, and any bytes at the end."""
    row = st.lists(st.sampled_from(["A", "1", "x", '"', "", "2026-01-01", "=1", "\t", "1E+12", "ü", "-5"]), max_size=9)
    names = ",".join(dict.fromkeys((*header[:3], "po_number", *line[:8]))).encode()
    rows = st.lists(row.map(",".join), max_size=6).map(lambda found: "\n".join(found).encode())
    return st.tuples(rows, st.binary(max_size=5)).map(lambda parts: names + b"\n" + parts[0] + parts[1])


def anything(header: tuple[str, ...], line: tuple[str, ...]) -> st.SearchStrategy[bytes]:
    return st.one_of(st.binary(max_size=80), objects(header, line), tables(header, line))


def cut(pieces: Callable[[str, Callable[[], BinaryIO]], Iterator[Piece]], name: str, content: bytes) -> list[Piece]:
    """The pieces of a file; none if nobody can read it."""
    try:
        found = list(pieces(name, lambda: io.BytesIO(content)))
    except Unreadable:
        return []
    for piece in found:
        assert "\x00" not in piece.text.encode("utf-8").decode()
    return found


def mapped(piece: Piece) -> PurchaseOrderRecord | None:
    """The record of a piece; none if it is refused."""
    try:
        return None if piece.problem else map_order(piece.text, piece.data, READING)
    except BadRecord:
        return None


@MANY
@given(anything(HEADER, LINE), st.sampled_from(["a.json", "a.csv"]))
def test_orders(content: bytes, name: str):
    for record in filter(None, map(mapped, cut(order_pieces, name, content))):
        stored = json.loads(json.dumps(snapshot(record), allow_nan=False))
        assert from_snapshot(stored).number == record.number


@MANY
@given(anything(RECEIPT_HEADER, RECEIPT_LINE), st.sampled_from(["a.json", "a.csv"]))
def test_receipts(content: bytes, name: str):
    for piece in cut(receipt_pieces, name, content):
        for document in receipts(piece, piece.place, READING, cumulative=False):
            assert bool(document.problem) != bool(document.external_id)
