"""The simulated log-likelihood of a mixed logit as a sum over persons: on one shard of the data, or on all.

A shard knows what its first person is called in the draws, so that shards together give what the whole gives.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

import numpy as np

from pullcord.base import InvalidInput

from ..data import ChoiceData, Floats, Integers
from ..utility import Term, design_matrix
from .draw_kernels import DrawTables
from .draws import Draws
from .kernels import Rows, Sums, likelihood, most_of
from .lanes import numba
from .parameters import Parameters
from .scratch import scratch_for, second_scratch_for

# Rows x draws below which handing a piece to another thread costs more than it saves.
_PIECE = 400_000
_PIECES_MAX = 64
_NONE, _NO_UNITS = np.empty((0, 0)), np.empty(0)


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What an objective says of one parameter vector; evaluations of shards add up to that of all.

    value : log-likelihood; gradient : float64[parameter]; products : float64[parameter, parameter], sum of outer
    products of scores of units, each weighted once. hessian : of the log-likelihood, where it was asked for.
    meat_robust, meat_clustered : outer products of weighted scores of units, and of persons; with the Hessian.
    """

    value: float
    gradient: Floats
    products: Floats
    hessian: Floats | None = None
    meat_robust: Floats | None = None
    meat_clustered: Floats | None = None

    def __add__(self, other: Evaluation) -> Evaluation:
        def joined(a: Floats | None, b: Floats | None) -> Floats | None:
            return None if a is None or b is None else a + b

        return Evaluation(
            self.value + other.value,
            self.gradient + other.gradient,
            self.products + other.products,
            joined(self.hessian, other.hessian),
            joined(self.meat_robust, other.meat_robust),
            joined(self.meat_clustered, other.meat_clustered),
        )

    def only(self, kept: Integers) -> Evaluation:
        """Of some of the parameters."""

        def part(matrix: Floats | None) -> Floats | None:
            return None if matrix is None else matrix[np.ix_(kept, kept)]

        return Evaluation(
            self.value,
            self.gradient[kept],
            self.products[np.ix_(kept, kept)],
            part(self.hessian),
            part(self.meat_robust),
            part(self.meat_clustered),
        )


Evaluate = Callable[..., Evaluation]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)
class MixedObjective:
    """A shard of the data, ready for kernels; it can be pickled and sent to where it is computed.

    persons : int64[person + 1], units of a person: one in a panel. first_unit : what the shard's first unit is called
    in the draws.
    """

    rows: Rows
    parameters: Parameters
    draws: Draws
    tables: DrawTables
    single: DrawTables
    persons: Integers
    first_unit: int

    @classmethod
    def of(
        cls,
        data: ChoiceData,
        terms: tuple[Term, ...],
        parameters: Parameters,
        draws: Draws,
        *,
        seed: int,
        panel: bool = True,
        first_unit: int = 0,
        design: Floats | None = None,
    ) -> MixedObjective:
        """The objective on a shard of persons.

        first_unit : how many units (persons in a panel, else situations) stand before this shard's in the whole data.
        design : float64[row, term], if it is at hand.
        Raises InvalidInput for counts, and for weights or characteristics that change within a unit.
        """
        persons = data.person_start if not panel else np.arange(data.persons + 1)
        unit_start = np.array(data.person_start) if panel else np.arange(data.situations + 1)
        if panel and not _same_within(data.weight, data.person_start[:-1]):
            raise InvalidInput("a person's choices have different weights", "weigh persons, or fit with panel=False")
        start = np.array(data.situation_start)
        rows = Rows(
            x=(design_matrix(terms, data) if design is None else design).ravel(),
            columns=parameters.columns,
            start=start,
            chosen=data.chosen_row(),
            unit_start=unit_start,
            weight=np.array(data.weight[unit_start[:-1]]),
            shifter=shifter_values(data, parameters, unit_start).ravel(),
            most=most_of(start, unit_start, parameters.tastes),
        )
        return cls(
            rows=rows,
            parameters=parameters,
            draws=draws,
            tables=draws.tables(parameters.shapes, seed),
            single=draws.tables(parameters.shapes, seed, single=True),
            persons=np.ascontiguousarray(persons, dtype=np.int64),
            first_unit=first_unit,
        )

    @property
    def units(self) -> int:
        """How many sets of draws there are."""
        return len(self.rows.weight)

    def evaluate(
        self, theta: Floats, *, draws: int | None = None, step: int = 1, single: bool = False, hessian: bool = False
    ) -> Evaluation:
        """Value and derivatives at some parameters.

        theta : float64[parameter]. draws : how many, the first of each unit's; all by default. step : 1 for all units,
        n for every n-th. single : compute in float32; never for the Hessian.
        """
        count = self.draws.count if draws is None else min(draws, self.draws.count)
        short = single and not hessian
        scores_wanted = hessian and (len(self.persons) - 1 < self.units or bool(np.any(self.rows.weight != 1)))
        scores = np.empty((self.units, self.parameters.kernel_count)) if scores_wanted else _NONE
        found = self._pass(theta, count, step=step, short=short, hessian=hessian, scores=scores)
        place = found.place[self.parameters.place]
        products = _square(found.products, place)
        second = meat = clustered = None
        if hessian:
            second = _square(found.second, place)
            meat = clustered = products
            if scores_wanted:
                mine = scores[:, self.parameters.place]
                meat = mine.T @ mine
                by_person = np.add.reduceat(mine, self.persons[:-1], axis=0)
                clustered = by_person.T @ by_person
        return Evaluation(found.value, found.gradient[place], products, second, meat, clustered)

    def by_unit(self, theta: Floats) -> Floats:
        """float64[unit], log-likelihoods without weights."""
        result = np.empty(self.units)
        self._pass(theta, self.draws.count, by_unit=result)
        return result

    def scores(self, theta: Floats) -> Floats:
        """float64[unit, parameter], weighted."""
        result = np.empty((self.units, self.parameters.kernel_count))
        self._pass(theta, self.draws.count, scores=result)
        return np.ascontiguousarray(result[:, self.parameters.place])

    def tastes_given_choices(self, theta: Floats) -> tuple[Floats, Floats]:
        """float64[unit, taste] each: means and standard deviations of tastes among those who chose as the unit did."""
        moments = np.empty((self.units, 2 * len(self.parameters.varying)))
        self._pass(theta, self.draws.count, moments=moments)
        mean, square = moments[:, 0::2], moments[:, 1::2]
        return mean, np.sqrt(np.maximum(square - mean**2, 0.0))

    def _pass(
        self,
        theta: Floats,
        count: int,
        *,
        step: int = 1,
        short: bool = False,
        hessian: bool = False,
        by_unit: Floats = _NO_UNITS,
        scores: Floats = _NONE,
        moments: Floats = _NONE,
    ) -> _Found:
        """One pass over the units, in pieces that threads share; what they find is added up in the pieces' order."""
        at = self.parameters.to_kernel(theta)
        full, tastes = len(at), self.parameters.tastes
        rows = self.rows._replace(x=_closed(self.rows.x))
        place = None
        if hessian and self._opens():
            tastes, place = self.parameters.opened()
            at, closed = np.empty(full), at
            at[place] = closed
            rows = rows._replace(most=most_of(rows.start, rows.unit_start, tastes))
        kind, tables = (np.float32, self.single) if short else (np.float64, self.tables)

        def piece(first: int, end: int) -> tuple[Sums, Floats]:
            second = np.zeros(full * full if hessian else 0)
            sums = Sums(np.zeros(1), np.zeros(full), np.zeros(full * full), by_unit, scores, moments)
            room = scratch_for(rows, tastes, tables, at, count, kind=kind, moments=len(moments) > 0, second=hessian)
            likelihood(
                rows, tastes, tables, at, self.first_unit, (first, end, step), count, sums, room,
                None if short else second_scratch_for(rows, tastes), None if short else second,
            )  # fmt: skip
            return sums, second

        found = in_pieces(piece, self._cuts(count, step))
        if place is not None and len(scores):
            scores[:] = scores[:, place]
        return _Found(
            float(sum(sums.value[0] for sums, _ in found)),
            np.sum([sums.gradient for sums, _ in found], axis=0),
            np.sum([sums.products for sums, _ in found], axis=0),
            np.sum([second for _, second in found], axis=0),
            np.arange(full) if place is None else place,
        )

    def _opens(self) -> bool:
        """Whether second derivatives cost less with fixed tastes among those that vary: with few of them, in panels.

        Among those that vary, each row costs a product for each pair of tastes. Apart from them, it costs a sum that
        does not stay in the first cache for each parameter and row, and for each pair of rows in a situation.
        """
        t = self.parameters.tastes
        fixed, varying = int(t.fixed), len(t.transform)
        together = fixed * varying + fixed * (fixed + 1) // 2
        of_situation = int(self.rows.start[-1]) / (len(self.rows.start) - 1) - 1
        apart = varying + len(t.pair_row) + of_situation / 2
        return bool(fixed and self.rows.most[1] > 1 and together < 4 * apart)

    def _cuts(self, count: int, step: int) -> list[int]:
        """Where pieces of about the same work begin; they do not depend on the machine, so that sums do not."""
        rows = int(self.rows.start[-1])
        pieces = int(np.clip(rows * count // step // _PIECE, 1, _PIECES_MAX))
        if pieces == 1:
            return [0, self.units]
        wanted = np.searchsorted(self.rows.start, np.arange(1, pieces) * rows // pieces)
        # Each piece begins with a unit that counts.
        cuts = np.unique(np.searchsorted(self.rows.unit_start, wanted) // step * step)
        return [0, *cuts[cuts > 0].tolist(), self.units]


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Sums over units, by the kernels' parameters; products and second : float64[k * k], below the diagonal.

    place : int64[k], where each of our parameters stands among the kernels'; scores are put back in our order.
    """

    value: float
    gradient: Floats
    products: Floats
    second: Floats
    place: Integers


def shifter_values(data: ChoiceData, parameters: Parameters, unit_start: Integers) -> Floats:
    """float64[unit, shifter]. Raises InvalidInput for a characteristic that changes within a unit."""
    first_row = data.situation_start[unit_start[:-1]]
    result = np.empty((len(first_row), len(parameters.shifters)))
    for m, by in enumerate(parameters.shifters):
        values = by.values(data)
        if not _same_within(values, first_row):
            raise InvalidInput(f"`{by.name}` shifts a taste, but changes within a person's choices", _STEADY)
        result[:, m] = values[first_row]
    return result


_STEADY = "let shifters be of persons, or fit with panel=False"


def _closed(x: Floats) -> Floats:
    """The same numbers, not to be written: what is or is not is two types to numba, and two compilations."""
    view = x.view()
    view.flags.writeable = False
    return view


def _same_within(values: Floats, first: Integers) -> bool:
    return bool(np.all(np.maximum.reduceat(values, first) == np.minimum.reduceat(values, first)))


def _square(lower: Floats, place: Integers) -> Floats:
    """From a triangle of the kernels' parameters to the whole matrix of those estimated."""
    size = math.isqrt(len(lower))
    matrix = lower.reshape(size, size)
    whole = matrix + matrix.T
    whole[np.arange(size), np.arange(size)] -= np.diag(matrix)
    return np.asarray(whole[place][:, place], dtype=np.float64)


def in_pieces(work: Callable[[int, int], Result], cuts: list[int]) -> list[Result]:
    """What a piece of work says of each span between cuts, in their order; threads share the spans."""
    spans = list(pairwise(cuts))
    if len(spans) == 1 or numba.get_num_threads() == 1:
        return [work(*span) for span in spans]
    return list(_pool(numba.get_num_threads()).map(lambda span: work(*span), spans))


@lru_cache(maxsize=4)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="mixed-logit")
