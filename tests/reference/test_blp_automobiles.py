"""American automobiles 1971 to 1990: the estimates of PyBLP's tutorial, its numbers at given parameters, and Nevo's.

Sources: Berry, Levinsohn and Pakes (1995), Econometrica 63(4), tables III and IV; Nevo (2000), Journal of Economics and
Management Strategy 9(4); the documentation of PyBLP (Conlon and Gortmaker 2020), tutorials "Random Coefficients Logit
Tutorial with the Automobile Data" and "... with the Fake Cereal Data", which print two digits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from pullcord.blp import (
    BLP,
    BLPFit,
    MarketData,
    ShareLogit,
    characteristic_sums,
    differentiation_instruments,
    load_automobiles,
    load_cereals,
    merger,
    optimal_instruments,
)
from pullcord.blp.gmm import inverse_weights
from pullcord.blp.search import moments_covariance
from pullcord.blp.system import build

Require = Callable[[Any, str], None]

TUTORIAL = BLP(
    "1 + hpwt + air + mpd + space",
    random="1 + hpwt + air + mpd + space",
    interactions={"prices": "1/income"},
    costs="1 + log(hpwt) + air + log(mpg) + log(space) + trend",
    cost_form="log",
    weighting="clustered",
    weigh_at_start=True,
)
PUBLISHED = {  # table IV of the paper, where the tutorial starts
    "sigma 1": 3.612,
    "sigma hpwt": 4.628,
    "sigma air": 1.818,
    "sigma mpd": 1.050,
    "sigma space": 2.056,
    "pi prices x 1/income": -43.501,
}
PRINTED = {  # estimate and standard error in the two digits that the tutorial prints
    "sigma 1": ("2", "6.1"),
    "sigma hpwt": ("6.1", "2.2"),
    "sigma air": ("4", "2.1"),
    "sigma mpd": ("0.25", "0.55"),
    "sigma space": ("1.9", "1.1"),
    "pi prices x 1/income": ("-45", "9.2"),
    "beta 1": ("-7.3", "2.8"),
    "beta hpwt": ("3.5", "1.4"),
    "beta air": ("-1", "2.1"),
    "beta mpd": ("0.42", "0.25"),
    "beta space": ("4.2", "0.66"),
    "gamma 1": ("2.8", "0.12"),
    "gamma log(hpwt)": ("0.9", "0.072"),
    "gamma air": ("0.42", "0.087"),
    "gamma log(mpg)": ("-0.52", "0.073"),
    "gamma log(space)": ("-0.26", "0.21"),
    "gamma trend": ("0.027", "0.0031"),
}


def printed(fit: BLPFit) -> dict[str, tuple[str, str]]:
    """Estimates and standard errors in two digits."""
    return {
        name: (f"{estimate:.2g}", f"{error:.2g}")
        for name, estimate, error in zip(fit.names, fit.estimates, fit.standard_errors(), strict=True)
    }


@pytest.fixture(scope="module")
def automobiles(require: Require) -> MarketData:
    require(find_spec("pyblp"), "install pyblp: it brings the automobile data")
    return load_automobiles()


@pytest.fixture(scope="module")
def fit(automobiles: MarketData) -> BLPFit:
    return TUTORIAL.fit(automobiles, start=PUBLISHED)


@pytest.fixture(scope="module")
def peer(automobiles: MarketData) -> Any:
    """PyBLP's problem on the same data."""
    import pandas as pd
    import pyblp

    pyblp.options.verbose = False
    pyblp.options.weights_tol = np.inf  # the weights are those of importance sampling
    formulations = (
        pyblp.Formulation("1 + hpwt + air + mpd + space"),
        pyblp.Formulation("1 + prices + hpwt + air + mpd + space"),
        pyblp.Formulation("1 + log(hpwt) + air + log(mpg) + log(space) + trend"),
    )
    return pyblp.Problem(
        formulations,
        pd.read_csv(pyblp.data.BLP_PRODUCTS_LOCATION),
        pyblp.Formulation("0 + I(1 / income)"),
        pd.read_csv(pyblp.data.BLP_AGENTS_LOCATION),
        costs_type="log",
    )


@pytest.fixture(scope="module")
def peer_at_start(peer: Any) -> Any:
    """What PyBLP says at the published parameters, without searching."""
    import pyblp

    sigma, pi = np.zeros((6, 6)), np.zeros((6, 1))
    np.fill_diagonal(sigma, [3.612, 0, 4.628, 1.818, 1.050, 2.056])
    pi[1] = -43.501
    return peer.solve(
        sigma,
        pi,
        costs_bounds=(0.001, None),
        W_type="clustered",
        se_type="clustered",
        method="1s",
        optimization=pyblp.Optimization("return"),
        check_optimality="gradient",
    )


def test_least_squares_find_buyers_who_hardly_mind_the_price(automobiles: MarketData) -> None:
    naive = ShareLogit("1 + hpwt + air + mpd + space + prices").fit(automobiles)
    sound = ShareLogit("1 + hpwt + air + mpd + space + prices", instruments="demand_instruments*").fit(automobiles)
    assert naive.price_coefficient == pytest.approx(-0.0886, abs=5e-5)
    assert sound.price_coefficient < 1.3 * naive.price_coefficient
    # Table III of the paper: by OLS most products face inelastic demand, which no firm would leave them in.
    naively, soundly = (np.mean(found.demand().own_elasticities() > -1) for found in (naive, sound))
    assert naively > 0.6
    assert soundly < 0.6 * naively


def test_the_instruments_of_the_file_are_sums_of_characteristics(automobiles: MarketData) -> None:
    column = characteristic_sums(automobiles, "1 + hpwt + air + mpd").columns.column
    for at, term in enumerate(("1", "hpwt", "air", "mpd")):
        assert column(f"sum_own {term}") == pytest.approx(column(f"demand_instruments{at}"), abs=1e-8)
        assert column(f"sum_rival {term}") == pytest.approx(column(f"demand_instruments{at + 4}"), abs=1e-8)


def test_at_given_parameters_every_number_is_that_of_pyblp(automobiles: MarketData, peer_at_start: Any) -> None:
    objective, gradient, found = TUTORIAL.evaluate(automobiles, PUBLISHED)
    assert objective == pytest.approx(float(peer_at_start.objective), rel=1e-8)
    assert gradient == pytest.approx(peer_at_start.gradient.ravel(), rel=1e-6)
    assert found.delta == pytest.approx(peer_at_start.delta.ravel(), abs=1e-9)
    assert np.log(found.costs) == pytest.approx(peer_at_start.tilde_costs.ravel(), abs=1e-9)
    assert found.linear == pytest.approx(
        np.concatenate([peer_at_start.beta.ravel(), peer_at_start.gamma.ravel()]), rel=1e-7
    )
    there = replace(TUTORIAL, steps=1, weigh_at_start=False).fit(automobiles, fixed=PUBLISHED)
    assert there.xi == pytest.approx(peer_at_start.xi.ravel(), abs=1e-8)
    assert there.omega == pytest.approx(peer_at_start.omega.ravel(), abs=1e-8)


def test_what_follows_from_demand_is_that_of_pyblp(automobiles: MarketData, peer_at_start: Any) -> None:
    fit = replace(TUTORIAL, steps=1, weigh_at_start=False).fit(automobiles, fixed=PUBLISHED)
    demand = fit.demand()
    last = automobiles.market_names[-1]
    assert demand.elasticities(last) == pytest.approx(
        np.asarray(peer_at_start.compute_elasticities(market_id=int(last))), abs=1e-9
    )
    theirs, ours = peer_at_start.compute_diversion_ratios(market_id=int(last)), demand.diversion(last)
    off = ~np.eye(len(theirs), dtype=bool)
    assert ours[:, :-1][off] == pytest.approx(theirs[off], abs=1e-9)
    assert ours[:, -1] == pytest.approx(np.diag(theirs), abs=1e-9)
    assert demand.costs() == pytest.approx(peer_at_start.compute_costs().ravel(), abs=1e-8)
    assert demand.surplus() == pytest.approx(peer_at_start.compute_consumer_surpluses().ravel(), abs=1e-8)


def test_the_equilibrium_after_a_merger_is_one(automobiles: MarketData, fit: BLPFit) -> None:
    demand = fit.demand()
    settled = demand.equilibrium(fit.costs, firm=merger(automobiles, "15", "16"))
    assert settled.unsettled == ()
    for name in automobiles.market_names[::6]:  # firms' first-order conditions, written out
        rows = automobiles.rows_of(name)
        at = automobiles.market_index(name)
        assert automobiles.agents is not None
        people = slice(automobiles.agents.start[at], automobiles.agents.start[at + 1])
        weight, taste = automobiles.agents.weight[people], demand.taste_for_price[people]
        s = demand.probabilities(name, settled.price[rows])
        owner = merger(automobiles, "15", "16")[rows]
        slopes = np.diag(weight * taste @ s) - (weight * taste * s.T) @ s
        gain = weight @ s + np.where(owner[:, None] == owner, slopes, 0) @ (settled.price - settled.cost)[rows]
        assert abs(gain).max() < 1e-12


def test_differentiation_instruments_are_those_of_pyblp(automobiles: MarketData, require: Require) -> None:
    import pandas as pd
    import pyblp

    products = pd.read_csv(pyblp.data.BLP_PRODUCTS_LOCATION)
    formulation = pyblp.Formulation("0 + hpwt + mpd + space")
    for kind, word in (("local", "near"), ("quadratic", "far")):
        theirs = pyblp.build_differentiation_instruments(formulation, products, version=kind)
        column = differentiation_instruments(automobiles, "hpwt + mpd + space", kind).columns.column  # type: ignore[arg-type]
        names = [f"{word}_{whose} {term}" for whose in ("own", "rival") for term in ("hpwt", "mpd", "space")]
        assert np.column_stack([column(name) for name in names]) == pytest.approx(theirs, abs=1e-9)


def test_the_tutorials_estimates_and_errors_are_found(fit: BLPFit) -> None:
    assert fit.search.converged
    assert fit.objective == pytest.approx(5.0e2, abs=5)  # printed +5.0E+02
    assert printed(fit) == PRINTED
    assert any("contradict each other" in note for note in fit.notes)


def test_the_tutorials_first_step_ends_at_a_minimum_that_is_not_the_lowest(
    automobiles: MarketData, fit: BLPFit
) -> None:
    one_step = replace(TUTORIAL, steps=1)
    several = one_step.fit(automobiles, start=PUBLISHED, starts=2, seed=7)
    assert fit.first_objective == pytest.approx(537.4317, abs=1e-3)
    assert several.objective == pytest.approx(530.6970, abs=1e-3)
    assert several["sigma air"] == 0
    assert (several.search.starts, several.search.agreeing) == (2, 1)
    # The weights of both are those at the published parameters, so that the two objectives compare.
    system = build(one_step, automobiles)
    at_start = system.evaluate(np.array(list(PUBLISHED.values())), np.eye(31))
    weights = inverse_weights(moments_covariance(system, at_start, "clustered"))
    values = dict(zip(several.names, several.theta, strict=False))
    assert TUTORIAL.evaluate(automobiles, values, weighting=weights)[0] == pytest.approx(several.objective, rel=1e-6)


def test_optimal_instruments_are_one_for_each_nonlinear_parameter(automobiles: MarketData, fit: BLPFit) -> None:
    model, better = optimal_instruments(fit)
    found = replace(model, steps=1).fit(better, fixed=dict(zip(fit.names, fit.theta, strict=False)))
    assert len(found.gmm.weighting) == (5 + 6) + (6 + 6)  # beside the exogenous characteristics
    assert np.isfinite(found.objective)


NEVO = BLP(
    "prices",
    random="1 + prices + sugar + mushy",
    interactions={
        "1": "income + age",
        "prices": "income + income_squared + child",
        "sugar": "income + age",
        "mushy": "income + age",
    },
    absorb="product",
    steps=1,
)
NEVO_START = {
    "sigma 1": 0.3302,
    "sigma prices": 2.4526,
    "sigma sugar": 0.0163,
    "sigma mushy": 0.2441,
    "pi 1 x income": 5.4819,
    "pi 1 x age": 0.2037,
    "pi prices x income": 15.8935,
    "pi prices x income_squared": -1.2,
    "pi prices x child": 2.6342,
    "pi sugar x income": -0.2506,
    "pi sugar x age": 0.0511,
    "pi mushy x income": 1.2650,
    "pi mushy x age": -0.8091,
}
NEVO_PRINTED = {  # estimate and robust standard error, as the tutorial prints them
    "sigma 1": ("0.56", "0.16"),
    "sigma prices": ("3.3", "1.3"),
    "sigma sugar": ("-0.0058", "0.014"),
    "sigma mushy": ("0.093", "0.19"),
    "pi 1 x income": ("2.3", "1.2"),
    "pi 1 x age": ("1.3", "0.63"),
    "pi prices x income": ("5.9e+02", "2.7e+02"),
    "pi prices x income_squared": ("-30", "14"),
    "pi prices x child": ("11", "4.1"),
    "pi sugar x income": ("-0.38", "0.12"),
    "pi sugar x age": ("0.052", "0.026"),
    "pi mushy x income": ("0.75", "0.8"),
    "pi mushy x age": ("-1.4", "0.67"),
    "beta prices": ("-63", "15"),
}


def test_nevos_cereals(require: Require) -> None:
    require(find_spec("pyblp"), "install pyblp: it brings the cereal data")
    data = load_cereals()
    plain = ShareLogit("prices", instruments="demand_instruments*", absorb="product").fit(data)
    assert f"{plain.price_coefficient:.2g} {plain.standard_errors()[0]:.2g}" == "-30 1"
    fit = NEVO.fit(data, start=NEVO_START, bounds={"sigma sugar": (-np.inf, np.inf)})
    assert fit.search.converged
    assert fit.search.evaluations < 40
    assert fit.objective == pytest.approx(4.5615, abs=1e-3)
    assert printed(fit) == NEVO_PRINTED


def test_nevos_cereals_from_a_start_of_our_own(require: Require) -> None:
    require(find_spec("pyblp"), "install pyblp: it brings the cereal data")
    fit = NEVO.fit(load_cereals())
    assert fit.search.converged
    assert fit["sigma sugar"] == 0  # bounded by zero from below, and there it ends
    assert fit.objective == pytest.approx(4.7213, abs=1e-3)
