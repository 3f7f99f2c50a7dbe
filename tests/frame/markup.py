"""What a page is made of, as the tests ask it: its elements with their attributes, and the text in them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
_NEED_A_NAME = frozenset({"input", "select", "textarea"})


@dataclass
class Element:
    """One element, what it stands in, and the text directly and further inside it."""

    tag: str
    attributes: dict[str, str]
    parents: tuple[Element, ...] = ()
    text: str = ""

    def get(self, name: str) -> str:
        """An attribute, or an empty text."""
        return self.attributes.get(name, "")

    def inside(self, tag: str) -> Element | None:
        """The nearest element of this tag that it stands in."""
        return next((parent for parent in reversed(self.parents) if parent.tag == tag), None)


@dataclass
class Page:
    """A parsed page."""

    elements: list[Element] = field(default_factory=list)

    def all(self, tag: str) -> list[Element]:
        """Every element of a tag."""
        return [element for element in self.elements if element.tag == tag]

    def with_attribute(self, name: str) -> list[Element]:
        """Every element that has an attribute."""
        return [element for element in self.elements if name in element.attributes]

    def ids(self) -> set[str]:
        """Every id."""
        return {element.get("id") for element in self.with_attribute("id")}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self.open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(self.open))
        self.page.elements.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1].tag != tag:
            standing = self.open[-1].tag if self.open else "nothing"
            raise AssertionError(f"</{tag}> closes {standing}, at {self.getpos()}")
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data


def read(html: str) -> Page:
    """Parse a page. Raises AssertionError where an element is not closed in its place."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == [], f"<{reader.open[-1].tag}> is never closed"
    return reader.page


def faults(page: Page) -> list[str]:
    """What is wrong with a page that stands in the frame, as sentences."""
    return [*_of_ids(page), *_of_scripts(page), *_of_forms(page), *_of_names(page)]


def _of_ids(page: Page) -> list[str]:
    ids = Counter(element.get("id") for element in page.with_attribute("id"))
    twice = [f"The id {name} is there {count} times." for name, count in ids.items() if count > 1]
    lost = [
        f"{name} names the missing id {target}."
        for name in ("aria-labelledby", "aria-describedby", "aria-controls", "data-dialog", "for", "form")
        for element in page.with_attribute(name)
        for target in element.get(name).split()
        if target not in ids
    ]
    return [*twice, *lost]


def _of_scripts(page: Page) -> list[str]:
    own = [script.text[:40] for script in page.all("script") if not script.get("src").startswith("/static/build/")]
    styles = [sheet.get("href") for sheet in page.all("link") if not sheet.get("href").startswith("/static/")]
    handlers = [
        f"{element.tag} {name}" for element in page.elements for name in element.attributes if name.startswith("on")
    ]
    return [f"A script or style that is not ours: {what}" for what in (*own, *styles, *handlers)]


def _of_forms(page: Page) -> list[str]:
    posts = [form for form in page.all("form") if form.get("method").lower() == "post"]
    with_token = {id(field.inside("form")) for field in page.all("input") if field.get("name") == "csrf_token"}
    return [f"The form to {form.get('action')} has no token." for form in posts if id(form) not in with_token]


def _of_names(page: Page) -> list[str]:
    labelled = {label.get("for") for label in page.all("label")}
    nameless = []
    for element in page.elements:
        shown = element.tag in _NEED_A_NAME and element.get("type") not in {"hidden", "submit"}
        named = element.get("aria-label") or element.get("id") in labelled or element.inside("label")
        if shown and not named and not element.inside("template"):
            nameless.append(f"{element.tag} {element.get('name')} has no label.")
    buttons = [element for element in page.elements if element.tag in {"button", "a", "summary"}]
    silent = [element for element in buttons if not element.text.strip() and not element.get("aria-label")]
    return [
        *nameless,
        *(f"{element.tag} {element.attributes} says nothing." for element in silent if not _unseen(element)),
    ]


def _unseen(element: Element) -> bool:
    return element.get("aria-hidden") == "true"
