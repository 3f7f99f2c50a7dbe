"""The world outside while the demo runs: what it sends comes in, and what it is sent is received."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from app.connectors.sandbox import Ledger, ledger_path
from app.demo import furnish
from app.demo.dock import Dock
from app.demo.feed import MOST_ORDERS, Feed
from app.demo.hands import Hands
from app.demo.places import CONNECTIONS, WAREHOUSES
from app.demo.world import World
from app.domain.people import SYSTEM
from app.models import ScheduleKind
from tests.conftest import PROJECT
from tests.demo.conftest import Demo
from tests.servers import Database, environ_for
from tests.waiting import wait_until

NAMES = [connection.name for connection in CONNECTIONS]


class Loaded(Random):
    """Chance that always falls on the same number between 0 and 1."""

    def __init__(self, number: float) -> None:
        super().__init__(1)
        self.number = number

    def random(self) -> float:
        """The number."""
        return self.number


PART, WHOLE = Loaded(0.3), Loaded(0.9)


def rested(root: Path) -> None:
    """Let all files have been written a minute ago."""
    for path in root.rglob("*.*"):
        then = min(path.stat().st_mtime, time.time()) - 60
        os.utime(path, (then, then))


def run(demo: Demo, kind: ScheduleKind) -> None:
    """Run all connections and what follows."""
    rested(demo.settings.files_root / "demo")
    Hands(demo.settings.redis_url).run(NAMES, kind)


def furnished(demo: Demo) -> Feed:
    """The places and rules of the demo, without any order, and a feed for them."""
    furnish.places(SYSTEM)
    furnish.rules(SYSTEM)
    return Feed(demo.settings.files_root, WHOLE)


def test_orders_of_the_feed_go_from_the_stores_to_the_stores(empty: Demo) -> None:
    feed, now = furnished(empty), datetime.now(UTC)
    told = [feed.order(now) for _ in range(7)]
    assert told[0].startswith("Alder & Finch ERP places purchase order AF-20401 (")
    run(empty, ScheduleKind.IMPORT)
    assert empty.rows("SELECT count(*), min(status), max(status) FROM purchase_order") == [(7, "open", "open")]
    assert empty.rows("SELECT count(*) FROM run_failure") == [(0,)]

    docks = [Dock(World(empty.settings.files_root), warehouse) for warehouse in WAREHOUSES]
    assert [dock.receive_next(now, PART) for dock in docks] == ["", "", ""]
    words = trucks(docks, now + timedelta(minutes=2), PART)
    assert len(words) == 7
    run(empty, ScheduleKind.STATUS_UPDATE)
    parts = sum(text.split(" ")[2] == "a" for text in words)
    assert parts >= 2
    counts = empty.pairs("SELECT status, count(*) FROM purchase_order GROUP BY 1")
    assert counts == {"partially_received": parts, "received": 7 - parts}

    assert len(trucks(docks, now + timedelta(minutes=4), WHOLE)) == parts
    assert trucks(docks, now + timedelta(hours=9), WHOLE) == []
    run(empty, ScheduleKind.STATUS_UPDATE)
    assert empty.pairs("SELECT status, count(*) FROM purchase_order GROUP BY 1") == {"received": 7}
    assert empty.pairs("SELECT state, count(*) FROM receipt GROUP BY 1") == {"completed": 7 + parts}
    assert empty.rows("SELECT count(*) FROM line_item WHERE received <> quantity AND left_out_by IS NULL") == [(0,)]


def trucks(docks: list[Dock], now: datetime, rng: Random) -> list[str]:
    """What all docks say until nothing is due any more."""
    words = []
    for dock in docks:
        while text := dock.receive_next(now, rng):
            words.append(text)
    return words


def test_a_change_waits_and_a_spoiled_file_is_refused(empty: Demo) -> None:
    feed, now = furnished(empty), datetime.now(UTC)
    feed.order(now)
    assert feed.spoil(now) == "Alder & Finch ERP sends purchase order AF-20402, spoiled by a spreadsheet."
    run(empty, ScheduleKind.IMPORT)
    assert feed.change(now) == "Alder & Finch ERP changes purchase order AF-20401."
    run(empty, ScheduleKind.IMPORT)
    assert empty.rows("SELECT number FROM purchase_order") == [("AF-20401",)]
    assert empty.pairs("SELECT kind, count(*) FROM pending_change GROUP BY 1") == {"change": 1}
    assert empty.rows("SELECT left(reason, 24) FROM run_failure") == [("Purchase order AF-20402,",)]
    error = empty.settings.files_root / "demo" / "alder-finch" / "error"
    assert len(list(error.glob("*.reason.txt"))) == 1


def test_the_feed_ends_after_its_orders_and_counts_on_the_next_time(tmp_path: Path) -> None:
    feed, now = Feed(tmp_path, Loaded(0.9)), datetime.now(UTC)
    feed.orders = MOST_ORDERS - 1
    assert feed.play(now)[0].endswith(f"That was the last of {MOST_ORDERS}; no more come until the next start.")
    assert feed.play(now) == []
    (again,) = Feed(tmp_path, Loaded(0.9)).play(now)
    assert again.startswith("Kestrel Buying places purchase order 4500027802 (")


@pytest.mark.parametrize(
    ("chance", "beginning"),
    [
        (0.01, "Alder & Finch ERP sends purchase order AF-20401, spoiled"),
        (0.1, "Alder & Finch ERP places purchase order AF-20401"),
        (0.5, "Alder & Finch ERP places purchase order AF-20401"),
    ],
)
def test_chance_decides_what_a_store_does(tmp_path: Path, chance: float, beginning: str) -> None:
    (words,) = Feed(tmp_path, Loaded(chance)).play(datetime.now(UTC))
    assert words.startswith(beginning)


def test_a_folder_that_cannot_be_written_does_not_end_the_play(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "demo").write_text("somebody put a file here")
    assert Feed(tmp_path, WHOLE).play(datetime.now(UTC)) == []
    assert {record.getMessage().partition(":")[0] for record in caplog.records} == {"The outside world stumbled"}


def test_a_notice_is_followed_through_its_versions(tmp_path: Path) -> None:
    """A files warehouse takes the newest version of a notice, and forgets a canceled one."""
    world, east = World(tmp_path), WAREHOUSES[0]
    world.drop("demo/east", "out", "AF-1-abc.json", json.dumps({"key": "k", "version": 1}).encode())
    world.drop("demo/east", "out", "AF-1-abc.csv", b"key\r\nk\r\n")
    assert world.notices(east) == [{"key": "k", "version": 1}]
    world.drop("demo/east", "out", "AF-1-abc.json", json.dumps({"key": "k", "version": 2}).encode())
    assert world.notices(east) == [{"key": "k", "version": 2}]
    world.drop("demo/east", "out", "AF-1-abc.cancel.json", json.dumps({"key": "k", "version": 3}).encode())
    assert world.notices(east) == []
    assert list((tmp_path / "demo" / "east" / "out").iterdir()) == []


def test_a_new_world_forgets_the_demo_and_nothing_else(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.drop("demo/east", "out", "old.json", b"{}")
    world.drop("acme/erp", "in", "theirs.csv", b"po_number")
    world.ledger(CONNECTIONS[2]).add_order({"po_number": "BH-1"})
    Ledger(ledger_path(tmp_path, "theirs")).add_order({"po_number": "T-1"})
    world.begin_anew()
    world.begin_anew()
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert files == ["acme/erp/in/theirs.csv", "sandbox/theirs.sqlite3"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_feed_ends_quickly_when_it_is_told(
    db: Database, redis_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "feed"],
        cwd=PROJECT,
        env={**environ_for(db.url, redis_url, tmp_path), "DEMO": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        inbox = tmp_path / "files" / "demo" / "alder-finch" / "in"
        wait_until(lambda: list(inbox.glob("order-AF-20401-*.csv")), seconds=60)
        process.send_signal(number)
        said, _ = process.communicate(timeout=5)
    assert process.returncode == 0
    assert said.rstrip().endswith("The world outside stands still.")
