"""Whether some combination of terms tells every choice beforehand, so that no finite estimate exists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pullcord.base import SolverFailure
from pullcord.solvers import Rows, Status, minimise

from ..data import ChoiceData, Floats, Integers

_PAIRS_PER_TERM = 30  # to begin with; pairs that the direction found so far gets wrong are added
_PAIRS_ADDED = 500
_ROUNDS_MAX = 200
_SLACK = 1e-6  # of the average advantage of what was chosen


def separating_direction(data: ChoiceData, x: Floats) -> Floats | None:
    """float64[term], tastes along which the log-likelihood rises without end; None where there are none.

    x : float64[row, term]. What was chosen is never below another alternative of its set in x @ direction, and above
    some. The largest weight is 1 or -1, and no term with a weight can be left out: without it the others separate
    nothing. The linear program for the smallest sum of |weights| (in within-set standard deviations), so that what
    was chosen is nowhere worse and on average better by 1, begins with a few pairs of chosen and other alternatives
    and adds those that it gets wrong; where even a few pairs allow no direction, none exists.

    Source: Albert and Anderson (1984), Biometrika 71(1), theorems 1 to 3; Konis (2007), Linear programming algorithms
    for detecting separated data in binary logistic regression models, thesis, Oxford, for the linear program.
    """
    sets = _Sets.of(data)
    if not len(sets.picked) or not x.shape[1]:
        return None
    found = _search(sets, x)
    if found is None:
        return None
    kept = np.flatnonzero(found).tolist()
    sizes = np.abs(found) * x.std(axis=0)
    for term in sorted(kept, key=lambda k: float(sizes[k])):
        fewer = [k for k in kept if k != term]
        without = _search(sets, x[:, fewer]) if fewer else None
        if without is not None:
            kept, found = fewer, np.zeros(x.shape[1])
            found[fewer] = without
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Sets:
    """start : int64[situation + 1]; situation, size : int64[row], each row's situation and the size of its set;
    picked : int64[...], rows that were chosen, of situations with weight."""

    start: Integers
    situation: Integers
    size: Integers
    picked: Integers

    @classmethod
    def of(cls, data: ChoiceData) -> _Sets:
        situation = data.situation_of_row()
        size = np.diff(data.situation_start)[situation]
        picked = np.flatnonzero((data.chosen > 0) & (data.weight[situation] > 0))
        return cls(data.situation_start, situation, size, picked)


def _search(sets: _Sets, x: Floats) -> Floats | None:
    mean = np.add.reduceat(x, sets.start[:-1], axis=0)[sets.situation] / sets.size[:, None]
    scale = np.sqrt(((x - mean) ** 2).mean(axis=0))
    scale[scale == 0] = 1.0
    picked = sets.picked
    gain = ((x[picked] - mean[picked]) * sets.size[picked][:, None]).sum(axis=0) / scale / sets.size[picked].sum()
    better, worse = _some_pairs(sets, x.shape[1])
    for _ in range(_ROUNDS_MAX):
        weights = _direction((x[better] - x[worse]) / scale, gain)
        if weights is None:
            return None
        utility = x @ (weights / scale)
        low, high = _extremes(utility, sets)
        wrong = np.flatnonzero(utility[low] < utility[high] - _SLACK)
        if not len(wrong):
            weights = np.where(np.abs(weights) > 1e-7 * np.abs(weights).max(), weights, 0.0) / scale
            return np.asarray(weights / np.abs(weights).max(), dtype=np.float64)
        worst = wrong[np.argsort(utility[low[wrong]] - utility[high[wrong]], kind="stable")[:_PAIRS_ADDED]]
        better, worse = np.append(better, low[worst]), np.append(worse, high[worst])
    raise SolverFailure("the search for a separating direction found no end", "ask again without `thorough`")


def _direction(advantage: Floats, gain: Floats) -> Floats | None:
    """The shortest weights with advantage @ weights >= 0 and gain @ weights = 1; None where there are none."""
    pairs, terms = advantage.shape
    matrix = np.vstack([np.hstack([advantage, -advantage]), np.hstack([gain, -gain])])
    width = 2 * terms
    rows = Rows(
        (np.arange(pairs + 2) * width).astype(np.int32),
        np.tile(np.arange(width, dtype=np.int32), pairs + 1),
        np.ascontiguousarray(matrix).ravel(),
    )
    lower = np.append(np.zeros(pairs), 1.0)
    upper = np.append(np.full(pairs, np.inf), 1.0)
    result = minimise(np.ones(width), rows, lower, upper)
    if result.status is Status.INFEASIBLE:
        return None
    if result.solution is None:
        raise SolverFailure(f"the search for a separating direction ended as {result.status}", "ask without it")
    return np.asarray(result.solution[:terms] - result.solution[terms:], dtype=np.float64)


def _some_pairs(sets: _Sets, terms: int) -> tuple[Integers, Integers]:
    """Rows that were chosen, and other rows of the same sets, of situations spread evenly."""
    picked = sets.picked
    wanted = min(len(picked), max(1, int(_PAIRS_PER_TERM * terms / sets.size[picked].mean())))
    few = picked[np.arange(wanted) * len(picked) // wanted]
    size = sets.size[few]
    better = np.repeat(few, size)
    within = np.arange(len(better)) - np.repeat(np.cumsum(size) - size, size)
    worse = np.repeat(sets.start[sets.situation[few]], size) + within
    other = better != worse
    return better[other], worse[other]


def _extremes(utility: Floats, sets: _Sets) -> tuple[Integers, Integers]:
    """The worst row that was chosen and the best row on offer, of each situation in which there was a choice."""
    owner = sets.situation[sets.picked]
    ordered = sets.picked[np.lexsort((utility[sets.picked], owner))]
    owner = sets.situation[ordered]
    low = ordered[np.concatenate([[True], owner[1:] != owner[:-1]])]
    every = np.lexsort((utility, sets.situation))
    return low, every[sets.start[sets.situation[low] + 1] - 1]
