"""Kernels that turn a person's base draws into tastes: location, covariance, and the mixing distribution's transform.

Taste e of a draw is tau_e = T_e(eta_e) with eta_e = location_e + sum_i L_ei z_i. In willingness-to-pay space the last
taste is the scale: utility is tau_last * (sum_e tau_e x_e - x_last), and x_last is the price.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ..data import Floats, Integers
from .lanes import LOG2_E, exp2, inner, item, larger, load, positive, smaller, spread, store
from .quantiles import normal_quantile_of

IDENTITY, EXPONENTIAL, CENSORED, TRUNCATED = 0, 1, 2, 3


class Tastes(NamedTuple):
    """Which tastes vary, and how.

    fixed : how many do not. transform, sign : int64[taste], float64[taste], of T. Element c of the matrix L stands in
    row pair_row[c] and column pair_column[c]; those of row e are pair_start[e] to pair_start[e + 1]. shift_of :
    int64[shifter], the taste whose location a person's characteristic shifts. wtp : 1 in willingness-to-pay space.

    A model's parameters stand in this order: fixed tastes, locations, elements of L, shifters.
    """

    fixed: int
    transform: Integers
    sign: Floats
    pair_row: Integers
    pair_column: Integers
    pair_start: Integers
    shift_of: Integers
    wtp: int


@inner(inline=True)
def tastes_at(
    tastes: Tastes,
    location: Floats,
    factor: Floats,
    z: Floats,
    at: int,
    stride: int,
    tau: Floats,
    slope: Floats,
    lanes: int,
) -> None:
    """Tastes of one block of draws, and what they change by; but for truncated normals.

    location : float[taste], factor : float[pair], z : float[dimension * stride], of which the block begins at `at`.
    Written: tau, slope : float[taste * lanes], T and T'.
    """
    for e in range(len(tastes.transform)):
        kind = item(tastes.transform, e)
        eta = spread(tau, item(location, e))
        for c in range(item(tastes.pair_start, e), item(tastes.pair_start, e + 1)):
            eta = eta + item(factor, c) * load(z, item(tastes.pair_column, c) * stride + at)
        if kind == IDENTITY:
            store(tau, e * lanes, eta)
            store(slope, e * lanes, spread(tau, 1.0))
        elif kind == EXPONENTIAL:
            value = exp2(smaller(larger(eta * LOG2_E, -120.0), 120.0)) * item(tastes.sign, e)
            store(tau, e * lanes, value)
            store(slope, e * lanes, value)
        else:
            on = positive(eta * item(tastes.sign, e))
            store(tau, e * lanes, eta * on)
            store(slope, e * lanes, on)


@inner()
def truncated_at(
    tastes: Tastes,
    location: Floats,
    factor: Floats,
    z: Floats,
    at: int,
    stride: int,
    tau: Floats,
    slope: Floats,
    reach: Floats,
    lanes: int,
) -> None:
    """The same for truncated normals; reach : float[taste * lanes], derivatives by their sds."""
    for e in range(len(tastes.transform)):
        if tastes.transform[e] == TRUNCATED:
            c, sign = tastes.pair_start[e], tastes.sign[e]
            u = tastes.pair_column[c] * stride + at
            for i in range(lanes):
                value, by_mean, by_sd, _ = truncated(sign * location[e], factor[c], z[u + i])
                tau[e * lanes + i] = sign * value
                slope[e * lanes + i] = by_mean
                reach[e * lanes + i] = sign * by_sd


@inner()
def truncated(mean: float, sd: float, u: float) -> tuple[float, float, float, float]:
    """The u-quantile of a normal given that it is above zero; its derivatives by mean and sd; and the second one by the
    mean, times sd.

    With a = mean / sd it is mean + sd q, where 1 - Phi(q) = (1 - u) Phi(a). A negative sd means its size, draws turned
    round: the same distribution.
    """
    turn = 1.0
    if sd < 0:
        turn, sd, u = -1.0, -sd, 1.0 - u
    sd = max(sd, 1e-12)
    a = min(max(mean / sd, -30.0), 30.0)
    below = 0.5 * math.erfc(-a / math.sqrt(2.0))
    tail = max((1.0 - u) * below, 1e-300)
    q = -normal_quantile_of(tail) if tail < 1.0 else -30.0
    by_a = -(1.0 - u) * math.exp(0.5 * (q * q - a * a))
    value = max(mean + sd * q, 0.0)
    return value, 1.0 + by_a, turn * (q - a * by_a), by_a * (q * by_a - a)


@inner(inline=True)
def coefficients_of(tastes: Tastes, tau: Floats, alpha: Floats, lanes: int) -> None:
    """From tastes to what attributes are multiplied with: in willingness-to-pay space scaled, else the same, and then
    nothing is written."""
    count = len(tastes.transform)
    if tastes.wtp:
        scale = load(tau, (count - 1) * lanes)
        for e in range(count - 1):
            store(alpha, e * lanes, scale * load(tau, e * lanes))
        store(alpha, (count - 1) * lanes, 0.0 - scale)


@inner(inline=True)
def to_tastes(tastes: Tastes, tau: Floats, gradient: Floats, lanes: int) -> None:
    """The gradient by coefficients becomes the gradient by tastes, in place."""
    if tastes.wtp:
        last = len(tastes.transform) - 1
        scale = load(tau, last * lanes)
        by_scale = 0.0 - load(gradient, last * lanes)
        for e in range(last):
            g = load(gradient, e * lanes)
            by_scale = by_scale + load(tau, e * lanes) * g
            store(gradient, e * lanes, scale * g)
        store(gradient, last * lanes, by_scale)
