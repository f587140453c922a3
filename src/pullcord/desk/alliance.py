"""Commands that hold the alliance together: the program itself, the road, the settlement."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from pullcord import alliance, finance, logistics, orders, production
from pullcord.alliance import MonthBill, Role
from pullcord.base import Attempt, CommandId, InvalidInput, OrderId, PartyId, secret_token
from pullcord.orders import OrderRow, State
from pullcord.store import Command, Reader, Transaction

from .clerk import Clerk
from .model import Billed, Count, ProgramOpened


class AllianceDesk(Clerk):
    """Open the program, take arrivals off the road, bill months, pay every party its share, note who was refused."""

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

    def note_refusal(self, attempt: Attempt) -> Command[Count]:
        """Note that a command was refused for want of the right to it; each call notes one refusal.

        The note stands under the name of the party that asked. A stranger's is kept by the platform.
        """
        known = self.house.parties.get(attempt.party)

        def decide(tx: Transaction) -> Count:
            alliance.note_refusal(tx, attempt, None if known is None else known.role)
            return Count(1)

        # No role has this right: the house itself notes it. Each refusal is a command of its own, however often the
        # same thing is tried, so nothing of the attempt is in its id.
        return Command(
            CommandId(f"refused-{secret_token(24)}"),
            self.house.platform.party_id if known is None else known.party_id,
            alliance.NOTED,
            None,
            decide,
            Count,
        )

    def settle(self, period: str, *, party: PartyId | None = None) -> Command[Count]:
        """Pay every party what its share of the sales so far amounts to."""
        seller = self.house.seller.party_id

        def decide(tx: Transaction) -> Count:
            payments = finance.settle(
                tx,
                transfer_id=f"settle-{period}",
                platform=seller,
                period=period,
                currency=self.program.currency,
                parties=self.house.contract.parties,
            )
            return Count(len(payments))

        return self._command("finance.settle", party, seller, f"settle-{period}", {"period": period}, decide, Count)

    def bill_month(self, order_id: str, month: int, km: int, *, party: PartyId | None = None) -> Command[Billed]:
        """Bill a customer's month: the fee of the plan, and each km beyond its cap.

        `month` is 1 for the first after the handover; `km` is what was driven in it.
        """
        if month < 1 or km < 0:
            raise InvalidInput(f"month {month} with {km} km cannot be billed", "count months from 1, and km from 0")

        def decide(tx: Transaction) -> Billed:
            order = orders.find_order(tx, OrderId(order_id))
            if order.state is not State.HANDED_OVER:
                return Billed(order.order_id, month, refused="its vehicle has not been handed over")
            bill = self._month(order, km)
            if bill is None:
                return Billed(order.order_id, month, refused=f"the plan `{order.plan}` asks nothing monthly")
            refused = alliance.bill_month(tx, order.order_id, order.plan, month, km, bill)
            return Billed(order.order_id, month, None if refused else bill.amount, refused)

        return self._command(
            "finance.bill_month",
            party,
            self.house.seller.party_id,
            f"bill-{order_id}-{month}",
            {"order": order_id, "month": month, "km": km},
            decide,
            Billed,
        )

    def _month(self, order: OrderRow, km: int) -> MonthBill | None:
        price = self.house.price(order.variant_id, order.plan)
        if price.monthly is None or price.cap_km_per_month is None or price.overage is None:
            return None
        return MonthBill(price.monthly, max(0, km - price.cap_km_per_month), price.overage)
