"""How long a lease lasts. A worker that dies holds its work up for as long, so the setting is short for tests."""

from __future__ import annotations

from typing import ClassVar


class Leases:
    """Bound once by the composition root. A lease is always longer than the longest single call to the world."""

    seconds: ClassVar[int] = 180

    @classmethod
    def last(cls, seconds: int) -> None:
        """Let leases last so many seconds."""
        cls.seconds = seconds
