"""Least privilege: which role may give which command, under which mode. What is not listed is not allowed.

This is the only place where rights are given. Whose order, whose claim or whose fact it is, the desk asks besides.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from pullcord.base import Attempt, Forbidden

from .model import Role
from .modes import Mode, seller_role

NOTED = "right.refused"
"""The one command that no role gives: the house itself notes whom it turned away."""

# What a customer may do; whoever sells may do it for a customer who asks in another way.
_ORDERING = frozenset(
    {
        "orders.reserve",
        "orders.quote",
        "orders.deposit",
        "orders.lock",
        "orders.cancel",
        "campaigns.reserve",
        "campaigns.accept",
        "campaigns.leave",
    }
)
# What follows from being the customers' other party: the terms, the money, what becomes known of the customers.
_SELLING = _ORDERING | {
    "orders.lapse",
    "orders.lock_due",
    "campaigns.open",
    "campaigns.close",
    "campaigns.offer",
    "demand.release",
    "finance.settle",
    "finance.bill_month",
}
# A claim is published by its owner and a fact is changed by its owner: `facts` says who that is.
_STATING = frozenset({"claims.publish", "claims.withdraw", "claims.change_fact"})

_ALWAYS: Mapping[Role, frozenset[str]] = {
    # It never plans a plant.
    Role.PLATFORM: _STATING | {"program.open", "demand.forecast", "demand.count_signals"},
    Role.CARMAKER: _STATING | {"production.plan", "production.build", "procurement.receive", "finance.pay_supplier"},
    Role.BATTERY_MAKER: _STATING,
    Role.SUPPLIER: frozenset(),
    Role.LOGISTICS: _STATING | {"logistics.arrive"},
    Role.CUSTOMER: _ORDERING,
    Role.FUNDER: frozenset(),
    Role.SERVICE_SHOP: frozenset(),
}


@cache
def rights_of(mode: Mode) -> Mapping[Role, frozenset[str]]:
    """Every role's commands under a mode: the same in all of them, but that the selling goes to whoever sells."""
    seller = seller_role(mode)
    return MappingProxyType(
        {role: commands | (_SELLING if role is seller else frozenset()) for role, commands in _ALWAYS.items()}
    )


RIGHTS = rights_of(Mode.DIRECT)
"""The rights where the program does not say how the platform takes part."""


def may(role: Role, command: str, mode: Mode = Mode.DIRECT) -> bool:
    """Whether a party of this role may give the command of this name; a name nobody has heard of is refused."""
    return command in rights_of(mode)[role]


def require_right(role: Role, command: str, mode: Mode = Mode.DIRECT, attempt: Attempt | None = None) -> None:
    """Nothing, if the role may give the command; otherwise `Forbidden`, naming who may, with the attempt in it."""
    if may(role, command, mode):
        return
    holders = sorted(other.value for other in Role if may(other, command, mode))
    raise Forbidden(
        f"a {role.value} may not give the command `{command}`",
        f"ask the {' or the '.join(holders)}" if holders else "no role holds this right; see alliance.rights_of",
        attempt,
    )
