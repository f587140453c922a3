"""Where the search for a mixed logit begins: at a plain logit on some of the data, with tastes spread about it."""

from __future__ import annotations

import numpy as np

from ..closed_form.logit_likelihood import LogitLikelihood
from ..data import ChoiceData, Floats
from ..trust_region import maximise
from ..utility import Term, design_matrix
from .mixing import ErrorComponent
from .parameters import Parameters
from .tastes import CENSORED, EXPONENTIAL, TRUNCATED

_SITUATIONS_MIN, _SITUATIONS_PER_TERM = 1000, 50
_SPREAD_OF_LOG = (0.1, 1.0)  # bounds of the first standard deviation of a logarithm
_SPREAD_OF_SCALE = 0.3


def starting_values(data: ChoiceData, terms: tuple[Term, ...], parameters: Parameters) -> Floats:
    """float64[parameter]: means from a logit, and tastes spread so that each moves utility by about 1.

    A spread that small beside the logit's own noise would leave the likelihood flat; tastes that vary also grow away
    from the logit's, which has taken their spread for noise.
    """
    some = _some(data, max(_SITUATIONS_MIN, _SITUATIONS_PER_TERM * len(terms)))
    x = design_matrix(terms, some)
    beta = _logit(x, some)
    size = _spread_of(x, some)
    t = parameters.tastes
    theta = np.zeros(parameters.kernel_count)
    count, fixed = len(t.transform), int(t.fixed)
    order = parameters.columns
    theta[:fixed] = beta[order[count:]]
    means, unit = beta[order[:count]], 1.0 / size[order[:count]]
    if t.wtp:
        scale = -means[-1] if means[-1] < 0 else 0.1 * unit[-1]
        means, unit = means / scale, unit / scale
        means[-1] = scale
    for e in range(count):
        mean, spread = float(means[e]), float(unit[e])
        if t.wtp and e == count - 1:
            mean, spread = (np.log(mean), _SPREAD_OF_SCALE) if t.transform[e] == EXPONENTIAL else (mean, 0.0)
        elif t.transform[e] == EXPONENTIAL:
            level = max(float(t.sign[e]) * mean, 0.1 * spread)
            mean, spread = float(np.log(level)), float(np.clip(spread / level, *_SPREAD_OF_LOG))
        elif t.transform[e] in (CENSORED, TRUNCATED):
            mean = float(t.sign[e]) * max(float(t.sign[e]) * mean, 0.1 * spread)
        elif isinstance(parameters.mixed[e], ErrorComponent):
            mean = 0.0
        theta[fixed + e] = mean
        for c in range(int(t.pair_start[e]), int(t.pair_start[e + 1])):
            if c == t.pair_start[e + 1] - 1:  # the diagonal closes a row
                theta[fixed + count + c] = spread
    return theta[parameters.place]


def _some(data: ChoiceData, situations: int) -> ChoiceData:
    """Persons spread evenly over the data, with about as many situations."""
    if data.situations <= 2 * situations:
        return data
    persons = max(1, data.persons * situations // data.situations)
    return data.take_persons(np.arange(persons) * data.persons // persons)


def _logit(x: Floats, data: ChoiceData) -> Floats:
    likelihood = LogitLikelihood.of(x, data)
    found = maximise(likelihood.point, np.zeros(x.shape[1]), tolerance=0.1, radius=1e3, iterations_max=15)
    return np.asarray(found.estimates, dtype=np.float64)


def _spread_of(x: Floats, data: ChoiceData) -> Floats:
    """float64[term]: how far the terms' values lie apart within a situation."""
    sizes = np.diff(data.situation_start)
    means = np.add.reduceat(x, data.situation_start[:-1], axis=0) / sizes[:, None]
    within = np.sqrt(np.mean((x - np.repeat(means, sizes, axis=0)) ** 2, axis=0) * 2)
    return np.where(within > 0, within, 1.0)
