"""One pass over choice sets: how terms vary within them, with one another, and against what was chosen."""

from __future__ import annotations

import numpy as np

from ..compiling import kernel
from ..data import Floats, Integers


@kernel()
def within_pass(
    x: Floats, chosen: Floats, start: Integers, weight: Floats, situations: Integers
) -> tuple[Floats, Floats, Floats, Floats, float]:
    """What some situations say of the terms; situations without a choice or without weight say nothing.

    x : float64[row, term]; chosen : float64[row]; start : int64[situation + 1]; weight : float64[situation];
    situations : int64[...], those to look at.

    Returns products float64[term, term] of differences from the situation's mean (upper triangle); span
    float64[term], the widest difference within a situation; told float64[term], choices in whose situation the term
    varies; against float64[2, term], choices against a term that grows and one that falls: what was chosen does not
    have the highest, or the lowest, value; and how many choices there were. Differences are taken from the first row
    of a situation, so that what is the same for all alternatives gives exactly 0.
    """
    terms = x.shape[1]
    products = np.zeros((terms, terms))
    span, told, against = np.zeros(terms), np.zeros(terms), np.zeros((2, terms))
    total, low, high = np.empty(terms), np.empty(terms), np.empty(terms)
    chosen_low, chosen_high, difference = np.empty(terms), np.empty(terms), np.empty(terms)
    choices = 0.0
    for s in situations:
        first, last = start[s], start[s + 1]
        count = 0.0
        for row in range(first, last):
            count += chosen[row]
        if weight[s] == 0 or count == 0:
            continue
        choices += count
        for k in range(terms):
            total[k], low[k], high[k], chosen_low[k], chosen_high[k] = 0.0, 0.0, 0.0, np.inf, -np.inf
        for row in range(first, last):
            for k in range(terms):
                d = x[row, k] - x[first, k]
                difference[k] = d
                total[k] += d
                low[k] = min(low[k], d)
                high[k] = max(high[k], d)
            if chosen[row] > 0:
                for k in range(terms):
                    chosen_low[k] = min(chosen_low[k], difference[k])
                    chosen_high[k] = max(chosen_high[k], difference[k])
            for k in range(terms):
                d = difference[k]
                if d != 0:  # most indicators are
                    for m in range(k, terms):
                        products[k, m] += d * difference[m]
        size = float(last - first)
        for k in range(terms):
            if high[k] > low[k]:
                span[k] = max(span[k], high[k] - low[k])
                told[k] += count
                against[0, k] += count if chosen_low[k] < high[k] else 0.0
                against[1, k] += count if chosen_high[k] > low[k] else 0.0
                d = total[k] / size
                for m in range(k, terms):
                    products[k, m] -= d * total[m]
    return products, span, told, against, choices
