"""Rows of connections. `access` is sealed by our keys: it holds the login.

`identity` is one for each pair of cluster and context, so that the same one is not kept twice;
`revision` counts logins, so that a look with an older one does not overwrite a newer finding.
`operator` is the namespace of the operator that we deployed there.
"""

from sqlalchemy import Column, Integer, LargeBinary, String, Table

from meshery.core.database import UtcTime, metadata

connection = Table(
    "connection",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("identity", String(64), nullable=False, unique=True),
    Column("kind", String(32), nullable=False),
    Column("name", String(253), nullable=False),
    Column("server", String(2048), nullable=False),
    Column("namespace", String(253), nullable=False),
    Column("cluster_id", String(64), nullable=False),
    Column("version", String(64), nullable=False),
    Column("login", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String, nullable=False),
    Column("remedy", String, nullable=False),
    Column("checked_at", UtcTime, nullable=True),
    Column("created_at", UtcTime, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("access", LargeBinary, nullable=False),
    Column("operator", String(253), nullable=False, server_default=""),
)

leaf_account = Table(
    "leaf_account",
    metadata,
    Column("connection_id", String(36), primary_key=True),
    Column("cluster_id", String(64), nullable=False),
    Column("key", String(64), nullable=False),
    Column("created_at", UtcTime, nullable=False),
)
"""Clusters that may connect to us as leaf nodes, by the public half of a key."""
