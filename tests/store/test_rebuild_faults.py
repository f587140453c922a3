"""A rebuild that is killed has changed nothing, whenever it was, and the next one makes it good."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import ledger_load
import pytest
import sqlalchemy as sa
from ledger_load import numbered, open_trial, prepare
from processes import child
from slot_shop import PROJECTIONS, TRIAL
from slot_shop_later import LATER, connected, dump, run_sql
from test_ledger_commands import fill

from pullcord.base import Conflict, stream
from pullcord.store import rebuild, verify
from pullcord.store.address import database

pytestmark = pytest.mark.fault

SEED = 20260303
DAMAGE = "UPDATE trial_part SET called = called + 1"


def wait_until(holds: Callable[[], Any], what: str) -> None:
    """Wait for something that will come about soon."""
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail(f"waited in vain: {what}")


def nobody_writes(url: str) -> bool:
    """Whether whoever wrote last is gone, for the server too: then nothing can change any more."""
    opened = database(url)
    try:
        connection, raw, _ = opened.writing_connection()
        try:
            opened.take_writer_lock(raw, TRIAL)
            return True
        except Conflict:
            return False
        finally:
            opened.end_writing(connection, raw)
    finally:
        opened.close()


def damaged_ledger(url: str, commands: int) -> dict[str, Any]:
    """What the database holds: a sound chain of events, and tables that are not what they make."""
    prepare(url, places=commands)
    with open_trial(url) as ledger:
        ledger.execute_many([numbered(n) for n in range(commands)])
    run_sql(url, DAMAGE)
    return dump(url)


@pytest.mark.parametrize("later", [False, True], ids=["rows", "columns"])
def test_killed_at_any_instant_a_rebuild_has_changed_nothing(ledger_url: str, later: bool, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    wanted = LATER if later else PROJECTIONS
    damaged = damaged_ledger(ledger_url, 1_500)
    began = time.monotonic()
    rebuild(ledger_url, TRIAL, wanted)
    whole_s = time.monotonic() - began
    whole = dump(ledger_url)
    rng = stream(SEED, "tests.ledger.rebuild_kills", int(later))
    unchanged, changed = 0, True
    for i in range(8):
        if changed:
            rebuild(ledger_url, TRIAL, PROJECTIONS)
            run_sql(ledger_url, DAMAGE)
            assert dump(ledger_url) == damaged
        with child(ledger_load.rebuild_trial, ledger_url, later, str(folder)) as (process, pipe):
            told = pipe.recv()
            if i % 2:  # while the tables are written
                while told[0] < told[1]:
                    told = pipe.recv()
            kill_after_s = float(rng.uniform(0.0, whole_s))
            time.sleep(kill_after_s)
            process.kill()
            process.join()
        wait_until(lambda: nobody_writes(ledger_url), "the end of a killed rebuild")
        found = dump(ledger_url)
        changed = found == whole
        unchanged += found == damaged
        assert changed or found == damaged, f"seed {SEED}, kill {i} after {kill_after_s:.4f} s of {whole_s:.4f} s"
        assert not list(folder.iterdir()), "the copy outlived its process"
    assert unchanged > 0
    rebuild(ledger_url, TRIAL, wanted)
    assert dump(ledger_url) == whole
    assert verify(ledger_url, TRIAL, wanted).ok


HOLD_UP = {
    "sqlite": (
        "CREATE VIEW held_up AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT 1 FROM n LIMIT 4e6) SELECT i FROM n",
        "CREATE TRIGGER held_up BEFORE INSERT ON {} BEGIN SELECT max(i) FROM held_up; END",
    ),
    "postgresql": (
        "CREATE FUNCTION held_up() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); RETURN NEW; END'",
        "CREATE TRIGGER held_up BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION held_up()",
    ),
}
"""Statements after which every row that is put into a table takes about a second."""
GO_ON = {
    "sqlite": ("DROP TRIGGER held_up", "DROP VIEW held_up"),
    "postgresql": ("DROP TRIGGER held_up ON {}", "DROP FUNCTION held_up"),
}


def do(url: str, statements: dict[str, tuple[str, str]], table: str) -> None:
    run_sql(url, *(statement.format(table) for statement in statements[sa.make_url(url).get_backend_name()]))


def is_writing(url: str, name: str) -> bool:
    """Whether the rebuild by that name is in the midst of its one transaction."""
    if not url.startswith("sqlite"):
        with connected(url) as connection:
            asleep = sa.text("SELECT 1 FROM pg_stat_activity WHERE application_name = :name AND wait_event = 'PgSleep'")
            return connection.execute(asleep, {"name": name}).first() is not None
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0, isolation_level=None)) as raw:
        try:
            raw.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        raw.execute("ROLLBACK")
        return False


@pytest.mark.parametrize("later", [False, True], ids=["rows", "columns"])
def test_killed_with_half_of_the_tables_written_it_has_changed_nothing(
    ledger_url: str, later: bool, tmp_path: Path
) -> None:
    damaged_ledger(ledger_url, 50)
    do(ledger_url, HOLD_UP, "trial_part")  # the last table: all others are filled by then, perhaps remade
    before = dump(ledger_url)
    name = "killed_" + tmp_path.name
    url = sa.make_url(ledger_url)
    if url.get_backend_name() == "postgresql":
        url = url.update_query_dict({"application_name": name})
    with child(ledger_load.rebuild_trial, url.render_as_string(hide_password=False), later, str(tmp_path)) as (
        process,
        _,
    ):
        wait_until(lambda: is_writing(ledger_url, name), "the tables being written")
        process.kill()
        process.join()
    wait_until(lambda: nobody_writes(ledger_url), "the end of a killed rebuild")
    assert dump(ledger_url) == before
    do(ledger_url, GO_ON, "trial_part")
    wanted = LATER if later else PROJECTIONS
    rebuild(ledger_url, TRIAL, wanted)
    assert verify(ledger_url, TRIAL, wanted).ok


def test_interrupted_by_hand_it_has_changed_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    url = f"sqlite:///{path}"
    fill(path, "car", weeks=2)
    run_sql(url, "UPDATE build_slot SET free_vehicles = free_vehicles - 1")
    do(url, HOLD_UP, "build_slot")
    before = dump(url)
    command = [sys.executable, "-c", "from pullcord.cli import main; main()", "ledger", "rebuild", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: is_writing(url, ""), "the tables being written")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "interrupted: a rebuild happens wholly or not at all" in err
    assert dump(url) == before
    assert not list(tmp_path.glob("*.lock"))
