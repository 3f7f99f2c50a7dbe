"""What the tests of the read side need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet
from flask import Flask

from app.columns import Vault
from app.extensions import db as flask_db
from tests.factories import Factory
from tests.servers import Database


@pytest.fixture
def make(db: Database) -> Factory:
    """Makes rows in the test's database."""
    Vault.open((Fernet.generate_key().decode(),))
    return Factory(db.engine)


@pytest.fixture
def walled(db: Database) -> Iterator[Flask]:
    """A bare application whose `db.session` is the walled one, on the test's database."""
    app = Flask("walled")
    app.config["SQLALCHEMY_DATABASE_URI"] = db.url
    flask_db.init_app(app)
    yield app
    with app.app_context():
        flask_db.engine.dispose()
