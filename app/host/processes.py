"""Starting and ending one child process: its own session, on a leash that ends it with us."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from app.host.places import Account, HostError

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


def end_session(leader: int) -> None:
    """Kill what is left of the session that the process `leader` began.

    A child's own children may have left its process group, as RQ's work-horses do, but they stay in its session.
    """
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _session(entry) == leader:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(entry.name), signal.SIGKILL)


def _session(entry: Path) -> int:
    try:
        # The name in brackets may hold anything; the fields after it are: state, parent, group, session.
        return int((entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[3])
    except (OSError, IndexError):
        return -1


def how_it_ended(status: int) -> str:
    """A return code as words: 'ended with status 1', 'was killed by SIGKILL'."""
    if status >= 0:
        return f"ended with status {status}"
    with contextlib.suppress(ValueError):
        return f"was killed by {signal.Signals(-status).name}"
    return f"was killed by signal {-status}"


def run_to_end(process: subprocess.Popen[bytes], say: Callable[[str], None], failure: str) -> None:
    """Pass on each line the process prints and wait for its end.

    Raises HostError, beginning with `failure`, when it fails; ends the process when we are interrupted.
    """
    words = ""
    try:
        with process.stdout or contextlib.nullcontext(()) as lines:
            for line in lines:
                text = line.decode("utf-8", errors="replace").rstrip()
                if text:
                    words = text
                    say(text)
        status = process.wait()
    except BaseException:
        end(process, ((signal.SIGTERM, 2.0),))
        raise
    if status != 0:
        raise HostError(f"{failure}: {words or how_it_ended(status)}")
