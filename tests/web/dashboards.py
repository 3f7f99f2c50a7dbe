"""A dashboard as the tests read it: its figures, where each leads, and what the list there counts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from tests.frame.markup import Element, Page, read
from tests.web.people import Person

ADDRESS = "/dashboard/"
_COUNTED = re.compile(r'class="push faint">([\d,]+\+?) ')


@dataclass(frozen=True)
class Shown:
    """One figure of the page: what it says, and the address that it leads to."""

    label: str
    total: str
    href: str

    @property
    def arguments(self) -> dict[str, list[str]]:
        """The arguments of its address."""
        return parse_qs(urlsplit(self.href).query)


def page_of(person: Person, **kwargs: object) -> Page:
    """The parsed dashboard of a person."""
    response = person.get(ADDRESS, **kwargs)
    assert response.status_code == 200
    return read(response.get_data(as_text=True))


def figures(page: Page) -> dict[str, Shown]:
    """The figures that stand out, the tiles, and the bars of the charts, by label."""
    found = [_figure(link, page) for link in page.all("a") if link.get("class").split(" ")[0] in {"figure", "tile"}]
    found += [_bar(row, page) for row in page.all("tr") if "data-tone" in row.attributes]
    assert len({shown.label for shown in found}) == len(found)
    return {shown.label: shown for shown in found}


def runs_of(page: Page) -> list[Shown]:
    """The figures of runs in the table of imports."""
    links = [link for link in page.all("a") if link.get("href").startswith("/runs/list/?")]
    return [Shown(link.get("href"), link.text.strip(), link.get("href")) for link in links]


def calm(page: Page) -> list[str]:
    """What is said where nothing needs a person."""
    return [words(part) for part in page.all("p") if part.get("class") == "calm"]


def listed(person: Person, href: str) -> str:
    """What the list at an address counts, as it says it; "0" where it is empty."""
    response = person.get(href)
    assert response.status_code == 200, href
    match = _COUNTED.search(response.get_data(as_text=True))
    assert match is not None, href
    return match.group(1)


def words(element: Element) -> str:
    """The text of an element, white space folded."""
    return " ".join(element.text.split())


def _figure(link: Element, page: Page) -> Shown:
    parts = {part.get("class"): words(part) for part in page.all("span") if link in part.parents}
    total = parts.get("figure-count") or parts["tile-count"]
    return Shown(parts.get("figure-label") or parts["tile-label"], total, link.get("href"))


def _bar(row: Element, page: Page) -> Shown:
    label = next(words(head) for head in page.all("th") if row in head.parents)
    link = next(link for link in page.all("a") if row in link.parents)
    chart = next(parent for parent in row.parents if "data-chart" in parent.attributes)
    return Shown(f"{chart.get('data-chart')}: {label}", words(link), link.get("href"))
