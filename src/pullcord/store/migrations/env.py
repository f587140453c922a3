"""Alembic runs this file; the connection comes from `alembic_config`."""

from __future__ import annotations

from alembic import context

from pullcord.store.columns import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite changes a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
