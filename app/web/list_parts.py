"""Parts of a list's page beside its table: the columns to choose, saved views, exports, and what a badge opens."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.wording import Words

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column to show or to hide."""

    name: str
    label: str
    shown: bool


@dataclass(frozen=True, slots=True)
class ColumnsMenu:
    """A GET form to `action` with one `cols` per ticked column and the list's other arguments in `hidden`.

    `fixed` is the column that always stays; `reset_href` shows the usual ones, and is empty where those are shown.
    """

    action: str
    hidden: Pairs
    fixed: ColumnChoice
    choices: tuple[ColumnChoice, ...]
    reset_href: str = ""


@dataclass(frozen=True, slots=True)
class ViewChoice:
    """A saved view to open. `owner` is the name of who shared it, or empty for one's own."""

    id: int
    name: str
    href: str
    owner: str = ""
    shared: bool = False
    chosen: bool = False
    default: bool = False


@dataclass(frozen=True, slots=True)
class ViewsMenu:
    """The saved views of a list. `opened` is the one that the address names, or None; `changed`: it differs from it.

    `page` names the list and `query` is its address's arguments as text: both are posted when a view is saved.
    """

    page: str
    query: str
    all_href: str
    return_to: str
    own: tuple[ViewChoice, ...] = ()
    shared: tuple[ViewChoice, ...] = ()
    opened: ViewChoice | None = None
    changed: bool = False
    may_share: bool = False

    @property
    def has_default(self) -> bool:
        """Whether the list opens with one of them."""
        return any(choice.default for choice in (*self.own, *self.shared))


@dataclass(frozen=True, slots=True)
class NextStep:
    """A possible action: it is posted to `url` after the question `ask`; without a `url`, `href` leads to its form."""

    label: str
    href: str = ""
    url: str = ""
    ask: str = ""
    danger: bool = False


@dataclass(frozen=True, slots=True)
class NextMenu:
    """What the badge of a record in a list opens: what its status means, and what can be done now."""

    name: str
    meaning: str
    why: Words
    """The sentence that says why it stands there."""
    steps: tuple[NextStep, ...]
    href: str
    return_to: str
