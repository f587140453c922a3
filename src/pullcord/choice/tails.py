"""Tails of the normal and the chi-squared distribution: how surprising a statistic is."""

from __future__ import annotations

import math
from statistics import NormalDist

from pullcord.base import InvalidInput

_NORMAL = NormalDist()


def normal_tail(z: float) -> float:
    """Probability that a standard normal lies above z; exact far into the tail, where 1 - cdf is lost."""
    return 0.5 * math.erfc(z / math.sqrt(2))


def two_sided_p(z: float) -> float:
    """Probability that a standard normal is at least as far from 0 as z."""
    return math.erfc(abs(z) / math.sqrt(2))


def normal_quantile(probability: float) -> float:
    """The value below which a standard normal lies with this probability."""
    if not 0 < probability < 1:
        raise InvalidInput(f"{probability} is no probability between 0 and 1", "ask for, say, 0.975")
    return _NORMAL.inv_cdf(probability)


def critical_value(level: float) -> float:
    """How many standard errors reach to either side of an estimate at a level of confidence: 1.96 at 0.95."""
    if not 0 < level < 1:
        raise InvalidInput(f"a level of {level} is not between 0 and 1", "ask for 0.95")
    return normal_quantile(0.5 + level / 2)


def chi_squared_tail(statistic: float, degrees: int) -> float:
    """Probability that a chi-squared variable with this many degrees of freedom exceeds the statistic.

    With 0 degrees the variable is 0 for certain, as mixtures at a boundary ask.
    Source: the regularised incomplete gamma function Q(degrees / 2, statistic / 2); Abramowitz and Stegun (1964),
    Handbook of Mathematical Functions, 26.4.19; its series 6.5.29 and continued fraction 6.5.31.
    """
    if degrees < 0 or math.isnan(statistic):
        raise InvalidInput(
            f"chi-squared of {statistic} with {degrees} degrees has no meaning", "give numbers from 0 up"
        )
    if statistic <= 0:
        return 1.0
    if degrees == 0:
        return 0.0
    a, x = degrees / 2, statistic / 2
    if math.isinf(x):
        return 0.0
    factor = math.exp(a * math.log(x) - x - math.lgamma(a))  # x^a e^-x / Gamma(a)
    if x < a + 1:
        return max(1 - factor * _series(a, x), 0.0)
    return min(factor * _fraction(a, x), 1.0)


def _series(a: float, x: float) -> float:
    """Sum of x^n / (a (a+1) ... (a+n)); every term is positive and they fall at last, for x < a + 1."""
    term = total = 1 / a
    n = a
    while term > total * 1e-17:
        n += 1
        term *= x / n
        total += term
    return total


def _fraction(a: float, x: float) -> float:
    """The continued fraction 1/(x+1-a - 1(1-a)/(x+3-a - ...)), by Lentz's method, for x >= a + 1."""
    b = x + 1 - a
    c, d = 1e300, 1 / b
    total = d
    for n in range(1, 10_000):
        numerator = -n * (n - a)
        b += 2
        d = 1 / (numerator * d + b)
        c = b + numerator / c
        total *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return total
