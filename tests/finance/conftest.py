"""A ledger that keeps nothing but books."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pullcord.base import CommandId, FixedClock, PartyId, ProgramId
from pullcord.finance import PROJECTION
from pullcord.store import Command, Ledger, Transaction


class Books:
    """The ledger of one test, and a short way to act on it."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.asked = 0

    def do(self, service: Callable[..., Any], **arguments: Any) -> Any:
        """What the service answers, in a command of its own that is durable by then."""

        def decide(tx: Transaction) -> dict[str, Any]:
            answers.append(service(tx, **arguments))
            return {}

        self.asked += 1
        answers: list[Any] = []
        name = f"{service.__name__}-{self.asked}"
        self.ledger.execute(Command(CommandId(name), PartyId("platform"), "finance.test", name, decide, dict[str, Any]))
        return answers[-1]


def open_books(url: str, program: str) -> Ledger:
    clock = FixedClock(datetime(2025, 11, 25, 8, tzinfo=UTC))
    return Ledger.open(url, ProgramId(program), clock=clock, projections=(PROJECTION,))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    address: str = request.getfixturevalue("postgres_schema")
    return address


@pytest.fixture
def books(url: str) -> Iterator[Books]:
    with open_books(url, "books") as ledger:
        yield Books(ledger)


@pytest.fixture(scope="module")
def fresh_books(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Books]:
    """Books for each example of a property, in a file of their own."""
    folder = tmp_path_factory.mktemp("books")
    numbers = iter(range(1_000_000))

    def make() -> Books:
        return Books(open_books(f"sqlite:///{folder / f'{next(numbers)}.db'}", "books"))

    return make
