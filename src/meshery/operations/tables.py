"""Rows of operations, their steps and events. Only this room touches them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from meshery.core.database import JsonDoc, UtcTime, metadata

operation = Table(
    "operation",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(100), nullable=False),
    Column("subject_kind", String(60), nullable=False),
    Column("subject_id", String(200), nullable=False),
    Column("subject_name", String(200), nullable=False),
    Column("state", String(12), nullable=False),
    Column("input", JsonDoc, nullable=False),
    Column("progress", JsonDoc),
    Column("result", JsonDoc),
    Column("error", JsonDoc),
    Column("actor", String(200), nullable=False),
    Column("parent_id", String(36), nullable=False),
    Column("idempotency_key", String(500), unique=True),
    Column("host", String(255), nullable=False),
    Column("on_owner_loss", String(10), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("ended_at", UtcTime),
    # When its wake-up was last published, and how often: unclaimed rows are published again.
    Column("published_at", UtcTime, nullable=False),
    Column("publishes", Integer, nullable=False),
    # The claim: who works on it, until when that holds, and the counter that fences older owners.
    Column("owner", String(320), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("lease_until", UtcTime),
    Column("attempt", Integer, nullable=False),
    # Its owner was lost and its parent is to decide (on_owner_loss = ask).
    Column("asked", Boolean, nullable=False),
    Index(None, "state", "lease_until"),
    Index(None, "parent_id"),
    Index(None, "created_at", "id"),
    Index(None, "subject_kind", "subject_id"),
)

step = Table(
    "operation_step",
    metadata,
    Column(
        "operation_id",
        String(36),
        ForeignKey("operation.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("name", String(200), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("attempt", Integer, nullable=False),
    Column("result", JsonDoc),
)

event = Table(
    "event",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("seq", BigInteger),
    Column("at", UtcTime, nullable=False),
    Column("operation_id", String(36), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("category", String(60), nullable=False),
    Column("severity", String(8), nullable=False),
    Column("subject_kind", String(60), nullable=False),
    Column("subject_id", String(200), nullable=False),
    Column("subject_name", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("error", JsonDoc),
    Index(None, "at", "id"),
    Index(None, "seq"),
    Index(None, "operation_id"),
)
