"""Revisions and metadata tell the same story, and an older ledger is brought to the newest when it is opened."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from slot_shop import PROJECTIONS, TRIAL, open_week, opened, take
from slot_shop_later import connected, run_sql

from pullcord.base import Conflict, PartnerFailure, ProgramId
from pullcord.store import METADATA, open_reader, programs, rebuild, verify
from pullcord.store.migrations import alembic_config, upgrade
from pullcord.store.schema import OWN, REVISIONS

NAMES = tuple(table.name for table in OWN)


def differences(connection: sa.Connection) -> list[Any]:
    """What Alembic would still change in the ledger's own tables."""

    def include(_thing: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
        return kind != "table" or name in NAMES

    context = MigrationContext.configure(
        connection, opts={"include_object": include, "compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, METADATA))


def constraints(connection: sa.Connection) -> dict[str, Any]:
    inspector = sa.inspect(connection)
    return {
        table: (
            inspector.get_pk_constraint(table),
            sorted(c["name"] or "" for c in inspector.get_unique_constraints(table)),
            sorted(c["name"] or "" for c in inspector.get_check_constraints(table)),
        )
        for table in NAMES
    }


def revision(url: str) -> str | None:
    with connected(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def step_back(url: str) -> None:
    """Make a ledger what it was at revision v0001, which knew nothing of forms."""
    run_sql(url, "DROP TABLE projection_form", "UPDATE alembic_version SET version_num = 'v0001'")


def fill(url: str, program_id: ProgramId = TRIAL) -> None:
    with opened(url, program_id) as ledger:
        ledger.execute_many([open_week("w10", 9), *(take("w10", f"h{i}", options=("roof",)) for i in range(5))])


def test_a_database_made_step_by_step_equals_one_made_at_once(ledger_url: str) -> None:
    with connected(ledger_url) as connection:
        for name in REVISIONS:
            command.upgrade(alembic_config(connection), name)
    with connected(ledger_url) as connection:
        assert differences(connection) == []
        stepwise = constraints(connection)
        for table in (*NAMES, "alembic_version"):
            connection.execute(sa.text("DROP TABLE " + table))
    with connected(ledger_url) as connection:
        upgrade(connection)
    with connected(ledger_url) as connection:
        assert differences(connection) == []
        assert constraints(connection) == stepwise
    assert revision(ledger_url) == REVISIONS[-1]


def test_the_revisions_that_are_named_are_those_that_exist(ledger_url: str) -> None:
    with connected(ledger_url) as connection:
        scripts = ScriptDirectory.from_config(alembic_config(connection))
    assert [script.revision for script in scripts.walk_revisions()] == list(reversed(REVISIONS))


def test_an_older_ledger_is_brought_to_the_newest_when_it_is_opened(ledger_url: str) -> None:
    fill(ledger_url)
    step_back(ledger_url)
    for read in (
        lambda: open_reader(ledger_url, TRIAL, PROJECTIONS),
        lambda: verify(ledger_url, TRIAL, PROJECTIONS),
        lambda: opened(ledger_url, create=False).__enter__(),
    ):
        with pytest.raises(Conflict, match="is at revision `v0001`, and this Pullcord reads `v0002`"):
            read()
    assert revision(ledger_url) == "v0001"
    assert programs(ledger_url) == [TRIAL]
    with pytest.raises(Conflict, match="never filled from the events"), opened(ledger_url):
        pass
    assert revision(ledger_url) == REVISIONS[-1]
    rebuild(ledger_url, TRIAL, PROJECTIONS)
    with opened(ledger_url) as ledger:
        assert ledger.head() == 22
        ledger.execute(take("w10", "late"))
    assert verify(ledger_url, TRIAL, PROJECTIONS).ok


def test_an_older_ledger_without_events_simply_goes_on(ledger_url: str) -> None:
    with opened(ledger_url):
        pass
    step_back(ledger_url)
    fill(ledger_url)
    assert verify(ledger_url, TRIAL, PROJECTIONS).ok


def test_rebuild_migrates_too(ledger_url: str) -> None:
    fill(ledger_url)
    step_back(ledger_url)
    rebuild(ledger_url, TRIAL, PROJECTIONS)
    assert revision(ledger_url) == REVISIONS[-1]
    with connected(ledger_url) as connection:
        assert differences(connection) == []
    assert verify(ledger_url, TRIAL, PROJECTIONS).ok


def test_a_migration_that_fails_changes_nothing(ledger_url: str) -> None:
    fill(ledger_url)
    step_back(ledger_url)
    run_sql(ledger_url, "CREATE VIEW projection_form AS SELECT 1 AS one")
    with pytest.raises(PartnerFailure, match="projection_form"), opened(ledger_url):
        pass
    assert revision(ledger_url) == "v0001"
    run_sql(ledger_url, "DROP VIEW projection_form")
    rebuild(ledger_url, TRIAL, PROJECTIONS)
    assert verify(ledger_url, TRIAL, PROJECTIONS).ok


def ways_in(url: str) -> dict[str, Callable[[], Any]]:
    return {
        "write": lambda: opened(url).__enter__(),
        "write without making": lambda: opened(url, create=False).__enter__(),
        "read": lambda: open_reader(url, TRIAL, PROJECTIONS),
        "verify": lambda: verify(url, TRIAL, PROJECTIONS),
        "rebuild": lambda: rebuild(url, TRIAL, PROJECTIONS),
        "list": lambda: programs(url),
    }


@pytest.mark.parametrize("way", sorted(ways_in("")))
def test_a_ledger_of_a_newer_pullcord_is_refused(ledger_url: str, way: str) -> None:
    fill(ledger_url)
    run_sql(ledger_url, "UPDATE alembic_version SET version_num = 'v0999'")
    with pytest.raises(Conflict, match="is at revision `v0999`, and this Pullcord knows them up to `v0002`") as told:
        ways_in(ledger_url)[way]()
    assert "upgrade this one" in str(told.value.hint)


@pytest.mark.parametrize("table", ["alembic_version (version_num VARCHAR(32))", "event (happened_on DATE)"])
def test_another_applications_database_is_left_alone(ledger_url: str, table: str) -> None:
    with connected(ledger_url) as connection:
        connection.execute(sa.text("CREATE TABLE " + table))
        if table.startswith("alembic"):
            connection.execute(sa.text("INSERT INTO alembic_version VALUES ('4a1c')"))
    with pytest.raises(Conflict, match="tables of something else"), opened(ledger_url):
        pass
    with connected(ledger_url) as connection:
        assert len(sa.inspect(connection).get_table_names()) == 1


def test_a_ledger_at_the_newest_revision_opens_without_alembic(ledger_url: str) -> None:
    fill(ledger_url)
    program = f"""
import sys
sys.path.append({str(Path(__file__).parent)!r})
from slot_shop import PROJECTIONS, TRIAL, opened, take
from pullcord.store import open_reader, verify
with opened({ledger_url!r}) as ledger:
    ledger.execute(take("w10", "late"))
assert verify({ledger_url!r}, TRIAL, PROJECTIONS).ok
assert not [name for name in sys.modules if name.startswith("alembic")]
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_many_programs_may_open_an_empty_or_an_old_database_at_once(ledger_url: str) -> None:
    def begin(number: int) -> int:
        name = ProgramId(f"p{number}")
        fill(ledger_url, name)
        return verify(ledger_url, name, PROJECTIONS).events

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(begin, range(6))) == [22] * 6
        step_back(ledger_url)
        names = [ProgramId(f"p{number}") for number in range(6)]
        done = list(pool.map(lambda name: rebuild(ledger_url, name, PROJECTIONS), names))
    assert [(found.events, found.remade, found.others) for found in done] == [(22, (), ())] * 6
    assert all(verify(ledger_url, name, PROJECTIONS).ok for name in names)
