"""What every test may ask for. Nothing starts until a test asks: the pure layers need no server.

Each process of pytest-xdist owns its servers (a second and a half), so that none depends on the end of another.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from app.host.places import Place, remove, session_place
from app.host.servers import TEST_PROFILE, PostgresServer, RedisServer
from config import Settings
from tests.servers import PROJECT, Database, build_template, clone, environ_for, make_empty

# Where the project lies, for every test that reads its files.
__all__ = ["PROJECT"]


@pytest.fixture(scope="session")
def server_place() -> Iterator[Place]:
    """The folder of this process's servers."""
    place = session_place(PROJECT)
    yield place
    remove(place)


@pytest.fixture(scope="session")
def postgres_server(server_place: Place) -> Iterator[PostgresServer]:
    """PostgreSQL, empty."""
    with PostgresServer(server_place, TEST_PROFILE) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server(server_place: Place) -> Iterator[RedisServer]:
    """Redis, empty."""
    with RedisServer(server_place) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_server(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> PostgresServer:
    """PostgreSQL with the template database in it."""
    build_template(postgres_server, tmp_path_factory.mktemp("template"))
    return postgres_server


@pytest.fixture(scope="session")
def shared_database(migrated_server: PostgresServer) -> Iterator[Database]:
    """The database that the tests of this process use one after the other; ask for `db` instead."""
    with clone(migrated_server) as database:
        yield database


@pytest.fixture(scope="session")
def emptying_connection(shared_database: Database) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """One connection for all emptyings: it keeps their plans."""
    with shared_database.connect() as connection:
        yield connection


@pytest.fixture
def db(shared_database: Database, emptying_connection: psycopg.Connection[tuple[object, ...]]) -> Iterator[Database]:
    """A database with the whole schema and only the seeded rows; tests commit for real, it is restored after each.

    A session left open inside a transaction makes the restoring fail after 10 s: close sessions in the test.
    """
    yield shared_database
    make_empty(emptying_connection)


@pytest.fixture
def fresh_database(migrated_server: PostgresServer) -> Iterator[Database]:
    """A database of the test's own, for tests with other processes, hard failures or changed seeds."""
    with clone(migrated_server) as database:
        yield database


@pytest.fixture
def redis_url(redis_server: RedisServer) -> Iterator[str]:
    """The address of an empty Redis, emptied after the test too.

    Before it as well: a bell that an earlier test hung may have rung since, in a test that did not ask for Redis.
    """
    with redis.Redis.from_url(redis_server.url()) as client:
        client.flushall()
        yield redis_server.url()
        client.flushall()


@pytest.fixture
def settings(db: Database, redis_url: str, tmp_path: Path) -> Settings:
    """Settings for `create_app`: the test's database and Redis, its own data and files folders."""
    return Settings.from_env(environ_for(db.url, redis_url, tmp_path))


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[redis.Redis]:
    """A client of `redis_url` that gives bytes, as RQ needs them."""
    with redis.Redis.from_url(redis_url) as client:
        yield client
