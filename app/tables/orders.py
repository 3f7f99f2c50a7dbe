"""Purchase orders, their lines, and what outlives them: the key of a source's order and the send ledger."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Date,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from app.columns import Instant, Key, Quantity, TextEnum
from app.domain.states import FailedStep, PoStatus
from app.tables.base import NOW, Scope, Table, identity, one_of, reference
from app.tables.catalog import Connection, Merchant, Store, Warehouse


class Step(StrEnum):
    """What is due next for a purchase order. It is a column of the order's own row, so that a claim can test it."""

    JUDGE = "judge"
    HOLD = "hold"
    SEND = "send"
    WAIT = "wait"
    NONE = "none"


class DocumentState(StrEnum):
    """Where an inbound notice stands at its warehouse."""

    PLANNED = "planned"
    """Never tried: the warehouse surely does not have it."""
    UNKNOWN = "unknown"
    """An attempt is in flight or ended without an answer: it counts as sent until a look-up settles it."""
    ACCEPTED = "accepted"
    CANCELING = "canceling"
    """Accepted, and a cancel message is on its way."""
    CANCELED = "canceled"
    FINISHED = "finished"
    """The warehouse said that nothing more will come for it."""
    ABSENT = "absent"
    """A look-up or a refusal proved that the warehouse does not have it."""


LIVE_DOCUMENT = "state IN ('planned', 'unknown', 'accepted', 'canceling')"
UNFINISHED = "status IN ('new', 'open', 'partially_received')"


class OrderKey(Table):
    """One order of a source, for ever: answers a re-import without touching wide rows, and stays after a delete.

    Unique by store and not only by connection: two connections on one store must never both import the same order.
    """

    __tablename__ = "po_key"
    __scope__ = Scope.SYSTEM
    __table_args__ = (
        UniqueConstraint("store_id", "external_id", "part"),
        # A re-import asks for the digests of a whole page at once; the table is never read by it otherwise.
        Index("ix_po_key_raw_digest", "connection_id", "raw_digest"),
        # Which key belongs to an order: asked by delete and by the source's cancel.
        Index("ix_po_key_purchase_order_id", "purchase_order_id"),
    )

    id: Mapped[int] = identity()
    store_id: Mapped[int] = reference("store")
    connection_id: Mapped[int] = reference("connection")
    external_id: Mapped[str] = mapped_column(Key)
    part: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    purchase_order_id: Mapped[int | None] = mapped_column(BigInteger)
    raw_digest: Mapped[str | None] = mapped_column(Key)
    refused_digest: Mapped[str | None] = mapped_column(Key)
    tombstoned_at: Mapped[datetime | None] = mapped_column(Instant)
    tombstoned_by: Mapped[str | None] = mapped_column(Text)


class PurchaseOrder(Table):
    """A purchase order as it stands today. The snapshot and what people and rules made of it lie side by side."""

    __tablename__ = "purchase_order"
    __scope__ = Scope.ORDER
    __table_args__ = (
        UniqueConstraint("connection_id", "external_id", "part"),
        one_of("status", PoStatus),
        one_of("step", Step),
        one_of("failed_step", ("", *FailedStep)),
        CheckConstraint("lines_count >= 0 AND units_ordered >= 0 AND units_received >= 0", name="counts_not_negative"),
        CheckConstraint("lease_owner IS NULL OR lease_until IS NOT NULL", name="lease_has_an_end"),
        # The processing job's claim reads nothing but this: due work, in order.
        Index("ix_purchase_order_due", "step_due_at", postgresql_where=text("step IN ('judge', 'hold')")),
        # Housekeeping: what is late or timed out among the unfinished; facets and the first page count Delayed by it.
        Index(
            "ix_purchase_order_late",
            "late_from",
            postgresql_include=["status", "merchant_id", "warehouse_id", "sent_at"],
            postgresql_where=text(UNFINISHED),
        ),
        # The list: newest first within a status, and each facet by itself.
        Index("ix_purchase_order_status", "status", "id"),
        Index("ix_purchase_order_connection", "connection_id", "id"),
        Index("ix_purchase_order_merchant", "merchant_id", "id"),
        # A merchant's orders by status, counted from the index alone.
        Index("ix_purchase_order_merchant_status", "merchant_id", "status", postgresql_include=["late_from"]),
        Index("ix_purchase_order_warehouse", "warehouse_id", "id"),
        Index("ix_purchase_order_store", "store_id", "id"),
        # The first page: what is broken by cause, and what is expected by week, each read from the index alone.
        Index(
            "ix_purchase_order_failed",
            "failed_step",
            postgresql_include=["merchant_id", "warehouse_id", "sent_at"],
            postgresql_where=text("status = 'error'"),
        ),
        Index(
            "ix_purchase_order_expected",
            "due_date",
            postgresql_include=["merchant_id", "warehouse_id", "sent_at", "units_ordered", "units_received"],
            postgresql_where=text(UNFINISHED),
        ),
        Index("ix_purchase_order_number", "number"),
        # A receipt that names its order by the warehouse's own id.
        Index(
            "ix_purchase_order_warehouse_ref",
            "warehouse_id",
            "warehouse_ref",
            postgresql_where=text("warehouse_ref <> ''"),
        ),
        # The search box: substring, any case.
        Index(
            "ix_purchase_order_search",
            # The keys' own collation knows lower case for A to Z only; a buyer may be called Ünal.
            text("""(lower((number || ' ' || external_id || ' ' || buyer_name) COLLATE "default")) gin_trgm_ops"""),
            postgresql_using="gin",
        ),
    )

    id: Mapped[int] = identity()
    connection_id: Mapped[int] = reference("connection")
    merchant_id: Mapped[int] = reference("merchant")
    store_id: Mapped[int] = reference("store")
    external_id: Mapped[str] = mapped_column(Key)
    part: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    parent_id: Mapped[int | None] = reference("purchase_order", nullable=True)
    number: Mapped[str] = mapped_column(Key)
    revision: Mapped[int | None] = mapped_column(BigInteger)
    buyer_name: Mapped[str] = mapped_column(Text, server_default="")
    supplier_code: Mapped[str] = mapped_column(Key, server_default="")
    supplier_name: Mapped[str] = mapped_column(Text, server_default="")
    ordered_at: Mapped[datetime | None] = mapped_column(Instant)
    due_date: Mapped[date | None] = mapped_column(Date)
    currency: Mapped[str] = mapped_column(Text, server_default="")
    notes: Mapped[str] = mapped_column(Text, server_default="")
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    location: Mapped[str] = mapped_column(Text, server_default="")
    ship_to: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    custom: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    source_state: Mapped[str] = mapped_column(Text, server_default="active")
    source_updated_at: Mapped[datetime | None] = mapped_column(Instant)

    warehouse_id: Mapped[int | None] = reference("warehouse", nullable=True)
    facility: Mapped[str] = mapped_column(Text, server_default="")
    warehouse_ref: Mapped[str] = mapped_column(Key, server_default="")

    status: Mapped[PoStatus] = mapped_column(TextEnum(PoStatus), server_default=PoStatus.NEW)
    status_reason: Mapped[str] = mapped_column(Text, server_default="")
    failed_step: Mapped[str] = mapped_column(Text, server_default="")
    """What failed, while the status is Error: a word of FailedStep, or empty."""
    status_since: Mapped[datetime] = mapped_column(Instant, server_default=NOW)
    step: Mapped[Step] = mapped_column(TextEnum(Step), server_default=Step.JUDGE)
    step_due_at: Mapped[datetime | None] = mapped_column(Instant, server_default=NOW)
    lease_owner: Mapped[str | None] = mapped_column(Text)
    lease_no: Mapped[int] = mapped_column(Integer, server_default="0")
    lease_until: Mapped[datetime | None] = mapped_column(Instant)

    held_until: Mapped[datetime | None] = mapped_column(Instant)
    held_by: Mapped[str] = mapped_column(Text, server_default="")
    rejected: Mapped[bool] = mapped_column(server_default=text("false"))
    judged_versions: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    judgement_id: Mapped[int | None] = mapped_column(BigInteger)

    lines_count: Mapped[int] = mapped_column(Integer, server_default="0")
    units_ordered: Mapped[Decimal] = mapped_column(Quantity, server_default="0")
    units_received: Mapped[Decimal] = mapped_column(Quantity, server_default="0")
    total_cost: Mapped[Decimal] = mapped_column(Quantity, server_default="0")

    imported_at: Mapped[datetime] = mapped_column(Instant, server_default=NOW)
    late_from: Mapped[datetime | None] = mapped_column(Instant)
    late_noticed_at: Mapped[datetime | None] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    accepted_at: Mapped[datetime | None] = mapped_column(Instant)
    last_receipt_at: Mapped[datetime | None] = mapped_column(Instant)
    reopened_at: Mapped[datetime | None] = mapped_column(Instant)
    cancel_state: Mapped[str] = mapped_column(Text, server_default="")
    status_version: Mapped[int] = mapped_column(Integer, server_default="0")

    snapshot: Mapped[dict[str, Any]] = deferred(mapped_column(JSONB, nullable=False))
    edits: Mapped[dict[str, Any]] = deferred(mapped_column(JSONB, server_default=text("'{}'"), nullable=False))
    edited: Mapped[bool] = mapped_column(server_default=text("false"))
    content_digest: Mapped[str] = mapped_column(Key)
    source_document_id: Mapped[int | None] = mapped_column(BigInteger)
    version_no: Mapped[int] = mapped_column(Integer, server_default="1")

    connection: Mapped[Connection] = relationship(lazy="raise_on_sql")
    merchant: Mapped[Merchant] = relationship(lazy="raise_on_sql")
    store: Mapped[Store] = relationship(lazy="raise_on_sql")
    warehouse: Mapped[Warehouse | None] = relationship(lazy="raise_on_sql")
    lines: Mapped[list[LineItem]] = relationship(
        lazy="raise_on_sql", back_populates="purchase_order", order_by="LineItem.position", passive_deletes=True
    )

    __mapper_args__ = {"version_id_col": version_no}

    def __str__(self) -> str:
        return self.number


class LineItem(Table):
    """A line of a purchase order. `received` is the sum of what applied receipts brought, in this line's unit.

    outstanding = max(0, quantity - received_before - received - closed_short_quantity).
    """

    __tablename__ = "line_item"
    __scope__ = Scope.ORDER_CHILD
    __table_args__ = (
        UniqueConstraint("purchase_order_id", "key"),
        CheckConstraint("quantity >= 0 AND received_before >= 0 AND received >= 0", name="quantities_not_negative"),
        CheckConstraint("damaged >= 0 AND damaged <= received", name="damaged_is_a_part"),
        CheckConstraint("closed_short_quantity >= 0", name="closed_short_not_negative"),
        CheckConstraint("pack_size IS NULL OR pack_size > 0", name="pack_size_positive"),
        # SKU search, substring and any case, over all lines of all orders.
        Index("ix_line_item_sku", text("(lower(sku)) gin_trgm_ops"), postgresql_using="gin"),
    )

    id: Mapped[int] = identity()
    purchase_order_id: Mapped[int] = reference("purchase_order", ondelete="CASCADE")
    key: Mapped[str] = mapped_column(Key)
    position: Mapped[int] = mapped_column(Integer)
    line_number: Mapped[int] = mapped_column(Integer)
    source_line_id: Mapped[str] = mapped_column(Key, server_default="")
    sku: Mapped[str] = mapped_column(Key)
    supplier_sku: Mapped[str] = mapped_column(Key, server_default="")
    barcode: Mapped[str] = mapped_column(Key, server_default="")
    name: Mapped[str] = mapped_column(Text, server_default="")
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    received_before: Mapped[Decimal] = mapped_column(Quantity, server_default="0")
    received: Mapped[Decimal] = mapped_column(Quantity, server_default="0")
    damaged: Mapped[Decimal] = mapped_column(Quantity, server_default="0")
    booked: Mapped[Decimal] = mapped_column(Quantity, server_default="0")
    unit_of_measure: Mapped[str] = mapped_column(Text, server_default="")
    pack_size: Mapped[Decimal | None] = mapped_column(Quantity)
    unit_cost: Mapped[Decimal | None] = mapped_column(Quantity)
    expected_date: Mapped[date | None] = mapped_column(Date)
    custom: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    left_out_by: Mapped[str | None] = mapped_column(Text)
    closed_short_quantity: Mapped[Decimal] = mapped_column(Quantity, server_default="0")
    closed_short_reason: Mapped[str | None] = mapped_column(Text)

    purchase_order: Mapped[PurchaseOrder] = relationship(lazy="raise_on_sql", back_populates="lines")

    def __str__(self) -> str:
        return f"{self.line_number} {self.sku}"


class PendingChange(Table):
    """A change (or a cancellation) from the source that waits for a person: one per order, the newest wins."""

    __tablename__ = "pending_change"
    __scope__ = Scope.ORDER_CHILD
    __table_args__ = (UniqueConstraint("purchase_order_id"), one_of("kind", ("change", "cancel")))

    id: Mapped[int] = identity()
    purchase_order_id: Mapped[int] = reference("purchase_order", ondelete="CASCADE")
    kind: Mapped[str] = mapped_column(Text)
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSONB)
    content_digest: Mapped[str] = mapped_column(Key)
    raw_digest: Mapped[str] = mapped_column(Key)
    source_document_id: Mapped[int | None] = mapped_column(BigInteger)
    received_at: Mapped[datetime] = mapped_column(Instant, server_default=NOW)


class Document(Table):
    """The send ledger: one inbound notice at one warehouse, with its idempotency key.

    It hangs on the order's key and not on the order, so that a deleted and re-imported order finds its document again
    instead of making a second one.
    """

    __tablename__ = "document"
    __scope__ = Scope.SYSTEM
    __table_args__ = (
        one_of("state", DocumentState),
        # A new document may only be planned when the old one is surely gone.
        Index("uq_document_live", "po_key_id", unique=True, postgresql_where=text(LIVE_DOCUMENT)),
        Index(
            "ix_document_warehouse_ref", "warehouse_id", "warehouse_ref", postgresql_where=text("warehouse_ref <> ''")
        ),
        UniqueConstraint("key"),
    )

    id: Mapped[int] = identity()
    po_key_id: Mapped[int] = reference("po_key")
    warehouse_id: Mapped[int] = reference("warehouse")
    account: Mapped[str] = mapped_column(Key, server_default="")
    key: Mapped[str] = mapped_column(Key, server_default=text("gen_random_uuid()::text"))
    state: Mapped[DocumentState] = mapped_column(TextEnum(DocumentState), server_default=DocumentState.PLANNED)
    warehouse_ref: Mapped[str] = mapped_column(Key, server_default="")
    version: Mapped[int] = mapped_column(Integer, server_default="0")
    """The newest version that was planned."""
    confirmed_version: Mapped[int] = mapped_column(Integer, server_default="0")
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=NOW)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)


class SourceDocument(Table):
    """The raw text of an order as received. Nothing has a foreign key to it: old ones can be let go by month."""

    __tablename__ = "source_document"
    __scope__ = Scope.SYSTEM

    id: Mapped[int] = identity()
    at: Mapped[datetime] = mapped_column(Instant, primary_key=True, server_default=NOW)
    connection_id: Mapped[int] = mapped_column(BigInteger)
    external_id: Mapped[str] = mapped_column(Key)
    run_id: Mapped[int | None] = mapped_column(BigInteger)
    reference: Mapped[str] = mapped_column(Text, server_default="")
    text: Mapped[str] = mapped_column(Text)
