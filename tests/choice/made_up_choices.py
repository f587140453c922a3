"""Choices made up by known tastes: of one kind of people or of several, in full sets or ragged ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pullcord.base import stream
from pullcord.choice import ChoiceData

Floats = NDArray[np.float64]


def made_up(
    tastes: Floats,
    *,
    persons: int = 100,
    times: int = 3,
    sizes: Sequence[int] = (3,),
    seed: int = 1,
    replication: int = 0,
    weights: Floats | None = None,
    shares: Floats | None = None,
) -> ChoiceData:
    """Persons who choose `times` times by `tastes`, float64[term] or float64[class, term].

    sizes : of the choice sets, taken in turn; shares : float64[class]; weights : float64[person]. Columns are x0, x1,
    ... and `age`, which is the person's; alternatives a, b, c, ...
    """
    chance = stream(seed, "tests.made_up_choices", replication)
    tastes = np.atleast_2d(tastes)
    situations, terms = persons * times, tastes.shape[1]
    size = np.resize(np.asarray(sizes), situations)
    start = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    situation = np.repeat(np.arange(situations), size)
    x = chance.normal(size=(start[-1], terms))
    kind = chance.choice(len(tastes), size=persons, p=shares)
    utility = np.einsum("rk,rk->r", x, tastes[kind[situation // times]]) + chance.gumbel(size=start[-1])
    age = chance.normal(size=persons)
    return ChoiceData(
        name="made up",
        column_names=(*(f"x{k}" for k in range(terms)), "age"),
        alternatives=tuple("abcdefghijklmnop"[: size.max()]),
        columns=np.column_stack([x, age[situation // times]]),
        alternative=np.arange(start[-1]) - start[situation],
        chosen=(utility == np.maximum.reduceat(utility, start[:-1])[situation]).astype(np.float64),
        situation_start=start,
        person_start=np.arange(persons + 1, dtype=np.int64) * times,
        weight=np.ones(situations) if weights is None else np.repeat(weights, times),
        person_ids=tuple(f"person {person}" for person in range(persons)),
    )


def coverage(estimates: Floats, errors: Floats, truth: Floats) -> Floats:
    """Share of replications whose 95 % interval holds the truth; estimates, errors : float64[replication, k]."""
    return np.asarray(np.mean(np.abs(estimates - truth) < 1.959964 * errors, axis=0), dtype=np.float64)
