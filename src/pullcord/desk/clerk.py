"""What every command has in common: a name, a giver with the right to give it, and the program it is about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from types import UnionType
from typing import Any, TypeVar

from pullcord import alliance
from pullcord.base import CommandId, InvalidInput, PartyId, check_id
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
        giver = party or default_party
        known = self.house.parties.get(giver)
        if known is None:
            raise InvalidInput(
                f"`{giver}` is no party of {self.program.name}", f"its parties are {', '.join(self.house.parties)}"
            )
        alliance.require_right(known.role, name)
        check_id(command_id, "command")
        return Command(CommandId(command_id), giver, name, body, decide, answer)

    def local_date(self, tx: Transaction) -> date:
        """The calendar day of a command where the program is sold."""
        return self.house.local_time(tx.now).date()
