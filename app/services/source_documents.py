"""The raw text of an order as its source gave it, for staff only.

`source_document` is closed to the session of web pages, so it is read here, in a session of its own: the condition of
the reader's scope on the order is added by hand, and the text must belong to that order's connection and external id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select, true

from app.domain.errors import NotFound
from app.domain.people import Reader
from app.models import PurchaseOrder, SourceDocument
from app.security.scope import criteria
from app.services.unit_of_work import unit_of_work


@dataclass(frozen=True, slots=True)
class RawText:
    """A raw text or the beginning of it: `length` is that of the whole, in characters."""

    at: datetime
    reference: str
    text: str
    length: int

    @property
    def cut(self) -> bool:
        """Whether there is more of it."""
        return len(self.text) < self.length


def raw_text(po_id: int, document_id: int, reader: Reader, most: int | None = None) -> RawText:
    """The text of a document of an order, at most the first `most` characters.

    Raises NotFound where there is none, where it is another order's, and for everybody but staff.
    """
    text: Any = SourceDocument.text if most is None else func.left(SourceDocument.text, most)
    query = (
        select(SourceDocument.at, SourceDocument.reference, text, func.length(SourceDocument.text))
        .join(
            PurchaseOrder,
            and_(
                PurchaseOrder.connection_id == SourceDocument.connection_id,
                PurchaseOrder.external_id == SourceDocument.external_id,
            ),
        )
        .where(PurchaseOrder.id == po_id, SourceDocument.id == document_id, _scope(reader))
        .limit(1)
    )
    if reader.is_staff:
        with unit_of_work("read a raw text") as unit:
            row = unit.session.execute(query).one_or_none()
        if row is not None:
            return RawText(*row)
    raise NotFound("There is no such text.", "Texts as received are kept for a while, and shown to staff.")


def _scope(reader: Reader) -> Any:
    condition = criteria(PurchaseOrder, reader)
    return true() if condition is None else condition
