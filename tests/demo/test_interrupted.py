"""A loading that was killed in the middle is begun anew and comes to the same end."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from app.connectors.sandbox import Ledger, ledger_path
from app.demo.load import load
from app.demo.places import COLD, WEST
from tests.conftest import PROJECT
from tests.demo.conftest import Demo
from tests.demo.test_load import SHOWN, STATUSES
from tests.servers import environ_for
from tests.waiting import wait_until

MOMENTS = {
    "while orders are sent": "SELECT count(*) > 40 FROM purchase_order WHERE accepted_at IS NOT NULL",
    "while receipts are pulled": "SELECT count(*) > 30 FROM receipt",
}


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_loading_is_begun_anew(empty: Demo, moment: str) -> None:
    environ = environ_for(empty.settings.database_url, empty.settings.redis_url, empty.settings.data_folder)
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "demo"],
        cwd=PROJECT,
        env={**environ, "DEMO": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with process:
        wait_until(lambda: empty.rows(MOMENTS[moment]) == [(True,)] or process.poll() is not None, seconds=120)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    load(empty.app, empty.settings)
    assert empty.pairs(f"SELECT {SHOWN}, count(*) FROM purchase_order GROUP BY 1") == STATUSES
    assert empty.rows("SELECT count(*) FROM receipt") == [(135,)]
    for place in (WEST, COLD):
        assert Ledger(ledger_path(empty.settings.files_root, place.ledger)).doubles() == []
