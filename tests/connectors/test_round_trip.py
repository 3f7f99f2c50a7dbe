"""What we write we can read: orders and receipts through both layouts, whatever they hold."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.connectors.contract import ReceiptDocument, ReceivedLine
from app.connectors.formats.formulas import guarded, unguarded
from app.connectors.formats.order_files import map_order, order_pieces, orders_csv, orders_json
from app.connectors.formats.orders import STATES
from app.connectors.formats.receipt_files import receipt_pieces, receipts, receipts_csv, receipts_json
from app.connectors.formats.values import Reading, cell, mangled
from app.domain.record import LineRecord, PurchaseOrderRecord, ShipTo, check

READING = Reading(ZoneInfo("America/New_York"))

# Any text that a database can hold and that has no space around it; formulas and quotes are likelier than by chance.
_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
TEXT = (
    st.one_of(
        st.text(_CHARACTERS, max_size=12),
        st.sampled_from(["=1+1", "'=x", "-10", "+1|x", "@a", 'a "b"', "a,b;c", "0012", "x\ny", "'", "''@x"]),
    )
    .map(str.strip)
    .filter(lambda text: not mangled(text) and not (text.startswith('="') and text.endswith('"')))
)
# A machine under load is slow; that says nothing about the code.
MANY = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAME = TEXT.filter(bool)
WORD = st.text("abcXYZ019_.", min_size=1, max_size=8)
ZERO = Decimal(0)
AMOUNT = st.decimals(0, 10**5, places=6)
DAY = st.dates(date(1990, 1, 1), date(2100, 1, 1))
INSTANT = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
TAG = st.one_of(WORD, st.sampled_from(["a,b", "c;d", "[x", '["y"]', "'=z"]))
OWN = st.dictionaries(WORD, NAME, max_size=2)


@st.composite
def lines(draw: st.DrawFn) -> list[LineRecord]:
    """Lines of one order, each with an id of its own, at least one with a quantity."""
    count = draw(st.integers(1, 4))
    return [
        LineRecord(
            line_number=draw(st.integers(0, 9)),
            sku=draw(NAME),
            quantity=draw(AMOUNT) + (1 if at == 0 else 0),
            source_line_id=f"L{at}" if draw(st.booleans()) else "",
            supplier_sku=draw(TEXT),
            barcode=draw(TEXT),
            name=draw(TEXT),
            received_before=draw(AMOUNT),
            unit_of_measure=draw(TEXT),
            pack_size=draw(st.none() | AMOUNT.filter(bool)),
            unit_cost=draw(st.none() | AMOUNT | AMOUNT.map(lambda amount: -amount)),
            expected_date=draw(st.none() | DAY),
            custom=draw(OWN),
        )
        for at in range(count)
    ]


@st.composite
def orders(draw: st.DrawFn) -> list[PurchaseOrderRecord]:
    """Some orders with numbers of their own."""
    numbers = draw(st.lists(WORD, min_size=1, max_size=3, unique=True))
    words = draw(st.lists(st.sampled_from(sorted(STATES.keys() - {""})), min_size=len(numbers), max_size=len(numbers)))
    return [
        check(
            PurchaseOrderRecord(
                external_id=draw(NAME),
                number=number,
                lines=draw(lines()),
                state=STATES[word],
                source_status=word,
                revision=draw(st.none() | st.integers(0, 99)),
                buyer_name=draw(TEXT),
                supplier_code=draw(TEXT),
                supplier_name=draw(TEXT),
                ordered_at=draw(st.none() | INSTANT),
                due_date=draw(st.none() | DAY),
                currency=draw(st.sampled_from(["", "EUR", "USD"])),
                notes=draw(TEXT),
                tags=draw(st.lists(TAG, max_size=2)),
                location=draw(TEXT),
                ship_to=ShipTo(*(draw(TEXT) for _ in range(5))),
                custom=draw(OWN),
                updated_at=draw(st.none() | INSTANT),
            )
        )
        for number, word in zip(numbers, words, strict=True)
    ]


def read_orders(name: str, text: str) -> list[PurchaseOrderRecord]:
    pieces = list(order_pieces(name, lambda: io.BytesIO(text.encode())))
    assert [piece.problem for piece in pieces] == [""] * len(pieces)
    return [map_order(piece.text, piece.data, READING) for piece in pieces]


@MANY
@given(orders())
def test_orders_through_json(written: list[PurchaseOrderRecord]):
    assert read_orders("orders.json", orders_json(written)) == written


@MANY
@given(orders())
def test_orders_through_csv(written: list[PurchaseOrderRecord]):
    assert read_orders("orders.csv", orders_csv(written)) == written


@st.composite
def documents(draw: st.DrawFn) -> list[ReceiptDocument]:
    """Some receipts with ids of their own."""
    ids = draw(st.lists(WORD, min_size=1, max_size=3, unique=True))
    return [_document(draw, identity) for identity in ids]


def _document(draw: st.DrawFn, identity: str) -> ReceiptDocument:
    canceled = draw(st.booleans())
    received: list[dict[str, Any]] = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "sku": NAME, "received": AMOUNT, "line_key": TEXT, "line_number": st.none() | st.integers(1, 9),
                    "source_line_id": TEXT, "lot": TEXT, "expiry": st.none() | DAY, "condition": TEXT,
                    "unit_of_measure": TEXT, "pack_size": st.none() | AMOUNT.filter(bool),
                }
            ),
            min_size=1,
            max_size=3,
        )
    )  # fmt: skip
    found = [ReceivedLine(**values, damaged=draw(st.sampled_from([ZERO, values["received"]]))) for values in received]
    return ReceiptDocument(
        external_id=identity,
        received_at=draw(INSTANT),
        lines=() if canceled else tuple(found),
        document_key=draw(TEXT),
        warehouse_ref=draw(TEXT),
        account=draw(TEXT),
        number=draw(NAME),
        final=draw(st.booleans()),
        canceled=canceled,
    )


def read_receipts(name: str, text: str) -> list[ReceiptDocument]:
    pieces = receipt_pieces(name, lambda: io.BytesIO(text.encode()))
    found = [item for piece in pieces for item in receipts(piece, "", READING, cumulative=False)]
    assert [item.problem for item in found] == [""] * len(found)
    return [_without_text(item) for item in found]


def _without_text(document: ReceiptDocument) -> ReceiptDocument:
    kept = {name: getattr(document, name) for name in document.__slots__}
    return ReceiptDocument(**{**kept, "text": "", "reference": ""})


@MANY
@given(documents())
def test_receipts_through_json(written: list[ReceiptDocument]):
    assert read_receipts("receipts.json", receipts_json(written)) == written


@MANY
@given(documents())
def test_receipts_through_csv(written: list[ReceiptDocument]):
    assert read_receipts("receipts.csv", receipts_csv(written)) == written


@MANY
@given(TEXT)
def test_a_guarded_cell_is_no_formula_and_comes_back(text: str):
    shown = guarded(text)
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell(shown) == unguarded(shown) == text
    assert unguarded(guarded(shown)) == shown
