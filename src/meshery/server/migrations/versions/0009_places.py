"""What lists are ordered by has the row's id beside it, so that a list goes on after any row."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ORDERS = {
    "kube_object": "name",
    "operation": "created_at",
    "event": "at",
    "performance_results": "created_at",
}


def upgrade() -> None:
    """Replace the indexes of single columns."""
    for table, column in _ORDERS.items():
        op.drop_index(f"ix_{table}_{column}", table)
        op.create_index(f"ix_{table}_{column}_id", table, [column, "id"])


def downgrade() -> None:
    """Put them back."""
    for table, column in _ORDERS.items():
        op.drop_index(f"ix_{table}_{column}_id", table)
        op.create_index(f"ix_{table}_{column}", table, [column])
