"""What the twin is told: one product line, its shoppers, its plant and its rates, as plain values with units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite

from pullcord.base import InvalidInput

DELAYS_DAYS = (0, 1, 7, 30, 91)  # the delay dial: none, a day, a week, a month, three months


@dataclass(frozen=True, slots=True)
class TwinVariant:
    """One configuration on sale. Money in major units of the twin's currency."""

    variant_id: str
    share: float  # of first choices at posted prices, before tastes drift; all shares add up to 1
    price: float  # posted
    unit_cost: float  # variable cost of a finished unit
    kit_cost: float  # of the parts that only this variant needs: what a call-off for it buys


@dataclass(frozen=True, slots=True)
class TwinRegion:
    """Shoppers who are served from one stock, and how far they live from the plant."""

    region_id: str
    share: float  # of shoppers; all shares add up to 1
    transit_days: int  # from the plant, on average


@dataclass(frozen=True, slots=True)
class TwinInput:
    """Everything both worlds share. Rates are shares of 1; a week has 7 days, a year 365."""

    currency: str
    variants: tuple[TwinVariant, ...]
    regions: tuple[TwinRegion, ...]
    monthly_log_changes: tuple[
        tuple[float, ...], ...
    ]  # runs of consecutive months of real sales, ln(month / month before)

    # Shoppers
    units_per_week: float  # simulated shoppers a week who want a unit at posted prices, on average
    buy_share: float  # of all simulated shoppers, those who want a unit at posted prices
    patience_median_days: float  # longest wait a shopper accepts, lognormal
    patience_sigma: float  # standard deviation of its logarithm
    price_sensitivity: float  # utility per unit of currency
    nest_scale: float = 0.5  # in (0, 1]: the smaller, the readier to take another variant instead of leaving
    taste_drift: float = 0.03  # standard deviation of a variant's weekly change in log popularity
    units_per_shopper: float = 1.0  # real units that one simulated shopper stands for; reported, not used

    # Plant and transport, the same in both worlds
    capacity_per_week: int = 0  # units at full availability, at the simulated scale
    availability: float = 0.95  # mean share of capacity that is there
    availability_sd: float = 0.03  # from week to week
    transit_sd_days: float = 1.0  # of each transit

    # Money
    holding_share_per_year: float = 0.12  # of variable cost, for what stands without a buyer
    financing_rate_per_year: float = 0.04  # of variable cost, from built to handed over
    markdown_share: float = 0.08  # taken off the posted price of an aged unit
    markdown_after_days: int = 60  # in a dealer's stock
    expedite_cost: float = 0.0  # per unit: parts by air, or a unit fetched from another region

    # The push world
    freeze_weeks: int = 13  # between the plan and the first week it may change
    bucket_weeks: int = 4  # planned at once, every so often
    stock_delivery_days: int = 2  # from the dealer's stock to the customer
    transfer_days: int = 7  # from another region's stock
    push_service: float | None = None  # share of buckets to cover in full; None: the newsvendor's critical ratio

    # The pull world
    kit_lead_weeks: int = 6  # from call-off to the plant, for parts that only one variant needs
    common_lead_weeks: int = 6  # the same for parts that all variants share
    common_cost: float = 0.0  # of those shared parts, for one unit
    kit_late_share: float = 0.05  # of weekly deliveries of a set of parts, a week late
    open_weeks: tuple[int, ...] = (1,) * 7  # from a quote's week to the first it may promise; by weekday, Monday first
    expedite_lead_weeks: int = 1  # for parts by air, beyond the week in which all orders wait
    expedite_share_max: float = 0.1  # of weekly capacity
    quote_horizon_weeks: int = 16  # no date is quoted beyond it
    pull_service: float | None = None  # share of weeks in which parts suffice; None: the critical ratio

    # The clock
    warm_up_weeks: int = 26
    measured_weeks: int = 52
    run_out_weeks: int = 18  # so that units are judged and orders delivered

    def __post_init__(self) -> None:
        faults = [*self._wrong_shares(), *self._wrong_numbers()]
        if faults:
            raise InvalidInput("the twin's input cannot be used: " + "; ".join(faults), "correct each of them")

    def _wrong_shares(self) -> list[str]:
        faults = []
        sets: tuple[tuple[str, Sequence[TwinVariant | TwinRegion]], ...] = (
            ("variants", self.variants),
            ("regions", self.regions),
        )
        for name, rows in sets:
            total = sum(row.share for row in rows)
            if not rows or abs(total - 1) > 1e-6 or any(row.share <= 0 for row in rows):
                faults.append(f"shares of {name} must be above 0 and add up to 1, not {total:.6f}")
        if not self.monthly_log_changes or not all(self.monthly_log_changes):
            faults.append("monthly_log_changes needs at least one run, and no empty one")
        elif not all(isfinite(change) for run in self.monthly_log_changes for change in run):
            faults.append("monthly_log_changes holds a value that is not finite")
        return faults

    def _wrong_numbers(self) -> list[str]:
        bounds: dict[str, tuple[float, float]] = {
            "units_per_week": (0, inf),
            "buy_share": (0.01, 0.99),
            "patience_median_days": (1e-9, inf),
            "patience_sigma": (1e-9, inf),
            "price_sensitivity": (1e-12, inf),
            "nest_scale": (0.05, 1),
            "taste_drift": (0, 1),
            "capacity_per_week": (1, 5000),
            "availability": (0.05, 1),
            "availability_sd": (0, 0.2),
            "transit_sd_days": (0, 14),
            "holding_share_per_year": (0, 2),
            "financing_rate_per_year": (0, 2),
            "markdown_share": (0, 0.9),
            "markdown_after_days": (1, 365),
            "expedite_cost": (0, inf),
            "freeze_weeks": (0, 26),
            "bucket_weeks": (1, 13),
            "stock_delivery_days": (0, 60),
            "transfer_days": (0, 60),
            "kit_lead_weeks": (1, 26),
            "common_lead_weeks": (1, 26),
            "common_cost": (0, inf),
            "kit_late_share": (0, 1),
            "expedite_lead_weeks": (0, 26),
            "expedite_share_max": (0, 1),
            "quote_horizon_weeks": (2, 52),
            "warm_up_weeks": (0, 104),
            "measured_weeks": (1, 260),
            "run_out_weeks": (6, 60),
        }
        faults = [
            f"{name} = {getattr(self, name)} must lie between {low:g} and {high:g}"
            for name, (low, high) in bounds.items()
            if not low <= getattr(self, name) <= high
        ]
        if max(self.kit_lead_weeks, self.common_lead_weeks) + 2 > self.quote_horizon_weeks:
            faults.append(
                "quote_horizon_weeks must exceed lead times of parts by 2, or parts called off anew never serve"
            )
        if len(self.open_weeks) != 7 or not all(1 <= w <= self.quote_horizon_weeks - 2 for w in self.open_weeks):
            faults.append(
                f"open_weeks = {self.open_weeks} must be 7 whole numbers from 1 to quote_horizon_weeks less 2, one for"
                " each weekday"
            )
        if self.quote_horizon_weeks + 2 > self.run_out_weeks:
            faults.append("run_out_weeks must exceed quote_horizon_weeks by 2, or the last orders are never delivered")
        for variant in self.variants:
            if not (variant.kit_cost > 0 and variant.kit_cost + self.common_cost <= variant.unit_cost < variant.price):
                faults.append(
                    f"variant {variant.variant_id}: kit_cost > 0, kit_cost + common_cost <= unit_cost < price must hold"
                )
        if any(not 1 <= region.transit_days <= 90 for region in self.regions):
            faults.append("transit_days must lie between 1 and 90")
        return faults

    @property
    def weeks(self) -> int:
        """All weeks that are simulated."""
        return self.warm_up_weeks + self.measured_weeks + self.run_out_weeks

    @property
    def days(self) -> int:
        """All days that are simulated."""
        return 7 * self.weeks

    @property
    def measured_days(self) -> tuple[int, int]:
        """First day that is measured, and the first that is no longer."""
        return 7 * self.warm_up_weeks, 7 * (self.warm_up_weeks + self.measured_weeks)

    @property
    def planned_capacity(self) -> int:
        """Units a week that plans and promises count on."""
        return max(1, int(self.capacity_per_week * self.availability))
