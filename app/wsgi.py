"""The web process: gunicorn serves `app.wsgi:app`."""

from __future__ import annotations

import os
import sys

from app import create_app
from app.logs import configure
from config import ConfigError, Settings

try:
    _settings = Settings.from_env(os.environ)
except ConfigError as problem:
    # The sentences say what to mend; a traceback would bury them.
    print(problem, file=sys.stderr)  # noqa: T201
    sys.exit(3)  # The code by which gunicorn knows that no worker can start.
configure(_settings.log_format, _settings.log_level, (_settings.secret_key, *_settings.encryption_keys))

app = create_app("web", _settings)
