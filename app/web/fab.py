"""Flask-AppBuilder's decorators with types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from flask_appbuilder import expose as _expose
from flask_appbuilder import has_access as _has_access
from flask_appbuilder import permission_name as _permission_name

ViewT = TypeVar("ViewT", bound=Callable[..., Any])


def route(url: str, methods: Sequence[str] = ("GET",)) -> Callable[[ViewT], ViewT]:
    """Let a view's method answer at `url`, under the view's own address."""
    return cast("Callable[[ViewT], ViewT]", _expose(url, methods=tuple(methods)))


def guarded_as(right: str) -> Callable[[ViewT], ViewT]:
    """Ask for the right "can_" and `right`: what belongs to another method needs no right of its own."""

    def wrap(method: ViewT) -> ViewT:
        return cast("ViewT", _has_access(_permission_name(right)(method)))

    return wrap


def guarded(method: ViewT) -> ViewT:
    """Ask for the right "can_" and the method's name; signed out leads to the sign-in page, no right is a 403."""
    return cast("ViewT", _has_access(method))
