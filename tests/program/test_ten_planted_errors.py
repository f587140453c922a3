"""A folder with ten planted errors: all ten are told, with file, line and the way out, and the exit status is 2."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import pullcord.cli
from pullcord.base import InvalidInput
from pullcord.cli.program import app
from pullcord.program import read_program

SCENARIO = Path(__file__).parents[1] / "scenarios" / "ten_planted_errors"
FOLDER = SCENARIO / "program"
EXPECTED = (SCENARIO / "expected.txt").read_text(encoding="utf-8").splitlines()


def test_all_ten_are_found_by_file_and_line() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_program(FOLDER)
    assert [str(problem) for problem in caught.value.problems] == EXPECTED
    assert len(EXPECTED) == 10
    assert caught.value.exit_status == 2


def test_they_stand_in_at_least_six_files() -> None:
    assert len({line.partition(":")[0] for line in EXPECTED}) >= 6


def test_the_command_prints_all_ten_and_ends_with_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["pullcord", "check", str(FOLDER)])
    monkeypatch.setattr(pullcord.cli, "app", app)
    with pytest.raises(SystemExit) as left:
        pullcord.cli.main()
    told = capsys.readouterr().err
    assert left.value.code == 2
    assert [line.strip() for line in told.splitlines() if line.strip() in EXPECTED] == EXPECTED


def test_as_json_it_prints_them_on_stdout() -> None:
    result = CliRunner().invoke(app, ["check", str(FOLDER), "--json"])
    answer = json.loads(result.stdout)
    assert result.exit_code == 2
    assert answer["valid"] is False
    assert [f"{p['file']}:{p['line']}: {p['wrong']}; {p['right']}" for p in answer["problems"]] == EXPECTED
