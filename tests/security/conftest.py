"""What the tests of the scope need."""

from __future__ import annotations

import pytest

from tests.factories import Factory
from tests.servers import Database


@pytest.fixture
def make(db: Database) -> Factory:
    """Makes rows in the test's database."""
    return Factory(db.engine)
