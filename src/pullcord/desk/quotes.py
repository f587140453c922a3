"""The date and the price that a customer is shown, and what they rest on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from threading import Lock

from pullcord import campaigns, offers, orders, promising
from pullcord.base import CityId, Money, OrderId, PartyId, PersonId, VariantId
from pullcord.catalogue import Catalogue
from pullcord.orders import Outcome, State, Terms
from pullcord.outlook import Outlook
from pullcord.promising import CapacityBook, Menu, Wish
from pullcord.store import Command, Reader, Transaction

from .ordering import OrderClerk


class QuoteDesk(OrderClerk):
    """Quote: a date, a price, and all that is held behind them; and the menu of weeks to choose from."""

    def __init__(self, house: Catalogue, outlook: Outlook) -> None:
        super().__init__(house, outlook)
        self._book = CapacityBook(house.needs)  # the writer's: commands are decided one at a time
        self._menu_book = CapacityBook(house.needs)
        self._menu_lock = Lock()

    def quote(
        self,
        order_id: str,
        *,
        week_start: date | None = None,
        attempt: int = 1,
        party: PartyId | None = None,
        person: PersonId | None = None,
    ) -> Command[Outcome]:
        """Show a date and a price, and hold what stands behind them: the earliest, or that of the week chosen.

        A week that cannot take the vehicle is refused, and the refusal names the nearest that can.
        """

        def decide(tx: Transaction) -> Outcome:
            order = orders.find_order(tx, OrderId(order_id))
            if barred := self._barred(order):
                return orders.outcome(order, barred.why)
            until = order.valid_until if order.state is State.QUOTED and week_start is None else None
            in_force = until is not None and tx.now <= until
            if not in_force and (late := campaigns.why_no_quote(tx, order, tx.now)):
                return orders.outcome(order, late)  # else a place could be kept for ever by asking for week after week
            off = campaigns.price_off(tx, order)
            terms = self.terms(tx, order.variant_id, order.plan, order.city_id, week_start, off)
            if barred := self.house.channel.why_not_at(terms.price, order.plan, order.city_id):
                return orders.outcome(order, barred.why)
            return orders.quote(tx, OrderId(order_id), terms)

        body = {"order": order_id, "attempt": attempt}
        if week_start is not None:
            body["week"] = week_start.isoformat()
        return self._for_customer("orders.quote", party, f"quote-{order_id}-{attempt}", body, decide, person=person)

    def menu(self, reader: Reader, variant_id: str, plan: str, city_id: str, at: datetime) -> Menu:
        """Every week that could take the vehicle at this moment, and what choosing it costs or saves. Nothing is held.

        `reader`: a snapshot of the ledger; any number of threads may ask.
        """
        self.house.price(variant_id, plan)
        self.house.city(city_id)
        if barred := self.house.channel.why_not(variant_id, plan, city_id):
            return Menu((), barred.why)
        with self._menu_lock:
            return promising.menu(reader, self._wish(variant_id, city_id, at), self._most_for_a_week, self._menu_book)

    @property
    def _most_for_a_week(self) -> Money:
        return self.policies.week_price_most or Money(0, self.program.currency)

    def _wish(self, variant_id: str, city_id: str, at: datetime) -> Wish:
        house = self.house
        return Wish(
            VariantId(variant_id),
            house.needs.options[VariantId(variant_id)],
            house.transit_days[city_id],
            house.first_promised_week(at),
            house.planned_by(at),
            CityId(city_id),
        )

    def terms(
        self,
        tx: Transaction,
        variant_id: str,
        plan: str,
        city_id: str,
        week_start: date | None = None,
        price_off: Money | None = None,
    ) -> Terms:
        """What a quote made now rests on. `price_off`: what the order's place in a campaign takes off the price."""
        price, wish = self.house.price(variant_id, plan), self._wish(variant_id, city_id, tx.now)
        shown = ""
        if price_off is not None:
            price = replace(price, price=price.price - price_off)
            shown = f" That is {price_off} less than the list price, as reserved in the campaign."
        terms = Terms(
            VariantId(variant_id),
            plan,
            CityId(city_id),
            price.price,
            offers.terms(price) + shown,
            wish.limited_options,
            wish.transit_days,
            wish.not_before,
            wish.not_before,
            timedelta(hours=self.policies.quote_valid_hours),
            wish.planned_by,
            week_start,
            self._book,
        )
        most = self._most_for_a_week
        if week_start is None or not most.minor:
            return terms
        weeks = promising.menu(tx, wish, most, self._book).weeks
        change = next((week.price_difference for week in weeks if week.week_start == week_start), None)
        if change is None or not change.minor:
            return terms
        said = f"{change} more" if change.minor > 0 else f"{-change} less"
        return replace(
            terms, price=price.price + change, shown=f"{terms.shown} Built in the week of {week_start}: {said}."
        )
