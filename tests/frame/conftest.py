"""The templates without an application, and, from the tests of the web, an application with people in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tests.conftest import PROJECT
from tests.web.conftest import app, make, session_app, stage

__all__ = ["app", "environment", "macro", "make", "session_app", "stage", "ui"]

Render = Callable[..., str]


@pytest.fixture(scope="session")
def environment() -> Environment:
    """The templates as Flask reads them, but every name that a template forgot is an error."""
    made = Environment(
        loader=FileSystemLoader(PROJECT / "app" / "templates"), autoescape=True, undefined=StrictUndefined
    )
    made.globals["csrf_token"] = lambda: "the-token"
    return made


@pytest.fixture(scope="session")
def macro(environment: Environment) -> Callable[[str, str], Render]:
    """A macro by its template's name and its own; the white space of what it renders is joined."""

    def find(template: str, name: str) -> Render:
        made = getattr(environment.get_template(f"inlet/{template}.html").module, name)

        def render(*values: Any, **named: Any) -> str:
            return " ".join(str(made(*values, **named)).split())

        return render

    return find


@pytest.fixture(scope="session")
def ui(macro: Callable[[str, str], Render]) -> Callable[[str], Render]:
    """A macro of the small parts, by its name."""
    return lambda name: macro("ui", name)
