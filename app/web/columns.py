"""Columns of a list as a view declares them, and the table that they make."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.people import Reader, Role
from app.web.pages import Cell, Column, Empty, Row, Table


@dataclass(frozen=True, slots=True)
class Shown:
    """For whom and when a page is made: what a cell may depend on besides its row."""

    reader: Reader
    now: datetime


@dataclass(frozen=True, slots=True)
class Col:
    """One column: its cell is made from a row. `sort` is a name that the listing sorts by, or empty.

    A `cost` column is left out for readers who never see a cost, a `staff` column for all but staff, and one that is
    not for `partners` for partners: its values, its sort and its heading. A `hidden` one is shown when it is asked for.
    """

    name: str
    label: str
    cell: Callable[[Any, Shown], Cell]
    sort: str = ""
    right: bool = False
    cost: bool = False
    staff: bool = False
    partners: bool = True
    hidden: bool = False


def visible(columns: Iterable[Col], reader: Reader) -> tuple[Col, ...]:
    """The columns that a reader may see."""
    return tuple(column for column in columns if _may_see(column, reader))


def chosen(columns: Sequence[Col], names: Collection[str], sort: str) -> tuple[Col, ...]:
    """Of the columns that a reader may see: the first one and the named ones, in their order.

    Without names those that are not hidden, and the one that the list is sorted by.
    """
    first = columns[0].name
    if names:
        return tuple(column for column in columns if column.name in names or column.name == first)
    return tuple(column for column in columns if not column.hidden or (column.sort and column.sort == sort))


def _may_see(column: Col, reader: Reader) -> bool:
    return (
        (reader.sees_cost or not column.cost)
        and (reader.is_staff or not column.staff)
        and (column.partners or reader.role is not Role.PARTNER)
    )


def table(
    columns: Sequence[Col],
    rows: Iterable[Any],
    shown: Shown,
    *,
    empty: Empty,
    href: Callable[[Any], str] | None = None,
    title: str = "",
    more_href: str = "",
    heading: Callable[[Col], Column] | None = None,
) -> Table:
    """Make a table of the columns that the reader may see. `href` gives the address that opens a row."""
    seen = visible(columns, shown.reader)
    headings = tuple(
        heading(column) if heading else Column(column.name, column.label, right=column.right) for column in seen
    )
    body = tuple(_row(row, tuple(column.cell(row, shown) for column in seen), href) for row in rows)
    return Table(headings, body, empty, title, more_href)


def _row(row: Any, cells: tuple[Cell, ...], href: Callable[[Any], str] | None) -> Row:
    # What a screen reader calls the row: its first cell.
    title = str(cells[0].label or cells[0].value or row.id) if cells else ""
    return Row(row.id, cells, href(row) if href else "", title)
