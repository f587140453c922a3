"""`pullcord run`: what it writes, what it prints, and that a refused folder leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

from typed import Type

from pullcord.program import read_program
from small_house import FOLDER

PLANTED = Path(__file__).parents[1] / "scenarios" / "ten_planted_errors"


def test_a_refused_folder_tells_all_its_problems_and_writes_nothing(pullcord: Type, tmp_path: Path) -> None:
    out = tmp_path / "out"
    told = pullcord("run", PLANTED / "program", "--out", out)
    expected = (PLANTED / "expected.txt").read_text(encoding="utf-8").splitlines()
    assert (told.status, told.out) == (2, "")
    assert [line.strip() for line in told.err.splitlines() if line.strip() in expected] == expected
    assert len(expected) == 10
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_told_as_such(pullcord: Type, tmp_path: Path) -> None:
    told = pullcord("run", tmp_path / "nowhere", "--out", tmp_path / "out")
    assert (told.status, told.out) == (3, "")
    assert "nowhere" in told.err
    assert list(tmp_path.iterdir()) == []


def test_a_run_writes_report_results_tables_and_ledger(pullcord: Type, tmp_path: Path) -> None:
    told = pullcord("run", FOLDER, "--out", tmp_path, "--seeds", 2, "--json")
    assert told.status == 0
    summary = told.json
    results = json.loads((tmp_path / "results.json").read_bytes())
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert summary["files"]["report"] == str(tmp_path / "report.html")
    assert all(Path(table).is_file() for table in summary["files"]["tables"])
    assert not list(tmp_path.rglob("*.part")), "no half-written file is left"
    assert summary["events"] == results["ledger"]["events"] > 0
    assert summary["trial_balance_minor"] == 0
    assert summary["handed_over"] == results["launch"]["handed_over"] > 0
    customers = read_program(FOLDER).launch[-1].reservations_cumulative
    assert summary["reservations"] + summary["turned_away"] == customers
    twin = [row for row in results["twin"]["rows"] if (row["measure"], row["delay_days"]) == ("M1", 1)]
    missed = summary["demand_missed_share_at_1_day"]
    assert list(missed) == ["push", "pull", "push_minus_pull"]
    assert all(missed[row["world"]][0] == row["mean"] for row in twin if row["world"] in missed)
    assert report.count("<svg") >= 8
    assert "The small launch" in report
    assert "<script src" not in report, "it works offline"
    verified = pullcord("ledger", "verify", tmp_path / "ledger.db", "--json").json
    assert (verified["ok"], verified["events"]) == (True, summary["events"])
    assert "100%" in told.err, "progress is talk"
