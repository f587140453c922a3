"""The trust region: it climbs what it should, stops where there is no more to climb, and says which it was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord.base import InvalidInput, stream
from pullcord.choice import Point, maximise


def quadratic(top, information, height=-100.0):
    def objective(theta):
        away = theta - top
        return Point(height - 0.5 * away @ information @ away, -information @ away, information)

    return objective


@given(seed=st.integers(0, 500), size=st.integers(1, 12), unit=st.floats(-6, 6))
def test_a_quadratic_is_climbed_whatever_the_units(seed, size, unit):
    chance = stream(seed, "tests.quadratic")
    root = chance.normal(size=(size, size)) + 2 * np.eye(size)
    scale = 10.0 ** np.linspace(-unit, unit, size)
    information = (root @ root.T) * np.outer(scale, scale)
    top = chance.normal(size=size) / scale
    found = maximise(quadratic(top, information), np.zeros(size))
    assert found.converged
    np.testing.assert_allclose(found.estimates * scale, top * scale, atol=1e-5)


def rosenbrock(theta):
    """Minus Rosenbrock's valley, whose Hessian is indefinite in places. Source: Rosenbrock (1960)."""
    x, y = theta
    return Point(
        -(100 * (y - x * x) ** 2 + (1 - x) ** 2),
        -np.array([-400 * x * (y - x * x) - 2 * (1 - x), 200 * (y - x * x)]),
        np.array([[1200 * x * x - 400 * y + 2, -400 * x], [-400 * x, 200.0]]),
    )


@pytest.mark.parametrize("start", [(-1.2, 1.0), (0.0, 5.0), (-3.0, -4.0), (2.0, 9.0)])
def test_a_curved_valley_is_followed_to_its_end(start):
    found = maximise(rosenbrock, np.array(start), radius=0.1)
    assert found.converged
    np.testing.assert_allclose(found.estimates, 1, atol=1e-5)
    assert found.evaluations < 100


def test_steps_are_told_and_never_go_down():
    told = []
    maximise(rosenbrock, np.array([-1.2, 1.0]), on_step=lambda step, point: told.append((step, point.value)))
    values = [value for _, value in told]
    assert len(values) > 3
    assert values == sorted(values)
    assert [step for step, _ in told] == sorted({step for step, _ in told})


def test_a_saddle_is_no_maximum():
    """From its exact middle the gradient is zero; the search must see the curvature and leave."""

    def two_hills(theta):
        x, y = theta
        return Point(-((x * x - 1) ** 2) - y * y, np.array([-4 * x * (x * x - 1), -2 * y]), _hills(x))

    def _hills(x):
        return np.array([[12 * x * x - 4, 0.0], [0.0, 2.0]])

    found = maximise(two_hills, np.zeros(2))
    assert found.converged
    assert abs(found.estimates[0]) == pytest.approx(1, abs=1e-6)


def test_a_flat_direction_is_left_alone():
    information = np.array([[2.0, 2.0], [2.0, 2.0]])
    found = maximise(quadratic(np.array([1.0, 2.0]), information), np.array([0.5, 0.5]))
    assert found.converged
    assert found.estimates.sum() == pytest.approx(3)
    assert found.estimates[0] - found.estimates[1] == pytest.approx(0, abs=1e-9)  # as at the start


def test_it_turns_back_where_the_objective_has_no_value():
    """The top of ln x - x is at 1; below 0 there is nothing."""

    def objective(theta):
        x = theta[0]
        if x <= 0:
            return Point(-np.inf, np.zeros(1), np.zeros((1, 1)))
        return Point(np.log(x) - x, np.array([1 / x - 1]), np.array([[1 / x**2]]))

    found = maximise(objective, np.array([50.0]))
    assert found.converged
    assert found.estimates[0] == pytest.approx(1)


def test_a_start_without_a_value_is_refused():
    nowhere = Point(np.nan, np.zeros(1), np.eye(1))
    with pytest.raises(InvalidInput, match="not a finite number where the search starts"):
        maximise(lambda _: nowhere, np.zeros(1))


def test_a_wrong_gradient_is_not_called_convergence():
    def lying(theta):
        return Point(-float(theta @ theta), np.array([2.0]), np.eye(1))

    found = maximise(lying, np.zeros(1))
    assert not found.converged
    assert "do not fit together" in found.message


def test_running_out_of_steps_is_not_called_convergence():
    found = maximise(rosenbrock, np.array([-1.2, 1.0]), radius=0.01, iterations_max=3)
    assert not found.converged
    assert "no end after 3 steps" in found.message
    assert found.iterations == 3


@given(seed=st.integers(0, 200), noise=st.floats(0, 1e-9))
def test_rounding_in_the_value_does_not_keep_it_going(seed, noise):
    """A sum of a million terms is not exact; the gradient then knows better where the top is."""
    chance = stream(seed, "tests.noise")
    exact = quadratic(np.ones(3), np.diag([1e6, 1.0, 30.0]), height=-1e5)

    def objective(theta):
        point = exact(theta)
        return Point(point.value + noise * chance.normal(), point.gradient, point.information)

    found = maximise(objective, np.zeros(3))
    assert found.converged
    np.testing.assert_allclose(found.estimates, 1, atol=1e-4)
