"""What services say about an order before anything is done: which actions are not possible now, and what one would do.

The one place of the pages with a session of services. The wall has let the order through before; what the guards ask
besides is not for the reader to see, so no page may hand such a session on.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.domain.people import Reader
from app.extensions import db
from app.services.actions import order_guards
from app.services.consequences import Consequences, consequences


def guards_of(order_id: int, reader: Reader) -> Mapping[str, str]:
    """Every action by its name, with the reason why it is not possible now; empty where it is."""
    with Session(db.engine) as session:
        return order_guards(session, order_id, reader)


def consequences_of(name: str, order_id: int, reader: Reader) -> Consequences:
    """What an action would do to an order now, and what would be lost."""
    with Session(db.engine) as session:
        return consequences(session, name, order_id, reader)
