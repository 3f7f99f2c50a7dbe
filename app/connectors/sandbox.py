"""The ledger of the sandbox: an outside system in one SQLite file, shared by its source, its warehouse and its checker.

It stands for a system of somebody else, so it keeps its own books: every call with its outcome, and every document. A
test or the demo writes orders and receipts into it, and reads from it what really arrived.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from app.connectors import door
from app.connectors.contract import Finding
from app.connectors.errors import Retriable
from app.connectors.folder import safe_name, said

_SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, external_id TEXT NOT NULL UNIQUE, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS statuses (
    key TEXT PRIMARY KEY, version INTEGER NOT NULL, external_id TEXT NOT NULL, number TEXT NOT NULL,
    data TEXT NOT NULL, times INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, number TEXT NOT NULL, account TEXT NOT NULL,
    version INTEGER NOT NULL, state TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS documents_by_key ON documents (key);
CREATE TABLE IF NOT EXISTS receipts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, document_id INTEGER NOT NULL, account TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS receipts_by_document ON receipts (document_id);
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, action TEXT NOT NULL, key TEXT NOT NULL,
    number TEXT NOT NULL, account TEXT NOT NULL, attempt INTEGER NOT NULL, outcome TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS calls_by_key ON calls (action, key);
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One call from outside: what was asked, by which key, and at which try."""

    at: datetime
    action: str
    key: str
    number: str
    account: str
    attempt: int


def ledger_path(files_root: Path, name: str) -> Path:
    """Where the ledger of a sandbox lies."""
    return files_root / "sandbox" / f"{safe_name(name)}.sqlite3"


def warehouse_ref(document: Mapping[str, Any] | sqlite3.Row) -> str:
    """The sandbox's own id of a document."""
    return f"SB-{document['id']:06}"


class Ledger:
    """The books of one sandbox. Every method opens the file anew, so that any process may use it at any time."""

    def __init__(self, path: Path) -> None:
        """`path`: the SQLite file; it is made at the first use."""
        self._path = path
        self._made = False

    def finding(self) -> Finding:
        """How much it holds, without making a ledger that is not there yet. Raises Retriable."""
        door.require_open(f"The sandbox {self._path.stem}")
        if not self._path.exists():
            return Finding("Sandbox", True, "It is empty; its ledger will be made at the first use.")
        held = self.rows(
            "SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM documents) AS documents"
        )[0]
        return Finding("Sandbox", True, f"It has {held['orders']} orders and {held['documents']} documents.")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that nobody else writes beside; it is kept if the block ends well. Raises Retriable."""
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """The rows of a query. Raises Retriable."""
        with self._connected() as connection:
            return connection.execute(query, values).fetchall()

    def add_order(self, order: Mapping[str, Any]) -> None:
        """Put an order, in the default JSON layout, at the end of the feed; one with the same id is replaced."""
        identity = str(order.get("external_id") or order.get("po_number") or "")
        text = json.dumps(order, ensure_ascii=False, default=str)
        with self.writing() as connection:
            connection.execute("DELETE FROM orders WHERE external_id = ?", (identity,))
            connection.execute("INSERT INTO orders (external_id, data) VALUES (?, ?)", (identity, text))

    def receive(
        self,
        key: str,
        lines: Sequence[Mapping[str, Any]],
        *,
        receipt_id: str,
        received_at: datetime,
        final: bool = False,
        canceled: bool = False,
    ) -> None:
        """Book a receipt on the document with this key; `lines` are in the default layout of receipts.

        Raises LookupError if there is no such document.
        """
        with self.writing() as connection:
            document = connection.execute("SELECT * FROM documents WHERE key = ? ORDER BY id", (key,)).fetchone()
            if document is None:
                raise LookupError(f"The sandbox has no document with the key {key}.")
            book_receipt(connection, document, lines, receipt_id, received_at, final=final, canceled=canceled)

    def documents(self) -> list[dict[str, Any]]:
        """All documents as they were made: id, warehouse_ref, key, number, account, version, state, data."""
        found = self.rows("SELECT * FROM documents ORDER BY id")
        return [{**dict(row), "warehouse_ref": warehouse_ref(row), "data": json.loads(row["data"])} for row in found]

    def statuses(self) -> list[dict[str, Any]]:
        """All status messages in the order of their first arrival; `times` counts how often each came."""
        found = self.rows("SELECT * FROM statuses ORDER BY rowid")
        return [{**dict(row), "data": json.loads(row["data"])} for row in found]

    def calls(self) -> list[dict[str, Any]]:
        """Every call in order: at, action, key, number, account, attempt, outcome."""
        return [dict(row) for row in self.rows("SELECT * FROM calls ORDER BY id")]

    def doubles(self) -> list[str]:
        """What must never be: a sentence for each key, and each order of an account, with two documents."""
        by_key = "SELECT key, count(*) AS n FROM documents GROUP BY key HAVING n > 1"
        by_order = (
            "SELECT account, number, count(*) AS n FROM documents WHERE state = 'open'"
            " GROUP BY account, number HAVING n > 1"
        )
        return [f"The key {row['key']} has {row['n']} documents." for row in self.rows(by_key)] + [
            f"Order {row['number']} of account “{row['account']}” has {row['n']} open documents."
            for row in self.rows(by_order)
        ]

    def next_attempt(self, action: str, key: str) -> int:
        """How many calls of this action with this key were logged before, plus one."""
        found = self.rows("SELECT count(*) AS n FROM calls WHERE action = ? AND key = ?", action, key)
        return int(found[0]["n"]) + 1

    def log(self, call: Call, outcome: str) -> None:
        """Write a call that changed nothing into the books."""
        with self.writing() as connection:
            log_call(connection, call, outcome)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        door.require_open(f"The sandbox {self._path.stem}")
        try:
            with closing(self._opened()) as connection:
                yield connection
        except sqlite3.Error as error:
            raise Retriable(f"The sandbox {self._path.stem} cannot be used: {error}.", "It is tried again.") from error

    def _opened(self) -> sqlite3.Connection:
        if not self._made:
            with said("The sandbox cannot be opened"):
                self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = NORMAL")
        if not self._made:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_SCHEMA)
            self._made = True
        return connection


def log_call(connection: sqlite3.Connection, call: Call, outcome: str) -> None:
    """Write a call into the books, in the transaction of what it did."""
    connection.execute(
        "INSERT INTO calls (at, action, key, number, account, attempt, outcome) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (call.at.isoformat(), call.action, call.key, call.number, call.account, call.attempt, outcome),
    )


def book_receipt(
    connection: sqlite3.Connection,
    document: sqlite3.Row,
    lines: Sequence[Mapping[str, Any]],
    receipt_id: str,
    received_at: datetime,
    *,
    final: bool,
    canceled: bool,
) -> None:
    """Book a receipt on a document inside a transaction; a final one closes the document, a canceled one cancels it."""
    data = {
        "receipt_id": receipt_id,
        "document_key": document["key"],
        "warehouse_ref": warehouse_ref(document),
        "account": document["account"],
        "po_number": document["number"],
        "received_at": received_at.isoformat(),
        "final": final,
        "canceled": canceled,
        "lines": [dict(line) for line in lines],
    }
    connection.execute(
        "INSERT INTO receipts (document_id, account, data) VALUES (?, ?, ?)",
        (document["id"], document["account"], json.dumps(data, ensure_ascii=False, default=str)),
    )
    if final or canceled:
        state = "canceled" if canceled else "closed"
        connection.execute("UPDATE documents SET state = ? WHERE id = ?", (state, document["id"]))
