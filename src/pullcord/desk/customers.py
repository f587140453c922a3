"""Commands of customers, given for them by the platform: from the wish to the firm order."""

from __future__ import annotations

from datetime import datetime, timedelta

from pullcord import campaigns, orders, promising
from pullcord.base import LONGEST_NAMED_ID, CityId, Conflict, Money, OrderId, PartyId, PersonId, VariantId, check_id
from pullcord.orders import OrderRow, Outcome, State
from pullcord.store import Command, Reader, Transaction

from .following import Counted
from .model import Count
from .ordering import OrderClerk


class CustomerDesk(OrderClerk):
    """Reserve, deposit, lock, cancel; and the sweeps that let quotes lapse and deposits lock."""

    def reserve(
        self,
        order_id: str,
        person_id: str,
        variant_id: str,
        plan: str,
        city_id: str,
        *,
        party: PartyId | None = None,
        person: PersonId | None = None,
    ) -> Command[Outcome]:
        """Note a wish. Where no order could follow from it, nothing is noted, and the refusal says why."""
        check_id(order_id, "order", longest=LONGEST_NAMED_ID)
        check_id(person_id, "person")
        self.house.price(variant_id, plan)
        self.house.city(city_id)
        barred = self.house.channel.why_not(variant_id, plan, city_id)

        def decide(tx: Transaction) -> Outcome:
            if barred is not None:
                return Outcome(OrderId(order_id), State.CANCELLED, barred.why)
            if campaigns.waits_under(tx, OrderId(order_id)):
                raise Conflict(f"order `{order_id}` is taken", "choose another order id")
            return orders.reserve(
                tx, OrderId(order_id), PersonId(person_id), VariantId(variant_id), plan, CityId(city_id)
            )

        body = {"order": order_id, "person": person_id, "variant": variant_id, "plan": plan, "city": city_id}
        return self._for_person(
            "orders.reserve", party, f"reserve-{order_id}", body, decide, Outcome, person, PersonId(person_id)
        )

    def deposit(
        self,
        order_id: str,
        amount: Money | None = None,
        *,
        attempt: int = 1,
        party: PartyId | None = None,
        person: PersonId | None = None,
    ) -> Command[Outcome]:
        """Take the deposit against the date shown: what the order's campaign asks for, else the policy's.

        `amount`: what was paid; None for what is due.
        """

        def decide(tx: Transaction) -> Outcome:
            order = orders.find_order(tx, OrderId(order_id))
            if barred := self._barred(order):
                return orders.outcome(order, barred.why)
            due = campaigns.deposit_due(tx, order) or self.policies.deposit
            return orders.deposit(tx, OrderId(order_id), due if amount is None else amount, due)

        body = {"order": order_id, "amount": None if amount is None else [amount.minor, amount.currency]}
        return self._for_customer("orders.deposit", party, f"deposit-{order_id}-{attempt}", body, decide, person=person)

    def lock(
        self, order_id: str, *, attempt: int = 1, party: PartyId | None = None, person: PersonId | None = None
    ) -> Command[Outcome]:
        """Make the order firm."""

        def decide(tx: Transaction) -> Outcome:
            return orders.lock(tx, OrderId(order_id))

        return self._for_customer(
            "orders.lock", party, f"lock-{order_id}-{attempt}", {"order": order_id}, decide, person=person
        )

    def cancel(
        self, order_id: str, reason: str, *, party: PartyId | None = None, person: PersonId | None = None
    ) -> Command[Outcome]:
        """End an order before its vehicle is built. Its campaign, or else the policy, says when a deposit goes back.

        Whoever was moved to a later date than was agreed gets it back in any case.
        """

        def decide(tx: Transaction) -> Outcome:
            order = orders.find_order(tx, OrderId(order_id))
            return orders.cancel(tx, OrderId(order_id), reason, refundable_in=self.refundable_in(tx, order, tx.now))

        body = {"order": order_id, "reason": reason}
        return self._for_customer("orders.cancel", party, f"cancel-{order_id}", body, decide, person=person)

    def refundable_in(self, reader: Reader, order: OrderRow, now: datetime) -> frozenset[State]:
        """The states in which the deposit of an order goes back on cancelling it now."""
        if promising.was_moved_later(reader, order.order_id):
            return frozenset({State.DEPOSITED, State.LOCKED})  # another date than was agreed: the money goes back
        terms = campaigns.refundable_in(reader, order, now)
        if terms is not None:
            return terms
        return frozenset({State.DEPOSITED} if self.policies.deposit_refundable_until_lock else set())

    def lapse_due(self, moment: str, *, party: PartyId | None = None) -> Command[Count]:
        """Take back every quote whose time is over; `moment` names the sweep."""

        def decide(tx: Transaction) -> Count:
            lapsed = orders.lapse_due(tx)
            self._following_sweep(tx, lapsed, Counted(asked=1))
            return Count(len(lapsed))

        return self._command(
            "orders.lapse", party, self.house.platform.party_id, f"lapse-{moment}", {"moment": moment}, decide, Count
        )

    def lock_due(self, moment: str, *, party: PartyId | None = None) -> Command[Count]:
        """Lock every order whose time to withdraw is over; `moment` names the sweep."""
        within = timedelta(hours=self.policies.lock_hours)

        def decide(tx: Transaction) -> Count:
            locked = orders.lock_due(tx, within)
            self._following_sweep(tx, locked, Counted(asked=1, accepted=1))
            return Count(len(locked))

        return self._command(
            "orders.lock_due",
            party,
            self.house.platform.party_id,
            f"locks-due-{moment}",
            {"moment": moment},
            decide,
            Count,
        )
