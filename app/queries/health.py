"""How the connections do: their last completed runs, what failed, what is overdue, and the imports of the last day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, Select, func, select, true
from sqlalchemy.orm import aliased

from app.domain.people import SYSTEM, Reader
from app.models import Connection, Run, RunKind, RunState, Schedule, ScheduleKind
from app.queries.listing import AnySession
from app.security.reader import READER_OPTION
from app.security.scope import criteria

OVERDUE_AFTER: Final = timedelta(minutes=5)
"""A due time that is older than this was not taken by any worker."""

ENDED: Final = (RunState.DONE, RunState.FAILED)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a connection: the kind of run, since when it has not completed (None: never), and why."""

    kind: ScheduleKind
    since: datetime | None
    overdue: bool
    message: str


@dataclass(frozen=True, slots=True)
class Day:
    """The imports of one connection in the last day, and what they counted."""

    done: int = 0
    failed: int = 0
    new: int = 0
    changed: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Health:
    """One connection: when its last import completed, when the next one is due, its day, and its troubles."""

    id: int
    name: str
    runs: bool
    """Whether its schedules are at work: it is enabled and its channel is on."""
    completed_at: datetime | None
    next_at: datetime | None
    day: Day
    troubles: tuple[Trouble, ...]


def health(session: AnySession, reader: Reader, now: datetime) -> list[Health]:
    """The connections in the reader's scope, those in trouble first, in two statements."""
    days = _days(session, now)
    found = session.execute(_connections(reader), execution_options={READER_OPTION: SYSTEM})
    rows = [_health(row, days.get(row.id, Day()), now) for row in found]
    return sorted(rows, key=lambda row: (not row.troubles, not row.runs, row.name.lower()))


def _connections(reader: Reader) -> Select[Any]:
    """Each connection with both schedules and the last ended run of each kind.

    Whoever sees a connection may see when it runs; schedules themselves are behind the wall for all. So the reader's
    condition stands here.
    """
    columns: list[Any] = [Connection.id, Connection.name, (Connection.enabled & Connection.channel_on).label("runs")]
    query: Select[Any] = select(Connection)
    for kind in ScheduleKind:
        schedule = aliased(Schedule)
        last = (
            select(Run.state, Run.message)
            .where(Run.connection_id == Connection.id, Run.kind == RunKind(kind.value), Run.state.in_(ENDED))
            .order_by(Run.id.desc())
            .limit(1)
            .lateral()
        )
        matching = (schedule.connection_id == Connection.id) & (schedule.kind == kind)
        query = query.outerjoin(schedule, matching).outerjoin(last, true())
        columns += [
            schedule.last_completed_at.label(f"{kind}_completed_at"),
            schedule.next_due_at.label(f"{kind}_next_at"),
            last.c.state.label(f"{kind}_state"),
            last.c.message.label(f"{kind}_message"),
        ]
    condition = criteria(Connection, reader)
    query = query if condition is None else query.where(condition)
    return query.with_only_columns(*columns)


def _health(row: Row[Any], day: Day, now: datetime) -> Health:
    found = (_trouble(row, kind, now) for kind in ScheduleKind) if row.runs else ()
    return Health(
        row.id,
        row.name,
        row.runs,
        row.import_completed_at,
        row.import_next_at,
        day,
        tuple(trouble for trouble in found if trouble is not None),
    )


def _trouble(row: Row[Any], kind: ScheduleKind, now: datetime) -> Trouble | None:
    values = row._mapping  # noqa: SLF001 (SQLAlchemy's public name for a row's columns)
    since = values[f"{kind}_completed_at"]
    if values[f"{kind}_state"] == RunState.FAILED:
        return Trouble(kind, since, False, values[f"{kind}_message"])
    next_at = values[f"{kind}_next_at"]
    if kind is ScheduleKind.IMPORT and next_at is not None and next_at < now - OVERDUE_AFTER:
        return Trouble(kind, since, True, "")
    return None


def _days(session: AnySession, now: datetime) -> dict[int, Day]:
    counts: Iterable[Any] = (
        func.count().filter(Run.state == RunState.DONE),
        func.count().filter(Run.state == RunState.FAILED),
        *(func.coalesce(func.sum(column), 0) for column in (Run.new, Run.changed, Run.failed)),
    )
    query = select(Run.connection_id, *counts).where(Run.at >= now - timedelta(hours=24), Run.kind == RunKind.IMPORT)
    query = query.where(Run.connection_id.is_not(None)).group_by(Run.connection_id)
    return {number: Day(*figures) for number, *figures in session.execute(query)}
