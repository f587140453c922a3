"""After a rush: what the ledger says, beside what customers were told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from pullcord.app import read_app
from pullcord.campaigns import QUOTA
from pullcord.orders import OrderReserved
from pullcord.program import Program

from .ours import CAMPAIGN


@dataclass(frozen=True, slots=True)
class Found:
    """What was found wrong, in orders; all are 0 where nothing is.

    oversold : given beyond what a quota has; lost : told to a customer, and not in the ledger; duplicated : second
    orders of one person, or orders that the ledger holds twice.
    """

    orders: int
    oversold: int
    lost: int
    duplicated: int


def look(program: Program, url: str, told: Collection[str]) -> Found:
    """What a rush left in the ledger. `told`: the orders that customers were told they have."""
    with read_app(program, url) as kept:
        with kept.reader() as reader:
            quotas = reader.select(QUOTA, QUOTA.sql.c.campaign_id == CAMPAIGN)
        given: Counter[str] = Counter()
        by_order: Counter[str] = Counter()
        by_person: Counter[str] = Counter()
        for event in kept.events(kinds=[OrderReserved]):
            body = event.body
            given[body.variant_id] += 1
            by_order[body.order_id] += 1
            by_person[body.person_id] += 1
    oversold = 0
    for quota in quotas:
        taken = given.total() if quota.variant_id == "*" else given[quota.variant_id]
        oversold += max(0, taken - quota.places)
        assert quota.remaining == quota.places - taken, f"{quota} beside {taken} events"
    twice = sum(count - 1 for count in by_order.values()) + sum(count - 1 for count in by_person.values())
    return Found(given.total(), oversold, sum(order not in by_order for order in told), twice)
