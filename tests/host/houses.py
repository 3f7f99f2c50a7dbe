"""Small Inlets on disk: our own host code and settings around commands of a few lines, to start, break and kill."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.host.places import public_home
from app.host.processes import free_port
from tests.conftest import PROJECT
from tests.waiting import alive, wait_until

# The commands of a house: they use the servers for real, and break where HOUSE_BREAK tells them to.
_COMMANDS = """
import json, os, pathlib, signal, sys
import psycopg, redis
command = sys.argv[1]
if os.environ.get("HOUSE_BREAK") == command:
    sys.exit(f"{command}: the disk is full")
url = os.environ["DATABASE_URL"].replace("+psycopg", "")
with psycopg.connect(url, autocommit=True) as connection:
    if command == "migrate":
        connection.execute("CREATE TABLE IF NOT EXISTS loaded (times int)")
        print("up to date")
    elif command == "demo":
        connection.execute("INSERT INTO loaded VALUES (1)")
        users = [{"name": "ada", "role": "Administrator", "password": "pass-of-ada"}]
        path = pathlib.Path(os.environ.get("INLET_DATA", ".data"), "users.json")
        path.write_text(json.dumps(users))
        print("loaded")
    else:
        redis.Redis.from_url(os.environ["REDIS_URL"]).ping()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("bye")))
        (count,) = connection.execute("SELECT count(*) FROM loaded").fetchone()
        print("ready with", count)
        while True:
            signal.pause()
"""
_PAGE = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"a page"]
"""


@dataclass(slots=True)
class Start:
    """One `python run.py` of a house and all it has printed so far."""

    process: subprocess.Popen[str]
    port: int
    log: Path
    seen: set[int] = field(default_factory=set)

    def text(self) -> str:
        """Everything printed so far."""
        return self.log.read_text(encoding="utf-8")

    def said(self, name: str) -> list[str]:
        """The lines printed under a name."""
        return [line.partition(" | ")[2] for line in self.text().splitlines() if line.split(" | ")[0].strip() == name]

    def wait_for(self, words: str, times: int = 1) -> None:
        """Wait until the words were printed so often."""
        wait_until(lambda: self.text().count(words) >= times, 30.0, lambda: f"{words!r} in {self.text()}")

    def wait_ready(self) -> None:
        """Wait until the page answers and every child of the demo runs."""
        self.wait_for("is ready at")
        self.wait_for("ready with", times=4)

    def everything(self) -> set[int]:
        """The process and all that descend from it, in whatever session and of whatever user."""
        self.seen |= descendants(self.process.pid)
        return self.seen

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal, wait for the end, and see that nothing is left; returns the exit status."""
        left = self.everything()
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        status = self.process.wait(30)
        wait_until(lambda: not [pid for pid in left if alive(pid)], 15.0, lambda: "the end of every child")
        return status


def descendants(root: int) -> set[int]:
    """The process `root` and all its living descendants."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                parents[int(entry.name)] = int(fields[1])
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


@dataclass(slots=True)
class House:
    """A project folder that `run.py` can start from."""

    folder: Path
    interpreter: str = sys.executable
    user: int | None = None
    _starts: list[Start] = field(default_factory=list)

    def start(self, environ: Mapping[str, str] | None = None, port: int | None = None) -> Start:
        """Start `run.py` as a person would, in demo mode unless told otherwise."""
        port = port or free_port()
        log = self.folder.parent / f"start-{len(self._starts)}.log"
        packages = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
        given = {"PATH": "/usr/bin:/bin", "DEMO": "1", "PORT": str(port), "PYTHONPATH": packages, **(environ or {})}
        with log.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                # As a job in the background of a shell: the signal of Ctrl-C is ignored at first.
                ["/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh", self.interpreter, "run.py"],
                cwd=self.folder,
                env=given,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
                start_new_session=True,
            )
        start = Start(process, port, log)
        self._starts.append(start)
        return start

    def refused(self, environ: Mapping[str, str] | None = None, port: int | None = None) -> list[str]:
        """Start it, expect it to end by itself with status 1, and return what it said in its own name."""
        start = self.start(environ, port)
        assert start.process.wait(30) == 1, start.text()
        assert "Traceback" not in start.text()
        return start.said("inlet")

    def close(self) -> None:
        """Kill what still runs and remove the data of the servers."""
        for start in self._starts:
            if start.process.poll() is None:
                start.end(signal.SIGKILL)
        shutil.rmtree(self.folder.parent, ignore_errors=True)


@contextlib.contextmanager
def house(folder: Path, user: int | None = None, interpreter: str = sys.executable) -> Iterator[House]:
    """Build a house in `folder`, owned by `user`; it and its servers' data are gone at the end."""
    for name in ("run.py", "config.py", "app/domain", "app/host"):
        source, target = PROJECT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    (folder / "app" / "__init__.py").touch()
    (folder / "app" / "cli.py").write_text(_COMMANDS, encoding="utf-8")
    (folder / "app" / "wsgi.py").write_text(_PAGE, encoding="utf-8")
    if user is not None:
        for path in (folder.parent, folder, *folder.rglob("*")):
            os.chown(path, user, user)
    built = House(folder, interpreter, user)
    try:
        yield built
    finally:
        built.close()
        shutil.rmtree(public_home(folder / ".data"), ignore_errors=True)
