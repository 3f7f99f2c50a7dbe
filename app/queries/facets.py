"""How many rows each choice of a filter would find, without ever counting a whole table.

A choice is counted under all other filters, the search, the days and the reader's scope, and without its own filter's
selection. First a sample of the matching rows is counted: where they are no more than the cap, that is exact. Else each
choice is counted by itself up to the cap; beside a search, which has no index for that, the sample's counts are told as
"at least". Statements name the reader's conditions themselves, for the wall cannot limit a union.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Select, Text, cast, func, literal, select, union_all

from app.domain.people import SYSTEM, Reader
from app.queries import listing as lists
from app.queries.choices import named
from app.queries.listing import AnySession, Ask, Condition, Listing, conditions_of
from app.security.reader import READER_OPTION
from app.security.scope import criteria


@dataclass(slots=True)
class Counts:
    """Rows by choice. `more` are the choices that have more than that; one that is in `rows` not at all is not known.

    `names` are (id, label) pairs of choices that were looked up.
    """

    rows: dict[str, int] = field(default_factory=dict)
    more: frozenset[str] = frozenset()
    names: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Facet:
    """A filter of a listing to count: its `values`, or with `looked_up` the names that the reader may choose from."""

    name: str
    values: Sequence[str] = ()
    looked_up: bool = False


def count(
    session: AnySession, listing: Listing, ask: Ask, reader: Reader, facet: Facet, *, cap: int | None = None
) -> Counts:
    """Count the choices of one filter: one statement, and a second one where more rows match than `cap`."""
    most = lists.COUNT_CAP if cap is None else cap
    counting = _Counting(session, listing, ask, facet, _others(listing, ask, reader, facet.name), most + 1)
    if facet.name in listing.facets:
        counts, total = counting.grouped(named(facet.name, reader) if facet.looked_up else None)
    else:
        counts, total = counting.side_by_side()
    values = [str(number) for number, _ in counts.names] if facet.looked_up else list(facet.values)
    if total <= most:
        counts.rows = {value: counts.rows.get(value, 0) for value in values}
    elif ask.search.strip():
        counts.rows = {value: counts.rows[value] for value in values if counts.rows.get(value)}
        counts.more = frozenset(counts.rows)
    else:
        found = counting.one_by_one(values)
        counts.rows = {value: min(rows, most) for value, rows in found.items()}
        counts.more = frozenset(value for value, rows in found.items() if rows > most)
    return counts


def _others(listing: Listing, ask: Ask, reader: Reader, name: str) -> list[Condition]:
    """What limits the rows besides the filter itself, the reader's scope included."""
    chosen = {other: values for other, values in ask.chosen.items() if other != name}
    scope = criteria(listing.model, reader)
    conditions = conditions_of(listing, replace(ask, chosen=chosen))
    return conditions if scope is None else [*conditions, scope]


@dataclass(frozen=True, slots=True)
class _Counting:
    """One counting: at most `most` rows under `conditions` are looked at, in all or for each choice."""

    session: AnySession
    listing: Listing
    ask: Ask
    facet: Facet
    conditions: list[Condition]
    most: int

    def grouped(self, names: Select[Any] | None) -> tuple[Counts, int]:
        """Count a sample by the choice of each row. The names come in the same statement: menus are opened often."""
        key = self.listing.facets[self.facet.name](self.ask.now)
        sample = select(key.label("key")).where(*self.conditions).limit(self.most).subquery()
        label = literal("").label("label")
        parts = [select(cast(sample.c.key, Text), label, func.count()).select_from(sample).group_by(sample.c.key)]
        if names is not None:
            offered = names.subquery()
            parts.append(select(cast(offered.c.id, Text), offered.c.label, literal(-1)))
        counts, total = Counts(), 0
        for value, text, rows in self._all(union_all(*parts)):
            if rows < 0:
                counts.names.append((int(value), text))
                continue
            total += rows
            counts.rows[value or ""] = rows
        return counts, total

    def side_by_side(self) -> tuple[Counts, int]:
        """Count a sample in which one row may have several of the choices: each of them is a column."""
        key: Any = self.listing.model.id
        values = self.facet.values
        tests = [self._own(value).label(f"c{place}") for place, value in enumerate(values)]
        sample = select(key, *tests).where(*self.conditions).limit(self.most).subquery()
        columns = [func.count().filter(sample.c[f"c{place}"]) for place in range(len(tests))]
        total, *found = self._all(select(func.count(), *columns).select_from(sample))[0]
        return Counts(dict(zip(values, found, strict=True))), total

    def one_by_one(self, values: Sequence[str]) -> dict[str, int]:
        """Count each choice by itself."""
        if not values:
            return {}
        key: Any = self.listing.model.id
        parts = []
        for value in values:
            rows = select(key).where(*self.conditions, self._own(value)).limit(self.most).subquery()
            parts.append(select(literal(value), func.count()).select_from(rows))
        return {str(value): int(rows) for value, rows in self._all(union_all(*parts))}

    def _own(self, value: str) -> Condition:
        return self.listing.filters[self.facet.name]((value,), self.ask.now)

    def _all(self, statement: Any) -> list[Any]:
        return list(self.session.execute(statement, execution_options={READER_OPTION: SYSTEM}))
