"""The facts that say why an order stands where it stands, and the sentence that is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from app.domain.people import Role
from app.domain.states import PoStatus
from app.domain.wording import Words


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to the warehouse or to the source: its newest state and the answer to its last attempt.

    `kind` and `state` are words of the outbox; `attempts` counts those that ended; `code` and `answer` are what the
    last one brought. `unknown`: it may have arrived, so it is looked up first.
    """

    id: int
    kind: str
    state: str
    since: datetime
    due_at: datetime
    settled_at: datetime | None = None
    attempts: int = 0
    unknown: bool = False
    code: str = ""
    answer: str = ""

    @property
    def waits(self) -> bool:
        """Whether it waits for its next attempt."""
        return self.state == "due"

    @property
    def on_its_way(self) -> bool:
        """Whether it waits for its next attempt, or an attempt is at work."""
        return self.state in {"due", "leased"}


@dataclass(frozen=True, slots=True)
class Situation:
    """One order at `now`, as far as `role` may know it; all instants are aware, quantities in each line's own unit.

    `warehouse` and `source` are names or empty; `off` names the connection where it is switched off. `waiting_*` count
    what is outstanding. `unsettled` counts applied receipts that the source has not confirmed.
    """

    now: datetime
    role: Role
    status: PoStatus
    since: datetime
    step: str = "none"
    reason: str = ""
    failed_step: str = ""
    warehouse: str = ""
    source: str = ""
    off: str = ""
    step_due_at: datetime | None = None
    lease_until: datetime | None = None
    held_by: str = ""
    held_until: datetime | None = None
    rejected: bool = False
    accepted_at: datetime | None = None
    last_receipt_at: datetime | None = None
    due_date: date | None = None
    late_from: datetime | None = None
    closes_at: datetime | None = None
    units_ordered: Decimal = Decimal(0)
    units_received: Decimal = Decimal(0)
    waiting_lines: int = 0
    waiting_units: Decimal = Decimal(0)
    short_lines: int = 0
    failed_receipts: int = 0
    unsettled: int = 0
    cancel_state: str = ""
    pending: str = ""
    pending_since: datetime | None = None
    completed_at_source: bool = False
    notice: Outgoing | None = None
    push: Outgoing | None = None
    next_update: datetime | None = None

    @property
    def staff(self) -> bool:
        """Whether the reader may act."""
        return self.role in {Role.ADMIN, Role.SUPPORT}

    @property
    def partner(self) -> bool:
        """Whether the reader is of the warehouse."""
        return self.role is Role.PARTNER

    @property
    def where(self) -> str:
        """What to call the warehouse."""
        return self.warehouse or "the warehouse"

    @property
    def teller(self) -> str:
        """What to call the source."""
        return self.source or "the source"

    @property
    def late(self) -> bool:
        """Whether it is past due."""
        return self.late_from is not None and self.now >= self.late_from


@dataclass(frozen=True, slots=True)
class Told:
    """What the page says: a lead in bold, the words, a tone, and the action or the place that helps.

    `tone`: grey, blue, green, amber or red. `action` is the name of an action on the order; `link` is one of
    connection, deliveries and receipts. Both may be empty.
    """

    lead: str
    words: Words
    tone: str = "grey"
    action: str = ""
    link: str = ""
