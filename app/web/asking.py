"""From the address of a list to what is asked, and back: search, filters, dates, sort, page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import request

from app.queries.listing import COUNT_CAP, PAGE_SIZES, Ask, Found
from app.web.addresses import arguments, changed
from app.web.columns import Col
from app.web.days import Dates, day_chip, day_facet, range_of, words_of
from app.web.list_parts import ColumnChoice, ColumnsMenu
from app.web.pages import Chip, Choice, Column, Facet, Pager, Search
from app.web.zone import reader_zone

_LAST_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter by choice as a view declares it; without `choices` they are looked up by `name`.

    One `by_id` comes by a link from the record itself; it offers nothing to choose, and can be taken away. `words`
    names a value that is none of the choices but means something all the same, or gives nothing. `more` puts the filter
    behind the others.
    """

    name: str
    label: str
    choices: tuple[tuple[str, str], ...] = ()
    multiple: bool = True
    staff: bool = False
    by_id: bool = False
    words: Callable[[str], str] | None = None
    more: bool = False

    @property
    def looked_up(self) -> bool:
        """Whether its choices are asked of the database."""
        return not self.choices and not self.by_id


def ask_of_request(filters: Sequence[Filter], dates: Sequence[Dates], sorts: set[str], now: datetime) -> Ask:
    """What the address asks for. What it asks in vain (an unknown sort, a page that is no number) is left out."""
    given = arguments()
    sort = request.args.get("sort", "")
    name = sort.removeprefix("-")
    zone = reader_zone()
    today = now.astimezone(zone).date()
    chosen = {wanted.name: tuple(given.get(wanted.name, ())) for wanted in filters}
    return Ask(
        now=now,
        search=_searched(),
        chosen={**chosen, **{wanted.named: words_of(wanted) for wanted in dates}},
        dates={wanted.name: range_of(wanted, today) for wanted in dates},
        sort=name if name in sorts else "",
        descending=sort.startswith("-"),
        page=_number("page", 1, _LAST_PAGE),
        size=_size(),
        zone=zone,
    )


def heading(column: Col, ask: Ask) -> Column:
    """The heading of a column; following it sorts by it, following it again turns the order round."""
    if not column.sort:
        return Column(column.name, column.label, right=column.right)
    here = ask.sort == column.sort
    wanted = f"-{column.sort}" if here and not ask.descending else column.sort
    href = changed(request.path, arguments(), sort=wanted, page=None)
    direction = ("desc" if ask.descending else "asc") if here else ""
    return Column(column.name, column.label, href, direction, column.right)


def search_box(ask: Ask, placeholder: str, *, jumps: bool = False) -> Search:
    """The search box, which keeps the filters; with `jumps` an exact number leads to its record."""
    return Search(ask.search, placeholder, request.path, kept_arguments("q", "page", "go"), jumps=jumps)


def kept_arguments(*without: str) -> tuple[tuple[str, str], ...]:
    """The arguments of this page but some, as the hidden fields of a form that goes on from it."""
    return tuple((name, value) for name, values in arguments().items() if name not in without for value in values)


def columns_of_request() -> list[str]:
    """The names of the columns that the address asks for; they may come in one argument with commas, or in several."""
    return [name for given in request.args.getlist("cols") for name in given.split(",") if name]


def columns_menu(seen: Sequence[Col], shown: Sequence[Col]) -> ColumnsMenu:
    """The columns that may be seen, with a tick at those that are shown; the first one stays."""
    names = {column.name for column in shown}
    fixed, *others = (ColumnChoice(column.name, column.label, column.name in names) for column in seen)
    reset = changed(request.path, arguments(), cols=None, page=None) if columns_of_request() else ""
    return ColumnsMenu(request.path, kept_arguments("cols", "go"), fixed, tuple(others), reset)


def facets(
    filters: Sequence[Filter],
    dates: Sequence[Dates],
    ask: Ask,
    offered: Mapping[str, Sequence[tuple[int, str]]],
) -> tuple[Facet, ...]:
    """The filters with their choices; `offered` holds those that were looked up."""
    found = (facet_of(wanted, ask, offered.get(wanted.name, ()), request.path) for wanted in filters)
    chosen = (facet for facet in found if facet.choices)
    return (*chosen, *(day_facet(wanted, ask, request.path) for wanted in dates))


def facet_of(wanted: Filter, ask: Ask, offered: Sequence[tuple[int, str]], path: str) -> Facet:
    """One filter by choice; its links lead to the list at `path`."""
    active = ask.chosen.get(wanted.name, ())
    if wanted.by_id:
        options = [(value, value) for value in active]
    else:
        options = list(wanted.choices) or [(str(number), label) for number, label in offered]
    if wanted.words is not None:
        known = {value for value, _ in options}
        told = ((value, wanted.words(value)) for value in active if value not in known)
        options = [*options, *((value, label) for value, label in told if label)]
    return Facet(
        wanted.name,
        wanted.label,
        tuple(_choice(wanted, value, label, active, path) for value, label in options),
        wanted.multiple,
        more=wanted.more,
    )


def chips(all_facets: Sequence[Facet], ask: Ask) -> tuple[Chip, ...]:
    """What filters now, each with the address that takes it away."""
    given = arguments()
    found = [Chip("Search", ask.search, changed(request.path, given, q=None, page=None))] if ask.search else []
    for facet in all_facets:
        if facet.kind == "choices":
            found.extend(Chip(facet.label, choice.label, choice.href) for choice in facet.choices if choice.chosen)
        elif facet.active:
            found.append(day_chip(facet, request.path))
    return tuple(found)


def pager(ask: Ask, found: Found) -> Pager:
    """Where in the list this page is, and the ways on."""
    given = arguments()
    first = (ask.page - 1) * ask.size + 1 if found.rows else 0
    last = first + len(found.rows) - 1 if found.rows else 0
    more = last < found.count or (found.capped and len(found.rows) == ask.size)

    def page(number: int) -> str:
        return changed(request.path, given, page=str(number) if number > 1 else None)

    sizes = tuple(
        Choice(str(size), str(size), changed(request.path, given, size=str(size), page=None), size == ask.size)
        for size in PAGE_SIZES
    )
    return Pager(
        page=ask.page,
        size=ask.size,
        count=min(found.count, COUNT_CAP),
        capped=found.capped,
        first=first,
        last=last,
        previous_href=page(ask.page - 1) if ask.page > 1 else "",
        next_href=page(ask.page + 1) if more else "",
        sizes=sizes,
    )


def _choice(wanted: Filter, value: str, label: str, active: tuple[str, ...], path: str) -> Choice:
    chosen = value in active
    if chosen:
        values = [other for other in active if other != value]
    else:
        values = [*active, value] if wanted.multiple else [value]
    return Choice(value, label, changed(path, arguments(), **{wanted.name: values, "page": None}), chosen)


def _searched() -> str:
    # No text in the database holds a zero byte, and asking for one is an error there.
    return request.args.get("q", "").replace("\0", "").strip()[:200]


def _number(name: str, default: int, most: int) -> int:
    given = request.args.get(name, "")
    number = int(given) if given.isascii() and given.isdigit() and len(given) < 9 else default
    return min(max(number, 1), most)


def _size() -> int:
    size = _number("size", PAGE_SIZES[0], PAGE_SIZES[-1])
    return size if size in PAGE_SIZES else PAGE_SIZES[0]
