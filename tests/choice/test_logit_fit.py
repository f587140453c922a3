"""The logit: its derivatives, what must not change it, what it can tell, and how often its intervals hold the truth."""

from __future__ import annotations

from dataclasses import replace

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_choices import coverage, made_up

from pullcord.base import InvalidInput, stream
from pullcord.choice import ChoiceData, Logit, design_matrix, maximise, parse_utility
from pullcord.choice.closed_form.logit_kernels import exponentials
from pullcord.choice.closed_form.logit_likelihood import LogitLikelihood
from pullcord.choice.estimation import conclude, identify

TASTES = np.array([0.8, -1.1, 0.4])
FORMULA = "x0 + x1 + x2"
SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=6)


def changed(data: ChoiceData, **arrays) -> ChoiceData:
    return replace(data, **arrays)


def likelihood_of(data: ChoiceData, terms: int = 3) -> LogitLikelihood:
    return LogitLikelihood.of(np.ascontiguousarray(data.columns[:, :terms]), data)


def by_hand(data: ChoiceData, beta: np.ndarray, terms: int = 3):
    """Value, gradient, information, and outer products of scores of choices and persons; one situation at a time."""
    value, gradient = 0.0, np.zeros(terms)
    information, by_choice, by_person = np.zeros((3, terms, terms))
    for person in range(data.persons):
        whole = np.zeros(terms)
        for s in range(data.person_start[person], data.person_start[person + 1]):
            rows = slice(data.situation_start[s], data.situation_start[s + 1])
            x, n, w = data.columns[rows, :terms], data.chosen[rows], data.weight[s]
            utility = x @ beta
            p = np.exp(utility) / np.exp(utility).sum()
            z = x - p @ x
            value += w * n @ np.log(p)
            information += w * n.sum() * (z * p[:, None]).T @ z
            by_choice += w**2 * (z * n[:, None]).T @ z
            whole += w * n @ z
        gradient += whole
        by_person += np.outer(whole, whole)
    return value, gradient, information, by_choice, by_person


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    sizes=SIZES,
    persons=st.integers(1, 40),
    times=st.integers(1, 4),
    weighted=st.booleans(),
    counted=st.booleans(),
)
def test_value_and_derivatives_are_those_of_the_formula(seed, sizes, persons, times, weighted, counted):
    """Ragged sets, sets of one, weights, counts and panels, against sums taken one situation at a time."""
    chance = stream(seed, "tests.logit.derivatives")
    data = made_up(TASTES, persons=persons, times=times, sizes=sizes, seed=seed)
    if weighted:
        data = changed(data, weight=chance.uniform(0, 3, data.situations) + 0.01)
    if counted:
        data = changed(data, chosen=data.chosen + chance.integers(0, 4, data.rows))
    beta = chance.normal(size=3)
    likelihood = likelihood_of(data)
    point = likelihood.point(beta)
    by_choice, by_person = likelihood.score_products(beta)
    expected = by_hand(data, beta)
    found = (point.value, point.gradient, point.information, by_choice, by_person)
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-9)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), sizes=SIZES)
def test_gradient_and_information_are_those_of_differences(seed, sizes):
    data = made_up(TASTES, persons=50, sizes=sizes, seed=seed)
    likelihood, beta, h = likelihood_of(data), stream(seed, "tests.logit.at").normal(size=3), 1e-5
    point = likelihood.point(beta)
    for k, step in enumerate(h * np.eye(3)):
        ahead, behind = likelihood.point(beta + step), likelihood.point(beta - step)
        assert (ahead.value - behind.value) / (2 * h) == pytest.approx(point.gradient[k], rel=1e-6, abs=1e-5)
        second = -(ahead.gradient - behind.gradient) / (2 * h)
        np.testing.assert_allclose(second, point.information[k], rtol=1e-6, atol=1e-5)


@given(values=st.lists(st.floats(-800, 0), min_size=1, max_size=40))
def test_our_exponential_is_as_good_as_the_library_s(values):
    mine, scratch = np.array(values), np.empty(len(values))
    exponentials(mine, scratch, len(values))
    np.testing.assert_allclose(mine, np.exp(np.maximum(values, -700)), rtol=5e-16)


def test_utilities_of_any_size_stay_within_range():
    data = changed(made_up(TASTES, persons=20), columns=made_up(TASTES, persons=20).columns * 1e5)
    point = likelihood_of(data).point(TASTES)
    assert point.is_finite
    # What was chosen is far ahead or far behind: the log-likelihood is a sum of differences of utility.
    assert point.value == pytest.approx(by_differences(data), rel=1e-9)


def by_differences(data: ChoiceData) -> float:
    utility = (data.columns[:, :3] @ TASTES).reshape(-1, 3)
    return float((utility[data.chosen.reshape(-1, 3) == 1] - utility.max(axis=1)).sum())


def test_sums_do_not_depend_on_the_number_of_threads(monkeypatch):
    data = made_up(np.linspace(-1, 1, 12), persons=4_000, times=2, sizes=(5, 7))
    likelihood, beta = likelihood_of(data, 12), np.linspace(-0.5, 0.5, 12)
    points = []
    for threads in (1, 2, 7):
        monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", threads)
        points.append((likelihood.point(beta), likelihood.score_products(beta), likelihood.log_likelihoods(beta)))
    for other in points[1:]:
        assert other[0].value == points[0][0].value
        np.testing.assert_array_equal(other[0].gradient, points[0][0].gradient)
        np.testing.assert_array_equal(other[0].information, points[0][0].information)
        np.testing.assert_array_equal(other[1], points[0][1])
        np.testing.assert_array_equal(other[2], points[0][2])


@settings(max_examples=10)
@given(seed=st.integers(0, 1000), sizes=st.lists(st.integers(2, 6), min_size=1, max_size=4))
def test_what_is_added_to_all_utilities_changes_nothing(seed, sizes):
    data = made_up(TASTES, persons=120, sizes=sizes, seed=seed)
    shift = stream(seed, "tests.shift").normal(size=(data.situations, 4)) * 5
    moved = changed(data, columns=data.columns + shift[data.situation_of_row()])
    before, after = Logit(FORMULA).fit(data), Logit(FORMULA).fit(moved)
    assert after.log_likelihood == pytest.approx(before.log_likelihood, abs=1e-8)
    np.testing.assert_allclose(after.estimates, before.estimates, atol=1e-8)
    for kind in ("classical", "robust", "clustered"):
        np.testing.assert_allclose(after.standard_errors(kind), before.standard_errors(kind), rtol=1e-6)


@settings(max_examples=10)
@given(seed=st.integers(0, 1000))
def test_a_person_counted_twice_weighs_twice(seed):
    """By weight, by doing it twice, or by count: one set of estimates; only who is told apart differs."""
    data = made_up(TASTES, persons=80, times=2, sizes=(3, 4), seed=seed)
    often = stream(seed, "tests.often").integers(1, 4, data.persons)
    weighted = Logit(FORMULA).fit(changed(data, weight=np.repeat(often.astype(float), 2)))
    counted = Logit(FORMULA).fit(
        changed(data, chosen=data.chosen * np.repeat(often, 2)[data.situation_of_row()].astype(float))
    )
    repeated = Logit(FORMULA).fit(data.take_persons(np.repeat(np.arange(data.persons), often)))
    for fit in (weighted, counted):
        assert fit.log_likelihood == pytest.approx(repeated.log_likelihood, rel=1e-12)
        assert fit.null_log_likelihood == pytest.approx(repeated.null_log_likelihood, rel=1e-12)
        np.testing.assert_allclose(fit.estimates, repeated.estimates, atol=1e-8)
        np.testing.assert_allclose(fit.covariance(), repeated.covariance(), rtol=1e-6)
    # Counts are that many choices of as many people; a weight is one choice that speaks for them.
    np.testing.assert_allclose(counted.covariance("robust"), repeated.covariance("robust"), rtol=1e-6)
    assert counted.situations == repeated.situations
    assert counted.bic == pytest.approx(repeated.bic)
    by_hand_weighted = by_hand(changed(data, weight=np.repeat(often.astype(float), 2)), weighted.estimates)
    np.testing.assert_allclose(weighted.meat_robust, by_hand_weighted[3], rtol=1e-8)
    assert weighted.weighted
    assert any("robust" in note for note in weighted.notes)


def test_a_missing_alternative_is_one_of_no_probability():
    """Ragged sets against full sets in which what is not available is worth nothing at all."""
    full = made_up(np.append(TASTES, 0.0), persons=300, times=1, sizes=(4,))
    available = stream(3, "tests.available").random(full.rows) < 0.7
    available |= full.chosen == 1
    alone = np.add.reduceat(available, full.situation_start[:-1])[full.situation_of_row()] < 2
    available |= alone
    start = np.concatenate([[0], np.cumsum(np.add.reduceat(available.astype(int), full.situation_start[:-1]))])
    ragged = changed(
        full,
        columns=full.columns[available],
        alternative=full.alternative[available],
        chosen=full.chosen[available],
        situation_start=start.astype(np.int64),
    )
    gone = changed(
        full, columns=np.column_stack([full.columns[:, :3], np.where(available, 0.0, -1e6), full.columns[:, 4]])
    )
    fit = Logit(FORMULA).fit(ragged)
    at = np.append(fit.estimates, 1.0)
    point = likelihood_of(gone, 4).point(at)
    assert point.value == pytest.approx(fit.log_likelihood, abs=1e-8)
    np.testing.assert_allclose(point.gradient[:3], 0, atol=1e-6)
    np.testing.assert_allclose(point.information[:3, :3], fit.information, rtol=1e-9)
    shares = Logit(FORMULA).probabilities(fit.estimates, ragged)
    np.testing.assert_allclose(np.add.reduceat(shares, ragged.situation_start[:-1]), 1)


def test_the_order_of_situations_is_of_no_account():
    data = made_up(TASTES, persons=150, times=2, sizes=(2, 5, 3))
    turned = data.take_persons(np.arange(data.persons)[::-1])
    first, second = Logit(FORMULA).fit(data), Logit(FORMULA).fit(turned)
    np.testing.assert_allclose(first.estimates, second.estimates, atol=1e-9)
    np.testing.assert_allclose(first.covariance("clustered"), second.covariance("clustered"), rtol=1e-8)


def test_a_search_that_begins_on_a_part_ends_where_all_lead():
    data = made_up(TASTES, persons=30_000, times=2, sizes=(2, 3))
    model = Logit(FORMULA)
    fit = model.fit(data)
    whole = maximise(likelihood_of(data).point, np.zeros(3), tolerance=1e-8)
    assert fit.convergence.converged
    np.testing.assert_allclose(fit.estimates, whole.estimates, atol=1e-7)
    np.testing.assert_allclose(fit.information, whole.point.information, rtol=1e-6)
    again = model.fit(data, start=fit.estimates)
    assert again.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-8)


def test_probabilities_and_log_likelihoods_add_up():
    data = made_up(TASTES, persons=60, times=3, sizes=(3, 5), weights=np.linspace(0.5, 2, 60))
    model = Logit(FORMULA)
    fit = model.fit(data)
    assert model.log_likelihoods(fit.estimates, data).sum() == pytest.approx(fit.log_likelihood)
    p = model.probabilities(fit.estimates, data)
    each = np.repeat(data.weight, np.diff(data.situation_start)) * data.chosen * np.log(p)
    rows_of_first = slice(0, data.situation_start[data.person_start[1]])
    assert model.log_likelihoods(fit.estimates, data)[0] == pytest.approx(each[rows_of_first].sum())
    assert fit.null_log_likelihood == pytest.approx(model.log_likelihoods(np.zeros(3), data).sum())


@pytest.mark.parametrize(
    "formula", ["x0 + x1 + x2 + age", "x2 + x0/10", "x0/10 + log(x3) + x0:x1 + 1@b + x2@c", "x2 + asc"]
)
def test_the_design_holds_what_the_terms_say(formula):
    """However it is put together: the columns as they stand, some of them divided, or term by term."""
    data = made_up(TASTES, persons=30, sizes=(3, 4))
    if "x3" in formula:
        data = data.with_columns(x3=np.exp(data.column("x0")))
    terms = parse_utility(formula, data)
    x = design_matrix(terms, data)
    assert x.flags.c_contiguous
    assert not x.flags.writeable
    for column, term in zip(x.T, terms, strict=True):
        np.testing.assert_array_equal(column, term.values(data))
    if formula == "x0 + x1 + x2 + age":
        assert np.shares_memory(x, data.columns)


def test_steps_are_told():
    told = []
    Logit(FORMULA).fit(made_up(TASTES), on_step=lambda step, point: told.append(point.value))
    assert told == sorted(told)
    assert len(told) >= 3


def test_a_copy_is_refused_before_the_fit_and_named_after_it():
    data = made_up(TASTES, persons=200)
    doubled = data.with_columns(twice=2 * data.column("x0") - data.column("x1"))
    formula = FORMULA + " + twice"
    with pytest.raises(InvalidInput, match="twice"):
        Logit(formula).fit(doubled)
    fit = Logit(formula).fit(doubled, check=False)
    assert set(fit.unidentified) == {"x0", "x1", "twice"}
    assert np.isnan(fit.estimates[[0, 1, 3]]).all()
    assert fit.convergence.converged
    assert any("leave one of them out" in note for note in fit.notes)
    plain = Logit(FORMULA).fit(data)
    # What is not part of the copy is told as well as without it, by all three covariances.
    assert fit["x2"] == pytest.approx(plain["x2"], abs=1e-8)
    assert fit.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-8)
    for kind in ("classical", "robust", "clustered"):
        assert fit.standard_errors(kind)[2] == pytest.approx(plain.standard_errors(kind)[2], rel=1e-6)
        assert np.isnan(fit.standard_errors(kind)[0])
    assert fit.parameters == 1
    with pytest.raises(InvalidInput, match="do not identify `twice`"):
        fit["twice"]
    with pytest.raises(InvalidInput, match="no estimate of x0, x1, twice"):
        Logit(formula).probabilities(fit.estimates, doubled)


def test_two_copies_are_told_one_by_one():
    data = made_up(TASTES, persons=200)
    data = data.with_columns(p=data.column("x0") * 3, q=-data.column("x1"))
    fit = Logit(FORMULA + " + p + q").fit(data, check=False)
    assert set(fit.unidentified) == {"x0", "p", "x1", "q"}
    assert len(fit.notes) == 2
    assert {frozenset(part for part in ("x0", "x1", "p", "q") if f"`{part}`" in note) for note in fit.notes} == {
        frozenset({"x0", "p"}),
        frozenset({"x1", "q"}),
    }


def test_what_does_not_differ_within_a_choice_drops_out():
    data = made_up(TASTES, persons=200)
    with pytest.raises(InvalidInput, match="age"):
        Logit(FORMULA + " + age").fit(data)
    fit = Logit(FORMULA + " + age").fit(data, check=False)
    assert fit.unidentified == ("age",)
    assert any("`age` is not identified" in note for note in fit.notes)
    np.testing.assert_allclose(fit.covariance()[:3, :3], Logit(FORMULA).fit(data).covariance(), rtol=1e-6)


def test_a_taste_without_end_is_named():
    """What was chosen is always the one with the flag: no finite taste for it is large enough."""
    data = made_up(TASTES, persons=200)
    flagged = data.with_columns(flag=data.chosen)
    with pytest.raises(InvalidInput, match="flag"):
        Logit(FORMULA + " + flag").fit(flagged)
    fit = Logit(FORMULA + " + flag").fit(flagged, check=False)
    assert "flag" in fit.unidentified
    assert any("separation" in note for note in fit.notes)
    assert fit.log_likelihood == pytest.approx(0, abs=1e-4)


def test_a_constant_that_nobody_chose_leaves_the_rest_standing():
    data = made_up(TASTES, persons=400, sizes=(3,))
    kept = np.repeat(data.chosen.reshape(-1, 3)[:, 2] == 0, 3)
    situations = kept[::3]
    never = changed(
        data,
        columns=data.columns[kept],
        alternative=data.alternative[kept],
        chosen=data.chosen[kept],
        situation_start=np.arange(situations.sum() + 1) * 3,
        person_start=np.arange(situations.sum() + 1),
        weight=np.ones(situations.sum()),
        person_ids=tuple(map(str, range(situations.sum()))),
    )
    fit = Logit(FORMULA + " + 1@b + 1@c").fit(never, check=False)
    assert fit.unidentified == ("1@c",)
    pairs = np.tile([True, True, False], situations.sum())
    two = changed(
        never,
        columns=never.columns[pairs],
        alternative=never.alternative[pairs],
        chosen=never.chosen[pairs],
        situation_start=np.arange(situations.sum() + 1) * 2,
    )
    without = Logit(FORMULA + " + 1@b").fit(two)
    np.testing.assert_allclose(fit.estimates[:4], without.estimates, atol=1e-5)
    np.testing.assert_allclose(fit.standard_errors()[:4], without.standard_errors(), rtol=1e-4)


def test_rare_is_not_the_same_as_unidentified():
    """A constant chosen three times in ten thousand is told, with a wide interval."""
    data = made_up(TASTES, persons=10_000, times=1)
    rare = np.zeros(data.rows)
    rows = np.flatnonzero(data.chosen)[[5, 500, 5000]]
    rare[rows] = 1
    rare[rows[0] - rows[0] % 3 + 3 : rows[0] - rows[0] % 3 + 300 : 3] = 1  # and offered to others
    fit = Logit(FORMULA + " + rare").fit(data.with_columns(rare=rare), check=False)
    assert fit.unidentified == ()
    assert np.isfinite(fit["rare"])


def test_a_search_cut_short_is_said_to_be():
    data = made_up(TASTES)
    likelihood = likelihood_of(data)
    cut = maximise(likelihood.point, np.zeros(3), iterations_max=1)
    products = likelihood.score_products(cut.estimates)
    fit = conclude(Logit(FORMULA), data, ("x0", "x1", "x2"), cut, meat_robust=products[0], meat_clustered=products[1])
    assert not fit.convergence.converged
    assert "did not converge" in fit.notes[0]


def test_where_the_likelihood_curves_upwards_there_is_no_maximum():
    found = identify(("a", "b"), np.array([[1.0, 2.0], [2.0, 1.0]]))
    assert found.unidentified == ()
    assert "no maximum" in found.notes[0]


@pytest.mark.parametrize(
    ("formula", "start", "complaint"),
    [(FORMULA, np.zeros(2), "the start has 2 tastes, the utility 3"), ("x0 + nowhere", None, "nowhere")],
)
def test_what_makes_no_sense_is_refused(formula, start, complaint):
    with pytest.raises(Exception, match=complaint):
        Logit(formula).fit(made_up(TASTES), start=start)


def test_data_in_which_nobody_chose_are_refused():
    data = made_up(TASTES)
    with pytest.raises(InvalidInput, match="nobody chose"):
        Logit(FORMULA).fit(changed(data, chosen=np.zeros(data.rows)), check=False)


@pytest.mark.parametrize(("times", "sizes"), [(1, (3,)), (4, (2, 4))])
def test_intervals_hold_the_truth_as_often_as_they_say(times, sizes):
    """200 replications: 95 % intervals, classical, robust and clustered, hold each taste 90 to 98 % of the time."""
    estimates, errors = [], {"classical": [], "robust": [], "clustered": []}
    for replication in range(200):
        fit = Logit(FORMULA).fit(made_up(TASTES, persons=250, times=times, sizes=sizes, replication=replication))
        estimates.append(fit.estimates)
        for kind, kept in errors.items():
            kept.append(fit.standard_errors(kind))
    for kind, kept in errors.items():
        held = coverage(np.array(estimates), np.array(kept), TASTES)
        assert np.all((held >= 0.90) & (held <= 0.98)), (kind, held)
        assert 0.92 <= held.mean() <= 0.97, (kind, held)
    np.testing.assert_allclose(np.mean(estimates, axis=0), TASTES, atol=0.03)
    # The interval's width is the spread that the estimates really have.
    np.testing.assert_allclose(np.std(estimates, axis=0), np.mean(errors["classical"], axis=0), rtol=0.15)


def test_clustered_intervals_hold_where_a_person_repeats_herself():
    """Persons differ in taste: choices of one are alike, and the classical interval is too sure of itself."""
    found, clustered, classical = [], [], []
    for replication in range(200):
        data = made_up(np.zeros(2), persons=200, times=8, replication=replication, seed=5)
        chance = stream(5, "tests.repeats", replication)
        own = np.array([0.5, -0.5]) + chance.normal(size=(200, 2)) * 0.8
        utility = np.einsum("rk,rk->r", data.columns[:, :2], own[data.situation_of_row() // 8])
        utility += chance.gumbel(size=data.rows)
        chosen = utility.reshape(-1, 3) == utility.reshape(-1, 3).max(axis=1, keepdims=True)
        fit = Logit("x0 + x1").fit(changed(data, chosen=chosen.ravel().astype(float)))
        found.append(fit.estimates)
        clustered.append(fit.standard_errors("clustered"))
        classical.append(fit.standard_errors())
    truth = np.mean(found, axis=0)  # of the plain logit, which is not the mean of tastes
    assert np.all(coverage(np.array(found), np.array(clustered), truth) >= 0.90)
    assert np.all(coverage(np.array(found), np.array(classical), truth) < 0.88)


def test_weights_that_are_all_alike_are_weights():
    """Five for everybody is no five times as many people: the table's errors are those without weights."""
    data = made_up(TASTES, persons=200, times=1)
    plain, fives = (Logit(FORMULA).fit(changed(data, weight=np.full(200, weight))) for weight in (1.0, 5.0))
    assert not plain.weighted
    assert fives.weighted
    assert fives.default_covariance == "robust"
    np.testing.assert_allclose(fives.standard_errors("robust"), plain.standard_errors("robust"), rtol=1e-5)
    np.testing.assert_allclose(fives.standard_errors(), plain.standard_errors() / np.sqrt(5), rtol=1e-5)


def test_choices_of_weight_zero_are_no_choices():
    data = made_up(TASTES, persons=200, times=2)
    fit = Logit(FORMULA).fit(changed(data, weight=np.repeat(np.arange(200) < 120, 2).astype(float)))
    alone = Logit(FORMULA).fit(data.take_persons(np.arange(120)))
    assert (fit.situations, fit.persons) == (240, 120)
    np.testing.assert_allclose(fit.estimates, alone.estimates, atol=1e-8)
    np.testing.assert_allclose(fit.bic, alone.bic)


def test_weights_too_small_to_search_by_are_refused():
    """The first step would be below the tolerance, and the start would come back as estimates."""
    data = made_up(TASTES, persons=200, times=1)
    with pytest.raises(InvalidInput, match="average 1e-14") as refused:
        Logit(FORMULA).fit(changed(data, weight=np.full(200, 1e-14)))
    assert "average 1" in refused.value.hint
    small = Logit(FORMULA).fit(changed(data, weight=np.full(200, 1e-5)))
    np.testing.assert_allclose(small.estimates, Logit(FORMULA).fit(data).estimates, atol=1e-3)


def test_nothing_is_divided_by_zero():
    with pytest.raises(InvalidInput, match="`x0/0` divides by 0"):
        Logit("x0/0 + x1").fit(made_up(TASTES))


@pytest.mark.parametrize("persons", [1, 3])
def test_persons_no_more_than_parameters_are_no_clusters(persons: int):
    """At the maximum the scores of all persons add up to 0: of one person the sandwich would be 0, and z endless."""
    fit = Logit(FORMULA).fit(made_up(TASTES, persons=persons, times=60))
    assert np.linalg.matrix_rank(fit.meat_clustered, tol=1e-6 * np.trace(fit.meat_robust)) < 3
    assert fit.default_covariance == "robust"
    assert any("no clustered standard errors" in note for note in fit.notes)


def test_few_persons_are_clustered_and_said_to_be_few():
    few, many = (Logit(FORMULA).fit(made_up(TASTES, persons=persons, times=20)) for persons in (10, 60))
    assert few.default_covariance == many.default_covariance == "clustered"
    assert any("10 persons are few" in note for note in few.notes)
    assert not many.notes
