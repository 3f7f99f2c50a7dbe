"""Pages made from what a view declares: its list, one record, its form."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import abort, request
from flask_wtf import FlaskForm

from app.domain.errors import InletError
from app.domain.people import Reader
from app.extensions import db
from app.queries import facets
from app.queries.choices import choices
from app.queries.listing import Ask, Found
from app.security.reader import current_reader
from app.web import asking
from app.web.addresses import this_address
from app.web.asking import Filter
from app.web.columns import Shown, chosen, table, visible
from app.web.forms import differences, renew_version, show_problem
from app.web.pages import Act, Empty, Facet, FormPage, ListPage, ShowPage

if TYPE_CHECKING:
    from app.web.base import RecordView


def shown_now(reader: Reader | None = None) -> Shown:
    """A page is made for a reader at one instant."""
    return Shown(reader or current_reader(), datetime.now(UTC))


def list_page(view: RecordView) -> ListPage:
    """The list of a view, as the address asks for it."""
    shown = shown_now()
    ask = asked(view, shown)
    seen = visible(view.columns, shown.reader)
    columns = chosen(seen, asking.columns_of_request(), ask.sort)
    found = view.datamodel.find(ask)
    shown_facets = _counted_later(view, _facets(view, shown, ask))
    chips = asking.chips(shown_facets, ask)
    may_add = "add" in view.writes and view.adds_here and view.may("can_add")
    return ListPage(
        title=str(view.list_title),
        crumbs=view.crumbs(),
        table=table(
            columns,
            found.rows,
            shown,
            empty=_nothing(view, filtered=bool(chips) or any(ask.chosen.values())),
            href=view.row_href,
            heading=lambda column: asking.heading(column, ask),
        ),
        pager=asking.pager(ask, found),
        search=asking.search_box(ask, view.placeholder, jumps=view.jumps) if view.placeholder else None,
        facets=shown_facets,
        chips=chips,
        actions=view.bulk_acts(shown.reader),
        act_url=view.act_href(),
        return_to=this_address(),
        clear_href=view.clear_href(),
        add_href=view.href("add") if may_add else "",
        add_label=f"New {view.noun}",
        columns=asking.columns_menu(seen, columns) if any(column.hidden for column in view.columns) else None,
        all_match=_all_match(found) if view.plans else "",
    )


def filters_of(view: RecordView, reader: Reader) -> list[Filter]:
    """The filters by choice that a reader may use."""
    return [wanted for wanted in view.filters if reader.is_staff or not wanted.staff]


def asked(view: RecordView, shown: Shown) -> Ask:
    """What the address asks of a view's list, as far as the reader may ask it."""
    sorts = {column.sort for column in visible(view.columns, shown.reader) if column.sort}
    return asking.ask_of_request(filters_of(view, shown.reader), view.date_filters, sorts, shown.now)


def filters_in_words(view: RecordView, shown: Shown) -> str:
    """What filters the view's list, as this address says it, in one line."""
    ask = asked(view, shown)
    return ", ".join(f"{chip.label}: {chip.value}" for chip in asking.chips(_facets(view, shown, ask), ask))


def _facets(view: RecordView, shown: Shown, ask: Ask) -> tuple[Facet, ...]:
    filters = filters_of(view, shown.reader)
    offered = choices(db.session, shown.reader, [wanted.name for wanted in filters if wanted.looked_up])
    return asking.facets(filters, view.date_filters, ask, offered)


def counted_facet(view: RecordView, name: str) -> Facet:
    """One filter by choice with the counts of its choices. Answers 404 for one that the reader does not have."""
    shown = shown_now()
    wanted = next((wanted for wanted in filters_of(view, shown.reader) if wanted.name == name), None)
    if wanted is None or wanted.by_id:
        abort(404)
    ask = asked(view, shown)
    facet = asking.facet_of(wanted, ask, (), view.list_href())
    about = facets.Facet(name, tuple(choice.value for choice in facet.choices), wanted.looked_up)
    counts = facets.count(db.session, view.datamodel.listing, ask, shown.reader, about)
    facet = asking.facet_of(wanted, ask, counts.names, view.list_href())
    counted = (
        replace(choice, count=counts.rows.get(choice.value), more=choice.value in counts.more)
        for choice in facet.choices
    )
    return replace(facet, choices=tuple(counted))


def _counted_later(view: RecordView, found: tuple[Facet, ...]) -> tuple[Facet, ...]:
    return tuple(replace(one, href=view.facet_href(one.name)) if one.kind == "choices" else one for one in found)


def show_page(view: RecordView, record: Any) -> ShowPage:
    """One record of a view."""
    shown = shown_now()
    name = view.name_of(record)
    may_delete = "delete" in view.writes and view.may("can_delete")
    return ShowPage(
        title=name,
        crumbs=(*view.crumbs(), (str(view.list_title), view.list_href())),
        groups=view.facts(record, shown),
        tables=view.tables(record, shown),
        actions=view.acts_of(record, shown.reader),
        return_to=this_address(),
        record_id=record.id,
        badge=view.badge(record, shown),
        edit_href=edit_href(view, record.id),
        delete=_delete_act(view, record.id, name) if may_delete else None,
    )


def form_page(
    view: RecordView, form: FlaskForm, title: str, cancel: str, problem: InletError | None = None
) -> FormPage:
    """A form, with what a service said against it."""
    told = show_problem(form, problem) if problem else None
    return FormPage(
        title=title,
        crumbs=(*view.crumbs(), (str(view.list_title), view.list_href())),
        form=form,
        action=request.full_path if request.query_string else request.path,
        submit="Save",
        cancel_href=cancel,
        problem=told.message if told else "",
        remedy=told.remedy if told else "",
    )


def stale_page(page: FormPage, view: RecordView, record: Any) -> FormPage:
    """The page of a stale form, with both versions side by side; saving again stores over the newer one."""
    renew_version(page.form, view.version_of(record))
    return replace(page, compare=differences(page.form, record))


def edit_href(view: RecordView, record_id: int) -> str:
    """The address of a record's form; empty for those who may not edit it."""
    return view.href("edit", pk=record_id) if "edit" in view.writes and view.may("can_edit") else ""


def values_of(form: FlaskForm) -> dict[str, Any]:
    """The values that a form brought, without its token."""
    return {name: value for name, value in form.data.items() if name != "csrf_token"}


def _all_match(found: Found) -> str:
    return f"{found.count:,}{'+' if found.capped else ''}"


def _nothing(view: RecordView, *, filtered: bool) -> Empty:
    if filtered:
        return Empty("Nothing matches", "No record has all of these.", view.clear_href(), "Clear the filters")
    return view.empty


def _delete_act(view: RecordView, record_id: int, name: str) -> Act:
    ask = f"{name} will be deleted. This cannot be undone."
    return Act("delete", "Delete", view.href("delete", pk=record_id), ask, danger=True)
