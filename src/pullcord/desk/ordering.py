"""What every command about one customer's order has in common: whose it is, and what the forecast learns from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pullcord import orders
from pullcord.alliance import Role
from pullcord.base import Attempt, Forbidden, OrderId, PartyId, PersonId
from pullcord.channel import Barred
from pullcord.orders import OrderRow, Outcome
from pullcord.store import Command, Transaction

from .following import FollowingClerk

A = TypeVar("A")


class OrderClerk(FollowingClerk):
    """A clerk whose commands the platform gives for a customer.

    `person` says on whose behalf: a person acts on their own orders and on nobody else's. A party that is a customer
    itself acts as the person of its own id, whomever it names. Without either, the command is the seller's own.
    """

    def _for_customer(
        self,
        name: str,
        party: PartyId | None,
        command_id: str,
        body: dict[str, Any],
        decide: Callable[[Transaction], Outcome],
        *,
        person: PersonId | None = None,
    ) -> Command[Outcome]:
        return self._for_person(name, party, command_id, body, decide, Outcome, person)

    def _for_person(
        self,
        name: str,
        party: PartyId | None,
        command_id: str,
        body: dict[str, Any],
        decide: Callable[[Transaction], A],
        answer: type[A],
        person: PersonId | None,
        owner: PersonId | None = None,
    ) -> Command[A]:
        """The command about the order that `body` names.

        `owner`: whose order it will be, where it does not exist yet. Raises Forbidden where it is somebody else's than
        the one who asks; of an order that exists already the ledger is asked when the command is decided.
        """
        giver = party or self.house.seller.party_id
        acting = self._acting(giver, person)
        if acting is not None:
            # Part of what is asked: the same question of another person is another question, with an answer of its own.
            body = {**body, "by": acting}
            decide = self._if_own(acting, body["order"], Attempt(giver, name, command_id), decide)
        command = self._command(
            name,
            party,
            self.house.platform.party_id,
            command_id,
            body,
            self._following(body["order"], decide),
            answer,
        )
        if acting is not None and owner is not None and acting != owner:
            attempt = Attempt(giver, name, command_id)
            raise _not_theirs(f"order `{body['order']}` would be another person's", attempt)
        return command

    def _barred(self, order: OrderRow) -> Barred | None:
        """Why nothing more can come of an order where it is to be handed over; None where nothing stands against it."""
        return self.house.channel.why_not(order.variant_id, order.plan, order.city_id)

    def _acting(self, giver: str, person: PersonId | None) -> PersonId | None:
        known = self.house.parties.get(giver)
        if known is not None and known.role is Role.CUSTOMER:
            return PersonId(giver)  # whomever it names: only who sells may act for others
        return person

    def _if_own(
        self, acting: PersonId, order_id: str, attempt: Attempt, decide: Callable[[Transaction], A]
    ) -> Callable[[Transaction], A]:
        def decided(tx: Transaction) -> A:
            row = tx.get(orders.ORDER, OrderId(order_id))
            if row is not None and row.person_id != acting:
                raise _not_theirs(f"order `{order_id}` is another person's", attempt)
            return decide(tx)

        return decided


def _not_theirs(why: str, attempt: Attempt) -> Forbidden:
    return Forbidden(why, "sign in as the person whose order it is", attempt)
