"""Waiting for what must come about, instead of sleeping and hoping."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

_POLL_SECONDS = 0.01


def wait_until(condition: Callable[[], object], seconds: float = 20.0, what: Callable[[], str] | None = None) -> None:
    """Return as soon as `condition()` is true; raises AssertionError with the text of `what` if it never is."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {seconds:g} s: {what() if what else condition}"
        time.sleep(_POLL_SECONDS)


def alive(pid: int) -> bool:
    """Say whether a process runs; one that has ended and only waits to be counted does not."""
    try:
        state = Path("/proc", str(pid), "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] not in ("Z", "X")
