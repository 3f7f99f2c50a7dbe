"""Filters by days: ranges that are named relative to the reader's today, and ranges from one day to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from flask import request

from app.domain.day_ranges import RECENT, days_of
from app.queries.listing import Ask
from app.web.addresses import arguments, changed
from app.web.pages import Chip, Choice, Facet

Range = tuple[date | None, date | None]


@dataclass(frozen=True, slots=True)
class Dates:
    """A filter by a range of dates; `presets` are the named ones with their words.

    The address holds `name_in` with a preset's name, or `name_from` and `name_to`. `more` puts it behind the others.
    """

    name: str
    label: str
    presets: Mapping[str, str] = field(default_factory=lambda: RECENT)
    more: bool = False

    @property
    def named(self) -> str:
        """The argument that holds a preset."""
        return f"{self.name}_in"

    @property
    def arguments(self) -> tuple[str, str, str]:
        """All arguments that this filter takes."""
        return (self.named, f"{self.name}_from", f"{self.name}_to")


def preset_of(wanted: Dates) -> str:
    """The preset that the address asks for, or nothing."""
    given = request.args.get(wanted.named, "")
    return given if given in wanted.presets else ""


def range_of(wanted: Dates, today: date) -> Range:
    """The days that the address asks for; a preset goes before single days."""
    preset = preset_of(wanted)
    if preset:
        return days_of(preset, today) or (None, None)
    return _day(f"{wanted.name}_from"), _day(f"{wanted.name}_to")


def words_of(wanted: Dates) -> tuple[str, ...]:
    """The preset of the address, if it is no range: the listing's filter `name_in` knows what it means."""
    preset = preset_of(wanted)
    return (preset,) if preset and days_of(preset, date(2000, 1, 3)) is None else ()


def day_facet(wanted: Dates, ask: Ask, path: str) -> Facet:
    """The filter as a menu shows it."""
    preset = preset_of(wanted)
    first, last = (None, None) if preset else ask.dates.get(wanted.name, (None, None))
    return Facet(
        wanted.name,
        wanted.label,
        tuple(_choice(wanted, name, label, path, chosen=name == preset) for name, label in wanted.presets.items()),
        kind="dates",
        values=(first.isoformat() if first else "", last.isoformat() if last else ""),
        more=wanted.more,
    )


def day_chip(facet: Facet, path: str) -> Chip:
    """An active filter by days: the preset's words, or the days."""
    gone = dict.fromkeys((f"{facet.name}_in", f"{facet.name}_from", f"{facet.name}_to", "page"))
    chosen = next((choice.label for choice in facet.choices if choice.chosen), "")
    first, last = facet.values
    return Chip(facet.label, chosen or f"{first or '…'} – {last or '…'}", changed(path, arguments(), **gone))


def _choice(wanted: Dates, name: str, label: str, path: str, *, chosen: bool) -> Choice:
    changes: dict[str, str | None] = dict.fromkeys((*wanted.arguments, "page"))
    if not chosen:
        changes[wanted.named] = name
    return Choice(name, label, changed(path, arguments(), **changes), chosen)


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
