"""The settlement contract: what each party keeps of a sale, to the minor unit."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from pullcord.base import InvalidInput, Money, PartyId

from .model import SettlementShare


def check_shares(shares: Sequence[SettlementShare]) -> tuple[SettlementShare, ...]:
    """`shares` if they make a contract: in each plan every party once, and the shares add up to exactly one."""
    totals: dict[str, Fraction] = {}
    seen: set[tuple[str, str]] = set()
    for share in shares:
        if (share.plan, share.party_id) in seen:
            raise InvalidInput(
                f"`{share.party_id}` is named twice under plan `{share.plan}`", "add the two shares into one row"
            )
        seen.add((share.plan, share.party_id))
        totals[share.plan] = totals.get(share.plan, Fraction(0)) + share.share
    for plan, total in totals.items():
        if total != 1:
            raise InvalidInput(
                f"the shares of plan `{plan}` add up to {total}, not 1",
                f"{'raise' if total < 1 else 'lower'} one of them by {abs(1 - total)}",
            )
    return tuple(shares)


def split_sale(price: Money, shares: Sequence[SettlementShare]) -> tuple[tuple[PartyId, Money], ...]:
    """What each party keeps of `price`, in the order of `shares`; the amounts add up to the price exactly.

    `shares` are those of one plan. The odd fen goes to the largest remainder, earlier rows first.
    """
    plans = sorted({share.plan for share in shares})
    if len(plans) != 1:
        named = " and ".join(f"`{plan}`" for plan in plans) or "none"
        raise InvalidInput(f"a sale is shared under one plan, not {named}", "pass the shares of the plan that was sold")
    check_shares(shares)
    amounts = price.split([share.share for share in shares])
    return tuple((share.party_id, amount) for share, amount in zip(shares, amounts, strict=True))
