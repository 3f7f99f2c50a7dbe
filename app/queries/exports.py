"""All that matches, read for an export: newest first, in short transactions, a few thousand rows at a time at most.

The ids come by keyset, in long pages, since a search costs the same for one row as for many; the rows of these ids come
in short ones. Only the asked columns are read, no entity is made: what a reader must not see is left out by whoever
asks, for the wall takes hidden values off entities only. It limits the rows of these statements as of all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ARRAY, BigInteger, Row, Select, and_, any_, literal, or_, select, tuple_

from app.models import LineItem, PurchaseOrder
from app.queries.listing import AnySession, Condition

IDS_AT_ONCE: Final = 50_000
ORDERS_AT_ONCE: Final = 2_000
LINES_AT_ONCE: Final = 5_000

AnyRow = Row[*tuple[Any, ...]]
Rows = Sequence[AnyRow]


def order_rows(session: AnySession, conditions: Sequence[Condition], columns: Sequence[Any]) -> Iterator[Rows]:
    """The matching orders in batches: id, count of lines, then `columns`, which may name the order's relations, too.

    A relation that the reader must not see is as empty as one that is not there.
    """
    query = (
        select(PurchaseOrder.id, PurchaseOrder.lines_count, *columns)
        .select_from(PurchaseOrder)
        .outerjoin(PurchaseOrder.merchant)
        .outerjoin(PurchaseOrder.store)
        .outerjoin(PurchaseOrder.warehouse)
        .outerjoin(PurchaseOrder.connection)
        .order_by(PurchaseOrder.id.desc())
    )
    for ids in _ids(session, conditions):
        for start in range(0, len(ids), ORDERS_AT_ONCE):
            yield _read(session, query.where(_among(PurchaseOrder.id, ids[start : start + ORDERS_AT_ONCE])))


def line_rows(
    session: AnySession, conditions: Sequence[Condition], order_columns: Sequence[Any], line_columns: Sequence[Any]
) -> Iterator[tuple[Mapping[int, AnyRow], Rows]]:
    """The lines of the matching orders in batches, each with its orders by id (as `order_rows` reads them).

    A line is: the order's id, position, its own id, then `line_columns`. The lines of an order come together.
    """
    for batch in order_rows(session, conditions, order_columns):
        for orders in _with_few_lines(batch):
            by_id = {order[0]: order for order in orders}
            for lines in _lines(session, list(by_id), line_columns):
                yield by_id, lines


def _ids(session: AnySession, conditions: Sequence[Condition]) -> Iterator[list[int]]:
    query = select(PurchaseOrder.id).where(*conditions).order_by(PurchaseOrder.id.desc()).limit(IDS_AT_ONCE)
    page = query
    while True:
        ids = [row[0] for row in _read(session, page)]
        yield ids
        if len(ids) < IDS_AT_ONCE:
            return
        page = query.where(PurchaseOrder.id < ids[-1])


def _with_few_lines(orders: Rows) -> Iterator[Rows]:
    """The orders in parts of about LINES_AT_ONCE lines; a large order is a part of its own."""
    part: list[AnyRow] = []
    count = 0
    for order in orders:
        if part and count + order[1] > LINES_AT_ONCE:
            yield part
            part, count = [], 0
        part.append(order)
        count += order[1]
    if part:
        yield part


def _lines(session: AnySession, order_ids: list[int], columns: Sequence[Any]) -> Iterator[Rows]:
    query = (
        select(LineItem.purchase_order_id, LineItem.position, LineItem.id, *columns)
        .where(_among(LineItem.purchase_order_id, order_ids))
        .order_by(LineItem.purchase_order_id.desc(), LineItem.position, LineItem.id)
        .limit(LINES_AT_ONCE)
    )
    page = query
    while True:
        lines = _read(session, page)
        yield lines
        if len(lines) < LINES_AT_ONCE:
            return
        page = query.where(_after(lines[-1]))


def _after(line: AnyRow) -> Condition:
    order_id, position, line_id = line[0], line[1], line[2]
    further = tuple_(LineItem.position, LineItem.id) > tuple_(literal(position), literal(line_id))
    return or_(LineItem.purchase_order_id < order_id, and_(LineItem.purchase_order_id == order_id, further))


def _among(column: Any, ids: Sequence[int]) -> Condition:
    # One bound value however many there are, so that all batches are one statement to the database.
    found: Condition = column == any_(literal(list(ids), ARRAY(BigInteger)))
    return found


def _read(session: AnySession, query: Select[Any]) -> Rows:
    rows = session.execute(query).all()
    # Whoever takes the file may be slow: no transaction is open, and no connection is held, while it is written out.
    session.rollback()
    return rows
