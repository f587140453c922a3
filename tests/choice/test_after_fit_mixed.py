"""What is done after a mixed logit: worths that differ between buyers, markets, and the population behind them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from car_choosers import choosers

from pullcord.base import InvalidInput, NotFound
from pullcord.choice import (
    Change,
    ChoiceData,
    Draws,
    Fit,
    Logit,
    MixedLogit,
    TruncatedNormal,
    as_json,
    bootstrap,
    elasticities,
    fit,
    fit_table,
    likelihood_ratio_test,
    simulate_market,
    validate,
    willingness_to_pay,
)
from pullcord.choice.after.population import Population

DATA = choosers(150, 5, spread=0.6, labelled=True)
UTILITY = "price + range_km/100 + fast"
NORMAL = MixedLogit(UTILITY, mixing={"range_km/100": "normal"}, draws=100)


@pytest.fixture(scope="module")
def mixed() -> Fit:
    return NORMAL.fit(DATA)


def made(model: MixedLogit, data: ChoiceData, values: dict[str, float]) -> Fit:
    """A fit as it were of a model, with estimates of our choosing, each sure to within a tenth."""
    names = model.parameters(data)[1].names
    assert set(names) == set(values)
    wide = 100 * np.eye(len(names))
    return replace(
        Logit("price").fit(data),
        model=model,
        names=names,
        estimates=np.array([values[name] for name in names]),
        information=wide,
        meat_robust=wide,
        meat_clustered=wide,
    )


MODELS = [
    (MixedLogit("price + fast", mixing={"fast": "normal"}), {"price": -1, "fast": 0.5, "sd fast": 1.2}),
    (MixedLogit("price + fast", mixing={"price": "-lognormal"}), {"price": -0.3, "fast": 0.5, "sd price": 0.8}),
    (MixedLogit("price + fast", mixing={"fast": "triangular"}), {"price": -1, "fast": 0.5, "sd fast": 1.5}),
    (MixedLogit("price + fast", mixing={"fast": "uniform"}), {"price": -1, "fast": 0.5, "sd fast": 1.5}),
    (MixedLogit("price + fast", mixing={"price": "-censored-normal"}), {"price": -0.4, "fast": 0.5, "sd price": 0.9}),
    (
        MixedLogit("price + fast", mixing={"price": TruncatedNormal(-1)}),
        {"price": -0.4, "fast": 0.5, "sd price": 0.9},
    ),
    (
        MixedLogit("price + asc", mixing={"asc": "error-component"}),
        {"price": -1, "sd 1@hybrid": 0.7, "sd 1@electric": 2.0},
    ),
    (
        MixedLogit("price + fast", mixing={"price": "normal", "fast": "normal"}, correlated=True),
        {"price": -1, "fast": 0.5, "chol price.price": 0.6, "chol fast.price": -0.9, "chol fast.fast": 0.5},
    ),
    (
        MixedLogit("price + fast", mixing={"fast": "normal", "price": "lognormal"}, space="wtp", price="price"),
        {"scale": 0.1, "fast": 0.8, "sd fast": 0.9, "sd scale": 0.6},
    ),
]


@pytest.mark.parametrize(("model", "values"), MODELS, ids=lambda one: str(getattr(one, "mixing", "")))
def test_a_population_chooses_as_the_model_says(model: MixedLogit, values: dict[str, float]) -> None:
    model = replace(model, draws=Draws("sobol", 4096))
    few = DATA.take_persons(range(6))
    fitted = made(model, few, values)
    people = Population.of(fitted, 20_000, seed=3).coefficients(fitted.estimates)
    terms, _ = model.parameters(few)
    utility = sum(term.values(few)[:, None] * people[term.name] for term in terms)
    odds = np.exp(utility - utility.max(axis=0))
    starts, situation = few.situation_start[:-1], few.situation_of_row()
    shares = (odds / np.add.reduceat(odds, starts, axis=0)[situation]).mean(axis=1)
    np.testing.assert_allclose(shares, model.probabilities(fitted.estimates, few), atol=4e-3)


def test_a_worth_spreads_as_the_taste_does(mixed: Fit) -> None:
    table = willingness_to_pay(mixed, seed=2)
    worth = table["range_km/100"]
    mean, sd = (-mixed[name] / mixed["price"] for name in ("range_km/100", "sd range_km/100"))
    assert worth.estimate == pytest.approx(mean, abs=0.01)
    for level, z in ((0.05, -1.6449), (0.25, -0.6745), (0.95, 1.6449)):
        held = dict(worth.quantiles)[level]
        assert held.estimate == pytest.approx(mean + z * abs(sd), abs=0.03)
        assert held.lower < held.estimate < held.upper
    plain = willingness_to_pay(mixed, over=["fast"])["fast"]
    assert plain.method == "delta"
    assert not plain.quantiles
    assert "Between buyers" in str(table)
    json.dumps(table.as_json(), allow_nan=False)


def test_the_median_s_interval_is_that_of_the_ratio_where_only_the_taste_varies(mixed: Fit) -> None:
    worth = willingness_to_pay(mixed, draws=1000)["range_km/100"]
    names = ["price", "range_km/100"]
    at = [mixed.index(name) for name in names]
    matrix = mixed.covariance(mixed.default_covariance)[np.ix_(at, at)]
    ratio = -mixed["range_km/100"] / mixed["price"]
    gradient = np.array([-ratio, -1]) / mixed["price"]
    error = np.sqrt(gradient @ matrix @ gradient)
    assert worth.upper - worth.lower == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_a_lognormal_price_has_quantiles_in_closed_form() -> None:
    model = MixedLogit("price + fast", mixing={"price": "-lognormal"})
    fitted = made(model, DATA, {"price": -0.5, "fast": 2.0, "sd price": 0.6})
    worth = willingness_to_pay(fitted, unit=100)["fast"]
    for level, z in ((0.05, -1.6449), (0.5, 0.0), (0.95, 1.6449)):  # fast / exp(-0.5 + 0.6 z), z turned round
        assert dict(worth.quantiles)[level].estimate == pytest.approx(200 * np.exp(0.5 + 0.6 * z), rel=0.01)
    assert worth.share_positive == 1
    assert worth.note == ""


def test_a_normal_price_is_told_of() -> None:
    model = MixedLogit("price + fast", mixing={"price": "normal"})
    fitted = made(model, DATA, {"price": -1.0, "fast": 2.0, "sd price": 0.8})
    note = willingness_to_pay(fitted)["fast"].note
    assert "10.6% of buyers" in note  # a standard normal above 1 / 0.8
    doubtful = willingness_to_pay(replace(fitted, estimates=np.array([-0.1, 2.0, 0.8])))["fast"]
    assert doubtful.estimate is None
    assert "holds 0" in doubtful.note


def test_worths_that_are_parameters_need_no_ratio() -> None:
    model = MixedLogit("price + fast + range_km/100", mixing={"fast": "normal"}, space="wtp", price="price")
    values = {"scale": 0.9, "fast": 0.7, "range_km/100": 0.5, "sd fast": 0.4}
    table = willingness_to_pay(made(model, DATA, values), unit=10)
    assert table["range_km/100"].estimate == pytest.approx(5.0)
    assert table["range_km/100"].upper == pytest.approx(10 * (0.5 + 1.96 * 0.1), rel=1e-3)
    assert table["range_km/100"].method == "estimated"
    assert table["fast"].estimate == pytest.approx(7.0, abs=0.05)
    assert [row.name for row in table.rows] == ["fast", "range_km/100"]
    with pytest.raises(InvalidInput, match="units of"):
        willingness_to_pay(made(model, DATA, values), "cost")


def test_shifted_tastes_need_their_persons() -> None:
    model = MixedLogit("price + fast", mixing={"fast": "normal"}, shifters={"fast": ("income",)})
    fitted = made(model, DATA, {"price": -1.0, "fast": 0.2, "sd fast": 0.01, "fast:income": 0.1})
    with pytest.raises(InvalidInput, match="shifted"):
        willingness_to_pay(fitted)
    worth = willingness_to_pay(fitted, data=DATA)["fast"]
    income = DATA.column("income")[DATA.situation_start[DATA.person_start[:-1]]]
    assert worth.estimate == pytest.approx(0.2 + 0.1 * np.median(income), abs=0.02)
    with pytest.raises(InvalidInput, match="shifted"):
        simulate_market(fitted, DATA, [Change("price", plus=1)], price="price", draws=2)


def test_unknown_names_are_refused(mixed: Fit) -> None:
    with pytest.raises((NotFound, InvalidInput), match="cost"):
        willingness_to_pay(mixed, "cost")
    with pytest.raises((NotFound, InvalidInput), match="slow"):
        willingness_to_pay(mixed, over=["slow"])


def test_money_off_everything_is_worth_just_that_money(mixed: Fit) -> None:
    lognormal = made(
        MixedLogit("price + fast", mixing={"price": "-lognormal"}, draws=50),
        DATA,
        {"price": -0.5, "fast": 2.0, "sd price": 0.3},
    )
    for fitted in (mixed, lognormal):
        found = simulate_market(fitted, DATA, [Change("price", plus=-0.25)], price="price", draws=3)
        assert found["everyone"].surplus.estimate == pytest.approx(0.25)


def test_surplus_of_a_small_cut_is_the_cut_times_who_gains(mixed: Fit) -> None:
    cheaper = [Change("price", plus=-0.1, alternative="petrol")]
    found = simulate_market(mixed, DATA, cheaper, price="price", draws=20, segment="region")
    before, after = found.share("petrol")
    middle = 0.1 * (before.estimate + after.estimate) / 2
    assert found["everyone"].surplus.estimate == pytest.approx(middle, rel=0.03)  # of other draws than the shares
    assert len(found.segments) == 3


def test_a_price_that_pleases_some_gives_no_surplus() -> None:
    model = MixedLogit("price + fast", mixing={"price": "normal"}, draws=50)
    fitted = made(model, DATA, {"price": -1.0, "fast": 2.0, "sd price": 0.8})
    found = simulate_market(fitted, DATA, [Change("price", plus=1.0)], price="price", draws=5)
    assert found["everyone"].surplus is None
    assert "No consumer surplus" in str(found)


def test_elasticities_are_recomputed(mixed: Fit) -> None:
    found = elasticities(mixed, DATA, "price")
    assert found.method == "recomputed"
    np.testing.assert_allclose(found.share @ found.values, 0, atol=1e-6)
    assert all(value < 0 for value in found.own.values())


def test_the_table_says_how_tastes_vary(mixed: Fit) -> None:
    printed = str(mixed)
    for said in ("Standard deviations", "range_km/100 normal", "100 draws", "classical"):
        assert said in printed
    lines = fit_table([Logit(UTILITY).fit(DATA), mixed]).splitlines()
    assert any(line.startswith("sd range_km/100") for line in lines)
    assert mixed.default_covariance == "classical"
    assert as_json(mixed)["draws"] == 100
    log = made(
        MixedLogit("price + fast", mixing={"price": "-lognormal"}), DATA, {"price": -0.5, "fast": 2.0, "sd price": 0.3}
    )
    assert "of its logarithm" in " ".join(str(log).split())


def test_a_taste_that_varies_beats_one_that_does_not(mixed: Fit) -> None:
    test = likelihood_ratio_test(Logit(UTILITY).fit(DATA), mixed)
    assert (test.degrees, test.boundary) == (1, 1)
    assert test.p_boundary == pytest.approx(test.p_value / 2)
    assert test.p_boundary < 1e-6
    held = [validate(model, DATA, folds=3, seed=1) for model in (Logit(UTILITY), NORMAL)]
    assert held[1].log_likelihood > held[0].log_likelihood


def test_a_bootstrap_of_a_mixed_logit_starts_warm(mixed: Fit) -> None:
    found = bootstrap(NORMAL, DATA, replications=30, seed=6)
    assert len(found.replicates) >= 28
    np.testing.assert_allclose(found.standard_errors(), mixed.standard_errors("robust"), rtol=0.5)
    assert np.all(found.replicates[:, mixed.index("sd range_km/100")] > 0)


@pytest.mark.parametrize("shards", [1, 3, 8])
@pytest.mark.parametrize("panel", [True, False])
def test_shards_change_nothing(shards: int, panel: bool) -> None:
    model = replace(NORMAL, panel=panel, draws=Draws("mlhs", 60))
    apart, here = fit(DATA, model, shards=shards, seed=5), fit(DATA, model, seed=5)
    assert abs(apart.log_likelihood - here.log_likelihood) < 1e-9
    np.testing.assert_allclose(apart.estimates, here.estimates, atol=1e-6)
    for kind in ("classical", "robust", "clustered"):
        np.testing.assert_allclose(apart.covariance(kind), here.covariance(kind), rtol=1e-5, atol=1e-9)
    assert (apart.seed, apart.draws, apart.persons) == (here.seed, here.draws, here.persons)
