"""What belongs to users: the merchants and warehouses they may see, and their saved views."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.columns import Instant
from app.tables.base import NOW, Scope, Table, identity, reference


class UserScope(Table):
    """One merchant or one warehouse that a user may see. A partner or merchant user without a row sees nothing."""

    __tablename__ = "user_scope"
    __scope__ = Scope.SYSTEM
    __table_args__ = (
        CheckConstraint("(merchant_id IS NULL) <> (warehouse_id IS NULL)", name="one_of_both"),
        Index(
            "uq_user_scope",
            text("user_id"),
            text("coalesce(merchant_id, 0)"),
            text("coalesce(warehouse_id, 0)"),
            unique=True,
        ),
    )

    id: Mapped[int] = identity()
    user_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="CASCADE"))
    merchant_id: Mapped[int | None] = reference("merchant", nullable=True, ondelete="CASCADE")
    warehouse_id: Mapped[int | None] = reference("warehouse", nullable=True, ondelete="CASCADE")


class SavedView(Table):
    """A named filter, sort and choice of columns of a list page: a user's own, or shared with all staff.

    `query` holds the arguments of the list's address: name -> list of texts.
    """

    __tablename__ = "saved_view"
    __scope__ = Scope.OWNER
    __table_args__ = (Index("uq_saved_view_name", "user_id", "page", text("lower(name)"), unique=True),)

    id: Mapped[int] = identity()
    user_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="CASCADE"))
    page: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    query: Mapped[dict[str, Any]] = mapped_column(JSONB)
    shared: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=NOW)

    def __str__(self) -> str:
        return self.name


class DefaultView(Table):
    """The saved view with which a list page opens for one user; it may be one that somebody else shared."""

    __tablename__ = "default_view"
    __scope__ = Scope.OWN
    __table_args__ = (UniqueConstraint("user_id", "page"),)

    id: Mapped[int] = identity()
    user_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="CASCADE"))
    page: Mapped[str] = mapped_column(Text)
    saved_view_id: Mapped[int] = reference("saved_view", ondelete="CASCADE")
