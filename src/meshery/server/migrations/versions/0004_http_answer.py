"""Answers to requests with an Idempotency-Key."""

import sqlalchemy as sa
from alembic import op

from meshery.core.database import JsonDoc, UtcTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "http_answer",
        sa.Column("actor", sa.String(200), primary_key=True),
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("reserved_until", UtcTime, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("headers", JsonDoc),
        sa.Column("body", sa.LargeBinary),
    )
    op.create_index("ix_http_answer_created_at", "http_answer", ["created_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("http_answer")
