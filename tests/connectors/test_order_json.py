"""Purchase orders as JSON: the four shapes of a file, and the exact words for what is refused."""

# ruff: noqa: E501 - in a table a sentence stays on its line, where it can be compared.
from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.connectors.formats import json_records
from app.connectors.formats.order_files import is_json, map_order, order_pieces
from app.connectors.formats.pieces import Piece, Unreadable
from app.connectors.formats.values import Reading
from app.domain.errors import BadRecord
from app.domain.record import PurchaseOrderRecord, ShipTo
from tests.connectors.kit import order

BERLIN = Reading(ZoneInfo("Europe/Berlin"))
RESEND = "Mend it and send this purchase order again."


def cut(content: str | bytes) -> list[Piece]:
    """The pieces of a JSON file with this content."""
    raw = content if isinstance(content, bytes) else content.encode()
    return list(order_pieces("orders.json", lambda: io.BytesIO(raw)))


def read(content: str) -> list[PurchaseOrderRecord]:
    """The records of a file in which all is right."""
    found = cut(content)
    assert [piece.problem for piece in found] == [""] * len(found)
    return [map_order(piece.text, piece.data, BERLIN) for piece in found]


def words(data: Any) -> str:
    """The words for an order that is refused when it is mapped."""
    with pytest.raises(BadRecord) as caught:
        map_order(json.dumps(data, default=repr), data, BERLIN)
    return caught.value.sentence()


def line(**values: Any) -> dict[str, Any]:
    """An order with one line."""
    return {"po_number": "A", "lines": [{"sku": "x", "qty": 1} | values]}


ONE = json.dumps(order("A"))
TWO = json.dumps(order("B"))


@pytest.mark.parametrize(
    ("content", "numbers"),
    [
        (ONE, ["A"]),
        (f"[{ONE},{TWO}]", ["A", "B"]),
        (f'{{"purchase_orders": [{ONE}, {TWO}]}}', ["A", "B"]),
        (f'{{"count": 2, "meta": {{"page": [1]}}, "name": "x]", "purchase_orders":[{ONE},{TWO}], "next": null}}', ["A", "B"]),
        (f"{ONE}\n{TWO}\n", ["A", "B"]),
        (f"{ONE}\r\n\r\n{TWO}", ["A", "B"]),
        (f"{json.dumps(order('A'), indent=2)}\n{json.dumps(order('B'), indent=2)}", ["A", "B"]),
        (f"\ufeff [ {ONE} ]", ["A"]),
        ("[]", []),
        ('{"purchase_orders": []}', []),
    ],
    ids=["one", "array", "wrapped", "wrapped late", "lines", "lines with CRLF", "pretty objects", "BOM", "none", "none wrapped"],
)  # fmt: skip
def test_shapes(content: str, numbers: list[str]):
    assert [record.number for record in read(content)] == numbers


def test_all_fields_become_one_record():
    data = {
        "po_number": "00042", "external_id": "gid/7", "revision": 2, "status": "open", "buyer_name": "Kim",
        "supplier_ref": "R", "order_date": "2026-11-01T10:00:00Z", "tags": ["a", "b"],
        "ship_to": {"code": "E", "name": "East", "city": "Ulm", "region": "BW", "country": "DE"},
        "custom": {"Weight": 1.5, "Count": 3, "big": 123456789.123456789, "list": [True, None, {"x": 1.0}]},
        "lines": [{"line_no": 1, "sku": 12, "qty": 1.10, "unit_cost": "0.1", "custom": {"shade": "blue"}, "lot": "L"}],
    }  # fmt: skip
    (record,) = read(json.dumps(data))
    assert (record.external_id, record.number, record.revision, record.tags) == ("gid/7", "00042", 2, ["a", "b"])
    assert record.ordered_at == datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert record.ship_to == ShipTo("E", "East", "Ulm", "BW", "DE")
    weights = {"Weight": 1.5, "Count": 3, "big": 123456789.12345679, "list": [True, None, {"x": 1}]}
    assert record.custom == {**weights, "supplier_ref": "R"}
    (found,) = record.lines
    assert (found.sku, found.quantity, found.unit_cost) == ("12", Decimal("1.1"), Decimal("0.1"))
    assert found.custom == {"shade": "blue", "lot": "L"}


def test_numbers_are_exact():
    (record,) = read('{"po_number":"A","lines":[{"sku":"x","qty":0.1},{"sku":"x","qty":0.2}]}')
    assert sum(item.quantity for item in record.lines) == Decimal("0.3")
    (record,) = read('{"po_number":"A","custom":{"n":0.12345678901234567890123},"lines":[{"sku":"x","qty":1}]}')
    assert record.custom == {"n": "0.12345678901234567890123"}


def test_the_raw_text_of_each_record_is_kept_as_it_was():
    content = '[ {"po_number": "A",\n "lines": [] } , {"po_number":"Ü"} ]'
    assert [piece.text for piece in cut(content)] == ['{"po_number": "A",\n "lines": [] }', '{"po_number":"Ü"}']


# ---------------------------------------------------------------- refused while it is mapped

_TYPE = "Write digits and a decimal point, such as 12.5."
_USED = "is not a number that can be used. Send a number below 10^12."


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([], 'This record is no purchase order. Send an object with "po_number" and "lines".'),
        ({"po_number": "A"}, 'Purchase order A has no list of lines. Send "lines": [{"sku": …, "qty": …}].'),
        ({"po_number": "A", "lines": [1]}, 'Purchase order A has no list of lines. Send "lines": [{"sku": …, "qty": …}].'),
        ({"po_number": "A", "lines": []}, "Purchase order A has no lines. Send at least one line with a quantity."),
        ({"lines": [{"sku": "x", "qty": 1}]}, "Purchase order ?, field po_number: nothing is filled in. Fill it in and send the record again."),
        (line(qty=Decimal("NaN")), f"Purchase order A, line 1, field qty: “NaN” {_USED}"),
        (line(qty=Decimal("Infinity")), f"Purchase order A, line 1, field qty: “Infinity” {_USED}"),
        (line(qty=Decimal("1e400")), f"Purchase order A, line 1, field qty: “1E+400” {_USED}"),
        (line(qty=Decimal("-1e13")), f"Purchase order A, line 1, field qty: “-1E+13” {_USED}"),
        (line(qty=True), f"Purchase order A, line 1, field qty: “True” is not a number. {_TYPE}"),
        (line(qty=[1]), f"Purchase order A, line 1, field qty: “[1]” is not a number. {_TYPE}"),
        (line(sku=Decimal("1.5")), "Purchase order A, line 1, field sku: “1.5” is not a text. Send it as text, in quotes."),
        (line(sku=Decimal("1.23E+11")), "Purchase order A, line 1, field sku: “1.23E+11” is not a text. Send it as text, in quotes."),
        (line(sku={"a": 1}), "Purchase order A, line 1, field sku: “{'a': 1}” is not a text. Send it as text, in quotes."),
        (line(custom=3), 'Purchase order A, line 1, field custom: “3” is no object with names and values. Send {"name": value, …}.'),
        (line() | {"ship_to": "East"}, 'Purchase order A, field ship_to: it is no object. Send "ship_to": {"code": …, "name": …}.'),
        (line() | {"custom": {"n": Decimal("Infinity")}}, f"Purchase order A, field custom: “Infinity” {_USED}"),
        (line() | {"custom": {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": 1}}}}}}}}}},
         "Purchase order A, field custom: the values are nested deeper than 8 levels. Send a flatter object."),
        (line() | {"tags": [["x"]]}, "Purchase order A, field tags: “['x']” is not a text. Send it as text, in quotes."),
    ],
)  # fmt: skip
def test_bad_values(data: Any, expected: str):
    assert words(data) == expected


def test_a_shortened_number_is_refused_with_its_place():
    reason = (
        "“1.23E+11” was shortened by a spreadsheet, its last digits are lost. "
        "Format the column as text in the spreadsheet, fill in the real value and export it again."
    )
    assert words(line(barcode="1.23E+11")) == f"Purchase order A, line 1, field barcode: {reason}"
    assert words(line() | {"po_number": "1.23E+11"}) == f"Purchase order 1.23E+11, field po_number: {reason}"
    fine = line(description="room 1.23E+11 is a number here")
    assert map_order(json.dumps(fine), fine, BERLIN).number == "A"


# ---------------------------------------------------------------- refused while the file is cut

_DEEP = '{"po_number":"BAD","custom":' + "[" * 100_000 + "]" * 100_000 + "}"


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ('{"po_number":"BAD","qty":01}', "This record is not valid JSON: Expecting ',' delimiter at line 2, column 27."),
        ('{"po_number":"BAD",}', "This record is not valid JSON: Expecting property name enclosed in double quotes at line 2, column 20."),
        ("{'po_number':'BAD'}", "This record is not valid JSON: Expecting property name enclosed in double quotes at line 2, column 2."),
        ('{"po_number":"BAD\x01"}', "This record is not valid JSON: Invalid control character at at line 2, column 18."),
        ('{"po_number":"BAD","n":' + "9" * 5000 + "}", "This record is not valid JSON: a number in it has too many digits."),
        (_DEEP, "This record is not valid JSON: it is nested too deeply."),
        ('{"po_number":"BAD\\u0000"}', "This record cannot be stored: it has a character that no text may hold (\\u0000 or half of a pair)."),
        ('{"\\ud83d":"BAD"}', "This record cannot be stored: it has a character that no text may hold (\\u0000 or half of a pair)."),
        ('"BAD"', "This record is no object."),
        ("[1]", "This record is no object."),
        ("nul", "This record is not valid JSON: Expecting value at line 2, column 1."),
    ],
)  # fmt: skip
def test_a_broken_record_harms_no_other(bad: str, problem: str):
    found = cut(f"[{ONE},\n{bad},{TWO}]")
    assert [piece.problem for piece in found] == ["", problem, ""]
    assert [piece.place for piece in found] == ["record 1", "record 2", "record 3"]
    assert map_order(found[2].text, found[2].data, BERLIN).number == "B"


def test_a_broken_line_harms_no_other():
    found = cut(f'{ONE}\n{{"po_number": "BAD", "lines": [\n{TWO}\n')
    problem = "This record is not valid JSON: Expecting ',' delimiter at line 4, column 1."
    assert [piece.problem for piece in found] == ["", problem, ""]
    assert found[1].text == '{"po_number": "BAD", "lines": ['
    assert map_order(found[2].text, None, BERLIN).number == "B"


def test_a_byte_that_is_not_utf8_is_shown_and_refused_alone():
    found = cut(b'[{"po_number":"caf\xe9"},' + ONE.encode() + b"]")
    assert found[0].problem == "This record cannot be stored: the byte 0xE9 in it is not UTF-8."
    assert found[0].text == '{"po_number":"caf\\xE9"}'
    assert map_order(found[1].text, found[1].data, BERLIN).number == "A"


def test_a_file_that_was_cut_off_gives_what_is_whole():
    found = cut(f'[{ONE}, {{"po_number": "B", "lines": [')
    assert [bool(piece.problem) for piece in found] == [False, True]
    found = cut(f"[{ONE},")
    assert found[1].problem == "The list of records is not closed: the file may have been cut off."


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "The file is empty. Send it again with its records."),
        (" \n ", "The file is empty. Send it again with its records."),
        ("po_number,sku\nA,1", "The file does not start with “{” or “[” but with “po_number,sku”. Send JSON."),
    ],
)
def test_unreadable_files(content: str, expected: str):
    with pytest.raises(Unreadable) as caught:
        cut(content)
    assert caught.value.sentence() == expected


def test_too_many_records(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(json_records, "MAX_RECORDS", 2)
    with pytest.raises(Unreadable, match=r"^The file has more than 2 records\.$"):
        cut(f"[{ONE},{ONE},{ONE}]")


def test_a_text_is_mapped_without_its_data():
    assert map_order(ONE, None, BERLIN) == map_order(ONE, json.loads(ONE), BERLIN)
    with pytest.raises(BadRecord) as caught:
        map_order('{"po_number": }', None, BERLIN)
    assert caught.value.sentence() == f"This record is not valid JSON: Expecting value at line 1, column 15. {RESEND}"


def test_lines_that_are_a_long_number_are_no_lines():
    with pytest.raises(BadRecord, match=r"^Purchase order A has no list of lines\.$"):
        map_order('{"po_number": "A", "lines": 1E+11}', None, BERLIN)


@pytest.mark.parametrize(
    ("name", "found"),
    [("a.json", True), ("A.JSON", True), ("a.ndjson", True), ("a.jsonl", True), ("a.csv", False), ("a.txt", False)],
)
def test_the_ending_tells_the_format(name: str, found: bool):
    assert is_json(name) is found
