"""What a customer with a list is worth at most, as a linear function of the line: closed forms, in compiled code.

Let x[i] in [0, 1] say how far product i is on offer, and y[i] how far the customer takes it. With positions 1, 2, ...
of the customer's list, the formulation of Bertsimas and Misic asks

    max Σ margin y   with   y[p] <= x[p],   Σ of y after position p <= 1 - x[p],   Σ y = 1 with nothing as the last.

The sets "after position p" are nested, so that a greedy fill by falling margin is optimal, and the margin at which a
set was full gives its dual: with A(p) = the highest margin at which a set that holds position p was full,

    worth <= A(last) + Σ_p x[p] ( max(0, margin[p] - A(p)) - (A(p+1) - A(p)) )

at every x, with equality at the x where it was taken. A rises along the list.

Source: Bertsimas and Misic (2019), Exact first-choice product line optimization, Operations Research 67(3), sec. 3 and
4; Edmonds (1970) for greedy on polymatroids. The closed form of the duals by A is worked out here.
"""

from __future__ import annotations

import numpy as np

from .compiled import kernel

_SHUT = 1e-9  # room below this is none


@kernel
def _levels(first, end, item, falling, margin, x, place, room, level, spot):  # type: ignore[no-untyped-def]
    """Fill greedily; returns (value, level of the whole, number of positions with x > 0, whether the last shuts all).

    place[0 .. m - 1] are the entries with x > 0 in list order, up to the first with x = 1; room and level belong to the
    sets after them; level is -1 where a set was never full. spot[e - first] is the number of an entry among them.
    """
    m = 0
    shuts = False
    for e in range(first, end):
        spot[e - first] = -1
    for e in range(first, end):
        share = x[item[e]]
        if share > 0.0:
            place[m] = e
            room[m] = 1.0 - share
            level[m] = -1.0
            spot[e - first] = m
            m += 1
            if share >= 1.0 - _SHUT:
                shuts = True
                break
    left, whole, value = 1.0, -1.0, 0.0
    taken = 0
    for q in range(first, end):
        e = falling[q]
        a = spot[e - first]
        if a < 0:
            continue
        taken += 1
        share = min(x[item[e]], left)
        for b in range(a):
            if room[b] < share:
                share = room[b]
        if share > 0.0:
            value += share * margin[item[e]]
            left -= share
            for b in range(a):
                room[b] -= share
                if room[b] <= _SHUT and level[b] < 0.0:
                    level[b] = margin[item[e]]
            if left <= _SHUT and whole < 0.0:
                whole = margin[item[e]]
                break
        if taken == m:
            break
    # What is left takes nothing, at margin 0.
    return value, max(whole, 0.0), m, shuts


@kernel
def _slopes(first, end, item, weight, margin, whole, m, shuts, level, spot, best_after, slope):  # type: ignore[no-untyped-def]
    """Add the customer's slopes to `slope` by product; returns the constant."""
    a = whole
    for e in range(first, end):
        i = item[e]
        after = a
        b = spot[e - first]
        if b >= 0:
            if shuts and b == m - 1:
                # Nobody comes past: the best that stands behind is the least level that asks nothing of them.
                after = max(a, best_after[e])
            elif level[b] > a:
                after = level[b]
        slope[i] += weight * (max(0.0, margin[i] - a) - (after - a))
        a = after
        if shuts and b == m - 1:
            break
    return weight * a


@kernel
def cuts_at(start, item, falling, best_after, weight, margin, group, x, constant, slope):  # type: ignore[no-untyped-def]
    """Upper bounds that are exact at x, added up over groups of customers: worth of g <= constant[g] + slope[g] x.

    falling : int64[entry], each customer's entries by falling margin; best_after : float64[entry], the largest margin
    behind an entry; group : int64[customer]. Returns what all customers are worth at x.
    """
    longest = 0
    for k in range(len(weight)):
        longest = max(longest, start[k + 1] - start[k])
    place = np.empty(longest + 1, np.int64)
    room = np.empty(longest + 1)
    level = np.empty(longest + 1)
    spot = np.empty(longest + 1, np.int64)
    constant[:] = 0.0
    slope[:] = 0.0
    total = 0.0
    for k in range(len(weight)):
        value, whole, m, shuts = _levels(start[k], start[k + 1], item, falling, margin, x, place, room, level, spot)
        total += weight[k] * value
        constant[group[k]] += _slopes(
            start[k], start[k + 1], item, weight[k], margin, whole, m, shuts, level, spot, best_after, slope[group[k]]
        )
    return total


@kernel
def add_prices(start, item, falling, best_after, weight, margin, group, x, share, price):  # type: ignore[no-untyped-def]
    """Add share[group] times the slopes at x to price : float64[entry]; the price of a product in a customer's copy.

    With shares that sum to 1 over several x, the prices are those of the whole relaxation.
    """
    longest = 0
    for k in range(len(weight)):
        longest = max(longest, start[k + 1] - start[k])
    place = np.empty(longest + 1, np.int64)
    room = np.empty(longest + 1)
    level = np.empty(longest + 1)
    spot = np.empty(longest + 1, np.int64)
    slope = np.zeros(len(margin))
    for k in range(len(weight)):
        part = share[group[k]]
        if part <= 0.0:
            continue
        for e in range(start[k], start[k + 1]):
            slope[item[e]] = 0.0
        _, whole, m, shuts = _levels(start[k], start[k + 1], item, falling, margin, x, place, room, level, spot)
        _slopes(start[k], start[k + 1], item, weight[k], margin, whole, m, shuts, level, spot, best_after, slope)
        for e in range(start[k], start[k + 1]):
            price[e] += part * slope[item[e]]


@kernel
def cuts_of_prices(start, item, weight, margin, group, price, state, constant, slope):  # type: ignore[no-untyped-def]
    """The upper bounds that prices imply once some products are in (state 1) or out (0): as in `cuts_at`.

    A customer whose list holds a product that is in never looks behind it; at given prices the best answer is found by
    one pass from behind. Source: Lagrangian decomposition, Guignard and Kim (1987), Mathematical Programming 39.
    """
    constant[:] = 0.0
    slope[:] = 0.0
    for k in range(len(weight)):
        end, best = start[k + 1], 0.0
        for e in range(start[k], start[k + 1]):
            if state[item[e]] == 1:
                end, best = e, weight[k] * margin[item[e]]
                break
        paid = 0.0
        g = group[k]
        for e in range(end - 1, start[k] - 1, -1):
            i = item[e]
            if state[i] == 0:
                continue
            value = weight[k] * margin[i] - price[e] + paid
            if value > best:
                best = value
            if price[e] < 0.0:
                paid -= price[e]
            slope[g, i] += price[e]
        constant[g] += best


@kernel
def blend_cuts(constant, slope, used, fixed_cost, state, places, target, aim, rounds, share, mean):  # type: ignore[no-untyped-def]
    """The lowest bound that blends of `used` cuts for each group give; stops below `target`.

    constant : float64[cut, group]; slope : float64[cut, group, product]; share : float64[cut, group], the blend, each
    group's summing to 1, moved by Polyak's subgradient steps towards `aim`, a little below the target, for they come
    near their aim and never pass it; mean : float64[product], the mean of the lines that answered, near a solution of
    the relaxation. At most `places` products are in, those with state 1 among them.
    """
    groups, products = slope.shape[1], slope.shape[2]
    live = np.empty(products, np.int64)
    count = 0
    inside = 0
    for i in range(products):
        if state[i] != 0:
            live[count] = i
            count += 1
        if state[i] == 1:
            inside += 1
    total_slope = np.empty(products)
    step = np.empty((used, groups))
    x = np.zeros(products)
    mean[:] = 0.0
    best, stall, relax = 1e300, 0, 1.0
    for turn in range(rounds):
        bound = 0.0
        for c in range(count):
            total_slope[live[c]] = -fixed_cost[live[c]]
        for a in range(used):
            for g in range(groups):
                part = share[a, g]
                if part > 0.0:
                    bound += part * constant[a, g]
                    row = slope[a, g]
                    for c in range(count):
                        total_slope[live[c]] += part * row[live[c]]
        left = places - inside
        candidates = np.empty(count, np.int64)
        value = np.empty(count)
        positive = 0
        for c in range(count):
            i = live[c]
            x[i] = 0.0
            if state[i] == 1:
                x[i] = 1.0
                bound += total_slope[i]
            elif total_slope[i] > 0.0:
                candidates[positive] = i
                value[positive] = -total_slope[i]
                positive += 1
        if positive > left:
            order = np.argsort(value[:positive], kind="mergesort")
            for q in range(left):
                i = candidates[order[q]]
                x[i] = 1.0
                bound += total_slope[i]
        else:
            for q in range(positive):
                x[candidates[q]] = 1.0
                bound += total_slope[candidates[q]]
        if bound < best - 1e-9 * (1.0 + abs(best)):
            best, stall = bound, 0
        else:
            stall += 1
            if stall >= 6:
                relax, stall = 0.7 * relax, 0
        if best < target:
            return best
        pace = max(1.0 / (turn + 1.0), 0.05)
        for c in range(count):
            mean[live[c]] += pace * (x[live[c]] - mean[live[c]])
        norm = 0.0
        for g in range(groups):
            middle = 0.0
            for a in range(used):
                answer = constant[a, g]
                for c in range(count):
                    if x[live[c]] > 0.0:
                        answer += slope[a, g, live[c]]
                step[a, g] = answer
                middle += share[a, g] * answer
            for a in range(used):
                step[a, g] -= middle
                if step[a, g] < 0.0 or share[a, g] > 0.0:
                    norm += step[a, g] * step[a, g]
        if norm <= 1e-18:
            break
        length = relax * (bound - aim) / norm
        for g in range(groups):
            for a in range(used):
                share[a, g] -= length * step[a, g]
            _onto_simplex(share, g, used)
    return best


@kernel
def _onto_simplex(share, g, used):  # type: ignore[no-untyped-def]
    """Move share[:, g] to the nearest point that is nowhere negative and sums to 1."""
    for _ in range(used):
        total, positive = 0.0, 0
        for a in range(used):
            if share[a, g] > 0.0:
                total += share[a, g]
                positive += 1
        if positive == 0:
            for a in range(used):
                share[a, g] = 1.0 / used
            return
        excess = (total - 1.0) / positive
        settled = True
        for a in range(used):
            if share[a, g] > 0.0:
                share[a, g] -= excess
                if share[a, g] < 0.0:
                    settled = False
        if settled:
            break
    for a in range(used):
        share[a, g] = max(share[a, g], 0.0)


@kernel
def margins_behind(start, item, margin, best_after):  # type: ignore[no-untyped-def]
    """best_after[e] = the largest margin behind entry e in its customer's list, 0 at the end."""
    for k in range(len(start) - 1):
        best = 0.0
        for e in range(start[k + 1] - 1, start[k] - 1, -1):
            best_after[e] = best
            best = max(best, margin[item[e]])
