"""What was seen in clusters: objects, labels, relations, changes, and the state of watches."""

import sqlalchemy as sa
from alembic import op

from meshery.core.database import JsonDoc, UtcTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _create_objects()
    _create_changes()
    _create_watches()


def _create_objects() -> None:
    op.create_table(
        "kube_object",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("cluster_id", sa.String(64), nullable=False),
        sa.Column("uid", sa.String(64), nullable=False),
        sa.Column("api_version", sa.String(320), nullable=False),
        sa.Column("api_group", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(100), nullable=False),
        sa.Column("namespace", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("meshsync_id", sa.Text, nullable=False),
        sa.Column("resource_version", sa.String(64), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("created_at", UtcTime),
        sa.Column("seen_at", UtcTime, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
    place = ["kind", "namespace", "name"]
    op.create_index(
        "ix_kube_object_cluster_id_kind_namespace_name", "kube_object", ["cluster_id", *place]
    )
    op.create_index("ix_kube_object_kind_namespace_name", "kube_object", place)
    op.create_index("ix_kube_object_name", "kube_object", ["name"])
    op.create_table(
        "kube_label",
        sa.Column("object_id", sa.String(36), primary_key=True),
        sa.Column("key", sa.String(317), primary_key=True),
        sa.Column("value", sa.String(63), nullable=False),
    )
    op.create_index("ix_kube_label_key_value", "kube_label", ["key", "value"])
    op.create_table(
        "kube_relation",
        sa.Column("object_id", sa.String(36), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("cluster_id", sa.String(64), nullable=False),
        sa.Column("type", sa.String(10), nullable=False),
        sa.Column("to_group", sa.String(255), nullable=False),
        sa.Column("to_kind", sa.String(100), nullable=False),
        sa.Column("to_namespace", sa.String(255), nullable=False),
        sa.Column("to_name", sa.String(255), nullable=False),
        sa.Column("selector", JsonDoc),
    )
    to = ["cluster_id", "to_kind", "to_namespace", "to_name"]
    name = "ix_kube_relation_cluster_id_to_kind_to_namespace_to_name"
    op.create_index(name, "kube_relation", to)


def _create_changes() -> None:
    op.create_table(
        "kube_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("cluster_id", sa.String(64), nullable=False),
        sa.Column("object_id", sa.String(36), nullable=False),
        sa.Column("event", sa.String(8), nullable=False),
        sa.Column("api_version", sa.String(320), nullable=False),
        sa.Column("kind", sa.String(100), nullable=False),
        sa.Column("namespace", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("resource_version", sa.String(64), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("document", sa.LargeBinary),
    )
    op.create_index("ix_kube_change_object_id_id", "kube_change", ["object_id", "id"])
    op.create_index("ix_kube_change_at", "kube_change", ["at"])


def _create_watches() -> None:
    op.create_table(
        "kube_watch",
        sa.Column("cluster_id", sa.String(64), primary_key=True),
        sa.Column("resource", sa.String(320), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("api_version", sa.String(320), nullable=False),
        sa.Column("kind", sa.String(100), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("objects", sa.Integer, nullable=False),
        sa.Column("lag_s", sa.Float, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("synced_at", UtcTime),
        sa.Column("reported_at", UtcTime, nullable=False),
    )
    op.create_table(
        "kube_cluster",
        sa.Column("cluster_id", sa.String(64), primary_key=True),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("epoch", sa.String(64), nullable=False),
        sa.Column("reported_at", UtcTime, nullable=False),
    )
    op.create_table(
        "discovery_cursor",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("stream", sa.String(64), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for table in (
        *("discovery_cursor", "kube_cluster", "kube_watch", "kube_change"),
        *("kube_relation", "kube_label", "kube_object"),
    ):
        op.drop_table(table)
