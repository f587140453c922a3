"""What a run does to its folder: the same bytes for the same seed, a new ledger for the old, and no harm to others."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from finished_launch import FinishedLaunch

from pullcord.app import projections
from pullcord.base import Conflict, InvalidInput, ProgramId, SystemClock
from pullcord.program import PanelRow, Program
from pullcord.store import Ledger
from pullcord.study import encode, prepare_run, run_study
from small_house import small_house, small_program

SECTIONS = {
    "program",
    "latency",
    "demand",
    "offers",
    "break_even_months",
    "launch",
    "schedule",
    "procurement",
    "cities",
    "finance",
    "measures",
    "ledger",
    "twin",
    "assumptions",
    "sources",
}


def hashes(ledger: Path) -> list[bytes]:
    """The chain of hashes: equal only if every event is equal to the byte."""
    with closing(sqlite3.connect(ledger)) as raw:
        return [row[0] for row in raw.execute("SELECT hash FROM event ORDER BY seq")]


def test_the_same_seed_gives_the_same_bytes_in_place_of_another_runs(launch: FinishedLaunch, tmp_path: Path) -> None:
    """Run with another seed, then with the program's own into the same folder: as if the first had never been."""
    other = run_study(small_program(), tmp_path, seed=12, replications=2)
    other_bytes, other_hashes = encode(other.results), hashes(other.ledger)
    beside = tmp_path / "ledger.db.kept-by-its-user"
    beside.write_text("not ours")
    again = run_study(small_program(), tmp_path, replications=2)
    assert again.ledger == other.ledger
    assert encode(again.results) == encode(launch.study.results)
    assert hashes(again.ledger) == hashes(launch.study.ledger)
    assert other_bytes != encode(again.results)
    assert other_hashes != hashes(again.ledger)
    assert beside.read_text() == "not ours"


def test_results_have_every_section_and_are_plain_json(launch: FinishedLaunch) -> None:
    results = launch.study.results
    assert set(results) >= SECTIONS
    assert json.loads(encode(results)) == json.loads(json.dumps(results))
    assert encode(results).endswith(b"}\n")


@pytest.mark.parametrize("writer", ["small_launch", "another_program"])
def test_a_ledger_that_another_process_writes_is_refused_and_left_as_it_is(tmp_path: Path, writer: str) -> None:
    with small_house(tmp_path) as house:
        house.reserve("kept")
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with Ledger.open(url, ProgramId(writer), clock=SystemClock(), projections=projections()):
        with pytest.raises(Conflict, match="already has a writer"):
            run_study(small_program(), tmp_path, replications=2)
        assert (tmp_path / "ledger.db").exists()
    with small_house(tmp_path) as house:
        assert house.order("kept").order_id == "kept"


def test_a_file_that_is_no_ledger_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("holiday pictures " * 500)
    with pytest.raises(Exception, match=r"ledger\.db"):
        run_study(small_program(), tmp_path, replications=2)
    assert (tmp_path / "ledger.db").read_text().startswith("holiday pictures")


def too_early(program: Program) -> Program:
    """The same launch before any month of sales was published."""
    return replace(program, starts_on=date(2025, 1, 7))


def without_patience(program: Program) -> Program:
    """The same launch with buyers whom the two worlds cannot draw."""
    none = replace(program.assumptions["patience_sigma"], value=0.0)
    return replace(program, assumptions={**program.assumptions, "patience_sigma": none})


def test_a_program_that_the_two_worlds_refuse_leaves_the_last_run_as_it_was(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        house.reserve("kept")
    before = (tmp_path / "ledger.db").read_bytes()
    with pytest.raises(InvalidInput, match="patience_sigma"):
        run_study(without_patience(small_program()), tmp_path, replications=2)
    assert (tmp_path / "ledger.db").read_bytes() == before


def test_a_panel_too_short_for_the_latency_curve_gives_none() -> None:
    program = small_program()
    short = tuple(PanelRow(date(2025, month, 1), "Maker", "One", 100 + month, "made up", "C") for month in (1, 2, 3))
    assert prepare_run(replace(program, panel=short)).sections["latency"] is None


def test_a_run_may_lie_under_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "why? #1, 20%25 of it"
    study = run_study(small_program(), folder, replications=2)
    assert study.ledger.is_file()
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_a_program_that_cannot_be_calibrated_leaves_the_last_run_as_it_was(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        house.reserve("kept")
    with pytest.raises(InvalidInput, match="no month with rivals' sales"):
        run_study(too_early(small_program()), tmp_path, replications=2)
    with pytest.raises(InvalidInput):
        run_study(too_early(small_program()), tmp_path / "new", replications=2)
    assert not (tmp_path / "new").exists()
    with small_house(tmp_path) as house:
        assert house.order("kept").order_id == "kept"


def test_the_seed_of_a_run_is_the_seed_of_all_its_chance(tmp_path: Path, launch: FinishedLaunch) -> None:
    other = run_study(small_program(), tmp_path, seed=12, replications=2)
    assert (other.results["program"]["seed"], other.results["twin"]["seed"]) == (12, 12)
    with closing(sqlite3.connect(other.ledger)) as database:
        (body,) = database.execute("SELECT body FROM event WHERE kind = 'program.opened'").fetchone()
    assert json.loads(body)["seed"] == 12
    assert other.results["demand"]["share"]["all_95"] != launch.study.results["demand"]["share"]["all_95"]
