"""A whole Inlet for a browser: the demo in a database of its own, gunicorn, a worker and the scheduler, all real.

The outside world of the demo stands still (no feed), so what a test finds is what was loaded and what tests did.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.host.machine import web_arguments
from app.host.page import wait_for_page
from app.host.processes import end_session, free_port, spawn
from tests.conftest import PROJECT
from tests.factories import Factory
from tests.servers import Database, environ_for
from tests.waiting import wait_until

_HOST = "127.0.0.1"
_SECONDS = 60.0


@dataclass(slots=True)
class Console:
    """The running Inlet: where its page is, who may sign in with which password, and its database.

    `make` makes rows in that database, beside those of the demo.
    """

    address: str
    database: Database
    redis_url: str
    environ: Mapping[str, str]
    log_folder: Path
    make: Factory
    passwords: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *arguments: str) -> None:
        """Start one of Inlet's processes; its output goes to a file of its name."""
        with (self.log_folder / f"{name}.log").open("ab") as log:
            self.processes[name] = spawn(
                [sys.executable, *arguments],
                death_signal=signal.SIGKILL,
                env={**self.environ, "PYTHONPATH": str(PROJECT)},
                output=log,
                cwd=PROJECT,
            )

    def log(self, name: str) -> str:
        """What a process has said so far."""
        return (self.log_folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of a query, looked at from outside."""
        with self.database.connect() as connection:
            return connection.execute(query.encode(), values).fetchall()

    def change(self, statement: str, *values: object) -> None:
        """Change something in the database behind Inlet's back."""
        with self.database.connect() as connection:
            connection.execute(statement.encode(), values)

    def one(self, query: str, *values: object) -> Any:
        """The first value of the first row, or None."""
        rows = self.rows(query, *values)
        return rows[0][0] if rows else None

    def wait_for(self, condition: Callable[[], object], seconds: float = 30.0) -> None:
        """Wait until the processes have made `condition()` true; what they said stands in the failure."""
        wait_until(condition, seconds, lambda: "\n".join(self.log(name)[-2000:] for name in self.processes))

    def end(self) -> None:
        """Kill the processes and everything that they began."""
        for process in self.processes.values():
            end_session(process.pid)
            process.wait()


@contextmanager
def running_console(database: Database, redis_url: str, folder: Path) -> Iterator[Console]:
    """Load the demo and start everything; the files of Inlet lie in `folder`."""
    port = free_port()
    environ = {**environ_for(database.url, redis_url, folder), "DEMO": "1", "HOST": _HOST, "PORT": str(port)}
    console = Console(f"http://{_HOST}:{port}", database, redis_url, environ, folder, Factory(database.engine))
    try:
        # The page starts up while the demo is loaded; nobody looks at it before.
        console.start("web", *web_arguments(_HOST, port, processes=1))
        console.start("demo", "-m", "app.cli", "demo")
        status = console.processes["demo"].wait(_SECONDS)
        assert status == 0, console.log("demo")
        users = json.loads((folder / "users.json").read_text(encoding="utf-8"))
        console.passwords.update({user["name"]: user["password"] for user in users})
        for name in ("worker", "scheduler"):
            console.start(name, "-m", "app.cli", name)
        assert wait_for_page(_HOST, port, _SECONDS), console.log("web")
        yield console
    finally:
        console.end()
