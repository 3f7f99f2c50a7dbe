"""The browser of the tests and of the pictures: finds Chromium on this machine, and installs it where that is possible.

`make test` runs this file first: on Debian and its relatives, and as root or with a sudo that asks for no password, a
missing Chromium is installed. Where that can't be done it says so, and the tests that need a browser say so again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence

NAMES = ("chromium", "chromium-browser", "google-chrome")
# It opens our own pages on this machine only, so it needs no sandbox, which root and many containers can't give it; and
# it must not ask its makers for anything.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
BY_HAND = "Install it with `apt-get install chromium`, then run it again."
_ANSWER_SECONDS = 600

Run = Callable[[Sequence[str]], int]


def find(which: Callable[[str], str | None] = shutil.which) -> str | None:
    """The path of a Chromium on this machine, or None."""
    return next((path for name in NAMES if (path := which(name))), None)


def main() -> int:
    """Install Chromium when it is missing and this user may; the exit status is always 0, for the tests go on."""
    for line in provide():
        print(line, flush=True)
    return 0


def provide(
    which: Callable[[str], str | None] = shutil.which, run: Run | None = None, user: int | None = None
) -> list[str]:
    """Install Chromium when it is missing; returns what there is to say, which is nothing when it was there.

    `run` takes a command and returns its exit status; `user` is the id of who asks.
    """
    if find(which):
        return []
    run = run or _quietly
    missing = "Chromium is not installed, so the browser tests are left out."
    if not which("apt-get"):
        return [f"{missing} Install it by the means of this system, then run it again."]
    before = _becoming_root(os.geteuid() if user is None else user, which, run)
    if before is None:
        return [f"{missing} {BY_HAND}"]
    print("Installing Chromium for the browser tests …", flush=True)
    for words in (("update",), ("install", "-y", "--no-install-recommends", "chromium")):
        if run([*before, "apt-get", *words]) != 0:
            return [f"Chromium could not be installed: `apt-get {words[0]}` failed. The browser tests are left out."]
    return [] if find(which) else [f"{missing} {BY_HAND}"]


def _becoming_root(user: int, which: Callable[[str], str | None], run: Run) -> list[str] | None:
    """The words before a command that only root may give; None where this user can't become root without a password."""
    if user == 0:
        return []
    return ["sudo", "-n"] if which("sudo") and run(["sudo", "-n", "true"]) == 0 else None


def _quietly(command: Sequence[str]) -> int:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, env=environ, capture_output=True, check=False, timeout=_ANSWER_SECONDS)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return 1
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
