"""Commands about demand, and what customers have done so far."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from pullcord import demand, orders
from pullcord.base import PartyId
from pullcord.orders import State
from pullcord.outlook import Counts
from pullcord.store import Command, Reader, Transaction

from .following import FIRM, Counted, FollowingClerk, counted_as
from .model import Count


class MarketDesk(FollowingClerk):
    """Publish forecasts."""

    def forecast(
        self,
        run_id: str,
        weeks: int,
        *,
        conversions: Mapping[str, float] | None = None,
        party: PartyId | None = None,
    ) -> Command[Count]:
        """Publish what is expected from now on, with every signal up to this moment in it.

        `conversions`: shares that were estimated and stand in place of the assumed ones, by kind of signal; what a
        reservation is worth is `campaigns.reservation_share`.
        """

        def decide(tx: Transaction) -> Count:
            seen = tx.head
            today = self.local_date(tx)
            counts = self.counts(tx)
            found = self.outlook.forecast(self.house.local_time(tx.now), weeks, counts, conversions=conversions)
            demand.publish_forecast(tx, run_id, today, seen, found)
            self._begin_following(tx, run_id, counts)
            return Count(round(found.total))

        return self._command(
            "demand.forecast",
            party,
            self.house.platform.party_id,
            f"forecast-{run_id}",
            {"run": run_id, "weeks": weeks} | ({} if conversions is None else {"conversions": dict(conversions)}),
            decide,
            Count,
        )

    def counts(self, reader: Reader) -> Counts:
        """What customers have done so far, each counted once."""
        table = orders.ORDER.sql
        # The flags are made before they are grouped by: PostgreSQL takes two bound zeros for two expressions.
        told = (
            sa.select(
                table.c.state,
                table.c.deposited_at.is_not(None).label("paid"),
                # A quote that lapsed takes its date back; the price stays, and tells that one was shown.
                sa.or_(table.c.price_minor.is_not(None), table.c.refused.is_not(None)).label("asked"),
                table.c.variant_id,
                table.c.city_id,
            )
            .where(table.c.program_id == reader.program_id)
            .subquery()
        )
        found = reader.query(sa.select(*told.c, sa.func.count()).group_by(*told.c))
        total = Counted()
        locked: dict[tuple[str, str], int] = {}
        for row in found:
            state, paid, asked, variant_id, city_id, count = (row[i] for i in range(6))
            total = total.plus(counted_as(state, paid, asked), count)
            if state in FIRM:
                locked[variant_id, city_id] = locked.get((variant_id, city_id), 0) + count
        return Counts(total.reserved, total.asked, total.accepted, total.declined, locked)

    def open_orders(self, reader: Reader) -> int:
        """Paid orders that have not reached their customers."""
        table = orders.ORDER.sql
        under_way = (State.DEPOSITED, State.LOCKED, State.BUILT, State.SHIPPED)
        rows = reader.query(
            sa.select(sa.func.count()).where(table.c.program_id == reader.program_id, table.c.state.in_(under_way))
        )
        return int(rows[0][0])
