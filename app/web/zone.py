"""The time zone of the person at the page."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import unquote
from zoneinfo import ZoneInfo, available_timezones

from flask import request

COOKIE: Final = "inlet_zone"


def reader_zone() -> ZoneInfo:
    """The zone that the reader's browser told in its cookie; UTC where it told none, or one that there is not."""
    name = unquote(request.cookies.get(COOKIE, ""))
    return ZoneInfo(name if name in _known() else "UTC")


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    # A cookie may hold anything: a name is looked up in this list, and never in a folder.
    return frozenset(available_timezones())
