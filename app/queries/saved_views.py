"""The saved views that a person may open on a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import and_, func, select

from app.models import DefaultView, SavedView
from app.queries.listing import AnySession

OFFERED_AT_MOST: Final = 300


@dataclass(frozen=True, slots=True)
class View:
    """One saved view; `query` holds the arguments of the list's address: name -> texts."""

    id: int
    name: str
    query: Mapping[str, Any]
    own: bool
    shared: bool
    owner: str
    default: bool
    """Whether the list opens with it for this person."""


def views_of(session: AnySession, page: str, user_id: int) -> list[View]:
    """The person's own views by name, then those that others share, through the wall: one statement."""
    chosen = and_(DefaultView.saved_view_id == SavedView.id, DefaultView.user_id == user_id)
    own = SavedView.user_id == user_id
    query = (
        select(SavedView, User.first_name, User.last_name, DefaultView.id)
        .join(User, User.id == SavedView.user_id)
        .outerjoin(DefaultView, chosen)
        .where(SavedView.page == page)
        .order_by(own.desc(), func.lower(SavedView.name), SavedView.id)
        .limit(OFFERED_AT_MOST)
    )
    return [
        View(
            id=view.id,
            name=view.name,
            query=view.query,
            own=view.user_id == user_id,
            shared=view.shared,
            owner=f"{first} {last}".strip(),
            default=default is not None,
        )
        for view, first, last, default in session.execute(query)
    ]
