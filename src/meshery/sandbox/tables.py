"""Rows of sandboxes: what is wanted (objects), where it runs (layout), and what changed.

`sandbox.version` is the resource version of its newest change; `sandbox_change` keeps the latest
ones so that a watch can resume. Everything of a sandbox goes with its row.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKeyConstraint,
    String,
    Table,
)

from meshery.core.database import JsonDoc, UtcTime, metadata

sandbox = Table(
    "sandbox",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("id", String(36), nullable=False),
    Column("host", String(255), nullable=False),
    Column("phase", String(16), nullable=False),
    Column("reason", String, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("layout", JsonDoc, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("rotated_at", UtcTime, nullable=True),
    Column("ready_s", Float, nullable=True),
)

sandbox_object = Table(
    "sandbox_object",
    metadata,
    Column("sandbox", String(32), primary_key=True),
    Column("api_version", String(128), primary_key=True),
    Column("kind", String(64), primary_key=True),
    Column("namespace", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("document", JsonDoc, nullable=False),
    ForeignKeyConstraint(["sandbox"], ["sandbox.name"], ondelete="CASCADE"),
)

sandbox_change = Table(
    "sandbox_change",
    metadata,
    Column("sandbox", String(32), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("what", String(16), nullable=False),
    Column("api_version", String(128), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("document", JsonDoc, nullable=False),
    ForeignKeyConstraint(["sandbox"], ["sandbox.name"], ondelete="CASCADE"),
)
