"""Three modes of taking part: how far the platform goes into the sale."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from pullcord.base import InvalidInput

from .model import Party, Role


class Mode(StrEnum):
    """What the platform puts into the alliance; each mode takes in what the one before it does.

    That there are three is the alliance's own account of itself; what each of them means for deposits, sales and
    rights is an assumption, for no public source says it.
    """

    TECHNOLOGY = "technology"  # its technology alone, for a licence fee: the carmaker sells, and holds the deposits
    FUNDING = "funding"  # its technology and a funder's money, for interest: the carmaker sells
    DIRECT = "direct"  # the sales channel itself: the platform sells, and holds the deposits


def seller_role(mode: Mode) -> Role:
    """Who sells to the customer, takes the deposit, and owes the others their shares."""
    return Role.PLATFORM if mode is Mode.DIRECT else Role.CARMAKER


def seller_of(parties: Sequence[Party], mode: Mode) -> Party:
    """The party that sells under a mode. Raises InvalidInput where none, or more than one, could."""
    role = seller_role(mode)
    found = [party for party in parties if party.role is role]
    if len(found) != 1:
        named = ", ".join(f"`{party.party_id}`" for party in found) or "none"
        raise InvalidInput(
            f"under the mode `{mode.value}` the {role.value} sells, and the parties name {named}",
            f"let exactly one party be {role.value}",
        )
    return found[0]


def funder_of(parties: Sequence[Party], mode: Mode) -> Party | None:
    """The party that funds the sales; None where the mode knows no such thing."""
    if mode is not Mode.FUNDING:
        return None
    found = [party for party in parties if party.role is Role.FUNDER]
    if len(found) != 1:
        named = ", ".join(f"`{party.party_id}`" for party in found) or "none"
        raise InvalidInput(
            f"under the mode `funding` one funder pays in advance, and the parties name {named}",
            "let exactly one party be funder, or take part in another mode",
        )
    return found[0]
