"""Bundling with the real esbuild: only when something changed, and a mistake is told in words."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from scripts.build_assets import STAMP, BuildError, build, fingerprint
from tests.conftest import PROJECT


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "src"
    (folder / "parts").mkdir(parents=True)
    (folder / "inlet.js").write_text('import { greet } from "./parts/greet.js";\ngreet("hello");\n')
    (folder / "parts" / "greet.js").write_text("export function greet(word) { document.title = word; }\n")
    (folder / "inlet.css").write_text('@import "./parts/colors.css";\nbody { color: var(--ink); }\n')
    (folder / "parts" / "colors.css").write_text(":root { --ink: #112233; }\n")
    return folder


def test_parts_are_bundled_into_one_file_of_each_kind(sources: Path, tmp_path: Path) -> None:
    target = tmp_path / "build"
    assert build(sources, target) is True
    assert sorted(path.name for path in target.iterdir()) == [
        STAMP,
        "inlet.css",
        "inlet.css.map",
        "inlet.js",
        "inlet.js.map",
    ]
    assert "document.title=" in (target / "inlet.js").read_text()
    assert (target / "inlet.css").read_text().startswith(":root{--ink: #112233}body{color:var(--ink)}")


def test_nothing_is_built_twice(sources: Path, tmp_path: Path) -> None:
    target = tmp_path / "build"
    assert build(sources, target) is True
    before = (target / "inlet.js").stat().st_mtime_ns
    assert build(sources, target) is False
    assert (target / "inlet.js").stat().st_mtime_ns == before


@pytest.mark.parametrize("change", ["text", "name", "new", "gone"])
def test_every_change_is_noticed(sources: Path, change: str) -> None:
    before = fingerprint(sources)
    part = sources / "parts" / "greet.js"
    if change == "text":
        part.write_text(part.read_text() + "\n")
    elif change == "name":
        part.rename(part.with_name("other.js"))
    elif change == "new":
        (sources / "more.js").touch()
    else:
        part.unlink()
    assert fingerprint(sources) != before


def test_a_mistake_names_file_and_line_and_keeps_the_old_bundle(sources: Path, tmp_path: Path) -> None:
    target = tmp_path / "build"
    build(sources, target)
    (sources / "inlet.js").write_text('let a = 1;\nimport "./none.js";\n')
    with pytest.raises(BuildError) as caught:
        build(sources, target)
    assert str(caught.value).startswith("esbuild refused a source.\n")
    assert 'Could not resolve "./none.js"' in str(caught.value)
    assert "inlet.js:2:7" in str(caught.value)
    assert "document.title=" in (target / "inlet.js").read_text()
    with pytest.raises(BuildError):
        build(sources, target)


def test_a_folder_without_sources_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError) as caught:
        build(tmp_path, tmp_path / "build")
    assert str(caught.value) == f"{tmp_path} holds no inlet*.js or inlet*.css."


def test_the_lock_pins_what_package_json_asks_for_and_names_no_registry() -> None:
    asked = json.loads((PROJECT / "package.json").read_text())
    locked = json.loads((PROJECT / "package-lock.json").read_text())["packages"]
    for name, version in {**asked["dependencies"], **asked["devDependencies"]}.items():
        assert locked[f"node_modules/{name}"]["version"] == version
    assert [path for path, package in locked.items() if path and "integrity" not in package] == []
    assert [path for path, package in locked.items() if "resolved" in package] == []


def test_make_explains_itself() -> None:
    command = ["make", "--no-print-directory", "help"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    targets = [line.split()[1] for line in done.stdout.splitlines()]
    assert targets == ["help", "run", "test", "lint", "format", "bench", "lock", "assets",
                       "browser", "screenshots", "clean", "forget"]  # fmt: skip


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_the_locks_hold_pinned_packages_and_no_address(lock: str) -> None:
    text = (PROJECT / lock).read_text()
    assert "://" not in text
    assert "--index" not in text
    pinned = [line for line in text.splitlines() if line and line[0] not in " #"]
    assert [line for line in pinned if "==" not in line] == []


def test_a_run_installs_the_versions_that_were_tested() -> None:
    run, tested = (
        {line.split(" ")[0] for line in (PROJECT / lock).read_text().splitlines() if "==" in line and line[0] != " "}
        for lock in ("requirements.lock", "requirements-dev.lock")
    )
    assert run - tested == set()
