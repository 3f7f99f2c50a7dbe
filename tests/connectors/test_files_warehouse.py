"""The files warehouse: notices that are never made twice, and receipts that are put away."""

# ruff: noqa: E501 - in a table a sentence stays on its line, where it can be compared.
from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.connectors.contract import FailedReceipt, ReceiptDocument, WarehouseConnector
from app.connectors.errors import Rejection
from app.domain.record import digest_of
from tests.connectors.kit import files_below, land, notice, warehouse

STEM = f"PO-1-{digest_of('key-PO-1')[:12]}"
RECEIPT = "receipt_id,po_number,sku,qty_good,received_at"


def wms(root: Path, **settings: Any) -> WarehouseConnector:
    """A files warehouse on the folder `wms`."""
    return warehouse("files", root, folder="wms", **settings)


def out(root: Path) -> list[str]:
    """The files that wait for the warehouse."""
    return sorted(path.name for path in (root / "wms/out").iterdir())


def take(connector: WarehouseConnector) -> list[ReceiptDocument]:
    """Take all receipts; those with a problem are handed back as refused."""
    found: list[ReceiptDocument] = []
    for page in connector.receipts(None):
        found += page.receipts
        connector.acknowledge(page, [FailedReceipt(item, item.problem) for item in page.receipts if item.problem])
    return found


# ---------------------------------------------------------------- notices


def test_a_notice_as_json(tmp_path: Path):
    accepted = wms(tmp_path).create(notice())
    assert accepted.warehouse_ref == STEM
    assert out(tmp_path) == [f"{STEM}.json"]
    data = json.loads((tmp_path / f"wms/out/{STEM}.json").read_text())
    assert (data["action"], data["key"], data["version"], data["po_number"]) == ("create", "key-PO-1", 1, "PO-1")
    assert (data["account"], data["expected_date"]) == ("ACC", "2026-12-01")
    assert [(line["line_key"], line["sku"], line["qty"]) for line in data["lines"]] == [
        ("no:1", "0012", "10"),
        ("no:2", "0012", "5"),
    ]
    assert (data["lines"][1]["pack_size"], data["lines"][1]["line_expected_date"]) == ("6", "2026-12-24")
    assert "cost" not in json.dumps(data)
    assert json.loads(accepted.exchange.request) == data
    assert accepted.exchange.reply == f"Written: wms/out/{STEM}.json"


def test_a_notice_as_csv(tmp_path: Path):
    lines = [replace(notice().lines[0], name="=HYPERLINK(1)")]
    wms(tmp_path, notice_format="csv").create(notice(lines=lines))
    assert out(tmp_path) == [f"{STEM}.csv"]
    assert (tmp_path / f"wms/out/{STEM}.csv").read_text().splitlines() == [
        (
            "action,key,version,po_number,merchant,account,facility,supplier_code,supplier_name,expected_date,notes,"
            "line_key,line_no,source_line_id,sku,supplier_sku,barcode,description,qty,uom,pack_size,line_expected_date"
        ),
        "create,key-PO-1,1,PO-1,Acme,ACC,,S1,Supplier,2026-12-01,,no:1,1,,0012,,,'=HYPERLINK(1),10,EA,,",
    ]


def test_a_notice_that_was_fetched_is_not_written_again(tmp_path: Path):
    wms(tmp_path, notice_format="both").create(notice())
    for name in out(tmp_path):
        (tmp_path / "wms/out" / name).unlink()
    assert wms(tmp_path).create(notice()).warehouse_ref == STEM
    assert out(tmp_path) == []
    found = wms(tmp_path).find(notice())
    assert found is not None
    assert (found.warehouse_ref, found.version) == (STEM, 1)


def test_a_crash_before_our_copy_heals_at_the_next_look(tmp_path: Path):
    wms(tmp_path).create(notice())
    (tmp_path / f"wms/sent/{STEM}.json").unlink()
    assert wms(tmp_path).create(notice()).warehouse_ref == STEM
    (tmp_path / f"wms/out/{STEM}.json").unlink()
    assert wms(tmp_path).find(notice()) is not None


def test_an_update_replaces_the_file_and_keeps_the_name(tmp_path: Path):
    connector = wms(tmp_path)
    connector.create(notice())
    connector.update(notice(version=3, quantity="7"))
    connector.update(notice(version=2, quantity="9"))
    assert out(tmp_path) == [f"{STEM}.json"]
    data = json.loads((tmp_path / f"wms/out/{STEM}.json").read_text())
    assert (data["action"], data["version"], data["lines"][0]["qty"]) == ("update", 3, "7")


def test_a_cancel_takes_back_what_was_not_fetched(tmp_path: Path):
    connector = wms(tmp_path, notice_format="both")
    connector.create(notice())
    connector.cancel(notice(version=2))
    assert out(tmp_path) == [f"{STEM}.cancel.csv", f"{STEM}.cancel.json"]
    assert json.loads((tmp_path / f"wms/out/{STEM}.cancel.json").read_text())["action"] == "cancel"
    before = files_below(tmp_path)
    assert connector.cancel(notice(version=2)).warehouse_ref == STEM
    assert files_below(tmp_path) == before


@pytest.mark.parametrize("call", ["create", "update"])
def test_a_canceled_notice_does_not_come_back(tmp_path: Path, call: str):
    connector = wms(tmp_path)
    connector.create(notice())
    connector.cancel(notice())
    with pytest.raises(Rejection) as caught:
        getattr(connector, call)(notice(version=9))
    assert caught.value.sentence() == (
        "The inbound notice of purchase order PO-1 was canceled at this warehouse. "
        "Reset the purchase order to announce it anew."
    )


def test_two_documents_of_one_number_have_files_of_their_own(tmp_path: Path):
    connector = wms(tmp_path)
    refs = {connector.create(notice(key=key)).warehouse_ref for key in ("one", "two")}
    assert len(refs) == len(out(tmp_path)) == 2
    assert connector.find(notice(key="three")) is None


# ---------------------------------------------------------------- receipts


def test_receipts_are_read_and_archived(tmp_path: Path):
    land(tmp_path / "wms/receipts", "r.csv", f"{RECEIPT}\nR-1,PO-1,0012,5,2026-11-20\nR-2,PO-2,0013,6,2026-11-20\n")
    found = take(wms(tmp_path))
    assert [(item.external_id, item.number, item.lines[0].received) for item in found] == [
        ("R-1", "PO-1", Decimal(5)),
        ("R-2", "PO-2", Decimal(6)),
    ]
    assert list(files_below(tmp_path)) == ["wms/archive/r.csv"]


def test_a_bad_receipt_is_put_aside_with_its_reason(tmp_path: Path):
    land(tmp_path / "wms/receipts", "r.csv", f"{RECEIPT}\nR-1,PO-1,0012,5,2026-11-20\nR-2,PO-2,0013,x,2026-11-20\n")
    good, bad = take(wms(tmp_path))
    assert (good.problem, bool(bad.problem)) == ("", True)
    assert list(files_below(tmp_path)) == ["wms/archive/r.csv", "wms/error/r.csv", "wms/error/r.csv.reason.txt"]
    assert (tmp_path / "wms/error/r.csv").read_text() == f"{RECEIPT}\nR-2,PO-2,0013,x,2026-11-20\n"
    assert (tmp_path / "wms/error/r.csv.reason.txt").read_text().splitlines() == [
        "r.csv: 1 of 2 records refused. The others were taken.",
        "",
        "row 3: Receipt R-2, row 3, column qty_good: “x” is not a number. Write digits and a decimal point, such as 12.5.",
    ]


def test_a_file_nobody_can_read_is_put_aside(tmp_path: Path):
    land(tmp_path / "wms/receipts", "r.csv", "PK\x03\x04")
    (found,) = take(wms(tmp_path))
    assert found.problem == (
        "The file r.csv cannot be read. The file is a spreadsheet or a ZIP archive. "
        "Export it as “CSV UTF-8” and send that."
    )
    assert list(files_below(tmp_path)) == ["wms/error/r.csv", "wms/error/r.csv.reason.txt"]


def test_one_refused_order_of_a_receipt_does_not_take_the_other_with_it(tmp_path: Path):
    data = {
        "receipt_id": "R-1",
        "received_at": "2026-11-20",
        "lines": [{"po_number": "A", "sku": "a", "qty_good": 1}, {"po_number": "B", "sku": "b", "qty_good": "x"}],
    }
    land(tmp_path / "wms/receipts", "r.json", json.dumps(data))
    found = take(wms(tmp_path))
    assert [(item.number, bool(item.problem)) for item in found] == [("A", False), ("", True)]
    assert list(files_below(tmp_path)) == ["wms/archive/r.json", "wms/error/r.json", "wms/error/r.json.reason.txt"]
    assert json.loads((tmp_path / "wms/error/r.json").read_text()) == [data]


@pytest.mark.parametrize(("chosen", "cumulative"), [("delta", False), ("cumulative", True)])
def test_a_warehouse_may_report_totals(tmp_path: Path, chosen: str, cumulative: bool):
    land(tmp_path / "wms/receipts", "r.csv", f"{RECEIPT}\nR-1,PO-1,0012,5,2026-11-20\n")
    (found,) = take(wms(tmp_path, receipt_quantities=chosen))
    assert found.cumulative is cumulative
