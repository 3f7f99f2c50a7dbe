"""Work and its traces: runs, the outbox with its attempts, the timeline, and the processes' heartbeats.

Runs, attempts, activity and judgements are append-only and keyed by (id, at), so that they can be partitioned by month;
nothing has a foreign key to them. They carry the connection and the external id, and stay when the order is deleted.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.columns import Instant, Key, TextEnum
from app.tables.base import NOW, Scope, Table, identity, one_of, reference
from app.tables.catalog import Connection
from app.tables.orders import Document


class RunKind(StrEnum):
    """What a run does."""

    IMPORT = "import"
    STATUS_UPDATE = "status_update"
    BULK = "bulk"


class RunState(StrEnum):
    """Where a run stands. A skipped run is a slot that fell while another run of its kind was at work."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"
    SKIPPED = "skipped"


class DeliveryKind(StrEnum):
    """What is sent: an inbound notice in one of three ways to a warehouse, or a status message to a source."""

    CREATE = "create"
    UPDATE = "update"
    CANCEL = "cancel"
    STATUS = "status"


class DeliveryState(StrEnum):
    """Where an outgoing message stands."""

    DUE = "due"
    LEASED = "leased"
    DONE = "done"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class Run(Table):
    """One import, status update or bulk job. (schedule, slot) is unique: a due time starts one run and no more."""

    __tablename__ = "run"
    __scope__ = Scope.RUN
    __table_args__ = (
        one_of("kind", RunKind),
        one_of("state", RunState),
        Index("uq_run_slot", "schedule_id", "slot", unique=True, postgresql_where=text("schedule_id IS NOT NULL")),
        Index("ix_run_connection", "connection_id", "id"),
        Index("ix_run_unfinished", "lease_until", postgresql_where=text("state IN ('queued', 'running')")),
        # A plan that is confirmed twice, by a double click or a repeated request, starts one job.
        Index("uq_run_bulk_key", text("(request ->> 'key')"), unique=True, postgresql_where=text("kind = 'bulk'")),
        # The first page: how the imports of the last day went.
        Index("ix_run_at", "at"),
        # How the last run of each kind of a connection ended.
        Index("ix_run_ended", "connection_id", "kind", "id", postgresql_where=text("state IN ('done', 'failed')")),
    )

    id: Mapped[int] = identity()
    at: Mapped[datetime] = mapped_column(Instant, server_default=NOW)
    kind: Mapped[RunKind] = mapped_column(TextEnum(RunKind))
    connection_id: Mapped[int | None] = mapped_column(BigInteger)
    merchant_id: Mapped[int | None] = mapped_column(BigInteger)
    schedule_id: Mapped[int | None] = mapped_column(BigInteger)
    slot: Mapped[datetime | None] = mapped_column(Instant)
    started_by: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(Integer)
    """The person who asked for a bulk job: it works with that person's rights and scope, asked anew as it runs."""
    state: Mapped[RunState] = mapped_column(TextEnum(RunState), server_default=RunState.QUEUED)
    request: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    seen: Mapped[int] = mapped_column(Integer, server_default="0")
    new: Mapped[int] = mapped_column(Integer, server_default="0")
    changed: Mapped[int] = mapped_column(Integer, server_default="0")
    unchanged: Mapped[int] = mapped_column(Integer, server_default="0")
    failed: Mapped[int] = mapped_column(Integer, server_default="0")
    message: Mapped[str] = mapped_column(Text, server_default="")
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    lease_owner: Mapped[str | None] = mapped_column(Text)
    lease_no: Mapped[int] = mapped_column(Integer, server_default="0")
    lease_until: Mapped[datetime | None] = mapped_column(Instant)

    connection: Mapped[Connection | None] = relationship(
        primaryjoin="foreign(Run.connection_id) == Connection.id", viewonly=True, lazy="raise_on_sql"
    )


class BulkState(StrEnum):
    """What became of one order of a bulk job."""

    WAITING = "waiting"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


class BulkItem(Table):
    """One order of a bulk job, frozen when the plan was confirmed, and what became of it.

    `purchase_order_id` is no foreign key: the result stays when the order is deleted. Ids ascend with the orders' own,
    so that a job takes its locks in the one order of all locks.
    """

    __tablename__ = "bulk_item"
    __scope__ = Scope.RUN_CHILD
    __table_args__ = (
        one_of("state", BulkState),
        # The job's next batch, its counts, and its result by kind.
        Index("ix_bulk_item_run", "run_id", "state", "id"),
    )

    id: Mapped[int] = identity()
    run_id: Mapped[int] = mapped_column(BigInteger)
    purchase_order_id: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[str] = mapped_column(Key)
    state: Mapped[BulkState] = mapped_column(TextEnum(BulkState), server_default=BulkState.WAITING)
    message: Mapped[str] = mapped_column(Text, server_default="")
    settled_at: Mapped[datetime | None] = mapped_column(Instant)


class RunFailure(Table):
    """A record that a run refused: the reason in words and its raw text, kept until a person retries or ignores it."""

    __tablename__ = "run_failure"
    __scope__ = Scope.MERCHANT_STAFF
    __table_args__ = (
        one_of("state", ("open", "retried", "ignored")),
        Index("ix_run_failure_run_id", "run_id"),
        Index("ix_run_failure_open", "connection_id", "digest", postgresql_where=text("state = 'open'")),
    )

    id: Mapped[int] = identity()
    at: Mapped[datetime] = mapped_column(Instant, server_default=NOW)
    run_id: Mapped[int] = mapped_column(BigInteger)
    connection_id: Mapped[int] = mapped_column(BigInteger)
    merchant_id: Mapped[int | None] = mapped_column(BigInteger)
    reference: Mapped[str] = mapped_column(Text, server_default="")
    reason: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(Key)
    state: Mapped[str] = mapped_column(Text, server_default="open")


class Delivery(Table):
    """The outbox, both ways: one message to one target. One row per document and version; one waiting status per order.

    `purchase_order_id` is no foreign key: the ledger stays when the order goes.
    """

    __tablename__ = "delivery"
    __scope__ = Scope.MERCHANT_STAFF
    __table_args__ = (
        one_of("kind", DeliveryKind),
        one_of("state", DeliveryState),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        UniqueConstraint("document_id", "version", "kind"),
        # The deliveries job's claim: due messages, oldest first.
        Index("ix_delivery_due", "due_at", postgresql_where=text("state IN ('due', 'leased')")),
        # One coalesced status message waits per order; a second cause finds it there.
        Index(
            "uq_delivery_status_due",
            "po_key_id",
            unique=True,
            postgresql_where=text("kind = 'status' AND state = 'due'"),
        ),
        Index("ix_delivery_purchase_order_id", "purchase_order_id"),
        Index("ix_delivery_state", "state", "id"),
    )

    id: Mapped[int] = identity()
    kind: Mapped[DeliveryKind] = mapped_column(TextEnum(DeliveryKind))
    connection_id: Mapped[int] = reference("connection")
    merchant_id: Mapped[int] = reference("merchant")
    warehouse_id: Mapped[int | None] = reference("warehouse", nullable=True)
    po_key_id: Mapped[int] = reference("po_key")
    purchase_order_id: Mapped[int] = mapped_column(BigInteger)
    external_id: Mapped[str] = mapped_column(Key)
    number: Mapped[str] = mapped_column(Key)
    document_id: Mapped[int | None] = reference("document", nullable=True)
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    state: Mapped[DeliveryState] = mapped_column(TextEnum(DeliveryState), server_default=DeliveryState.DUE)
    due_at: Mapped[datetime] = mapped_column(Instant, server_default=NOW)
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    unknown: Mapped[bool] = mapped_column(server_default=text("false"))
    """The last attempt may have been accepted: look up before anything is sent again."""
    covers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """For a status message, what the attempt at work told the source: receipt ids and the total per line."""
    message: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=NOW)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    lease_owner: Mapped[str | None] = mapped_column(Text)
    lease_no: Mapped[int] = mapped_column(Integer, server_default="0")
    lease_until: Mapped[datetime | None] = mapped_column(Instant)

    document: Mapped[Document | None] = relationship(lazy="raise_on_sql")
    connection: Mapped[Connection] = relationship(lazy="raise_on_sql")


class DeliveryAttempt(Table):
    """One try of one delivery, as it was: request, reply and duration, with secrets masked."""

    __tablename__ = "delivery_attempt"
    __scope__ = Scope.MERCHANT_STAFF
    __table_args__ = (Index("ix_delivery_attempt_delivery_id", "delivery_id"),)

    id: Mapped[int] = identity()
    at: Mapped[datetime] = mapped_column(Instant, primary_key=True, server_default=NOW)
    delivery_id: Mapped[int] = mapped_column(BigInteger)
    merchant_id: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[int] = mapped_column(SmallInteger)
    action: Mapped[str] = mapped_column(Text)
    """create, update, cancel, status, or look-up."""
    outcome: Mapped[str] = mapped_column(Text)
    """accepted, found, absent, retriable, ambiguous, rejected."""
    code: Mapped[str] = mapped_column(Text, server_default="")
    message: Mapped[str] = mapped_column(Text, server_default="")
    request: Mapped[str] = mapped_column(Text, server_default="")
    reply: Mapped[str] = mapped_column(Text, server_default="")
    duration_ms: Mapped[int] = mapped_column(Integer)


class Activity(Table):
    """One line of custody. The words are made from `kind` and `data` when it is read (`app.domain.activity`)."""

    __tablename__ = "activity"
    __scope__ = Scope.TIMELINE
    __table_args__ = (
        Index("ix_activity_purchase_order_id", "purchase_order_id", "id"),
        Index("ix_activity_receipt_id", "receipt_id", "id", postgresql_where=text("receipt_id IS NOT NULL")),
    )

    id: Mapped[int] = identity()
    at: Mapped[datetime] = mapped_column(Instant, primary_key=True, server_default=NOW)
    kind: Mapped[str] = mapped_column(Text)
    connection_id: Mapped[int | None] = mapped_column(BigInteger)
    external_id: Mapped[str] = mapped_column(Key, server_default="")
    purchase_order_id: Mapped[int | None] = mapped_column(BigInteger)
    receipt_id: Mapped[int | None] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(Text, server_default="")
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))


class Judgement(Table):
    """What the rules decided for one order, and why: the trace of one run of the rules."""

    __tablename__ = "judgement"
    __scope__ = Scope.ORDER_CHILD
    __table_args__ = (Index("ix_judgement_purchase_order_id", "purchase_order_id"),)

    id: Mapped[int] = identity()
    at: Mapped[datetime] = mapped_column(Instant, primary_key=True, server_default=NOW)
    purchase_order_id: Mapped[int] = mapped_column(BigInteger)
    outcome: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text, server_default="")
    versions: Mapped[list[int]] = mapped_column(JSONB, server_default=text("'[]'"))
    trace: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Heartbeat(Table):
    """When a process last said that it is alive."""

    __tablename__ = "heartbeat"
    __scope__ = Scope.SYSTEM

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, server_default=NOW)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
