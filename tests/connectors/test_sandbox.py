"""The sandbox: its books, its faults, which come again with the same seed, and its receipts."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.connectors import door
from app.connectors.contract import ImportWindow, ReceiptDocument, SourceConnector, WarehouseConnector
from app.connectors.errors import Ambiguous, Rejection, Retriable
from app.connectors.sandbox import Ledger, ledger_path
from tests.connectors.kit import NOON, message, notice, order, source, texts, walk, warehouse


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(ledger_path(tmp_path, "sandbox"))


def reader(root: Path, **settings: Any) -> SourceConnector:
    """A sandbox source."""
    return source("sandbox", root, **settings)


def keeper(root: Path, account: str = "", **settings: Any) -> WarehouseConnector:
    """A sandbox warehouse."""
    return warehouse("sandbox", root, account=account, **settings)


def reported(connector: WarehouseConnector, cursor: Any = None) -> list[ReceiptDocument]:
    """All receipts since the cursor."""
    return [item for page in connector.receipts(cursor) for item in page.receipts]


def outcomes(call: Callable[[], object], times: int) -> list[str]:
    """What each of so many calls came to."""
    found = []
    for _ in range(times):
        try:
            call()
            found.append("accepted")
        except (Retriable, Rejection) as error:
            found.append(type(error).__name__)
    return found


# ---------------------------------------------------------------- the books


def test_every_call_is_logged_with_its_outcome(tmp_path: Path, ledger: Ledger):
    keeper(tmp_path).create(notice())
    with pytest.raises(Ambiguous):
        keeper(tmp_path, timeout_after_accept_rate=1).update(notice(version=2))
    with pytest.raises(Retriable):
        keeper(tmp_path, failure_rate=1).cancel(notice())
    with pytest.raises(Rejection):
        keeper(tmp_path, reject_rate=1).create(notice("PO-2"))
    with pytest.raises(Rejection):
        keeper(tmp_path).update(notice("PO-3"))
    logged = [
        (call["action"], call["number"], call["account"], call["attempt"], call["outcome"]) for call in ledger.calls()
    ]
    assert logged == [
        ("create", "PO-1", "ACC", 1, "accepted"),
        ("update", "PO-1", "ACC", 1, "accepted, answer lost"),
        ("cancel", "PO-1", "ACC", 1, "failed"),
        ("create", "PO-2", "ACC", 1, "rejected"),
        ("update", "PO-3", "ACC", 1, "rejected"),
    ]
    (document,) = ledger.documents()
    assert (document["key"], document["version"], document["state"]) == ("key-PO-1", 2, "open")
    assert document["warehouse_ref"] == "SB-000001"
    assert document["data"]["lines"][0]["qty"] == "10"


def test_doubles_are_told(tmp_path: Path, ledger: Ledger):
    forgetful = keeper(tmp_path, idempotent=False)
    refs = [forgetful.create(notice()).warehouse_ref for _ in range(2)]
    assert refs == ["SB-000001", "SB-000002"]
    keeper(tmp_path).create(notice("PO-2"))
    assert ledger.doubles() == [
        "The key key-PO-1 has 2 documents.",
        "Order PO-1 of account “ACC” has 2 open documents.",
    ]


def test_a_new_key_after_a_cancel_is_no_double(tmp_path: Path, ledger: Ledger):
    connector = keeper(tmp_path)
    connector.create(notice())
    connector.cancel(notice())
    connector.create(notice(key="another"))
    assert ledger.doubles() == []


def test_many_at_once_make_one_document(tmp_path: Path, ledger: Ledger):
    keeper(tmp_path).create(notice("PO-0"))
    with ThreadPoolExecutor(8) as pool:
        refs = set(pool.map(lambda _: keeper(tmp_path).create(notice()).warehouse_ref, range(24)))
    assert refs == {"SB-000002"}
    assert ledger.doubles() == []


_DIES = """
import os, sys
from pathlib import Path
from app.connectors.sandbox import Ledger
ledger = Ledger(Path(sys.argv[1]))
ledger.add_order({"po_number": "KEPT"})
with ledger.writing() as connection:
    connection.execute("DELETE FROM orders")
    os.kill(os.getpid(), 9)
"""


def test_a_killed_process_leaves_whole_books(tmp_path: Path, ledger: Ledger):
    path = ledger_path(tmp_path, "sandbox")
    done = subprocess.run([sys.executable, "-c", _DIES, str(path)], check=False, cwd=Path.cwd())
    assert done.returncode == -9
    assert [row["external_id"] for row in ledger.rows("SELECT * FROM orders")] == ["KEPT"]


def test_an_error_takes_everything_back(ledger: Ledger):
    with pytest.raises(ZeroDivisionError), ledger.writing() as connection:
        connection.execute("INSERT INTO orders (external_id, data) VALUES ('A', '{}')")
        raise ZeroDivisionError
    assert ledger.rows("SELECT * FROM orders") == []


def test_a_damaged_ledger_is_a_sentence(tmp_path: Path):
    path = ledger_path(tmp_path, "sandbox")
    path.parent.mkdir()
    path.write_bytes(b"this is no database " * 100)
    with pytest.raises(Retriable) as caught:
        keeper(tmp_path).create(notice())
    assert caught.value.sentence() == "The sandbox sandbox cannot be used: file is not a database. It is tried again."


def test_the_ledger_asks_the_door(ledger: Ledger):
    with door.closed("a unit of work"), pytest.raises(door.NetworkClosed):
        ledger.documents()


def test_sandboxes_of_another_name_are_apart(tmp_path: Path):
    keeper(tmp_path, name="one").create(notice())
    assert Ledger(ledger_path(tmp_path, "one")).documents()
    assert Ledger(ledger_path(tmp_path, "two")).documents() == []


# ---------------------------------------------------------------- its temper


def test_the_same_seed_fails_the_same_calls(tmp_path: Path):
    def story(root: Path, seed: int) -> list[str]:
        connector = keeper(root, failure_rate=0.3, timeout_after_accept_rate=0.3, seed=seed)
        return outcomes(lambda: connector.create(notice()), 40)

    first = story(tmp_path / "a", 7)
    assert story(tmp_path / "b", 7) == first
    assert story(tmp_path / "c", 8) != first
    counted = Counter(first)
    assert set(counted) == {"accepted", "Retriable", "Ambiguous"}
    assert 5 <= counted["Retriable"] <= 20


def test_a_try_does_not_depend_on_what_others_do(tmp_path: Path):
    """Each key has its own row of luck, so that the order in which workers come does not matter."""

    def story(root: Path, others: int) -> list[str]:
        connector = keeper(root, failure_rate=0.5)
        for at in range(others):
            outcomes(partial(connector.create, notice(f"X{at}")), 1)
        return outcomes(lambda: connector.create(notice()), 10)

    assert story(tmp_path / "a", 0) == story(tmp_path / "b", 5)
    connector = keeper(tmp_path / "c", failure_rate=0.5)
    assert len({tuple(outcomes(partial(connector.create, notice(number)), 10)) for number in "ABC"}) == 3


def test_a_refusal_is_for_good(tmp_path: Path):
    connector = keeper(tmp_path, reject_rate=0.5)
    found = {number: set(outcomes(partial(connector.create, notice(number)), 4)) for number in "ABCDE"}
    assert all(len(kinds) == 1 for kinds in found.values())
    assert {"accepted", "Rejection"} == set().union(*found.values())


def test_a_call_that_fails_does_nothing(tmp_path: Path, ledger: Ledger):
    connector = keeper(tmp_path, failure_rate=1)
    with pytest.raises(Retriable) as caught:
        connector.create(notice())
    assert not isinstance(caught.value, Ambiguous)
    assert ledger.documents() == []
    for call in (lambda: connector.find(notice()), lambda: list(connector.receipts(None))):
        with pytest.raises(Retriable):
            call()
    with pytest.raises(Retriable):
        list(reader(tmp_path, failure_rate=1).pages(ImportWindow()))


# ---------------------------------------------------------------- the source


def test_pages_follow_the_cursor_with_an_overlap(tmp_path: Path, ledger: Ledger):
    for at in range(12):
        ledger.add_order(order(f"PO-{at}"))
    connector = reader(tmp_path, page_size=5)
    pages = list(connector.pages(ImportWindow()))
    assert [(len(page.documents), dict(page.cursor)) for page in pages] == [
        (5, {"seq": 5}),
        (5, {"seq": 10}),
        (2, {"seq": 12}),
    ]
    again = list(connector.pages(ImportWindow(cursor=pages[-1].cursor)))
    assert [json.loads(text)["po_number"] for text in texts(again)] == [f"PO-{at}" for at in range(7, 12)]


def test_a_changed_order_moves_to_the_end(tmp_path: Path, ledger: Ledger):
    for number in ("A", "B"):
        ledger.add_order(order(number))
    connector = reader(tmp_path, page_size=1)
    pages = connector.pages(ImportWindow())
    first = next(pages)
    ledger.add_order(order("A", revision=2))
    found = [json.loads(text) for text in texts([first, *pages])]
    assert [(item["po_number"], item.get("revision")) for item in found] == [("A", None), ("B", None), ("A", 2)]


def test_one_order_and_a_range_leave_the_cursor(tmp_path: Path, ledger: Ledger):
    for number, day in (("A", "2026-01-31"), ("B", "2026-02-01"), ("C", "2026-02-28"), ("D", "2026-03-01")):
        ledger.add_order(order(number, order_date=f"{day}T10:00:00Z"))
    connector = reader(tmp_path)
    (page,) = connector.pages(ImportWindow(cursor={"seq": 2}, number="C"))
    assert ([item.reference for item in page.documents], dict(page.cursor)) == (["order C"], {"seq": 2})
    february = ImportWindow(ordered_from=date(2026, 2, 1), ordered_to=date(2026, 2, 28))
    assert [item.reference for page in connector.pages(february) for item in page.documents] == ["order B", "order C"]
    assert list(connector.pages(ImportWindow(number="X"))) == []


def test_an_order_that_is_no_order_is_refused_alone(tmp_path: Path, ledger: Ledger):
    with ledger.writing() as connection:
        connection.execute("INSERT INTO orders (external_id, data) VALUES ('X', '{oops')")
    (page,) = walk(reader(tmp_path))
    assert page.documents[0].problem.startswith("This record is not valid JSON: ")


def test_statuses_are_kept_with_their_count(tmp_path: Path, ledger: Ledger):
    connector = reader(tmp_path)
    for version in (1, 2, 2):
        connector.push_status(message(version=version))
    found = [(item["key"], item["version"], item["times"]) for item in ledger.statuses()]
    assert found == [("status-PO-1-1", 1, 1), ("status-PO-1-2", 2, 2)]
    assert ledger.statuses()[0]["data"]["lines"][0]["qty_to_book"] == "6"
    assert connector.test()[0].message == "It has 0 orders and 0 documents."


# ---------------------------------------------------------------- receipts


@pytest.mark.parametrize(
    ("how_much", "quantities", "final"),
    [("partial", ["5", "2"], False), ("full", ["10", "5"], True), ("over", ["11", "6"], True)],
)
def test_goods_come_by_themselves(tmp_path: Path, ledger: Ledger, how_much: str, quantities: list[str], final: bool):
    connector = keeper(tmp_path, auto_receive=how_much)
    connector.create(notice())
    (found,) = reported(connector)
    assert [str(line.received) for line in found.lines] == quantities
    assert (found.document_key, found.warehouse_ref, found.account) == ("key-PO-1", "SB-000001", "ACC")
    assert (found.number, found.external_id, found.received_at, found.final) == ("PO-1", "R-SB-000001", NOON, final)
    assert [(line.line_key, line.sku) for line in found.lines] == [("no:1", "0012"), ("no:2", "0012")]
    assert [line.pack_size for line in found.lines] == [None, Decimal(6)]
    assert len(reported(connector)) == 1
    assert ledger.documents()[0]["state"] == ("closed" if final else "open")


def test_nothing_comes_by_itself_unless_asked(tmp_path: Path):
    connector = keeper(tmp_path)
    connector.create(notice())
    assert reported(connector) == []


def book(ledger: Ledger, receipt_id: str, *quantities: str, **marks: bool) -> None:
    """Book a receipt on PO-1, one quantity for each line from the first."""
    lines = [{"line_key": f"no:{at}", "sku": "0012", "qty_good": qty} for at, qty in enumerate(quantities, start=1)]
    ledger.receive("key-PO-1", lines, receipt_id=receipt_id, received_at=NOON, **marks)


def test_a_cumulative_warehouse_reports_totals(tmp_path: Path, ledger: Ledger):
    connector = keeper(tmp_path, cumulative=True)
    connector.create(notice())
    book(ledger, "R-1", "4")
    book(ledger, "R-2", "3", "5")
    found = [
        (item.external_id, item.cumulative, [(line.line_key, int(line.received)) for line in item.lines])
        for item in reported(connector)
    ]
    assert found == [("R-1", True, [("no:1", 4)]), ("R-2", True, [("no:1", 7), ("no:2", 5)])]


def test_a_receipt_may_come_twice(tmp_path: Path, ledger: Ledger):
    connector = keeper(tmp_path, duplicate_receipts=True)
    connector.create(notice())
    book(ledger, "R-1", "4")
    first, second = reported(connector)
    assert first == second


def test_a_warehouse_may_cancel(tmp_path: Path, ledger: Ledger):
    connector = keeper(tmp_path)
    connector.create(notice())
    book(ledger, "R-1", canceled=True)
    (found,) = reported(connector)
    assert (found.canceled, found.lines) == (True, ())
    held = connector.find(notice())
    assert held is not None
    assert held.canceled


def test_each_account_sees_its_own(tmp_path: Path, ledger: Ledger):
    for number, account in (("A", "ONE"), ("B", "TWO")):
        keeper(tmp_path).create(notice(number, account=account))
        ledger.receive(f"key-{number}", [{"sku": "x", "qty_good": 1}], receipt_id=number, received_at=NOON)
    assert [item.number for item in reported(keeper(tmp_path, account="TWO"))] == ["B"]
    assert [item.number for item in reported(keeper(tmp_path))] == ["A", "B"]


@pytest.mark.parametrize(
    ("prepare", "call", "words"),
    [
        ([], "update", "The sandbox has no document of PO-1. Reset it to send it anew."),
        ([], "cancel", "The sandbox has no document of PO-1. Reset it to send it anew."),
        (["cancel"], "update", "The document of PO-1 is canceled. Reset it to send it anew."),
        (["receive"], "cancel", "Goods of PO-1 have arrived. Close it short instead."),
        (["final"], "update", "The document of PO-1 is closed. Reset it to send it anew."),
    ],
)
def test_what_a_warehouse_refuses(tmp_path: Path, ledger: Ledger, prepare: list[str], call: str, words: str):
    connector = keeper(tmp_path)
    if prepare:
        connector.create(notice())
    if prepare == ["cancel"]:
        connector.cancel(notice())
    if prepare in (["receive"], ["final"]):
        book(ledger, "R-1", "4", final=prepare == ["final"])
    with pytest.raises(Rejection) as caught:
        getattr(connector, call)(notice(version=2))
    assert caught.value.sentence() == words


def test_a_receipt_needs_a_document(ledger: Ledger):
    with pytest.raises(LookupError, match=r"^The sandbox has no document with the key key-PO-1\.$"):
        book(ledger, "R-1", "1")


def test_the_books_are_plain_sqlite(tmp_path: Path, ledger: Ledger):
    keeper(tmp_path).create(notice())
    connection = sqlite3.connect(ledger_path(tmp_path, "sandbox"))
    assert connection.execute("SELECT key, number, account FROM documents").fetchall() == [("key-PO-1", "PO-1", "ACC")]
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
