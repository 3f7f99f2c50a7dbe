"""What the tests of the read side need."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from app.columns import Vault
from tests.factories import Factory
from tests.servers import Database


@pytest.fixture
def make(db: Database) -> Factory:
    """Makes rows in the test's database."""
    Vault.open((Fernet.generate_key().decode(),))
    return Factory(db.engine)
