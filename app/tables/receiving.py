"""What the warehouses report: receipts as received, and what each of them booked on which line."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from app.columns import Instant, Key, Quantity, TextEnum
from app.domain.states import ReceiptState
from app.tables.base import NOW, Scope, Table, identity, one_of, reference
from app.tables.catalog import Merchant, Warehouse
from app.tables.orders import LineItem, PurchaseOrder


class ReceiptOrigin(StrEnum):
    """The way a receipt came in. All ways call the same service."""

    PULL = "pull"
    WEBHOOK = "webhook"
    API = "api"
    PORTAL = "portal"
    FILE = "file"


class Receipt(Table):
    """One report of arrived goods. What was stored is never rewritten: other content under the same id is a correction.

    `po_reference` is the reference as received, so that one warehouse receipt over several orders is one row for each.
    """

    __tablename__ = "receipt"
    __scope__ = Scope.RECEIPT
    __table_args__ = (
        UniqueConstraint("warehouse_id", "external_id", "po_reference", "correction"),
        one_of("state", ReceiptState),
        one_of("origin", ReceiptOrigin),
        CheckConstraint("correction >= 0", name="correction_not_negative"),
        Index("ix_receipt_purchase_order_id", "purchase_order_id"),
        Index("ix_receipt_state", "state", "id"),
        Index("ix_receipt_merchant_id", "merchant_id", "id"),
        # Matched again after each import, and given up after seven days.
        Index("ix_receipt_waiting", "created_at", postgresql_where=text("state = 'new'")),
        # The first page: receipts per day, read from the index alone.
        Index("ix_receipt_created_at", "created_at", postgresql_include=["merchant_id", "warehouse_id", "units"]),
        Index("ix_receipt_external_id", text("(lower(external_id)) gin_trgm_ops"), postgresql_using="gin"),
    )

    id: Mapped[int] = identity()
    warehouse_id: Mapped[int] = reference("warehouse")
    merchant_id: Mapped[int | None] = reference("merchant", nullable=True)
    purchase_order_id: Mapped[int | None] = reference("purchase_order", nullable=True, ondelete="SET NULL")
    external_id: Mapped[str] = mapped_column(Key)
    po_reference: Mapped[str] = mapped_column(Key, server_default="")
    correction: Mapped[int] = mapped_column(Integer, server_default="0")
    state: Mapped[ReceiptState] = mapped_column(TextEnum(ReceiptState), server_default=ReceiptState.NEW)
    state_reason: Mapped[str] = mapped_column(Text, server_default="")
    discrepancy: Mapped[str] = mapped_column(Text, server_default="")
    """The kind of what a person must decide (over, unknown_sku, after_close, …), or empty."""
    accepted_by: Mapped[str | None] = mapped_column(Text)
    """Who accepted a held receipt as it is; its guards are not asked again."""
    final: Mapped[bool] = mapped_column(server_default=text("false"))
    cumulative: Mapped[bool] = mapped_column(server_default=text("false"))
    origin: Mapped[ReceiptOrigin] = mapped_column(TextEnum(ReceiptOrigin))
    received_at: Mapped[datetime] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=NOW)
    created_by: Mapped[str] = mapped_column(Text, server_default="")
    applied_at: Mapped[datetime | None] = mapped_column(Instant)
    completed_at: Mapped[datetime | None] = mapped_column(Instant)
    units: Mapped[Decimal] = mapped_column(Quantity, server_default="0")
    references: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """Every reference as received: document_key, warehouse_ref, account, number."""
    content_digest: Mapped[str] = mapped_column(Key)
    text: Mapped[str] = deferred(mapped_column(Text, server_default="", nullable=False))
    version_no: Mapped[int] = mapped_column(Integer, server_default="1")

    warehouse: Mapped[Warehouse] = relationship(lazy="raise_on_sql")
    merchant: Mapped[Merchant | None] = relationship(lazy="raise_on_sql")
    purchase_order: Mapped[PurchaseOrder | None] = relationship(lazy="raise_on_sql")
    lines: Mapped[list[ReceiptLine]] = relationship(
        lazy="raise_on_sql", back_populates="receipt", order_by="ReceiptLine.position", passive_deletes=True
    )

    __mapper_args__ = {"version_id_col": version_no}

    def __str__(self) -> str:
        return self.external_id if not self.correction else f"{self.external_id} (correction {self.correction})"


class ReceiptLine(Table):
    """One line of a receipt, as received. A correction's quantities carry a sign."""

    __tablename__ = "receipt_line"
    __scope__ = Scope.RECEIPT_CHILD
    __table_args__ = (
        UniqueConstraint("receipt_id", "position"),
        Index("ix_receipt_line_line_item_id", "line_item_id"),
    )

    id: Mapped[int] = identity()
    receipt_id: Mapped[int] = reference("receipt", ondelete="CASCADE")
    position: Mapped[int] = mapped_column(Integer)
    line_item_id: Mapped[int | None] = reference("line_item", nullable=True, ondelete="SET NULL")
    """The line it was matched to; empty while unmatched, and when the goods were spread over several lines."""
    line_key: Mapped[str] = mapped_column(Key, server_default="")
    line_number: Mapped[int | None] = mapped_column(Integer)
    source_line_id: Mapped[str] = mapped_column(Key, server_default="")
    sku: Mapped[str] = mapped_column(Key)
    expected: Mapped[Decimal | None] = mapped_column(Quantity)
    received: Mapped[Decimal] = mapped_column(Quantity)
    damaged: Mapped[Decimal] = mapped_column(Quantity, server_default="0")
    lot: Mapped[str] = mapped_column(Key, server_default="")
    expiry: Mapped[date | None] = mapped_column(Date)
    condition: Mapped[str] = mapped_column(Text, server_default="")
    unit_of_measure: Mapped[str] = mapped_column(Text, server_default="")
    pack_size: Mapped[Decimal | None] = mapped_column(Quantity)

    receipt: Mapped[Receipt] = relationship(lazy="raise_on_sql", back_populates="lines")
    line_item: Mapped[LineItem | None] = relationship(lazy="raise_on_sql")


class Allocation(Table):
    """What one receipt line brought to one line item, in the line item's unit. It counts while its receipt does."""

    __tablename__ = "allocation"
    __scope__ = Scope.RECEIPT_CHILD
    __table_args__ = (
        UniqueConstraint("receipt_line_id", "line_item_id"),
        Index("ix_allocation_line_item_id", "line_item_id"),
        Index("ix_allocation_receipt_id", "receipt_id"),
    )

    id: Mapped[int] = identity()
    receipt_id: Mapped[int] = reference("receipt", ondelete="CASCADE")
    receipt_line_id: Mapped[int] = reference("receipt_line", ondelete="CASCADE")
    line_item_id: Mapped[int] = reference("line_item", ondelete="CASCADE")
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    damaged: Mapped[Decimal] = mapped_column(Quantity, server_default="0")


class ReportedTotal(Table):
    """The last total that a cumulative sender reported for a line of an order: the next delta is against it."""

    __tablename__ = "reported_total"
    __scope__ = Scope.SYSTEM
    __table_args__ = (UniqueConstraint("warehouse_id", "purchase_order_id", "line_reference"),)

    id: Mapped[int] = identity()
    warehouse_id: Mapped[int] = reference("warehouse")
    purchase_order_id: Mapped[int] = mapped_column(BigInteger)
    line_reference: Mapped[str] = mapped_column(Key)
    total: Mapped[Decimal] = mapped_column(Quantity)
    damaged: Mapped[Decimal] = mapped_column(Quantity, server_default="0")
    reported_at: Mapped[datetime] = mapped_column(Instant)
