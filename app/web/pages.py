"""What the pages show, as plain values: the contract between the views and the templates.

A view gives its template one value, `page`; a template never asks the database. The templates and their pages:

    inlet/list.html            ListPage
    inlet/show.html            ShowPage
    inlet/form.html            FormPage
    inlet/purchase_order.html  OrderPage of `app.web.order_pages`, with the pages of its tabs
    inlet/order/receipts.html  TableTab       inlet/order/activity.html    ActivityTab
    inlet/order/deliveries.html  DeliveriesTab
    inlet/connection.html      ConnectionPage
    inlet/error.html           code, title, message, remedy, request_id (no page); inlet/error_fragment.html for htmx

Every template also gets `title` and `crumbs` of its page, for the frame, and may use `reader` (a Reader of
app.domain.people), `role_name`, `csp_nonce()`, `csrf_token()`, `appbuilder` and `base_template`. Every form that
changes something is a POST with the field `csrf_token`, and `next` with `page.return_to` where the page has one: the
reader comes back to the same filter and page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_wtf import FlaskForm

from app.web.list_parts import ColumnsMenu, ViewsMenu


@dataclass(frozen=True, slots=True)
class Cell:
    """One value and how it is shown.

    `kind` and its `value`: text (str), code (str, fixed width, may be long), status (a word of
    app.domain.states.DISPLAY), state (a word of ReceiptState), word (another state, as text), bar (received and ordered
    as a pair of Decimal), quantity (Decimal), money (Decimal, `note` is the currency), number (int), instant (aware
    datetime), date (date), flag (bool), tags (sequence of str), pairs (mapping), json (anything), secret (True if set).
    None and "" are shown as an empty place. `href` makes it a link, `label` is the text in place of the bare value,
    `note` is small text beside it. A status with a `menu` opens its meaning and what that address answers.
    """

    kind: str = "text"
    value: Any = None
    href: str = ""
    label: str = ""
    note: str = ""
    menu: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `sort_href` is empty where it cannot be sorted; `sorted` is "", "asc" or "desc"."""

    name: str
    label: str
    sort_href: str = ""
    sorted: str = ""
    right: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: `id` is what is posted when it is ticked, `href` opens it (or is empty)."""

    id: int
    cells: tuple[Cell, ...]
    href: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value to choose; following `href` chooses it, or takes the choice back.

    `count` is None when not counted; `more` says that there are more than that.
    """

    value: str
    label: str
    href: str
    chosen: bool = False
    count: int | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Facet:
    """A filter of a list.

    kind "choices": links in `choices` (several at once where `multiple`). kind "dates": `choices` holds the presets and
    `values` the text of the fields `name + "_from"` and `name + "_to"` (ISO dates) of a GET form. `href` answers with
    the same choices counted, or is empty. `more` puts it behind the others.
    """

    name: str
    label: str
    choices: tuple[Choice, ...] = ()
    multiple: bool = False
    kind: str = "choices"
    values: tuple[str, str] = ("", "")
    href: str = ""
    more: bool = False

    @property
    def active(self) -> bool:
        """Whether it filters now."""
        return any(choice.chosen for choice in self.choices) or any(self.values)


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter; following `href` removes it."""

    label: str
    value: str
    href: str


@dataclass(frozen=True, slots=True)
class Search:
    """The search box: a GET form to `action` with the field `name`; `hidden` keeps the other filters.

    With `jumps` it says so in the address, and an exact number leads to its record.
    """

    value: str
    placeholder: str
    action: str
    hidden: tuple[tuple[str, str], ...] = ()
    name: str = "q"
    jumps: bool = False


@dataclass(frozen=True, slots=True)
class Pager:
    """Where in the list the page is. `count` is at most `cap`; `capped` means that there are more than that."""

    page: int
    size: int
    count: int
    capped: bool
    first: int
    last: int
    previous_href: str
    next_href: str
    sizes: tuple[Choice, ...] = ()

    @property
    def total(self) -> str:
        """The count in words: "3,418", or "10,000+"."""
        return f"{self.count:,}+" if self.capped else f"{self.count:,}"


@dataclass(frozen=True, slots=True)
class Act:
    """An action to offer.

    For one record it is a POST to `url` with `csrf_token` and `next`; for the ticked rows of a list a POST to
    `page.act_url` with `action` (= name) and one `ids` per row as well. `ask` is the text of a confirmation, empty when
    nothing is asked; `ask_url` answers with what exactly would happen, for htmx to put in its place. `fields` are
    further inputs of that dialog by name: reason, text (required texts), tombstone (a tick box). `why_not` says why it
    is not possible now, or is empty.
    """

    name: str
    label: str
    url: str = ""
    ask: str = ""
    fields: tuple[str, ...] = ()
    why_not: str = ""
    danger: bool = False
    ask_url: str = ""

    @property
    def address(self) -> str:
        """Where it is posted to."""
        return self.url

    @property
    def blocked(self) -> str:
        """Why it cannot start now."""
        return self.why_not


Crumbs = tuple[tuple[str, str], ...]
"""The breadcrumb before the title: (label, address) pairs."""


@dataclass(frozen=True, slots=True)
class Empty:
    """What an empty list says, and what to do next."""

    title: str
    text: str = ""
    href: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: columns, rows, what to say when it is empty, and where to see all of them."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: Empty
    title: str = ""
    more_href: str = ""


@dataclass(frozen=True, slots=True)
class ListPage:
    """A list: search, facets, chips, a table whose rows can be ticked when there are `actions`, and a pager.

    `exports` are (label, address) pairs of files with all matching rows.
    """

    title: str
    crumbs: Crumbs
    table: Table
    pager: Pager
    search: Search | None
    facets: tuple[Facet, ...]
    chips: tuple[Chip, ...]
    actions: tuple[Act, ...]
    act_url: str
    return_to: str
    clear_href: str
    add_href: str = ""
    add_label: str = ""
    all_match: str = ""
    """How many match, in words, where an action may be planned for all of them; else empty."""
    columns: ColumnsMenu | None = None
    views: ViewsMenu | None = None
    exports: tuple[tuple[str, str], ...] = ()
    thing: str = "records"
    """What the list shows, in the plural."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value."""

    label: str
    cell: Cell
    help: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """A titled group of facts."""

    title: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class ShowPage:
    """One record: groups of facts, tables of what belongs to it, and what can be done with it."""

    title: str
    crumbs: Crumbs
    groups: tuple[Facts, ...]
    tables: tuple[Table, ...]
    actions: tuple[Act, ...]
    return_to: str
    record_id: int
    badge: Cell | None = None
    edit_href: str = ""
    delete: Act | None = None


@dataclass(frozen=True, slots=True)
class FormPage:
    """A form: `form` is a FlaskForm whose fields are rendered in their order; hidden ones come by hidden_tag().

    A field's `description` is its help, `errors` its messages. `problem` is a message for the whole form.
    """

    title: str
    crumbs: Crumbs
    form: FlaskForm
    action: str
    submit: str
    cancel_href: str
    problem: str = ""
    remedy: str = ""
    compare: tuple[tuple[str, str, str], ...] = ()
    """Of a stale form: label, the value in the form, the value stored now."""
    submit_more: str = ""
    """A second button, which sends `more`: save, and come back to the form."""
    text: str = ""
    """What it would do, above the fields."""
    danger: bool = False


@dataclass(frozen=True, slots=True)
class TableTab:
    """A tab with a table."""

    template: str
    table: Table
    pager: Pager | None = None
    search: Search | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline. `href` answers with what lies behind it; empty where nothing does."""

    at: datetime
    kind: str
    title: str
    icon: str
    text: str
    actor: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class ActivityTab:
    """The timeline, newest first; `older_href` leads on, `newest_href` back to the top.

    `groups` are the filters by kind, one of them chosen. `comment` is the action for a comment, or None.
    """

    template: str
    entries: tuple[Entry, ...]
    groups: tuple[Choice, ...] = ()
    older_href: str = ""
    newest_href: str = ""
    comment: Act | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a delivery. `href` answers with request and reply where these are not at hand."""

    at: datetime
    number: int
    action: str
    outcome: str
    code: str
    message: str
    request: str
    reply: str
    duration_ms: int
    href: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """An outgoing message with its attempts, newest first. `due_at` is None when no attempt is to come."""

    title: str
    target: str
    version: int
    state: str
    created_at: datetime
    due_at: datetime | None
    settled_at: datetime | None
    text: str
    href: str
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class DeliveriesTab:
    """What was sent for the order, newest first; `older_href` leads on, `newest_href` back to the top."""

    template: str
    messages: tuple[Message, ...]
    older_href: str = ""
    newest_href: str = ""


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab's link. It works as a plain link, and by htmx: hx-get of `href` answers with the tab's content only."""

    name: str
    label: str
    href: str
    chosen: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Timetable:
    """One schedule of a connection, in words."""

    label: str
    kind: str
    recurrence: str
    last_completed: datetime | None
    next_run: datetime | None
    run_now: Act | None
    edit_href: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionPage:
    """The page of a connection: its settings, its channel with both schedules, and its last runs."""

    title: str
    crumbs: Crumbs
    record_id: int
    badge: Cell
    groups: tuple[Facts, ...]
    schedules: tuple[Timetable, ...]
    runs: Table
    return_to: str
    edit_href: str = ""
    delete: Act | None = None
    actions: Sequence[Act] = field(default_factory=tuple)
