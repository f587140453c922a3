"""What every command has in common: a name, a giver with the right to give it, and the program it is about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from types import UnionType
from typing import Any, TypeVar

from pullcord import alliance
from pullcord.base import Attempt, CommandId, Forbidden, PartyId, check_id
from pullcord.catalogue import Catalogue
from pullcord.outlook import Outlook
from pullcord.store import Command, Transaction

A = TypeVar("A")


class Clerk:
    """Makes commands; those who may not give one are refused before the ledger hears of it."""

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
        answer: type[A] | UnionType,
    ) -> Command[A]:
        """The command, of `party` or, where none is named, of the one whose job it is under the program's mode.

        Raises Forbidden, with the attempt in it, where the party is a stranger or its role has no right to it.
        """
        giver = party or self._whose(name, default_party)
        known = self.house.parties.get(giver)
        if known is None:
            raise Forbidden(
                f"`{giver}` is no party of {self.program.name}",
                f"its parties are {', '.join(self.house.parties)}",
                Attempt(giver, name, command_id),
            )
        if not alliance.may(known.role, name, self.program.mode):
            alliance.require_right(known.role, name, self.program.mode, Attempt(giver, name, command_id))
        check_id(command_id, "command")
        return Command(CommandId(command_id), giver, name, body, decide, answer)

    def _whose(self, name: str, default_party: PartyId) -> PartyId:
        """The party whose job a command is: the seller, where the mode takes it from the party that else has it."""
        usual = self.house.parties[default_party]
        if alliance.may(usual.role, name, self.program.mode):
            return default_party
        return self.house.seller.party_id

    def local_date(self, tx: Transaction) -> date:
        """The calendar day of a command where the program is sold."""
        return self.house.local_time(tx.now).date()
