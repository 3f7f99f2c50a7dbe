"""Purchase orders, their lines, keys and the send ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "source_document",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", "at"),
    )
    op.create_table(
        "po_key",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(collation="C"), nullable=False),
        sa.Column("part", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("purchase_order_id", sa.BigInteger(), nullable=True),
        sa.Column("raw_digest", sa.Text(collation="C"), nullable=True),
        sa.Column("refused_digest", sa.Text(collation="C"), nullable=True),
        sa.Column("tombstoned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tombstoned_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("store_id", "external_id", "part"),
    )
    op.create_index("ix_po_key_purchase_order_id", "po_key", ["purchase_order_id"], unique=False)
    op.create_index("ix_po_key_raw_digest", "po_key", ["connection_id", "raw_digest"], unique=False)
    op.create_table(
        "purchase_order",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("merchant_id", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(collation="C"), nullable=False),
        sa.Column("part", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=True),
        sa.Column("buyer_name", sa.Text(), server_default="", nullable=False),
        sa.Column("supplier_code", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("supplier_name", sa.Text(), server_default="", nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("currency", sa.Text(), server_default="", nullable=False),
        sa.Column("notes", sa.Text(), server_default="", nullable=False),
        sa.Column("tags", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("location", sa.Text(), server_default="", nullable=False),
        sa.Column("ship_to", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("custom", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("source_state", sa.Text(), server_default="active", nullable=False),
        sa.Column("source_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warehouse_id", sa.BigInteger(), nullable=True),
        sa.Column("facility", sa.Text(), server_default="", nullable=False),
        sa.Column("warehouse_ref", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("status", sa.String(), server_default="new", nullable=False),
        sa.Column("status_reason", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "status_since", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("step", sa.String(), server_default="judge", nullable=False),
        sa.Column(
            "step_due_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=True
        ),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_no", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_by", sa.Text(), server_default="", nullable=False),
        sa.Column("rejected", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("judged_versions", sa.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("judgement_id", sa.BigInteger(), nullable=True),
        sa.Column("lines_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("units_ordered", sa.Numeric(precision=18, scale=6), server_default="0", nullable=False),
        sa.Column("units_received", sa.Numeric(precision=18, scale=6), server_default="0", nullable=False),
        sa.Column("total_cost", sa.Numeric(precision=18, scale=6), server_default="0", nullable=False),
        sa.Column(
            "imported_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("late_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("late_noticed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_receipt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_state", sa.Text(), server_default="", nullable=False),
        sa.Column("status_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("snapshot", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("edits", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("edited", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("content_digest", sa.Text(collation="C"), nullable=False),
        sa.Column("source_document_id", sa.BigInteger(), nullable=True),
        sa.Column("version_no", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "status IN ('new', 'open', 'partially_received', 'received', 'canceled', 'error', 'closed', 'archived')",
            name="status_known",
        ),
        sa.CheckConstraint("step IN ('judge', 'hold', 'send', 'wait', 'none')", name="step_known"),
        sa.CheckConstraint("lease_owner IS NULL OR lease_until IS NOT NULL", name="lease_has_an_end"),
        sa.CheckConstraint(
            "lines_count >= 0 AND units_ordered >= 0 AND units_received >= 0", name="counts_not_negative"
        ),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchant.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["parent_id"], ["purchase_order.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection_id", "external_id", "part"),
    )
    op.create_index("ix_purchase_order_connection", "purchase_order", ["connection_id", "id"], unique=False)
    op.create_index(
        "ix_purchase_order_due",
        "purchase_order",
        ["step_due_at"],
        unique=False,
        postgresql_where=sa.text("step IN ('judge', 'hold')"),
    )
    op.create_index(
        "ix_purchase_order_late",
        "purchase_order",
        ["late_from"],
        unique=False,
        postgresql_where=sa.text("status IN ('new', 'open', 'partially_received')"),
    )
    op.create_index("ix_purchase_order_merchant", "purchase_order", ["merchant_id", "id"], unique=False)
    op.create_index("ix_purchase_order_number", "purchase_order", ["number"], unique=False)
    op.create_index(
        "ix_purchase_order_warehouse_ref",
        "purchase_order",
        ["warehouse_id", "warehouse_ref"],
        unique=False,
        postgresql_where=sa.text("warehouse_ref <> ''"),
    )
    op.create_index(
        "ix_purchase_order_search",
        "purchase_order",
        [
            sa.literal_column(
                """(lower((number || ' ' || external_id || ' ' || buyer_name) COLLATE "default")) gin_trgm_ops"""
            )
        ],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index("ix_purchase_order_status", "purchase_order", ["status", "id"], unique=False)
    op.create_index("ix_purchase_order_warehouse", "purchase_order", ["warehouse_id", "id"], unique=False)
    op.create_table(
        "document",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("po_key_id", sa.BigInteger(), nullable=False),
        sa.Column("warehouse_id", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("key", sa.Text(collation="C"), server_default=sa.text("gen_random_uuid()::text"), nullable=False),
        sa.Column("state", sa.String(), server_default="planned", nullable=False),
        sa.Column("warehouse_ref", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("confirmed_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('planned', 'unknown', 'accepted', 'canceling', 'canceled', 'finished', 'absent')",
            name="state_known",
        ),
        sa.ForeignKeyConstraint(["po_key_id"], ["po_key.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index(
        "ix_document_warehouse_ref",
        "document",
        ["warehouse_id", "warehouse_ref"],
        unique=False,
        postgresql_where=sa.text("warehouse_ref <> ''"),
    )
    op.create_index(
        "uq_document_live",
        "document",
        ["po_key_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('planned', 'unknown', 'accepted', 'canceling')"),
    )
    op.create_table(
        "line_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("purchase_order_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line_number", sa.Integer(), nullable=False),
        sa.Column("source_line_id", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("sku", sa.Text(collation="C"), nullable=False),
        sa.Column("supplier_sku", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("barcode", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("quantity", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("received_before", sa.Numeric(precision=18, scale=6), server_default="0", nullable=False),
        sa.Column("received", sa.Numeric(precision=18, scale=6), server_default="0", nullable=False),
        sa.Column("damaged", sa.Numeric(precision=18, scale=6), server_default="0", nullable=False),
        sa.Column("booked", sa.Numeric(precision=18, scale=6), server_default="0", nullable=False),
        sa.Column("unit_of_measure", sa.Text(), server_default="", nullable=False),
        sa.Column("pack_size", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column("unit_cost", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column("expected_date", sa.Date(), nullable=True),
        sa.Column("custom", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("left_out_by", sa.Text(), nullable=True),
        sa.Column("closed_short_quantity", sa.Numeric(precision=18, scale=6), server_default="0", nullable=False),
        sa.Column("closed_short_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("closed_short_quantity >= 0", name="closed_short_not_negative"),
        sa.CheckConstraint("damaged >= 0 AND damaged <= received", name="damaged_is_a_part"),
        sa.CheckConstraint("pack_size IS NULL OR pack_size > 0", name="pack_size_positive"),
        sa.CheckConstraint("quantity >= 0 AND received_before >= 0 AND received >= 0", name="quantities_not_negative"),
        sa.ForeignKeyConstraint(["purchase_order_id"], ["purchase_order.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("purchase_order_id", "key"),
    )
    op.create_index(
        "ix_line_item_sku",
        "line_item",
        [sa.literal_column("(lower(sku)) gin_trgm_ops")],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "pending_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("purchase_order_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("snapshot", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_digest", sa.Text(collation="C"), nullable=False),
        sa.Column("raw_digest", sa.Text(collation="C"), nullable=False),
        sa.Column("source_document_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("kind IN ('change', 'cancel')", name="kind_known"),
        sa.ForeignKeyConstraint(["purchase_order_id"], ["purchase_order.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("purchase_order_id"),
    )


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("pending_change")
    op.drop_table("line_item")
    op.drop_table("document")
    op.drop_table("purchase_order")
    op.drop_table("po_key")
    op.drop_table("source_document")
