"""The fixtures every other test stands on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from app.host.servers import PostgresServer
from config import Settings
from tests.servers import environ_for, install_make_empty, make_empty

Connection = psycopg.Connection[tuple[object, ...]]

SCHEMA = """
CREATE TABLE role (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, label text
                   GENERATED ALWAYS AS (upper(name)) STORED);
CREATE TABLE "PO" (id int PRIMARY KEY, role_id int REFERENCES role, parent int REFERENCES "PO");
CREATE TABLE line (id int PRIMARY KEY, po int NOT NULL REFERENCES "PO") PARTITION BY RANGE (id);
CREATE TABLE line_first PARTITION OF line FOR VALUES FROM (0) TO (1000000);
INSERT INTO role (name) VALUES ('admin'), ('buyer')
"""


@pytest.fixture(scope="module")
def seeded(postgres_server: PostgresServer) -> Iterator[Connection]:
    postgres_server.ensure_database("emptying")
    with postgres_server.connect("emptying") as connection:
        connection.execute(SCHEMA)
        install_make_empty(connection)
        yield connection
    with postgres_server.connect() as connection:
        connection.execute("DROP DATABASE emptying WITH (FORCE)")


@pytest.mark.parametrize(
    ("change", "emptied"),
    [
        ("SELECT 1", []),
        ('INSERT INTO "PO" VALUES (1, 1, 1)', ['"PO"']),
        ('INSERT INTO "PO" VALUES (1); INSERT INTO line VALUES (7, 1)', ['"PO"', "line"]),
        ("UPDATE role SET name = 'x' WHERE id = 2", ["role"]),
        ("DELETE FROM role WHERE id = 1; INSERT INTO role (name) VALUES ('new')", ["role"]),
        (
            "INSERT INTO role (name) VALUES ('new'); INSERT INTO \"PO\" VALUES (1, currval('role_id_seq'))",
            ["role", '"PO"'],
        ),
        ('INSERT INTO "PO" SELECT g FROM generate_series(1, 90000) g', ['"PO"']),
    ],
)
def test_emptying_restores_what_the_migrations_left(seeded: Connection, change: str, emptied: list[str]) -> None:
    seeded.execute(change.encode())
    assert make_empty(seeded) == emptied
    assert seeded.execute("SELECT id, name, label FROM role ORDER BY id").fetchall() == [
        (1, "admin", "ADMIN"),
        (2, "buyer", "BUYER"),
    ]
    assert seeded.execute('SELECT (SELECT count(*) FROM "PO"), (SELECT count(*) FROM line)').fetchall() == [(0, 0)]
    assert make_empty(seeded) == []


def test_postgres_is_the_one_the_product_promises(postgres_server: PostgresServer) -> None:
    with postgres_server.connect() as connection:
        found = connection.execute(
            "SELECT current_setting('server_version_num')::int / 10000, datlocprovider::text, datlocale, datcollate,"
            " current_setting('idle_in_transaction_session_timeout'), current_setting('TimeZone'),"
            " current_setting('unix_socket_directories')"
            " FROM pg_database WHERE datname = 'template1'"
        ).fetchone()
        connection.execute("DROP DATABASE IF EXISTS extensions")
        postgres_server.ensure_database("extensions")
    assert found == (18, "b", "C.UTF-8", "C", "30s", "UTC", "")
    with postgres_server.connect("extensions") as connection:
        connection.execute("CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin")


def test_redis_keeps_nothing_and_refuses_to_forget(redis_client: redis.Redis) -> None:
    assert [redis_client.config_get(name)[name] for name in ("save", "appendonly", "maxmemory-policy")] == [
        "",
        "no",
        "noeviction",
    ]
    assert redis_client.dbsize() == 0
    redis_client.set("left", "behind")


def test_redis_is_empty_for_the_next_test(redis_client: redis.Redis) -> None:
    assert redis_client.dbsize() == 0


def test_strangers_are_refused(postgres_server: PostgresServer, redis_server: object, redis_url: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host="127.0.0.1", port=postgres_server.port, user="inlet", password="guess", dbname="postgres")
    port = int(redis_url.rpartition(":")[2].partition("/")[0])
    with (
        redis.Redis.from_url(f"redis://127.0.0.1:{port}", retry=None) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_the_settings_of_a_test_are_whole(tmp_path: Path) -> None:
    settings = Settings.from_env(environ_for("postgresql://127.0.0.1/x", "redis://127.0.0.1/1", tmp_path))
    assert settings.files_root == tmp_path / "files"
    assert (settings.demo, settings.secure_cookies) == (False, False)
