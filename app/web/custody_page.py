"""What lies behind one entry of a timeline, as plain values for `inlet/order/entry.html`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.web.pages import Attempt, Crumbs, Fact, Facts, Table


@dataclass(frozen=True, slots=True)
class Seen:
    """One condition of a rule as it was met: the values by the names in it, and whether it was true."""

    line: int
    text: str
    result: bool
    values: tuple[tuple[str, str], ...] = ()
    item: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """A value before and after. `line` is the line of the rule that changed it, or 0."""

    name: str
    before: str
    after: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Ran:
    """One rule as it ran. `said` are its actions and printed lines with their line numbers.

    `href` is empty where the rule is gone, `left_out` says in words what the trace had no room for.
    """

    name: str
    version: int
    href: str
    took: str
    seen: tuple[Seen, ...] = ()
    changes: tuple[Difference, ...] = ()
    actions: tuple[tuple[int, str], ...] = ()
    printed: tuple[tuple[int, str], ...] = ()
    error: str = ""
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class Raw:
    """A text as received: `text` is its beginning, `length` that of the whole in characters."""

    at: datetime
    reference: str
    text: str
    length: int
    cut: bool
    href: str


@dataclass(frozen=True, slots=True)
class Detail:
    """All that can lie behind an entry; what is empty is not shown."""

    facts: tuple[Fact, ...] = ()
    differences: tuple[Difference, ...] = ()
    ran: tuple[Ran, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    exchange: tuple[tuple[str, str], ...] = ()
    """What was said and answered, by its label: all that is loaded where the try itself stands there already."""
    raw: Raw | None = None
    record: Facts | None = None
    table: Table | None = None
    note: str = ""
    href: str = ""
    """Where the record behind the entry has a page of its own."""
    label: str = ""


@dataclass(frozen=True, slots=True)
class EntryPage:
    """The detail of an entry on a page of its own, for those without the script."""

    title: str
    crumbs: Crumbs
    text: str
    detail: Detail
