"""The wall around the session of web pages: every statement is limited to what its reader may see.

It stands in the session, not in the views, so that a forgotten filter shows nothing more. A statement that it cannot
limit is refused: Core tables, text and compound statements. Loaded costs are taken off again for readers who never see
them. Nothing of Inlet's own is written through this session: writing is for services, in a transaction of their own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import CompoundSelect, event
from sqlalchemy import Table as CoreTable
from sqlalchemy.orm import ORMExecuteState, QueryContext, Session, scoped_session, with_loader_criteria
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.interfaces import ORMOption
from sqlalchemy.sql import visitors

from app.domain.people import Reader, Role
from app.models import LineItem, PurchaseOrder, Table
from app.security.reader import READER_OPTION, current_reader
from app.security.scope import criteria

WALLED: Final = "inlet_walled"
"""The mark in a session's info that the wall stands in it."""

_HIDDEN_FROM_PARTNERS: Final[dict[type[Table], tuple[str, ...]]] = {
    PurchaseOrder: ("total_cost", "snapshot", "edits", "notes", "status_reason", "held_by"),
    LineItem: ("unit_cost", "custom"),
}
_HIDDEN_WITHOUT_COST: Final[dict[type[Table], tuple[str, ...]]] = {
    PurchaseOrder: ("total_cost",),
    LineItem: ("unit_cost",),
}


class WallError(RuntimeError):
    """A statement or a write that the session of web pages does not do: a programming error."""


def build(session: scoped_session[Any]) -> None:
    """Build the wall into `session`, once per process."""
    if event.contains(session, "do_orm_execute", _limit):
        return
    event.listen(session, "do_orm_execute", _limit)
    event.listen(session, "before_flush", _refuse_writes)
    for model in _HIDDEN_FROM_PARTNERS:
        event.listen(model, "load", _hide_after_load)
        event.listen(model, "refresh", _hide_after_refresh)


def models() -> tuple[type[Table], ...]:
    """All our mapped tables, each of which has a scope."""
    return tuple(sorted(Table.__subclasses__(), key=lambda model: str(model.__tablename__)))


def _limit(state: ORMExecuteState) -> None:
    asked_for = state.execution_options.get(READER_OPTION)
    reader = asked_for if isinstance(asked_for, Reader) else current_reader()
    if reader.role is Role.SYSTEM:
        return
    statement = state.statement
    if not state.is_orm_statement or isinstance(statement, CompoundSelect) or state.is_from_statement:
        _refuse_ours(statement)
        return
    if state.is_insert:
        _refuse_ours(statement)
    state.statement = statement.options(*_options(reader))


@lru_cache(maxsize=512)
def _options(reader: Reader) -> tuple[ORMOption, ...]:
    """The conditions for a reader; joined and later loads inherit them."""
    conditions = ((model, criteria(model, reader)) for model in models())
    return tuple(
        with_loader_criteria(model, condition, include_aliases=True)
        for model, condition in conditions
        if condition is not None
    )


def _refuse_ours(statement: Any) -> None:
    for part in visitors.iterate(statement):
        if part.__visit_name__ in {"textclause", "text_as_from"}:
            raise WallError("Text cannot be limited to a reader: ask through mapped classes, or in a service.")
        if isinstance(part, CoreTable) and part in _tables():
            raise WallError(f"A statement on {part.name} cannot be limited to a reader: ask through its mapped class.")


@lru_cache(maxsize=1)
def _tables() -> frozenset[Any]:
    return frozenset(model.__table__ for model in models())


def _refuse_writes(session: Session, _context: Any, _instances: Any) -> None:
    changed = [*session.new, *session.deleted, *(row for row in session.dirty if session.is_modified(row))]
    for row in changed:
        if isinstance(row, Table):
            raise WallError(f"{type(row).__name__} is written by a service, not through the session of a page.")


def _hide_after_load(row: Table, context: QueryContext) -> None:
    _hide(row, context, None)


def _hide_after_refresh(row: Table, context: QueryContext | None, names: Any) -> None:
    # Without a context nothing was read: an UPDATE brings the values that it was given.
    if context is not None:
        _hide(row, context, names)


def _hide(row: Table, context: QueryContext, names: Any) -> None:
    if not context.session.info.get(WALLED):
        return
    asked_for = context.execution_options.get(READER_OPTION)
    reader = asked_for if isinstance(asked_for, Reader) else current_reader()
    hidden = _HIDDEN_FROM_PARTNERS if reader.role is Role.PARTNER else {} if reader.sees_cost else _HIDDEN_WITHOUT_COST
    for name in hidden.get(type(row), ()):
        if names is None or name in names:
            set_committed_value(row, name, None)
