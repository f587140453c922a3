"""Made-up markets with known parameters: to learn what a sample can tell before trusting what it tells."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pullcord.base import InvalidInput, NotFound, SolverFailure, stream

from .data import MarketData
from .demand import Demand
from .model import BLP
from .system import taste_terms
from .terms import Floats, Term, design, parse_terms


def simulate(
    model: BLP,
    data: MarketData,
    parameters: Mapping[str, float],
    *,
    xi_sd: float = 0.5,
    omega_sd: float = 0.1,
    correlation: float = 0.5,
    seed: int = 0,
) -> MarketData:
    """The same products and agents with prices in equilibrium and the shares that follow.

    data : characteristics, firms and agents; its shares are replaced, and its prices too where the model has costs
    (they serve as the start of the search for the equilibrium). parameters : by name as in a fit, `sigma range`,
    `beta prices`, `gamma 1`. xi and omega are normal with the standard deviations and correlation given.
    Raises NotFound for a parameter without a value, SolverFailure where no equilibrium is found.
    """
    if data.agents is None:
        raise InvalidInput(f"`{data.name}` has no agents", "draw them: `normal_agents`")
    tastes, names = taste_terms(model, data)
    theta = np.array([_value(parameters, name) for name in names])
    linear = parse_terms(model.linear)
    noise = stream(seed, "blp.simulate").standard_normal((2, data.rows))
    xi = xi_sd * noise[0]
    omega = omega_sd * (correlation * noise[0] + np.sqrt(1 - correlation**2) * noise[1])
    delta = _index(linear, "beta", data, parameters) + xi
    priced = [term for term in linear if data.price_name in term.columns()]
    slopes = [term.slope(data.price_name) for term in priced]
    mean = sum(
        _value(parameters, f"beta {t.name}") * (np.nan if s is None else s) for t, s in zip(priced, slopes, strict=True)
    )
    demand = Demand(data, delta, tastes, theta, mean + tastes.tastes(theta) @ tastes.price_slopes)
    if model.costs is None:
        return data.with_outcome(data.price, demand.shares())
    costs = _index(parse_terms(model.costs), "gamma", data, parameters) + omega
    settled = demand.equilibrium(np.exp(costs) if model.cost_form == "log" else costs)
    if settled.unsettled:
        raise SolverFailure(
            f"no prices are in equilibrium in market {', '.join(settled.unsettled[:5])}",
            "see whether buyers dislike high prices, and whether costs are in the same unit",
        )
    return data.with_outcome(settled.price, settled.share)


def _index(terms: tuple[Term, ...], prefix: str, data: MarketData, parameters: Mapping[str, float]) -> Floats:
    values = np.array([_value(parameters, f"{prefix} {term.name}") for term in terms])
    return np.asarray(design(terms, data.columns) @ values)


def _value(parameters: Mapping[str, float], name: str) -> float:
    if name not in parameters:
        raise NotFound(f"`{name}` has no value", f"there are {', '.join(parameters)}")
    return float(parameters[name])
