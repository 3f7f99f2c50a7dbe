"""One purchase order through real processes: files in a folder, workers, scheduler, Redis and PostgreSQL.

No step is called by hand. The test only places files, as the partners would, and lets time pass.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from config import Settings
from tests.e2e.houseful import Houseful
from tests.factories import NOON, Factory
from tests.servers import Database, environ_for
from tests.waiting import wait_until

ORDERS = (
    "po_number,status,order_date,expected_date,line_no,sku,description,qty,uom,unit_cost\r\n"
    'PO-1001,open,2026-03-05,2030-01-31,1,00417-BLK,"Apron, black",12,EA,4.20\r\n'
    "PO-1001,open,2026-03-05,2030-01-31,2,00417-NAT,Apron,8,EA,4.20\r\n"
)
RECEIPT = (
    "receipt_id,po_number,line_no,sku,qty_good,received_at\n"
    "R-1,PO-1001,1,00417-BLK,12,2026-03-20\n"
    "R-1,PO-1001,2,00417-NAT,8,2026-03-20\n"
)


def place(path: Path, text: str) -> None:
    """Put a file in place as a careful partner does: under another name first. It is old enough to be read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(text)
    os.utime(unfinished, (1_700_000_000, 1_700_000_000))
    unfinished.rename(path)


@pytest.fixture
def house(fresh_database: Database, redis_url: str, tmp_path: Path) -> Houseful:
    """The processes' surroundings, with one connection from a folder to a folder."""
    logs = tmp_path / "logs"
    logs.mkdir()
    return Houseful(environ_for(fresh_database.url, redis_url, tmp_path), logs)


def test_a_file_walks_to_the_warehouse_and_its_status_comes_back(
    house: Houseful, fresh_database: Database, tmp_path: Path
) -> None:
    files = Settings.from_env(house.environ).files_root
    make = Factory(fresh_database.engine)
    store = make.store(kind="files", settings={"folder": "erp"})
    warehouse = make.warehouse(kind="files", settings={"folder": "east"}, code="EAST")
    make.connection(make.merchant(), store, warehouse, import_from=NOON.replace(month=1))
    place(files / "erp" / "in" / "orders.csv", ORDERS)

    def one(sql: str) -> Any:
        with fresh_database.connect() as connection:
            row = connection.execute(sql.encode()).fetchone()
            return row[0] if row else None

    def time_comes(kind: str) -> None:
        with fresh_database.connect() as connection:
            connection.execute("UPDATE schedule SET next_due_at = clock_timestamp() WHERE kind = %s", [kind])

    with house:
        for name in ("worker 1", "worker 2", "scheduler"):
            house.start(name)
        time_comes("import")
        wait_until(lambda: one("SELECT status FROM purchase_order") == "open", 60, house.logs)

        (notice,) = (files / "east" / "out").glob("*.json")
        announced = json.loads(notice.read_text())
        assert announced["po_number"] == "PO-1001"
        assert [(line["sku"], line["qty"]) for line in announced["lines"]] == [("00417-BLK", "12"), ("00417-NAT", "8")]
        assert not list((files / "erp" / "in").iterdir())
        assert [path.name.split("-")[0] for path in (files / "erp" / "archive").iterdir()] != []

        place(files / "east" / "receipts" / "r1.csv", RECEIPT)
        time_comes("status_update")
        wait_until(lambda: one("SELECT state FROM receipt") == "completed", 60, house.logs)

        assert one("SELECT status FROM purchase_order") == "received"
        (status,) = (files / "erp" / "status").glob("*.json")
        told = json.loads(status.read_text())
        assert told["status"] == "received"
        assert [(line["sku"], line["qty_received"]) for line in told["lines"]] == [
            ("00417-BLK", "12"),
            ("00417-NAT", "8"),
        ]
        assert one("SELECT count(*) FROM document") == 1
        assert one("SELECT count(*) FROM delivery WHERE kind = 'create'") == 1
        log = house.log("worker 1") + house.log("worker 2")
        for words in ("Page saved.", "Judged purchase orders.", "Sent messages.", "Run ended."):
            assert words in log
