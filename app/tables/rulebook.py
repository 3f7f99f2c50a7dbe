"""Rules and their versions. A rule's text never changes: saving makes a new version."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.columns import Instant, TextEnum
from app.tables.base import NOW, Scope, Table, identity, one_of, reference
from app.tables.catalog import Store


class RuleState(StrEnum):
    """Only an active rule judges."""

    DRAFT = "draft"
    ACTIVE = "active"
    INACTIVE = "inactive"


class Rule(Table):
    """A rule's place and switch. Without a store it is for all stores, and those run first."""

    __tablename__ = "rule"
    __scope__ = Scope.STAFF
    __table_args__ = (
        one_of("state", RuleState),
        Index("ix_rule_order", "store_id", "position"),
        Index("uq_rule_name", text("coalesce(store_id, 0)"), text("lower(name)"), unique=True),
    )

    id: Mapped[int] = identity()
    name: Mapped[str] = mapped_column(Text)
    store_id: Mapped[int | None] = reference("store", nullable=True)
    position: Mapped[int] = mapped_column(Integer, server_default="0")
    state: Mapped[RuleState] = mapped_column(TextEnum(RuleState), server_default=RuleState.DRAFT)
    version: Mapped[int] = mapped_column(Integer, server_default="0")
    """The number of the version in force: the newest."""
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=NOW)
    version_no: Mapped[int] = mapped_column(Integer, server_default="1")

    store: Mapped[Store | None] = relationship(lazy="raise_on_sql")
    versions: Mapped[list[RuleVersion]] = relationship(
        lazy="raise_on_sql", back_populates="rule", order_by="RuleVersion.number.desc()", passive_deletes=True
    )

    __mapper_args__ = {"version_id_col": version_no}

    def __str__(self) -> str:
        return self.name


class RuleVersion(Table):
    """A rule's text as it was saved once."""

    __tablename__ = "rule_version"
    __scope__ = Scope.STAFF
    __table_args__ = (UniqueConstraint("rule_id", "number"),)

    id: Mapped[int] = identity()
    rule_id: Mapped[int] = reference("rule", ondelete="CASCADE")
    number: Mapped[int] = mapped_column(Integer)
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=NOW)
    created_by: Mapped[str] = mapped_column(Text, server_default="")

    rule: Mapped[Rule] = relationship(lazy="raise_on_sql", back_populates="versions")
