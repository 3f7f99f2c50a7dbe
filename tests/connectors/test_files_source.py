"""The files source: which files are taken, where they go, what is told about the refused ones, and status files."""

# ruff: noqa: E501 - in a table a sentence stays on its line, where it can be compared.
from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from app.connectors.contract import FailedDocument, ImportWindow, OrderPage, SourceConnector
from app.connectors.errors import Rejection
from app.connectors.formats import pieces
from app.domain.errors import BadRecord, BadSettings
from app.domain.record import content_digest
from tests.connectors.kit import LONG_AGO, NOON, Clock, files_below, land, message, order, orders_csv, source, walk

ONE = json.dumps(order("PO-1"))


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    return tmp_path / "erp/in"


def erp(root: Path, clock: Clock | None = None, **settings: Any) -> SourceConnector:
    """A files source on the folder `erp`."""
    return source("files", root, clock, folder="erp", **settings)


def names(root: Path) -> list[str]:
    """The files below the source's folder."""
    return [name.removeprefix("erp/") for name in files_below(root)]


def take(connector: SourceConnector, window: ImportWindow | None = None) -> tuple[list[str], list[FailedDocument]]:
    """Take everything as the importer does: map, commit, hand back what was refused."""
    taken: list[str] = []
    refused: list[FailedDocument] = []
    for page in connector.pages(window or ImportWindow()):
        failed = _failed(connector, page, taken)
        connector.acknowledge(page, failed)
        refused += failed
    return taken, refused


def _failed(connector: SourceConnector, page: OrderPage, taken: list[str]) -> list[FailedDocument]:
    failed = []
    for document in page.documents:
        try:
            if document.problem:
                raise BadRecord(document.problem)
            taken.append(connector.map_order(document).number)
        except BadRecord as error:
            failed.append(FailedDocument(document, error.sentence()))
    return failed


# ---------------------------------------------------------------- which files


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("orders.csv", True),
        ("ORDERS.CSV", True),
        ("orders.txt", True),
        ("orders.json", True),
        ("orders.ndjson", True),
        ("orders.csv.tmp", False),
        ("orders.csv.part", False),
        ("orders.csv.filepart", False),
        ("orders.tmp", False),
        (".orders.csv", False),
        ("~orders.csv", False),
        ("orders.csv.done", False),
        ("orders.xlsx", False),
        ("README.md", False),
    ],
)
def test_only_finished_files_that_match_are_taken(tmp_path: Path, inbox: Path, name: str, taken: bool):
    content = ONE if "json" in name else orders_csv("PO-1,1,x,1")
    land(inbox, name, content)
    assert take(erp(tmp_path))[0] == (["PO-1"] if taken else [])
    assert names(tmp_path) == ([f"archive/{name}"] if taken else [f"in/{name}"])


def test_patterns_can_be_chosen(tmp_path: Path, inbox: Path):
    land(inbox, "po-1.json", json.dumps(order("A")))
    land(inbox, "asn-1.json", json.dumps(order("B")))
    land(inbox, "x.edi", json.dumps(order("C")))
    assert take(erp(tmp_path, patterns=" PO-*.json , other*"))[0] == ["A"]
    half = land(inbox, "po-2.csv.part", orders_csv("HALF,1,x,1"))
    assert (take(erp(tmp_path, patterns="*.part")), half.exists()) == (([], []), True)
    with pytest.raises(BadSettings, match=r"^There is no file name pattern\.$"):
        erp(tmp_path, patterns=" , ")


def test_the_oldest_file_comes_first(tmp_path: Path, inbox: Path):
    for name, age in (("c.json", 300), ("a.json", 100), ("b.json", 200), ("d.json", 100)):
        land(inbox, name, json.dumps(order(name)), LONG_AGO - age)
    assert take(erp(tmp_path))[0] == ["c.json", "b.json", "a.json", "d.json"]


def test_a_file_is_left_alone_until_it_rests(tmp_path: Path, inbox: Path):
    clock = Clock()
    path = land(inbox, "a.json", ONE, NOON.timestamp() - 1)
    assert take(erp(tmp_path, clock))[0] == []
    assert path.exists()
    clock.now = NOON + timedelta(seconds=1)
    assert take(erp(tmp_path, clock))[0] == ["PO-1"]


def test_a_clock_that_runs_ahead_elsewhere_only_needs_two_looks(tmp_path: Path, inbox: Path):
    clock = Clock()
    land(inbox, "a.json", ONE, NOON.timestamp() + 7200)
    first = list(erp(tmp_path, clock).pages(ImportWindow()))
    assert [len(page.documents) for page in first] == [0]
    cursor = json.loads(json.dumps(dict(first[0].cursor)))
    clock.now = NOON + timedelta(seconds=1)
    assert list(erp(tmp_path, clock).pages(ImportWindow(cursor=cursor))) == []
    clock.now = NOON + timedelta(seconds=2)
    connector = erp(tmp_path, clock)
    pages = walk(connector, ImportWindow(cursor=cursor))
    assert [len(page.documents) for page in pages] == [1]
    assert dict(pages[0].cursor) == {}


def test_a_file_that_grew_between_two_looks_is_not_ready(tmp_path: Path, inbox: Path):
    clock = Clock()
    later = NOON.timestamp() + 7200
    land(inbox, "a.json", ONE, later)
    (page,) = erp(tmp_path, clock).pages(ImportWindow())
    clock.now = NOON + timedelta(seconds=60)
    land(inbox, "a.json", ONE + "\n" + ONE, later)
    (page,) = erp(tmp_path, clock).pages(ImportWindow(cursor=page.cursor))
    assert list(page.documents) == []


@pytest.mark.parametrize("marker", ["a.json.done", "a.json.ok", "a.done"])
def test_a_marker_makes_a_file_ready_and_goes_with_it(tmp_path: Path, inbox: Path, marker: str):
    land(inbox, "a.json", ONE, NOON.timestamp())
    assert take(erp(tmp_path))[0] == []
    land(inbox, marker, "")
    assert take(erp(tmp_path))[0] == ["PO-1"]
    assert names(tmp_path) == ["archive/a.json"]


def test_a_marker_can_be_demanded(tmp_path: Path, inbox: Path):
    land(inbox, "a.json", ONE)
    assert take(erp(tmp_path, needs_marker=True))[0] == []
    land(inbox, "a.json.done", "")
    assert take(erp(tmp_path, needs_marker=True))[0] == ["PO-1"]


def test_a_file_that_is_replaced_while_it_is_read_stays(tmp_path: Path, inbox: Path):
    land(inbox, "a.json", ONE)
    connector = erp(tmp_path)
    (page,) = connector.pages(ImportWindow())
    land(inbox, "a.json", json.dumps(order("PO-2")), LONG_AGO + 1)
    connector.acknowledge(page, [])
    assert take(erp(tmp_path))[0] == ["PO-2"]


def test_a_file_that_another_took_away_is_no_error(tmp_path: Path, inbox: Path):
    path = land(inbox, "a.json", ONE)
    connector = erp(tmp_path)
    (page,) = connector.pages(ImportWindow())
    path.unlink()
    connector.acknowledge(page, [])
    assert names(tmp_path) == []


def test_two_who_share_a_folder_lose_nothing(tmp_path: Path, inbox: Path):
    for at in range(40):
        land(inbox, f"{at:02}.csv", orders_csv(*(f"P{at}-{row},1,x,1" for row in range(20))))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: take(erp(tmp_path)), range(4)))
    taken = {number for numbers, _ in found for number in numbers}
    assert taken == {f"P{at}-{row}" for at in range(40) for row in range(20)}
    assert [refused for _, refused in found] == [[], [], [], []]
    assert names(tmp_path) == [f"archive/{at:02}.csv" for at in range(40)]


def test_a_file_that_is_gone_when_its_turn_comes_is_left_out(tmp_path: Path, inbox: Path):
    land(inbox, "a.json", json.dumps([order(f"A{at}") for at in range(201)]), LONG_AGO - 1)
    path = land(inbox, "b.json", ONE)
    connector = erp(tmp_path)
    pages = connector.pages(ImportWindow())
    first = next(pages)
    path.unlink()
    assert [len(page.documents) for page in (first, *pages)] == [200, 1]


# ---------------------------------------------------------------- pages


def test_small_files_share_a_page_and_large_ones_take_several(tmp_path: Path, inbox: Path):
    land(inbox, "a.json", json.dumps([order(f"A{at}") for at in range(150)]), LONG_AGO - 3)
    land(inbox, "b.csv", orders_csv(*(f"B{at},1,x,1" for at in range(150))), LONG_AGO - 2)
    land(inbox, "c.json", json.dumps([order(f"C{at}") for at in range(100)]), LONG_AGO - 1)
    connector = erp(tmp_path)
    seen = []
    for page in connector.pages(ImportWindow()):
        connector.acknowledge(page, [])
        seen.append((len(page.documents), [name for name in names(tmp_path) if name.startswith("archive/")]))
    assert seen == [(200, ["archive/a.json"]), (200, ["archive/a.json", "archive/b.csv", "archive/c.json"])]


def test_a_file_without_orders_is_put_away(tmp_path: Path, inbox: Path):
    land(inbox, "a.csv", "po_number,sku,qty\n")
    assert take(erp(tmp_path)) == ([], [])
    assert names(tmp_path) == ["archive/a.csv"]


def test_references_tell_file_and_place(tmp_path: Path, inbox: Path):
    land(inbox, "a.csv", orders_csv("A,1,x,1", "A,2,x,1", "B,1,x,1"), LONG_AGO - 2)
    land(inbox, "b.json", f"[{ONE}]", LONG_AGO - 1)
    (page,) = erp(tmp_path).pages(ImportWindow())
    assert [document.reference for document in page.documents] == [
        "a.csv, rows 2-3",
        "a.csv, row 4",
        "b.json, record 1",
    ]


def test_a_folder_gives_no_single_orders(tmp_path: Path):
    with pytest.raises(Rejection, match=r"^A folder cannot be asked for single purchase orders\.$"):
        list(erp(tmp_path).pages(ImportWindow(number="PO-1")))


# ---------------------------------------------------------------- where files go


def test_the_same_name_again_gets_time_and_digest(tmp_path: Path, inbox: Path):
    for number in ("PO-1", "PO-2"):
        land(inbox, "a.json", json.dumps(order(number)))
        assert take(erp(tmp_path))[0] == [number]
    digest = sha256(json.dumps(order("PO-2")).encode()).hexdigest()[:8]
    assert names(tmp_path) == [f"archive/a-20261123T120000-{digest}.json", "archive/a.json"]


def test_the_same_file_again_says_the_same(tmp_path: Path, inbox: Path):
    digests = []
    for name in ("a.csv", "a.csv", "other.csv"):
        land(inbox, name, orders_csv("A,1,x,1", "B,1,x,2"))
        connector = erp(tmp_path)
        (page,) = walk(connector)
        digests.append([(item.text, content_digest(connector.map_order(item))) for item in page.documents])
    assert digests[0] == digests[1] == digests[2]


def test_one_more_row_changes_only_its_own_order(tmp_path: Path, inbox: Path):
    rows = ["A,1,x,1", "B,1,x,2"]
    found = []
    for extra in ([], ["B,2,y,3"]):
        land(inbox, "a.csv", orders_csv(*rows, *extra))
        (page,) = walk(erp(tmp_path))
        found.append([item.text for item in page.documents])
    assert found[0][0] == found[1][0]
    assert found[0][1] != found[1][1]


def test_a_partly_good_file_leaves_the_refused_orders_and_their_reasons(tmp_path: Path, inbox: Path):
    land(inbox, "a.csv", orders_csv("A,1,x,1", "BAD,1,x,many", "B,1,y,2", "BAD,2,x,3", "WORSE,1,,1"))
    taken, refused = take(erp(tmp_path))
    assert (taken, len(refused)) == (["A", "B"], 2)
    assert names(tmp_path) == ["archive/a.csv", "error/a.csv", "error/a.csv.reason.txt"]
    rest = (tmp_path / "erp/error/a.csv").read_text()
    assert rest == "po_number,line_no,sku,qty\nBAD,1,x,many\nBAD,2,x,3\nWORSE,1,,1\n"
    assert (tmp_path / "erp/error/a.csv.reason.txt").read_text().splitlines() == [
        "a.csv: 2 of 4 records refused. The others were taken.",
        "",
        (
            "rows 3 to 5: Purchase order BAD, row 3, column qty: “many” is not a number. "
            "Write digits and a decimal point, such as 12.5."
        ),
        "row 6: Purchase order WORSE, row 6, column sku: nothing is filled in. Fill it in and send the record again.",
    ]
    land(inbox, "mended.csv", rest.replace("many", "4").replace("WORSE,1,,1", "WORSE,1,z,1"))
    assert take(erp(tmp_path)) == (["BAD", "WORSE"], [])


def test_a_partly_good_json_file_leaves_json(tmp_path: Path, inbox: Path):
    broken = '{"po_number": "C", "lines": }'
    before = f"[{ONE}, {json.dumps(order('B', lines=0))}, "
    land(inbox, "a.json", f"{before}{broken}]")
    assert take(erp(tmp_path))[0] == ["PO-1"]
    assert (tmp_path / "erp/error/a.json").read_text() == f"[\n{json.dumps(order('B', lines=0))},\n{broken}\n]\n"
    assert (tmp_path / "erp/error/a.json.reason.txt").read_text().splitlines()[2:] == [
        "record 2: Purchase order B has no lines. Send at least one line with a quantity.",
        f"record 3: This record is not valid JSON: Expecting value at line 1, column {len(before) + broken.index('}') + 1}.",
    ]


def test_a_file_of_which_all_is_refused_moves_as_it_is(tmp_path: Path, inbox: Path):
    content = "po_number,sku,qty\r\nA,x,many\r\n"
    land(inbox, "a.csv", content)
    assert take(erp(tmp_path))[0] == []
    assert names(tmp_path) == ["error/a.csv", "error/a.csv.reason.txt"]
    assert (tmp_path / "erp/error/a.csv").read_bytes() == content.encode()
    first = (tmp_path / "erp/error/a.csv.reason.txt").read_text().splitlines()[0]
    assert first == "a.csv: 1 of 1 records refused. Nothing of it was taken."


def test_a_file_nobody_can_read_is_told_and_the_next_one_is_taken(tmp_path: Path, inbox: Path):
    land(inbox, "a.csv", "no header here\n1,2\n", LONG_AGO - 5)
    land(inbox, "b.json", ONE)
    taken, refused = take(erp(tmp_path))
    words = (
        "The file a.csv cannot be read. The first row “no header here” is no header. "
        "Start the file with the column names: po_number, sku, qty, …"
    )
    assert (taken, [item.reason for item in refused]) == (["PO-1"], [words])
    assert names(tmp_path) == ["archive/b.json", "error/a.csv", "error/a.csv.reason.txt"]
    assert (tmp_path / "erp/error/a.csv.reason.txt").read_text().splitlines()[2] == f"the whole file: {words}"


def test_a_file_that_is_too_large_is_not_opened(tmp_path: Path, inbox: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pieces, "MAX_BYTES", 10)
    land(inbox, "a.json", ONE)
    (failed,) = take(erp(tmp_path))[1]
    assert failed.reason.startswith("The file a.json cannot be read. The file is larger than 0 MB.")


def test_refusals_are_gathered_over_the_pages_of_a_file(tmp_path: Path, inbox: Path):
    rows = [f"P{at},1,x,{'bad' if at in (3, 250) else 1}" for at in range(300)]
    land(inbox, "a.csv", orders_csv(*rows))
    taken, refused = take(erp(tmp_path))
    assert (len(taken), len(refused)) == (298, 2)
    assert (tmp_path / "erp/error/a.csv").read_text().splitlines()[1:] == ["P3,1,x,bad", "P250,1,x,bad"]


def test_a_name_that_is_no_text_is_taken_all_the_same(tmp_path: Path, inbox: Path):
    path = land(inbox, "a.json", ONE)
    path.rename(inbox / "caf\udce9.json")
    connector = erp(tmp_path)
    (page,) = walk(connector)
    assert page.documents[0].reference == "caf\\xE9.json, record 1"
    assert list(inbox.iterdir()) == []


def test_a_very_long_name_is_shortened_in_the_archive(tmp_path: Path, inbox: Path):
    land(inbox, "x" * 245 + ".json", ONE)
    assert take(erp(tmp_path))[0] == ["PO-1"]
    (kept,) = (tmp_path / "erp/archive").iterdir()
    assert kept.name.startswith("x" * 60 + "-20261123T120000-")


# ---------------------------------------------------------------- status files


def test_a_status_file_tells_absolute_quantities(tmp_path: Path):
    confirmed = erp(tmp_path).push_status(message())
    assert confirmed.reference == "PO-1-1"
    data = json.loads((tmp_path / "erp/status/PO-1-1.json").read_text())
    assert data == {
        "key": "status-PO-1-1", "version": 1, "po_number": "PO-1", "external_id": "PO-1", "status": "received",
        "at": "2026-11-23T12:00:00+00:00",
        "lines": [{
            "line_key": "no:1", "line_no": 1, "source_line_id": "", "sku": "0012", "qty_ordered": "10",
            "qty_received": "10", "qty_damaged": "1", "qty_closed_short": "0", "qty_booked": "4", "qty_to_book": "6",
            "uom": "",
        }],
        "receipts": [{
            "receipt_id": "R-1", "received_at": "2026-11-23T12:00:00+00:00", "final": True,
            "lines": [{"line_key": "no:1", "sku": "0012", "qty_received": "10", "qty_damaged": "1"}],
        }],
    }  # fmt: skip
    assert json.loads(confirmed.exchange.request) == data


@pytest.mark.parametrize(
    ("chosen", "written"),
    [("json", ["PO-1-1.json"]), ("csv", ["PO-1-1.csv"]), ("both", ["PO-1-1.csv", "PO-1-1.json"])],
)
def test_status_formats(tmp_path: Path, chosen: str, written: list[str]):
    connector = erp(tmp_path, status_format=chosen)
    assert connector.find_status(message()) is None
    connector.push_status(message())
    assert sorted(path.name for path in (tmp_path / "erp/status").iterdir()) == written
    assert connector.find_status(message()) is not None
    assert connector.find_status(message(key="another")) is None


def test_a_status_as_csv(tmp_path: Path):
    erp(tmp_path, status_format="csv").push_status(message())
    assert (tmp_path / "erp/status/PO-1-1.csv").read_text().splitlines() == [
        (
            "key,version,po_number,external_id,status,at,line_key,line_no,source_line_id,sku,"
            "qty_ordered,qty_received,qty_damaged,qty_closed_short,uom"
        ),
        "status-PO-1-1,1,PO-1,PO-1,received,2026-11-23T12:00:00+00:00,no:1,1,,0012,10,10,1,0,",
    ]


def test_orders_that_share_a_number_have_files_of_their_own(tmp_path: Path):
    connector = erp(tmp_path)
    for external_id in ("gid/1", "gid/2"):
        connector.push_status(message(external_id=external_id, key=external_id))
    assert len(list((tmp_path / "erp/status").iterdir())) == 2


def test_a_damaged_status_file_is_not_taken_for_ours(tmp_path: Path):
    connector = erp(tmp_path)
    land(tmp_path / "erp/status", "PO-1-1.json", "{")
    assert connector.find_status(message()) is None
    connector.push_status(message())
    assert connector.find_status(message()) is not None


def test_findings_count_what_waits(tmp_path: Path, inbox: Path):
    land(inbox, "a.json", ONE)
    land(inbox, "a.tmp", ONE)
    findings = erp(tmp_path).test()
    assert [finding.ok for finding in findings] == [True] * 5
    assert (findings[-1].subject, findings[-1].message) == ("Files", "Waiting in in: 1.")
