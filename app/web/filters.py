"""Flask-AppBuilder's template filters, asked anew each time that a page is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask_appbuilder.filters import TemplateFilters
from jinja2 import pass_context
from jinja2.runtime import Context


def ask_each_time(app: Flask) -> None:
    """Keep Jinja from answering Flask-AppBuilder's filters while it compiles a template.

    Jinja takes a filter for pure: with constants on both sides (`"can_edit" | is_item_visible("UserView")`) it asks
    once, and the first reader's rights or address prefix would stay in the template for everybody. A filter that is
    given the context is never asked early (Jinja's `Filter.as_const`).
    """
    filters = app.jinja_env.filters
    for attribute in vars(TemplateFilters).values():
        name = getattr(attribute, "_filter", None)
        if name:
            filters[name] = _in_context(filters[name])


def _in_context(answer: Callable[..., Any]) -> Callable[..., Any]:
    @pass_context
    def asked(_context: Context, *values: Any, **named: Any) -> Any:
        return answer(*values, **named)

    return asked
