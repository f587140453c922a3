"""Ratio tests, tests of models that do not nest, held-out choices."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pytest
from car_choosers import choosers

from pullcord.base import InvalidInput
from pullcord.choice import (
    ChoiceData,
    Fit,
    Logit,
    ben_akiva_swait_test,
    calibration_table,
    compare,
    likelihood_ratio_test,
    validate,
)
from pullcord.choice.tails import chi_squared_tail, normal_tail

DATA = choosers(200, 1)


@pytest.fixture(scope="module")
def small() -> Fit:
    return Logit("price").fit(DATA)


@pytest.fixture(scope="module")
def large() -> Fit:
    return Logit("price + fast + range_km/100").fit(DATA)


def test_the_ratio_is_twice_the_gain(small: Fit, large: Fit) -> None:
    test = likelihood_ratio_test(small, large)
    assert test.statistic == pytest.approx(2 * (large.log_likelihood - small.log_likelihood))
    assert (test.degrees, test.boundary, test.p_boundary, test.notes) == (2, 0, None, ())
    assert test.p_value == pytest.approx(math.exp(-test.statistic / 2))


def test_under_the_null_p_is_as_small_as_it_says_how_often() -> None:
    p = []
    for seed in range(120):
        data = choosers(100, 1, seed=seed)
        noise = data.with_columns(fast=np.roll(data.column("fast"), 7))
        true = Logit("price + range_km/100").fit(noise)
        p.append(likelihood_ratio_test(true, Logit("price + range_km/100 + fast").fit(noise)).p_value)
    below = np.mean(np.array(p)[:, None] < np.array([0.1, 0.25, 0.5, 0.75]), axis=0)
    assert np.all(np.abs(below - [0.1, 0.25, 0.5, 0.75]) < 0.15)


def with_deviations(fit: Fit, count: int) -> Fit:
    """The fit as it were of a mixed logit with some standard deviations more, at the same log-likelihood."""
    names = (*fit.names, *(f"sd {name}" for name in fit.names[:count]))
    k = len(names)
    wide = np.eye(k)
    return replace(
        fit,
        names=names,
        estimates=np.ones(k),
        information=wide,
        meat_robust=wide,
        meat_clustered=wide,
        log_likelihood=fit.log_likelihood + 1.5,
    )


def test_one_deviation_at_the_edge_halves_p(large: Fit) -> None:
    test = likelihood_ratio_test(large, with_deviations(large, 1))
    assert test.p_value == pytest.approx(chi_squared_tail(3.0, 1))
    assert test.p_boundary == pytest.approx(test.p_value / 2)
    assert "mixture" in str(test)


def test_several_deviations_at_the_edge_give_a_bound(large: Fit) -> None:
    test = likelihood_ratio_test(large, with_deviations(large, 3))
    assert test.boundary == 3
    assert test.p_boundary == pytest.approx((chi_squared_tail(3.0, 2) + chi_squared_tail(3.0, 3)) / 2)
    assert test.p_boundary < test.p_value
    assert any("upper bound" in note for note in test.notes)


def test_a_doubtful_nest_is_said_and_a_wrong_one_refused(small: Fit, large: Fit) -> None:
    other = Logit("fuel=electric").fit(DATA)
    assert "fuel=electric" in likelihood_ratio_test(other, large).notes[0]
    with pytest.raises(InvalidInput, match="no more than"):
        likelihood_ratio_test(large, small)
    with pytest.raises(InvalidInput, match="below the smaller"):
        likelihood_ratio_test(small, replace(large, log_likelihood=small.log_likelihood - 1))
    with pytest.raises(InvalidInput, match="same choices"):
        likelihood_ratio_test(Logit("price").fit(choosers(150, 1)), large)
    with pytest.raises(InvalidInput, match="equal shares"):
        likelihood_ratio_test(Logit("price").fit(choosers(200, 1, ragged=True)), large)


def test_pseudo_likelihoods_have_no_ratio_test() -> None:
    data = choosers(120, 1, weighted=True)
    with pytest.raises(InvalidInput, match="weighted"):
        likelihood_ratio_test(Logit("price").fit(data), Logit("price + fast").fit(data))


def test_ben_akiva_and_swait_by_hand() -> None:
    first, second = Logit("price + fast").fit(DATA), Logit("range_km/100").fit(DATA)
    for one, other in ((first, second), (second, first)):
        test = ben_akiva_swait_test(one, other)
        z = first.adjusted_rho_squared - second.adjusted_rho_squared
        assert test.lead == pytest.approx(z)
        assert test.p_value == pytest.approx(normal_tail(math.sqrt(-2 * z * first.null_log_likelihood + 2 - 1)))
        assert "price" in test.ahead


def test_models_that_tie_are_not_told_apart(small: Fit) -> None:
    assert ben_akiva_swait_test(small, small).p_value == 1


@dataclass
class Watched:
    """A model that remembers whom it was fitted to and whom it was asked about."""

    inner: Logit = field(default_factory=lambda: Logit("price + fast"))
    fitted: list[set[str]] = field(default_factory=list)
    asked: list[set[str]] = field(default_factory=list)
    title: str = "watched"
    utility: str = "price + fast"

    def fit(self, data: ChoiceData, *, seed: int = 0) -> Fit:
        self.fitted.append(set(data.person_ids))
        return self.inner.fit(data, seed=seed)

    def probabilities(self, estimates: np.ndarray, data: ChoiceData, *, seed: int = 0) -> np.ndarray:
        return self.inner.probabilities(estimates, data, seed=seed)

    def log_likelihoods(self, estimates: np.ndarray, data: ChoiceData, *, seed: int = 0) -> np.ndarray:
        self.asked.append(set(data.person_ids))
        return self.inner.log_likelihoods(estimates, data, seed=seed)


def test_persons_are_held_out_whole_and_each_once() -> None:
    data, model = choosers(53, 5), Watched()
    held = validate(model, data, folds=4, seed=2)
    assert all(not fitted & asked for fitted, asked in zip(model.fitted, model.asked, strict=True))
    assert sorted(name for asked in model.asked for name in asked) == sorted(data.person_ids)
    assert held.log_likelihood == pytest.approx(sum(held.by_fold)) == pytest.approx(held.by_person.sum())
    assert validate(model, data, folds=4, seed=3).log_likelihood != held.log_likelihood
    plain = json.loads(json.dumps(held.as_json(), allow_nan=False))
    assert plain["log_likelihood"] == held.log_likelihood
    assert len(plain["calibration"]) == len(held.calibration)


def test_held_out_figures_by_hand() -> None:
    data = choosers(60, 3, weighted=True, ragged=True)
    model = Logit("price + fast")
    held = validate(model, data, folds=60, seed=1)  # leave one person out
    total, hits = 0.0, 0.0
    for person in range(60):
        fit = model.fit(data.take_persons([p for p in range(60) if p != person]))
        alone = data.take_persons([person])
        total += model.log_likelihoods(fit.estimates, alone)[0]
        p = model.probabilities(fit.estimates, alone)
        for s in range(3):
            rows = slice(alone.situation_start[s], alone.situation_start[s + 1])
            hits += alone.weight[s] * alone.chosen[rows][np.argmax(p[rows])]
    assert held.log_likelihood == pytest.approx(total)
    assert held.hit_rate == pytest.approx(hits / data.weight.sum())
    assert held.null_log_likelihood == pytest.approx(model.fit(data).null_log_likelihood)


def test_a_model_without_a_clue_hits_by_luck() -> None:
    data = choosers(50, 2).with_columns(nothing=np.zeros(300))
    sample = replace(data, name="x")
    held = validate(Level(), sample, folds=2)
    assert held.hit_rate == pytest.approx(1 / 3)
    assert held.log_likelihood == pytest.approx(held.null_log_likelihood)
    assert len(held.calibration) == 1  # all are alike: no deciles to tell apart
    assert held.calibration[0].observed == pytest.approx(1 / 3)


class Level(Watched):
    """Every alternative is as likely as the next."""

    def probabilities(self, estimates: np.ndarray, data: ChoiceData, *, seed: int = 0) -> np.ndarray:
        return self.inner.probabilities(0 * estimates, data)

    def log_likelihoods(self, estimates: np.ndarray, data: ChoiceData, *, seed: int = 0) -> np.ndarray:
        return self.inner.log_likelihoods(0 * estimates, data)


def test_calibration_bins_hold_everything_once() -> None:
    data = choosers(100, 4, weighted=True)
    fit = Logit("price + fast").fit(data)
    p = fit.model.probabilities(fit.estimates, data)
    bins = calibration_table(p, data)
    assert len(bins) == 10
    offers = np.array([one.offers for one in bins])
    assert offers.sum() == pytest.approx(data.weight @ np.diff(data.situation_start))
    assert np.all(np.abs(offers / offers.sum() - 0.1) < 0.01)
    assert offers @ [one.observed for one in bins] == pytest.approx(data.weight.sum())
    assert offers @ [one.predicted for one in bins] == pytest.approx(data.weight.sum())
    assert all(one.lowest <= one.predicted <= one.highest for one in bins)
    assert all(a.highest < b.lowest for a, b in pairwise(bins))


def test_counts_are_foretold_as_what_they_count() -> None:
    data = choosers(40, 1)
    twice = replace(data, chosen=3 * data.chosen)
    once, thrice = validate(Logit("price"), data, folds=4), validate(Logit("price"), twice, folds=4)
    assert thrice.log_likelihood == pytest.approx(3 * once.log_likelihood)
    assert (thrice.hit_rate, thrice.per_choice) == pytest.approx((once.hit_rate, once.per_choice))


def test_a_fold_that_does_not_tell_is_named() -> None:
    data = choosers(40, 1)
    rare = np.zeros(data.rows)
    rare[:3] = [1, 0, 0]  # the first person alone ever sees it
    with pytest.raises(InvalidInput, match="without the persons of fold"):
        validate(Logit("price + rare"), data.with_columns(rare=rare), folds=40)


def test_folds_that_cannot_be_are_refused() -> None:
    for folds in (1, 61):
        with pytest.raises(InvalidInput, match="folds"):
            validate(Logit("price"), choosers(60, 1), folds=folds)


def test_a_comparison_ranks(small: Fit, large: Fit) -> None:
    held = [validate(fit.model, DATA, folds=4, seed=1) for fit in (small, large)]
    found = compare([small, large], held)
    assert found.best_by_bic is large
    assert found.best_held_out is large
    assert "price + fast + range_km/100" in str(found)
    plain = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert [one["parameters"] for one in plain["models"]] == [1, 3]
    assert plain["models"][0]["held_out_log_likelihood"] == held[0].log_likelihood
    assert compare([small]).best_held_out is None
    with pytest.raises(InvalidInput, match="different choices"):
        compare([small, large], [held[0], validate(large.model, DATA, folds=5)])
    with pytest.raises(InvalidInput, match="do not suit"):
        compare([small, large], held[:1])
