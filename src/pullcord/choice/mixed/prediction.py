"""Kernels that average over draws what has not been chosen yet: probabilities of all alternatives on offer."""

from __future__ import annotations

from typing import NamedTuple

from ..data import Floats, Integers
from .draw_kernels import DrawTables, compiled_stride_for, fill
from .kernels import locate
from .lanes import LANES_64, LOG2_E, exp2, item, larger, load, outer, spread, store, total
from .scratch import PredictionScratch
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


@outer()
def predict(
    offers: Offers,
    tastes: Tastes,
    draws: DrawTables,
    theta: Floats,
    units: tuple[int, int],
    room: PredictionScratch,
    out: Floats,
) -> None:
    """out[row], the probability of each alternative in its situation, averaged over a unit's draws.

    units : first and end.
    """
    varying, fixed = len(tastes.transform), tastes.fixed
    count, lanes, stride = draws.per_unit, LANES_64, varying + fixed
    blocks = (count + lanes - 1) // lanes
    z_stride = compiled_stride_for(draws, count)
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
