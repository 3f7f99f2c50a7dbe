"""What the first page shows, as plain values: the contract between its view and its templates.

inlet/dashboard.html         DashboardPage; it includes inlet/dashboard/blocks.html, which is all that htmx gets
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.queries.counting import Count
from app.web.pages import Crumbs, Table


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that leads to the list that it counts. `tone` and `icon` make it stand out where it is above 0."""

    name: str
    label: str
    count: Count
    href: str
    tone: str = "grey"
    icon: str = "info"

    @property
    def total(self) -> str:
        """The figure in words, as the list says it: "3,418", or "10,000+"."""
        return f"{self.count.number:,}+" if self.count.capped else f"{self.count.number:,}"


@dataclass(frozen=True, slots=True)
class Group:
    """Figures of one kind; `calm` is what is said where all of them are 0."""

    name: str
    title: str
    figures: tuple[Figure, ...]
    calm: str

    @property
    def shown(self) -> tuple[Figure, ...]:
        """The figures above 0."""
        return tuple(figure for figure in self.figures if figure.count.number)


@dataclass(frozen=True, slots=True)
class Failing:
    """A connection that does not work: what is wrong, why, and when a run of the kind last completed (None: never).

    `due_at` is when an overdue run was due.
    """

    name: str
    href: str
    title: str
    since: datetime | None
    message: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart, and one row of its table.

    `tone` is "late", "now", "none" (no date), or empty; `short` is the label under the bar, empty for the same one.
    """

    label: str
    records: int
    units: Decimal
    href: str
    tone: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars over time. `noun` is what they count, in the plural; `columns` are the headings of the table."""

    name: str
    title: str
    noun: str
    columns: tuple[str, str, str]
    bars: tuple[Bar, ...]

    @property
    def records(self) -> int:
        """All records together."""
        return sum(bar.records for bar in self.bars)

    @property
    def units(self) -> Decimal:
        """All units together."""
        return sum((bar.units for bar in self.bars), Decimal(0))


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do before the first order comes; `href` is empty for those who may not do it."""

    title: str
    text: str
    done: bool
    href: str
    label: str


@dataclass(frozen=True, slots=True)
class DashboardPage:
    """The first page. Blocks that its reader has no use for are empty."""

    title: str
    crumbs: Crumbs
    as_of: datetime
    zone: str
    notice: str = ""
    """Said in place of all blocks: why there is nothing to see."""
    steps: tuple[Step, ...] = ()
    needs: tuple[Group, ...] | None = None
    failing: tuple[Failing, ...] = ()
    failing_more: str = ""
    tiles: tuple[Figure, ...] = ()
    statuses: tuple[Figure, ...] = ()
    charts: Sequence[Chart] = ()
    health: Table | None = None
