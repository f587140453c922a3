"""The nested logit: its formula and derivatives, what it says of its nests, how often its intervals hold the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_choices import coverage, made_up

from pullcord.base import InvalidInput, NotFound, stream
from pullcord.choice import ChoiceData, Logit, NestedLogit, dissimilarities

TASTES = np.array([0.8, -1.1])
FORMULA = "x0 + x1"
NESTS = {"first": ("a", "b"), "second": ("d", "e")}
MODEL = NestedLogit(FORMULA, nests=NESTS)


def nested_choices(theta: np.ndarray, model: NestedLogit = MODEL, *, replication: int = 0, **options) -> ChoiceData:
    """Choices that follow the model itself."""
    data = made_up(TASTES, replication=replication, **options)
    p = model.probabilities(theta, data)
    below = np.cumsum(p) - np.repeat(np.add.reduceat(p, data.situation_start[:-1]).cumsum() - 1, sizes(data))
    draw = stream(9, "tests.nested", replication).random(data.situations)[data.situation_of_row()]
    return replace(data, chosen=((below - p <= draw) & (draw < below)).astype(float))


def sizes(data: ChoiceData) -> np.ndarray:
    return np.diff(data.situation_start)


def by_hand(theta: np.ndarray, data: ChoiceData) -> np.ndarray:
    """float64[row], probabilities by Train (2009), eq. 4.2, one alternative at a time."""
    beta, dissimilarity = theta[:2], dict(zip(NESTS, theta[2:], strict=True))
    of = {alternative: nest for nest, members in NESTS.items() for alternative in members}
    result = np.zeros(data.rows)
    for s in range(data.situations):
        rows = range(data.situation_start[s], data.situation_start[s + 1])
        v = {row: float(data.columns[row, :2] @ beta) for row in rows}
        name = {row: of.get(data.alternatives[data.alternative[row]], f"alone {row}") for row in rows}
        k = {nest: dissimilarity.get(nest, 1.0) for nest in name.values()}
        within = {nest: sum(np.exp(v[r] / k[nest]) for r in rows if name[r] == nest) for nest in k}
        total = sum(within[nest] ** k[nest] for nest in k)
        for row in rows:
            nest = name[row]
            result[row] = np.exp(v[row] / k[nest]) * within[nest] ** (k[nest] - 1) / total
    return result


def thetas(seed: int) -> np.ndarray:
    chance = stream(seed, "tests.nested.theta")
    return np.append(chance.normal(size=2), chance.uniform(0.2, 1.6, 2))


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), set_sizes=st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_probabilities_are_those_of_the_formula(seed, set_sizes):
    data = made_up(TASTES, persons=15, times=2, sizes=[*set_sizes, 6], seed=seed)
    theta = thetas(seed)
    np.testing.assert_allclose(MODEL.probabilities(theta, data), by_hand(theta, data), rtol=1e-10)


@settings(max_examples=20)
@given(
    seed=st.integers(0, 10_000),
    set_sizes=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    weighted=st.booleans(),
    counted=st.booleans(),
)
def test_gradient_and_information_are_those_of_differences(seed, set_sizes, weighted, counted):
    chance = stream(seed, "tests.nested.weights")
    data = made_up(TASTES, persons=30, times=2, sizes=[*set_sizes, 6], seed=seed)
    if weighted:
        data = replace(data, weight=chance.uniform(0.1, 3, data.situations))
    if counted:
        data = replace(data, chosen=data.chosen + chance.integers(0, 3, data.rows))
    terms, _, x, nest = MODEL._prepared(data)
    theta, h = thetas(seed), 1e-5
    assert len(terms) == 2
    point, by_choice, by_person = MODEL._pass(theta, x, data, nest)
    assert point.value == pytest.approx(MODEL.log_likelihoods(theta, data).sum(), rel=1e-12)
    for k, step in enumerate(h * np.eye(4)):
        ahead, behind = (MODEL._pass(theta + s, x, data, nest)[0] for s in (step, -step))
        assert (ahead.value - behind.value) / (2 * h) == pytest.approx(point.gradient[k], rel=1e-6, abs=1e-4)
        second = -(ahead.gradient - behind.gradient) / (2 * h)
        np.testing.assert_allclose(second, point.information[k], rtol=1e-5, atol=1e-3)
    # Scores of persons, by differences of their log-likelihoods.
    scores = np.column_stack(
        [
            (MODEL.log_likelihoods(theta + step, data) - MODEL.log_likelihoods(theta - step, data)) / (2 * h)
            for step in h * np.eye(4)
        ]
    )
    np.testing.assert_allclose(scores.T @ scores, by_person, rtol=1e-5, atol=1e-4)
    if not counted:
        alone = replace(
            data,
            person_start=np.arange(data.situations + 1),
            person_ids=tuple(map(str, range(data.situations))),
        )
        np.testing.assert_allclose(MODEL._pass(theta, x, alone, nest)[2], by_choice, rtol=1e-9, atol=1e-9)


def test_with_dissimilarities_of_one_it_is_the_logit():
    data = made_up(TASTES, persons=100, sizes=(3, 6))
    p = MODEL.probabilities(np.array([0.8, -1.1, 1.0, 1.0]), data)
    np.testing.assert_allclose(p, Logit(FORMULA).probabilities(TASTES, data), rtol=1e-12)


def test_utilities_of_any_size_stay_within_range():
    data = made_up(TASTES, persons=50, sizes=(6,))
    large = replace(data, columns=data.columns * 1e4)
    p = MODEL.probabilities(np.array([0.8, -1.1, 0.3, 0.7]), large)
    assert np.isfinite(p).all()
    np.testing.assert_allclose(np.add.reduceat(p, large.situation_start[:-1]), 1)


def test_a_fit_says_what_its_nests_are_like():
    truth = np.array([0.8, -1.1, 0.4, 0.7])
    data = nested_choices(truth, persons=2_000, times=1, sizes=(6,))
    told = []
    fit = MODEL.fit(data, on_step=lambda step, point: told.append(point.value))
    assert fit.convergence.converged
    assert told
    np.testing.assert_allclose(fit.estimates, truth, atol=4 * fit.standard_errors().max())
    first, second = dissimilarities(fit)
    assert (first.nest, second.nest) == ("first", "second")
    assert first.t_against_one < -5
    assert sum("below 1" in note for note in fit.notes) == 2
    again = MODEL.fit(data, start=fit.estimates)
    assert again.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-8)
    assert again.convergence.iterations == 0
    assert "first (a, b)" in MODEL.title


def test_the_note_counts_the_standard_errors_of_the_table():
    """Persons choose four times: the table clusters, and z against 1 is the note's number of standard errors."""
    data = nested_choices(np.array([0.8, -1.1, 0.4, 0.7]), persons=300, times=1, sizes=(6,))
    data = data.take_persons(np.repeat(np.arange(300), 4))
    four = replace(data, person_start=np.arange(301) * 4, person_ids=tuple(map(str, range(300))))
    fit = MODEL.fit(four)
    assert fit.default_covariance == "clustered"
    first, _ = dissimilarities(fit)
    assert first.standard_error == pytest.approx(fit.standard_errors("clustered")[2])
    assert first.standard_error == pytest.approx(2 * dissimilarities(fit, "robust")[0].standard_error)
    row = next(line for line in str(fit).splitlines() if line.startswith("lambda(first)")).split()
    assert abs(float(row[3])) == pytest.approx(abs(first.t_against_one), abs=5e-3)
    assert any(f"{abs(first.t_against_one):.1f} standard errors below 1" in note for note in fit.notes)


def test_counts_are_that_many_choices():
    data = nested_choices(np.array([0.8, -1.1, 0.5, 0.7]), persons=300, times=1, sizes=(5, 6))
    often = stream(2, "tests.nested.often").integers(1, 4, 300)
    counted = MODEL.fit(replace(data, chosen=data.chosen * np.repeat(often, sizes(data))))
    repeated = MODEL.fit(data.take_persons(np.repeat(np.arange(300), often)))
    np.testing.assert_allclose(counted.estimates, repeated.estimates, atol=1e-6)
    for kind in ("classical", "robust"):
        np.testing.assert_allclose(counted.covariance(kind), repeated.covariance(kind), rtol=1e-5)


def test_a_nest_that_is_never_on_offer_as_a_whole_is_not_identified():
    """Where one of a nest is on offer at most, nothing tells how alike its members are."""
    data = made_up(TASTES, persons=300, sizes=(4,))
    model = NestedLogit(FORMULA, nests={"first": ("a", "b"), "apart": ("e", "f")})
    six = replace(data, alternatives=("a", "b", "c", "d", "e", "f"))
    fit = model.fit(six)
    assert fit.unidentified == ("lambda(apart)",)
    assert np.isfinite(fit["lambda(first)"])
    assert [one.nest for one in dissimilarities(fit)] == ["first"]


def test_perfect_substitutes_drive_the_dissimilarity_to_its_end():
    """The better of the two is always taken: within the nest nothing unobserved is left."""
    data = made_up(TASTES, persons=1_500, times=1, sizes=(3,))
    v = (data.columns[:, :2] @ TASTES).reshape(-1, 3)
    chance = stream(4, "tests.nested.substitutes")
    best = np.where(v[:, 0] > v[:, 1], 0, 1)
    other = v[:, 2] + chance.gumbel(size=1_500) > v[np.arange(1_500), best] + chance.gumbel(size=1_500)
    chosen = np.zeros((1_500, 3))
    chosen[np.arange(1_500), np.where(other, 2, best)] = 1
    fit = NestedLogit(FORMULA, nests={"twins": ("a", "b")}).fit(replace(data, chosen=chosen.ravel()))
    assert fit.estimates[fit.index("lambda(twins)")] < 0.02
    assert any("lambda(twins) is next to 0" in note for note in fit.notes)
    assert not fit.convergence.converged
    assert "did not converge" in fit.notes[0]


@pytest.mark.parametrize(
    ("nests", "error", "complaint"),
    [
        ({"one": ("a",)}, InvalidInput, "fewer than two"),
        ({"one": ("a", "b"), "two": ("b", "c")}, InvalidInput, "`b` is in two nests"),
        ({"one": ("a", "z")}, NotFound, "no alternative `z` for nest `one`"),
        ({}, InvalidInput, "no nests"),
    ],
)
def test_nests_that_make_no_sense_are_refused(nests, error, complaint):
    with pytest.raises(error, match=complaint):
        NestedLogit(FORMULA, nests=nests).fit(made_up(TASTES))


def test_what_has_no_nests_has_no_dissimilarities():
    data = made_up(TASTES, sizes=(5,))
    with pytest.raises(InvalidInput, match="has no nests"):
        dissimilarities(Logit(FORMULA).fit(data))
    with pytest.raises(InvalidInput, match="not above 0"):
        MODEL.probabilities(np.array([1.0, 1.0, 0.5, -0.5]), data)


def test_intervals_hold_the_truth_as_often_as_they_say():
    """200 replications: 95 % intervals hold tastes and dissimilarity 90 to 98 % of the time."""
    model = NestedLogit(FORMULA, nests={"first": ("a", "b")})
    truth = np.array([0.8, -1.1, 0.5])
    estimates, errors = [], {"classical": [], "robust": [], "clustered": []}
    for replication in range(200):
        data = nested_choices(truth, model, persons=500, times=1, sizes=(3, 4), replication=replication)
        fit = model.fit(data, start=truth)
        assert fit.convergence.converged
        estimates.append(fit.estimates)
        for kind, kept in errors.items():
            kept.append(fit.standard_errors(kind))
    for kind, kept in errors.items():
        held = coverage(np.array(estimates), np.array(kept), truth)
        assert np.all((held >= 0.90) & (held <= 0.98)), (kind, held)


def test_a_nest_of_all_and_a_start_of_another_size_are_refused():
    data = made_up(TASTES, persons=100, sizes=(3,))
    with pytest.raises(InvalidInput, match="nest `all` holds every alternative"):
        NestedLogit(FORMULA, nests={"all": ("a", "b", "c")}).fit(data)
    with pytest.raises(InvalidInput, match="the start has 1 values, the model 3"):
        NestedLogit(FORMULA, nests={"two": ("a", "b")}).fit(data, start=np.zeros(1))
