"""Latent classes: formula and derivatives, starts and names of classes, and how often intervals hold the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_choices import coverage, made_up

from pullcord.base import InvalidInput, stream
from pullcord.choice import ChoiceData, LatentClass, Logit, Maximum, Point
from pullcord.choice.closed_form.latent_class import _disagreement, _redundancy
from pullcord.choice.closed_form.latent_class_likelihood import Search

FORMULA = "x0 + x1"
TWO = np.array([[1.5, -0.5], [-0.5, 1.0]])
SHARES = np.array([0.65, 0.35])
TRUTH = np.array([1.5, -0.5, -0.5, 1.0, np.log(0.35 / 0.65)])


def by_hand(model: LatentClass, theta: np.ndarray, data: ChoiceData) -> np.ndarray:
    """float64[person], log-likelihoods by Train (2009), sec. 6.2, one person and one class at a time."""
    tastes = theta[: model.classes * 2].reshape(model.classes, 2)
    gamma = theta[model.classes * 2 :].reshape(model.classes - 1, -1)
    result = np.zeros(data.persons)
    for n in range(data.persons):
        first_row = data.situation_start[data.person_start[n]]
        traits = np.array([1.0, data.columns[first_row, 2]])[: gamma.shape[1]]
        size = np.exp(np.append(0.0, gamma @ traits))
        total = 0.0
        for c in range(model.classes):
            product = 1.0
            for s in range(data.person_start[n], data.person_start[n + 1]):
                rows = slice(data.situation_start[s], data.situation_start[s + 1])
                e = np.exp(data.columns[rows, :2] @ tastes[c])
                product *= e[data.chosen[rows] == 1][0] / e.sum()
            total += size[c] / size.sum() * product
        result[n] = data.weight[data.person_start[n]] * np.log(total)
    return result


@settings(max_examples=20)
@given(
    seed=st.integers(0, 10_000),
    classes=st.integers(2, 4),
    membership=st.sampled_from(["1", "age"]),
    set_sizes=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    weighted=st.booleans(),
)
def test_value_and_derivatives_are_those_of_the_formula(seed, classes, membership, set_sizes, weighted):
    chance = stream(seed, "tests.latent.theta")
    model = LatentClass(FORMULA, classes=classes, membership=membership)
    weights = chance.uniform(0.3, 2, 20) if weighted else None
    data = made_up(TWO, persons=20, times=3, sizes=[*set_sizes, 3], seed=seed, weights=weights)
    names, likelihood = model._prepared(data)
    theta, h = chance.normal(size=len(names)), 1e-5
    point = likelihood.point(theta)
    np.testing.assert_allclose(model.log_likelihoods(theta, data), by_hand(model, theta, data), rtol=1e-9, atol=1e-12)
    assert point.value == pytest.approx(by_hand(model, theta, data).sum())
    scores = np.zeros((data.persons, len(theta)))
    for k, step in enumerate(h * np.eye(len(theta))):
        ahead, behind = likelihood.point(theta + step), likelihood.point(theta - step)
        scores[:, k] = (model.log_likelihoods(theta + step, data) - model.log_likelihoods(theta - step, data)) / (2 * h)
        assert scores[:, k].sum() == pytest.approx(point.gradient[k], rel=1e-5, abs=1e-5)
        second = -(ahead.gradient - behind.gradient) / (2 * h)
        np.testing.assert_allclose(second, point.information[k], rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(likelihood.score_products(theta), scores.T @ scores, rtol=1e-4, atol=1e-5)


def test_one_kind_of_people_twice_is_the_logit():
    data = made_up(TWO, persons=40)
    theta = np.array([0.3, -0.2, 0.3, -0.2, 1.7])
    model = LatentClass(FORMULA)
    np.testing.assert_allclose(
        model.log_likelihoods(theta, data), Logit(FORMULA).log_likelihoods(theta[:2], data), rtol=1e-10
    )
    np.testing.assert_allclose(
        model.probabilities(theta, data), Logit(FORMULA).probabilities(theta[:2], data), rtol=1e-12
    )


def test_a_fit_finds_the_kinds_of_people_there_are():
    data = made_up(TWO, persons=600, times=6, shares=SHARES)
    model = LatentClass(FORMULA)
    fit = model.fit(data)
    assert fit.convergence.converged
    assert fit.names == ("class 1: x0", "class 1: x1", "class 2: x0", "class 2: x1", "class 2 membership: 1")
    np.testing.assert_allclose(fit.estimates, TRUTH, atol=4 * fit.standard_errors().max())
    shares = model.class_shares(fit.estimates, data)
    assert shares.sum() == pytest.approx(1)
    assert shares[0] > shares[1]
    np.testing.assert_allclose(shares, SHARES, atol=0.08)
    posterior = model.class_posteriors(fit.estimates, data)
    np.testing.assert_allclose(posterior.sum(axis=1), 1)
    # At the maximum the average person belongs to classes as the sizes say.
    np.testing.assert_allclose(posterior.mean(axis=0), shares, atol=1e-6)
    assert fit.log_likelihood > Logit(FORMULA).fit(data).log_likelihood + 50
    assert fit.seed == 0
    p, again = model.probabilities(fit.estimates, data), model.posterior_probabilities(fit.estimates, data)
    for shares_of in (p, again):
        np.testing.assert_allclose(np.add.reduceat(shares_of, data.situation_start[:-1]), 1)
    # Who is known is predicted better.
    assert np.log(again[data.chosen == 1]).sum() > np.log(p[data.chosen == 1]).sum() + 20


def test_membership_follows_what_it_depends_on():
    data = made_up(TWO[:1], persons=900, times=5)
    age = data.columns[data.situation_start[data.person_start[:-1]], 2]
    chance = stream(6, "tests.latent.membership")
    second = chance.random(900) < 1 / (1 + np.exp(0.7 - 1.2 * age))
    tastes = TWO[second.astype(int)][data.situation_of_row() // 5]
    utility = np.einsum("rk,rk->r", data.columns[:, :2], tastes) + chance.gumbel(size=data.rows)
    chosen = utility.reshape(-1, 3) == utility.reshape(-1, 3).max(axis=1, keepdims=True)
    data = replace(data, chosen=chosen.ravel().astype(float))
    model = LatentClass(FORMULA, membership="age")
    fit = model.fit(data)
    error = fit.standard_errors()[fit.index("class 2 membership: age")]
    assert fit["class 2 membership: age"] == pytest.approx(1.2, abs=4 * error)
    assert fit["class 2 membership: 1"] == pytest.approx(-0.7, abs=0.5)
    with_constant = LatentClass(FORMULA, membership="1 + age").fit(data, start=fit.estimates)
    assert with_constant.names == fit.names
    assert "membership by age" in model.title


@pytest.mark.parametrize("seed", range(3))
def test_classes_are_named_by_size_whatever_the_start(seed):
    """Started from the truth with the classes the other way round, the same fit comes back."""
    data = made_up(TWO, persons=400, times=6, shares=SHARES, seed=seed)
    model = LatentClass(FORMULA)
    turned = np.concatenate([TRUTH[2:4], TRUTH[:2], -TRUTH[4:]])
    straight, back = model.fit(data, start=TRUTH), model.fit(data, start=turned)
    np.testing.assert_allclose(straight.estimates, back.estimates, atol=1e-5)
    np.testing.assert_allclose(straight.covariance(), back.covariance(), rtol=1e-4)
    assert model.class_shares(back.estimates, data)[0] >= 0.5


def test_three_classes_keep_their_memberships_when_they_change_names():
    tastes = np.array([[2.0, 0.0], [0.0, 2.0], [-2.0, -1.0]])
    data = made_up(tastes, persons=500, times=6, shares=np.array([0.2, 0.3, 0.5]))
    model = LatentClass(FORMULA, classes=3, membership="age")
    start = np.concatenate([tastes.ravel(), [0.4, 0.1, 0.9, -0.2]])
    _, likelihood = model._prepared(data)
    ordered = likelihood.ordered(start)
    assert likelihood.point(ordered).value == pytest.approx(likelihood.point(start).value, rel=1e-12)
    shares = likelihood.shares(ordered)
    assert np.all(np.diff(shares) <= 0)
    np.testing.assert_allclose(likelihood.split(ordered)[0][0], tastes[2])


def test_cold_starts_lead_to_where_the_truth_leads():
    model = LatentClass(FORMULA)
    for replication in range(10):
        data = made_up(TWO, persons=200, times=6, shares=SHARES, replication=replication)
        cold, warm = model.fit(data, seed=replication), model.fit(data, start=TRUTH)
        assert cold.log_likelihood >= warm.log_likelihood - 1e-6
        np.testing.assert_allclose(cold.estimates, warm.estimates, atol=1e-4)


def test_the_same_seed_gives_the_same_fit_and_another_the_same_maximum():
    data = made_up(TWO, persons=200, times=5, shares=SHARES)
    model = LatentClass(FORMULA)
    first, same, other = (model.fit(data, seed=seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first.estimates, same.estimates)
    assert other.log_likelihood == pytest.approx(first.log_likelihood, abs=1e-6)


def test_starts_that_disagree_are_reported():
    nowhere = Maximum(np.zeros(1), Point(0.0, np.zeros(1), np.eye(1)), True, "", 0, 0, 0.0)

    def said(*values, in_part=False):
        return _disagreement(Search(nowhere, values, 9, in_part))

    assert said(-100.0, -100.0 - 1e-5) == []
    assert said(-100.0, -103.5, -100.0) == ["2 of 3 starts led to the highest maximum, the others up to 3.5 below"]
    assert said(-9.0, -10.0, in_part=True) == [
        "1 of 2 starts led to the highest maximum in a part of the data, the others up to 1 below: try more starts"
    ]


def test_a_class_too_many_is_said_to_be():
    data = made_up(TWO, persons=150, times=4, shares=SHARES)
    _, likelihood = LatentClass(FORMULA, classes=3)._prepared(data)
    twins = np.array([1.0, 0.5, -1.0, 0.2, 1.0, 0.5, -0.4, -0.6])
    assert _redundancy(likelihood, twins) == ["classes 1 and 3 have the same tastes: fewer classes do as well"]
    empty = np.array([1.0, 0.5, -1.0, 0.2, 5.0, 3.0, 0.0, -20.0])
    assert _redundancy(likelihood, empty) == [
        "class 3 is next to empty (1.5e-07 of 150 persons): fewer classes do as well"
    ]


def test_more_classes_than_kinds_of_people_are_not_passed_off_as_found():
    """One kind of people, four classes: whatever comes back says that it cannot tell them all."""
    data = made_up(TWO[:1], persons=120, times=3)
    fit = LatentClass(FORMULA, classes=4, starts=4).fit(data)
    assert fit.unidentified
    assert fit.notes
    assert np.isnan(fit.standard_errors()[[fit.index(name) for name in fit.unidentified]]).all()


def test_many_persons_are_searched_through_by_a_part_of_them():
    data = made_up(TWO, persons=7_000, times=3, shares=SHARES)
    fit = LatentClass(FORMULA, starts=3).fit(data)
    whole = LatentClass(FORMULA).fit(data, start=TRUTH)
    assert fit.log_likelihood == pytest.approx(whole.log_likelihood, abs=1e-6)
    np.testing.assert_allclose(fit.estimates, TRUTH, atol=5 * fit.standard_errors().max())


def test_a_person_who_weighs_twice_is_two_persons():
    data = made_up(TWO, persons=150, times=5, shares=SHARES)
    often = stream(3, "tests.latent.often").integers(1, 4, 150)
    model = LatentClass(FORMULA)
    weighted = model.fit(replace(data, weight=np.repeat(often.astype(float), 5)), start=TRUTH)
    repeated = model.fit(data.take_persons(np.repeat(np.arange(150), often)), start=TRUTH)
    assert weighted.log_likelihood == pytest.approx(repeated.log_likelihood, rel=1e-10)
    np.testing.assert_allclose(weighted.estimates, repeated.estimates, atol=1e-6)
    np.testing.assert_allclose(weighted.covariance(), repeated.covariance(), rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: replace(d, chosen=d.chosen * 2), "counts of choices"),
        (lambda d: replace(d, weight=np.arange(d.situations) + 1.0), "weights differ within a person"),
    ],
)
def test_data_that_do_not_say_who_is_who_are_refused(change, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        LatentClass(FORMULA).fit(change(made_up(TWO)))


@pytest.mark.parametrize(
    ("build", "complaint"),
    [
        (lambda data: LatentClass(FORMULA, classes=1), "no classes"),
        (lambda data: LatentClass(FORMULA, starts=0), "lead nowhere"),
        (lambda data: LatentClass(FORMULA, membership="x0").fit(data), "differs within a person"),
        (lambda data: LatentClass(FORMULA + " + age").fit(data), "age"),
        (lambda data: LatentClass(FORMULA).fit(data, start=np.zeros(3)), "the start has 3 values"),
    ],
)
def test_what_makes_no_sense_is_refused(build, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        build(made_up(TWO))


def test_intervals_hold_the_truth_as_often_as_they_say():
    """200 replications, each started from the truth: 95 % intervals hold each parameter 90 to 98 % of the time.

    `test_cold_starts_lead_to_where_the_truth_leads` shows that starts of their own end at the same place.
    """
    model = LatentClass(FORMULA)
    estimates, errors = [], {"classical": [], "robust": []}
    for replication in range(200):
        data = made_up(TWO, persons=250, times=6, shares=SHARES, replication=replication, seed=11)
        fit = model.fit(data, start=TRUTH)
        assert fit.convergence.converged
        estimates.append(fit.estimates)
        for kind, kept in errors.items():
            kept.append(fit.standard_errors(kind))
    for kind, kept in errors.items():
        held = coverage(np.array(estimates), np.array(kept), TRUTH)
        assert np.all((held >= 0.90) & (held <= 0.98)), (kind, held)
        assert 0.92 <= held.mean() <= 0.97, (kind, held)
