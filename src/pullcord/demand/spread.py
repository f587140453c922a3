"""How unlike cars are in what no column says: the spread of calibrated constants, unlisted cars counted as such.

Only best sellers have published sales. To fit a distribution to their constants alone would take the winners for the
field. A car that was on sale and never made the list tells something too: its constant lies below a bound. The fit
is the censored normal of Tobin (1958), in the form of Olsen (1978), Econometrica 46(5), whose likelihood is concave.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput, SolverFailure

Floats = NDArray[np.float64]
_erfc = np.frompyfunc(math.erfc, 1, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """A normal distribution of constants for each draw of tastes: mean float64[draw], deviation float64[draw]."""

    mean: Floats
    deviation: Floats
    known: int
    censored: int


def fit_spread(known: Floats, bounds: Floats) -> Spread:
    """The normal distribution that fits constants known exactly and constants known only to lie below a bound.

    known : float64[draw, car], at least 2 cars; bounds : float64[draw, car], possibly no car at all.
    Maximum likelihood, so `deviation` divides by n when nothing is censored.
    """
    draws, n = known.shape
    if n < 2:
        raise InvalidInput(f"{n} calibrated rival gives no spread of constants", "give sales of at least 2 rivals")
    mean, square = known.mean(axis=1), known.std(axis=1)
    if np.any(square <= 0):
        raise InvalidInput("the rivals' constants are all alike", "give at least 2 rivals with differing sales")
    if bounds.shape[1] == 0:
        return Spread(mean, square, n, 0)
    # Olsen's parameters: theta = 1 / sigma, delta = mu / sigma. Newton on both, all draws at once.
    theta, delta = 1 / square, mean / square
    for _ in range(100):
        residual = theta[:, None] * known - delta[:, None]
        z = theta[:, None] * bounds - delta[:, None]
        mills = _mills(z)  # phi(z) / Phi(z)
        slope = -mills * (z + mills)  # its derivative, in (-1, 0)
        g_theta = n / theta - (residual * known).sum(axis=1) + (mills * bounds).sum(axis=1)
        g_delta = residual.sum(axis=1) - mills.sum(axis=1)
        h_tt = -n / theta**2 - (known**2).sum(axis=1) + (slope * bounds**2).sum(axis=1)
        h_td = known.sum(axis=1) - (slope * bounds).sum(axis=1)
        h_dd = -n + slope.sum(axis=1)
        determinant = h_tt * h_dd - h_td**2
        step_theta = (h_dd * g_theta - h_td * g_delta) / determinant
        step_delta = (h_tt * g_delta - h_td * g_theta) / determinant
        # theta must stay above zero: take at most half the way there.
        damping = np.where(step_theta >= theta, 0.5 * theta / np.maximum(step_theta, 1e-300), 1.0)
        theta, delta = theta - damping * step_theta, delta - damping * step_delta
        if np.max(np.abs(step_theta)) < 1e-10 and np.max(np.abs(step_delta)) < 1e-10:
            return Spread(delta / theta, 1 / theta, n, bounds.shape[1])
    raise SolverFailure(f"the spread of constants over {draws} draws did not settle in 100 steps")


def _mills(z: Floats) -> Floats:
    """phi(z) / Phi(z), stable far into the lower tail, where it tends to -z."""
    below = 0.5 * np.asarray(_erfc(-z / math.sqrt(2)), dtype=np.float64)
    density = np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = density / below
    # Two terms of the asymptotic series; at z = -30 it is right to 1e-6 while erfc still has all its digits.
    return np.asarray(np.where(z < -30, -z - 1 / np.minimum(z, -1.0), ratio), dtype=np.float64)
