"""Mean utilities reproduce shares, however hard the market; their derivatives are those of finite differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from blp_markets import MODEL, bare_markets, crowd, markets_in_equilibrium
from hypothesis import given, settings
from hypothesis import strategies as st

from pullcord.base import SolverFailure, stream
from pullcord.blp import BLP, Demand, MarketData, Tastes, constants_for_tastes, invert, logit_delta, mean_utilities
from pullcord.blp.kernels import _squarem
from pullcord.blp.system import build


def tastes_for(data: MarketData, columns: int = 1) -> Tastes:
    assert data.agents is not None
    return Tastes(
        np.column_stack([data.columns.column("range"), data.columns.column("steel")])[:, :columns].copy(),
        data.agents.nodes[:, :columns].copy(),
        np.array([(k, k, k) for k in range(columns)], dtype=np.int64),
        columns,
        np.zeros(columns),
    )


@given(spread=st.floats(0, 8), level=st.floats(-8, 6), seed=st.integers(0, 5))
@settings(max_examples=25)
def test_utilities_are_found_again_from_the_shares_they_make(spread: float, level: float, seed: int) -> None:
    data = crowd(bare_markets(markets=3), 1, seed=seed)
    delta = level + stream(seed, "tests.blp.delta").normal(size=data.rows)
    tastes, theta = tastes_for(data), np.array([spread])
    made = data.with_outcome(data.price, Demand(data, delta, tastes, theta, np.zeros(180)).shares())
    found = invert(made, tastes, theta)
    assert not len(found.failed)
    assert np.abs(found.delta - delta).max() < 1e-8
    assert found.misfit.max() < 1e-12


def test_one_kind_of_buyer_is_the_plain_logit() -> None:
    data = crowd(bare_markets(), 1)
    assert mean_utilities(data, tastes_for(data), np.zeros(1)) == pytest.approx(logit_delta(data), abs=1e-12)


def test_where_nearly_all_buy_the_contraction_alone_is_slow_and_newton_ends_it() -> None:
    data = crowd(bare_markets(markets=1), 1)
    assert data.agents is not None
    delta = 12.0 + stream(1, "tests.blp.delta").normal(size=data.rows)
    tastes, theta = tastes_for(data), np.array([2.0])
    made = data.with_outcome(data.price, Demand(data, delta, tastes, theta, np.zeros(60)).shares())
    assert made.outside_share[0] < 1e-4
    found = invert(made, tastes, theta)
    assert np.abs(found.delta - delta).max() < 1e-6
    begin = logit_delta(made)
    workspace = np.empty((60, made.rows)), np.empty(60)
    traits, spread = tastes.attributes.T.copy(), tastes.tastes(theta)
    _, misfit = _squarem(np.log(made.share), data.agents.weight, traits, spread, begin, 1e-14, 60, *workspace)
    assert misfit > 1e-9 > found.misfit[0]


def test_utilities_beyond_the_range_of_exp_do_no_harm() -> None:
    share = np.array([0.3, 0.2, 0.1])
    draws = np.array([[900.0], [-900.0], [1.0]])
    constants = constants_for_tastes(share, np.array([[1.0], [0.9], [1.1]]), draws / 100)
    wild = constants_for_tastes(share, np.array([[1.0], [1.0], [1.0]]), draws)
    assert np.all(np.isfinite(constants))
    # One who loves all three and one who hates all three leave it to the third whether to buy.
    utility = wild[None, :] + draws
    weight = np.exp(utility - np.maximum(utility.max(axis=1, keepdims=True), 0))
    predicted = (weight / (np.exp(-np.maximum(utility.max(axis=1), 0)) + weight.sum(axis=1))[:, None]).mean(axis=0)
    assert predicted == pytest.approx(share, abs=1e-9)


def test_shares_that_no_utility_can_make_are_a_failure_with_the_market_named() -> None:
    data = crowd(bare_markets(markets=2), 1)
    assert data.agents is not None
    agents = replace(data.agents, weight=data.agents.weight * 0.4)  # four in ten can buy, half do
    with pytest.raises(SolverFailure, match="market 0, 1"):
        mean_utilities(data.with_agents(agents), tastes_for(data), np.ones(1))


def test_markets_are_the_same_in_one_thread_and_in_three() -> None:
    data = crowd(bare_markets(), 2)
    tastes, theta = tastes_for(data, 2), np.array([1.0, 2.0])
    one, three = invert(data, tastes, theta, threads=1), invert(data, tastes, theta, threads=3)
    assert np.array_equal(one.delta, three.delta)


MODELS = {
    "supply, linear cost": (MODEL, [0.7, -1.8]),
    "supply, log cost": (replace(MODEL, cost_form="log"), [0.7, -1.8]),
    "random taste for price": (
        BLP("1 + range", random="range + prices", demand_instruments=("steel", "near_*", "sum_*")),
        [0.5, 0.3],
    ),
    "price by income": (
        replace(MODEL, linear="1 + range", interactions={"prices": "1/income", "range": "income"}),
        [0.7, -6.0, 0.1],
    ),
    "fixed effects": (replace(MODEL, linear="range + prices", absorb="product"), [0.7, -1.8]),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_gradient_is_that_of_finite_differences(name: str) -> None:
    model, values = MODELS[name]
    data = crowd(markets_in_equilibrium(markets=6), 2)
    system = build(model, data)
    theta = np.array(values)
    rng = stream(1, "tests.blp.weighting")
    size = len(system.cross())
    root = np.linalg.cholesky(np.eye(size) + 0.1 * np.cov(rng.normal(size=(size, 3 * size))))

    def objective(at: np.ndarray) -> float:
        return system.residuals(system.evaluate(at, root, slopes=False), root).objective

    gradient = 2 * system.residuals(system.evaluate(theta, root), root).gradient
    for k in range(len(theta)):
        step = np.zeros(len(theta))
        step[k] = 1e-5 * max(abs(theta[k]), 1)
        difference = (objective(theta + step) - objective(theta - step)) / (2 * step[k])
        assert gradient[k] == pytest.approx(difference, rel=2e-6, abs=1e-6 * abs(gradient).max())


def test_markups_move_with_parameters_as_finite_differences_say() -> None:
    data = crowd(markets_in_equilibrium(markets=4), 2)
    system = build(MODELS["price by income"][0], data)
    theta = np.array([0.7, -6.0, 0.1])

    def markup(at: np.ndarray) -> np.ndarray:
        return system.evaluate(at, np.eye(len(system.cross())), slopes=False).markup

    slopes = -system.evaluate(theta, np.eye(len(system.cross()))).omega_slope
    for k in range(3):
        step = np.eye(3)[k] * 1e-5
        assert slopes[:, k] == pytest.approx((markup(theta + step) - markup(theta - step)) / 2e-5, rel=1e-5, abs=1e-8)
