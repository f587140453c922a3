"""Buyers to integrate over where the data bring none: draws of taste, or a grid, and people from a population."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist

import numpy as np

from pullcord.base import InvalidInput, stream

from .data import Agents, MarketData
from .terms import Floats, Table

_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53)


def normal_agents(
    data: MarketData,
    dimensions: int,
    *,
    draws: int = 500,
    seed: int = 0,
    population: Mapping[str, Floats] | None = None,
) -> Agents:
    """Agents with standard normal nodes: for each market a Halton sequence with a random shift of its own.

    population : what is known of people, one float64[person] for each name; every agent is one of them, drawn with
    replacement, all columns from the same person. Five hundred draws are few for more than two dimensions: look whether
    the estimates hold with twice as many.

    Source: Train (2009), Discrete Choice Methods with Simulation, 2nd ed., sec. 9.3; Conlon and Gortmaker (2020),
    sec. 3.5.
    """
    if not 0 <= dimensions <= len(_PRIMES):
        raise InvalidInput(f"{dimensions} dimensions", f"take 0 to {len(_PRIMES)}")
    if draws < 1:
        raise InvalidInput(f"{draws} draws", "take at least one")
    known = {name: np.asarray(values, dtype=np.float64) for name, values in (population or {}).items()}
    if len({len(values) for values in known.values()}) > 1:
        raise InvalidInput("the columns of the population differ in length", "give every person every number")
    inverse = np.vectorize(NormalDist().inv_cdf, otypes=[np.float64])
    base = np.column_stack([_radical_inverse(draws, _PRIMES[k]) for k in range(dimensions)] or [np.zeros((draws, 0))])
    nodes, people = [], []
    for market in range(data.markets):
        shift = stream(seed, "blp.nodes", market).uniform(size=dimensions)
        uniform = np.clip((base + shift) % 1.0, 1e-12, 1 - 1e-12)
        nodes.append(inverse(uniform) if uniform.size else uniform)
        if known:
            persons = len(next(iter(known.values())))
            drawn = stream(seed, "blp.people", market).integers(persons, size=draws)
            people.append(np.column_stack([values[drawn] for values in known.values()]))
    total = draws * data.markets
    return Agents(
        start=np.arange(data.markets + 1, dtype=np.int64) * draws,
        weight=np.full(total, 1.0 / draws),
        nodes=np.ascontiguousarray(np.vstack(nodes)),
        demographics=Table("agents", tuple(known), np.vstack(people) if people else np.zeros((total, 0))),
    )


def grid_agents(data: MarketData, dimensions: int, *, points: int = 7) -> Agents:
    """Agents on a Gauss-Hermite grid, the same in every market: exact for polynomials of degree 2 points - 1.

    There are points ** dimensions of them: for one to three dimensions, better than as many draws.
    """
    if points < 1 or dimensions < 1 or points**dimensions > 200_000:
        raise InvalidInput(f"{points} points in {dimensions} dimensions", "take a smaller grid, or `normal_agents`")
    node, weight = np.polynomial.hermite_e.hermegauss(points)
    weight = weight / weight.sum()
    axes = np.meshgrid(*[node] * dimensions, indexing="ij")
    weights = np.ones(points**dimensions)
    for axis in np.meshgrid(*[weight] * dimensions, indexing="ij"):
        weights *= axis.ravel()
    grid = np.column_stack([axis.ravel() for axis in axes])
    agents = len(grid)
    return Agents(
        start=np.arange(data.markets + 1, dtype=np.int64) * agents,
        weight=np.tile(weights, data.markets),
        nodes=np.ascontiguousarray(np.tile(grid, (data.markets, 1))),
        demographics=Table("agents", (), np.zeros((agents * data.markets, 0))),
    )


def _radical_inverse(count: int, prime: int) -> Floats:
    """float64[count]: Halton's sequence in a prime base, its first member left out."""
    numbers = np.arange(1, count + 1)
    result, factor = np.zeros(count), 1.0 / prime
    while np.any(numbers):
        result += factor * (numbers % prime)
        numbers //= prime
        factor /= prime
    return result
