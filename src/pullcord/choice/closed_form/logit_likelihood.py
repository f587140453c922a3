"""The logit's likelihood on one design matrix: its value and derivatives, its maximum, its scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pullcord.base import InvalidInput

from ..compiling import share
from ..data import ChoiceData, Floats
from ..estimation import choices_made, identify
from ..trust_region import Maximum, Point, maximise
from .logit_kernels import Tiles, logit_blocks, logit_log_likelihoods, logit_probabilities, tiles

# With more situations than this a search begins on a part of them: it ends a step or two from where all lead.
_PART_SITUATIONS = 20_000
_PART_SHARE = 10
# The log-likelihood is concave, and its quadratic model good: the first step need not be short.
_RADIUS = 1e3
# Newton's method doubles the digits with each step: within this many standard errors all that matter are there.
_TOLERANCE = 1e-5
# Of a term's mean square: below this its variance within choices is the rounding of none.
_NO_VARIANCE = 1e-24
_LOOK_ROWS = 10_000
_NO_SCORES = np.empty((0, 0))


@dataclass(frozen=True, slots=True, eq=False)
class LogitLikelihood:
    """x : float64[row, term], what the tastes are multiplied with; choices, sets and weights as in `data`."""

    x: Floats
    data: ChoiceData
    tiles: Tiles

    @classmethod
    def of(cls, x: Floats, data: ChoiceData) -> LogitLikelihood:
        """Raises InvalidInput where nothing was chosen."""
        if not data.chosen.any():
            raise InvalidInput(f"nobody chose anything in `{data.name}`", "mark one alternative of each as chosen")
        closed = x.view()  # kernels are compiled for arrays that nobody may write to
        closed.flags.writeable = False
        return cls(closed, data, tiles(data.situation_start))

    def point(self, beta: Floats, part: Tiles | None = None, weight: Floats | None = None) -> Point:
        """Log-likelihood, gradient and exact information at some tastes, over all situations or over a part.

        weight : float64[situation], in place of the data's own.
        """
        value, gradient, information = self._pass(beta, part or self.tiles, weight, False, _NO_SCORES)
        return Point(value, gradient, information)

    def start(self) -> Point:
        """The point at which all tastes are 0, over all situations; over a part where they are many."""
        return self.point(np.zeros(self.x.shape[1]), self._part())

    def maximum(
        self, start: Floats | None, at_zero: Point | None = None, on_step: Callable[[int, Point], None] | None = None
    ) -> Maximum:
        """The tastes at which what was chosen was most likely.

        start : 0 if not given; at_zero : what `start()` said, so that it need not be computed twice.
        """
        beta = np.zeros(self.x.shape[1]) if start is None else np.asarray(start, dtype=np.float64)
        if beta.shape != (self.x.shape[1],):
            raise InvalidInput(f"the start has {beta.size} tastes, the utility {self.x.shape[1]}", "give one for each")
        at_zero = at_zero or self.start()
        part = self._part()
        # What a term does not tell at the start it never will: rounding must not be taken for information.
        scale = np.sqrt(np.diag(self.per_choice(at_zero)) * choices_made(self.data))

        def first(at: Floats) -> Point:
            return replace(self.point(at, part) if at.any() else at_zero, scale=scale)

        def then(at: Floats) -> Point:
            return replace(self.point(at), scale=scale)

        if part is None:
            return maximise(first, beta, radius=_RADIUS, tolerance=_TOLERANCE, on_step=on_step)
        ahead = maximise(first, beta, radius=_RADIUS, tolerance=1e-2, iterations_max=30)
        beta = ahead.estimates if ahead.converged else beta
        found = maximise(then, beta, radius=_RADIUS, tolerance=_TOLERANCE, on_step=on_step)
        return replace(
            found, iterations=found.iterations + ahead.iterations, evaluations=found.evaluations + ahead.evaluations
        )

    def score_products(self, beta: Floats) -> tuple[Floats, Floats]:
        """float64[term, term] each: sums of outer products of the scores of choices, and of persons.

        A count of choices stands for that many choices, each with a score of its own, by one person.
        """
        data = self.data
        apart = data.is_panel or data.is_counts
        scores = np.empty((data.situations, self.x.shape[1])) if apart else _NO_SCORES
        by_choice = self._pass(beta, self.tiles, None, True, scores)[2]
        if not apart:
            return by_choice, by_choice
        by_person = np.add.reduceat(scores, data.person_start[:-1], axis=0)
        return by_choice, by_person.T @ by_person

    def reference(self, names: Sequence[str], information: Floats, at_zero: Point) -> Floats:
        """float64[term, term]: what one choice tells while all alternatives are equally likely.

        From a part of large data, unless the part makes it seem that something is not identified.
        """
        measured = self.per_choice(at_zero)
        if self._part() is not None and identify(names, information, (), measured).unidentified:
            measured = self.per_choice(self.point(np.zeros(len(names))), whole=True)
        return measured

    def per_choice(self, at_zero: Point, *, whole: bool = False) -> Floats:
        """float64[term, term]: the information at the start, divided by how many choices it is of.

        A term that does not differ within choices has none, and not what rounding leaves.
        """
        part = None if whole else self._part()
        fraction = 1.0 if part is None else len(part.order) / self.data.situations
        measured = at_zero.information / (fraction * choices_made(self.data))
        size = np.mean(self.x[:: max(1, len(self.x) // _LOOK_ROWS)] ** 2, axis=0)
        none = np.diag(measured) <= _NO_VARIANCE * size
        measured[none] = 0.0
        measured[:, none] = 0.0
        return np.asarray(measured, dtype=np.float64)

    def _pass(
        self, beta: Floats, over: Tiles, weight: Floats | None, of_scores: bool, scores: Floats
    ) -> tuple[float, Floats, Floats]:
        data, terms = self.data, self.x.shape[1]
        if weight is not None:
            weight.flags.writeable = False
        values, gradients = np.zeros(over.blocks), np.zeros((over.blocks, terms))
        products = np.zeros((over.blocks, terms + terms % 2, terms + terms % 2))
        rows = len(self.x) * len(over.order) / data.situations
        beta = np.array(beta, dtype=np.float64)
        weight = data.weight if weight is None else weight

        def work(low: int, high: int) -> None:
            logit_blocks(
                self.x, data.chosen, data.situation_start, weight, over.order, over.first, over.size, beta, of_scores,
                low, high, values, gradients, products, scores,
            )  # fmt: skip

        share(over.blocks, rows * (terms * terms + 25.0 * terms + 60), work)
        triangle = np.triu(products.sum(axis=0)[:terms, :terms])
        return float(values.sum()), gradients.sum(axis=0), triangle + np.triu(triangle, 1).T

    def probabilities(self, beta: Floats) -> Floats:
        """float64[row]."""
        data, result = self.data, np.empty(len(self.x))
        beta = np.array(beta, dtype=np.float64)

        def work(low: int, high: int) -> None:
            logit_probabilities(self.x, data.situation_start, beta, low, high, result)

        share(data.situations, len(self.x) * (4.0 * len(beta) + 40), work)
        return result

    def log_likelihoods(self, beta: Floats) -> Floats:
        """float64[person], weights applied."""
        data, result = self.data, np.empty(self.data.situations)
        beta = np.array(beta, dtype=np.float64)

        def work(low: int, high: int) -> None:
            logit_log_likelihoods(self.x, data.chosen, data.situation_start, data.weight, beta, low, high, result)

        share(data.situations, len(self.x) * (4.0 * len(beta) + 40), work)
        return np.asarray(np.add.reduceat(result, data.person_start[:-1]), dtype=np.float64)

    def _part(self) -> Tiles | None:
        """A part of the situations, evenly spread; None where all are few."""
        situations = self.data.situations
        size = max(_PART_SITUATIONS, situations // _PART_SHARE)
        if situations < 2 * size:
            return None
        return tiles(self.data.situation_start, np.arange(size) * situations // size)
