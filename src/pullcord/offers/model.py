"""The price card: every term that changes what a driver pays stands beside the price it changes."""

from __future__ import annotations

from dataclasses import dataclass

from pullcord.base import InvalidInput, Money


@dataclass(frozen=True, slots=True)
class PlanPrice:
    """What one variant costs on one plan. A monthly fee cannot exist without its cap and the price beyond the cap.

    `price` is paid once; `monthly` each month; `cap_km_per_month` is what the monthly fee covers; `overage` is the
    price of one km above it. A plan without a monthly fee has none of the three.
    """

    variant_id: str
    plan: str
    price: Money
    monthly: Money | None
    cap_km_per_month: int | None
    overage: Money | None
    source: str
    mark: str

    def __post_init__(self) -> None:
        what = f"the plan `{self.plan}` of `{self.variant_id}`"
        if self.price.minor < 0:
            raise InvalidInput(f"{what} costs {self.price}", "give a price >= 0")
        if self.monthly is None:
            if self.cap_km_per_month is not None or self.overage is not None:
                raise InvalidInput(
                    f"{what} states a mileage cap or overage without a monthly fee", "state the fee or drop both"
                )
            return
        if self.cap_km_per_month is None or self.overage is None:
            raise InvalidInput(
                f"{what} asks {self.monthly} a month without its mileage cap and the price of a km above it",
                "state cap_km_per_month and the overage per km: a fee may not be shown without them",
            )
        if self.cap_km_per_month <= 0 or self.monthly.minor < 0 or self.overage.minor < 0:
            raise InvalidInput(
                f"{what} has fee {self.monthly}, cap {self.cap_km_per_month} km, overage {self.overage}",
                "give a fee and an overage >= 0 and a cap above 0 km",
            )
        if {self.monthly.currency, self.overage.currency} != {self.price.currency}:
            raise InvalidInput(f"{what} mixes currencies", f"state all three in {self.price.currency}")
