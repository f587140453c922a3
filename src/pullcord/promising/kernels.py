"""Inner loops of capable to promise: find the earliest week that can take an order, and book it there.

What is scarce stands in rows, weeks in columns. The first `weekly` rows are places that a week has for itself (a
plant's capacity, an option's load): what one week leaves over is lost to the others. The rows after them are parts,
counted cumulatively: pieces that are to spare by the end of each week. Whoever takes parts in a week takes them from
all later weeks too, so what may be taken in a week is the least that any week from it on can spare (the cumulative
available to promise with look-ahead; Ball, Chen and Zhao (2004), Handbook of Quantitative Supply Chain Analysis,
ch. 11). `left` holds that minimum, so that asking reads one number for each line of an order; `slack` is what a week
has to spare beyond it, so that nothing is lost when an order gives its lines back.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

_compiler: Any = numba  # it has no types of its own
_kernel = _compiler.njit(cache=True, nogil=True)


@_kernel
def look_ahead(spare, left, slack, weekly):  # type: ignore[no-untyped-def]
    """`left` and `slack` from what there is to spare.

    Parameters
    ----------
    spare : int32[resource, week], below zero where more was promised than there is
    left, slack : int32[resource, week], both written
    weekly : int, how many rows come before the cumulative ones
    """
    resources, weeks = spare.shape
    for r in range(resources):
        least = spare[r, weeks - 1]
        for t in range(weeks - 1, -1, -1):
            least = spare[r, t] if r < weekly else min(least, spare[r, t])
            left[r, t] = least
            slack[r, t] = spare[r, t] - least


@_kernel
def earliest_week(left, weekly, resources, quantities, first):  # type: ignore[no-untyped-def]
    """The first week from `first` on in which every line of the order can be served; -1 where there is none.

    Parameters
    ----------
    left : int32[resource, week]
    weekly : int
    resources, quantities : int64[line], rows of `left` and what the order takes of each
    first : int, index of a week

    Returns
    -------
    int, index of a week or -1
    """
    lines, weeks = resources.shape[0], left.shape[1]
    week = max(first, 0)
    for k in range(lines):  # cumulative rows never fall from week to week: one pass settles them
        r, q = resources[k], quantities[k]
        if r >= weekly:
            while week < weeks and left[r, week] < q:
                week += 1
            if week == weeks:
                return -1
    settled = 0  # lines in a row that found the week good
    k = 0
    while settled < lines:
        r, q = resources[k], quantities[k]
        if r < weekly and left[r, week] < q:
            settled = 0
            while week < weeks and left[r, week] < q:
                week += 1
            if week == weeks:
                return -1
        settled += 1
        k += 1
        if k == lines:
            k = 0
    return week if week < weeks else -1


@_kernel
def feasible_weeks(left, resources, quantities, first, places):  # type: ignore[no-untyped-def]
    """How many orders like this one each week could take if no other took any; the whole menu in one pass.

    Parameters
    ----------
    left : int32[resource, week]
    resources, quantities : int64[line]
    first : int, weeks before it get 0
    places : int64[week], written
    """
    weeks = left.shape[1]
    for t in range(weeks):
        places[t] = 0
        if t < first:
            continue
        most = np.int64(2**62)
        for k in range(resources.shape[0]):
            if quantities[k] > 0:
                most = min(most, left[resources[k], t] // quantities[k])
        places[t] = max(np.int64(0), most)


@_kernel
def book(left, slack, weekly, resources, quantities, week, times):  # type: ignore[no-untyped-def]
    """Take an order's lines out of a week `times` times over; a negative number gives them back.

    Parameters
    ----------
    left, slack : int32[resource, week], both written
    weekly : int
    resources, quantities : int64[line]
    week : int, index
    times : int
    """
    for k in range(resources.shape[0]):
        r = resources[k]
        taken = np.int32(quantities[k] * times)
        of_left = left[r]
        if r < weekly:
            of_left[week] -= taken
            continue
        later = of_left[week:]
        for t in range(later.shape[0]):
            later[t] -= taken
        # Before the week only the minimum moves: down as far as it was above, up as far as there is slack.
        least = of_left[week]
        for t in range(week - 1, -1, -1):
            least = min(least, of_left[t] + slack[r, t])
            if of_left[t] == least:
                break
            slack[r, t] += of_left[t] - least
            of_left[t] = least


@_kernel
def promise_all(left, slack, weekly, starts, resources, quantities, first, otherwise, weeks):  # type: ignore[no-untyped-def]
    """Promise orders one after another, each its earliest week, and book it.

    Parameters
    ----------
    left, slack : int32[resource, week], both written
    starts : int64[order + 1], where each order's lines begin in `resources` and `quantities`
    resources, quantities : int64[line]
    first : int64[order], the week that each asks for
    otherwise : int64[order], where to go on searching if that week cannot take it
    weeks : int64[order], written: the week given, or -1
    """
    for n in range(first.shape[0]):
        lines = resources[starts[n] : starts[n + 1]]
        wanted = quantities[starts[n] : starts[n + 1]]
        week = earliest_week(left, weekly, lines, wanted, first[n])
        if week != first[n] and otherwise[n] > first[n]:
            week = earliest_week(left, weekly, lines, wanted, otherwise[n])
        weeks[n] = week
        if week >= 0:
            book(left, slack, weekly, lines, wanted, week, 1)
