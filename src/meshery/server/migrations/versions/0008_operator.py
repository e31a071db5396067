"""Which connected clusters hold our operator, and in which namespace."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    with op.batch_alter_table("connection") as table:
        table.add_column(sa.Column("operator", sa.String(253), nullable=False, server_default=""))


def downgrade() -> None:
    """Drop it."""
    with op.batch_alter_table("connection") as table:
        table.drop_column("operator")
