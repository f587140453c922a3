"""Instruments are what their names say, and the optimal ones tell more than those they come from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from blp_markets import MODEL, bare_markets, markets_in_equilibrium

from pullcord.base import InvalidInput
from pullcord.blp import (
    BLP,
    characteristic_sums,
    differentiation_instruments,
    grid_agents,
    normal_agents,
    optimal_instruments,
)


def test_sums_are_over_the_firms_other_products_and_over_rivals() -> None:
    data = characteristic_sums(bare_markets(markets=3), "1 + range")
    values, column = data.columns.column("range"), data.columns.column
    for row in range(data.rows):
        here = [k for k in range(data.rows) if data.market[k] == data.market[row]]
        own = [k for k in here if data.firm[k] == data.firm[row] and k != row]
        rival = [k for k in here if data.firm[k] != data.firm[row]]
        assert column("sum_own 1")[row] == len(own)
        assert column("sum_own range")[row] == pytest.approx(values[own].sum())
        assert column("sum_rival range")[row] == pytest.approx(values[rival].sum())


def test_differentiation_counts_the_near_and_adds_up_the_far() -> None:
    data = bare_markets(markets=3)
    near = differentiation_instruments(data, "range").columns.column
    far = differentiation_instruments(data, "range", "quadratic").columns.column
    values = data.columns.column("range")
    pairs = [(a, b) for a in range(data.rows) for b in range(data.rows) if a != b and data.market[a] == data.market[b]]
    limit = np.std([values[b] - values[a] for a, b in pairs])
    for row in (0, 5, 13):
        others = [b for a, b in pairs if a == row]
        own = [b for b in others if data.firm[b] == data.firm[row]]
        rival = [b for b in others if data.firm[b] != data.firm[row]]
        assert near("near_own range")[row] == sum(abs(values[b] - values[row]) < limit for b in own)
        assert near("near_rival range")[row] == sum(abs(values[b] - values[row]) < limit for b in rival)
        assert far("far_rival range")[row] == pytest.approx(sum((values[b] - values[row]) ** 2 for b in rival))
    with pytest.raises(InvalidInput, match="no kind"):
        differentiation_instruments(data, "range", "cubic")  # type: ignore[arg-type]


def test_optimal_instruments_make_estimates_surer() -> None:
    data = markets_in_equilibrium(markets=60)
    first = MODEL.fit(data)
    model, better = optimal_instruments(first)
    second = model.fit(better, start=dict(zip(first.names[:2], first.theta, strict=True)))
    assert second.search.converged
    assert second.standard_errors()[0] < first.standard_errors()[0]
    assert model.demand_instruments == "optimal_demand*"
    assert second["sigma range"] == pytest.approx(0.6, abs=3 * second.standard_errors()[0])


def test_optimal_instruments_need_no_supply_side() -> None:
    data = markets_in_equilibrium(markets=60)
    model = BLP("1 + range + prices", random="range", demand_instruments=("steel", "far_*", "sum_*"))
    first = model.fit(data)
    chosen, better = optimal_instruments(first)
    second = chosen.fit(better)
    # As many moments as parameters: the objective is zero.
    assert len(second.gmm.weighting) == len(second.names) == 4
    assert second.objective < 1e-8
    assert abs(second["beta prices"] + 2.0) < 3 * second.standard_errors()[second.names.index("beta prices")]


def test_a_grid_integrates_polynomials_exactly() -> None:
    data = bare_markets(markets=2)
    agents = grid_agents(data, 2, points=4)
    x, y = agents.nodes[:16].T
    weight = agents.weight[:16]
    assert weight.sum() == pytest.approx(1)
    assert (weight * x**2 * y**4).sum() == pytest.approx(3)
    assert (weight * x**6).sum() == pytest.approx(15)
    with pytest.raises(InvalidInput, match="20 points in 6 dimensions"):
        grid_agents(data, 6, points=20)


def test_drawn_agents_are_normal_and_each_market_has_its_own() -> None:
    data = bare_markets(markets=3)
    people = {"income": np.array([1.0, 2.0, 3.0]), "age": np.array([10.0, 20.0, 30.0])}
    agents = normal_agents(data, 3, draws=2_000, seed=4, population=people)
    assert agents.nodes.mean(axis=0) == pytest.approx(np.zeros(3), abs=0.03)
    assert agents.nodes.std(axis=0) == pytest.approx(np.ones(3), abs=0.03)
    assert np.abs(np.corrcoef(agents.nodes.T) - np.eye(3)).max() < 0.05
    assert not np.array_equal(agents.nodes[:2_000], agents.nodes[2_000:4_000])
    income, age = agents.demographics.values.T
    assert np.array_equal(age, 10 * income)  # all columns from the same person
    again = normal_agents(data, 3, draws=2_000, seed=4, population=people)
    assert np.array_equal(agents.nodes, again.nodes)
    with pytest.raises(InvalidInput, match="differ in length"):
        normal_agents(data, 1, population={"income": np.ones(3), "age": np.ones(2)})


def test_a_model_says_what_it_cannot_be() -> None:
    for wrong in ({"steps": 3}, {"weighting": "magic"}, {"cost_form": "square"}):
        with pytest.raises(InvalidInput):
            replace(MODEL, **wrong)  # type: ignore[arg-type]
