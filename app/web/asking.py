"""From the address of a list to what is asked, and back: search, filters, dates, sort, page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import request

from app.queries.listing import COUNT_CAP, PAGE_SIZES, Ask, Found
from app.web.addresses import arguments, changed
from app.web.columns import Col
from app.web.pages import Chip, Choice, Column, Facet, Pager, Search

_LAST_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter by choice as a view declares it; without `choices` they are looked up by `name`.

    One `by_id` comes by a link from the record itself; it offers nothing to choose, and can be taken away.
    """

    name: str
    label: str
    choices: tuple[tuple[str, str], ...] = ()
    multiple: bool = True
    staff: bool = False
    by_id: bool = False

    @property
    def looked_up(self) -> bool:
        """Whether its choices are asked of the database."""
        return not self.choices and not self.by_id


@dataclass(frozen=True, slots=True)
class Dates:
    """A filter by a range of dates."""

    name: str
    label: str


def ask_of_request(filters: Sequence[Filter], dates: Sequence[Dates], sorts: set[str], now: datetime) -> Ask:
    """What the address asks for. What it asks in vain (an unknown sort, a page that is no number) is left out."""
    given = arguments()
    sort = request.args.get("sort", "")
    name = sort.removeprefix("-")
    return Ask(
        now=now,
        search=_searched(),
        chosen={wanted.name: tuple(given.get(wanted.name, ())) for wanted in filters},
        dates={wanted.name: (_day(f"{wanted.name}_from"), _day(f"{wanted.name}_to")) for wanted in dates},
        sort=name if name in sorts else "",
        descending=sort.startswith("-"),
        page=_number("page", 1, _LAST_PAGE),
        size=_size(),
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


def search_box(ask: Ask, placeholder: str) -> Search:
    """The search box, which keeps the filters."""
    kept = tuple((name, value) for name, values in arguments().items() if name not in {"q", "page"} for value in values)
    return Search(ask.search, placeholder, request.path, kept)


def facets(
    filters: Sequence[Filter],
    dates: Sequence[Dates],
    ask: Ask,
    offered: Mapping[str, Sequence[tuple[int, str]]],
) -> tuple[Facet, ...]:
    """The filters with their choices; `offered` holds those that were looked up."""
    chosen = (facet for facet in (_facet(wanted, ask, offered) for wanted in filters) if facet.choices)
    ranges = (_range(wanted, ask) for wanted in dates)
    return (*chosen, *ranges)


def chips(all_facets: Sequence[Facet], ask: Ask) -> tuple[Chip, ...]:
    """What filters now, each with the address that takes it away."""
    given = arguments()
    found = [Chip("Search", ask.search, changed(request.path, given, q=None, page=None))] if ask.search else []
    for facet in all_facets:
        if facet.kind == "choices":
            found.extend(Chip(facet.label, choice.label, choice.href) for choice in facet.choices if choice.chosen)
        elif facet.active:
            gone: dict[str, None] = {f"{facet.name}_from": None, f"{facet.name}_to": None, "page": None}
            first, last = facet.values
            found.append(Chip(facet.label, f"{first or '…'} – {last or '…'}", changed(request.path, given, **gone)))
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


def _facet(wanted: Filter, ask: Ask, offered: Mapping[str, Sequence[tuple[int, str]]]) -> Facet:
    active = ask.chosen.get(wanted.name, ())
    if wanted.by_id:
        options = tuple((value, value) for value in active)
    else:
        options = wanted.choices or tuple((str(number), label) for number, label in offered.get(wanted.name, ()))
    return Facet(
        wanted.name,
        wanted.label,
        tuple(_choice(wanted, value, label, active) for value, label in options),
        wanted.multiple,
    )


def _choice(wanted: Filter, value: str, label: str, active: tuple[str, ...]) -> Choice:
    chosen = value in active
    if chosen:
        values = [other for other in active if other != value]
    else:
        values = [*active, value] if wanted.multiple else [value]
    return Choice(value, label, changed(request.path, arguments(), **{wanted.name: values, "page": None}), chosen)


def _range(wanted: Dates, ask: Ask) -> Facet:
    first, last = ask.dates.get(wanted.name, (None, None))
    today = ask.now.date()
    presets = (
        ("Today", today),
        ("Last 7 days", today - timedelta(days=6)),
        ("Last 30 days", today - timedelta(days=29)),
    )
    return Facet(
        wanted.name,
        wanted.label,
        tuple(_preset(wanted, label, start, today, (first, last)) for label, start in presets),
        kind="dates",
        values=(first.isoformat() if first else "", last.isoformat() if last else ""),
    )


def _preset(wanted: Dates, label: str, start: date, today: date, now: tuple[date | None, date | None]) -> Choice:
    changes = {f"{wanted.name}_from": start.isoformat(), f"{wanted.name}_to": today.isoformat(), "page": None}
    href = changed(request.path, arguments(), **changes)
    return Choice(start.isoformat(), label, href, now == (start, today))


def _searched() -> str:
    # No text in the database holds a zero byte, and asking for one is an error there.
    return request.args.get("q", "").replace("\0", "").strip()[:200]


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def _number(name: str, default: int, most: int) -> int:
    given = request.args.get(name, "")
    number = int(given) if given.isascii() and given.isdigit() and len(given) < 9 else default
    return min(max(number, 1), most)


def _size() -> int:
    size = _number("size", PAGE_SIZES[0], PAGE_SIZES[-1])
    return size if size in PAGE_SIZES else PAGE_SIZES[0]
