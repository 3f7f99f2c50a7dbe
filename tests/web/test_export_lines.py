"""The file of lines: our own files connector imports it again, record by record; and what each role gets of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.connectors.contract import ImportWindow, OrderPage, RawDocument
from app.connectors.formats import csv_rows
from app.connectors.formats.order_files import LAYOUT, map_order, order_pieces
from app.connectors.formats.values import Reading
from app.domain.people import SYSTEM
from app.domain.record import LineRecord, PurchaseOrderRecord, ShipTo, SourceState, check, content_digest
from app.domain.states import PoStatus
from app.models import LineItem, PurchaseOrder, ScheduleKind
from app.queries import exports
from app.services import importing, runs
from tests.connectors.kit import land, source
from tests.web.people import Stage

LINES = "/purchase-orders/export-lines"
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
# What a spreadsheet would run, and what a CSV file must quote. Space around a text is taken off by every import.
HARD = (
    "=1+1", "+49 30 1", "-007", "@home", "'=x", "''-y", "'plain", 'a "quoted" word', "comma, semi; bar|", "one\ntwo",
    "one\r\ntwo", "one\rtwo", "tab\tbetween", "Ünal & Söhne „KG“", "日本語 🚢", "00417", "007.50", "1E5", "#N/A",
    "NULL", "{not json", "-", "=", "\\N", "%s", "'",
)  # fmt: skip


def line(number: int, sku: str, **values: Any) -> LineRecord:
    """A line with a quantity of its own."""
    return LineRecord(**{"line_number": number, "sku": sku, "quantity": Decimal(number + 1), **values})


def records() -> list[PurchaseOrderRecord]:
    """Orders with whatever a column can hold."""
    full = PurchaseOrderRecord(
        external_id="0001-a", number="0042", revision=3, buyer_name="Ünal, „Söhne“", supplier_code="0012",
        supplier_name="=Loom & Thread", ordered_at=datetime(2026, 3, 1, 23, 30, 15, 250_000, tzinfo=UTC),
        due_date=date(2026, 12, 31), currency="EUR", notes="Line one\n=line two", tags=["rush", "a,b", "c;d"],
        location="EAST-1", ship_to=ShipTo("E1", "East, dock", "Köln", "NW", "DE"),
        updated_at=datetime(2026, 3, 2, 1, 2, 3, tzinfo=UTC),
        custom={"": "empty name", "deep": {"list": [1, None, True, " x "]}, "f": 0.25, "n": -5, "supplier_ref": "=R"},
        lines=[
            line(0, "00417", quantity=Decimal("0.000001")),
            line(0, "00417", quantity=Decimal(0), unit_cost=Decimal("-2.5")),
            line(7, "00417", source_line_id="=L1", barcode="0012345678905", unit_cost=Decimal("8.90")),
            line(7, "x", received_before=Decimal("1.5"), unit_of_measure="CS", pack_size=Decimal("6.000001"),
                 expected_date=date(2026, 4, 1),
                 custom={"expiry": "2027-01-01", "lot": "-9", "shelf": {"a": 1, "bbb": 2, "cc": 3}}),
            line(9, "x", quantity=Decimal("99999999999.999999"), unit_cost=Decimal(0)),
        ],
    )  # fmt: skip
    plain = PurchaseOrderRecord(external_id="only", number="only", lines=[line(1, "s")])
    same_number = replace(full, external_id="0001-b", tags=['["'], custom={}, lines=[line(1, "s", name="Other")])
    hard = [
        PurchaseOrderRecord(
            external_id=f"{text}/{at}", number=text, buyer_name=text, supplier_code=text, supplier_name=text,
            notes=text, tags=[text], location=text, ship_to=ShipTo(text, text, text, text, text), custom={text: text},
            lines=[
                line(0, text, source_line_id=text, supplier_sku=text, barcode=text, name=text, unit_of_measure=text,
                     custom={text: text}),
                line(0, text, quantity=Decimal(0)),
            ],
        )
        for at, text in enumerate(HARD)
    ]  # fmt: skip
    return [check(record) for record in (full, plain, same_number, *hard)]


@pytest.fixture
def stored(stage: Stage) -> list[PurchaseOrderRecord]:
    """The same records, imported by the import itself into the connection of the stage."""
    wanted = records()
    connection = stage.make.connection(import_from=datetime(2020, 1, 1, tzinfo=UTC), time_zone="Asia/Tokyo")
    runs.run_now(connection.id, ScheduleKind.IMPORT, SYSTEM)
    lease = runs.claim_queued("test")
    assert lease is not None
    documents = [RawDocument(f"text {at}", str(at)) for at in range(len(wanted))]
    page = OrderPage(documents, {"page": 1})
    result = importing.save_page(
        lease, importing.plan(lease), page, lambda document: wanted[int(document.reference)], "1"
    )
    assert [failed.reason for failed in result.failed] == []
    assert result.new == len(wanted)
    return wanted


def exported(stage: Stage, name: str = "admin", **asked: Any) -> bytes:
    """The file of lines."""
    answer = stage.person(name).get(LINES, query_string=asked)
    assert answer.status_code == 200
    return answer.get_data()


def imported(content: bytes, root: Path) -> Iterator[PurchaseOrderRecord]:
    """What the files connector makes of a file that was dropped for it."""
    land(root / "erp/in", "export.csv", content)
    connector = source("files", root, folder="erp")
    for page in connector.pages(ImportWindow()):
        for document in page.documents:
            assert document.problem == ""
            yield connector.map_order(document)


def rows(content: bytes) -> list[dict[str, str]]:
    """The rows by their titles."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_files_connector_imports_it_again_record_by_record(
    stage: Stage, stored: list[PurchaseOrderRecord], tmp_path: Path
) -> None:
    with Session(stage.make.engine) as session:
        newest = session.scalars(select(PurchaseOrder.connection_id).order_by(PurchaseOrder.id.desc()).limit(1)).one()
    found = list(imported(exported(stage, connection=newest), tmp_path))
    # Newest first; the source's own word for its state is the file's, the state itself is the same.
    assert [replace(record, source_status="") for record in found] == list(reversed(stored))
    assert [content_digest(record) for record in found] == [content_digest(record) for record in reversed(stored)]
    assert {record.source_status for record in found} == {"open"}


def test_a_second_round_is_the_same_file(stage: Stage, stored: list[PurchaseOrderRecord], tmp_path: Path) -> None:
    first = exported(stage, "support")
    titles = set(rows(first)[0])
    assert {name for name in titles if not name.startswith("inlet_")} == set(LAYOUT.header) - {"supplier_ref"} | set(
        LAYOUT.line
    ) - {"lot", "expiry"} | {"custom", "line_custom"}
    assert len(rows(first)) == sum(len(record.lines) for record in stored) + 6
    pieces = list(order_pieces("again.csv", lambda: io.BytesIO(first)))
    assert len(pieces) == len(stored) + 2
    assert [piece.problem for piece in pieces] == [""] * len(pieces)


@pytest.mark.parametrize("sizes", [(1, 1, 1), (2, 3, 4), (50_000, 7, 2), (3, 2_000, 5_000)])
def test_the_file_does_not_depend_on_the_size_of_the_batches(
    stage: Stage, stored: list[PurchaseOrderRecord], monkeypatch: pytest.MonkeyPatch, sizes: Sequence[int]
) -> None:
    whole = exported(stage)
    for name, size in zip(("IDS_AT_ONCE", "ORDERS_AT_ONCE", "LINES_AT_ONCE"), sizes, strict=True):
        monkeypatch.setattr(exports, name, size)
    assert exported(stage) == whole


def test_no_cell_of_a_text_begins_like_a_formula(stage: Stage, stored: list[PurchaseOrderRecord]) -> None:
    found = rows(exported(stage))
    running = {(name, value) for row in found for name, value in row.items() if value.startswith(tuple("=+-@\t\r"))}
    # The only number below zero is a number still.
    assert running == {("unit_cost", "-2.5")}
    assert {row["sku"] for row in found} >= {"'=1+1", "'+49 30 1", "'-007", "'@home", "''=x", "'''-y", "'plain"}


@pytest.mark.parametrize("sign", ["\t", "\r"])
def test_space_before_a_text_is_guarded_and_taken_off_by_the_import(stage: Stage, sign: str) -> None:
    # No import brings such a text; a form may.
    order = stage.make.purchase_order(stage.mine.connection, lines=1, buyer_name=f"{sign}=1+1")
    content = exported(stage, q=order.number)
    assert [row["buyer_name"] for row in rows(content)] == [f"'{sign}=1+1"]
    (piece,) = order_pieces("a.csv", lambda: io.BytesIO(content))
    assert map_order(piece.text, piece.data, Reading(ZoneInfo("UTC"))).buyer_name == "=1+1"


def test_todays_values_are_exported_and_not_those_of_the_import(stage: Stage, tmp_path: Path) -> None:
    order = stage.make.purchase_order(
        stage.mine.connection, buyer_name="Edited", location="WEST", source_state=SourceState.CANCELED.value
    )
    with Session(stage.make.engine) as session:
        session.execute(update(LineItem).where(LineItem.purchase_order_id == order.id).values(sku="New sku"))
        session.commit()
    (found,) = imported(exported(stage, q=order.number), tmp_path)
    assert (found.buyer_name, found.location, found.state) == ("Edited", "WEST", SourceState.CANCELED)
    assert [item.sku for item in found.lines] == ["New sku"] * 2


def test_how_a_line_fares_here_stands_behind_and_an_import_reads_past_it(stage: Stage, tmp_path: Path) -> None:
    order = stage.make.purchase_order(stage.mine.connection, status=PoStatus.PARTIALLY_RECEIVED, lines=3)
    first, second, third = stage.make.lines_of(order)
    with Session(stage.make.engine) as session:
        for item, values in (
            (first, {"received": Decimal("4.5"), "damaged": Decimal("0.5")}),
            (second, {"closed_short_quantity": Decimal(10), "closed_short_reason": "gone"}),
            (third, {"left_out_by": "Leave out samples"}),
        ):
            session.execute(update(LineItem).where(LineItem.id == item.id).values(values))
        session.commit()
    content = exported(stage, "merchant", q=order.number)
    told = [[row[f"inlet_{name}"] for name in NAMES] for row in rows(content)]
    assert told == [
        ["Partially Received", "4.5", "0.5", "0", ""],
        ["Partially Received", "0", "0", "10", ""],
        ["Partially Received", "0", "0", "0", "yes"],
    ]
    (found,) = imported(content, tmp_path)
    assert [item.received_before for item in found.lines] == [Decimal(0)] * 3


NAMES = ("status", "received", "damaged", "closed_short", "left_out")


@pytest.fixture
def telling(stage: Stage) -> PurchaseOrder:
    """An order of one line in which every value that somebody may not see is easy to find."""
    record = line(1, "0042", name="Apron", unit_cost=Decimal("777.77"), custom={"lot": "777.77"}, barcode="00")
    order = stage.make.purchase_order(
        stage.mine.connection, status=PoStatus.OPEN, lines=[record], number="N-1", external_id="E-1", revision=2,
        notes="A rule wrote 777.77", tags=["secret-tag"], location="secret-place", custom={"price": "777.77"},
        status_reason="secret reason", held_by="secret rule", currency="EUR", buyer_name="Buyer", supplier_code="S",
        ship_to={"code": "C", "city": "Köln"}, source_updated_at=NOON,
    )  # fmt: skip
    assert order.total_cost == Decimal("1555.54")
    with Session(stage.make.engine) as session:
        session.execute(update(LineItem).where(LineItem.purchase_order_id == order.id).values(custom=record.custom))
        session.commit()
    return order


MERCHANT = (
    "po_number,external_id,revision,status,buyer_name,supplier_code,supplier_name,order_date,expected_date,"
    "warehouse_code,currency,notes,tags,updated_at,ship_to_code,ship_to_name,ship_to_city,ship_to_region,"
    "ship_to_country,custom,inlet_status,line_no,source_line_id,sku,supplier_sku,barcode,description,qty,qty_received,"
    "uom,pack_size,unit_cost,line_expected_date,line_custom,inlet_received,inlet_damaged,inlet_closed_short,"
    "inlet_left_out\r\n"
    "N-1,E-1,2,open,Buyer,S,Acme Supplies,2026-03-04T12:00:00+00:00,2026-03-20,secret-place,EUR,A rule wrote 777.77,"
    'secret-tag,2026-03-04T12:00:00+00:00,C,,Köln,,,"{""price"": ""777.77""}",Open,1,,0042,,00,Apron,2,0,,,777.77,,'
    '"{""lot"": ""777.77""}",0,0,0,\r\n'
)
PARTNER = (
    "po_number,buyer_name,supplier_code,supplier_name,order_date,expected_date,notes,ship_to_code,ship_to_name,"
    "ship_to_city,ship_to_region,ship_to_country,inlet_status,line_no,source_line_id,sku,supplier_sku,barcode,"
    "description,qty,qty_received,uom,pack_size,line_expected_date,inlet_received,inlet_damaged,inlet_closed_short,"
    "inlet_left_out\r\n"
    "N-1,Buyer,S,Acme Supplies,2026-03-04T12:00:00+00:00,2026-03-20,Dock 3,C,,Köln,,,Open,1,,0042,,00,Apron,2,0,,,,"
    "0,0,0,\r\n"
)


@pytest.mark.parametrize(
    ("name", "content"),
    [("admin", MERCHANT), ("support", MERCHANT), ("limited", MERCHANT), ("merchant", MERCHANT), ("partner", PARTNER)],
)
def test_the_file_of_each_role_byte_by_byte(stage: Stage, telling: PurchaseOrder, name: str, content: str) -> None:
    assert exported(stage, name, q="N-1") == "\ufeff".encode() + content.encode()


def test_a_partners_file_can_be_read_as_an_order_too(stage: Stage, telling: PurchaseOrder, tmp_path: Path) -> None:
    (found,) = imported(exported(stage, "partner", q="N-1"), tmp_path)
    assert (found.number, found.external_id, found.notes) == ("N-1", "N-1", "Dock 3")
    assert [(item.sku, item.quantity, item.unit_cost) for item in found.lines] == [("0042", Decimal(2), None)]


def test_the_lines_of_a_large_order_come_in_their_order(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    order = stage.make.purchase_order(stage.mine.connection, lines=60, status=PoStatus.OPEN, lines_count=3)
    monkeypatch.setattr(exports, "LINES_AT_ONCE", 7)
    for name in ("admin", "partner"):
        found = [row["sku"] for row in rows(exported(stage, name)) if row["po_number"] == order.number]
        assert found == [f"SKU-{n:04}" for n in range(1, 61)]


def test_every_title_is_one_that_the_import_knows_or_reads_past(stage: Stage) -> None:
    # A title that is read by mistake as another column would change orders on their way back.
    columns, _ = csv_rows.parsed(exported(stage).decode("utf-8-sig"), LAYOUT)
    named = dict(zip(columns.titles, columns.names, strict=True))
    assert {title: name for title, name in named.items() if name != title} == dict.fromkeys(
        ["custom", "line_custom", *(f"inlet_{name}" for name in NAMES)], ""
    )
    assert [(group, name) for _, group, name in columns.customs] == [(csv_rows.HEADER_CUSTOM, ""), ("custom", "")]
