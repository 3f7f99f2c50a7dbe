"""Saved views: one's own are saved, replaced, renamed, shared and deleted; those of others stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import BadSettings, InletError, NotFound, Refused
from app.domain.people import NOBODY, SYSTEM, Reader, Role
from app.models import DefaultView, SavedView
from app.queries.saved_views import views_of
from app.services import saved_views as service
from app.services import unit_of_work
from tests.factories import Factory
from tests.servers import Database

PAGE = "purchase-orders"
OPEN = {"status": ["open"], "sort": ["-due"]}


@pytest.fixture
def people(db: Database, make: Factory) -> dict[str, Reader]:
    """Readers by name, each a user that there is."""
    unit_of_work.bind(db.engine)

    def reader(user: User, role: Role) -> Reader:
        unlimited = role in {Role.ADMIN, Role.SUPPORT}
        return Reader(role, "Uma", user.id, None if unlimited else frozenset(), None if unlimited else frozenset())

    roles = {"ada": Role.ADMIN, "sam": Role.SUPPORT, "pia": Role.PARTNER, "mo": Role.MERCHANT}
    return {name: reader(make.user(role), role) for name, role in roles.items()}


def stored(db: Database) -> list[tuple[Any, ...]]:
    """All views as they are stored, by id."""
    with Session(db.engine) as session:
        rows = session.scalars(select(SavedView).order_by(SavedView.id))
        return [(row.id, row.user_id, row.page, row.name, row.query, row.shared) for row in rows]


def defaults(db: Database) -> dict[int, int]:
    """The default views: user -> view."""
    with Session(db.engine) as session:
        return {row.user_id: row.saved_view_id for row in session.scalars(select(DefaultView))}


def test_a_view_is_saved_under_its_name(db: Database, people: dict[str, Reader]) -> None:
    ada = people["ada"]
    view_id = service.save(PAGE, "  My  open work ", {**OPEN, "q": []}, ada, shared=True)
    assert stored(db) == [(view_id, ada.user_id, PAGE, "My open work", OPEN, True)]


def test_the_same_name_replaces_ones_own_and_nobody_elses(db: Database, people: dict[str, Reader]) -> None:
    ada, sam = people["ada"], people["sam"]
    first = service.save(PAGE, "Open", OPEN, ada, shared=True)
    theirs = service.save(PAGE, "Open", OPEN, sam)
    elsewhere = service.save("receipts", "Open", OPEN, ada)
    assert service.save(PAGE, "OPEN", {"q": ["bolt"]}, ada) == first
    assert stored(db) == [
        (first, ada.user_id, PAGE, "OPEN", {"q": ["bolt"]}, False),
        (theirs, sam.user_id, PAGE, "Open", OPEN, False),
        (elsewhere, ada.user_id, "receipts", "Open", OPEN, False),
    ]


@pytest.mark.parametrize("name", ["", "   ", "\0", "\n\t", "n" * 81])
def test_a_name_must_be_one(db: Database, people: dict[str, Reader], name: str) -> None:
    with pytest.raises(BadSettings):
        service.save(PAGE, name, OPEN, people["ada"])
    view_id = service.save(PAGE, "n" * 80, OPEN, people["ada"])
    before = stored(db)
    with pytest.raises(BadSettings):
        service.rename(view_id, name, people["ada"])
    assert stored(db) == before


@pytest.mark.parametrize("query", [{"status": ["open"] * 501}, {"q": ["x" * 201]}])
def test_a_view_holds_so_much_and_no_more(db: Database, people: dict[str, Reader], query: dict[str, list[str]]) -> None:
    view_id = service.save(PAGE, "Open", {"status": ["open"] * 499, "q": ["x" * 200]}, people["ada"])
    before = stored(db)
    with pytest.raises(Refused):
        service.save(PAGE, "More", query, people["ada"])
    with pytest.raises(Refused):
        service.replace(view_id, query, people["ada"])
    assert stored(db) == before


def test_there_are_so_many_views_and_no_more(
    db: Database, people: dict[str, Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "VIEWS_AT_MOST", 2)
    for name in ("a", "b"):
        service.save(PAGE, name, OPEN, people["ada"])
    with pytest.raises(Refused, match="2 views already"):
        service.save(PAGE, "c", OPEN, people["ada"])
    # Replacing, another list and another person are no more views of this one.
    service.save(PAGE, "B", {"q": ["x"]}, people["ada"])
    service.save("receipts", "c", OPEN, people["ada"])
    service.save(PAGE, "c", OPEN, people["sam"])
    assert len(stored(db)) == 4


def test_a_zero_byte_is_left_out(db: Database, people: dict[str, Reader]) -> None:
    service.save(PAGE, "a\0b", {"q": ["x\0y"]}, people["ada"])
    assert [(row[3], row[4]) for row in stored(db)] == [("ab", {"q": ["xy"]})]


CHANGES: dict[str, Callable[[int, Reader], object]] = {
    "replace": lambda view_id, reader: service.replace(view_id, {"q": ["mine"]}, reader),
    "rename": lambda view_id, reader: service.rename(view_id, "Mine now", reader),
    "delete": service.delete,
    "share": lambda view_id, reader: service.share(view_id, True, reader),
    "stop sharing": lambda view_id, reader: service.share(view_id, False, reader),
}


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("name", ["sam", "pia", "mo"])
@pytest.mark.parametrize("change", CHANGES)
def test_nobody_changes_the_view_of_somebody_else(
    db: Database, people: dict[str, Reader], change: str, name: str, shared: bool
) -> None:
    view_id = service.save(PAGE, "Open", OPEN, people["ada"], shared=shared)
    before = stored(db)
    with pytest.raises((NotFound, Refused)):
        CHANGES[change](view_id, people[name])
    assert stored(db) == before


@pytest.mark.parametrize("reader", [NOBODY, SYSTEM], ids=["nobody", "the system"])
def test_who_is_no_person_has_no_views(db: Database, people: dict[str, Reader], reader: Reader) -> None:
    view_id = service.save(PAGE, "Open", OPEN, people["ada"], shared=True)
    before = stored(db)
    acts: list[Callable[[], object]] = [
        lambda: service.save(PAGE, "Open", OPEN, reader),
        lambda: service.make_default(view_id, reader),
        lambda: service.take_default_off(PAGE, reader),
        *(lambda change=change: change(view_id, reader) for change in CHANGES.values()),
    ]
    for act in acts:
        with pytest.raises(InletError):
            act()
    assert (stored(db), defaults(db)) == (before, {})


def test_ones_own_view_is_replaced_renamed_shared_and_deleted(db: Database, people: dict[str, Reader]) -> None:
    ada = people["ada"]
    view_id = service.save(PAGE, "Open", OPEN, ada)
    service.replace(view_id, {"q": ["bolt"]}, ada)
    service.rename(view_id, "Bolts", ada)
    service.share(view_id, True, ada)
    assert stored(db) == [(view_id, ada.user_id, PAGE, "Bolts", {"q": ["bolt"]}, True)]
    service.share(view_id, False, ada)
    assert stored(db)[0][5] is False
    assert service.delete(view_id, ada) == "Bolts"
    assert stored(db) == []
    with pytest.raises(NotFound):
        service.delete(view_id, ada)


def test_a_name_that_one_has_already_is_refused(db: Database, people: dict[str, Reader]) -> None:
    ada = people["ada"]
    service.save(PAGE, "Open", OPEN, ada)
    other = service.save(PAGE, "Late", OPEN, ada)
    before = stored(db)
    with pytest.raises(Refused, match="“open” already"):
        service.rename(other, "open", ada)
    assert stored(db) == before
    service.rename(other, "LATE", ada)
    assert [row[3] for row in stored(db)] == ["Open", "LATE"]


@pytest.mark.parametrize("name", ["pia", "mo"])
def test_only_staff_share(db: Database, people: dict[str, Reader], name: str) -> None:
    reader = people[name]
    with pytest.raises(Refused, match="Only staff"):
        service.save(PAGE, "Open", OPEN, reader, shared=True)
    view_id = service.save(PAGE, "Open", OPEN, reader)
    with pytest.raises(Refused, match="Only staff"):
        service.share(view_id, True, reader)
    assert [row[5] for row in stored(db)] == [False]
    service.share(view_id, False, reader)


def test_a_default_may_be_ones_own_or_one_that_is_shared(db: Database, people: dict[str, Reader]) -> None:
    ada, sam = people["ada"], people["sam"]
    shared, own = service.save(PAGE, "Ours", OPEN, ada, shared=True), service.save(PAGE, "Mine", OPEN, sam)
    service.make_default(own, sam)
    service.make_default(shared, sam)
    service.make_default(shared, ada)
    assert defaults(db) == {sam.user_id: shared, ada.user_id: shared}
    service.take_default_off(PAGE, ada)
    service.take_default_off(PAGE, ada)
    assert defaults(db) == {sam.user_id: shared}
    service.delete(shared, ada)
    assert defaults(db) == {}


@pytest.mark.parametrize(("name", "shared"), [("sam", False), ("pia", True), ("mo", True), ("mo", False)])
def test_what_one_does_not_see_is_no_default(db: Database, people: dict[str, Reader], name: str, shared: bool) -> None:
    view_id = service.save(PAGE, "Ours", OPEN, people["ada"], shared=shared)
    with pytest.raises(NotFound):
        service.make_default(view_id, people[name])
    assert defaults(db) == {}


def test_the_menu_has_ones_own_first_and_tells_whose_the_others_are(db: Database, people: dict[str, Reader]) -> None:
    ada, sam = people["ada"], people["sam"]
    assert sam.user_id is not None
    b, a = (service.save(PAGE, name, OPEN, sam) for name in ("beta", "Alpha"))
    theirs = service.save(PAGE, "AAA", OPEN, ada, shared=True)
    service.save("receipts", "Other", OPEN, sam)
    service.make_default(theirs, sam)
    with Session(db.engine) as session:
        found = views_of(session, PAGE, sam.user_id)
    assert [(view.id, view.own, view.default) for view in found] == [
        (a, True, False), (b, True, False), (theirs, False, True),
    ]  # fmt: skip
    assert found[-1].owner.startswith("Uma ")
