"""The law of the noise: discrete Laplace, P(Z = z) = (1 - a) / (1 + a) a^|z| with a = exp(-1 / scale).

Source: Ghosh, Roughgarden and Sundararajan (2012), SIAM Journal on Computing 41(6), sec. 2 (the geometric mechanism);
Canonne, Kamath and Steinke (2020), NeurIPS 33, sec. 5 for exact sampling, which OpenDP does.
"""

from __future__ import annotations

from math import ceil, exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput


def half_width(scale: float, confidence: float = 0.95) -> int:
    """The least h with P(|Z| <= h) >= confidence: a noisy count is off by at most h, that surely."""
    if not (scale > 0 and 0 < confidence < 1):
        raise InvalidInput(f"no half width at scale {scale} and confidence {confidence}", "give both above zero")
    a = exp(-1 / scale)
    # P(|Z| > h) = 2 a^(h + 1) / (1 + a)
    h = max(0, ceil(log((1 - confidence) * (1 + a) / 2) / -(1 / scale) - 1 - 1e-9))
    while 2 * a ** (h + 1) / (1 + a) > 1 - confidence:
        h += 1
    return h


def deviation(scale: float) -> float:
    """The noise's standard deviation: sqrt(2 a) / (1 - a)."""
    a = exp(-1 / scale)
    return sqrt(2 * a) / (1 - a)


def draw_noise(scale: float, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.int64]:
    """int64[shape], noise of this law from a seeded generator: to reckon with what was released, never to release."""
    p = 1 - exp(-1 / scale)
    return np.asarray(rng.geometric(p, shape) - rng.geometric(p, shape), dtype=np.int64)
