"""How the connections do: those that fail, and the table of the imports of the last day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from flask import url_for

from app.domain.people import Reader
from app.models import RunKind, RunState, ScheduleKind
from app.queries.health import Health
from app.queries.work import LAST_DAY
from app.web import cells
from app.web.columns import Col, Shown, table
from app.web.dashboard_page import Failing
from app.web.pages import Cell, Empty, Table

NAMED_AT_MOST = 8
ROWS_AT_MOST = 20

_WORDS = {ScheduleKind.IMPORT: "Import", ScheduleKind.STATUS_UPDATE: "Status update"}


def failing(connections: Sequence[Health]) -> tuple[tuple[Failing, ...], str]:
    """The connections that fail, and how many more there are, in words."""
    found = [one for connection in connections for one in _troubles(connection)]
    more = len(found) - NAMED_AT_MOST
    return tuple(found[:NAMED_AT_MOST]), f"and {more} more" if more > 0 else ""


def _troubles(connection: Health) -> Iterator[Failing]:
    href = url_for("ConnectionView.show", pk=connection.id)
    for trouble in connection.troubles:
        title = f"{_WORDS[trouble.kind]} {'is overdue' if trouble.overdue else 'failed'}"
        why = trouble.message or ("" if trouble.overdue else "The run gave no reason; open its page.")
        due = connection.next_at if trouble.overdue else None
        yield Failing(connection.name, href, title, trouble.since, why, due)


def health_table(connections: Sequence[Health], reader: Reader, now: datetime) -> Table:
    """The imports of the last day, by connection; those in trouble come first."""
    return table(
        _COLUMNS,
        connections[:ROWS_AT_MOST],
        Shown(reader, now),
        empty=Empty("No connections yet"),
        href=lambda row: url_for("ConnectionView.show", pk=row.id),
        title="Imports of the last 24 hours",
        more_href=url_for("ConnectionView.list"),
    )


def _state(row: Health) -> Cell:
    if row.troubles:
        return Cell("word", "failed", label="Failing")
    return cells.word("enabled" if row.runs else "disabled")


def _runs(row: Health, state: RunState, count: int) -> Cell:
    href = url_for("RunView.list", connection=row.id, kind=RunKind.IMPORT.value, state=state.value, last=LAST_DAY)
    return Cell("number", count, href=href)


_COLUMNS = (
    Col("name", "Connection", lambda row, _: cells.text(row.name)),
    Col("state", "State", lambda row, _: _state(row)),
    Col("completed", "Last completed", lambda row, _: cells.instant(row.completed_at)),
    Col("next", "Next run", lambda row, _: cells.instant(row.next_at if row.runs else None)),
    Col("done", "Done", lambda row, _: _runs(row, RunState.DONE, row.day.done), right=True),
    Col("failed", "Failed", lambda row, _: _runs(row, RunState.FAILED, row.day.failed), right=True),
    Col("new", "New", lambda row, _: cells.number(row.day.new), right=True),
    Col("changed", "Changed", lambda row, _: cells.number(row.day.changed), right=True),
    Col("refused", "Refused", lambda row, _: cells.number(row.day.refused), right=True),
)
