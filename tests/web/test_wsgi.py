"""The web process as gunicorn starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.servers import Database
from tests.web.conftest import KEYS

PROJECT = Path(__file__).resolve().parent.parent.parent


def start(environ: dict[str, str], code: str = "import app.wsgi") -> subprocess.CompletedProcess[str]:
    """Import the module in a process of its own."""
    clean = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    return subprocess.run(
        [sys.executable, "-c", code], env={**clean, **environ}, cwd=PROJECT, capture_output=True, text=True, check=False
    )


def test_without_settings_it_says_what_to_set_and_nothing_else() -> None:
    ended = start({})
    assert ended.returncode == 3
    assert ended.stderr.startswith("DATABASE_URL is not set; write it like postgresql://")
    assert "Traceback" not in ended.stderr


def test_with_settings_it_serves_the_sign_in_page(db: Database) -> None:
    environ = {
        "DATABASE_URL": db.url,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": "a secret key of the tests, long enough",
        "ENCRYPTION_KEYS": KEYS[0],
    }
    code = "from app.wsgi import app; print(app.test_client().get('/login/', base_url='https://x').status_code)"
    ended = start(environ, code)
    assert ended.stdout.split()[-1:] == ["200"], ended.stderr
