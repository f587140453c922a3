"""What a running server does unasked: quotes and offers lapse, deposits lock, old sessions go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from pullcord import campaigns, orders
from pullcord.base import PullcordError
from pullcord.orders import State
from pullcord.store import Command
from pullcord.web import Context

log = logging.getLogger(__name__)
ACCOUNTS_EVERY = 120  # sweeps of orders to one of accounts


def sweeps(context: Context) -> list[Command[Any]]:
    """The commands that are due now. A sweep that would find nothing is not made: the ledger keeps every command."""
    app, now = context.app, context.clock.now()
    order, place = orders.ORDER.sql.c, campaigns.PLACE.sql.c
    lockable = now - timedelta(hours=app.program.policies.lock_hours)
    moment = f"{now:%Y-%m-%dT%H.%M.%S.%f}"
    with app.ledger.reader() as reader:

        def some(table: sa.Table, *where: sa.ColumnElement[bool]) -> bool:
            statement = sa.select(sa.literal(1)).where(table.c.program_id == reader.program_id, *where).limit(1)
            return bool(reader.query(statement))

        due = [
            (some(orders.ORDER.sql, order.state == State.QUOTED, order.valid_until < now), app.desk.lapse_due),
            (some(campaigns.PLACE.sql, place.held_until <= now), app.desk.lapse_offers),
            (some(orders.ORDER.sql, order.state == State.DEPOSITED, order.deposited_at <= lockable), app.desk.lock_due),
        ]
    return [command(moment) for is_due, command in due if is_due]


@asynccontextmanager
async def upkeep(context: Context, every_s: float) -> AsyncIterator[None]:
    """Sweeps every so often for as long as the block runs."""
    task = asyncio.get_running_loop().create_task(_keep_up(context, every_s))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _keep_up(context: Context, every_s: float) -> None:
    number = 0
    while True:
        await asyncio.sleep(every_s)
        number += 1
        await or_log("orders", lambda: _sweep(context))
        if number % ACCOUNTS_EVERY == 0:
            await or_log("accounts", lambda: asyncio.to_thread(context.accounts.sweep))


async def _sweep(context: Context) -> None:
    for command in await asyncio.to_thread(sweeps, context):
        await context.gateway.give(command)


async def or_log(what: str, ask: Callable[[], Any]) -> None:
    """A sweep that failed is tried again at the next; it must not end those that follow."""
    try:
        await ask()
    except PullcordError as failure:
        log.warning("the sweep `%s` failed: %s", what, failure)
    except Exception:
        log.exception("the sweep `%s` broke", what)
