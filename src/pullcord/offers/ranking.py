"""The best line of products before customers with lists: search, bound, screen out, branch; proved, or with its gap."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import comb

import numpy as np

from pullcord.base import InvalidInput, stream
from pullcord.solvers import Rows, Status, minimise

from .first_choice import complete_line, improve_line, line_worth
from .line_bound import LineRelaxation, cannot_enter
from .rankings import Bools, Floats, Integers, LineProblem

_STARTS = 24  # lines from which the search begins
_WAYS = 1e8  # customers times ways to fill all places but two, up to which all ways are looked at
_TRIED = 8  # products whose two sides are solved before one of them is branched on


@dataclass(frozen=True, slots=True)
class LineProgress:
    """How far the search is: what the best line earns, what no line can exceed, and the work so far."""

    worth: float
    bound: float
    nodes: int
    open_nodes: int
    candidates: int  # products that may still enter

    @property
    def gap(self) -> float:
        """(bound - worth) / worth."""
        return _gap(self.worth, self.bound)


@dataclass(frozen=True, slots=True)
class RankedLine:
    """The best line found, and how sure that is.

    status : OPTIMAL when proved within `gap_max`; FEASIBLE when the time ran out, or the search was stopped.
    products : the products on offer, rising; worth : what they earn; bound : no line earns more.
    nodes : how many parts of the search were bounded; screened : products proved out before branching.
    """

    status: Status
    products: tuple[int, ...]
    worth: float
    bound: float
    gap: float
    nodes: int
    screened: int
    seconds: float


def best_ranked_line(
    problem: LineProblem,
    *,
    time_limit_s: float = 60.0,
    gap_max: float = 1e-6,
    seed: int = 0,
    stop: Callable[[], bool] | None = None,
    progress: Callable[[LineProgress], None] | None = None,
) -> RankedLine:
    """The line that earns most, with a proof or a bound.

    Local search from several starts finds a line; the relaxation of Bertsimas and Misic (2019), solved by closed-form
    cuts, bounds all lines; products that no better line can hold are screened out; branch and bound settles the rest,
    and looks at all ways to fill the last places where only the size of the line is limited and the ways are few. Same
    problem and seed: same answer, unless the time limit cuts it short. `stop` is asked between steps.

    Raises InvalidInput where no line keeps the rules.
    """
    if time_limit_s <= 0:
        raise InvalidInput(f"time_limit_s {time_limit_s} is no limit", "give a positive number of seconds")
    return _Search(problem, time_limit_s, gap_max, stop, progress).run(seed)


def worth_of_line(problem: LineProblem, products: Integers) -> float:
    """What a line earns."""
    offered = np.zeros(problem.rankings.products, dtype=np.bool_)
    offered[products] = True
    return _worth(problem, offered)


def _ways(products: int, places: int) -> float:
    """About how many ways there are to put at most so many of the products into places."""
    return float(comb(products, min(max(places, 0), products // 2))) if products < 60 or places < 10 else np.inf


def _gap(worth: float, bound: float) -> float:
    return max(bound - worth, 0.0) / max(abs(worth), 1e-12)


def _worth(problem: LineProblem, offered: Bools) -> float:
    lists = problem.rankings
    return float(line_worth(lists.start, lists.item, lists.weight, problem.margin, problem.fixed_cost, offered))


class _Search:
    """One search; what it knows grows until it is done."""

    def __init__(
        self,
        problem: LineProblem,
        time_limit_s: float,
        gap_max: float,
        stop: Callable[[], bool] | None,
        progress: Callable[[LineProgress], None] | None,
    ) -> None:
        self.whole = problem
        self.problem = problem
        self.kept = np.arange(problem.rankings.products)  # products of the whole that may still enter
        self.began = time.perf_counter()
        self.deadline = self.began + time_limit_s
        self.gap_max = gap_max
        self.asked_to_stop = stop
        self.progress = progress
        self.best = np.zeros(problem.rankings.products, dtype=np.bool_)
        self.worth = -np.inf
        self.bound = np.inf
        self.nodes = 0

    def run(self, seed: int) -> RankedLine:
        self._search_locally(seed)
        relaxation = LineRelaxation(self.problem)
        root = relaxation.solve_root(self._lowest(), self._stopped)
        self.bound = max(min(self.bound, root.value), self.worth)
        self._tell(0, 0)
        while root.x is not None and root.value > self._lowest() and not self._stopped():
            gone = cannot_enter(relaxation, root.x, root.value, self._lowest(), self._stopped)
            self._keep(np.setdiff1d(np.arange(len(self.kept)), gone))
            if not len(gone):
                break
            relaxation = LineRelaxation(self.problem)
            root = relaxation.solve_root(self._lowest(), self._stopped)
            self.bound = max(min(self.bound, root.value), self.worth)
            self._tell(0, 0)
            if len(gone) < 0.1 * (len(gone) + len(self.kept)):
                break
        screened = self.whole.rankings.products - len(self.kept)
        if self.bound > self._lowest():
            _Branching(self, relaxation).run(root.value)
        else:
            self.bound = max(self.worth, min(self.bound, self._lowest()))
        gap = _gap(self.worth, self.bound)
        return RankedLine(
            Status.OPTIMAL if gap <= self.gap_max else Status.FEASIBLE,
            tuple(np.flatnonzero(self.best).tolist()),
            self.worth,
            self.bound,
            gap,
            self.nodes,
            screened,
            time.perf_counter() - self.began,
        )

    def _lowest(self) -> float:
        """A bound at or below this ends the search: nothing better than the gap asked for is left."""
        return self.worth + 0.5 * self.gap_max * max(abs(self.worth), 1e-12)

    def _stopped(self) -> bool:
        if time.perf_counter() > self.deadline:
            return True
        return self.asked_to_stop is not None and self.asked_to_stop()

    def _tell(self, open_nodes: int, nodes: int) -> None:
        self.nodes = nodes
        if self.progress is not None:
            self.progress(LineProgress(self.worth, self.bound, nodes, open_nodes, len(self.kept)))

    def _keep(self, kept: Integers) -> None:
        """Only these of the products that are left may still enter."""
        self.kept = self.kept[kept]
        self.problem = self.whole.keep(self.kept)

    def offer(self, offered: Bools) -> None:
        """Take a line of the kept products, if it is the best so far."""
        line = np.zeros(self.whole.rankings.products, dtype=np.bool_)
        line[self.kept[offered]] = True
        worth = _worth(self.whole, line)
        if worth > self.worth and self.whole.allows(line):
            self.worth, self.best = worth, line

    def climb(self, offered: Bools) -> None:
        """Improve a line of the kept products step by step, and take it if it is the best so far."""
        lists, problem = self.problem.rankings, self.problem
        rule, upper = problem.dense_rules()
        free = np.ones(lists.products, dtype=np.bool_)
        improve_line(
            lists.start, lists.item, lists.weight, problem.margin, problem.fixed_cost, rule, upper, free, offered
        )
        self.offer(offered)

    def _search_locally(self, seed: int) -> None:
        problem = self.problem
        products, size = problem.rankings.products, problem.most
        nothing = np.zeros(products, dtype=np.bool_)
        if not problem.allows(nothing):
            nothing = self._some_line()
        self.climb(nothing.copy())
        rng = stream(seed, "offers.ranking.starts")
        by_margin = np.argsort(-problem.margin, kind="stable")
        for _ in range(_STARTS):
            if self._stopped():
                return
            among = by_margin[: int(rng.integers(max(1, min(size, products)), products + 1))] if products else by_margin
            line = nothing.copy()
            count = min(len(among), max(1, min(size, 40)))
            for i in rng.choice(among, size=count, replace=False) if len(among) else ():
                line[i] = True
                if not problem.allows(line):
                    line[i] = nothing[i]
            self.climb(line)

    def _some_line(self) -> Bools:
        """A line that keeps the rules, where the empty one does not."""
        matrix, upper = self.problem.dense_rules()
        row, column = np.nonzero(matrix)
        found = minimise(
            np.zeros(matrix.shape[1]),
            Rows.from_triplets(row, column, matrix[row, column], len(matrix)),
            None,
            upper,
            upper=1.0,
            integer=np.ones(matrix.shape[1], dtype=np.bool_),
        )
        if found.solution is None:
            raise InvalidInput("no line of products keeps the rules", "loosen one of them, or the size")
        return np.asarray(found.solution > 0.5)


class _Branching:
    """Branch and bound over the kept products: always the part with the highest bound next."""

    def __init__(self, search: _Search, relaxation: LineRelaxation) -> None:
        self.search = search
        self.relaxation = relaxation
        self.problem = search.problem
        products = self.problem.rankings.products
        self.only_size = self.problem.rules is None
        # How much the bound fell for one unit of a product on each side: sums and counts.
        self.fall = np.zeros((2, products))
        self.falls = np.zeros((2, products))

    def run(self, root_bound: float) -> None:
        search = self.search
        products = self.problem.rankings.products
        nodes, born = 0, 1
        # (-bound, order of birth, products in, products out)
        heap: list[tuple[float, int, Bools, Bools]] = [
            (-root_bound, 0, np.zeros(products, dtype=np.bool_), np.zeros(products, dtype=np.bool_))
        ]
        while heap and -heap[0][0] > search._lowest() and not search._stopped():
            _, _, inside, outside = heapq.heappop(heap)
            nodes += 1
            children = self._split(inside, outside, nodes)
            for bound, more_in, more_out in children:
                if bound > search._lowest():
                    heapq.heappush(heap, (-bound, born, more_in, more_out))
                    born += 1
            still = -heap[0][0] if heap else -np.inf
            search.bound = max(search.worth, min(search.bound, max(still, search._lowest())))
            search._tell(len(heap), nodes)
        if not heap or -heap[0][0] <= search._lowest():
            search.bound = max(search.worth, min(search.bound, search._lowest()))

    def _split(self, inside: Bools, outside: Bools, nodes: int) -> list[tuple[float, Bools, Bools]]:
        """The parts of a node that may hold a better line, each with its bound."""
        search, problem = self.search, self.problem
        places = problem.most - int(inside.sum())
        undecided = ~inside & ~outside
        if self.only_size and _ways(int(undecided.sum()), places - 2) * problem.rankings.customers <= _WAYS:
            self._complete(inside, outside, places)
            return []
        lower, upper = inside.astype(np.float64), 1.0 - outside.astype(np.float64)
        bound = self.relaxation.solve_node(lower, upper, search._lowest())
        if bound.x is None or bound.reduced is None or bound.value <= search._lowest():
            return []
        self._round(bound.x, inside, nodes)
        slack = bound.value - search._lowest()
        if slack <= 0:
            return []
        inside = inside | (undecided & (bound.x > 1 - 1e-9) & (-bound.reduced > slack))
        outside = outside | (undecided & (bound.x < 1e-9) & (bound.reduced > slack))
        part = np.flatnonzero(~inside & ~outside & (bound.x > 1e-6) & (bound.x < 1 - 1e-6))
        if not len(part):
            # A whole line solves the relaxation: it has been offered, and nothing here earns more than the bound.
            search.offer(bound.x > 0.5)
            if bound.value <= search._lowest():
                return []
            part = np.flatnonzero(~inside & ~outside)
            if not len(part):
                return []
            return self._children(int(part[0]), bound.value, bound.value, inside, outside)
        choice, up, down = self._choose(part, bound.x, bound.value, inside, outside)
        return self._children(choice, up, down, inside, outside)

    def _children(
        self, i: int, up: float, down: float, inside: Bools, outside: Bools
    ) -> list[tuple[float, Bools, Bools]]:
        more_in, more_out = inside.copy(), outside.copy()
        more_in[i], more_out[i] = True, True
        return [(up, more_in, outside), (down, inside, more_out)]

    def _choose(
        self, part: Integers, x: Floats, value: float, inside: Bools, outside: Bools
    ) -> tuple[int, float, float]:
        """The product to branch on and the bounds of its two sides, by the falls seen so far; new ones are tried.

        Source: Achterberg, Koch and Martin (2005), Branching rules revisited, Operations Research Letters 33(1).
        """
        search = self.search
        mean = self.fall.sum(axis=1) / np.maximum(self.falls.sum(axis=1), 1.0)
        each = np.where(self.falls > 0, self.fall / np.maximum(self.falls, 1.0), mean[:, None])
        distance = np.stack([1.0 - x[part], x[part]])
        score = np.prod(np.maximum(each[:, part] * distance, 1e-6), axis=0)
        if not np.any(self.falls):
            score = 0.5 - np.abs(x[part] - 0.5)
        order = np.argsort(-score, kind="stable")
        best, best_score, best_sides = int(part[order[0]]), -1.0, (value, value)
        for place in order[:_TRIED]:
            i = int(part[place])
            if self.falls[0, i] and self.falls[1, i]:
                if score[place] > best_score:
                    best, best_score, best_sides = i, float(score[place]), (value, value)
                continue
            sides = []
            for side in (0, 1):
                lower, upper = inside.astype(np.float64), 1.0 - outside.astype(np.float64)
                lower[i] = upper[i] = 1.0 - side
                probed = min(self.relaxation.probe(lower, upper, search._lowest()), value)
                self.fall[side, i] += (value - probed) / max(float(distance[side, place]), 1e-6)
                self.falls[side, i] += 1
                sides.append(probed)
            product = max(value - sides[0], 1e-6) * max(value - sides[1], 1e-6)
            if product > best_score:
                best, best_score, best_sides = i, product, (sides[0], sides[1])
        return best, best_sides[0], best_sides[1]

    def _round(self, x: Floats, inside: Bools, nodes: int) -> None:
        """A line near the relaxation's: its largest shares first; now and then improved."""
        line = inside.copy()
        for i in np.argsort(-x, kind="stable"):
            if x[i] < 0.3:
                break
            if not line[i]:
                line[i] = True
                if not self.problem.allows(line):
                    line[i] = False
        if not self.problem.allows(line):
            return
        if nodes <= 10 or nodes % 10 == 0:
            self.search.climb(line)
        else:
            self.search.offer(line)

    def _complete(self, inside: Bools, outside: Bools, places: int) -> None:
        """The best line with these products in and out, found by looking at all ways to fill the last places."""
        search, problem, lists = self.search, self.problem, self.problem.rankings
        if places <= 0:
            search.offer(inside)
            return
        state = np.where(inside, 1, np.where(outside, 0, -1)).astype(np.int8)
        chosen = np.full(places, -1, dtype=np.int64)
        found = complete_line(
            lists.start,
            lists.item,
            lists.weight,
            problem.margin,
            problem.fixed_cost,
            state,
            places,
            search.worth,
            chosen,
        )
        if found > search.worth:
            line = inside.copy()
            line[chosen[chosen >= 0]] = True
            search.offer(line)
