"""The latency curve: how wrong a plan is that repeats the last known month, by how old the news is.

No forecast is improved along the curve; only the delay shrinks. What it shows is the worth of time alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput, stream

from .baselines import Method, last_known, rolling_origin
from .model import MonthlySales

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LagError:
    """WAPE at one information delay, with its month-block bootstrap interval."""

    lag_months: int
    wape: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class MonthErrors:
    """One target month: units sold by the products that count, and sum |actual - forecast| for each lag."""

    month: date
    products: int
    units: int
    absolute_errors: tuple[float, ...]  # in the order of the curve's lags


@dataclass(frozen=True, slots=True)
class LatencyCurve:
    """WAPE by information delay over the same targets, and what can be said of its slope."""

    lags: tuple[LagError, ...]
    pairs: int  # product-months, the same for every lag
    products: tuple[str, ...]
    months: tuple[MonthErrors, ...]
    draws: int
    seed: int

    def wape(self, lag_months: int) -> float:
        """The WAPE at one of the curve's lags."""
        return self.lags[self._position(lag_months)].wape

    def reduction(self, slow: int, fast: int) -> float:
        """The fraction of the mismatch that goes when news of age `slow` comes at age `fast`."""
        if self.wape(slow) == 0:
            raise InvalidInput(f"news {slow} months old is never wrong on this panel", "give sales that change")
        return 1 - self.wape(fast) / self.wape(slow)

    def reduction_interval(self, slow: int, fast: int) -> tuple[float, float]:
        """Central 95 % of the reduction over the month-block bootstrap."""
        at_slow, at_fast = self._position(slow), self._position(fast)

        def reduction(units: Floats, errors: Floats) -> Floats:
            return np.asarray(1 - errors[:, at_fast] / errors[:, at_slow], dtype=np.float64)

        return _bootstrap(self.months, reduction, self.draws, self.seed)

    def _position(self, lag_months: int) -> int:
        for i, row in enumerate(self.lags):
            if row.lag_months == lag_months:
                return i
        raise InvalidInput(
            f"the curve has no lag of {lag_months} months", f"it has {[r.lag_months for r in self.lags]}"
        )


def latency_curve(
    panel: Sequence[MonthlySales],
    lags: Sequence[int],
    since: date,
    *,
    method: Method = last_known,
    seed: int = 0,
    draws: int = 10_000,
) -> LatencyCurve:
    """The WAPE of a forecasting method at each information delay, on targets that all delays share.

    `panel` holds named products only, not the market total. A product-month counts where `since` is reached and every
    lag has its figure. Intervals resample target months with replacement: errors within a month go together.
    """
    if not lags or min(lags) < 1 or len(set(lags)) != len(lags):
        raise InvalidInput(f"lags {list(lags)} make no curve", "give different whole months, each at least 1")
    errors = rolling_origin(panel, method, lags, since)
    if not errors:
        raise InvalidInput(
            f"no product has figures at all of the lags {list(lags)} for a month from {since:%Y-%m} on",
            "give a longer panel, fewer lags or an earlier month",
        )
    position = {lag: i for i, lag in enumerate(lags)}
    sums: dict[date, list[float]] = {}
    units: dict[date, dict[str, int]] = {}
    for row in errors:
        sums.setdefault(row.month, [0.0] * len(lags))[position[row.lag]] += abs(row.actual - row.forecast)
        units.setdefault(row.month, {})[row.product_id] = row.actual
    months = tuple(
        MonthErrors(month, len(units[month]), sum(units[month].values()), tuple(sums[month])) for month in sorted(sums)
    )
    total = sum(month.units for month in months)
    if total == 0:
        raise InvalidInput("the products sold nothing in any target month", "give targets that sold")

    def wape_at(i: int) -> Callable[[Floats, Floats], Floats]:
        return lambda sold, absolute: np.asarray(absolute[:, i] / sold, dtype=np.float64)

    rows = []
    for i, lag in enumerate(lags):
        low, high = _bootstrap(months, wape_at(i), draws, seed)
        rows.append(LagError(lag, sum(month.absolute_errors[i] for month in months) / total, low, high))
    products = tuple(sorted({row.product_id for row in errors}))
    return LatencyCurve(tuple(rows), len(errors) // len(lags), products, months, draws, seed)


def _bootstrap(
    months: Sequence[MonthErrors], statistic: Callable[[Floats, Floats], Floats], draws: int, seed: int
) -> tuple[float, float]:
    """Central 95 % of a statistic of (units[draw], absolute errors[draw, lag]) over resampled target months.

    The months drawn are the same for every statistic of one seed.
    """
    rng = stream(seed, "demand.latency_bootstrap")
    drawn = rng.integers(0, len(months), size=(draws, len(months)))
    units = np.array([month.units for month in months], dtype=np.float64)[drawn].sum(axis=1)
    errors = np.array([month.absolute_errors for month in months])[drawn].sum(axis=1)
    low, high = np.quantile(statistic(units, errors), [0.025, 0.975])
    return float(low), float(high)
