"""Clusters that connect to us as leaf nodes, and are followed that way."""

import sqlalchemy as sa
from alembic import op

from meshery.core.database import UtcTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, add the column."""
    op.create_table(
        "leaf_account",
        sa.Column("connection_id", sa.String(36), primary_key=True),
        sa.Column("cluster_id", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
    )
    with op.batch_alter_table("kube_feed") as table:
        table.add_column(sa.Column("leaf", sa.String(36), nullable=False, server_default=""))


def downgrade() -> None:
    """Drop both."""
    with op.batch_alter_table("kube_feed") as table:
        table.drop_column("leaf")
    op.drop_table("leaf_account")
