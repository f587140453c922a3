"""Commands of the carmaker: plan, build, take in parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa

from pullcord import demand, finance, orders, procurement, production, promising
from pullcord.base import BuildOrderId, Money, NotFound, PartId, PartyId, PlantId, VariantId, monday_of
from pullcord.production import PlanPolicy, PlanRequest
from pullcord.store import Command, Reader, Transaction

from .clerk import Clerk
from .model import Built, Count, Planned

A = TypeVar("A")


class PlantDesk(Clerk):
    """The weekly plan, the line and the dock."""

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

    def change_capacity(
        self, plant_id: str, week_start: date, vehicles: int, *, attempt: int = 1, party: PartyId | None = None
    ) -> Command[Count]:
        """A week of a plant will hold another number of vehicles; who no longer fits is moved and told first.

        The answer counts the promises that were moved. Raises Conflict, and changes nothing, where some fit into no
        other week either.
        """
        plant = self.house.plant(plant_id)

        def decide(tx: Transaction) -> Count:
            known = tx.get(production.BUILD_SLOT, plant.plant_id, week_start)
            if known is None:
                raise NotFound(
                    f"plant `{plant_id}` has not opened the week of {week_start}", "name one of its weeks by its Monday"
                )
            broken = promising.broken_promises(
                tx,
                self.house.needs,
                self.house.first_promised_week(tx.now),
                partial(orders.still_to_build, tx),
                {(plant.plant_id, week_start): vehicles},
            )
            moved = promising.move_promises(tx, self.house.needs, broken)
            production.open_slots(tx, plant.plant_id, [(week_start, vehicles)])
            return Count(len(moved))

        return self._as_carmaker(
            "production.plan",
            party,
            f"capacity-{plant_id}-{week_start}-{attempt}",
            {"plant": plant_id, "week": week_start, "vehicles": vehicles},
            decide,
            Count,
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
        late = Money.of(round(program.assumed(f"expedite_cost_per_unit_{program.currency.lower()}")), program.currency)
        weeks = self.weeks_left(today)
        holding = program.assumed("holding_cost_share_per_year") / 52 * (1 - margin)

        def money(minor: float) -> Money:
            return Money(round(minor), program.currency)

        return PlanPolicy(
            late_cost=late,
            early_cost=money(holding * price),
            unbuilt_cost=money(margin * price),
            # A date that was shown goes before what is only expected: leaving an expected unit out of the whole
            # horizon costs less than one week of delay for one customer.
            forecast_late_cost=money(late.minor / (weeks + margin * price / max(1, late.minor) + 1)),
            weeks=weeks,
            freeze_weeks=min(self.policies.freeze_weeks, weeks),
            thaw=True,  # a frozen week that lost its parts is planned anew, and the conflict is published
        )

    def expected_builds(self, tx: Transaction, today: date) -> dict[tuple[VariantId, date], int]:
        """Orders that the latest forecast still expects, as builds in the first week that is then open."""
        this_week = monday_of(today)
        # What this week's forecast says of the days gone by has come as orders, or not at all.
        left_of_week = (7 - (today - this_week).days) / 7
        lag = timedelta(weeks=self.policies.freeze_weeks)
        table = demand.FORECAST.sql
        units: sa.ColumnElement[float] = table.c.units
        if revised := demand.revised_scale(tx):
            units = units * sa.case((table.c.run_id == revised[0], revised[1]), else_=1.0)
        rows = tx.query(
            sa.select(table.c.variant_id, table.c.week_start, sa.func.sum(units))
            .where(table.c.program_id == tx.program_id, table.c.week_start >= this_week)
            .group_by(table.c.variant_id, table.c.week_start)
            .order_by(table.c.variant_id, table.c.week_start)
        )
        return {(row[0], row[1] + lag): round(row[2] * (left_of_week if row[1] == this_week else 1.0)) for row in rows}

    def build(
        self,
        plant_id: str,
        built_on: date,
        build_orders: Sequence[str] | None = None,
        *,
        run_id: str | None = None,
        party: PartyId | None = None,
    ) -> Command[Built]:
        """Build these vehicles with the parts in stock; without names, all that the plan still holds for the week.

        Named in the answer, and left for later: those whose parts are missing, and those that their customers may
        still withdraw. Named too, and not built at all: those cancelled since the plan was made. `run_id` tells
        several reports of one day apart.
        """
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
            not_locked: list[BuildOrderId] = []
            cancelled: list[BuildOrderId] = []
            for name in self.planned_builds(tx, plant.plant_id, built_on) if build_orders is None else build_orders:
                order = production.find_build_order(tx, BuildOrderId(name))
                needs = self.house.usage[order.variant_id]
                wish = tx.get(orders.ORDER, orders.order_of_build(order.build_order_id))
                if order.state == production.BuildState.CANCELLED:
                    cancelled.append(order.build_order_id)
                elif wish is not None and wish.state is orders.State.DEPOSITED:
                    not_locked.append(order.build_order_id)
                elif all(stock.get(part, 0) - used.get(part, 0) >= pieces for part, pieces in needs.items()):
                    for part, pieces in needs.items():
                        used[part] = used.get(part, 0) + pieces
                    built.append(order.build_order_id)
                else:
                    waiting.append(order.build_order_id)
            if built:
                procurement.consume_parts(tx, plant.plant_id, used, f"builds of {built_on}")
                production.report_built(tx, plant.plant_id, built_on, built)
            return Built(len(built), tuple(waiting), tuple(not_locked), tuple(cancelled))

        body = {"plant": plant_id, "on": built_on, "orders": None if build_orders is None else list(build_orders)}
        return self._as_carmaker(
            "production.build", party, f"build-{plant_id}-{run_id or built_on}", body, decide, Built
        )

    def planned_builds(self, reader: Reader, plant_id: PlantId, day: date) -> list[BuildOrderId]:
        """What the plan still holds for the week of a day, the longest promised first."""
        planned = production.planned_orders(reader, plant_id, monday_of(day))
        return [o.build_order_id for o in sorted(planned, key=lambda o: (o.due_week, o.build_order_id))]

    def pay_suppliers(self, on_date: date, *, party: PartyId | None = None) -> Command[Count]:
        """Pay every supplier what it delivered so long ago that it is due."""
        days = round(self.program.assumed("supplier_payment_days"))
        buyer = self.house.carmaker.party_id

        def decide(tx: Transaction) -> Count:
            owed: dict[PartyId, int] = {}
            for supplier_id, minor in procurement.delivered_by(tx, on_date - timedelta(days=days)).items():
                payee = self.house.suppliers[supplier_id].party_id
                owed[payee] = owed.get(payee, 0) + minor
            paid = 0
            for payee, delivered in sorted(owed.items()):
                due = delivered - finance.paid_so_far(tx, buyer, payee, self.program.currency).minor
                if due > 0:
                    finance.pay_supplier(
                        tx,
                        transfer_id=f"pay-{payee}-{on_date}",
                        buyer=buyer,
                        supplier=payee,
                        amount=Money(due, self.program.currency),
                        about=f"deliveries up to {on_date - timedelta(days=days)}",
                    )
                    paid += 1
            return Count(paid)

        return self._as_carmaker(
            "finance.pay_supplier", party, f"pay-suppliers-{on_date}", {"on": on_date}, decide, Count
        )

    def receive(self, on_date: date, *, party: PartyId | None = None) -> Command[Count]:
        """Take in the parts that were due by a day."""

        def decide(tx: Transaction) -> Count:
            return Count(len(procurement.receive_due(tx, on_date)))

        return self._as_carmaker("procurement.receive", party, f"receive-{on_date}", {"on": on_date}, decide, Count)
