"""Inlet's settings: one typed class, read from the environment once.

Standard library only, so that every process can read its settings before it loads anything else. Outside demo mode no
secret has a default, and a setting that cannot work stops the start with one sentence for each problem.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parent

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off", ""})
_DATABASE_SCHEMES = ("postgres", "postgresql", "postgresql+psycopg")
_REDIS_SCHEMES = ("redis", "rediss", "unix")
_SECRET_KEY_LENGTH = 32


class ConfigError(Exception):
    """The environment cannot be used; `problems` holds one sentence for each thing to mend, without any secret."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a process of Inlet may be told from outside."""

    # The memory of Inlet. SQLAlchemy needs the driver's name in the address, so it is normalised here, once.
    database_url: str = field(repr=False)
    # The doorbell between processes; it may be emptied at any time.
    redis_url: str = field(repr=False)
    # Signs session cookies and form tokens: who knows it can sign in as anybody.
    secret_key: str = field(repr=False)
    # Fernet keys for the connections' secrets in the database: the first encrypts, all of them decrypt, so that a key
    # can be changed while old rows are still readable.
    encryption_keys: tuple[str, ...] = field(repr=False)
    # The only folder below which file connectors may read and write: a connection's settings are typed in by people,
    # who must not reach the rest of the machine with them.
    files_root: Path
    # Where Inlet keeps its own files: attachments, raw payloads, demo secrets.
    data_folder: Path
    # Demo mode brings users, passwords and sample data; it is off unless asked for.
    demo: bool = False
    # Loopback unless told otherwise, so that a first try on a laptop is not open to its network.
    host: str = "127.0.0.1"
    port: int = 8080
    # "lines" for people, "json" for a log collector.
    log_format: str = "lines"
    log_level: str = "INFO"
    # How many proxies in front may be believed about a client's address; none by default, for the header can be forged.
    trusted_proxies: int = 0
    # How long a worker that died holds up its work. Longer than the longest single call to another system.
    lease_seconds: int = 180
    # Cookies only over https. Off in demo mode, where the page is plain http on this machine.
    secure_cookies: bool = True

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings from `environ` (usually `os.environ`).

        Raises ConfigError with every problem at once, so that nobody mends them one start at a time.
        """
        reader = _Reader(environ)
        demo = reader.boolean("DEMO", default=False)
        data_folder = reader.folder("INLET_DATA", PROJECT / ".data")
        settings = cls(
            database_url=reader.database_url(),
            redis_url=reader.redis_url(),
            secret_key=reader.secret_key(),
            encryption_keys=reader.encryption_keys(),
            files_root=reader.folder("INLET_FILES_ROOT", data_folder / "files"),
            data_folder=data_folder,
            demo=demo,
            host=reader.text("HOST", "127.0.0.1"),
            port=reader.number("PORT", 8080, 1, 65535),
            log_format=reader.choice("LOG_FORMAT", "lines", ("lines", "json")),
            log_level=reader.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
            trusted_proxies=reader.number("TRUSTED_PROXIES", 0, 0, 10),
            lease_seconds=reader.number("LEASE_SECONDS", 180, 2, 3600),
            secure_cookies=reader.boolean("SECURE_COOKIES", default=not demo),
        )
        if reader.problems:
            raise ConfigError(tuple(reader.problems))
        return settings


def demo_and_data_folder(environ: Mapping[str, str]) -> tuple[bool, Path]:
    """What must be known before the demo's secrets can be found; `Settings.from_env` reports what is wrong with it."""
    reader = _Reader(environ)
    return reader.boolean("DEMO", default=False), reader.folder("INLET_DATA", PROJECT / ".data")


class _Reader:
    """Reads one value after the other and gathers the problems instead of stopping at the first."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def text(self, name: str, default: str) -> str:
        return self._environ.get(name, "").strip() or default

    def boolean(self, name: str, *, default: bool) -> bool:
        given = self._environ.get(name)
        if given is None:
            return default
        word = given.strip().lower()
        if word not in _YES | _NO:
            self.problems.append(f"{name} is {given!r}; write 1 or 0.")
        return word in _YES

    def number(self, name: str, default: int, least: int, most: int) -> int:
        given = self.text(name, str(default))
        if given.isascii() and given.isdigit() and least <= int(given) <= most:
            return int(given)
        self.problems.append(f"{name} is {given!r}; write a whole number from {least} to {most}.")
        return default

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        given = self.text(name, default)
        for choice in choices:
            if choice.lower() == given.lower():
                return choice
        self.problems.append(f"{name} is {given!r}; write one of {', '.join(choices)}.")
        return default

    def folder(self, name: str, default: Path) -> Path:
        given = self.text(name, "")
        if given and not Path(given).is_absolute():
            self.problems.append(f"{name} is {given!r}; write a full path that begins with '/'.")
        return Path(given) if given else default

    def database_url(self) -> str:
        given = self.text("DATABASE_URL", "")
        scheme, separator, rest = given.partition("://")
        if not separator or scheme not in _DATABASE_SCHEMES or not _database_name(rest):
            self._address("DATABASE_URL", given, "postgresql://user:password@host:5432/database")
            return ""
        return f"postgresql+psycopg://{rest}"

    def redis_url(self) -> str:
        given = self.text("REDIS_URL", "")
        if given.partition("://")[0] not in _REDIS_SCHEMES:
            self._address("REDIS_URL", given, "redis://:password@host:6379/0")
        return given

    def secret_key(self) -> str:
        given = self.text("SECRET_KEY", "")
        if len(given) < _SECRET_KEY_LENGTH:
            state = "is not set" if not given else f"has {len(given)} characters"
            self.problems.append(
                f"SECRET_KEY {state}; set a random text of at least {_SECRET_KEY_LENGTH} characters, "
                "for example from `openssl rand -hex 32`."
            )
        return given

    def encryption_keys(self) -> tuple[str, ...]:
        keys = tuple(key.strip() for key in self.text("ENCRYPTION_KEYS", "").split(",") if key.strip())
        if not keys:
            self.problems.append(
                "ENCRYPTION_KEYS is not set; set one Fernet key or several with commas between them, "
                "for example from `openssl rand -base64 32 | tr '+/' '-_'`."
            )
        for position, key in enumerate(keys, start=1):
            if not _is_fernet_key(key):
                self.problems.append(
                    f"ENCRYPTION_KEYS: key {position} is not a Fernet key (32 bytes in URL-safe base64)."
                )
        return keys

    def _address(self, name: str, given: str, example: str) -> None:
        # The address itself is never repeated: it usually holds a password.
        state = "is not set" if not given else "is not an address Inlet can use"
        self.problems.append(f"{name} {state}; write it like {example}.")


def _database_name(rest: str) -> str:
    try:
        return urlsplit(f"//{rest}").path.strip("/")
    except ValueError:
        return ""


def _is_fernet_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, altchars=b"-_", validate=True)) == 32
    except (binascii.Error, ValueError):
        return False
