"""The rest of the chain acts by itself: forecast, plan, receive, build, carry and settle, day by day.

For trying things out on one machine, with a clock that runs fast: in a real alliance each party gives its own commands.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import date, datetime, timedelta
from typing import Any

from pullcord.base import PullcordError
from pullcord.store import Command
from pullcord.web import Context

from .upkeep import or_log

FORECAST_WEEKS = 8
WORKING_DAYS = 6  # Monday to Saturday
PLANNING_HOUR, ROAD_HOUR, BUILDING_HOUR, BOOKS_HOUR = 1, 6, 20, 22  # local time, as in a replayed launch
LOOK_EVERY_S = 0.5
ONE_HOUR = timedelta(hours=1)

Step = Callable[[Context, date], list[Command[Any]]]


def plan(context: Context, day: date) -> list[Command[Any]]:
    """What is expected, what has come in, and the plan that follows."""
    desk, program = context.app.desk, context.app.program
    plans = [desk.plan(plant.plant_id, f"r-{day}") for plant in program.plants]
    return [desk.forecast(f"f-{day}", FORECAST_WEEKS), desk.receive(day), *plans]


def carry(context: Context, day: date) -> list[Command[Any]]:
    """What was on the road arrives."""
    return [context.app.desk.arrive(day)]


def build(context: Context, day: date) -> list[Command[Any]]:
    """An even share of what the week's plan still holds leaves the line."""
    desk = context.app.desk
    if day.weekday() >= WORKING_DAYS:
        return []
    made = []
    with context.app.ledger.reader() as reader:
        for plant in context.app.program.plants:
            waiting = desk.planned_builds(reader, plant.plant_id, day)
            today = list(waiting)[: -(-len(waiting) // (WORKING_DAYS - day.weekday()))]
            if today:
                made.append(desk.build(plant.plant_id, day, today))
    return made


def settle(context: Context, day: date) -> list[Command[Any]]:
    """On Sundays everybody is paid."""
    desk = context.app.desk
    return [desk.settle(f"{day:%G-W%V}"), desk.pay_suppliers(day)] if day.weekday() == 6 else []


STEPS: dict[int, Step] = {PLANNING_HOUR: plan, ROAD_HOUR: carry, BUILDING_HOUR: build, BOOKS_HOUR: settle}


def due_between(after: datetime, until: datetime) -> Iterator[tuple[date, Step]]:
    """The steps whose local hour begins after the one moment and not after the other, in order."""
    at = after.replace(minute=0, second=0, microsecond=0) + ONE_HOUR
    while at <= until:
        if at.hour in STEPS:
            yield at.date(), STEPS[at.hour]
        at += ONE_HOUR


@asynccontextmanager
async def acting(context: Context) -> AsyncIterator[None]:
    """The chain at work for as long as the block runs."""
    task = asyncio.get_running_loop().create_task(_act(context))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _act(context: Context) -> None:
    house = context.app.desk.house
    done = house.local_time(context.clock.now())
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        until = house.local_time(context.clock.now())
        for day, step in due_between(done, until):
            await or_log(f"{step.__name__} of {day}", lambda: _take(context, step, day))  # noqa: B023 - awaited at once
        done = until


async def _take(context: Context, step: Step, day: date) -> None:
    for command in await asyncio.to_thread(step, context, day):
        try:
            await context.gateway.give(command)
        except PullcordError as failure:
            raise type(failure)(f"{command.name}: {failure.message}", failure.hint) from failure
