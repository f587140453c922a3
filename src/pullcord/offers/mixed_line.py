"""The best line where tastes differ between buyers: a seeded search, and a bound that no line exceeds on the draws.

In draw d candidate i has the share e_di z_i / (1 + sum of e_dj z_j), e = exp(utility) over the weight of all else, z_i
whether it is offered. With y_d the share of all else, p_di that of i and t_di = p_di / e_di = z_i y_d, profit is linear
in p. The products z y are replaced by their McCormick envelope, with the bounds on y that the rules allow, and each
rule on z holds for t as well, with y_d in place of 1: for one draw without fixed costs that alone is exact (Davis,
Gallego and Topaloglu 2013). The mixed-integer program then gives the best line of the draws; stopped early, its bound
still holds. It holds for these draws, not for the distribution they come from.

Source: Bront, Mendez-Diaz and Vulcano (2009), Operations Research 57(3); Sen, Atamturk and Kaminsky (2018), Operations
Research Letters 46(6).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput, SolverFailure, stream
from pullcord.solvers import Rows, Status, minimise

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class MixedCandidates:
    """What may be offered to buyers of many kinds.

    utility : float64[draw, candidate], relative to all else, whose exp(log-sum) is others : float64[draw].
    variant : int64[candidate]; a variant is offered at one price at most, and `variants_max` variants in all.
    margin : float64[candidate], money a unit; fixed_cost : money for each variant offered, in the time of `buyers`.
    """

    utility: Floats
    others: Floats
    variant: Integers
    margin: Floats
    fixed_cost: float
    variants_max: int
    buyers: float

    def __post_init__(self) -> None:
        draws, count = self.utility.shape
        if (
            not draws
            or not count
            or len(self.others) != draws
            or len(self.variant) != count
            or len(self.margin) != count
        ):
            raise InvalidInput(
                f"utilities of {draws} draws and {count} candidates do not fit the other arrays",
                "give others by draw, and variant and margin by candidate",
            )
        if not np.all(np.isfinite(self.utility)) or not np.all(np.isfinite(self.margin)) or np.any(self.others <= 0):
            raise InvalidInput("a utility or margin is no number, or others weigh nothing", "mend the arrays")
        if self.variants_max < 1 or self.buyers <= 0 or not 0 <= self.fixed_cost < np.inf:
            raise InvalidInput("a line needs room for 1 variant, buyers, and a fixed cost of 0 or more", "mend them")


@dataclass(frozen=True, slots=True, eq=False)
class MixedLine:
    """The best line found, and what no line exceeds on the draws; gap = (bound - profit) / |bound|, 0 if both are 0."""

    chosen: tuple[int, ...]
    profit: float
    bound: float
    gap: float
    proved: bool


def mixed_profit(given: MixedCandidates, chosen: tuple[int, ...]) -> float:
    """What a line earns, on average over the draws."""
    if not chosen:
        return 0.0
    line = list(chosen)
    relative = given.utility[:, line]
    top = np.maximum(relative.max(axis=1), np.log(given.others))
    weight = np.exp(relative - top[:, None])
    share = weight / (weight.sum(axis=1) + given.others * np.exp(-top))[:, None]
    return given.buyers * float((share @ given.margin[line]).mean()) - given.fixed_cost * len(line)


def best_mixed_line(
    given: MixedCandidates, *, seed: int, starts: int = 8, time_limit_s: float = 30.0, gap_max: float = 1e-4
) -> MixedLine:
    """The line of most profit over the draws, by search, improved and bounded by a mixed-integer program."""
    best: tuple[int, ...] = ()
    rng = stream(seed, "offers.mixed_line.starts")
    prices = {int(v): np.flatnonzero(given.variant == v) for v in np.unique(given.variant)}
    names = sorted(prices)
    for start in range(starts):
        size = int(rng.integers(1, min(given.variants_max, len(names)) + 1)) if start else 0
        picked = rng.choice(names, size=size, replace=False)
        line = _climb(given, tuple(sorted(int(rng.choice(prices[int(v)])) for v in picked)))
        if mixed_profit(given, line) > mixed_profit(given, best):
            best = line
    found, bound = _program(given, time_limit_s, gap_max)
    if mixed_profit(given, found) > mixed_profit(given, best):
        best = found
    profit = mixed_profit(given, best)
    bound = max(bound, profit)
    gap = (bound - profit) / abs(bound) if bound else 0.0
    return MixedLine(best, profit, bound, gap, gap <= 2 * gap_max)


def _climb(given: MixedCandidates, line: tuple[int, ...]) -> tuple[int, ...]:
    """The line improved by the best single change, a variant in, out, for another, or a price, until none helps."""
    profit = mixed_profit(given, line)
    while True:
        changes = {tuple(k for k in line if k != i) for i in line}
        for j in range(len(given.variant)):
            if j in line:
                continue
            rest = [k for k in line if given.variant[k] != given.variant[j]]
            if len(rest) < given.variants_max:
                changes.add(tuple(sorted([*rest, j])))
            changes |= {tuple(sorted([k for k in rest if k != i] + [j])) for i in rest}
        scored = [(mixed_profit(given, change), change) for change in sorted(changes)]
        value, change = max(scored, key=lambda pair: pair[0])
        if value <= profit + 1e-12 * max(abs(profit), 1.0):
            return line
        line, profit = change, value


def _program(given: MixedCandidates, time_limit_s: float, gap_max: float) -> tuple[tuple[int, ...], float]:
    """The line that the mixed-integer program found, and its bound in money.

    Columns: z by candidate; then for each draw y, and t by candidate (p = e t).
    """
    draws, n = given.utility.shape
    e = np.exp(given.utility - np.log(given.others)[:, None])
    groups = [np.flatnonzero(given.variant == v) for v in np.unique(given.variant)]
    most = min(given.variants_max, len(groups))
    tops = np.sort(np.stack([e[:, g].max(axis=1) for g in groups], axis=1), axis=1)[:, ::-1]
    lowest = 1 / (1 + tops[:, :most].sum(axis=1))  # y when the weightiest line is offered
    money = float(np.abs(given.margin).max()) or 1.0
    entries: list[tuple[Integers, Floats, float, float]] = [(g, np.ones(len(g)), -np.inf, 1.0) for g in groups]
    entries.append((np.arange(n), np.ones(n), -np.inf, float(most)))
    for d in range(draws):
        y = n + d * (n + 1)
        t = y + 1 + np.arange(n)
        entries.append((np.append(t, y), np.append(e[d], 1.0), 1.0, 1.0))
        entries.append((np.append(t, y), np.append(np.ones(n), -float(most)), -np.inf, 0.0))
        for g in groups:  # sum t <= y - lowest (1 - sum z): a variant offered at one price at most
            columns = np.concatenate([t[g], [y], g])
            values = np.concatenate([np.ones(len(g)), [-1.0], np.full(len(g), -lowest[d])])
            entries.append((columns, values, -np.inf, -float(lowest[d])))
        for i in range(n):
            ceiling = 1 / (1 + e[d, i])  # y at most, where i is offered
            entries.append((np.array([t[i], i]), np.array([1.0, -ceiling]), -np.inf, 0.0))
            entries.append((np.array([t[i], i]), np.array([1.0, -lowest[d]]), 0.0, np.inf))
            entries.append((np.array([t[i], y, i]), np.array([1.0, -1.0, -1.0]), -1.0, np.inf))
    sizes = [len(columns) for columns, _, _, _ in entries]
    cost = np.zeros(n + draws * (n + 1))
    cost[:n] = given.fixed_cost / (money * given.buyers)
    for d in range(draws):
        begin = n + d * (n + 1) + 1
        cost[begin : begin + n] = -e[d] * given.margin / (money * draws)
    found = minimise(
        cost * 1e3,
        Rows.from_triplets(
            np.repeat(np.arange(len(entries)), sizes),
            np.concatenate([columns for columns, _, _, _ in entries]),
            np.concatenate([values for _, values, _, _ in entries]),
            len(entries),
        ),
        np.array([low for _, _, low, _ in entries]),
        np.array([high for _, _, _, high in entries]),
        upper=1.0,
        integer=np.arange(len(cost)) < n,
        time_limit_s=time_limit_s,
        gap_max=gap_max,
    )
    if found.status in (Status.INFEASIBLE, Status.UNBOUNDED):
        raise SolverFailure(f"the program of the line ended {found.status}", "bring utilities nearer to each other")
    line = () if found.solution is None else tuple(np.flatnonzero(found.solution[:n] > 0.5).tolist())
    # Without a bound of the solver's, every buyer at the largest margin.
    bound = 1.0 if found.bound is None or not np.isfinite(found.bound) else -found.bound / 1e3
    return line, bound * money * given.buyers
