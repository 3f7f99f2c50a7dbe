"""The only place that commits.

A unit of work is one short transaction on a session of its own. Leaving the block normally commits; an exception undoes
everything. While it is open the way to the network is closed, and bells that were asked for ring after the commit.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar

import psycopg
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

from app.connectors import door
from app.domain.errors import LeaseLost
from app.wakeups import Topic, ring

log = logging.getLogger(__name__)


class Database:
    """The engine that all units of work use, bound once by the composition root."""

    _sessions: ClassVar[sessionmaker[Session] | None] = None
    _engine: ClassVar[Engine | None] = None

    @classmethod
    def bind(cls, engine: Engine) -> None:
        """Take the engine. One that it replaces closes its idle connections, which nobody else would."""
        if cls._engine is not None and cls._engine is not engine:
            cls._engine.dispose()
        cls._engine = engine
        cls._sessions = sessionmaker(engine, expire_on_commit=False)

    @classmethod
    def engine(cls) -> Engine:
        """The engine; a process that bound none is a programming error."""
        if cls._engine is None:
            raise RuntimeError("No database is bound: call unit_of_work.bind first.")
        return cls._engine

    @classmethod
    def session(cls) -> Session:
        """A fresh session."""
        if cls._sessions is None:
            raise RuntimeError("No database is bound: call unit_of_work.bind first.")
        return cls._sessions()


def bind(engine: Engine) -> None:
    """Let all services work on this engine."""
    Database.bind(engine)


class Unit:
    """One open transaction: its session, and the bells to ring once it is committed."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.topics: set[Topic] = set()

    def ring(self, topic: Topic) -> None:
        """Wake a worker for `topic` after the commit."""
        self.topics.add(topic)

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """Run one statement and return its rows."""
        return list(self.session.execute(text(sql), values).all())

    def run(self, sql: str, **values: Any) -> int:
        """Run one statement and return how many rows it touched."""
        return int(self.session.execute(text(sql), values).rowcount)  # type: ignore[attr-defined]

    def scalar(self, sql: str, **values: Any) -> Any:
        """Run one statement and return its first value."""
        return self.session.execute(text(sql), values).scalar()

    def now(self) -> datetime:
        """The one clock: the database's, at this moment."""
        moment: datetime = self.scalar("SELECT clock_timestamp()")
        return moment

    def must_touch(self, touched: int, expected: int, lease: str) -> None:
        """Raise LeaseLost unless the write under a lease reached all its rows."""
        if touched != expected:
            raise LeaseLost(f"The lease on {lease} went to another worker; its work goes on there.")

    def copy(
        self, table: str, columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]] | list[tuple[Any, ...]]
    ) -> None:
        """COPY rows into a table: the fastest way to write many. The values are in the order of `columns`."""
        driver = self.session.connection().connection.driver_connection
        if not isinstance(driver, psycopg.Connection):
            raise TypeError("COPY needs the psycopg driver.")
        listed = ", ".join(f'"{column}"' for column in columns)
        with driver.cursor() as cursor, cursor.copy(f'COPY "{table}" ({listed}) FROM STDIN') as copy:
            write = copy.write_row
            for row in rows:
                write(row)


@contextmanager
def unit_of_work(name: str) -> Iterator[Unit]:
    """Open a transaction for one use case; `name` is told when the network is used by mistake inside it."""
    session = Database.session()
    unit = Unit(session)
    try:
        with door.closed(f"the transaction of “{name}”"):
            yield unit
            session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.close()
    for topic in sorted(unit.topics):
        ring(topic)
