"""Receipts as CSV and JSON: what is read, and the exact words for what is refused."""

# ruff: noqa: E501 - in a table a sentence stays on its line, where it can be compared.
from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.connectors.contract import ReceiptDocument
from app.connectors.formats.pieces import Unreadable
from app.connectors.formats.receipt_files import UNKNOWN_TIME, receipt_pieces, receipts
from app.connectors.formats.values import Reading

BERLIN = Reading(ZoneInfo("Europe/Berlin"))
HEADER = "receipt_id,po_number,line_no,sku,qty_good,qty_damaged,lot,expiry,received_at,final,canceled,document_key,warehouse_ref"
AT = "2026-11-20 08:00"


def read(name: str, content: str, *, cumulative: bool = False) -> list[ReceiptDocument]:
    """The documents of a file with this content."""
    pieces = receipt_pieces(name, lambda: io.BytesIO(content.encode()))
    return [
        found for piece in pieces for found in receipts(piece, f"{name}, {piece.place}", BERLIN, cumulative=cumulative)
    ]


def table(*rows: str) -> list[ReceiptDocument]:
    """The documents of a CSV file with these rows."""
    return read("r.csv", "\n".join([HEADER, *rows]))


def record(**values: Any) -> dict[str, Any]:
    """A receipt as JSON data."""
    line = {"line_no": 1, "sku": "0012", "qty_good": 5}
    return {"receipt_id": "R-1", "po_number": "PO-1", "received_at": "2026-11-20T08:00:00Z", "lines": [line], **values}


def test_a_row_becomes_a_line():
    (found,) = table(f"R-1,PO-1,1,0012,5,2,LOT,2027-01-31,{AT},yes,,KEY,SB-1")
    assert (found.external_id, found.number, found.document_key, found.warehouse_ref) == ("R-1", "PO-1", "KEY", "SB-1")
    assert found.received_at == datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
    assert (found.final, found.cumulative, found.canceled, found.problem) == (True, False, False, "")
    assert found.reference == "r.csv, row 2"
    (line,) = found.lines
    assert (line.sku, line.received, line.damaged, line.line_number) == ("0012", Decimal(7), Decimal(2), 1)
    assert (line.lot, line.expiry) == ("LOT", date(2027, 1, 31))


def test_a_lot_and_a_sku_may_stand_on_two_lines():
    (found,) = table(f"R-1,PO-1,1,0012,5,,LOT,,{AT},,,,", f"R-1,PO-1,2,0012,3,,LOT,,{AT},,,,")
    assert [(line.line_number, line.lot, int(line.received)) for line in found.lines] == [(1, "LOT", 5), (2, "LOT", 3)]


def test_one_receipt_over_two_orders_is_one_document_for_each():
    found = table(f"R-1,PO-1,1,a,5,,,,{AT},,,,", f"R-1,PO-2,1,b,3,,,,{AT},,,,", f"R-1,PO-1,2,c,1,,,,{AT},,,,")
    assert [(item.external_id, item.number, [line.sku for line in item.lines]) for item in found] == [
        ("R-1", "PO-2", ["b"]),
        ("R-1", "PO-1", ["a", "c"]),
    ]
    lines = [
        {"sku": "a", "qty_good": 1},
        {"sku": "b", "qty_good": 2, "po_number": "PO-2"},
        {"sku": "c", "qty_good": 3, "document_key": "KEY-3"},
    ]
    found = read("r.json", json.dumps(record(lines=lines, document_key="KEY-1", account="ACC")))
    named = [(item.document_key, item.number, item.account, item.lines[0].sku) for item in found]
    assert named == [("KEY-1", "PO-1", "ACC", "a"), ("", "PO-2", "ACC", "b"), ("KEY-3", "", "ACC", "c")]
    assert len({item.reference for item in found}) == 3


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(record()),
        json.dumps([record()]),
        json.dumps({"receipts": [record()]}),
        json.dumps(record()) + "\n",
    ],
    ids=["one", "array", "wrapped", "line"],
)
def test_json_shapes(content: str):
    (found,) = read("r.json", content)
    assert (found.external_id, found.lines[0].received) == ("R-1", Decimal(5))
    assert found.received_at == datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def test_final_on_any_row_counts_and_blank_is_no():
    (found,) = table(f"R-1,PO-1,1,a,5,,,,{AT},,,,", f"R-1,PO-1,2,b,3,,,,{AT},yes,,,")
    assert found.final is True


def test_zero_is_a_quantity_and_totals_can_be_cumulative():
    (found,) = read("r.json", json.dumps(record(lines=[{"sku": "a", "qty_good": 0}])), cumulative=True)
    assert (found.lines[0].received, found.cumulative) == (Decimal(0), True)


def test_a_canceled_document_has_no_lines():
    (from_csv,) = table(f"R-1,PO-1,,,,,,,{AT},,yes,KEY,")
    (from_json,) = read("r.json", json.dumps(record(lines=[], canceled=True)))
    assert [(found.canceled, found.lines, found.problem) for found in (from_csv, from_json)] == [(True, (), "")] * 2


_FILL = "Fill it in and send the record again."


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (f"R-1,PO-1,1,,5,,,,{AT},,,,", f"row 3, column sku: nothing is filled in. {_FILL}"),
        (f"R-1,PO-1,1,a,,,,,{AT},,,,", "row 3, column qty_good: nothing is filled in. Fill in the quantity; 0 is allowed."),
        (f"R-1,PO-1,1,a,x,,,,{AT},,,,", "row 3, column qty_good: “x” is not a number. Write digits and a decimal point, such as 12.5."),
        ("R-1,PO-1,1,a,5,,,,,,,,", "row 3, column received_at: nothing is filled in. Fill in when the goods were received."),
        (f"R-1,,1,a,5,,,,{AT},,,,", "row 3, column po_number: no purchase order is named. Fill in po_number, document_key or warehouse_ref."),
        (f",PO-1,1,a,5,,,,{AT},,,,", f"row 3, column receipt_id: nothing is filled in. {_FILL}"),
        (f"R-1,PO-1,1,a,5,,,,{AT},maybe,,,", "row 3, column final: “maybe” is neither yes nor no. Write yes or no."),
        (f"R-1,PO-1,1,a,5,,,31/01/2027,{AT},,,,", "row 3, column expiry: “31/01/2027” has two readings: the day or the month may come first. Write it as 2026-11-23, or choose the date format in the settings."),
        (f"R-1,PO-1,1,1.23E+11,5,,,,{AT},,,,", "row 3, column sku: “1.23E+11” was shortened by a spreadsheet, its last digits are lost. Format the column as text in the spreadsheet, fill in the real value and export it again."),
    ],
)  # fmt: skip
def test_a_bad_row_refuses_only_its_own_receipt(row: str, problem: str):
    first, bad, last = table(f"R-0,PO-0,1,a,5,,,,{AT},,,,", row, f"R-9,PO-9,1,a,5,,,,{AT},,,,")
    name = row.split(",", maxsplit=1)[0] or "?"
    assert bad.problem == f"Receipt {name}, {problem}"
    assert (bad.lines, bad.received_at, bad.reference) == ((), UNKNOWN_TIME, "r.csv, row 3")
    assert bad.text.splitlines()[1] == row
    assert (first.problem, last.problem) == ("", "")


def test_rows_that_disagree_refuse_their_receipt():
    (found,) = table(f"R-1,PO-1,1,a,5,,,,{AT},,,,", "R-1,PO-1,2,b,5,,,,2026-11-21,,,,")
    assert found.problem == "Receipt R-1: rows 2 and 3 disagree in column received_at."


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"lines": 5}, "Receipt R-1 has no list of lines."),
        ({"lines": []}, "Receipt R-1, field lines: the receipt has no lines. Send at least one line; a quantity of 0 is allowed."),
        ({"lines": [{"sku": "a", "qty_good": 1}, {"sku": "b"}]}, "Receipt R-1, line 2, field qty_good: nothing is filled in. Fill in the quantity; 0 is allowed."),
        ({"received_at": None}, "Receipt R-1, field received_at: nothing is filled in. Fill in when the goods were received."),
        ({"receipt_id": None}, f"Receipt ?, field receipt_id: nothing is filled in. {_FILL}"),
        ({"receipt_id": "1.23E+11"}, "Receipt 1.23E+11, field receipt_id: “1.23E+11” was shortened by a spreadsheet, its last digits are lost. Format the column as text in the spreadsheet, fill in the real value and export it again."),
    ],
)  # fmt: skip
def test_bad_json_receipts(values: dict[str, Any], problem: str):
    bad, good = read("r.json", json.dumps([record(**values), record(receipt_id="R-2")]))
    assert (bad.problem, good.problem) == (problem, "")
    assert json.loads(bad.text)["po_number"] == "PO-1"


def test_one_bad_order_of_a_receipt_leaves_the_other():
    lines = [{"sku": "a", "qty_good": "x"}, {"sku": "b", "qty_good": 2, "po_number": "PO-2"}]
    bad, good = read("r.json", json.dumps(record(lines=lines)))
    assert bad.problem.startswith("Receipt R-1, line 1, field qty_good: “x” is not a number.")
    assert (good.number, good.problem) == ("PO-2", "")


def test_broken_records_and_files():
    (found,) = read("r.json", '[{"receipt_id": }]')
    assert found.problem == "This record is not valid JSON: Expecting value at line 1, column 17."
    with pytest.raises(Unreadable) as caught:
        read("r.csv", "po_number,sku\n")
    assert caught.value.sentence() == (
        "The header has no column receipt_id. A file of receipts needs the columns receipt_id, sku, qty_good."
    )
