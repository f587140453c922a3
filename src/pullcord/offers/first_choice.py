"""Lines of products before customers with lists, in compiled code: their worth, better neighbours, the last few places.

Notation: customer k's list is item[start[k]] to item[start[k + 1]], best first; offered[i] says whether product i is
on offer. A customer is worth weight[k] times the margin of the first offered product of the list, or nothing.
"""

from __future__ import annotations

import numpy as np

from .compiled import kernel


@kernel
def line_worth(start, item, weight, margin, fixed_cost, offered):  # type: ignore[no-untyped-def]
    """What a line earns."""
    total = 0.0
    for i in range(len(offered)):
        if offered[i]:
            total -= fixed_cost[i]
    for k in range(len(weight)):
        for e in range(start[k], start[k + 1]):
            if offered[item[e]]:
                total += weight[k] * margin[item[e]]
                break
    return total


@kernel
def _allowed(rule, room, out, into):  # type: ignore[no-untyped-def]
    """Whether every rule has room for `into` once `out` has left; -1 stands for nobody."""
    for r in range(len(room)):
        left = room[r]
        if out >= 0:
            left += rule[r, out]
        if into >= 0:
            left -= rule[r, into]
        if left < -1e-9:
            return False
    return True


@kernel
def improve_line(start, item, weight, margin, fixed_cost, rule, rule_upper, free, offered):  # type: ignore[no-untyped-def]
    """Let one product in, out, or one in for another, the best such step each time, until none earns more.

    rule : float64[rule, product], rule_upper : float64[rule]; free : bool[product], what may enter.
    `offered` is changed in place and must keep the rules. Returns what the line earns.
    """
    products, customers = len(margin), len(weight)
    room = rule_upper.copy()
    for i in range(products):
        if offered[i]:
            for r in range(len(room)):
                room[r] -= rule[r, i]
    first = np.empty(customers, np.int64)
    second = np.empty(customers, np.int64)
    gain = np.empty(products)
    shift = np.empty(products)
    loss = np.empty(products)
    current = line_worth(start, item, weight, margin, fixed_cost, offered)
    while True:
        gain[:] = 0.0
        loss[:] = 0.0
        for k in range(customers):
            end = start[k + 1]
            first[k], second[k] = end, end
            for e in range(start[k], end):
                if offered[item[e]]:
                    if first[k] == end:
                        first[k] = e
                    else:
                        second[k] = e
                        break
            now = margin[item[first[k]]] if first[k] < end else 0.0
            for e in range(start[k], first[k]):
                gain[item[e]] += weight[k] * (margin[item[e]] - now)
            if first[k] < end:
                then = margin[item[second[k]]] if second[k] < end else 0.0
                loss[item[first[k]]] += weight[k] * (now - then)
        best, best_out, best_in = current + 1e-10 * (1.0 + abs(current)), -1, -1
        for j in range(products):
            if free[j] and not offered[j]:
                value = current + gain[j] - fixed_cost[j]
                if value > best and _allowed(rule, room, -1, j):
                    best, best_out, best_in = value, -1, j
        for o in range(products):
            if not offered[o]:
                continue
            without = current - loss[o] + fixed_cost[o]
            if without > best and _allowed(rule, room, o, -1):
                best, best_out, best_in = without, o, -1
            shift[:] = 0.0
            for k in range(customers):
                end = start[k + 1]
                if first[k] == end or item[first[k]] != o:
                    continue
                then = margin[item[second[k]]] if second[k] < end else 0.0
                for e in range(start[k], first[k]):
                    shift[item[e]] += weight[k] * (margin[o] - then)
                for e in range(first[k] + 1, second[k]):
                    shift[item[e]] += weight[k] * (margin[item[e]] - then)
            for j in range(products):
                if free[j] and not offered[j]:
                    value = without + gain[j] + shift[j] - fixed_cost[j]
                    if value > best and _allowed(rule, room, o, j):
                        best, best_out, best_in = value, o, j
        if best_out < 0 and best_in < 0:
            return current
        if best_out >= 0:
            offered[best_out] = False
            for r in range(len(room)):
                room[r] += rule[r, best_out]
        if best_in >= 0:
            offered[best_in] = True
            for r in range(len(room)):
                room[r] -= rule[r, best_in]
        current = line_worth(start, item, weight, margin, fixed_cost, offered)


@kernel
def _best_two(  # type: ignore[no-untyped-def]
    start, item, weight, margin, fixed_cost, state, base, first_free, two_more, wanted, gain, upper, both, near, pick
):
    """The best of a line as it is, with one, and, if `two_more`, with two more products numbered `first_free` or above.

    state[i] is 1 for a product of the line, 0 for one that is out, -1 for one that may enter; base is the line's worth.
    Only what is above `wanted` counts: `pick` then takes the one or two that enter, -1 for nobody. Returns the best
    worth, or `wanted`; `gain` and `upper` are left as the exact gain of each product alone, and the most that it can
    add to any line that holds this one.
    """
    products = len(margin)
    best = wanted
    for i in range(products):
        gain[i] = upper[i] = -fixed_cost[i]
    for k in range(len(weight)):
        end, now = start[k + 1], 0.0
        for e in range(start[k], start[k + 1]):
            if state[item[e]] == 1:
                end, now = e, margin[item[e]]
                break
        for e in range(start[k], end):
            i = item[e]
            more = weight[k] * (margin[i] - now)
            gain[i] += more
            if more > 0.0:
                upper[i] += more
    if base > best:
        best, pick[0], pick[1] = base, -1, -1
    one, two = 0.0, 0.0
    for i in range(first_free, products):
        if state[i] != -1:
            continue
        if upper[i] > one:
            one, two = upper[i], one
        elif upper[i] > two:
            two = upper[i]
        if base + gain[i] > best:
            best, pick[0], pick[1] = base + gain[i], i, -1
    if not two_more or base + one + two <= best:
        return best
    # Whoever cannot reach the best together with the strongest other one is not looked at.
    need = best - base - one
    for k in range(len(weight)):
        now = 0.0
        count = 0
        for e in range(start[k], start[k + 1]):
            j = item[e]
            if state[j] == 1:
                now = margin[j]
                break
            if state[j] == -1 and j >= first_free and upper[j] > need:
                near[count] = j
                count += 1
        for d in range(1, count):
            # Of two the one that stands first is bought: the other brings nothing here.
            less = weight[k] * (margin[near[d]] - now)
            for c in range(d):
                both[near[c], near[d]] -= less
    for i in range(first_free, products):
        if state[i] != -1 or upper[i] <= need:
            continue
        for j in range(i + 1, products):
            if state[j] == -1 and upper[j] > need:
                value = base + gain[i] + gain[j] + both[i, j] + both[j, i]
                if value > best:
                    best, pick[0], pick[1] = value, i, j
                both[i, j] = both[j, i] = 0.0
    return best


@kernel
def complete_line(start, item, weight, margin, fixed_cost, state, places, wanted, chosen):  # type: ignore[no-untyped-def]
    """The best way to fill at most `places` (1 or more) more places, by looking at all that can be above `wanted`.

    state : int8[product], 1 in, 0 out, -1 free; left as it was. Where a line earns more than `wanted`, `chosen`
    (int64[places]) takes the products that enter, -1 for nobody, and what it earns is returned; else `wanted`.
    """
    products = len(margin)
    gain = np.zeros(products)
    upper = np.zeros((max(places, 2), products))
    both = np.zeros((products, products))
    near = np.zeros(products, np.int64)
    pick = np.full(2, -1, np.int64)
    outer = max(places - 2, 0)  # products that enter one by one, by rising number; the last two are found together
    entered = np.full(outer + 1, -1, np.int64)
    worth = np.zeros(outer + 1)
    best = wanted
    chosen[:] = -1
    depth = 0
    worth[0] = line_worth(start, item, weight, margin, fixed_cost, state == 1)
    fresh = True
    while depth >= 0:
        first_free = 0 if depth == 0 else entered[depth - 1] + 1
        if fresh:
            found = _best_two(
                start, item, weight, margin, fixed_cost, state, worth[depth], first_free, places > 1, best, gain,
                upper[depth], both, near, pick,
            )  # fmt: skip
            if found > best:
                best = found
                chosen[:] = -1
                for d in range(depth):
                    chosen[d] = entered[d]
                chosen[depth] = pick[0]
                if places > 1:
                    chosen[depth + 1] = pick[1]
            entered[depth] = first_free - 1
            fresh = False
        # The next product that may enter here: with it and the strongest others the best must be in reach.
        following = -1
        if depth < outer:
            left = places - depth
            for i in range(entered[depth] + 1, products):
                if state[i] != -1:
                    continue
                reach = worth[depth] + upper[depth, i]
                strongest, more = 0.0, 0.0
                # At most left - 1 others join; the largest of them bounds each.
                for j in range(i + 1, products):
                    if state[j] == -1 and upper[depth, j] > strongest:
                        strongest = upper[depth, j]
                more = (left - 1) * strongest
                if reach + more > best:
                    following = i
                    break
        if following < 0:
            depth -= 1
            if depth >= 0:
                state[entered[depth]] = -1
            continue
        entered[depth] = following
        state[following] = 1
        depth += 1
        worth[depth] = line_worth(start, item, weight, margin, fixed_cost, state == 1)
        fresh = True
    return best
