"""Revisions and metadata tell the same story."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from slot_shop import NOON, PROJECTIONS

from pullcord.base import FixedClock, ProgramId
from pullcord.store import METADATA, Ledger
from pullcord.store.migrations import revision, upgrade

OWN = ("event", "ledger_head")


def differences(engine: sa.Engine) -> list[Any]:
    """What Alembic would still change in the ledger's own tables."""

    def include(_thing: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
        return kind != "table" or name in OWN

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": include, "compare_type": True, "compare_server_default": True}
        )
        return list(compare_metadata(context, METADATA))


def constraints(engine: sa.Engine) -> dict[str, Any]:
    inspector = sa.inspect(engine)
    return {
        table: (
            inspector.get_pk_constraint(table),
            sorted(c["name"] or "" for c in inspector.get_unique_constraints(table)),
            sorted(c["name"] or "" for c in inspector.get_check_constraints(table)),
        )
        for table in OWN
    }


def by_revisions(engine: sa.Engine) -> None:
    config = Config()
    config.set_main_option("script_location", "pullcord.store:migrations")
    with engine.connect() as connection:
        config.attributes.update(connection=connection, metadata=METADATA)
        command.upgrade(config, "head")
        connection.commit()


def test_a_database_made_step_by_step_equals_one_made_at_once(ledger_url: str) -> None:
    engine = sa.create_engine(ledger_url)
    by_revisions(engine)
    assert differences(engine) == []
    stepwise = constraints(engine)
    with engine.begin() as connection:
        for table in (*OWN, "alembic_version"):
            connection.execute(sa.text("DROP TABLE " + table))
    newest = upgrade(engine, METADATA, [METADATA.tables[name] for name in OWN])
    assert differences(engine) == []
    assert constraints(engine) == stepwise
    with engine.connect() as connection:
        assert revision(connection) == newest
    engine.dispose()


def test_an_opened_ledger_knows_its_revision_and_can_be_upgraded(ledger_url: str) -> None:
    with Ledger.open(ledger_url, ProgramId("trial"), clock=FixedClock(NOON), projections=PROJECTIONS):
        pass
    engine = sa.create_engine(ledger_url)
    with engine.connect() as connection:
        before = revision(connection)
    assert before is not None
    assert upgrade(engine, METADATA, [METADATA.tables[name] for name in OWN]) == before
    assert sa.inspect(engine).has_table("trial_holding")
    engine.dispose()
