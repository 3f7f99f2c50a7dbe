"""Which action on a purchase order is not possible now, and why."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.domain.people import Reader
from app.extensions import db
from app.services.actions import order_guards


def guards_of(order_id: int, reader: Reader) -> Mapping[str, str]:
    """Every action by its name, with the reason why it is not possible now; empty where it is.

    The wall has let the order through before; what its guards ask besides is not for the reader to see, so it is read
    in a session of services.
    """
    with Session(db.engine) as session:
        return order_guards(session, order_id, reader)
