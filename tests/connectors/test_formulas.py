"""Cells that a spreadsheet would run: which ones are guarded, and how they come back."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from app.connectors.contract import InboundNotice, NoticeLine
from app.connectors.formats.formulas import guarded, unguarded
from app.connectors.formats.notice_files import notice_csv, notice_data
from app.connectors.formats.order_files import map_order, order_pieces, orders_csv
from app.connectors.formats.orders import NUMBERS, tags_cell
from app.connectors.formats.values import Reading, cell
from app.domain.record import LineRecord, PurchaseOrderRecord, check, content_digest
from tests.connectors.test_order_csv import cut, outcome, read

_UTC = ZoneInfo("UTC")
SIGNS = ["=", "+", "-", "@", "\t", "\r"]


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("rest", ["", "1", "cmd|' /C calc'!A0", "Canvas apron", "'", "\n2"])
def test_a_text_that_begins_with_a_sign_is_guarded_and_comes_back(sign: str, rest: str) -> None:
    assert guarded(sign + rest) == f"'{sign}{rest}"
    assert unguarded(f"'{sign}{rest}") == sign + rest
    # Text that looks guarded already gets an apostrophe more, so that none is lost.
    assert guarded(f"'{sign}{rest}") == f"''{sign}{rest}"
    assert unguarded(f"''{sign}{rest}") == f"'{sign}{rest}"


@pytest.mark.parametrize(
    "text", ["", "00417", "a=1", "1-2", " =1", "'", "'s Hertogenbosch", "''", "O'Neil", "'a", "ä+", "\n=1", "#N/A"]
)
def test_other_texts_stay_as_they_are_both_ways(text: str) -> None:
    assert guarded(text) == unguarded(text) == cell(text) == text


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("'-5", "-5"), ("'+49 30 12", "+49 30 12"), ("'=\"00417\"", '="00417"'), ('="00417"', "00417"),
        (' ="00417" ', "00417"), ("'@home", "@home"), ("''=x", "'=x"), ("'x=1", "'x=1"),
    ],
)  # fmt: skip
def test_a_cell_loses_an_apostrophe_only_where_one_was_put(written: str, text: str) -> None:
    assert cell(written) == text


def record(**values: object) -> PurchaseOrderRecord:
    """An order with a line that begins with a sign wherever it can."""
    line = LineRecord(1, "-007", Decimal(5), name="=1+1", barcode="+4901", unit_cost=Decimal("-2.5"))
    return check(PurchaseOrderRecord("=E1", "@PO", [line], buyer_name="- Buyer", custom={"n": "=x"}, **values))  # type: ignore[arg-type]


def test_numbers_of_ours_stay_numbers_beside_guarded_texts() -> None:
    (row,) = csv.DictReader(io.StringIO(orders_csv([record()]), newline=""))
    assert {name: value for name, value in row.items() if value} == {
        "po_number": "'@PO", "external_id": "'=E1", "status": "open", "buyer_name": "'- Buyer", "line_no": "1",
        "sku": "'-007", "barcode": "'+4901", "description": "'=1+1", "qty": "5", "unit_cost": "-2.5",
        "custom_n": "'=x",
    }  # fmt: skip
    assert {"qty", "unit_cost"} < NUMBERS


def test_a_notice_for_a_warehouse_is_guarded_too() -> None:
    line = NoticeLine("id:1", 1, "", "-007", Decimal("0.5"), name="=1+1")
    notice = InboundNotice("k", 1, "@PO", "+M", "A", "", "", "", None, "\tcall", (line,))
    (row,) = csv.DictReader(io.StringIO(notice_csv(notice_data(notice, "create")).decode(), newline=""))
    assert [row[name] for name in ("po_number", "merchant", "notes", "sku", "description", "qty")] == [
        "'@PO", "'+M", "'\tcall", "'-007", "'=1+1", "0.5",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tags", "text"),
    [
        ([], ""), (["a"], "a"), (["a", "b c"], "a,b c"), (["a,b"], '["a,b"]'), (["a;b", "c"], '["a;b", "c"]'),
        (["[x"], '["[x"]'), (['["y"]'], '["[\\"y\\"]"]'), (["é,"], '["é,"]'),
    ],
)  # fmt: skip
def test_tags_come_back_from_one_cell(tags: list[str], text: str) -> None:
    assert tags_cell(tags) == text
    (piece,) = order_pieces("a.csv", lambda: io.BytesIO(orders_csv([record(tags=tags)]).encode()))
    assert map_order(piece.text, piece.data, Reading(_UTC)).tags == tags


@pytest.mark.parametrize(
    ("written", "tags"),
    [("[urgent", ["[urgent"]), ("[a],b", ["[a]", "b"]), ('["a", 7]', ["a", "7"]), ("[1]", ["1"]), ("a; b", ["a", "b"])],
)
def test_a_bracket_alone_makes_no_list(written: str, tags: list[str]) -> None:
    (found,) = read(f'po_number,sku,qty,tags\nA,x,1,"{written.replace(chr(34), chr(34) * 2)}"\n')
    assert found.tags == tags


def test_own_values_may_stand_in_one_cell_as_an_object() -> None:
    header = "po_number,sku,qty,Custom,custom_shelf,line_custom"
    order = '''A,x,1,"{""n"": -5, ""list"": [1, {""a"": 0.1}], ""on"": true}",B7,"{""lot"": ""=1""}"'''
    (found,) = read(f"{header}\n{order}\n")
    assert found.custom == {"n": -5, "list": [1, {"a": 0.1}], "on": True, "shelf": "B7"}
    assert found.lines[0].custom == {"lot": "=1"}


@pytest.mark.parametrize("text", ["yes", "[1]", "{", '{"a": }', "[" * 20_000])
@pytest.mark.parametrize("column", ["custom", "line_custom"])
def test_a_cell_of_own_values_that_is_no_object_refuses_its_order(column: str, text: str) -> None:
    quoted = text.replace('"', '""')
    found = [outcome(piece) for piece in cut(f'po_number,sku,qty,{column}\nA,x,1,"{quoted}"\nB,x,1,"{{}}"\n')]
    shown = f"“{text[:60]}…”" if len(text) > 60 else f"“{text}”"
    reason = f'row 2, column custom: {shown} is no object with names and values. Send {{"name": value, …}}.'
    assert found == [f"Purchase order A, {reason}", "B"]


@pytest.mark.parametrize(
    ("rows", "orders"),
    [
        (["N,a,x", "N,b,y"], [("a", ["x"]), ("b", ["y"])]),
        (["N,a,x", "N,b,y", "N,a,z"], [("b", ["y"]), ("a", ["x", "z"])]),
        (["N,a,x", "N,,y"], [("a", ["x", "y"])]),
        (["N,,x", "N,a,y"], [("a", ["x", "y"])]),
        (["N,a,x", "N,b,y", "N,,z"], [("a", ["x"]), ("b", ["y", "z"])]),
        (["N,a,x", "M,a,y"], [("a", ["x"]), ("a", ["y"])]),
        (["N,,x", "M,,y", "N,,z"], [("M", ["y"]), ("N", ["x", "z"])]),
    ],
)
def test_two_orders_of_one_number_are_told_apart_by_their_ids(
    rows: list[str], orders: list[tuple[str, list[str]]]
) -> None:
    text = "\n".join(["po_number,external_id,sku,qty", *(f"{row},1" for row in rows), ""])
    assert [(found.external_id, [line.sku for line in found.lines]) for found in read(text)] == orders


def test_own_values_in_another_order_are_the_same_order() -> None:
    header = "po_number,sku,qty,custom,line_custom,lot,supplier_ref"
    one, other = (
        read(f"{header}\nA,x,1,{values}\n")[0]
        for values in (
            '"{""b"": {""y"": 1, ""x"": 2}, ""a"": 1}","{""z"": 1}",L,R',
            '"{""a"": 1, ""supplier_ref"": ""R"", ""b"": {""x"": 2, ""y"": 1}}","{""z"": 1, ""lot"": ""L""}",,',
        )
    )
    assert one == other
    assert content_digest(one) == content_digest(other)
