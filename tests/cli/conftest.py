"""The command line as its user meets it: what is typed, what comes out where, and the exit status."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typed import Told, Type

from pullcord import cli
from small_house import FOLDER


@pytest.fixture
def pullcord(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Type:
    """`pullcord("order", "show", ...)`: the whole command line, in this process."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("PULLCORD_DATABASE_URL", raising=False)

    def run(*words: object) -> Told:
        monkeypatch.setattr(sys, "argv", ["pullcord", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capsys.readouterr()
        return Told(int(left.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def small(pullcord: Type, tmp_path: Path) -> Type:
    """`small("order reserve", "o-1", "--variant", ...)`: a command about the small launch, on a ledger of its own."""
    ledger = tmp_path / "live.db"

    def run(command: str, *words: object) -> Told:
        return pullcord(*command.split(), FOLDER, *words, "--ledger", ledger)

    return run
