"""Rows of what was seen in clusters. Only this room touches them."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, String, Table, Text

from meshery.core.database import JsonDoc, UtcTime, metadata

kube_object = Table(
    "kube_object",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("cluster_id", String(64), nullable=False),
    Column("uid", String(64), nullable=False),
    Column("api_version", String(320), nullable=False),
    Column("api_group", String(255), nullable=False),
    Column("kind", String(100), nullable=False),
    Column("namespace", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("meshsync_id", Text, nullable=False),
    Column("resource_version", String(64), nullable=False),
    # The same as a number, 0 where it is none: which of two states is the later one.
    Column("version", BigInteger, nullable=False),
    Column("created_at", UtcTime),
    Column("seen_at", UtcTime, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Index(None, "cluster_id", "kind", "namespace", "name"),
    Index(None, "kind", "namespace", "name"),
    Index(None, "name", "id"),
)

kube_label = Table(
    "kube_label",
    metadata,
    Column("object_id", String(36), primary_key=True),
    Column("key", String(317), primary_key=True),
    Column("value", String(63), nullable=False),
    Index(None, "key", "value"),
)

kube_relation = Table(
    "kube_relation",
    metadata,
    Column("object_id", String(36), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("cluster_id", String(64), nullable=False),
    Column("type", String(10), nullable=False),
    Column("to_group", String(255), nullable=False),
    Column("to_kind", String(100), nullable=False),
    Column("to_namespace", String(255), nullable=False),
    # Empty where a selector says which ones.
    Column("to_name", String(255), nullable=False),
    Column("selector", JsonDoc),
    Index(None, "cluster_id", "to_kind", "to_namespace", "to_name"),
)

kube_change = Table(
    "kube_change",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("cluster_id", String(64), nullable=False),
    Column("object_id", String(36), nullable=False),
    Column("event", String(8), nullable=False),
    Column("api_version", String(320), nullable=False),
    Column("kind", String(100), nullable=False),
    Column("namespace", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("resource_version", String(64), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("at", UtcTime, nullable=False),
    # What its author wrote; none where the object was not told when it vanished.
    Column("document", LargeBinary),
    Index(None, "object_id", "id"),
    Index(None, "at"),
)

kube_watch = Table(
    "kube_watch",
    metadata,
    Column("cluster_id", String(64), primary_key=True),
    Column("resource", String(320), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("api_version", String(320), nullable=False),
    Column("kind", String(100), nullable=False),
    Column("state", String(10), nullable=False),
    Column("objects", Integer, nullable=False),
    Column("lag_s", Float, nullable=False),
    Column("error", Text, nullable=False),
    Column("synced_at", UtcTime),
    Column("reported_at", UtcTime, nullable=False),
)

kube_cluster = Table(
    "kube_cluster",
    metadata,
    Column("cluster_id", String(64), primary_key=True),
    Column("version", String(64), nullable=False),
    Column("epoch", String(64), nullable=False),
    Column("reported_at", UtcTime, nullable=False),
)

discovery_cursor = Table(
    "discovery_cursor",
    metadata,
    Column("name", String(64), primary_key=True),
    # Which stream the position is in: one that was made anew counts from 1.
    Column("stream", String(64), nullable=False),
    Column("position", BigInteger, nullable=False),
)
"""How far the stream is stored; written together with what it tells."""

kube_feed = Table(
    "kube_feed",
    metadata,
    Column("cluster_id", String(64), primary_key=True),
    Column("namespace", String(255), nullable=False),
    Column("service", String(255), nullable=False),
    Column("port", Integer, nullable=False),
    Column("secret", String(255), nullable=False),
    Column("key", String(255), nullable=False),
    Column("url", Text, nullable=False),
    Column("leaf", String(36), nullable=False, server_default=""),
    Column("state", String(12), nullable=False),
    # Which stream of the broker the position is in.
    Column("stream", String(64), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("behind", BigInteger, nullable=False),
    Column("lag_s", Float, nullable=False),
    Column("error", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
)
"""Clusters that are followed at their own broker; all others are watched from here."""
