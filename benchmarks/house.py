"""What every benchmark needs: PostgreSQL as `make run` starts it, a migrated database, and Inlet bound to it."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from app import create_app
from app.host.places import remove, session_place
from app.host.servers import PostgresServer, RedisServer
from app.schema import migrate
from config import Settings

PROJECT = Path(__file__).resolve().parent.parent


@contextmanager
def settled_in() -> Iterator[Settings]:
    """Start PostgreSQL (its everyday settings: fsync is on) and Redis, migrate, and bind the services."""
    place = session_place(PROJECT)
    try:
        with tempfile.TemporaryDirectory() as folder, PostgresServer(place) as postgres, RedisServer(place) as redis:
            postgres.ensure_database()
            settings = Settings.from_env(
                {
                    "DATABASE_URL": postgres.url(),
                    "REDIS_URL": redis.url(),
                    "SECRET_KEY": "only-for-benchmarks-" * 2,
                    "ENCRYPTION_KEYS": base64.urlsafe_b64encode(b"only for benchmarks of Inlet ok!").decode(),
                    "INLET_DATA": folder,
                }
            )
            migrate(settings.database_url)
            create_app("worker", settings)
            yield settings
    finally:
        remove(place)


def plain_connection(settings: Settings) -> psycopg.Connection[tuple[object, ...]]:
    """A psycopg connection of its own."""
    dsn = make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(dsn)
