"""What all tables share: the base on Flask-AppBuilder's metadata, the declared scope, and small column helpers."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import ClassVar

from flask_appbuilder import Model
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, text
from sqlalchemy.orm import Mapped, MappedColumn, mapped_column


class Scope(StrEnum):
    """Who may read a table's rows: the session wall turns this word into a filter on every statement.

    A table must choose one; the deny-by-default answer for a reader outside it is an empty result.
    """

    ORDER = "order"
    """Own columns merchant_id, warehouse_id and sent_at: merchants see theirs, partners what was sent to them."""
    RECEIPT = "receipt"
    """Own columns merchant_id and warehouse_id: a receipt is seen by its merchant and by its warehouse's partners."""
    ORDER_CHILD = "order_child"
    """Seen with the purchase order named by purchase_order_id."""
    RECEIPT_CHILD = "receipt_child"
    """Seen with the receipt named by receipt_id."""
    TIMELINE = "timeline"
    """Seen with the purchase order or the receipt it tells of; partners see the kinds that are meant for them."""
    MERCHANT = "merchant"
    """Merchants themselves, by id."""
    WAREHOUSE = "warehouse"
    """Warehouses themselves, by id; merchants see those that they use."""
    MERCHANT_STAFF = "merchant_staff"
    """Staff only; a support user who is limited to merchants sees the rows of those (own column merchant_id)."""
    STORE = "store"
    """Stores of the merchants in scope; never partners."""
    STAFF = "staff"
    """Staff only, not divided by merchant."""
    RUN = "run"
    """Staff as with MERCHANT_STAFF, and the user named by user_id, who started it."""
    RUN_CHILD = "run_child"
    """Seen with the run named by run_id."""
    OWNER = "owner"
    """The user named by user_id, and all staff where `shared` is set."""
    OWN = "own"
    """The user named by user_id and nobody else."""
    SYSTEM = "system"
    """Never read through a web session."""


class Table(Model):  # type: ignore[misc]  # Flask-AppBuilder ships no types
    """Base of all our tables."""

    __abstract__ = True
    __scope__: ClassVar[Scope]


def identity() -> Mapped[int]:
    """A bigint key drawn from the table's own sequence; imports may draw many at once before they COPY."""
    return mapped_column(BigInteger, Identity(), primary_key=True)


def reference(target: str, *, nullable: bool = False, ondelete: str = "RESTRICT") -> MappedColumn[int]:
    """A foreign key column to `target`'s id."""
    return mapped_column(BigInteger, ForeignKey(f"{target}.id", ondelete=ondelete), nullable=nullable)


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """The CHECK that belongs to a TextEnum column."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


NOW = text("clock_timestamp()")
"""The one clock: the database's, and not the start of the transaction."""
