"""How Alembic reaches the database: over the connection that `app.schema` hands it, on Flask-AppBuilder's metadata.

Short lock and statement timeouts: a migration that cannot get its lock gives up at once instead of queueing up
everybody behind it.
"""

from __future__ import annotations

# Flask-AppBuilder loads its security tables lazily; without this import the metadata would lack them.
import flask_appbuilder.security.sqla.models  # noqa: F401
from alembic import context
from flask_appbuilder import Model
from sqlalchemy import Connection, text

import app.models  # noqa: F401
from app.schema import MIGRATION_LIMITS


def run(connection: Connection) -> None:
    """Run the revisions, each in a transaction of its own."""
    for setting in MIGRATION_LIMITS:
        connection.execute(text(setting))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        transaction_per_migration=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
