"""Asks the read side as a page does: through the walled session, for one reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask

from app.domain.people import Reader, Role
from app.extensions import db
from app.models import Connection
from app.security.reader import set_reader

AnswerT = TypeVar("AnswerT")

ADMIN = Reader(Role.ADMIN, "Ada", 1, None, None)
NO_MERCHANT = Reader(Role.MERCHANT, "Max", 1, frozenset(), None)
NO_WAREHOUSE = Reader(Role.PARTNER, "Pat", 1, None, frozenset())


def support_for(connection: Connection) -> Reader:
    """A support person who is limited to the merchant of a connection."""
    return Reader(Role.SUPPORT, "Sue", 1, frozenset({connection.merchant_id}), None)


def merchant_of(connection: Connection) -> Reader:
    """A merchant user of the merchant of a connection."""
    return Reader(Role.MERCHANT, "Max", 1, frozenset({connection.merchant_id}), None)


def partner_at(connection: Connection) -> Reader:
    """A partner of the default warehouse of a connection."""
    return Reader(Role.PARTNER, "Pat", 1, None, frozenset({connection.warehouse_id}))


def ask_as(app: Flask, reader: Reader, ask: Callable[[Any], AnswerT]) -> AnswerT:
    """What `ask` finds in the session of a page for `reader`."""
    with app.app_context():
        set_reader(reader)
        try:
            return ask(db.session)
        finally:
            db.session.rollback()
