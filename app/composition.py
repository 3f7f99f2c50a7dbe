"""How an application of each role is put together from its parts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from flask import Flask

from app.cli import inlet
from app.columns import Vault
from app.extensions import db
from app.jobs.runtime import Surroundings
from app.services import unit_of_work
from app.services.leases import Leases
from app.wakeups import Bell
from config import Settings

if TYPE_CHECKING:
    from app import RoleOfProcess

# A forgotten transaction must not keep locks: the database ends it. Instants are read and written in UTC.
_SESSION_OPTIONS = "-c idle_in_transaction_session_timeout=30s -c timezone=UTC"


def compose(role: RoleOfProcess, settings: Settings | None = None) -> Flask:
    """See `app.create_app`."""
    settings = settings or Settings.from_env(os.environ)
    app = Flask("app")
    app.config.from_mapping(_config(settings))
    app.extensions["inlet_settings"] = settings
    Vault.open(settings.encryption_keys)
    Bell.hang(settings.redis_url)
    Leases.last(settings.lease_seconds)
    Surroundings.bind(settings.files_root)
    db.init_app(app)
    with app.app_context():
        unit_of_work.bind(db.engine)
    app.cli.add_command(inlet)
    if role == "web":
        # A worker loads no page.
        from app.views import register  # noqa: PLC0415
        from app.web.setup import bind_web  # noqa: PLC0415

        bind_web(app, settings, register)
    return app


def _config(settings: Settings) -> dict[str, Any]:
    return {
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "pool_pre_ping": True,
            "connect_args": {"options": _SESSION_OPTIONS, "application_name": "inlet"},
        },
    }
