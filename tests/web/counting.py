"""Counts the statements that a request sends to the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import Engine, event

from app.extensions import db


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """The statements sent while the block runs, by the pages' session and by services alike."""
    with app.app_context():
        engine = db.engine
    with statements_of(engine) as sent:
        yield sent


@contextmanager
def statements_of(engine: Engine) -> Iterator[list[str]]:
    """The statements sent by one engine while the block runs."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
