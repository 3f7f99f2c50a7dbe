"""When a failed delivery is tried again."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

# The waits between the attempts, in minutes. They add up to 24 hours: quick at first, for a target that only hiccuped,
# then far enough apart to outlast a night without staff.
_WAITS: Final = (1, 4, 15, 60, 180, 420, 760)
ATTEMPTS: Final = len(_WAITS) + 1

# A wait is stretched or shortened by up to a fifth, so that deliveries that failed together do not return together.
_SPREAD: Final = 0.2
_LONGEST_WISH: Final = timedelta(hours=24)


def next_attempt(attempt_no: int, retry_after: float | None, jitter: float) -> timedelta | None:
    """How long to wait after attempt `attempt_no` (1 is the first) failed, or None when that was the last one.

    `retry_after` is what the target asked for, in seconds: the wait is never shorter, but a wish beyond 24 hours counts
    as 24 hours. `jitter` is a random number from 0 to 1. Raises ValueError for a number outside these ranges.
    """
    if attempt_no < 1:
        raise ValueError(f"Attempts are counted from 1, not {attempt_no}.")
    if not 0 <= jitter <= 1:
        raise ValueError(f"Jitter goes from 0 to 1, not {jitter}.")
    if attempt_no >= ATTEMPTS:
        return None
    wait = timedelta(minutes=_WAITS[attempt_no - 1]) * (1 - _SPREAD + 2 * _SPREAD * jitter)
    return max(wait, _wish(retry_after))


def _wish(retry_after: float | None) -> timedelta:
    # Compared as seconds first: a target may ask for more than a timedelta can hold.
    return timedelta(seconds=max(0, min(retry_after or 0, _LONGEST_WISH.total_seconds())))
