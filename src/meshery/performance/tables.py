"""Rows of performance: profiles, results, and the histograms of results.

A result's columns are what one lists, orders and searches by; its document is the whole of it,
without the histograms, which are many times larger and only read for exports and comparisons.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from meshery.core.database import JsonDoc, UtcTime, metadata

performance_profiles = Table(
    "performance_profiles",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("document", JsonDoc, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("last_run_at", UtcTime, nullable=True),
)

performance_results = Table(
    "performance_results",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("operation_id", String(36), nullable=False),
    Column("profile_id", String(36), nullable=False),
    Column("sandbox", String(64), nullable=False),
    Column("mesh", String(64), nullable=False),
    Column("validity", String(16), nullable=False),
    Column("rate_rps", Float, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("errors", BigInteger, nullable=False),
    Column("p50_us", Float, nullable=True),
    Column("p90_us", Float, nullable=True),
    Column("p99_us", Float, nullable=True),
    Column("delta_p50_us", Float, nullable=True),
    Column("created_at", UtcTime, nullable=False),
    Column("document", JsonDoc, nullable=False),
    Index(None, "created_at", "id"),
    Index(None, "profile_id"),
    Index(None, "operation_id"),
)

performance_histograms = Table(
    "performance_histograms",
    metadata,
    Column("result_id", String(36), primary_key=True),
    Column("arm", String(64), primary_key=True),
    Column("measure", String(16), primary_key=True),
    Column("encoded", LargeBinary, nullable=False),
    ForeignKeyConstraint(["result_id"], ["performance_results.id"], ondelete="CASCADE"),
)
"""`measure` is corrected, service or connect (HDR, V2 base64) or blocks (packed counts)."""
