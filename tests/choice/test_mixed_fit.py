"""Fits of mixed logits: the same top from everywhere, true tastes found again, and what cannot be told is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from mixed_choosers import choosers, tastes_of

from pullcord.base import InvalidInput, NotFound, stream
from pullcord.choice import (
    ChoiceData,
    ControlFunction,
    Draws,
    Fit,
    Logit,
    Lognormal,
    MixedLogit,
    Point,
    bootstrap,
    design_matrix,
)

UTILITY = "price + speed + room"
DATA = choosers(150, 5, sizes=(3, 4))
MODEL = MixedLogit(UTILITY, mixing={"price": "normal", "speed": "normal"}, draws=200)


@pytest.fixture(scope="module")
def fitted() -> Fit:
    return MODEL.fit(DATA)


def test_the_fit_is_a_maximum_whose_slope_is_zero_and_whose_curvature_is_exact(fitted: Fit) -> None:
    objective = MODEL.objective(DATA)
    at = objective.evaluate(fitted.estimates, hessian=True)
    assert fitted.convergence.converged
    assert fitted.log_likelihood == pytest.approx(at.value, abs=1e-9)
    assert at.hessian is not None
    np.testing.assert_allclose(fitted.information, -at.hessian, rtol=2e-3, atol=1e-3 * np.abs(at.hessian).max())
    newton = np.linalg.solve(-at.hessian, at.gradient)
    assert np.sqrt(at.gradient @ newton) < 1e-4
    np.testing.assert_allclose(fitted.meat_clustered, at.products, rtol=1e-2, atol=1e-2 * np.abs(at.products).max())
    assert fitted.draws == 200
    assert fitted.names == ("price", "speed", "room", "sd price", "sd speed")


def test_several_starts_lead_to_the_same_top(fitted: Fit) -> None:
    errors = fitted.standard_errors()
    for start in (
        np.array([0.0, 0.0, 0.0, 0.1, 0.1]),
        np.array([-3.0, 2.0, 2.0, 2.0, 0.02]),
        np.array([1.0, -1.0, 0.0, -0.5, -0.5]),
        fitted.estimates + 2 * errors,
    ):
        other = MODEL.fit(DATA, start=start)
        assert other.convergence.converged
        assert other.log_likelihood == pytest.approx(fitted.log_likelihood, abs=1e-7)
        assert np.all(np.abs(other.estimates - fitted.estimates) < 3e-4 * errors)


def test_standard_deviations_are_told_as_what_they_are_above_zero(fitted: Fit) -> None:
    start = fitted.estimates * np.array([1, 1, 1, -1, -1])
    turned = MODEL.fit(DATA, start=start)
    assert turned["sd price"] > 0
    assert turned["sd speed"] > 0
    assert turned.log_likelihood == pytest.approx(fitted.log_likelihood, abs=1e-7)


def test_each_step_is_told_and_the_likelihood_rises_at_last() -> None:
    told: list[tuple[int, Point]] = []
    fit = MODEL.fit(DATA, on_step=lambda step, point: told.append((step, point)))
    assert [step for step, _ in told] == sorted(step for step, _ in told)
    assert told[-1][1].value == pytest.approx(fit.log_likelihood, abs=1e-6)
    assert fit.convergence.iterations >= len(told)


def test_more_than_half_the_searchs_work_is_done_with_few_draws() -> None:
    """Counted in draws: all evaluations together cost less than a dozen with all draws."""
    many = replace(MODEL, draws=2000)
    objective = many.objective(DATA)
    fit = many.fit(DATA)
    assert fit.convergence.converged
    assert fit.convergence.evaluations < 30
    assert fit.log_likelihood == pytest.approx(objective.evaluate(fit.estimates).value, abs=1e-9)


@pytest.mark.parametrize("kind", ["halton", "mlhs", "sobol"])
def test_any_draws_give_about_the_same_fit(fitted: Fit, kind: str) -> None:
    fit = replace(MODEL, draws=Draws(kind, 300)).fit(DATA, seed=2)  # type: ignore[arg-type]
    assert fit.convergence.converged
    assert np.all(np.abs(fit.estimates - fitted.estimates) < 0.35 * fitted.standard_errors())
    again = replace(MODEL, draws=Draws(kind, 300)).fit(DATA, seed=2)  # type: ignore[arg-type]
    np.testing.assert_array_equal(again.estimates, fit.estimates)
    other = replace(MODEL, draws=Draws(kind, 300)).fit(DATA, seed=3)  # type: ignore[arg-type]
    assert (other.log_likelihood == fit.log_likelihood) == (kind == "halton")


def test_worths_and_tastes_are_one_model_where_the_price_is_the_same_for_all() -> None:
    by_taste = MixedLogit(UTILITY, mixing={"speed": "normal"}, draws=200).fit(DATA)
    by_worth = MixedLogit(UTILITY, mixing={"speed": "normal"}, draws=200, space="wtp", price="price").fit(DATA)
    assert by_worth.log_likelihood == pytest.approx(by_taste.log_likelihood, abs=1e-7)
    scale = -by_taste["price"]
    assert by_worth["scale"] == pytest.approx(scale, rel=1e-4)
    assert by_worth["speed"] == pytest.approx(by_taste["speed"] / scale, rel=1e-4)
    assert by_worth["sd speed"] == pytest.approx(by_taste["sd speed"] / scale, rel=1e-4)


def test_correlated_lognormals_are_one_model_in_both_spaces() -> None:
    """U = scale (worth x - p): if worth and scale are lognormal, so is their product, the taste for x."""
    mixing = {"price": Lognormal(-1), "speed": Lognormal(1)}
    utility = "price + speed"
    data = choosers(200, 8, means=(-1.5, 1.3, 0.0), sds=(0.5, 0.8, 0.0), seed=5)
    by_taste = MixedLogit(utility, mixing=mixing, correlated=True, draws=150)
    by_worth = MixedLogit(utility, mixing=mixing, correlated=True, draws=150, space="wtp", price="price")
    fit = by_taste.fit(data)
    assert not fit.unidentified
    m = dict(zip(fit.names, fit.estimates, strict=True))
    at = {
        "price": m["price"],
        "speed": m["speed"] - m["price"],
        "chol price.price": m["chol price.price"],
        "chol speed.price": m["chol speed.price"] - m["chol price.price"],
        "chol speed.speed": m["chol speed.speed"],
    }
    names = by_worth.parameters(data)[1].names
    assert set(names) == {"scale", "speed", "chol speed.speed", "chol scale.speed", "chol scale.scale"}
    # The worths' factor stands in another order: worth first, scale last. Turn the factor to that order.
    factor = np.array([[at["chol speed.price"], at["chol speed.speed"]], [at["chol price.price"], 0.0]])
    lower = np.linalg.cholesky(factor @ factor.T)
    there = {
        "scale": at["price"],
        "speed": at["speed"],
        "chol speed.speed": lower[0, 0],
        "chol scale.speed": lower[1, 0],
        "chol scale.scale": lower[1, 1],
    }
    wide = replace(by_worth, draws=Draws("sobol", 4096))
    tall = replace(by_taste, draws=Draws("sobol", 4096))
    ours = wide.log_likelihoods(np.array([there[name] for name in names]), data).sum()
    theirs = tall.log_likelihoods(fit.estimates, data).sum()
    assert ours == pytest.approx(theirs, abs=0.05)  # the same integral, by other points


def test_a_shifted_normal_is_a_product_in_utility() -> None:
    shifted = MixedLogit(UTILITY, mixing={"speed": "normal"}, shifters={"speed": ("income",)}, draws=150).fit(DATA)
    product = MixedLogit(f"{UTILITY} + speed:income", mixing={"speed": "normal"}, draws=150).fit(DATA)
    assert shifted.log_likelihood == pytest.approx(product.log_likelihood, abs=1e-7)
    for name in shifted.names:
        assert shifted[name] == pytest.approx(product[name], rel=1e-4, abs=1e-6)
        at, there = shifted.index(name), product.index(name)
        assert shifted.standard_errors()[at] == pytest.approx(product.standard_errors()[there], rel=1e-3)


def test_tastes_that_go_together_are_found_to_do_so() -> None:
    chance = stream(11, "tests.mixed_together")
    persons, times = 500, 8
    factor = np.array([[0.8, 0.0], [-0.6, 0.5]])
    data = choosers(persons, times, sizes=(4,), seed=8)
    tastes = np.array([-1.0, 0.7]) + chance.normal(size=(persons, 2)) @ factor.T
    utility = np.einsum("rk,rk->r", data.columns[:, :2], np.repeat(tastes, times * 4, axis=0))
    utility += chance.gumbel(size=data.rows)
    best = np.maximum.reduceat(utility, data.situation_start[:-1])
    data = replace(data, chosen=(utility == np.repeat(best, 4)).astype(np.float64))
    mixing = {"price": "normal", "speed": "normal"}
    fit = MixedLogit("price + speed", mixing=mixing, correlated=True, draws=300).fit(data)
    assert fit.names == ("price", "speed", "chol price.price", "chol speed.price", "chol speed.speed")
    wanted = np.array([-1.0, 0.7, 0.8, -0.6, 0.5])
    assert np.all(np.abs(fit.estimates - wanted) < 3.5 * fit.standard_errors())
    apart = MixedLogit("price + speed", mixing=mixing, draws=300).fit(data)
    assert fit.log_likelihood > apart.log_likelihood + 10


def test_individual_tastes_average_to_those_of_the_population(fitted: Fit) -> None:
    found = MODEL.individual_tastes(fitted, DATA)
    assert found.names == ("price", "speed")
    assert found.mean.shape == found.sd.shape == (DATA.persons, 2)
    for k, name in enumerate(found.names):
        mean, sd = fitted[name], fitted[f"sd {name}"]
        assert abs(found.mean[:, k].mean() - mean) < 4 * sd / np.sqrt(DATA.persons)
        # What choices leave open and what they tell add up to the population's variance.
        total = found.mean[:, k].var() + (found.sd[:, k] ** 2).mean()
        assert total == pytest.approx(sd**2, rel=0.1)
        assert found.mean[:, k].std() < sd
    with pytest.raises(InvalidInput, match="nothing of a person"):
        replace(MODEL, panel=False).individual_tastes(fitted, DATA)


def test_individual_tastes_are_those_that_weighted_draws_give(fitted: Fit) -> None:
    data = DATA.take_persons(range(3))
    found = MODEL.individual_tastes(fitted, data)
    terms, known = MODEL.parameters(data)
    x = design_matrix(terms, data)[:, known.columns]
    for person in range(3):
        tastes, rest = tastes_of(known, fitted.estimates, person, 200, np.zeros(0))
        product = np.ones(200)
        for s in range(data.person_start[person], data.person_start[person + 1]):
            rows = slice(data.situation_start[s], data.situation_start[s + 1])
            utility = x[rows, :2] @ tastes + (x[rows, 2:] @ rest)[:, None]
            share = np.exp(utility) / np.exp(utility).sum(axis=0)
            product *= share[np.argmax(data.chosen[rows])]
        mean = tastes @ product / product.sum()
        np.testing.assert_allclose(found.mean[person], mean, rtol=1e-8)
        square = (tastes**2) @ product / product.sum()
        np.testing.assert_allclose(found.sd[person], np.sqrt(square - mean**2), rtol=1e-6)


def test_probabilities_add_up_and_average_to_what_was_chosen() -> None:
    with_constants = MixedLogit("asc + price + speed", mixing={"price": "normal"}, draws=200)
    data = choosers(300, 1, sizes=(3,))
    fit = with_constants.fit(data)
    p = with_constants.probabilities(fit.estimates, data)
    np.testing.assert_allclose(np.add.reduceat(p, data.situation_start[:-1]), 1.0, rtol=1e-12)
    logs = np.log(p[data.chosen_row()])
    np.testing.assert_allclose(logs, with_constants.log_likelihoods(fit.estimates, data), rtol=1e-9)
    unchosen = replace(data, chosen=np.zeros(data.rows))  # an offer nobody has answered yet
    np.testing.assert_array_equal(with_constants.probabilities(fit.estimates, unchosen), p)


def test_a_spread_that_is_not_there_runs_to_zero_and_is_named() -> None:
    """Where nobody differs, chance decides whether the best spread is zero: often, not always."""
    named = 0
    for replication in range(8):
        data = choosers(120, 4, sds=(0.0, 0.0, 0.0), seed=31, replication=replication)
        fit = MixedLogit(UTILITY, mixing={"speed": "normal"}, draws=150).fit(data)
        assert fit.convergence.converged
        plain = Logit(UTILITY).fit(data)
        if fit.unidentified:
            named += 1
            assert fit.unidentified == ("sd speed",)
            assert np.isnan(fit.estimates[fit.index("sd speed")])
            assert any("`sd speed` ran to zero" in note for note in fit.notes)
            assert fit.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-6)
            np.testing.assert_allclose(fit.standard_errors()[:3], plain.standard_errors(), rtol=1e-3)
            assert np.isnan(fit.standard_errors()[3])
            probabilities = fit.model.probabilities(fit.estimates, data)  # nobody differs: the logit's
            np.testing.assert_allclose(probabilities, plain.model.probabilities(plain.estimates, data), rtol=1e-3)
            with pytest.raises(InvalidInput, match="do not identify `sd speed`"):
                fit["sd speed"]
        else:
            assert fit["sd speed"] > 0
            assert fit.log_likelihood > plain.log_likelihood
    assert 1 <= named <= 7


def test_variances_that_no_choice_can_tell_apart_are_named() -> None:
    """Three alternatives, three independent error components, a cross-section: one too many.

    Source: Walker, Ben-Akiva and Bolduc (2007), sec. 4.2: the covariance of differences among three alternatives holds
    two such components and the logit's own noise, not more.
    """
    data = choosers(300, 1, sizes=(3,), seed=41)
    components = dict.fromkeys(("1@a", "1@b", "1@c"), "error-component")
    fit = MixedLogit("price + speed + 1@a + 1@b + 1@c", mixing=components, draws=100).fit(data)
    assert fit.unidentified == ("sd 1@c",)
    (note,) = [note for note in fit.notes if "covariance" in note]
    for name in ("`sd 1@a`", "`sd 1@b`", "`sd 1@c`", "the logit's own noise"):
        assert name in note
    assert np.isnan(fit.estimates[fit.index("sd 1@c")])
    assert fit.convergence.converged


def test_a_taste_whose_attribute_never_differs_is_refused_or_named() -> None:
    model = MixedLogit(f"{UTILITY} + income", mixing={"income": "normal", "speed": "normal"}, draws=100)
    with pytest.raises(InvalidInput, match="`income` is the same for all alternatives"):
        model.fit(DATA)
    fit = model.fit(DATA, check=False)
    assert set(fit.unidentified) == {"income", "sd income"}
    without = MixedLogit(UTILITY, mixing={"speed": "normal"}, draws=100).fit(DATA)
    # Draws of another dimension: the same model, not the same number.
    assert fit.log_likelihood == pytest.approx(without.log_likelihood, abs=1.0)
    with pytest.raises(InvalidInput, match="no estimate of income"):
        model.probabilities(fit.estimates, DATA)


def test_copies_of_a_column_are_refused_or_named() -> None:
    copied = DATA.with_columns(twice=DATA.column("room") * 2)
    model = MixedLogit(f"{UTILITY} + twice", mixing={"speed": "normal"}, draws=100)
    with pytest.raises(InvalidInput, match="`twice`"):
        model.fit(copied)
    fit = model.fit(copied, check=False)
    assert fit.unidentified == ("twice",)
    plain = MixedLogit(UTILITY, mixing={"speed": "normal"}, draws=100).fit(DATA)
    assert fit["room"] == pytest.approx(plain["room"], rel=1e-4)


def test_models_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InvalidInput, match="no mixing distribution"):
        MixedLogit(UTILITY, mixing={"speed": "cauchy"})
    with pytest.raises(InvalidInput, match="no taste varies"):
        MixedLogit(UTILITY, mixing={})
    with pytest.raises(InvalidInput, match="no space"):
        MixedLogit(UTILITY, mixing={"speed": "normal"}, space="time")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="no sign"):
        Lognormal(2)  # type: ignore[arg-type]
    for model, match in (
        (MixedLogit(UTILITY, mixing={"size": "normal"}), "`size` is mixed, but is no term"),
        (MixedLogit(UTILITY, mixing={"speed": "normal"}, correlated=True), "one taste alone"),
        (MixedLogit(UTILITY, mixing={"speed": "normal"}, correlated=("room", "speed")), "does not vary"),
        (MixedLogit(UTILITY, mixing=dict.fromkeys(("speed", "room"), "uniform"), correlated=True), "correlated"),
        (MixedLogit(UTILITY, mixing={"speed": "normal"}, shifters={"room": ("income",)}), "is shifted, but"),
        (MixedLogit(UTILITY, mixing={"speed": "normal"}, space="wtp"), "is no term of utility"),
        (MixedLogit(UTILITY, mixing={"price": "normal"}, space="wtp", price="price"), "lognormal or fixed"),
    ):
        with pytest.raises(InvalidInput, match=match):
            model.fit(DATA)
    with pytest.raises(NotFound):
        MixedLogit("price + weight", mixing={"weight": "normal"}).fit(DATA)
    with pytest.raises(InvalidInput, match="the start has 2 parameters"):
        MODEL.fit(DATA, start=np.zeros(2))
    with pytest.raises(InvalidInput, match="3 estimates for 5"):
        MODEL.probabilities(np.zeros(3), DATA)


def test_a_model_says_what_it_is() -> None:
    assert MODEL.title == "Mixed logit, panel, 200 Halton draws"
    other = MixedLogit(UTILITY, {"speed": "normal"}, draws=Draws("sobol", 64), space="wtp", price="price", panel=False)
    assert other.title == "Mixed logit, willingness-to-pay space, cross-section, 64 Sobol draws"


def coverage_of(model: MixedLogit, truth: dict[str, float], replications: int, **made: object) -> dict[str, float]:
    """Share of clustered 95 % intervals that hold the truth."""
    inside = dict.fromkeys(truth, 0)
    for replication in range(replications):
        data = choosers(seed=77, replication=replication, **made)  # type: ignore[arg-type]
        fit = model.fit(data)
        assert fit.convergence.converged
        errors = fit.standard_errors("clustered")
        for name, value in truth.items():
            inside[name] += abs(fit.estimates[fit.index(name)] - value) < 1.959964 * errors[fit.index(name)]
    return {name: count / replications for name, count in inside.items()}


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """200 replications of 200 persons with 8 choices each; a share that is 0.95 lies within 0.90 and 0.98."""
    truth = {"price": -1.0, "speed": 0.8, "sd price": 0.6, "sd speed": 0.8}
    model = MixedLogit("price + speed", mixing={"price": "normal", "speed": "normal"}, draws=200)
    made = {"persons": 200, "times": 8, "sizes": (4,), "means": (-1.0, 0.8, 0.0), "sds": (0.6, 0.8, 0.0)}
    found = coverage_of(model, truth, 200, **made)
    assert all(0.90 <= share <= 0.98 for share in found.values()), found


def endogenous(persons: int, replication: int) -> ChoiceData:
    """A price that rises with what buyers like and the data do not hold; `cost` moves it, too."""
    chance = stream(51, "tests.mixed_endogenous", replication)
    data = choosers(persons, 4, sizes=(3,), seed=52, replication=replication)
    unseen, cost = chance.normal(size=data.rows), chance.normal(size=data.rows)
    price = 0.5 * data.column("room") + 0.8 * cost + 0.7 * unseen + 0.3 * chance.normal(size=data.rows)
    tastes = 0.7 + 0.6 * chance.normal(size=persons)
    utility = -price + np.repeat(tastes, 12) * data.column("speed") + 0.5 * data.column("room") + unseen
    utility += chance.gumbel(size=data.rows)
    best = np.maximum.reduceat(utility, data.situation_start[:-1])
    return replace(data.with_columns(price=price, cost=cost), chosen=(utility == np.repeat(best, 3)).astype(np.float64))


CONTROLLED = MixedLogit(
    UTILITY, mixing={"speed": "normal"}, draws=100, control=ControlFunction(instruments="cost", price="price")
)


def test_a_control_function_gives_the_price_its_own_due() -> None:
    data = endogenous(800, 0)
    naive = replace(CONTROLLED, control=None).fit(data)
    fit = CONTROLLED.fit(data)
    assert fit.names[3] == "residual price"
    assert naive["price"] > -0.75  # the unseen makes up for the price
    ratio = fit["price"] / fit["room"]  # the residual leaves some noise: coefficients are to scale
    assert ratio == pytest.approx(-2.0, abs=0.35)
    assert fit["residual price"] > 3 * fit.standard_errors()[3]
    assert any("first stage" in note for note in fit.notes)
    with_it = CONTROLLED.control.with_residual(data, UTILITY)  # type: ignore[union-attr]
    np.testing.assert_array_equal(
        CONTROLLED.probabilities(fit.estimates, data), CONTROLLED.probabilities(fit.estimates, with_it)
    )
    cheaper = with_it.with_columns(price=with_it.column("price") - 0.5 * (with_it.alternative == 0))
    gained = CONTROLLED.probabilities(fit.estimates, cheaper) - CONTROLLED.probabilities(fit.estimates, with_it)
    assert np.all(gained[with_it.alternative == 0] > 0)


def test_standard_errors_know_that_the_residual_was_estimated() -> None:
    """Against the spread of estimates over replications, and against the bootstrap of the whole procedure."""
    fits = [CONTROLLED.fit(endogenous(150, replication)) for replication in range(60)]
    spread = np.std([fit.estimates for fit in fits], axis=0, ddof=1)
    told = np.mean([fit.standard_errors("clustered") for fit in fits], axis=0)
    np.testing.assert_allclose(told, spread, rtol=0.35)
    data = endogenous(150, 0)
    second_stage = replace(CONTROLLED, control=None, utility=f"{UTILITY} + residual price").fit(
        CONTROLLED.control.with_residual(data, UTILITY)  # type: ignore[union-attr]
    )
    np.testing.assert_allclose(second_stage.estimates, fits[0].estimates, rtol=1e-3)
    more = np.array([fits[0].index(name) for name in ("price", "speed", "room", "residual price")])
    assert np.all(fits[0].standard_errors()[more] > 1.02 * second_stage.standard_errors()[more])
    drawn = bootstrap(CONTROLLED, data, replications=40, seed=3).standard_errors()
    np.testing.assert_allclose(fits[0].standard_errors("clustered"), drawn, rtol=0.5)


def test_an_instrument_that_says_nothing_is_refused() -> None:
    data = endogenous(30, 0)
    with pytest.raises(InvalidInput, match="stands in utility"):
        replace(CONTROLLED, control=ControlFunction("speed")).fit(data)
    copied = data.with_columns(same=data.column("speed") + data.column("room"))
    with pytest.raises(InvalidInput, match="says nothing"):
        replace(CONTROLLED, control=ControlFunction("same")).fit(copied)
    with pytest.raises(InvalidInput, match="no `residual price`"):
        CONTROLLED.objective(data)
