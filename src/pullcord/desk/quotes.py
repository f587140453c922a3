"""The date and the price that a customer is shown, and what they rest on."""

from __future__ import annotations

from datetime import date, timedelta

from pullcord import offers, orders, procurement, promising
from pullcord.base import CityId, OrderId, PartyId, VariantId
from pullcord.orders import Outcome, Terms
from pullcord.store import Command, Transaction

from .ordering import OrderClerk


class QuoteDesk(OrderClerk):
    """Quote: a date, a price, and the slot held behind them."""

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
        house, price = self.house, self.house.price(variant_id, plan)
        return Terms(
            VariantId(variant_id),
            plan,
            CityId(city_id),
            price.price,
            offers.terms(price),
            [(use.family_id, use.option_id) for use in house.limited_options[variant_id]],
            house.transit_days[city_id],
            self.own_parts_ready_on(tx, VariantId(variant_id)),
            house.first_promised_week(tx.now),
            timedelta(hours=self.policies.quote_valid_hours),
        )

    def own_parts_ready_on(self, tx: Transaction, variant_id: VariantId) -> date:
        """The day by which the parts that not every variant needs can be there for one more unit.

        At once where the stock covers it beyond all that is promised and not built; otherwise after the lead time,
        from the plan that calls them off. What is on order is left out of account: it is for those who were promised
        before.
        """
        house, ready = self.house, self.local_date(tx)
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
                ready = max(ready, house.planned_by(tx.now) + timedelta(days=house.parts[part_id].lead_time_days))
        return ready
