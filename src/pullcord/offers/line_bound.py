"""Upper bounds on lines of products: a linear program over the line alone, to which closed-form cuts are added."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pullcord.base import SolverFailure
from pullcord.solvers import Relaxed, Rows, Status, WarmProgram

from .first_choice_duals import add_prices, blend_cuts, cuts_at, cuts_of_prices, margins_behind
from .rankings import Floats, Integers, LineProblem

GROUPS_MOST = 100  # cuts are added up over so many groups of customers: few rows, and yet few rounds
_VIOLATED = 1e-7  # of the largest worth: a cut that says no more than this is not added
_ROWS_SPARE = 400  # rows beyond those that bind, before the idle ones are dropped
_FAR_OUT = 1e-4  # shares below this are none where a cut is taken: products that left are not dragged along


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """What the relaxation says at a node: no line there earns more than `value`.

    x : float64[product], the relaxation's line; None where no line can reach the threshold.
    reduced : float64[product], how much the bound falls for a product that is moved off its side; >= 0 for products at
    0 that enter, <= 0 for products at 1 that leave.
    """

    value: float
    x: Floats | None
    reduced: Floats | None


class LineRelaxation:
    """The relaxation of a `LineProblem`; it learns cuts as it is asked."""

    def __init__(self, problem: LineProblem) -> None:
        self.problem = problem
        rankings, margin = problem.rankings, problem.margin
        self.products = rankings.products
        customers = rankings.customers
        self.groups = min(GROUPS_MOST, customers)
        self.group = (np.arange(customers) % self.groups).astype(np.int64)
        # Each customer's entries by falling margin: sort by (customer, -margin), equal margins in list order.
        self.falling = np.lexsort((-margin[rankings.item], rankings.customer_of_entry)).astype(np.int64)
        self.best_after = np.zeros(len(rankings.item))
        margins_behind(rankings.start, rankings.item, margin, self.best_after)
        self.constant = np.zeros(self.groups)
        self.slope = np.zeros((self.groups, self.products))
        self.scale = max(1.0, float(rankings.weight.sum() * margin.max(initial=0.0)))
        most = np.bincount(self.group, weights=rankings.weight, minlength=self.groups) * margin.max(initial=0.0)
        self.program = WarmProgram(
            np.concatenate([problem.fixed_cost, -np.ones(self.groups)]),
            lower=0.0,
            upper=np.concatenate([np.ones(self.products), most]),
        )
        matrix, upper = problem.dense_rules()
        row, column = np.nonzero(matrix)
        self.program.add_rows(Rows.from_triplets(row, column, matrix[row, column], len(matrix)), -np.inf, upper)
        self.fixed_rows = len(matrix)
        self.points: list[Floats] = []  # where cuts were taken
        self.point_of_row = np.empty(0, dtype=np.int64)
        self.group_of_row = np.empty(0, dtype=np.int64)
        self.idle = np.empty(0, dtype=np.int64)  # how many solves in a row a row has not been binding
        self.solves = 0

    def solve_root(self, lowest: float, stop: Callable[[], bool], rounds_max: int = 300) -> Bound:
        """The bound of the whole problem; ends early once it is at most `lowest`.

        Cuts are taken between the program's answer and a point inside (in-out separation), which needs a tenth of the
        rounds. Source: Ben-Ameur and Neto (2007), Acceleration of cutting-plane and column generation algorithms.
        """
        size = self.problem.most
        inside = np.full(self.products, min(size / max(self.products, 1), 0.5))
        pull, best = 0.5, -np.inf
        answer = self._ask(np.inf)
        for _ in range(rounds_max):
            value, x = -answer.value, self._line_of(answer)
            if value <= lowest or value - best <= 1e-6 * self.scale or stop():
                break
            at = pull * x + (1 - pull) * inside
            at[at < _FAR_OUT] = 0.0
            best = max(best, self._take_cuts(at) - float(self.problem.fixed_cost @ at))
            inside = at
            if not self._add_violated(at, x, self._worths(answer)):
                if pull >= 1.0:
                    break
                pull = min(1.0, pull + 0.2)
                continue
            answer = self._ask(np.inf)
        return self._bound_of(answer)

    def solve_node(self, lower: Floats, upper: Floats, lowest: float, rounds: int = 12) -> Bound:
        """The bound where lower <= x <= upper; ends early once it is at most `lowest`."""
        self.program.set_bounds(np.arange(self.products), lower, upper)
        answer, before = self._ask(-lowest), np.inf
        inside: Floats | None = None
        for _ in range(rounds):
            value = -answer.value
            if answer.solution is None or value <= lowest:
                return Bound(min(value, lowest) if answer.solution is None else value, None, None)
            # More cuts help no longer: branching does.
            if before - value < 0.02 * (value - lowest):
                break
            before, x = value, self._line_of(answer)
            at = x if inside is None else 0.7 * x + 0.3 * inside
            at = np.where(at < _FAR_OUT, 0.0, at)
            self._take_cuts(at)
            inside = at
            if not self._add_violated(at, x, self._worths(answer)):
                if np.array_equal(at, x):
                    break
                self._take_cuts(x)
                if not self._add_violated(x, x, self._worths(answer)):
                    break
            answer = self._ask(-lowest)
        if answer.solution is None:
            return Bound(lowest, None, None)
        self._drop_idle()
        return self._bound_of(answer)

    def probe(self, lower: Floats, upper: Floats, lowest: float) -> float:
        """The bound where lower <= x <= upper by the cuts there are."""
        self.program.set_bounds(np.arange(self.products), lower, upper)
        answer = self._ask(-lowest)
        return lowest if answer.solution is None else -answer.value

    def prices(self) -> Floats:
        """float64[entry]: the relaxation's prices of products in customers' copies of the line, at its last answer."""
        answer = self._ask(np.inf)
        assert answer.row_duals is not None
        duals = np.maximum(-answer.row_duals[self.fixed_rows :], 0.0)
        problem, rankings = self.problem, self.problem.rankings
        price = np.zeros(len(rankings.item))
        for point in np.unique(self.point_of_row[duals > 1e-12]):
            rows = (self.point_of_row == point) & (duals > 1e-12)
            share = np.zeros(self.groups)
            share[self.group_of_row[rows]] = duals[rows]
            add_prices(
                rankings.start, rankings.item, self.falling, self.best_after, rankings.weight, problem.margin,
                self.group, self.points[point], share, price,
            )  # fmt: skip
        return price

    def _ask(self, stop_above: float) -> Relaxed:
        self.solves += 1
        answer = self.program.minimise(stop_above=stop_above)
        if answer.status is Status.UNBOUNDED:
            raise SolverFailure("the relaxation of a line is unbounded", "check the margins")
        if answer.row_duals is not None and len(self.idle):
            binding = np.abs(answer.row_duals[self.fixed_rows :]) > 1e-10
            self.idle = np.where(binding, 0, self.idle + 1)
        return answer

    def _line_of(self, answer: Relaxed) -> Floats:
        assert answer.solution is not None
        return np.clip(answer.solution[: self.products], 0.0, 1.0)

    def _worths(self, answer: Relaxed) -> Floats:
        assert answer.solution is not None
        return answer.solution[self.products :]

    def _take_cuts(self, at: Floats) -> float:
        rankings = self.problem.rankings
        value = cuts_at(
            rankings.start,
            rankings.item,
            self.falling,
            self.best_after,
            rankings.weight,
            self.problem.margin,
            self.group,
            at,
            self.constant,
            self.slope,
        )
        return float(value)

    def _add_violated(self, at: Floats, x: Floats, worths: Floats) -> bool:
        """Add the cuts taken last that the answer (x, worths) breaks; whether there were any."""
        over = worths - (self.constant + self.slope @ x)
        new = np.flatnonzero(over > _VIOLATED * self.scale)
        if not len(new):
            return False
        row, column = np.nonzero(self.slope[new])
        row = np.concatenate([row, np.arange(len(new))])
        values = np.concatenate([-self.slope[new][self.slope[new] != 0.0], np.ones(len(new))])
        column = np.concatenate([column, self.products + new])
        self.program.add_rows(Rows.from_triplets(row, column, values, len(new)), -np.inf, self.constant[new])
        self.point_of_row = np.concatenate([self.point_of_row, np.full(len(new), len(self.points))])
        self.group_of_row = np.concatenate([self.group_of_row, new])
        self.idle = np.concatenate([self.idle, np.zeros(len(new), dtype=np.int64)])
        self.points.append(at)
        return True

    def _drop_idle(self) -> None:
        """Forget cuts that have not been binding for long."""
        idle = self.idle > 10
        if np.count_nonzero(idle) < _ROWS_SPARE:
            return
        self.program.remove_rows(self.fixed_rows + np.flatnonzero(idle))
        self.point_of_row, self.group_of_row = self.point_of_row[~idle], self.group_of_row[~idle]
        self.idle = self.idle[~idle]

    def _bound_of(self, answer: Relaxed) -> Bound:
        assert answer.column_duals is not None
        return Bound(-answer.value, self._line_of(answer), answer.column_duals[: self.products])


def cannot_enter(
    relaxation: LineRelaxation, x: Floats, root: float, lowest: float, stop: Callable[[], bool]
) -> Integers:
    """Products of which it is proved that no line with them earns more than `lowest`, by rising margin.

    For each product in turn the bound with the product in is the lowest blend of the relaxation's prices and of cuts
    taken near its solution x, worth `root`; a product that is proved out stays out for those that follow. Products
    that the relaxation offers wholly are not asked about.
    """
    problem = relaxation.problem
    rankings, margin = problem.rankings, problem.margin
    price = relaxation.prices()
    groups, products, cuts = relaxation.groups, relaxation.products, 4
    constant, slope = np.zeros((cuts, groups)), np.zeros((cuts, groups, products))
    state = np.full(products, -1, dtype=np.int8)
    mean = np.zeros(products)
    size = problem.most
    # Where the size binds, the newcomer takes the place of a part of the others.
    squeeze = (size - 1) / size if size and x.sum() > size - 0.5 else 1.0
    target = lowest - 1e-9 * relaxation.scale
    aim = target - 0.1 * max(root - lowest, 0.0)
    for i in np.argsort(margin, kind="stable"):
        if x[i] > 0.5 or stop():
            continue
        state[i] = 1
        cuts_of_prices(
            rankings.start, rankings.item, rankings.weight, margin, relaxation.group, price, state,
            constant[0], slope[0],
        )  # fmt: skip
        at = np.where(state == 0, 0.0, squeeze * x)
        at[i] = 1.0
        before = np.inf
        for used in range(2, cuts + 1):
            cuts_at(
                rankings.start, rankings.item, relaxation.falling, relaxation.best_after, rankings.weight, margin,
                relaxation.group, at, constant[used - 1], slope[used - 1],
            )  # fmt: skip
            share = np.full((used, groups), 0.3 / (used - 1))
            share[0] = 0.7
            bound = blend_cuts(constant, slope, used, problem.fixed_cost, state, size, target, aim, 60, share, mean)
            if bound < target or before - bound < 0.25 * (bound - target):
                break
            before = bound
            at = 0.5 * at + 0.5 * mean
            at[at < _FAR_OUT] = 0.0
            at[i] = 1.0
        state[i] = 0 if bound < target else -1
    return np.flatnonzero(state == 0)
