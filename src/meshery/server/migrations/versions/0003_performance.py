"""Profiles, results, and the histograms of results."""

import sqlalchemy as sa
from alembic import op

from meshery.core.database import JsonDoc, UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "performance_profiles",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False, unique=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("document", JsonDoc, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("updated_at", UtcTime, nullable=False),
        sa.Column("last_run_at", UtcTime),
    )
    _create_results()
    op.create_table(
        "performance_histograms",
        sa.Column("result_id", sa.String(36), primary_key=True),
        sa.Column("arm", sa.String(64), primary_key=True),
        sa.Column("measure", sa.String(16), primary_key=True),
        sa.Column("encoded", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["result_id"], ["performance_results.id"], ondelete="CASCADE"),
    )


def downgrade() -> None:
    """Drop the tables."""
    for name in ("performance_histograms", "performance_results", "performance_profiles"):
        op.drop_table(name)


def _create_results() -> None:
    op.create_table(
        "performance_results",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("operation_id", sa.String(36), nullable=False),
        sa.Column("profile_id", sa.String(36), nullable=False),
        sa.Column("sandbox", sa.String(64), nullable=False),
        sa.Column("mesh", sa.String(64), nullable=False),
        sa.Column("validity", sa.String(16), nullable=False),
        sa.Column("rate_rps", sa.Float, nullable=False),
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.Column("errors", sa.BigInteger, nullable=False),
        sa.Column("p50_us", sa.Float),
        sa.Column("p90_us", sa.Float),
        sa.Column("p99_us", sa.Float),
        sa.Column("delta_p50_us", sa.Float),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("document", JsonDoc, nullable=False),
    )
    for column in ("created_at", "profile_id", "operation_id"):
        op.create_index(f"ix_performance_results_{column}", "performance_results", [column])
