"""The waits between delivery attempts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.backoff import ATTEMPTS, next_attempt

HALF_WAY = 0.5


@pytest.mark.parametrize(
    ("attempt", "minutes"),
    [(1, 1), (2, 4), (3, 15), (4, 60), (5, 180), (6, 420), (7, 760), (8, None), (9, None), (100, None)],
)
def test_the_wait_after_each_attempt(attempt: int, minutes: int | None) -> None:
    wait = None if minutes is None else timedelta(minutes=minutes)
    assert next_attempt(attempt, None, HALF_WAY) == wait


def test_eight_attempts_take_a_day() -> None:
    waits = [wait for n in range(1, 20) if (wait := next_attempt(n, None, HALF_WAY))]
    assert ATTEMPTS == len(waits) + 1 == 8
    assert sum(waits, timedelta()) == timedelta(hours=24)


@pytest.mark.parametrize(
    ("attempt", "retry_after", "jitter", "seconds"),
    [
        (1, None, 0.0, 48),
        (1, None, 1.0, 72),
        (1, 10, HALF_WAY, 60),
        (1, 90, HALF_WAY, 90),
        (1, 90.5, 1.0, 90.5),
        (1, -5, HALF_WAY, 60),
        (4, 3600, 1.0, 4320),
        (4, 86_399, HALF_WAY, 86_399),
        (4, 10**15, HALF_WAY, 86_400),
        (7, float("inf"), HALF_WAY, 86_400),
    ],
)
def test_retry_after_is_the_least(attempt: int, retry_after: float | None, jitter: float, seconds: float) -> None:
    assert next_attempt(attempt, retry_after, jitter) == timedelta(seconds=seconds)


def test_the_last_attempt_is_the_last_whatever_the_target_asks() -> None:
    assert next_attempt(8, 60, HALF_WAY) is None


@pytest.mark.parametrize(
    ("attempt", "jitter", "message"),
    [
        (0, 0.5, "Attempts are counted from 1, not 0."),
        (1, 1.01, "Jitter goes from 0 to 1, not 1.01."),
        (1, -0.1, "Jitter goes from 0 to 1, not -0.1."),
        (1, float("nan"), "Jitter goes from 0 to 1, not nan."),
    ],
)
def test_numbers_out_of_range(attempt: int, jitter: float, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        next_attempt(attempt, None, jitter)


@given(st.integers(1, 7), st.none() | st.floats(allow_nan=False), st.floats(0, 1))
def test_waits_stay_within_a_fifth_or_as_asked(attempt: int, retry_after: float | None, jitter: float) -> None:
    wait, middle = next_attempt(attempt, retry_after, jitter), next_attempt(attempt, None, HALF_WAY)
    assert wait is not None
    assert middle is not None
    asked = timedelta(seconds=min(max(retry_after or 0, 0), 86_400))
    assert max(middle * 0.8, asked) <= wait <= max(middle * 1.2, asked)
