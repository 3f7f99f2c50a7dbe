"""What a log line holds, and what it never holds."""

from __future__ import annotations

import contextvars
import io
import json
import logging
import threading
import time
from collections.abc import Iterator

import pytest

from app.logs import Masker, about, configure, current


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def test_a_line_for_people(lines: io.StringIO) -> None:
    configure("lines", "INFO", stream=lines)
    log = logging.getLogger("app.jobs.imports")
    with about(run=12, po=None):
        log.info("Page %d saved.", 3, extra={"orders": 200, "from": "in box", "empty": ""})
    log.debug("not shown")
    (line,) = lines.getvalue().splitlines()
    assert line[8:] == ' INFO    jobs.imports: Page 3 saved. run=12 orders=200 from="in box" empty=""'
    assert line[2] == line[5] == ":"


def test_a_line_for_a_collector(lines: io.StringIO) -> None:
    configure("json", "DEBUG", stream=lines)
    with about(request="r-1"), about(job="j-1", request="r-2"):
        logging.getLogger("app.web").warning(
            "Grün\nund zwei", extra={"level": "x", "count": 3, "ratio": 0.5, "on": True}
        )
    found = json.loads(lines.getvalue())
    assert found.pop("at").endswith("+00:00")
    assert found == {
        "level": "warning",
        "logger": "app.web",
        "message": "Grün\nund zwei",
        "request": "r-2",
        "job": "j-1",
        "x_level": "x",
        "count": 3,
        "ratio": 0.5,
        "on": True,
    }


@pytest.mark.parametrize("log_format", ["lines", "json"])
def test_a_trace_is_masked_too(lines: io.StringIO, log_format: str) -> None:
    configure(log_format, "INFO", secrets=["correct horse"], stream=lines)
    try:
        raise ValueError("postgresql://inlet:hush-hush@127.0.0.1/inlet said correct horse")
    except ValueError:
        logging.getLogger("app").exception("It failed.")
    text = lines.getvalue()
    assert "ValueError: postgresql://inlet:•••@127.0.0.1/inlet said •••" in text
    assert "hush" not in text
    assert "horse" not in text


def test_a_message_of_several_lines_stays_one_line_for_people(lines: io.StringIO) -> None:
    configure("lines", "INFO", stream=lines)
    logging.getLogger("app").info("one\ntwo")
    assert lines.getvalue().count("\n") == 1


@pytest.mark.parametrize(("level", "shown"), [("INFO", ["a warning", "an error"]), ("ERROR", ["an error"])])
def test_libraries_do_not_chat(lines: io.StringIO, level: str, shown: list[str]) -> None:
    configure("json", level, stream=lines)
    log = logging.getLogger("flask_appbuilder.base")
    log.info("loaded")
    log.warning("a warning")
    log.error("an error")
    assert [json.loads(line)["message"] for line in lines.getvalue().splitlines()] == shown


def test_configuring_twice_prints_once(lines: io.StringIO) -> None:
    configure("lines", "INFO", stream=lines)
    configure("lines", "INFO", stream=lines)
    logging.getLogger("app").info("once")
    assert lines.getvalue().count("once") == 1


def test_ids_are_taken_back_and_do_not_cross_threads() -> None:
    seen: list[dict[str, str]] = []
    with about(run=1):
        with pytest.raises(RuntimeError), about(po=2):
            assert current() == {"run": "1", "po": "2"}
            raise RuntimeError
        assert current() == {"run": "1"}
        thread = threading.Thread(target=lambda: seen.append(contextvars.Context().run(current)))
        thread.start()
        thread.join()
    assert seen == [{}]
    assert current() == {}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("nothing to hide here: PO-1", "nothing to hide here: PO-1"),
        ("redis://:abc@h:6379/0", "redis://:•••@h:6379/0"),
        ("https://user:p%40ss@h/path?x=1", "https://user:•••@h/path?x=1"),
        ("https://h/path?api_key=abc123&page=2", "https://h/path?api_key=•••&page=2"),
        ('{"client_secret": "abc 123", "page": 2}', '{"client_secret": "•••", "page": 2}'),
        ("Authorization: Bearer eyJh.abc-def", "Authorization: Bearer •••"),
        ("access_token=abc; x", "access_token=•••; x"),
        ("PASSWORD: geheim", "PASSWORD: •••"),
        ("the tokens of the parser", "the tokens of the parser"),
        ("known-value-1 twice known-value-1", "••• twice •••"),
        ("short words like abc stay", "short words like abc stay"),
    ],
)
def test_masks(text: str, masked: str) -> None:
    assert Masker(["known-value-1", "abc"]).text(text) == masked


def test_a_hostile_line_is_masked_quickly() -> None:
    begun = time.monotonic()
    for hostile in ("a-" * 30_000, "token" * 12_000, "password=" * 7_000, "a://" * 15_000):
        Masker().text(hostile)
    assert time.monotonic() - begun < 2.0


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("orders", 3, 3),
        ("late", None, None),
        ("password", "hush", "•••"),
        ("X-Api-Key", 12345, "•••"),
        ("url", "https://a:hush@h/", "https://a:•••@h/"),
        ("skus", ["A", "B"], "['A', 'B']"),
    ],
)
def test_values(name: str, value: object, shown: object) -> None:
    assert Masker().value(name, value) == shown
