"""Keeps children alive and ends them in order; one thread, one loop."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from app.host.processes import end_session, how_it_ended, last_line

_LONGEST_LINE = 65_536
_IDLE_SECONDS = 5.0
_GATE_SECONDS = 0.05

Say = Callable[[str, str], None]


class Stage(IntEnum):
    """The order of ending: what asks goes before what answers."""

    WEB = 0
    WORKERS = 1
    SCHEDULER = 2
    REDIS = 3
    POSTGRES = 4


@dataclass(frozen=True, slots=True)
class Child:
    """One process to keep alive: how it starts, when and how it is ended."""

    name: str
    launch: Callable[[], subprocess.Popen[bytes]]
    stage: Stage
    # Each signal with the seconds it is given; SIGKILL comes after the last.
    stop_signals: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 5.0),)
    # What a second Ctrl-C sends.
    kill_signal: signal.Signals = signal.SIGKILL
    # Where its last words are when they do not come through the pipe.
    log: Path | None = None
    # Its first start waits until this is set.
    gate: threading.Event | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """When a child that keeps dying is started again, in seconds, and when no more."""

    deaths: int = 6
    within: float = 60.0
    first_pause: float = 0.25
    longest_pause: float = 5.0


@dataclass(slots=True)
class _Watched:
    child: Child
    process: subprocess.Popen[bytes] | None = None
    unfinished: bytes = b""
    last_words: str = ""
    deaths: deque[float] = field(default_factory=deque)
    due: float = 0.0
    # The rest of `stop_signals`, and until when the last one sent may take.
    signals: list[tuple[signal.Signals, float]] = field(default_factory=list)
    deadline: float = 0.0
    killed: bool = False

    def may_start(self) -> bool:
        """Say whether its gate is open."""
        return self.child.gate is None or self.child.gate.is_set()


class Supervisor:
    """Starts children, passes on what they print, starts them again, gives up on one that cannot live."""

    def __init__(self, say: Say, patience: Patience | None = None) -> None:
        """`say(name, line)` prints one line of a child, or of the supervisor itself under the name 'inlet'."""
        self._say = say
        self._patience = patience or Patience()
        self._watched: list[_Watched] = []
        self._selector = selectors.DefaultSelector()
        self._stop_requests = 0
        self._failed = False

    def add(self, child: Child, process: subprocess.Popen[bytes] | None = None) -> None:
        """Watch over a child from the next `run` on; `process` when it already runs."""
        watched = _Watched(child)
        self._watched.append(watched)
        if process is not None:
            self._take(watched, process)

    def stop(self) -> None:
        """Ask `run` to end everything; asked twice, it kills."""
        self._stop_requests += 1

    def run(self) -> int:
        """Keep the children alive until Ctrl-C, SIGTERM or SIGHUP (returns 0) or until one cannot live (returns 1)."""
        with self._listening():
            while not self._stop_requests:
                self._start_what_is_due()
                self._turn(self._pause())
            self._end_all()
        self._selector.close()
        return 1 if self._failed else 0

    @contextlib.contextmanager
    def _listening(self) -> Iterator[None]:
        """Let signals wake the loop; SIGCHLD too, so that a death is seen at once."""
        reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(reading, selectors.EVENT_READ, None)
        wakeup = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        asked = [signal.SIGINT, signal.SIGTERM]
        # Under `nohup` a closed terminal is no reason to end.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            asked.append(signal.SIGHUP)
        before = {number: signal.signal(number, lambda *_: self.stop()) for number in asked}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(wakeup)
            self._selector.unregister(reading)
            os.close(reading)
            os.close(writing)

    def _start_what_is_due(self) -> None:
        for watched in self._watched:
            if watched.process is None and watched.due <= time.monotonic() and watched.may_start():
                self._take(watched, watched.child.launch())

    def _take(self, watched: _Watched, process: subprocess.Popen[bytes]) -> None:
        watched.process = process
        watched.unfinished = b""
        if process.stdout is not None:
            os.set_blocking(process.stdout.fileno(), False)
            self._selector.register(process.stdout, selectors.EVENT_READ, watched)

    def _pause(self) -> float:
        now = time.monotonic()
        waiting = [watched for watched in self._watched if watched.process is None]
        pauses = [max(0.0, watched.due - now) if watched.may_start() else _GATE_SECONDS for watched in waiting]
        return min([_IDLE_SECONDS, *pauses])

    def _turn(self, seconds: float) -> None:
        """Wait for something to happen, pass on what was printed, and see who died."""
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(key.fd, 4096)
            else:
                self._pass_on(key.data)
        for watched in self._watched:
            if watched.process is not None and watched.process.poll() is not None:
                self._bury(watched, watched.process)

    def _pass_on(self, watched: _Watched) -> bool:
        """Print the whole lines that wait in the child's pipe; False when nothing more can come now."""
        stream = watched.process.stdout if watched.process else None
        if stream is None or stream.closed:
            return False
        try:
            data = os.read(stream.fileno(), _LONGEST_LINE)
        except BlockingIOError:
            return False
        if not data:
            self._selector.unregister(stream)
            stream.close()
        *lines, watched.unfinished = (watched.unfinished + data).split(b"\n")
        if watched.unfinished and (not data or len(watched.unfinished) > _LONGEST_LINE):
            lines.append(watched.unfinished)
            watched.unfinished = b""
        for line in lines:
            self._print(watched, line)
        return bool(data)

    def _print(self, watched: _Watched, line: bytes) -> None:
        text = line.decode("utf-8", errors="replace").rstrip()
        if text:
            watched.last_words = text
            self._say(watched.child.name, text)

    def _bury(self, watched: _Watched, process: subprocess.Popen[bytes]) -> None:
        end_session(process.pid)
        while self._pass_on(watched):
            pass
        if process.stdout is not None and not process.stdout.closed:
            self._selector.unregister(process.stdout)
            process.stdout.close()
        if watched.unfinished:
            self._print(watched, watched.unfinished)
        watched.process = None
        if not self._stop_requests:
            self._mourn(watched, how_it_ended(process.returncode))

    def _mourn(self, watched: _Watched, how: str) -> None:
        """Say what happened and plan the next start, or give up."""
        now, patience = time.monotonic(), self._patience
        watched.deaths.append(now)
        while watched.deaths[0] < now - patience.within:
            watched.deaths.popleft()
        name, count = watched.child.name, len(watched.deaths)
        words = last_line(watched.child.log) if watched.child.log else watched.last_words
        said = f"its last line was: {words}" if words else "it left no message"
        if count >= patience.deaths:
            self._failed = True
            self._say("inlet", f"{name} {how}, {count} times in a short while, so Inlet stops; {said}")
            self.stop()
            return
        pause = min(patience.longest_pause, patience.first_pause * 2 ** (count - 1))
        watched.due = now + pause
        self._say("inlet", f"{name} {how} and is started again in {pause:g} s; {said}")

    def _end_all(self) -> None:
        for stage in Stage:
            alive = [watched for watched in self._watched if watched.child.stage is stage and watched.process]
            for watched in alive:
                watched.signals = list(watched.child.stop_signals)
            while any(watched.process for watched in alive):
                self._turn(min(self._press(watched) for watched in alive if watched.process))

    def _press(self, watched: _Watched) -> float:
        """Send the next signal when its time has come; returns the seconds until the one after it."""
        now = time.monotonic()
        if self._stop_requests > 1 and not watched.killed:
            watched.killed = True
            watched.signals = [(watched.child.kill_signal, 3.0)]
            watched.deadline = now
        if now >= watched.deadline:
            number, seconds = watched.signals.pop(0) if watched.signals else (signal.SIGKILL, 3.0)
            self._signal(watched, number)
            watched.deadline = now + seconds
        return watched.deadline - now

    @staticmethod
    def _signal(watched: _Watched, number: signal.Signals) -> None:
        if watched.process is not None:
            with contextlib.suppress(ProcessLookupError):
                watched.process.send_signal(number)
