"""Many counts in one statement: each stops at the cap of the lists, so that none costs more than a page does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from app.models import Table
from app.queries import listing
from app.queries.listing import AnySession, Condition

Counted = tuple[type[Table], Sequence[Condition]]
"""What is counted: the rows of a table that meet all conditions."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are, at most the cap of the lists; `capped` says that there are more."""

    number: int
    capped: bool = False


NONE = Count(0)


def count_all(session: AnySession, wanted: Mapping[str, Counted]) -> dict[str, Count]:
    """Each count by its name, in one statement that the wall limits to the reader; none for nothing wanted."""
    if not wanted:
        return {}
    parts = [_part(model, conditions).label(name) for name, (model, conditions) in wanted.items()]
    row = session.execute(select(*parts)).one()
    return {name: capped(number) for name, number in zip(wanted, row, strict=True)}


def capped(number: int) -> Count:
    """A number as the lists show it."""
    return Count(min(number, listing.COUNT_CAP), number > listing.COUNT_CAP)


def _part(model: type[Table], conditions: Sequence[Condition]) -> Any:
    key: Any = model.id
    found = select(key).where(*conditions).limit(listing.COUNT_CAP + 1).subquery()
    return select(func.count()).select_from(found).scalar_subquery()
