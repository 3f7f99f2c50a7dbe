"""The reader's zone comes from a cookie, which may hold anything."""

from __future__ import annotations

import pytest
from flask import Flask

from app.web.zone import COOKIE, reader_zone


def zone_of(cookie: str | None) -> str:
    """The zone that a request with this cookie counts in."""
    app = Flask("zones")
    headers = {} if cookie is None else {"Cookie": f"{COOKIE}={cookie}"}
    with app.test_request_context(headers=headers):
        return reader_zone().key


@pytest.mark.parametrize(
    ("cookie", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        # As a script writes it that is careful with its cookie.
        ("Europe%2FBerlin", "Europe/Berlin"),
        ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("Etc/GMT+5", "Etc/GMT+5"),
        ("UTC", "UTC"),
        (None, "UTC"),
        ("", "UTC"),
        ("Mars/Olympus", "UTC"),
        ("europe/berlin", "UTC"),
        ("Europe", "UTC"),
        ("Europe/", "UTC"),
        ("../../../etc/passwd", "UTC"),
        ("..%2F..%2Fetc%2Fpasswd", "UTC"),
        ("/etc/localtime", "UTC"),
        ("Europe/Berlin%00", "UTC"),
        ("%00", "UTC"),
        ("%FF%FE", "UTC"),
        ('"Europe/Berlin', "UTC"),
        ("<script>", "UTC"),
        ("x" * 3_000, "UTC"),
    ],
)
def test_only_a_zone_that_there_is_counts(cookie: str | None, zone: str) -> None:
    assert zone_of(cookie) == zone
