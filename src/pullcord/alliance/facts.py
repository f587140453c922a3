"""Who owns which fact: one role for each kind. What rests on a fact rests on its owner's word, and on nobody else's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from pullcord.base import NotFound

from .model import Party, Role
from .modes import Mode, seller_of, seller_role

_SELLER = "seller"  # stands for whoever sells under the program's mode

_OWNERS: Mapping[str, Role | str] = {
    # the product
    "option": Role.CARMAKER,  # which options there are
    "part": Role.CARMAKER,  # the bill of material
    "figure": Role.CARMAKER,  # lengths, power, range
    "test": Role.CARMAKER,  # a test record; where it names the party that made the test, that party owns it
    "pack": Role.BATTERY_MAKER,  # the battery pack: energy, chemistry, which vehicles take it
    "swap": Role.BATTERY_MAKER,  # stations, and how long a swap takes
    # the price and the contract
    "price": _SELLER,  # what is paid once
    "monthly": Role.BATTERY_MAKER,  # the rental's terms: fee, cap, price beyond the cap
    "cap": Role.BATTERY_MAKER,
    "overage": Role.BATTERY_MAKER,
    "deposit": _SELLER,
    "refund": _SELLER,
    "lock": _SELLER,
    "quote": _SELLER,
    "campaign": _SELLER,  # window, places, price ladder
    # the channel
    "invoice": _SELLER,  # in which cities an invoice is written
    "plate": _SELLER,
    "subsidy": _SELLER,
    "party": Role.PLATFORM,  # who takes part, and as what
    # the customers
    "customer": _SELLER,  # name and address: nobody else has them, and the ledger has not
    "order": _SELLER,
    "forecast": Role.PLATFORM,
    # the chain
    "capacity": Role.CARMAKER,  # what a plant can build in a week
    "limit": Role.CARMAKER,  # and of one option
    "schedule": Role.CARMAKER,
    "stock": Role.CARMAKER,
    "lead_time": Role.SUPPLIER,  # of the parts it makes
    "transit": Role.LOGISTICS,
    "advance": Role.FUNDER,  # what it lends, and at which rate
    "service": Role.SERVICE_SHOP,  # what was done to a vehicle after the handover
}

FACTS: tuple[str, ...] = tuple(_OWNERS)
"""Every kind of fact that has an owner."""


def owners_of(mode: Mode) -> Mapping[str, Role]:
    """The owning role of every kind of fact under a mode."""
    seller = seller_role(mode)
    return MappingProxyType({kind: owner if isinstance(owner, Role) else seller for kind, owner in _OWNERS.items()})


_OWNERS_OF = {mode: owners_of(mode) for mode in Mode}


def owner_of(fact: str, mode: Mode = Mode.DIRECT) -> Role:
    """The role that owns a fact, named by its kind or by a key that begins with it: `transit`, `transit/dazhou`.

    Raises NotFound for what is no kind of fact: nobody may state it.
    """
    kind = fact.partition("/")[0]
    owner = _OWNERS_OF[mode].get(kind)
    if owner is None:
        raise NotFound(f"nobody owns facts of the kind `{kind}`", f"the kinds are {', '.join(FACTS)}")
    return owner


def owning_party(parties: Sequence[Party], fact: str, mode: Mode = Mode.DIRECT) -> Party:
    """The party that owns a fact; where nobody has the role, the carmaker answers for the product as a whole.

    Raises NotFound where several have the role: the fact's own record then says which of them it is.
    """
    role = owner_of(fact, mode)
    found = [party for party in parties if party.role is role]
    if not found:
        return next((p for p in parties if p.role is Role.CARMAKER), seller_of(parties, mode))
    if len(found) > 1:
        named = ", ".join(f"`{party.party_id}`" for party in found)
        raise NotFound(f"`{fact}` may be a fact of {named}", f"let its record name the {role.value}")
    return found[0]


def may_state(role: Role, fact: str, mode: Mode = Mode.DIRECT) -> bool:
    """Whether a party of this role may state a fact, or change it; what is no fact, nobody may."""
    kind = fact.partition("/")[0]
    return _OWNERS_OF[mode].get(kind) is role
