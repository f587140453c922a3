"""A linear program that is asked many times answers as if it were asked for the first time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullcord.base import InvalidInput, stream
from pullcord.solvers import Rows, Status, WarmProgram, minimise


def dense(matrix: np.ndarray) -> Rows:
    row, column = np.nonzero(matrix)
    return Rows.from_triplets(row, column, matrix[row, column], len(matrix))


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_every_answer_is_that_of_a_fresh_program(seed: int) -> None:
    rng = stream(seed, "tests.warm")
    columns = int(rng.integers(2, 6))
    cost = rng.normal(size=columns)
    warm = WarmProgram(cost, upper=1.0)
    matrix, side = np.empty((0, columns)), np.empty(0)
    lower, upper = np.zeros(columns), np.ones(columns)
    for _ in range(5):
        more = rng.random((int(rng.integers(1, 3)), columns))
        new = rng.random(len(more)) * 2
        warm.add_rows(dense(more), -np.inf, new)
        matrix, side = np.vstack([matrix, more]), np.concatenate([side, new])
        if len(side) > 3:
            gone = np.array([0, 2])
            warm.remove_rows(gone)
            matrix, side = np.delete(matrix, gone, axis=0), np.delete(side, gone)
        column = int(rng.integers(columns))
        lower[column], upper[column] = sorted(rng.random(2))
        warm.set_bounds(np.array([column]), lower[column], upper[column])
        found = warm.minimise()
        fresh = minimise(cost, dense(matrix), None, side, lower=lower, upper=upper)
        assert warm.rows == len(side)
        if fresh.objective is None:
            assert found.status is fresh.status is Status.INFEASIBLE
            assert found.value == np.inf
            assert found.solution is None
            continue
        assert found.value == pytest.approx(fresh.objective, abs=1e-9)
        # The duals prove the value.
        assert found.row_duals is not None
        assert found.column_duals is not None
        proof = found.row_duals @ side + np.where(found.column_duals > 0, lower, upper) @ found.column_duals
        assert proof == pytest.approx(found.value, abs=1e-7)
        stopped = warm.minimise(stop_above=found.value - 1.0)
        assert stopped.value >= found.value - 1.0 - 1e-9


def test_unbounded_is_told_apart() -> None:
    warm = WarmProgram([-1.0, 0.0])
    assert warm.minimise().status is Status.UNBOUNDED
    warm.add_rows(dense(np.array([[1.0, 1.0]])), -np.inf, 3.0)
    assert warm.minimise().value == pytest.approx(-3.0)


def test_what_is_no_program_is_refused() -> None:
    with pytest.raises(InvalidInput, match="numbers"):
        WarmProgram([np.nan])
    with pytest.raises(InvalidInput, match="column 3 of 1"):
        WarmProgram([1.0]).add_rows(dense(np.array([[0.0, 0, 0, 1.0]])), 0.0, 1.0)
