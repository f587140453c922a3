"""Commands that hold the alliance together: the program itself, the road, the settlement."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from pullcord import alliance, finance, logistics, production
from pullcord.alliance import Role
from pullcord.base import Attempt, CommandId, PartyId, secret_token
from pullcord.store import Command, Reader, Transaction

from .clerk import Clerk
from .model import Count, ProgramOpened


class AllianceDesk(Clerk):
    """Open the program, take arrivals off the road, pay every party its share."""

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
