"""The project keeps the rules of the house."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.architecture import checks
from tests.architecture.sources import Source, code, files_below, functions, of_project
from tests.conftest import PROJECT

CODE = code()
EVERYTHING = [*CODE, *of_project("tests", "migrations", "scripts", "benchmarks")]


def texts(folders: Iterable[str], suffixes: set[str]) -> list[tuple[str, str]]:
    """Name and text of the files below the folders with these endings."""
    files = [path for folder in folders for path in files_below(folder, suffixes)]
    return [(str(path.relative_to(PROJECT)), path.read_text(encoding="utf-8")) for path in files]


@pytest.mark.parametrize(
    "check",
    [
        checks.layers,
        checks.libraries,
        checks.circles,
        checks.long_functions,
        checks.untyped,
        checks.unexplained,
        checks.commits,
        checks.enqueues,
        checks.clocks,
        checks.world,
    ],
    ids=lambda check: check.__name__,
)
def test_the_code_holds(check: Callable[[list[Source]], list[str]]) -> None:
    assert check(CODE) == []


def test_no_file_is_too_long() -> None:
    assert checks.long_files(EVERYTHING) == []


def test_most_of_it_is_short() -> None:
    lengths = [checks.function_length(node) for source in CODE for node in functions(source)]
    assert checks.percentile(lengths, 0.95) <= 40
    assert statistics.median(source.lines for source in CODE if source.lines) <= 130


def test_nothing_is_left_unfinished() -> None:
    files = texts(
        ["app", "tests", "migrations", "scripts", "benchmarks", "config.py", "run.py"], {".py", ".html", ".js"}
    )
    assert checks.leftovers(files) == []


def test_pages_load_nothing_from_another_host() -> None:
    assert checks.other_hosts(texts(["app/templates", "app/static/src"], {".html", ".js", ".css", ".svg"})) == []


def test_no_file_names_the_machine_it_was_written_on() -> None:
    suffixes = {".py", ".html", ".js", ".css", ".md", ".toml", ".json", ".lark", ".ini", ".mako", ".yml", ""}
    hidden = {path.name for path in PROJECT.iterdir() if path.name.startswith(".")} - {".ci"}
    folders = {path.name for path in PROJECT.iterdir()} - hidden - {"node_modules"}
    home = f"/{Path('work')}/"
    assert [name for name, text in texts(folders, suffixes) if home in text] == []


def test_every_package_is_loaded_as_one() -> None:
    folders = {path.parent for path in (PROJECT / "app").rglob("*.py")}
    assert sorted(str(folder) for folder in folders if not (folder / "__init__.py").exists()) == []
