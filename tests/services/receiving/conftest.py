"""The dock of the tests of receiving."""

from __future__ import annotations

import pytest

from app.services import unit_of_work
from tests.factories import Factory
from tests.servers import Database
from tests.services.receiving.dock import Dock


@pytest.fixture
def dock(db: Database) -> Dock:
    """A connection and its warehouse, with the services bound to the test's database."""
    unit_of_work.bind(db.engine)
    make = Factory(db.engine)
    warehouse = make.warehouse(name="East Dock", code="EAST")
    return Dock(db, make, make.connection(warehouse=warehouse), warehouse)
