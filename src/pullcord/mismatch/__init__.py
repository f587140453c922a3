"""Mismatch: how far what is made lies from what is wanted, and how long news takes upstream."""

from .claims import ClaimMeasure, claim_mismatch, read_claim_measure
from .intervals import Interval, bootstrap_interval, mean_interval, paired_interval, t_quantile
from .ledger import (
    ConfigurationMeasure,
    DateMeasure,
    Measures,
    MoneyMeasure,
    MoneyRates,
    Recorded,
    UnitMeasure,
    read_measures,
)
from .measures import (
    LATE_AFTER_DAYS,
    UNSOLD_AFTER_DAYS,
    Latency,
    MoneyLines,
    configuration_mismatch,
    date_mismatch,
    latency,
    unit_mismatch,
    unsold_of_cohorts,
)

__all__ = [
    "LATE_AFTER_DAYS",
    "UNSOLD_AFTER_DAYS",
    "ClaimMeasure",
    "ConfigurationMeasure",
    "DateMeasure",
    "Interval",
    "Latency",
    "Measures",
    "MoneyLines",
    "MoneyMeasure",
    "MoneyRates",
    "Recorded",
    "UnitMeasure",
    "bootstrap_interval",
    "claim_mismatch",
    "configuration_mismatch",
    "date_mismatch",
    "latency",
    "mean_interval",
    "paired_interval",
    "read_claim_measure",
    "read_measures",
    "t_quantile",
    "unit_mismatch",
    "unsold_of_cohorts",
]
