"""Calls, items and turns."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("transport", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("reason", sa.String()),
    )
    op.create_index("ix_calls_started_at", "calls", ["started_at"])
    op.create_table(
        "items",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column(
            "call_id", sa.String(), sa.ForeignKey("calls.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("interrupted", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("call_id", "item_id"),
    )
    op.create_index("ix_items_call_id", "items", ["call_id"])
    op.create_table(
        "turns",
        sa.Column(
            "call_id", sa.String(), sa.ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("turn", sa.Integer(), primary_key=True),
        sa.Column("ledger", sa.JSON(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("turns")
    op.drop_table("items")
    op.drop_table("calls")
