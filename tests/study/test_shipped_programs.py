"""Both shipped programs run from end to end by configuration alone; here with a hundredth of their reservations."""

from __future__ import annotations

import csv
import shutil
from html import unescape
from pathlib import Path

import pytest

from pullcord.program import read_program
from pullcord.report import render, write_tables
from pullcord.study import run_study

PROGRAMS = Path(__file__).parents[2] / "programs"


def with_few_reservations(folder: Path) -> None:
    """Divide every count of launch.csv by a hundred."""
    path = folder / "launch.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["reservations_cumulative"] = str(int(row["reservations_cumulative"]) // 100)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize("name", sorted(path.name for path in PROGRAMS.iterdir() if path.is_dir()))
def test_a_shipped_program_runs_to_its_report(tmp_path: Path, name: str) -> None:
    folder = Path(shutil.copytree(PROGRAMS / name, tmp_path / name))
    with_few_reservations(folder)
    results = run_study(read_program(folder), tmp_path / "out", replications=2).results
    launch = results["launch"]
    assert launch["reservations"] > 200
    assert launch["handed_over"] > 10
    assert launch["open_at_end"] == 0
    assert results["finance"]["trial_balance_minor"] == 0
    assert results["demand"]["calibrated_to_1e-9"] is True
    assert all(int(days) <= 0 for days in launch["promise_error_days"]), "nobody got their product late"
    report = render(results)
    assert report.count("<svg") >= 8
    assert results["program"]["name"] in unescape(report)
    tables = write_tables(results, tmp_path / "tables")
    assert all(path.stat().st_size > 0 for path in tables)
