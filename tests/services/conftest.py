"""The world of the walk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app import create_app
from app.domain.people import Reader, Role
from app.models import Connection
from app.services.unit_of_work import Database
from config import Settings
from tests.factories import NOON, Factory
from tests.servers import Database as TestDatabase
from tests.services.bulking import reader
from tests.services.world import World


@pytest.fixture
def services(settings: Settings) -> Iterator[None]:
    """The services, bound to the test's database."""
    create_app("worker", settings)
    yield
    Database.engine().dispose()


@pytest.fixture
def make(db: TestDatabase) -> Factory:
    """Rows for tests."""
    return Factory(db.engine)


@pytest.fixture
def world(db: TestDatabase, make: Factory, settings: Settings, services: None) -> World:
    """A connection between two sandboxes."""
    return build_world(db, make, settings)


def build_world(db: TestDatabase, make: Factory, settings: Settings, **warehouse: Any) -> World:
    """Set up a connection from the sandbox “source” to the sandbox “target”; `warehouse` sets its temper."""
    store = make.store(settings={"name": "source"})
    target = make.warehouse(code="EAST", settings={"name": "target", **warehouse})
    connection = make.connection(make.merchant(name="Northwind"), store, target, import_from=NOON.replace(month=1))
    return World(db, make, settings.files_root, connection, store, target)


@pytest.fixture
def sam(world: World) -> Reader:
    """A support user without limits."""
    return reader(world, world.make.user(Role.SUPPORT))


@pytest.fixture
def ada(world: World) -> Reader:
    """An Admin."""
    return reader(world, world.make.user(Role.ADMIN))


@pytest.fixture
def far(world: World) -> Connection:
    """A connection of another merchant to another warehouse."""
    return world.make.connection(world.make.merchant(), world.store, world.make.warehouse(code="FAR"))
