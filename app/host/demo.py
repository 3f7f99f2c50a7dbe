"""What the demo needs before it starts: its secrets, made once, and its users, shown at every start."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.host.places import HostError

_SECRETS = "demo-secrets.json"
_USERS = "users.json"


@dataclass(frozen=True, slots=True)
class DemoUser:
    """One user of the demo, as the terminal shows it."""

    name: str
    role: str
    password: str


def demo_secrets(data_folder: Path) -> dict[str, str]:
    """SECRET_KEY and ENCRYPTION_KEYS of this machine's demo: random, made at the first start, kept in a closed file.

    Raises HostError when the file cannot be read or written.
    """
    path = data_folder / _SECRETS
    try:
        if not path.exists():
            _write(path, {"SECRET_KEY": secrets.token_hex(32), "ENCRYPTION_KEYS": _fernet_key()})
        found = json.loads(path.read_text(encoding="utf-8"))
        return {name: str(found[name]) for name in ("SECRET_KEY", "ENCRYPTION_KEYS")}
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise HostError(
            f"The demo's secrets in {path} cannot be used: {problem}.",
            "Remove the folder to begin with a new demo, or set SECRET_KEY and ENCRYPTION_KEYS.",
        ) from problem


def demo_users(data_folder: Path) -> list[DemoUser]:
    """The users that loading the demo wrote down; none when it has not been loaded."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        rows: list[Mapping[str, str]] = json.loads((data_folder / _USERS).read_text(encoding="utf-8"))
        return [DemoUser(row["name"], row["role"], row["password"]) for row in rows]
    return []


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii")


def _write(path: Path, content: Mapping[str, str]) -> None:
    """Write a file only its owner can read, whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
    unfinished.rename(path)
