"""Alembic's environment: runs the chain on the connection of `Database.migrate()`.

Running it needs no table of any room; comparing does (`schema.differences`), and loads them.
"""

from alembic import context

from meshery.core.database import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
    transactional_ddl=True,
)
context.run_migrations()
