"""The simulated likelihood: the number it is meant to be, and its derivatives, for every kind of taste."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from mixed_choosers import choosers, plainly, tastes_of

from pullcord.base import InvalidInput
from pullcord.choice import (
    CensoredNormal,
    ChoiceData,
    Draws,
    ErrorComponent,
    Lognormal,
    MixedLogit,
    Normal,
    Triangular,
    TruncatedNormal,
    Uniform,
    design_matrix,
)
from pullcord.choice.mixed.objective import MixedObjective

UTILITY = "price + speed + room"
RAGGED = choosers(12, 3, sizes=(3, 1, 5, 2))
CROSS = choosers(30, 1, sizes=(4, 6))
DRAWS = 75  # not a multiple of the lanes

MODELS = {
    "normal": MixedLogit(UTILITY, mixing={"speed": "normal"}),
    "normals": MixedLogit(UTILITY, mixing={"price": Normal(), "speed": Normal(), "room": Normal()}),
    "lognormals": MixedLogit(UTILITY, mixing={"price": Lognormal(-1), "speed": Lognormal(1)}),
    "triangular": MixedLogit(UTILITY, mixing={"price": Triangular(), "speed": Uniform()}),
    "truncated": MixedLogit(UTILITY, mixing={"price": TruncatedNormal(-1), "speed": TruncatedNormal(1)}),
    "censored": MixedLogit(UTILITY, mixing={"price": CensoredNormal(-1), "room": CensoredNormal(1)}),
    "error components": MixedLogit(
        f"{UTILITY} + 1@a + 1@b", mixing={"1@a": ErrorComponent(), "1@b": "error-component", "price": "normal"}
    ),
    "correlated": MixedLogit(UTILITY, mixing=dict.fromkeys(("price", "speed", "room"), "normal"), correlated=True),
    "partly correlated": MixedLogit(
        f"{UTILITY} + 1@b",
        mixing={"price": "-lognormal", "speed": "triangular", "room": "censored-normal", "1@b": "normal"},
        correlated=("price", "room", "1@b"),
    ),
    "many fixed": MixedLogit(
        f"{UTILITY} + price:room + speed:room + price:speed + price:price + speed:speed + room:room + 1@b",
        mixing={"price": "-lognormal"},
    ),
    "shifted": MixedLogit(
        UTILITY,
        mixing={"price": "-lognormal", "speed": "normal"},
        shifters={"price": ("income",), "speed": ("income", "income:income")},
    ),
    "worths, fixed scale": MixedLogit(UTILITY, mixing={"speed": "normal"}, space="wtp", price="price"),
    "worths": MixedLogit(
        UTILITY,
        mixing={"price": "lognormal", "speed": "normal", "room": "triangular"},
        space="wtp",
        price="price",
        shifters={"speed": ("income",)},
    ),
    "correlated worths": MixedLogit(
        UTILITY,
        mixing={"price": "lognormal", "speed": "normal", "room": "lognormal"},
        correlated=True,
        space="wtp",
        price="price",
    ),
    "truncated worths": MixedLogit(
        UTILITY, mixing={"price": "lognormal", "speed": "truncated-normal"}, space="wtp", price="price"
    ),
}


def some_estimates(model: MixedLogit, data: ChoiceData) -> np.ndarray:
    """Estimates that are nothing special, and make sense."""
    names = model.parameters(data)[1].names
    values = 0.15 + 0.35 * np.abs(np.sin(1.0 + 2.3 * np.arange(len(names))))
    for i, name in enumerate(names):
        if name == "price" and not isinstance(model.mixing.get("price"), Lognormal):
            values[i] *= -1
        if name == "scale":
            values[i] = 0.6
    return values


def made(name: str, data: ChoiceData, **changes: object) -> tuple[MixedLogit, np.ndarray, MixedObjective]:
    model = replace(MODELS[name], draws=DRAWS, **changes)  # type: ignore[arg-type]
    return model, some_estimates(model, data), model.objective(data)


def slope(value: object, at: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """Central differences, one row for each element of `at`."""
    rows = []
    for i in range(len(at)):
        moved = np.zeros(len(at))
        moved[i] = step
        rows.append((np.asarray(value(at + moved)) - np.asarray(value(at - moved))) / (2 * step))  # type: ignore[operator]
    return np.array(rows)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("data", [RAGGED, CROSS], ids=["panel", "cross-section"])
def test_the_likelihood_is_the_mean_over_draws_of_the_product_of_logits(name: str, data: ChoiceData) -> None:
    model, estimates, _ = made(name, data)
    wanted, probabilities = plainly(model, estimates, data)
    np.testing.assert_allclose(model.log_likelihoods(estimates, data), wanted, rtol=1e-9)
    np.testing.assert_allclose(model.probabilities(estimates, data), probabilities, rtol=1e-9)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("data", [RAGGED, CROSS], ids=["panel", "cross-section"])
def test_gradient_and_hessian_are_those_of_the_likelihood(name: str, data: ChoiceData) -> None:
    _, estimates, objective = made(name, data)
    found = objective.evaluate(estimates, hessian=True)
    by_value = slope(lambda theta: objective.evaluate(theta).value, estimates)
    np.testing.assert_allclose(found.gradient, by_value, rtol=2e-6, atol=2e-7 * np.abs(by_value).max())
    assert found.hessian is not None
    # Censored tastes have a kink at zero: a step of that size must cross none of the draws.
    by_gradient = slope(lambda theta: objective.evaluate(theta).gradient, estimates, 1e-7)
    np.testing.assert_allclose(found.hessian, by_gradient, atol=3e-6 * np.abs(by_gradient).max())
    np.testing.assert_array_equal(found.hessian, found.hessian.T)
    np.testing.assert_allclose(found.gradient, objective.evaluate(estimates).gradient, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_short_arithmetic_leads_to_the_same_place(name: str) -> None:
    _, estimates, objective = made(name, RAGGED)
    long, short = objective.evaluate(estimates), objective.evaluate(estimates, single=True)
    assert short.value == pytest.approx(long.value, rel=2e-6)
    np.testing.assert_allclose(short.gradient, long.gradient, atol=1e-5 * np.abs(long.gradient).max())
    np.testing.assert_allclose(short.products, long.products, atol=1e-5 * np.abs(long.products).max())


def test_products_of_scores_are_those_of_persons() -> None:
    _, estimates, objective = made("correlated", RAGGED)
    scores = objective.scores(estimates)
    found = objective.evaluate(estimates, hessian=True)
    by_person = slope(objective.by_unit, estimates).T
    np.testing.assert_allclose(scores, by_person, atol=1e-6)
    np.testing.assert_allclose(found.products, scores.T @ scores, rtol=1e-9)
    np.testing.assert_allclose(found.gradient, scores.sum(axis=0), rtol=1e-9, atol=1e-12)


def test_without_a_panel_every_choice_has_draws_of_its_own() -> None:
    model, estimates, objective = made("normals", RAGGED, panel=False)
    wanted, probabilities = plainly(model, estimates, RAGGED)
    np.testing.assert_allclose(model.log_likelihoods(estimates, RAGGED), wanted, rtol=1e-9)
    np.testing.assert_allclose(model.probabilities(estimates, RAGGED), probabilities, rtol=1e-9)
    found, scores = objective.evaluate(estimates, hessian=True), objective.scores(estimates)
    by_person = np.add.reduceat(scores, RAGGED.person_start[:-1], axis=0)
    np.testing.assert_allclose(found.meat_robust, scores.T @ scores, rtol=1e-9)
    np.testing.assert_allclose(found.meat_clustered, by_person.T @ by_person, rtol=1e-9)


def test_a_weight_counts_a_person_so_many_times() -> None:
    weights = np.resize([1.0, 2.0, 0.0], 12)
    data = choosers(12, 3, sizes=(3, 1, 5, 2), weights=weights)
    model, estimates, objective = made("shifted", data)
    plain = model.objective(RAGGED)
    by_person = plain.by_unit(estimates)
    np.testing.assert_allclose(model.log_likelihoods(estimates, data), weights * by_person, rtol=1e-12)
    found, scores = objective.evaluate(estimates, hessian=True), plain.scores(estimates)
    np.testing.assert_allclose(found.gradient, weights @ scores, rtol=1e-9)
    np.testing.assert_allclose(found.products, scores.T @ (weights[:, None] * scores), rtol=1e-9)
    np.testing.assert_allclose(found.meat_robust, scores.T @ (weights[:, None] ** 2 * scores), rtol=1e-9)
    by_gradient = slope(lambda theta: objective.evaluate(theta).gradient, estimates, 1e-6)
    np.testing.assert_allclose(found.hessian, by_gradient, atol=1e-6 * np.abs(by_gradient).max())


def test_shards_add_up_to_the_whole_and_can_be_sent_away() -> None:
    data = choosers(20, 3, sizes=(3, 4))
    model = replace(MODELS["partly correlated"], draws=Draws("mlhs", DRAWS))
    estimates = some_estimates(model, data)
    whole = model.objective(data, seed=3).evaluate(estimates, hessian=True)
    first = model.objective(data.take_persons(range(7)), seed=3)
    rest = model.objective(data.take_persons(range(7, 20)), seed=3, first_unit=7)
    sent: list[MixedObjective] = pickle.loads(pickle.dumps([first, rest]))
    parts = [one.evaluate(estimates, hessian=True) for one in sent]
    both = parts[0] + parts[1]
    assert both.value == pytest.approx(whole.value, rel=1e-13)
    for found, wanted in (
        (both.gradient, whole.gradient),
        (both.products, whole.products),
        (both.hessian, whole.hessian),
        (both.meat_clustered, whole.meat_clustered),
    ):
        assert found is not None
        assert wanted is not None
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12 * np.abs(wanted).max())


def test_a_part_of_the_draws_and_of_the_persons_is_what_it_says() -> None:
    model, estimates, objective = made("normals", RAGGED)
    fewer = replace(model, draws=Draws("halton", 30)).objective(RAGGED)
    # The first 30 of a person's 75 draws are those of a sequence that leaves out other points.
    alone = replace(model, draws=Draws("halton", 30, drop=100)).objective(RAGGED.take_persons([0]))
    of_first = objective.evaluate(estimates, draws=30).value
    assert of_first != pytest.approx(fewer.evaluate(estimates).value)
    only = model.objective(RAGGED.take_persons([0])).evaluate(estimates, draws=30).value
    assert only == pytest.approx(alone.evaluate(estimates).value, rel=1e-13)
    each = objective.by_unit(estimates)
    for step in (2, 5, 11):
        assert objective.evaluate(estimates, step=step).value == pytest.approx(each[::step].sum(), rel=1e-12)


@pytest.mark.parametrize("far", [30.0, 400.0, 1e5])
@pytest.mark.parametrize("single", [False, True])
def test_utilities_however_far_apart_give_finite_likelihoods(far: float, single: bool) -> None:
    model, estimates, objective = made("normals", RAGGED)
    found = objective.evaluate(far * estimates, single=single)
    assert np.isfinite(found.value)
    assert np.all(np.isfinite(found.gradient))
    probabilities = model.probabilities(far * estimates, RAGGED)
    np.testing.assert_allclose(np.add.reduceat(probabilities, RAGGED.situation_start[:-1]), 1.0, rtol=1e-12)
    if far == 400.0 and not single:
        with np.errstate(divide="ignore"):
            steep = choosers(8, 1, means=(40.0, 40.0, 40.0), sds=(0.0, 0.0, 0.0))
            one = MixedLogit(UTILITY, mixing={"price": "normal"}, draws=DRAWS)
            at = np.array([300.0, 300.0, 300.0, 2.0])
            np.testing.assert_allclose(
                one.log_likelihoods(at, steep), plainly(one, at, steep)[0], rtol=1e-8, atol=1e-12
            )


@pytest.mark.parametrize("single", [False, True])
def test_a_panel_may_be_longer_than_a_product_of_probabilities_can_be(single: bool) -> None:
    data = choosers(3, 2000, sizes=(9,))
    model, estimates, objective = made("normals", data)
    found = objective.evaluate(estimates, single=single)
    by_log = 0.0  # the same by sums of logarithms, one draw at a time
    for person in range(3):
        mine = data.take_persons([person])
        alone = replace(model, draws=Draws("halton", DRAWS, drop=100 + person * DRAWS), panel=True)
        terms, known = alone.parameters(mine)
        x = design_matrix(terms, mine)[:, known.columns]
        tastes, _ = tastes_of(known, estimates, person, DRAWS, np.zeros(0))
        utility = x @ tastes
        top = np.maximum.reduceat(utility, mine.situation_start[:-1])
        logs = utility[mine.chosen_row()] - top
        logs -= np.log(np.add.reduceat(np.exp(utility - np.repeat(top, 9, axis=0)), mine.situation_start[:-1]))
        each = logs.sum(axis=0)
        assert each.max() < -1000  # exp of that is 0
        by_log += each.max() + np.log(np.mean(np.exp(each - each.max())))
    assert found.value == pytest.approx(by_log, rel=1e-6 if single else 1e-12)


def test_what_cannot_be_simulated_is_refused() -> None:
    model = MODELS["normal"]
    uneven = replace(RAGGED, weight=np.arange(RAGGED.situations) + 1.0)
    with pytest.raises(InvalidInput, match="different weights"):
        model.objective(uneven)
    assert replace(model, panel=False).objective(uneven).units == RAGGED.situations
    with pytest.raises(InvalidInput, match="changes within a person"):
        replace(model, shifters={"speed": ("price",)}).objective(RAGGED)
    counted = replace(RAGGED, chosen=RAGGED.chosen * 2)
    with pytest.raises(InvalidInput, match="counts"):
        model.objective(counted)
