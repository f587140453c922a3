"""Schema changes of the truth, by Alembic: `event` and `ledger_head` are migrated, whatever holds rows of them.

The tables of projections are not: they can be made anew, and a replay fills them.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory


def upgrade(engine: sa.Engine, metadata: sa.MetaData, tables: Sequence[sa.Table] | None = None) -> str:
    """Bring a database to the newest revision, and give that revision's name.

    A database without a ledger gets the tables as they are now; one with a ledger is migrated step by step, and then
    gets the tables that it lacks. `tables` names those that are wanted; all of the metadata's, when it is None.
    """
    config = Config()
    config.set_main_option("script_location", "pullcord.store:migrations")
    newest = ScriptDirectory.from_config(config).get_current_head()
    assert newest is not None
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        config.attributes["metadata"] = metadata
        if sa.inspect(connection).has_table("event"):
            if revision(connection) != newest:
                command.upgrade(config, newest)
        else:
            command.stamp(config, newest)
        metadata.create_all(connection, tables=tables)
    return newest


def revision(connection: sa.Connection) -> str | None:
    """The revision that a database is at; None when no migration has touched it."""
    return MigrationContext.configure(connection).get_current_revision()
