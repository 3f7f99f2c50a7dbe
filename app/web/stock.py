"""What makes Flask-AppBuilder's own pages safe to share between threads, and cheap."""

from __future__ import annotations

from typing import Any

from flask import abort, g, has_request_context, request
from flask_appbuilder.models.filters import Filters
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy.orm.interfaces import ORMOption


class StockInterface(SQLAInterface):  # type: ignore[misc]  # Flask-AppBuilder ships no types
    """A stock data model that loads what its list shows in one go; the stock list asks row by row."""

    def __init__(self, model: Any, *eager: ORMOption) -> None:
        super().__init__(model)
        self.eager = eager

    def apply_all(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        """The stock query, with the relations."""
        return super().apply_all(query.options(*self.eager), *args, **kwargs)


class FreshFilters:
    """A view whose active filters belong to the request; the stock views share one object among all threads."""

    actions: Any
    datamodel: Any
    search_columns: Any

    @property
    def _filters(self) -> Filters:
        if not has_request_context():
            return self.datamodel.get_filters(self.search_columns)
        mine = g.setdefault("stock_filters", {})
        name = type(self).__name__
        if name not in mine:
            mine[name] = self.datamodel.get_filters(self.search_columns)
        return mine[name]

    @_filters.setter
    def _filters(self, _shared: Filters) -> None:
        """The shared one is not kept."""

    def is_get_mutation_allowed(self) -> bool:
        """Only a POST deletes or acts; the stock view takes a HEAD, which needs no form token, for one too."""
        return request.method == "POST"

    def get_action_permission_name(self, name: str) -> str:
        """The right that an action asks for. Answers 404 for an action that there is not."""
        if name not in self.actions:
            abort(404)
        return str(super().get_action_permission_name(name))  # type: ignore[misc]
