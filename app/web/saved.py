"""Saved views of a list: which of its arguments are kept, and the menu beside its title."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

from flask import request

from app.domain.people import Reader
from app.queries.saved_views import View
from app.web.addresses import arguments, changed, this_address
from app.web.list_parts import ViewChoice, ViewsMenu

if TYPE_CHECKING:
    from app.web.base import RecordView

ALL = "all"
"""The view of an address that shows everything, also where a list opens with another one."""
_SHOWN_BY = ("q", "sort", "cols", "size")

Arguments = dict[str, list[str]]


def kept(view: type[RecordView] | RecordView, given: Mapping[str, Any]) -> Arguments:
    """Those arguments of a list's address that a saved view keeps: filters, search, sort and columns.

    What was stored is read by the same sieve, for a filter may be gone since.
    """
    dates = (name for wanted in view.date_filters for name in wanted.arguments)
    known = (*(wanted.name for wanted in view.filters), *dates, *_SHOWN_BY)
    found = {name: _texts(given.get(name)) for name in known}
    columns = [name for value in found["cols"] for name in value.split(",") if name]
    found["cols"] = [",".join(columns)] if columns else []
    return {name: values for name, values in found.items() if values}


def kept_of_text(view: type[RecordView], text: str) -> Arguments:
    """The same of arguments that a form brought as one text."""
    return kept(view, parse_qs(text, max_num_fields=None, errors="replace"))


def address_of(path: str, view: type[RecordView] | RecordView, query: Mapping[str, Any], view_id: int) -> str:
    """The address that opens a saved view of the list at `path`."""
    return changed(path, {"view": [str(view_id)], **kept(view, query)})


def views_menu(view: RecordView, page: str, views: Sequence[View], reader: Reader) -> ViewsMenu:
    """The menu of a list's saved views, as the address stands."""
    here = kept(view, arguments())
    asked = request.args.get("view", "")
    choices = {saved.id: _choice(view, saved, asked) for saved in views}
    opened = next((saved for saved in views if str(saved.id) == asked), None)
    return ViewsMenu(
        page=page,
        query=urlencode(here, doseq=True),
        all_href=changed(request.path, {}, view=ALL),
        return_to=this_address(),
        own=tuple(choices[saved.id] for saved in views if saved.own),
        shared=tuple(choices[saved.id] for saved in views if not saved.own),
        opened=choices[opened.id] if opened else None,
        changed=opened is not None and _comparable(here) != _comparable(kept(view, opened.query)),
        may_share=reader.is_staff,
    )


def _choice(view: RecordView, saved: View, asked: str) -> ViewChoice:
    return ViewChoice(
        id=saved.id,
        name=saved.name,
        href=address_of(request.path, view, saved.query, saved.id),
        owner="" if saved.own else saved.owner,
        shared=saved.shared,
        chosen=str(saved.id) == asked,
        default=saved.default,
    )


def _comparable(given: Arguments) -> dict[str, frozenset[str]]:
    # In which order two statuses were ticked makes no other view.
    return {name: frozenset(values) for name, values in given.items()}


def _texts(values: Any) -> list[str]:
    return [value for value in values if isinstance(value, str) and value] if isinstance(values, list) else []
