"""Schema changes of the ledger's own tables, by Alembic: they are migrated, whatever holds rows of them.

The tables of projections are not: they can be made anew, and a replay fills them.
"""

from __future__ import annotations

import threading

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from ..columns import METADATA
from ..schema import EVENT, OWN, REVISIONS

_ONE_AT_A_TIME = threading.Lock()  # Alembic's context is one for the whole process


def alembic_config(connection: sa.Connection) -> Config:
    """What Alembic's commands need to work on the ledger at the other end of a connection."""
    config = Config()
    config.set_main_option("script_location", "pullcord.store:migrations")
    config.attributes["connection"] = connection
    return config


def upgrade(connection: sa.Connection) -> None:
    """Bring a database to the newest revision, within the transaction that the caller has begun and will commit.

    A database without a ledger gets the tables as they are now; one with a ledger is migrated step by step.
    """
    if not connection.in_transaction():
        connection.begin()  # so that Alembic leaves the commit to the caller
    with _ONE_AT_A_TIME:
        if sa.inspect(connection).has_table(EVENT.name):
            command.upgrade(alembic_config(connection), REVISIONS[-1])
        else:
            METADATA.create_all(connection, tables=OWN, checkfirst=False)
            command.stamp(alembic_config(connection), REVISIONS[-1])
