"""Units by variant, city and week, and how each signal moves them.

Expected units of a cell are level x profile[week] x mix[variant, city]. The level (units a week at profile 1) has a
gamma belief, the mix a Dirichlet belief; both are conjugate to counted orders, so a signal is learned by addition.
Source: Gelman et al. (2013), Bayesian Data Analysis, 3rd ed., sec. 2.6 (Poisson with exposure) and 3.4 (multinomial).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp, isfinite, sqrt

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput

from .model import ForecastCell

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Level:
    """A gamma belief about units a week: mean shape / rate. `rate` counts weeks of evidence at profile 1."""

    shape: float
    rate: float

    def __post_init__(self) -> None:
        if not (isfinite(self.shape) and isfinite(self.rate) and self.shape > 0 and self.rate > 0):
            raise InvalidInput(f"no gamma has shape {self.shape} and rate {self.rate}", "give both above zero")

    @classmethod
    def from_moments(cls, mean: float, deviation: float) -> Level:
        """The gamma belief with a given mean and standard deviation, in units a week."""
        if mean <= 0 or deviation <= 0:
            raise InvalidInput(f"a level of {mean} ± {deviation} is no gamma", "give both above zero")
        return cls((mean / deviation) ** 2, mean / deviation**2)

    @property
    def mean(self) -> float:
        """Expected units a week at profile 1."""
        return self.shape / self.rate

    @property
    def deviation(self) -> float:
        """Standard deviation of the belief, units a week."""
        return sqrt(self.shape) / self.rate


@dataclass(frozen=True, slots=True)
class Signal:
    """A count of one kind of signal since launch; `conversion` is the assumed fraction that ends in a registration."""

    kind: str
    count: float
    conversion: float

    def __post_init__(self) -> None:
        if not (self.count >= 0 and isfinite(self.count)):
            raise InvalidInput(f"{self.count} signals of kind `{self.kind}`", "give a count >= 0")
        if not 0 <= self.conversion <= 1:
            raise InvalidInput(f"`{self.kind}` converts at {self.conversion}", "give a fraction from 0 to 1")


def update_level(
    prior: Level, signals: Sequence[Signal], exposure_weeks: float, *, relative_error: float = 0.0
) -> Level:
    """The belief after signals counted over weeks whose profile adds up to `exposure_weeks`.

    A person must count once, at the dearest signal given so far: who reserved and then paid a deposit is a deposit.
    Converted counts need not be whole: each signal weighs what it is expected to become.

    `relative_error` is how far off conversions and profile may be, as a standard deviation relative to 1. All signals
    share that error, so that no number of them can make the belief surer than it: counts and exposure are divided by
    1 + relative_error^2 x expected count. Count from the launch against the belief at the launch, then; with
    relative_error 0, updating day by day comes to the same.
    """
    converted = np.array(sum(s.count * s.conversion for s in signals), dtype=np.float64)
    shape, rate = update_levels(
        np.array(prior.shape), np.array(prior.rate), converted, np.array(exposure_weeks), relative_error=relative_error
    )
    return Level(float(shape), float(rate))


def update_levels(
    shape: Floats, rate: Floats, converted: Floats, exposure: Floats, *, relative_error: float = 0.0
) -> tuple[Floats, Floats]:
    """`update_level` on arrays of any common shape: (shape, rate) after converted orders over exposure weeks."""
    finite = all(bool(np.all(np.isfinite(values))) for values in (shape, rate, converted, exposure))
    if not finite or np.any(shape <= 0) or np.any(rate <= 0) or np.any(converted < 0) or np.any(exposure < 0):
        raise InvalidInput("a level, a count or an exposure is negative", "give levels above zero and counts >= 0")
    if not 0 <= relative_error < np.inf:
        raise InvalidInput(f"a relative error of {relative_error}", "give 0 or more")
    dispersion = 1 + relative_error**2 * shape / rate * exposure
    return (
        np.asarray(shape + converted / dispersion, dtype=np.float64),
        np.asarray(rate + exposure / dispersion, dtype=np.float64),
    )


def update_mix(prior: Floats, strength: float, converted: Floats) -> Floats:
    """The expected mix after orders were counted by cell: float64[variant, city], adds up to 1.

    prior : float64[variant, city], adds up to 1; strength : orders that the prior is worth; converted : orders by cell.
    """
    if prior.shape != converted.shape or np.any(prior < 0) or np.any(converted < 0) or strength <= 0:
        raise InvalidInput(
            f"a mix of shape {prior.shape} with strength {strength} cannot learn from counts {converted.shape}",
            "give counts >= 0 of the mix's shape and a strength above zero",
        )
    weight = strength * prior + converted
    return np.asarray(weight / weight.sum(), dtype=np.float64)


def launch_profile(weeks: int, *, first_week: float, decay_weeks: float) -> tuple[float, ...]:
    """Weekly demand after a launch, as multiples of the steady week: `first_week` at once, falling towards 1.

    The excess over 1 shrinks by a factor e every `decay_weeks`.
    """
    if weeks < 1 or first_week < 0 or decay_weeks <= 0:
        raise InvalidInput(
            f"no profile of {weeks} weeks from {first_week} with decay {decay_weeks}", "give positive numbers"
        )
    return tuple(1 + (first_week - 1) * exp(-w / decay_weeks) for w in range(weeks))


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Expected units: `units` is float64[variant, city, week]; `total` is what all cells add up to."""

    variants: tuple[str, ...]
    cities: tuple[str, ...]
    weeks: tuple[date, ...]
    units: Floats
    total: float

    def cells(self) -> tuple[ForecastCell, ...]:
        """One record for each cell, by variant, city and week."""
        return tuple(
            ForecastCell(variant, city, week, float(self.units[v, c, w]))
            for v, variant in enumerate(self.variants)
            for c, city in enumerate(self.cities)
            for w, week in enumerate(self.weeks)
        )


def prior_mix(take_rates: Mapping[str, float], city_weights: Mapping[str, float]) -> Floats:
    """float64[variant, city]: take rate x city weight, both scaled to add up to 1; names in sorted order."""
    rates = np.array([take_rates[v] for v in sorted(take_rates)], dtype=np.float64)
    weights = np.array([city_weights[c] for c in sorted(city_weights)], dtype=np.float64)
    for what, values in (("take rates", rates), ("city weights", weights)):
        if values.size == 0 or np.any(values < 0) or not values.sum() > 0 or not np.all(np.isfinite(values)):
            raise InvalidInput(f"the {what} are {values.tolist()}", "give numbers >= 0, not all zero")
    return np.asarray(np.outer(rates / rates.sum(), weights / weights.sum()), dtype=np.float64)


def forecast_units(
    level: Level,
    take_rates: Mapping[str, float],
    city_weights: Mapping[str, float],
    first_week: date,
    profile: Sequence[float],
    *,
    mix: Floats | None = None,
) -> Forecast:
    """Expected units by variant, city and week from `first_week` on (a Monday), one week for each of `profile`.

    Variants and cities stand in sorted order. `mix` overrides take rates x city weights, float64[variant, city].
    Cells add up to the total of their week, and weeks to the whole.
    """
    if first_week.weekday() != 0:
        raise InvalidInput(f"{first_week} is no Monday", "name a week by the Monday that begins it")
    shape = np.asarray(profile, dtype=np.float64)
    if shape.size == 0 or np.any(shape < 0) or not np.all(np.isfinite(shape)):
        raise InvalidInput(f"the week profile is {list(profile)}", "give at least one week, each >= 0")
    share = prior_mix(take_rates, city_weights)
    if mix is not None:
        if mix.shape != share.shape or np.any(mix < 0) or abs(float(mix.sum()) - 1) > 1e-9:
            raise InvalidInput(
                f"a mix of shape {mix.shape} adding up to {float(mix.sum())} does not fit {share.shape}",
                "give float64[variant, city] that adds up to 1",
            )
        share = mix
    return Forecast(
        variants=tuple(sorted(take_rates)),
        cities=tuple(sorted(city_weights)),
        weeks=tuple(first_week + timedelta(weeks=w) for w in range(shape.size)),
        units=np.asarray(level.mean * share[:, :, None] * shape, dtype=np.float64),
        total=level.mean * float(shape.sum()),
    )
