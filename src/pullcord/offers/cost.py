"""What a plan costs a driver: exact sums of money over time and distance, and where two plans cost the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from pullcord.base import InvalidInput, Money

from .model import PlanPrice


def monthly_cost(plan: PlanPrice, km_per_month: int) -> Money:
    """What the driver pays each month on a plan: the fee, and the overage for every km above the cap."""
    if km_per_month < 0:
        raise InvalidInput(f"{km_per_month} km a month", "give a mileage >= 0")
    if plan.monthly is None or plan.cap_km_per_month is None or plan.overage is None:
        return Money(0, plan.price.currency)
    return plan.monthly + plan.overage * max(0, km_per_month - plan.cap_km_per_month)


def five_year_cost(plan: PlanPrice, km_per_month: int, months: int = 60) -> Money:
    """All that a plan costs over `months`, exact: the price, and every month's fee and overage, undiscounted.

    Energy, insurance and what the car (and a bought battery) is worth at the end are left out.
    """
    if months < 0:
        raise InvalidInput(f"a cost over {months} months", "give a number of months >= 0")
    return plan.price + monthly_cost(plan, km_per_month) * months


def break_even_months(monthly_plan: PlanPrice, outright: PlanPrice, km_per_month: int) -> Fraction | None:
    """After how many months the plan with the lower price has cost as much as the other; None if it never does.

    Exact: 49,900 + 399 a month against 89,900 breaks even after 40,000 / 399 = 100.25 months.
    """
    gap = outright.price - monthly_plan.price
    faster = monthly_cost(monthly_plan, km_per_month) - monthly_cost(outright, km_per_month)
    if gap.minor == 0 and faster.minor == 0:
        return Fraction(0)
    if faster.minor == 0 or (gap.minor < 0) != (faster.minor < 0):
        return None if gap.minor else Fraction(0)
    return Fraction(gap.minor, faster.minor)


def break_even_km(monthly_plan: PlanPrice, outright: PlanPrice, months: int) -> Fraction | None:
    """The mileage a month at which both plans cost the same over `months`; None where none does.

    Below the cap the cost does not depend on mileage; above it each km adds the overage.
    """
    if months <= 0:
        raise InvalidInput(f"a break-even over {months} months", "give a number of months above 0")
    cap, overage = monthly_plan.cap_km_per_month, monthly_plan.overage
    if cap is None or overage is None:
        return None
    if outright.monthly is not None:
        raise InvalidInput(f"the plan `{outright.plan}` has a monthly fee itself", "compare with an outright purchase")
    room = five_year_cost(outright, 0, months) - five_year_cost(monthly_plan, cap, months)
    if room.minor < 0 or overage.minor == 0:
        return None
    return cap + Fraction(room.minor, overage.minor * months)


def effective_price(
    plan: PlanPrice,
    km_per_month: int,
    months: int = 60,
    *,
    annual_rate: Decimal = Decimal("0"),
    residual: Money | None = None,
) -> Money:
    """The one price that a plan amounts to: what it costs over the holding period in money of the first day.

    Month m's fee and overage are discounted by (1 + annual_rate)^(m/12), m = 1 .. months; `residual` is what the
    buyer has left at the end because of this plan (a battery that is owned), discounted likewise. Rounded once, to
    the nearest minor unit, halves to even.

    Two plans of one car are one alternative to a logit, at the lower effective price: as two alternatives each would
    bring its own random utility, and a car would gain share by printing a second price tag.
    """
    if months < 0 or annual_rate <= -1:
        raise InvalidInput(f"a price over {months} months at {annual_rate} a year", "give months >= 0 and a rate > -1")
    each = Decimal(monthly_cost(plan, km_per_month).minor)
    step = (1 + annual_rate) ** (Decimal(-1) / 12)
    annuity = Decimal(months) if annual_rate == 0 else sum((step**m for m in range(1, months + 1)), Decimal(0))
    left = Decimal(0)
    if residual is not None:
        left = Decimal((residual + Money(0, plan.price.currency)).minor) * step**months
    total = Decimal(plan.price.minor) + each * annuity - left
    return Money(int(total.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)), plan.price.currency)


def cheapest_plan(plans: Sequence[PlanPrice], km_per_month: int, months: int = 60) -> PlanPrice:
    """The plan that costs this driver least over `months`; ties go to the plan whose name sorts first."""
    if not plans:
        raise InvalidInput("there is no plan to choose from", "give the price card of a variant")
    return min(plans, key=lambda plan: (five_year_cost(plan, km_per_month, months).minor, plan.plan))


@dataclass(frozen=True, slots=True)
class CostLine:
    """One point of a chart: what a plan has cost after `months` at one mileage."""

    plan: str
    months: int
    cost: Money


def cost_path(plans: Sequence[PlanPrice], km_per_month: int, months: Sequence[int]) -> tuple[CostLine, ...]:
    """What each plan has cost after each number of months, by plan and month."""
    return tuple(CostLine(p.plan, m, five_year_cost(p, km_per_month, m)) for p in plans for m in months)
