"""A program behind HTTP: the ledger, the accounts, the API and the shop in one process, on one port."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

from pullcord import api, shop
from pullcord.accounts import Accounts, accounts_url
from pullcord.app import App, open_app
from pullcord.base import Clock, Conflict, ProgramId, PullcordError
from pullcord.program import Program
from pullcord.web import Context, Gateway, Options, assemble

from .acting import acting
from .lane import ReservationLane
from .listening import listening
from .upkeep import upkeep

SWEEP_EVERY_S = 30.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens. Port 0: one that is free."""

    host: str = "127.0.0.1"
    port: int = 8080


@dataclass(frozen=True, slots=True)
class Serving:
    """What is served, and how."""

    program: Program
    url: str  # the ledger's
    clock: Clock
    address: Address = field(default_factory=Address)
    options: Options = field(default_factory=Options)
    sweep_every_s: float = SWEEP_EVERY_S
    campaigns: tuple[str, ...] = ()  # of the program's, those to be opened where they are not
    people_clock: Clock | None = None  # by which sessions and keys end; None: the program's
    act: bool = False  # plants, suppliers and carriers act by themselves, to try things out


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens."""

    host: str
    port: int
    context: Context

    @property
    def root(self) -> str:
        """Its address in a browser."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@asynccontextmanager
async def running(serving: Serving) -> AsyncIterator[Running]:
    """The server, for as long as the block lasts. What was answered is in the ledger when it ends.

    Raises Conflict where the port is taken, or where another process writes to the ledger.
    """
    program = serving.program
    with (
        bind(serving.address) as bound,
        open_app(program, serving.url, serving.clock) as app,
        Accounts.open(
            accounts_url(serving.url),
            clock=serving.people_clock or serving.clock,
            program_id=ProgramId(program.program_id),
        ) as accounts,
    ):
        _open_campaigns(app, serving.campaigns)
        context = Context(
            app,
            Gateway(app.ledger, asyncio.get_running_loop()),
            accounts,
            accounts_url(serving.url),
            serving.clock,
            serving.options,
        )
        front_desk = api.FrontDesk(context)
        shell = assemble(
            context,
            [*api.route_handlers(context, front_desk), *shop.route_handlers(context)],
            shop.error_page,
            shop.refusal_page,
        )
        lane = ReservationLane(front_desk, shell)
        _collect_less()
        lifespan: Any = shell.app
        async with (
            lifespan.lifespan(),
            upkeep(context, serving.sweep_every_s),
            _acting(context, serving.act),
            listening(shell, bound, lane=lane, body_bytes_max=serving.options.body_bytes_max),
        ):
            try:
                yield Running(serving.address.host, bound.getsockname()[1], context)
            finally:
                context.tail.close()


def _acting(context: Context, act: bool) -> AbstractAsyncContextManager[None]:
    return acting(context) if act else nullcontext()


def _open_campaigns(app: App, names: tuple[str, ...]) -> None:
    for answer in app.ledger.execute_many([app.desk.open_campaign(name) for name in names]):
        if isinstance(answer, PullcordError) and not isinstance(answer, Conflict):
            raise answer


def bind(address: Address) -> socket.socket:
    """A socket at the address; Conflict where it cannot be had."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, so that no answer is held back
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address.host, address.port))
    except OSError as failure:
        bound.close()
        raise Conflict(
            f"{address.host}:{address.port} cannot be listened at: {failure.strerror}",
            "choose another with --host and --port; port 0 takes one that is free",
        ) from failure
    return bound


def _collect_less() -> None:
    """What was made so far stays: the collector need not look at it again, nor as often at what is new.

    The rows that the ledger keeps in memory are many and refer to nothing in circles; with Python's own thresholds a
    fifth of the time of every order went into looking at them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run to the end in an event loop: uvloop's where there is one."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)


def serve(serving: Serving, ready: Callable[[Running], None]) -> None:
    """Serve until the process is told to stop (SIGINT, SIGTERM); `ready` is called once it listens."""

    async def main() -> None:
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, over.set)
        async with running(serving) as found:
            ready(found)
            await over.wait()

    run(main())


@contextmanager
def serve_in_thread(serving: Serving) -> Iterator[Running]:
    """A server in a thread of this process, for tests and benches; stopped when the block ends."""
    started: list[Running] = []
    failed: list[BaseException] = []
    ready = threading.Event()
    stop: list[Callable[[], object]] = []

    async def main() -> None:
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(over.set))
        async with running(serving) as found:
            started.append(found)
            ready.set()
            await over.wait()

    def work() -> None:
        try:
            run(main())
        except BaseException as failure:
            failed.append(failure)
        finally:
            ready.set()

    thread = threading.Thread(target=work, name="pullcord-server", daemon=True)
    thread.start()
    ready.wait()
    try:
        if not started:
            raise failed[0]
        yield started[0]
    finally:
        if stop:
            with suppress(RuntimeError):  # its loop has ended by itself
                stop[0]()
        thread.join()
    if failed:
        raise failed[0]
