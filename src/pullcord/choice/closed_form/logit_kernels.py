"""The logit's likelihood over all choices in one pass: value, gradient and exact information, a tile at a time.

Situations with choice sets of one size are taken together, a tile of them at a time: the tile's rows are turned so that
each column lies in one piece, and every step runs along that piece. Nothing of the size of the data is ever made, and
the sums come out the same however many threads share the blocks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..compiling import REORDER, kernel
from ..data import Floats, Integers

_CELLS_PER_TILE = 512
_BLOCKS_MAX = 64


@dataclass(frozen=True, slots=True, eq=False)
class Tiles:
    """Which situations are computed together.

    order : int64[situation], by the size of the choice set, else as they stand; first : int64[tile + 1], into order;
    size : int64[tile], how many alternatives each of the tile's situations offers; blocks : how many sums are kept
    apart; it depends on the data alone.
    """

    order: Integers
    first: Integers
    size: Integers
    blocks: int


def tiles(situation_start: Integers, situations: Integers | None = None) -> Tiles:
    """Tiles over all situations, or over those named."""
    sizes = np.diff(situation_start)
    order = np.arange(len(sizes)) if situations is None else np.asarray(situations, dtype=np.int64)
    sizes = sizes[order]
    if sizes.min() != sizes.max():
        by_size = np.argsort(sizes, kind="stable")
        order, sizes = order[by_size], sizes[by_size]
    edges = np.concatenate([[0], np.flatnonzero(np.diff(sizes)) + 1, [len(sizes)]])
    first, size = [], []
    for low, high in pairwise(edges):
        alternatives = int(sizes[low])
        starts = np.arange(low, high, max(_CELLS_PER_TILE // alternatives // 16 * 16, 16))
        first.append(starts)
        size.append(np.full(len(starts), alternatives))
    firsts = np.append(np.concatenate(first), len(sizes)).astype(np.int64)
    return Tiles(order, firsts, np.concatenate(size).astype(np.int64), min(_BLOCKS_MAX, max(1, len(firsts) // 4)))


@kernel(fastmath=frozenset({"contract", "nsz"}))
def exponentials(values: Floats, scratch: Floats, length: int) -> None:
    """values <- exp(values), each in [-700, 0] or taken as -700; within 2 units in the last place, by vector units.

    The power of two is written into the exponent's bits; the rest is a Taylor polynomial on +-ln(2)/2, whose
    remainder is below 4e-18. Not to be compiled with `reassoc`: rounding to whole powers depends on the order.
    """
    bits = scratch.view(np.int64)
    for i in range(length):  # the sum's low bits now hold the power as a whole number
        scratch[i] = max(values[i], -700.0) * 1.4426950408889634 + 6755399441055744.0
    for i in range(length):
        power = scratch[i] - 6755399441055744.0
        r = max(values[i], -700.0) - power * 6.93147180369123816490e-01 - power * 1.90821492927058770002e-10
        e = 1.0 / 6227020800.0
        e = e * r + 1.0 / 479001600.0
        e = e * r + 1.0 / 39916800.0
        e = e * r + 1.0 / 3628800.0
        e = e * r + 1.0 / 362880.0
        e = e * r + 1.0 / 40320.0
        e = e * r + 1.0 / 5040.0
        e = e * r + 1.0 / 720.0
        e = e * r + 1.0 / 120.0
        e = e * r + 1.0 / 24.0
        e = e * r + 1.0 / 6.0
        e = e * r + 0.5
        e = e * r + 1.0
        values[i] = e * r + 1.0
    for i in range(length):
        bits[i] = (bits[i] + 1023) << 52
    for i in range(length):
        values[i] *= scratch[i]


@kernel()
def _load(
    x: Floats, chosen: Floats, start: Integers, situations: Integers, alternatives: int, columns: Floats, counts: Floats
) -> None:
    """columns[term, cell] and counts[cell] <- the rows of some situations, cell = alternative * width + situation."""
    width = len(situations)
    for t in range(width):
        row = start[situations[t]]
        for j in range(alternatives):
            cell = j * width + t
            counts[cell] = chosen[row + j]
            for k in range(x.shape[1]):
                columns[k, cell] = x[row + j, k]


@kernel(fastmath=REORDER)
def _tile_probabilities(
    columns: Floats,
    beta: Floats,
    counts: Floats,
    weight: Floats,
    p: Floats,
    choices: Floats,
    carry: Floats,
    scratch: Floats,
) -> float:
    """p[alternative, situation] <- probabilities, choices[situation] <- how many were made; returns the value."""
    alternatives, width = p.shape
    flat = p.reshape(p.size)
    column, taste = columns[0], beta[0]
    for c in range(p.size):
        flat[c] = taste * column[c]
    for k in range(1, len(beta)):
        column, taste = columns[k], beta[k]
        for c in range(p.size):
            flat[c] += taste * column[c]
    for t in range(width):
        carry[t] = p[0, t]
        choices[t] = 0.0
    for j in range(1, alternatives):
        for t in range(width):
            carry[t] = max(carry[t], p[j, t])
    value = 0.0
    for j in range(alternatives):
        for t in range(width):  # shift by the largest utility: exp() then stays within range
            p[j, t] -= carry[t]
            value += weight[t] * counts[j, t] * p[j, t]
            choices[t] += counts[j, t]
    exponentials(flat, scratch, p.size)
    for t in range(width):
        carry[t] = p[0, t]
    for j in range(1, alternatives):
        for t in range(width):
            carry[t] += p[j, t]
    for t in range(width):
        value -= weight[t] * choices[t] * math.log(carry[t])
        carry[t] = 1.0 / carry[t]
    for j in range(alternatives):
        for t in range(width):
            p[j, t] *= carry[t]
    return value


@kernel(fastmath=REORDER)
def _centre(column: Floats, p: Floats, root: Floats, carry: Floats) -> None:
    """column[alternative, situation] <- its difference from the situation's expected value, times root."""
    alternatives, width = p.shape
    for t in range(width):
        carry[t] = p[0, t] * column[0, t]
    for j in range(1, alternatives):
        for t in range(width):
            carry[t] += p[j, t] * column[j, t]
    for j in range(alternatives):
        for t in range(width):
            column[j, t] = (column[j, t] - carry[t]) * root[j, t]


@kernel(fastmath=REORDER)
def add_products(columns: Floats, length: int, products: Floats) -> None:
    """products[k, m] += columns[k] . columns[m] for k <= m; two by two, so that each column read serves twice."""
    for k in range(0, len(columns), 2):
        a, b = columns[k], columns[k + 1]
        for m in range(k, len(columns), 2):
            c, d = columns[m], columns[m + 1]
            ac, ad, bc, bd = 0.0, 0.0, 0.0, 0.0
            for i in range(length):
                ac += a[i] * c[i]
                ad += a[i] * d[i]
                bc += b[i] * c[i]
                bd += b[i] * d[i]
            products[k, m] += ac
            products[k, m + 1] += ad
            products[k + 1, m] += bc
            products[k + 1, m + 1] += bd


@kernel(fastmath=REORDER)
def _block(
    x: Floats,
    chosen: Floats,
    start: Integers,
    weights: Floats,
    order: Integers,
    first: Integers,
    size: Integers,
    beta: Floats,
    low: int,
    high: int,
    of_scores: bool,
    gradient: Floats,
    products: Floats,
    scores: Floats,
) -> float:
    """What `logit_blocks` says, for the tiles from low to high; adds to its arguments and returns the value."""
    terms, cells, widest = x.shape[1], 0, 0
    for i in range(low, high):
        widest = max(widest, first[i + 1] - first[i])
        cells = max(cells, size[i] * (first[i + 1] - first[i]))
    stride = (cells + 7) // 8 * 8
    stride += 8 * (1 - stride // 8 % 2)  # columns a power of two apart would share a few lines of the cache
    columns = np.zeros((len(products), stride))
    all_p, all_counts, all_root, scratch = np.empty(cells), np.empty(cells), np.empty(cells), np.empty(cells)
    choices, carry, weight = np.empty(widest), np.empty(widest), np.empty(widest)
    value = 0.0
    for i in range(low, high):
        width, alternatives = first[i + 1] - first[i], size[i]
        length = alternatives * width
        shape = (alternatives, width)
        p, counts = all_p[:length].reshape(shape), all_counts[:length].reshape(shape)
        root = all_root[:length].reshape(shape)
        situations = order[first[i] : first[i + 1]]
        for t in range(width):
            weight[t] = weights[situations[t]]
        _load(x, chosen, start, situations, alternatives, columns, all_counts)
        value += _tile_probabilities(columns, beta, counts, weight, p, choices, carry, scratch)
        for j in range(alternatives):
            if of_scores:  # each choice made has a score of its own
                for t in range(width):
                    root[j, t] = weight[t] * math.sqrt(counts[j, t])
            else:
                for t in range(width):
                    root[j, t] = math.sqrt(weight[t] * choices[t] * p[j, t])
            for t in range(width):
                counts[j, t] = weight[t] * (counts[j, t] - choices[t] * p[j, t])
        for k in range(terms):
            column = columns[k]
            along = 0.0
            for c in range(length):
                along += all_counts[c] * column[c]
            gradient[k] += along
            if len(scores):
                for t in range(width):
                    along = 0.0
                    for j in range(alternatives):
                        along += counts[j, t] * column[j * width + t]
                    scores[situations[t], k] = along
            _centre(column[:length].reshape(shape), p, root, carry)
        add_products(columns, length, products)
    return value


@kernel()
def logit_blocks(
    x: Floats,
    chosen: Floats,
    start: Integers,
    weight: Floats,
    order: Integers,
    first: Integers,
    size: Integers,
    beta: Floats,
    of_scores: bool,
    low: int,
    high: int,
    values: Floats,
    gradients: Floats,
    products: Floats,
    scores: Floats,
) -> None:
    """Fill, for the blocks from low to high: values[block], the log-likelihood; gradients[block, term]; and
    products[block, term, term].

    x : float64[row, term]; chosen : float64[row]; start : int64[situation + 1]; weight : float64[situation];
    order, first, size : see `Tiles`; beta : float64[term]; of_scores : whether the products are those of the scores
    of choices, else they are the information; scores : float64[situation, term], filled with each situation's
    gradient, or empty. Of the products the upper triangle is filled; they need one row and column more where the
    number of terms is odd. Values, gradients and products are added to.

    Source: McFadden (1974), in Zarembka (ed.), Frontiers in Econometrics, eqs. 16 to 18.
    """
    for block in range(low, high):
        begin, end = block * len(size) // len(values), (block + 1) * len(size) // len(values)
        values[block] += _block(
            x, chosen, start, weight, order, first, size, beta, begin, end, of_scores,
            gradients[block], products[block], scores,
        )  # fmt: skip


@kernel(fastmath=REORDER)
def _probabilities(x: Floats, row: int, alternatives: int, beta: Floats, p: Floats) -> float:
    """p <- the probabilities of one situation's alternatives; returns the log-sum of utilities."""
    highest = -np.inf
    for j in range(alternatives):
        utility = 0.0
        for k in range(len(beta)):
            utility += beta[k] * x[row + j, k]
        p[j] = utility
        highest = max(highest, utility)
    total = 0.0
    for j in range(alternatives):
        p[j] = math.exp(p[j] - highest)
        total += p[j]
    for j in range(alternatives):
        p[j] /= total
    return highest + math.log(total)


@kernel(fastmath=REORDER)
def logit_probabilities(x: Floats, start: Integers, beta: Floats, low: int, high: int, result: Floats) -> None:
    """result[row] <- each alternative's probability, for the situations from low to high."""
    for s in range(low, high):
        _probabilities(x, start[s], start[s + 1] - start[s], beta, result[start[s] : start[s + 1]])


@kernel(fastmath=REORDER)
def logit_log_likelihoods(
    x: Floats, chosen: Floats, start: Integers, weight: Floats, beta: Floats, low: int, high: int, result: Floats
) -> None:
    """result[situation] <- the weighted log-probability of what was chosen, for the situations from low to high."""
    widest = 0
    for s in range(low, high):
        widest = max(widest, start[s + 1] - start[s])
    p = np.empty(widest)
    for s in range(low, high):
        log_sum = _probabilities(x, start[s], start[s + 1] - start[s], beta, p)
        result[s] = 0.0
        for row in range(start[s], start[s + 1]):
            if chosen[row] != 0:
                utility = 0.0
                for k in range(len(beta)):
                    utility += beta[k] * x[row, k]
                result[s] += weight[s] * chosen[row] * (utility - log_sum)
