"""Forecasters that need no model, with intervals from their own past errors: what any model must beat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from math import exp, log
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from .backtest import LEVELS, KnownPanel
from .baselines import months_before

Floats = NDArray[np.float64]
Row = Mapping[date, int]
_ERRORS_MIN = 8  # fewer past errors tell no spread


class Naive:
    """A rule that looks at one product's past. Its intervals are log-normal about what it says.

    Their spread is the root mean square of the rule's own past errors in logarithms at the same horizon, over all
    products: as much as is known of them at the origin.
    """

    def __init__(self, name: str, rule: Callable[[Row, date, int], float | None]) -> None:
        self.name = name
        self._rule = rule

    def forecast(self, known: KnownPanel, months: Sequence[date]) -> Mapping[tuple[str, date], Floats]:
        """Quantiles at `LEVELS` of every product that the rule has something to go by for."""
        z = np.array([NormalDist().inv_cdf(level) for level in LEVELS])
        told: dict[tuple[str, date], Floats] = {}
        for month in months:
            horizon = (month.year - known.origin.year) * 12 + month.month - known.origin.month
            errors = [
                log(units / said)
                for row in known.sales.values()
                for target, units in row.items()
                if units and (said := self._said(row, target, horizon))
            ]
            if len(errors) < _ERRORS_MIN:
                continue
            spread = (sum(error**2 for error in errors) / len(errors)) ** 0.5
            for product, row in known.sales.items():
                said = self._said(row, month, horizon)
                if said:
                    told[product, month] = np.exp(log(said) + spread * z)
        return told

    def _said(self, row: Row, month: date, horizon: int) -> float | None:
        origin = months_before(month, horizon)
        return self._rule({m: units for m, units in row.items() if m <= origin}, month, horizon)


def _last(row: Row, month: date, horizon: int) -> float | None:
    return row.get(months_before(month, horizon))


def _year_before(row: Row, month: date, horizon: int) -> float | None:
    return row.get(months_before(month, 12 * -(-horizon // 12)))


def _year_before_with_growth(row: Row, month: date, horizon: int) -> float | None:
    base = row.get(months_before(month, 12))
    now, then = row.get(months_before(month, horizon)), row.get(months_before(month, horizon + 12))
    return exp(log(base) + log(now) - log(then)) if base and now and then and horizon <= 12 else None


LAST_KNOWN = Naive("last known month", _last)
SEASONAL_NAIVE = Naive("same month of last year", _year_before)
SEASONAL_GROWTH = Naive("last year, grown", _year_before_with_growth)
