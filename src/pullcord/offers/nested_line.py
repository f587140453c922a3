"""The best line of variants and prices under a nested logit, with proof: what to build, and at what price.

A candidate is one variant at one price. Our line is one nest of a nested logit, so that a second variant wins most of
its buyers from the first; all else that buyers may take has weight `others`. With w_i = exp(v_i / scale) and W the sum
over the line, the line's share is W^scale / (others + W^scale), and candidate i has w_i / W of it. Then

    profit = buyers * sum(w_i m_i) / h(W) - fixed costs,    h(W) = others * W^(1 - scale) + W.

h is linear for scale 1, the plain logit, where this is the fractional program of Davis, Gallego and Topaloglu (2013),
Assortment planning under the multinomial logit model with totally unimodular constraint structures; a line earns v or
more just where sum(w_i m_i) >= (v + fixed) h(W) (Dinkelbach 1967, Management Science 13(7)). For scale below 1, h is
concave: its chord lies below it on an interval of W and above it elsewhere, so that the line of most
sum(w_i (m_i - v slope)), found by sorting, settles the interval or says where to cut it in two. For most surplus or
volume at a profit floor, which both mean most W, the same chord makes the floor linear: an integer program each time.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput, SolverFailure
from pullcord.solvers import Rows, Status, minimise

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_TINY = 1e-300
_FEW = 20_000  # intervals; far more than any case at hand has needed
_NODES = 500  # of one integer program; its bound holds wherever it stops


class Objective(StrEnum):
    """What a line is chosen for."""

    PROFIT = "profit"
    SURPLUS = "surplus"  # what buyers gain by the line, in money
    VOLUME = "volume"


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """What may be offered, and to whom.

    variant : int64[candidate]; a variant is offered at one price at most.
    utility : float64[candidate], relative to all other alternatives together, which have `others` = exp(their log-sum).
    margin : float64[candidate], money for each unit sold.
    fixed_cost : money for each variant offered, in the same time as `buyers`.
    scale : of the nest, in (0, 1]; 1 is the plain logit, near 0 buyers change variant at the slightest difference.
    price_taste : utility for one unit of money, below zero; turns utility into consumer surplus.
    """

    variant: Integers
    utility: Floats
    margin: Floats
    fixed_cost: float
    variants_max: int
    buyers: float
    price_taste: float
    scale: float = 1.0
    others: float = 1.0

    def __post_init__(self) -> None:
        count = len(self.variant)
        if not count or len(self.utility) != count or len(self.margin) != count:
            raise InvalidInput(
                f"{count} candidates with {len(self.utility)} utilities and {len(self.margin)} margins",
                "give each candidate its variant, utility and margin",
            )
        finite = np.all(np.isfinite(self.utility)) and np.all(np.isfinite(self.margin))
        if not finite or not 0 <= self.fixed_cost < np.inf:
            raise InvalidInput("a utility, margin or fixed cost is no number, or a fixed cost is below 0", "mend it")
        if not 0 < self.scale <= 1:
            raise InvalidInput(f"the nest's scale is {self.scale}", "give a scale above 0, and at most 1")
        if self.price_taste >= 0:
            raise InvalidInput(
                f"the taste for price is {self.price_taste}", "without a dislike of price there is no best price"
            )
        if self.variants_max < 1 or self.buyers <= 0 or self.others <= 0:
            raise InvalidInput(
                f"{self.variants_max} variants at most, {self.buyers} buyers, others' weight {self.others}",
                "give at least 1 variant, and buyers and a weight above 0",
            )

    @property
    def weight(self) -> Floats:
        """float64[candidate]: exp(utility / scale)."""
        return np.asarray(np.exp(self.utility / self.scale), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class LineWorth:
    """What a line comes to, in the time that `buyers` stands for.

    share : float64[chosen], of all buyers, in the order of the candidates chosen.
    """

    profit: float
    surplus: float
    volume: float
    share: Floats

    def of(self, objective: Objective) -> float:
        """The one that counts."""
        return {"profit": self.profit, "surplus": self.surplus, "volume": self.volume}[objective.value]


def line_worth(given: Candidates, chosen: tuple[int, ...]) -> LineWorth:
    """Profit, consumer surplus, volume and shares of a line: candidates by their number, in any order."""
    line = np.array(chosen, dtype=np.int64)
    if not len(line):
        return LineWorth(0.0, 0.0, 0.0, np.empty(0))
    relative = given.utility[line] / given.scale
    top = float(relative.max())
    each = np.exp(relative - top)
    inclusive = given.scale * (top + float(np.log(each.sum())))
    log_total = float(np.logaddexp(np.log(given.others), inclusive))
    share = np.exp(inclusive - log_total) * each / each.sum()
    profit = given.buyers * float(share @ given.margin[line]) - given.fixed_cost * len(line)
    surplus = given.buyers * (log_total - float(np.log(given.others))) / -given.price_taste
    return LineWorth(profit, surplus, given.buyers * float(share.sum()), share)


def shares_by_draw(utility: Floats, scale: float, others: float = 1.0) -> Floats:
    """float64[draw, chosen]: shares of one line under draws of its utilities, float64[draw, chosen]."""
    relative = utility / scale
    top = relative.max(axis=1, keepdims=True)
    each = np.exp(relative - top)
    total = each.sum(axis=1, keepdims=True)
    inclusive = scale * (top + np.log(total))
    return np.asarray(np.exp(inclusive - np.logaddexp(np.log(others), inclusive)) * each / total, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class BestLine:
    """The best line found, and what no line can exceed.

    `gap` is (bound - value) / |bound|, or over a ten thousandth of what is at stake where that is more. `nearest` is
    the best line one change away (a variant in or out, one for another, another price), if one keeps the profit floor.
    `questions` counts the intervals looked at.
    """

    objective: Objective
    chosen: tuple[int, ...]
    worth: LineWorth
    value: float
    bound: float
    gap: float
    proved: bool
    nearest: tuple[int, ...] | None
    questions: int


def best_line(
    given: Candidates,
    objective: Objective = Objective.PROFIT,
    *,
    profit_floor: float = -np.inf,
    gap_max: float | None = None,
) -> BestLine:
    """The line of most profit, or of most surplus or volume with a profit of at least `profit_floor`, with proof.

    `gap_max` is the relative gap to prove: 1e-6 for profit and 1e-4 for the others unless stated.
    Surplus and volume both rise with W, so that one line is best for both. Raises InvalidInput where no line earns the
    floor.
    """
    if gap_max is None:
        gap_max = 1e-6 if objective is Objective.PROFIT else 1e-4
    search = _Search(given, gap_max)
    if objective is Objective.PROFIT:
        search.most_profit()
        bound = search.best_profit + gap_max * max(abs(search.best_profit), search.least)
        search.require(profit_floor)
    else:
        bound = search.most_weight(objective, profit_floor)
    worth = line_worth(given, search.best)
    value = worth.of(objective)
    bound = max(bound, value)
    gap = (bound - value) / max(abs(bound), search.least if objective is Objective.PROFIT else _TINY)
    near = nearest_line(given, search.best, objective, profit_floor)
    return BestLine(objective, search.best, worth, value, bound, gap, gap <= 10 * gap_max, near, search.questions)


def nearest_line(
    given: Candidates, chosen: tuple[int, ...], objective: Objective, profit_floor: float = -np.inf
) -> tuple[int, ...] | None:
    """The best of the lines one change away that keep the profit floor; ties go to the first in order."""
    best: tuple[int, ...] | None = None
    value = -np.inf
    for line in _neighbours(given, chosen):
        worth = line_worth(given, line)
        if worth.of(objective) > value and (objective is Objective.PROFIT or worth.profit >= profit_floor):
            best, value = line, worth.of(objective)
    return best


def _neighbours(given: Candidates, chosen: tuple[int, ...]) -> list[tuple[int, ...]]:
    found: set[tuple[int, ...]] = set()
    offered = {int(given.variant[i]) for i in chosen}
    for i in chosen:
        found.add(tuple(k for k in chosen if k != i))
    for j in range(len(given.variant)):
        if j in chosen:
            continue
        if int(given.variant[j]) in offered:
            found.add(tuple(sorted([k for k in chosen if given.variant[k] != given.variant[j]] + [j])))
        else:
            if len(chosen) < given.variants_max:
                found.add(tuple(sorted((*chosen, j))))
            for i in chosen:
                found.add(tuple(sorted([k for k in chosen if k != i] + [j])))
    return sorted(line for line in found if line)


class _Search:
    """One search over intervals of W."""

    def __init__(self, given: Candidates, gap_max: float) -> None:
        self.given = given
        self.gap_max = gap_max
        self.questions = 0
        self.best: tuple[int, ...] = ()
        self.best_profit = 0.0
        weight = given.weight
        if not np.all(np.isfinite(weight)):
            raise InvalidInput("a utility over the nest's scale is too large", "check utilities, prices and the scale")
        self.groups = [np.flatnonzero(given.variant == g) for g in np.unique(given.variant)]
        self.most = min(given.variants_max, len(self.groups))
        tops = np.sort([float(weight[group].max()) for group in self.groups])[::-1]
        # In units of the largest W there can be, and of the largest margin: the solver then sees numbers near 1.
        self.unit = float(tops[: self.most].sum())
        self.weight = weight / self.unit
        self.money = float(np.abs(given.margin).max()) or 1.0
        self.margin = given.margin / self.money
        self.per = self.money * given.buyers
        self.others = given.others * float(np.power(self.unit, -given.scale))
        self.lowest = max(float(self.weight.min()), _TINY)
        # A ten thousandth of what is at stake: a profit of nothing cannot be told from less than `gap_max` of it.
        self.least = 1e-4 * self.per / (self.others + 1)

    def h(self, total: float) -> float:
        """W over the line's share: concave in W, linear for a plain logit."""
        return float(self.others * total ** (1 - self.given.scale) + total)

    def _chord(self, low: float, high: float) -> tuple[float, float]:
        """(at zero, slope) of h's chord: below h between the two, above it elsewhere."""
        if high - low < 1e-13 * high:
            return self.h(low), 0.0
        slope = (self.h(high) - self.h(low)) / (high - low)
        return self.h(low) - slope * low, slope

    def _intervals(self) -> list[tuple[float, float]]:
        """All W but zero, in intervals that span a factor of 100."""
        count = max(1, int(np.ceil(-np.log10(self.lowest) / 2)))
        return list(pairwise(np.geomspace(self.lowest, 1.0, count + 1).tolist()))

    def _sizes(self) -> list[tuple[int, float]]:
        """(variants at most, what they cost) for each case to look at; one case where a variant costs nothing."""
        each = self.given.fixed_cost / self.per
        return [(k, k * each) for k in range(1, self.most + 1)] if each else [(self.most, 0.0)]

    def require(self, profit_floor: float) -> None:
        """Refuse a floor that the most profitable line does not reach."""
        if self.best_profit < profit_floor:
            raise InvalidInput(
                f"no line earns {profit_floor:,.0f}; the most is {self.best_profit:,.0f}", "lower the profit floor"
            )

    def _weight_of(self, line: tuple[int, ...]) -> float:
        return float(self.weight[list(line)].sum())

    def _offer(self, line: tuple[int, ...]) -> None:
        profit = line_worth(self.given, line).profit
        if profit > self.best_profit + 1e-12 * max(abs(profit), self.least):
            self.best, self.best_profit = line, profit

    def most_profit(self) -> None:
        """Leaves the best line; none earns more than it by `gap_max`."""
        for size, fixed in self._sizes():
            open_ = self._intervals()
            while open_:
                self.questions += 1
                if self.questions > _FEW:
                    raise SolverFailure("the search for the best line does not end", "ask for a larger gap")
                low, high = open_[-1]
                wanted = (self.best_profit + self.gap_max * max(abs(self.best_profit), self.least)) / self.per + fixed
                at_zero, slope = self._chord(low, high)
                gain = self.weight * (self.margin - wanted * slope)
                line = self._largest(gain, size)
                before = self.best_profit
                if line:
                    self._offer(line)
                # Outside the interval the chord asks too much, and no line is better than the best so far: what has
                # enough gain lies inside, so that nothing has to hold the line there.
                if float(gain[list(line)].sum()) <= wanted * at_zero:
                    open_.pop()
                elif self.best_profit <= before:
                    open_.pop()
                    open_ += self._parts(low, high, self._weight_of(line))

    def _largest(self, gain: Floats, size: int) -> tuple[int, ...]:
        """The line of largest total gain: each variant at its best price, the best variants first."""
        tops = [int(group[np.argmax(gain[group])]) for group in self.groups]
        tops = sorted((i for i in tops if gain[i] > 0), key=lambda i: (-float(gain[i]), i))
        return tuple(sorted(tops[:size]))

    def _parts(self, low: float, high: float, weight: float) -> list[tuple[float, float]]:
        if high - low < 1e-11 * high:
            return []
        middle = float(np.sqrt(low * high)) if high > 4 * low else (low + high) / 2
        if 0.9 * low + 0.1 * high < weight < 0.1 * low + 0.9 * high:
            middle = weight
        return [(low, middle), (middle, high)]

    def most_weight(self, objective: Objective, profit_floor: float) -> float:
        """Leaves the line of most W that earns the floor; returns a bound on the objective."""
        self.most_profit()
        self.require(profit_floor)
        while better := nearest_line(self.given, self.best, Objective.VOLUME, profit_floor):
            if self._weight_of(better) <= self._weight_of(self.best):
                break
            self.best = better
        floor = profit_floor / self.per
        best_weight, bound = self._weight_of(self.best), 0.0
        heap = [(-high, low, size, cost) for size, cost in self._sizes() for low, high in self._intervals()]
        heapq.heapify(heap)
        while heap:
            top, low, size, cost = heapq.heappop(heap)
            high = -top
            if high <= best_weight * (1 + self.gap_max):
                bound = max(bound, high)
                break
            answer = self._widest(floor + cost, low, high, size)
            if answer is None:
                continue
            line, most, ended = answer
            most = min(most, high)
            weight = self._weight_of(line)
            if weight > best_weight and line_worth(self.given, line).profit >= profit_floor - self.least * self.gap_max:
                best_weight, self.best = weight, line
            if most <= max(best_weight * (1 + self.gap_max), low):
                bound = max(bound, min(most, best_weight * (1 + self.gap_max)))
            elif ended and (parts := self._parts(low, most, weight)):
                for begin, end in parts:
                    heapq.heappush(heap, (-end, begin, size, cost))
            else:
                bound = max(bound, most)
        total = float(np.power(max(bound, best_weight), self.given.scale))
        if objective is Objective.VOLUME:
            return self.given.buyers * total / (self.others + total)
        return self.given.buyers * float(np.log1p(total / self.others)) / -self.given.price_taste

    def _widest(self, needed: float, low: float, high: float, size: int) -> tuple[tuple[int, ...], float, bool] | None:
        """The line of most W that may earn `needed`, h taken below itself between low and high; a bound on W; whether
        the solver ended by itself."""
        self.questions += 1
        if self.questions > _FEW:
            raise SolverFailure("the search for the best line does not end", "ask for a larger gap")
        count, n = len(self.groups), len(self.weight)
        rows = np.concatenate([*[np.full(len(g), r) for r, g in enumerate(self.groups)], np.full(n, count)])
        columns = np.concatenate([*self.groups, np.arange(n)])
        values = np.ones(len(rows))
        row_lower, row_upper = np.full(count + 1, -np.inf), np.append(np.ones(count), float(size))
        if np.isfinite(needed):
            if needed >= 0:
                at_zero, slope = self._chord(low, high)
            else:  # a loss is allowed: a tangent stands above h everywhere
                middle, scale = (low + high) / 2, self.given.scale
                slope = self.others * (1 - scale) * middle ** (-scale) + 1.0
                at_zero = self.h(middle) - slope * middle
            entry = self.weight * (self.margin - needed * slope) * (100 / high)  # tolerances are absolute
            kept = np.abs(entry) >= 1e-9  # smaller ones the solver does not take
            rows = np.concatenate([rows, np.full(int(kept.sum()), count + 1)])
            columns = np.concatenate([columns, np.flatnonzero(kept)])
            values = np.concatenate([values, entry[kept]])
            row_lower = np.append(row_lower, needed * at_zero * (100 / high) - 1e-7)
            row_upper = np.append(row_upper, np.inf)
        found = minimise(
            -self.weight * (1e4 / high),
            Rows.from_triplets(rows, columns, values, len(row_lower)),
            row_lower,
            row_upper,
            upper=1.0,
            integer=np.ones(n, dtype=np.bool_),
            gap_max=self.gap_max / 2,
            node_limit=_NODES,
        )
        if found.status is Status.INFEASIBLE:
            return None
        if found.bound is None or found.status is Status.UNBOUNDED:
            raise SolverFailure(f"a part of the search for the best line ended {found.status}", "ask for fewer prices")
        line = () if found.solution is None else tuple(np.flatnonzero(found.solution > 0.5).tolist())
        return line, -found.bound * high / 1e4, found.status is Status.OPTIMAL
