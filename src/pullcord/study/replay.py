"""The launch, replayed: every customer, plan, part, vehicle and payment as a real command to a real ledger.

Nothing here decides anything but what customers decide. The clock is simulated; each hour's commands are given
together and answered only once they are durable.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import count
from typing import Any

from pullcord.app import App
from pullcord.base import PullcordError, SimulatedClock
from pullcord.orders import Outcome, State
from pullcord.store import Command

from .customers import Customer

FORECAST_WEEKS = 8  # how far each published forecast looks ahead
WORKING_DAYS = 6  # Monday to Saturday
ONE_HOUR = timedelta(hours=1)
SWEEP_HOURS = 6  # between two looks for quotes that lapsed
PLANNING_HOUR, BUILDING_HOUR, ROAD_HOUR = 1, 20, 6  # local time

Progress = Callable[[str, float], None]
Step = tuple[datetime, int, Callable[[], None]]


@dataclass
class Tally:
    """What the replay met that the ledger's tables do not say at a glance."""

    turned_away: int = 0  # reserved where no order can follow
    asked: int = 0
    declined: int = 0  # saw a date and found the wait too long
    short_of_parts: int = 0  # builds put off for want of parts, summed over days
    plans: int = 0
    commands: int = 0


class LaunchReplay:
    """Drives one program's launch from the first reservation until every car is handed over or the horizon ends."""

    def __init__(self, app: App, clock: SimulatedClock, customers: Sequence[Customer], progress: Progress) -> None:
        self.app = app
        self.desk = app.desk
        self.clock = clock
        self.customers = customers
        self.progress = progress
        self.program = app.program
        self.offset = timedelta(hours=app.program.utc_offset_hours)
        self.tally = Tally()
        self._agenda: list[Step] = []
        self._ticket = count()
        self._batch: list[tuple[Command[Any], Callable[[Any], None]]] = []
        self._planned: dict[str, list[str]] = {}
        self._signals = True  # something has come that no forecast has seen: the launch itself, to begin with

    def run(self) -> Tally:
        """Replay it all; interrupted, the ledger keeps what was answered."""
        program = self.program
        for customer in self.customers:
            self._at(customer.reserves_at, partial(self._reserve, customer))
        end = program.starts_on + timedelta(weeks=program.horizon_weeks)
        day = program.starts_on
        while day < end:
            self._day(day)
            day += timedelta(days=1)
            done = (day - program.starts_on) / (end - program.starts_on)
            self.progress(f"launch, {day:%d %b %Y}", done)
            if not self._agenda and self._quiet():
                break
        self._close_week(day - timedelta(days=1))  # the last one, even where it ends before its Sunday
        return self.tally

    def _quiet(self) -> bool:
        with self.app.ledger.reader() as reader:
            return not self.desk.open_orders(reader)

    # A day

    def _day(self, day: date) -> None:
        midnight = datetime.combine(day, time(), UTC) - self.offset
        since_start = (day - self.program.starts_on).days
        policies = self.program.policies
        for hour in range(24):
            now = midnight + hour * ONE_HOUR
            if hour % SWEEP_HOURS == 0:
                self._advance(now)
                moment = f"{now:%Y-%m-%dT%H}"
                self._give([self.desk.lapse_due(moment), self.desk.lock_due(moment)])
            if hour == PLANNING_HOUR:
                self._advance(now)
                if since_start % policies.forecast_every_days == 0 and self._signals:
                    self._signals = False
                    self._give([self.desk.forecast(f"f-{day}", FORECAST_WEEKS)])
                self._give([self.desk.receive(day)])
                if since_start % policies.plan_every_days == 0:
                    self._plan(day)
            if hour == ROAD_HOUR:
                self._advance(now)
                self._give([self.desk.arrive(day)])
            if hour == BUILDING_HOUR and day.weekday() < WORKING_DAYS:
                self._advance(now)
                self._build(day)
            self._hour(now + ONE_HOUR)
        if day.weekday() == 6:
            self._close_week(day)

    def _close_week(self, day: date) -> None:
        self._give([self.desk.settle(f"{day:%G-W%V}"), self.desk.pay_suppliers(day)])

    def _plan(self, day: date) -> None:
        for plant in self.program.plants:
            (planned,) = self._give([self.desk.plan(plant.plant_id, f"r-{day}")])
            self.tally.plans += 1
            if planned.conflicts:
                self.progress(f"plan of {day}: {planned.conflicts[0]}", -1)
            with self.app.ledger.reader() as reader:
                self._planned[plant.plant_id] = list(self.desk.planned_builds(reader, plant.plant_id, day))

    def _build(self, day: date) -> None:
        days_left = WORKING_DAYS - day.weekday()
        for plant in self.program.plants:
            planned = self._planned.get(plant.plant_id, [])
            today = planned[: -(-len(planned) // days_left)]
            if not today:
                continue
            (built,) = self._give([self.desk.build(plant.plant_id, day, today)])
            self.tally.short_of_parts += len(built.short_of_parts)
            self._planned[plant.plant_id] = [*built.short_of_parts, *built.not_locked, *planned[len(today) :]]

    # Customers, hour by hour

    def _hour(self, until: datetime) -> None:
        """Let the customers of one hour act; who answers within the hour acts again in it."""
        while self._agenda and self._agenda[0][0] < until:
            first = self._agenda[0][0]
            while self._agenda and self._agenda[0][0] < until and self._agenda[0][0] - first < ONE_HOUR:
                heapq.heappop(self._agenda)[2]()
            self._advance(max(first, self.clock.now()))
            batch, self._batch = self._batch, []
            for (_, then), answer in zip(batch, self._give([command for command, _ in batch]), strict=True):
                then(answer)

    def _at(self, at: datetime, step: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (at, next(self._ticket), step))

    def _say(self, command: Command[Any], then: Callable[[Any], None]) -> None:
        self._signals = True
        self._batch.append((command, then))

    def _reserve(self, customer: Customer) -> None:
        self._say(
            self.desk.reserve(
                customer.order_id, customer.person_id, customer.variant_id, customer.plan, customer.city_id
            ),
            lambda answer: self._reserved(customer, answer),
        )
        if customer.asks_after is not None:
            self._at(customer.reserves_at + customer.asks_after, lambda: self._ask(customer))

    def _reserved(self, customer: Customer, answer: Outcome) -> None:
        if answer.refused:
            self.tally.turned_away += 1

    def _ask(self, customer: Customer) -> None:
        # Not from the answer to the reservation: who asks within the hour asks before it has come.
        if self.desk.house.channel.why_not(customer.variant_id, customer.plan, customer.city_id) is not None:
            return  # was turned away, and has nothing to ask about
        self.tally.asked += 1
        self._say(self.desk.quote(customer.order_id), lambda answer: self._shown(customer, answer))

    def _shown(self, customer: Customer, answer: Outcome) -> None:
        if answer.refused or answer.deliver_on is None:
            self._cancel(customer, f"wait: no date could be given ({answer.refused})", timedelta())
            return
        wait = (answer.deliver_on - (self.clock.now() + self.offset).date()).days
        if wait > customer.patience_days:
            self.tally.declined += 1
            self._cancel(customer, f"wait: {wait} days is too long", timedelta())
            return
        self._at(self.clock.now() + customer.pays_after, lambda: self._pay(customer))

    def _pay(self, customer: Customer) -> None:
        self._say(self.desk.deposit(customer.order_id), lambda answer: self._paid(customer, answer))

    def _paid(self, customer: Customer, answer: Outcome) -> None:
        if answer.state is not State.DEPOSITED:
            return
        if customer.changes_mind:
            self._cancel(customer, "changed their mind", customer.locks_after)
        else:
            self._at(self.clock.now() + customer.locks_after, lambda: self._lock(customer))

    def _lock(self, customer: Customer) -> None:
        self._say(self.desk.lock(customer.order_id), lambda _: None)

    def _cancel(self, customer: Customer, reason: str, after: timedelta) -> None:
        self._at(
            self.clock.now() + after,
            lambda: self._say(self.desk.cancel(customer.order_id, reason), lambda _: None),
        )

    # The ledger

    def _advance(self, to: datetime) -> None:
        if to > self.clock.now():
            self.clock.advance_to(to)

    def _give(self, commands: Sequence[Command[Any]]) -> list[Any]:
        answers = self.app.ledger.execute_many(commands)
        self.tally.commands += len(answers)
        for answer in answers:
            if isinstance(answer, PullcordError):
                raise answer
        return answers
