"""The price card that a quote shows: every plan with every term that changes what is paid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pullcord.base import InvalidInput, Money, NotFound

from .cost import break_even_km, break_even_months, five_year_cost, monthly_cost
from .model import PlanPrice


@dataclass(frozen=True, slots=True)
class CardLine:
    """One plan as shown: its terms, and what they come to for this driver.

    `per_month` is the fee with overage at the driver's mileage; `over_the_period` all that is paid over the card's
    months. `terms` is the sentence to print beside the price; it leaves nothing out.
    """

    plan: PlanPrice
    per_month: Money
    over_the_period: Money
    terms: str


@dataclass(frozen=True, slots=True)
class PriceCard:
    """All plans of one variant for one driver, cheapest first.

    `break_even` compares each plan with a fee to each outright price: (fee plan, outright plan, months until both
    have cost the same at the driver's mileage, km a month at which both cost the same over the period); None where
    that never happens.
    """

    variant_id: str
    km_per_month: int
    months: int
    lines: tuple[CardLine, ...]
    break_even: tuple[tuple[str, str, float | None, float | None], ...]


def price_card(prices: Sequence[PlanPrice], variant_id: str, km_per_month: int, months: int = 60) -> PriceCard:
    """What a quote shows for one variant at the driver's mileage, cheapest over `months` first."""
    plans = [plan for plan in prices if plan.variant_id == variant_id]
    if not plans:
        known = ", ".join(sorted({plan.variant_id for plan in prices})) or "none"
        raise NotFound(f"no price for the variant `{variant_id}`", f"the price card has {known}")
    names = [plan.plan for plan in plans]
    if len(set(names)) != len(names):
        raise InvalidInput(f"`{variant_id}` has a plan with two prices: {names}", "keep one price for each plan")
    lines = [
        CardLine(plan, monthly_cost(plan, km_per_month), five_year_cost(plan, km_per_month, months), terms(plan))
        for plan in plans
    ]
    lines.sort(key=lambda line: (line.over_the_period.minor, line.plan.plan))
    break_even = []
    for fee in sorted((p for p in plans if p.monthly is not None), key=lambda p: p.plan):
        for outright in sorted((p for p in plans if p.monthly is None), key=lambda p: p.plan):
            after = break_even_months(fee, outright, km_per_month)
            at_km = break_even_km(fee, outright, months)
            pair = (None if after is None else float(after), None if at_km is None else float(at_km))
            break_even.append((fee.plan, outright.plan, *pair))
    return PriceCard(variant_id, km_per_month, months, tuple(lines), tuple(break_even))


def terms(plan: PlanPrice) -> str:
    """The terms of a plan in one sentence, the mileage cap and the price beyond it included."""
    if plan.monthly is None:
        return f"{plan.price}, paid once"
    return (
        f"{plan.price}, then {plan.monthly} a month for up to {plan.cap_km_per_month:,} km;"
        f" each km above that {plan.overage}"
    )
