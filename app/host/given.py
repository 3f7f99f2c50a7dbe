"""Servers that the environment names: asked once before the start, so that a wrong address is one sentence."""

from __future__ import annotations

import contextlib
from urllib.parse import urlsplit

import psycopg
import redis

from app.host.places import HostError

_CONNECT_SECONDS = 5
# The oldest release that still gets its mends; Debian's stable has a newer one.
_OLDEST_POSTGRESQL = 14


def check_database(url: str) -> None:
    """Raise HostError when the PostgreSQL of DATABASE_URL cannot be used. `url` names the driver, as settings do."""
    address = url.replace("+psycopg", "", 1)
    try:
        with psycopg.connect(address, connect_timeout=_CONNECT_SECONDS) as connection:
            major = connection.info.server_version // 10000
    except psycopg.Error as problem:
        raise HostError(
            f"The PostgreSQL of DATABASE_URL at {_where(address)} cannot be used: {_reason(problem)}.",
            "Mend the address, or start that server.",
        ) from None
    if major < _OLDEST_POSTGRESQL:
        raise HostError(
            f"The PostgreSQL of DATABASE_URL at {_where(address)} is version {major}.",
            f"Inlet needs version {_OLDEST_POSTGRESQL} or later.",
        )


def check_redis(url: str) -> None:
    """Raise HostError when the Redis of REDIS_URL cannot be used."""
    client = redis.Redis.from_url(
        url, socket_connect_timeout=_CONNECT_SECONDS, socket_timeout=_CONNECT_SECONDS, retry=None
    )
    try:
        with contextlib.closing(client):
            client.ping()
    except redis.RedisError as problem:
        raise HostError(
            f"The Redis of REDIS_URL at {_where(url)} cannot be used: {_reason(problem)}.",
            "Mend the address, or start that server.",
        ) from None


def _where(url: str) -> str:
    """The host and port of an address, without its user and password."""
    return urlsplit(url).netloc.rpartition("@")[2] or urlsplit(url).path


def _reason(problem: Exception) -> str:
    """What a client library says, as part of a sentence: its last line, without libpq's closing question."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip() and not line.rstrip().endswith("?")]
    return (lines[-1] if lines else type(problem).__name__).rstrip(".")
