"""The only door to the schema: extensions, revisions, roles and permissions, one caller at a time."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"

# Any fixed number: whoever holds this advisory lock is migrating.
_LOCK = 7_204_515_032

MIGRATION_LIMITS = (
    "SET lock_timeout = '4s'",
    "SET statement_timeout = '60s'",
    "SET idle_in_transaction_session_timeout = '60s'",
)

EXTENSIONS = ("pg_trgm", "btree_gin")


def migrate(url: str, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`. Two callers at once do the work once, one after the other."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            connection.commit()
            add_extensions(connection)
            _run(connection, revision)
    finally:
        engine.dispose()


def downgrade(url: str, revision: str) -> None:
    """Take the database back to `revision`, or to nothing with "base"."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            command.downgrade(_config(connection), revision)
    finally:
        engine.dispose()


def add_extensions(connection: Connection) -> None:
    """Make the extensions that the indexes need; they come with every PostgreSQL distribution."""
    for name in EXTENSIONS:
        connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS {name}"))
    connection.commit()


def current_revision(engine: Engine) -> str | None:
    """The revision that the database stands at."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str | None:
    """The newest revision that this code knows."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def _run(connection: Connection, revision: str) -> None:
    command.upgrade(_config(connection), revision)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
