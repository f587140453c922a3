"""Instruments made of what rivals are like, and the best ones at given estimates.

What rivals offer moves a firm's markup and not what buyers think of its own product: the further a product stands from
others, the more it can ask.

Sources: Berry, Levinsohn and Pakes (1995), sec. 5.1; Gandhi and Houde (2019), Measuring substitution patterns in
differentiated products industries; Chamberlain (1987), Journal of Econometrics 34(3); Reynaert and Verboven (2014),
Journal of Econometrics 179(1); Conlon and Gortmaker (2020), sec. 2.5 and 3.2.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from pullcord.base import InvalidInput, SolverFailure

from .data import MarketData
from .demand import Demand
from .fit import BLPFit
from .model import BLP
from .system import Equation, System, build
from .terms import Floats, design, parse_terms


def characteristic_sums(data: MarketData, formula: str) -> MarketData:
    """The data with, for each term, its sum over the firm's other products and over rivals' products in the market.

    The columns are named `sum_own hpwt` and `sum_rival hpwt`; `sum_own 1` counts the firm's other products.
    """
    terms = parse_terms(formula)
    values = design(terms, data.columns)
    _, firm = np.unique(np.column_stack([data.market, data.firm]), axis=0, return_inverse=True)
    columns: dict[str, Floats] = {}
    for term, column in zip(terms, values.T, strict=True):
        by_firm: Floats = np.bincount(firm.reshape(-1), weights=column)[firm.reshape(-1)].astype(np.float64)
        by_market = np.bincount(data.market, weights=column)[data.market]
        columns[f"sum_own {term.name}"] = by_firm - column
        columns[f"sum_rival {term.name}"] = by_market - by_firm
    return data.with_columns(**columns)


def differentiation_instruments(
    data: MarketData, formula: str, kind: Literal["local", "quadratic"] = "local"
) -> MarketData:
    """The data with, for each term, how near the firm's other products and rivals' products are in it.

    local : how many are nearer than one standard deviation of all distances. quadratic : the sum of squared distances.
    The columns are named `near_own hpwt` and `near_rival hpwt`, or `far_own hpwt` and `far_rival hpwt`. For a term
    that takes few values, such as a dummy, local counts the products that share it.
    """
    if kind not in ("local", "quadratic"):
        raise InvalidInput(f"`{kind}` is no kind of differentiation instrument", "take local or quadratic")
    terms = parse_terms(formula)
    values = design(terms, data.columns)
    word = "near" if kind == "local" else "far"
    columns: dict[str, Floats] = {}
    for term, column in zip(terms, values.T, strict=True):
        own, rival = np.zeros(data.rows), np.zeros(data.rows)
        distances = [_distances(data, column, at) for at in range(data.markets)]
        limit = _spread(distances)
        for at, distance in enumerate(distances):
            rows = slice(data.start[at], data.start[at + 1])
            value = (np.abs(distance) < limit).astype(np.float64) if kind == "local" else distance**2
            np.fill_diagonal(value, 0.0)
            same = data.firm[rows][:, None] == data.firm[rows][None, :]
            own[rows] = (value * same).sum(axis=1)
            rival[rows] = (value * ~same).sum(axis=1)
        columns[f"{word}_own {term.name}"] = own
        columns[f"{word}_rival {term.name}"] = rival
    return data.with_columns(**columns)


def optimal_instruments(fit: BLPFit) -> tuple[BLP, MarketData]:
    """The model and data with the instruments that tell most at the estimates; fit again with them.

    Those are the derivatives of xi and omega with respect to each parameter, expected given what is exogenous, weighed
    by the inverse covariance of the two. The expectation is taken at xi = omega = 0: costs are those foreseen, prices
    the equilibrium that follows from them; without a supply side, the prices foreseen by the instruments at hand.

    The columns are named `optimal_demand0` and so on. Raises SolverFailure where expected prices are not found.
    """
    model, data = fit.model, fit.data
    system = build(model, data)
    expected = _expected(fit, system)
    written = build(model, expected)
    found = written.evaluate(fit.theta, np.eye(len(written.cross())))
    if len(found.failed):
        raise SolverFailure("the expected market has no mean utilities", "see whether the estimates are far off")
    slopes = found.xi_slope
    if system.price_linear is not None:
        slopes = np.column_stack([slopes, -system.without_means(expected.price)])
    own, shifters = system.demand, system.supply
    if shifters is None:
        return _with(model, data, own, slopes, None, None)
    omega_slopes = found.omega_slope
    precision = np.linalg.inv(np.cov(np.vstack([fit.xi, fit.omega]), bias=True))
    demand = precision[0, 0] * slopes + precision[0, 1] * omega_slopes
    supply = precision[1, 0] * slopes + precision[1, 1] * omega_slopes
    return _with(model, data, own, demand, shifters, supply)


def _expected(fit: BLPFit, system: System) -> MarketData:
    """The markets as they would be without the unexplained: prices and shares that follow from what is exogenous."""
    data = fit.data
    plain = Demand(data, fit.delta - fit.xi, fit.tastes, fit.theta, fit.taste_for_price)
    if system.supply is None:
        basis = system.demand.instruments
        centred = system.without_means(data.price)
        price = data.price - centred + basis @ (basis.T @ centred) / data.rows
        return data.with_outcome(price, plain.shares(price))
    gamma = np.array([fit[name] for name in system.supply.names])
    costs = system.supply.regressors @ gamma
    settled = plain.equilibrium(np.exp(costs) if system.log_costs else costs)
    if settled.unsettled:
        raise SolverFailure(
            f"no prices are found for market {', '.join(settled.unsettled[:10])}", "fit with other instruments first"
        )
    return data.with_outcome(settled.price, settled.share)


def _with(
    model: BLP,
    data: MarketData,
    own: Equation,
    demand: Floats,
    shifters: Equation | None,
    supply: Floats | None,
) -> tuple[BLP, MarketData]:
    columns = {f"optimal_demand{k}": c for k, c in enumerate(_beyond(own.exogenous, demand).T)}
    if shifters is not None and supply is not None:
        columns |= {f"optimal_supply{k}": c for k, c in enumerate(_beyond(shifters.regressors, supply).T)}
        model = replace(model, supply_instruments="optimal_supply*")
    return replace(model, demand_instruments="optimal_demand*"), data.with_columns(**columns)


def _beyond(base: Floats, candidates: Floats) -> Floats:
    """The candidates, in order, that are no linear combination of the base and of those before."""
    kept: list[Floats] = []
    for column in candidates.T:
        known = np.column_stack([base, *kept])
        known = known / np.maximum(np.linalg.norm(known, axis=0), 1e-300)
        left = column - known @ np.linalg.lstsq(known, column, rcond=None)[0]
        if np.linalg.norm(left) > 1e-6 * np.linalg.norm(column):
            kept.append(column)
    return np.column_stack(kept) if kept else np.zeros((len(base), 0))


def _distances(data: MarketData, column: Floats, at: int) -> Floats:
    values = column[data.start[at] : data.start[at + 1]]
    return np.asarray(values[None, :] - values[:, None])


def _spread(distances: list[Floats]) -> float:
    """Standard deviation of the distances between different products of a market, over all markets."""
    apart = np.concatenate([d[~np.eye(len(d), dtype=bool)] for d in distances])
    return float(apart.std()) if len(apart) else 0.0
