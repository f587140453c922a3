"""Intervals for replicated simulations: Student's t on means and on paired differences, and the bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import atan, cos, pi, sin, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pullcord.base import InvalidInput

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with the interval that covers the true one in `level` of all repetitions."""

    mean: float
    low: float
    high: float
    replications: int
    level: float = 0.95

    @property
    def excludes_zero(self) -> bool:
        """Whether a difference is distinguishable from nothing at this level."""
        return self.low > 0 or self.high < 0


def t_within(t: float, freedom: int) -> float:
    """Probability that |T| <= t for Student's T with whole degrees of freedom.

    Source: Abramowitz & Stegun (1964), Handbook of Mathematical Functions, 26.7.3 and 26.7.4 (finite series).
    """
    theta = atan(t / sqrt(freedom))
    if freedom == 1:
        return 2 * theta / pi
    cosine_squared = cos(theta) ** 2
    odd = freedom % 2
    term = cos(theta) if odd else 1.0
    total = term
    for k in range(3 if odd else 2, freedom - 1, 2):
        term *= cosine_squared * (k - 1) / k
        total += term
    return 2 / pi * (theta + sin(theta) * total) if odd else sin(theta) * total


@lru_cache(maxsize=64)
def t_quantile(level: float, freedom: int) -> float:
    """The t with P(|T| <= t) = `level`, found by halving to 1e-12; for 0.95 and 29 degrees it is 2.0452."""
    if not 0 < level < 1 or freedom < 1:
        raise InvalidInput(
            f"no t interval at level {level} with {freedom} degrees of freedom",
            "give a level between 0 and 1 and at least two replications",
        )
    low, high = 0.0, 1.0
    while t_within(high, freedom) < level:
        high *= 2
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if t_within(middle, freedom) < level else (low, middle)
    return high


def mean_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """The mean of independent replications with its t interval.

    Source: Law (2015), Simulation Modeling and Analysis, 5th ed., section 9.4.1 (replication/deletion).
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or sample.size < 2:
        raise InvalidInput(
            f"an interval needs a row of at least two replications, not shape {sample.shape}", "run more seeds"
        )
    mean = float(sample.mean())
    half = t_quantile(level, sample.size - 1) * float(sample.std(ddof=1)) / sqrt(sample.size)
    return Interval(mean, mean - half, mean + half, sample.size, level)


def paired_interval(one: ArrayLike, other: ArrayLike, level: float = 0.95) -> Interval:
    """The mean of `one` - `other`, replication by replication, with its t interval.

    Replications are paired by common random numbers, so that what both share cancels.
    Source: Law (2015), section 10.2.1 (paired-t confidence interval).
    """
    left, right = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    if left.shape != right.shape:
        raise InvalidInput(f"{left.size} replications cannot be paired with {right.size}", "use the same seeds in both")
    return mean_interval(left - right, level)


def _mean(sample: Floats) -> float:
    return float(sample.mean())


def bootstrap_interval(
    values: ArrayLike,
    chance: np.random.Generator,
    *,
    statistic: Callable[[Floats], float] = _mean,
    resamples: int = 2000,
    level: float = 0.95,
) -> Interval:
    """A statistic of whole rows of `values` with its percentile bootstrap interval; rows are drawn with replacement.

    Parameters
    ----------
    values : float[row, ...]; a row is what is independent of the others (a replication, a month)
    chance : generator, from `base.stream`

    Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap, section 13.3.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim == 0 or sample.shape[0] < 2:
        raise InvalidInput("a bootstrap needs at least two rows", "give more observations")
    rows = sample.shape[0]
    draws = [statistic(sample[chance.integers(0, rows, rows)]) for _ in range(resamples)]
    low, high = _quantiles(draws, level)
    return Interval(statistic(sample), low, high, rows, level)


def _quantiles(draws: Sequence[float], level: float) -> tuple[float, float]:
    low, high = np.quantile(np.asarray(draws), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
