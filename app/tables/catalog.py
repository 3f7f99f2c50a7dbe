"""Who buys, who places orders, who receives: merchants, stores, warehouses, and the connections between them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.columns import EncryptedJSON, Instant, Key, Quantity, TextEnum
from app.tables.base import NOW, Scope, Table, identity, one_of, reference


class SharedSku(StrEnum):
    """What to do with received goods whose SKU is on several lines and whose line is not told."""

    FILL = "fill"
    ASK = "ask"


class ScheduleKind(StrEnum):
    """The two schedules of a purchase orders channel."""

    IMPORT = "import"
    STATUS_UPDATE = "status_update"


class Merchant(Table):
    """The brand that owns the stock."""

    __tablename__ = "merchant"
    __scope__ = Scope.MERCHANT
    __table_args__ = (
        CheckConstraint("open_timeout_days BETWEEN 1 AND 3650", name="open_timeout_days_range"),
        Index("uq_merchant_name", func.lower(text("name")), unique=True),
    )

    id: Mapped[int] = identity()
    name: Mapped[str] = mapped_column(Text)
    open_timeout_days: Mapped[int] = mapped_column(Integer, server_default="45")
    time_zone: Mapped[str] = mapped_column(Text, server_default="UTC")
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=NOW)

    def __str__(self) -> str:
        return self.name


class Store(Table):
    """The sales channel: the system that places purchase orders. Secrets are write-only for people."""

    __tablename__ = "store"
    __scope__ = Scope.STORE
    __table_args__ = (
        one_of("shared_sku", SharedSku),
        Index("uq_store_name", func.lower(text("name")), unique=True),
    )

    id: Mapped[int] = identity()
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    secrets: Mapped[dict[str, Any]] = mapped_column(EncryptedJSON, nullable=True)
    shared_sku: Mapped[SharedSku] = mapped_column(TextEnum(SharedSku), server_default=SharedSku.FILL)
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=NOW)

    def __str__(self) -> str:
        return self.name


class Warehouse(Table):
    """A place that receives goods. `rule_number` lets a rule name it by number."""

    __tablename__ = "warehouse"
    __scope__ = Scope.WAREHOUSE
    __table_args__ = (
        CheckConstraint("over_receipt_percent BETWEEN 0 AND 1000", name="over_receipt_percent_range"),
        Index("uq_warehouse_code", func.lower(text("code")), unique=True),
    )

    id: Mapped[int] = identity()
    name: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Key)
    rule_number: Mapped[int | None] = mapped_column(Integer, unique=True)
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    kind: Mapped[str] = mapped_column(Text)
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    secrets: Mapped[dict[str, Any]] = mapped_column(EncryptedJSON, nullable=True)
    time_zone: Mapped[str] = mapped_column(Text, server_default="UTC")
    over_receipt_percent: Mapped[Decimal] = mapped_column(Quantity, server_default="0")
    partial_receipts: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=NOW)

    def __str__(self) -> str:
        return self.code


class MerchantAtWarehouse(Table):
    """A merchant's account at a warehouse. Receipts are pulled per account, so cursor and lease live here."""

    __tablename__ = "merchant_at_warehouse"
    __scope__ = Scope.MERCHANT_STAFF
    __table_args__ = (
        UniqueConstraint("merchant_id", "warehouse_id"),
        Index("ix_merchant_at_warehouse_account", "warehouse_id", "account"),
    )

    id: Mapped[int] = identity()
    merchant_id: Mapped[int] = reference("merchant")
    warehouse_id: Mapped[int] = reference("warehouse")
    account: Mapped[str] = mapped_column(Key, server_default="")
    secrets: Mapped[dict[str, Any]] = mapped_column(EncryptedJSON, nullable=True)
    facility: Mapped[str] = mapped_column(Text, server_default="")
    receiving_policy: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    pull_cursor: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    pulled_at: Mapped[datetime | None] = mapped_column(Instant)
    lease_owner: Mapped[str | None] = mapped_column(Text)
    lease_no: Mapped[int] = mapped_column(server_default="0")
    lease_until: Mapped[datetime | None] = mapped_column(Instant)

    merchant: Mapped[Merchant] = relationship(lazy="raise_on_sql")
    warehouse: Mapped[Warehouse] = relationship(lazy="raise_on_sql")

    def __str__(self) -> str:
        return self.account or f"account {self.id}"


class Connection(Table):
    """One merchant's store, joined to the warehouse that receives by default, with the purchase orders channel."""

    __tablename__ = "connection"
    __scope__ = Scope.MERCHANT_STAFF
    __table_args__ = (
        UniqueConstraint("merchant_id", "store_id", "warehouse_id"),
        Index("uq_connection_name", func.lower(text("name")), unique=True),
        Index("ix_connection_store_id", "store_id"),
    )

    id: Mapped[int] = identity()
    name: Mapped[str] = mapped_column(Text)
    merchant_id: Mapped[int] = reference("merchant")
    store_id: Mapped[int] = reference("store")
    warehouse_id: Mapped[int] = reference("warehouse")
    time_zone: Mapped[str] = mapped_column(Text, server_default="UTC")
    enabled: Mapped[bool] = mapped_column(server_default=text("false"))
    channel_on: Mapped[bool] = mapped_column(server_default=text("true"))
    import_from: Mapped[datetime | None] = mapped_column(Instant)
    import_filter: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    location_map: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    import_cursor: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=NOW)
    version_no: Mapped[int] = mapped_column(server_default="1")

    merchant: Mapped[Merchant] = relationship(lazy="raise_on_sql")
    store: Mapped[Store] = relationship(lazy="raise_on_sql")
    warehouse: Mapped[Warehouse] = relationship(lazy="raise_on_sql")
    schedules: Mapped[list[Schedule]] = relationship(
        lazy="raise_on_sql", back_populates="connection", passive_deletes=True
    )

    __mapper_args__ = {"version_id_col": version_no}

    def __str__(self) -> str:
        return self.name


class Schedule(Table):
    """When a connection imports, or updates status. Its lease lets one run of that kind work at a time."""

    __tablename__ = "schedule"
    __scope__ = Scope.SYSTEM
    __table_args__ = (UniqueConstraint("connection_id", "kind"), one_of("kind", ScheduleKind))

    id: Mapped[int] = identity()
    connection_id: Mapped[int] = reference("connection", ondelete="CASCADE")
    kind: Mapped[ScheduleKind] = mapped_column(TextEnum(ScheduleKind))
    rules: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    next_due_at: Mapped[datetime | None] = mapped_column(Instant)
    last_completed_at: Mapped[datetime | None] = mapped_column(Instant)
    lease_owner: Mapped[str | None] = mapped_column(Text)
    lease_no: Mapped[int] = mapped_column(server_default="0")
    lease_until: Mapped[datetime | None] = mapped_column(Instant)

    connection: Mapped[Connection] = relationship(lazy="raise_on_sql", back_populates="schedules")
