"""The web process: gunicorn serves `app.wsgi:app`."""

from __future__ import annotations

import os

from app import create_app
from app.logs import configure
from config import Settings

_settings = Settings.from_env(os.environ)
configure(_settings.log_format, _settings.log_level, (_settings.secret_key, *_settings.encryption_keys))

app = create_app("web", _settings)
