"""The simulated likelihood of a mixed logit and its derivatives, one person at a time, a block of draws at a time.

A block of draws stays in the first cache from base draws to gradient: nothing of the size of persons x alternatives x
draws, or persons x draws, is ever made. Attributes are differences to the chosen alternative, so that it needs no
exponential. Fixed tastes' utilities are summed once for all draws. What a person chose in all situations of a draw
is a product of probabilities; its powers of two are kept apart, so that no panel is too long.

Sources: Train (2009), Discrete Choice Methods with Simulation, 2nd ed., ch. 6, 10 and 11; Revelt and Train (1998),
Review of Economics and Statistics 80(4), for panels.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..data import Floats, Integers
from .curvature import (
    add_block,
    add_expanded,
    conclude_unit,
    covariances,
    curvature_by_tastes,
    held_count,
    padded,
    products_of,
)
from .draw_kernels import DrawTables, compiled_stride_for, fill
from .lanes import (
    LANES_64,
    LOG2_E,
    REORDER,
    inner,
    item,
    largest,
    load,
    magnitude,
    outer,
    power_of_two,
    spread,
    store,
    total,
)
from .scratch import Scratch
from .shares import fixed_utilities, powers, shares, shares_far, slopes
from .tastes import IDENTITY, TRUNCATED, Tastes, coefficients_of, tastes_at, to_tastes, truncated_at

LN2 = math.log(2.0)


class Rows(NamedTuple):
    """What persons chose from, as kernels read it.

    x : float64[row * attribute], of every alternative, as the utility's formula has them; columns : int64[attribute],
    which of them are the kernels' first, second, ...: those whose tastes vary, then the others. start : int64[situation
    + 1], rows of a situation; chosen : int64[situation], the row that was. unit_start : int64[unit + 1], situations of
    a unit, which has one set of draws: a person, or a situation where draws are not shared. weight : float64[unit].
    shifter : float64[unit * shifter], characteristics of whoever chose. most : int64[3], the most rows that were not
    chosen and the most situations that a unit has, and the most lanes that its second derivatives take.
    """

    x: Floats
    columns: Integers
    start: Integers
    chosen: Integers
    unit_start: Integers
    weight: Floats
    shifter: Floats
    most: Integers


class Sums(NamedTuple):
    """Where a kernel leaves what it found: value : float64[1]; gradient : float64[k]; products : float64[k * k], of
    scores; by_unit : float64[unit], log-likelihoods without weights; scores : float64[unit or 0, k], weighted;
    moments : float64[unit or 0, 2 * taste], means and mean squares of tastes given what was chosen."""

    value: Floats
    gradient: Floats
    products: Floats
    by_unit: Floats
    scores: Floats
    moments: Floats


@inner()
def expand(core: Floats, tastes: Tastes, shifter: Floats, unit: int, score: Floats) -> None:
    """A person's derivatives by all parameters, from those by all but shifters."""
    cores, shifters = len(core), len(tastes.shift_of)
    for c in range(cores):
        score[c] = core[c]
    for m in range(shifters):
        score[cores + m] = core[tastes.fixed + tastes.shift_of[m]] * shifter[unit * shifters + m]


@inner()
def locate(tastes: Tastes, theta: Floats, shifter: Floats, unit: int, location: Any) -> None:
    """A person's locations of tastes."""
    varying, shifters = len(tastes.transform), len(tastes.shift_of)
    cores = tastes.fixed + varying + len(tastes.pair_row)
    for e in range(varying):
        location[e] = theta[tastes.fixed + e]
    for m in range(shifters):
        location[tastes.shift_of[m]] += theta[cores + m] * shifter[unit * shifters + m]


@inner(fastmath=REORDER)
def add_scaled(out: Floats, out_at: int, x: Floats, x_at: int, count: int, by: float) -> None:
    """out[out_at :] += by * x[x_at :], `count` elements."""
    for i in range(count):
        out[out_at + i] += by * x[x_at + i]


@inner()
def differences(rows: Rows, first: int, end: int, out: Floats, start: Integers) -> int:
    """Attributes of what was not chosen in some situations, minus those of what was; returns how many rows there are.

    out : float64[row * attribute]. start : int64[situation + 1], where each situation's rows now begin.
    """
    attributes, size = len(rows.columns), 0
    for s in range(first, end):
        start[s - first] = size
        chosen = item(rows.chosen, s) * attributes
        for row in range(item(rows.start, s), item(rows.start, s + 1)):
            if row * attributes != chosen:
                for k in range(attributes):
                    column = item(rows.columns, k)
                    out[size * attributes + k] = item(rows.x, row * attributes + column) - item(rows.x, chosen + column)
                size += 1
    start[end - first] = size
    return size


@outer()
def likelihood(
    rows: Rows,
    tastes: Tastes,
    draws: DrawTables,
    theta: Floats,
    first_unit: int,
    units: tuple[int, int, int],
    count: int,
    sums: Sums,
    scratch: Scratch,
    second: Any,
    hessian: Any,
) -> None:
    """Log-likelihood, gradient and products of scores of some units.

    theta : float64[k]. first_unit : what unit 0 is called in the draws. units : first, end and step. count : of draws,
    at most those of `draws`, whose first they are. scratch : in the kind of float to compute with, as `scratch_for`
    makes it for these arguments; second : likewise, for second derivatives, or None. hessian : float64[k * k] to which
    the Hessian is added, below the diagonal and on it; of size 0 where it is not wanted; None without `second`.
    """
    varying, fixed, pairs = len(tastes.transform), tastes.fixed, len(tastes.pair_row)
    stride, random = varying + fixed, varying + pairs
    lanes, z_stride = len(scratch.mask), compiled_stride_for(draws, count)
    blocks = (count + lanes - 1) // lanes
    limit = 1000.0 if lanes == LANES_64 else 110.0
    z, x, base, span, p, held = scratch.z, scratch.x, scratch.base, scratch.span, scratch.p, scratch.held
    tau, slope, reach, gradient = scratch.tau, scratch.slope, scratch.reach, scratch.gradient
    location, factor, start, core, score = (
        scratch.location, scratch.factor, scratch.start, scratch.core, scratch.score,
    )  # fmt: skip
    apart = scratch.apart
    alpha = scratch.alpha if tastes.wtp else tau
    with_moments = len(sums.moments) > 0
    cut_off = False
    for e in range(varying):
        cut_off |= tastes.transform[e] == TRUNCATED
    for u in range(units[0], units[1], units[2]):
        first, end = rows.unit_start[u], rows.unit_start[u + 1]
        situations = end - first
        size = differences(rows, first, end, apart, start)
        reached = fixed_utilities(apart, size, stride, varying, theta, fixed, base)
        for k in range(varying):
            span[k] = 0.0
        for row in range(size):
            for k in range(varying):
                v = item(apart, row * stride + k) * LOG2_E
                x[row * varying + k] = v
                span[k] = max(span[k], abs(v))
        locate(tastes, theta, rows.shifter, u, location)
        fill(draws, z, first_unit + u, count, z_stride)
        moments_at = random + 1 + (size if fixed else 0)
        second_at = moments_at + (2 * varying if with_moments else 0)
        kept = second_at
        if hessian is not None and len(hessian):
            kept += held_count(tastes, start, situations, size)
            for row in range(size):
                for k in range(varying):
                    second.x[row * varying + k] = apart[row * stride + k]
                for f in range(fixed):
                    v = apart[row * stride + varying + f]
                    second.fixed_x[row * fixed + f] = v
                    second.padded_x[row * padded(fixed) + f] = v
            products_of(second.x, size, varying, second.squares)
        # Sums over blocks: by locations and elements of L, the likelihood, probabilities of rows, moments of tastes,
        # second derivatives.
        for i in range(kept):
            store(held, i * lanes, spread(held, 0.0))
        scale = 0.0
        for b in range(blocks):
            at = b * lanes
            tastes_at(tastes, location, factor, z, at, z_stride, tau, slope, lanes)
            if cut_off:
                truncated_at(tastes, location, factor, z, at, z_stride, tau, slope, reach, lanes)
            coefficients_of(tastes, tau, alpha, lanes)
            bound = spread(p, reached)
            for k in range(varying):
                bound = bound + item(span, k) * magnitude(load(alpha, k * lanes))
            widest = largest(bound)
            if widest < limit:
                powers(x, base, size, varying, alpha, p, lanes)
                product, shift = shares(start, situations, max(1, int(limit / (widest + 8.0))), p, lanes)
            else:
                product, shift = shares_far(x, base, start, situations, varying, alpha, p, lanes)
            slopes(x, 0, size, varying, p, gradient, 0, lanes)
            to_tastes(tastes, tau, gradient, lanes)  # times log2(e), as x is
            top = largest(shift)
            if b == 0:
                scale = top
            elif top > scale + 0.3 * limit:
                by = power_of_two(spread(p, scale - top))
                for i in range(kept):
                    store(held, i * lanes, load(held, i * lanes) * by)
                scale = top
            weight = product * power_of_two(shift - scale)
            if b == blocks - 1:
                weight = weight * load(scratch.mask, 0)
            for e in range(varying):
                g = weight * load(gradient, e * lanes)
                d = g if item(tastes.transform, e) == IDENTITY else g * load(slope, e * lanes)
                store(held, e * lanes, load(held, e * lanes) - d)
                for c in range(item(tastes.pair_start, e), item(tastes.pair_start, e + 1)):
                    if item(tastes.transform, e) == TRUNCATED:
                        by_factor = g * load(reach, e * lanes)
                    else:
                        by_factor = d * load(z, item(tastes.pair_column, c) * z_stride + at)
                    there = (varying + c) * lanes
                    store(held, there, load(held, there) - by_factor)
            store(held, random * lanes, load(held, random * lanes) + weight)
            if fixed:
                for row in range(size):
                    there = (random + 1 + row) * lanes
                    store(held, there, load(held, there) + weight * load(p, row * lanes))
            if with_moments:
                for e in range(varying):
                    there, t = (moments_at + 2 * e) * lanes, load(tau, e * lanes)
                    store(held, there, load(held, there) + weight * t)
                    store(held, there + lanes, load(held, there + lanes) + weight * t * t)
            if hessian is not None and len(hessian):
                store(second.weight, 0, weight)
                for e in range(varying):
                    store(gradient, e * lanes, load(gradient, e * lanes) * LN2)
                covariances(second.x, second.squares, start, situations, size, varying, p, second.mean, second.m, lanes)
                curvature_by_tastes(tastes, tau, gradient, second.m, second.work, lanes)
                add_block(
                    tastes, location, factor, z, at, z_stride, second.x, second.fixed_x, start, situations, size,
                    p, second.mean, second.weight, tau, slope, reach, gradient, second.m, second.y, held,
                    second_at, lanes,
                )  # fmt: skip
        simulated = np.float64(total(load(held, random * lanes)))
        log_likelihood = math.log(simulated / count) + scale * LN2
        for c in range(random):
            core[fixed + c] = total(load(held, c * lanes)) / simulated * LN2
        for f in range(fixed):
            core[f] = 0.0
        if fixed:
            for row in range(size):
                q = total(load(held, (random + 1 + row) * lanes)) / simulated
                add_scaled(core, 0, apart, row * stride + varying, fixed, -q)
                if hessian is not None:
                    second.shares[row] = q
        expand(core, tastes, rows.shifter, u, score)
        counts = rows.weight[u]
        sums.value[0] += counts * log_likelihood
        if len(sums.by_unit):
            sums.by_unit[u] = log_likelihood
        for c in range(len(theta)):
            sums.gradient[c] += counts * score[c]
        for c in range(len(theta)):
            add_scaled(sums.products, c * len(theta), score, 0, c + 1, counts * score[c])
        if len(sums.scores):
            for c in range(len(theta)):
                sums.scores[u, c] = counts * score[c]
        if with_moments:
            for m in range(2 * varying):
                sums.moments[u, m] = total(load(held, (moments_at + m) * lanes)) / simulated
        if hessian is not None and len(hessian):
            conclude_unit(
                tastes, second.padded_x, start, situations, size, second.shares, held, second_at, simulated, core,
                second.by_fixed, second.by_random, second.work, lanes,
            )  # fmt: skip
            add_expanded(second.by_fixed, second.by_random, tastes, rows.shifter, u, counts, hessian)


@outer(makes_arrays=True)
def most_of(start: Integers, unit_start: Integers, tastes: Tastes) -> Any:
    """int64[3], see Rows; start counts all rows."""
    most, own = np.zeros(3, np.int64), np.zeros(len(start), np.int64)
    for u in range(len(unit_start) - 1):
        first, end = unit_start[u], unit_start[u + 1]
        for s in range(end - first + 1):
            own[s] = start[first + s] - start[first] - s
        size = own[end - first]
        most[0], most[1] = max(most[0], size), max(most[1], end - first)
        most[2] = max(most[2], held_count(tastes, own, end - first, size))
    return most
