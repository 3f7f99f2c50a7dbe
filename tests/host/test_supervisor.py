"""The supervisor with real children: small shell and Python programs that live, die and refuse to die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.host.processes import spawn
from app.host.supervisor import Child, Patience, Stage, Supervisor
from tests.waiting import alive, wait_until

QUICK = Patience(deaths=3, first_pause=0.01, longest_pause=0.015)
# Says that it is ready, and says goodbye when it is told to end.
POLITE = "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 600 & wait $!; done"
STUBBORN = "trap 'echo no' TERM; echo ready; while :; do sleep 600 & wait $!; done"


def shell(script: str) -> Callable[[], subprocess.Popen[bytes]]:
    return lambda: spawn(["/bin/bash", "-c", script], death_signal=signal.SIGKILL, output=subprocess.PIPE)


class Told:
    """What was said; stops the supervisor once `enough` lines like one of `words` came."""

    def __init__(self, words: str, enough: int = 1, times: int = 1) -> None:
        self.lines: list[tuple[str, str]] = []
        self.supervisor = Supervisor(self, QUICK)
        self._words, self._enough, self._times = words, enough, times

    def __call__(self, name: str, line: str) -> None:
        self.lines.append((name, line))
        if self._words in line:
            self._enough -= 1
            if self._enough == 0:
                for _ in range(self._times):
                    self.supervisor.stop()

    def run(self, *children: Child) -> int:
        for child in children:
            self.supervisor.add(child)
        return self.supervisor.run()


def test_children_end_in_the_order_of_their_stages() -> None:
    told = Told("ready", enough=5)
    children = [Child(stage.name.lower(), shell(POLITE), stage) for stage in reversed(Stage)]
    assert told.run(*children) == 0
    assert [name for name, line in told.lines if line == "bye"] == ["web", "workers", "scheduler", "redis", "postgres"]


def test_children_of_one_stage_end_together() -> None:
    told = Told("ready", enough=2)
    slow = "trap 'sleep 0.4; echo bye; exit 0' TERM; echo ready; while :; do sleep 600 & wait $!; done"
    begun = time.monotonic()
    assert told.run(Child("worker 1", shell(slow), Stage.WORKERS), Child("worker 2", shell(slow), Stage.WORKERS)) == 0
    assert sorted(name for name, line in told.lines if line == "bye") == ["worker 1", "worker 2"]
    assert time.monotonic() - begun < 1.5


def test_a_dead_child_starts_again(tmp_path: Path) -> None:
    told = Told("ready")
    once = f"if mkdir '{tmp_path}/been' 2>/dev/null; then echo 'the disk is full'; exit 7; fi; {POLITE}"
    assert told.run(Child("worker 1", shell(once), Stage.WORKERS)) == 0
    assert told.lines == [
        ("worker 1", "the disk is full"),
        ("inlet", "worker 1 ended with status 7 and is started again in 0.01 s; its last line was: the disk is full"),
        ("worker 1", "ready"),
        ("worker 1", "bye"),
    ]


def test_a_child_that_cannot_live_stops_everything() -> None:
    told = Told("never said")
    web = Child("web", shell("kill -SEGV $$"), Stage.WEB)
    assert told.run(web, Child("scheduler", shell(POLITE), Stage.SCHEDULER)) == 1
    assert [line for name, line in told.lines if name == "inlet"] == [
        "web was killed by SIGSEGV and is started again in 0.01 s; it left no message",
        "web was killed by SIGSEGV and is started again in 0.015 s; it left no message",
        "web was killed by SIGSEGV, 3 times in a short while, so Inlet stops; it left no message",
    ]


def test_old_deaths_are_forgotten(tmp_path: Path) -> None:
    told = Told("death 6")
    told.supervisor = Supervisor(told, Patience(deaths=3, within=0.05, first_pause=0.04))
    count = f"echo x >> '{tmp_path}/n'; echo death $(wc -l < '{tmp_path}/n')"
    assert told.run(Child("feed", shell(count), Stage.WORKERS)) == 0
    assert [line for name, line in told.lines if name == "feed"] == [f"death {number}" for number in range(1, 7)]


def test_the_last_words_of_a_server_come_from_its_log(tmp_path: Path) -> None:
    told = Told("started again")
    log = tmp_path / "postgresql.log"
    log.write_text("LOG: hello\nPANIC: no space left on device\n\n")
    assert told.run(Child("PostgreSQL", shell("exit 1"), Stage.POSTGRES, log=log)) == 0
    assert told.lines == [
        (
            "inlet",
            (
                "PostgreSQL ended with status 1 and is started again in 0.01 s; "
                "its last line was: PANIC: no space left on device"
            ),
        )
    ]


def test_a_child_behind_a_gate_waits_for_it_once(tmp_path: Path) -> None:
    gate = threading.Event()
    told: list[tuple[str, str]] = []

    def say(name: str, line: str) -> None:
        told.append((name, line))
        if (name, line) == ("web", "ready"):
            threading.Timer(0.2, gate.set).start()
        if (name, line) == ("worker 1", "ready"):
            supervisor.stop()

    once = f"if mkdir '{tmp_path}/been' 2>/dev/null; then exit 7; fi; {POLITE}"
    supervisor = Supervisor(say, QUICK)
    supervisor.add(Child("worker 1", shell(once), Stage.WORKERS, gate=gate))
    supervisor.add(Child("web", shell(POLITE), Stage.WEB))
    assert supervisor.run() == 0
    assert told == [
        ("web", "ready"),
        ("inlet", "worker 1 ended with status 7 and is started again in 0.01 s; it left no message"),
        ("worker 1", "ready"),
        ("web", "bye"),
        ("worker 1", "bye"),
    ]


def test_who_does_not_listen_is_pressed_and_then_killed() -> None:
    told = Told("ready")
    presses = ((signal.SIGTERM, 0.1), (signal.SIGTERM, 0.1))
    begun = time.monotonic()
    assert told.run(Child("worker 1", shell(STUBBORN), Stage.WORKERS, presses)) == 0
    assert told.lines == [("worker 1", "ready"), ("worker 1", "no"), ("worker 1", "no")]
    assert time.monotonic() - begun < 3.0


def test_asked_twice_it_kills() -> None:
    told = Told("ready", times=2)
    begun = time.monotonic()
    assert told.run(Child("worker 1", shell(STUBBORN), Stage.WORKERS, ((signal.SIGTERM, 60.0),))) == 0
    assert told.lines == [("worker 1", "ready")]
    assert time.monotonic() - begun < 3.0


def test_a_second_signal_while_ending_kills() -> None:
    told = Told("no")
    # The first stop comes with "ready", the second, through the real signal, with the refusal.
    ready = Told("ready")

    def say(name: str, line: str) -> None:
        ready(name, line)
        if line == "no":
            os.kill(os.getpid(), signal.SIGINT)

    ready.supervisor = told.supervisor = Supervisor(say, QUICK)
    begun = time.monotonic()
    assert ready.run(Child("worker 1", shell(STUBBORN), Stage.WORKERS, ((signal.SIGTERM, 60.0),))) == 0
    assert time.monotonic() - begun < 5.0


@pytest.fixture
def listening() -> Iterator[None]:
    """Under nohup the tests themselves ignore a hang-up, and so would what they start."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("listening")
def test_signals_stop_it_and_are_given_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        told: list[str] = []

        def say(_name: str, line: str, number: int = number, told: list[str] = told) -> None:
            told.append(line)
            if line == "ready":
                os.kill(os.getpid(), number)

        supervisor = Supervisor(say)
        supervisor.add(Child("web", shell(POLITE), Stage.WEB))
        assert supervisor.run() == 0
        assert told == ["ready", "bye"]
    after = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)]
    assert after == before


def test_under_nohup_a_closed_terminal_does_not_end_it() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    told: list[str] = []

    def say(_name: str, line: str) -> None:
        told.append(line)
        if line == "ready":
            os.kill(os.getpid(), signal.SIGHUP)
            supervisor.add(Child("later", shell("echo later; sleep 600"), Stage.WORKERS))
        if line == "later":
            supervisor.stop()

    supervisor = Supervisor(say)
    supervisor.add(Child("web", shell(POLITE), Stage.WEB))
    try:
        assert supervisor.run() == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert told == ["ready", "later", "bye"]


def test_a_dead_childs_children_go_with_it() -> None:
    # The child's child leaves the process group, as RQ's work-horse does, and holds on to the pipe.
    horse = "import os,time; os.setpgrp(); print('horse', os.getpid(), flush=True); time.sleep(600)"
    parent = f'import subprocess,sys; subprocess.Popen([sys.executable, "-c", {horse!r}]).wait()'
    found: list[int] = []

    def say(_name: str, line: str) -> None:
        if line.startswith("horse"):
            found.append(int(line.split()[1]))
            os.kill(int(line.split()[1]), 0)
            supervisor.stop()

    supervisor = Supervisor(say)
    command = [sys.executable, "-c", parent]
    supervisor.add(
        Child(
            "worker 1",
            lambda: spawn(command, death_signal=signal.SIGKILL, output=subprocess.PIPE),
            Stage.WORKERS,
        )
    )
    assert supervisor.run() == 0
    (horse_pid,) = found
    wait_until(lambda: not alive(horse_pid))


def test_lines_come_whole_whatever_they_hold() -> None:
    told = Told("last")
    script = (
        r"printf 'gr\303\274n \377\r\n'; printf 'half'; sleep 0.1; printf ' a line\n\n\n'; printf 'last'; sleep 600"
    )
    # A line without an end is passed on when its writer dies.
    assert told.run(Child("web", shell(script.replace("sleep 600", "exit 0")), Stage.WEB)) == 0
    assert told.lines[:3] == [("web", "grün �"), ("web", "half a line"), ("web", "last")]


def test_an_endless_line_is_cut() -> None:
    told = Told("done")
    script = "head -c 200000 /dev/zero | tr '\\0' x; echo; echo done"
    told.run(Child("web", shell(script), Stage.WEB))
    pieces = [line for _, line in told.lines if line.startswith("x")]
    assert sum(map(len, pieces)) == 200_000
    assert max(map(len, pieces)) <= 2 * 65_536
