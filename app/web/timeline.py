"""The timeline of an order or a receipt: words from kind and data, without what partners may not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from app.domain import activity
from app.domain.people import Role
from app.models import Activity
from app.web import cells
from app.web.columns import Col, Shown, table
from app.web.pages import Empty, Entry, Fact, Table


def entry(row: Activity, shown: Shown) -> Entry:
    """One line of custody as it is read by this reader."""
    partner = shown.reader.role is Role.PARTNER
    text = activity.sentence(row.kind, row.data, for_partner=partner)
    return Entry(
        at=row.at,
        kind=row.kind,
        title=activity.title(row.kind),
        icon=activity.icon(row.kind),
        text=text,
        actor=row.actor if not partner or row.kind == "comment" else "",
        details=() if partner else tuple(_details(row, text)),
    )


def _details(row: Activity, text: str) -> Iterator[Fact]:
    # What the sentence says already is not said again.
    for name, value in row.data.items():
        if value not in (None, "", [], {}) and str(value) not in text:
            cell = cells.json(value) if isinstance(value, dict | list) else cells.text(value)
            yield Fact(name.replace("_", " ").capitalize(), cell)


@dataclass(frozen=True, slots=True)
class _Line:
    id: int
    at: datetime
    text: str
    actor: str


_COLUMNS = (
    Col("at", "When", lambda line, _: cells.instant(line.at)),
    Col("text", "What", lambda line, _: cells.text(line.text)),
    Col("actor", "Who", lambda line, _: cells.text(line.actor)),
)


def table_of(rows: Iterable[Activity], shown: Shown) -> Table:
    """A short timeline as a table."""
    lines = []
    for row in rows:
        told = entry(row, shown)
        lines.append(_Line(row.id, told.at, told.text, told.actor))
    return table(_COLUMNS, lines, shown, empty=Empty("Nothing happened yet"), title="Activity")
