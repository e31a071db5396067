"""Leases, operations with their steps, and events."""

import sqlalchemy as sa
from alembic import op

from meshery.core.database import JsonDoc, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "lease",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("owner", sa.String(320), nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("until", UtcTime, nullable=False),
    )
    _create_operation()
    _create_step()
    _create_event()


def downgrade() -> None:
    """Drop the tables."""
    for name in ("event", "operation_step", "operation", "lease"):
        op.drop_table(name)


def _create_operation() -> None:
    op.create_table(
        "operation",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("kind", sa.String(100), nullable=False),
        sa.Column("subject_kind", sa.String(60), nullable=False),
        sa.Column("subject_id", sa.String(200), nullable=False),
        sa.Column("subject_name", sa.String(200), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("input", JsonDoc, nullable=False),
        sa.Column("progress", JsonDoc),
        sa.Column("result", JsonDoc),
        sa.Column("error", JsonDoc),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("parent_id", sa.String(36), nullable=False),
        sa.Column("idempotency_key", sa.String(500), unique=True),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("on_owner_loss", sa.String(10), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("started_at", UtcTime),
        sa.Column("ended_at", UtcTime),
        sa.Column("published_at", UtcTime, nullable=False),
        sa.Column("publishes", sa.Integer, nullable=False),
        sa.Column("owner", sa.String(320), nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("lease_until", UtcTime),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("asked", sa.Boolean, nullable=False),
    )
    for columns in (
        ["state", "lease_until"],
        ["parent_id"],
        ["created_at"],
        ["subject_kind", "subject_id"],
    ):
        op.create_index(f"ix_operation_{'_'.join(columns)}", "operation", columns)


def _create_step() -> None:
    op.create_table(
        "operation_step",
        sa.Column(
            "operation_id",
            sa.String(36),
            sa.ForeignKey("operation.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("started_at", UtcTime, nullable=False),
        sa.Column("ended_at", UtcTime),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("result", JsonDoc),
    )


def _create_event() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("seq", sa.BigInteger),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("operation_id", sa.String(36), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("category", sa.String(60), nullable=False),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("subject_kind", sa.String(60), nullable=False),
        sa.Column("subject_id", sa.String(200), nullable=False),
        sa.Column("subject_name", sa.String(200), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("error", JsonDoc),
    )
    for column in ("at", "seq", "operation_id"):
        op.create_index(f"ix_event_{column}", "event", [column])
