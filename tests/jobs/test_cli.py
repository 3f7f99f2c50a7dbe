"""The commands, as a person types them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner, Result

from app.cli import inlet
from app.services import unit_of_work
from tests.factories import Factory
from tests.servers import Database, environ_for

GOOD = 'rule "good" archive purchase_order end\n'
BAD = 'rule "bad" hold purchase_order end\n'


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """Put the root logger back: a command configures it for its process."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def environ(db: Database, redis_url: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a process of Inlet."""
    yield environ_for(db.url, redis_url, tmp_path)
    engine = unit_of_work.Database._engine
    if engine is not None:
        engine.dispose()


def call(*arguments: str | Path, environ: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(inlet, [str(argument) for argument in arguments], env=environ)


def test_rules_without_a_mistake_pass(tmp_path: Path) -> None:
    (tmp_path / "a.rule").write_text(GOOD + "\n" + GOOD.replace("good", "also good"))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.rule").write_text(GOOD)
    (tmp_path / "notes.txt").write_text("not a rule")
    result = call("check-rules", tmp_path)
    assert (result.exit_code, result.output) == (0, "2 files, 0 with errors.\n")


def test_each_mistake_is_told_with_its_place_and_the_others_are_still_checked(tmp_path: Path) -> None:
    for name, text in (("a", BAD), ("b", GOOD), ("c", "")):
        (tmp_path / f"{name}.rule").write_text(text)
    result = call("check-rules", tmp_path)
    lines = result.output.splitlines()
    assert result.exit_code == 1
    assert lines[0].startswith(f"{tmp_path / 'a.rule'}:1:")
    assert lines[0].endswith("`hold` needs `until` or `for`.")
    assert lines[1].startswith(f"{tmp_path / 'c.rule'}:1:1: ")
    assert lines[2:] == ["3 files, 2 with errors."]


def test_a_file_is_checked_whatever_its_name_and_a_missing_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rule.txt").write_text(GOOD)
    assert call("check-rules", tmp_path / "rule.txt").output == "1 files, 0 with errors.\n"
    result = call("check-rules", tmp_path / "gone.rule")
    assert result.exit_code == 2
    assert "does not exist" in result.output


@pytest.mark.parametrize("command", ["migrate", "worker", "scheduler", "demo", "feed"])
def test_without_settings_a_command_stops_with_a_sentence_for_each(command: str) -> None:
    names = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ENCRYPTION_KEYS")
    result = CliRunner().invoke(inlet, [command], env=dict.fromkeys(names, ""))
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    for name in names:
        assert f"{name} is not set" in result.output


def test_the_demo_is_loaded_in_demo_mode_only(environ: dict[str, str], db: Database) -> None:
    result = call("demo", environ={**environ, "DEMO": "0"})
    assert (result.exit_code, result.output) == (
        1,
        "Error: The demo is only loaded in demo mode: set DEMO=1.\n",
    )
    with db.connect() as connection:
        assert connection.execute("SELECT count(*) FROM merchant").fetchone() == (0,)


@pytest.mark.parametrize(
    ("options", "kind", "request_"),
    [
        ((), "import", {}),
        (("--kind", "status_update"), "status_update", {}),
        (("--number", "PO-7"), "import", {"number": "PO-7"}),
    ],
)
def test_a_run_is_queued_by_the_connections_name(
    environ: dict[str, str], db: Database, *, options: tuple[str, ...], kind: str, request_: dict[str, str]
) -> None:
    connection = Factory(db.engine).connection(name="Northwind East")
    result = call("run-now", " northwind EAST ", *options, environ=environ)
    with db.connect() as outside:
        ((run_id, *row),) = outside.execute("SELECT id, connection_id, kind, state, started_by, request FROM run")
    assert row == [connection.id, kind, "queued", "Inlet", request_]
    assert (result.exit_code, result.output) == (0, f"Run {run_id} is queued.\n")
    with redis.Redis.from_url(environ["REDIS_URL"]) as client:
        assert client.exists("inlet:rung:runs") == 1


def test_a_run_that_cannot_be_is_refused_with_a_sentence(environ: dict[str, str], db: Database) -> None:
    Factory(db.engine).connection(name="Off", enabled=False)
    for name, sentence in (
        ("Nowhere", "There is no connection “Nowhere”."),
        ("Off", "Connection Off is switched off. Switch it on in its settings, then run it again."),
    ):
        result = call("run-now", name, environ=environ)
        assert (result.exit_code, result.output) == (1, f"Error: {sentence}\n")
    assert call("run-now", "Off", "--kind", "bulk", environ=environ).exit_code == 2
