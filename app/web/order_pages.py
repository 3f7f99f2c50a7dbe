"""What the page of a purchase order shows, as plain values: the contract with its templates.

    inlet/purchase_order.html  OrderPage; it includes `page.tab.template`, which is all that is sent to htmx
    inlet/order/items.html     ItemsTab       inlet/order/source.html      SourceTab
    inlet/order/ask.html       Consequences of app.services.consequences, as the fragment `ask`
    inlet/order/change.html    ChangePage     inlet/order/attributes.html  AttributesPage
    inlet/order/line_ask.html  a FormPage, as the content of a dialog
    inlet/order/blocked.html   BlockedPage    inlet/order/snapshot.html    SnapshotPage

Sentences are `app.domain.wording.Words`: texts, instants and dates, which the template writes for the reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.wording import Words
from app.web.pages import (
    Act,
    ActivityTab,
    Cell,
    Crumbs,
    DeliveriesTab,
    Fact,
    Facts,
    Pager,
    Search,
    Tab,
    Table,
    TableTab,
)

Link = tuple[str, str]
"""A label and the address that it leads to."""


@dataclass(frozen=True, slots=True)
class Alert:
    """What is wrong (`title`), why (`words`), what to do (`remedy`), with the buttons that do it and places to look.

    `level`: problem, warning or info. `more_href` is loaded under it: what the source's change changes.
    """

    level: str
    title: str
    words: Words
    remedy: str = ""
    actions: tuple[Act, ...] = ()
    links: tuple[Link, ...] = ()
    more_href: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Why it stands where it stands: a lead in bold, the sentence, its tone, and the button or the place that helps."""

    lead: str
    words: Words
    tone: str
    action: Act | None = None
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class LineTool:
    """What can be done with one line: a link whose answer is a form; `dialog` opens it over the page."""

    label: str
    href: str
    dialog: bool = False
    danger: bool = False


@dataclass(frozen=True, slots=True)
class ItemsTab:
    """The lines of an order, a page of them. `tools` by line id; `locked` says why lines cannot be edited now."""

    template: str
    table: Table
    pager: Pager
    search: Search
    tools: Mapping[int, tuple[LineTool, ...]]
    waiting: Link
    """The address that shows only what is outstanding, or all lines again."""
    only_waiting: bool
    add_href: str = ""
    locked: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """A field in two versions, as text."""

    label: str
    before: str
    after: str
    differs: bool


@dataclass(frozen=True, slots=True)
class ComparedLine:
    """A line in two versions: its number, SKU and name, what became of it, and the fields that differ."""

    number: int
    sku: str
    name: str
    fate: str
    quantity: str
    fields: tuple[Compared, ...]


@dataclass(frozen=True, slots=True)
class LinesCompared:
    """A page of lines in two versions; `more` leads on, `which` shows only what differs, or all lines."""

    lines: tuple[ComparedLine, ...]
    total: int
    first: int
    previous_href: str = ""
    next_href: str = ""
    which: Link | None = None

    @property
    def last(self) -> int:
        """The running number of the last line that is shown."""
        return self.first + len(self.lines) - 1


@dataclass(frozen=True, slots=True)
class SourceTab:
    """The imported snapshot beside today's values, a change that waits, the raw record and the last trace."""

    template: str
    header: tuple[Compared, ...]
    lines: LinesCompared
    raw_href: str
    change_href: str = ""
    trace: object = None


@dataclass(frozen=True, slots=True)
class ChangePage:
    """What a source's change changes against today's values, or, where there is nothing to compare, `text`."""

    title: str
    crumbs: Crumbs
    back_href: str
    text: str = ""
    header: tuple[Compared, ...] = ()
    lines: LinesCompared | None = None


@dataclass(frozen=True, slots=True)
class AttributesPage:
    """Every attribute that the reader may see, in groups."""

    title: str
    crumbs: Crumbs
    groups: tuple[Facts, ...]
    back_href: str


@dataclass(frozen=True, slots=True)
class SnapshotPage:
    """The record as it was imported."""

    title: str
    crumbs: Crumbs
    snapshot: object


@dataclass(frozen=True, slots=True)
class BlockedPage:
    """A form that is not given now: why, and where to go back to."""

    title: str
    crumbs: Crumbs
    reason: str
    back_href: str


AnyTab = ItemsTab | TableTab | ActivityTab | DeliveriesTab | SourceTab


@dataclass(frozen=True, slots=True)
class OrderPage:
    """The page of a purchase order. `header` are the facts under the title, `summary` those of the sidebar."""

    title: str
    crumbs: Crumbs
    record_id: int
    status: Cell
    meaning: str
    header: tuple[Fact, ...]
    summary: tuple[Facts, ...]
    alerts: tuple[Alert, ...]
    progress: Cell
    actions: tuple[Act, ...]
    tabs: tuple[Tab, ...]
    tab: AnyTab
    return_to: str
    attributes_href: str
    note: Note | None = None
    """Why it is not moving; None in Error, where the alert says it."""
    edit_href: str = ""


@dataclass(frozen=True, slots=True)
class TabPage:
    """What a tab that is loaded alone knows of its page."""

    tab: AnyTab
    return_to: str
