"""The reader's time zone: the browser tells it in a cookie, and "today" is the day there."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from flask import request

COOKIE: Final = "inlet_zone"


def reader_zone() -> ZoneInfo:
    """The zone of the browser that asks; UTC where it told none, or none that there is."""
    name = request.cookies.get(COOKIE, "")
    return ZoneInfo(name if name in _known() else "UTC")


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(available_timezones())
