"""What the console needs: bulk jobs, default views, the cause of an Error, and the indexes of the first page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_UNFINISHED = "status IN ('new', 'open', 'partially_received')"


def upgrade() -> None:
    """Make the tables, columns and indexes."""
    op.create_table(
        "bulk_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("purchase_order_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("state", sa.String(), server_default="waiting", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'done', 'skipped', 'failed')", name="state_known"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_bulk_item_run", "bulk_item", ["run_id", "state", "id"])
    op.add_column("run", sa.Column("user_id", sa.Integer(), nullable=True))
    op.create_index("ix_run_at", "run", ["at"])
    op.create_index(
        "uq_run_bulk_key",
        "run",
        [sa.literal_column("(request ->> 'key')")],
        unique=True,
        postgresql_where=sa.text("kind = 'bulk'"),
    )
    op.create_index(
        "ix_run_ended",
        "run",
        ["connection_id", "kind", "id"],
        postgresql_where=sa.text("state IN ('done', 'failed')"),
    )
    # No release has written this column: which view opens first is a choice of each user, not of the view.
    op.drop_column("saved_view", "is_default")
    op.create_table(
        "default_view",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("saved_view_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["saved_view_id"], ["saved_view.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "page"),
    )
    op.add_column("purchase_order", sa.Column("failed_step", sa.Text(), server_default="", nullable=False))
    op.create_check_constraint(
        "failed_step_known",
        "purchase_order",
        "failed_step IN ('', 'rules', 'routing', 'send', 'update', 'cancel', 'warehouse')",
    )
    _indexes_of_the_first_page()


def _indexes_of_the_first_page() -> None:
    op.create_index("ix_purchase_order_store", "purchase_order", ["store_id", "id"])
    op.create_index(
        "ix_purchase_order_merchant_status",
        "purchase_order",
        ["merchant_id", "status"],
        postgresql_include=["late_from"],
    )
    # The same as before, and what counting the late ones asks besides.
    op.drop_index("ix_purchase_order_late", "purchase_order")
    op.create_index(
        "ix_purchase_order_late",
        "purchase_order",
        ["late_from"],
        postgresql_include=["status", "merchant_id", "warehouse_id", "sent_at"],
        postgresql_where=sa.text(_UNFINISHED),
    )
    op.create_index(
        "ix_purchase_order_failed",
        "purchase_order",
        ["failed_step"],
        postgresql_include=["merchant_id", "warehouse_id", "sent_at"],
        postgresql_where=sa.text("status = 'error'"),
    )
    op.create_index(
        "ix_purchase_order_expected",
        "purchase_order",
        ["due_date"],
        postgresql_include=["merchant_id", "warehouse_id", "sent_at", "units_ordered", "units_received"],
        postgresql_where=sa.text(_UNFINISHED),
    )
    op.create_index(
        "ix_receipt_created_at",
        "receipt",
        ["created_at"],
        postgresql_include=["merchant_id", "warehouse_id", "units"],
    )


def downgrade() -> None:
    """Drop them again."""
    op.drop_index("ix_receipt_created_at", "receipt")
    op.drop_index("ix_purchase_order_expected", "purchase_order")
    op.drop_index("ix_purchase_order_failed", "purchase_order")
    op.drop_index("ix_purchase_order_late", "purchase_order")
    op.create_index("ix_purchase_order_late", "purchase_order", ["late_from"], postgresql_where=sa.text(_UNFINISHED))
    op.drop_index("ix_purchase_order_merchant_status", "purchase_order")
    op.drop_index("ix_purchase_order_store", "purchase_order")
    op.drop_constraint("failed_step_known", "purchase_order")
    op.drop_column("purchase_order", "failed_step")
    op.drop_table("default_view")
    op.add_column("saved_view", sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.drop_index("uq_run_bulk_key", "run")
    op.drop_index("ix_run_ended", "run")
    op.drop_index("ix_run_at", "run")
    op.drop_column("run", "user_id")
    op.drop_table("bulk_item")
