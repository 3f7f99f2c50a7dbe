"""Structured logs: lines for people or JSON for a collector, with the ids of what they are about, without secrets.

Standard library only. `configure` once in a process, `logging.getLogger(__name__)` as anywhere, `about` around work:

    with about(run=run_id):
        log.info("Page saved.", extra={"orders": 200})
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TextIO

_about: ContextVar[Mapping[str, str]] = ContextVar("about", default=MappingProxyType({}))

# What every LogRecord has; all else came with `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Libraries whose INFO tells only that they were loaded.
_TALKATIVE = ("flask_appbuilder", "alembic.runtime.plugins")
_HIDDEN = "•••"
_SHORTEST_SECRET = 6
# The counts in the patterns are bounded so that a hostile line cannot make the search slow.
_SENSITIVE = r"(?:password|passwd|secret|token|api[_-]?key|authorization|cookie|signature)[\w-]{0,40}"
_MASKS = (
    # The password in an address: scheme://user:password@host.
    (re.compile(r"(://[^\s:/@]{0,200}:)[^\s/@]{1,500}(?=@)", re.IGNORECASE), rf"\1{_HIDDEN}"),
    # Authorization headers, whatever stands before them.
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1 {_HIDDEN}"),
    # "name": "value", then name=value and name: value.
    (re.compile(rf"""({_SENSITIVE}["']?\s*[=:]\s*)(["'])[^"']+\2""", re.IGNORECASE), rf"\1\2{_HIDDEN}\2"),
    (
        re.compile(rf"""({_SENSITIVE}\s*[=:]\s*)(?!{_HIDDEN}|Bearer|Basic)[^\s"'&,;}}]+""", re.IGNORECASE),
        rf"\1{_HIDDEN}",
    ),
)
_NAMED_SECRET = re.compile(_SENSITIVE, re.IGNORECASE)


@contextmanager
def about(**ids: object) -> Iterator[None]:
    """Add ids (request, job, run, po, …) to every line logged inside; an inner one wins over an outer of its name."""
    token = _about.set({**_about.get(), **{name: str(value) for name, value in ids.items() if value is not None}})
    try:
        yield
    finally:
        _about.reset(token)


def current() -> dict[str, str]:
    """The ids that a line logged here and now would carry."""
    return dict(_about.get())


def configure(log_format: str, level: str, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Send all logs of this process to `stream` (standard output), replacing what was set up before.

    `log_format` is "lines" or "json"; `secrets` are values that must never be printed wherever they turn up.
    """
    masker = Masker(secrets)
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonFormatter(masker) if log_format == "json" else LineFormatter(masker))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


class Masker:
    """Takes secrets out of a text: those it was told, and what looks like one by its name or place."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # A very short one would punch holes into ordinary words.
        known = sorted({secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}, key=len, reverse=True)
        self._known = re.compile("|".join(re.escape(secret) for secret in known)) if known else None

    def text(self, text: str) -> str:
        """The text without its secrets."""
        if self._known is not None:
            text = self._known.sub(_HIDDEN, text)
        for pattern, replacement in _MASKS:
            text = pattern.sub(replacement, text)
        return text

    def value(self, name: str, value: object) -> str | int | float | bool | None:
        """A value that was logged under a name, as JSON can take it."""
        if _NAMED_SECRET.search(name):
            return _HIDDEN
        if value is None or isinstance(value, bool | int | float):
            return value
        return self.text(str(value))


class _Formatter(logging.Formatter):
    def __init__(self, masker: Masker) -> None:
        super().__init__()
        self._masker = masker

    def _fields(self, record: logging.LogRecord) -> dict[str, str | int | float | bool | None]:
        extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        return {name: self._masker.value(name, value) for name, value in {**_about.get(), **extra}.items()}

    def _message(self, record: logging.LogRecord) -> str:
        return self._masker.text(record.getMessage())

    def _trace(self, record: logging.LogRecord) -> str:
        if not record.exc_info or record.exc_info[0] is None:
            return ""
        return self._masker.text("".join(traceback.format_exception(*record.exc_info)).rstrip())

    @staticmethod
    def _instant(record: logging.LogRecord) -> datetime:
        return datetime.fromtimestamp(record.created, UTC)


class LineFormatter(_Formatter):
    """`08:15:02 INFO  imports: Page saved. run=12 orders=200`, with a trace on the lines after it when there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as text."""
        fields = "".join(f" {name}={_quoted(value)}" for name, value in self._fields(record).items())
        head = f"{self._instant(record):%H:%M:%S} {record.levelname:<7} {record.name.removeprefix('app.')}: "
        trace = self._trace(record)
        # A message of several lines would look like several records.
        message = self._message(record).replace("\n", " ⏎ ")
        return f"{head}{message}{fields}" + (f"\n{trace}" if trace else "")


class JsonFormatter(_Formatter):
    """One JSON object a line: at, level, logger, message, the ids, the extras, and error with the trace."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as a JSON object."""
        line: dict[str, object] = {
            "at": self._instant(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._message(record),
        }
        # An extra must not take the place of what the line itself says.
        line |= {f"x_{name}" if name in line else name: value for name, value in self._fields(record).items()}
        if trace := self._trace(record):
            line["error"] = trace
        return json.dumps(line, ensure_ascii=False)


def _quoted(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if re.search(r"[\s\"=]", text) or not text else text
