"""The small launch as a running house: short words for what parties do, each a real command to a real ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from pullcord import orders
from pullcord.app import App, open_app
from pullcord.base import OrderId, PullcordError, SimulatedClock
from pullcord.orders import OrderRow, Outcome
from pullcord.program import Program, read_program
from pullcord.store import Command, Event
from pullcord.study import LaunchReplay, draw_customers

FOLDER = Path(__file__).parent / "scenarios" / "small_launch" / "program"


@cache
def small_program() -> Program:
    """The program as its folder has it."""
    return read_program(FOLDER)


def local(program: Program, day: date, hour: float = 0) -> datetime:
    """An hour of a day where the program is sold."""
    return datetime.combine(day, time(), UTC) + timedelta(hours=hour - program.utc_offset_hours)


class SmallHouse:
    """An open program, its clock at the start of the first day."""

    def __init__(self, app: App, clock: SimulatedClock) -> None:
        self.app = app
        self.desk = app.desk
        self.ledger = app.ledger
        self.program = app.program
        self.clock = clock

    def give(self, command: Command[Any]) -> Any:
        """The answer to a command, or its failure raised."""
        (answer,) = self.ledger.execute_many([command])
        if isinstance(answer, PullcordError):
            raise answer
        return answer

    def at(self, day: date, hour: float = 0) -> None:
        """Let time pass until an hour of a day."""
        self.clock.advance_to(local(self.program, day, hour))

    def wait(self, **time: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**time))

    @property
    def today(self) -> date:
        return (self.clock.now() + timedelta(hours=self.program.utc_offset_hours)).date()

    def reserve(self, order_id: str, variant_id: str = "white", city_id: str = "chengdu") -> Outcome:
        return self.give(self.desk.reserve(order_id, f"p-{order_id}", variant_id, "owned", city_id))

    def quoted(self, order_id: str, variant_id: str = "white", city_id: str = "chengdu") -> Outcome:
        """An order that was just shown its date."""
        self.reserve(order_id, variant_id, city_id)
        return self.give(self.desk.quote(order_id))

    def deposited(self, order_id: str, variant_id: str = "white", city_id: str = "chengdu") -> Outcome:
        """An order whose deposit was just taken."""
        self.quoted(order_id, variant_id, city_id)
        return self.give(self.desk.deposit(order_id))

    def locked(self, order_id: str, variant_id: str = "white", city_id: str = "chengdu") -> Outcome:
        """An order that was just made firm."""
        self.deposited(order_id, variant_id, city_id)
        return self.give(self.desk.lock(order_id))

    def plan(self) -> Any:
        return self.give(self.desk.plan("shenzhen", f"r-{self.clock.now():%Y-%m-%dT%H.%M}"))

    def order(self, order_id: str) -> OrderRow:
        with self.ledger.reader() as reader:
            return orders.find_order(reader, OrderId(order_id))

    def events(self, *kinds: type) -> list[Event[Any]]:
        return list(self.ledger.events(kinds=kinds or None))


@contextmanager
def small_house(where: Path | str, program: Program | None = None) -> Iterator[SmallHouse]:
    """The small launch on a ledger in a folder, or at an address."""
    program = program or small_program()
    clock = SimulatedClock(local(program, program.starts_on))
    url = where if isinstance(where, str) else f"sqlite:///{where / 'ledger.db'}"
    with open_app(program, url, clock) as app:
        yield SmallHouse(app, clock)


def replay(house: SmallHouse, seed: int = 11, *, every: int = 1) -> None:
    """The whole launch, from the first reservation to the last hand-over; with `every` n-th customer only."""
    program = house.program
    shares = {plan: 1.0 / len(program.plans) for plan in program.plans}
    customers = draw_customers(program, house.desk.outlook.take_rates, shares, seed)
    LaunchReplay(house.app, house.clock, customers[::every], lambda what, done: None).run()
