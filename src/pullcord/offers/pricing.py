"""Prices in closed form or by fixed point: one seller's best markup, and how rivals answer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput, SolverFailure

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_ROUNDS = 10_000


def log_lambert_w(log_x: float) -> float:
    """The w > 0 with w + ln w = log_x, that is w exp(w) = exp(log_x); never overflows. Newton's method."""
    w = log_x - np.log(log_x) if log_x > 1 else float(np.exp(min(log_x, 0.5)))
    w = max(float(w), 1e-300)
    for _ in range(100):
        # In ln w the equation exp(t) + t = log_x is convex and rising: Newton ends from anywhere.
        t = float(np.log(w))
        step = (w + t - log_x) / (w + 1)
        w = float(np.exp(t - step))
        if abs(step) < 1e-15 * max(1.0, abs(t)):
            break
    return w


def equal_markup(quality: Floats, unit_cost: Floats, price_taste: float, others: float = 1.0) -> float:
    """The markup that earns one seller most under a plain logit: the same on every product.

    quality : float64[product], utility at a price of zero; unit_cost : float64[product], money; price_taste : utility
    per unit of money, below zero; others : exp(log-sum) of all that others sell, the outside good included.

    With b = -price_taste the markup is (1 + W(x)) / b, x = sum exp(quality - b cost - 1) / others, W of Lambert.

    Source: Anderson and de Palma (1992), Journal of Industrial Economics 40(3); Li and Huh (2011), Manufacturing &
    Service Operations Management 13(4), Theorem 1.
    """
    if price_taste >= 0 or others <= 0:
        raise InvalidInput(
            f"a taste for price of {price_taste} and others' weight {others}",
            "the taste lies below 0, the weight above",
        )
    relative = quality + price_taste * unit_cost - 1 - np.log(others)
    top = float(relative.max())
    return (1 + log_lambert_w(top + float(np.log(np.exp(relative - top).sum())))) / -price_taste


def bertrand_prices(
    quality: Floats, unit_cost: Floats, owner: Integers, price_taste: float, others: float = 1.0
) -> Floats:
    """Prices at which no owner gains by changing its own: float64[product], under a plain logit.

    The fixed point p = cost + zeta(p), which for a logit reads p_j - c_j = 1 / b + sum over the owner's k of
    s_k (p_k - c_k). Raises SolverFailure where it is not reached.

    Source: Morrow and Skerlos (2011), Operations Research 59(2), sec. 4.
    """
    if price_taste >= 0:
        raise InvalidInput(f"a taste for price of {price_taste}", "give one below 0")
    b = -price_taste
    prices = unit_cost + 1 / b
    for _ in range(_ROUNDS):
        utility = quality + price_taste * prices
        top = max(float(utility.max()), float(np.log(others)))
        weight = np.exp(utility - top)
        share = weight / (weight.sum() + others * np.exp(-top))
        earned = np.bincount(owner, weights=share * (prices - unit_cost), minlength=int(owner.max()) + 1)
        found = unit_cost + 1 / b + earned[owner]
        if np.all(np.abs(found - prices) <= 1e-12 * (np.abs(prices) + 1 / b)):
            return np.asarray(found, dtype=np.float64)
        prices = found
    raise SolverFailure("the rivals' prices do not settle", "give a stronger taste for price, or fewer products")


def costs_behind(prices: Floats, share: Floats, owner: Integers, price_taste: float) -> Floats:
    """The unit costs that make observed prices best for their owners: float64[product]; may come out below zero.

    Each owner's products carry one markup, 1 / (b (1 - the owner's share)). A cost below zero says that the taste for
    price is too weak to explain the prices.

    Source: Berry (1994), RAND Journal of Economics 25(2), sec. 5, for a logit.
    """
    together = np.bincount(owner, weights=share, minlength=int(owner.max()) + 1)[owner]
    return np.asarray(prices - 1 / (-price_taste * (1 - together)), dtype=np.float64)
