"""Settings from the environment: what is taken, what is refused, and that no secret is shown."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from config import PROJECT, ConfigError, Settings, demo_and_data_folder

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.urlsafe_b64encode(bytes(range(1, 33))).decode()
GOOD = {
    "DATABASE_URL": "postgresql://inlet:pass-word@db.example:5433/orders?sslmode=require",
    "REDIS_URL": "redis://:red-word@cache.example:6379/2",
    "SECRET_KEY": "s" * 32,
    "ENCRYPTION_KEYS": KEY,
}
NO_DATABASE = "write it like postgresql://user:password@host:5432/database."
NO_REDIS = "write it like redis://:password@host:6379/0."


def test_the_least_that_starts() -> None:
    settings = Settings.from_env(GOOD)
    assert settings == Settings(
        database_url="postgresql+psycopg://inlet:pass-word@db.example:5433/orders?sslmode=require",
        redis_url="redis://:red-word@cache.example:6379/2",
        secret_key="s" * 32,
        encryption_keys=(KEY,),
        files_root=PROJECT / ".data" / "files",
        data_folder=PROJECT / ".data",
        demo=False,
        host="127.0.0.1",
        port=8080,
        log_format="lines",
        log_level="INFO",
        trusted_proxies=0,
        secure_cookies=True,
    )


def test_everything_set() -> None:
    settings = Settings.from_env(
        {
            **GOOD,
            "ENCRYPTION_KEYS": f" {KEY} , {OTHER_KEY},",
            "DEMO": "yes",
            "HOST": "0.0.0.0",
            "PORT": "65535",
            "LOG_FORMAT": "JSON",
            "LOG_LEVEL": "debug",
            "INLET_DATA": "/srv/in let",
            "INLET_FILES_ROOT": "/srv/exchange",
            "TRUSTED_PROXIES": "2",
            "SECURE_COOKIES": "on",
        }
    )
    assert settings.encryption_keys == (KEY, OTHER_KEY)
    assert (settings.demo, settings.host, settings.port) == (True, "0.0.0.0", 65535)
    assert (settings.log_format, settings.log_level) == ("json", "DEBUG")
    assert (settings.data_folder, settings.files_root) == (Path("/srv/in let"), Path("/srv/exchange"))
    assert (settings.trusted_proxies, settings.secure_cookies) == (2, True)


def test_files_lie_in_the_data_folder_and_the_demo_speaks_plain_http() -> None:
    settings = Settings.from_env({**GOOD, "INLET_DATA": "/srv/inlet", "DEMO": "1"})
    assert settings.files_root == Path("/srv/inlet/files")
    assert settings.secure_cookies is False


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_a_postgresql_address(scheme: str) -> None:
    settings = Settings.from_env({**GOOD, "DATABASE_URL": f"{scheme}://inlet@127.0.0.1/orders"})
    assert settings.database_url == "postgresql+psycopg://inlet@127.0.0.1/orders"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"DATABASE_URL": ""}, f"DATABASE_URL is not set; {NO_DATABASE}"),
        ({"DATABASE_URL": "  "}, f"DATABASE_URL is not set; {NO_DATABASE}"),
        ({"DATABASE_URL": "sqlite:///x.db"}, f"DATABASE_URL is not an address Inlet can use; {NO_DATABASE}"),
        ({"DATABASE_URL": "postgresql://u:hush@h"}, f"DATABASE_URL is not an address Inlet can use; {NO_DATABASE}"),
        ({"DATABASE_URL": "postgresql://[u:hush/x"}, f"DATABASE_URL is not an address Inlet can use; {NO_DATABASE}"),
        ({"REDIS_URL": ""}, f"REDIS_URL is not set; {NO_REDIS}"),
        ({"REDIS_URL": "http://:hush@h/"}, f"REDIS_URL is not an address Inlet can use; {NO_REDIS}"),
        (
            {"SECRET_KEY": ""},
            (
                "SECRET_KEY is not set; set a random text of at least 32 characters, "
                "for example from `openssl rand -hex 32`."
            ),
        ),
        (
            {"SECRET_KEY": "hush"},
            (
                "SECRET_KEY has 4 characters; set a random text of at least 32 characters, "
                "for example from `openssl rand -hex 32`."
            ),
        ),
        (
            {"ENCRYPTION_KEYS": " , "},
            (
                "ENCRYPTION_KEYS is not set; set one Fernet key or several with commas between them, "
                "for example from `openssl rand -base64 32 | tr '+/' '-_'`."
            ),
        ),
        (
            {"ENCRYPTION_KEYS": f"{KEY},hush"},
            "ENCRYPTION_KEYS: key 2 is not a Fernet key (32 bytes in URL-safe base64).",
        ),
        ({"DEMO": "maybe"}, "DEMO is 'maybe'; write 1 or 0."),
        ({"PORT": "http"}, "PORT is 'http'; write a whole number from 1 to 65535."),
        ({"PORT": "0"}, "PORT is '0'; write a whole number from 1 to 65535."),
        ({"PORT": "65536"}, "PORT is '65536'; write a whole number from 1 to 65535."),
        ({"PORT": "８０"}, "PORT is '８０'; write a whole number from 1 to 65535."),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT is 'xml'; write one of lines, json."),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL is 'loud'; write one of DEBUG, INFO, WARNING, ERROR."),
        ({"INLET_DATA": "data"}, "INLET_DATA is 'data'; write a full path that begins with '/'."),
        ({"INLET_FILES_ROOT": "~/in"}, "INLET_FILES_ROOT is '~/in'; write a full path that begins with '/'."),
        ({"TRUSTED_PROXIES": "-1"}, "TRUSTED_PROXIES is '-1'; write a whole number from 0 to 10."),
    ],
)
def test_one_sentence_for_a_problem(change: dict[str, str], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.from_env({**GOOD, **change})
    assert caught.value.problems == (problem,)
    assert "hush" not in str(caught.value)


def test_all_problems_at_once_and_no_default_for_a_secret_even_in_the_demo() -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.from_env({"DEMO": "1", "PORT": "x"})
    named = [problem.split()[0] for problem in caught.value.problems]
    assert named == ["DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ENCRYPTION_KEYS", "PORT"]


def test_a_printed_setting_shows_no_secret() -> None:
    shown = repr(Settings.from_env(GOOD))
    assert [secret for secret in ("pass-word", "red-word", "s" * 32, KEY) if secret in shown] == []


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, (False, PROJECT / ".data")),
        ({"DEMO": "1", "INLET_DATA": "/srv/inlet"}, (True, Path("/srv/inlet"))),
        ({"DEMO": "what", "INLET_DATA": "here"}, (False, Path("here"))),
    ],
)
def test_a_first_look(environ: dict[str, str], expected: tuple[bool, Path]) -> None:
    assert demo_and_data_folder(environ) == expected
