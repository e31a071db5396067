"""Runs the one Alembic chain of all rooms (`meshery/server/migrations`) on an open connection."""

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from meshery.core.database import metadata


def chain_config() -> Config:
    """Alembic's configuration; there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", "meshery.server:migrations")
    config.set_main_option("path_separator", "os")
    return config


def head() -> str:
    """The newest revision of the chain."""
    return ScriptDirectory.from_config(chain_config()).get_current_head() or ""


def upgrade(connection: Connection) -> None:
    """Upgrade to the newest revision, inside the caller's transaction."""
    config = chain_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def load_tables() -> None:
    """Put the tables of all rooms on the metadata: those of `core`, and of `meshery.tables`."""
    import_module("meshery.core.leases")
    for point in entry_points(group="meshery.tables"):
        point.load()


def differences(connection: Connection) -> list[Any]:
    """What the declared tables have that the migrated database has not, and the reverse."""
    load_tables()
    options = {"compare_type": True, "compare_server_default": False}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))
