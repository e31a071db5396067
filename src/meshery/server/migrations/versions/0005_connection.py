"""Connected clusters."""

import sqlalchemy as sa
from alembic import op

from meshery.core.database import UtcTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "connection",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("identity", sa.String(64), nullable=False, unique=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", sa.String(253), nullable=False),
        sa.Column("server", sa.String(2048), nullable=False),
        sa.Column("namespace", sa.String(253), nullable=False),
        sa.Column("cluster_id", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("login", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("remedy", sa.String, nullable=False),
        sa.Column("checked_at", UtcTime, nullable=True),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("access", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("connection")
