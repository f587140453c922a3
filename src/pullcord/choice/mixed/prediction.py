"""Kernels that average over draws what has not been chosen yet: probabilities of all alternatives on offer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..data import Floats, Integers
from .draw_kernels import DrawTables, fill, stride_for
from .kernels import locate
from .lanes import LANES_64, LOG2_E, exp2, inner, item, larger, load, outer, spread, store, total
from .shares import aligned
from .tastes import TRUNCATED, Tastes, coefficients_of, tastes_at, truncated_at


class Offers(NamedTuple):
    """What there is to choose from.

    x : float64[row * attribute], of every alternative, attributes whose tastes vary first. start : int64[situation +
    1]. unit_start : int64[unit + 1]. shifter : float64[unit * shifter]; see mixed_kernels.Rows.
    """

    x: Floats
    start: Integers
    unit_start: Integers
    shifter: Floats


class _Room(NamedTuple):
    z: Floats
    base: Floats
    v: Floats
    sums: Floats
    tau: Floats
    slope: Floats
    reach: Floats
    alpha: Floats
    mask: Floats
    location: Floats
    factor: Floats


@outer()
def predict(
    offers: Offers,
    tastes: Tastes,
    draws: DrawTables,
    theta: Floats,
    units: tuple[int, int],
    most: int,
    out: Floats,
) -> None:
    """out[row], the probability of each alternative in its situation, averaged over a unit's draws.

    units : first and end. most : rows of the largest situation.
    """
    varying, fixed, pairs = len(tastes.transform), tastes.fixed, len(tastes.pair_row)
    count, lanes = draws.per_unit, LANES_64
    blocks = (count + lanes - 1) // lanes
    like = np.zeros(1)
    room = _Room(
        z=aligned(len(draws.shape) * stride_for(draws, count), like),
        base=np.zeros(most),
        v=aligned(most * lanes, like),
        sums=aligned(most * lanes, like),
        tau=aligned(varying * lanes, like),
        slope=aligned(varying * lanes, like),
        reach=aligned(varying * lanes, like),
        alpha=aligned(varying * lanes, like),
        mask=aligned(lanes, like),
        location=np.zeros(varying),
        factor=theta[fixed + varying : fixed + varying + pairs].copy(),
    )
    for i in range(lanes):
        room.mask[i] = 1.0 if (blocks - 1) * lanes + i < count else 0.0
    _predict_units(offers, tastes, draws, theta, units, room, out)


@inner()
def _predict_units(
    offers: Offers,
    tastes: Tastes,
    draws: DrawTables,
    theta: Floats,
    units: tuple[int, int],
    room: _Room,
    out: Floats,
) -> None:
    varying, fixed = len(tastes.transform), tastes.fixed
    count, lanes, stride = draws.per_unit, LANES_64, varying + fixed
    blocks = (count + lanes - 1) // lanes
    z_stride = stride_for(draws, count)
    v, sums = room.v, room.sums
    alpha = room.alpha if tastes.wtp else room.tau
    cut_off = False
    for e in range(varying):
        cut_off |= tastes.transform[e] == TRUNCATED
    for u in range(units[0], units[1]):
        locate(tastes, theta, offers.shifter, u, room.location)
        fill(draws, room.z, u, count, z_stride)
        for s in range(offers.unit_start[u], offers.unit_start[u + 1]):
            first, end = offers.start[s], offers.start[s + 1]
            for row in range(first, end):
                fixed_utility = 0.0
                for f in range(fixed):
                    fixed_utility += offers.x[row * stride + varying + f] * theta[f]
                room.base[row - first] = min(max(fixed_utility * LOG2_E, -1e30), 1e30)
                store(sums, (row - first) * lanes, spread(sums, 0.0))
            for b in range(blocks):
                tastes_at(tastes, room.location, room.factor, room.z, b * lanes, z_stride, room.tau, room.slope, lanes)
                if cut_off:
                    truncated_at(
                        tastes, room.location, room.factor, room.z, b * lanes, z_stride, room.tau, room.slope,
                        room.reach, lanes,
                    )  # fmt: skip
                coefficients_of(tastes, room.tau, alpha, lanes)
                top = spread(v, -1e30)
                for row in range(first, end):
                    utility = spread(v, item(room.base, row - first))
                    for k in range(varying):
                        utility = utility + (item(offers.x, row * stride + k) * LOG2_E) * load(alpha, k * lanes)
                    top = larger(top, utility)
                    store(v, (row - first) * lanes, utility)
                sum_of = spread(v, 0.0)
                for row in range(end - first):
                    power = exp2(larger(load(v, row * lanes) - top, -1000.0))
                    store(v, row * lanes, power)
                    sum_of = sum_of + power
                share = 1.0 / sum_of
                if b == blocks - 1:
                    share = share * load(room.mask, 0)
                for row in range(end - first):
                    store(sums, row * lanes, load(sums, row * lanes) + share * load(v, row * lanes))
            for row in range(first, end):
                out[row] = total(load(sums, (row - first) * lanes)) / count
