"""What every command about one customer's order has in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pullcord.base import PartyId
from pullcord.orders import Outcome
from pullcord.store import Command, Transaction

from .following import FollowingClerk


class OrderClerk(FollowingClerk):
    """A clerk whose commands the platform gives for a customer."""

    def _for_customer(
        self, name: str, party: PartyId | None, command_id: str, body: Any, decide: Callable[[Transaction], Outcome]
    ) -> Command[Outcome]:
        decided = self._following(body["order"], decide)
        return self._command(name, party, self.house.platform.party_id, command_id, body, decided, Outcome)
