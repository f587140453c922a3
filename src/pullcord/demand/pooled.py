"""Monthly units of many products at once: each follows the market's level and months, and its own wandering share.

    ln units[product, month] = level[month] + factor[calendar month] + share[product, month] + noise
    ln total[month]          = level[month] + factor[calendar month] + noise

The level walks with a slope that dies away, shares walk, the twelve factors are common to all products, so that even a
newcomer of three months knows what the New Year does to a February. All of it is one linear Gaussian state space, so
that missing months need no filling in and intervals are those of the joint belief. Products scatter differently: each
has a noise of its own, drawn towards the common one by as many imagined months as `PRIOR_MONTHS`.

Source: West and Harrison (1997), Bayesian Forecasting and Dynamic Models, 2nd ed., ch. 4 (Kalman recursions, missing
data), 8.6 (seasonal factors), 16.2 (common components); Dawid (1984), JRSS A 147(2) (the prequential score that scales
are chosen by).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from datetime import date
from math import exp, log, pi
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput

from .backtest import LEVELS, KnownPanel

Floats = NDArray[np.float64]

CHINA_MONTHS = (-0.23, -0.41, 0.02, -0.24, -0.12, 0.10, 0.00, 0.11, 0.24, 0.14, 0.23, 0.16)
"""Logarithm of a calendar month's retail sales of battery-electric cars in China over the level of its time, January to
December: filtered from the monthly market totals of 2021-01 to 2023-11 in CleanTechnica's reports, all of them older
than the panel. April holds the closed spring of 2022. A prior; `Scales.factor_spread` says how far it may be off."""

PRIOR_MONTHS = 8.0
DAMPING = 0.95  # what is left of the level's slope a month later
ENTRY = (-3.5, 1.0)  # ln of a newcomer's share of the market total: mean and deviation
_LEVEL, _SLOPE, _FACTORS, _SHARES = 0, 1, 2, 14


@dataclass(frozen=True, slots=True)
class Scales:
    """Standard deviations, all in logarithms: the starting values are what was thought before any month was seen."""

    market_noise: float = 0.05  # of a month's total about its level and factor
    level_step: float = 0.06  # of the level from month to month
    slope_step: float = 0.005
    share_step: float = 0.15
    share_noise: float = 0.22  # of a product's month about its share
    factor_spread: float = 0.15  # of the factors about their prior

    def __post_init__(self) -> None:
        if min(astuple(self)) <= 0:
            raise InvalidInput(f"scales of {astuple(self)}", "give standard deviations above zero")


class Pooled:
    """The forecaster; `fit_scales` finds its scales on earlier months."""

    def __init__(
        self,
        scales: Scales | None = None,
        *,
        months: Sequence[float] = CHINA_MONTHS,
        name: str = "pooled state space",
    ) -> None:
        if len(months) != 12:
            raise InvalidInput(f"{len(months)} month factors", "give twelve, January first")
        self.scales = scales or Scales()
        self.months = tuple(months)
        self.name = name

    def forecast(self, known: KnownPanel, months: Sequence[date]) -> Mapping[tuple[str, date], Floats]:
        """Quantiles at `LEVELS` of every product seen so far, in each target month."""
        steps = [_index(month) - _index(known.origin) for month in months]
        filtered = _Filter(known, self.scales, self.months)
        for _ in filtered.run(_index(known.origin)):
            pass
        z = np.array([NormalDist().inv_cdf(level) for level in LEVELS])
        told: dict[tuple[str, date], Floats] = {}
        for month, step in zip(months, steps, strict=True):
            for product, (mean, variance) in filtered.ahead(step).items():
                told[product, month] = np.exp(mean + variance**0.5 * z)
        return told


def fit_scales(
    known: KnownPanel, horizons: Sequence[int], *, months: Sequence[float] = CHINA_MONTHS, begin: Scales | None = None
) -> Scales:
    """The scales under which the known months would have been foretold best, each from those before it.

    Maximises the logarithmic score over all known targets at these horizons, with a log-normal prior of deviation 0.5
    about `begin` on each scale: search along one scale after the other, by factors of 1.25, until none improves.
    """
    begin = begin or Scales()
    best, score = begin, _prequential(known, horizons, begin, months, begin)
    improved = True
    while improved:
        improved = False
        for field in fields(Scales):
            for factor in (1.25, 0.8):
                while True:
                    tried = replace(best, **{field.name: getattr(best, field.name) * factor})
                    found = _prequential(known, horizons, tried, months, begin)
                    if found <= score + 1e-9:
                        break
                    best, score, improved = tried, found, True
    return best


def _prequential(
    known: KnownPanel, horizons: Sequence[int], scales: Scales, months: Sequence[float], begin: Scales
) -> float:
    prior = sum(log(a / b) ** 2 for a, b in zip(astuple(scales), astuple(begin), strict=True)) / (2 * 0.5**2)
    score = -prior
    last = _index(known.origin)
    filtered = _Filter(known, scales, months)
    for month in filtered.run(last):
        for horizon in horizons:
            if month + horizon > last:
                continue
            for product, (mean, variance) in filtered.ahead(horizon).items():
                units = filtered.units[product].get(month + horizon)
                if units:
                    score -= 0.5 * (log(2 * pi * variance) + (log(units) - mean) ** 2 / variance)
    return score


class _Filter:
    """The belief about level, slope, twelve factors and the shares seen so far, month by month."""

    def __init__(self, known: KnownPanel, scales: Scales, months: Sequence[float]) -> None:
        self.scales = scales
        self.units = {p: {_index(m): u for m, u in row.items()} for p, row in known.sales.items()}
        self.market = {_index(m): u for m, u in known.market.items()}
        self.products = sorted(self.units)
        seen = [*self.market, *(m for row in self.units.values() for m in row)]
        if not seen:
            raise InvalidInput("no month is known", "give a panel that begins before the origin")
        self.first = min(seen)
        size = _SHARES + len(self.products)
        self.mean, self.cov = np.zeros(size), np.zeros((size, size))
        self.mean[_FACTORS:_SHARES] = months
        factors = range(_FACTORS, _SHARES)
        self.cov[factors, factors] = scales.factor_spread**2
        begins = self.market.get(self.first) or exp(-ENTRY[0]) * self._mean_units(self.first)
        self.mean[_LEVEL] = log(begins) - months[self.first % 12]
        self.cov[_LEVEL, _LEVEL], self.cov[_SLOPE, _SLOPE] = 1.0, 0.02**2
        self.entered: list[int] = []
        self.surprise = np.zeros(len(self.products))  # sums of squared errors over their expected squares
        self.heard = np.zeros(len(self.products))
        self.month = self.first - 1

    def _mean_units(self, month: int) -> float:
        found = [row[month] for row in self.units.values() if row.get(month)]
        return sum(found) / len(found) if found else 1.0

    def run(self, last: int) -> Iterator[int]:
        """Filters month after month up to the last, and gives the number of each once it is known."""
        while self.month < last:
            self.month += 1
            if self.month > self.first:
                self._step(self.mean, self.cov)
            self._observe_month()
            yield self.month

    def ahead(self, steps: int) -> dict[str, tuple[float, float]]:
        """Mean and variance of ln units of each product seen, so many months on."""
        mean, cov = self.mean.copy(), self.cov.copy()
        for _ in range(steps):
            self._step(mean, cov)
        factor = _FACTORS + (self.month + steps) % 12
        told = {}
        for i in self.entered:
            at = [_LEVEL, factor, _SHARES + i]
            told[self.products[i]] = (float(mean[at].sum()), float(cov[np.ix_(at, at)].sum()) + self._noise(i))
        return told

    def _noise(self, product: int) -> float:
        own = (PRIOR_MONTHS + self.surprise[product]) / (PRIOR_MONTHS + self.heard[product])
        return float(self.scales.share_noise**2 * own)

    def _step(self, mean: Floats, cov: Floats) -> None:
        """One month on, in place."""
        mean[_SLOPE] *= DAMPING
        mean[_LEVEL] += mean[_SLOPE]
        cov[_SLOPE] *= DAMPING
        cov[_LEVEL] += cov[_SLOPE]
        cov[:, _SLOPE] *= DAMPING
        cov[:, _LEVEL] += cov[:, _SLOPE]
        cov[_LEVEL, _LEVEL] += self.scales.level_step**2
        cov[_SLOPE, _SLOPE] += self.scales.slope_step**2
        shares = [_SHARES + i for i in self.entered]
        cov[shares, shares] += self.scales.share_step**2

    def _observe_month(self) -> None:
        factor = _FACTORS + self.month % 12
        if total := self.market.get(self.month):
            self._observe([_LEVEL, factor], log(total), self.scales.market_noise**2)
        for i, product in enumerate(self.products):
            units = self.units[product].get(self.month)
            if not units:
                continue  # unknown; a zero has no logarithm and says no more than that it fell off the list
            if i not in self.entered:
                self.entered.append(i)
                self.mean[_SHARES + i], self.cov[_SHARES + i, _SHARES + i] = ENTRY[0], ENTRY[1] ** 2
                self._observe([_LEVEL, factor, _SHARES + i], log(units), self._noise(i))
                continue
            error, spread = self._observe([_LEVEL, factor, _SHARES + i], log(units), self._noise(i))
            self.surprise[i] += error**2 / (spread - self._noise(i) + self.scales.share_noise**2)
            self.heard[i] += 1

    def _observe(self, at: list[int], value: float, noise: float) -> tuple[float, float]:
        """Learn from one value; gives how far off it was, and the variance that was expected of that."""
        gain = self.cov[:, at].sum(axis=1)
        spread = float(gain[at].sum()) + noise
        error = value - float(self.mean[at].sum())
        self.mean += gain * (error / spread)
        self.cov -= np.outer(gain, gain / spread)
        return error, spread


def _index(month: date) -> int:
    return month.year * 12 + month.month - 1
