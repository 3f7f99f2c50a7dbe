"""Purchase orders as CSV: what is read, and the exact words for what is refused."""

# ruff: noqa: E501 - in a table a sentence stays on its line, where it can be compared.
from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from app.connectors.formats import csv_rows, pieces
from app.connectors.formats.order_files import map_order, order_pieces
from app.connectors.formats.pieces import Piece, Unreadable
from app.connectors.formats.values import DateStyle, Reading
from app.domain.errors import BadRecord
from app.domain.record import PurchaseOrderRecord, ShipTo, SourceState
from tests.connectors.kit import orders_csv

BERLIN = Reading(ZoneInfo("Europe/Berlin"))


def cut(content: str | bytes, name: str = "orders.csv") -> list[Piece]:
    """The pieces of a file with this content."""
    raw = content if isinstance(content, bytes) else content.encode()
    return list(order_pieces(name, lambda: io.BytesIO(raw)))


def read(content: str | bytes, reading: Reading = BERLIN) -> list[PurchaseOrderRecord]:
    """The records of a file in which all is right."""
    found = cut(content)
    assert [piece.problem for piece in found] == [""] * len(found)
    return [map_order(piece.text, piece.data, reading) for piece in found]


def outcome(piece: Piece, reading: Reading = BERLIN) -> str:
    """The number of a good order, or the words for a bad one."""
    if piece.problem:
        return piece.problem
    try:
        return map_order(piece.text, piece.data, reading).number
    except BadRecord as error:
        return error.sentence()


# ---------------------------------------------------------------- what is read


def test_all_columns_become_one_record():
    header = (
        "po_number,revision,status,supplier_code,supplier_name,supplier_ref,order_date,expected_date,warehouse_code,"
        "currency,notes,line_no,source_line_id,sku,supplier_sku,barcode,description,qty,uom,pack_size,unit_cost,"
        "line_expected_date,lot,expiry,custom_Season,line_custom_shade,buyer_name,tags,qty_received,updated_at,ship_to_city"
    )
    row = (
        "00042,3,Confirmed,S1,Acme,REF-9,2026-11-01,2026-12-24,EAST,eur,Handle with care,1,L-1,0012,ACME-12,0012345678905,"
        "Cup,12.50,CS,6,1.25,2026-12-23,LOT1,2027-01-31,Winter,blue,Kim,a; b,2,2026-11-02T10:00:00Z,Berlin"
    )
    (record,) = read(orders_csv(row, header=header))
    assert (record.external_id, record.number, record.revision, record.state) == (
        "00042",
        "00042",
        3,
        SourceState.ACTIVE,
    )
    assert record.ordered_at == datetime(2026, 10, 31, 23, 0, tzinfo=UTC)
    assert record.due_date == date(2026, 12, 24)
    assert record.updated_at == datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
    assert (record.currency, record.location, record.tags) == ("EUR", "EAST", ["a", "b"])
    assert (record.buyer_name, record.supplier_code, record.supplier_name) == ("Kim", "S1", "Acme")
    assert record.ship_to == ShipTo(city="Berlin")
    assert record.custom == {"Season": "Winter", "supplier_ref": "REF-9"}
    (line,) = record.lines
    assert (line.key, line.line_number, line.source_line_id, line.sku) == ("id:L-1", 1, "L-1", "0012")
    assert (line.barcode, line.supplier_sku, line.name) == ("0012345678905", "ACME-12", "Cup")
    assert (line.quantity, line.received_before, line.pack_size, line.unit_cost) == (
        Decimal("12.5"),
        Decimal(2),
        Decimal(6),
        Decimal("1.25"),
    )
    assert (line.unit_of_measure, line.expected_date) == ("CS", date(2026, 12, 23))
    assert line.custom == {"lot": "LOT1", "expiry": "2027-01-31", "shade": "blue"}


@pytest.mark.parametrize(
    "content",
    [
        "po_number,sku,qty\nA,0012,5\n",
        "po_number;sku;qty\nA;0012;5\n",
        "po_number\tsku\tqty\nA\t0012\t5\n",
        "po_number|sku|qty\nA|0012|5\n",
        "\ufeffpo_number,sku,qty\r\nA,0012,5\r\n",
        "PO Number, SKU , Qty \nA, 0012 ,5",
        "Po-Number,Sku,QTY,Unknown column\nA,0012,5,whatever\n",
        '"po_number","sku","qty"\n"A","0012","5"\n',
        'po_number,sku,qty\nA,"=""0012""",5\n',
        "sep=;\npo_number;sku;qty\nA;0012;5\n",
        "po_number,sku,qty\n\nA,0012,5\n,,\n\n",
        "po_number,sku,qty,\nA,0012,5,\n",
    ],
    ids=[
        "comma", "semicolon", "tab", "pipe", "BOM and CRLF", "spaces and no last line end", "other spellings",
        "quotes", "excel text", "sep line", "blank rows", "empty last column",
    ],
)  # fmt: skip
def test_many_ways_of_writing_the_same(content: str):
    (record,) = read(content)
    assert (record.number, record.lines[0].sku, record.lines[0].quantity) == ("A", "0012", Decimal(5))


def test_a_cell_may_hold_line_ends_and_quotes():
    (record,) = read('po_number,sku,qty,description\nA,1,5,"Cup, ""large""\nand blue"\n')
    assert record.lines[0].name == 'Cup, "large"\nand blue'


def test_rows_of_one_order_need_not_stand_together():
    found = cut(orders_csv("A,1,x,1", "B,1,y,2", "A,2,x,3", "C,1,z,4", "B,2,y,5", "B,3,y,6"))
    assert [piece.place for piece in found] == ["rows 2 to 4", "row 5", "rows 3 to 7"]
    quantities = [[line.quantity for line in map_order(p.text, p.data, BERLIN).lines] for p in found]
    assert quantities == [[1, 3], [4], [2, 5, 6]]


def test_each_piece_is_a_file_of_its_own():
    text = cut("sep=;\nPO number;SKU;qty\nA;1;5\nB;2;6")[1].text
    assert text == "PO number;SKU;qty\nB;2;6\n"
    (again,) = read(text)
    assert (again.number, again.lines[0].sku) == ("B", "2")


def test_the_same_order_in_another_file_gives_the_same_text():
    alone = cut(orders_csv("A,1,x,1"))[0].text
    assert cut(orders_csv("B,1,y,2", "A,1,x,1"))[1].text == alone


def test_a_blank_header_cell_agrees_with_any():
    header = "po_number,sku,qty,currency,notes"
    (record,) = read(orders_csv("A,1,5,EUR,", "A,2,5,,hello", "A,3,5,EUR,", header=header))
    assert (record.currency, record.notes) == ("EUR", "hello")


def test_without_line_numbers_a_sku_counts_its_occurrences():
    (record,) = read("po_number,sku,qty\nA,x,1\nA,x,2\nA,y,3\n")
    assert [(line.key, line.line_number) for line in record.lines] == [("sku:x#1", 0), ("sku:x#2", 0), ("sku:y#1", 0)]


@pytest.mark.parametrize(
    ("status", "state"),
    [("", "active"), ("Open", "active"), ("ORDERED", "active"), ("confirmed", "active"), ("approved", "active"),
     ("released", "active"), ("issued", "active"), ("Partially Received", "active"), ("canceled", "canceled"),
     ("Cancelled", "canceled"), ("closed", "completed"), ("completed", "completed"), ("received", "completed"),
     ("done", "completed")],
)  # fmt: skip
def test_statuses(status: str, state: str):
    (record,) = read(orders_csv(f"A,x,1,{status}", header="po_number,sku,qty,status"))
    assert record.state.value == state


@pytest.mark.parametrize(
    ("written", "style", "found"),
    [
        ("2026-03-04", DateStyle.ISO, date(2026, 3, 4)),
        ("20260304", DateStyle.ISO, date(2026, 3, 4)),
        ("04/03/2026", DateStyle.DAY_FIRST, date(2026, 3, 4)),
        ("4.3.2026", DateStyle.DAY_FIRST, date(2026, 3, 4)),
        ("03/04/2026", DateStyle.MONTH_FIRST, date(2026, 3, 4)),
        ("2026-03-04", DateStyle.MONTH_FIRST, date(2026, 3, 4)),
        ("2026-03-04T23:30:00Z", DateStyle.ISO, date(2026, 3, 5)),
        ("2026-03-04 23:30", DateStyle.ISO, date(2026, 3, 4)),
    ],
)
def test_due_dates(written: str, style: DateStyle, found: date):
    reading = Reading(ZoneInfo("Europe/Berlin"), style)
    (record,) = read(orders_csv(f"A,x,1,{written}", header="po_number,sku,qty,expected_date"), reading)
    assert record.due_date == found


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("2026-07-01", "2026-06-30T22:00:00+00:00"),
        ("2026-07-01 08:30", "2026-07-01T06:30:00+00:00"),
        ("2026-12-01T08:30:15", "2026-12-01T07:30:15+00:00"),
        ("2026-07-01T08:30:00Z", "2026-07-01T08:30:00+00:00"),
        ("2026-07-01T08:30:00-05:00", "2026-07-01T13:30:00+00:00"),
    ],
)
def test_order_dates_are_read_in_the_zone_of_the_connection(written: str, found: str):
    (record,) = read(orders_csv(f"A,x,1,{written}", header="po_number,sku,qty,order_date"))
    assert record.ordered_at is not None
    assert record.ordered_at.isoformat() == found


@pytest.mark.parametrize(
    ("written", "found"),
    [("12", "12"), ("12.50", "12.5"), ("+3", "3"), (".5", "0.5"), ("7.", "7"), ("0", "0"), ("1,234.50", "1234.5"),
     ("1.234,50", "1234.5"), ("1,234,567", "1234567"), ("1.234.567", "1234567"), ("0.1234567", "0.123457")],
)  # fmt: skip
def test_clear_numbers(written: str, found: str):
    (record,) = read(f'po_number,sku,qty\nA,x,"{written}"\nA,y,1\n')
    assert record.lines[0].quantity == Decimal(found)


# ---------------------------------------------------------------- one bad record is refused alone

_HEADER = (
    "po_number,line_no,sku,qty,status,order_date,expected_date,pack_size,barcode,revision,currency,custom_a,unit_cost"
)
_SHORTENED = (
    "“1.23E+11” was shortened by a spreadsheet, its last digits are lost. "
    "Format the column as text in the spreadsheet, fill in the real value and export it again."
)
_ISO = "Write it as 2026-11-23, or choose the date format in the settings."
_PLAIN = "Write digits and a decimal point, such as 12.5."


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("BAD,1,x,,,,,,,,,,", "column qty: nothing is filled in. Fill in the quantity; 0 is allowed."),
        ("BAD,1,x,many,,,,,,,,,", f"column qty: “many” is not a number. {_PLAIN}"),
        ("BAD,1,x,1_000,,,,,,,,,", f"column qty: “1_000” is not a number. {_PLAIN}"),
        ("BAD,1,x,NaN,,,,,,,,,", f"column qty: “NaN” is not a number. {_PLAIN}"),
        ("BAD,1,x,1e3,,,,,,,,,", f"column qty: “1e3” is not a number. {_PLAIN}"),
        ("BAD,1,x,٣,,,,,,,,,", f"column qty: “٣” is not a number. {_PLAIN}"),
        ('BAD,1,x,"1,234",,,,,,,,,', "column qty: “1,234” has two readings: the comma may part thousands or decimals. Write a decimal point and no thousands separator."),
        ("BAD,1,x,1.23E+11,,,,,,,,,", f"column qty: {_SHORTENED}"),
        ("BAD,1,1.23E+11,5,,,,,,,,,", f"column sku: {_SHORTENED}"),
        ("BAD,1,x,5,,,,,1.23E+11,,,,", f"column barcode: {_SHORTENED}"),
        ("BAD,1,,5,,,,,,,,,", "column sku: nothing is filled in. Fill it in and send the record again."),
        (
            "BAD,1,x,9999999999999,,,,,,,,,",
            "column qty: “9999999999999” is not a number that can be used. Send a number below 10^12.",
        ),
        (
            "BAD,1.5,x,5,,,,,,,,,",
            "column line_no: “1.5” is not a whole number from 0 to 2147483647. Send a whole number.",
        ),
        (
            "BAD,1,x,5,,,,,,-1,,,",
            "column revision: “-1” is not a whole number from 0 to 2147483647. Send a whole number.",
        ),
        ("BAD,1,x,5,,,03/04/2026,,,,,,", f"column expected_date: “03/04/2026” has two readings: the day or the month may come first. {_ISO}"),
        ("BAD,1,x,5,,,2026-02-30,,,,,,", f"column expected_date: “2026-02-30” is not a date. {_ISO}"),
        ("BAD,1,x,5,,,45992,,,,,,", f"column expected_date: “45992” is not a date. {_ISO}"),
        (
            "BAD,1,x,5,,,0026-01-01,,,,,,",
            "column expected_date: “0026-01-01” has a year that cannot be right. Send a year from 1900 to 2999.",
        ),
        ("BAD,1,x,5,,tomorrow,,,,,,,", f"column order_date: “tomorrow” is not a date. {_ISO}"),
        (
            "BAD,1,x,5,lost,,,,,,,,",
            "column status: the status “lost” is not known. Send a known status, such as open, canceled or completed.",
        ),
        (
            "BAD,1,x,5,draft,,,,,,,,",
            "column status: it is still draft at the source. Send it again once it is confirmed.",
        ),
        (
            f"BAD,1,{'x' * 256},5,,,,,,,,,",
            "column sku: the text is 256 characters long. Send at most 255 characters.",
        ),
    ],
)  # fmt: skip
def test_a_bad_value_is_told_with_its_row_and_column(row: str, words: str):
    found = cut(orders_csv("GOOD,1,x,5,,,,,,,,,", row, "ALSO,1,x,5,,,,,,,,,", header=_HEADER))
    assert [outcome(piece) for piece in found] == ["GOOD", f"Purchase order BAD, row 3, {words}", "ALSO"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("BAD,1,x,0,,,,,,,,,", "Purchase order BAD has no line with a quantity above zero. Mend the quantities and send it again."),
        ("BAD,1,x,-5,,,,,,,,,", "Purchase order BAD, line 1: the quantity -5 cannot be ordered. Send a number from 0 to 10^12."),
        ("BAD,1,x,5,,,,0,,,,,", "Purchase order BAD, line 1: a pack of 0 cannot be right. Send a pack size above zero."),
        ("BAD,1,x,5", "Row 3: it has 4 cells, but the header has 13."),
        ("BAD,1,x,5,,,,,,,,,,extra", "Row 3: it has 14 cells, but the header has 13."),
        ('BAD,1,x,5,,,,,,,,,"no end', "Row 3: the quotes of this row are not right (unexpected end of data)."),
        ('BAD,1,"x" y,5,,,,,,,,,', "Row 3: the quotes of this row are not right (',' expected after '\"')."),
        (",1,x,5,,,,,,,,,", "Purchase order ?, row 3, column po_number: nothing is filled in. Fill it in and send the record again."),
        ("BAD,1,x,5\x00,,,,,,,,,", "Row 3: column qty: there is a NUL character in it."),
    ],
)  # fmt: skip
def test_a_bad_row_harms_only_its_own_order(row: str, words: str):
    found = cut(orders_csv("GOOD,1,x,5,,,,,,,,,", row, "ALSO,1,x,5,,,,,,,,,", header=_HEADER))
    assert [outcome(piece) for piece in found] == ["GOOD", words, "ALSO"]


@pytest.mark.parametrize(
    ("second", "column"),
    [("BAD,2,y,5,,,,,,,USD,,", "currency"), ("BAD,2,y,5,,,2026-01-02,,,,,,", "expected_date"),
     ("BAD,2,y,5,,,,,,,,other,", "custom_*")],
)  # fmt: skip
def test_header_fields_that_disagree_refuse_that_order_only(second: str, column: str):
    first = "BAD,1,x,5,,,2026-01-01,,,,EUR,one,"
    found = cut(orders_csv("GOOD,1,x,5,,,,,,,USD,,", first, second, header=_HEADER))
    words = (
        f"Purchase order BAD: rows 3 and 4 disagree in column {column}. Make the header fields equal on all its rows."
    )
    assert [outcome(piece) for piece in found] == ["GOOD", words]


def test_two_lines_with_one_id_refuse_the_order():
    (piece,) = cut("po_number,sku,qty,source_line_id\nA,x,1,L1\nA,y,1,L1\n")
    assert outcome(piece) == "Purchase order A has two lines with the id L1. Give each line an id of its own."


def test_a_byte_that_is_not_utf8_is_shown_and_refused_alone():
    found = cut(b"po_number,sku,qty\nGOOD,x,1\nBAD,caf\xe9,1\n")
    assert [outcome(piece) for piece in found] == ["GOOD", "Row 3: column sku: the byte 0xE9 in it is not UTF-8."]
    assert found[1].text == "po_number,sku,qty\nBAD,caf\\xE9,1\n"


def test_an_open_quote_swallows_no_other_order():
    rows = ["GOOD,1,x,5", 'BAD,1,"x,5', *(f"P{at},1,x,5" for at in range(300)), 'Q,1,"x",5']
    found = [outcome(piece) for piece in cut(orders_csv(*rows))]
    assert found[0] == "GOOD"
    assert found[1] == "Row 3: the quotes of this row are not right (a quote is opened and never closed)."
    assert found[2:] == [*(f"P{at}" for at in range(300)), "Q"]


# ---------------------------------------------------------------- what no record can be told from


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty. Send it again with its records."),
        (b"PK\x03\x04rest", "The file is a spreadsheet or a ZIP archive. Export it as “CSV UTF-8” and send that."),
        ("po_number,sku,qty\nA,1,1".encode("utf-16"), "The file is UTF-16. Save it as “CSV UTF-8” and send that."),
        (b"A,1,5\nB,2,6\n", "The first row “A,1,5” is no header. Start the file with the column names: po_number, sku, qty, …"),
        (b"po_number,sku\nA,1\n", "The header has no column qty. A file of purchase orders needs the columns po_number, sku, qty."),
        (b"po_number,sku,qty,SKU\nA,1,1,2\n", "The column sku stands twice in the header. Remove one of the two."),
        (b'"po_number,sku,qty\nA,1,1\n', 'The first row “"po_number,sku,qty” is no header. Start the file with the column names: po_number, sku, qty, …'),
    ],
    ids=["empty", "excel", "utf-16", "no header", "missing column", "double column", "broken header"],
)  # fmt: skip
def test_unreadable_files(content: bytes, words: str):
    with pytest.raises(Unreadable) as caught:
        cut(content)
    assert caught.value.sentence() == words


def test_too_many_rows_and_bytes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(csv_rows, "MAX_RECORDS", 3)
    with pytest.raises(Unreadable, match=r"^The file has more than 3 rows\.$"):
        cut(orders_csv("A,1,x,1", "B,1,x,1", "C,1,x,1", "D,1,x,1"))
    monkeypatch.setattr(pieces, "MAX_BYTES", 20)
    with pytest.raises(Unreadable, match=r"^The file is larger than 0 MB\.$"):
        cut(orders_csv("A,1,x,1"))


def test_a_header_alone_is_a_file_without_orders():
    assert cut("po_number,sku,qty\n") == []
