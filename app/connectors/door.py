"""Is the way to the network open?

No transaction may be open while we wait for another system: it would hold locks for as long as the other side likes.
A unit of work closes the door while it runs; everything that talks to the world (HTTP, SFTP, SMTP, files of others)
asks `require_open` first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_closed_by: ContextVar[str] = ContextVar("network_closed_by", default="")


class NetworkClosed(RuntimeError):
    """A programming error: a call to the world inside a transaction."""


@contextmanager
def closed(reason: str) -> Iterator[None]:
    """Close the door for the block; `reason` names who holds it."""
    token = _closed_by.set(reason)
    try:
        yield
    finally:
        _closed_by.reset(token)


def require_open(target: str) -> None:
    """Raise NetworkClosed if a unit of work is open. `target` names the system that was to be called."""
    holder = _closed_by.get()
    if holder:
        raise NetworkClosed(f"{target} was called inside {holder}: commit first, then call.")
