"""A browser's page with somebody who watches it: what no reader sees, but what must not happen."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request, Response

from tests.conftest import PROJECT
from tests.waiting import wait_until

AXE = (PROJECT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
_RUN = "rules => axe.run(document, {resultTypes: ['violations'], ...(rules ? {runOnly: rules} : {})})"
_OVERFLOW = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
_NO_ERROR = {"net::ERR_ABORTED"}  # What the reader left before it had come.

# What htmx says of a request that a later click has taken the place of; of one that failed it says more.
_LET_GO = re.compile(r"htmx:(afterRequest|sendAbort|abort)\b")


@dataclass
class Visit:
    """One person at one page of a browser. `complaints` are sentences about what went wrong behind the page.

    Complaints are errors and warnings in the browser's console (a breach of the Content-Security-Policy is one), errors
    of scripts, requests that failed or were refused, and requests to any other host. `expected` holds the statuses that
    a test has asked for, as 404.
    """

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begin to watch."""
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self._complain(f"a script failed: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)
        self.page.on("request", self._asked)

    def open(self, path: str, status: int = 200) -> Page:
        """Go to an address of Inlet and see that it answers with this status."""
        if status != 200:
            self.expected.add(status)
        answer = self.page.goto(self.address + path)
        assert answer is not None, path
        assert answer.status == status, f"{path} answered {answer.status}"
        return self.page

    def set_look(self, width: int = 1280, theme: str = "light") -> None:
        """Make the window so wide, on a system with this theme."""
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")

    def barriers(self, *rules: str) -> list[str]:
        """What axe-core says of the page as it stands, a sentence for each place; with `rules` only those."""
        if not self.page.evaluate("typeof axe === 'object'"):
            self.page.evaluate(AXE)
        found: dict[str, Any] = self.page.evaluate(_RUN, list(rules) or None)
        return [
            f"{rule['id']} ({rule['impact']}): {rule['help']}: {node['html'][:200]}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    def fits(self) -> bool:
        """Whether the page scrolls up and down only; scripts get two seconds to make it so."""
        # The page's own policy forbids the waiting that the library has for this: it evaluates a text.
        with suppress(AssertionError):
            wait_until(lambda: self.page.evaluate(_OVERFLOW), 2)
        return bool(self.page.evaluate(_OVERFLOW))

    def path(self) -> str:
        """Where the browser is: path and query."""
        parts = urlsplit(self.page.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def picture(self, folder: Path, name: str) -> Path:
        """A picture of the whole page, for whoever looks at a failed test."""
        path = folder / f"{name}.png"
        self.page.screenshot(path=path, full_page=True)
        return path

    def _complain(self, what: str) -> None:
        self.complaints.append(f"{self.path()}: {what}")

    def _said(self, message: ConsoleMessage) -> None:
        # The browser and htmx both say that an answer was an error.
        told = any(re.search(rf"[Ss]tatus (of|Error Code) {status}", message.text) for status in self.expected)
        if message.type in ("error", "warning") and not told and not _LET_GO.match(message.text):
            self._complain(f"the browser says: {message.text}")

    def _failed(self, request: Request) -> None:
        if request.failure not in _NO_ERROR:
            self._complain(f"{request.method} {request.url} failed: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self._complain(f"{response.request.method} {response.url} answered {response.status}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self.address}/", "data:", "blob:")):
            self._complain(f"another host was asked: {request.url}")
