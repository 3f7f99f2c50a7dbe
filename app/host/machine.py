"""Everything of Inlet on one machine: from the settings to the page, and back down in order."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread
from types import FrameType
from typing import NoReturn

from app.domain.errors import InletError
from app.host.demo import demo_secrets, demo_users
from app.host.given import check_database, check_redis
from app.host.page import address, check_port, wait_for_page
from app.host.places import HostError, only_one, run_place
from app.host.processes import run_to_end, spawn
from app.host.servers import PostgresServer, RedisServer, Server
from app.host.supervisor import Child, Stage, Supervisor
from config import PROJECT, ConfigError, Settings, demo_and_data_folder

_WORKERS = 2
_WEB_PROCESSES = 2
_WEB_THREADS = 4
# The settings are checked before the servers have addresses, so that a wrong one is told at once.
_NOT_YET = {"DATABASE_URL": "postgresql://127.0.0.1/inlet", "REDIS_URL": "redis://127.0.0.1"}


def main(environ: Mapping[str, str]) -> int:
    """Run Inlet until Ctrl-C. Returns the exit status: 0, or 1 after one sentence that says what is wrong."""
    # SIGINT too: a shell that starts us in the background has it ignored, and then Ctrl-C's signal would do nothing.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        return Machine(environ).run()
    except ConfigError as error:
        for problem in error.problems:
            say("inlet", problem)
    except InletError as error:
        say("inlet", error.sentence())
    except KeyboardInterrupt:
        say("inlet", "Stopped.")
        return 0
    return 1


def say(name: str, line: str) -> None:
    """Print one line under the name of who says it."""
    # Nobody may be reading any more, as in `make run | head`: that must not keep us from ending the children.
    with contextlib.suppress(BrokenPipeError):
        print(f"{name:<10} | {line}", flush=True)


class Machine:
    """One start of Inlet: its settings, its servers, its children."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Read and check the settings. Raises ConfigError, or HostError for a data folder that cannot be used."""
        given = {name: value for name, value in environ.items() if value}
        demo, data_folder = demo_and_data_folder(given)
        _make_folder(data_folder)
        self.environ = {**(demo_secrets(data_folder) if demo else {}), **given, "PYTHONUNBUFFERED": "1"}
        self.settings = Settings.from_env({**_NOT_YET, **self.environ})
        self.supervisor = Supervisor(say)
        self._page_answered = Event()
        self._database_identity = self.environ.get("DATABASE_URL", "")

    def run(self) -> int:
        """Start everything, keep it alive, end it in order; returns the exit status."""
        settings = self.settings
        with ExitStack() as stack:
            stack.enter_context(only_one(settings.data_folder))
            check_port(settings.host, settings.port)
            self._start_servers(stack)
            self._set_up()
            for child in self._children():
                self.supervisor.add(child)
            Thread(target=self._announce, daemon=True).start()
            status = self.supervisor.run()
        say("inlet", "Stopped.")
        return status

    def _start_servers(self, stack: ExitStack) -> None:
        """Start what the environment does not name, and hand the addresses to the children."""
        if self.environ.get("DATABASE_URL"):
            check_database(self.settings.database_url)
        else:
            postgres = PostgresServer(run_place(self.settings.data_folder))
            self._start(postgres, Stage.POSTGRES, stack, kill_signal=signal.SIGQUIT)
            postgres.ensure_database()
            self.environ["DATABASE_URL"] = postgres.url()
            # The port is another one at each start; the password belongs to the cluster.
            self._database_identity = postgres.url().rpartition("@")[0]
        if self.environ.get("REDIS_URL"):
            check_redis(self.settings.redis_url)
        else:
            redis = RedisServer(run_place(self.settings.data_folder))
            self._start(redis, Stage.REDIS, stack, kill_signal=signal.SIGKILL)
            self.environ["REDIS_URL"] = redis.url()

    def _start(self, server: Server, stage: Stage, stack: ExitStack, *, kill_signal: signal.Signals) -> None:
        say("inlet", f"Starting {server.name} …")
        stack.enter_context(server)
        child = Child(server.name, server.relaunch, stage, server.stop_signals, kill_signal, server.log)
        self.supervisor.add(child, server.process)

    def _set_up(self) -> None:
        self._once("migrate", "The database could not be brought up to date")
        if self.settings.demo:
            marker = self._demo_marker()
            if not marker.exists() or not demo_users(self.settings.data_folder):
                self._once("demo", "The demo could not be loaded")
                marker.touch()

    def _demo_marker(self) -> Path:
        """The file that says the demo is in *this* database: another address, or a new cluster, gets it anew."""
        digest = hashlib.sha256(self._database_identity.encode()).hexdigest()
        return self.settings.data_folder / f"demo-loaded-{digest[:12]}"

    def _once(self, command: str, failure: str) -> None:
        process = spawn(
            [sys.executable, "-m", "app.cli", command],
            death_signal=signal.SIGKILL,
            env=self.environ,
            output=subprocess.PIPE,
            cwd=PROJECT,
        )
        run_to_end(process, lambda line: say(command, line), failure)

    def _children(self) -> Iterator[Child]:
        settings = self.settings
        gunicorn = web_arguments(settings.host, settings.port)
        # SIGINT ends gunicorn at once, SIGTERM after the requests at work.
        quickly = ((signal.SIGTERM, 5.0), (signal.SIGINT, 2.0))
        yield self._child("web", gunicorn, Stage.WEB, quickly, death_signal=signal.SIGINT)
        # A person waits for the page: the others take the processors only when it is there.
        gate = self._page_answered
        # The first SIGTERM lets an RQ worker finish its job, the second ends the job too.
        twice = ((signal.SIGTERM, 4.0), (signal.SIGTERM, 2.0))
        for number in range(1, _WORKERS + 1):
            yield self._child(f"worker {number}", ["-m", "app.cli", "worker"], Stage.WORKERS, twice, gate=gate)
        if settings.demo:
            yield self._child("feed", ["-m", "app.cli", "feed"], Stage.WORKERS, gate=gate)
        yield self._child("scheduler", ["-m", "app.cli", "scheduler"], Stage.SCHEDULER, gate=gate)

    def _child(
        self,
        name: str,
        arguments: list[str],
        stage: Stage,
        stop_signals: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 4.0),),
        *,
        death_signal: signal.Signals = signal.SIGKILL,
        gate: Event | None = None,
    ) -> Child:
        command = [sys.executable, *arguments]
        return Child(
            name,
            lambda: spawn(command, death_signal=death_signal, env=self.environ, output=subprocess.PIPE, cwd=PROJECT),
            stage,
            stop_signals,
            gate=gate,
        )

    def _announce(self) -> None:
        settings = self.settings
        answered = wait_for_page(settings.host, settings.port)
        self._page_answered.set()
        if not answered:
            say("inlet", "The page does not answer yet; what is above may say why.")
            return
        say("inlet", f"Inlet is ready at http://{address(settings.host, settings.port)}/ (Ctrl-C stops it).")
        for user in demo_users(settings.data_folder) if settings.demo else ():
            say("inlet", f"  {user.role:<24} {user.name:<16} {user.password}")


def web_arguments(host: str, port: int, processes: int = _WEB_PROCESSES) -> list[str]:
    """What Python is called with to serve the page at this address."""
    gunicorn = ["-m", "gunicorn", "app.wsgi:app", "--bind", address(host, port)]
    gunicorn += ["--workers", str(processes), "--worker-class", "gthread", "--threads", str(_WEB_THREADS)]
    return [*gunicorn, "--graceful-timeout", "4", "--log-level", "warning", "--no-control-socket"]


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        usable = os.access(path, os.R_OK | os.W_OK | os.X_OK)
        reason = "this user may not write there"
    except OSError as problem:
        usable, reason = False, problem.strerror or str(problem)
    if not usable:
        raise HostError(f"The data folder {path} cannot be used: {reason}.", "Name another with INLET_DATA.")


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
