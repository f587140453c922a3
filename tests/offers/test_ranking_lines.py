"""Lines before customers with lists: equal to trying every line, to the plain formulation, and bounded from above."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullcord.base import InvalidInput, stream
from pullcord.offers.first_choice import complete_line, improve_line, line_worth
from pullcord.offers.formulation import solve_whole
from pullcord.offers.line_bound import LineRelaxation, cannot_enter
from pullcord.offers.ranking import best_ranked_line, worth_of_line
from pullcord.offers.rankings import LineProblem, Rankings
from pullcord.solvers import Rows, Status

SEEDS = st.integers(0, 10_000)


def drawn(
    products: int, customers: int, seed: int, *, size_max: int | None = None, costly: bool = False
) -> LineProblem:
    """Random lists, nothing at a random place in them, margins of whole units, uneven weights."""
    rng = stream(seed, "tests.ranking", products, customers)
    utility = rng.random((customers, products + 1))
    lists = Rankings.from_utilities(utility[:, 1:], utility[:, 0], rng.dirichlet(np.ones(customers)))
    margin = rng.integers(0, 20, products).astype(np.float64)
    cost = rng.random(products) * 2 if costly else np.zeros(products)
    return LineProblem(lists, margin, cost, size_max)


def all_lines(problem: LineProblem) -> dict[tuple[bool, ...], float]:
    """What each line that keeps the rules earns, customer by customer."""
    lists, worths = problem.rankings, {}
    for line in product((False, True), repeat=lists.products):
        if not problem.allows(np.array(line)):
            continue
        worth = -sum(c for c, on in zip(problem.fixed_cost, line, strict=True) if on)
        for k in range(lists.customers):
            own = lists.item[lists.start[k] : lists.start[k + 1]]
            worth += lists.weight[k] * next((problem.margin[i] for i in own if line[i]), 0.0)
        worths[line] = float(worth)
    return worths


@settings(max_examples=40)
@given(
    seed=SEEDS, products=st.integers(1, 8), customers=st.integers(1, 12), size=st.integers(0, 9), costly=st.booleans()
)
def test_the_best_of_all_lines(seed: int, products: int, customers: int, size: int, costly: bool) -> None:
    problem = drawn(products, customers, seed, size_max=size if size < 9 else None, costly=costly)
    found = best_ranked_line(problem, seed=seed)
    best = max(all_lines(problem).values())
    assert found.status is Status.OPTIMAL
    assert found.worth == pytest.approx(best, abs=1e-9)
    assert found.worth == pytest.approx(worth_of_line(problem, np.array(found.products, dtype=np.int64)), abs=1e-12)
    assert found.bound >= best - 1e-9
    assert problem.size_max is None or len(found.products) <= problem.size_max


@settings(max_examples=15)
@given(seed=SEEDS, size=st.sampled_from([3, 6, None]))
def test_equal_to_the_plain_formulation(seed: int, size: int | None) -> None:
    problem = drawn(14, 30, seed, size_max=size, costly=seed % 2 == 0)
    found, whole = best_ranked_line(problem, seed=1), solve_whole(problem)
    assert whole.status is found.status is Status.OPTIMAL
    assert whole.objective is not None
    assert found.worth == pytest.approx(-whole.objective, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("seed", [0, 5, 11])
def test_branching_alone_finds_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without looking at all ways, so that nodes, cuts and fixings carry the proof."""
    problem = drawn(40, 150, seed, size_max=6)
    want = best_ranked_line(problem, seed=2)
    monkeypatch.setattr("pullcord.offers.ranking._WAYS", -1.0)
    monkeypatch.setattr("pullcord.offers.ranking._STARTS", 0)
    found = best_ranked_line(problem, seed=2)
    assert found.status is want.status is Status.OPTIMAL
    assert found.nodes > 0
    assert found.worth == pytest.approx(want.worth, rel=1e-6)


@given(seed=SEEDS, products=st.integers(1, 7), customers=st.integers(1, 8))
def test_no_line_exceeds_a_cut(seed: int, products: int, customers: int) -> None:
    problem = drawn(products, customers, seed)
    relaxation = LineRelaxation(problem)
    rng = stream(seed, "tests.ranking.points")
    for at in (rng.random(products), (rng.random(products) < 0.5).astype(np.float64)):
        at[rng.random(products) < 0.3] = 0.0
        value = relaxation._take_cuts(at)
        constant, slope = relaxation.constant.sum(), relaxation.slope.sum(axis=0)
        assert constant + slope @ at == pytest.approx(value, abs=1e-9)
        for line, worth in all_lines(problem).items():
            assert constant + slope @ np.array(line, dtype=float) >= worth - 1e-9
    # At a whole line the cut is exact.
    line = rng.random(products) < 0.5
    assert relaxation._take_cuts(line.astype(np.float64)) == pytest.approx(all_lines(problem)[tuple(line.tolist())])


@settings(max_examples=25)
@given(seed=SEEDS, products=st.integers(2, 7), customers=st.integers(2, 10), size=st.integers(1, 7))
def test_what_is_screened_out_stands_in_no_better_line(seed: int, products: int, customers: int, size: int) -> None:
    problem = drawn(products, customers, seed, size_max=size)
    worths = all_lines(problem)
    lowest = 0.97 * max(worths.values())
    relaxation = LineRelaxation(problem)
    root = relaxation.solve_root(-1.0, lambda: False)
    assert root.x is not None
    assert root.value >= max(worths.values()) - 1e-9
    gone = cannot_enter(relaxation, root.x, root.value, lowest, lambda: False)
    for i in gone:
        assert all(worth <= lowest + 1e-9 for line, worth in worths.items() if line[i])


@settings(max_examples=25)
@given(seed=SEEDS, products=st.integers(2, 9), customers=st.integers(1, 10), places=st.integers(1, 5))
def test_the_last_places_are_filled_as_well_as_can_be(seed: int, products: int, customers: int, places: int) -> None:
    problem = drawn(products, customers, seed, costly=True)
    lists = problem.rankings
    rng = stream(seed, "tests.ranking.state")
    state = rng.choice(np.array([-1, -1, 0, 1]), products).astype(np.int8)
    kept = state.copy()
    chosen = np.full(places, -1, dtype=np.int64)
    found = complete_line(
        lists.start, lists.item, lists.weight, problem.margin, problem.fixed_cost, state, places, -1e9, chosen
    )
    inside = int((state == 1).sum())
    best = max(
        worth
        for line, worth in all_lines(problem).items()
        if all(on == bool(s) for on, s in zip(line, state, strict=True) if s >= 0) and sum(line) <= inside + places
    )
    assert np.array_equal(state, kept)
    assert found == pytest.approx(best, abs=1e-9)
    line = state == 1
    line[chosen[chosen >= 0]] = True
    assert all_lines(problem)[tuple(line.tolist())] == pytest.approx(best, abs=1e-9)


@settings(max_examples=20)
@given(seed=SEEDS, products=st.integers(2, 8), customers=st.integers(1, 10), size=st.integers(1, 8))
def test_no_single_step_improves_a_line_that_was_climbed(seed: int, products: int, customers: int, size: int) -> None:
    problem = drawn(products, customers, seed, size_max=size, costly=True)
    lists = problem.rankings
    rule, upper = problem.dense_rules()
    line = np.zeros(products, dtype=np.bool_)
    worth = improve_line(
        lists.start, lists.item, lists.weight, problem.margin, problem.fixed_cost, rule, upper,
        np.ones(products, dtype=np.bool_), line,
    )  # fmt: skip
    assert worth == pytest.approx(
        line_worth(lists.start, lists.item, lists.weight, problem.margin, problem.fixed_cost, line), abs=1e-9
    )
    worths = all_lines(problem)
    for other, value in worths.items():
        entering = sum(b and not a for a, b in zip(line, other, strict=True))
        leaving = sum(a and not b for a, b in zip(line, other, strict=True))
        if entering <= 1 and leaving <= 1:
            assert value <= worth + 1e-8


def test_rules_between_products_hold() -> None:
    problem = drawn(8, 20, 5)
    free = best_ranked_line(problem)
    # Whoever offers the first two of the best line must offer product `missing` too.
    missing = next(i for i in range(8) if i not in free.products)
    a, b = free.products[:2]
    rules = Rows.from_triplets(np.zeros(3, np.int64), np.array([a, b, missing]), np.array([1.0, 1.0, -1.0]), 1)
    ruled = LineProblem(problem.rankings, problem.margin, problem.fixed_cost, None, rules, np.array([1.0]))
    found = best_ranked_line(ruled)
    assert found.status is Status.OPTIMAL
    assert not ({a, b} <= set(found.products) and missing not in found.products)
    assert found.worth == pytest.approx(max(all_lines(ruled).values()))
    assert found.worth < free.worth


def test_a_line_that_must_hold_something_starts_there() -> None:
    problem = drawn(6, 10, 3)
    rules = Rows.from_triplets(np.zeros(1, np.int64), np.array([4]), np.array([-1.0]), 1)
    ruled = LineProblem(problem.rankings, problem.margin, problem.fixed_cost, 2, rules, np.array([-1.0]))
    found = best_ranked_line(ruled)
    assert 4 in found.products
    assert found.worth == pytest.approx(max(all_lines(ruled).values()))
    with pytest.raises(InvalidInput, match="no line of products"):
        best_ranked_line(LineProblem(problem.rankings, problem.margin, problem.fixed_cost, 0, rules, np.array([-1.0])))


def test_same_seed_same_line_and_progress_never_lies() -> None:
    problem = drawn(60, 120, 11, size_max=10)
    said = []
    first = best_ranked_line(problem, seed=4, progress=said.append)
    again = best_ranked_line(problem, seed=4)
    assert (first.products, first.worth, first.bound, first.nodes) == (
        again.products, again.worth, again.bound, again.nodes,
    )  # fmt: skip
    assert all(step.bound >= first.worth - 1e-9 and step.worth <= first.worth + 1e-12 for step in said)
    assert [s.bound for s in said] == sorted((s.bound for s in said), reverse=True)


def test_stopped_at_once_it_still_tells_a_bound() -> None:
    problem = drawn(60, 120, 11, size_max=10)
    best = best_ranked_line(problem)
    found = best_ranked_line(problem, stop=lambda: True)
    assert found.status is Status.FEASIBLE
    assert found.worth <= best.worth <= found.bound + 1e-9
    assert found.gap == pytest.approx((found.bound - found.worth) / found.worth)


@pytest.mark.parametrize(
    ("start", "item", "weight", "named"),
    [
        ([0, 2], [0, 0], [1.0], "twice"),
        ([0, 1], [3], [1.0], "outside"),
        ([0, 1], [0], [0.0], "nothing"),
        ([0, 2], [0], [1.0], "fit"),
    ],
)
def test_lists_that_are_none_are_refused(start: list[int], item: list[int], weight: list[float], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        Rankings(3, np.array(start), np.array(item), np.array(weight))


def test_margins_below_zero_are_refused() -> None:
    problem = drawn(3, 4, 1)
    with pytest.raises(InvalidInput, match="below zero"):
        LineProblem(problem.rankings, problem.margin - 100, problem.fixed_cost)
