"""Walking through Inlet by its links, as the person who is signed in can: each kind of page once.

Nothing is listed here, so a page that is added later is walked to by itself, by each role that can reach it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Page

from tests.browser.watching import Visit

# They end the visit, or lead where the browser has been before.
_LEFT_OUT = re.compile(r"/(logout|login|back|static)\b|\bexport\b|\.csv\b|/lang/")
# Which part of a page is meant; the rest of a query is a choice among the same kind of content.
_PARTS = ("tab",)
_LINKS = """() => [...document.querySelectorAll("a[href]:not([download]), [data-href]")]
    .map(one => one.dataset.href ?? one.getAttribute("href"))"""


def kind_of(address: str) -> str:
    """What a page is like, whatever record it shows: /receipts/show/#?tab=…"""
    parts = urlsplit(address)
    kept = [f"{name}={value}" for name, value in parse_qsl(parts.query) if name in _PARTS]
    return re.sub(r"\d+", "#", parts.path) + (f"?{'&'.join(kept)}" if kept else "")


def walk(visit: Visit, *first: str) -> Iterator[str]:
    """Go to one page of each kind that can be reached from the first; yields its address while the browser is there.

    The addresses `first` are gone to before all others, so they are what stands for their kinds.
    """
    waiting = [*first, "/"]
    known = {kind_of(address) for address in waiting}
    while waiting:
        address = waiting.pop(0)
        page = visit.open(address)
        for link in links_of(page):
            if kind_of(link) not in known:
                known.add(kind_of(link))
                waiting.append(link)
        yield address


def links_of(page: Page) -> list[str]:
    """The addresses of Inlet that the page links to, without those that only move on this page."""
    found: list[str] = page.evaluate(_LINKS)
    return [link for link in found if link.startswith("/") and not link.startswith("//") and not _LEFT_OUT.search(link)]
