"""Actions on records: what to offer, and how one is performed and told.

An action is a POST. Its records are found through the wall first, so that an id from outside the reader's scope is no
record at all; the service then asks its guards, record by record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, flash, request
from sqlalchemy import select

from app.domain.errors import NotFound
from app.domain.people import Reader
from app.extensions import db
from app.models import Table
from app.services.actions import ActionSpec
from app.services.outcome import Outcome
from app.web.pages import Act

_REASONS_TOLD = 3
DANGEROUS = frozenset({"delete", "force_delete", "reset"})
_TICKED = frozenset({"1", "yes", "on", "true", "y"})
_AT_ONCE = 1_000

Perform = Callable[..., list[Outcome]]


@dataclass(frozen=True, slots=True)
class Acts:
    """The actions of one kind of record: their specifications by name, and the service that performs them."""

    specs: Mapping[str, ActionSpec]
    perform: Perform

    def offered(self, reader: Reader) -> list[ActionSpec]:
        """The actions that a reader's role may do, in their order."""
        return [spec for spec in self.specs.values() if reader.role in spec.roles]

    def offer(self, reader: Reader, url: Callable[[str], str], guards: Mapping[str, str]) -> tuple[Act, ...]:
        """The actions for one record; `guards` says why one is not possible now."""
        return tuple(
            Act(
                name=spec.name,
                label=spec.label,
                url=url(spec.name),
                ask=spec.ask,
                fields=tuple(spec.fields),
                why_not=guards.get(spec.name, ""),
                danger=spec.name in DANGEROUS,
            )
            for spec in self.offered(reader)
        )


def posted_ids() -> list[int]:
    """The ids of the ticked rows, each once, in ascending order; too many for one request are answered with 400."""
    given = [*request.form.getlist("ids"), *request.form.getlist("rowid")]
    ids = sorted({int(value) for value in given if value.isascii() and value.isdigit() and len(value) < 19})
    if len(ids) > _AT_ONCE:
        abort(400)
    return ids


def within_scope(model: type[Table], ids: Sequence[int]) -> list[int]:
    """Those of the ids that the reader may see."""
    key: Any = model.id
    return sorted(db.session.scalars(select(key).where(key.in_(ids))))


def perform(acts: Acts, model: type[Table], name: str, ids: Sequence[int], reader: Reader) -> list[Outcome]:
    """Perform an action on those of the records that the reader may see.

    Raises NotFound when there is none of them, and answers 404 and 403 for an action that there is not or that is not
    the reader's.
    """
    spec = acts.specs.get(name)
    if spec is None:
        abort(404)
    if reader.role not in spec.roles:
        abort(403)
    found = within_scope(model, ids)
    if not found:
        raise NotFound("There is no such record.", "It was deleted, or it is outside of what you may see.")
    # Nothing of the page's own reading stays open while the service works.
    db.session.rollback()
    return acts.perform(name, found, reader, **options_of(spec))


def tell(label: str, outcomes: Sequence[Outcome], missing: int = 0) -> None:
    """Say what became of the records: one message for each kind of result, with the first reasons."""
    for result, level in (("done", "success"), ("skipped", "warning"), ("failed", "danger")):
        of_this = [outcome for outcome in outcomes if outcome.result == result]
        if of_this:
            flash(_sentence(label, result, of_this), level)
    if missing:
        flash(f"{missing} of the ticked records are gone, or outside of what you may see.", "warning")


def _sentence(label: str, result: str, outcomes: Sequence[Outcome]) -> str:
    if len(outcomes) == 1:
        only = outcomes[0]
        return f"{only.label}: {only.message or f'{label} {result}.'}"
    reasons = list(_reasons(outcomes))
    more = f" … and {len(reasons) - _REASONS_TOLD} more" if len(reasons) > _REASONS_TOLD else ""
    told = " " + " ".join(reasons[:_REASONS_TOLD]) + more if reasons and result != "done" else ""
    return f"{label}: {len(outcomes)} {result}.{told}"


def _reasons(outcomes: Iterable[Outcome]) -> Iterable[str]:
    return (f"{outcome.label}: {outcome.message}" for outcome in outcomes if outcome.message)


def options_of(spec: ActionSpec) -> dict[str, Any]:
    """The options of an action as the form of this request gives them."""
    return {
        name: request.form.get(name, "") in _TICKED if name == "tombstone" else request.form.get(name, "").strip()
        for name in spec.fields
    }
