"""The assumptions that the code reads by name, so that no program is accepted without them."""

from __future__ import annotations

from dataclasses import dataclass

from .columns import CURRENCY

PLAN = "{plan}"
"""Stands in a key for each plan of the price card."""


@dataclass(frozen=True, slots=True)
class Needed:
    """A key that assumptions.csv must hold: its unit, what the value means, and the least it can be."""

    key: str
    unit: str
    meaning: str
    least: float = 0.0

    def key_in(self, currency: str) -> str:
        """The key in a program of this currency."""
        return self.key.replace(CURRENCY, currency.lower())

    def unit_in(self, currency: str) -> str:
        """The unit in a program of this currency."""
        return self.unit.replace(CURRENCY, currency)


TRANSIT = (
    Needed("transit_detour_factor", "road km per great-circle km", "how much longer the road is", 1.0),
    Needed("transit_km_per_day", "km/day", "how far a finished unit travels in a day", 1.0),
    Needed("transit_handling_days", "day", "loading, waiting, unloading, preparing for handover"),
)
"""Together they are the rule that turns a distance into days."""

CUSTOMERS = (
    Needed("reservation_to_order_share", "share", "of those who reserve, how many ask for a date"),
    Needed("cancel_after_deposit_share", "share", "of those who paid a deposit, how many change their minds"),
    Needed("patience_median_days", "day", "longest wait that the middle customer accepts"),
    Needed("patience_sigma", "standard deviation of the logarithm", "spread of that wait between people"),
    Needed("ask_delay_hours", "hour", "from reservation to asking for a date, mean"),
    Needed("pay_delay_hours", "hour", "from seeing a date to paying the deposit, mean"),
    Needed("lock_delay_hours", "hour", "from deposit to lock or change of mind, mean"),
    Needed("plan_share_{plan}", "share", "of buyers, how many choose the plan; one row for each plan"),
    Needed("buy_share", "share", "of simulated shoppers, how many want a unit at posted prices"),
    Needed("price_sensitivity_per_10k_{currency}", "utility per 10k {currency}", "how much a higher price repels"),
    Needed("taste_nest_scale", "nest scale", "how readily a buyer takes another variant instead of leaving"),
    Needed("taste_drift_per_week", "standard deviation of log popularity", "how fast the mix of variants wanders"),
    Needed("launch_first_week_multiple", "multiple of the long-run week", "demand in the launch week"),
    Needed("launch_decay_weeks", "week", "how fast the launch's excess fades"),
    Needed("signal_relative_error", "share", "how far off conversions and launch profile may be together"),
)

CHAIN = (
    Needed("plant_availability", "share", "mean share of staffed time in which the line runs"),
    Needed("plant_availability_sd", "share", "its standard deviation from week to week"),
    Needed("transit_sd_days", "day", "standard deviation of one transit"),
    Needed("kit_lead_weeks", "week", "from call-off to the parts that only one variant needs"),
    Needed("kit_late_share", "share", "of such deliveries, how many come a week late"),
    Needed("expedite_lead_weeks", "week", "for the same parts by air"),
    Needed("expedite_share_max", "share", "of a week's capacity that such parts may serve"),
    Needed("twin_load", "share", "mean demand in the two worlds, of the plant's capacity"),
)

MONEY = (
    Needed("variable_margin_share", "share", "price less variable cost, of the price"),
    Needed("holding_cost_share_per_year", "share/year", "cost of what stands without a buyer, of its value"),
    Needed("financing_rate_per_year", "share/year", "interest on what is built and not yet paid"),
    Needed("supplier_payment_days", "day", "from delivery to payment of a supplier"),
    Needed("markdown_share_aged", "share", "taken off an aged unit"),
    Needed("expedite_cost_per_unit_{currency}", CURRENCY, "parts by air, or a unit fetched from afar"),
)

DEALERS = (
    Needed("dealer_freeze_weeks", "week", "the traditional chain: weeks that no longer change"),
    Needed("dealer_bucket_weeks", "week", "planned at once"),
    Needed("dealer_age_days", "day", "in stock until a unit counts as aged"),
    Needed("dealer_delivery_days", "day", "from the dealer's stock to the customer"),
    Needed("dealer_transfer_days", "day", "from another region's stock"),
)

NEEDED = (*TRANSIT, *CUSTOMERS, *CHAIN, *MONEY, *DEALERS)
