"""The web half of an application: form tokens, headers, the wall, errors, and Flask-AppBuilder with the views."""

from __future__ import annotations

from flask import Flask

from app.extensions import csrf


def bind_web(app: Flask) -> None:
    """Bind everything that serves pages to `app`."""
    csrf.init_app(app)
