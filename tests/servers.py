"""Real PostgreSQL and Redis for the tests: servers of the session, a template database, clones, quick emptying."""

from __future__ import annotations

import base64
import itertools
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import Engine, create_engine, make_url

from app.host.servers import PostgresServer

PROJECT = Path(__file__).resolve().parent.parent
TEMPLATE = "inlet_template"
_numbers = itertools.count(1)

# A seeded table notes each statement that changes it. Notes have no key, so that concurrent writers never wait for each
# other.
_NOTES = """
CREATE SCHEMA inlet_test;
CREATE TABLE inlet_test.touched (relation regclass NOT NULL);
CREATE FUNCTION inlet_test.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO inlet_test.touched VALUES (TG_RELID); RETURN NULL; END $$
"""
_TABLES = """
SELECT c.oid::regclass::text, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  AND c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
GROUP BY c.oid ORDER BY c.oid
"""
# Foreign keys and triggers are off meanwhile (replica role), so the tables need no order. DELETE is quicker than
# TRUNCATE, which makes new files; a table that had grown large is vacuumed, for the dead rows slow down the next test.
_EMPTY = """
IF EXISTS (SELECT FROM {table}) THEN
    DELETE FROM {table};
    IF pg_relation_size('{table}') > 2000000 THEN bulky := array_append(bulky, '{table}'); END IF;
    emptied := array_append(emptied, '{table}');
END IF;
"""
_RESTORE = """
IF EXISTS (SELECT FROM inlet_test.touched WHERE relation = '{table}'::regclass) THEN
    DELETE FROM {table};
    INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {copy};
    emptied := array_append(emptied, '{table}');
END IF;
"""
_MAKE_EMPTY = """
CREATE FUNCTION inlet_test.make_empty(OUT emptied text[], OUT bulky text[]) LANGUAGE plpgsql
SET session_replication_role = replica SET lock_timeout = '10s' AS $$
BEGIN
emptied := '{{}}';
bulky := '{{}}';
{body}
IF EXISTS (SELECT FROM inlet_test.touched) THEN DELETE FROM inlet_test.touched; END IF;
END $$
"""


@dataclass(frozen=True, slots=True)
class Database:
    """One database with the whole schema: `url` for other processes, `engine` for this one."""

    url: str
    engine: Engine

    @property
    def dsn(self) -> str:
        """The address as psycopg takes it."""
        return make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """A plain autocommit connection, for looking from outside."""
        return psycopg.connect(self.dsn, autocommit=True)


def environ_for(database_url: str, redis_url: str, data_folder: Path) -> dict[str, str]:
    """The environment of an Inlet for tests, for `Settings.from_env` and for processes of their own."""
    return {
        "PATH": "/usr/bin:/bin",
        "PYTHONUNBUFFERED": "1",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": "only-for-tests-" * 3,
        "ENCRYPTION_KEYS": base64.urlsafe_b64encode(b"only for the tests of Inlet, ok.").decode(),
        "INLET_DATA": str(data_folder),
        "SECURE_COOKIES": "0",
    }


def build_template(server: PostgresServer, folder: Path) -> None:
    """Set up the database that every test database is a copy of, by the command that sets up a real one.

    It is a process of its own, so that nothing of a bound application stays behind in this one.
    """
    server.ensure_database(TEMPLATE)
    environ = environ_for(server.url(TEMPLATE), "redis://127.0.0.1:1/0", folder)
    command = [sys.executable, "-m", "app.cli", "migrate"]
    done = subprocess.run(command, cwd=PROJECT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with server.connect(TEMPLATE) as connection:
        install_make_empty(connection)


def install_make_empty(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Give the database the function `inlet_test.make_empty()`, which brings it back to the rows it has now."""
    connection.execute(_NOTES)
    body = ""
    for number, (table, columns) in enumerate(connection.execute(_TABLES).fetchall()):
        copy = f"inlet_test.seed_{number}"
        if connection.execute(f"SELECT EXISTS (SELECT FROM {table})".encode()).fetchone() == (True,):
            connection.execute(f"CREATE TABLE {copy} AS TABLE {table}".encode())
            connection.execute(
                f"CREATE TRIGGER inlet_test_note AFTER INSERT OR UPDATE OR DELETE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION inlet_test.note()".encode()
            )
            body += _RESTORE.format(table=table, columns=columns, copy=copy)
        else:
            body += _EMPTY.format(table=table)
    connection.execute(_MAKE_EMPTY.format(body=body).encode())


@contextmanager
def clone(server: PostgresServer) -> Iterator[Database]:
    """A new copy of the template, dropped at the end whoever is still connected."""
    name = f"inlet_{next(_numbers)}"
    with server.connect() as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE))
        )
    engine = create_engine(server.url(name))
    try:
        yield Database(server.url(name), engine)
    finally:
        engine.dispose()
        with server.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def make_empty(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    """Bring the database back to what the migrations left, in one round trip; returns the tables that had changed."""
    row = connection.execute("SELECT emptied, bulky FROM inlet_test.make_empty()").fetchone()
    assert row is not None
    emptied, bulky = row
    assert isinstance(emptied, list)
    assert isinstance(bulky, list)
    for table in bulky:
        connection.execute(f"VACUUM {table}".encode())
    return emptied
