"""Runs the one Alembic chain of all rooms (`meshery/server/migrations`) on an open connection."""

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


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
