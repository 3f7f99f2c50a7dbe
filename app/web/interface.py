"""The only data model of Inlet's views: it finds rows through the wall, and writes nothing.

Flask-AppBuilder's own one writes through the session of the page, past the services and their guards; here that raises.
"""

from __future__ import annotations

from typing import Any, NoReturn

from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import select

from app.models import Table
from app.queries.listing import Ask, Found, Listing, find


class StockWriteError(RuntimeError):
    """A view tried to write by itself. Writing is for services."""


class Interface(SQLAInterface):  # type: ignore[misc]  # Flask-AppBuilder ships no types
    """Reads one table by its listing."""

    def __init__(self, listing: Listing) -> None:
        super().__init__(listing.model)
        self.listing = listing

    def find(self, ask: Ask) -> Found:
        """One page of rows, and the count."""
        return find(self.session, self.listing, ask)

    def one(self, record_id: int) -> Any:
        """One row with what the list names of it; None outside the reader's scope, or outside the list."""
        key: Any = self.listing.model.id
        query = select(self.listing.model).where(key == record_id).options(*self.listing.eager)
        if self.listing.limit_to is not None:
            query = query.where(self.listing.limit_to)
        return self.session.scalars(query).unique().one_or_none()

    def query(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        """The stock list counts every row and loads relations row by row: not used."""
        raise StockWriteError(f"{self.model_name} is listed by `find`, in two statements.")

    def add(self, item: Table, commit: bool = True) -> NoReturn:
        """Refused."""
        self._refuse(item, commit)

    def edit(self, item: Table, commit: bool = True) -> NoReturn:
        """Refused."""
        self._refuse(item, commit)

    def delete(self, item: Table, commit: bool = True) -> NoReturn:
        """Refused."""
        self._refuse(item, commit)

    def delete_all(self, items: list[Table]) -> NoReturn:
        """Refused."""
        self._refuse(items, True)

    def _refuse(self, _what: Any, _commit: bool) -> NoReturn:
        raise StockWriteError(f"{self.model_name} is written by a service, not by its view.")
