"""The parties of an alliance and the shares they have agreed on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from pullcord.base import InvalidInput, PartyId, check_id


class Role(StrEnum):
    """What a party does in the chain; a party has one role."""

    PLATFORM = "platform"  # consumer insight, the sales channel, the contract with the customer
    CARMAKER = "carmaker"  # plants and the master schedule
    BATTERY_MAKER = "battery_maker"  # packs, rental plans, swap stations
    SUPPLIER = "supplier"  # parts against call-offs
    LOGISTICS = "logistics"  # trunk, branch, last mile
    CUSTOMER = "customer"
    FUNDER = "funder"  # early payment of suppliers
    SERVICE_SHOP = "service_shop"  # handover, maintenance, warranty work


@dataclass(frozen=True, slots=True)
class Party:
    """One member of the alliance."""

    party_id: PartyId
    name: str
    role: Role

    def __post_init__(self) -> None:
        check_id(self.party_id, "party")
        if not self.name.strip():
            raise InvalidInput(f"party `{self.party_id}` has no name", "give the name people know it by")


@dataclass(frozen=True, slots=True)
class SettlementShare:
    """The part of a plan's price that one party keeps: exact, for thirds do not fit a float."""

    plan: str
    party_id: PartyId
    share: Fraction

    def __post_init__(self) -> None:
        check_id(self.plan, "plan")
        check_id(self.party_id, "party")
        if not 0 < self.share <= 1:
            raise InvalidInput(
                f"`{self.party_id}` cannot keep {self.share} of a sale under plan `{self.plan}`",
                "a share lies above 0 and is at most 1",
            )


def check_parties(parties: Sequence[Party]) -> tuple[Party, ...]:
    """`parties` if they can form an alliance: every name once, exactly one platform to hold the customers' money."""
    seen: set[str] = set()
    for party in parties:
        if party.party_id in seen:
            raise InvalidInput(f"party `{party.party_id}` is named twice", "keep one of the two rows")
        seen.add(party.party_id)
    platforms = [party.party_id for party in parties if party.role is Role.PLATFORM]
    if len(platforms) != 1:
        listed = ", ".join(f"`{party_id}`" for party_id in platforms) or "none"
        raise InvalidInput(
            f"an alliance has exactly one platform, here {listed}", "one party sells and holds the deposits"
        )
    return tuple(parties)
