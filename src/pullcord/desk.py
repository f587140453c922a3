"""Every command that may be given to a program, who may give it, and what it does.

A command is named by its caller: the same name asked twice has one effect and one answer. The default names below say
what is done to what, so a step that can happen only once cannot happen twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa

from pullcord import alliance, demand, finance, logistics, orders, procurement, production, promising
from pullcord.alliance import Role
from pullcord.base import (
    BuildOrderId,
    CityId,
    CommandId,
    InvalidInput,
    Money,
    OrderId,
    PartId,
    PartyId,
    PersonId,
    VariantId,
    check_id,
    monday_of,
)
from pullcord.catalogue import Catalogue
from pullcord.orders import Outcome, State, Terms
from pullcord.outlook import Counts, Outlook
from pullcord.production import PlanPolicy, PlanRequest
from pullcord.store import Command, Reader, Transaction, event

A = TypeVar("A")


@event("program.opened")
@dataclass(frozen=True, slots=True)
class ProgramOpened:
    """A program began; `digest` names the exact input it runs on."""

    program_id: str
    name: str
    digest: str
    currency: str
    seed: int
    starts_on: date


@dataclass(frozen=True, slots=True)
class Planned:
    """What a plan amounted to."""

    run_id: str
    status: str
    vehicles: int
    gap: float | None
    conflicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Built:
    """Vehicles that left the line, and build orders that waited for parts."""

    count: int
    short_of_parts: tuple[BuildOrderId, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """How many things a command moved."""

    count: int


class Desk:
    """Commands for one program, ready to be given to its ledger."""

    def __init__(self, house: Catalogue, outlook: Outlook) -> None:
        self.house = house
        self.outlook = outlook
        self.program = house.program
        self.policies = house.program.policies

    def _command(
        self,
        name: str,
        party: PartyId | None,
        default_party: PartyId,
        command_id: str,
        body: Any,
        decide: Callable[[Transaction], A],
        answer: type[A],
    ) -> Command[A]:
        giver = party or default_party
        known = self.house.parties.get(giver)
        if known is None:
            raise InvalidInput(
                f"`{giver}` is no party of {self.program.name}", f"its parties are {', '.join(self.house.parties)}"
            )
        alliance.require_right(known.role, name)
        check_id(command_id, "command")
        return Command(CommandId(command_id), giver, name, body, decide, answer)

    def _for_customer(
        self, name: str, party: PartyId | None, command_id: str, body: Any, decide: Callable[[Transaction], Outcome]
    ) -> Command[Outcome]:
        return self._command(name, party, self.house.platform.party_id, command_id, body, decide, Outcome)

    def local_date(self, tx: Transaction) -> date:
        """The calendar day of a command where the program is sold."""
        return (tx.now + timedelta(hours=self.program.utc_offset_hours)).date()

    # The program and its plants

    def open_program(self, party: PartyId | None = None) -> Command[Count]:
        """Begin: note the input's digest, and open every plant's weekly build slots for the whole horizon."""
        program = self.program

        def decide(tx: Transaction) -> Count:
            tx.emit(
                f"program/{program.program_id}",
                ProgramOpened(
                    program.program_id, program.name, program.digest, program.currency, program.seed, program.starts_on
                ),
                expected_version=0,
            )
            for plant in program.plants:
                production.open_slots(
                    tx, plant.plant_id, list(self.house.capacity[plant.plant_id].items()), program.option_limits
                )
            return Count(len(program.plants))

        # The program is opened by the platform in the alliance's name; from then on plants open their own weeks.
        return self._command(
            "program.open",
            party,
            self.house.platform.party_id,
            "open-program",
            {"digest": program.digest},
            decide,
            Count,
        )

    # Customers

    def reserve(
        self, order_id: str, person_id: str, variant_id: str, plan: str, city_id: str, *, party: PartyId | None = None
    ) -> Command[Outcome]:
        """Note a wish."""
        check_id(order_id, "order")
        check_id(person_id, "person")
        self.house.price(variant_id, plan)
        self.house.city(city_id)

        def decide(tx: Transaction) -> Outcome:
            return orders.reserve(
                tx, OrderId(order_id), PersonId(person_id), VariantId(variant_id), plan, CityId(city_id)
            )

        body = {"order": order_id, "person": person_id, "variant": variant_id, "plan": plan, "city": city_id}
        return self._for_customer("orders.reserve", party, f"reserve-{order_id}", body, decide)

    def quote(self, order_id: str, *, attempt: int = 1, party: PartyId | None = None) -> Command[Outcome]:
        """Show a date and a price, and hold the slot behind them."""

        def decide(tx: Transaction) -> Outcome:
            order = orders.find_order(tx, OrderId(order_id))
            return orders.quote(tx, OrderId(order_id), self.terms(tx, order.variant_id, order.plan, order.city_id))

        return self._for_customer(
            "orders.quote", party, f"quote-{order_id}-{attempt}", {"order": order_id, "attempt": attempt}, decide
        )

    def terms(self, tx: Transaction, variant_id: str, plan: str, city_id: str) -> Terms:
        """What a quote made now rests on."""
        house, today = self.house, self.local_date(tx)
        return Terms(
            VariantId(variant_id),
            plan,
            CityId(city_id),
            house.price(variant_id, plan).price,
            [(use.family_id, use.option_id) for use in house.limited_options[variant_id]],
            house.transit_days[city_id],
            self.own_parts_ready_on(tx, VariantId(variant_id), today),
            self.first_promised_week(tx),
            timedelta(hours=self.policies.quote_valid_hours),
        )

    def own_parts_ready_on(self, tx: Transaction, variant_id: VariantId, today: date) -> date:
        """The day by which the parts that not every variant needs can be there for one more unit.

        At once where the stock covers it beyond all that is promised and not built; after the lead time otherwise.
        What is on order is left out of account: it is for those who were promised before.
        """
        house, ready = self.house, today
        for part_id, users in house.own_parts[variant_id].items():
            promised = sum(pieces * promising.promised_units(tx, other) for other, pieces in users.items())
            stock = max(
                (
                    row.on_hand
                    for plant in self.program.plants
                    if (row := tx.get(procurement.PART_STOCK, plant.plant_id, part_id))
                ),
                default=0,
            )
            if stock - promised < users[variant_id]:
                ready = max(ready, today + timedelta(days=house.parts[part_id].lead_time_days))
        return ready

    def first_promised_week(self, tx: Transaction) -> date:
        """The first week that can still be planned, and built firm, if the customer takes all the time they have."""
        offset = timedelta(hours=self.program.utc_offset_hours)
        paid_by = tx.now + timedelta(hours=self.policies.quote_valid_hours) + offset
        locked_by = (paid_by + timedelta(hours=self.policies.lock_hours)).date()
        return max(self.first_open_week(paid_by.date()), monday_of(locked_by + timedelta(days=6)))

    def first_open_week(self, today: date) -> date:
        """The Monday of the first week that the freeze fence leaves open."""
        return max(monday_of(self.program.starts_on), monday_of(today) + timedelta(weeks=self.policies.freeze_weeks))

    def deposit(
        self, order_id: str, amount: Money | None = None, *, attempt: int = 1, party: PartyId | None = None
    ) -> Command[Outcome]:
        """Take the deposit against the date shown."""
        due = self.policies.deposit
        paid = amount if amount is not None else due

        def decide(tx: Transaction) -> Outcome:
            return orders.deposit(tx, OrderId(order_id), paid, due)

        body = {"order": order_id, "amount": [paid.minor, paid.currency]}
        return self._for_customer("orders.deposit", party, f"deposit-{order_id}-{attempt}", body, decide)

    def lock(self, order_id: str, *, party: PartyId | None = None) -> Command[Outcome]:
        """Make the order firm."""

        def decide(tx: Transaction) -> Outcome:
            return orders.lock(tx, OrderId(order_id))

        return self._for_customer("orders.lock", party, f"lock-{order_id}", {"order": order_id}, decide)

    def cancel(self, order_id: str, reason: str, *, party: PartyId | None = None) -> Command[Outcome]:
        """End an order before its vehicle is built."""
        refundable = {State.DEPOSITED} if self.policies.deposit_refundable_until_lock else set()

        def decide(tx: Transaction) -> Outcome:
            return orders.cancel(tx, OrderId(order_id), reason, refundable_in=refundable)

        return self._for_customer(
            "orders.cancel", party, f"cancel-{order_id}", {"order": order_id, "reason": reason}, decide
        )

    def lapse_due(self, moment: str, *, party: PartyId | None = None) -> Command[Count]:
        """Take back every quote whose time is over; `moment` names the sweep."""

        def decide(tx: Transaction) -> Count:
            return Count(len(orders.lapse_due(tx)))

        return self._command(
            "orders.lapse", party, self.house.platform.party_id, f"lapse-{moment}", {"moment": moment}, decide, Count
        )

    def lock_due(self, moment: str, *, party: PartyId | None = None) -> Command[Count]:
        """Lock every order whose time to withdraw is over; `moment` names the sweep."""
        within = timedelta(hours=self.policies.lock_hours)

        def decide(tx: Transaction) -> Count:
            return Count(len(orders.lock_due(tx, within)))

        return self._command(
            "orders.lock", party, self.house.platform.party_id, f"lock-due-{moment}", {"moment": moment}, decide, Count
        )

    # Demand

    def forecast(self, run_id: str, weeks: int, *, party: PartyId | None = None) -> Command[Count]:
        """Publish what is expected from now on, with every signal up to this moment in it."""

        def decide(tx: Transaction) -> Count:
            seen = tx.head
            today = self.local_date(tx)
            found = self.outlook.forecast(today, weeks, self.counts(tx))
            demand.publish_forecast(tx, run_id, today, seen, found)
            return Count(round(found.total))

        return self._command(
            "demand.forecast",
            party,
            self.house.platform.party_id,
            f"forecast-{run_id}",
            {"run": run_id, "weeks": weeks},
            decide,
            Count,
        )

    def counts(self, reader: Reader) -> Counts:
        """What customers have done so far, each counted once at the dearest signal."""
        table = orders.ORDER.sql
        found = reader.query(
            sa.select(table.c.state, table.c.variant_id, table.c.city_id, sa.func.count())
            .where(table.c.program_id == reader.program_id)
            .group_by(table.c.state, table.c.variant_id, table.c.city_id)
        )
        rows = [(row[0], row[1], row[2], row[3]) for row in found]
        firm = (State.LOCKED, State.BUILT, State.SHIPPED, State.HANDED_OVER)
        locked: dict[tuple[str, str], int] = {}
        for state, variant_id, city_id, count in rows:
            if state in firm:
                locked[variant_id, city_id] = locked.get((variant_id, city_id), 0) + count
        return Counts(
            reserved=sum(count for state, _, _, count in rows if state in (State.RESERVED, State.QUOTED)),
            deposited=sum(count for state, _, _, count in rows if state is State.DEPOSITED),
            locked=locked,
        )

    def open_orders(self, reader: Reader) -> int:
        """Paid orders that have not reached their customers."""
        table = orders.ORDER.sql
        under_way = (State.DEPOSITED, State.LOCKED, State.BUILT, State.SHIPPED)
        rows = reader.query(
            sa.select(sa.func.count()).where(table.c.program_id == reader.program_id, table.c.state.in_(under_way))
        )
        return int(rows[0][0])

    # Plants and parts

    def open_stock(self, *, party: PartyId | None = None) -> Command[Count]:
        """Count in what the program says is at its plants on the first day."""

        def decide(tx: Transaction) -> Count:
            for plant in self.program.plants:
                procurement.adjust_stock(
                    tx,
                    plant.plant_id,
                    {PartId(part): pieces for part, pieces in self.program.opening_stock.items()},
                    "opening stock",
                )
            return Count(len(self.program.opening_stock))

        return self._as_carmaker(
            "procurement.receive", party, "open-stock", {"digest": self.program.digest}, decide, Count
        )

    def _as_carmaker(
        self,
        name: str,
        party: PartyId | None,
        command_id: str,
        body: Any,
        decide: Callable[[Transaction], A],
        answer: type[A],
    ) -> Command[A]:
        return self._command(name, party, self.house.carmaker.party_id, command_id, body, decide, answer)

    def plan(self, plant_id: str, run_id: str, *, party: PartyId | None = None) -> Command[Planned]:
        """Make a plant's weekly plan anew from firm orders, the latest forecast and the parts that can be there."""
        plant = self.house.plant(plant_id)

        def decide(tx: Transaction) -> Planned:
            today = self.local_date(tx)
            schedule = production.plan(
                tx,
                PlanRequest(
                    run_id=run_id,
                    plant_id=plant.plant_id,
                    as_of=today,
                    policy=self.plan_policy(today),
                    options=self.house.options,
                    usage=self.house.usage,
                    parts_supply=procurement.parts_supply(
                        tx, plant.plant_id, today, self.weeks_left(today), self.program.parts
                    ),
                    forecast=self.expected_builds(tx, today),
                    seed=self.program.seed,
                ),
            )
            vehicles = 0 if schedule.builds is None else int(schedule.builds.sum())
            return Planned(run_id, schedule.status.value, vehicles, schedule.gap, schedule.conflicts)

        return self._as_carmaker(
            "production.plan",
            party,
            f"plan-{plant_id}-{run_id}",
            {"plant": plant_id, "run": run_id},
            decide,
            Planned,
        )

    def weeks_left(self, today: date) -> int:
        """Weeks of the horizon from that of `today` on; at least the current one."""
        end = monday_of(self.program.starts_on) + timedelta(weeks=self.program.horizon_weeks)
        return max(1, (end - monday_of(today)).days // 7)

    def plan_policy(self, today: date) -> PlanPolicy:
        """What lateness, earliness and an unbuilt vehicle cost, from the program's assumptions."""
        program = self.program
        price = max(p.price.minor for p in program.prices)
        margin = program.assumed("variable_margin_share")
        late = program.assumed(f"expedite_cost_per_unit_{program.currency.lower()}")
        holding = program.assumed("holding_cost_share_per_year") / 52 * (1 - margin)

        def money(minor: float) -> Money:
            return Money(round(minor), program.currency)

        return PlanPolicy(
            late_cost=Money.of(round(late), program.currency),
            early_cost=money(holding * price),
            unbuilt_cost=money(margin * price),
            weeks=self.weeks_left(today),
            freeze_weeks=min(self.policies.freeze_weeks, self.weeks_left(today)),
        )

    def expected_builds(self, tx: Transaction, today: date) -> dict[tuple[VariantId, date], int]:
        """Orders that the latest forecast still expects, as builds in the first week that is then open."""
        this_week = monday_of(today)
        # What this week's forecast says of the days gone by has come as orders, or not at all.
        left_of_week = (7 - (today - this_week).days) / 7
        lag = timedelta(weeks=self.policies.freeze_weeks)
        table = demand.FORECAST.sql
        rows = tx.query(
            sa.select(table.c.variant_id, table.c.week_start, sa.func.sum(table.c.units))
            .where(table.c.program_id == tx.program_id, table.c.week_start >= this_week)
            .group_by(table.c.variant_id, table.c.week_start)
            .order_by(table.c.variant_id, table.c.week_start)
        )
        return {(row[0], row[1] + lag): round(row[2] * (left_of_week if row[1] == this_week else 1.0)) for row in rows}

    def build(
        self, plant_id: str, built_on: date, build_orders: Sequence[str], *, party: PartyId | None = None
    ) -> Command[Built]:
        """Build these vehicles with the parts in stock; those whose parts are missing wait, and are named."""
        plant = self.house.plant(plant_id)

        def decide(tx: Transaction) -> Built:
            stock = {
                row.part_id: row.on_hand
                for part_id in self.house.parts
                if (row := tx.get(procurement.PART_STOCK, plant.plant_id, part_id)) is not None
            }
            used: dict[PartId, int] = {}
            built: list[BuildOrderId] = []
            waiting: list[BuildOrderId] = []
            for name in build_orders:
                order = production.find_build_order(tx, BuildOrderId(name))
                needs = self.house.usage[order.variant_id]
                if all(stock.get(part, 0) - used.get(part, 0) >= pieces for part, pieces in needs.items()):
                    for part, pieces in needs.items():
                        used[part] = used.get(part, 0) + pieces
                    built.append(order.build_order_id)
                else:
                    waiting.append(order.build_order_id)
            if built:
                procurement.consume_parts(tx, plant.plant_id, used, f"builds of {built_on}")
                production.report_built(tx, plant.plant_id, built_on, built)
            return Built(len(built), tuple(waiting))

        body = {"plant": plant_id, "on": built_on, "orders": list(build_orders)}
        return self._as_carmaker("production.build", party, f"build-{plant_id}-{built_on}", body, decide, Built)

    def receive(self, on_date: date, *, party: PartyId | None = None) -> Command[Count]:
        """Take in the parts that were due by a day."""

        def decide(tx: Transaction) -> Count:
            return Count(len(procurement.receive_due(tx, on_date)))

        return self._as_carmaker("procurement.receive", party, f"receive-{on_date}", {"on": on_date}, decide, Count)

    # On the road, and the money

    def on_the_road(self, reader: Reader) -> int:
        """Vehicles that have left and not arrived."""
        table = logistics.LEG.sql
        rows = reader.query(
            sa.select(sa.func.count()).where(table.c.program_id == reader.program_id, table.c.arrived_on.is_(None))
        )
        return int(rows[0][0])

    def arrive(self, on_date: date, *, party: PartyId | None = None) -> Command[Count]:
        """Take the vehicles that were due by a day off the road, each to its customer."""
        carrier = next(p.party_id for p in self.program.parties if p.role is Role.LOGISTICS)

        def decide(tx: Transaction) -> Count:
            return Count(len(logistics.arrive_due(tx, on_date)))

        return self._command("logistics.arrive", party, carrier, f"arrive-{on_date}", {"on": on_date}, decide, Count)

    def settle(self, period: str, *, party: PartyId | None = None) -> Command[Count]:
        """Pay every party what its share of the sales so far amounts to."""

        def decide(tx: Transaction) -> Count:
            payments = finance.settle(
                tx,
                transfer_id=f"settle-{period}",
                platform=self.house.platform.party_id,
                period=period,
                currency=self.program.currency,
            )
            return Count(len(payments))

        return self._command(
            "finance.settle",
            party,
            self.house.platform.party_id,
            f"settle-{period}",
            {"period": period},
            decide,
            Count,
        )
