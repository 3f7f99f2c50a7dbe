"""A web application on the test's database, people of each role, and a client that is signed in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from flask import Flask

from app import create_app
from app.columns import Vault
from app.extensions import db as flask_db
from app.services import unit_of_work
from config import Settings
from tests.factories import Factory
from tests.security.worlds import Worlds, make_worlds
from tests.servers import Database
from tests.web.people import Stage, make_stage

KEYS = (Fernet.generate_key().decode(),)


@pytest.fixture
def make(db: Database) -> Factory:
    """Makes rows in the test's database."""
    Vault.open(KEYS)
    return Factory(db.engine)


@pytest.fixture(scope="session")
def session_app(shared_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One application for all tests of this process: making it costs more than most tests do."""
    folder = tmp_path_factory.mktemp("inlet")
    app = create_app("web", settings_for(shared_database.url, folder))
    yield app
    with app.app_context():
        flask_db.engine.dispose()


@pytest.fixture
def app(session_app: Flask, db: Database) -> Flask:
    """The application, on an empty database."""
    Vault.open(KEYS)
    # A test may have made an application of its own since, on another database.
    with session_app.app_context():
        unit_of_work.bind(flask_db.engine)
    return session_app


@pytest.fixture
def stage(app: Flask, make: Factory) -> Stage:
    """Two merchants with their own warehouses and orders, and a person of each role."""
    return make_stage(app, make)


@pytest.fixture
def worlds(make: Factory) -> Worlds:
    """Readers of each role."""
    return make_worlds(make)


def settings_for(url: str, folder: Path) -> Settings:
    """Settings for a test: no Redis listens there, and no mail, no file, no other host is needed."""
    return Settings(
        database_url=url,
        redis_url="redis://127.0.0.1:1/0",
        secret_key="a secret key of the tests, long enough",
        encryption_keys=KEYS,
        files_root=folder,
        data_folder=folder,
        secure_cookies=False,
    )
