"""Forecasters of other packages, told the same: AutoETS and AutoARIMA of statsforecast (the extra `bench` or `dev`)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from datetime import date
from math import exp, log
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput

from .backtest import LEVELS, MEDIAN, KnownPanel
from .naive import LAST_KNOWN

Floats = NDArray[np.float64]
SEASON = 12
WIDTHS = tuple(round(100 * (upper - lower)) for lower, upper in zip(LEVELS[:MEDIAN], LEVELS[::-1], strict=False))
"""Widths of central intervals in per cent, as statsforecast names them, outermost first."""


class StatsForecast:
    """One model for each product, chosen by the package at every origin, season length 12, intervals its own.

    It needs a series without gaps: between two known months the missing ones are filled in along the logarithm. A
    product too short for the package (AutoETS wants about eight months) is foretold by its last known month instead.
    `logs`: the model sees logarithms. Quantiles are cut off at zero.
    """

    def __init__(self, model: Literal["AutoETS", "AutoARIMA"], *, logs: bool = False) -> None:
        try:
            from statsforecast import models
        except ImportError as missing:
            raise InvalidInput(
                f"{model} is statsforecast's, which is not installed", "install the extra: pullcord[bench]"
            ) from missing
        self.name = f"{model} on logarithms" if logs else model
        self._model: Any = getattr(models, model)
        self._logs = logs

    def forecast(self, known: KnownPanel, months: Sequence[date]) -> Mapping[tuple[str, date], Floats]:
        """Quantiles at `LEVELS` of every product, in each target month."""
        told = dict(LAST_KNOWN.forecast(known, months))
        for product, row in known.sales.items():
            last = max(row)
            steps = {month: (month.year - last.year) * 12 + month.month - last.month for month in months}
            quantiles = self._quantiles(_filled(row), max(steps.values()))
            if quantiles is not None:
                told |= {(product, month): quantiles[step - 1] for month, step in steps.items()}
        return told

    def _quantiles(self, series: Floats, steps: int) -> Floats | None:
        """float64[step, level], or None where the package finds the series too short."""
        values = np.log(series) if self._logs else series
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                said = self._model(season_length=SEASON).forecast(y=values, h=steps, level=list(WIDTHS))
        except (NotImplementedError, ValueError, IndexError, ZeroDivisionError):
            return None
        lower = [np.asarray(said[f"lo-{width}"], dtype=np.float64) for width in WIDTHS]
        upper = [np.asarray(said[f"hi-{width}"], dtype=np.float64) for width in reversed(WIDTHS)]
        quantiles = np.stack([*lower, np.asarray(said["mean"], dtype=np.float64), *upper], axis=1)
        if not np.all(np.isfinite(quantiles)):
            return None
        return np.asarray(np.exp(quantiles) if self._logs else np.maximum(quantiles, 0.0), dtype=np.float64)


def _filled(row: Mapping[date, int]) -> Floats:
    """The series from its first to its last known month, gaps filled in along the logarithm."""
    known = {m.year * 12 + m.month: max(units, 1) for m, units in row.items()}
    months = range(min(known), max(known) + 1)
    logs = np.interp(np.array(months), np.array(sorted(known)), [log(known[m]) for m in sorted(known)])
    return np.array([known.get(m, exp(value)) for m, value in zip(months, logs, strict=True)], dtype=np.float64)
