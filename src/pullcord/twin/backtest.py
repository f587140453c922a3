"""How far "repeat the last known month" is off on the panel: planners learn it before the twin runs."""

from __future__ import annotations

from functools import lru_cache
from math import sqrt

import numpy as np

LEAST_PAIRS = 30  # below it a backtest says too little


@lru_cache(maxsize=256)
def forecast_spread(monthly_log_changes: tuple[tuple[float, ...], ...], lag_months: int) -> float:
    """Root mean square of ln(sales of a month / sales of the month `lag_months` before), over the whole panel.

    A panel with fewer than 30 such pairs gives the spread of a random walk with the panel's monthly changes.

    Parameters
    ----------
    monthly_log_changes : runs of consecutive months, ln(month / month before)
    lag_months : from the last month known to the month foretold, at least 1
    """
    paths = [np.concatenate([[0.0], np.cumsum(run)]) for run in monthly_log_changes]
    errors = np.concatenate([path[lag_months:] - path[:-lag_months] for path in paths])
    if errors.size >= LEAST_PAIRS:
        return float(np.sqrt((errors**2).mean()))
    changes = np.concatenate([np.asarray(run) for run in monthly_log_changes])
    return float(np.sqrt((changes**2).mean())) * sqrt(lag_months)
