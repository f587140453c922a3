"""What the two worlds come to: measures with intervals, paired differences, and one seed's weeks for the charts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Any

from pullcord.base import NotFound
from pullcord.mismatch import Interval


class World(StrEnum):
    """Two worlds, each with the news of configurations switched the other way, and pull free of the program's rule."""

    PUSH = "push"  # the traditional model: no configuration feedback
    PUSH_INFORMED = "push_informed"  # push, told what shoppers wanted and not only what was sold
    PULL = "pull"
    PULL_UNINFORMED = "pull_uninformed"  # pull, its parts called off by the launch mix for ever
    PULL_PROMPT = "pull_prompt"  # pull without freeze and cooling-off: an order may be built in the next week


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that is measured: lower is better unless `is_description`."""

    key: str
    label: str
    unit: str  # "currency" stands for the twin's own
    digits: int  # kept in files
    is_description: bool = False


MEASURES = (
    Measure("m1", "M1 unit mismatch", "share of demand", 4),
    Measure("m1_unsold", "built and unsold after 30 days", "share of demand", 4),
    Measure("m1_lost", "customers lost for lack of a unit", "share of demand", 4),
    Measure("m2_share", "M2 another configuration than wanted", "share of buyers", 4),
    Measure("m2_loss", "M2 mean utility loss", "currency per buyer", 1),
    Measure("m3_error", "M3 error of the promised date", "days", 3),
    Measure("m3_late", "M3 more than 3 days late", "share of deliveries", 4),
    Measure("m7", "M7 money", "currency per unit of demand", 1),
    Measure("m7_holding", "holding", "currency per unit of demand", 1),
    Measure("m7_markdown", "markdown", "currency per unit of demand", 1),
    Measure("m7_lost_margin", "lost margin", "currency per unit of demand", 1),
    Measure("m7_expedite", "expedite", "currency per unit of demand", 1),
    Measure("m7_financing", "financing", "currency per unit of demand", 1),
    Measure("wait", "mean wait from choice to hand-over", "days", 2, is_description=True),
    Measure("stock_weeks", "finished units without a buyer", "weeks of mean demand", 2, is_description=True),
    Measure("kit_weeks", "parts in stock", "weeks of mean demand", 2, is_description=True),
    Measure("sold", "units sold, marked-down ones included", "share of demand", 4, is_description=True),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One measure of one world at one delay, over all replications."""

    world: World
    delay_days: int
    measure: str
    interval: Interval
    by_replication: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One world minus another on the same shoppers, replication by replication.

    `delay_days` is the first world's; `other_delay_days` the second's.
    """

    world: World
    delay_days: int
    other: World
    other_delay_days: int
    measure: str
    interval: Interval
    by_replication: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """One replication of one world, week by week from the first measured week, in simulated units."""

    world: World
    delay_days: int
    replication: int
    week: tuple[int, ...]
    demand: tuple[int, ...]  # who wanted a unit at posted prices that week
    lost: tuple[int, ...]  # of them, who got none
    built: tuple[int, ...]
    stock: tuple[int, ...]  # finished units without a buyer, at the end of the week, standing or on the way
    backlog: tuple[int, ...]  # ordered and not yet built, at the end of the week
    kits: tuple[int, ...]  # parts in stock at the end of the week, in units' worth


@dataclass(frozen=True, slots=True)
class TwinResult:
    """Both worlds and their ablations at every delay."""

    seed: int
    replications: tuple[int, ...]
    delays_days: tuple[int, ...]
    currency: str
    units_per_shopper: float
    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]
    series: tuple[Series, ...]

    def row(self, world: World, delay_days: int, measure: str) -> Row:
        """The one row asked for."""
        for row in self.rows:
            if (row.world, row.delay_days, row.measure) == (world, delay_days, measure):
                return row
        raise NotFound(f"the twin has no `{measure}` of {world} at {delay_days} days", "see MEASURES and delays_days")

    def difference(
        self, world: World, delay_days: int, other: World, measure: str, other_delay_days: int | None = None
    ) -> Difference:
        """The one difference asked for, at the same delay in both worlds unless another is named."""
        at = delay_days if other_delay_days is None else other_delay_days
        for row in self.differences:
            if (row.world, row.delay_days, row.other, row.other_delay_days, row.measure) == (
                world,
                delay_days,
                other,
                at,
                measure,
            ):
                return row
        raise NotFound(f"the twin did not compare {world} at {delay_days} with {other} at {at} days on `{measure}`")

    def to_dict(self, *, each_replication: bool = False) -> dict[str, Any]:
        """Plain values in a stable order, rounded to each measure's digits; what is not finite becomes None."""
        by_key = {measure.key: measure for measure in MEASURES}

        def written(measure: str, interval: Interval, values: tuple[float, ...]) -> dict[str, Any]:
            digits = by_key[measure].digits
            numbers: dict[str, Any] = {
                "mean": _rounded(interval.mean, digits),
                "low": _rounded(interval.low, digits),
                "high": _rounded(interval.high, digits),
            }
            if each_replication:
                numbers["by_replication"] = [_rounded(value, digits) for value in values]
            return numbers

        def unit(measure: Measure) -> str:
            return measure.unit.replace("currency", self.currency)

        return {
            "seed": self.seed,
            "replications": len(self.replications),
            "level": 0.95,
            "delays_days": list(self.delays_days),
            "currency": self.currency,
            "units_per_shopper": self.units_per_shopper,
            "measures": {m.key: {"label": m.label, "unit": unit(m)} for m in MEASURES},
            "rows": [
                {"world": str(row.world), "delay_days": row.delay_days, "measure": row.measure}
                | written(row.measure, row.interval, row.by_replication)
                for row in self.rows
            ],
            "differences": [
                {
                    "world": str(row.world),
                    "delay_days": row.delay_days,
                    "other": str(row.other),
                    "other_delay_days": row.other_delay_days,
                    "measure": row.measure,
                }
                | written(row.measure, row.interval, row.by_replication)
                for row in self.differences
            ],
            "series": [_series_dict(series) for series in self.series],
        }


def _rounded(value: float, digits: int) -> float | None:
    if not isfinite(value):
        return None
    return round(value, digits) + 0.0  # adding 0.0 turns -0.0 into 0.0


def _series_dict(series: Series) -> Mapping[str, Any]:
    names = ("week", "demand", "lost", "built", "stock", "backlog", "kits")
    head = {"world": str(series.world), "delay_days": series.delay_days, "replication": series.replication}
    return head | {name: list(getattr(series, name)) for name in names}
