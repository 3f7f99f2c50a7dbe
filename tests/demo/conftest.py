"""The demo, loaded once for the tests that only look at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import redis
from flask import Flask

from app import create_app
from app.demo.load import load
from app.extensions import db as flask_db
from app.host.servers import PostgresServer, RedisServer
from app.security.roles import install
from config import Settings
from tests.servers import Database, clone, environ_for


@dataclass(frozen=True, slots=True)
class Demo:
    """A loaded demo: its application, its settings and its database."""

    app: Flask
    settings: Settings
    database: Database

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """The rows of a query, looked at from outside."""
        with self.database.connect() as connection:
            return connection.execute(query.encode()).fetchall()

    def pairs(self, query: str) -> dict[object, object]:
        """The rows of a query with two columns, as a mapping."""
        return {key: value for key, value in self.rows(query)}  # noqa: C416 (the rows are tuples of any length)


def opened(database: Database, redis_url: str, folder: Path) -> Demo:
    """An Inlet with its roles, and nothing else in it."""
    settings = replace(Settings.from_env(environ_for(database.url, redis_url, folder)), demo=True)
    app = create_app("web", settings)
    install(app)
    return Demo(app, settings, database)


def close(demo: Demo) -> None:
    """Give the connections back, so that the database can be dropped."""
    with demo.app.app_context():
        flask_db.session.remove()
        flask_db.engine.dispose()


@pytest.fixture(scope="module")
def demo(
    migrated_server: PostgresServer, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    """The loaded demo. The tests of one module share it and change nothing in it."""
    with clone(migrated_server) as database:
        found = opened(database, redis_server.url(), tmp_path_factory.mktemp("demo"))
        load(found.app, found.settings)
        yield found
        close(found)
        with redis.Redis.from_url(redis_server.url()) as client:
            client.flushall()


@pytest.fixture
def empty(fresh_database: Database, redis_url: str, tmp_path: Path) -> Iterator[Demo]:
    """An Inlet of the test's own, not loaded yet."""
    found = opened(fresh_database, redis_url, tmp_path)
    yield found
    close(found)
