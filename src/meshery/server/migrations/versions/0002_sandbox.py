"""Sandboxes, their objects, and what changed."""

import sqlalchemy as sa
from alembic import op

from meshery.core.database import JsonDoc, UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "sandbox",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("layout", JsonDoc, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("rotated_at", UtcTime, nullable=True),
        sa.Column("ready_s", sa.Float, nullable=True),
    )
    op.create_table(
        "sandbox_object",
        sa.Column("sandbox", sa.String(32), primary_key=True),
        sa.Column("api_version", sa.String(128), primary_key=True),
        sa.Column("kind", sa.String(64), primary_key=True),
        sa.Column("namespace", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("document", JsonDoc, nullable=False),
        sa.ForeignKeyConstraint(["sandbox"], ["sandbox.name"], ondelete="CASCADE"),
    )
    op.create_table(
        "sandbox_change",
        sa.Column("sandbox", sa.String(32), primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("api_version", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("document", JsonDoc, nullable=False),
        sa.ForeignKeyConstraint(["sandbox"], ["sandbox.name"], ondelete="CASCADE"),
    )


def downgrade() -> None:
    """Drop the tables."""
    for name in ("sandbox_change", "sandbox_object", "sandbox"):
        op.drop_table(name)
