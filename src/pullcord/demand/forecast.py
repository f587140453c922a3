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
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput, NotFound, stream

from .model import ForecastCell
from .predict import Interval

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


class Predictive(Protocol):
    """The joint belief behind a forecast: what may come at any node, all cells and weeks considered together."""

    def draw(self, cells: Floats, weeks: Floats, draws: int, seed: int) -> Floats:
        """float64[draw]: units that may come in a part of the forecast.

        cells : float64[variant, city], the share of each cell that counts, 0 to 1; weeks : float64[week], likewise.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Expected units: `units` is float64[variant, city, week]; `total` is what all cells add up to.

    `belief` is what intervals come from; None where only the expectation is known.
    """

    variants: tuple[str, ...]
    cities: tuple[str, ...]
    weeks: tuple[date, ...]
    units: Floats
    total: float
    belief: Predictive | None = None

    def cells(self) -> tuple[ForecastCell, ...]:
        """One record for each cell, by variant, city and week."""
        return tuple(
            ForecastCell(variant, city, week, float(self.units[v, c, w]))
            for v, variant in enumerate(self.variants)
            for c, city in enumerate(self.cities)
            for w, week in enumerate(self.weeks)
        )

    def node(
        self,
        *,
        variant: str | None = None,
        city: str | None = None,
        week: date | None = None,
        month: date | None = None,
    ) -> tuple[Floats, Floats]:
        """(float64[variant, city], float64[week]): the share of each cell and week that belongs to a node.

        What is not named is summed over. `month` is named by its first day; a week that straddles two months belongs to
        each by its days. Raises NotFound.
        """
        for what, name, known in (
            ("variant", variant, self.variants), ("city", city, self.cities), ("week", week, self.weeks),
        ):  # fmt: skip
            if name is not None and name not in known:
                raise NotFound(f"the forecast has no {what} `{name}`", f"it has {', '.join(map(str, known[:5]))}, …")
        if month is not None and month.day != 1:
            raise InvalidInput(f"{month} is no month", "name a month by its first day")
        rows = np.array([variant in (None, v) for v in self.variants], dtype=np.float64)
        columns = np.array([city in (None, c) for c in self.cities], dtype=np.float64)
        weeks = np.array([week in (None, w) for w in self.weeks], dtype=np.float64)
        if month is not None:
            weeks *= np.array([days_within(w, month) / 7 for w in self.weeks])
        return np.outer(rows, columns), weeks

    def interval(
        self,
        level: float = 0.8,
        *,
        variant: str | None = None,
        city: str | None = None,
        week: date | None = None,
        month: date | None = None,
        draws: int = 2000,
        seed: int = 0,
    ) -> Interval:
        """The central interval that is believed to hold what comes at a node with probability `level`, and the median.

        Every interval of one seed comes from one joint belief. Intervals do not add up; expectations do.
        """
        if self.belief is None:
            raise InvalidInput(
                "this forecast carries no belief", "give it a mix_worth, or make it from a stream of signals"
            )
        if not 0 < level < 1 or draws < 100:
            raise InvalidInput(f"no interval at level {level} from {draws} draws", "give 0 < level < 1 and 100 draws")
        cells, weeks = self.node(variant=variant, city=city, week=week, month=month)
        drawn = self.belief.draw(cells, weeks, draws, seed)
        low, median, high = np.quantile(drawn, [(1 - level) / 2, 0.5, (1 + level) / 2])
        return Interval(float(low), float(median), float(high))


def days_within(week: date, month: date) -> int:
    """How many of the seven days from `week` on lie in the month that begins on `month`."""
    return sum((week + timedelta(days=d)).replace(day=1) == month for d in range(7))


@dataclass(frozen=True, slots=True, eq=False)
class LevelBelief:
    """A gamma level times a Dirichlet mix, seen through Poisson orders, or through orders that scatter more.

    mix : float64[variant, city], the Dirichlet's weights; profile : float64[week]; dispersion : variance over mean of a
    week's orders, given level and mix. Source: Gelman et al. (2013), sec. 3.4; West and Harrison (1997), ch. 14.
    """

    level: Level
    mix: Floats
    profile: Floats
    dispersion: float = 1.0

    def __post_init__(self) -> None:
        if np.any(self.mix < 0) or not self.mix.sum() > 0 or self.dispersion < 1:
            raise InvalidInput(
                f"a mix known from {float(self.mix.sum())} orders, with dispersion {self.dispersion}",
                "give a mix_worth above zero and a dispersion of 1 or more",
            )

    def draw(self, cells: Floats, weeks: Floats, draws: int, seed: int) -> Floats:
        """float64[draw]: orders that may come in these cells and weeks; see `Predictive`."""
        rng = stream(seed, "demand.level_belief")
        level = rng.gamma(self.level.shape, 1 / self.level.rate, draws)
        share = draw_share(self.mix, cells, draws, rng)
        rate = scattered(level[:, None] * self.profile, self.dispersion, rng)
        return rng.poisson((rate @ weeks) * share).astype(np.float64)


def draw_share(weights: Floats, cells: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """float64[draw]: the share of a node under a Dirichlet belief: parts of a Dirichlet add up to a beta."""
    inside = float((weights * cells).sum())
    outside = float(weights.sum()) - inside
    if inside <= 0:
        return np.zeros(draws)
    if outside <= 1e-12 * inside:
        return np.ones(draws)
    return rng.beta(inside, outside, draws)


def scattered(rates: Floats, dispersion: float, rng: np.random.Generator) -> Floats:
    """Rates, gamma around the ones given, whose Poisson counts have `dispersion` times a Poisson's variance."""
    if dispersion <= 1:
        return rates
    return np.asarray(rng.gamma(rates / (dispersion - 1)) * (dispersion - 1), dtype=np.float64)


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
    mix_worth: float | None = None,
    dispersion: float = 1.0,
) -> Forecast:
    """Expected units by variant, city and week from `first_week` on (a Monday), one week for each of `profile`.

    Variants and cities stand in sorted order. `mix` overrides take rates x city weights, float64[variant, city].
    Cells add up to the total of their week, and weeks to the whole. With `mix_worth`, the number of orders that the mix
    is known from, the forecast carries a belief and tells intervals; `dispersion` is the variance of a week's orders
    over their mean, given the level.
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
    belief = None if mix_worth is None else LevelBelief(level, share * mix_worth, shape, dispersion)
    return Forecast(
        variants=tuple(sorted(take_rates)),
        cities=tuple(sorted(city_weights)),
        weeks=tuple(first_week + timedelta(weeks=w) for w in range(shape.size)),
        units=np.asarray(level.mean * share[:, :, None] * shape, dtype=np.float64),
        total=level.mean * float(shape.sum()),
        belief=belief,
    )
