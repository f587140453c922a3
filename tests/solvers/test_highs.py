"""HiGHS behind the wrapper: every ending is told apart, duals are prices, conflicts are irreducible."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullcord.base import InvalidInput
from pullcord.solvers import Result, Rows, Status, conflicting_rows, minimise


def dense(matrix: list[list[float]]) -> Rows:
    values = np.array(matrix, dtype=np.float64)
    row, column = np.nonzero(values)
    return Rows.from_triplets(row, column, values[row, column], len(values))


def knapsack_of(size: int, seed: int) -> dict[str, object]:
    """A market-split instance: small, and far beyond what branch and bound proves in seconds."""
    rng = np.random.default_rng(seed)
    matrix = rng.integers(0, 100, (4, size)).astype(np.float64)
    half = np.floor(matrix.sum(axis=1) / 2)
    slack = np.hstack([np.eye(4), -np.eye(4)])
    return {
        "cost": np.concatenate([np.zeros(size), np.ones(8)]),
        "rows": dense(np.hstack([matrix, slack]).tolist()),
        "row_lower": half,
        "row_upper": half,
        "upper": np.concatenate([np.ones(size), np.full(8, np.inf)]),
        "integer": np.arange(size + 8) < size,
    }


def test_a_textbook_product_mix_has_its_known_answer_and_prices() -> None:
    # Hillier and Lieberman's Wyndor Glass: maximise 3a + 5b, a <= 4, 2b <= 12, 3a + 2b <= 18.
    result = minimise([-3, -5], dense([[1, 0], [0, 2], [3, 2]]), row_upper=[4, 12, 18])
    assert result.status == Status.OPTIMAL
    assert result.objective == pytest.approx(-36)
    assert result.solution == pytest.approx([2, 6])
    assert result.row_duals == pytest.approx([0, -1.5, -1])
    assert result.bound == pytest.approx(-36)
    assert result.gap == 0.0


def test_interior_point_ends_at_the_same_vertex() -> None:
    rng = np.random.default_rng(2)
    cost, rows, need = rng.random(30), dense((rng.random((20, 30)) + 0.1).tolist()), rng.random(20) + 1
    simplex = minimise(cost, rows, row_lower=need)
    interior = minimise(cost, rows, row_lower=need, method="interior")
    assert interior.status == Status.OPTIMAL
    assert interior.solution == pytest.approx(simplex.solution, abs=1e-7)
    assert interior.row_duals == pytest.approx(simplex.row_duals, abs=1e-7)


def test_integer_answers_are_whole_and_carry_their_bound() -> None:
    rows = dense([[5, 7, 4, 3]])
    result = minimise([-8, -11, -6, -4], rows, row_upper=[14], upper=1, integer=np.ones(4, dtype=bool))
    assert result.objective == pytest.approx(-21)
    assert result.solution == pytest.approx([0, 1, 1, 1])
    assert result.row_duals is None
    assert result.bound == pytest.approx(-21)


def test_infeasible_and_unbounded_are_told_apart() -> None:
    infeasible = minimise([-1, 0], dense([[1, 1], [1, 1]]), row_lower=[2, -np.inf], row_upper=[np.inf, 1])
    unbounded = minimise([-1, 0], dense([[1, -1]]), row_upper=[1])
    assert (infeasible.status, infeasible.solution) == (Status.INFEASIBLE, None)
    assert (unbounded.status, unbounded.solution) == (Status.UNBOUNDED, None)


def test_crossed_bounds_are_infeasible_not_broken() -> None:
    assert minimise([1], dense([[1]]), lower=2, upper=1).status == Status.INFEASIBLE


def test_a_model_without_columns_is_answered() -> None:
    none = Rows(np.zeros(2, dtype=np.int32), np.empty(0, dtype=np.int32), np.empty(0))
    assert minimise([], none, row_upper=[1]).status == Status.OPTIMAL
    assert minimise([], none, row_lower=[1]).status == Status.INFEASIBLE


def test_out_of_time_keeps_the_best_so_far_or_says_there_is_none() -> None:
    hard = knapsack_of(40, seed=3)
    some = minimise(**hard, time_limit_s=2)  # type: ignore[arg-type]
    assert some.status == Status.FEASIBLE
    assert some.solution is not None
    assert some.objective is not None
    assert some.bound is not None
    assert some.bound <= some.objective
    large = dense((np.random.default_rng(0).random((400, 400)) + 0.1).tolist())
    none = minimise(np.ones(400), large, row_lower=np.linspace(1, 2, 400), time_limit_s=1e-6)
    assert (none.status, none.solution) == (Status.NO_ANSWER, None)


def test_a_node_limit_cuts_at_the_same_place_every_time() -> None:
    hard = knapsack_of(40, seed=5)
    first, second = (minimise(**hard, node_limit=200, seed=1) for _ in range(2))  # type: ignore[arg-type]
    assert first.status == Status.FEASIBLE
    assert first.objective == second.objective
    assert np.array_equal(first.solution, second.solution)  # type: ignore[arg-type]


def test_stop_interrupts() -> None:
    calls = itertools.count()
    result = minimise(**knapsack_of(40, seed=3), stop=lambda: next(calls) > 50)  # type: ignore[arg-type]
    assert result.status in (Status.FEASIBLE, Status.NO_ANSWER)


def test_control_c_interrupts() -> None:
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        minimise(**knapsack_of(45, seed=7), time_limit_s=300)  # type: ignore[arg-type]
    timer.join()
    assert time.monotonic() - began < 150  # it ended long before its own limit


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"row_upper": [1, 2]}, "row_upper"),
        ({"cost": [float("nan")]}, "finite"),
        ({"cost": []}, "column 0 of 0"),
        ({"upper": [float("nan")]}, "NaN"),
        ({"time_limit_s": 0}, "time_limit_s"),
    ],
)
def test_impossible_input_is_refused_by_name(change: dict[str, object], words: str) -> None:
    good: dict[str, object] = {"cost": [1.0], "rows": dense([[1]]), "row_upper": [1]}
    with pytest.raises(InvalidInput, match=words):
        minimise(**(good | change))  # type: ignore[arg-type]


def test_a_place_given_twice_is_refused() -> None:
    with pytest.raises(InvalidInput, match="row 0, column 1"):
        Rows.from_triplets(np.array([0, 0]), np.array([1, 1]), np.ones(2), 1)


def test_rows_multiply_and_select_like_a_matrix() -> None:
    rng = np.random.default_rng(1)
    matrix = rng.integers(-2, 3, (6, 5)).astype(np.float64)
    rows, point = dense(matrix.tolist()), rng.random(5)
    assert rows.activity(point) == pytest.approx(matrix @ point)
    assert rows.keep(np.array([4, 1])).activity(point) == pytest.approx(matrix[[4, 1]] @ point)


def test_the_price_of_a_row_is_the_slope_of_the_cost() -> None:
    cost, rows, need = [2.0, 3.0, 4.0], dense([[1, 1, 0], [0, 1, 2], [1, 0, 0]]), np.array([4.0, 5.0, -3.0])
    lower = np.array([4.0, 5.0, -np.inf])
    upper = np.array([np.inf, np.inf, 3.0])
    base = minimise(cost, rows, lower, upper)
    assert base.row_duals is not None
    assert base.objective is not None
    for row, step in itertools.product(range(len(need)), (1e-3,)):
        moved_lower, moved_upper = lower.copy(), upper.copy()
        moved_lower[row] += step
        moved_upper[row] += step
        moved = minimise(cost, rows, moved_lower, moved_upper)
        assert moved.objective is not None
        assert (moved.objective - base.objective) / step == pytest.approx(base.row_duals[row], abs=1e-6)


def test_separate_conflicts_are_found_one_by_one() -> None:
    # x0 is fixed at 3 against a limit of 2; x1 + x2 must be at least 9 and at most 5; x3 is nobody's problem.
    rows = dense([[1, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 1]])
    conflicts = conflicting_rows(
        rows, [-np.inf, 9, -np.inf, 0], [2, np.inf, 5, 1], lower=[3, 0, 0, 0], upper=[3, np.inf, np.inf, np.inf]
    )
    assert sorted(sorted(c.rows.tolist()) for c in conflicts) == [[0], [1, 2]]
    assert [c.columns.tolist() for c in conflicts if 0 in c.rows] == [[0]]


def test_a_feasible_program_has_no_conflict() -> None:
    assert conflicting_rows(dense([[1, 1]]), row_upper=[1]) == ()


SMALL = st.integers(-3, 3).map(float)


@st.composite
def programs(draw: st.DrawFn) -> tuple[Rows, np.ndarray, np.ndarray]:
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    matrix = draw(st.lists(st.lists(SMALL, min_size=columns, max_size=columns), min_size=rows, max_size=rows))
    lower = np.array(draw(st.lists(SMALL, min_size=rows, max_size=rows)))
    # The last column is always there so that the number of columns is known from the rows alone.
    full = [[*row, 1e-3] for row in matrix]
    return dense(full), lower, lower + draw(st.integers(0, 2))


def solve(program: tuple[Rows, np.ndarray, np.ndarray], kept: list[int]) -> Result:
    rows, lower, upper = program
    columns = int(rows.indices.max()) + 1
    at = np.array(kept, dtype=np.int32)
    return minimise(np.zeros(columns), rows.keep(at), lower[at], upper[at], upper=4.0)


@settings(max_examples=60, deadline=None)
@given(programs())
def test_conflicts_are_conflicts_and_irreducible(program: tuple[Rows, np.ndarray, np.ndarray]) -> None:
    rows, lower, upper = program
    conflicts = conflicting_rows(rows, lower, upper, upper=4.0)
    whole = solve(program, list(range(rows.count)))
    assert (whole.status == Status.INFEASIBLE) == bool(conflicts)
    for conflict in conflicts:
        named = conflict.rows.tolist()
        assert solve(program, named).status == Status.INFEASIBLE
        for row in named:
            others = [other for other in named if other != row]
            assert not others or solve(program, others).status == Status.OPTIMAL
