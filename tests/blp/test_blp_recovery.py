"""On made-up markets the known parameters are found again, within the intervals that the fit states."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from blp_markets import MODEL, TRUTH, markets_in_equilibrium

from pullcord.base import SolverFailure
from pullcord.blp import BLP, BLPFit, ShareLogit

REPLICATIONS = 40


@pytest.fixture(scope="module")
def fits() -> list[BLPFit]:
    return [MODEL.fit(markets_in_equilibrium(seed=seed, markets=40)) for seed in range(REPLICATIONS)]


def test_every_search_ends_at_a_minimum(fits: list[BLPFit]) -> None:
    assert all(fit.search.converged for fit in fits)
    assert np.mean([fit.search.evaluations for fit in fits]) < 40


@pytest.mark.parametrize("name", sorted(TRUTH))
def test_intervals_cover_the_truth_in_most_replications(fits: list[BLPFit], name: str) -> None:
    covered = known = 0
    for fit in fits:
        error = fit.standard_errors()[fit.names.index(name)]
        if np.isfinite(error):
            known += 1
            covered += abs(fit[name] - TRUTH[name]) < 1.96 * error
    assert known >= 0.75 * REPLICATIONS  # a sigma that ends at zero has no error
    # With intervals that cover 95 % the chance of fewer than 82 % in forty is below one in five hundred.
    assert covered >= 0.82 * known


@pytest.mark.parametrize("name", ["beta prices", "beta range", "gamma range", "gamma steel"])
def test_on_average_estimates_are_near_the_truth(fits: list[BLPFit], name: str) -> None:
    estimates = np.array([fit[name] for fit in fits])
    assert estimates.mean() == pytest.approx(TRUTH[name], abs=4 * estimates.std() / np.sqrt(REPLICATIONS))
    assert estimates.std() < 0.25 * abs(TRUTH[name])


def test_a_wrong_model_is_told_by_its_moments() -> None:
    data = markets_in_equilibrium(markets=200, seed=3)
    collusion = replace(data, firm=np.zeros(data.rows, dtype=np.int64))
    right, wrong = MODEL.fit(data), MODEL.fit(collusion)
    assert not any("contradict" in note for note in right.notes)
    assert any("contradict" in note for note in wrong.notes)


def test_the_notes_say_what_the_estimates_do_not() -> None:
    data = markets_in_equilibrium(markets=10)
    alike = ShareLogit("1 + range + prices", instruments=("steel", "sum_*")).fit(data)
    assert alike.notes == ()
    fixed = MODEL.fit(data, fixed={"sigma range": 0.0})
    assert "sigma range" in fixed.gmm.held
    assert any(note.startswith("`sigma range` is 0") for note in fixed.notes)
    noisy = replace(MODEL, demand_instruments=("sum_own range", "near_*"), costs=None)
    assert any("hardly" in note for note in noisy.fit(data, fixed={"sigma range": 0.6}).notes)
    cheap = replace(MODEL, steps=1).fit(data, fixed={"sigma range": 0.6, "beta prices": -0.35})
    assert any("marginal costs are not above zero" in note for note in cheap.notes)


def test_costs_that_are_mostly_below_the_floor_are_no_answer() -> None:
    model = replace(MODEL, cost_form="log", steps=1)
    with pytest.raises(SolverFailure, match="marginal costs are not above"):
        model.fit(markets_in_equilibrium(markets=10), fixed={"sigma range": 0.6, "beta prices": -0.2})


def test_several_starts_come_to_the_same_end_here() -> None:
    data = markets_in_equilibrium(markets=40, seed=2)
    one, four = MODEL.fit(data), MODEL.fit(data, starts=4, seed=9)
    assert four.search.starts == 4
    assert four.estimates == pytest.approx(one.estimates, rel=1e-4)


def test_without_random_coefficients_it_is_the_share_logit() -> None:
    data = markets_in_equilibrium().with_agents(None)
    instruments = ("steel", "sum_*")
    plain = ShareLogit("1 + range + prices", instruments=instruments).fit(data)
    same = BLP("1 + range + prices", demand_instruments=instruments, steps=1).fit(data)
    assert same.estimates == pytest.approx(plain.gmm.estimates, rel=1e-9)
    assert same.standard_errors() == pytest.approx(plain.standard_errors(), rel=1e-7)
    assert same.demand().elasticities("0") == pytest.approx(plain.demand().elasticities("0"))


def test_a_fit_prints_as_a_table(fits: list[BLPFit]) -> None:
    printed = str(fits[0])
    assert printed.startswith("BLP on `made up`: 40 markets, 320 products, 280 agents\nobjective ")
    for name in fits[0].names:
        assert any(line.startswith(name) for line in printed.splitlines())
