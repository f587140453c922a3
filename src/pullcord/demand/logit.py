"""Multinomial logit: shares, what they answer to, and from whom a newcomer draws.

Source for all of it: Train (2009), Discrete Choice Methods with Simulation, 2nd ed., ch. 3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput

Floats = NDArray[np.float64]


def log_sum(utility: Floats) -> Floats:
    """Log of the sum of exp(utility) over the alternatives and the outside good, whose utility is 0.

    utility : float64[..., alt]; returns float64[...]. Never overflows.
    """
    # Shift by the largest utility, the outside good's 0 included: exp() then stays within range.
    shift = np.maximum(utility.max(axis=-1, initial=0.0), 0.0)
    total = np.exp(utility - shift[..., None]).sum(axis=-1) + np.exp(-shift)
    return np.asarray(shift + np.log(total), dtype=np.float64)


def shares(utility: Floats) -> Floats:
    """Share of each alternative; what is left to 1 is the outside good's.

    utility : float64[..., alt], relative to the outside good; returns float64[..., alt], each in [0, 1].
    Source: Train (2009), eq. 3.6.
    """
    if not np.all(np.isfinite(utility)):
        raise InvalidInput("a utility is not a finite number", "check prices, attributes and tastes for gaps")
    return np.asarray(np.exp(utility - log_sum(utility)[..., None]), dtype=np.float64)


def outside_share(utility: Floats) -> Floats:
    """Share of the outside good. utility : float64[..., alt]; returns float64[...]."""
    return np.asarray(np.exp(-log_sum(utility)), dtype=np.float64)


def constants_by_inversion(observed: Floats, outside: float, systematic: Floats) -> Floats:
    """The constants that make predicted shares equal the observed ones, in closed form.

    observed : float64[alt], in (0, 1); outside : share of the outside good; systematic : float64[..., alt], the part
    of utility that attributes explain. Returns float64[..., alt].

    Source: Berry (1994), RAND Journal of Economics 25(2), eq. 11: ln s_j - ln s_0 = x_j b + xi_j.
    """
    if np.any(observed <= 0) or outside <= 0:
        raise InvalidInput("a share of zero has no constant", "drop what sold nothing, and leave room for the outside")
    if abs(float(observed.sum()) + outside - 1) > 1e-9:
        raise InvalidInput(f"shares add up to {float(observed.sum()) + outside}, not 1", "divide by the market total")
    return np.asarray(np.log(observed) - np.log(outside) - systematic, dtype=np.float64)


def price_elasticity(share: Floats, price: Floats, taste_per_unit: float) -> Floats:
    """Own-price elasticity of each alternative's share: per cent of share for one per cent of price.

    share, price : float64[alt]; taste_per_unit : utility per unit of price. Source: Train (2009), eq. 3.14.
    """
    return np.asarray(taste_per_unit * price * (1 - share), dtype=np.float64)


def diversion(share: Floats, outside: float) -> tuple[Floats, float]:
    """Of each buyer that a newcomer wins, the fraction that comes from each alternative and from outside.

    Plain logit draws from all in proportion to their shares (independence of irrelevant alternatives): two cars that
    are near twins compete no harder than two that have nothing in common. Source: Train (2009), sec. 3.3.
    """
    total = float(share.sum()) + outside
    return np.asarray(share / total, dtype=np.float64), outside / total
