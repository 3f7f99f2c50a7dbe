"""Signing in and out by the real form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.domain.people import Role
from app.domain.states import PoStatus
from app.extensions import db as flask_db
from tests.factories import PASSWORD, Factory
from tests.servers import Database
from tests.web.conftest import settings_for
from tests.web.people import text_of


@pytest.fixture
def own_app(db: Database, tmp_path: Path) -> Iterator[Flask]:
    """An application whose counter of tries is its own."""
    app = create_app("web", settings_for(db.url, tmp_path))
    yield app
    with app.app_context():
        flask_db.engine.dispose()


def sign_in(client: FlaskClient, username: str, password: str, address: str = "/login/") -> TestResponse:
    """Fill in the form."""
    page = client.get(address).get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token is not None
    return client.post(address, data={"username": username, "password": password, "csrf_token": token[1]})


def test_a_person_signs_in_works_and_signs_out(own_app: Flask, make: Factory) -> None:
    user, client = make.user(Role.SUPPORT), own_app.test_client()
    assert client.get("/").location == "/login/"
    answer = sign_in(client, user.username, PASSWORD)
    assert answer.status_code == 302
    assert client.get("/").location == "/dashboard/"
    assert client.get("/purchase-orders/list/").status_code == 200
    client.get("/logout/")
    assert client.get("/purchase-orders/list/").location.startswith("/login/")


@pytest.mark.parametrize(("username", "password"), [("{0}", "wrong"), ("nobody at all", PASSWORD), ("{0}", "")])
def test_a_wrong_name_or_password_opens_nothing_and_does_not_say_which(
    own_app: Flask, make: Factory, username: str, password: str
) -> None:
    user, client = make.user(Role.ADMIN), own_app.test_client()
    sign_in(client, username.format(user.username), password)
    page = client.get("/login/")
    assert user.username not in text_of(page)
    assert client.get("/purchase-orders/list/").status_code == 302


def test_an_inactive_user_is_signed_out_at_once(own_app: Flask, make: Factory, db: Database) -> None:
    user, client = make.user(Role.ADMIN), own_app.test_client()
    sign_in(client, user.username, PASSWORD)
    assert client.get("/purchase-orders/list/").status_code == 200
    with db.connect() as connection:
        connection.execute("UPDATE ab_user SET active = false WHERE id = %s", (user.id,))
    assert client.get("/purchase-orders/list/").status_code == 302


def test_tries_are_limited_although_redis_is_away(own_app: Flask, make: Factory) -> None:
    user, client = make.user(Role.ADMIN), own_app.test_client()
    answers = [sign_in(client, user.username, "wrong").status_code for _ in range(11)]
    assert answers[:10] == [302] * 10
    assert answers[10] == 429
    assert "Too many tries" in text_of(client.post("/login/", data={"username": "x", "password": "y"}))


def test_after_signing_in_one_comes_back_but_never_to_another_site(own_app: Flask, make: Factory) -> None:
    user = make.user(Role.ADMIN)
    wanted = own_app.test_client()
    assert sign_in(wanted, user.username, PASSWORD, "/login/?next=/receipts/list/").location == "/receipts/list/"
    evil = own_app.test_client()
    assert "evil" not in sign_in(evil, user.username, PASSWORD, "/login/?next=https://evil.example/").location


def test_a_changed_scope_holds_from_the_next_page_on(own_app: Flask, make: Factory, db: Database) -> None:
    connection = make.connection()
    order = make.purchase_order(connection, status=PoStatus.OPEN)
    user, client = make.user(Role.MERCHANT), own_app.test_client()
    sign_in(client, user.username, PASSWORD)
    address = f"/purchase-orders/show/{order.id}"
    assert client.get(address).status_code == 404
    with db.connect() as raw:
        raw.execute("INSERT INTO user_scope (user_id, merchant_id) VALUES (%s, %s)", (user.id, connection.merchant_id))
    assert client.get(address).status_code == 200
    with db.connect() as raw:
        raw.execute("DELETE FROM user_scope")
    assert client.get(address).status_code == 404
