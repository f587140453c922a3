"""The settlement contract: what each party keeps of a sale, to the minor unit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

from pullcord.base import InvalidInput, Money, PartyId

from .model import SettlementShare

DAYS_PER_YEAR = 365


class Heading(StrEnum):
    """What a line of a sale's statement is for."""

    PRICE = "price"  # what is paid once, as the price card has it
    DISCOUNT = "discount"  # what a campaign takes off it
    FEE = "fee"  # what is paid each month
    OVERAGE = "overage"  # and for the km beyond the cap
    FORFEIT = "forfeit"  # a deposit that did not go back
    FUNDING = "funding"  # what the money cost that was lent until the handover


@dataclass(frozen=True, slots=True)
class MonthBill:
    """One month of a plan with a monthly fee: the fee, and each km beyond its cap."""

    fee: Money
    km_over_cap: int
    per_km: Money

    def __post_init__(self) -> None:
        if self.km_over_cap < 0 or self.fee.minor < 0 or self.per_km.minor < 0:
            raise InvalidInput(
                f"a month cannot be billed with {self.fee}, {self.km_over_cap} km over the cap at {self.per_km}",
                "give a fee, a distance and a price of 0 or more",
            )

    @property
    def overage(self) -> Money:
        """What the km beyond the cap cost."""
        return self.per_km * self.km_over_cap

    @property
    def amount(self) -> Money:
        """What the customer pays for the month."""
        return self.fee + self.overage


@dataclass(frozen=True, slots=True)
class Loan:
    """What the funder lent for a sale, and for how long."""

    amount: Money
    days: int

    def __post_init__(self) -> None:
        if self.amount.minor < 0 or self.days < 0:
            raise InvalidInput(f"{self.amount} cannot be lent for {self.days} days", "give 0 or more of both")


@dataclass(frozen=True, slots=True)
class Sale:
    """All the money that one order has moved up to now.

    An order that was cancelled has no price. What was refunded stands nowhere: it went back, and nobody keeps of it.
    """

    plan: str
    price: Money  # on the price card
    discount: Money | None = None  # what a campaign took off
    months: tuple[MonthBill, ...] = ()
    forfeit: Money | None = None
    loan: Loan | None = None

    def __post_init__(self) -> None:
        off = 0 if self.discount is None else self.discount.minor
        if not 0 <= off <= self.price.minor:
            raise InvalidInput(
                f"{self.discount} cannot be taken off a price of {self.price}", "take off 0 or more, and at most all"
            )
        if self.forfeit is not None and self.forfeit.minor < 0:
            raise InvalidInput(f"{self.forfeit} cannot be forfeited", "give 0 or more")

    @property
    def paid(self) -> Money:
        """What the customer has paid and not got back."""
        total = self.price
        if self.discount is not None:
            total -= self.discount
        for month in self.months:
            total += month.amount
        return total if self.forfeit is None else total + self.forfeit


@dataclass(frozen=True, slots=True)
class StatementLine:
    """What one party gets under one heading; below zero it gives."""

    party_id: PartyId
    heading: Heading
    amount: Money


@dataclass(frozen=True, slots=True)
class SaleStatement:
    """One sale, party by party. The lines add up to what the customer paid, to the minor unit."""

    paid: Money
    lines: tuple[StatementLine, ...]

    @property
    def parts(self) -> tuple[tuple[PartyId, Money], ...]:
        """What each party gets in all, in the order in which the lines name them; zero is told too."""
        return _by_party(self.lines, self.paid.currency)

    def of(self, party_id: PartyId) -> Money:
        """What one party gets in all."""
        return dict(self.parts).get(party_id, Money(0, self.paid.currency))


@dataclass(frozen=True, slots=True)
class SettlementContract:
    """What the parties have agreed on.

    `price` and `monthly` hold each plan's shares of what is paid once and each month; overage is shared as the fee.
    The seller keeps forfeited deposits and bears the interest. A discount is borne by `discounts_borne_by` alone, which
    may have to give more than it gets; where nobody is named, by all, in the proportion of their shares.
    """

    seller: PartyId
    price: tuple[SettlementShare, ...]
    monthly: tuple[SettlementShare, ...] = ()
    discounts_borne_by: PartyId | None = None
    lender: PartyId | None = None
    rate_per_year: Fraction = Fraction(0)  # simple interest, by the day, of 365 days a year

    def __post_init__(self) -> None:
        check_shares(self.price)
        check_shares(self.monthly)
        if self.rate_per_year < 0:
            raise InvalidInput(f"money cannot be lent at {self.rate_per_year} a year", "give a rate of 0 or more")
        if self.lender == self.seller:
            raise InvalidInput(f"`{self.seller}` cannot lend to itself", "name another lender, or none")

    @property
    def parties(self) -> frozenset[PartyId]:
        """Everybody who gets or gives a part of a sale."""
        named = {share.party_id for share in (*self.price, *self.monthly)} | {self.seller}
        return frozenset(named | {self.discounts_borne_by} if self.discounts_borne_by is not None else named)

    def price_parts(self, plan: str, price: Money, discount: Money | None = None) -> tuple[tuple[PartyId, Money], ...]:
        """What each party gets of a price at the handover; the parts add up to what the customer pays."""
        return _price_parts(self, plan, price, discount)

    def month_parts(self, plan: str, bill: MonthBill) -> tuple[tuple[PartyId, Money], ...]:
        """What each party gets of one month's bill."""
        return _by_party(self._month(plan, bill), bill.fee.currency)

    def interest(self, loan: Loan) -> Money:
        """What a loan costs the seller: rounded to the nearest minor unit, half of one up."""
        exact = loan.amount.minor * self.rate_per_year * loan.days / DAYS_PER_YEAR
        return Money((exact + Fraction(1, 2)).__floor__(), loan.amount.currency)

    def statement(self, sale: Sale) -> SaleStatement:
        """Every party's part of one sale. Raises InvalidInput for a plan or a loan that the contract does not know."""
        lines = list(self._price(sale.plan, sale.price, sale.discount)) if sale.price.minor else []
        for month in sale.months:
            lines += self._month(sale.plan, month)
        if sale.forfeit is not None and sale.forfeit.minor:
            lines.append(StatementLine(self.seller, Heading.FORFEIT, sale.forfeit))
        if sale.loan is not None:
            if self.lender is None:
                raise InvalidInput("a loan was made under a contract that names no lender", "name the funder")
            cost = self.interest(sale.loan)
            lines.append(StatementLine(self.seller, Heading.FUNDING, -cost))
            lines.append(StatementLine(self.lender, Heading.FUNDING, cost))
        return SaleStatement(sale.paid, tuple(lines))

    def _price(self, plan: str, price: Money, discount: Money | None) -> Iterable[StatementLine]:
        shares = _of_plan(self.price, plan, "price")
        yield from _lines(Heading.PRICE, price, shares)
        if discount is None or not discount.minor:
            return
        if self.discounts_borne_by is not None:
            yield StatementLine(self.discounts_borne_by, Heading.DISCOUNT, -discount)
        else:
            for line in _lines(Heading.DISCOUNT, discount, shares):
                yield StatementLine(line.party_id, line.heading, -line.amount)

    def _month(self, plan: str, bill: MonthBill) -> list[StatementLine]:
        shares = _of_plan(self.monthly, plan, "monthly fee")
        lines = list(_lines(Heading.FEE, bill.fee, shares))
        return lines + list(_lines(Heading.OVERAGE, bill.overage, shares)) if bill.km_over_cap else lines


@lru_cache(maxsize=4_096)
def _price_parts(
    contract: SettlementContract, plan: str, price: Money, discount: Money | None
) -> tuple[tuple[PartyId, Money], ...]:
    # Kept, for a price card has few prices and exact fractions are slow.
    return _by_party(contract._price(plan, price, discount), price.currency)


def _of_plan(shares: Sequence[SettlementShare], plan: str, what: str) -> list[SettlementShare]:
    found = [share for share in shares if share.plan == plan]
    if not found:
        plans = ", ".join(f"`{name}`" for name in sorted({share.plan for share in shares})) or "none"
        raise InvalidInput(f"nobody is said to share the {what} of the plan `{plan}`", f"the contract knows {plans}")
    return found


def _lines(heading: Heading, amount: Money, shares: Sequence[SettlementShare]) -> Iterable[StatementLine]:
    for share, part in zip(shares, amount.split([share.share for share in shares]), strict=True):
        yield StatementLine(share.party_id, heading, part)


def _by_party(lines: Iterable[StatementLine], currency: str) -> tuple[tuple[PartyId, Money], ...]:
    totals: dict[PartyId, Money] = {}
    for line in lines:
        totals[line.party_id] = totals.get(line.party_id, Money(0, currency)) + line.amount
    return tuple(totals.items())


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
