"""One whole run of the small launch, for the tests that look at what it left behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from finished_launch import FinishedLaunch

from pullcord.app import read_app
from pullcord.study import run_study
from small_house import small_program


@pytest.fixture(scope="session")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FinishedLaunch]:
    """The small launch, run to its end."""
    study = run_study(small_program(), tmp_path_factory.mktemp("launch"), replications=2)
    with read_app(small_program(), f"sqlite:///{study.ledger}") as ledger:
        yield FinishedLaunch(study, ledger, tuple(ledger.events()))
