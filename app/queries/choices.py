"""What the filters and forms offer to choose from: names of merchants, stores, warehouses and connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Select, func, literal, select, union_all

from app.domain.people import SYSTEM, Reader
from app.models import Connection, Merchant, Store, Table, Warehouse
from app.queries.listing import AnySession
from app.security.reader import READER_OPTION
from app.security.scope import criteria

OFFERED_AT_MOST: Final = 200

_NAMED: Final[dict[str, tuple[type[Table], Any]]] = {
    "merchant": (Merchant, Merchant.name),
    "store": (Store, Store.name),
    "warehouse": (Warehouse, Warehouse.code),
    "connection": (Connection, Connection.name),
}


def choices(session: AnySession, reader: Reader, names: Sequence[str]) -> Mapping[str, list[tuple[int, str]]]:
    """For each of "merchant", "store", "warehouse", "connection" that is asked: (id, label) pairs by label.

    One statement for all of them. Each part carries the reader's conditions itself, for the wall cannot limit a union.
    """
    found: dict[str, list[tuple[int, str]]] = {name: [] for name in names}
    if not names:
        return found
    union = union_all(*(select(named(name, reader).subquery()) for name in names))
    for name, number, label in session.execute(union, execution_options={READER_OPTION: SYSTEM}):
        found[name].append((number, label))
    return found


def named(name: str, reader: Reader) -> Select[Any]:
    """The ids and labels of one of them, with the reader's conditions: columns facet, id and label."""
    model, label = _NAMED[name]
    key: Any = model.id
    query = select(literal(name).label("facet"), key.label("id"), label.label("label"))
    condition = criteria(model, reader)
    query = query if condition is None else query.where(condition)
    return query.order_by(func.lower(label), key).limit(OFFERED_AT_MOST)
