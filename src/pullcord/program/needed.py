"""The assumptions that the code reads by name, so that no program is accepted without them, or with useless ones."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from .column import CURRENCY

PLAN = "{plan}"
"""Stands in a key for each plan of the price card."""


LEAD_WEEKS_MOST = 26
"""Neither world of the twin follows a part that takes longer from its call-off."""


@dataclass(frozen=True, slots=True)
class Needed:
    """A key that assumptions.csv must hold: its unit, what the value means, the least and the most it can be."""

    key: str
    unit: str
    meaning: str
    least: float
    most: float
    optional: bool = False

    def key_in(self, currency: str) -> str:
        """The key in a program of this currency."""
        return self.key.replace(CURRENCY, currency.lower())

    def unit_in(self, currency: str) -> str:
        """The unit in a program of this currency."""
        return self.unit.replace(CURRENCY, currency)


TRANSIT = (
    Needed("transit_detour_factor", "road km per great-circle km", "how much longer the road is", 1, 5),
    Needed("transit_km_per_day", "km/day", "how far a finished unit travels in a day", 50, 20_000),
    Needed("transit_handling_days", "day", "loading, waiting, unloading, preparing for handover", 0, 60),
)
"""Together they are the rule that turns a distance into days."""

CUSTOMERS = (
    Needed("reservation_to_order_share", "share", "of those who reserve, how many ask for a date", 0, 1),
    Needed("cancel_after_deposit_share", "share", "of those who paid a deposit, how many change their minds", 0, 0.95),
    Needed("patience_median_days", "day", "longest wait that the middle customer accepts", 0.5, 3650),
    Needed("patience_sigma", "standard deviation of the logarithm", "spread of that wait between people", 0.01, 3),
    Needed("ask_delay_hours", "hour", "from reservation to asking for a date, mean", 0, 8760),
    Needed("pay_delay_hours", "hour", "from seeing a date to paying the deposit, mean", 0, 8760),
    Needed("lock_delay_hours", "hour", "from deposit to lock or change of mind, mean", 0, 8760),
    Needed("plan_share_{plan}", "share", "of buyers, how many choose the plan; one row for each plan", 0, 1),
    Needed(
        "km_per_month_median", "km/month", "what the middle buyer drives; nothing where no plan asks", 0, 100_000, True
    ),
    Needed("buy_share", "share", "of simulated shoppers, how many want a unit at posted prices", 0.01, 0.99),
    Needed(
        "price_sensitivity_per_10k_{currency}",
        "utility per 10k {currency}",
        "how much a higher price repels",
        1e-6,
        1e5,
    ),
    Needed("taste_nest_scale", "nest scale", "how readily a buyer takes another variant instead of leaving", 0.05, 1),
    Needed(
        "taste_drift_per_week", "standard deviation of log popularity", "how fast the mix of variants wanders", 0, 1
    ),
    Needed("launch_first_week_multiple", "multiple of the long-run week", "demand in the launch week", 0, 1000),
    Needed("launch_decay_weeks", "week", "how fast the launch's excess fades", 0.1, 520),
    Needed("signal_relative_error", "share", "how far off conversions and launch profile may be together", 0, 1),
)

CHAIN = (
    Needed("plant_availability", "share", "mean share of staffed time in which the line runs", 0.2, 1),
    Needed("plant_availability_sd", "share", "its standard deviation from week to week", 0, 0.2),
    Needed("transit_sd_days", "day", "standard deviation of one transit", 0, 14),
    Needed("kit_lead_weeks", "week", "from call-off to the parts that only one variant needs", 1, LEAD_WEEKS_MOST),
    Needed("kit_late_share", "share", "of such deliveries, how many come a week late", 0, 1),
    Needed("expedite_lead_weeks", "week", "for the same parts by air", 0, 26),
    Needed("expedite_share_max", "share", "of a week's capacity that such parts may serve", 0, 1),
    Needed("twin_load", "share", "mean demand in the two worlds, of the plant's capacity", 0.1, 1),
)

MONEY = (
    Needed("variable_margin_share", "share", "price less variable cost, of the price", 0.001, 0.95),
    Needed("holding_cost_share_per_year", "share/year", "cost of what stands without a buyer, of its value", 0, 2),
    Needed("financing_rate_per_year", "share/year", "interest on what is built and not yet paid", 0, 2),
    Needed("supplier_payment_days", "day", "from delivery to payment of a supplier", 0, 365),
    Needed("markdown_share_aged", "share", "taken off an aged unit", 0, 0.9),
    Needed("expedite_cost_per_unit_{currency}", CURRENCY, "parts by air, or a unit fetched from afar", 0, inf),
)

DEALERS = (
    Needed("dealer_freeze_weeks", "week", "the traditional chain: weeks that no longer change", 0, 26),
    Needed("dealer_bucket_weeks", "week", "planned at once", 1, 13),
    Needed("dealer_age_days", "day", "in stock until a unit counts as aged", 1, 365),
    Needed("dealer_delivery_days", "day", "from the dealer's stock to the customer", 0, 60),
    Needed("dealer_transfer_days", "day", "from another region's stock", 0, 60),
)

NEEDED = (*TRANSIT, *CUSTOMERS, *CHAIN, *MONEY, *DEALERS)
