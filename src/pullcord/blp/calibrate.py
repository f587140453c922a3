"""Tastes from a survey, constants and the scale of utility from sales.

A survey tells how people trade attributes against each other; it cannot tell how much else decides in a showroom. Sales
tell that: constants make predicted shares equal those observed, and where prices differ between markets for reasons
that buyers do not care about, they tell the scale on which survey utilities act.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pullcord.base import InvalidInput

from .data import Agents, MarketData
from .demand import Demand
from .gmm import Covariance, demean, independent
from .inversion import Tastes, mean_utilities
from .logit import FIRST_STAGE_WEAK, first_stage, weak_instruments
from .search import moments_covariance, search
from .system import Equation, System, matching
from .terms import Floats, Table, design, parse_terms


@dataclass(frozen=True, slots=True, eq=False)
class SurveyTastes:
    """Tastes of people drawn from a choice model: utility for each unit of each term.

    terms : written as in a formula over the products' columns, the price among them. draws : float64[draw, term].
    weight : float64[draw], summing to 1; equal if None.
    """

    terms: tuple[str, ...]
    draws: Floats
    weight: Floats | None = None

    def __post_init__(self) -> None:
        if self.draws.ndim != 2 or self.draws.shape[1] != len(self.terms) or not len(self.draws):
            raise InvalidInput("draws of taste and terms do not fit together", "give one column of draws for each term")
        if not np.all(np.isfinite(self.draws)):
            raise InvalidInput("a draw of taste is no number", "leave out draws of parameters that are not identified")


@dataclass(frozen=True, slots=True, eq=False)
class CalibratedTastes:
    """Survey tastes that reproduce observed shares.

    scale : by which survey utilities are multiplied; standard_error : None where the scale was given.
    constants : float64[row], the part of mean utility that the survey does not know.
    demand : the demand system with these, to ask for elasticities and other prices.
    """

    scale: float
    standard_error: float | None
    constants: Floats
    demand: Demand
    notes: tuple[str, ...]


def constants_for_tastes(share: Floats, attributes: Floats, draws: Floats, weight: Floats | None = None) -> Floats:
    """float64[product]: constants at which people of these tastes buy each product as often as observed, in one market.

    share : float64[product], of all who could have bought, summing to less than 1. attributes : float64[product, term].
    draws : float64[draw, term], utility per unit. weight : float64[draw], equal if None.
    For one draw this is Berry's log(share) - log(outside share) - attributes @ draw. Raises SolverFailure where no
    constants do it. Source: Berry, Levinsohn and Pakes (1995), sec. 6.
    """
    products = len(share)
    data = MarketData(
        name="market",
        market_names=("market",),
        product_names=tuple(str(at) for at in range(products)),
        firm_names=("all",),
        cluster_names=tuple(str(at) for at in range(products)),
        start=np.array([0, products], dtype=np.int64),
        product=np.arange(products, dtype=np.int64),
        firm=np.zeros(products, dtype=np.int64),
        cluster=np.arange(products, dtype=np.int64),
        share=np.array(share, dtype=np.float64),
        price=np.ones(products),
        price_name="price",
        columns=Table("products", (), np.zeros((products, 0))),
        agents=_agents(1, draws, weight),
    )
    return mean_utilities(data, _tastes(np.asarray(attributes, dtype=np.float64), draws, 1, None), np.ones(1))


def calibrate_tastes(
    data: MarketData,
    survey: SurveyTastes,
    *,
    scale: float | None = None,
    linear: str = "1",
    instruments: str | tuple[str, ...] = "demand_instruments*",
    absorb: str | None = None,
    weighting: Covariance = "robust",
    scale_max: float = 20.0,
) -> CalibratedTastes:
    """The constants, and where no scale is given the scale, at which survey tastes explain observed shares.

    The scale is estimated by GMM: what the constants hold beyond `linear` and fixed effects (`absorb`) must not go with
    the instruments, which move prices and not tastes: cost shifters, taxes, rivals' characteristics. A scale of 1 says
    that people choose among cars on sale as they did in the survey; below 1, that more else decides.
    """
    terms = parse_terms(" + ".join(survey.terms))
    attributes = design(terms, data.columns)
    slopes = np.array([np.nan if s is None else s for s in (t.slope(data.price_name) for t in terms)])
    priced = data.with_agents(_agents(data.markets, survey.draws, survey.weight))
    tastes = _tastes(attributes, survey.draws, data.markets, slopes)
    error: float | None = None
    notes: list[str] = []
    if scale is None:
        system = _system(priced, tastes, linear, instruments, absorb)
        ended = search(system, [np.ones(1)], np.zeros(1), np.full(1, scale_max), weighting)
        scale = float(ended.found.theta[0])
        slope = np.column_stack([ended.found.full_jacobian])
        bread = np.linalg.inv(slope.T @ ended.weighting @ slope)
        reach = bread @ slope.T @ ended.weighting
        error = float(np.sqrt((reach @ moments_covariance(system, ended.found, weighting) @ reach.T)[0, 0] / data.rows))
        if not 0 < scale < scale_max:
            notes.append(f"the scale ended at its bound, {scale:g}: sales and survey contradict each other")
            error = None
        strength = first_stage(
            system.without_means(data.price), system.demand.regressors, system.demand.excluded, data, weighting
        )
        if strength < FIRST_STAGE_WEAK:
            notes.append(weak_instruments(strength))
    elif not scale > 0:
        raise InvalidInput(f"a scale of {scale:g}", "utilities are multiplied by a number above zero")
    theta = np.array([scale])
    constants = mean_utilities(priced, tastes, theta)
    taste_for_price = tastes.tastes(theta) @ slopes
    return CalibratedTastes(
        scale, error, constants, Demand(priced, constants, tastes, theta, taste_for_price), tuple(notes)
    )


def _agents(markets: int, draws: Floats, weight: Floats | None) -> Agents:
    count = len(draws)
    each = np.full(count, 1.0 / count) if weight is None else np.asarray(weight, dtype=np.float64)
    return Agents(
        start=np.arange(markets + 1, dtype=np.int64) * count,
        weight=np.tile(each, markets),
        nodes=np.zeros((count * markets, 0)),
        demographics=Table("agents", (), np.zeros((count * markets, 0))),
    )


def _tastes(attributes: Floats, draws: Floats, markets: int, slopes: Floats | None) -> Tastes:
    terms = attributes.shape[1]
    return Tastes(
        attributes=np.ascontiguousarray(attributes),
        drawn=np.ascontiguousarray(np.tile(np.asarray(draws, dtype=np.float64), (markets, 1))),
        pairs=np.array([(0, k, k) for k in range(terms)], dtype=np.int64).reshape(terms, 3),
        parameters=1,
        price_slopes=np.zeros(terms) if slopes is None else slopes,
    )


def _system(
    data: MarketData, tastes: Tastes, linear: str, instruments: str | tuple[str, ...], absorb: str | None
) -> System:
    terms = parse_terms(linear)
    columns = matching(instruments, data.columns)
    regressors = design(terms, data.columns)
    excluded = np.column_stack([data.columns.column(name) for name in columns])
    groups = None if absorb is None else data.groups(absorb)
    if groups is not None:
        regressors, excluded = demean(regressors, groups), demean(excluded, groups)
    names = tuple(term.name for term in terms)
    basis = independent(np.hstack([regressors, excluded]), [*names, *columns], "instruments")
    return System(
        data=data,
        tastes=tastes,
        names=("scale",),
        demand=Equation(tuple(f"beta {name}" for name in names), regressors, basis, regressors, excluded, columns),
        supply=None,
        log_costs=False,
        cost_floor=0.0,
        price_at=None,
        price_linear=None,
        price_unit=0.0,
        absorbed=groups,
        tolerance=1e-13,
        threads=None,
    )
