"""People whose tastes differ, made up; and what a mixed logit says of them, written as plainly as it can be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from pullcord.base import stream
from pullcord.choice import (
    CensoredNormal,
    ChoiceData,
    ErrorComponent,
    Lognormal,
    MixedLogit,
    Triangular,
    TruncatedNormal,
    Uniform,
    design_matrix,
)
from pullcord.choice.mixed.parameters import Parameters

Floats = NDArray[np.float64]
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29)
_NORMAL = NormalDist()


def choosers(
    persons: int = 60,
    times: int = 4,
    sizes: Sequence[int] = (3,),
    *,
    means: Sequence[float] = (-1.0, 0.8, 0.5),
    sds: Sequence[float] = (0.4, 0.6, 0.0),
    seed: int = 1,
    replication: int = 0,
    weights: Floats | None = None,
) -> ChoiceData:
    """Persons who choose `times` times by normal tastes for price, speed and room; `income` is the person's own.

    sizes : of the choice sets, taken in turn.
    """
    chance = stream(seed, "tests.mixed_choosers", replication)
    situations = persons * times
    size = np.resize(np.asarray(sizes), situations)
    start = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    situation = np.repeat(np.arange(situations), size)
    person = situation // times
    x = chance.normal(size=(start[-1], 3))
    tastes = np.asarray(means) + np.asarray(sds) * chance.normal(size=(persons, 3))
    utility = np.einsum("rk,rk->r", x, tastes[person]) + chance.gumbel(size=start[-1])
    income = chance.normal(size=persons)
    return ChoiceData(
        name="choosers",
        column_names=("price", "speed", "room", "income"),
        alternatives=tuple("abcdefghijklmnop"[: size.max()]),
        columns=np.column_stack([x, income[person]]),
        alternative=np.arange(start[-1]) - start[situation],
        chosen=(utility == np.maximum.reduceat(utility, start[:-1])[situation]).astype(np.float64),
        situation_start=start,
        person_start=np.arange(persons + 1, dtype=np.int64) * times,
        weight=np.ones(situations) if weights is None else np.repeat(weights, times),
        person_ids=tuple(f"person {p}" for p in range(persons)),
    )


def radical_inverse(index: int, base: int) -> float:
    """The digits of a number, mirrored at the point."""
    result, worth = 0.0, 1.0 / base
    while index:
        index, digit = divmod(index, base)
        result += digit * worth
        worth /= base
    return result


def halton(unit: int, dimensions: int, count: int, drop: int = 100) -> Floats:
    """float64[dimension, draw], uniform: one long sequence cut into shares."""
    first = drop + unit * count
    return np.array([[radical_inverse(first + r, base) for r in range(count)] for base in PRIMES[:dimensions]])


def tastes_of(known: Parameters, estimates: Floats, unit: int, count: int, shifter: Floats) -> tuple[Floats, Floats]:
    """Tastes of a unit at its Halton draws: float64[taste, draw] of those that vary, and float64[taste] of the rest."""
    theta, t = known.to_kernel(estimates), known.tastes
    fixed, varying = t.fixed, len(t.transform)
    uniform = halton(unit, len(known.shapes), count)
    location = theta[fixed : fixed + varying].copy()
    for m, e in enumerate(t.shift_of):
        location[e] += theta[fixed + varying + len(t.pair_row) + m] * shifter[m]
    tastes = np.empty((varying, count))
    for e, mixing in enumerate(known.mixed):
        pairs = [c for c in range(len(t.pair_row)) if t.pair_row[c] == e]
        for r in range(count):
            eta = location[e]
            for c in pairs:
                u, factor = uniform[t.pair_column[c], r], theta[fixed + varying + c]
                if isinstance(mixing, Triangular):
                    eta += factor * math.sqrt(6) * (math.sqrt(2 * u) - 1 if u < 0.5 else 1 - math.sqrt(2 * (1 - u)))
                elif isinstance(mixing, Uniform):
                    eta += factor * math.sqrt(3) * (2 * u - 1)
                elif not isinstance(mixing, TruncatedNormal):
                    eta += factor * _NORMAL.inv_cdf(u)
            if isinstance(mixing, Lognormal):
                eta = mixing.sign * math.exp(eta)
            elif isinstance(mixing, CensoredNormal):
                eta = mixing.sign * max(0.0, mixing.sign * eta)
            elif isinstance(mixing, TruncatedNormal):
                mean, sd = mixing.sign * eta, factor
                left = (1 - u) * _NORMAL.cdf(mean / sd)  # the upper tail that remains above the draw
                eta = mixing.sign * (mean - sd * _NORMAL.inv_cdf(left))
            elif isinstance(mixing, ErrorComponent):
                assert location[e] == 0
            tastes[e, r] = eta
    return tastes, theta[:fixed]


def plainly(model: MixedLogit, estimates: Floats, data: ChoiceData) -> tuple[Floats, Floats]:
    """float64[person], log-likelihoods, and float64[row], probabilities; Halton draws only."""
    terms, known = model.parameters(data)
    x = design_matrix(terms, data)[:, known.columns]
    count = model.sequence.count
    t, varying = known.tastes, len(known.varying)
    unit_start = data.person_start if model.panel else np.arange(data.situations + 1)
    log_likelihoods, probabilities = np.zeros(data.persons), np.zeros(data.rows)
    shifters = np.array([by.values(data) for by in known.shifters]).reshape(len(known.shifters), data.rows)
    for unit in range(len(unit_start) - 1):
        first_row = data.situation_start[unit_start[unit]]
        tastes, rest = tastes_of(known, estimates, unit, count, shifters[:, first_row])
        product = np.ones(count)
        for s in range(unit_start[unit], unit_start[unit + 1]):
            rows = slice(data.situation_start[s], data.situation_start[s + 1])
            if t.wtp:
                utility = tastes[-1] * (x[rows, :-1] @ tastes[:-1] - x[rows, -1:])
            else:
                utility = x[rows, :varying] @ tastes + (x[rows, varying:] @ rest)[:, None]
            power = np.exp(utility - utility.max(axis=0))
            share = power / power.sum(axis=0)
            probabilities[rows] = share.mean(axis=1)
            product *= share[np.argmax(data.chosen[rows])]
        person = unit if model.panel else int(np.searchsorted(data.person_start, unit, side="right")) - 1
        log_likelihoods[person] += data.weight[unit_start[unit]] * math.log(product.mean())
    return log_likelihoods, probabilities
