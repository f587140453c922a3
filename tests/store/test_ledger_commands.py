"""`pullcord ledger`: what it prints, and how it ends, on a ledger with the tables of every room."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from slot_shop import NOON
from typer.testing import CliRunner, Result

from pullcord.app import projections
from pullcord.base import (
    CommandId,
    Conflict,
    Corrupt,
    FixedClock,
    InvalidInput,
    NotFound,
    PartyId,
    PlantId,
    ProgramId,
)
from pullcord.cli.ledger import app
from pullcord.production import SlotOpening, SlotsOpened
from pullcord.store import Command, Ledger, Transaction


def fill(path: Path, program: str, weeks: int) -> None:
    """Open so many weeks, each by a command of its own: two events a week."""

    def opening(week: int) -> Command[None]:
        def decide(tx: Transaction) -> None:
            monday = date.fromisocalendar(2026, 10 + week, 1)
            tx.emit("plant/P1", SlotsOpened(PlantId("P1"), (SlotOpening(monday, 100),)))

        return Command(CommandId(f"open-{week}"), PartyId("maker"), "plant.open", week, decide, None)

    with Ledger.open(
        f"sqlite:///{path}", ProgramId(program), clock=FixedClock(NOON), projections=projections()
    ) as ledger:
        ledger.execute_many([opening(week) for week in range(weeks)])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    fill(path, "car", weeks=5)
    return path


def ledger(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_verify_tells_events_and_every_tables_digest(path: Path) -> None:
    found = json.loads(ledger("verify", str(path), "--json").stdout)
    assert (found["ok"], found["program_id"], found["events"], found["faults"]) == (True, "car", 10, [])
    assert set(found["tables"]) == {table.name for projection in projections() for table in projection.tables}
    assert all(table["digest"] == table["rebuilt"] for table in found["tables"].values())
    said = ledger("verify", f"sqlite:///{path}").stdout
    assert f"whole: 10 events rebuild all {len(found['tables'])} tables identically" in said


def test_verify_names_the_event_with_a_changed_byte(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE event SET body = replace(body, '100', '900') WHERE seq = 6")
        raw.commit()
    found = ledger("verify", str(path), "--json")
    assert isinstance(found.exception, Corrupt)
    assert found.exception.exit_status == 5
    assert "event 6 (`slots.opened` of `plant/P1`): its hash does not follow" in str(found.exception)
    first = json.loads(found.stdout)["faults"][0]
    assert (first["seq"], first["kind"], first["stream"]) == (6, "slots.opened", "plant/P1")


def test_rebuild_makes_the_tables_anew_and_says_how_many_rows(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE build_slot SET free_vehicles = 7")
        raw.commit()
    assert ledger("verify", str(path)).exit_code != 0
    done = ledger("rebuild", str(path), "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["program_id"], found["events"], found["remade"], found["others"]) == ("car", 10, [], [])
    assert set(found["tables"]) == {table.name for projection in projections() for table in projection.tables}
    assert found["tables"]["build_slot"] == 5
    assert json.loads(ledger("verify", str(path), "--json").stdout)["ok"]
    assert f"rebuilt: 10 events fill {len(found['tables'])} tables anew" in ledger("rebuild", str(path)).stdout


def test_a_stale_ledger_can_be_shown_and_tailed_and_rebuilt(path: Path) -> None:
    fill(path, "projector", weeks=1)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("ALTER TABLE build_slot ADD COLUMN colour TEXT")
        raw.commit()
    refusal = ledger("verify", str(path), "--program", "car").exception
    assert isinstance(refusal, Conflict)
    assert "those of production (table `build_slot` has a column `colour` that is no longer meant)" in str(refusal)
    assert f"`pullcord ledger rebuild sqlite:///{path} --program car` makes them anew" in str(refusal.hint)
    assert len(json.loads(ledger("show", str(path), "--program", "car", "--json").stdout)["events"]) == 10
    assert len(ledger("tail", str(path), "--program", "car", "--after", "8", "--count", "2").stdout.splitlines()) == 2
    done = ledger("rebuild", str(path), "--program", "car")
    assert "remade, as their form had changed: build_slot, " in done.stdout
    assert "rebuild projector too: the rows lay in tables that were remade" in done.stdout
    assert json.loads(ledger("rebuild", str(path), "--program", "projector", "--json").stdout)["remade"] == []
    for program in ("car", "projector"):
        assert json.loads(ledger("verify", str(path), "--program", program, "--json").stdout)["ok"]


def test_rebuild_names_the_event_that_does_not_hold(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE event SET body = replace(body, '100', '900') WHERE seq = 6")
        raw.commit()
    refusal = ledger("rebuild", str(path)).exception
    assert isinstance(refusal, Corrupt)
    assert "event 6 (`slots.opened` of `plant/P1`): its hash does not follow" in str(refusal)


def test_show_chooses_by_kind_stream_and_number(path: Path) -> None:
    shown = json.loads(ledger("show", str(path), "--last", "3", "--json").stdout)["events"]
    assert [event["seq"] for event in shown] == [8, 9, 10]
    shown = json.loads(ledger("show", str(path), "--kind", "slots.opened", "--last", "2", "--json").stdout)["events"]
    assert [(event["seq"], event["version"]) for event in shown] == [(8, 4), (10, 5)]
    shown = json.loads(ledger("show", str(path), "--stream", "command/open-2", "--json").stdout)["events"]
    assert [(event["seq"], event["body"]["name"]) for event in shown] == [(5, "plant.open")]
    assert "slots.opened" in ledger("show", str(path)).stdout
    assert isinstance(ledger("show", str(path), "--kind", "slots.closed").exception, NotFound)


def test_tail_prints_one_line_for_each_event(path: Path) -> None:
    lines = ledger("tail", str(path), "--after", "0", "--count", "10", "--json").stdout.splitlines()
    assert [json.loads(line)["seq"] for line in lines] == list(range(1, 11))
    lines = ledger("tail", str(path), "--after", "3", "--count", "2", "--kind", "slots.opened").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["4", "6"]


def test_a_program_is_chosen_where_there_are_several(path: Path) -> None:
    fill(path, "projector", weeks=1)
    with pytest.raises(InvalidInput, match="several programs"):
        raise ledger("verify", str(path)).exception or AssertionError
    assert json.loads(ledger("verify", str(path), "--program", "projector", "--json").stdout)["events"] == 2
    assert isinstance(ledger("verify", str(path), "--program", "phone").exception, NotFound)
    assert isinstance(ledger("verify", str(path) + ".missing").exception, NotFound)
