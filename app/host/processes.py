"""Starting and ending one child process: its own session, on a leash that ends it with us."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from app.host.places import Account

_LEASH = Path(__file__).with_name("leash.py")


def spawn(
    command: Sequence[str | Path],
    *,
    death_signal: signal.Signals,
    account: Account | None = None,
    env: Mapping[str, str] | None = None,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    output: int | IO[bytes] = subprocess.DEVNULL,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own; the kernel sends it `death_signal` when the calling thread ends.

    Call it from the main thread: Linux counts the end of the starting thread as the end of the parent. `output` takes
    both standard output and standard error.
    """
    account = account or Account()
    leash = [sys.executable, "-I", "-S", str(_LEASH)]
    numbers = [str(number) for number in (int(death_signal), os.getpid(), account.uid, account.gid)]
    return subprocess.Popen(
        [*leash, *numbers, *(str(word) for word in command)],
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=None if env is None else dict(env),
        cwd=cwd,
        start_new_session=True,
    )


def end(process: subprocess.Popen[bytes], signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send each signal in turn, giving the process so many seconds after it; the last resort is SIGKILL."""
    for number, seconds in (*signals, (signal.SIGKILL, 10.0)):
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nobody listens on at this instant; another process may still take it before we do."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def last_line(log: Path) -> str:
    """The last line of a log file that says something, or an empty text."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
