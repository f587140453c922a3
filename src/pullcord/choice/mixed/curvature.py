"""The second derivatives of a mixed logit's simulated likelihood, block of draws by block of draws.

With l_r the likelihood of a person's choices at draw r, w_r = l_r / sum l and g_r, H_r the derivatives of log l_r, the
Hessian of log(mean l) is sum w_r (g_r g_r' + H_r) - s s', where s = sum w_r g_r is the score. A logit's own second
derivative is minus the covariance of attributes under its probabilities, summed over situations.

What varies within a draw is kept by lanes; what does not, the attributes of fixed tastes, is multiplied in once for
all draws: sums over draws of p_j, p_i p_j and p_j times tastes' derivatives suffice.
"""

from __future__ import annotations

from ..data import Floats, Integers
from .lanes import LANES_64, inner, item, load, spread, store, total
from .shares import slopes
from .tastes import EXPONENTIAL, TRUNCATED, Tastes, truncated


@inner()
def pairs_of(n: int) -> int:
    """Elements of a triangle with its diagonal."""
    return n * (n + 1) // 2


@inner()
def held_count(tastes: Tastes, start: Integers, situations: int, size: int) -> int:
    """How many lanes the sums over draws take."""
    random = len(tastes.transform) + len(tastes.pair_row)
    count = pairs_of(random)
    if tastes.fixed:
        count += size * random
        for s in range(situations):
            count += pairs_of(start[s + 1] - start[s])
        if situations > 1:
            count += pairs_of(tastes.fixed)
    return count


@inner()
def products_of(x: Floats, size: int, varying: int, out: Floats) -> None:
    """out[row, pair] = x[row, k] x[row, l], l <= k."""
    at = 0
    for row in range(size):
        for k in range(varying):
            for j in range(k + 1):
                out[at] = x[row * varying + k] * x[row * varying + j]
                at += 1


@inner(inline=True)
def covariances(
    x: Floats,
    xx: Floats,
    start: Integers,
    situations: int,
    size: int,
    varying: int,
    p: Floats,
    mean: Floats,
    out: Floats,
    lanes: int,
) -> None:
    """out[pair] = sum over situations of the covariance of attributes under p; mean[situation, attribute] as well."""
    slopes(xx, 0, size, pairs_of(varying), p, out, 0, lanes)
    for s in range(situations):
        slopes(x, item(start, s), item(start, s + 1), varying, p, mean, s * varying * lanes, lanes)
    step, at = varying * lanes, 0
    for k in range(varying):
        for j in range(k + 1):
            a, b = load(out, at), spread(out, 0.0)
            k_at, j_at = k * lanes, j * lanes
            for _ in range(situations // 2):
                a = a - load(mean, k_at) * load(mean, j_at)
                b = b - load(mean, k_at + step) * load(mean, j_at + step)
                k_at += 2 * step
                j_at += 2 * step
            if situations % 2:
                a = a - load(mean, k_at) * load(mean, j_at)
            store(out, at, a + b)
            at += lanes


@inner(inline=True)
def curvature_by_tastes(tastes: Tastes, tau: Floats, gradient: Floats, m: Floats, work: Floats, lanes: int) -> None:
    """m, covariances of attributes, becomes minus the second derivative of log l by tastes, in place.

    gradient : minus the gradient by tastes. work : float[taste * lanes].
    """
    if not tastes.wtp:
        return
    last = len(tastes.transform) - 1
    scale = load(tau, last * lanes)
    for a in range(last + 1):
        r = spread(tau, 0.0)
        for f in range(last):
            pair = pairs_of(a) + f if f <= a else pairs_of(f) + a
            r = r + load(tau, f * lanes) * load(m, pair * lanes)
        store(work, a * lanes, r - load(m, (pairs_of(last) + a) * lanes))
    by_scale = 0.0 - load(work, last * lanes)
    for e in range(last):
        r = load(work, e * lanes)
        by_scale = by_scale + load(tau, e * lanes) * r
        # d2 alpha_e / d tau_e d scale = 1
        store(m, (pairs_of(last) + e) * lanes, scale * r + load(gradient, e * lanes) / scale)
        for f in range(e + 1):
            at = (pairs_of(e) + f) * lanes
            store(m, at, scale * scale * load(m, at))
    store(m, (pairs_of(last) + last) * lanes, by_scale)


@inner(inline=True)
def add_block(
    tastes: Tastes,
    location: Floats,
    factor: Floats,
    z: Floats,
    z_at: int,
    z_stride: int,
    x: Floats,
    fixed_x: Floats,
    start: Integers,
    situations: int,
    size: int,
    p: Floats,
    mean: Floats,
    weight_in: Floats,
    tau: Floats,
    slope: Floats,
    reach: Floats,
    gradient: Floats,
    m: Floats,
    y: Floats,
    held: Floats,
    held_at: int,
    lanes: int,
) -> None:
    """Add a block's share to the sums over draws.

    gradient, m : minus first and second derivatives by tastes. weight_in : float[lanes], w_r. y : float[(taste + pair)
    * lanes], for derivatives of tastes by their parameters. held : from lanes `held_at` on, as `held_count` lays them
    out: pairs of the varying tastes' parameters; (row, parameter); pairs of rows of one situation; pairs of fixed
    tastes.
    """
    varying, pairs, fixed = len(tastes.transform), len(tastes.pair_row), tastes.fixed
    random = varying + pairs
    weight = load(weight_in, 0)
    for e in range(varying):
        store(y, e * lanes, load(slope, e * lanes))
        for c in range(item(tastes.pair_start, e), item(tastes.pair_start, e + 1)):
            if item(tastes.transform, e) == TRUNCATED:
                store(y, (varying + c) * lanes, load(reach, e * lanes))
            else:
                z_c = load(z, item(tastes.pair_column, c) * z_stride + z_at)
                store(y, (varying + c) * lanes, load(slope, e * lanes) * z_c)
    at = 0
    for k in range(varying):
        g = load(gradient, k * lanes)
        for j in range(k + 1):
            v = load(gradient, j * lanes) * g - load(m, at * lanes)
            if k == j and item(tastes.transform, k) == EXPONENTIAL:  # T'' = T' = T
                v = v - g / load(tau, k * lanes)
            store(m, at * lanes, v * weight)
            at += 1
    at = held_at
    for c in range(random):
        y_c = load(y, c * lanes)
        k = c if c < varying else item(tastes.pair_row, c - varying)
        for d in range(c + 1):
            j = d if d < varying else item(tastes.pair_row, d - varying)
            pair = pairs_of(k) + j if j <= k else pairs_of(j) + k
            v = load(m, pair * lanes) * y_c
            store(held, at * lanes, load(held, at * lanes) + v * load(y, d * lanes))
            at += 1
    for e in range(varying):
        if tastes.transform[e] == TRUNCATED:
            _add_truncated(tastes, location, factor, z, z_at, z_stride, gradient, weight_in, held, held_at, e, lanes)
    if fixed:
        _add_rows(tastes, x, start, situations, p, mean, weight_in, gradient, y, held, at, lanes)
        at += size * random
        for s in range(situations):
            for i in range(start[s], start[s + 1]):
                pw = weight * load(p, i * lanes)
                for j in range(start[s], i + 1):
                    store(held, at * lanes, load(held, at * lanes) + pw * load(p, j * lanes))
                    at += 1
        if situations > 1:
            slopes(fixed_x, 0, size, fixed, p, y, 0, lanes)
            for f in range(fixed):
                g = weight * load(y, f * lanes)
                for h in range(f + 1):
                    store(held, at * lanes, load(held, at * lanes) + g * load(y, h * lanes))
                    at += 1


@inner(inline=True)
def _add_rows(
    tastes: Tastes,
    x: Floats,
    start: Integers,
    situations: int,
    p: Floats,
    mean: Floats,
    weight_in: Floats,
    gradient: Floats,
    y: Floats,
    held: Floats,
    at: int,
    lanes: int,
) -> None:
    """Sums of w p_j y_c (x_j - mean - gradient): what fixed and varying tastes have in common."""
    varying, pairs = len(tastes.transform), len(tastes.pair_row)
    weight = load(weight_in, 0)
    for s in range(situations):
        for row in range(start[s], start[s + 1]):
            pw = weight * load(p, row * lanes)
            for k in range(varying):
                off = load(mean, (s * varying + k) * lanes) + load(gradient, k * lanes)
                v = pw * (item(x, row * varying + k) - off)
                there = at + row * (varying + pairs)
                store(held, (there + k) * lanes, load(held, (there + k) * lanes) + v * load(y, k * lanes))
                for c in range(item(tastes.pair_start, k), item(tastes.pair_start, k + 1)):
                    of_c = (there + varying + c) * lanes
                    store(held, of_c, load(held, of_c) + v * load(y, (varying + c) * lanes))


@inner()
def _add_truncated(
    tastes: Tastes,
    location: Floats,
    factor: Floats,
    z: Floats,
    z_at: int,
    z_stride: int,
    gradient: Floats,
    weight_in: Floats,
    held: Floats,
    held_at: int,
    e: int,
    lanes: int,
) -> None:
    """The second derivatives of a truncated normal's quantile by its mean and sd."""
    c = tastes.pair_start[e]
    by_sd = len(tastes.transform) + c
    sign, sd = tastes.sign[e], float(factor[c])
    turn = sign if sd > 0 else -sign
    a = sign * location[e] / abs(sd)
    for i in range(lanes):
        curved = truncated(sign * location[e], sd, z[tastes.pair_column[c] * z_stride + z_at + i])[3] / abs(sd)
        v = -weight_in[i] * gradient[e * lanes + i] * curved * sign
        held[(held_at + pairs_of(e) + e) * lanes + i] += v
        held[(held_at + pairs_of(by_sd) + e) * lanes + i] -= v * a * turn
        held[(held_at + pairs_of(by_sd) + by_sd) * lanes + i] += v * a * a


@inner(inline=True)
def padded(count: int) -> int:
    """So many numbers, filled up to whole lanes of float64."""
    return (count + LANES_64 - 1) // LANES_64 * LANES_64


@inner(inline=True)
def add_lanes(out: Floats, out_at: int, x: Floats, x_at: int, count: int, by: float) -> None:
    """out[out_at :] += by * x[x_at :], `count` elements, a multiple of the lanes of float64."""
    for i in range(0, count, LANES_64):
        store(out, out_at + i, load(out, out_at + i) + by * load(x, x_at + i))


@inner()
def conclude_unit(
    tastes: Tastes,
    fixed_x: Floats,
    start: Integers,
    situations: int,
    size: int,
    shares_of: Floats,
    held: Floats,
    held_at: int,
    simulated: float,
    core: Floats,
    by_fixed: Floats,
    by_random: Floats,
    work: Floats,
    lanes: int,
) -> None:
    """A unit's Hessian by all parameters but shifters.

    fixed_x : float64[row * padded]. shares_of : float64[row], mean probabilities under w. core : its score. Written:
    by_fixed : float64[parameter * padded], every parameter's derivatives with those of fixed tastes; by_random :
    float64[parameter * parameter], of the others among themselves, below the diagonal and on it. work :
    float64[row of the largest situation * padded].
    """
    fixed, random = tastes.fixed, len(tastes.transform) + len(tastes.pair_row)
    wide, at = padded(fixed), held_at
    for c in range(random):
        for d in range(c + 1):
            by_random[c * random + d] = total(load(held, at * lanes)) / simulated - core[fixed + c] * core[fixed + d]
            at += 1
    if not fixed:
        return
    for i in range(0, (fixed + random) * wide, LANES_64):
        store(by_fixed, i, spread(by_fixed, 0.0))
    for row in range(size):
        for c in range(random):
            v = total(load(held, (at + row * random + c) * lanes)) / simulated
            add_lanes(by_fixed, (fixed + c) * wide, fixed_x, row * wide, wide, -v)
    at += size * random
    twice = 2.0 if situations == 1 else 1.0
    for s in range(situations):
        first, end = start[s], start[s + 1]
        # work[i] = sum_j (twice p_i p_j - [i = j] p_i) x_j, and x' work is what the situation adds.
        for i in range((end - first) * wide // LANES_64):
            store(work, i * LANES_64, spread(work, 0.0))
        for i in range(first, end):
            add_lanes(work, (i - first) * wide, fixed_x, i * wide, wide, -shares_of[i])
            for j in range(first, i + 1):
                v = twice * total(load(held, at * lanes)) / simulated
                at += 1
                add_lanes(work, (i - first) * wide, fixed_x, j * wide, wide, v)
                if j < i:
                    add_lanes(work, (j - first) * wide, fixed_x, i * wide, wide, v)
        for i in range(first, end):
            for f in range(fixed):
                add_lanes(by_fixed, f * wide, work, (i - first) * wide, wide, fixed_x[i * wide + f])
    if situations > 1:
        for f in range(fixed):
            for h in range(f + 1):
                by_fixed[f * wide + h] += total(load(held, at * lanes)) / simulated
                at += 1
    for c in range(fixed + random):
        for f in range(fixed):
            by_fixed[c * wide + f] -= core[c] * core[f]


@inner()
def add_expanded(
    by_fixed: Floats, by_random: Floats, tastes: Tastes, shifter: Floats, unit: int, weight: float, out: Floats
) -> None:
    """Add a unit's Hessian to that by all parameters, float64[parameter * parameter], below the diagonal and on it:
    shifters move their taste's location."""
    fixed, random, shifters = tastes.fixed, len(tastes.transform) + len(tastes.pair_row), len(tastes.shift_of)
    wide, cores = padded(fixed), fixed + random
    whole = cores + shifters
    for c in range(cores):
        for f in range(min(fixed, c + 1)):
            out[c * whole + f] += weight * by_fixed[c * wide + f]
    for c in range(random):
        for d in range(c + 1):
            out[(fixed + c) * whole + fixed + d] += weight * by_random[c * random + d]
    for i in range(shifters):
        a, by = tastes.shift_of[i], weight * shifter[unit * shifters + i]
        for f in range(fixed):
            out[(cores + i) * whole + f] += by * by_fixed[(fixed + a) * wide + f]
        for d in range(random):
            value = by_random[a * random + d] if d <= a else by_random[d * random + a]
            out[(cores + i) * whole + fixed + d] += by * value
        for j in range(i + 1):
            b = tastes.shift_of[j]
            value = by_random[a * random + b] if b <= a else by_random[b * random + a]
            out[(cores + i) * whole + cores + j] += by * shifter[unit * shifters + j] * value
