"""`run.py` from the first start to the last: real servers, real gunicorn, real signals."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host.houses import House, house


@pytest.fixture(scope="module")
def home() -> Iterator[House]:
    """One house for the tests that leave it as they found it; its path has a space."""
    with house(Path(tempfile.mkdtemp()) / "in let's" / "house") as built:
        yield built


def own_lines(start_text: list[str]) -> list[str]:
    return [line for line in start_text if not line.startswith("Starting ")]


def test_from_nothing_to_the_page_and_back(home: House) -> None:
    start = home.start()
    start.wait_ready()
    with urllib.request.urlopen(f"http://127.0.0.1:{start.port}/") as page:
        assert page.read() == b"a page"
    assert start.said("migrate") == ["up to date"]
    assert start.said("demo") == ["loaded"]
    assert start.said("worker 1") == start.said("worker 2") == start.said("feed") == ["ready with 1"]
    assert own_lines(start.said("inlet")) == [
        f"Inlet is ready at http://127.0.0.1:{start.port}/ (Ctrl-C stops it).",
        "  Administrator            ada              pass-of-ada",
    ]
    begun = time.monotonic()
    assert start.end(signal.SIGINT) == 0
    assert time.monotonic() - begun < 8.0
    assert start.said("inlet")[-1] == "Stopped."
    goodbyes = [line.split(" | ")[0].strip() for line in start.text().splitlines() if line.endswith("| bye")]
    assert goodbyes[-1] == "scheduler"
    assert sorted(goodbyes) == ["feed", "scheduler", "worker 1", "worker 2"]


def test_the_second_start_finds_everything_there(home: House) -> None:
    first = home.start()
    first.wait_ready()
    assert first.end(signal.SIGTERM) == 0
    begun = time.monotonic()
    second = home.start()
    second.wait_ready()
    assert time.monotonic() - begun < 5.0
    assert second.said("demo") == []
    assert second.said("scheduler") == ["ready with 1"]
    assert second.end() == 0


def test_killed_hard_it_leaves_nothing_and_starts_again(home: House) -> None:
    for _ in range(2):
        start = home.start()
        start.wait_ready()
        assert len(start.everything()) >= 10
        assert start.end(signal.SIGKILL) == -signal.SIGKILL
    start = home.start()
    start.wait_ready()
    assert start.said("scheduler") == ["ready with 1"]
    assert start.end() == 0


def test_servers_that_die_come_back_where_they_were(home: House) -> None:
    start = home.start()
    start.wait_ready()
    # Redis writes its address behind its name; PostgreSQL's children write what they do behind theirs.
    servers = [pid for pid in start.everything() if re.search(r"/postgres$|/redis-server ", _command(pid)[0])]
    assert len(servers) == 2
    for pid in servers:
        os.kill(pid, signal.SIGKILL)
    start.wait_for("is started again", times=2)
    # The page's own server must answer on the old port for a new worker to come up.
    workers = [pid for pid in start.everything() if _command(pid)[-1:] == ["worker"]]
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    start.wait_for("ready with", times=5)
    assert start.end() == 0


def test_a_port_in_use_is_one_sentence(home: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert home.refused(port=port) == [
            (
                f"Port {port} on 127.0.0.1 is in use by another program. "
                f"Stop that program, or take another port: PORT={port + 1 if port < 65535 else 8080} make run."
            )
        ]


def test_two_at_once_is_one_sentence(home: House) -> None:
    start = home.start()
    start.wait_ready()
    folder = home.folder.resolve() / ".data"
    assert home.refused() == [
        (
            f"Inlet already runs with the data folder {folder}. "
            "Stop it first, or give this one another folder and port: INLET_DATA=/another/folder PORT=8081."
        )
    ]
    assert start.end() == 0


@pytest.mark.parametrize(
    ("environ", "sentences"),
    [
        (
            {"DEMO": "0", "ENCRYPTION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="},
            [
                (
                    "SECRET_KEY is not set; set a random text of at least 32 characters, "
                    "for example from `openssl rand -hex 32`."
                )
            ],
        ),
        (
            {"PORT": "eighty", "LOG_LEVEL": "loud"},
            [
                "PORT is 'eighty'; write a whole number from 1 to 65535.",
                "LOG_LEVEL is 'loud'; write one of DEBUG, INFO, WARNING, ERROR.",
            ],
        ),
        (
            {"INLET_DATA": "/proc/nowhere"},
            ["The data folder /proc/nowhere cannot be used: No such file or directory. Name another with INLET_DATA."],
        ),
        (
            {"HOST": "192.0.2.7", "PORT": "8080"},
            [
                (
                    "HOST 192.0.2.7 is not an address of this machine: Cannot assign requested address. "
                    "Use HOST=127.0.0.1, or 0.0.0.0 for all."
                )
            ],
        ),
        (
            {"HOUSE_BREAK": "migrate"},
            ["The database could not be brought up to date: migrate: the disk is full"],
        ),
    ],
)
def test_what_cannot_start_says_why(home: House, environ: dict[str, str], sentences: list[str]) -> None:
    assert own_lines(home.refused(environ)) == sentences


def test_a_child_that_cannot_live_stops_everything(home: House) -> None:
    start = home.start({"HOUSE_BREAK": "scheduler"})
    assert start.process.wait(40) == 1
    assert [line for line in start.said("inlet") if "Inlet stops" in line] == [
        (
            "scheduler ended with status 1, 6 times in a short while, so Inlet stops; "
            "its last line was: scheduler: the disk is full"
        )
    ]
    assert start.said("inlet")[-1] == "Stopped."


def test_given_servers_are_used_and_none_is_started(
    home: House, redis_url: str, postgres_server: object, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue("postgres_server")
    server.ensure_database("given")
    url = server.url("given").replace("postgresql+psycopg://", "postgres://")
    start = home.start({"DATABASE_URL": url, "REDIS_URL": redis_url})
    start.wait_ready()
    assert start.said("demo") == ["loaded"]
    assert [line for line in start.said("inlet") if line.startswith("Starting ")] == []
    assert start.end() == 0
    with server.connect() as connection:
        connection.execute("DROP DATABASE given WITH (FORCE)")


def test_without_the_demo_nobody_is_named(home: House) -> None:
    secrets = {"SECRET_KEY": "k" * 40, "ENCRYPTION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}
    start = home.start({"DEMO": "0", **secrets})
    start.wait_for("is ready at")
    start.wait_for("ready with", times=3)
    assert start.said("feed") == start.said("demo") == []
    assert "ada" not in start.text()
    assert start.end() == 0


def test_the_demos_secrets_are_its_own(home: House) -> None:
    with house(Path(tempfile.mkdtemp()) / "other") as other:
        texts = []
        for built in (home, other):
            built.refused({"PORT": "none"})
            file = built.folder / ".data" / "demo-secrets.json"
            assert file.stat().st_mode & 0o777 == 0o600
            texts.append(file.read_text())
        assert texts[0] != texts[1]
        home.refused({"PORT": "none"})
        assert (home.folder / ".data" / "demo-secrets.json").read_text() == texts[0]
        (other.folder / ".data" / "demo-secrets.json").write_text("{")
        (sentence,) = other.refused()
        assert sentence.startswith(f"The demo's secrets in {other.folder}/.data/demo-secrets.json cannot be used: ")


def test_a_new_data_folder_is_a_new_beginning(home: House) -> None:
    with house(Path(tempfile.mkdtemp()) / "again") as built:
        first = built.start()
        first.wait_ready()
        assert first.end() == 0
        shutil.rmtree(built.folder / ".data")
        second = built.start()
        second.wait_ready()
        assert second.said("demo") == ["loaded"]
        assert second.said("scheduler") == ["ready with 1"]
        assert second.end() == 0


def test_ctrl_c_during_the_start_leaves_nothing(home: House) -> None:
    start = home.start()
    start.wait_for("Starting Redis")
    start.everything()
    assert start.end(signal.SIGINT) == 0
    assert start.said("inlet")[-1] == "Stopped."


def test_as_a_plain_user_its_data_stays_in_the_project(plain_user: tuple[int | None, str]) -> None:
    user, interpreter = plain_user
    with house(Path(tempfile.mkdtemp()) / "plain user", user, interpreter) as built:
        # redis imports this on Pythons before 3.11.3; our environment need not be of the interpreter we found.
        (built.folder / "async_timeout.py").write_text("timeout = None\n")
        start = built.start()
        start.wait_ready()
        owners = {Path("/proc", str(pid)).stat().st_uid for pid in start.everything()}
        assert owners == {os.geteuid() if user is None else user}
        assert (built.folder / ".data" / "servers" / "postgres-18" / "PG_VERSION").read_text() == "18\n"
        assert start.end(signal.SIGKILL) == -signal.SIGKILL


@pytest.fixture
def plain_user() -> tuple[int | None, str]:
    """A user other than root, with an interpreter that it may run; we ourselves when we are no root."""
    if os.geteuid() != 0:
        return None, sys.executable
    nobody = pwd.getpwnam("nobody").pw_uid
    # Ours may lie in a closed folder; the system's own never does.
    found = [interpreter for interpreter in (sys.executable, "/usr/bin/python3") if _may_run(interpreter, nobody)]
    assert found, "This machine has no Python that the user 'nobody' may run: install one in /usr/bin."
    return nobody, found[0]


def _may_run(interpreter: str, user: int) -> bool:
    try:
        done = subprocess.run([interpreter, "-c", "0"], user=user, group=user, extra_groups=[], check=False)
    except OSError:
        return False
    return done.returncode == 0


def _command(pid: int) -> list[str]:
    try:
        return Path("/proc", str(pid), "cmdline").read_text().rstrip("\0").split("\0")
    except OSError:
        return [""]
