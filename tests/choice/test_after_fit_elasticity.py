"""Elasticities and marginal effects: the formula, the recomputation and the laws they keep."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
from car_choosers import choosers

from pullcord.base import InvalidInput, NotFound
from pullcord.choice import ChoiceData, Fit, Logit, Model, elasticities, marginal_effects


@dataclass(frozen=True)
class Opaque:
    """A logit that does not say it is one, so that its shares must be computed anew."""

    inner: Logit
    title: str = "opaque"

    @property
    def utility(self) -> str:
        return self.inner.utility

    def fit(self, data: ChoiceData, *, seed: int = 0) -> Fit:
        return replace(self.inner.fit(data, seed=seed), model=self)

    def probabilities(self, estimates: np.ndarray, data: ChoiceData, *, seed: int = 0) -> np.ndarray:
        return self.inner.probabilities(estimates, data, seed=seed)

    def log_likelihoods(self, estimates: np.ndarray, data: ChoiceData, *, seed: int = 0) -> np.ndarray:
        return self.inner.log_likelihoods(estimates, data, seed=seed)


DATA = choosers(labelled=True, ragged=True, weighted=True)
SIZES = DATA.with_columns(size=np.round(DATA.column("range_km") / 100))


def both(formula: str) -> tuple[Fit, Fit]:
    model: Model = Opaque(Logit(formula))
    return Logit(formula).fit(DATA), model.fit(DATA)


@pytest.mark.parametrize(
    "formula",
    [
        "price + fast + asc",
        "log(price) + fast",
        "price/10 + price:income + fast",
        "price@each + fast",
        "price:price + asc",
    ],
)
def test_the_formula_and_the_recomputation_agree(formula: str) -> None:
    exact, opaque = both(formula)
    for measure in (elasticities, marginal_effects):
        a, b = measure(exact, DATA, "price"), measure(opaque, DATA, "price", change=1e-4)
        assert (a.method, b.method) == ("analytic", "recomputed")
        np.testing.assert_allclose(a.values, b.values, rtol=1e-5, atol=1e-8)
        np.testing.assert_allclose(a.share, b.share)


def test_a_single_choice_keeps_the_textbook_formula() -> None:
    fit = Logit("price + fast").fit(DATA)
    one = DATA.take_persons([3])
    one = replace(
        one,
        columns=one.columns[: one.situation_start[1]],
        alternative=one.alternative[: one.situation_start[1]],
        chosen=one.chosen[: one.situation_start[1]],
        situation_start=one.situation_start[:2],
        person_start=np.array([0, 1]),
        weight=one.weight[:1],
    )
    p, x = fit.model.probabilities(fit.estimates, one), one.column("price")
    answer = elasticities(fit, one, "price")
    for j, changed in enumerate(answer.changed):
        for i, alternative in enumerate(one.alternatives[: len(p)]):
            textbook = fit["price"] * x[j] * ((i == j) - p[j])  # Train (2009), eqs. 3.14 and 3.15
            assert answer.of(alternative, changed) == pytest.approx(textbook)


def test_what_one_gains_the_others_lose() -> None:
    for fit in both("price + fast + asc"):
        answer = elasticities(fit, DATA, "price")
        np.testing.assert_allclose(answer.share @ answer.values, 0, atol=1e-9)
        np.testing.assert_allclose(marginal_effects(fit, DATA, "price").values.sum(axis=0), 0, atol=1e-9)
        assert answer.share.sum() == pytest.approx(1)


def test_an_indicator_is_switched() -> None:
    fit = Logit("price + fast + asc").fit(DATA)
    effect = marginal_effects(fit, DATA, "fast", alternative="hybrid")
    hybrid = DATA.alternative == 1
    shares = []
    for value in (1.0, 0.0):
        moved = DATA.with_columns(fast=np.where(hybrid, value, DATA.column("fast")))
        weight = DATA.weight[DATA.situation_of_row()]
        p = fit.model.probabilities(fit.estimates, moved) * weight
        shares.append(np.bincount(DATA.alternative, p) / DATA.weight.sum())
    np.testing.assert_allclose(effect.values[:, 0], shares[0] - shares[1])
    with pytest.raises(InvalidInput, match="indicator"):
        elasticities(fit, DATA, "fast")


def test_intervals_come_from_the_estimates_covariance() -> None:
    fit = Logit("price + asc").fit(DATA)
    wide = elasticities(fit, DATA, "price", draws=400, level=0.95, seed=2)
    narrow = elasticities(fit, DATA, "price", draws=400, level=0.5, seed=2)
    assert np.all((wide.lower < narrow.lower) & (narrow.lower < wide.values))
    assert np.all((wide.values < narrow.upper) & (narrow.upper < wide.upper))
    gradient = np.empty(3)  # the delta method's answer to the same question
    for k in range(3):
        steps = (fit.estimates + step * np.eye(3)[k] for step in (1e-5, -1e-5))
        moved = [elasticities(replace(fit, estimates=there), DATA, "price") for there in steps]
        gradient[k] = (moved[0].values[0, 0] - moved[1].values[0, 0]) / 2e-5
    error = np.sqrt(gradient @ fit.covariance("clustered") @ gradient)
    assert wide.upper[0, 0] - wide.lower[0, 0] == pytest.approx(2 * 1.96 * error, rel=0.2)
    assert "intervals at 95%" in str(wide)
    plain = json.loads(json.dumps(wide.as_json(), allow_nan=False))
    assert plain["values"][0][1] == wide.of("petrol", "hybrid")


def test_what_does_not_enter_is_refused() -> None:
    fit = Logit("price + fast").fit(DATA)
    with pytest.raises(NotFound, match="does not enter"):
        elasticities(fit, DATA, "range_km")
    with pytest.raises(NotFound, match="no column"):
        elasticities(fit, DATA, "colour")
    with pytest.raises(NotFound, match="no alternative"):
        elasticities(fit, DATA, "price", alternative="bicycle")
    with pytest.raises(InvalidInput, match="indicator"):
        elasticities(
            Logit("price + income=3").fit(DATA.with_columns(income=np.round(DATA.column("income")) + DATA.alternative)),
            DATA,
            "income",
        )
