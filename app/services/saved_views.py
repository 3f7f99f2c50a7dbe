"""Saved views: a list's filters, sort and columns under a name, one's own or shared with all staff.

People change their own views only. Somebody else's view, shared or not, is not there for those who would change it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.domain.errors import BadSettings, NotFound, Refused
from app.domain.people import Reader
from app.models import DefaultView, SavedView
from app.security.scope import criteria
from app.services.unit_of_work import Unit, unit_of_work

LONGEST_NAME: Final = 80
VIEWS_AT_MOST: Final = 100
"""Per user and list: a menu of more is none."""
_VALUES_AT_MOST: Final = 500
_LONGEST_VALUE: Final = 200

Query = Mapping[str, Sequence[str]]


def save(page: str, name: str, query: Query, reader: Reader, *, shared: bool = False) -> int:
    """Save a list's arguments under a name and return the view's id; one's own view of that name is replaced.

    Raises BadSettings for a name that is empty or too long, and Refused when there are too many, when the arguments are
    too many, or when somebody shares who may not.
    """
    name, user_id = _named(name), _person(reader)
    _may_share(reader, shared)
    with unit_of_work("save a view") as unit:
        values = _checked(query)
        view = unit.session.scalars(
            select(SavedView)
            .where(SavedView.user_id == user_id, SavedView.page == page, func.lower(SavedView.name) == func.lower(name))
            .with_for_update()
        ).one_or_none()
        if view is None:
            _room_for_one(unit, user_id, page)
            # Two that save the same new name at once: the second one replaces.
            made = insert(SavedView).values(user_id=user_id, page=page, name=name, query=values, shared=shared)
            made = made.on_conflict_do_update(
                index_elements=[SavedView.user_id, SavedView.page, func.lower(SavedView.name)],
                set_={"query": values, "name": name, "shared": shared},
            )
            return int(unit.session.execute(made.returning(SavedView.id)).scalar_one())
        view.query, view.name, view.shared = values, name, shared
        return int(view.id)


def replace(view_id: int, query: Query, reader: Reader) -> None:
    """Store other arguments in one's own view. Raises NotFound, and Refused for too many."""
    with unit_of_work("change a view") as unit:
        _own(unit, view_id, reader).query = _checked(query)


def rename(view_id: int, name: str, reader: Reader) -> None:
    """Give one's own view another name. Raises NotFound, BadSettings, and Refused for a name that one has already."""
    name = _named(name)
    with unit_of_work("rename a view") as unit:
        view = _own(unit, view_id, reader)
        same = select(SavedView.id).where(
            SavedView.user_id == view.user_id,
            SavedView.page == view.page,
            func.lower(SavedView.name) == func.lower(name),
            SavedView.id != view.id,
        )
        if unit.session.scalar(same) is not None:
            raise Refused(f"You have a view “{name}” already.", "Give it another name, or delete that one first.")
        view.name = name


def delete(view_id: int, reader: Reader) -> str:
    """Delete one's own view and return its name; a list that opened with it opens with all again."""
    with unit_of_work("delete a view") as unit:
        view = _own(unit, view_id, reader)
        unit.session.delete(view)
        return str(view.name)


def share(view_id: int, shared: bool, reader: Reader) -> None:
    """Show one's own view to all staff, or to nobody else. Raises NotFound, and Refused for all but staff."""
    _may_share(reader, shared)
    with unit_of_work("share a view") as unit:
        _own(unit, view_id, reader).shared = shared


def make_default(view_id: int, reader: Reader) -> None:
    """Let the list open with a view that the reader may see, also one that somebody shared. Raises NotFound."""
    user_id = _person(reader)
    with unit_of_work("choose a default view") as unit:
        query = select(SavedView).where(SavedView.id == view_id)
        condition = criteria(SavedView, reader)
        query = query if condition is None else query.where(condition)
        view = unit.session.scalars(query).one_or_none()
        if view is None:
            raise _missing()
        chosen = insert(DefaultView).values(user_id=user_id, page=view.page, saved_view_id=view.id)
        unit.session.execute(
            chosen.on_conflict_do_update(
                index_elements=[DefaultView.user_id, DefaultView.page], set_={"saved_view_id": view.id}
            )
        )


def take_default_off(page: str, reader: Reader) -> None:
    """Let the list open without a view again."""
    user_id = _person(reader)
    with unit_of_work("take a default view off") as unit:
        query = select(DefaultView).where(DefaultView.user_id == user_id, DefaultView.page == page)
        for row in unit.session.scalars(query):
            unit.session.delete(row)


def _own(unit: Unit, view_id: int, reader: Reader) -> SavedView:
    query = select(SavedView).where(SavedView.id == view_id, SavedView.user_id == _person(reader)).with_for_update()
    view = unit.session.scalars(query).one_or_none()
    if view is None:
        raise _missing()
    return view


def _missing() -> NotFound:
    return NotFound("There is no such view.", "It was deleted, or it is not yours: save one of your own.")


def _person(reader: Reader) -> int:
    if reader.user_id is None:
        raise Refused("Views are saved by people.", "Sign in first.")
    return reader.user_id


def _may_share(reader: Reader, shared: bool) -> None:
    if shared and not reader.is_staff:
        raise Refused("Only staff can share a view.", "Save it for yourself.")


def _room_for_one(unit: Unit, user_id: int, page: str) -> None:
    query = select(func.count()).where(SavedView.user_id == user_id, SavedView.page == page)
    if (unit.session.scalar(query) or 0) >= VIEWS_AT_MOST:
        raise Refused(f"You have {VIEWS_AT_MOST} views already.", "Delete one that you do not use any more.")


def _named(name: str) -> str:
    # No text in the database holds a zero byte.
    name = " ".join(name.replace("\0", "").split())
    if not name:
        raise BadSettings("A view needs a name.", "name")
    if len(name) > LONGEST_NAME:
        raise BadSettings(f"A view's name has {LONGEST_NAME} signs at most.", "name")
    return name


def _checked(query: Query) -> dict[str, list[str]]:
    kept = {name: [value.replace("\0", "") for value in values] for name, values in query.items() if values}
    values = [value for found in kept.values() for value in found]
    if len(values) > _VALUES_AT_MOST or any(len(value) > _LONGEST_VALUE for value in values):
        raise Refused("This is too much for one view.", "Choose less, or search for something shorter.")
    return kept
