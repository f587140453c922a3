"""From the uniform to what a taste is mixed by: quantile functions, and tables of them that are quick to read.

A table cuts [0, 1] into cells of one width and holds a polynomial for each; where no polynomial is close, at the ends
and at kinks, it says so, and the quantile is computed outright.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..data import Floats, Integers
from .lanes import inner, outer

# What a base draw may be: of mean 0 and standard deviation 1, but for the uniform on [0, 1] as it is.
NORMAL, TRIANGULAR, UNIFORM, RAW = 0, 1, 2, 3

# Degree of a table's polynomials, and the largest error that is trusted: for float64, and for float32.
LONG, SHORT = (6, 1e-11), (3, 1e-7)
FINE = 32  # parts of a cell at the edge


@inner()
def normal_quantile_of(u: float) -> float:
    """The value below which a standard normal lies with probability u, within 1e-15 of relative error, 0 < u < 1.

    Source: Wichura (1988), Algorithm AS 241, Applied Statistics 37(3), PPND16.
    """
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        above = 2.5090809287301226727e3
        above = above * r + 3.3430575583588128105e4
        above = above * r + 6.7265770927008700853e4
        above = above * r + 4.5921953931549871457e4
        above = above * r + 1.3731693765509461125e4
        above = above * r + 1.9715909503065514427e3
        above = above * r + 1.3314166789178437745e2
        above = above * r + 3.3871328727963666080e0
        below = 5.2264952788528545610e3
        below = below * r + 2.8729085735721942674e4
        below = below * r + 3.9307895800092710610e4
        below = below * r + 2.1213794301586595867e4
        below = below * r + 5.3941960214247511077e3
        below = below * r + 6.8718700749205790830e2
        below = below * r + 4.2313330701600911252e1
        below = below * r + 1.0
        return q * above / below
    r = math.sqrt(-math.log(min(u, 1.0 - u)))
    if r <= 5.0:
        r -= 1.6
        above = 7.74545014278341407640e-4
        above = above * r + 2.27238449892691845833e-2
        above = above * r + 2.41780725177450611770e-1
        above = above * r + 1.27045825245236838258e0
        above = above * r + 3.64784832476320460504e0
        above = above * r + 5.76949722146069140550e0
        above = above * r + 4.63033784615654529590e0
        above = above * r + 1.42343711074968357734e0
        below = 1.05075007164441684324e-9
        below = below * r + 5.47593808499534494600e-4
        below = below * r + 1.51986665636164571966e-2
        below = below * r + 1.48103976427480074590e-1
        below = below * r + 6.89767334985100004550e-1
        below = below * r + 1.67638483018380384940e0
        below = below * r + 2.05319162663775882187e0
        below = below * r + 1.0
    else:
        r -= 5.0
        above = 2.01033439929228813265e-7
        above = above * r + 2.71155556874348757815e-5
        above = above * r + 1.24266094738807843860e-3
        above = above * r + 2.65321895265761230930e-2
        above = above * r + 2.96560571828504891230e-1
        above = above * r + 1.78482653991729133580e0
        above = above * r + 5.46378491116411436990e0
        above = above * r + 6.65790464350110377720e0
        below = 2.04426310338993978564e-15
        below = below * r + 1.42151175831644588870e-7
        below = below * r + 1.84631831751005468180e-5
        below = below * r + 7.86869131145613259100e-4
        below = below * r + 1.48753612908506148525e-2
        below = below * r + 1.36929880922735805310e-1
        below = below * r + 5.99832206555887937690e-1
        below = below * r + 1.0
    return above / below if q > 0 else -above / below


@inner()
def quantile(shape: int, u: float) -> float:
    """The base draw of a shape that lies at u, 0 < u < 1."""
    if shape == NORMAL:
        return normal_quantile_of(u)
    if shape == TRIANGULAR:  # on -sqrt(6) to sqrt(6)
        if u <= 0.5:
            return math.sqrt(6.0) * (math.sqrt(2.0 * u) - 1.0)
        return math.sqrt(6.0) * (1.0 - math.sqrt(2.0 * (1.0 - u)))
    if shape == UNIFORM:  # on -sqrt(3) to sqrt(3)
        return math.sqrt(3.0) * (2.0 * u - 1.0)
    return u


@outer(makes_arrays=True)
def quantiles(shape: int, u: Floats) -> Floats:
    """float64[n] of float64[n]."""
    out = np.empty(len(u))
    for i in range(len(u)):
        out[i] = quantile(shape, u[i])
    return out


@lru_cache(maxsize=2)
def _interpolation(degree: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Chebyshev's nodes on a cell, t in [-1/2, 1/2]; what turns values there into coefficients; and points at which
    the polynomial is tried, with their powers."""
    nodes = 0.5 * np.cos((2 * np.arange(degree + 1) + 1) * np.pi / (2 * (degree + 1)))
    turn = np.asarray(np.linalg.inv(np.vander(nodes, degree + 1, increasing=True)), dtype=np.float64)
    tried = np.array([-0.4999, 0.4999, 0.25 / degree])
    return nodes, turn, tried, np.vander(tried, degree + 1, increasing=True).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Polynomials of a quantile function on cells, in t = (u - left) / width - 1/2.

    left : float64[cell], where each begins. coefficients : float64[power, cell]. edge : int64[edge], cells where the
    polynomial is too far off. fine : float64[edge, FINE, power], of FINE parts of each edge, t likewise; NaN where that
    is too far off as well, and the quantile must be computed outright.
    """

    left: Floats
    coefficients: Floats
    edge: Integers
    fine: Floats


def table(shape: int, left: Floats, width: float, accuracy: tuple[int, float]) -> Table:
    """Polynomials on cells. left : float64[cell], where each cell begins. accuracy : LONG or SHORT."""
    coefficients, off = _polynomials(shape, left, width, accuracy)
    off |= left + width > 1 + 1e-12  # a cell that a shift has pushed over the end begins anew at 0
    edge = np.flatnonzero(off).astype(np.int64)
    parts = (left[edge][:, None] + width / FINE * np.arange(FINE)).ravel()
    fine, still_off = _polynomials(shape, parts % 1.0, width / FINE, accuracy)
    fine[still_off | (parts % 1.0 + width / FINE > 1 + 1e-12)] = np.nan
    return Table(left, np.ascontiguousarray(coefficients.T), edge, fine.reshape(len(edge), FINE, accuracy[0] + 1))


def _polynomials(
    shape: int, left: Floats, width: float, accuracy: tuple[int, float]
) -> tuple[Floats, NDArray[np.bool_]]:
    """float64[cell, power], and where they are too far off."""
    degree, tolerance = accuracy
    nodes, turn, tried, powers = _interpolation(degree)

    def at(places: Floats) -> Floats:
        u = np.clip(left[:, None] + width * (places + 0.5), 1e-300, 1 - 2.0**-53)
        return np.asarray(quantiles(shape, u.ravel())).reshape(u.shape)

    coefficients = at(nodes) @ turn.T
    off = np.abs(coefficients @ powers.T - at(tried)).max(axis=1, initial=0.0) > tolerance
    return coefficients, off
