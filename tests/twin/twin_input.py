"""A made-up product line for the twin's tests: three variants, two regions, three years of monthly changes."""

from __future__ import annotations

from typing import Any

from pullcord.base import stream
from pullcord.twin.inputs import TwinInput, TwinRegion, TwinVariant


def monthly_changes(spread: float = 0.25) -> tuple[tuple[float, ...], ...]:
    """Four runs of 36 changes: independent, normal, of the given spread a month."""
    changes = stream(11, "test.panel").normal(0, spread, (4, 36))
    return tuple(tuple(float(change) for change in run) for run in changes)


def twin_input(**changes: Any) -> TwinInput:
    """A plant with a quarter of capacity to spare and shoppers who wait about a month, save for what is changed."""
    settings: dict[str, Any] = {
        "currency": "EUR",
        "variants": (
            TwinVariant("plain", 0.5, 1000.0, 850.0, 100.0),
            TwinVariant("large", 0.3, 1200.0, 1000.0, 150.0),
            TwinVariant("gold", 0.2, 1500.0, 1150.0, 300.0),
        ),
        "regions": (TwinRegion("near", 0.6, 2), TwinRegion("far", 0.4, 5)),
        "monthly_log_changes": monthly_changes(),
        "units_per_week": 20.0,
        "buy_share": 0.5,
        "patience_median_days": 30.0,
        "patience_sigma": 0.6,
        "price_sensitivity": 0.004,
        "capacity_per_week": 27,
        "expedite_cost": 40.0,
        "common_cost": 400.0,
        "warm_up_weeks": 8,
        "measured_weeks": 20,
    }
    return TwinInput(**(settings | changes))


def boundless(**changes: Any) -> TwinInput:
    """Nobody is impatient, the plant never fills up or stops, and parts and transport keep time."""
    settings: dict[str, Any] = {
        "patience_median_days": 1e6,
        "patience_sigma": 0.01,
        "capacity_per_week": 400,
        "availability": 1.0,
        "availability_sd": 0.0,
        "kit_late_share": 0.0,
        "transit_sd_days": 0.0,
    }
    return twin_input(**(settings | changes))
