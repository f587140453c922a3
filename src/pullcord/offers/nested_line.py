"""The best line of variants and prices under a nested logit, with proof: what to build, and at what price.

A candidate is one variant at one price. Our line is one nest of a nested logit, so that a second variant wins most of
its buyers from the first; all else that buyers may take has weight `others`. With w_i = exp(v_i / scale) and W the sum
over the line, the line's share is W^scale / (others + W^scale), and candidate i has w_i / W of it. Then

    profit = buyers * sum(w_i m_i) / h(W) - fixed costs,    h(W) = others * W^(1 - scale) + W.

h is linear for scale 1, the plain logit, where this is the fractional program of Davis, Gallego and Topaloglu (2013),
Assortment planning under the multinomial logit model with totally unimodular constraint structures; a line earns v or
more just where sum(w_i m_i) >= (v + fixed) h(W) (Dinkelbach 1967, Management Science 13(7)). For scale below 1, h is
concave, so that a chord lies below it: on a short interval of W the question is a small integer program, which is
cut in two wherever the chord is not close enough.
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
_FEW = 4000  # questions to the solver; far more than any case at hand has needed


class Objective(StrEnum):
    """What a line is chosen for."""

    PROFIT = "profit"
    SURPLUS = "surplus"  # what buyers gain by the line, in money
    VOLUME = "volume"


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """What may be offered, and to whom.

    variant : int64[candidate], 0 .. variants - 1; a variant is offered at one price at most.
    utility : float64[candidate], relative to all other alternatives together, which have `others` = exp(their log-sum).
    margin : float64[candidate], money for each unit sold.
    fixed_cost : float64[variant], money in the same time as `buyers`, due where the variant is offered.
    scale : of the nest, in (0, 1]; 1 is the plain logit, near 0 buyers change variant at the slightest difference.
    price_taste : utility for one unit of money, below zero; turns utility into consumer surplus.
    """

    variant: Integers
    utility: Floats
    margin: Floats
    fixed_cost: Floats
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
        if int(self.variant.min()) < 0 or int(self.variant.max()) >= len(self.fixed_cost):
            raise InvalidInput(
                "a candidate names a variant without a fixed cost", "give one for each variant, 0 if none"
            )
        finite = all(np.all(np.isfinite(a)) for a in (self.utility, self.margin, self.fixed_cost))
        if not finite or np.any(self.fixed_cost < 0):
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
    profit = given.buyers * float(share @ given.margin[line]) - float(given.fixed_cost[given.variant[line]].sum())
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
    `questions` counts integer programs solved.
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
    gap_max: float = 1e-6,
) -> BestLine:
    """The line of most profit, or of most surplus or volume with a profit of at least `profit_floor`, with proof.

    Surplus and volume both rise with W, so that one line is best for both. Raises InvalidInput where no line earns the
    floor.
    """
    search = _Search(given, gap_max)
    if objective is Objective.PROFIT:
        search.most_profit()
        bound = search.best_profit + gap_max * max(abs(search.best_profit), search.least)
        if not np.isneginf(profit_floor) and search.best_profit < profit_floor:
            raise InvalidInput(
                f"no line earns {profit_floor:,.0f}; the most is {search.best_profit:,.0f}", "lower the profit floor"
            )
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


@dataclass(frozen=True, slots=True)
class _Box:
    """The lines with W between low and high and fixed costs between fixed_low and fixed_high."""

    low: float
    high: float
    fixed_low: float
    fixed_high: float


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
        groups = np.unique(given.variant)
        tops = np.sort([float(weight[given.variant == g].max()) for g in groups])[::-1]
        # In units of the largest W there can be, and of the largest margin: the solver then sees numbers near 1.
        self.unit = float(tops[: given.variants_max].sum())
        self.weight = weight / self.unit
        self.money = float(np.abs(given.margin).max()) or 1.0
        self.margin = given.margin / self.money
        self.fixed = given.fixed_cost[given.variant] / (self.money * given.buyers)
        self.others = given.others * self.unit ** (-given.scale)
        self.lowest = max(float(self.weight.min()), _TINY)
        # A ten thousandth of what is at stake: a profit of nothing cannot be told from less than `gap_max` of it.
        self.least = 1e-4 * self.money * given.buyers / (self.others + 1)
        due = given.fixed_cost / (self.money * given.buyers)
        due = np.sort(due[groups])[::-1]
        self.fixed_most = float(due[: given.variants_max].sum())
        self.fixed_step = float(due[0]) if due[0] == due[-1] else 0.0
        entry = [(r, int(i)) for r, g in enumerate(groups) for i in np.flatnonzero(given.variant == g)]
        count = len(groups)
        entry += [(count, i) for i in range(len(weight))]
        self.row = np.array([r for r, _ in entry])
        self.column = np.array([i for _, i in entry])
        self.structure = count + 1
        self.upper = np.append(np.ones(count), float(given.variants_max))

    def h(self, total: float) -> float:
        scale = self.given.scale
        return float(self.others * total ** (1 - scale) + total)

    def _under(self, per_unit: float, box: _Box) -> tuple[Floats, float]:
        """(a, b) such that in the box, a line that earns `per_unit` or more has a z >= b.

        It has sum(w m) >= (per_unit + F) h(W). Below h stands its chord H, and F H >= F_low H + H_low F - F_low H_low
        (McCormick 1976, Mathematical Programming 10); where the money before H is below zero, a tangent stands above.
        """
        at_zero, slope = self._chord(box)
        before = per_unit
        a, b = self.weight * self.margin, 0.0
        if per_unit < 0:
            middle, scale = (box.low + box.high) / 2, self.given.scale
            steep = self.others * (1 - scale) * middle ** (-scale) + 1.0
            a, b = a - per_unit * steep * self.weight, per_unit * (self.h(middle) - steep * middle)
            before = 0.0
        lowest = at_zero + slope * box.low
        a = a - (before + box.fixed_low) * slope * self.weight - lowest * self.fixed
        return a, b + (before + box.fixed_low) * at_zero - lowest * box.fixed_low

    def _chord(self, box: _Box) -> tuple[float, float]:
        if box.high - box.low < 1e-13 * box.high:
            return self.h(box.low), 0.0
        slope = (self.h(box.high) - self.h(box.low)) / (box.high - box.low)
        return self.h(box.low) - slope * box.low, slope

    def _parts(self, box: _Box, weight: float) -> list[_Box]:
        """The box in two, or itself no more: cut where the bound is loosest; `weight` is a promising place for W."""
        of_fixed = (box.fixed_high - box.fixed_low) / (self.fixed_most or 1.0)
        of_weight = (box.high - box.low) / box.high
        if of_fixed > max(0.5 * of_weight, 1e-9):
            middle = (box.fixed_low + box.fixed_high) / 2
            return [
                self._box(box.low, box.high, box.fixed_low, middle),
                self._box(box.low, box.high, middle, box.fixed_high),
            ]
        if of_weight < 1e-10:
            return []
        middle = float(np.sqrt(box.low * box.high)) if box.high > 4 * box.low else (box.low + box.high) / 2
        if 0.8 * box.low + 0.2 * box.high < weight < 0.2 * box.low + 0.8 * box.high:
            middle = weight
        return [
            _Box(box.low, middle, box.fixed_low, box.fixed_high),
            _Box(middle, box.high, box.fixed_low, box.fixed_high),
        ]

    def _box(self, low: float, high: float, fixed_low: float, fixed_high: float) -> _Box:
        if step := self.fixed_step:  # every variant costs the same: only whole numbers of them
            fixed_low = step * float(np.ceil(fixed_low / step - 1e-6))
            fixed_high = step * float(np.floor(fixed_high / step + 1e-6))
        return _Box(low, high, fixed_low, fixed_high)

    def _boxes(self) -> list[_Box]:
        """All lines but the empty one, in boxes whose weights lie within a factor of 100."""
        count = max(1, int(np.ceil(-np.log10(self.lowest) / 2)))
        edges = np.geomspace(self.lowest, 1.0, count + 1).tolist()
        return [self._box(low, high, 0.0, self.fixed_most) for low, high in pairwise(edges)]

    def _ask(
        self, gain: Floats, box: _Box, row: tuple[Floats, float] | None = None
    ) -> tuple[tuple[int, ...], float] | None:
        """The line of the box with most gain, and a bound on it; `row` = (a, b) asks for a z >= b as well."""
        if box.fixed_low > box.fixed_high:
            return None
        self.questions += 1
        if self.questions > _FEW:
            raise SolverFailure("the search for the best line does not end", "ask for a larger gap")
        n = len(gain)
        # The solver's tolerances are absolute: numbers are brought to where they do no harm.
        zoom, high = 1e4 / box.high, box.high
        fits = (self.weight <= high * (1 + 1e-9)).astype(np.float64)
        more = [(self.weight / high, box.low / high - 1e-9, 1 + 1e-9)]
        if row:
            more.append((row[0] * (100 / high), row[1] * (100 / high), np.inf))
        if self.fixed_most:
            unit = self.fixed_most
            more.append((self.fixed / unit, box.fixed_low / unit - 1e-9, box.fixed_high / unit + 1e-9))
        rows = np.concatenate([self.row, *[np.full(n, self.structure + k) for k in range(len(more))]])
        columns = np.concatenate([self.column, *[np.arange(n)] * len(more)])
        values = np.concatenate([np.ones(len(self.row)), *[entry * fits for entry, _, _ in more]])
        keep = np.abs(values) >= 1e-9  # smaller ones the solver does not take
        found = minimise(
            -gain * fits * zoom,
            Rows.from_triplets(rows[keep], columns[keep], values[keep], self.structure + len(more)),
            np.concatenate([np.full(self.structure, -np.inf), [low for _, low, _ in more]]),
            np.concatenate([self.upper, [high for _, _, high in more]]),
            upper=fits,
            integer=np.ones(n, dtype=np.bool_),
            gap_max=max(1e-9, self.gap_max / 10),
        )
        if found.status is Status.INFEASIBLE:
            return None
        if found.solution is None or found.bound is None:
            raise SolverFailure(f"a part of the search for the best line ended {found.status}", "ask for fewer prices")
        return tuple(np.flatnonzero(found.solution > 0.5).tolist()), -found.bound / zoom

    def _offer(self, line: tuple[int, ...]) -> None:
        profit = line_worth(self.given, line).profit
        if profit > self.best_profit + 1e-12 * max(abs(profit), self.least):
            self.best, self.best_profit = line, profit

    def most_profit(self) -> None:
        """Leaves the best line; none earns more than it by `gap_max`."""
        per = self.money * self.given.buyers
        self._climb()
        open_ = self._boxes()
        while open_:
            box = open_.pop()
            wanted = (self.best_profit + self.gap_max * max(abs(self.best_profit), self.least)) / per
            gain, enough = self._under(wanted, box)
            answer = self._ask(gain, box)
            if answer is None:
                continue
            line, most = answer
            before = self.best_profit
            self._offer(line)
            if most <= enough:
                continue  # no line of this box earns what is wanted
            if self.best_profit > before and self.given.scale == 1:
                open_.append(box)  # Dinkelbach: ask the same box for more
                continue
            open_ += self._parts(box, float(self.weight[list(line)].sum()))

    def _climb(self) -> None:
        """A first line, by single changes from the best single candidate."""
        singles = [(line_worth(self.given, (i,)).profit, -i) for i in range(len(self.weight))]
        line: tuple[int, ...] = (-max(singles)[1],)
        self._offer(line)
        while (better := nearest_line(self.given, line, Objective.PROFIT)) is not None:
            if line_worth(self.given, better).profit <= line_worth(self.given, line).profit * (1 + 1e-12):
                return
            line = better
            self._offer(line)

    def most_weight(self, objective: Objective, profit_floor: float) -> float:
        """Leaves the line of most W that earns the floor; returns a bound on the objective."""
        per = self.money * self.given.buyers
        floor = -np.inf if np.isneginf(profit_floor) else profit_floor / per
        best_weight = 0.0 if profit_floor <= 0 else -1.0
        self.best = ()
        bound = max(best_weight, 0.0)
        heap = [(-box.high, place, box) for place, box in enumerate(self._boxes())]
        heapq.heapify(heap)
        born = len(heap)
        while heap:
            top, _, box = heapq.heappop(heap)
            if -top <= best_weight * (1 + self.gap_max):
                bound = max(bound, -top)
                break
            row = None if np.isneginf(floor) else self._under(floor, box)
            answer = self._ask(self.weight, box, row)
            if answer is None:
                continue
            line, most = answer
            most = max(min(most, box.high), box.low)
            weight = float(self.weight[list(line)].sum())
            if weight > best_weight and line_worth(self.given, line).profit >= profit_floor - self.least * self.gap_max:
                best_weight, self.best = weight, line
            if most <= best_weight * (1 + self.gap_max):
                bound = max(bound, most)
                continue
            parts = self._parts(_Box(box.low, most, box.fixed_low, box.fixed_high), weight)
            if not parts:
                bound = max(bound, most)
            for part in parts:
                heapq.heappush(heap, (-part.high, born, part))
                born += 1
        if best_weight < 0:
            raise InvalidInput(f"no line earns {profit_floor:,.0f}", "lower the profit floor")
        total = float(max(bound, best_weight) ** self.given.scale)
        if objective is Objective.VOLUME:
            return self.given.buyers * total / (self.others + total)
        return self.given.buyers * float(np.log1p(total / self.others)) / -self.given.price_taste
