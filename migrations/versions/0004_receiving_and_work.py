"""Receipts, the outbox, runs, the timeline and heartbeats."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "activity",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=True),
        sa.Column("external_id", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("purchase_order_id", sa.BigInteger(), nullable=True),
        sa.Column("receipt_id", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("id", "at"),
    )
    op.create_index("ix_activity_purchase_order_id", "activity", ["purchase_order_id", "id"], unique=False)
    op.create_index(
        "ix_activity_receipt_id",
        "activity",
        ["receipt_id", "id"],
        unique=False,
        postgresql_where=sa.text("receipt_id IS NOT NULL"),
    )
    op.create_table(
        "delivery_attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("merchant_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("request", sa.Text(), server_default="", nullable=False),
        sa.Column("reply", sa.Text(), server_default="", nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", "at"),
    )
    op.create_index("ix_delivery_attempt_delivery_id", "delivery_attempt", ["delivery_id"], unique=False)
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "judgement",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("purchase_order_id", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("versions", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("trace", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", "at"),
    )
    op.create_index("ix_judgement_purchase_order_id", "judgement", ["purchase_order_id"], unique=False)
    op.create_table(
        "run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=True),
        sa.Column("merchant_id", sa.BigInteger(), nullable=True),
        sa.Column("schedule_id", sa.BigInteger(), nullable=True),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), server_default="queued", nullable=False),
        sa.Column("request", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("seen", sa.Integer(), server_default="0", nullable=False),
        sa.Column("new", sa.Integer(), server_default="0", nullable=False),
        sa.Column("changed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_no", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('import', 'status_update', 'bulk')", name="kind_known"),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'canceled', 'skipped')", name="state_known"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_run_connection", "run", ["connection_id", "id"], unique=False)
    op.create_index(
        "ix_run_unfinished",
        "run",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_index(
        "uq_run_slot", "run", ["schedule_id", "slot"], unique=True, postgresql_where=sa.text("schedule_id IS NOT NULL")
    )
    op.create_table(
        "run_failure",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("merchant_id", sa.BigInteger(), nullable=True),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(collation="C"), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.CheckConstraint("state IN ('open', 'retried', 'ignored')", name="state_known"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_run_failure_open",
        "run_failure",
        ["connection_id", "digest"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_run_failure_run_id", "run_failure", ["run_id"], unique=False)
    op.create_table(
        "reported_total",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("warehouse_id", sa.BigInteger(), nullable=False),
        sa.Column("purchase_order_id", sa.BigInteger(), nullable=False),
        sa.Column("line_reference", sa.Text(collation="C"), nullable=False),
        sa.Column("total", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("damaged", sa.Numeric(precision=18, scale=6), server_default="0", nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("warehouse_id", "purchase_order_id", "line_reference"),
    )
    op.create_table(
        "receipt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("warehouse_id", sa.BigInteger(), nullable=False),
        sa.Column("merchant_id", sa.BigInteger(), nullable=True),
        sa.Column("purchase_order_id", sa.BigInteger(), nullable=True),
        sa.Column("external_id", sa.Text(collation="C"), nullable=False),
        sa.Column("po_reference", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("correction", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.String(), server_default="new", nullable=False),
        sa.Column("state_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("discrepancy", sa.Text(), server_default="", nullable=False),
        sa.Column("accepted_by", sa.Text(), nullable=True),
        sa.Column("final", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("cumulative", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("units", sa.Numeric(precision=18, scale=6), server_default="0", nullable=False),
        sa.Column(
            "references", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("content_digest", sa.Text(collation="C"), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("version_no", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("origin IN ('pull', 'webhook', 'api', 'portal', 'file')", name="origin_known"),
        sa.CheckConstraint(
            "state IN ('new', 'processing', 'ready', 'notifying', 'completed', 'error', 'archived')", name="state_known"
        ),
        sa.CheckConstraint("correction >= 0", name="correction_not_negative"),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchant.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["purchase_order_id"], ["purchase_order.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("warehouse_id", "external_id", "po_reference", "correction"),
    )
    op.create_index(
        "ix_receipt_external_id",
        "receipt",
        [sa.literal_column("(lower(external_id)) gin_trgm_ops")],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index("ix_receipt_merchant_id", "receipt", ["merchant_id", "id"], unique=False)
    op.create_index("ix_receipt_purchase_order_id", "receipt", ["purchase_order_id"], unique=False)
    op.create_index("ix_receipt_state", "receipt", ["state", "id"], unique=False)
    op.create_index(
        "ix_receipt_waiting", "receipt", ["created_at"], unique=False, postgresql_where=sa.text("state = 'new'")
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("merchant_id", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.BigInteger(), nullable=True),
        sa.Column("po_key_id", sa.BigInteger(), nullable=False),
        sa.Column("purchase_order_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(collation="C"), nullable=False),
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("document_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("state", sa.String(), server_default="due", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("unknown", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("covers", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_no", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('create', 'update', 'cancel', 'status')", name="kind_known"),
        sa.CheckConstraint(
            "state IN ('due', 'leased', 'done', 'failed', 'superseded', 'withdrawn')", name="state_known"
        ),
        sa.CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchant.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["po_key_id"], ["po_key.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("document_id", "version", "kind"),
    )
    op.create_index(
        "ix_delivery_due", "delivery", ["due_at"], unique=False, postgresql_where=sa.text("state IN ('due', 'leased')")
    )
    op.create_index("ix_delivery_purchase_order_id", "delivery", ["purchase_order_id"], unique=False)
    op.create_index("ix_delivery_state", "delivery", ["state", "id"], unique=False)
    op.create_index(
        "uq_delivery_status_due",
        "delivery",
        ["po_key_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'status' AND state = 'due'"),
    )
    op.create_table(
        "receipt_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line_item_id", sa.BigInteger(), nullable=True),
        sa.Column("line_key", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("line_number", sa.Integer(), nullable=True),
        sa.Column("source_line_id", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("sku", sa.Text(collation="C"), nullable=False),
        sa.Column("expected", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column("received", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("damaged", sa.Numeric(precision=18, scale=6), server_default="0", nullable=False),
        sa.Column("lot", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("expiry", sa.Date(), nullable=True),
        sa.Column("condition", sa.Text(), server_default="", nullable=False),
        sa.Column("unit_of_measure", sa.Text(), server_default="", nullable=False),
        sa.Column("pack_size", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.ForeignKeyConstraint(["line_item_id"], ["line_item.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("receipt_id", "position"),
    )
    op.create_index("ix_receipt_line_line_item_id", "receipt_line", ["line_item_id"], unique=False)
    op.create_table(
        "allocation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.Column("receipt_line_id", sa.BigInteger(), nullable=False),
        sa.Column("line_item_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("damaged", sa.Numeric(precision=18, scale=6), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["line_item_id"], ["line_item.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["receipt_line_id"], ["receipt_line.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("receipt_line_id", "line_item_id"),
    )
    op.create_index("ix_allocation_line_item_id", "allocation", ["line_item_id"], unique=False)
    op.create_index("ix_allocation_receipt_id", "allocation", ["receipt_id"], unique=False)


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("allocation")
    op.drop_table("receipt_line")
    op.drop_table("delivery")
    op.drop_table("receipt")
    op.drop_table("reported_total")
    op.drop_table("run_failure")
    op.drop_table("run")
    op.drop_table("judgement")
    op.drop_table("heartbeat")
    op.drop_table("delivery_attempt")
    op.drop_table("activity")
