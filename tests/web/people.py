"""People of each role, signed in, and what they look at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import User
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from app.domain.people import Role
from app.domain.states import PoStatus
from app.models import Connection, PurchaseOrder, Receipt
from tests.factories import Factory

_RAW_TOKEN = "0123456789abcdef"


class Person:
    """A client that is signed in as one user, and posts with a form token."""

    def __init__(self, app: Flask, user: User) -> None:
        self.user = user
        self.client: FlaskClient = app.test_client()
        self._token = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="wtf-csrf-token").dumps(_RAW_TOKEN)
        with self.client.session_transaction() as session:
            session["_user_id"] = str(user.id)
            session["_fresh"] = True
            session["csrf_token"] = _RAW_TOKEN

    def get(self, address: str, **kwargs: Any) -> TestResponse:
        """Ask for a page."""
        return self.client.get(address, **kwargs)

    def post(self, address: str, **fields: Any) -> TestResponse:
        """Send a form, with its token."""
        return self.client.post(address, data={"csrf_token": self._token, **fields})

    def flashes(self) -> list[str]:
        """What the next page will say, as text."""
        with self.client.session_transaction() as session:
            return [message for _, message in session.pop("_flashes", [])]


@dataclass(frozen=True)
class World:
    """One merchant's side of the stage."""

    connection: Connection
    order: PurchaseOrder
    receipt: Receipt


@dataclass(frozen=True)
class Stage:
    """Two worlds that must not see each other. `mine` is that of the scoped people; `theirs` is the other one."""

    app: Flask
    make: Factory
    mine: World
    theirs: World
    people: dict[str, Person]

    def person(self, name: str) -> Person:
        """admin, support, scoped support ("limited"), partner, merchant, or nobody (a user without a role of ours)."""
        return self.people[name]


def make_stage(app: Flask, make: Factory) -> Stage:
    """Make it."""
    mine, theirs = _world(make), _world(make)
    merchant = _as_merchant(mine.connection)
    warehouse = _as_warehouse(mine.connection)
    users = {
        "admin": make.user(Role.ADMIN),
        "support": make.user(Role.SUPPORT),
        "limited": make.user(Role.SUPPORT, merchants=[merchant]),
        "partner": make.user(Role.PARTNER, warehouses=[warehouse]),
        "merchant": make.user(Role.MERCHANT, merchants=[merchant]),
        "unscoped partner": make.user(Role.PARTNER),
        "unscoped merchant": make.user(Role.MERCHANT),
        "nobody": make.user("Guest"),
    }
    return Stage(app, make, mine, theirs, {name: Person(app, user) for name, user in users.items()})


def text_of(response: TestResponse) -> str:
    """The visible text of a page, roughly: without tags, white space folded."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.get_data(as_text=True)))


def _world(make: Factory) -> World:
    connection = make.connection()
    order = make.purchase_order(connection, status=PoStatus.OPEN, lines=3)
    receipt = make.receipt(order, quantities=[4])
    make.activity(order, "accepted", reference="A-1")
    return World(connection, order, receipt)


@dataclass(frozen=True)
class _Id:
    id: int


def _as_merchant(connection: Connection) -> Any:
    return _Id(connection.merchant_id)


def _as_warehouse(connection: Connection) -> Any:
    return _Id(connection.warehouse_id)
