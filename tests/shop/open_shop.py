"""The shop of the People's Car on a free port, in a thread of the test; time moves only when a test moves it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import argon2

from pullcord import shop
from pullcord.accounts import Accounts, accounts_url
from pullcord.app import App, open_app
from pullcord.base import OrderId, ProgramId, SimulatedClock
from pullcord.orders import OrderRow, find_order
from pullcord.program import Program, read_program
from pullcord.server import Address, bind, listening
from pullcord.store import Command
from pullcord.web import Context, Gateway, Options, assemble

FOLDER = Path(__file__).parents[2] / "programs" / "peoples_car"
CHEAP_HASHING = argon2.Parameters(argon2.Type.ID, 19, 16, 32, 1, 64, 1)


@cache
def peoples_car() -> Program:
    """The program as its folder has it."""
    return read_program(FOLDER)


class OpenShop:
    """A shop that answers at `root`, and short words for what the other parties do."""

    def __init__(self, root: str, app: App, accounts: Accounts, clock: SimulatedClock) -> None:
        self.root = root
        self.app = app
        self.accounts = accounts
        self.clock = clock

    def give(self, command: Command[Any]) -> Any:
        """The answer to a command."""
        return self.app.ledger.execute(command)

    def wait(self, **time_passed: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**time_passed))

    @property
    def today(self) -> date:
        return self.app.desk.house.local_time(self.clock.now()).date()

    def order(self, order_id: str) -> OrderRow:
        """An order as it stands."""
        with self.app.ledger.reader() as reader:
            return find_order(reader, OrderId(order_id))

    def night(self) -> None:
        """What happens every night: quotes lapse, deposits lock, parts come in, the plant plans anew."""
        desk, today = self.app.desk, self.today
        self.give(desk.lapse_due(f"{today}"))
        self.give(desk.lock_due(f"{today}"))
        self.give(desk.receive(today))
        for plant in self.app.program.plants:
            self.give(desk.plan(plant.plant_id, f"plan-{today}"))

    def build_and_ship(self, order_id: str, until: str = "handed_over") -> None:
        """Days pass until the order's vehicle is built and has arrived in its city, or the order is as far as told."""
        desk, plant = self.app.desk, self.app.program.plants[0]
        for _ in range(200):
            row = self.order(order_id)
            if row.state in (until, "handed_over", "cancelled"):
                return
            self.wait(days=1)
            self.night()
            self.give(desk.build(plant.plant_id, self.today))
            self.give(desk.arrive(self.today))
        raise AssertionError(f"{order_id} is still {self.order(order_id).state} after 200 days")


@contextmanager
def open_shop(where: Path | str, program: Program | None = None, options: Options | None = None) -> Iterator[OpenShop]:
    """The shop on its first morning, with all its claims published; its ledger in a folder, or at an address."""
    program = program or peoples_car()
    start = datetime.combine(program.starts_on, time(2), UTC)
    clock = SimulatedClock(start)
    url = where if isinstance(where, str) else f"sqlite:///{where / 'ledger.db'}"
    with (
        open_app(program, url, clock) as app,
        Accounts.open(
            accounts_url(url), clock=clock, program_id=ProgramId(program.program_id), hashing=CHEAP_HASHING
        ) as accounts,
        _served(app, accounts, accounts_url(url), clock, options or Options(rate_per_client=None)) as root,
    ):
        if program.claims:
            app.ledger.execute(app.desk.publish_claims())
        yield OpenShop(root, app, accounts, clock)


@contextmanager
def _served(app: App, accounts: Accounts, kept_at: str, clock: SimulatedClock, options: Options) -> Iterator[str]:
    bound = bind(Address(port=0))
    port = bound.getsockname()[1]
    ready, stopping = threading.Event(), threading.Event()
    stop: list[Any] = []
    failed: list[BaseException] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        context = Context(app, Gateway(app.ledger, loop), accounts, kept_at, clock, options)
        shell = assemble(context, shop.route_handlers(context), shop.error_page, shop.refusal_page)
        over = asyncio.Event()
        stop.append(lambda: loop.call_soon_threadsafe(over.set))
        lifespan: Any = shell.app
        async with lifespan.lifespan(), listening(shell, bound):
            ready.set()
            await over.wait()
            context.tail.close()

    def work() -> None:
        try:
            asyncio.run(main())
        except BaseException as failure:
            failed.append(failure)
        finally:
            ready.set()
            stopping.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    ready.wait()
    try:
        if failed:
            raise failed[0]
        yield f"http://127.0.0.1:{port}"
    finally:
        if stop:
            stop[0]()
        thread.join()
