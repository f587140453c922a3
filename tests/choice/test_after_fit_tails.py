"""Tails against closed forms and printed tables."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord.base import InvalidInput
from pullcord.choice.tails import chi_squared_tail, critical_value, normal_quantile, normal_tail, two_sided_p


@pytest.mark.parametrize(
    ("statistic", "degrees", "tail"),
    [  # the upper percentage points that statistical tables print
        (3.841458820694124, 1, 0.05),
        (6.634896601021214, 1, 0.01),
        (5.991464547107979, 2, 0.05),
        (18.307038053275146, 10, 0.05),
        (29.58829844507442, 10, 0.001),
        (43.77297182574219, 30, 0.05),
        (124.3421134040041, 100, 0.05),
        (0.015790774093431222, 1, 0.90),
    ],
)
def test_percentage_points(statistic: float, degrees: int, tail: float) -> None:
    assert chi_squared_tail(statistic, degrees) == pytest.approx(tail, rel=1e-6)


@given(st.floats(1e-3, 400))
def test_two_degrees_are_an_exponential(x: float) -> None:
    assert chi_squared_tail(x, 2) == pytest.approx(math.exp(-x / 2), rel=1e-11)


@given(st.floats(1e-3, 400))
def test_one_degree_is_a_squared_normal(x: float) -> None:
    assert chi_squared_tail(x, 1) == pytest.approx(two_sided_p(math.sqrt(x)), rel=1e-10)


@given(st.floats(1e-2, 300), st.integers(1, 120))
def test_two_degrees_more_add_one_term(x: float, degrees: int) -> None:
    a = degrees / 2  # Q(a + 1, y) = Q(a, y) + y^a e^-y / Gamma(a + 1)
    term = math.exp(a * math.log(x / 2) - x / 2 - math.lgamma(a + 1))
    assert chi_squared_tail(x, degrees + 2) == pytest.approx(chi_squared_tail(x, degrees) + term, rel=1e-9, abs=1e-300)


def test_the_ends_of_the_scale() -> None:
    assert chi_squared_tail(0, 3) == 1
    assert chi_squared_tail(1e-9, 0) == 0
    assert chi_squared_tail(math.inf, 3) == 0
    with pytest.raises(InvalidInput):
        chi_squared_tail(math.nan, 3)


def test_the_normal_distribution() -> None:
    assert normal_tail(1.959963984540054) == pytest.approx(0.025, rel=1e-12)
    assert normal_tail(10) == pytest.approx(7.619853024160527e-24, rel=1e-12)
    assert critical_value(0.95) == pytest.approx(1.959963984540054)
    assert normal_quantile(0.5) == 0
    with pytest.raises(InvalidInput):
        critical_value(95)
