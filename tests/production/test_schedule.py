"""The master schedule: known answers, what must hold for any question, prices as slopes, conflicts in words."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from planning_problems import limits, question, questions, week

from pullcord.base import InvalidInput
from pullcord.production import Problem, Schedule, cost_of, plan_weeks, violations
from pullcord.solvers import Status


def builds(schedule: Schedule) -> list[list[int]]:
    """Builds of the only plant, by item and week."""
    assert schedule.builds is not None
    return schedule.builds[:, 0, :].tolist()  # type: ignore[no-any-return]


def test_what_is_wanted_is_built_when_there_is_room() -> None:
    schedule = plan_weeks(question([[3, 1, 2], [0, 4, 0]], capacity=[5, 5, 5]))
    assert builds(schedule) == [[3, 1, 2], [0, 4, 0]]
    assert (schedule.status, schedule.objective, schedule.gap) == (Status.OPTIMAL, 0.0, 0.0)
    assert schedule.prices == ()


def test_a_full_week_pushes_the_cheaper_lateness_out() -> None:
    # Six wanted, five fit: the one whose lateness costs less waits a week.
    schedule = plan_weeks(question([[3, 0], [3, 0]], capacity=[5, 5], late_cost=np.array([10.0, 4.0])))
    assert builds(schedule) == [[3, 0], [2, 1]]
    assert schedule.objective == 4.0
    assert {type(schedule.objective), type(schedule.bound), type(schedule.gap)} == {float}, "or no event keeps them"
    (price,) = schedule.prices
    assert (price.plant, price.constraint, price.week_start, price.value_minor) == ("GZ", "capacity", week(0), 4.0)


def test_a_peak_is_built_ahead_within_reach() -> None:
    ahead = plan_weeks(question([[0, 0, 0, 9]], capacity=[4, 4, 4, 4], early_weeks_max=2))
    assert builds(ahead) == [[0, 1, 4, 4]]
    assert ahead.objective == 1 * 2 + 4 * 1
    forbidden = plan_weeks(question([[0, 0, 0, 9]], capacity=[4, 4, 4, 4]))
    assert builds(forbidden) == [[0, 0, 0, 4]]
    assert forbidden.objective == 5 * (10 + 100)


def test_a_scarce_option_spares_the_variants_without_it() -> None:
    white = limits(["colour=white"], [[1, 0]], [[2, 2, 2]])
    schedule = plan_weeks(question([[3, 0, 0], [3, 0, 0]], capacity=[9, 9, 9], options=white))
    assert builds(schedule) == [[2, 1, 0], [3, 0, 0]]
    assert [(p.constraint, p.week_start, p.value_minor) for p in schedule.prices] == [
        ("option colour=white", week(0), 10.0)
    ]


def test_parts_left_over_serve_later_weeks() -> None:
    # Two packs each; three packs arrive in each of the first weeks, and from week 3 on there are enough.
    packs = limits(["pack"], [[2]], [[3, 3, 0, np.inf]])
    schedule = plan_weeks(question([[2, 2, 0, 0]], capacity=[9, 9, 9, 9], parts=packs))
    assert builds(schedule) == [[1, 2, 0, 1]]
    assert schedule.objective == 10 * (1 + 1 + 1)


def test_items_of_one_variant_share_its_limits_but_not_its_cost() -> None:
    firm_and_forecast = question([[2, 2], [2, 2]], capacity=[3, 3], late_cost=np.array([10.0, 1.0]))
    assert builds(plan_weeks(firm_and_forecast)) == [[2, 2], [1, 1]]


def test_frozen_weeks_stay() -> None:
    frozen = np.array([[[0, 3]]])
    schedule = plan_weeks(question([[3, 0, 2]], capacity=[5, 5, 5], frozen=frozen))
    assert builds(schedule) == [[0, 3, 2]]
    assert schedule.objective == 30.0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"capacity": np.array([[1900.0, 1900.0]]), "frozen": np.array([[[2100]]])},
            ("week 2025-12-01: plant GZ capacity 1900 vehicles against 2100 frozen",),
        ),
        (
            {"options": limits(["colour=white"], [[1]], [[300, 300]]), "frozen": np.array([[[400]]])},
            ("week 2025-12-01: plant GZ option colour=white 300 vehicles against 400 frozen",),
        ),
        (
            {"parts": limits(["pack"], [[2]], [[100, 400]]), "frozen": np.array([[[50, 210]]])},
            ("up to week 2025-12-08: plant GZ part pack 500 units against 520 for frozen vehicles",),
        ),
        (
            {"demand": np.array([[5, 0]]), "frozen": np.array([[[8]]])},
            ("up to week 2025-12-01: v0 5 vehicles wanted soon enough against 8 frozen",),
        ),
        (
            {"capacity": np.array([[1900.0, 10.0]]), "frozen": np.array([[[2100, 11]]])},
            (
                "week 2025-12-01: plant GZ capacity 1900 vehicles against 2100 frozen",
                "week 2025-12-08: plant GZ capacity 10 vehicles against 11 frozen",
            ),
        ),
    ],
)
def test_an_impossible_plan_says_what_clashes(changes: dict[str, object], said: tuple[str, ...]) -> None:
    asked = {"demand": np.array([[3000, 3000]])} | changes
    schedule = plan_weeks(replace(question([[0, 0]], capacity=[9000, 9000]), **asked))  # type: ignore[arg-type]
    assert (schedule.status, schedule.builds, schedule.objective) == (Status.INFEASIBLE, None, None)
    assert schedule.conflicts == said


def test_a_question_that_does_not_fit_together_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"demand is \(1, 2\), not \(1, 3\)"):
        replace(question([[1, 2]], capacity=[1, 1]), weeks=(week(0), week(1), week(2)))
    with pytest.raises(InvalidInput, match="capacity below zero"):
        question([[1]], capacity=[-1])
    with pytest.raises(InvalidInput, match="3 frozen weeks of 2"):
        question([[1, 1]], capacity=[1, 1], frozen=np.zeros((1, 1, 3), dtype=np.int64))


def cheapest_by_enumeration(problem: Problem) -> float:
    """The cost of the best whole-vehicle plan, by looking at all of them."""
    items, plants, weeks = len(problem.items), len(problem.plants), len(problem.weeks)
    most = int(problem.demand.sum(axis=1).max(initial=0))
    best = np.inf
    for drawn in itertools.product(range(most + 1), repeat=items * plants * weeks):
        plan = np.array(drawn).reshape(items, plants, weeks)
        if not violations(problem, plan):
            best = min(best, cost_of(problem, plan))
    return float(best)


@settings(max_examples=25)
@given(questions(items=2, weeks=2))
def test_small_questions_agree_with_enumeration(problem: Problem) -> None:
    assume(len(problem.plants) * len(problem.weeks) * len(problem.items) <= 4)
    problem = replace(problem, demand=np.minimum(problem.demand, 2))
    schedule = plan_weeks(problem)
    best = cheapest_by_enumeration(problem)
    assert schedule.bound is not None
    assert schedule.objective is not None
    assert schedule.bound <= best + 1e-6
    assert schedule.objective >= best - 1e-6
    if not problem.options.names and not problem.parts.names and len(problem.plants) == 1:
        assert schedule.objective == pytest.approx(best)  # a network: the linear plan is whole already


@settings(max_examples=80)
@given(questions())
def test_no_plan_breaks_a_limit_and_none_builds_what_nobody_wants(problem: Problem) -> None:
    schedule = plan_weeks(problem)
    assert schedule.builds is not None
    assert violations(problem, schedule.builds) == ()
    assert np.all(schedule.builds.sum(axis=(1, 2)) <= problem.demand.sum(axis=1))
    assert schedule.objective == pytest.approx(cost_of(problem, schedule.builds))
    assert schedule.bound is not None
    assert schedule.gap is not None
    assert schedule.objective is not None
    assert schedule.bound <= schedule.objective + 1e-6
    assert schedule.gap >= -1e-9


@settings(max_examples=60)
@given(questions(), st.integers(0, 3), st.sampled_from(["capacity", "options", "parts"]))
def test_more_of_anything_never_costs_more(problem: Problem, more: int, what: str) -> None:
    before = plan_weeks(problem)
    if what == "capacity":
        richer = replace(problem, capacity=problem.capacity + more)
    else:
        scarce = getattr(problem, what)
        richer = replace(problem, **{what: replace(scarce, supply=scarce.supply + more)})
    after = plan_weeks(richer)
    assert after.bound is not None
    assert before.bound is not None
    assert after.bound <= before.bound + 1e-6


@settings(max_examples=40)
@given(questions())
def test_prices_are_slopes_of_the_linear_cost(problem: Problem) -> None:
    """A price lies between what one more unit saves and what one fewer costs, for the cost is convex in supply."""
    base = plan_weeks(problem)
    assert base.bound is not None
    priced = {(p.plant, p.week_start): p.value_minor for p in base.prices if p.constraint == "capacity"}
    step = 1e-3
    for p, t in itertools.product(range(len(problem.plants)), range(len(problem.weeks))):
        up, down = problem.capacity.copy(), problem.capacity.copy()
        up[p, t] += step
        down[p, t] = max(0.0, down[p, t] - step)
        more, fewer = plan_weeks(replace(problem, capacity=up)), plan_weeks(replace(problem, capacity=down))
        assert more.bound is not None
        assert fewer.bound is not None
        price = priced.get((problem.plants[p], problem.weeks[t]), 0.0)
        assert (base.bound - more.bound) / step <= price + 1e-2
        if down[p, t] < problem.capacity[p, t]:
            assert price <= (fewer.bound - base.bound) / (problem.capacity[p, t] - down[p, t]) + 1e-2


def test_the_same_question_gets_the_same_plan() -> None:
    rng = np.random.default_rng(4)
    problem = question(rng.integers(0, 30, (12, 10)).tolist(), capacity=[150] * 10, early_weeks_max=2)
    first, second = plan_weeks(problem), plan_weeks(problem)
    assert np.array_equal(first.builds, second.builds)  # type: ignore[arg-type]
    assert first.prices == second.prices
