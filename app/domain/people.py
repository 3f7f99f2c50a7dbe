"""Who reads and acts: a person with a role and a scope, or the system itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The four kinds of people, and the jobs."""

    ADMIN = "admin"
    SUPPORT = "support"
    PARTNER = "partner"
    MERCHANT = "merchant"
    NOBODY = "nobody"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks. `merchant_ids` or `warehouse_ids` of None mean "not limited", an empty set means "nothing".

    Access is denied by default: a partner without a warehouse and a merchant user without a merchant see nothing.
    """

    role: Role
    name: str
    user_id: int | None = None
    merchant_ids: frozenset[int] | None = frozenset()
    warehouse_ids: frozenset[int] | None = frozenset()

    @property
    def sees_cost(self) -> bool:
        """Partners never see a cost, a price or a total."""
        return self.role in {Role.ADMIN, Role.SUPPORT, Role.MERCHANT, Role.SYSTEM}

    @property
    def is_staff(self) -> bool:
        """Admins and support staff."""
        return self.role in {Role.ADMIN, Role.SUPPORT}

    @property
    def unlimited(self) -> bool:
        """No row is hidden."""
        return self.role in {Role.ADMIN, Role.SYSTEM} or (self.role is Role.SUPPORT and self.merchant_ids is None)


SYSTEM = Reader(Role.SYSTEM, "Inlet", None, None, None)
NOBODY = Reader(Role.NOBODY, "nobody")
