"""The least sum of squares is found from far away, within bounds, and where residuals stay large."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord.blp.least_squares import Residuals, bounded_step, minimise

ENDLESS = np.full(2, np.inf)


def rosenbrock(x: np.ndarray) -> Residuals:
    return Residuals(np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]]), np.array([[-20 * x[0], 10.0], [-1.0, 0.0]]))


def test_the_valley_is_followed_to_its_end() -> None:
    found = minimise(rosenbrock, np.array([-1.2, 1.0]), -ENDLESS, ENDLESS)
    assert found.converged
    assert found.estimates == pytest.approx([1, 1], abs=1e-6)
    assert found.evaluations < 40


def test_a_bound_in_the_way_is_where_it_ends() -> None:
    found = minimise(rosenbrock, np.array([-1.2, 1.0]), -ENDLESS, np.array([0.5, np.inf]))
    assert found.converged
    assert found.estimates == pytest.approx([0.5, 0.25], abs=1e-6)


def freudenstein(x: np.ndarray) -> Residuals:
    """Freudenstein and Roth's two residuals, which have a minimum of 48.98 besides that of 0."""
    values = np.array([x[0] - 13 + ((5 - x[1]) * x[1] - 2) * x[1], x[0] - 29 + ((x[1] + 1) * x[1] - 14) * x[1]])
    slopes = np.array([[1.0, 10 * x[1] - 3 * x[1] ** 2 - 2], [1.0, 3 * x[1] ** 2 + 2 * x[1] - 14]])
    return Residuals(values, slopes)


def test_large_residuals_are_no_hindrance() -> None:
    found = minimise(freudenstein, np.array([15.0, -2.0]), -ENDLESS, ENDLESS)
    assert found.converged
    assert found.residuals.objective == pytest.approx(48.98425, abs=1e-4)
    assert found.evaluations < 60


def test_the_secant_correction_saves_evaluations_where_residuals_stay_large() -> None:
    target = np.array([3.0, -4.0, 5.0])

    def bent(x: np.ndarray) -> Residuals:
        return Residuals(
            np.array([x[0] ** 2, x[1] ** 2, x[0] * x[1]]) - 8 * target,
            np.array([[2 * x[0], 0.0], [0.0, 2 * x[1]], [x[1], x[0]]]),
        )

    found = minimise(bent, np.array([1.0, 2.0]), -ENDLESS, ENDLESS)
    assert found.converged
    assert abs(2 * found.residuals.gradient).max() < 1e-3
    assert found.evaluations < 40


def test_where_the_objective_is_no_number_the_search_stays_away() -> None:
    def wall(x: np.ndarray) -> Residuals:
        if x[0] > 2:
            return Residuals(np.full(1, np.inf), np.ones((1, 1)))
        return Residuals(x - 1.9, np.ones((1, 1)))

    found = minimise(wall, np.array([-50.0]), np.array([-np.inf]), np.array([np.inf]))
    assert found.converged
    assert found.estimates == pytest.approx([1.9])


def test_a_start_without_an_objective_is_said() -> None:
    found = minimise(lambda x: Residuals(np.full(1, np.inf), np.ones((1, 1))), np.zeros(1), -ENDLESS[:1], ENDLESS[:1])
    assert not found.converged
    assert "no number at the start" in found.message


@given(
    numbers=st.lists(st.floats(-3, 3), min_size=14, max_size=14),
    radius=st.floats(0.1, 5),
    room=st.lists(st.floats(0, 2), min_size=6, max_size=6),
)
def test_a_step_stays_within_its_bounds_and_never_makes_the_model_worse(
    numbers: list[float], radius: float, room: list[float]
) -> None:
    root = np.array(numbers[:9]).reshape(3, 3)
    hessian = root @ root.T - 0.5 * np.eye(3)  # may be bent downwards
    gradient, scale = np.array(numbers[9:12]), 1 + np.abs(np.array(numbers[11:14]))
    lower, upper = -np.array(room[:3]), np.array(room[3:])
    step = bounded_step(gradient, hessian, scale, radius, lower, upper)
    assert np.all(step >= lower - 1e-12)
    assert np.all(step <= upper + 1e-12)
    assert gradient @ step + 0.5 * step @ hessian @ step <= 1e-12
