"""Inlet. `create_app` is the one place where its parts are put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from flask import Flask

    from config import Settings

RoleOfProcess = Literal["web", "worker"]


def create_app(role: RoleOfProcess, settings: Settings | None = None) -> Flask:
    """Put an application together from `settings`, or from the environment.

    "web" serves the pages; "worker" has the database, Redis and the vault, and no pages. Raises ConfigError when the
    environment cannot be used.
    """
    # Imported here: whoever imports a pure part of Inlet must not load a web framework with it.
    from app.composition import compose  # noqa: PLC0415

    return compose(role, settings)
