"""Least privilege, first form: which role may give which command. What is not listed is not allowed."""

from __future__ import annotations

from collections.abc import Mapping

from pullcord.base import Forbidden

from .model import Role

_CUSTOMER = frozenset({"orders.reserve", "orders.quote", "orders.deposit", "orders.lock", "orders.cancel"})

RIGHTS: Mapping[Role, frozenset[str]] = {
    # The platform acts for its customers, publishes what they want, and pays the parties out. It never plans a plant.
    # What others learn of its customers it releases as private counts.
    Role.PLATFORM: _CUSTOMER
    | {"program.open", "orders.lapse", "orders.lock_due", "demand.forecast", "demand.release", "finance.settle"},
    Role.CARMAKER: frozenset({"production.plan", "production.build", "procurement.receive", "finance.pay_supplier"}),
    Role.BATTERY_MAKER: frozenset(),
    Role.SUPPLIER: frozenset(),
    Role.LOGISTICS: frozenset({"logistics.arrive"}),
    Role.CUSTOMER: _CUSTOMER,
    Role.FUNDER: frozenset(),
    Role.SERVICE_SHOP: frozenset(),
}


def may(role: Role, command: str) -> bool:
    """Whether a party of this role may give the command of this name; a name nobody has heard of is refused."""
    return command in RIGHTS[role]


def require_right(role: Role, command: str) -> None:
    """Nothing, if the role may give the command; otherwise `Forbidden`, naming who may."""
    if may(role, command):
        return
    holders = sorted(other.value for other in Role if may(other, command))
    raise Forbidden(
        f"a {role.value} may not give the command `{command}`",
        f"ask the {' or the '.join(holders)}" if holders else "no role holds this right; see alliance.RIGHTS",
    )
