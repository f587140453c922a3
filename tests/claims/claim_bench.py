"""The People's Car for tests of claims: its program, its claims by id, and a running house on a ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from pullcord.app import App, open_app
from pullcord.base import PullcordError, SimulatedClock
from pullcord.claims import Broken, Claim, check_claims
from pullcord.program import Program, read_claims, read_program
from pullcord.store import Command

FOLDER = Path(__file__).parents[2] / "programs" / "peoples_car"
LAUNCH = datetime(2025, 11, 8, 16, tzinfo=UTC)  # midnight where the car is sold


@cache
def program() -> Program:
    return read_program(FOLDER)


@cache
def as_launched() -> tuple[Claim, ...]:
    return read_claims(FOLDER / "claims_as_launched", program())


def claim(claim_id: str, **change: Any) -> Claim:
    """One of the program's own claims, changed."""
    found = next(c for c in program().claims if c.claim_id == claim_id)
    return replace(found, **change)


def breaches(*changed: Claim, alone: bool = False) -> list[Broken]:
    """What the changed claims break, beside the program's other claims."""
    ids = {c.claim_id for c in changed}
    others = [] if alone else [c for c in program().claims if c.claim_id not in ids]
    return [breach for breach in check_claims(program(), [*changed, *others]).broken if breach.claim_id in ids]


class House:
    """A running People's Car."""

    def __init__(self, app: App, clock: SimulatedClock) -> None:
        self.app, self.desk, self.ledger, self.clock = app, app.desk, app.ledger, clock

    def give(self, command: Command[Any]) -> Any:
        """The answer to a command, or its failure raised."""
        (answer,) = self.ledger.execute_many([command])
        if isinstance(answer, PullcordError):
            raise answer
        return answer

    def reserve(self, order_id: str, variant: str = "white", plan: str = "rental", city: str = "shanghai") -> None:
        self.give(self.desk.reserve(order_id, f"p-{order_id}", variant, plan, city))

    def wait(self, **time: float) -> None:
        self.clock.advance(timedelta(**time))


@contextmanager
def house(url: str) -> Iterator[House]:
    clock = SimulatedClock(LAUNCH)
    with open_app(program(), url, clock) as app:
        yield House(app, clock)
