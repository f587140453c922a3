"""Accounts on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from people import EMAIL, NAME, PASSWORD, QUICK, Open

from pullcord.accounts import Accounts, Session
from pullcord.base import PersonId, SimulatedClock


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2025, 11, 9, 1, tzinfo=UTC))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_schema"))
    return f"sqlite:///{tmp_path / 'live.db'}"


@pytest.fixture
def open_accounts(ledger_url: str, clock: SimulatedClock) -> Iterator[Open]:
    """Opens the accounts, each time as another process would."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(Accounts.open(ledger_url, clock=clock, hashing=QUICK))


@pytest.fixture
def accounts(open_accounts: Open) -> Accounts:
    return open_accounts()


@pytest.fixture
def person(accounts: Accounts) -> PersonId:
    answer = accounts.sign_up(EMAIL, PASSWORD, NAME, "+86 138 0013 8000")
    assert isinstance(answer, str)
    return answer


@pytest.fixture
def session(accounts: Accounts, person: PersonId) -> Session:
    answer = accounts.sign_in(EMAIL, PASSWORD)
    assert isinstance(answer, Session)
    return answer
