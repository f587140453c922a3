"""Kernels for one block of draws: from coefficients to the probabilities of a person's choices, and back."""

from __future__ import annotations

from typing import Any

from ..data import Floats, Integers
from .lanes import (
    LOG2_E,
    REORDER,
    exp2,
    exponent,
    inner,
    item,
    larger,
    load,
    mantissa,
    rounded,
    smaller,
    spread,
    store,
)


@inner(inline=True)
def powers(x: Floats, fixed: Floats, rows: int, count: int, alpha: Floats, out: Floats, lanes: int) -> None:
    """out[row, lane] = 2^(fixed[row] + sum_k x[row, k] alpha[k, lane]), four rows at a time."""
    row = 0
    while row + 3 < rows:
        v0, v1 = spread(out, item(fixed, row)), spread(out, item(fixed, row + 1))
        v2, v3 = spread(out, item(fixed, row + 2)), spread(out, item(fixed, row + 3))
        at = row * count
        for k in range(count):
            a = load(alpha, k * lanes)
            v0 = v0 + item(x, at + k) * a
            v1 = v1 + item(x, at + count + k) * a
            v2 = v2 + item(x, at + 2 * count + k) * a
            v3 = v3 + item(x, at + 3 * count + k) * a
        store(out, row * lanes, exp2(v0))
        store(out, row * lanes + lanes, exp2(v1))
        store(out, row * lanes + 2 * lanes, exp2(v2))
        store(out, row * lanes + 3 * lanes, exp2(v3))
        row += 4
    while row < rows:
        v = spread(out, item(fixed, row))
        for k in range(count):
            v = v + item(x, row * count + k) * load(alpha, k * lanes)
        store(out, row * lanes, exp2(v))
        row += 1


@inner(inline=True)
def shares(start: Integers, situations: int, every: int, p: Floats, lanes: int) -> Any:
    """From powers to probabilities of what was not chosen, in place; and the probability of all that was.

    every : after how many situations the product must give up its powers of two. Returns mantissa and exponent lanes.
    """
    product, shift = spread(p, 1.0), spread(p, 0.0)
    due = every
    for s in range(situations):
        first, end = item(start, s), item(start, s + 1)
        sum_of = spread(p, 1.0)
        for row in range(first, end):
            sum_of = sum_of + load(p, row * lanes)
        chosen = 1.0 / sum_of
        product = product * chosen
        due -= 1
        if due == 0:
            shift = shift + exponent(product)
            product = mantissa(product)
            due = every
        for row in range(first, end):
            store(p, row * lanes, load(p, row * lanes) * chosen)
    return mantissa(product), shift + exponent(product)


@inner()
def shares_far(
    x: Floats, fixed: Floats, start: Integers, situations: int, count: int, alpha: Floats, p: Floats, lanes: int
) -> Any:
    """What `powers` and `shares` do, where utilities are so far apart that powers would overflow: the largest of each
    situation is taken off first. A choice less likely than the smallest normal number counts as that likely."""
    product, shift = spread(p, 1.0), spread(p, 0.0)
    for s in range(situations):
        first, end = item(start, s), item(start, s + 1)
        top = spread(p, 0.0)
        for row in range(first, end):
            v = spread(p, item(fixed, row))
            for k in range(count):
                v = v + item(x, row * count + k) * load(alpha, k * lanes)
            v = smaller(larger(v, -1e30), 1e30)
            top = larger(top, v)
            store(p, row * lanes, v)
        chosen = exp2(larger(0.0 - top, -100.0))
        sum_of = chosen
        for row in range(first, end):
            e = exp2(larger(load(p, row * lanes) - top, -100.0))
            store(p, row * lanes, e)
            sum_of = sum_of + e
        # What the clamp has left out is a power of two: its whole part joins the exponent.
        left_out = smaller(100.0 - top, 0.0)
        whole = rounded(left_out)
        product = product * (chosen / sum_of) * exp2(left_out - whole)
        shift = shift + exponent(product) + whole
        product = mantissa(product)
        for row in range(first, end):
            store(p, row * lanes, load(p, row * lanes) / sum_of)
    return product, shift


@inner(inline=True)
def slopes(x: Floats, first: int, end: int, count: int, p: Floats, out: Floats, out_at: int, lanes: int) -> None:
    """out[k, lane] = sum over rows of x[row, k] p[row, lane], several sums at a time to keep the processor busy.

    first, end : of the rows. out_at : where in `out` the sums begin.
    """
    zero = spread(p, 0.0)
    k = 0
    while k + 3 < count:
        a, b, c, d = zero, zero, zero, zero
        for row in range(first, end):
            e, at = load(p, row * lanes), row * count + k
            a = a + item(x, at) * e
            b = b + item(x, at + 1) * e
            c = c + item(x, at + 2) * e
            d = d + item(x, at + 3) * e
        there = out_at + k * lanes
        store(out, there, a)
        store(out, there + lanes, b)
        store(out, there + 2 * lanes, c)
        store(out, there + 3 * lanes, d)
        k += 4
    while k < count:
        a, b = zero, zero
        for row in range(first, end - 1, 2):
            at = row * count + k
            a = a + item(x, at) * load(p, row * lanes)
            b = b + item(x, at + count) * load(p, row * lanes + lanes)
        if (end - first) % 2:
            a = a + item(x, (end - 1) * count + k) * load(p, (end - 1) * lanes)
        store(out, out_at + k * lanes, a + b)
        k += 1


@inner(fastmath=REORDER)
def fixed_utilities(x: Floats, rows: int, stride: int, varying: int, beta: Floats, fixed: int, out: Any) -> float:
    """out[row], utilities of the tastes that do not vary, in powers of two; returns the largest, of either sign."""
    largest_of = 0.0
    for row in range(rows):
        at = row * stride + varying
        v = 0.0
        for f in range(fixed):
            v += x[at + f] * beta[f]
        v = min(max(v * LOG2_E, -1e30), 1e30)
        out[row] = v
        largest_of = max(largest_of, abs(v))
    return largest_of
