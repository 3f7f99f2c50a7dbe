"""Lists of one table: what can be searched, filtered and sorted is declared, and asked in two statements.

Counts stop at a cap: counting a million rows would cost more than reading the page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, scoped_session
from sqlalchemy.orm.interfaces import ORMOption

from app.columns import Instant
from app.models import Table

COUNT_CAP: Final = 10_000
PAGE_SIZES: Final = (25, 50, 100, 200)
_LARGEST_ID: Final = 2**63 - 1

AnySession = Session | scoped_session[Any]
Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Ask:
    """What a reader asks of a list: at `now`, an aware instant. Pages count from 1; `sort` is a declared name.

    `dates` are whole days, both ends inside; on a column of instants they are days in `zone`.
    """

    now: datetime
    search: str = ""
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dates: Mapping[str, tuple[date | None, date | None]] = field(default_factory=dict)
    sort: str = ""
    descending: bool = False
    page: int = 1
    size: int = PAGE_SIZES[0]
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class Listing:
    """How one table is listed.

    `filters` maps a name to a condition made of the chosen values and the instant; `dates` maps a name to the column
    that a range of dates limits; `sorts` maps a name to the columns that it orders by. `eager` loads what the cells
    show, so that no row costs a statement of its own. `facets` maps the name of a filter whose choices part the rows to
    the expression that tells a row's choice at an instant: its rows are counted by one grouping.
    """

    model: type[Table]
    default_sort: str
    default_descending: bool = False
    search: Callable[[str], Condition] | None = None
    filters: Mapping[str, Callable[[tuple[str, ...], datetime], Condition]] = field(default_factory=dict)
    dates: Mapping[str, Any] = field(default_factory=dict)
    sorts: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    facets: Mapping[str, Callable[[datetime], Any]] = field(default_factory=dict)
    eager: Sequence[ORMOption] = ()
    limit_to: Condition | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One page of rows. `count` is at most COUNT_CAP; `capped` says that there are more."""

    rows: list[Any]
    count: int
    capped: bool


def find(session: AnySession, listing: Listing, ask: Ask) -> Found:
    """The rows of the asked page and the capped count, in two statements. An unknown sort falls back to the default."""
    conditions = conditions_of(listing, ask)
    key: Any = listing.model.id
    counted = select(key).where(*conditions).limit(COUNT_CAP + 1).subquery()
    count = session.scalar(select(func.count()).select_from(counted)) or 0
    query = _ordered(select(listing.model).where(*conditions), listing, ask, key)
    query = query.options(*listing.eager).limit(ask.size).offset((ask.page - 1) * ask.size)
    rows = list(session.scalars(query).unique())
    return Found(rows, min(count, COUNT_CAP), count > COUNT_CAP)


def conditions_of(listing: Listing, ask: Ask) -> list[Condition]:
    """The conditions that an asked list puts on its table, without those of the reader's scope: the wall adds them."""
    conditions = [] if listing.limit_to is None else [listing.limit_to]
    if listing.search is not None and ask.search.strip():
        conditions.append(listing.search(ask.search.strip()))
    for name, values in ask.chosen.items():
        if values and name in listing.filters:
            conditions.append(listing.filters[name](values, ask.now))
    for name, bounds in ask.dates.items():
        if name in listing.dates:
            conditions.extend(_within(listing.dates[name], bounds, ask.zone))
    return conditions


def contains(expression: Any, text: str) -> Condition:
    """Whether a lower-case expression holds `text`, in any case; the text's own % and _ mean themselves."""
    return _like(expression, text.lower())


def contains_key(expression: Any, text: str) -> Condition:
    """The same for an expression with keys in it. Keys are compared byte by byte: lower() knows A to Z only there."""
    return _like(expression, "".join(sign.lower() if sign.isascii() else sign for sign in text))


def _like(expression: Any, lowered: str) -> Condition:
    escaped = lowered.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    condition: Condition = expression.like(f"%{escaped}%")
    return condition


def among(column: Any) -> Callable[[tuple[str, ...], datetime], Condition]:
    """A filter by ids: the column is one of the chosen numbers. What is no number is no row."""

    def condition(values: tuple[str, ...], _now: datetime) -> Condition:
        found: Condition = column.in_([int(value) for value in values if _is_id(value)])
        return found

    return condition


def one_of(column: Any, known: Sequence[str]) -> Callable[[tuple[str, ...], datetime], Condition]:
    """A filter by words: the column is one of the chosen words, as far as they are known."""

    def condition(values: tuple[str, ...], _now: datetime) -> Condition:
        found: Condition = column.in_([value for value in values if value in known])
        return found

    return condition


def _is_id(value: str) -> bool:
    # The length first: Python refuses to read very long numbers.
    return value.isascii() and value.isdigit() and len(value) < 20 and int(value) <= _LARGEST_ID


def _within(column: Any, bounds: tuple[date | None, date | None], zone: tzinfo) -> list[Condition]:
    # A range of dates means whole days, also on a column of instants.
    first, last = bounds
    if isinstance(column.type, Instant):
        # The first and the last day of the calendar limit nothing: their outer ends may not exist in UTC.
        found = [] if first in {None, date.min} else [column >= _midnight(first, zone)]
        return found if last in {None, date.max} else [*found, column < _midnight(last + timedelta(days=1), zone)]
    found = [] if first is None else [column >= first]
    return found if last is None else [*found, column <= last]


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _ordered(query: Select[Any], listing: Listing, ask: Ask, key: Any) -> Select[Any]:
    known = ask.sort in listing.sorts
    name = ask.sort if known else listing.default_sort
    descending = ask.descending if known else listing.default_descending
    columns = [_directed(column, descending) for column in listing.sorts[name]]
    # The id breaks ties, so that a row is on one page only.
    return query.order_by(*columns, key.desc() if descending else key.asc())


def _directed(column: Any, descending: bool) -> Any:
    directed = column.desc() if descending else column.asc()
    # Empty values come last both ways. Where there are none, saying so would keep the index from giving the order.
    return directed.nulls_last() if getattr(column, "nullable", False) else directed
